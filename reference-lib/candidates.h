/* From a query to the substances that it could be: search, evidence of what is near, conformity. Private to reference-lib and the
 * tools that fit it. */
#ifndef NPS_REFERENCE_LIB_CANDIDATES_H
#define NPS_REFERENCE_LIB_CANDIDATES_H

#include "reference-lib/match_options.h"
#include "reference-lib/search.h"

typedef struct nps_candidate {
    uint32_t substance, entry; /* its best entry */
    double score;      /* [0, 1] how near the search found it: weighted cosine, nearness (candidates.c), correlation */
    double evidence;   /* evidence.h */
    double conformity; /* what the threshold is compared with */
    uint32_t measured; /* see nps_candidate_features */
} nps_candidate;

/* What its evidence was made of, [NPS_FEATURE_MAX]; of a trace, the correlation that the search found. Valid until w searches again. */
const double *nps_candidate_features(const nps_workspace *w, const nps_candidate *c);

/* What a question finds. */
typedef struct {
    nps_candidate *item; /* [n] substances by the evidence of their best entry, best first; owned */
    size_t n;
    double crowd, known; /* evidence.h; known is ln odds, -INFINITY without a candidate */
} nps_candidates;
void nps_candidates_done(nps_candidates *c);

/* The nearest entries by evidence into w->seen, and their substances. Where evidence is the same the nearer one, then the earlier
 * one comes first. @param ret  to be given back with nps_candidates_done after success */
NPS_MUST_CHECK nps_status nps_find_candidates(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                              const nps_filter *f, nps_workspace *w, nps_candidates *ret, nps_err *err);

#endif
