#include "core/dot8.h"
#include "core/pearson.h"
#include "tests/support/nps_test.h"

#include <math.h>

/* Every vector level of this machine against plain sums. */

static uint64_t rng;

static int setup(void **state)
{
    (void)state;
    rng = nps_test_seed();
    return 0;
}

static void dot_products_are_the_same_integers_at_every_level(void **state)
{
    (void)state;
    enum { ROWS = 11, VECTORS = 5, STRIDE = 13 };
    static const size_t widths[] = {64, 128, 512, 576, 1024};
    static uint8_t row[ROWS * 1024 + 1];
    static int8_t vector[VECTORS * 2 * 1024];
    static int32_t value[VECTORS][1024];
    for (int round = 0; round < 60; round++) {
        size_t width = widths[round % 5], n_row = nps_test_random(&rng) % (ROWS + 1), n = nps_test_random(&rng) % (VECTORS + 1);
        bool extreme = round % 4 == 3;
        uint8_t *r = row + round % 2; /* not aligned */
        for (size_t i = 0; i < n_row * width; i++)
            r[i] = (uint8_t)(extreme ? 255 : nps_test_random(&rng));
        for (size_t v = 0; v < n; v++) {
            for (size_t i = 0; i < width; i++)
                value[v][i] = extreme ? (v % 2 ? -NPS_DOT8_LIMIT : NPS_DOT8_LIMIT)
                                      : (int32_t)(nps_test_random(&rng) % (2 * NPS_DOT8_LIMIT + 1)) - NPS_DOT8_LIMIT;
            nps_dot8_split(value[v], width, vector + v * 2 * width);
        }
        for (nps_simd level = NPS_SIMD_PLAIN; level < NPS_SIMD_COUNT; level++) {
            if (!nps_simd_runs(level))
                continue;
            int32_t got[VECTORS * STRIDE];
            memset(got, 0x55, sizeof got);
            nps_dot8(level, r, n_row, width, vector, n, got, STRIDE);
            for (size_t v = 0; v < VECTORS; v++)
                for (size_t j = 0; j < STRIDE; j++) {
                    int64_t want = 0;
                    for (size_t i = 0; i < width && v < n && j < n_row; i++)
                        want += (int64_t)r[j * width + i] * value[v][i];
                    assert_int_equal(got[v * STRIDE + j], v < n && j < n_row ? want : 0x55555555);
                }
        }
    }
}

static void moments_are_the_same_integers_at_every_level(void **state)
{
    (void)state;
    static uint8_t row[3 * 1024], in_sum[1024], in_squares[1024];
    for (int round = 0; round < 40; round++) {
        size_t width = 64 * (1 + nps_test_random(&rng) % 16);
        memset(in_sum, 0, sizeof in_sum);
        memset(in_squares, 0, sizeof in_squares);
        for (size_t i = 0; i < 3 * width; i++)
            row[i] = (uint8_t)(round % 4 ? nps_test_random(&rng) : 255);
        for (size_t i = 0; i < width; i++)
            if (round % 4 == 0 || (i / 64 % 3 != 0 && nps_test_random(&rng) % 2)) {
                in_sum[i] = round % 4 && i % 7 == 0 ? 0 : 255;
                in_squares[i] = 255;
            }
        for (nps_simd level = NPS_SIMD_PLAIN; level < NPS_SIMD_COUNT; level++) {
            if (!nps_simd_runs(level))
                continue;
            int32_t sum[3], squares[3];
            nps_dot8_moments(level, row, 3, width, in_sum, in_squares, sum, squares);
            for (size_t r = 0; r < 3; r++) {
                int64_t s = 0, q = 0;
                for (size_t i = 0; i < width; i++) {
                    int64_t c = row[r * width + i];
                    s += in_sum[i] ? c : 0;
                    q += in_squares[i] ? c * c : 0;
                }
                assert_int_equal(sum[r], s);
                assert_int_equal(squares[r], q);
            }
        }
    }
}

static double plain_pearson(const float *a, const float *b, size_t n, uint32_t *ret_n)
{
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    uint32_t m = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++) {
            if (isnan(a[i]) || isnan(b[i]))
                continue;
            if (pass == 0) {
                sa += (double)a[i];
                sb += (double)b[i];
                m++;
            } else {
                double x = (double)a[i] - sa / m, y = (double)b[i] - sb / m;
                aa += x * x;
                bb += y * y;
                ab += x * y;
            }
        }
    *ret_n = m;
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static void correlations_are_the_same_bits_at_every_level(void **state)
{
    (void)state;
    float a[300], b[300];
    for (size_t n = 0; n <= 300; n += n < 40 ? 1 : 13) {
        double offset = 3 * nps_test_uniform(&rng);
        for (size_t i = 0; i < n; i++) {
            a[i] = nps_test_random(&rng) % 10 ? (float)(offset + nps_test_uniform(&rng)) : NAN;
            b[i] = nps_test_random(&rng) % 10 ? (float)(nps_test_uniform(&rng) - offset) + 0.5F * (isnan(a[i]) ? 0 : a[i]) : NAN;
        }
        uint32_t want_n, first_n, got_n;
        double want = plain_pearson(a, b, n, &want_n), first = nps_pearson(NPS_SIMD_PLAIN, a, b, n, &first_n);
        assert_int_equal(first_n, want_n);
        assert_near(first, want_n < 2 ? 0 : want, 0, 1e-12);
        for (nps_simd level = NPS_SIMD_PLAIN; level < NPS_SIMD_COUNT; level++)
            if (nps_simd_runs(level)) {
                double got = nps_pearson(level, a, b, n, &got_n);
                assert_memory_equal(&got, &first, sizeof got);
                assert_int_equal(got_n, first_n);
            }
    }
}

static void a_flat_row_correlates_with_nothing(void **state)
{
    (void)state;
    float a[100], b[100];
    uint32_t n;
    for (size_t i = 0; i < 100; i++) {
        a[i] = 0.1F;
        b[i] = (float)i;
    }
    assert_true(nps_pearson(nps_simd_best(), a, b, 100, &n) == 0);
    assert_int_equal(n, 100);
    a[0] = 5; /* the first value is no part of what is common */
    b[0] = NAN;
    assert_true(nps_pearson(nps_simd_best(), b, a, 100, &n) == 0);
    assert_int_equal(n, 99);
    assert_true(nps_pearson(nps_simd_best(), b, b, 100, &n) == 1);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dot_products_are_the_same_integers_at_every_level),
        cmocka_unit_test(moments_are_the_same_integers_at_every_level),
        cmocka_unit_test(correlations_are_the_same_bits_at_every_level),
        cmocka_unit_test(a_flat_row_correlates_with_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
