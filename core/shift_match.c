#include "core/shift_match.h"

#include "core/similarity.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static double power(double x, double p)
{
    return p == 0 ? 1 : p == 1 ? x : p == 0.5 ? sqrt(x) : pow(x, p);
}

void nps_nominal_row_set(nps_nominal_row *row, const double *mz, const float *intensity, size_t n, double mz_power,
                         double intensity_power, unsigned lowest)
{
    for (size_t i = 0; i < row->n; i++)
        row->padded[NPS_LAG_MAX + row->bin[i]] = 0;
    row->n = 0;
    double squares = 0;
    for (size_t i = 0; i < n;) {
        double at = mz[i];
        if (at >= NPS_NOMINAL_BINS)
            break;
        uint32_t bin = nps_nominal_bin(at);
        double sum = 0;
        for (; i < n && mz[i] < NPS_NOMINAL_BINS && nps_nominal_bin(mz[i]) == bin; i++)
            sum += (double)intensity[i];
        if (bin < 1 || bin < lowest || bin >= NPS_NOMINAL_BINS)
            continue;
        double w = power(bin, mz_power) * power(sum, intensity_power);
        row->bin[row->n++] = (uint16_t)bin;
        row->padded[NPS_LAG_MAX + bin] = w;
        squares += w * w;
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (size_t i = 0; i < row->n; i++)
        row->padded[NPS_LAG_MAX + row->bin[i]] *= scale;
}

double nps_nominal_dot(const nps_nominal_row *q, const nps_nominal_row *r)
{
    return nps_nominal_correlation(q, r, 0);
}

double nps_nominal_correlation(const nps_nominal_row *q, const nps_nominal_row *r, int lag)
{
    double sum = 0;
    for (size_t i = 0; i < q->n; i++)
        sum += nps_bin_weight(q, q->bin[i]) * nps_bin_weight(r, q->bin[i] - lag);
    return sum;
}

/* Not fmax, which is a call here and asks for NaN. */
static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

/* A path goes r[m - lag], q[m], r[m], q[m + lag], ... and breaks where the query has no peak. */
static inline nps_path_state step(nps_path_state before, double shifted, double direct)
{
    double with_q = larger(before.with_r, before.with_q + shifted);
    return (nps_path_state){with_q, larger(with_q, before.with_r + direct)};
}

/* For lag > 0; a negative one is the positive one with the spectra exchanged. State of bin m at NPS_LAG_MAX + m; all zero at
 * first, so that a path begins where the query has no peak one lag below. */
static double walk(const nps_nominal_row *q, const nps_nominal_row *r, int lag, nps_path_state *states)
{
    double total = 0;
    for (size_t i = 0; i < q->n; i++) {
        int m = q->bin[i];
        double w = nps_bin_weight(q, m);
        nps_path_state before = states[NPS_LAG_MAX + m - lag];
        nps_path_state here = step(before, w * nps_bin_weight(r, m - lag), w * nps_bin_weight(r, m));
        states[NPS_LAG_MAX + m] = here;
        total += here.with_r - before.with_r;
    }
    return total;
}

double nps_shift_match(const nps_nominal_row *q, const nps_nominal_row *r, int lag, nps_shift_scratch *s)
{
    const nps_nominal_row *a = lag > 0 ? q : r;
    double score = lag > 0 ? walk(q, r, lag, s->state) : walk(r, q, -lag, s->state);
    for (size_t i = 0; i < a->n; i++)
        s->state[NPS_LAG_MAX + a->bin[i]] = (nps_path_state){0, 0};
    return score;
}

double nps_shift_bound(const nps_nominal_row *q, const nps_nominal_row *r, int lag)
{
    double sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        int m = q->bin[i];
        sum += nps_bin_weight(q, m) * larger(nps_bin_weight(r, m), nps_bin_weight(r, m - lag));
    }
    return sum * (1 + 1e-12); /* the combined score adds up in another order */
}

static int by_query_bin(const void *a, const void *b)
{
    const nps_shift_pair *x = a, *y = b;
    return x->q < y->q ? -1 : x->q > y->q;
}

size_t nps_shift_pairs(const nps_nominal_row *q, const nps_nominal_row *r, int lag, nps_shift_scratch *s,
                       nps_shift_pair *ret_pairs)
{
    bool done[NPS_NOMINAL_BINS] = {false};
    const nps_nominal_row *a = lag > 0 ? q : r, *b = lag > 0 ? r : q;
    int up = lag > 0 ? lag : -lag;
    size_t n = 0;
    walk(a, b, up, s->state);
    /* Back along each path from its end: the last choice that reached the sum. */
    for (size_t i = a->n; i-- > 0;) {
        int m = a->bin[i];
        if (done[m])
            continue;
        bool r_is_free = true; /* whether b[m] may still be used */
        for (; m >= 0 && nps_bin_weight(a, m) > 0; m -= up) {
            done[m] = true;
            nps_path_state before = s->state[NPS_LAG_MAX + m - up], here = s->state[NPS_LAG_MAX + m];
            int other = -1;
            if (r_is_free && nps_bin_weight(b, m) > 0 && here.with_r > here.with_q)
                other = m;
            else if (nps_bin_weight(b, m - up) > 0 && here.with_q > before.with_r)
                other = m - up;
            r_is_free = other != m - up;
            if (other < 0)
                continue;
            ret_pairs[n] = (nps_shift_pair){.product = nps_bin_weight(a, m) * nps_bin_weight(b, other)};
            ret_pairs[n].q = (uint16_t)(lag > 0 ? m : other);
            ret_pairs[n++].r = (uint16_t)(lag > 0 ? other : m);
        }
    }
    for (size_t i = 0; i < a->n; i++)
        s->state[NPS_LAG_MAX + a->bin[i]] = (nps_path_state){0, 0};
    if (n > 1)
        qsort(ret_pairs, n, sizeof *ret_pairs, by_query_bin);
    return n;
}
