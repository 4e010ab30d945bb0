/* Natural cubic spline on a uniform grid: exact cases, the ends, bad input. */
#include "tests/support/nps_test.h"

#include "core/grid.h"

#include <math.h>

static void straight_line_stays_straight(void **state)
{
    (void)state;
    const double x[] = {0, 0.7, 2, 5, 5.5}, y[] = {1, 2.4, 5, 11, 12};
    double out[12];
    size_t first, end;
    nps_err err;
    assert_ok(nps_grid_resample(x, y, 5, 0, 0.5, 12, out, &first, &end, &err), &err);
    assert_int_equal(first, 0);
    assert_int_equal(end, 12);
    for (size_t i = 0; i < 12; i++)
        assert_near(out[i], 1 + 2 * 0.5 * (double)i, 1e-13, 0);
}

/* The natural spline through (0,0), (1,1), (2,0) by hand: second derivatives 0, -3, 0. */
static void three_points_give_the_spline_worked_out_by_hand(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2}, y[] = {0, 1, 0};
    double out[9];
    size_t first, end;
    nps_err err;
    assert_ok(nps_grid_resample(x, y, 3, 0, 0.25, 9, out, &first, &end, &err), &err);
    for (size_t i = 0; i <= 4; i++) {
        double t = 0.25 * (double)i, want = 1.5 * t - 0.5 * t * t * t;
        assert_near(out[i], want, 1e-14, 1e-15);
        assert_near(out[8 - i], want, 1e-14, 1e-15);
    }
}

static void data_points_are_kept(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    double x[40], y[40], out[1];
    for (size_t i = 0; i < 40; i++) {
        x[i] = (i ? x[i - 1] : 0) + 0.1 + nps_test_uniform(&seed);
        y[i] = nps_test_uniform(&seed);
    }
    for (size_t i = 0; i < 40; i++) {
        size_t first, end;
        nps_err err;
        assert_ok(nps_grid_resample(x, y, 40, x[i], 1, 1, out, &first, &end, &err), &err);
        assert_near(out[0], y[i], 1e-13, 1e-14);
    }
}

static void smooth_curve_is_met_to_fourth_order(void **state)
{
    (void)state;
    double worst[2];
    for (size_t round = 0; round < 2; round++) {
        size_t n = round ? 81 : 41;
        double x[81], y[81], out[500];
        for (size_t i = 0; i < n; i++) {
            x[i] = 2 * M_PI * (double)i / (double)(n - 1);
            y[i] = sin(x[i]); /* its second derivative is 0 at both ends, as a natural spline wants */
        }
        size_t first, end;
        nps_err err;
        assert_ok(nps_grid_resample(x, y, n, 0, 2 * M_PI / 499, 500, out, &first, &end, &err), &err);
        worst[round] = 0;
        for (size_t i = first; i < end; i++)
            worst[round] = fmax(worst[round], fabs(out[i] - sin(2 * M_PI / 499 * (double)i)));
    }
    assert_true(worst[0] < 1e-5);
    assert_near(worst[0] / worst[1], 16, 0.1, 0);
}

static void nothing_is_extrapolated(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {1, 4, 9, 16};
    double out[8] = {-7, -7, -7, -7, -7, -7, -7, -7};
    size_t first, end;
    nps_err err;
    assert_ok(nps_grid_resample(x, y, 4, 0.25, 0.75, 8, out, &first, &end, &err), &err);
    assert_int_equal(first, 1); /* 1.0 */
    assert_int_equal(end, 6);   /* 4.0 is the last one inside */
    assert_true(out[0] == -7 && out[6] == -7 && out[7] == -7);
    assert_true(out[1] == 1 && out[5] == 16);
    assert_ok(nps_grid_resample(x, y, 4, 10, 1, 8, out, &first, &end, &err), &err);
    assert_int_equal(first, end);
}

static void two_points_make_a_line(void **state)
{
    (void)state;
    const double x[] = {1, 3}, y[] = {10, 20};
    double out[3];
    size_t first, end;
    nps_err err;
    assert_ok(nps_grid_resample(x, y, 2, 1, 1, 3, out, &first, &end, &err), &err);
    assert_near(out[1], 15, 1e-15, 0);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    const double x[] = {1, 2, 2, 3}, up[] = {1, 2, 3, 4}, y[] = {1, 2, 3, 4}, huge[] = {1, 1e308, -1e308, 1e308};
    const double gap[] = {1, NAN, 3, 4};
    double out[8];
    size_t first = 99, end = 99;
    nps_err err;
    assert_int_equal(nps_grid_resample(x, y, 1, 0, 1, 8, out, &first, &end, &err), NPS_E_RANGE);
    assert_non_null(strstr(err.msg, "too few"));
    assert_int_equal(nps_grid_resample(x, y, 4, 0, 1, 8, out, &first, &end, &err), NPS_E_RANGE);
    assert_non_null(strstr(err.msg, "abscissa 2"));
    assert_int_equal(nps_grid_resample(gap, y, 4, 0, 1, 8, out, &first, &end, &err), NPS_E_RANGE);
    assert_int_equal(nps_grid_resample(up, y, 4, 0, 0, 8, out, &first, &end, &err), NPS_E_RANGE);
    assert_int_equal(nps_grid_resample(up, y, 4, NAN, 1, 8, out, &first, &end, &err), NPS_E_RANGE);
    assert_int_equal(nps_grid_resample(up, huge, 4, 1, 0.5, 7, out, &first, &end, &err), NPS_E_NUMERIC);
    assert_int_equal(first, 99);
    assert_int_equal(end, 99);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(straight_line_stays_straight),
        cmocka_unit_test(three_points_give_the_spline_worked_out_by_hand),
        cmocka_unit_test(data_points_are_kept),
        cmocka_unit_test(smooth_curve_is_met_to_fourth_order),
        cmocka_unit_test(nothing_is_extrapolated),
        cmocka_unit_test(two_points_make_a_line),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
