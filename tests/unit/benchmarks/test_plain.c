/* The plain searches find what the queries were made from, and score as their definitions say. */
#include "benchmarks/plain.h"
#include "core/mem.h"
#include "tests/support/nps_test.h"

#include <math.h>

#define TOL_MZ 0.02

enum { ROWS = 1000, QUERIES = 50, TOP = 5 };

static nps_topk best;

static void reset(void)
{
    nps_err err;
    assert_ok(nps_topk_reset(&best, TOP, &err), &err);
}

static int tear_down(void **state)
{
    (void)state;
    nps_topk_done(&best);
    return 0;
}

/* The source of query i, or a relative of it, is among the best. */
static bool found(const bench_spectra *lib, const bench_spectra *query, size_t i)
{
    int64_t source = query->source[i], parent = lib->source[source];
    for (size_t k = 0; k < best.n; k++) {
        int64_t row = best.item[k].index;
        if (row == source || row == parent || lib->source[row] == source)
            return true;
    }
    return false;
}

static void entropy_and_hybrid_search_find_the_source(void **state)
{
    (void)state;
    bench_spectra lib = bench_synth_msms(ROWS, nps_test_seed());
    bench_spectra query = bench_synth_msms_queries(&lib, QUERIES, nps_test_seed());
    bench_plain_entropy_weights(&lib, 2 * TOL_MZ);
    bench_plain_entropy_weights(&query, 2 * TOL_MZ);
    size_t direct = 0, hybrid = 0;
    for (size_t i = 0; i < QUERIES; i++) {
        nps_peak_view q = bench_spectra_row(&query, i);
        reset();
        bench_plain_entropy(&lib, q, TOL_MZ, &best);
        direct += found(&lib, &query, i);
        double entropy = best.item[0].score;
        reset();
        bench_plain_hybrid(&lib, q, query.precursor[i], TOL_MZ, &best);
        hybrid += found(&lib, &query, i);
        assert_true(best.item[0].score >= entropy - 1e-6 && best.item[0].score <= 1);
    }
    assert_true(direct >= QUERIES * 7 / 10);
    assert_true(hybrid >= QUERIES * 9 / 10);
    bench_spectra_done(&lib);
    bench_spectra_done(&query);
}

static void cosine_and_lags_find_the_source(void **state)
{
    (void)state;
    bench_spectra lib = bench_synth_ei(ROWS, nps_test_seed());
    bench_spectra query = bench_synth_ei_queries(&lib, QUERIES, nps_test_seed());
    bench_plain_cosine_weights(&lib, 1, 0.5);
    bench_plain_cosine_weights(&query, 1, 0.5);
    size_t cosine = 0;
    for (size_t i = 0; i < QUERIES; i++) {
        nps_peak_view q = bench_spectra_row(&query, i);
        reset();
        bench_plain_cosine(&lib, q, &best);
        cosine += found(&lib, &query, i);
        double c[2 * BENCH_PLAIN_LAG_MAX + 1];
        bench_plain_correlation(q, bench_spectra_row(&lib, best.item[0].index), c);
        assert_near(c[BENCH_PLAIN_LAG_MAX], best.item[0].score, 1e-12, 0);
        reset();
        bench_plain_lags(&lib, q, &best);
        assert_int_equal(best.n, TOP);
    }
    assert_true(cosine >= QUERIES * 9 / 10);
    bench_spectra_done(&lib);
    bench_spectra_done(&query);
}

static void weights_are_normalised_and_peaks_far_enough_apart(void **state)
{
    (void)state;
    bench_spectra m = bench_synth_msms(ROWS, nps_test_seed()), e = bench_synth_ei(ROWS, nps_test_seed());
    bench_plain_entropy_weights(&m, 2 * TOL_MZ);
    bench_plain_cosine_weights(&e, 1, 0.5);
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 0, squares = 0;
        nps_peak_view a = bench_spectra_row(&m, i), b = bench_spectra_row(&e, i);
        assert_true(a.n > 0);
        for (size_t k = 0; k < a.n; k++) {
            sum += (double)a.intensity[k];
            assert_true(k == 0 || a.mz[k] - a.mz[k - 1] >= 2 * TOL_MZ);
        }
        for (size_t k = 0; k < b.n; k++)
            squares += (double)b.intensity[k] * (double)b.intensity[k];
        assert_near(sum, 1, 0, 1e-5);
        assert_near(squares, 1, 0, 1e-5);
    }
    bench_spectra_done(&m);
    bench_spectra_done(&e);
}

static void a_lag_gathers_the_products_of_peaks_that_far_apart(void **state)
{
    (void)state;
    const double a[] = {50, 60, 360}, b[] = {45, 58};
    const float x[] = {1, 2, 3}, y[] = {5, 7};
    double c[2 * BENCH_PLAIN_LAG_MAX + 1], sum = 0;
    bench_plain_correlation((nps_peak_view){a, x, 3}, (nps_peak_view){b, y, 2}, c);
    const double *at = c + BENCH_PLAIN_LAG_MAX;
    assert_near(at[5], 5, 0, 0);
    assert_near(at[-8], 7, 0, 0);
    assert_near(at[15], 10, 0, 0);
    assert_near(at[2], 14, 0, 0);
    for (int lag = -BENCH_PLAIN_LAG_MAX; lag <= BENCH_PLAIN_LAG_MAX; lag++)
        sum += at[lag];
    assert_near(sum, 5 + 7 + 10 + 14, 0, 0); /* 315 and 302 are out of reach */
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entropy_and_hybrid_search_find_the_source),
        cmocka_unit_test(cosine_and_lags_find_the_source),
        cmocka_unit_test(weights_are_normalised_and_peaks_far_enough_apart),
        cmocka_unit_test(a_lag_gathers_the_products_of_peaks_that_far_apart),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
