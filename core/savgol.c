#include "core/savgol.h"

/* Gram polynomial k over -m .. m at i, or its s-th derivative. */
static double gram(int i, int m, int k, int s)
{
    if (k < 0 || s < 0 || (k == 0 && s > 0))
        return 0;
    if (k == 0)
        return 1;
    double a = (double)(4 * k - 2) / (k * (2 * m - k + 1)), b = (double)((k - 1) * (2 * m + k)) / (k * (2 * m - k + 1));
    return a * (i * gram(i, m, k - 1, s) + s * gram(i, m, k - 1, s - 1)) - b * gram(i, m, k - 2, s);
}

/* a (a - 1) ... (a - b + 1) */
static double falling(int a, int b)
{
    double product = 1;
    for (int j = a - b + 1; j <= a; j++)
        product *= j;
    return product;
}

nps_status nps_savgol_weights(unsigned points, unsigned order, unsigned derivative, unsigned at, double *ret_w, nps_err *err)
{
    if (points % 2 == 0 || points > NPS_SAVGOL_POINTS_MAX || order > NPS_SAVGOL_ORDER_MAX || order >= points)
        return nps_fail(err, NPS_E_RANGE, "a window of %u points for order %u; it is odd, above the order and at most %d",
                        points, order, NPS_SAVGOL_POINTS_MAX);
    if (derivative > order || at >= points)
        return nps_fail(err, NPS_E_RANGE, "derivative %u at point %u does not go with order %u and %u points", derivative,
                        at, order, points);
    int m = (int)points / 2, t = (int)at - m;
    for (int i = -m; i <= m; i++) {
        double sum = 0;
        for (int k = 0; k <= (int)order; k++)
            sum += (2 * k + 1) * falling(2 * m, k) / falling(2 * m + k + 1, k + 1) * gram(i, m, k, 0) *
                   gram(t, m, k, (int)derivative);
        ret_w[i + m] = sum;
    }
    return NPS_OK;
}

static double weighted(const double *w, const double *y, unsigned points)
{
    double sum = 0;
    for (unsigned i = 0; i < points; i++)
        sum += w[i] * y[i];
    return sum;
}

nps_status nps_savgol(const double *y, size_t n, unsigned points, unsigned order, unsigned derivative, double *ret_y,
                      nps_err *err)
{
    double w[NPS_SAVGOL_POINTS_MAX];
    unsigned half = points / 2;
    if (n < points)
        return nps_fail(err, NPS_E_RANGE, "%zu points are fewer than the window of %u", n, points);
    nps_status st = nps_savgol_weights(points, order, derivative, half, w, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = half; i + half < n; i++)
        ret_y[i] = weighted(w, y + i - half, points);
    for (unsigned at = 0; at < half && st == NPS_OK; at++) {
        st = nps_savgol_weights(points, order, derivative, at, w, err);
        if (st == NPS_OK)
            ret_y[at] = weighted(w, y, points);
        /* The window mirrored: odd derivatives change their sign. */
        double sum = 0;
        for (unsigned i = 0; i < points && st == NPS_OK; i++)
            sum += w[i] * y[n - 1 - i];
        ret_y[n - 1 - at] = derivative % 2 ? -sum : sum;
    }
    return st;
}
