/* Trace of an infrared or Raman spectrum on a uniform wavenumber grid.
 *
 * Invariant (nps_trace_check): n >= 2, dx_cm1 > 0, every y finite. Infrared values are absorbance (base-10);
 * transmittance and reflectance are converted when read.
 */
#ifndef NPS_SPECTRA_TRACE_H
#define NPS_SPECTRA_TRACE_H

#include "core/err.h"

typedef struct {
    size_t n;
    double x0_cm1, dx_cm1; /* point i lies at x0_cm1 + i * dx_cm1 */
    float *y;              /* [n], owned */
} nps_trace;

typedef enum { NPS_Y_ABSORBANCE, NPS_Y_TRANSMITTANCE, NPS_Y_PERCENT_T, NPS_Y_REFLECTANCE, NPS_Y_PERCENT_R, NPS_Y_KUBELKA_MUNK, NPS_Y_COUNTS } nps_y_unit;
typedef enum { NPS_X_CM1, NPS_X_MICROMETRE, NPS_X_NANOMETRE } nps_x_unit;

/* What nps_trace_from_points had to change; counts of points, or 0/1 for the whole trace. */
typedef struct {
    size_t x_converted;  /* 1: micrometres or nanometres to cm-1 */
    size_t y_converted;  /* 1: transmittance or reflectance to absorbance, -log10 */
    size_t clipped;      /* points at or below zero transmittance, set to the largest absorbance (6) */
    size_t resampled;    /* 1: unevenly spaced points put on a uniform grid (natural cubic spline) */
    size_t duplicate;    /* points at an equal x, averaged */
} nps_trace_repairs;

void nps_trace_done(nps_trace *t);

/* Makes a trace from measured points in any order and unit.
 * @param x, y  [n] finite; x > 0 for wavelengths
 * Points count as evenly spaced when no step differs from the mean step by more than 1 % of it plus rounding (one unit
 * of the last decimal of all x), and no point lies a quarter of a step from its place; then x is taken as x0 + i dx from
 * the ends. Otherwise the finest of (median step) is used and y is interpolated.
 * Errors: NPS_E_RANGE for n < 2, all x equal, or values that are not finite; NPS_E_LIMIT for a grid above `max_points`. */
NPS_MUST_CHECK nps_status nps_trace_from_points(const double *x, const double *y, size_t n, nps_x_unit x_unit,
                                                nps_y_unit y_unit, size_t max_points, nps_trace *ret_trace,
                                                nps_trace_repairs *repairs, nps_err *err);

/* Points in measured order whose y is NaN (missing, blanked): between measured ones they get the straight line, at the
 * ends they are left out. Works in place.
 * @param opt_filled  how many got a line; may be NULL
 * Returns the number of points that remain. */
size_t nps_trace_fill_missing(double *x, double *y, size_t n, size_t *opt_filled);

NPS_MUST_CHECK nps_status nps_trace_check(const nps_trace *t, nps_err *err);

static inline double nps_trace_x(const nps_trace *t, size_t i) { return t->x0_cm1 + (double)i * t->dx_cm1; }

#endif
