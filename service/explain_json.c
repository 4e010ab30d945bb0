#include "service/explain_json.h"

#include "reference-lib/library.h"
#include "service/explain.h"
#include "service/facts.h"

static void put_contributions(nps_jw *w, nps_technique t, const nps_hit *h)
{
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    nps_jw_array(w, "contributions");
    for (size_t i = 0; i < n; i++) {
        nps_jw_object(w, NULL);
        nps_jw_str(w, "feature", f[i].name);
        nps_jw_num(w, "value", h->feature[i], 4);
        nps_jw_num(w, "contribution", h->contribution[i], 4);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_explanation(nps_jw *w, const nps_library *lib, const nps_verdict *v, size_t hit)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    const nps_hit *h = &v->hits[hit];
    nps_jw_num(w, "evidence", h->evidence, 4);
    nps_jw_num(w, "conformity", h->conformity, 4);
    nps_jw_bool(w, "in_set", h->in_set);
    nps_explain_hit(&text, lib, v, hit);
    nps_jw_text(w, "explanation", &text);
    if (nps_library_entry_is_public(lib, h->entry))
        put_contributions(w, v->technique, h);
}

static void put_lone_peaks(nps_jw *w, const char *key, const nps_lone_peak *p, size_t n)
{
    nps_jw_array(w, key);
    for (size_t i = 0; i < n; i++) {
        nps_jw_object(w, NULL);
        nps_jw_num(w, "mz", p[i].mz, 4);
        nps_jw_num(w, "share", p[i].share, 4);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_unexplained(nps_jw *w, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_jw_object(w, "unexplained");
    nps_jw_num(w, "explained", v->n_hits ? v->hits[0].explained : 0, 4);
    if (nps_technique_is_mass(v->technique)) {
        put_lone_peaks(w, "peaks", v->unexplained, v->n_unexplained);
        put_lone_peaks(w, "missing", v->missing, v->n_missing);
    }
    nps_explain_unexplained(&text, lib, v);
    nps_jw_text(w, "statement", &text);
    nps_jw_end(w);
}

void nps_jw_blindness(nps_jw *w, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_jw_object(w, "blindness");
    nps_jw_array(w, "classes");
    for (size_t i = 0; i < v->n_covered; i++) {
        const nps_class_coverage *c = &v->covered[i];
        nps_jw_object(w, NULL);
        nps_jw_str(w, "class", nps_library_text(lib, c->class_name));
        nps_jw_i64(w, "substances", c->substances);
        if (c->newest_year)
            nps_jw_i64(w, "newest", c->newest_year);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    if (v->mass > 0) {
        nps_jw_num(w, "mass", v->mass, 4);
        nps_jw_i64(w, "entries_at_mass", v->mass_entries);
    }
    nps_explain_blindness(&text, lib, v);
    nps_jw_text(w, "statement", &text);
    nps_jw_end(w);
}

void nps_jw_advice(nps_jw *w, const nps_verdict *v)
{
    nps_jw_array(w, "advice");
    for (size_t i = 0; i < v->n_advice; i++) {
        NPS_AUTO_BUF text = NPS_BUF_INIT(1000);
        const nps_advice *a = &v->advice[i];
        nps_jw_object(w, NULL);
        nps_jw_str(w, "technique", nps_technique_name(a->technique));
        if (a->energy_ev > 0)
            nps_jw_num(w, "energy_ev", a->energy_ev, 1);
        nps_jw_i64(w, "substances", a->substances);
        nps_jw_i64(w, "of", a->of);
        nps_explain_advice(&text, v, i);
        nps_jw_text(w, "statement", &text);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_calibration(nps_jw *w, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(2000);
    nps_jw_object(w, "calibration");
    nps_jw_str(w, "source", nps_calibration_source_name(v->calibration));
    nps_jw_i64(w, "pairs", (int64_t)v->calibration_n);
    nps_jw_str(w, "kind", nps_kind_name(v->kind));
    nps_jw_num(w, "threshold", v->threshold, 4);
    nps_jw_num(w, "coverage_low", v->coverage_low, 4);
    nps_jw_num(w, "coverage_high", v->coverage_high, 4);
    nps_jw_array(w, "doubts");
    for (unsigned bit = 1; bit && bit <= v->doubts; bit <<= 1)
        if (v->doubts & bit)
            nps_jw_str(w, NULL, nps_doubt_text(bit));
    nps_jw_end(w);
    nps_explain_model(&text, v);
    nps_jw_text(w, "model", &text);
    nps_jw_end(w);
}

static void put_fact(void *arg, const char *name, const char *value)
{
    nps_jw *w = arg;
    nps_jw_object(w, NULL);
    nps_jw_str(w, "name", name);
    nps_jw_str(w, "value", value);
    nps_jw_end(w);
}

void nps_jw_facts(nps_jw *w, const nps_spectrum *s)
{
    nps_jw_array(w, "facts");
    nps_spectrum_facts(s, put_fact, w);
    nps_jw_end(w);
}
