/* The k best of many scores without sorting them: a bounded heap. Ties go to the smaller index, so that the answer does
 * not depend on the order of insertion or on threads. */
#ifndef NPS_CORE_TOPK_H
#define NPS_CORE_TOPK_H

#include "core/err.h"

#include <stdint.h>

typedef struct {
    double score;
    uint32_t index;
} nps_ranked;

typedef struct {
    nps_ranked *item; /* [k], owned */
    size_t n, k;
} nps_topk;

NPS_MUST_CHECK nps_status nps_topk_init(nps_topk *t, size_t k, nps_err *err);
void nps_topk_done(nps_topk *t);
/* Empties the heap and sets k; keeps memory where it suffices. */
NPS_MUST_CHECK nps_status nps_topk_reset(nps_topk *t, size_t k, nps_err *err);
/* Score that a further item must reach to have a chance: -infinity while fewer than k are in. */
double nps_topk_floor(const nps_topk *t);
void nps_topk_add(nps_topk *t, double score, uint32_t index);
/* Sorts item[0 .. n) best first; after that only reset may follow. */
void nps_topk_sort(nps_topk *t);

#endif
