#include "reference-lib/match.h"

#include "core/stats.h"
#include "reference-lib/analog.h"
#include "reference-lib/digest.h"
#include "reference-lib/index.h"
#include "reference-lib/ir.h"
#include "reference-lib/match_impl.h"
#include "reference-lib/mixture.h"
#include "spectra/clean.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every threshold and coefficient of the ruleset (NPS_RULESET) that decides about sets; where they come from:
 * benchmarks/README.md. */
static const struct technique_rule {
    double gap_weight;       /* conformity = min(score, 1 - gap_weight * (best score - score)) */
    double known_at, known_slope; /* p_known = logistic(known_slope * (best score - known_at)) */
    double sharpness;        /* weights of the candidates in p: exp(sharpness * score) */
    double uncalibrated;     /* conformity asked for when there is nothing to calibrate on */
} rules[NPS_TECH_COUNT] = {
    [NPS_TECH_UNKNOWN] = {3, 0.80, 12, 20, 0.80},
    [NPS_TECH_EI] = {2, 0.80, 12, 20, 0.80},
    [NPS_TECH_MSMS] = {2.5, 0.60, 8, 12, 0.70},
    [NPS_TECH_DART] = {1.5, 0.60, 8, 12, 0.80},
    [NPS_TECH_IR] = {3, 0.90, 25, 25, 0.78},
    [NPS_TECH_RAMAN] = {3, 0.90, 25, 25, 0.78},
};
/* Parts of the evidence of an MS/MS entry (msms_evidence). */
static const double other_precursor = 0.10, precursor_base = 0.15, near_precursor = 0.85, precursor_decay = 4;
/* Entries looked at one by one; a set can hold no more substances than they belong to. */
enum { CANDIDATE_ENTRIES = 512 };

nps_match_options nps_match_options_default(void)
{
    return (nps_match_options){
        .alpha = 0.05, .top = 10, .tol_mz = 0.02, .tol_precursor_ppm = 10, .with_analogs = true, .with_mixture = true};
}

nps_status nps_match_check_options(const nps_match_options *o, nps_err *err)
{
    if (!(o->alpha > 0 && o->alpha <= 0.5))
        return nps_fail(err, NPS_E_RANGE, "alpha %g is outside (0, 0.5]", o->alpha);
    if (o->top < 1 || o->top > 1000)
        return nps_fail(err, NPS_E_RANGE, "number of hits %zu is outside 1..1000", o->top);
    nps_status st = nps_check_tol_mz(o->tol_mz, err);
    if (st != NPS_OK)
        return st;
    if (!(o->max_lag_cm1 >= 0 && o->max_lag_cm1 <= NPS_IR_LAG_MAX * NPS_IR_GRID_DX))
        return nps_fail(err, NPS_E_RANGE, "largest move %g 1/cm is outside [0, %g]", o->max_lag_cm1,
                        NPS_IR_LAG_MAX * NPS_IR_GRID_DX);
    if (!(o->tol_precursor_ppm > 0 && o->tol_precursor_ppm <= 1000))
        return nps_fail(err, NPS_E_RANGE, "precursor tolerance %g ppm is outside (0, 1000]", o->tol_precursor_ppm);
    return NPS_OK;
}

const nps_trace_prep *nps_match_prep(const nps_library *lib, nps_technique technique, const nps_match_options *o)
{
    return o->trace_prep ? o->trace_prep : &lib->trace_prep[technique];
}

nps_ir_options nps_match_ir_options(const nps_library *lib, nps_technique technique, const nps_match_options *o)
{
    nps_ir_options ir = nps_ir_options_of(technique, nps_match_prep(lib, technique, o));
    ir.max_lag = (unsigned)(o->max_lag_cm1 / NPS_IR_GRID_DX);
    return ir;
}

/* --- evidence ----------------------------------------------------------------------------------------------------------- */

/* Evidence of an MS/MS entry: its similarity where the precursors agree, raised so that agreement alone stands above any
 * similarity without it; less with every further part of the tolerance; a small rest for another adduct, a fragment of the
 * source or a wrong header. */
static double msms_evidence(const nps_prepared *q, const nps_match_options *o, double other, double similarity)
{
    double tolerance = nps_precursor_tolerance(q, o->tol_precursor_ppm, other), away = fabs(other - q->precursor);
    double agreement = away <= tolerance ? 1 : near_precursor * exp(-(away - tolerance) / (precursor_decay * tolerance));
    return other_precursor * similarity + agreement * (precursor_base + (1 - precursor_base - other_precursor) * similarity);
}

/* Open search for all, and every entry within a unit mass of the precursor, similar or not. */
static nps_status find_msms(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                            const nps_filter *f, size_t k, nps_workspace *w, nps_err *err)
{
    const nps_search_options open = {.mode = NPS_MODE_OPEN, .score = NPS_SCORE_ENTROPY, .tol_mz = o->tol_mz, .k = k};
    const nps_search_options window = {.mode = NPS_MODE_WINDOW, .score = NPS_SCORE_ENTROPY, .tol_mz = o->tol_mz,
                                       .tol_precursor = NPS_UNIT_TOL, .k = lib->n_precursor};
    if (!(q->precursor > 0))
        return nps_search(lib, q, &open, f, w, err);
    nps_topk all = {0};
    nps_status st = nps_topk_init(&all, k, err);
    if (st == NPS_OK)
        st = nps_search(lib, q, &open, f, w, err);
    for (int pass = 0; pass < 2 && st == NPS_OK; pass++) {
        for (size_t i = 0; i < w->top.n; i++) {
            uint32_t e = w->top.item[i].index;
            double other = lib->entry_precursor[e];
            if ((fabs(other - q->precursor) <= NPS_UNIT_TOL) == (pass == 1))
                nps_topk_add(&all, msms_evidence(q, o, other, w->top.item[i].score), e);
        }
        if (pass == 0)
            st = nps_search(lib, q, &window, f, w, err);
    }
    if (st == NPS_OK) {
        nps_topk_sort(&all);
        nps_topk swap = w->top;
        w->top = all;
        all = swap;
    }
    nps_topk_done(&all);
    return st;
}

static int best_candidate_first(const void *a, const void *b)
{
    const nps_candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->substance < y->substance ? -1 : x->substance > y->substance;
}

static int by_substance_then_rank(const void *a, const void *b)
{
    const nps_candidate *x = a, *y = b;
    if (x->substance != y->substance)
        return x->substance < y->substance ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* The best entry of each substance. */
static nps_status join_substances(const nps_library *lib, const nps_topk *top, const struct technique_rule *rule,
                                  nps_candidate **ret_c, size_t *ret_n, nps_err *err)
{
    nps_candidate *c = nps_array(top->n, sizeof *c);
    if (!c)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < top->n; i++)
        c[i] = (nps_candidate){lib->entry_substance[top->item[i].index], top->item[i].index, top->item[i].score, 0};
    if (top->n)
        qsort(c, top->n, sizeof *c, by_substance_then_rank);
    size_t n = 0;
    for (size_t i = 0; i < top->n; i++)
        if (!i || c[i].substance != c[i - 1].substance)
            c[n++] = c[i];
    if (n)
        qsort(c, n, sizeof *c, best_candidate_first);
    for (size_t i = 0; i < n; i++)
        c[i].conformity = fmin(c[i].score, 1 - rule->gap_weight * (c[0].score - c[i].score));
    *ret_c = c;
    *ret_n = n;
    return NPS_OK;
}

nps_status nps_find_candidates(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                               const nps_filter *f, size_t k, nps_workspace *w, nps_candidate **ret_c, size_t *ret_n,
                               nps_err *err)
{
    nps_status st = NPS_OK;
    const nps_search_options ei = {.mode = NPS_MODE_OPEN, .score = NPS_SCORE_WEIGHTED_COSINE, .k = k};
    const nps_ir_options ir = nps_match_ir_options(lib, q->technique, o);
    if (q->technique == NPS_TECH_EI)
        st = nps_search(lib, q, &ei, f, w, err);
    else if (nps_technique_is_mass(q->technique))
        st = find_msms(lib, q, o, f, k, w, err);
    else
        st = nps_search_ir(lib, q->grid, &ir, f, k, w, err);
    return st == NPS_OK ? join_substances(lib, &w->top, &rules[q->technique], ret_c, ret_n, err) : st;
}

/* --- hits ----------------------------------------------------------------------------------------------------------------- */

static double clean_reverse(nps_peak_view q, nps_peak_view r, double tol, uint32_t *ret_matched, double *ret_explained)
{
    /* The query without the peaks that the reference lacks, normalised again. */
    double sum = 0, s = 0;
    uint32_t matched = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0, j = 0; i < q.n && j < r.n;) {
            double d = q.mz[i] - r.mz[j];
            if (d < -tol) {
                i++;
            } else if (d > tol) {
                j++;
            } else {
                double x = (double)q.intensity[i++], y = (double)r.intensity[j++];
                if (pass == 0) {
                    sum += x;
                    matched++;
                } else {
                    s += 0.5 * (nps_xlog2x(x / sum + y) - nps_xlog2x(x / sum) - nps_xlog2x(y));
                }
            }
        }
    *ret_matched = matched;
    *ret_explained = sum > 1 ? 1 : sum;
    return s > 1 ? 1 : s;
}

static nps_status describe_hit(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_hit *h,
                               nps_err *err)
{
    if (q->technique == NPS_TECH_EI) {
        nps_peaks r;
        nps_status st = nps_clean_nominal(nps_library_peak_row(lib, h->entry), &r, err);
        if (st != NPS_OK)
            return st;
        nps_nominal_similarity s =
            nps_nominal_compare(nps_peaks_view(&q->nominal), nps_peaks_view(&r), NPS_WEIGHTED_MZ_POWER, NPS_COSINE_INTENSITY_POWER);
        nps_peaks_done(&r);
        h->reverse = s.reverse;
        h->matched = s.matched;
        h->explained = s.explained;
    } else if (nps_technique_is_mass(q->technique)) {
        nps_peak_view peaks = nps_prepared_weighted(q), row = nps_library_clean_row(lib, h->entry);
        /* The tolerance that the score was computed with: find_msms. */
        bool unit = q->precursor > 0 && fabs(lib->entry_precursor[h->entry] - q->precursor) <= NPS_UNIT_TOL &&
                    (nps_is_unit_resolution(peaks) || nps_is_unit_resolution(row));
        h->reverse = clean_reverse(peaks, row, unit ? NPS_UNIT_TOL : o->tol_mz, &h->matched, &h->explained);
    } else {
        nps_ir_options ir = nps_match_ir_options(lib, q->technique, o);
        nps_ir_hit hit;
        nps_status st = nps_ir_compare(lib, q->grid, &ir, h->entry, &hit, err);
        if (st != NPS_OK)
            return st;
        h->reverse = h->score;
        h->explained = h->score * h->score;
        h->matched = hit.common;
        h->first_cm1 = hit.first_cm1;
        h->last_cm1 = hit.last_cm1;
        h->moved_cm1 = NPS_IR_GRID_DX * hit.lag;
    }
    return NPS_OK;
}

static nps_status list_hits(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                            const nps_topk *top, nps_verdict *v, nps_err *err)
{
    size_t n = top->n < o->top ? top->n : o->top;
    v->hits = nps_array(n, sizeof *v->hits);
    if (!v->hits)
        return nps_fail_nomem(err);
    v->n_hits = n;
    for (size_t i = 0; i < n; i++) {
        uint32_t e = top->item[i].index;
        v->hits[i] = (nps_hit){.entry = e, .substance = lib->entry_substance[e], .score = top->item[i].score};
        nps_status st = describe_hit(lib, q, o, &v->hits[i], err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

/* --- the rules ------------------------------------------------------------------------------------------------------------------ */

/* Whether traces are compared as the pairs were: one's own, or where own is NULL those of the library. */
static bool is_compared_as(const nps_calibration *own, const nps_library *lib, nps_technique technique, const nps_match_options *o)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(1024);
    nps_trace_prep_text(&text, nps_match_prep(lib, technique, o));
    const char *pairs = own && own->preparation ? own->preparation : lib->trace_prep_text[technique];
    return o->max_lag_cm1 < NPS_IR_GRID_DX && text.data && strcmp(text.data, pairs) == 0;
}

static void set_threshold(const nps_library *lib, const nps_match_options *o, nps_verdict *v)
{
    const nps_calibration none = {.source = NPS_CALIBRATION_NONE}, *cal = &lib->calibration[v->technique];
    const nps_calibration *own = o->own_calibration && o->own_calibration[v->technique].n ? &o->own_calibration[v->technique] : NULL;
    if (own)
        cal = own;
    /* Pairs that were compared in another way, of the library or one's own, say nothing of this one. */
    if (!nps_technique_is_mass(v->technique) && !is_compared_as(own, lib, v->technique, o))
        cal = &none;
    v->calibration = cal->source;
    v->calibration_n = cal->n;
    if (cal->source == NPS_CALIBRATION_NONE) {
        v->threshold = rules[v->technique].uncalibrated;
        v->coverage_low = 0;
        v->coverage_high = 1;
        return;
    }
    size_t k = nps_conformal_rank(cal->n, v->alpha, cal->source == NPS_CALIBRATION_WITHIN ? 0.8 : 0);
    v->threshold = k ? cal->conformity[k - 1] : -INFINITY;
    nps_conformal_coverage(cal->n, k, 0.9, &v->coverage_low, &v->coverage_high);
}

static nps_status choose_set(const nps_candidate *c, size_t n, nps_verdict *v, nps_err *err)
{
    const struct technique_rule *rule = &rules[v->technique];
    v->p_known = n ? 1 / (1 + exp(-rule->known_slope * (c[0].score - rule->known_at))) : 0;
    v->set = nps_array(n, sizeof *v->set);
    if (!v->set)
        return nps_fail_nomem(err);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp(rule->sharpness * (c[i].score - c[0].score));
    for (size_t i = 0; i < n; i++)
        if (c[i].conformity >= v->threshold)
            v->set[v->n_set++] =
                (nps_member){c[i].substance, v->p_known * exp(rule->sharpness * (c[i].score - c[0].score)) / sum};
    v->outcome = v->n_set == 0 ? NPS_NOVEL : v->n_set == 1 ? NPS_IDENTIFIED : NPS_AMBIGUOUS;
    return NPS_OK;
}

/* A single component says no more than the hits do. */
static nps_status look_for_mixture(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                   nps_workspace *w, nps_verdict *v, nps_err *err)
{
    NPS_AUTO(nps_mixture) m = NULL;
    nps_ir_options ir = nps_match_ir_options(lib, q->technique, o);
    nps_status st = nps_find_mixture(lib, q, &ir, o->tol_mz, NPS_MIXTURE_MAX, w, &m, err);
    if (st == NPS_OK && m->n > 1)
        v->mixture = nps_steal(m);
    return st;
}

/* Whether an entry is of the query's technique and, of a trace, was measured over enough of the same range. */
static bool could_be_found(const nps_library *lib, const nps_prepared *q, uint32_t e)
{
    nps_technique t = (nps_technique)lib->entry_technique[e];
    bool fragments = nps_technique_is_fragment(q->technique); /* msms and dart are searched as one */
    if (t != q->technique && !(fragments && nps_technique_is_fragment(t)))
        return false;
    const float *row = nps_technique_is_mass(t) ? NULL : nps_ir_row(lib, e);
    size_t common = 0;
    for (size_t i = 0; row && i < NPS_IR_GRID_N; i++)
        common += !isnan(row[i]) && !isnan(q->grid[i]);
    return !row || common >= NPS_IR_COMMON_MIN;
}

/* Without a reference that could be found, that none is found says nothing of the sample. Walks the library: to be asked only
 * then. */
static bool has_reference(const nps_library *lib, const nps_prepared *q, const nps_filter *f)
{
    for (uint32_t e = 0; e < lib->n_entry; e++)
        if (nps_filter_passes(lib, f, e) && could_be_found(lib, q, e))
            return true;
    return false;
}

static nps_status judge(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_workspace *w,
                        nps_verdict *v, nps_err *err)
{
    nps_filter f = nps_filter_all();
    f.polarity = q->polarity;
    NPS_AUTO_MEM(nps_candidate *) c = NULL;
    size_t n = 0;
    nps_status st = nps_find_candidates(lib, q, o, &f, CANDIDATE_ENTRIES, w, &c, &n, err);
    if (st == NPS_OK)
        st = list_hits(lib, q, o, &w->top, v, err);
    if (st == NPS_OK && !n && !has_reference(lib, q, &f)) {
        v->quality |= NPS_QUALITY_NO_REFERENCE;
        return NPS_OK;
    }
    if (st == NPS_OK)
        st = choose_set(c, n, v, err);
    if (st == NPS_OK && o->with_analogs)
        st = nps_find_analogs(lib, q, o, &f, w, v, err);
    if (st == NPS_OK)
        st = nps_vote_classes(lib, q, c, n, v, err);
    if (st == NPS_OK && o->with_mixture && nps_mixture_applies(q->technique))
        st = look_for_mixture(lib, q, o, w, v, err);
    if (v->n_analogs > o->top)
        v->n_analogs = o->top;
    return st;
}

/* Sets bits of v->quality where nothing can be compared; *ret_q is to be given back where it is usable still. */
static nps_status prepare_query(const nps_library *lib, const nps_spectrum *query, const nps_match_options *o,
                                nps_prepared *ret_q, nps_verdict *v, nps_err *err)
{
    nps_prepared q;
    nps_status st = nps_prepare(query, nps_match_prep(lib, query->technique, o), &q, err);
    bool is_trace = !nps_technique_is_mass(query->technique);
    if (is_trace && (st == NPS_E_RANGE || st == NPS_E_NUMERIC)) {
        v->quality |= NPS_QUALITY_UNCOMPARABLE;
        return NPS_OK;
    }
    if (st != NPS_OK)
        return st;
    nps_ir_options ir = nps_match_ir_options(lib, query->technique, o);
    if (is_trace && nps_ir_points(q.grid, &ir) < NPS_IR_COMMON_MIN) {
        v->quality |= NPS_QUALITY_UNCOMPARABLE;
        nps_prepared_done(&q);
        return NPS_OK;
    }
    *ret_q = q;
    return NPS_OK;
}

nps_status nps_match(const nps_library *lib, const nps_spectrum *query, const nps_match_options *options,
                     nps_workspace *w, nps_verdict **ret_verdict, nps_err *err)
{
    nps_status st = nps_match_check_options(options, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO(nps_verdict) v = nps_array(1, sizeof *v);
    if (!v)
        return nps_fail_nomem(err);
    v->technique = query->technique;
    v->alpha = options->alpha;
    v->quality = nps_quality_check(query);
    memcpy(v->repairs, query->repairs, sizeof v->repairs);
    nps_digest_spectrum(query, v->input_digest);
    v->trace_prep = *nps_match_prep(lib, query->technique, options);
    v->max_lag_cm1 = NPS_IR_GRID_DX * floor(options->max_lag_cm1 / NPS_IR_GRID_DX);
    set_threshold(lib, options, v);
    nps_prepared q = {0};
    v->outcome = NPS_UNUSABLE;
    if (nps_quality_is_usable(v->quality))
        st = prepare_query(lib, query, options, &q, v, err);
    if (st == NPS_OK && nps_quality_is_usable(v->quality)) {
        st = judge(lib, &q, options, w, v, err);
        nps_prepared_done(&q);
    }
    if (st == NPS_OK)
        *ret_verdict = nps_steal(v);
    return st;
}
