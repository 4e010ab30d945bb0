/* Where a calibration draws the line. Pure; any thread. */
#ifndef NPS_REFERENCE_LIB_THRESHOLD_H
#define NPS_REFERENCE_LIB_THRESHOLD_H

#include "reference-lib/calibration.h"

typedef struct {
    nps_kind kind;     /* whose pairs it was taken from; NPS_KIND_ANY: all */
    size_t n, rank;    /* pairs, and which from below (1-based); rank 0: too few to exclude anything */
    double conformity; /* at and above which a substance belongs to the set: that of this pair, or lower (below); -INFINITY for rank 0 */
    double coverage_low, coverage_high; /* 90 % interval of the true coverage (core/stats.h); 1, 1 for rank 0 */
} nps_threshold;

/* For a query of this kind at error rate alpha: the threshold of its own kind's pairs where there are NPS_KIND_PAIRS_MIN of them.
 * Otherwise that of all pairs, but no higher than that of its own kind or, where its own are too few for any, of every kind: as the
 * other kinds have thresholds of their own, the pairs of all would promise it too much. Pairs of one laboratory count with 80 %
 * confidence, others on average. */
enum { NPS_KIND_PAIRS_MIN = 80 };
nps_threshold nps_threshold_of(const nps_calibration *c, nps_kind kind, double alpha);

#endif
