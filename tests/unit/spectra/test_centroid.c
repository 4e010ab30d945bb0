#include "spectra/centroid.h"
#include "tests/support/nps_test.h"

#include <math.h>

enum { N = 4000 };

static double gauss(double x, double centre, double sigma, double height)
{
    return height * exp(-(x - centre) * (x - centre) / (2 * sigma * sigma));
}

static void a_gaussian_gives_its_centre_and_height(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    for (int round = 0; round < 500; round++) {
        double mz[40], intensity[40], at = 100;
        double sigma = 0.005 + 0.05 * nps_test_uniform(&seed), centre = 100 + sigma * (4 + 4 * nps_test_uniform(&seed));
        double height = 1 + 1e6 * nps_test_uniform(&seed);
        size_t n = 0;
        /* Uneven steps, as those of a time of flight, up to twice each other. */
        for (; at < 100 + 12 * sigma && n < 40; n++, at += sigma * (0.4 + 0.4 * nps_test_uniform(&seed))) {
            mz[n] = at;
            intensity[n] = gauss(at, centre, sigma, height);
        }
        nps_peaks p = {0};
        nps_err err;
        assert_ok(nps_centroid(mz, intensity, n, 100, &p, &err), &err);
        assert_int_equal(p.n, 1);
        assert_near(p.mz[0], centre, 1e-9, 0);
        assert_near((double)p.intensity[0], height, 1e-6, 0);
        nps_peaks_done(&p);
    }
}

static void two_peaks_four_sigma_apart_keep_their_places(void **state)
{
    (void)state;
    static double mz[N], intensity[N];
    const double sigma = 0.01;
    for (size_t i = 0; i < N; i++) {
        mz[i] = 200 + 0.002 * (double)i;
        intensity[i] = gauss(mz[i], 204, sigma, 1000) + gauss(mz[i], 204.06, sigma, 300);
    }
    nps_peaks p = {0};
    nps_err err;
    assert_ok(nps_centroid(mz, intensity, N, 100, &p, &err), &err);
    assert_int_equal(p.n, 2);
    assert_near(p.mz[0], 204, 0, 1e-5);
    assert_near(p.mz[1], 204.06, 0, 1e-5);
    assert_near((double)p.intensity[1], 300, 1e-4, 0);
    nps_peaks_done(&p);
}

static void small_shapes(void **state)
{
    (void)state;
    const struct {
        const char *what;
        size_t n;
        double mz[8], y[8];
        size_t want;
        double at, height; /* of the first */
    } cases[] = {
        {"nothing", 0, {0}, {0}, 0, 0, 0},
        {"one point", 1, {50}, {7}, 1, 50, 7},
        {"a lone point", 3, {50, 50.1, 50.2}, {0, 7, 0}, 1, 50.1, 7},
        {"only zeros", 3, {50, 50.1, 50.2}, {0, 0, 0}, 0, 0, 0},
        {"negative points", 4, {50, 50.1, 50.2, 50.3}, {-5, -1, -3, -2}, 0, 0, 0},
        {"half a peak, weighted", 2, {50, 50.1}, {1, 3}, 1, 50.075, 3},
        {"a flat top", 5, {50, 50.1, 50.2, 50.3, 50.4}, {1, 9, 9, 9, 1}, 1, 50.2, 9},
        {"two equal points", 4, {50, 50.1, 50.2, 50.3}, {1, 4, 4, 1}, 1, 50.15, 4.756828460010884},
        {"sticks are left as they are", 4, {50, 51, 52, 53}, {1, 5, 2, 7}, 4, 50, 1},
        {"a far neighbour", 3, {50, 50.01, 50.3}, {1, 3, 2}, 1, 50.0075, 3},
        {"equal m/z", 3, {50, 50, 50.1}, {1, 3, 0}, 1, 50, 3},
        {"a rise without end", 3, {50, 50.1, 50.2}, {1, 2, 4}, 1, 50.16666666666667, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_peaks p = {0};
        nps_err err;
        print_message("%s\n", cases[i].what);
        assert_ok(nps_centroid(cases[i].mz, cases[i].y, cases[i].n, 100, &p, &err), &err);
        assert_int_equal(p.n, cases[i].want);
        if (p.n) {
            assert_near(p.mz[0], cases[i].at, 1e-12, 0);
            assert_near((double)p.intensity[0], cases[i].height, 1e-6, 0);
        }
        nps_peaks_done(&p);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    nps_peaks p = {0};
    nps_err err;
    assert_int_equal(nps_centroid((double[]){50, 49}, (double[]){1, 2}, 2, 9, &p, &err), NPS_E_FORMAT);
    assert_int_equal(nps_centroid((double[]){50, NAN}, (double[]){1, 2}, 2, 9, &p, &err), NPS_E_FORMAT);
    assert_int_equal(nps_centroid((double[]){50, 60, 70}, (double[]){1, 2, 1}, 3, 2, &p, &err), NPS_E_LIMIT);
    assert_int_equal(nps_centroid((double[]){-50}, (double[]){1}, 1, 9, &p, &err), NPS_E_RANGE);
    nps_peaks_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gaussian_gives_its_centre_and_height),
        cmocka_unit_test(two_peaks_four_sigma_apart_keep_their_places),
        cmocka_unit_test(small_shapes),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
