#include "core/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

size_t nps_conformal_rank(size_t n, double alpha, double confidence)
{
    /* The tiny addition keeps 0.05 * 20 at 1. */
    size_t k = (size_t)floor(alpha * (double)(n + 1) + 1e-9);
    if (confidence > 0)
        while (k && gsl_cdf_beta_Q(1 - alpha, (double)(n + 1 - k), (double)k) < confidence)
            k--;
    return k;
}

void nps_conformal_coverage(size_t n, size_t k, double confidence, double *ret_low, double *ret_high)
{
    if (!k) {
        *ret_low = *ret_high = 1;
        return;
    }
    double a = (double)(n + 1 - k), b = (double)k, tail = (1 - confidence) / 2;
    *ret_low = gsl_cdf_beta_Pinv(tail, a, b);
    *ret_high = gsl_cdf_beta_Pinv(1 - tail, a, b);
}
