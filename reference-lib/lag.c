#include "reference-lib/lag.h"

#include "core/fft.h"
#include "reference-lib/backing.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LAGS_TRIED = 3 };

/* Transforms of all EI entries of one generation. */
typedef struct {
    nps_fft *fft;
    size_t n, bins;     /* transform size, complex bins in a row */
    size_t stride;      /* from row to row: bins rounded up to 64 bytes, the alignment that the plan was made with */
    size_t n_row;
    uint32_t *entry;    /* [n_row] */
    float complex *row; /* [n_row][stride], scaled so that the correlation of a spectrum with itself peaks at 1 */
} lag_index;

static void lag_index_free(void *p)
{
    lag_index *x = p;
    if (!x)
        return;
    nps_fft_free(x->fft);
    free(x->entry);
    nps_fft_release(x->row);
    free(x);
}
static void lag_index_freep(lag_index **x) { lag_index_free(*x); }

/* Square roots of intensity, unit norm, on the bins that can match; the rest zero. */
static void spread(const nps_peaks *p, size_t n, double scale, float *out)
{
    double limit = (double)(n - NPS_LAG_MAX);
    double sum = 0;
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < p->n; i++)
        sum += (double)p->intensity[i];
    for (size_t i = 0; i < p->n && p->mz[i] < limit; i++)
        out[(size_t)p->mz[i]] = (float)(scale * sqrt((double)p->intensity[i] / sum));
}

static nps_status fill_rows(const nps_library *lib, lag_index *x, nps_err *err)
{
    float *line = nps_fft_alloc(x->n);
    nps_status st = line ? NPS_OK : nps_fail_nomem(err);
    size_t r = 0;
    for (uint32_t e = 0; e < lib->n_entry && st == NPS_OK; e++) {
        if (lib->entry_technique[e] != NPS_TECH_EI)
            continue;
        nps_peaks p;
        st = nps_clean_nominal(nps_library_peak_row(lib, e), &p, err);
        if (st != NPS_OK)
            break;
        spread(&p, x->n, 1.0 / (double)x->n, line);
        nps_fft_forward(x->fft, line, x->row + r * x->stride);
        x->entry[r++] = e;
        nps_peaks_done(&p);
    }
    nps_fft_release(line);
    return st;
}

static nps_status make_index(const nps_library *lib, lag_index **ret_index, nps_err *err)
{
    __attribute__((cleanup(lag_index_freep))) lag_index *x = nps_array(1, sizeof *x);
    if (!x)
        return nps_fail_nomem(err);
    size_t top = 1;
    for (size_t b = 0; b < NPS_EI_BINS; b++)
        if (lib->ei_bin_at[b + 1] > lib->ei_bin_at[b])
            top = b + 1;
    for (uint64_t e = 0; e < lib->n_entry; e++)
        x->n_row += lib->entry_technique[e] == NPS_TECH_EI;
    /* A query peak beyond top + NPS_LAG_MAX matches nothing within the lags; with the largest lag once more as room, the
     * circular correlation cannot wrap into the lags that are looked at. */
    x->n = nps_fft_good_size(top + 2 * NPS_LAG_MAX + 1);
    nps_status st = nps_fft_new(x->n, &x->fft, err);
    if (st != NPS_OK)
        return st;
    x->bins = nps_fft_bins(x->fft);
    x->stride = (x->bins + 7) / 8 * 8;
    x->entry = nps_array(x->n_row, sizeof *x->entry);
    x->row = (float complex *)(void *)nps_fft_alloc(2 * x->stride * (x->n_row ? x->n_row : 1));
    if (!x->entry || !x->row)
        return nps_fail_nomem(err);
    st = fill_rows(lib, x, err);
    if (st == NPS_OK)
        *ret_index = nps_steal(x);
    return st;
}

static nps_status get_index(const nps_library *lib, const lag_index **ret_index, nps_err *err)
{
    struct nps_library_backing *b = lib->backing;
    nps_status st = NPS_OK;
    pthread_mutex_lock(&b->lock);
    if (!b->derived) {
        lag_index *x = NULL;
        st = make_index(lib, &x, err);
        b->derived = x;
        b->derived_free = lag_index_free;
    }
    *ret_index = b->derived;
    pthread_mutex_unlock(&b->lock);
    return st;
}

static float at_lag(const float *c, size_t n, int lag)
{
    return c[lag >= 0 ? (size_t)lag : n - (size_t)-lag];
}

/* Mean over the looked-at lags: what two spectra share by chance. */
static float background(const float *c, size_t n)
{
    float sum = 0;
    for (size_t i = 1; i <= NPS_LAG_MAX; i++)
        sum += c[i] + c[n - i];
    return sum / (2 * NPS_LAG_MAX);
}

static float best_other_lag(const float *c, size_t n)
{
    float best = 0;
    for (size_t i = 1; i <= NPS_LAG_MAX; i++) {
        best = c[i] > best ? c[i] : best;
        best = c[n - i] > best ? c[n - i] : best;
    }
    return best;
}

static void correlate(const lag_index *x, const float complex *query, size_t row, float complex *product, float *c)
{
    nps_fft_conj_multiply(x->row + row * x->stride, query, x->bins, product);
    nps_fft_inverse(x->fft, product, c);
}

static void three_best_lags(const float *c, size_t n, int lags[static LAGS_TRIED])
{
    float best[LAGS_TRIED] = {0};
    for (int lag = -NPS_LAG_MAX; lag <= NPS_LAG_MAX; lag++) {
        float v = lag ? at_lag(c, n, lag) : 0;
        for (int k = 0; k < LAGS_TRIED; k++) {
            if (v <= best[k])
                continue;
            for (int m = LAGS_TRIED - 1; m > k; m--) {
                best[m] = best[m - 1];
                lags[m] = lags[m - 1];
            }
            best[k] = v;
            lags[k] = lag;
            break;
        }
    }
}

/* Scores one entry at its best lags with each peak used once; lag 0 in the hit when none adds enough. */
static nps_status score_entry(const nps_library *lib, const nps_peaks *q, uint32_t e, const int *lags, nps_workspace *w,
                              nps_lag_hit *ret_hit, nps_err *err)
{
    nps_peaks r;
    nps_status st = nps_clean_nominal(nps_library_peak_row(lib, e), &r, err);
    if (st != NPS_OK)
        return st;
    nps_lag_hit hit = {.entry = e};
    nps_cosine_options o = {.tol_mz = 0.1, .intensity_power = 0.5};
    double plain, score;
    uint32_t direct, both;
    st = nps_cosine_greedy(nps_peaks_view(q), nps_peaks_view(&r), &o, &w->pairs, &plain, &direct, err);
    for (int k = 0; k < LAGS_TRIED && lags[k] && st == NPS_OK; k++) {
        o.shift = lags[k];
        st = nps_cosine_greedy(nps_peaks_view(q), nps_peaks_view(&r), &o, &w->pairs, &score, &both, err);
        if (st == NPS_OK && score > hit.score && score >= plain + NPS_LAG_GAIN) {
            hit.score = score;
            hit.lag = lags[k];
            hit.direct = direct < both ? direct : both;
            hit.shifted = both - hit.direct;
        }
    }
    nps_peaks_done(&r);
    if (st == NPS_OK)
        *ret_hit = hit;
    return st;
}

static int best_hit_first(const void *a, const void *b)
{
    const nps_lag_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static nps_status rescore(const nps_library *lib, const lag_index *x, const nps_peaks *q, const float complex *query,
                          float complex *product, float *c, size_t k, nps_workspace *w, nps_lag_hit *ret_hits,
                          size_t *ret_n, nps_err *err)
{
    NPS_AUTO_MEM(nps_lag_hit *) hits = nps_array(w->top.n, sizeof *hits);
    if (!hits)
        return nps_fail_nomem(err);
    size_t n = 0;
    for (size_t i = 0; i < w->top.n; i++) {
        uint32_t row = w->top.item[i].index;
        int lags[LAGS_TRIED] = {0};
        correlate(x, query, row, product, c);
        three_best_lags(c, x->n, lags);
        nps_status st = score_entry(lib, q, x->entry[row], lags, w, &hits[n], err);
        if (st != NPS_OK)
            return st;
        n += hits[n].lag != 0;
    }
    if (n)
        qsort(hits, n, sizeof *hits, best_hit_first);
    *ret_n = n < k ? n : k;
    memcpy(ret_hits, hits, *ret_n * sizeof *hits);
    return NPS_OK;
}

nps_status nps_search_lag(const nps_library *lib, const nps_peaks *q, const nps_filter *f, size_t k, nps_workspace *w,
                          nps_lag_hit *ret_hits, size_t *ret_n, nps_err *err)
{
    const lag_index *x;
    nps_status st = get_index(lib, &x, err);
    if (st == NPS_OK)
        st = nps_topk_reset(&w->top, 4 * k < 64 ? 64 : 4 * k, err);
    if (st != NPS_OK)
        return st;
    size_t padded_n = (x->n + 15) / 16 * 16, padded_bins = (2 * x->bins + 15) / 16 * 16;
    size_t need = padded_n + 2 * padded_bins;
    if (need > w->lag_cap) {
        nps_fft_release(w->lag_buffer);
        w->lag_buffer = nps_fft_alloc(need);
        w->lag_cap = w->lag_buffer ? need : 0;
        if (!w->lag_buffer)
            return nps_fail_nomem(err);
    }
    /* Each part begins on a multiple of 64 bytes and so has the alignment that the plan was made with. */
    float *line = w->lag_buffer;
    float complex *query = (float complex *)(void *)(line + padded_n);
    float complex *product = (float complex *)(void *)(line + padded_n + padded_bins);
    spread(q, x->n, 1, line);
    nps_fft_forward(x->fft, line, query);
    for (uint32_t r = 0; r < x->n_row; r++) {
        if (!nps_filter_passes(lib, f, x->entry[r]))
            continue;
        correlate(x, query, r, product, line);
        float b = background(line, x->n);
        nps_topk_add(&w->top, (double)(line[0] + best_other_lag(line, x->n) - 2 * b), r);
    }
    nps_topk_sort(&w->top);
    return rescore(lib, x, q, query, product, line, k, w, ret_hits, ret_n, err);
}
