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

void nps_proportion_interval(double k, double n, double confidence, double *ret_low, double *ret_high)
{
    double tail = (1 - confidence) / 2;
    *ret_low = k > 0 ? gsl_cdf_beta_Pinv(tail, k, fmax(0, n - k) + 1) : 0;
    *ret_high = k < n ? gsl_cdf_beta_Pinv(1 - tail, k + 1, n - k) : 1;
}

double nps_same_distribution(const double *a, size_t n_a, const double *b, size_t n_b)
{
    enum { TERMS = 100 };
    double largest = 0;
    for (size_t i = 0, j = 0; i < n_a && j < n_b;) {
        double x = fmin(a[i], b[j]);
        while (i < n_a && a[i] <= x)
            i++;
        while (j < n_b && b[j] <= x)
            j++;
        largest = fmax(largest, fabs((double)i / (double)n_a - (double)j / (double)n_b));
    }
    double root = sqrt((double)n_a * (double)n_b / (double)(n_a + n_b)), t = (root + 0.12 + 0.11 / root) * largest, p = 0;
    if (t < 0.2) /* the series converges slowly, to 1 */
        return 1;
    for (int k = 1; k <= TERMS; k++)
        p += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * t * t);
    return fmin(1, fmax(0, p));
}
