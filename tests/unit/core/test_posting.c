#include "core/posting.h"

#include "core/parallel.h"
#include "core/similarity.h"
#include "tests/support/nps_test.h"

#include <math.h>
#include <stdatomic.h>

static nps_codes codes;

static int setup(void **state)
{
    (void)state;
    nps_codes_init(&codes);
    return 0;
}

static void a_code_is_the_smallest_that_does_not_fall_short(void **state)
{
    (void)state;
    uint64_t rng = nps_test_seed();
    for (int i = 0; i < 200000; i++) {
        double w = exp2(-14 * nps_test_uniform(&rng));
        unsigned c = nps_code(&codes, w);
        assert_true(codes.weight[c] >= w && (c == 0 || codes.weight[c - 1] < w));
    }
    for (unsigned c = 0; c < NPS_CODES; c++) {
        assert_int_equal(nps_code(&codes, codes.weight[c]), c);
        if (c + 1 < NPS_CODES)
            assert_int_equal(nps_code(&codes, nextafter(codes.weight[c], 2)), c + 1);
    }
    assert_int_equal(nps_code(&codes, 0), 0);
    assert_int_equal(nps_code(&codes, 1), NPS_CODES - 1);
}

static void a_table_is_never_below_the_gain_and_little_above(void **state)
{
    (void)state;
    uint64_t rng = nps_test_seed();
    for (int i = 0; i < 2000; i++) {
        double q = i == 0 ? 1 : exp2(-30 * nps_test_uniform(&rng) * nps_test_uniform(&rng));
        nps_gain_table product, entropy;
        nps_gain_product(&codes, q, &product);
        nps_gain_entropy(&codes, q, &entropy);
        for (unsigned c = 0; c < NPS_CODES; c++) {
            double w = codes.weight[c], g = 0.5 * (nps_xlog2x(q + w) - nps_xlog2x(q) - nps_xlog2x(w));
            assert_true(product.unit[c] >= q * w * NPS_BOUND_ONE && product.unit[c] <= q * w * NPS_BOUND_ONE + 1);
            assert_true(entropy.unit[c] >= g * NPS_BOUND_ONE * (1 - 1e-12) && entropy.unit[c] <= 1.005 * g * NPS_BOUND_ONE + 1.01);
        }
    }
}

static void keys_ascend_and_are_cut_at_both_ends(void **state)
{
    (void)state;
    assert_int_equal(nps_mz_key(0, 0), 0);
    assert_int_equal(nps_mz_key(-3, 0), 0);
    assert_int_equal(nps_mz_key(-999.5, 1000), 500000);
    assert_int_equal(nps_mz_key(182.0812, 0), 182081200);
    assert_int_equal(nps_mz_key(5000, 0), UINT32_MAX);
    const uint32_t key[] = {1, 4, 4, 9};
    assert_int_equal(nps_key_find(key, 0, 4, 0), 0);
    assert_int_equal(nps_key_find(key, 0, 4, 4), 1);
    assert_int_equal(nps_key_find(key, 0, 4, 5), 3);
    assert_int_equal(nps_key_find(key, 0, 4, 10), 4);
    assert_int_equal(nps_key_find(key, 2, 2, 0), 2);
}

/* Rows whose exact score is a given fraction of their bound; odd ones in `out` do not count. */
typedef struct {
    const double *score;
    bool odd_out;
    size_t asked;
} rows;

static double exact(void *arg, uint32_t row)
{
    rows *r = arg;
    r->asked++;
    return r->odd_out && row % 2 ? -1 : r->score[row - 1000];
}

static int best_first(const void *a, const void *b)
{
    const nps_ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void the_harvest_finds_the_best_rows_and_asks_for_few(void **state)
{
    (void)state;
    uint64_t rng = nps_test_seed();
    static uint16_t sum[NPS_SHARD_ROWS];
    static double score[NPS_SHARD_ROWS];
    static nps_ranked want[NPS_SHARD_ROWS];
    static const size_t sizes[] = {1, 63, 64, 65, 1000, NPS_SHARD_ROWS};
    for (int round = 0; round < 120; round++) {
        size_t n = sizes[round % 6], k = (size_t)1 << (round % 10), m = 0;
        rows r = {score, round % 4 == 3, 0};
        for (size_t i = 0; i < n; i++) {
            /* Many ties, some rows without any sum, bounds up to a twentieth above the score. */
            double s = nps_test_uniform(&rng) < 0.3 ? 0 : floor(pow(nps_test_uniform(&rng), 3) * 500) / 500;
            score[i] = s;
            sum[i] = (uint16_t)ceil(s * (1 + 0.05 * nps_test_uniform(&rng)) * NPS_BOUND_ONE);
            if (s > 0 && !(r.odd_out && (1000 + i) % 2))
                want[m++] = (nps_ranked){s, 1000 + (uint32_t)i};
        }
        if (m)
            qsort(want, m, sizeof *want, best_first);
        nps_err err;
        for (int level = NPS_SIMD_PLAIN; level <= (int)(nps_simd_best() ? NPS_SIMD_AVX2 : NPS_SIMD_PLAIN); level++) {
            static uint16_t copy[NPS_SHARD_ROWS];
            nps_topk top = {0};
            memcpy(copy, sum, sizeof copy);
            assert_ok(nps_topk_init(&top, k, &err), &err);
            r.asked = 0;
            size_t scored = nps_postings_harvest(copy, n, 1000, exact, &r, (nps_simd)level, &top);
            assert_int_equal(scored, r.asked);
            nps_topk_sort(&top);
            assert_int_equal(top.n, m < k ? m : k);
            assert_memory_equal(top.item, want, top.n * sizeof *want);
            for (size_t i = 0; i < NPS_SHARD_ROWS; i++)
                assert_int_equal(copy[i], 0);
            if (n == NPS_SHARD_ROWS && k <= 16 && !r.odd_out)
                assert_true(scored < n / 8);
            nps_topk_done(&top);
        }
        memset(sum, 0, sizeof sum);
    }
}

static void postings_add_what_their_table_says(void **state)
{
    (void)state;
    static uint16_t sum[NPS_SHARD_ROWS];
    const uint16_t row[] = {5, 7, 5, NPS_SHARD_ROWS - 1};
    const uint8_t code[] = {0, 255, 3, 9};
    nps_gain_table t;
    for (unsigned c = 0; c < NPS_CODES; c++)
        t.unit[c] = (uint16_t)(10 * c + 1);
    nps_postings_add(row, code, 1, 4, &t, sum);
    assert_int_equal(sum[5], 31);
    assert_int_equal(sum[7], 2551);
    assert_int_equal(sum[NPS_SHARD_ROWS - 1], 91);
}

/* --- core/parallel.h --------------------------------------------------------------------------------------------------- */

enum { ITEMS = 1000 };
static atomic_uint done[ITEMS];

static void mark(void *arg, unsigned thread, size_t item)
{
    assert_true(thread < *(unsigned *)arg);
    atomic_fetch_add(&done[item], 1);
}

static void every_item_is_done_once_by_any_number_of_threads(void **state)
{
    (void)state;
    for (unsigned threads = 0; threads < 70; threads += 3)
        for (size_t n = 0; n <= ITEMS; n += 333) {
            unsigned most = threads < 1 ? 1 : threads > NPS_THREADS_MAX ? NPS_THREADS_MAX : threads;
            for (size_t i = 0; i < ITEMS; i++)
                atomic_store(&done[i], 0);
            nps_parallel(threads, n, mark, &most);
            for (size_t i = 0; i < ITEMS; i++)
                assert_int_equal(atomic_load(&done[i]), i < n);
        }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_the_smallest_that_does_not_fall_short),
        cmocka_unit_test(a_table_is_never_below_the_gain_and_little_above),
        cmocka_unit_test(keys_ascend_and_are_cut_at_both_ends),
        cmocka_unit_test(the_harvest_finds_the_best_rows_and_asks_for_few),
        cmocka_unit_test(postings_add_what_their_table_says),
        cmocka_unit_test(every_item_is_done_once_by_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
