/* Baselines: equations checked as such, cases with known answers, bad input. */
#include "tests/support/nps_test.h"

#include "core/baseline.h"

#include <math.h>

enum { N = 400 };

static double band(double i, double at, double width) { return exp(-(i - at) * (i - at) / (2 * width * width)); }

/* What the returned z must solve: W (z - y) + lambda D'D z = 0 with the weights that z itself gives. */
static double residual_of_equations(const double *y, const double *z, size_t n, double lambda, double p)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double g = (y[i] > z[i] ? p : 1 - p) * (z[i] - y[i]);
        for (size_t row = 0; row + 2 < n; row++) {
            if (i < row || i > row + 2)
                continue;
            double c = i == row + 1 ? -2 : 1;
            g += lambda * c * (z[row] - 2 * z[row + 1] + z[row + 2]);
        }
        worst = fmax(worst, fabs(g));
    }
    return worst;
}

static void asymmetric_least_squares_solves_its_own_equations(void **state)
{
    (void)state;
    double y[N], z[N];
    nps_err err;
    uint64_t seed = nps_test_seed();
    for (size_t i = 0; i < N; i++)
        y[i] = 0.3 + 1e-3 * (double)i + band((double)i, 120, 9) + 0.6 * band((double)i, 260, 14) + 1e-3 * nps_test_uniform(&seed);
    static const struct { double lambda, p; } cases[] = {{1e2, 0.01}, {1e5, 0.001}, {1e6, 0.05}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assert_ok(nps_baseline_als(y, N, cases[c].lambda, cases[c].p, z, &err), &err);
        assert_true(residual_of_equations(y, z, N, cases[c].lambda, cases[c].p) < 1e-7);
    }
}

static void a_slope_under_bands_is_found_and_a_straight_line_is_its_own_baseline(void **state)
{
    (void)state;
    double y[N], z[N];
    nps_err err;
    for (size_t i = 0; i < N; i++)
        y[i] = 0.5 - 5e-4 * (double)i;
    assert_ok(nps_baseline_als(y, N, 1e6, 0.01, z, &err), &err);
    for (size_t i = 0; i < N; i++)
        assert_near(z[i], y[i], 0, 1e-7); /* of the condition of the equations */
    for (size_t i = 0; i < N; i++)
        y[i] += band((double)i, 150, 6) + band((double)i, 300, 8);
    assert_ok(nps_baseline_als(y, N, 1e6, 0.001, z, &err), &err);
    for (size_t i = 0; i < N; i++)
        assert_near(z[i], 0.5 - 5e-4 * (double)i, 0, 0.01);
}

static void a_rubber_band_lies_below_and_touches(void **state)
{
    (void)state;
    double y[N], z[N];
    nps_err err;
    uint64_t seed = nps_test_seed();
    for (size_t i = 0; i < N; i++)
        y[i] = nps_test_uniform(&seed) + 1e-5 * ((double)i - N / 2.0) * ((double)i - N / 2.0);
    assert_ok(nps_baseline_rubber_band(y, N, z, &err), &err);
    size_t touched = 0;
    for (size_t i = 0; i < N; i++) {
        assert_true(z[i] <= y[i] + 1e-12);
        touched += z[i] >= y[i] - 1e-12;
        if (i && i + 1 < N) /* convex */
            assert_true(z[i - 1] - 2 * z[i] + z[i + 1] >= -1e-12);
    }
    assert_true(touched >= 3);
    assert_near(z[0], y[0], 0, 0);
    assert_near(z[N - 1], y[N - 1], 0, 0);
}

static void parameters_out_of_range_are_refused(void **state)
{
    (void)state;
    double y[4] = {0, 1, 0, 1}, z[4];
    nps_err err;
    static const struct { size_t n; double lambda, p; } cases[] = {
        {2, 1e5, 0.01}, {4, 0.5, 0.01}, {4, 2e12, 0.01}, {4, NAN, 0.01}, {4, 1e5, 0}, {4, 1e5, 0.5}, {4, 1e5, NAN}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        assert_int_equal(nps_baseline_als(y, cases[c].n, cases[c].lambda, cases[c].p, z, &err), NPS_E_RANGE);
    assert_int_equal(nps_baseline_rubber_band(y, 1, z, &err), NPS_E_RANGE);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asymmetric_least_squares_solves_its_own_equations),
        cmocka_unit_test(a_slope_under_bands_is_found_and_a_straight_line_is_its_own_baseline),
        cmocka_unit_test(a_rubber_band_lies_below_and_touches),
        cmocka_unit_test(parameters_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
