#include "core/agreement.h"

#include "core/mem.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Intensity below which a difference counts no more, in units of the base peak; ratios of peaks above 1 % count. */
static const double ratio_floor = 0.003, strong = 0.01;
static const double reach_cap = 30;
enum { LAG_MAX = 60, MOLECULAR_ISOTOPES = 3 };

void nps_agreement_scratch_done(nps_agreement_scratch *s)
{
    free(s->mz);
    free(s->dense_a);
    free(s->dense_b);
    *s = (nps_agreement_scratch){0};
}

/* One block of columns. */
static nps_status fit(nps_agreement_scratch *s, size_t n, nps_err *err)
{
    enum { COLUMNS = 5 };
    if (s->cap >= n)
        return NPS_OK;
    size_t cap = n + n / 2 + 64;
    double *block = nps_array(cap, COLUMNS * sizeof *block);
    if (!block)
        return nps_fail_nomem(err);
    free(s->mz);
    s->mz = block;
    s->a = block + cap;
    s->b = block + 2 * cap;
    s->left = block + 3 * cap;
    s->right = block + 4 * cap;
    s->cap = cap;
    return NPS_OK;
}

static void put(nps_agreement_scratch *s, double mz, double a, double b)
{
    s->mz[s->n] = mz;
    s->a[s->n] = a;
    s->b[s->n++] = b;
}

static nps_status align(nps_peak_view a, nps_peak_view b, double tol, nps_agreement_scratch *s, nps_err *err)
{
    nps_status st = fit(s, a.n + b.n, err);
    if (st != NPS_OK)
        return st;
    s->n = 0;
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        if (j == b.n || (i < a.n && b.mz[j] - a.mz[i] > tol)) {
            put(s, a.mz[i], (double)a.intensity[i], 0);
            i++;
        } else if (i == a.n || a.mz[i] - b.mz[j] > tol) {
            put(s, b.mz[j], 0, (double)b.intensity[j]);
            j++;
        } else {
            put(s, a.mz[i], (double)a.intensity[i], (double)b.intensity[j]);
            i++;
            j++;
        }
    }
    return NPS_OK;
}

static double sum_of(const double *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return sum;
}

static double top_of(const double *v, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top = v[i] > top ? v[i] : top;
    return top;
}

/* Entropy weights of shares (nps_entropy_weight, but in double and with zeros allowed). */
static void weigh(const double *v, size_t n, double *ret)
{
    double sum = sum_of(v, n), entropy = 0;
    for (size_t i = 0; i < n; i++) {
        ret[i] = v[i] / sum;
        if (v[i] > 0)
            entropy -= ret[i] * log(ret[i]);
    }
    if (entropy >= 3)
        return;
    double power = 0.25 + 0.25 * entropy, weighted = 0;
    for (size_t i = 0; i < n; i++) {
        ret[i] = v[i] > 0 ? pow(ret[i], power) : 0;
        weighted += ret[i];
    }
    for (size_t i = 0; i < n; i++)
        ret[i] /= weighted;
}

/* Over rows from .. s->n. 0 where a side has nothing there. */
static double entropy_from(nps_agreement_scratch *s, size_t from)
{
    const double *a = s->a + from, *b = s->b + from;
    size_t n = s->n - from;
    if (!(sum_of(a, n) > 0 && sum_of(b, n) > 0))
        return 0;
    weigh(a, n, s->left);
    weigh(b, n, s->right);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (s->left[i] > 0 && s->right[i] > 0)
            sum += nps_xlog2x(s->left[i] + s->right[i]) - nps_xlog2x(s->left[i]) - nps_xlog2x(s->right[i]);
    return fmin(1, fmax(0, 0.5 * sum));
}

static double highest_of(const double *v, const nps_agreement_scratch *s)
{
    double least = strong * top_of(v, s->n);
    for (size_t i = s->n; i-- > 0;)
        if (v[i] >= least)
            return s->mz[i];
    return 0;
}

static size_t first_at(const nps_agreement_scratch *s, double mz)
{
    size_t i = 0;
    while (i < s->n && s->mz[i] < mz)
        i++;
    return i;
}

static double ratio_of(double dot, double left, double right)
{
    return left > 0 && right > 0 ? fmin(1, dot / sqrt(left * right)) : 0;
}

static void cosines(const nps_agreement_scratch *s, size_t from, nps_agreement *g)
{
    double linear[3] = {0}, heavy[3] = {0}, lost = 0, all = 0, lack = 0, whole = 0;
    for (size_t i = 0; i < s->n; i++) {
        double m = s->mz[i], a = s->a[i], b = s->b[i], m2 = m * m, m4 = m2 * m2;
        linear[0] += m2 * a * b;
        linear[1] += m2 * a * a;
        linear[2] += m2 * b * b;
        heavy[0] += m4 * sqrt(a * b);
        heavy[1] += m4 * a;
        heavy[2] += m4 * b;
        if (i < from)
            continue;
        all += m * a;
        whole += m * b;
        lost += b > 0 ? 0 : m * a;
        lack += a > 0 ? 0 : m * b;
    }
    g->linear_cosine = ratio_of(linear[0], linear[1], linear[2]);
    g->heavy_cosine = ratio_of(heavy[0], heavy[1], heavy[2]);
    g->unexplained = all > 0 ? lost / all : 1;
    g->missing = whole > 0 ? lack / whole : 1;
}

static double median_ratio(nps_agreement_scratch *s, size_t from, double top_a, double top_b)
{
    double *value = s->left, *weight = s->right;
    size_t n = 0;
    double all = 0, below = 0;
    for (size_t i = from; i < s->n; i++) {
        double a = s->a[i] / top_a, b = s->b[i] / top_b;
        if (a < strong && b < strong)
            continue;
        value[n] = fabs(log((a + ratio_floor) / (b + ratio_floor)));
        weight[n] = s->mz[i] * sqrt(sqrt(fmax(a, b)));
        all += weight[n++];
    }
    if (n < 3)
        return 0;
    gsl_sort2(value, 1, weight, 1, n);
    for (size_t i = 0; i < n; i++) {
        below += weight[i];
        if (below >= 0.5 * all)
            return value[i];
    }
    return value[n - 1];
}

/* Rows of the strongest, strongest first, ties by m/z. */
static size_t strongest(const nps_agreement_scratch *s, const double *v, size_t from, size_t ret[NPS_TOP_MAX])
{
    double value[NPS_TOP_MAX];
    size_t n = 0;
    for (size_t i = from; i < s->n; i++) {
        if (!(v[i] > 0))
            continue;
        double x = v[i] * sqrt(s->mz[i]);
        if (n == NPS_TOP_MAX && x <= value[n - 1])
            continue;
        size_t k = n < NPS_TOP_MAX ? n++ : n - 1;
        for (; k > 0 && value[k - 1] < x; k--) {
            value[k] = value[k - 1];
            ret[k] = ret[k - 1];
        }
        value[k] = x;
        ret[k] = i;
    }
    return n;
}

static void overlap_of_strongest(const nps_agreement_scratch *s, size_t from, double ret[3])
{
    static const size_t sizes[] = {5, 10, 20};
    size_t left[NPS_TOP_MAX], right[NPS_TOP_MAX], n_left = strongest(s, s->a, from, left), n_right = strongest(s, s->b, from, right);
    for (size_t k = 0; k < 3; k++) {
        size_t n = sizes[k], common = 0;
        n = n < n_left ? n : n_left;
        n = n < n_right ? n : n_right;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                common += left[i] == right[j];
        ret[k] = n ? (double)common / (double)n : 0;
    }
}

static double base_agreement(const nps_agreement_scratch *s, double top_a, double top_b)
{
    size_t a = 0, b = 0;
    for (size_t i = 1; i < s->n; i++) {
        a = s->a[i] > s->a[a] ? i : a;
        b = s->b[i] > s->b[b] ? i : b;
    }
    return s->a[b] / top_a * (s->b[a] / top_b);
}

static void compare_aligned(nps_agreement_scratch *s, nps_peak_view a, nps_peak_view b, nps_agreement *g)
{
    double top_a = top_of(s->a, s->n), top_b = top_of(s->b, s->n);
    size_t from = first_at(s, fmax(a.mz[0], b.mz[0]) - 0.5);
    double high_a = highest_of(s->a, s), high_b = highest_of(s->b, s);
    size_t upper = first_at(s, fmax(0.5 * fmax(high_a, high_b), s->mz[from < s->n ? from : 0]));
    g->entropy = entropy_from(s, from);
    g->upper_entropy = entropy_from(s, upper);
    cosines(s, from, g);
    g->ratio_difference = median_ratio(s, from, top_a, top_b);
    overlap_of_strongest(s, from, g->top);
    g->base_peaks = base_agreement(s, top_a, top_b);
    g->end_difference = fmin(reach_cap, fabs(high_a - high_b));
    g->highest = high_a;
    g->peaks = (double)a.n;
}

/* --- nominal lists ------------------------------------------------------------------------------------------------------ */

enum { DENSE = NPS_NOMINAL_BINS + 2 * LAG_MAX };

static nps_status fit_dense(nps_agreement_scratch *s, nps_err *err)
{
    if (!s->dense_a)
        s->dense_a = nps_array(DENSE, sizeof *s->dense_a);
    if (!s->dense_b)
        s->dense_b = nps_array(DENSE, sizeof *s->dense_b);
    return s->dense_a && s->dense_b ? NPS_OK : nps_fail_nomem(err);
}

/* A list by whole mass, in units of its base peak: mass m at dense[LAG_MAX + m]. */
static void spread(const nps_agreement_scratch *s, const double *v, float *dense)
{
    double top = top_of(v, s->n);
    for (size_t i = 0; i < s->n; i++)
        dense[LAG_MAX + (size_t)s->mz[i]] = (float)(v[i] / top);
}

static void clear(const nps_agreement_scratch *s, float *dense)
{
    for (size_t i = 0; i < s->n; i++)
        dense[LAG_MAX + (size_t)s->mz[i]] = 0;
}

static double sum_above(const nps_agreement_scratch *s, const double *v, double mass)
{
    double sum = 0;
    for (size_t i = s->n; i-- > 0 && s->mz[i] > mass;)
        sum += v[i];
    return fmin(1, sum / top_of(v, s->n));
}

static void compare_molecular(const nps_agreement_scratch *s, int32_t mass, nps_agreement *g)
{
    if (mass <= 0 || mass + MOLECULAR_ISOTOPES >= NPS_NOMINAL_BINS)
        return;
    double x = (double)s->dense_a[LAG_MAX + mass], y = (double)s->dense_b[LAG_MAX + mass];
    g->molecular_difference = fabs(log10((x + ratio_floor) / (y + ratio_floor)));
    g->above_mass = fmax(0, sum_above(s, s->a, mass + MOLECULAR_ISOTOPES) - sum_above(s, s->b, mass + MOLECULAR_ISOTOPES));
}

/* The peak two masses up, as a part of both together, at masses where both lists have a strong peak; weighted with the weaker
 * one. Chlorine gives 0.24, bromine 0.49, two chlorines 0.39. */
static double isotope_disagreement(const nps_agreement_scratch *s)
{
    static const double least = 0.05;
    const float *a = s->dense_a + LAG_MAX, *b = s->dense_b + LAG_MAX;
    double sum = 0, all = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t m = (size_t)s->mz[i];
        if ((double)a[m] < least || (double)b[m] < least)
            continue;
        double x = (double)a[m + 2] / (double)(a[m] + a[m + 2]), y = (double)b[m + 2] / (double)(b[m] + b[m + 2]);
        double w = fmin((double)a[m], (double)b[m]);
        sum += w * fabs(x - y);
        all += w;
    }
    return all > 0 ? sum / all : 0;
}

/* From intensities to m/z * sqrt(intensity) of unit norm. */
static void weigh_by_mass(const nps_agreement_scratch *s, float *dense)
{
    double norm = 0;
    for (size_t i = 0; i < s->n; i++) {
        float *y = &dense[LAG_MAX + (size_t)s->mz[i]];
        *y = (float)s->mz[i] * sqrtf(*y);
        norm += (double)*y * (double)*y;
    }
    float scale = (float)(1 / sqrt(norm));
    for (size_t i = 0; i < s->n; i++)
        dense[LAG_MAX + (size_t)s->mz[i]] *= scale;
}

static void compare_lags(const nps_agreement_scratch *s, nps_agreement *g)
{
    enum { LAGS = 2 * LAG_MAX + 1 };
    float lag[LAGS] = {0};
    for (size_t i = 0; i < s->n; i++) {
        if (!(s->a[i] > 0))
            continue;
        size_t m = (size_t)s->mz[i];
        float y = s->dense_a[LAG_MAX + m];
        const float *b = s->dense_b + m;
        for (size_t k = 0; k < LAGS; k++)
            lag[k] += y * b[k];
    }
    double sum = 0;
    for (size_t k = 0; k < LAGS; k++)
        sum += k == LAG_MAX ? 0 : (double)lag[k];
    g->lag_mean = sum / (LAGS - 1);
    g->lag_one = fmax((double)lag[LAG_MAX - 1], (double)lag[LAG_MAX + 1]);
}

nps_status nps_nominal_agreement(nps_peak_view a, nps_peak_view b, int32_t molecular_mass, nps_agreement_scratch *s,
                                 nps_agreement *ret, nps_err *err)
{
    nps_agreement g = {0};
    nps_status st = align(a, b, 0, s, err);
    if (st == NPS_OK)
        st = fit_dense(s, err);
    if (st != NPS_OK)
        return st;
    if (a.n && b.n) {
        compare_aligned(s, a, b, &g);
        spread(s, s->a, s->dense_a);
        spread(s, s->b, s->dense_b);
        compare_molecular(s, molecular_mass, &g);
        g.isotope_difference = isotope_disagreement(s);
        weigh_by_mass(s, s->dense_a);
        weigh_by_mass(s, s->dense_b);
        compare_lags(s, &g);
        clear(s, s->dense_a);
        clear(s, s->dense_b);
    }
    *ret = g;
    return NPS_OK;
}

nps_status nps_fragment_agreement(nps_peak_view a, nps_peak_view b, double tol_mz, nps_agreement_scratch *s,
                                  nps_agreement *ret, nps_err *err)
{
    nps_agreement g = {0};
    nps_status st = align(a, b, tol_mz, s, err);
    if (st != NPS_OK)
        return st;
    if (a.n && b.n)
        compare_aligned(s, a, b, &g);
    *ret = g;
    return NPS_OK;
}
