/* Savitzky-Golay smoothing and derivatives on a uniform grid (Savitzky and Golay 1964; weights for every position of the
 * window, the ends included, by Gorry, Anal. Chem. 62 (1990) 570). */
#ifndef NPS_CORE_SAVGOL_H
#define NPS_CORE_SAVGOL_H

#include "core/err.h"

enum { NPS_SAVGOL_POINTS_MAX = 101, NPS_SAVGOL_ORDER_MAX = 5 };

/* Weights that give the derivative (0: the value) of the polynomial through a window of `points` at its point `at`.
 * @param points  odd, order < points <= NPS_SAVGOL_POINTS_MAX; order  derivative .. NPS_SAVGOL_ORDER_MAX
 * @param at      0 .. points - 1; the middle is points / 2
 * @param ret_w   [points]; derivatives are per grid step
 * Errors: NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_savgol_weights(unsigned points, unsigned order, unsigned derivative, unsigned at,
                                             double *ret_w, nps_err *err);

/* Filters y; the polynomials of the first and last window serve the ends, so a polynomial of at most this order comes out
 * exactly. @param y, ret_y  [n], n >= points; may not overlap. Errors: NPS_E_RANGE. O(n points). */
NPS_MUST_CHECK nps_status nps_savgol(const double *y, size_t n, unsigned points, unsigned order, unsigned derivative,
                                     double *ret_y, nps_err *err);

#endif
