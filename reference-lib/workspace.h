/* Scratch of one caller who searches, with a part for each thread that its searches may use. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_WORKSPACE_H
#define NPS_REFERENCE_LIB_WORKSPACE_H

#include "core/agreement.h"
#include "core/parallel.h"
#include "core/posting.h"
#include "core/shift_match.h"
#include "core/similarity.h"
#include "core/topk.h"
#include "reference-lib/match.h"

/* Scratch of one thread. Made when first needed; all zero between searches where it says so. */
typedef struct {
    uint16_t *sum, *common;                       /* [NPS_SHARD_ROWS] zero between searches */
    nps_nominal_row row;                          /* an EI entry */
    nps_shift_scratch walk;                       /* core/shift_match.h */
    double *mz;                                   /* [cap] a row changed for comparison */
    float *intensity;                             /* [cap] */
    size_t cap;
    nps_pair_scratch pairs;
    nps_topk *top;                                /* [n_top] one a query of the batch */
    size_t n_top;
    size_t scored;                                /* rows scored exactly in the last search */
    nps_status st;
    nps_err err;
} nps_thread_scratch;

struct nps_workspace {
    unsigned threads; /* 1 .. NPS_THREADS_MAX */
    nps_thread_scratch *scratch[NPS_THREADS_MAX];
    nps_codes codes;
    nps_topk top;     /* result of a search of one query */
    struct nps_candidate *seen; /* [n_seen] entries looked at, best first (nps_find_candidates) */
    size_t n_seen, seen_cap;
    double *feature;            /* [feature_cap][NPS_FEATURE_MAX] theirs (nps_candidate_features) */
    size_t feature_cap;
    nps_agreement_scratch agreement;
    float *bound;     /* [bound_cap] one an entry (bounded.h) */
    size_t bound_cap;
    size_t scored;    /* rows that the last search scored exactly, for benchmarks */
    float *ir_bound;  /* [ir_bound_cap] one a trace and query (ir_search.c) */
    size_t ir_bound_cap;
};

/* Scratch of threads 0 .. w->threads - 1 with room for n_top result lists of k each. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_workspace_ready(nps_workspace *w, size_t n_top, size_t k, nps_err *err);

/* The first failure of a thread in the last search, or NPS_OK. */
NPS_MUST_CHECK nps_status nps_workspace_status(const nps_workspace *w, nps_err *err);

/* Room for n peaks in s->mz and s->intensity. */
NPS_MUST_CHECK nps_status nps_scratch_fit(nps_thread_scratch *s, size_t n, nps_err *err);

#endif
