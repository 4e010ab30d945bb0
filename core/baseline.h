/* Baselines of a trace on a uniform grid. Both leave the trace alone and return what lies under its bands. */
#ifndef NPS_CORE_BASELINE_H
#define NPS_CORE_BASELINE_H

#include "core/err.h"

/* Asymmetric least squares (Eilers and Boelens 2005, "Baseline correction with asymmetric least squares smoothing"): the z
 * that minimises sum w (y - z)^2 + lambda sum (second differences of z)^2, where w is p above the baseline and 1 - p below
 * it, repeated until the weights stand still (at most 50 times: then what is reached counts).
 * @param y, ret_z  [n] finite; may not overlap
 * @param lambda    smoothness, [1, 1e12], for points as close as they are; p  [1e-6, 0.5)
 * Errors: NPS_E_RANGE for n < 3 or parameters outside their range; NPS_E_NUMERIC; NPS_E_NOMEM. O(n) a round. */
NPS_MUST_CHECK nps_status nps_baseline_als(const double *y, size_t n, double lambda, double p, double *ret_z, nps_err *err);

/* Rubber band: the lower convex hull, straight between its corners. A trace less this is nowhere below zero (to rounding)
 * and zero at both ends. @param y, ret_z  [n], n >= 2. Errors: NPS_E_RANGE, NPS_E_NOMEM. O(n). */
NPS_MUST_CHECK nps_status nps_baseline_rubber_band(const double *y, size_t n, double *ret_z, nps_err *err);

#endif
