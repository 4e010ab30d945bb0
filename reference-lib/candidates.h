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
} nps_candidate;

/* Features of the query and a candidate's entry; of a trace, the correlation that the search found.
 * @param ret  [NPS_FEATURE_MAX]. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_match_features(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                             const nps_candidate *c, nps_workspace *w, double ret[NPS_FEATURE_MAX], nps_err *err);

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
