/* Measures of a pair: laws, and plain versions over dense arrays. */
#include "core/agreement.h"
#include "tests/support/nps_test.h"

#include <math.h>
#include <string.h>

enum { MAX = 80, BINS = 400 };
typedef struct {
    double mz[MAX];
    float y[MAX];
    size_t n;
} list;

static nps_agreement_scratch scratch;

static int teardown(void **state)
{
    (void)state;
    nps_agreement_scratch_done(&scratch);
    return 0;
}

static nps_peak_view view(const list *l)
{
    return (nps_peak_view){l->mz, l->y, l->n};
}

/* Whole masses from 40 on, some of them. */
static void random_list(uint64_t *r, list *l)
{
    l->n = 0;
    for (int m = 40; m < 300 && l->n < MAX; m++)
        if (nps_test_uniform(r) < 0.2) {
            l->mz[l->n] = m;
            l->y[l->n++] = (float)(1 + 999 * pow(nps_test_uniform(r), 3));
        }
}

static nps_agreement compare(const list *a, const list *b, int32_t mass)
{
    nps_agreement g;
    nps_err err;
    assert_ok(nps_nominal_agreement(view(a), view(b), mass, &scratch, &g, &err), &err);
    return g;
}

static void a_spectrum_agrees_with_itself_in_everything(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 200; k++) {
        list a;
        random_list(&r, &a);
        nps_agreement g = compare(&a, &a, (int32_t)a.mz[a.n - 1]);
        const double ones[] = {g.entropy, g.upper_entropy, g.linear_cosine, g.heavy_cosine, g.top[0], g.top[1], g.top[2], g.base_peaks};
        for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
            assert_near(ones[i], 1, 0, 1e-9);
        assert_true(g.unexplained == 0 && g.missing == 0 && g.ratio_difference == 0 && g.end_difference == 0);
        assert_true(g.above_mass == 0 && g.molecular_difference == 0 && g.isotope_difference == 0);
        assert_near(g.peaks, (double)a.n, 0, 0);
    }
}

static void measures_stay_in_their_ranges_and_do_not_mind_a_factor(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 400; k++) {
        list a, b, louder;
        random_list(&r, &a);
        random_list(&r, &b);
        louder = a;
        for (size_t i = 0; i < a.n; i++)
            louder.y[i] *= 64; /* a power of two: exact */
        nps_agreement g = compare(&a, &b, 150), h = compare(&louder, &b, 150);
        const double shares[] = {g.entropy, g.upper_entropy, g.linear_cosine, g.heavy_cosine, g.unexplained, g.missing, g.top[0],
                                 g.top[1], g.top[2], g.base_peaks, g.above_mass, g.isotope_difference, g.lag_one, g.lag_mean};
        for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
            assert_true(shares[i] >= 0 && shares[i] <= 1 + 1e-6);
        assert_true(g.ratio_difference >= 0 && g.molecular_difference >= 0 && g.end_difference >= 0 && g.end_difference <= 30);
        assert_near(h.entropy, g.entropy, 1e-9, 0);
        assert_near(h.ratio_difference, g.ratio_difference, 1e-9, 1e-12);
        assert_near(h.above_mass, g.above_mass, 1e-6, 1e-9);
        assert_near(h.lag_mean, g.lag_mean, 1e-5, 0);
    }
}

static void swapping_the_sides_swaps_what_either_lacks(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 200; k++) {
        list a, b;
        random_list(&r, &a);
        random_list(&r, &b);
        nps_agreement g = compare(&a, &b, 0), h = compare(&b, &a, 0);
        assert_near(g.unexplained, h.missing, 1e-12, 0);
        assert_near(g.missing, h.unexplained, 1e-12, 0);
        assert_near(g.entropy, h.entropy, 1e-12, 0);
        assert_near(g.base_peaks, h.base_peaks, 1e-12, 0);
        for (size_t t = 0; t < 3; t++)
            assert_near(g.top[t], h.top[t], 0, 1e-12);
    }
}

static void spread(const list *l, double dense[BINS], double from)
{
    memset(dense, 0, BINS * sizeof *dense);
    for (size_t i = 0; i < l->n; i++)
        if (l->mz[i] >= from)
            dense[(size_t)l->mz[i]] = (double)l->y[i];
}

static double dense_cosine(const double *a, const double *b, double mz_power, double intensity_power, int shift)
{
    double ab = 0, aa = 0, bb = 0;
    for (int m = 0; m < BINS; m++) {
        double x = pow(m, mz_power) * pow(a[m], intensity_power);
        double y = m + shift >= 0 && m + shift < BINS ? pow(m + shift, mz_power) * pow(b[m + shift], intensity_power) : 0;
        double z = pow(m, mz_power) * pow(b[m], intensity_power);
        ab += x * y;
        aa += x * x;
        bb += z * z;
    }
    return ab / sqrt(aa * bb);
}

static void measures_are_what_the_plain_definitions_give(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 100; k++) {
        list a, b;
        double x[BINS], y[BINS], xr[BINS], yr[BINS], lost = 0, all = 0, lags = 0;
        random_list(&r, &a);
        random_list(&r, &b);
        double from = fmax(a.mz[0], b.mz[0]);
        spread(&a, x, 0);
        spread(&b, y, 0);
        spread(&a, xr, from);
        spread(&b, yr, from);
        nps_agreement g = compare(&a, &b, 0);
        assert_near(g.linear_cosine, dense_cosine(x, y, 1, 1, 0), 1e-9, 0);
        assert_near(g.heavy_cosine, dense_cosine(x, y, 2, 0.5, 0), 1e-9, 0);
        for (int m = 0; m < BINS; m++) {
            all += m * xr[m];
            lost += yr[m] > 0 ? 0 : m * xr[m];
        }
        assert_near(g.unexplained, lost / all, 1e-9, 0);
        for (int lag = 1; lag <= 60; lag++)
            lags += dense_cosine(x, y, 1, 0.5, lag) + dense_cosine(x, y, 1, 0.5, -lag);
        assert_near(g.lag_mean, lags / 120, 1e-4, 1e-6);
        assert_near(g.lag_one, fmax(dense_cosine(x, y, 1, 0.5, 1), dense_cosine(x, y, 1, 0.5, -1)), 1e-4, 1e-6);
    }
}

/* A spectrum of 100 (base), 150 and its molecular ion 200, and changes of it. */
static void each_measure_sees_its_own_fault(void **state)
{
    (void)state;
    const list pure = {{50, 100, 150, 200}, {200, 1000, 400, 300}, 4};
    list q = pure;
    q.mz[4] = 230;
    q.y[4] = 500;
    q.n = 5;
    nps_agreement g = compare(&q, &pure, 200);
    assert_near(g.above_mass, 0.5, 1e-6, 0);    /* signal above the molecular ion and its isotopes */
    assert_near(g.end_difference, 30, 0, 0);
    assert_true(g.unexplained > 0.3 && g.missing == 0);
    q = pure;
    q.n = 3; /* no molecular ion */
    g = compare(&q, &pure, 200);
    assert_near(g.molecular_difference, log10(0.303 / 0.003), 1e-6, 0);
    assert_true(g.missing > 0.2 && g.unexplained == 0);
    const list chlorine = {{100, 102}, {1000, 320}, 2}, plain = {{100}, {1000}, 1};
    assert_near(compare(&chlorine, &plain, 0).isotope_difference, 320. / 1320, 1e-6, 0);
    /* Peaks below where the other scan begins do not count. */
    list low = {{18, 28, 50, 100, 150, 200}, {900, 900, 200, 1000, 400, 300}, 6};
    assert_near(compare(&low, &pure, 200).unexplained, 0, 0, 0);
    assert_near(compare(&low, &pure, 200).entropy, 1, 1e-9, 0);
}

static void fragments_pair_within_the_tolerance_once_each(void **state)
{
    (void)state;
    const list a = {{100.00, 120.00, 140.00}, {0.5F, 0.3F, 0.2F}, 3}, b = {{100.015, 120.03, 140.00}, {0.5F, 0.3F, 0.2F}, 3};
    nps_agreement g;
    nps_err err;
    assert_ok(nps_fragment_agreement(view(&a), view(&b), 0.02, &scratch, &g, &err), &err);
    assert_near(g.unexplained, 120 * 0.3 / (100 * 0.5 + 120 * 0.3 + 140 * 0.2), 1e-6, 0);
    assert_true(g.above_mass == 0 && g.lag_mean == 0); /* of nominal lists alone */
}

static void empty_lists_agree_in_nothing(void **state)
{
    (void)state;
    const list empty = {.n = 0}, one = {{100}, {1}, 1};
    nps_agreement g = compare(&empty, &one, 100);
    assert_true(g.linear_cosine == 0 && g.entropy == 0 && g.base_peaks == 0);
    g = compare(&one, &empty, 100);
    assert_true(g.linear_cosine == 0 && g.entropy == 0 && g.base_peaks == 0);
    const list away = {{300}, {1}, 1}; /* no common range: what lies below 300 cannot be compared */
    g = compare(&one, &away, 100);
    assert_true(g.base_peaks == 0 && g.entropy == 0 && isfinite(g.unexplained) && isfinite(g.missing));
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spectrum_agrees_with_itself_in_everything),
        cmocka_unit_test(measures_stay_in_their_ranges_and_do_not_mind_a_factor),
        cmocka_unit_test(swapping_the_sides_swaps_what_either_lacks),
        cmocka_unit_test(measures_are_what_the_plain_definitions_give),
        cmocka_unit_test(each_measure_sees_its_own_fault),
        cmocka_unit_test(fragments_pair_within_the_tolerance_once_each),
        cmocka_unit_test(empty_lists_agree_in_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
