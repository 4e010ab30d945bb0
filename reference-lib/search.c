#include "reference-lib/search.h"

#include "core/fft.h"
#include "core/mem.h"
#include "reference-lib/index.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

nps_status nps_workspace_new(nps_workspace **ret_workspace, nps_err *err)
{
    nps_workspace *w = nps_array(1, sizeof *w);
    if (!w)
        return nps_fail_nomem(err);
    *ret_workspace = w;
    return NPS_OK;
}

void nps_workspace_free(nps_workspace *w)
{
    if (!w)
        return;
    free(w->score);
    nps_topk_done(&w->top);
    nps_pair_scratch_done(&w->pairs);
    nps_fft_release(w->lag_buffer);
    free(w->ir_bound);
    free(w);
}

nps_status nps_workspace_fit(nps_workspace *w, size_t n, nps_err *err)
{
    if (n <= w->score_cap)
        return NPS_OK;
    double *score = nps_array(n, sizeof *score);
    if (!score)
        return nps_fail_nomem(err);
    free(w->score);
    w->score = score;
    w->score_cap = n;
    return NPS_OK;
}

bool nps_filter_passes(const nps_library *lib, const nps_filter *f, uint32_t e)
{
    if (e == f->self)
        return false;
    if (f->polarity && lib->entry_polarity[e] && lib->entry_polarity[e] != f->polarity)
        return false;
    return !(f->contributor != UINT32_MAX && lib->entry_substance[e] == f->substance &&
             lib->entry_contributor[e] == f->contributor);
}

static nps_status begin(const nps_library *lib, size_t k, nps_workspace *w, nps_err *err)
{
    nps_status st = nps_workspace_fit(w, lib->n_entry, err);
    return st == NPS_OK ? nps_topk_reset(&w->top, k, err) : st;
}

/* Takes the k best of w->score and leaves the scores at zero for the next search. */
static void harvest(const nps_library *lib, const nps_filter *f, nps_workspace *w)
{
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        double s = w->score[e];
        if (s <= 0)
            continue;
        w->score[e] = 0;
        if (s >= nps_topk_floor(&w->top) && nps_filter_passes(lib, f, e))
            nps_topk_add(&w->top, s > 1 ? 1 : s, e);
    }
    nps_topk_sort(&w->top);
}

nps_status nps_search_ei(const nps_library *lib, const uint32_t *bin, const float *weight, size_t n, const nps_filter *f,
                         size_t k, nps_workspace *w, nps_err *err)
{
    nps_status st = begin(lib, k, w, err);
    if (st != NPS_OK)
        return st;
    double *score = w->score;
    for (size_t i = 0; i < n; i++) {
        double q = (double)weight[i];
        const uint32_t *entry = lib->ei_entry;
        const float *posting = lib->ei_weight;
        for (uint64_t p = lib->ei_bin_at[bin[i]], end = lib->ei_bin_at[bin[i] + 1]; p < end; p++)
            score[entry[p]] += q * (double)posting[p];
    }
    harvest(lib, f, w);
    return NPS_OK;
}

static uint64_t first_at_least(const double *ascending, uint64_t n, double v)
{
    uint64_t low = 0;
    while (low < n) {
        uint64_t mid = low + (n - low) / 2;
        if (ascending[mid] < v)
            low = mid + 1;
        else
            n = mid;
    }
    return low;
}

nps_status nps_search_open(const nps_library *lib, nps_peak_view q, double tol_mz, const nps_filter *f, size_t k,
                           nps_workspace *w, nps_err *err)
{
    nps_status st = begin(lib, k, w, err);
    if (st != NPS_OK)
        return st;
    double *score = w->score;
    for (size_t i = 0; i < q.n; i++) {
        double x = (double)q.intensity[i], fx = nps_xlog2x(x);
        uint64_t p = first_at_least(lib->fragment_mz, lib->n_clean, q.mz[i] - tol_mz);
        for (; p < lib->n_clean && lib->fragment_mz[p] - q.mz[i] <= tol_mz; p++) {
            double y = (double)lib->fragment_weight[p];
            score[lib->fragment_entry[p]] += 0.5 * (nps_xlog2x(x + y) - fx - nps_xlog2x(y));
        }
    }
    harvest(lib, f, w);
    return NPS_OK;
}

bool nps_is_unit_mass(double mz)
{
    return fabs(mz * 10 - nearbyint(mz * 10)) < 1e-5;
}

bool nps_is_unit_resolution(nps_peak_view p)
{
    size_t i = 0;
    while (i < p.n && nps_is_unit_mass(p.mz[i]))
        i++;
    return i == p.n;
}

nps_status nps_search_window(const nps_library *lib, nps_peak_view q, double precursor, double tol_precursor,
                             double tol_mz, const nps_filter *f, size_t k, nps_workspace *w, nps_err *err)
{
    nps_status st = begin(lib, k, w, err);
    if (st != NPS_OK)
        return st;
    bool unit = nps_is_unit_resolution(q);
    uint64_t p = first_at_least(lib->precursor_mz, lib->n_precursor, precursor - tol_precursor);
    for (; p < lib->n_precursor && lib->precursor_mz[p] - precursor <= tol_precursor; p++) {
        uint32_t e = lib->precursor_entry[p];
        if (!nps_filter_passes(lib, f, e))
            continue;
        nps_peak_view r = nps_library_clean_row(lib, e);
        double tol = unit || nps_is_unit_resolution(r) ? NPS_UNIT_TOL : tol_mz;
        nps_topk_add(&w->top, nps_entropy_similarity(q, r, tol, NULL), e);
    }
    nps_topk_sort(&w->top);
    return NPS_OK;
}

/* Entropy gain of matching x with y. */
static double gain(float x, float y)
{
    double a = (double)x, b = (double)y;
    return 0.5 * (nps_xlog2x(a + b) - nps_xlog2x(a) - nps_xlog2x(b));
}

double nps_hybrid_similarity(nps_peak_view q, nps_peak_view r, double shift, double tol_mz, uint32_t *opt_direct,
                             uint32_t *opt_shifted)
{
    double sum = 0;
    uint32_t direct = 0, shifted = 0;
    size_t j = 0, k = 0;
    bool with_shift = shift > tol_mz || shift < -tol_mz;
    for (size_t i = 0; i < q.n; i++) {
        while (j < r.n && r.mz[j] < q.mz[i] - tol_mz)
            j++;
        while (k < r.n && r.mz[k] + shift < q.mz[i] - tol_mz)
            k++;
        if (j < r.n && r.mz[j] <= q.mz[i] + tol_mz) {
            sum += gain(q.intensity[i], r.intensity[j]);
            direct++;
        } else if (with_shift && k < r.n && r.mz[k] + shift <= q.mz[i] + tol_mz) {
            sum += gain(q.intensity[i], r.intensity[k]);
            shifted++;
        }
    }
    if (opt_direct)
        *opt_direct = direct;
    if (opt_shifted)
        *opt_shifted = shifted;
    return sum > 1 ? 1 : sum < 0 ? 0 : sum;
}

nps_status nps_search_hybrid(const nps_library *lib, nps_peak_view q, double precursor, double tol_mz,
                             const nps_filter *f, size_t k, nps_workspace *w, nps_err *err)
{
    nps_status st = begin(lib, k, w, err);
    if (st != NPS_OK)
        return st;
    for (uint64_t p = 0; p < lib->n_precursor; p++) {
        uint32_t e = lib->precursor_entry[p];
        if (!nps_filter_passes(lib, f, e))
            continue;
        double s = nps_hybrid_similarity(q, nps_library_clean_row(lib, e), precursor - lib->precursor_mz[p], tol_mz,
                                         NULL, NULL);
        if (s > 0)
            nps_topk_add(&w->top, s, e);
    }
    nps_topk_sort(&w->top);
    return NPS_OK;
}

/* Entropy similarity of two nominal lists, each weighted; the copies keep the callers' lists as they are. */
static nps_status nominal_entropy(nps_peak_view q, nps_peak_view r, double *ret, nps_err *err)
{
    NPS_AUTO_MEM(float *) wq = nps_array(q.n, sizeof *wq);
    NPS_AUTO_MEM(float *) wr = nps_array(r.n, sizeof *wr);
    if (!wq || !wr)
        return nps_fail_nomem(err);
    nps_entropy_weight(q.intensity, q.n, wq);
    nps_entropy_weight(r.intensity, r.n, wr);
    *ret = nps_entropy_similarity((nps_peak_view){q.mz, wq, q.n}, (nps_peak_view){r.mz, wr, r.n}, 0.1, NULL);
    return NPS_OK;
}

static nps_status plain_nominal(const nps_library *lib, uint32_t e, nps_peak_view q, nps_plain_score score, double *ret,
                                nps_err *err)
{
    nps_peaks r;
    nps_status st = nps_clean_nominal(nps_library_peak_row(lib, e), &r, err);
    if (st != NPS_OK)
        return st;
    if (score == NPS_SCORE_COMPOSITE)
        *ret = nps_nominal_compare(q, nps_peaks_view(&r), NPS_EI_MZ_POWER, NPS_EI_INTENSITY_POWER).composite;
    else
        st = nominal_entropy(q, nps_peaks_view(&r), ret, err);
    nps_peaks_done(&r);
    return st;
}

nps_status nps_search_plain(const nps_library *lib, nps_peak_view q, nps_plain_score score, double precursor,
                            double tol_mz, const nps_filter *f, size_t k, nps_workspace *w, nps_err *err)
{
    bool ei = score == NPS_SCORE_COMPOSITE || score == NPS_SCORE_NOMINAL_ENTROPY;
    nps_status st = nps_topk_reset(&w->top, k, err);
    for (uint32_t e = 0; e < lib->n_entry && st == NPS_OK; e++) {
        uint8_t t = lib->entry_technique[e];
        if ((ei ? t != NPS_TECH_EI : t != NPS_TECH_MSMS && t != NPS_TECH_DART) || !nps_filter_passes(lib, f, e))
            continue;
        double s = 0;
        uint32_t matched;
        nps_cosine_options o = {.tol_mz = tol_mz, .intensity_power = 0.5};
        if (score == NPS_SCORE_MODIFIED_COSINE && lib->entry_precursor[e] > 0)
            o.shift = precursor - lib->entry_precursor[e];
        if (ei)
            st = plain_nominal(lib, e, q, score, &s, err);
        else
            st = nps_cosine_greedy(q, nps_library_peak_row(lib, e), &o, &w->pairs, &s, &matched, err);
        if (st == NPS_OK && s > 0)
            nps_topk_add(&w->top, s, e);
    }
    nps_topk_sort(&w->top);
    return st;
}
