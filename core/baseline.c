#include "core/baseline.h"

#include "core/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 50 };

/* L D L' of a symmetric matrix with two bands below its diagonal, in place: d becomes 1 / D, e and f the bands of L. */
static bool factor(double *d, double *e, double *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(d[i] > 0))
            return false;
        double inverse = 1 / d[i], first = e[i], second = f[i];
        d[i] = inverse;
        if (i + 1 < n) {
            e[i] = first * inverse;
            d[i + 1] -= first * e[i];
        }
        if (i + 2 < n) {
            e[i + 1] -= second * e[i];
            f[i] = second * inverse;
            d[i + 2] -= second * f[i];
        }
    }
    return true;
}

static void solve(const double *d, const double *e, const double *f, double *z, size_t n)
{
    for (size_t i = 1; i < n; i++)
        z[i] -= e[i - 1] * z[i - 1] + (i > 1 ? f[i - 2] * z[i - 2] : 0);
    for (size_t i = 0; i < n; i++)
        z[i] *= d[i];
    for (size_t i = n - 1; i-- > 0;)
        z[i] -= e[i] * z[i + 1] + (i + 2 < n ? f[i] * z[i + 2] : 0);
}

/* Diagonals of D'D, D the second differences of n >= 3 points. */
static double penalty(size_t i, size_t n, int band)
{
    size_t first = i < 2 ? 0 : i - 2, last = i < n - 2 ? i : n - 3; /* rows of D that touch point i */
    static const double c[] = {1, -2, 1};
    double sum = 0;
    for (size_t row = first; row <= last; row++)
        if (i + (size_t)band <= row + 2)
            sum += c[i - row] * c[i + (size_t)band - row];
    return sum;
}

static size_t reweigh(const double *y, const double *z, double p, double *w, size_t n)
{
    size_t changed = 0;
    for (size_t i = 0; i < n; i++) {
        double next = y[i] > z[i] ? p : 1 - p;
        changed += next != w[i];
        w[i] = next;
    }
    return changed;
}

nps_status nps_baseline_als(const double *y, size_t n, double lambda, double p, double *ret_z, nps_err *err)
{
    if (n < 3)
        return nps_fail(err, NPS_E_RANGE, "%zu points are too few for a baseline", n);
    if (!(lambda >= 1 && lambda <= 1e12))
        return nps_fail(err, NPS_E_RANGE, "baseline smoothness %g is outside [1, 1e12]", lambda);
    if (!(p >= 1e-6 && p < 0.5))
        return nps_fail(err, NPS_E_RANGE, "baseline asymmetry %g is outside [1e-6, 0.5)", p);
    NPS_AUTO_MEM(double *) room = nps_array(8 * n, sizeof *room);
    if (!room)
        return nps_fail_nomem(err);
    double *w = room, *d = room + n, *e = d + n, *f = e + n, *z = f + n, *smooth = z + n;
    for (size_t i = 0; i < n; i++) {
        w[i] = 1;
        for (int band = 0; band < 3; band++)
            smooth[(size_t)band * n + i] = lambda * penalty(i, n, band);
    }
    for (int round = 0; round < ROUNDS_MAX; round++) {
        memcpy(e, smooth + n, n * sizeof *e);
        memcpy(f, smooth + 2 * n, n * sizeof *f);
        for (size_t i = 0; i < n; i++) {
            d[i] = w[i] + smooth[i];
            z[i] = w[i] * y[i];
        }
        if (!factor(d, e, f, n))
            return nps_fail(err, NPS_E_NUMERIC, "the baseline equations cannot be solved");
        solve(d, e, f, z, n);
        if (!reweigh(y, z, p, w, n))
            break;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(z[i]))
            return nps_fail(err, NPS_E_NUMERIC, "the baseline is not finite at point %zu", i);
        ret_z[i] = z[i];
    }
    return NPS_OK;
}

/* Whether b lies on or above the line from a to c. */
static bool is_above(const double *y, size_t a, size_t b, size_t c)
{
    return (y[b] - y[a]) * (double)(c - a) >= (y[c] - y[a]) * (double)(b - a);
}

nps_status nps_baseline_rubber_band(const double *y, size_t n, double *ret_z, nps_err *err)
{
    if (n < 2)
        return nps_fail(err, NPS_E_RANGE, "%zu points are too few for a baseline", n);
    NPS_AUTO_MEM(size_t *) hull = nps_array(n, sizeof *hull);
    if (!hull)
        return nps_fail_nomem(err);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        while (m >= 2 && is_above(y, hull[m - 2], hull[m - 1], i))
            m--;
        hull[m++] = i;
    }
    for (size_t k = 0; k + 1 < m; k++) {
        size_t a = hull[k], b = hull[k + 1];
        for (size_t i = a; i <= b; i++) {
            double part = (double)(i - a) / (double)(b - a);
            ret_z[i] = (1 - part) * y[a] + part * y[b];
        }
    }
    return NPS_OK;
}
