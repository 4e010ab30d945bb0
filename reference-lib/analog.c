#include "reference-lib/analog.h"

#include "reference-lib/index.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Voters of each kind. */
enum { VOTERS = 25 };

/* --- what carries the shift ------------------------------------------------------------------------------------------- */

/* Peaks of a partner's spectrum must not leave the service, not even one by one. */
static bool is_open(const nps_library *lib, uint32_t e)
{
    return lib->entry_visibility[e] == NPS_VISIBLE_PUBLIC && !lib->entry_embargo[e];
}

/* Keeps the pairs with the largest shares. */
static void keep_pair(nps_analog *a, nps_analog_pair p)
{
    size_t at = a->n_pair;
    while (at > 0 && p.share > a->pair[at - 1].share)
        at--;
    if (at == NPS_ANALOG_PAIRS)
        return;
    if (a->n_pair < NPS_ANALOG_PAIRS)
        a->n_pair++;
    memmove(&a->pair[at + 1], &a->pair[at], (a->n_pair - 1 - at) * sizeof *a->pair);
    a->pair[at] = p;
}

/* The strongest of the peaks that were added up in a bin, as measured; the bin itself when there is none. */
static double measured_mz(nps_peak_view p, uint32_t bin)
{
    double mz = bin;
    float most = 0;
    for (size_t i = 0; i < p.n; i++)
        if (nps_nominal_bin(p.mz[i]) == bin && p.intensity[i] > most) {
            most = p.intensity[i];
            mz = p.mz[i];
        }
    return mz;
}

/* Whether m/z carry decimals that mean something. */
static bool is_accurate(nps_peak_view p)
{
    size_t n = 0;
    for (size_t i = 0; i < p.n; i++)
        n += !nps_is_unit_mass(p.mz[i]);
    return 2 * n > p.n;
}

void nps_describe_lag(const nps_library *lib, const nps_prepared *q, const nps_lag_hit *hit, nps_workspace *w,
                      nps_analog *ret_analog)
{
    nps_shift_pair pairs[NPS_NOMINAL_BINS];
    nps_peak_view query = q->measured, row = nps_library_peak_row(lib, hit->entry);
    bool accurate = is_accurate(query) && is_accurate(row);
    double sum = 0, moment = 0;
    nps_analog a = {.entry = hit->entry, .substance = lib->entry_substance[hit->entry], .score = hit->score,
                    .plain = hit->plain, .delta_mass = hit->lag};
    size_t n = nps_lag_pairs(lib, &q->nominal, hit, w, pairs);
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].q == pairs[i].r) {
            a.direct++;
            continue;
        }
        a.shifted++;
        nps_analog_pair p = {pairs[i].q, pairs[i].r, pairs[i].product / hit->score};
        if (accurate) {
            p.query_mz = measured_mz(query, pairs[i].q);
            p.reference_mz = measured_mz(row, pairs[i].r);
            sum += pairs[i].product;
            moment += pairs[i].product * (p.query_mz - p.reference_mz);
        }
        if (is_open(lib, hit->entry))
            keep_pair(&a, p);
    }
    if (sum > 0)
        a.delta_mass = moment / sum;
    nps_formula_changes(a.delta_mass, accurate ? NPS_ACCURATE_FORMULA_TOL : NPS_NOMINAL_FORMULA_TOL,
                        nps_library_formula(lib, hit->entry), a.formula, &a.n_formula);
    *ret_analog = a;
}

void nps_describe_shift(const nps_library *lib, const nps_prepared *q, uint32_t entry, double score, double shift, double tol_mz,
                        nps_analog *ret_analog)
{
    nps_peak_view query = nps_prepared_weighted(q), row = nps_library_clean_row(lib, entry);
    nps_analog a = {.entry = entry, .substance = lib->entry_substance[entry], .score = score, .delta_mass = shift};
    a.plain = nps_hybrid_similarity(query, row, 0, tol_mz, &a.direct, NULL);
    nps_hybrid_similarity(query, row, shift, tol_mz, &a.direct, &a.shifted);
    for (size_t i = 0; i < query.n && is_open(lib, entry); i++)
        for (size_t k = 0; k < row.n; k++)
            if (fabs(query.mz[i] - row.mz[k] - shift) <= tol_mz) {
                double x = (double)query.intensity[i], y = (double)row.intensity[k];
                double gain = 0.5 * (nps_xlog2x(x + y) - nps_xlog2x(x) - nps_xlog2x(y));
                keep_pair(&a, (nps_analog_pair){query.mz[i], row.mz[k], gain / score});
            }
    nps_formula_changes(shift, NPS_ACCURATE_FORMULA_TOL, nps_library_formula(lib, entry), a.formula, &a.n_formula);
    *ret_analog = a;
}

/* --- finding them --------------------------------------------------------------------------------------------------------- */

static nps_status analogs_ei(const nps_library *lib, const nps_prepared *q, const nps_filter *f, size_t k, nps_workspace *w,
                             nps_verdict *v, nps_err *err)
{
    NPS_AUTO_MEM(nps_lag_hit *) hits = nps_array(k, sizeof *hits);
    size_t n;
    if (!hits)
        return nps_fail_nomem(err);
    nps_status st = nps_search_lag(lib, &q->nominal, f, k, w, hits, &n, err);
    for (size_t i = 0; st == NPS_OK && i < n; i++)
        nps_describe_lag(lib, q, &hits[i], w, &v->analogs[v->n_analogs++]);
    return st;
}

static nps_status analogs_by_precursor(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                       const nps_filter *f, size_t k, nps_workspace *w, nps_verdict *v, nps_err *err)
{
    const nps_search_options analog = {.mode = NPS_MODE_ANALOG, .score = NPS_SCORE_ENTROPY, .tol_mz = o->tol_mz, .k = k};
    nps_status st = nps_search(lib, q, &analog, f, w, err);
    for (size_t i = 0; st == NPS_OK && i < w->top.n; i++) {
        uint32_t e = w->top.item[i].index;
        double delta = q->precursor - lib->entry_precursor[e];
        if (fabs(delta) > nps_precursor_tolerance(q, o, lib->entry_precursor[e]))
            nps_describe_shift(lib, q, e, w->top.item[i].score, delta, o->tol_mz, &v->analogs[v->n_analogs++]);
    }
    return st;
}

static nps_status analogs_by_shift(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                   const nps_filter *f, size_t k, nps_workspace *w, nps_verdict *v, nps_err *err)
{
    NPS_AUTO_MEM(nps_shift_hit *) hits = nps_array(k, sizeof *hits);
    size_t n;
    if (!hits)
        return nps_fail_nomem(err);
    nps_status st = nps_search_shift(lib, q, o->tol_mz, f, k, w, hits, &n, err);
    for (size_t i = 0; st == NPS_OK && i < n; i++)
        nps_describe_shift(lib, q, hits[i].entry, hits[i].score, hits[i].shift, o->tol_mz, &v->analogs[v->n_analogs++]);
    return st;
}

nps_status nps_find_analogs(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_filter *f,
                            nps_workspace *w, nps_verdict *v, nps_err *err)
{
    size_t k = o->top > VOTERS ? o->top : VOTERS;
    v->analogs = nps_array(k, sizeof *v->analogs);
    if (!v->analogs)
        return nps_fail_nomem(err);
    if (q->technique == NPS_TECH_EI)
        return analogs_ei(lib, q, f, k, w, v, err);
    if (q->technique == NPS_TECH_MSMS && q->precursor > 0)
        return analogs_by_precursor(lib, q, o, f, k, w, v, err);
    if (q->technique == NPS_TECH_MSMS || q->technique == NPS_TECH_DART)
        return analogs_by_shift(lib, q, o, f, k, w, v, err);
    return NPS_OK;
}

/* --- classes ------------------------------------------------------------------------------------------------------------------ */

static int likeliest_class_first(const void *a, const void *b)
{
    const nps_class *x = a, *y = b;
    if (x->p != y->p)
        return x->p > y->p ? -1 : 1;
    return x->class_name < y->class_name ? -1 : x->class_name > y->class_name;
}

static void vote(const nps_library *lib, nps_verdict *v, uint32_t substance, double weight, double *total)
{
    uint32_t name = lib->sub_class[substance];
    *total += weight;
    if (!name)
        return;
    size_t i = 0;
    while (i < v->n_classes && v->classes[i].class_name != name)
        i++;
    if (i == v->n_classes)
        v->classes[v->n_classes++] = (nps_class){name, 0};
    v->classes[i].p += weight;
}

nps_status nps_vote_classes(const nps_library *lib, const nps_candidate *c, size_t n_c, nps_verdict *v, nps_err *err)
{
    v->classes = nps_array(2 * VOTERS, sizeof *v->classes);
    if (!v->classes)
        return nps_fail_nomem(err);
    double total = 0;
    for (size_t i = 0; i < n_c && i < VOTERS; i++)
        vote(lib, v, c[i].substance, pow(c[i].score, 8), &total);
    for (size_t i = 0; i < v->n_analogs && i < VOTERS; i++)
        vote(lib, v, v->analogs[i].substance, pow(v->analogs[i].score, 8), &total);
    for (size_t i = 0; i < v->n_classes; i++)
        v->classes[i].p /= total;
    if (v->n_classes)
        qsort(v->classes, v->n_classes, sizeof *v->classes, likeliest_class_first);
    return NPS_OK;
}
