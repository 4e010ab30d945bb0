#include "spectra/clean.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

nps_clean_options nps_clean_options_default(double precursor_mz)
{
    return (nps_clean_options){
        .precursor_mz = precursor_mz, .precursor_margin = 1.6, .min_gap = 0.05, .noise = 0.01, .max_peaks = 0};
}

typedef struct {
    float intensity;
    uint32_t at;
} strength;

static int strongest_first(const void *a, const void *b)
{
    const strength *x = a, *y = b;
    if (x->intensity != y->intensity)
        return x->intensity > y->intensity ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void rank_by_strength(const nps_peaks *p, strength *order)
{
    for (size_t i = 0; i < p->n; i++)
        order[i] = (strength){p->intensity[i], (uint32_t)i};
    qsort(order, p->n, sizeof *order, strongest_first);
}

static void drop_empty(nps_peaks *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->intensity[i] > 0) {
            p->mz[kept] = p->mz[i];
            p->intensity[kept++] = p->intensity[i];
        }
    p->n = kept;
}

static bool has_close_peaks(const nps_peaks *p, double gap)
{
    for (size_t i = 1; i < p->n; i++)
        if (p->mz[i] - p->mz[i - 1] <= gap)
            return true;
    return false;
}

/* One pass of merging around the strongest peaks. The weighted mean stays between its members, so order is kept. */
static void merge_pass(nps_peaks *p, double gap, strength *order)
{
    rank_by_strength(p, order);
    for (size_t k = 0; k < p->n; k++) {
        size_t i = order[k].at;
        if (!(p->intensity[i] > 0))
            continue;
        size_t left = i, right = i;
        while (left > 0 && p->mz[i] - p->mz[left - 1] <= gap)
            left--;
        while (right + 1 < p->n && p->mz[right + 1] - p->mz[i] <= gap)
            right++;
        double sum = 0, moment = 0;
        for (size_t j = left; j <= right; j++) {
            sum += (double)p->intensity[j];
            moment += (double)p->intensity[j] * p->mz[j];
            p->intensity[j] = 0;
        }
        p->mz[i] = moment / sum;
        p->intensity[i] = sum > (double)FLT_MAX ? FLT_MAX : (float)sum;
    }
    drop_empty(p);
}

static void keep_strong(nps_peaks *p, const nps_clean_options *o, strength *order)
{
    float top = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->intensity[i] > top)
            top = p->intensity[i];
    for (size_t i = 0; i < p->n; i++)
        if ((double)p->intensity[i] < o->noise * (double)top)
            p->intensity[i] = 0;
    drop_empty(p);
    if (o->max_peaks && p->n > o->max_peaks) {
        rank_by_strength(p, order);
        for (size_t k = o->max_peaks; k < p->n; k++)
            p->intensity[order[k].at] = 0;
        drop_empty(p);
    }
}

static nps_status bare_copy(nps_peak_view src, nps_peaks *ret_copy, nps_err *err)
{
    nps_peaks c = {.n = src.n, .cap = src.n ? src.n : 1};
    c.mz = nps_array(c.cap, sizeof *c.mz);
    c.intensity = nps_array(c.cap, sizeof *c.intensity);
    if (!c.mz || !c.intensity) {
        nps_peaks_done(&c);
        return nps_fail_nomem(err);
    }
    if (src.n) {
        memcpy(c.mz, src.mz, src.n * sizeof *c.mz);
        memcpy(c.intensity, src.intensity, src.n * sizeof *c.intensity);
    }
    *ret_copy = c;
    return NPS_OK;
}

nps_status nps_clean(nps_peak_view src, const nps_clean_options *o, nps_peaks *ret_clean, nps_err *err)
{
    NPS_AUTO_MEM(strength *) order = nps_array(src.n, sizeof *order);
    nps_peaks p;
    if (!order)
        return nps_fail_nomem(err);
    nps_status st = bare_copy(src, &p, err);
    if (st != NPS_OK)
        return st;
    if (o->precursor_mz > 0)
        while (p.n && p.mz[p.n - 1] >= o->precursor_mz - o->precursor_margin)
            p.n--;
    /* The two peaks of a merged pair can come close to a third, hence more than one pass; each pass removes a peak. */
    while (o->min_gap > 0 && has_close_peaks(&p, o->min_gap))
        merge_pass(&p, o->min_gap, order);
    keep_strong(&p, o, order);
    double sum = 0;
    for (size_t i = 0; i < p.n; i++)
        sum += (double)p.intensity[i];
    for (size_t i = 0; i < p.n; i++)
        p.intensity[i] = (float)((double)p.intensity[i] / sum);
    *ret_clean = p;
    return NPS_OK;
}

nps_status nps_clean_nominal(nps_peak_view src, nps_peaks *ret_nominal, nps_err *err)
{
    nps_peaks p;
    nps_status st = bare_copy(src, &p, err);
    if (st != NPS_OK)
        return st;
    size_t n = 0;
    for (size_t i = 0; i < p.n; i++) {
        double bin = p.mz[i] < NPS_NOMINAL_BINS ? (double)nps_nominal_bin(p.mz[i]) : 0;
        if (bin < 1 || bin >= NPS_NOMINAL_BINS)
            continue;
        if (n && p.mz[n - 1] == bin) {
            double sum = (double)p.intensity[n - 1] + (double)p.intensity[i];
            p.intensity[n - 1] = sum > (double)FLT_MAX ? FLT_MAX : (float)sum;
        } else {
            p.mz[n] = bin;
            p.intensity[n++] = p.intensity[i];
        }
    }
    p.n = n;
    *ret_nominal = p;
    return NPS_OK;
}
