#include "core/lag_scan.h"

#include "tests/support/nps_test.h"

#include <math.h>

static nps_shift_scratch walk;
static const nps_lag_method methods[] = {NPS_LAG_FFT, NPS_LAG_AVX2, NPS_LAG_AVX512};
static const char *const names[] = {"fft", "avx2", "avx512"};

typedef struct {
    uint16_t group[NPS_NOMINAL_BINS];
    uint32_t code[NPS_NOMINAL_BINS];
    float scale;
    size_t n;
} stored;

static nps_lag_row view(const stored *s)
{
    return (nps_lag_row){s->group, s->code, s->n, s->scale};
}

static void random_row(nps_nominal_row *row, stored *s, size_t n, unsigned top, uint64_t *rng)
{
    double mz[NPS_NOMINAL_BINS];
    float intensity[NPS_NOMINAL_BINS];
    size_t m = 0;
    for (unsigned b = 1; b < top && m < NPS_NOMINAL_BINS; b++)
        if (nps_test_uniform(rng) < (double)n / top) {
            mz[m] = b;
            intensity[m++] = (float)exp(4 * nps_test_uniform(rng));
        }
    nps_nominal_row_set(row, mz, intensity, m, 0, 0.5, 1);
    s->n = nps_lag_groups(row, s->group, s->code, &s->scale);
}

static void groups_hold_every_peak_rounded_up(void **state)
{
    (void)state;
    uint64_t rng = nps_test_seed();
    static nps_nominal_row row;
    static stored s;
    for (int round = 0; round < 200; round++) {
        random_row(&row, &s, 1 + (size_t)round, round % 2 ? 600 : NPS_NOMINAL_BINS, &rng);
        double back[NPS_NOMINAL_BINS] = {0};
        for (size_t g = 0; g < s.n; g++) {
            assert_true(s.code[g] && (!g || s.group[g] > s.group[g - 1]));
            for (unsigned j = 0; j < 4; j++)
                back[4 * s.group[g] + j] = (double)s.scale * (s.code[g] >> 8 * j & 0xFF);
        }
        for (unsigned b = 0; b < NPS_NOMINAL_BINS; b++) {
            assert_true((back[b] > 0) == (nps_bin_weight(&row, (int)b) > 0));
            assert_true(back[b] >= nps_bin_weight(&row, (int)b) && back[b] <= nps_bin_weight(&row, (int)b) + (double)s.scale * 1.0001);
        }
    }
}

/* The correlation of two rows as stored, at every lag, by a double loop. */
static void correlate(const nps_nominal_row *q, const stored *r, double c[static NPS_LAGS])
{
    memset(c, 0, NPS_LAGS * sizeof *c);
    for (size_t i = 0; i < q->n; i++)
        for (size_t g = 0; g < r->n; g++)
            for (unsigned j = 0; j < 4; j++) {
                int lag = q->bin[i] - (int)(4 * r->group[g] + j);
                if (abs(lag) <= NPS_LAG_MAX)
                    c[lag + NPS_LAG_MAX] += nps_bin_weight(q, q->bin[i]) * (double)r->scale * (r->code[g] >> 8 * j & 0xFF);
            }
}

static void every_bound_holds_at_every_lag(void **state)
{
    (void)state;
    uint64_t rng = nps_test_seed();
    static nps_nominal_row q, r;
    static stored unused, s;
    nps_err err;
    for (int round = 0; round < 60; round++) {
        unsigned top = round % 3 == 0 ? NPS_NOMINAL_BINS : 120 + 8 * (unsigned)round;
        random_row(&q, &unused, 3 + 4 * (size_t)(round % 40), top, &rng);
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
            if (!nps_lag_method_works(methods[m])) {
                print_message("not on this machine: %s\n", names[m]);
                continue;
            }
            NPS_AUTO(nps_lag_query) query = NULL;
            NPS_AUTO(nps_lag_scratch) scratch = NULL;
            assert_ok(nps_lag_query_new(&q, methods[m], NPS_NOMINAL_BINS, &query, &err), &err);
            assert_ok(nps_lag_scratch_new(query, &scratch, &err), &err);
            for (int row = 0; row < 5; row++) {
                random_row(&r, &s, (size_t)row * 30, top, &rng);
                float bound[NPS_LAGS], most = 0;
                double c[NPS_LAGS];
                float best = nps_lag_bound(query, view(&s), scratch, bound);
                assert_true(best == nps_lag_bound(query, view(&s), scratch, NULL));
                correlate(&q, &s, c);
                for (int lag = -NPS_LAG_MAX; lag <= NPS_LAG_MAX; lag++) {
                    double score = lag ? nps_shift_match(&q, &r, lag, &walk) : nps_nominal_dot(&q, &r);
                    double b = (double)bound[lag + NPS_LAG_MAX];
                    assert_true(b >= score);
                    most = lag && bound[lag + NPS_LAG_MAX] > most ? bound[lag + NPS_LAG_MAX] : most;
                    /* By FFT the bound is the correlation itself, lag by lag. */
                    if (methods[m] == NPS_LAG_FFT)
                        assert_near(b, c[NPS_LAG_MAX] + (lag ? c[lag + NPS_LAG_MAX] : 0), 0, 3e-5);
                }
                assert_true(best >= most && (double)best <= (double)most + 2e-5);
            }
        }
    }
}

static void all_versions_of_the_integer_kernel_agree(void **state)
{
    (void)state;
    if (!nps_lag_method_works(NPS_LAG_AVX512)) {
        print_message("not on this machine: avx512\n");
        skip();
    }
    uint64_t rng = nps_test_seed();
    static nps_nominal_row q, r;
    static stored unused, s;
    nps_err err;
    for (int round = 0; round < 100; round++) {
        NPS_AUTO(nps_lag_query) a = NULL;
        NPS_AUTO(nps_lag_query) b = NULL;
        float x[NPS_LAGS], y[NPS_LAGS];
        random_row(&q, &unused, 80, round % 2 ? 500 : NPS_NOMINAL_BINS, &rng);
        random_row(&r, &s, 5 * (size_t)round, round % 2 ? 500 : NPS_NOMINAL_BINS, &rng);
        assert_ok(nps_lag_query_new(&q, NPS_LAG_AVX2, NPS_NOMINAL_BINS, &a, &err), &err);
        assert_ok(nps_lag_query_new(&q, NPS_LAG_AVX512, NPS_NOMINAL_BINS, &b, &err), &err);
        assert_true(nps_lag_bound(a, view(&s), NULL, x) == nps_lag_bound(b, view(&s), NULL, y));
        assert_memory_equal(x, y, sizeof x);
    }
}

/* All weight in one bin, as large as codes get: no product saturates. */
static void the_largest_codes_do_not_saturate(void **state)
{
    (void)state;
    static nps_nominal_row row;
    static stored s;
    nps_err err;
    double mz[64];
    float intensity[64];
    for (int i = 0; i < 64; i++) {
        mz[i] = 100 + i;
        intensity[i] = 1;
    }
    nps_nominal_row_set(&row, mz, intensity, 64, 0, 0.5, 1);
    s.n = nps_lag_groups(&row, s.group, s.code, &s.scale);
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        if (!nps_lag_method_works(methods[m]))
            continue;
        NPS_AUTO(nps_lag_query) query = NULL;
        NPS_AUTO(nps_lag_scratch) scratch = NULL;
        float bound[NPS_LAGS];
        assert_ok(nps_lag_query_new(&row, methods[m], NPS_NOMINAL_BINS, &query, &err), &err);
        assert_ok(nps_lag_scratch_new(query, &scratch, &err), &err);
        nps_lag_bound(query, view(&s), scratch, bound);
        assert_near((double)bound[NPS_LAG_MAX], 1, 0, 1e-4);
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_hold_every_peak_rounded_up),
        cmocka_unit_test(every_bound_holds_at_every_lag),
        cmocka_unit_test(all_versions_of_the_integer_kernel_agree),
        cmocka_unit_test(the_largest_codes_do_not_saturate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
