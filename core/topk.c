#include "core/topk.h"

#include "core/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

nps_status nps_topk_init(nps_topk *t, size_t k, nps_err *err)
{
    *t = (nps_topk){0};
    return nps_topk_reset(t, k, err);
}

void nps_topk_done(nps_topk *t)
{
    free(t->item);
    *t = (nps_topk){0};
}

nps_status nps_topk_reset(nps_topk *t, size_t k, nps_err *err)
{
    if (k > t->k || !t->item) {
        nps_ranked *item = nps_array(k, sizeof *item);
        if (!item)
            return nps_fail_nomem(err);
        free(t->item);
        t->item = item;
    }
    t->k = k;
    t->n = 0;
    return NPS_OK;
}

double nps_topk_floor(const nps_topk *t)
{
    return t->n < t->k ? -INFINITY : t->k ? t->item[0].score : INFINITY;
}

static bool worse(nps_ranked a, nps_ranked b)
{
    return a.score < b.score || (a.score == b.score && a.index > b.index);
}

static void sift_down(nps_topk *t, size_t i)
{
    nps_ranked x = t->item[i];
    for (size_t child; (child = 2 * i + 1) < t->n; i = child) {
        if (child + 1 < t->n && worse(t->item[child + 1], t->item[child]))
            child++;
        if (!worse(t->item[child], x))
            break;
        t->item[i] = t->item[child];
    }
    t->item[i] = x;
}

void nps_topk_add(nps_topk *t, double score, uint32_t index)
{
    nps_ranked x = {score, index};
    if (t->n < t->k) {
        size_t i = t->n++;
        for (; i && worse(x, t->item[(i - 1) / 2]); i = (i - 1) / 2)
            t->item[i] = t->item[(i - 1) / 2];
        t->item[i] = x;
    } else if (t->k && worse(t->item[0], x)) {
        t->item[0] = x;
        sift_down(t, 0);
    }
}

static int best_first(const void *a, const void *b)
{
    const nps_ranked *x = a, *y = b;
    return worse(*y, *x) ? -1 : worse(*x, *y);
}

void nps_topk_sort(nps_topk *t)
{
    if (t->n)
        qsort(t->item, t->n, sizeof *t->item, best_first);
}
