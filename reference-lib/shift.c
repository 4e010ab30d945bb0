#include "reference-lib/shift.h"

#include "core/mem.h"
#include "reference-lib/bounded.h"
#include "reference-lib/index.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One thread's sums of products by difference, in cells of 2 tol: all pairs within tol of one shift lie in two neighbours. */
typedef struct {
    float *cell;      /* [n_cell] zero between entries */
    uint32_t *touched; /* [cap] */
    double *difference; /* [cap] the pairs' differences, in the order of `touched` */
    size_t n, cap;
    double direct;    /* bound of the plain cosine */
} cells;

typedef struct {
    const nps_library *lib;
    nps_peaks q; /* the query's strongest peaks, shares of their sum */
    const nps_filter *f;
    nps_workspace *w;
    double tol, wide; /* Da; wide: with room for rounding at the edge */
    double *weight; /* [q.n] unit norm */
    size_t n_cell;
    cells cells[NPS_THREADS_MAX];
} job;

/* Fills the cells with an entry's pairs. Weights are square roots of shares, whose squares sum to 1 (within rounding, which
 * the bound's slack covers). */
static nps_status fill_cells(const job *j, cells *c, nps_peak_view r, nps_err *err)
{
    const nps_peaks *q = &j->q;
    if (q->n * r.n > c->cap) {
        size_t cap = q->n * r.n;
        uint32_t *touched = nps_array(cap, sizeof *touched);
        double *difference = nps_array(cap, sizeof *difference);
        free(c->touched);
        free(c->difference);
        c->touched = touched;
        c->difference = difference;
        c->cap = touched && difference ? cap : 0;
        c->n = 0;
        if (!c->cap)
            return nps_fail_nomem(err);
    }
    /* Locals: two threads' counters in one cache line would pass it to and fro at every pair. */
    double scale = 1 / (2 * j->wide), most = NPS_SHIFT_MAX + 2 * j->wide, direct = 0;
    float *cell = c->cell;
    uint32_t *touched = c->touched;
    double *difference = c->difference;
    size_t n = 0;
    for (size_t k = 0; k < r.n; k++) {
        double w = sqrt((double)r.intensity[k]);
        for (size_t i = 0; i < q->n; i++) {
            double d = q->mz[i] - r.mz[k], product = j->weight[i] * w;
            if (fabs(d) <= j->wide)
                direct += product;
            if (fabs(d) > most)
                continue;
            uint32_t at = (uint32_t)((d + most) * scale) + 1;
            cell[at] += (float)product;
            touched[n] = at;
            difference[n++] = d;
        }
    }
    c->n = n;
    c->direct = direct;
    return NPS_OK;
}

static void empty_cells(cells *c)
{
    for (size_t i = 0; i < c->n; i++)
        c->cell[c->touched[i]] = 0;
}

/* Float sums of up to some thousand products, and weights of unit norm to float accuracy. */
static const double slack = 1e-4;

static double bound_at(const cells *c, uint32_t at)
{
    float beside = c->cell[at - 1] > c->cell[at + 1] ? c->cell[at - 1] : c->cell[at + 1];
    return c->direct + (double)(c->cell[at] + beside) + slack;
}

static bool is_shift(const job *j, double d)
{
    return fabs(d) >= 2 * j->tol && fabs(d) <= NPS_SHIFT_MAX;
}

static double largest_bound(const job *j, const cells *c)
{
    double most = -1;
    for (size_t i = 0; i < c->n; i++) {
        double b = is_shift(j, c->difference[i]) ? bound_at(c, c->touched[i]) : -1;
        most = b > most ? b : most;
    }
    return most;
}

static bool is_simpler(double d, double other)
{
    return fabs(d) < fabs(other) || (fabs(d) == fabs(other) && d > other);
}

/* --- one entry in full ------------------------------------------------------------------------------------------------ */

typedef struct {
    double shift, bound;
} candidate;

static int larger_bound_first(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->bound != y->bound)
        return x->bound > y->bound ? -1 : 1;
    return x->shift < y->shift ? -1 : x->shift > y->shift;
}

static nps_status greedy(const job *j, nps_peak_view r, double shift, nps_thread_scratch *s, double *ret_score,
                         uint32_t *ret_pairs, nps_err *err)
{
    nps_cosine_options o = {.tol_mz = j->tol, .intensity_power = NPS_COSINE_INTENSITY_POWER, .shift = shift};
    return nps_cosine_greedy(nps_peaks_view(&j->q), r, &o, &s->pairs, ret_score, ret_pairs, err);
}

/* Tries the shifts whose bound reaches what counts; *best stays without pairs when none does. */
static nps_status try_shifts(const job *j, const cells *c, nps_peak_view r, double least, nps_thread_scratch *s,
                             nps_shift_hit *best, nps_err *err)
{
    NPS_AUTO_MEM(candidate *) list = nps_array(c->n, sizeof *list);
    size_t n = 0;
    if (!list)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < c->n; i++)
        if (is_shift(j, c->difference[i]) && bound_at(c, c->touched[i]) >= least)
            list[n++] = (candidate){c->difference[i], bound_at(c, c->touched[i])};
    if (n > 1)
        qsort(list, n, sizeof *list, larger_bound_first);
    for (size_t i = 0; i < n && list[i].bound >= fmax(least, best->score); i++) {
        double score;
        uint32_t pairs;
        nps_status st = greedy(j, r, list[i].shift, s, &score, &pairs, err);
        if (st != NPS_OK)
            return st;
        if (score < least || score < best->score ||
            (best->shifted && score == best->score && !is_simpler(list[i].shift, best->shift)))
            continue;
        best->score = score;
        best->shift = list[i].shift;
        best->shifted = pairs;
    }
    return NPS_OK;
}

static nps_status compare(job *j, uint32_t e, double floor_score, unsigned thread, nps_shift_hit *ret_hit, nps_err *err)
{
    nps_thread_scratch *s = j->w->scratch[thread];
    cells *c = &j->cells[thread];
    nps_peak_view r = nps_library_share_row(j->lib, e);
    nps_shift_hit hit = {.entry = e};
    nps_status st = greedy(j, r, 0, s, &hit.plain, &hit.direct, err);
    if (st == NPS_OK)
        st = fill_cells(j, c, r, err);
    if (st == NPS_OK)
        st = try_shifts(j, c, r, fmax(floor_score, hit.plain + NPS_SHIFT_GAIN), s, &hit, err);
    empty_cells(c);
    if (st == NPS_OK)
        *ret_hit = hit;
    return st;
}

/* Shift to the accuracy of the data, and the pairs behind it. */
static nps_status refine(const job *j, nps_shift_hit *hit, nps_err *err)
{
    nps_thread_scratch *s = j->w->scratch[0];
    nps_peak_view r = nps_library_share_row(j->lib, hit->entry);
    double score, sum = 0, moment = 0;
    uint32_t pairs;
    nps_status st = greedy(j, r, hit->shift, s, &score, &pairs, err);
    if (st != NPS_OK)
        return st;
    hit->direct = 0;
    hit->shifted = 0;
    /* The used pairs, again by falling product: nps_cosine_greedy leaves them sorted in the scratch. */
    memset(s->pairs.used, 0, j->q.n + r.n);
    for (size_t k = 0; k < s->pairs.n; k++) {
        const struct nps_pair *p = &s->pairs.pair[k];
        if (s->pairs.used[p->a] || s->pairs.used[j->q.n + p->b])
            continue;
        s->pairs.used[p->a] = s->pairs.used[j->q.n + p->b] = 1;
        double d = j->q.mz[p->a] - r.mz[p->b];
        if (fabs(d) <= j->tol) {
            hit->direct++;
            continue;
        }
        if (hit->shifted < NPS_ANALOG_PAIRS)
            hit->pair[hit->shifted] = (nps_analog_pair){j->q.mz[p->a], r.mz[p->b], p->product / score};
        hit->shifted++;
        sum += p->product;
        moment += p->product * d;
    }
    if (sum > 0)
        hit->shift = moment / sum;
    return NPS_OK;
}

/* --- the library --------------------------------------------------------------------------------------------------------- */

enum { CHUNK = 1024 };

static bool counts(const job *j, uint32_t e)
{
    return nps_technique_is_fragment(j->lib->entry_technique[e]) && nps_filter_passes(j->lib, j->f, e);
}

static void bound_chunk(void *arg, unsigned thread, size_t item)
{
    job *j = arg;
    cells *c = &j->cells[thread];
    nps_thread_scratch *s = j->w->scratch[thread];
    uint64_t end = (item + 1) * (uint64_t)CHUNK;
    if (end > j->lib->n_entry)
        end = j->lib->n_entry;
    for (uint32_t e = (uint32_t)(item * CHUNK); e < end && s->st == NPS_OK; e++) {
        double most = -1;
        j->w->bound[e] = -1;
        if (!counts(j, e))
            continue;
        s->st = fill_cells(j, c, nps_library_share_row(j->lib, e), &s->err);
        if (s->st == NPS_OK)
            most = largest_bound(j, c);
        empty_cells(c);
        j->w->bound[e] = (float)most;
    }
}

/* nps_entry_compare */
static double compare_entry(void *arg, unsigned thread, uint32_t e, double floor_score)
{
    job *j = arg;
    nps_thread_scratch *s = j->w->scratch[thread];
    nps_shift_hit hit = {0};
    s->st = compare(j, e, floor_score, thread, &hit, &s->err);
    return s->st == NPS_OK && hit.shifted ? hit.score : 0;
}

static nps_status prepare(job *j, const nps_prepared *query, size_t k, nps_err *err)
{
    const nps_peaks *q = &j->q;
    const nps_clean_options strongest = {.max_peaks = NPS_SHIFT_PEAKS};
    nps_workspace *w = j->w;
    nps_status st = nps_workspace_ready(w, 1, k, err);
    if (st == NPS_OK)
        st = nps_bounded_fit(w, j->lib->n_entry, err);
    if (st == NPS_OK)
        st = nps_clean(nps_peaks_view(&query->clean), &strongest, &j->q, err);
    if (st != NPS_OK)
        return st;
    j->n_cell = (size_t)((NPS_SHIFT_MAX + 2 * j->wide) / j->wide) + 4;
    j->weight = nps_array(q->n, sizeof *j->weight);
    if (!j->weight)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < q->n; i++)
        j->weight[i] = sqrt((double)q->intensity[i]);
    for (unsigned t = 0; t < w->threads; t++)
        if (!(j->cells[t].cell = nps_array(j->n_cell, sizeof *j->cells[t].cell)))
            return nps_fail_nomem(err);
    return NPS_OK;
}

static void done(job *j)
{
    for (unsigned t = 0; t < j->w->threads; t++) {
        free(j->cells[t].cell);
        free(j->cells[t].touched);
        free(j->cells[t].difference);
    }
    free(j->weight);
    nps_peaks_done(&j->q);
}

nps_status nps_search_shift(const nps_library *lib, const nps_prepared *q, double tol_mz, const nps_filter *f, size_t k,
                            nps_workspace *w, nps_shift_hit *ret_hits, size_t *ret_n, nps_err *err)
{
    NPS_AUTO_MEM(job *) j = nps_array(1, sizeof *j);
    if (!j)
        return nps_fail_nomem(err);
    /* Cells no narrower than a ten-thousandth: their number stays bounded, the bound holds all the same. */
    *j = (job){.lib = lib, .f = f, .w = w, .tol = tol_mz, .wide = fmax(tol_mz, 1e-4) + 1e-9};
    nps_status st = nps_check_tol_mz(tol_mz, err);
    if (st == NPS_OK)
        st = prepare(j, q, k, err);
    if (st == NPS_OK) {
        nps_parallel(w->threads, (lib->n_entry + CHUNK - 1) / CHUNK, bound_chunk, j);
        st = nps_workspace_status(w, err);
    }
    if (st == NPS_OK)
        st = nps_bounded_top(w, lib->n_entry, k, compare_entry, j, err);
    for (size_t i = 0; i < w->top.n && st == NPS_OK; i++) {
        st = compare(j, w->top.item[i].index, 0, 0, &ret_hits[i], err);
        if (st == NPS_OK)
            st = refine(j, &ret_hits[i], err);
    }
    if (st == NPS_OK)
        *ret_n = w->top.n;
    done(j);
    return st;
}
