#include "service/facts.h"

#include "core/buf.h"

#include <stdio.h>
#include <string.h>

typedef void fact_fn(void *arg, const char *name, const char *value);

static const char *label_of(nps_text_field f)
{
    static const char *const labels[NPS_TEXT_COUNT] = {
        [NPS_TEXT_NAME] = "Name",           [NPS_TEXT_ID] = "Record",          [NPS_TEXT_INCHIKEY] = "InChIKey",
        [NPS_TEXT_INCHI] = "InChI",         [NPS_TEXT_SMILES] = "SMILES",      [NPS_TEXT_FORMULA] = "Formula",
        [NPS_TEXT_CAS] = "CAS",             [NPS_TEXT_CLASS] = "Class",        [NPS_TEXT_ADDUCT] = "Adduct",
        [NPS_TEXT_INSTRUMENT] = "Instrument", [NPS_TEXT_INSTRUMENT_TYPE] = "Instrument type",
        [NPS_TEXT_IONIZATION] = "Ionisation", [NPS_TEXT_ENERGY] = "Collision energy",
        [NPS_TEXT_CONTRIBUTOR] = "Contributor", [NPS_TEXT_LICENCE] = "Licence", [NPS_TEXT_COMMENT] = "Comment"};
    return labels[f];
}

static void tell_number(fact_fn *fact, void *arg, const char *name, double value, const char *unit)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(100);
    if (value == 0)
        return;
    nps_buf_put_double(&text, value);
    nps_buf_puts(&text, unit);
    fact(arg, name, text.data);
}

static void tell_extent(const nps_spectrum *s, fact_fn *fact, void *arg)
{
    char text[100];
    const nps_peaks *p = &s->peaks;
    const nps_trace *t = &s->trace;
    if (p->n) {
        snprintf(text, sizeof text, "%zu, m/z %.4g to %.6g", p->n, p->mz[0], p->mz[p->n - 1]);
        fact(arg, "Peaks", text);
    }
    if (t->n) {
        snprintf(text, sizeof text, "%zu, %.6g to %.6g 1/cm", t->n, t->x0_cm1, t->x0_cm1 + t->dx_cm1 * (double)(t->n - 1));
        fact(arg, "Points", text);
    }
}

void nps_spectrum_facts(const nps_spectrum *s, fact_fn *fact, void *arg)
{
    char more[40];
    for (nps_text_field f = 0; f < NPS_TEXT_COUNT; f++)
        if (s->text[f])
            fact(arg, label_of(f), s->text[f]);
    tell_number(fact, arg, "Precursor m/z", s->precursor_mz, "");
    if (s->polarity)
        fact(arg, "Polarity", s->polarity > 0 ? "positive" : "negative");
    tell_number(fact, arg, "Exact mass", s->exact_mass, " Da");
    tell_number(fact, arg, "Nominal mass", s->nominal_mass, " Da");
    tell_number(fact, arg, "Retention index", s->retention_index, "");
    tell_number(fact, arg, "Retention time", s->retention_time_s, " s");
    tell_extent(s, fact, arg);
    for (size_t i = 0; i < s->n_meta && i < NPS_FACTS_META; i++)
        fact(arg, s->meta[i].key, s->meta[i].value);
    if (s->n_meta > NPS_FACTS_META) {
        snprintf(more, sizeof more, "%zu more in the file", s->n_meta - NPS_FACTS_META);
        fact(arg, "Metadata", more);
    }
}
