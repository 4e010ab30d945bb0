#include "core/shift_match.h"

#include "tests/support/nps_test.h"

#include <math.h>

static nps_nominal_row q, r;
static nps_shift_scratch walk;

/* A few peaks close together, so that paths of pairs are long. */
static void random_row(nps_nominal_row *row, size_t n, unsigned from, unsigned width, uint64_t *rng)
{
    double mz[64];
    float intensity[64];
    size_t m = 0;
    for (unsigned b = from; b < from + width && m < n; b++)
        if (nps_test_uniform(rng) < (double)n / width) {
            mz[m] = b;
            intensity[m++] = (float)(0.01 + nps_test_uniform(rng));
        }
    nps_nominal_row_set(row, mz, intensity, m, 0, 0.5, 1);
}

/* Every way of using each peak at most once, tried one by one. */
static double best_assignment(const nps_nominal_row *a, const nps_nominal_row *b, int lag, size_t i, bool *used)
{
    if (i == a->n)
        return 0;
    double best = best_assignment(a, b, lag, i + 1, used);
    int m = a->bin[i];
    for (int k = 0; k < 2; k++) {
        int other = k ? m - lag : m;
        if (other < 0 || other >= NPS_NOMINAL_BINS || used[other] || !(nps_bin_weight(b, other) > 0))
            continue;
        used[other] = true;
        best = fmax(best, nps_bin_weight(a, m) * nps_bin_weight(b, other) + best_assignment(a, b, lag, i + 1, used));
        used[other] = false;
    }
    return best;
}

static void the_combined_score_is_the_best_assignment(void **state)
{
    (void)state;
    uint64_t rng = nps_test_seed();
    static bool used[NPS_NOMINAL_BINS];
    for (int round = 0; round < 2000; round++) {
        unsigned width = 4 + (unsigned)(nps_test_random(&rng) % 20), from = round % 3 ? 40 : NPS_NOMINAL_BINS - width;
        random_row(&q, 9, from, width, &rng);
        random_row(&r, 9, from, width, &rng);
        int lag = 1 + (int)(nps_test_random(&rng) % 8);
        lag = round % 2 ? lag : -lag;
        double want = best_assignment(&q, &r, lag, 0, used);
        assert_near(nps_shift_match(&q, &r, lag, &walk), want, 0, 1e-12);
        /* The law of the mirror: exchanging the spectra turns the lag round. */
        assert_near(nps_shift_match(&r, &q, -lag, &walk), want, 0, 1e-12);
        assert_true(nps_shift_bound(&q, &r, lag) >= want && nps_shift_bound(&r, &q, -lag) >= want);
        double direct = nps_nominal_dot(&q, &r), shifted = nps_nominal_correlation(&q, &r, lag);
        assert_true(want >= fmax(direct, shifted) - 1e-12 && want <= direct + shifted + 1e-12);
    }
}

static void the_pairs_add_up_to_the_score_and_use_each_peak_once(void **state)
{
    (void)state;
    uint64_t rng = nps_test_seed();
    for (int round = 0; round < 2000; round++) {
        random_row(&q, 30, 40, 45, &rng);
        random_row(&r, 30, 40, 45, &rng);
        int lag = 1 + (int)(nps_test_random(&rng) % 20);
        lag = round % 2 ? lag : -lag;
        nps_shift_pair pair[64];
        size_t n = nps_shift_pairs(&q, &r, lag, &walk, pair);
        double sum = 0;
        bool used_q[128] = {false}, used_r[128] = {false};
        for (size_t i = 0; i < n; i++) {
            assert_true(pair[i].q == pair[i].r || pair[i].q - pair[i].r == lag);
            assert_false(used_q[pair[i].q] || used_r[pair[i].r]);
            used_q[pair[i].q] = used_r[pair[i].r] = true;
            assert_near(pair[i].product, nps_bin_weight(&q, pair[i].q) * nps_bin_weight(&r, pair[i].r), 0, 0);
            assert_true(pair[i].product > 0 && (!i || pair[i].q > pair[i - 1].q));
            sum += pair[i].product;
        }
        assert_near(sum, nps_shift_match(&q, &r, lag, &walk), 0, 1e-12);
    }
}

static void a_row_is_binned_weighted_and_of_unit_norm(void **state)
{
    (void)state;
    const double mz[] = {0.4, 17.1, 40.9, 41.02, 41.3, 2047.2, 2047.7, 2500};
    const float intensity[] = {5, 7, 1, 2, 1, 4, 3, 9};
    nps_nominal_row_set(&q, mz, intensity, 8, 1, 0.5, 20);
    /* 0.4 and 17.1 lie below the lowest bin; 40.9, 41.02 and 41.3 are bin 41; the last two have no bin. */
    assert_int_equal(q.n, 2);
    assert_int_equal(q.bin[0], 41);
    assert_int_equal(q.bin[1], 2047);
    double a = 41 * sqrt(4.0), b = 2047 * sqrt(4.0), norm = sqrt(a * a + b * b);
    assert_near(nps_bin_weight(&q, 41), a / norm, 1e-15, 0);
    assert_near(nps_bin_weight(&q, 2047), b / norm, 1e-15, 0);
    nps_nominal_row_set(&q, mz, intensity, 2, 0, 1, 1);
    assert_int_equal(q.n, 1);
    assert_near(nps_bin_weight(&q, 17), 1, 0, 0);
    assert_true(nps_bin_weight(&q, 41) == 0 && nps_bin_weight(&q, 2047) == 0);
    nps_nominal_row_set(&q, mz, intensity, 0, 0, 1, 1);
    assert_int_equal(q.n, 0);
    assert_near(nps_shift_match(&q, &q, 5, &walk), 0, 0, 0);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_combined_score_is_the_best_assignment),
        cmocka_unit_test(the_pairs_add_up_to_the_score_and_use_each_peak_once),
        cmocka_unit_test(a_row_is_binned_weighted_and_of_unit_norm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
