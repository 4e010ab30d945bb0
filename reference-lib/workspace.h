/* Scratch of one searching thread. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_WORKSPACE_H
#define NPS_REFERENCE_LIB_WORKSPACE_H

#include "core/similarity.h"
#include "core/topk.h"
#include "reference-lib/match.h"

struct nps_workspace {
    double *score; /* [score_cap] one an entry, all zero between searches */
    size_t score_cap;
    nps_topk top;
    nps_pair_scratch pairs;
    float *lag_buffer; /* FFT scratch, aligned (lag.c) */
    size_t lag_cap;
    float *ir_bound; /* one a trace and query (ir_search.c) */
    size_t ir_bound_cap;
};

/* Makes room for n entry scores. */
NPS_MUST_CHECK nps_status nps_workspace_fit(nps_workspace *w, size_t n, nps_err *err);

#endif
