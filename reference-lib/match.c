#include "reference-lib/match.h"

#include "reference-lib/analog.h"
#include "reference-lib/candidates.h"
#include "reference-lib/context.h"
#include "reference-lib/digest.h"
#include "reference-lib/index.h"
#include "reference-lib/ir.h"
#include "reference-lib/mixture.h"
#include "reference-lib/threshold.h"
#include "reference-lib/workspace.h"
#include "spectra/clean.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- hits ----------------------------------------------------------------------------------------------------------------- */

static double clean_reverse(nps_peak_view q, nps_peak_view r, double tol, uint32_t *ret_matched)
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
    return s > 1 ? 1 : s;
}

/* Part of a's intensity that has a partner in b. */
static double explained_part(nps_peak_view a, nps_peak_view b, double tol)
{
    double sum = 0, explained = 0;
    for (size_t i = 0, j = 0; i < a.n; i++) {
        while (j < b.n && b.mz[j] < a.mz[i] - tol)
            j++;
        sum += (double)a.intensity[i];
        explained += j < b.n && b.mz[j] <= a.mz[i] + tol ? (double)a.intensity[i] : 0;
    }
    return sum > 0 ? explained / sum : 0;
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
        /* The tolerance that the evidence was made with: nps_pair_measure. */
        double tol = nps_is_coarse_pair(q, lib->entry_precursor[h->entry], peaks, row) ? NPS_UNIT_TOL : o->tol_mz;
        h->score = nps_entropy_similarity(peaks, row, tol, NULL);
        h->reverse = clean_reverse(peaks, row, tol, &h->matched);
        h->explained = explained_part(nps_peaks_view(&q->clean), row, tol);
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

static nps_status list_hits(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_workspace *w,
                            nps_verdict *v, nps_err *err)
{
    size_t n = w->n_seen < o->top ? w->n_seen : o->top;
    v->hits = nps_array(n, sizeof *v->hits);
    if (!v->hits)
        return nps_fail_nomem(err);
    v->n_hits = n;
    const nps_evidence_model *model = nps_match_model(q->technique, o);
    nps_status st = NPS_OK;
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        const nps_candidate *c = &w->seen[i];
        const double *feature = nps_candidate_features(w, c);
        v->hits[i] = (nps_hit){.entry = c->entry,
                               .substance = c->substance,
                               .score = c->score,
                               .evidence = c->evidence,
                               .conformity = c->conformity};
        for (size_t k = 0; k < NPS_FEATURE_MAX; k++) {
            v->hits[i].feature[k] = feature[k];
            v->hits[i].contribution[k] = model->weight[k] * (feature[k] - model->typical[k]);
        }
        st = describe_hit(lib, q, o, &v->hits[i], err);
    }
    return st;
}

static int largest_first(const void *a, const void *b)
{
    const nps_lone_peak *x = a, *y = b;
    if (x->share != y->share)
        return x->share > y->share ? -1 : 1;
    return x->mz < y->mz ? -1 : x->mz > y->mz;
}

/* Peaks of a that b has no partner for. */
static nps_status list_lone(nps_peak_view a, nps_peak_view b, double tol, nps_lone_peak *ret, size_t *ret_n, nps_err *err)
{
    NPS_AUTO_MEM(nps_lone_peak *) lone = nps_array(a.n, sizeof *lone);
    if (!lone)
        return nps_fail_nomem(err);
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0, j = 0; i < a.n; i++) {
        sum += (double)a.intensity[i];
        while (j < b.n && b.mz[j] < a.mz[i] - tol)
            j++;
        if (j == b.n || b.mz[j] > a.mz[i] + tol)
            lone[n++] = (nps_lone_peak){a.mz[i], (double)a.intensity[i]};
    }
    if (n)
        qsort(lone, n, sizeof *lone, largest_first);
    *ret_n = n < NPS_LONE_PEAKS ? n : NPS_LONE_PEAKS;
    for (size_t i = 0; i < *ret_n; i++)
        ret[i] = (nps_lone_peak){lone[i].mz, lone[i].share / sum};
    return NPS_OK;
}

/* What query and best hit do not have in common; of references that are not open to all neither side is told. */
static nps_status list_lone_peaks(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_verdict *v,
                                  nps_err *err)
{
    if (!v->n_hits || !nps_technique_is_mass(q->technique) || !nps_library_entry_is_public(lib, v->hits[0].entry))
        return NPS_OK;
    uint32_t e = v->hits[0].entry;
    nps_peaks r = {0};
    bool ei = q->technique == NPS_TECH_EI;
    nps_peak_view a = nps_peaks_view(ei ? &q->nominal : &q->clean), b;
    double tol = ei ? 0 : o->tol_mz;
    nps_status st = NPS_OK;
    if (ei) {
        st = nps_clean_nominal(nps_library_peak_row(lib, e), &r, err);
        b = nps_peaks_view(&r);
    } else {
        b = nps_library_share_row(lib, e);
        if (nps_is_coarse_pair(q, lib->entry_precursor[e], a, b))
            tol = NPS_UNIT_TOL;
    }
    if (st == NPS_OK)
        st = list_lone(a, b, tol, v->unexplained, &v->n_unexplained, err);
    if (st == NPS_OK)
        st = list_lone(b, a, tol, v->missing, &v->n_missing, err);
    nps_peaks_done(&r);
    return st;
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

static unsigned doubts_of(const nps_library *lib, const nps_calibration *c)
{
    unsigned bits = 0;
    if (c->source == NPS_CALIBRATION_GENERAL)
        bits |= NPS_DOUBT_GENERAL;
    if (c->generation && strcmp(c->generation, lib->generation) != 0)
        bits |= NPS_DOUBT_GENERATION;
    return c->drift ? bits | NPS_DOUBT_DRIFT : bits;
}

static void set_threshold(const nps_library *lib, const nps_match_options *o, nps_kind kind, nps_verdict *v)
{
    const nps_calibration none = {.source = NPS_CALIBRATION_NONE}, *cal = &lib->calibration[v->technique];
    const nps_calibration *own = o->own_calibration && o->own_calibration[v->technique].n ? &o->own_calibration[v->technique] : NULL;
    if (own)
        cal = own;
    /* Pairs that were compared in another way, of the library or one's own, say nothing of this one. */
    if (!nps_technique_is_mass(v->technique) && !is_compared_as(own, lib, v->technique, o))
        cal = &none;
    v->calibration = cal->source;
    v->refitted = nps_match_model(v->technique, o) != nps_evidence_model_of(v->technique);
    if (cal->source == NPS_CALIBRATION_NONE) {
        v->threshold = nps_match_model(v->technique, o)->uncalibrated;
        v->coverage_low = 0;
        v->coverage_high = 1;
        return;
    }
    nps_threshold t = nps_threshold_of(cal, kind, v->alpha);
    v->kind = t.kind;
    v->threshold = t.conformity;
    v->calibration_n = t.n;
    v->coverage_low = t.coverage_low;
    v->coverage_high = t.coverage_high;
    v->doubts = doubts_of(lib, cal) | (isinf(v->threshold) ? NPS_DOUBT_FEW : 0);
}

/* A mass alone excludes no substance of that mass. */
static bool has_the_mass(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_candidate *c)
{
    double other = lib->entry_precursor[c->entry];
    return fabs(other - q->precursor) <= nps_precursor_tolerance(q, o->tol_precursor_ppm, other);
}

static nps_status choose_set(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_candidates *found,
                             nps_verdict *v, nps_err *err)
{
    const nps_candidate *c = found->item;
    v->p_known = 1 / (1 + exp(-found->known));
    v->set = nps_array(found->n, sizeof *v->set);
    if (!v->set)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < found->n; i++)
        if (c[i].conformity >= v->threshold || (v->quality & NPS_QUALITY_NO_FRAGMENT && has_the_mass(lib, q, o, &c[i])))
            v->set[v->n_set++] =
                (nps_member){c[i].substance, v->p_known * exp(c[i].evidence - c[0].evidence - found->crowd)};
    for (size_t i = 0; i < v->n_hits; i++)
        for (size_t k = 0; k < v->n_set; k++)
            v->hits[i].in_set = v->hits[i].in_set || v->hits[i].substance == v->set[k].substance;
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
    if (!nps_technique_compares(t, q->technique))
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

static nps_status decide(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_filter *f,
                         const nps_candidates *found, nps_workspace *w, nps_verdict *v, nps_err *err)
{
    nps_status st = choose_set(lib, q, o, found, v, err);
    if (st == NPS_OK && v->outcome == NPS_NOVEL && (v->quality & NPS_QUALITY_NO_FRAGMENT)) {
        v->outcome = NPS_UNUSABLE; /* a mass alone does not tell what is new */
        v->quality |= NPS_QUALITY_FEW_PEAKS;
    }
    if (st == NPS_OK)
        st = list_lone_peaks(lib, q, o, v, err);
    if (st == NPS_OK && o->with_analogs)
        st = nps_find_analogs(lib, q, o, f, w, v, err);
    if (st == NPS_OK)
        st = nps_vote_classes(lib, q, found->item, found->n, v, err);
    if (st == NPS_OK && o->with_mixture && nps_mixture_applies(q->technique))
        st = look_for_mixture(lib, q, o, w, v, err);
    if (st == NPS_OK)
        st = nps_find_context(lib, q, o, v, err);
    if (v->n_analogs > o->top)
        v->n_analogs = o->top;
    return st;
}

static nps_status judge(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_workspace *w,
                        nps_verdict *v, nps_err *err)
{
    nps_filter f = nps_filter_all();
    f.polarity = q->polarity;
    nps_candidates found = {0};
    nps_status st = nps_find_candidates(lib, q, o, &f, w, &found, err);
    if (st == NPS_OK)
        st = list_hits(lib, q, o, w, v, err);
    if (st == NPS_OK && !found.n && !has_reference(lib, q, &f))
        v->quality |= NPS_QUALITY_NO_REFERENCE;
    else if (st == NPS_OK)
        st = decide(lib, q, o, &f, &found, w, v, err);
    nps_candidates_done(&found);
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
    nps_prepared q = {0};
    v->outcome = NPS_UNUSABLE;
    if (nps_quality_is_usable(v->quality))
        st = prepare_query(lib, query, options, &q, v, err);
    set_threshold(lib, options, nps_kind_of(&q), v);
    if (st == NPS_OK && nps_quality_is_usable(v->quality)) {
        st = judge(lib, &q, options, w, v, err);
        nps_prepared_done(&q);
    }
    if (st == NPS_OK)
        *ret_verdict = nps_steal(v);
    return st;
}
