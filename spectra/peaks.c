#include "spectra/peaks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Itself a float, so that what has been stored once can be stored again. */
static const double INTENSITY_MAX = (double)3e38f;

void nps_peaks_done(nps_peaks *p)
{
    free(p->mz);
    free(p->intensity);
    if (p->note)
        for (size_t i = 0; i < p->n; i++)
            free(p->note[i]);
    free(p->note);
    *p = (nps_peaks){0};
}

static nps_status reserve(nps_peaks *p, size_t need, size_t max, nps_err *err)
{
    if (need <= p->cap)
        return NPS_OK;
    if (need > max)
        return nps_fail(err, NPS_E_LIMIT, "more than %zu peaks", max);
    size_t cap_mz = p->cap, cap_intensity = p->cap, cap_note = p->cap;
    nps_status st = nps_grow(&p->mz, &cap_mz, need, sizeof *p->mz, max, err);
    if (st == NPS_OK)
        st = nps_grow(&p->intensity, &cap_intensity, need, sizeof *p->intensity, max, err);
    if (st == NPS_OK && p->note)
        st = nps_grow(&p->note, &cap_note, need, sizeof *p->note, max, err);
    if (st == NPS_OK)
        p->cap = cap_mz;
    return st;
}

nps_status nps_peaks_push(nps_peaks *p, double mz, double intensity, const char *note, size_t note_n, size_t max,
                          nps_err *err)
{
    if (!(mz > 0 && mz <= 1e6))
        return nps_fail(err, NPS_E_RANGE, "m/z %g is not in (0, 1000000]", mz);
    if (!(intensity >= 0 && intensity <= INTENSITY_MAX))
        return nps_fail(err, NPS_E_RANGE, "intensity %g is negative or not finite", intensity);
    nps_status st = reserve(p, p->n + 1, max, err);
    if (st != NPS_OK)
        return st;
    char *text = NULL;
    if (note_n) {
        if (!p->note && !(p->note = nps_array(p->cap, sizeof *p->note)))
            return nps_fail_nomem(err);
        if (!(text = nps_strndup(note, note_n)))
            return nps_fail_nomem(err);
    }
    p->mz[p->n] = mz;
    p->intensity[p->n] = (float)intensity;
    if (p->note)
        p->note[p->n] = text;
    p->n++;
    return NPS_OK;
}

typedef struct {
    double mz;
    size_t at;
} order_key;

static int by_mz_then_place(const void *a, const void *b)
{
    const order_key *x = a, *y = b;
    if (x->mz != y->mz)
        return x->mz < y->mz ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static nps_status sort_peaks(nps_peaks *p, nps_err *err)
{
    NPS_AUTO_MEM(order_key *) keys = nps_array(p->n, sizeof *keys);
    nps_peaks sorted = {.n = p->n, .cap = p->n};
    sorted.mz = nps_array(p->n, sizeof *sorted.mz);
    sorted.intensity = nps_array(p->n, sizeof *sorted.intensity);
    sorted.note = p->note ? nps_array(p->n, sizeof *sorted.note) : NULL;
    if (!keys || !sorted.mz || !sorted.intensity || (p->note && !sorted.note)) {
        free(sorted.mz);
        free(sorted.intensity);
        free(sorted.note);
        return nps_fail_nomem(err);
    }
    for (size_t i = 0; i < p->n; i++)
        keys[i] = (order_key){p->mz[i], i};
    qsort(keys, p->n, sizeof *keys, by_mz_then_place);
    for (size_t i = 0; i < p->n; i++) {
        sorted.mz[i] = keys[i].mz;
        sorted.intensity[i] = p->intensity[keys[i].at];
        if (p->note)
            sorted.note[i] = p->note[keys[i].at];
    }
    free(p->mz);
    free(p->intensity);
    free(p->note);
    *p = sorted;
    return NPS_OK;
}

nps_status nps_peaks_settle(nps_peaks *p, nps_peaks_repairs *repairs, nps_err *err)
{
    nps_peaks_repairs r = {0};
    double largest = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->mz[i] < largest)
            r.unsorted++;
        else
            largest = p->mz[i];
    }
    if (r.unsorted) {
        nps_status st = sort_peaks(p, err);
        if (st != NPS_OK)
            return st;
    }
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++) {
        char *note = p->note ? p->note[i] : NULL;
        if (p->note)
            p->note[i] = NULL;
        bool zero = !(p->intensity[i] > 0);
        if (!zero && kept && p->mz[kept - 1] == p->mz[i]) {
            double sum = (double)p->intensity[kept - 1] + (double)p->intensity[i];
            if (sum > INTENSITY_MAX) {
                if (p->note)
                    p->note[i] = note;
                return nps_fail(err, NPS_E_RANGE, "intensities at m/z %g add up to more than %g", p->mz[i],
                                INTENSITY_MAX);
            }
            p->intensity[kept - 1] = (float)sum;
            if (p->note && !p->note[kept - 1])
                p->note[kept - 1] = nps_steal(note);
            free(note);
            r.duplicate++;
        } else if (zero) {
            free(note);
            r.zero++;
        } else {
            p->mz[kept] = p->mz[i];
            p->intensity[kept] = p->intensity[i];
            if (p->note)
                p->note[kept] = note;
            kept++;
        }
    }
    p->n = kept;
    if (repairs) {
        repairs->unsorted += r.unsorted;
        repairs->duplicate += r.duplicate;
        repairs->zero += r.zero;
    }
    return NPS_OK;
}

nps_status nps_peaks_check(const nps_peaks *p, nps_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!isfinite(p->mz[i]) || !(p->mz[i] > (i ? p->mz[i - 1] : 0)))
            return nps_fail(err, NPS_E_RANGE, "peak %zu: m/z %g is not ascending", i + 1, p->mz[i]);
        if (!isfinite(p->intensity[i]) || !(p->intensity[i] > 0))
            return nps_fail(err, NPS_E_RANGE, "peak %zu: intensity %g is not positive", i + 1, (double)p->intensity[i]);
    }
    return NPS_OK;
}
