#include "reference-lib/bounded.h"

#include "core/mem.h"

#include <stdlib.h>

typedef struct {
    nps_workspace *w;
    nps_entry_compare compare;
    void *arg;
    double floor;       /* a score that k entries are known to reach */
    uint32_t *survivor; /* [n_survivor] entries to compare */
    size_t n_survivor;
} job;

enum { CHUNK = 16 };

nps_status nps_bounded_fit(nps_workspace *w, uint64_t n, nps_err *err)
{
    if (n <= w->bound_cap)
        return NPS_OK;
    float *bound = nps_array(n, sizeof *bound);
    if (!bound)
        return nps_fail_nomem(err);
    free(w->bound);
    w->bound = bound;
    w->bound_cap = n;
    return NPS_OK;
}

static void compare_chunk(void *arg, unsigned thread, size_t item)
{
    job *j = arg;
    nps_thread_scratch *s = j->w->scratch[thread];
    nps_topk *top = &s->top[0];
    size_t end = (item + 1) * CHUNK < j->n_survivor ? (item + 1) * CHUNK : j->n_survivor;
    for (size_t i = item * CHUNK; i < end && s->st == NPS_OK; i++) {
        uint32_t e = j->survivor[i];
        double own = nps_topk_floor(top), floor_score = own > j->floor ? own : j->floor;
        if ((double)j->w->bound[e] < floor_score)
            continue;
        double score = j->compare(j->arg, thread, e, floor_score);
        s->scored++;
        if (score > 0 && s->st == NPS_OK)
            nps_topk_add(top, score, e);
    }
}

/* Compares the survivors and joins what the threads found into w->top. */
static nps_status compare_survivors(job *j, nps_err *err)
{
    nps_workspace *w = j->w;
    nps_parallel(w->threads, (j->n_survivor + CHUNK - 1) / CHUNK, compare_chunk, j);
    nps_status st = nps_workspace_status(w, err);
    if (st != NPS_OK)
        return st;
    for (unsigned t = 0; t < w->threads; t++) {
        nps_topk *top = &w->scratch[t]->top[0];
        for (size_t i = 0; i < top->n; i++)
            nps_topk_add(&w->top, top->item[i].score, top->item[i].index);
        top->n = 0;
    }
    return NPS_OK;
}

/* Those with the largest bounds first, for a floor; then all whose bound reaches it. */
static nps_status two_rounds(job *j, uint64_t n, nps_topk *promising, nps_err *err)
{
    nps_workspace *w = j->w;
    for (uint32_t e = 0; e < n; e++)
        if (w->bound[e] > 0 && (double)w->bound[e] > nps_topk_floor(promising))
            nps_topk_add(promising, (double)w->bound[e], e);
    for (size_t i = 0; i < promising->n; i++)
        j->survivor[j->n_survivor++] = promising->item[i].index;
    nps_status st = compare_survivors(j, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < j->n_survivor; i++)
        w->bound[j->survivor[i]] = -1;
    j->n_survivor = 0;
    j->floor = nps_topk_floor(&w->top) > 0 ? nps_topk_floor(&w->top) : 0;
    for (uint32_t e = 0; e < n; e++)
        if (w->bound[e] > 0 && (double)w->bound[e] >= j->floor)
            j->survivor[j->n_survivor++] = e;
    return compare_survivors(j, err);
}

nps_status nps_bounded_top(nps_workspace *w, uint64_t n, size_t k, nps_entry_compare compare, void *arg, nps_err *err)
{
    nps_topk promising = {0};
    job j = {.w = w, .compare = compare, .arg = arg, .survivor = nps_array(n, sizeof *j.survivor)};
    nps_status st = j.survivor ? nps_topk_init(&promising, k, err) : nps_fail_nomem(err);
    if (st == NPS_OK)
        st = nps_topk_reset(&w->top, k, err);
    if (st == NPS_OK)
        st = two_rounds(&j, n, &promising, err);
    nps_topk_sort(&w->top);
    w->scored = 0;
    for (unsigned t = 0; t < w->threads; t++)
        w->scored += w->scratch[t]->scored;
    nps_topk_done(&promising);
    free(j.survivor);
    return st;
}
