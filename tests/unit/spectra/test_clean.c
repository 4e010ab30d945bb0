#include "spectra/clean.h"
#include "tests/support/nps_test.h"

#include <math.h>

enum { MAX = 8 };

/* Hand-made cases; `want` holds shares of the sum. Numbers with few binary digits keep the expected values exact. */
static const struct {
    const char *what;
    nps_clean_options o;
    double mz[MAX];
    float y[MAX];
    size_t n;
    double want_mz[MAX], want_y[MAX];
    size_t want_n;
} cases[] = {
    {.what = "nothing asked: shares of the sum", .o = {0}, .mz = {50, 60}, .y = {1, 3}, .n = 2,
     .want_mz = {50, 60}, .want_y = {0.25, 0.75}, .want_n = 2},
    {.what = "an empty list", .o = {.min_gap = 0.05, .noise = 0.01}, .n = 0, .want_n = 0},
    {.what = "peaks at the edge of the precursor region go, those below stay",
     .o = {.precursor_mz = 100, .precursor_margin = 1.5}, .mz = {98.4990, 98.5, 99, 100, 101}, .y = {1, 8, 8, 8, 8}, .n = 5,
     .want_mz = {98.4990}, .want_y = {1}, .want_n = 1},
    {.what = "no precursor: no region", .o = {.precursor_margin = 1.5}, .mz = {98, 99}, .y = {1, 1}, .n = 2,
     .want_mz = {98, 99}, .want_y = {0.5, 0.5}, .want_n = 2},
    {.what = "merging: weighted mean and sum", .o = {.min_gap = 0.25}, .mz = {50, 50.25, 60}, .y = {1, 3, 4}, .n = 3,
     .want_mz = {50.1875, 60}, .want_y = {0.5, 0.5}, .want_n = 2},
    {.what = "a gap above the minimum is kept", .o = {.min_gap = 0.25}, .mz = {50, 50.375}, .y = {1, 3}, .n = 2,
     .want_mz = {50, 50.375}, .want_y = {0.25, 0.75}, .want_n = 2},
    {.what = "strongest first: the strong peak takes both neighbours, though these are close to others",
     .o = {.min_gap = 0.25}, .mz = {50, 50.25, 50.5, 51}, .y = {1, 6, 1, 8}, .n = 4,
     .want_mz = {50.25, 51}, .want_y = {0.5, 0.5}, .want_n = 2},
    {.what = "strongest first: a chain is cut where the strong peak's reach ends",
     .o = {.min_gap = 0.25}, .mz = {50, 50.25, 50.5, 50.75}, .y = {8, 4, 2, 2}, .n = 4,
     /* 50 and 50.25 -> 50.0833 (12); 50.5 and 50.75 -> 50.625 (4) */
     .want_mz = {50 + 1.0 / 12, 50.625}, .want_y = {0.75, 0.25}, .want_n = 2},
    {.what = "merging goes on until no gap is left",
     /* 50.375 takes 50.25; their mean 50.28125 then lies within 0.25 of 50.0625. */
     .o = {.min_gap = 0.25}, .mz = {50.0625, 50.25, 50.4375}, .y = {6, 9, 1}, .n = 3,
     .want_mz = {(6 * 50.0625 + 9 * 50.25 + 50.4375) / 16}, .want_y = {1}, .want_n = 1},
    {.what = "noise is judged after merging: two halves together are above it",
     .o = {.min_gap = 0.25, .noise = 0.1}, .mz = {50, 50.25, 60, 70}, .y = {0.75F, 0.75F, 10, 0.75F}, .n = 4,
     .want_mz = {50.125, 60}, .want_y = {1.5 / 11.5, 10 / 11.5}, .want_n = 2},
    {.what = "the base peak is that after merging",
     .o = {.min_gap = 0.25, .noise = 0.5}, .mz = {50, 60, 60.25}, .y = {6, 8, 8}, .n = 3,
     .want_mz = {60.125}, .want_y = {1}, .want_n = 1},
    {.what = "the base peak is that after the precursor region is gone",
     .o = {.precursor_mz = 100, .precursor_margin = 1.5, .noise = 0.1}, .mz = {50, 60, 100}, .y = {1, 4, 1000}, .n = 3,
     .want_mz = {50, 60}, .want_y = {0.2, 0.8}, .want_n = 2},
    {.what = "a peak exactly at the noise level stays", .o = {.noise = 0.5}, .mz = {50, 60, 70}, .y = {1, 2, 0.5F}, .n = 3,
     .want_mz = {50, 60}, .want_y = {1.0 / 3, 2.0 / 3}, .want_n = 2},
    {.what = "the strongest are kept, in the order of m/z; of equals the first",
     .o = {.max_peaks = 2}, .mz = {50, 60, 70, 80}, .y = {1, 3, 1, 0.5F}, .n = 4,
     .want_mz = {50, 60}, .want_y = {0.25, 0.75}, .want_n = 2},
};

static void hand_made_lists_are_cleaned_in_the_published_order(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        nps_peaks c;
        nps_err err;
        assert_ok(nps_clean((nps_peak_view){cases[k].mz, cases[k].y, cases[k].n}, &cases[k].o, &c, &err), &err);
        if (c.n != cases[k].want_n)
            print_error("%s: %zu peaks, expected %zu\n", cases[k].what, c.n, cases[k].want_n);
        assert_int_equal(c.n, cases[k].want_n);
        for (size_t i = 0; i < c.n; i++) {
            if (fabs(c.mz[i] - cases[k].want_mz[i]) > 1e-9)
                print_error("%s\n", cases[k].what);
            assert_near(c.mz[i], cases[k].want_mz[i], 0, 1e-9);
            assert_near((double)c.intensity[i], cases[k].want_y[i], 1e-6, 0);
        }
        nps_peaks_done(&c);
    }
}

static void a_cleaned_list_keeps_the_promises_that_the_open_search_needs(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 500; k++) {
        double mz[300];
        float y[300];
        size_t n = 1 + nps_test_random(&r) % 300;
        double at = 50;
        for (size_t i = 0; i < n; i++) {
            at += 0.001 + 0.2 * nps_test_uniform(&r) * nps_test_uniform(&r);
            mz[i] = at;
            y[i] = (float)(1e-3 + 1e3 * nps_test_uniform(&r));
        }
        nps_clean_options o = nps_clean_options_default(at + 1);
        nps_peaks c;
        nps_err err;
        assert_ok(nps_clean((nps_peak_view){mz, y, n}, &o, &c, &err), &err);
        double sum = 0, top = 0;
        for (size_t i = 0; i < c.n; i++) {
            assert_true(c.mz[i] < o.precursor_mz - o.precursor_margin);
            assert_true(i == 0 || c.mz[i] - c.mz[i - 1] > o.min_gap);
            sum += (double)c.intensity[i];
            top = fmax(top, (double)c.intensity[i]);
        }
        for (size_t i = 0; i < c.n; i++)
            assert_true((double)c.intensity[i] >= 0.00999999 * top);
        if (c.n)
            assert_near(sum, 1, 0, 1e-5);
        nps_peaks_done(&c);
    }
}

static void nominal_bins_hold_mass_defects_and_add_up(void **state)
{
    (void)state;
    double mz[] = {0.5, 41.0, 41.4, 41.61, 41.62, 42.05, 200.19, 200.7};
    float y[] = {9, 1, 2, 4, 8, 16, 32, 64};
    nps_peaks c;
    nps_err err;
    assert_ok(nps_clean_nominal((nps_peak_view){mz, y, 8}, &c, &err), &err);
    const double want_mz[] = {41, 42, 200, 201};
    const float want_y[] = {7, 24, 32, 64};
    assert_int_equal(c.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(c.mz[i] == want_mz[i]);
        assert_true(c.intensity[i] == want_y[i]);
    }
    nps_peaks_done(&c);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hand_made_lists_are_cleaned_in_the_published_order),
        cmocka_unit_test(a_cleaned_list_keeps_the_promises_that_the_open_search_needs),
        cmocka_unit_test(nominal_bins_hold_mass_defects_and_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
