#include "core/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static size_t rank_of(size_t n, double alpha)
{
    /* The tiny addition keeps 0.05 * 20 at 1. */
    return (size_t)floor(alpha * (double)(n + 1) + 1e-9);
}

double nps_conformal_threshold(const double *ascending, size_t n, double alpha)
{
    size_t k = rank_of(n, alpha);
    return k ? ascending[k - 1] : -INFINITY;
}

void nps_conformal_coverage(size_t n, double alpha, double confidence, double *ret_low, double *ret_high)
{
    size_t k = rank_of(n, alpha);
    if (!k) {
        *ret_low = *ret_high = 1;
        return;
    }
    double a = (double)(n + 1 - k), b = (double)k, tail = (1 - confidence) / 2;
    *ret_low = gsl_cdf_beta_Pinv(tail, a, b);
    *ret_high = gsl_cdf_beta_Pinv(1 - tail, a, b);
}

double nps_conformal_p(const double *ascending, size_t n, double x)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (ascending[mid] <= x)
            low = mid + 1;
        else
            high = mid;
    }
    return (double)(low + 1) / (double)(n + 1);
}
