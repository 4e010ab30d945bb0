#include "core/stats.h"
#include "tests/support/nps_test.h"

#include <math.h>

static void the_interval_of_a_proportion_is_that_of_the_tables(void **state)
{
    (void)state;
    /* k of n at 95 %: the closed forms 1 - (tail)^(1/n) where none or all are so; 2 of 5 and 8 of 10 as in R 4.2, binom.test. */
    static const struct {
        double k, n, low, high;
    } cases[] = {
        {0, 0, 0, 1},
        {0, 10, 0, 0.3084971},
        {10, 10, 0.6915029, 1},
        {2, 5, 0.05274495, 0.85336720},
        {8, 10, 0.44390452, 0.97478927},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double low, high;
        nps_proportion_interval(cases[i].k, cases[i].n, 0.95, &low, &high);
        assert_near(low, cases[i].low, 0, 1e-6);
        assert_near(high, cases[i].high, 0, 1e-6);
    }
}

static void the_interval_holds_the_truth_as_often_as_it_says(void **state)
{
    (void)state;
    enum { ROUNDS = 3000, N = 40 };
    static const double truths[] = {0.02, 0.3, 0.5, 0.97};
    uint64_t r = nps_test_seed();
    for (size_t t = 0; t < sizeof truths / sizeof *truths; t++) {
        size_t held = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double k = 0, low, high;
            for (int i = 0; i < N; i++)
                k += nps_test_uniform(&r) < truths[t];
            nps_proportion_interval(k, N, 0.9, &low, &high);
            assert_true(low <= k / N && k / N <= high);
            held += low <= truths[t] && truths[t] <= high;
        }
        assert_true((double)held / ROUNDS > 0.9 - 3 * sqrt(0.09 / ROUNDS));
    }
}

static void weighted_counts_lie_between_whole_ones(void **state)
{
    (void)state;
    double low[3], high[3];
    for (int i = 0; i < 3; i++)
        nps_proportion_interval(4 + 0.5 * i, 10, 0.9, &low[i], &high[i]);
    assert_true(low[0] < low[1] && low[1] < low[2] && high[0] < high[1] && high[1] < high[2]);
    double end_low, end_high;
    nps_proportion_interval(7.5 + 1e-12, 7.5, 0.9, &end_low, &end_high); /* rounding of a sum of weights */
    assert_true(end_low > 0.6 && end_high == 1);
}

static void two_samples_of_one_distribution_are_told_from_two(void **state)
{
    (void)state;
    static const double low[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, high[] = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
                        mixed[] = {1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5}, ties[] = {3, 3, 3, 3};
    assert_near(nps_same_distribution(low, 10, low, 10), 1, 0, 0);
    assert_near(nps_same_distribution(low, 10, mixed, 10), 1, 0, 1e-3);
    /* D = 1, n = m = 10: t = 2.236068 + 0.12 + 0.11 / 2.236068 = 2.4052615, 2 exp(-2 t^2) */
    assert_near(nps_same_distribution(low, 10, high, 10), 1.88798e-5, 1e-5, 0);
    assert_near(nps_same_distribution(high, 10, low, 10), 1.88798e-5, 1e-5, 0);
    assert_near(nps_same_distribution(ties, 4, ties, 4), 1, 0, 0);
    double a[200], b[200];
    for (int i = 0; i < 200; i++) {
        a[i] = i;
        b[i] = i + 27.0; /* D = 27 / 200, root = 10: t = 10.131 * 0.135 = 1.367685, p = 2 (exp(-2 t^2) - exp(-8 t^2)) */
    }
    assert_near(nps_same_distribution(a, 200, b, 200), 2 * (exp(-2 * 1.367685 * 1.367685) - exp(-8 * 1.367685 * 1.367685)), 1e-6, 0);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Law: under no difference the probability is below p with probability p. */
static void the_probability_of_a_difference_is_one(void **state)
{
    (void)state;
    enum { ROUNDS = 2000, N = 80, M = 150 };
    uint64_t r = nps_test_seed();
    size_t below[2] = {0}, found = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double a[N], b[M], moved[N];
        for (int i = 0; i < N; i++)
            a[i] = nps_test_uniform(&r);
        for (int i = 0; i < M; i++)
            b[i] = nps_test_uniform(&r);
        qsort(a, N, sizeof *a, ascending);
        qsort(b, M, sizeof *b, ascending);
        for (int i = 0; i < N; i++)
            moved[i] = 0.7 * a[i];
        double p = nps_same_distribution(a, N, b, M);
        assert_true(p >= 0 && p <= 1);
        below[0] += p < 0.05;
        below[1] += p < 0.2;
        found += nps_same_distribution(moved, N, b, M) < 0.01;
    }
    printf("below 0.05: %.4f, below 0.2: %.4f, moved found: %.4f\n", (double)below[0] / ROUNDS, (double)below[1] / ROUNDS,
           (double)found / ROUNDS);
    assert_near((double)below[0] / ROUNDS, 0.05, 0, 0.02);
    assert_near((double)below[1] / ROUNDS, 0.2, 0, 0.04);
    assert_true((double)found / ROUNDS > 0.5);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_of_a_proportion_is_that_of_the_tables),
        cmocka_unit_test(the_interval_holds_the_truth_as_often_as_it_says),
        cmocka_unit_test(weighted_counts_lie_between_whole_ones),
        cmocka_unit_test(two_samples_of_one_distribution_are_told_from_two),
        cmocka_unit_test(the_probability_of_a_difference_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
