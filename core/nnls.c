#include "core/nnls.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A pivot below this part of its diagonal is a linear combination of the components before it. */
static const double SINGULAR = 1e-10;

/* Least squares over the components in the set, by Cholesky; false where one of them depends on the others. */
static bool solve_set(const double *g, const double *h, size_t n, const bool *in, double *ret_x)
{
    size_t at[NPS_NNLS_MAX] = {0}, m = 0;
    double l[NPS_NNLS_MAX][NPS_NNLS_MAX], z[NPS_NNLS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        if (in[i])
            at[m++] = i;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = g[at[i] * n + at[j]];
            for (size_t k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > SINGULAR * g[at[i] * n + at[i]]))
                return false;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
        z[i] = h[at[i]];
        for (size_t k = 0; k < i; k++)
            z[i] -= l[i][k] * z[k];
        z[i] /= l[i][i];
    }
    memset(ret_x, 0, n * sizeof *ret_x);
    for (size_t i = m; i-- > 0;) {
        double sum = z[i];
        for (size_t k = i + 1; k < m; k++)
            sum -= l[k][i] * ret_x[at[k]];
        ret_x[at[i]] = sum / l[i][i];
    }
    return true;
}

static double gradient(const double *g, const double *h, const double *x, size_t n, size_t i)
{
    double w = h[i];
    for (size_t j = 0; j < n; j++)
        w -= g[i * n + j] * x[j];
    return w;
}

/* The component outside the set along which the fit improves most; n when there is none. */
static size_t steepest(const double *g, const double *h, const double *x, size_t n, const bool *in, const bool *barred)
{
    size_t best = n;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double diagonal = g[i * n + i];
        if (in[i] || barred[i] || !(diagonal > 0))
            continue;
        double w = gradient(g, h, x, n, i) / sqrt(diagonal);
        if (w > most + 1e-14 * fabs(h[i]) / sqrt(diagonal)) {
            most = w;
            best = i;
        }
    }
    return best;
}

/* Goes from x towards z until the first component reaches zero, which leaves the set. */
static void step_to_edge(double *x, const double *z, size_t n, bool *in)
{
    double part = 1;
    size_t edge = n;
    for (size_t i = 0; i < n; i++)
        if (in[i] && z[i] <= 0 && x[i] / (x[i] - z[i]) <= part) {
            part = x[i] / (x[i] - z[i]);
            edge = i;
        }
    for (size_t i = 0; i < n; i++)
        if (in[i]) {
            x[i] += part * (z[i] - x[i]);
            if (i == edge || x[i] <= 0) {
                x[i] = 0;
                in[i] = false;
            }
        }
}

static bool any_negative(const double *z, const bool *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (in[i] && z[i] <= 0)
            return true;
    return false;
}

double nps_nnls(const double *g, const double *h, size_t n, double *ret_x)
{
    bool in[NPS_NNLS_MAX] = {false}, barred[NPS_NNLS_MAX] = {false};
    double x[NPS_NNLS_MAX] = {0}, z[NPS_NNLS_MAX];
    /* Lawson and Hanson's loop ends by itself; the bound guards against rounding that makes it walk in a ring. */
    for (size_t round = 0; round < 8 * NPS_NNLS_MAX; round++) {
        size_t i = steepest(g, h, x, n, in, barred);
        if (i == n)
            break;
        in[i] = true;
        if (!solve_set(g, h, n, in, z) || z[i] <= 0) {
            in[i] = false;
            barred[i] = true;
            continue;
        }
        for (size_t inner = 0; inner < n && any_negative(z, in, n); inner++) {
            step_to_edge(x, z, n, in);
            if (!solve_set(g, h, n, in, z))
                break;
        }
        memcpy(x, z, n * sizeof *x);
        memset(barred, 0, sizeof barred);
        barred[i] = !in[i];
    }
    double fit = 0;
    for (size_t i = 0; i < n; i++) {
        ret_x[i] = in[i] ? x[i] : 0;
        fit += h[i] * ret_x[i];
    }
    return fit;
}
