#include "spectra/trace.h"

#include "core/grid.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below a millionth of the light nothing is measured any more. */
static const double ABSORBANCE_MAX = 6;
/* Steps that differ from the mean step by more than this part of it make a trace uneven. */
static const double STEP_TOLERANCE = 0.01;

typedef struct {
    double x, y;
} point;

void nps_trace_done(nps_trace *t)
{
    free(t->y);
    *t = (nps_trace){0};
}

nps_status nps_trace_check(const nps_trace *t, nps_err *err)
{
    if (t->n < 2 || !t->y)
        return nps_fail(err, NPS_E_RANGE, "a trace of %zu points", t->n);
    if (!isfinite(t->x0_cm1) || !isfinite(t->dx_cm1) || t->dx_cm1 <= 0)
        return nps_fail(err, NPS_E_RANGE, "trace step %g is not positive", t->dx_cm1);
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite(t->y[i]))
            return nps_fail(err, NPS_E_RANGE, "point %zu of the trace is not finite", i);
    return NPS_OK;
}

static double absorbance(double part, size_t *clipped)
{
    double a = part > 0 ? -log10(part) : INFINITY;
    if (a <= ABSORBANCE_MAX)
        return a;
    ++*clipped;
    return ABSORBANCE_MAX;
}

static double to_absorbance(double y, nps_y_unit unit, size_t *clipped)
{
    switch (unit) {
    case NPS_Y_TRANSMITTANCE:
    case NPS_Y_REFLECTANCE: return absorbance(y, clipped);
    case NPS_Y_PERCENT_T:
    case NPS_Y_PERCENT_R: return absorbance(y / 100, clipped);
    /* f = (1 - R)^2 / 2 R (Kubelka and Munk 1931), solved for R; noise below zero is no reflectance above 1. */
    case NPS_Y_KUBELKA_MUNK: return absorbance(1 / (1 + fmax(y, 0) + sqrt(fmax(y, 0) * (fmax(y, 0) + 2))), clipped);
    case NPS_Y_ABSORBANCE:
    case NPS_Y_COUNTS: break;
    }
    return y;
}

static nps_status convert(const double *x, const double *y, size_t n, nps_x_unit x_unit, nps_y_unit y_unit, point *p,
                          nps_trace_repairs *r, nps_err *err)
{
    double per_cm = x_unit == NPS_X_MICROMETRE ? 1e4 : 1e7;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]))
            return nps_fail(err, NPS_E_RANGE, "point %zu is not finite", i + 1);
        if (x_unit != NPS_X_CM1 && x[i] <= 0)
            return nps_fail(err, NPS_E_RANGE, "wavelength %g of point %zu is not positive", x[i], i + 1);
        p[i].x = x_unit == NPS_X_CM1 ? x[i] : per_cm / x[i];
        p[i].y = to_absorbance(y[i], y_unit, &r->clipped);
        if (!isfinite(p[i].x))
            return nps_fail(err, NPS_E_RANGE, "wavelength %g of point %zu is too small", x[i], i + 1);
    }
    r->x_converted = x_unit != NPS_X_CM1;
    r->y_converted = y_unit != NPS_Y_ABSORBANCE && y_unit != NPS_Y_COUNTS;
    return NPS_OK;
}

static int by_x(const void *a, const void *b)
{
    double p = ((const point *)a)->x, q = ((const point *)b)->x;
    return (p > q) - (p < q);
}

/* Ascending; most traces are so already, or exactly the other way round. */
static void sort_points(point *p, size_t n)
{
    size_t down = 0, up = 0;
    for (size_t i = 1; i < n; i++) {
        down += p[i].x <= p[i - 1].x;
        up += p[i].x >= p[i - 1].x;
    }
    if (up == n - 1)
        return;
    if (down != n - 1) {
        qsort(p, n, sizeof *p, by_x);
        return;
    }
    for (size_t i = 0, j = n - 1; i < j; i++, j--) {
        point t = p[i];
        p[i] = p[j];
        p[j] = t;
    }
}

static size_t average_equal(point *p, size_t n, size_t *duplicate)
{
    size_t m = 0;
    for (size_t i = 0; i < n;) {
        size_t j = i + 1;
        double sum = p[i].y; /* not from 0, which would take the sign of a negative zero */
        for (; j < n && p[j].x == p[i].x; j++)
            sum += p[j].y;
        *duplicate += j - i - 1;
        p[m++] = (point){p[i].x, sum / (double)(j - i)};
        i = j;
    }
    return m;
}

/* The decimal place that all abscissae were written to: a step may be off by one unit of it through rounding alone. */
static double written_to(const point *p, size_t n)
{
    for (double q = 1; q > 1e-7; q /= 10) {
        size_t i = 0;
        while (i < n && fabs(p[i].x / q - round(p[i].x / q)) < 1e-6)
            i++;
        if (i == n)
            return q;
    }
    return 0;
}

/* Besides the steps the places count: a slow drift of the step would move the middle of the trace. */
static bool is_even(const point *p, size_t n, double step)
{
    double ulps = 4 * 0x1p-52 * fmax(fabs(p[0].x), fabs(p[n - 1].x)), rounding = fmin(written_to(p, n), step / 2);
    for (size_t i = 1; i < n; i++)
        if (fabs(p[i].x - p[i - 1].x - step) > STEP_TOLERANCE * step + rounding + ulps ||
            fabs(p[i].x - p[0].x - (double)i * step) > fmax(step / 4, rounding) + ulps)
            return false;
    return true;
}

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

static nps_status median_step(const point *p, size_t n, double *ret_step, nps_err *err)
{
    NPS_AUTO_MEM(double *) step = nps_array(n - 1, sizeof *step);
    if (!step)
        return nps_fail_nomem(err);
    for (size_t i = 1; i < n; i++)
        step[i - 1] = p[i].x - p[i - 1].x;
    qsort(step, n - 1, sizeof *step, by_value);
    *ret_step = step[(n - 1) / 2];
    return NPS_OK;
}

/* y at x0 + i dx for m grid points. */
static nps_status spline(const point *p, size_t n, double dx, size_t m, double *ret_y, nps_err *err)
{
    NPS_AUTO_MEM(double *) x = nps_array(2 * n, sizeof *x);
    if (!x)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        x[i] = p[i].x;
        x[n + i] = p[i].y;
    }
    size_t first = 0, end = 0;
    nps_status st = nps_grid_resample(x, x + n, n, x[0], dx, m, ret_y, &first, &end, err);
    if (st == NPS_OK && (first != 0 || end != m))
        return nps_fail(err, NPS_E_NUMERIC, "the step %g is too small for the range of the trace", dx);
    return st;
}

static nps_status uneven(const point *p, size_t n, size_t max_points, nps_trace *t, double **ret_y, nps_err *err)
{
    double dx = 0;
    nps_status st = median_step(p, n, &dx, err);
    if (st != NPS_OK)
        return st;
    double steps = floor((p[n - 1].x - p[0].x) / dx * (1 + 1e-12));
    if (!(steps < (double)max_points))
        return nps_fail(err, NPS_E_LIMIT, "an even grid over these points needs more than %zu points", max_points);
    size_t m = (size_t)steps + 1;
    NPS_AUTO_MEM(double *) y = nps_array(m, sizeof *y);
    if (!y)
        return nps_fail_nomem(err);
    st = spline(p, n, dx, m, y, err);
    if (st != NPS_OK)
        return st;
    t->n = m;
    t->dx_cm1 = dx;
    *ret_y = nps_steal(y);
    return NPS_OK;
}

/* Fills t from ascending points, without y but its length. */
static nps_status lay_out(const point *p, size_t n, size_t max_points, nps_trace *t, double **ret_y,
                          nps_trace_repairs *r, nps_err *err)
{
    if (n < 2)
        return nps_fail(err, NPS_E_RANGE, "all points lie at one abscissa");
    if (n > max_points)
        return nps_fail(err, NPS_E_LIMIT, "%zu points are more than the limit of %zu", n, max_points);
    double step = (p[n - 1].x - p[0].x) / (double)(n - 1);
    if (!isfinite(step))
        return nps_fail(err, NPS_E_RANGE, "the range of the abscissa is too large");
    t->x0_cm1 = p[0].x;
    if (!is_even(p, n, step)) {
        r->resampled = 1;
        return uneven(p, n, max_points, t, ret_y, err);
    }
    double *y = nps_array(n, sizeof *y);
    if (!y)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        y[i] = p[i].y;
    t->n = n;
    t->dx_cm1 = step;
    *ret_y = y;
    return NPS_OK;
}

size_t nps_trace_fill_missing(double *x, double *y, size_t n, size_t *opt_filled)
{
    size_t first = 0, end = n, filled = 0;
    while (first < end && isnan(y[first]))
        first++;
    while (end > first && isnan(y[end - 1]))
        end--;
    for (size_t i = first; i < end;) {
        size_t j = i + 1;
        while (j < end && isnan(y[j]))
            j++;
        for (size_t k = i + 1; k < j && j < end; k++, filled++)
            y[k] = y[i] + (y[j] - y[i]) * ((double)(k - i) / (double)(j - i));
        i = j;
    }
    memmove(x, x + first, (end - first) * sizeof *x);
    memmove(y, y + first, (end - first) * sizeof *y);
    if (opt_filled)
        *opt_filled = filled;
    return end - first;
}

nps_status nps_trace_from_points(const double *x, const double *y, size_t n, nps_x_unit x_unit, nps_y_unit y_unit,
                                 size_t max_points, nps_trace *ret_trace, nps_trace_repairs *repairs, nps_err *err)
{
    if (n < 2)
        return nps_fail(err, NPS_E_RANGE, "%zu points make no trace", n);
    NPS_AUTO_MEM(point *) p = nps_array(n, sizeof *p);
    if (!p)
        return nps_fail_nomem(err);
    nps_trace_repairs r = {0};
    nps_status st = convert(x, y, n, x_unit, y_unit, p, &r, err);
    if (st != NPS_OK)
        return st;
    sort_points(p, n);
    size_t m = average_equal(p, n, &r.duplicate);
    nps_trace t = {0};
    NPS_AUTO_MEM(double *) even = NULL;
    st = lay_out(p, m, max_points, &t, &even, &r, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO_MEM(float *) values = nps_array(t.n, sizeof *values);
    if (!values)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < t.n; i++)
        values[i] = (float)even[i];
    t.y = values;
    st = nps_trace_check(&t, err);
    if (st != NPS_OK)
        return st;
    t.y = nps_steal(values);
    *ret_trace = t;
    if (repairs)
        *repairs = r;
    return NPS_OK;
}
