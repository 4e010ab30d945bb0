#include "core/similarity.h"

#include "core/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void nps_pair_scratch_done(nps_pair_scratch *s)
{
    free(s->pair);
    free(s->used);
    *s = (nps_pair_scratch){0};
}

double nps_xlog2x(double x)
{
    return x > 0 ? x * log2(x) : 0;
}

double nps_entropy(const float *intensity, size_t n)
{
    double sum = 0, s = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)intensity[i];
    for (size_t i = 0; i < n; i++) {
        double p = (double)intensity[i] / sum;
        if (p > 0)
            s -= p * log(p);
    }
    return s;
}

void nps_entropy_weight(const float *intensity, size_t n, float *ret_w)
{
    double s = nps_entropy(intensity, n), sum = 0, weighted = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)intensity[i];
    if (s >= 3) {
        for (size_t i = 0; i < n; i++)
            ret_w[i] = (float)((double)intensity[i] / sum);
        return;
    }
    double power = 0.25 + 0.25 * s;
    for (size_t i = 0; i < n; i++)
        weighted += pow((double)intensity[i] / sum, power);
    for (size_t i = 0; i < n; i++)
        ret_w[i] = (float)(pow((double)intensity[i] / sum, power) / weighted);
}

double nps_entropy_similarity(nps_peak_view a, nps_peak_view b, double tol_mz, uint32_t *opt_matched)
{
    double sum = 0;
    uint32_t matched = 0;
    for (size_t i = 0, j = 0; i < a.n && j < b.n;) {
        double d = a.mz[i] - b.mz[j];
        if (d < -tol_mz) {
            i++;
        } else if (d > tol_mz) {
            j++;
        } else {
            double x = (double)a.intensity[i++], y = (double)b.intensity[j++];
            sum += nps_xlog2x(x + y) - nps_xlog2x(x) - nps_xlog2x(y);
            matched++;
        }
    }
    if (opt_matched)
        *opt_matched = matched;
    sum /= 2;
    return sum < 0 ? 0 : sum > 1 ? 1 : sum;
}

static double weight(double mz, double intensity, double mz_power, double intensity_power)
{
    double m = mz_power == 0 ? 1 : mz_power == 1 ? mz : pow(mz, mz_power);
    double i = intensity_power == 1 ? intensity : intensity_power == 0.5 ? sqrt(intensity) : pow(intensity, intensity_power);
    return m * i;
}

static int by_falling_product(const void *x, const void *y)
{
    const struct nps_pair *a = x, *b = y;
    if (a->product != b->product)
        return a->product > b->product ? -1 : 1;
    if (a->a != b->a)
        return a->a > b->a ? -1 : 1;
    return a->b > b->b ? -1 : a->b < b->b;
}

/* All pairs with |a.mz - b.mz - shift| <= tol. */
static nps_status collect_pairs(nps_peak_view a, nps_peak_view b, double shift, const nps_cosine_options *o,
                                nps_pair_scratch *s, nps_err *err)
{
    size_t low = 0;
    for (size_t i = 0; i < a.n; i++) {
        double centre = a.mz[i] - shift;
        while (low < b.n && b.mz[low] < centre - o->tol_mz)
            low++;
        double wa = weight(a.mz[i], (double)a.intensity[i], o->mz_power, o->intensity_power);
        for (size_t j = low; j < b.n && b.mz[j] <= centre + o->tol_mz; j++) {
            nps_status st = nps_grow(&s->pair, &s->cap, s->n + 1, sizeof *s->pair, SIZE_MAX / sizeof *s->pair, err);
            if (st != NPS_OK)
                return st;
            double wb = weight(b.mz[j], (double)b.intensity[j], o->mz_power, o->intensity_power);
            s->pair[s->n++] = (struct nps_pair){wa * wb, (uint32_t)i, (uint32_t)j};
        }
    }
    return NPS_OK;
}

static double norm2(nps_peak_view v, const nps_cosine_options *o)
{
    double sum = 0;
    for (size_t i = 0; i < v.n; i++) {
        double w = weight(v.mz[i], (double)v.intensity[i], o->mz_power, o->intensity_power);
        sum += w * w;
    }
    return sum;
}

nps_status nps_cosine_greedy(nps_peak_view a, nps_peak_view b, const nps_cosine_options *o, nps_pair_scratch *scratch,
                             double *ret_score, uint32_t *ret_matched, nps_err *err)
{
    scratch->n = 0;
    nps_status st = collect_pairs(a, b, 0, o, scratch, err);
    if (st == NPS_OK && fabs(o->shift) > o->tol_mz)
        st = collect_pairs(a, b, o->shift, o, scratch, err);
    if (st == NPS_OK)
        st = nps_grow(&scratch->used, &scratch->used_cap, a.n + b.n + 1, 1, SIZE_MAX / 2, err);
    if (st != NPS_OK)
        return st;
    if (scratch->n)
        qsort(scratch->pair, scratch->n, sizeof *scratch->pair, by_falling_product);
    memset(scratch->used, 0, a.n + b.n);
    double sum = 0;
    uint32_t matched = 0;
    for (size_t k = 0; k < scratch->n; k++) {
        const struct nps_pair *p = &scratch->pair[k];
        if (scratch->used[p->a] || scratch->used[a.n + p->b])
            continue;
        scratch->used[p->a] = scratch->used[a.n + p->b] = 1;
        sum += p->product;
        matched++;
    }
    double norm = sqrt(norm2(a, o)) * sqrt(norm2(b, o));
    *ret_score = norm > 0 ? sum / norm : 0;
    *ret_matched = matched;
    return NPS_OK;
}

nps_nominal_similarity nps_nominal_compare(nps_peak_view q, nps_peak_view r, double mz_power, double intensity_power)
{
    nps_nominal_similarity s = {0};
    double qq = 0, rr = 0, qr = 0, qq_common = 0, sum_q = 0, explained = 0, ratio_sum = 0;
    double last_q = 0, last_r = 0;
    uint32_t ratios = 0;
    size_t i = 0, j = 0;
    while (i < q.n || j < r.n) {
        if (j == r.n || (i < q.n && q.mz[i] < r.mz[j])) {
            double w = weight(q.mz[i], (double)q.intensity[i], mz_power, intensity_power);
            qq += w * w;
            sum_q += (double)q.intensity[i++];
        } else if (i == q.n || q.mz[i] > r.mz[j]) {
            double w = weight(r.mz[j], (double)r.intensity[j], mz_power, intensity_power);
            rr += w * w;
            j++;
        } else {
            double wq = weight(q.mz[i], (double)q.intensity[i], mz_power, intensity_power);
            double wr = weight(r.mz[j], (double)r.intensity[j], mz_power, intensity_power);
            qq += wq * wq;
            rr += wr * wr;
            qr += wq * wr;
            qq_common += wq * wq;
            sum_q += (double)q.intensity[i];
            explained += (double)q.intensity[i];
            if (s.matched) {
                double f = wq / last_q * (last_r / wr);
                ratio_sum += f > 1 ? 1 / f : f;
                ratios++;
            }
            last_q = wq;
            last_r = wr;
            s.matched++;
            i++;
            j++;
        }
    }
    s.cosine = qq > 0 && rr > 0 ? qr / (sqrt(qq) * sqrt(rr)) : 0;
    s.reverse = qq_common > 0 ? qr / (sqrt(qq_common) * sqrt(rr)) : 0;
    s.ratio = ratios ? ratio_sum / ratios : 0;
    double n_q = (double)q.n, n_qr = ratios ? (double)s.matched : 0;
    s.composite = q.n ? (n_q * s.cosine + n_qr * s.ratio) / (n_q + n_qr) : 0;
    s.explained = sum_q > 0 ? explained / sum_q : 0;
    return s;
}
