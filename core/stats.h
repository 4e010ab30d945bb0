/* Statistics of conformal prediction (GSL does the distributions). */
#ifndef NPS_CORE_STATS_H
#define NPS_CORE_STATS_H

#include <stddef.h>

/* Threshold of split conformal prediction: with n exchangeable conformity scores (ascending), a new one lies at or above
 * the k-th smallest, k = floor(alpha (n + 1)), with probability at least 1 - alpha. k = 0 gives -infinity: too few
 * scores to exclude anything. Source: Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World, ch. 2. */
double nps_conformal_threshold(const double *ascending, size_t n, double alpha);

/* Central interval that holds the true coverage of that threshold with the given confidence: given the calibration
 * scores the coverage is Beta(n + 1 - k, k) distributed (Vovk 2012, JMLR W&CP 25, 475-490, prop. 2a). k = 0 gives 1, 1. */
void nps_conformal_coverage(size_t n, double alpha, double confidence, double *ret_low, double *ret_high);

/* Share of ascending scores below x, (number + 1) / (n + 1): the conformal p-value of x. */
double nps_conformal_p(const double *ascending, size_t n, double x);

#endif
