/* Natural cubic spline from uneven points to a uniform grid. The only user of GSL's splines; each call has its own
 * workspace, so any thread may call at any time. */
#ifndef NPS_CORE_GRID_H
#define NPS_CORE_GRID_H

#include "core/err.h"

/* Interpolates (x, y) at x0 + i * dx, i = 0 .. n_grid - 1. Nothing is extrapolated: ret_y is written only for the grid
 * points inside [x[0], x[n - 1]] (a billionth of a step counts as inside), which are *ret_first <= i < *ret_end; the two
 * are equal when there is none. Exact at the data points; two points give the straight line.
 * @param x     [n] finite, strictly ascending, n >= 2
 * @param ret_y [n_grid], of the caller; undefined inside the range after a failure
 * Errors: NPS_E_RANGE for n < 2, x not ascending, or dx not > 0; NPS_E_NUMERIC where a value is not finite; NPS_E_NOMEM.
 * Cost O(n + n_grid). */
NPS_MUST_CHECK nps_status nps_grid_resample(const double *x, const double *y, size_t n, double x0, double dx,
                                            size_t n_grid, double *ret_y, size_t *ret_first, size_t *ret_end,
                                            nps_err *err);

#endif
