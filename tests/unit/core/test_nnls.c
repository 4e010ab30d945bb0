/* Non-negative least squares: the conditions of Karush, Kuhn and Tucker, and every subset tried as the plain way. */
#include "tests/support/nps_test.h"

#include "core/nnls.h"

#include <math.h>

enum { ROWS = 24, MOST = 7 };

static uint64_t seed;

static double uniform(void) { return nps_test_uniform(&seed) - 0.3; }

static void equations(double a[ROWS][MOST], const double *b, size_t n, double *g, double *h)
{
    for (size_t i = 0; i < n; i++) {
        h[i] = 0;
        for (size_t r = 0; r < ROWS; r++)
            h[i] += a[r][i] * b[r];
        for (size_t j = 0; j < n; j++) {
            g[i * n + j] = 0;
            for (size_t r = 0; r < ROWS; r++)
                g[i * n + j] += a[r][i] * a[r][j];
        }
    }
}

static void check_conditions(const double *g, const double *h, size_t n, const double *x)
{
    for (size_t i = 0; i < n; i++) {
        double w = h[i];
        for (size_t j = 0; j < n; j++)
            w -= g[i * n + j] * x[j];
        assert_true(x[i] >= 0);
        if (x[i] > 0)
            assert_near(w, 0, 0, 1e-9);
        else
            assert_true(w <= 1e-9);
    }
}

static void the_optimum_is_reached_on_random_problems(void **state)
{
    (void)state;
    seed = nps_test_seed();
    for (int trial = 0; trial < 3000; trial++) {
        double a[ROWS][MOST], b[ROWS], g[MOST * MOST], h[MOST], x[MOST];
        size_t n = 1 + (size_t)(nps_test_random(&seed) % MOST);
        for (size_t r = 0; r < ROWS; r++) {
            b[r] = uniform();
            for (size_t i = 0; i < n; i++)
                a[r][i] = uniform();
            if (n > 2) /* two alike */
                a[r][1] = a[r][0] + 1e-3 * uniform();
        }
        equations(a, b, n, g, h);
        double fit = nps_nnls(g, h, n, x), want = 0;
        check_conditions(g, h, n, x);
        for (size_t i = 0; i < n; i++)
            want += h[i] * x[i];
        assert_near(fit, want, 1e-12, 1e-12);
    }
}

static void shares_of_a_known_mixture_come_back(void **state)
{
    (void)state;
    seed = nps_test_seed() + 1;
    double a[ROWS][MOST], b[ROWS] = {0}, g[16], h[4], x[4];
    static const double share[] = {0.5, 0, 0.3, 0.2};
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < 4; i++) {
            a[r][i] = uniform() + 0.3;
            b[r] += share[i] * a[r][i];
        }
    equations(a, b, 4, g, h);
    nps_nnls(g, h, 4, x);
    for (size_t i = 0; i < 4; i++)
        assert_near(x[i], share[i], 0, 1e-10);
}

static void a_component_twice_is_used_once_and_an_empty_one_never(void **state)
{
    (void)state;
    /* Columns (1, 1), (1, 1), (0, 0); b = (2, 2). */
    static const double g[] = {2, 2, 0, 2, 2, 0, 0, 0, 0}, h[] = {4, 4, 0};
    double x[3];
    assert_near(nps_nnls(g, h, 3, x), 8, 1e-12, 0);
    assert_near(x[0] + x[1], 2, 1e-12, 0);
    assert_true(x[0] == 0 || x[1] == 0);
    assert_true(x[2] == 0);
    static const double against[] = {-4, -4, 0};
    assert_true(nps_nnls(g, against, 3, x) == 0 && x[0] == 0 && x[1] == 0);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_optimum_is_reached_on_random_problems),
        cmocka_unit_test(shares_of_a_known_mixture_come_back),
        cmocka_unit_test(a_component_twice_is_used_once_and_an_empty_one_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
