#include "service/verdict_json.h"

#include "reference-lib/ir.h"
#include "reference-lib/prepare.h"
#include "service/control_json.h"
#include "service/explain.h"
#include "service/explain_json.h"
#include "service/report.h"
#include "spectra/quality.h"

#include <math.h>
#include <string.h>

enum { FLOAT_DIGITS = 7 };

static void put_trace(nps_jw *w, const nps_trace *t)
{
    nps_jw_num(w, "x0_cm1", t->x0_cm1, 6);
    nps_jw_num(w, "dx_cm1", t->dx_cm1, 9);
    nps_jw_array(w, "absorbance");
    for (size_t i = 0; i < t->n; i++)
        nps_jw_digits(w, NULL, (double)t->y[i], FLOAT_DIGITS);
    nps_jw_end(w);
}

static void put_substance(nps_jw *w, const nps_library *lib, uint32_t s)
{
    nps_jw_str(w, "name", nps_library_text(lib, lib->sub_name[s]));
    nps_jw_str(w, "inchikey", nps_library_text(lib, lib->sub_inchikey[s]));
    const char *class_name = nps_library_text(lib, lib->sub_class[s]);
    if (*class_name)
        nps_jw_str(w, "class", class_name);
}

static void put_set(nps_jw *w, const nps_library *lib, const nps_member *set, size_t n, const nps_control_view *control)
{
    nps_jw_array(w, "set");
    for (size_t i = 0; i < n; i++) {
        uint32_t s = set[i].substance;
        const char *key = nps_library_text(lib, lib->sub_inchikey[s]);
        nps_jw_object(w, NULL);
        nps_jw_str(w, "substance", *key ? key : nps_library_text(lib, lib->sub_name[s]));
        put_substance(w, lib, s);
        nps_jw_num(w, "p", set[i].p, 4);
        nps_jw_control_of(w, control, lib, s);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_compared(nps_jw *w, double first_cm1, double last_cm1, double moved_cm1)
{
    nps_jw_array(w, "range_cm1");
    nps_jw_num(w, NULL, first_cm1, 0);
    nps_jw_num(w, NULL, last_cm1, 0);
    nps_jw_end(w);
    nps_jw_num(w, "moved_cm1", moved_cm1, 0);
}

static void put_hits(nps_jw *w, const nps_library *lib, const nps_verdict *v, const char *today)
{
    nps_jw_array(w, "hits");
    for (size_t i = 0; i < v->n_hits; i++) {
        const nps_hit *h = &v->hits[i];
        if (!nps_control_passes(v->control, lib, h->substance))
            continue;
        bool open = nps_library_entry_is_open(lib, h->entry, today);
        nps_jw_object(w, NULL);
        nps_jw_i64(w, "rank", (int64_t)i + 1);
        nps_jw_i64(w, "entry", h->entry);
        put_substance(w, lib, h->substance);
        nps_jw_num(w, "score", h->score, 4);
        nps_jw_num(w, "reverse", h->reverse, 4);
        nps_jw_num(w, "explained", h->explained, 4);
        nps_jw_i64(w, "matched", h->matched);
        if (!nps_technique_is_mass(v->technique))
            nps_jw_compared(w, h->first_cm1, h->last_cm1, h->moved_cm1);
        nps_jw_str(w, "visibility", nps_visibility_name((nps_visibility)lib->entry_visibility[h->entry]));
        nps_jw_bool(w, "peaks_available", open);
        if (open)
            nps_jw_str(w, "contributor", nps_library_text(lib, lib->entry_contributor[h->entry]));
        nps_jw_explanation(w, lib, v, i);
        nps_jw_control_of(w, v->control, lib, h->substance);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_formulas(nps_jw *w, const nps_formula_change *formula, size_t n, double delta_mass)
{
    nps_jw_array(w, "delta_formulas");
    for (size_t i = 0; i < n; i++) {
        nps_jw_object(w, NULL);
        nps_jw_str(w, "formula", formula[i].text);
        nps_jw_num(w, "mass", formula[i].mass, 5);
        nps_jw_num(w, "error", delta_mass - formula[i].mass, 5);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_shifted_peaks(nps_jw *w, const nps_analog_pair *pair, size_t n)
{
    nps_jw_array(w, "shifted_peaks");
    for (size_t i = 0; i < n; i++) {
        nps_jw_object(w, NULL);
        nps_jw_num(w, "query", pair[i].query_mz, 4);
        nps_jw_num(w, "reference", pair[i].reference_mz, 4);
        nps_jw_num(w, "share", pair[i].share, 4);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_molecular_mass(nps_jw *w, int32_t mass, uint32_t support)
{
    nps_jw_object(w, "molecular_mass");
    nps_jw_i64(w, "nominal", mass);
    nps_jw_i64(w, "proposed_by", support);
    nps_jw_end(w);
}

static void put_analogs(nps_jw *w, const nps_library *lib, const nps_verdict *v, const char *today)
{
    if (v->molecular_mass)
        nps_jw_molecular_mass(w, v->molecular_mass, v->mass_support);
    nps_jw_array(w, "analogs");
    for (size_t i = 0; i < v->n_analogs; i++) {
        const nps_analog *a = &v->analogs[i];
        if (!nps_control_passes(v->control, lib, a->substance))
            continue;
        nps_jw_object(w, NULL);
        nps_jw_i64(w, "rank", (int64_t)i + 1);
        nps_jw_i64(w, "entry", a->entry);
        put_substance(w, lib, a->substance);
        nps_jw_num(w, "score", a->score, 4);
        nps_jw_num(w, "delta_mass", a->delta_mass, 4);
        nps_jw_str(w, "delta_formula", nps_analog_formula(a));
        nps_jw_formulas(w, a->formula, a->n_formula, a->delta_mass);
        nps_jw_num(w, "score_direct", a->plain, 4);
        if (v->molecular_mass)
            nps_jw_bool(w, "mass_agrees", a->mass_agrees);
        nps_jw_i64(w, "matched_direct", a->direct);
        nps_jw_i64(w, "matched_shifted", a->shifted);
        nps_jw_bool(w, "peaks_available", nps_library_entry_is_open(lib, a->entry, today));
        nps_jw_shifted_peaks(w, a->pair, a->n_pair);
        nps_jw_control_of(w, v->control, lib, a->substance);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

static void put_alike(nps_jw *w, const nps_library *lib, const nps_component *c)
{
    nps_jw_array(w, "alike");
    for (size_t i = 0; i < c->n_alike; i++) {
        nps_jw_object(w, NULL);
        put_substance(w, lib, c->alike[i]);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_mixture(nps_jw *w, const char *key, const nps_library *lib, const nps_mixture *m, const char *today,
                    bool with_residual)
{
    bool open = nps_mixture_is_open(m, lib, today);
    NPS_AUTO(nps_spectrum) residual = NULL;
    nps_jw_object(w, key);
    nps_jw_num(w, "explained", m->explained, 4);
    nps_jw_num(w, "explained_single", m->single, 4);
    nps_jw_array(w, "components");
    for (size_t i = 0; i < m->n; i++) {
        const nps_component *c = &m->component[i];
        nps_jw_object(w, NULL);
        nps_jw_i64(w, "rank", (int64_t)i + 1);
        nps_jw_i64(w, "entry", c->entry);
        put_substance(w, lib, c->substance);
        nps_jw_num(w, "share", c->share, 4);
        nps_jw_num(w, "gain", c->gain, 4);
        nps_jw_num(w, "worth", c->worth, 4);
        nps_jw_bool(w, "peaks_available", nps_library_entry_is_open(lib, c->entry, today));
        put_alike(w, lib, c);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    NPS_AUTO_BUF statement = NPS_BUF_INIT((size_t)1 << 20);
    nps_report_mixture_statement(&statement, lib, m);
    nps_jw_text(w, "statement", &statement);
    nps_jw_bool(w, "residual_available", open);
    if (with_residual && open && nps_mixture_residual(m, "query", &residual, NULL) != NPS_OK)
        w->out->failed = NPS_E_NOMEM;
    if (residual)
        nps_jw_spectrum(w, "residual", residual);
    nps_jw_end(w);
}

static void put_quality(nps_jw *w, const nps_verdict *v)
{
    nps_jw_object(w, "quality");
    nps_jw_bool(w, "usable", nps_quality_is_usable(v->quality));
    nps_jw_array(w, "reasons");
    for (unsigned bit = 1; bit && bit <= v->quality; bit <<= 1)
        if (v->quality & bit)
            nps_jw_str(w, NULL, nps_quality_text((nps_quality_bit)bit));
    nps_jw_end(w);
    nps_jw_array(w, "repairs");
    for (nps_repair r = 0; r < NPS_REPAIR_COUNT; r++) {
        if (!v->repairs[r])
            continue;
        NPS_AUTO_BUF text = NPS_BUF_INIT(200);
        nps_repair_text(&text, r, v->repairs[r]);
        nps_jw_object(w, NULL);
        nps_jw_str(w, "code", nps_repair_name(r));
        nps_jw_i64(w, "count", (int64_t)v->repairs[r]);
        nps_jw_text(w, "text", &text);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    nps_jw_end(w);
}

static void put_library(nps_jw *w, const nps_library *lib)
{
    nps_jw_object(w, "library");
    nps_jw_str(w, "generation", lib->generation);
    nps_jw_i64(w, "ruleset", NPS_RULESET);
    nps_jw_str(w, "name", lib->name);
    nps_jw_str(w, "digest", lib->digest);
    nps_jw_bool(w, "measured", !lib->generated);
    nps_jw_end(w);
}

static void put_step(void *arg, const char *key, const char *sentence)
{
    nps_jw *w = arg;
    nps_jw_object(w, NULL);
    nps_jw_str(w, "step", key);
    nps_jw_str(w, "text", sentence);
    nps_jw_end(w);
}

static void put_preparation(nps_jw *w, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(1024);
    nps_trace_prep_text(&text, &v->trace_prep);
    nps_jw_object(w, "preparation");
    nps_jw_text(w, "text", &text);
    nps_jw_str(w, "library", lib->trace_prep_text[v->technique]);
    nps_jw_num(w, "max_lag_cm1", v->max_lag_cm1, 0);
    nps_jw_array(w, "steps");
    nps_trace_prep_describe(&v->trace_prep, put_step, w);
    nps_jw_end(w);
    nps_jw_end(w);
}

/* A derivative is compared on the library's grid. */
static void put_derivative(nps_jw *w, const nps_trace_prep *p, const nps_trace *t)
{
    float y[NPS_IR_GRID_N], derivative[NPS_IR_GRID_N];
    if (nps_prepare_trace(t, p, y, NULL) != NPS_OK || nps_ir_derivative(y, p->derivative, p->window, derivative, NULL) != NPS_OK)
        return;
    size_t from = 0, to = NPS_IR_GRID_N;
    while (from < to && isnan(derivative[from]))
        from++;
    while (to > from && isnan(derivative[to - 1]))
        to--;
    nps_jw_object(w, "prepared");
    put_trace(w, &(nps_trace){.n = to - from, .x0_cm1 = NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)from, .dx_cm1 = NPS_IR_GRID_DX, .y = derivative + from});
    nps_jw_end(w);
}

/* The trace after its steps, for plots; left out where a step does not go, as then the verdict says. */
static void put_prepared(nps_jw *w, const nps_verdict *v, const nps_spectrum *s)
{
    if (v->trace_prep.derivative) {
        put_derivative(w, &v->trace_prep, &s->trace);
        return;
    }
    NPS_AUTO_MEM(float *) y = nps_array(s->trace.n, sizeof *y);
    if (!y)
        return;
    memcpy(y, s->trace.y, s->trace.n * sizeof *y);
    nps_trace t = {.n = s->trace.n, .x0_cm1 = s->trace.x0_cm1, .dx_cm1 = s->trace.dx_cm1, .y = y};
    if (nps_trace_prepare(&t, &v->trace_prep, NULL) != NPS_OK)
        return;
    nps_jw_object(w, "prepared");
    put_trace(w, &t);
    nps_jw_end(w);
}

static void put_statement(nps_jw *w, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 20);
    nps_report_verdict_statement(&b, lib, v);
    nps_jw_text(w, "statement", &b);
}

static size_t count_left_out(const nps_library *lib, const nps_verdict *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_hits; i++)
        n += !nps_control_passes(v->control, lib, v->hits[i].substance);
    for (size_t i = 0; i < v->n_analogs; i++)
        n += !nps_control_passes(v->control, lib, v->analogs[i].substance);
    return n;
}

void nps_jw_verdict(nps_jw *w, const char *key, const nps_library *lib, const nps_verdict *v,
                    const nps_verdict_json_options *o)
{
    nps_jw_object(w, key);
    nps_jw_str(w, "query", o->query);
    nps_jw_str(w, "technique", nps_technique_name(v->technique));
    nps_jw_str(w, "verdict", nps_outcome_name(v->outcome));
    nps_jw_str(w, "headline", nps_explain_headline(v->outcome, false));
    nps_jw_num(w, "alpha", v->alpha, 6);
    nps_jw_num(w, "p_known", v->p_known, 4);
    put_statement(w, lib, v);
    put_set(w, lib, v->set, v->n_set, v->control);
    nps_jw_control(w, v->control, lib, v->set, v->n_set, v->n_classes ? v->classes[0].class_name : 0, count_left_out(lib, v));
    put_hits(w, lib, v, o->today);
    put_analogs(w, lib, v, o->today);
    nps_jw_array(w, "classes");
    for (size_t i = 0; i < v->n_classes; i++) {
        nps_jw_object(w, NULL);
        nps_jw_str(w, "class", nps_library_text(lib, v->classes[i].class_name));
        nps_jw_num(w, "p", v->classes[i].p, 4);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    nps_jw_unexplained(w, lib, v);
    nps_jw_blindness(w, lib, v);
    nps_jw_advice(w, v);
    put_library(w, lib);
    nps_jw_calibration(w, v);
    if (v->mixture)
        nps_jw_mixture(w, "mixture", lib, v->mixture, o->today, o->spectrum != NULL);
    if (!nps_technique_is_mass(v->technique))
        put_preparation(w, lib, v);
    put_quality(w, v);
    nps_jw_str(w, "input_digest", v->input_digest);
    if (o->spectrum) {
        nps_jw_facts(w, o->spectrum);
        nps_jw_spectrum(w, "spectrum", o->spectrum);
    }
    if (o->spectrum && o->spectrum->trace.n)
        put_prepared(w, v, o->spectrum);
    nps_jw_end(w);
}

void nps_jw_spectrum(nps_jw *w, const char *key, const nps_spectrum *s)
{
    nps_jw_object(w, key);
    nps_jw_str(w, "technique", nps_technique_name(s->technique));
    if (s->precursor_mz > 0)
        nps_jw_num(w, "precursor_mz", s->precursor_mz, 5);
    if (nps_technique_is_mass(s->technique)) {
        nps_jw_array(w, "peaks");
        for (size_t i = 0; i < s->peaks.n; i++) {
            nps_jw_array(w, NULL);
            nps_jw_num(w, NULL, s->peaks.mz[i], 5);
            nps_jw_digits(w, NULL, (double)s->peaks.intensity[i], FLOAT_DIGITS);
            nps_jw_end(w);
        }
        nps_jw_end(w);
    } else {
        put_trace(w, &s->trace);
    }
    nps_jw_end(w);
}

static void put_candidates(nps_jw *w, const nps_library *lib, const nps_sample_verdict *v)
{
    uint32_t candidate[NPS_EXPLAIN_CANDIDATES];
    size_t n = nps_explain_candidates(v, candidate);
    nps_jw_array(w, "candidates");
    for (size_t i = 0; i < n; i++) {
        NPS_AUTO_BUF why = NPS_BUF_INIT((size_t)1 << 16);
        nps_jw_object(w, NULL);
        put_substance(w, lib, candidate[i]);
        nps_explain_candidate(&why, lib, v, candidate[i]);
        nps_jw_text(w, "explanation", &why);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_sample_verdict(nps_jw *w, const char *key, const nps_library *lib, const nps_sample_verdict *v,
                           const char *sample, const char *today, const nps_spectrum *const *spectra, bool with_peaks)
{
    nps_jw_object(w, key);
    nps_jw_str(w, "sample", sample);
    nps_jw_str(w, "npswatch", NPS_VERSION);
    nps_jw_str(w, "verdict", nps_outcome_name(v->outcome));
    nps_jw_str(w, "headline", nps_explain_headline(v->outcome, v->minimum_scheme));
    nps_jw_num(w, "alpha", v->alpha, 6);
    nps_jw_num(w, "p_known", v->p_known, 4);
    NPS_AUTO_BUF statement = NPS_BUF_INIT((size_t)1 << 20);
    nps_report_sample_statement(&statement, lib, v);
    nps_jw_text(w, "statement", &statement);
    nps_jw_bool(w, "conflict", v->conflict);
    size_t left_out = 0;
    for (size_t i = 0; i < v->n_spectra; i++)
        left_out += count_left_out(lib, v->spectra[i]);
    put_set(w, lib, v->set, v->n_set, v->control);
    nps_jw_control(w, v->control, lib, v->set, v->n_set, nps_control_class_of(v), left_out);
    put_candidates(w, lib, v);
    put_library(w, lib);
    nps_jw_object(w, "minimum_scheme");
    nps_jw_bool(w, "met", v->minimum_scheme);
    nps_jw_str(w, "missing", v->missing);
    nps_jw_array(w, "techniques");
    for (unsigned bit = 1; bit <= NPS_SUPPORT_RETENTION; bit <<= 1)
        if (v->support & bit)
            nps_jw_str(w, NULL, nps_support_name(bit));
    nps_jw_end(w);
    nps_jw_end(w);
    nps_jw_array(w, "spectra");
    for (size_t i = 0; i < v->n_spectra; i++) {
        nps_verdict_json_options o = {
            .query = nps_report_title(spectra[i]), .today = today, .spectrum = with_peaks ? spectra[i] : NULL};
        nps_jw_verdict(w, NULL, lib, v->spectra[i], &o);
    }
    nps_jw_end(w);
    nps_jw_end(w);
}
