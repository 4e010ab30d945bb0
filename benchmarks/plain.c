#include "benchmarks/plain.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* One walk by rising m/z: of a peak and the kept one before it that are closer than min_gap the stronger stays. */
static size_t thin(double *mz, float *intensity, size_t n, double min_gap)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool stays = true;
        while (kept > 0 && mz[i] - mz[kept - 1] < min_gap && stays) {
            if (intensity[kept - 1] < intensity[i])
                kept--;
            else
                stays = false;
        }
        if (!stays)
            continue;
        mz[kept] = mz[i];
        intensity[kept++] = intensity[i];
    }
    return kept;
}

void bench_plain_entropy_weights(bench_spectra *s, double min_gap)
{
    uint64_t at = 0;
    for (size_t i = 0; i < s->n; i++) {
        uint64_t from = s->off[i];
        size_t n = thin(s->mz + from, s->intensity + from, (size_t)(s->off[i + 1] - from), min_gap);
        memmove(s->mz + at, s->mz + from, n * sizeof *s->mz);
        memmove(s->intensity + at, s->intensity + from, n * sizeof *s->intensity);
        nps_entropy_weight(s->intensity + at, n, s->intensity + at);
        s->off[i] = at;
        at += n;
    }
    s->off[s->n] = at;
}

void bench_plain_cosine_weights(bench_spectra *s, double mz_power, double intensity_power)
{
    for (size_t i = 0; i < s->n; i++) {
        double sum = 0;
        for (uint64_t k = s->off[i]; k < s->off[i + 1]; k++) {
            s->intensity[k] = (float)(pow(s->mz[k], mz_power) * pow((double)s->intensity[k], intensity_power));
            sum += (double)s->intensity[k] * (double)s->intensity[k];
        }
        for (uint64_t k = s->off[i]; k < s->off[i + 1]; k++)
            s->intensity[k] = (float)((double)s->intensity[k] / sqrt(sum));
    }
}

static void offer(nps_topk *best, double score, size_t row)
{
    if (score > 0)
        nps_topk_add(best, score, (uint32_t)row);
}

void bench_plain_entropy(const bench_spectra *lib, nps_peak_view q, double tol_mz, nps_topk *best)
{
    for (size_t i = 0; i < lib->n; i++)
        offer(best, nps_entropy_similarity(q, bench_spectra_row(lib, i), tol_mz, NULL), i);
    nps_topk_sort(best);
}

static double gain(float x, float y)
{
    double a = (double)x, b = (double)y;
    return 0.5 * (nps_xlog2x(a + b) - nps_xlog2x(a) - nps_xlog2x(b));
}

static double hybrid(nps_peak_view q, nps_peak_view r, double shift, double tol_mz)
{
    double sum = 0;
    size_t j = 0, k = 0;
    bool moves = fabs(shift) > tol_mz;
    for (size_t i = 0; i < q.n; i++) {
        while (j < r.n && r.mz[j] < q.mz[i] - tol_mz)
            j++;
        while (k < r.n && r.mz[k] + shift < q.mz[i] - tol_mz)
            k++;
        if (j < r.n && r.mz[j] <= q.mz[i] + tol_mz)
            sum += gain(q.intensity[i], r.intensity[j]);
        else if (moves && k < r.n && r.mz[k] + shift <= q.mz[i] + tol_mz)
            sum += gain(q.intensity[i], r.intensity[k]);
    }
    return fmin(sum, 1);
}

void bench_plain_hybrid(const bench_spectra *lib, nps_peak_view q, double precursor, double tol_mz, nps_topk *best)
{
    for (size_t i = 0; i < lib->n; i++)
        offer(best, hybrid(q, bench_spectra_row(lib, i), precursor - lib->precursor[i], tol_mz), i);
    nps_topk_sort(best);
}

static double cosine(nps_peak_view q, nps_peak_view r)
{
    double sum = 0;
    for (size_t i = 0, j = 0; i < q.n && j < r.n;) {
        if (q.mz[i] < r.mz[j])
            i++;
        else if (q.mz[i] > r.mz[j])
            j++;
        else
            sum += (double)q.intensity[i++] * (double)r.intensity[j++];
    }
    return sum;
}

void bench_plain_cosine(const bench_spectra *lib, nps_peak_view q, nps_topk *best)
{
    for (size_t i = 0; i < lib->n; i++)
        offer(best, cosine(q, bench_spectra_row(lib, i)), i);
    nps_topk_sort(best);
}

void bench_plain_correlation(nps_peak_view q, nps_peak_view r, double ret_c[2 * BENCH_PLAIN_LAG_MAX + 1])
{
    memset(ret_c, 0, (2 * BENCH_PLAIN_LAG_MAX + 1) * sizeof *ret_c);
    for (size_t i = 0; i < q.n; i++)
        for (size_t j = 0; j < r.n; j++) {
            int lag = (int)q.mz[i] - (int)r.mz[j];
            if (lag >= -BENCH_PLAIN_LAG_MAX && lag <= BENCH_PLAIN_LAG_MAX)
                ret_c[BENCH_PLAIN_LAG_MAX + lag] += (double)q.intensity[i] * (double)r.intensity[j];
        }
}

/* Weights are made already: rows take them as they are. */
static void set_row(nps_nominal_row *row, nps_peak_view p)
{
    nps_nominal_row_set(row, p.mz, p.intensity, p.n, 0, 1, 1);
}

void bench_plain_lags(const bench_spectra *lib, nps_peak_view q, nps_topk *best)
{
    static _Thread_local nps_nominal_row a, b;
    static _Thread_local nps_shift_scratch scratch;
    double c[2 * BENCH_PLAIN_LAG_MAX + 1];
    set_row(&a, q);
    for (size_t i = 0; i < lib->n; i++) {
        nps_peak_view r = bench_spectra_row(lib, i);
        bench_plain_correlation(q, r, c);
        set_row(&b, r);
        double direct = c[BENCH_PLAIN_LAG_MAX], most = 0;
        for (int lag = -BENCH_PLAIN_LAG_MAX; lag <= BENCH_PLAIN_LAG_MAX; lag++)
            if (lag && c[BENCH_PLAIN_LAG_MAX + lag] > 0 && direct + c[BENCH_PLAIN_LAG_MAX + lag] > most) {
                double score = nps_shift_match(&a, &b, lag, &scratch);
                most = score > most && score >= direct + BENCH_PLAIN_LAG_GAIN ? score : most;
            }
        offer(best, most, i);
    }
    nps_topk_sort(best);
}
