#include "reference-lib/lag.h"

#include "reference-lib/bounded.h"
#include "reference-lib/index.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const nps_library *lib;
    const nps_filter *f;
    nps_nominal_row row;
    nps_lag_query *query;
    nps_lag_scratch *fft[NPS_THREADS_MAX];
    nps_workspace *w;
} job;

static nps_lag_row stored_row(const nps_library *lib, uint32_t e)
{
    uint64_t at = lib->lag_at[e];
    return (nps_lag_row){lib->lag_group + at, lib->lag_code + at, lib->lag_at[e + 1] - at, lib->lag_scale[e]};
}

void nps_lag_row_set(nps_nominal_row *row, nps_peak_view p)
{
    nps_nominal_row_set(row, p.mz, p.intensity, p.n, NPS_LAG_MZ_POWER, NPS_LAG_INTENSITY_POWER, NPS_LAG_LOWEST_BIN);
}

/* --- one entry in full ------------------------------------------------------------------------------------------------ */

/* Whether a lag comes before another of the same score. */
static bool is_simpler(int lag, int other)
{
    int a = abs(lag), b = abs(other);
    return !other || a < b || (a == b && lag > other);
}

/* Takes a lag whose score is larger, or as large and the lag simpler. */
static void try_lag(const job *j, nps_thread_scratch *s, int lag, double least, nps_lag_hit *best)
{
    if (nps_shift_bound(&j->row, &s->row, lag) < fmax(least, best->score))
        return;
    double score = nps_shift_match(&j->row, &s->row, lag, &s->walk);
    if (score < least || score < best->score || (score == best->score && !is_simpler(lag, best->lag)))
        return;
    best->score = score;
    best->lag = lag;
}

/* The entry's best lag, if its score reaches `floor_score`; lag 0 otherwise. */
static nps_lag_hit compare(const job *j, uint32_t e, double floor_score, unsigned thread)
{
    nps_thread_scratch *s = j->w->scratch[thread];
    float bound[NPS_LAGS];
    nps_lag_hit hit = {.entry = e};
    nps_lag_row_set(&s->row, nps_library_peak_row(j->lib, e));
    hit.plain = nps_nominal_dot(&j->row, &s->row);
    double least = fmax(floor_score, hit.plain + NPS_LAG_GAIN);
    nps_lag_bound(j->query, stored_row(j->lib, e), j->fft[thread], bound);
    /* The most promising lag first: its score rules out most others. */
    int top = -NPS_LAG_MAX;
    bound[NPS_LAG_MAX] = 0;
    for (int lag = -NPS_LAG_MAX; lag <= NPS_LAG_MAX; lag++)
        if (bound[lag + NPS_LAG_MAX] > bound[top + NPS_LAG_MAX])
            top = lag;
    if ((double)bound[top + NPS_LAG_MAX] < least)
        return hit;
    try_lag(j, s, top, least, &hit);
    for (int lag = -NPS_LAG_MAX; lag <= NPS_LAG_MAX; lag++) {
        double b = (double)bound[lag + NPS_LAG_MAX];
        if (b >= least && b >= hit.score && lag != top && lag)
            try_lag(j, s, lag, least, &hit);
    }
    return hit;
}

/* --- the library --------------------------------------------------------------------------------------------------------- */

enum { CHUNK = 2048 };

static void bound_chunk(void *arg, unsigned thread, size_t item)
{
    job *j = arg;
    uint64_t end = (item + 1) * (uint64_t)CHUNK;
    if (end > j->lib->n_entry)
        end = j->lib->n_entry;
    for (uint32_t e = (uint32_t)(item * CHUNK); e < end; e++) {
        bool counts = j->lib->entry_technique[e] == NPS_TECH_EI && nps_filter_passes(j->lib, j->f, e);
        j->w->bound[e] = counts ? nps_lag_bound(j->query, stored_row(j->lib, e), j->fft[thread], NULL) : -1;
    }
}

/* nps_entry_compare */
static double compare_entry(void *arg, unsigned thread, uint32_t e, double floor_score)
{
    return compare(arg, e, floor_score, thread).score;
}

static unsigned largest(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static nps_status prepare(job *j, const nps_peaks *q, nps_lag_method method, size_t k, nps_err *err)
{
    nps_workspace *w = j->w;
    nps_status st = nps_workspace_ready(w, 1, k, err);
    if (st == NPS_OK)
        st = nps_bounded_fit(w, j->lib->n_entry, err);
    if (st != NPS_OK)
        return st;
    nps_lag_row_set(&j->row, nps_peaks_view(q));
    unsigned top_bin = 1;
    for (uint64_t e = 0; method == NPS_LAG_FFT && e < j->lib->n_entry; e++)
        if (j->lib->lag_at[e + 1] > j->lib->lag_at[e])
            top_bin = largest(top_bin, 4U * j->lib->lag_group[j->lib->lag_at[e + 1] - 1] + 4);
    st = nps_lag_query_new(&j->row, method, top_bin, &j->query, err);
    for (unsigned t = 0; t < w->threads && st == NPS_OK; t++)
        st = nps_lag_scratch_new(j->query, &j->fft[t], err);
    return st;
}

nps_status nps_search_lag_by(const nps_library *lib, const nps_peaks *q, const nps_filter *f, size_t k,
                             nps_lag_method method, nps_workspace *w, nps_lag_hit *ret_hits, size_t *ret_n, nps_err *err)
{
    NPS_AUTO_MEM(job *) j = nps_array(1, sizeof *j);
    if (!j)
        return nps_fail_nomem(err);
    j->lib = lib;
    j->f = f;
    j->w = w;
    nps_status st = prepare(j, q, method, k, err);
    if (st == NPS_OK) {
        nps_parallel(w->threads, (lib->n_entry + CHUNK - 1) / CHUNK, bound_chunk, j);
        st = nps_bounded_top(w, lib->n_entry, k, compare_entry, j, err);
    }
    if (st == NPS_OK) {
        for (size_t i = 0; i < w->top.n; i++)
            ret_hits[i] = compare(j, w->top.item[i].index, 0, 0);
        *ret_n = w->top.n;
    }
    for (unsigned t = 0; t < w->threads; t++)
        nps_lag_scratch_free(j->fft[t]);
    nps_lag_query_free(j->query);
    return st;
}

nps_status nps_search_lag(const nps_library *lib, const nps_peaks *q, const nps_filter *f, size_t k, nps_workspace *w,
                          nps_lag_hit *ret_hits, size_t *ret_n, nps_err *err)
{
    return nps_search_lag_by(lib, q, f, k, nps_lag_method_best(), w, ret_hits, ret_n, err);
}

size_t nps_lag_pairs(const nps_library *lib, const nps_peaks *q, const nps_lag_hit *hit, nps_workspace *w,
                     nps_shift_pair *ret_pairs)
{
    nps_nominal_row query = {.n = 0};
    nps_thread_scratch *s = w->scratch[0];
    nps_lag_row_set(&query, nps_peaks_view(q));
    nps_lag_row_set(&s->row, nps_library_peak_row(lib, hit->entry));
    return nps_shift_pairs(&query, &s->row, hit->lag, &s->walk, ret_pairs);
}
