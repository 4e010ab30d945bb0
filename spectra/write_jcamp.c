/* JCAMP-DX 5.01 as other programs read it, with records of our own (##$NPS...) for what the format has no place for, so
 * that reading gives the same spectrum bit for bit: read_jcamp.h, jcamp_fields.h. */
#include "spectra/jcamp_fields.h"
#include "spectra/write_impl.h"

#include <string.h>

enum { LINE_WIDTH = 76 };

/* Labels that the reader takes back into the same field. */
static const char *const field_label[NPS_TEXT_COUNT] = {
    [NPS_TEXT_NAME] = "TITLE",
    [NPS_TEXT_ID] = "$ID",
    [NPS_TEXT_INCHIKEY] = "$INCHIKEY",
    [NPS_TEXT_INCHI] = "$INCHI",
    [NPS_TEXT_SMILES] = "$SMILES",
    [NPS_TEXT_FORMULA] = "MOLFORM",
    [NPS_TEXT_CAS] = "CAS REGISTRY NO",
    [NPS_TEXT_CLASS] = "$COMPOUND CLASS",
    [NPS_TEXT_ADDUCT] = "$ADDUCT",
    [NPS_TEXT_INSTRUMENT] = "SPECTROMETER/DATA SYSTEM",
    [NPS_TEXT_INSTRUMENT_TYPE] = "$INSTRUMENT TYPE",
    [NPS_TEXT_IONIZATION] = ".IONIZATION MODE",
    [NPS_TEXT_ENERGY] = "$COLLISION ENERGY",
    [NPS_TEXT_CONTRIBUTOR] = "OWNER",
    [NPS_TEXT_LICENCE] = "$LICENCE",
    [NPS_TEXT_COMMENT] = "$COMMENT",
};

static nps_status check_text(const char *what, const char *text, nps_err *err)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 32 || *p == 127)
            return nps_fail(err, NPS_E_RANGE, "%s '%s' holds a control byte", what, nps_quote(text, strlen(text)).s);
    return NPS_OK;
}

static nps_status check_texts(const nps_spectrum *s, nps_err *err)
{
    nps_status st = NPS_OK;
    for (unsigned f = 0; f < NPS_TEXT_COUNT && st == NPS_OK; f++)
        if (s->text[f])
            st = check_text(nps_text_field_name((nps_text_field)f), s->text[f], err);
    for (size_t i = 0; i < s->n_synonym && st == NPS_OK; i++)
        st = check_text("synonym", s->synonym[i], err);
    for (size_t i = 0; i < s->n_meta && st == NPS_OK; i++) {
        st = check_text("metadata key", s->meta[i].key, err);
        if (st == NPS_OK)
            st = check_text("metadata", s->meta[i].value, err);
    }
    return st;
}

static void put_record(nps_buf *out, const char *label, const char *value)
{
    nps_buf_printf(out, "##%s= ", label);
    nps_buf_puts(out, value);
    nps_buf_putc(out, '\n');
}

static void put_number(nps_buf *out, const char *label, double v)
{
    nps_buf_printf(out, "##%s= ", label);
    nps_buf_put_double(out, v);
    nps_buf_putc(out, '\n');
}

static void put_escaped(nps_buf *out, const char *label, const char *name, const char *value)
{
    nps_buf_printf(out, "##%s= ", label);
    if (name) {
        nps_jcamp_escape(out, nps_span_of(name));
        nps_buf_putc(out, '=');
    }
    nps_jcamp_escape(out, nps_span_of(value));
    nps_buf_putc(out, '\n');
}

static void put_field(nps_buf *out, const nps_spectrum *s, nps_text_field f)
{
    const char *text = s->text[f];
    const char *label = field_label[f];
    if (!text)
        return;
    /* Read back, "EI+" under the standard label says the polarity, too. */
    int said = nps_jcamp_mode_polarity(nps_span_of(text));
    if (f == NPS_TEXT_IONIZATION && said && said != s->polarity)
        label = "$IONIZATION";
    if (nps_jcamp_is_plain_value(nps_span_of(text)))
        put_record(out, label, text);
    else
        put_escaped(out, "$NPSFIELD", nps_text_field_name(f), text);
}

static void put_names(nps_buf *out, const nps_spectrum *s)
{
    bool plain = true;
    for (size_t i = 0; i < s->n_synonym; i++)
        plain = plain && nps_jcamp_is_plain_value(nps_span_of(s->synonym[i]));
    if (plain && s->n_synonym)
        nps_buf_puts(out, "##NAMES=");
    for (size_t i = 0; i < s->n_synonym; i++)
        if (plain)
            nps_buf_printf(out, "%s%s\n", i ? "" : " ", s->synonym[i]);
        else
            put_escaped(out, "$NPSSYNONYM", NULL, s->synonym[i]);
}

static void put_numbers(nps_buf *out, const nps_spectrum *s)
{
    const struct {
        const char *label;
        double v;
    } number[] = {{"$PRECURSOR MZ", s->precursor_mz},
                  {"$EXACT MASS", s->exact_mass},
                  {"$RETENTION INDEX", s->retention_index},
                  {".RETENTION TIME", s->retention_time_s}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (number[i].v > 0)
            put_number(out, number[i].label, number[i].v);
    if (s->nominal_mass)
        nps_buf_printf(out, "##MW= %d\n", s->nominal_mass);
    if (s->polarity)
        put_record(out, "$POLARITY", s->polarity > 0 ? "positive" : "negative");
}

static void put_meta(nps_buf *out, const nps_spectrum *s)
{
    for (size_t i = 0; i < s->n_meta; i++) {
        const char *key = s->meta[i].key, *value = s->meta[i].value;
        if (nps_jcamp_is_plain_meta(s, nps_span_of(key), nps_span_of(value)))
            put_record(out, key, value);
        else
            put_escaped(out, "$NPSMETA", key, value);
    }
}

static const char *data_type(const nps_spectrum *s)
{
    return s->technique == NPS_TECH_IR ? "INFRARED SPECTRUM" : s->technique == NPS_TECH_RAMAN ? "RAMAN SPECTRUM"
                                                                                             : "MASS SPECTRUM";
}

static void put_head(nps_buf *out, const nps_spectrum *s)
{
    bool plain_name = s->text[NPS_TEXT_NAME] && nps_jcamp_is_plain_value(nps_span_of(s->text[NPS_TEXT_NAME]));
    put_record(out, "TITLE", plain_name ? s->text[NPS_TEXT_NAME] : "");
    put_record(out, "JCAMP-DX", "5.01");
    put_record(out, "DATA TYPE", data_type(s));
    put_record(out, "DATA CLASS", nps_technique_is_mass(s->technique) ? "PEAK TABLE" : "XYDATA");
    if (nps_technique_is_mass(s->technique))
        put_record(out, "$TECHNIQUE", nps_technique_name(s->technique));
    put_numbers(out, s);
    for (unsigned f = 0; f < NPS_TEXT_COUNT; f++)
        if (f != NPS_TEXT_NAME || !plain_name)
            put_field(out, s, (nps_text_field)f);
    put_names(out, s);
    put_meta(out, s);
}

static void put_notes(nps_buf *out, const nps_peaks *p)
{
    bool any = false;
    for (size_t i = 0; p->note && i < p->n; i++) {
        if (!p->note[i])
            continue;
        if (!any)
            nps_buf_puts(out, "##$NPSNOTE=\n");
        any = true;
        nps_buf_printf(out, "%zu ", i);
        nps_jcamp_escape(out, nps_span_of(p->note[i]));
        nps_buf_putc(out, '\n');
    }
}

static void put_peaks(nps_buf *out, const nps_peaks *p)
{
    put_record(out, "XUNITS", "M/Z");
    put_record(out, "YUNITS", "RELATIVE ABUNDANCE");
    put_record(out, "XFACTOR", "1");
    put_record(out, "YFACTOR", "1");
    put_number(out, "FIRSTX", p->mz[0]);
    put_number(out, "LASTX", p->mz[p->n - 1]);
    nps_buf_printf(out, "##NPOINTS= %zu\n", p->n);
    put_notes(out, p);
    put_record(out, "PEAK TABLE", "(XY..XY)");
    for (size_t i = 0; i < p->n; i++) {
        nps_buf_put_double(out, p->mz[i]);
        nps_buf_puts(out, ", ");
        nps_buf_put_float(out, p->intensity[i]);
        nps_buf_putc(out, '\n');
    }
}

/* In packed data a small e is the digit -5, so exponents take the capital that the standard shows. */
static void capital_exponents(nps_buf *out, size_t from)
{
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == 'e')
            out->data[i] = 'E';
}

static void put_ordinates(nps_buf *out, const nps_trace *t)
{
    size_t start = out->len;
    for (size_t i = 0, line = start; i < t->n; i++) {
        if (i && out->len - line > LINE_WIDTH) {
            nps_buf_putc(out, '\n');
            line = out->len;
        }
        if (out->len == line)
            nps_buf_put_double(out, nps_trace_x(t, i));
        nps_buf_putc(out, ' ');
        nps_buf_put_float(out, t->y[i]);
    }
    nps_buf_putc(out, '\n');
    capital_exponents(out, start);
}

static void put_trace(nps_buf *out, const nps_spectrum *s)
{
    const nps_trace *t = &s->trace;
    put_record(out, "XUNITS", "1/CM");
    put_record(out, "YUNITS", s->technique == NPS_TECH_IR ? "ABSORBANCE" : "ARBITRARY UNITS");
    put_record(out, "XFACTOR", "1");
    put_record(out, "YFACTOR", "1");
    put_number(out, "FIRSTX", t->x0_cm1);
    put_number(out, "LASTX", nps_trace_x(t, t->n - 1));
    put_number(out, "DELTAX", t->dx_cm1);
    nps_buf_printf(out, "##NPOINTS= %zu\n", t->n);
    nps_buf_puts(out, "##FIRSTY= ");
    nps_buf_put_float(out, t->y[0]);
    nps_buf_puts(out, "\n##$NPSGRID= ");
    nps_buf_put_double(out, t->x0_cm1);
    nps_buf_putc(out, ' ');
    nps_buf_put_double(out, t->dx_cm1);
    nps_buf_putc(out, '\n');
    put_record(out, "XYDATA", "(X++(Y..Y))");
    put_ordinates(out, t);
}

nps_status nps_write_jcamp(nps_buf *out, const nps_spectrum *s, nps_err *err)
{
    bool mass = nps_technique_is_mass(s->technique);
    nps_status st = mass ? nps_write_check_peaks(s, err) : nps_trace_check(&s->trace, err);
    if (st == NPS_OK)
        st = check_texts(s, err);
    if (st != NPS_OK)
        return st;
    put_head(out, s);
    if (mass)
        put_peaks(out, &s->peaks);
    else
        put_trace(out, s);
    nps_buf_puts(out, "##END=\n");
    return nps_buf_check(out, err);
}
