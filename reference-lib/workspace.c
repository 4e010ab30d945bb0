#include "reference-lib/workspace.h"

#include "core/mem.h"

#include <stdlib.h>

nps_status nps_workspace_new(nps_workspace **ret_workspace, nps_err *err)
{
    nps_workspace *w = nps_array(1, sizeof *w);
    if (!w)
        return nps_fail_nomem(err);
    w->threads = 1;
    nps_codes_init(&w->codes);
    *ret_workspace = w;
    return NPS_OK;
}

void nps_workspace_set_threads(nps_workspace *w, unsigned threads)
{
    w->threads = threads < 1 ? 1 : threads > NPS_THREADS_MAX ? NPS_THREADS_MAX : threads;
}

static void scratch_free(nps_thread_scratch *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_top; i++)
        nps_topk_done(&s->top[i]);
    free(s->top);
    free(s->sum);
    free(s->common);
    free(s->mz);
    free(s->intensity);
    nps_pair_scratch_done(&s->pairs);
    free(s);
}

void nps_workspace_free(nps_workspace *w)
{
    if (!w)
        return;
    for (unsigned t = 0; t < NPS_THREADS_MAX; t++)
        scratch_free(w->scratch[t]);
    nps_topk_done(&w->top);
    free(w->seen);
    free(w->feature);
    nps_agreement_scratch_done(&w->agreement);
    free(w->bound);
    free(w->ir_bound);
    free(w);
}

static nps_status ready_one(nps_thread_scratch *s, size_t n_top, size_t k, nps_err *err)
{
    if ((!s->sum && !(s->sum = nps_array(NPS_SHARD_ROWS, sizeof *s->sum))) ||
        (!s->common && !(s->common = nps_array(NPS_SHARD_ROWS, sizeof *s->common))))
        return nps_fail_nomem(err);
    if (n_top > s->n_top) {
        nps_topk *top = nps_array(n_top, sizeof *top);
        if (!top)
            return nps_fail_nomem(err);
        for (size_t i = 0; i < s->n_top; i++)
            top[i] = s->top[i];
        free(s->top);
        s->top = top;
        s->n_top = n_top;
    }
    for (size_t i = 0; i < n_top; i++) {
        nps_status st = nps_topk_reset(&s->top[i], k, err);
        if (st != NPS_OK)
            return st;
    }
    s->scored = 0;
    s->st = NPS_OK;
    return NPS_OK;
}

nps_status nps_workspace_ready(nps_workspace *w, size_t n_top, size_t k, nps_err *err)
{
    for (unsigned t = 0; t < w->threads; t++) {
        if (!w->scratch[t] && !(w->scratch[t] = nps_array(1, sizeof *w->scratch[t])))
            return nps_fail_nomem(err);
        nps_status st = ready_one(w->scratch[t], n_top, k, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

nps_status nps_workspace_status(const nps_workspace *w, nps_err *err)
{
    for (unsigned t = 0; t < w->threads; t++)
        if (w->scratch[t]->st != NPS_OK)
            return nps_fail(err, w->scratch[t]->st, "%s", w->scratch[t]->err.msg);
    return NPS_OK;
}

nps_status nps_scratch_fit(nps_thread_scratch *s, size_t n, nps_err *err)
{
    if (n <= s->cap)
        return NPS_OK;
    double *mz = nps_array(n, sizeof *mz);
    float *intensity = nps_array(n, sizeof *intensity);
    if (!mz || !intensity) {
        free(mz);
        free(intensity);
        return nps_fail_nomem(err);
    }
    free(s->mz);
    free(s->intensity);
    s->mz = mz;
    s->intensity = intensity;
    s->cap = n;
    return NPS_OK;
}
