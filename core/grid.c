#include "core/grid.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_interp.h>
#include <math.h>
#include <stdbool.h>

/* Grid points that differ from the end of the data by rounding only count as the end. */
static const double EDGE = 1e-9;

static nps_status check_points(const double *x, size_t n, double x0, double dx, nps_err *err)
{
    if (n < 2)
        return nps_fail(err, NPS_E_RANGE, "%zu points are too few to interpolate", n);
    if (!isfinite(x0) || !isfinite(dx) || dx <= 0)
        return nps_fail(err, NPS_E_RANGE, "grid step %g is not positive", dx);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]) || (i && x[i] <= x[i - 1]))
            return nps_fail(err, NPS_E_RANGE, "abscissa %zu is not above the one before", i);
    return NPS_OK;
}

static nps_status evaluate(const gsl_interp *spline, gsl_interp_accel *accel, const double *x, const double *y, size_t n,
                           double x0, double dx, size_t n_grid, double *ret_y, size_t *ret_first, size_t *ret_end,
                           nps_err *err)
{
    size_t first = 0, end = 0;
    bool any = false;
    for (size_t i = 0; i < n_grid; i++) {
        double at = x0 + (double)i * dx;
        if (at < x[0] - EDGE * dx)
            continue;
        if (at > x[n - 1] + EDGE * dx)
            break;
        at = fmin(fmax(at, x[0]), x[n - 1]);
        /* The last point ends a piece instead of beginning one, where evaluation would lose the last digits. */
        double v = y[n - 1];
        int rc = at < x[n - 1] ? gsl_interp_eval_e(spline, x, y, at, accel, &v) : GSL_SUCCESS;
        if (rc != GSL_SUCCESS || !isfinite(v))
            return nps_fail(err, NPS_E_NUMERIC, "the spline has no finite value at %g", at);
        if (!any)
            first = i;
        any = true;
        end = i + 1;
        ret_y[i] = v;
    }
    *ret_first = first;
    *ret_end = end;
    return NPS_OK;
}

nps_status nps_grid_resample(const double *x, const double *y, size_t n, double x0, double dx, size_t n_grid,
                             double *ret_y, size_t *ret_first, size_t *ret_end, nps_err *err)
{
    nps_status st = check_points(x, n, x0, dx, err);
    if (st != NPS_OK)
        return st;
    const gsl_interp_type *type = n < gsl_interp_type_min_size(gsl_interp_cspline) ? gsl_interp_linear : gsl_interp_cspline;
    gsl_interp *spline = gsl_interp_alloc(type, n);
    gsl_interp_accel *accel = gsl_interp_accel_alloc();
    if (!spline || !accel)
        st = nps_fail_nomem(err);
    else if (gsl_interp_init(spline, x, y, n) != GSL_SUCCESS)
        st = nps_fail(err, NPS_E_NUMERIC, "no spline goes through these %zu points", n);
    else
        st = evaluate(spline, accel, x, y, n, x0, dx, n_grid, ret_y, ret_first, ret_end, err);
    if (accel)
        gsl_interp_accel_free(accel);
    if (spline)
        gsl_interp_free(spline);
    return st;
}
