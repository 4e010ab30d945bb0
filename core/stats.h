/* Statistics of conformal prediction (GSL does the distributions). */
#ifndef NPS_CORE_STATS_H
#define NPS_CORE_STATS_H

#include <stddef.h>

/* Rank k (1-based, ascending) of the threshold of split conformal prediction among n exchangeable conformity scores: a new
 * one lies at or above the k-th smallest with probability at least 1 - alpha. 0: too few scores to exclude anything.
 * @param confidence  0: on average over calibrations, k = floor(alpha (n + 1)) (Vovk, Gammerman & Shafer 2005, Algorithmic
 *   Learning in a Random World, ch. 2). In (0, 1): with this confidence for the calibration at hand; the coverage of rank k
 *   is Beta(n + 1 - k, k) distributed (Vovk 2012, JMLR W&CP 25, 475-490, prop. 2a). */
size_t nps_conformal_rank(size_t n, double alpha, double confidence);

/* Central interval that holds the true coverage of rank k with the given confidence. k = 0 gives 1, 1. */
void nps_conformal_coverage(size_t n, size_t k, double confidence, double *ret_low, double *ret_high);

/* Interval that holds the true proportion with at least the given confidence where k of n were so: Clopper & Pearson 1934
 * (Biometrika 26, 404-413). 0 <= k <= n; weighted counts need not be whole. n = 0 gives 0, 1. */
void nps_proportion_interval(double k, double n, double confidence, double *ret_low, double *ret_high);

/* Probability that two samples of one distribution differ as much as these: Kolmogorov-Smirnov, asymptotic with the small-sample
 * factor of Stephens 1970 (J. R. Stat. Soc. B 32, 115-122). Both ascending, n > 0. In [0, 1]. */
double nps_same_distribution(const double *a, size_t n_a, const double *b, size_t n_b);

#endif
