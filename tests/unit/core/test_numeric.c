#include "core/fft.h"
#include "core/stats.h"
#include "core/topk.h"
#include "tests/support/nps_test.h"

#include <math.h>

static void correlation_by_transform_equals_the_double_loop(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    static const size_t sizes[] = {2, 16, 60, 360, 1024};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s];
        NPS_AUTO(nps_fft) f = NULL;
        nps_err err;
        assert_ok(nps_fft_new(n, &f, &err), &err);
        float *a = nps_fft_alloc(n), *b = nps_fft_alloc(n), *c = nps_fft_alloc(n);
        float complex *fa = (float complex *)(void *)nps_fft_alloc(2 * nps_fft_bins(f));
        float complex *fb = (float complex *)(void *)nps_fft_alloc(2 * nps_fft_bins(f));
        for (size_t i = 0; i < n; i++) {
            a[i] = (float)nps_test_uniform(&r);
            b[i] = (float)nps_test_uniform(&r);
        }
        nps_fft_forward(f, a, fa);
        nps_fft_forward(f, b, fb);
        nps_fft_conj_multiply(fa, fb, nps_fft_bins(f), fa);
        nps_fft_inverse(f, fa, c);
        for (size_t lag = 0; lag < n; lag++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += (double)a[i] * (double)b[(i + lag) % n];
            assert_near((double)c[lag] / (double)n, sum, 1e-5, 1e-5);
        }
        nps_fft_release(a);
        nps_fft_release(b);
        nps_fft_release(c);
        nps_fft_release(fa);
        nps_fft_release(fb);
    }
}

static void an_impulse_has_a_flat_transform(void **state)
{
    (void)state;
    NPS_AUTO(nps_fft) f = NULL;
    nps_err err;
    assert_ok(nps_fft_new(64, &f, &err), &err);
    float *a = nps_fft_alloc(64);
    float complex *fa = (float complex *)(void *)nps_fft_alloc(2 * nps_fft_bins(f));
    a[0] = 1;
    nps_fft_forward(f, a, fa);
    for (size_t k = 0; k < nps_fft_bins(f); k++) {
        assert_near((double)crealf(fa[k]), 1, 1e-6, 0);
        assert_near((double)cimagf(fa[k]), 0, 0, 1e-6);
    }
    nps_fft_release(a);
    nps_fft_release(fa);
}

static void sizes_of_transforms_are_smooth_multiples_of_32(void **state)
{
    (void)state;
    for (size_t n = 1; n < 3000; n++) {
        size_t m = nps_fft_good_size(n);
        assert_true(m >= n && m % 32 == 0 && m <= 2 * n + 32);
        for (size_t p = 2; p <= 5; p++)
            while (m % p == 0)
                m /= p;
        assert_int_equal(m, 1);
    }
    NPS_AUTO(nps_fft) f = NULL;
    nps_err err;
    assert_int_equal(nps_fft_new(1, &f, &err), NPS_E_RANGE);
}

static int best_first(const void *a, const void *b)
{
    const nps_ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static void the_heap_keeps_what_a_full_sort_would(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    nps_topk t;
    nps_err err;
    assert_ok(nps_topk_init(&t, 1, &err), &err);
    for (int round = 0; round < 200; round++) {
        nps_ranked all[300];
        size_t n = nps_test_random(&r) % 300, k = nps_test_random(&r) % 40;
        assert_ok(nps_topk_reset(&t, k, &err), &err);
        for (size_t i = 0; i < n; i++) {
            /* Few distinct scores, so that ties are the rule. */
            all[i] = (nps_ranked){(double)(nps_test_random(&r) % 20), (uint32_t)i};
        }
        for (size_t i = n; i-- > 0;)
            nps_topk_add(&t, all[i].score, all[i].index);
        nps_topk_sort(&t);
        qsort(all, n, sizeof *all, best_first);
        assert_int_equal(t.n, n < k ? n : k);
        for (size_t i = 0; i < t.n; i++) {
            assert_int_equal(t.item[i].index, all[i].index);
            assert_near(t.item[i].score, all[i].score, 0, 0);
        }
    }
    nps_topk_done(&t);
}

static void conformal_ranks_are_the_published_ones(void **state)
{
    (void)state;
    assert_int_equal(nps_conformal_rank(18, 0.05, 0), 0);
    assert_int_equal(nps_conformal_rank(19, 0.05, 0), 1);
    assert_int_equal(nps_conformal_rank(999, 0.05, 0), 50);
    assert_true(nps_conformal_rank(999, 0.05, 0.9) < 50);
    double low, high;
    nps_conformal_coverage(999, 50, 0.9, &low, &high);
    assert_true(low > 0.935 && low < 0.95 && high > 0.95 && high < 0.965);
    nps_conformal_coverage(10, 0, 0.9, &low, &high);
    assert_near(low, 1, 0, 0);
}

/* The law that the verdict rests on, by simulation: thresholds from n scores cover 1 - alpha of new ones. */
static void the_threshold_covers_what_it_promises(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    enum { N = 200, ROUNDS = 4000 };
    size_t covered = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double v[N];
        size_t below = 0, k = nps_conformal_rank(N, 0.1, 0);
        double fresh = nps_test_uniform(&r);
        for (int i = 0; i < N; i++) {
            v[i] = nps_test_uniform(&r);
            below += v[i] <= fresh;
        }
        covered += below >= k;
    }
    assert_near((double)covered / ROUNDS, 0.9, 0, 0.02);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlation_by_transform_equals_the_double_loop),
        cmocka_unit_test(an_impulse_has_a_flat_transform),
        cmocka_unit_test(sizes_of_transforms_are_smooth_multiples_of_32),
        cmocka_unit_test(the_heap_keeps_what_a_full_sort_would),
        cmocka_unit_test(conformal_ranks_are_the_published_ones),
        cmocka_unit_test(the_threshold_covers_what_it_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
