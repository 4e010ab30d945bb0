/* Traces from measured points: units, order, duplicates, grids, limits. */
#include "tests/support/nps_test.h"

#include "spectra/trace.h"

#include <math.h>

static nps_trace trace;
static nps_trace_repairs repairs;
static nps_err err;

static nps_status make(const double *x, const double *y, size_t n, nps_x_unit xu, nps_y_unit yu)
{
    nps_trace_done(&trace);
    repairs = (nps_trace_repairs){9, 9, 9, 9, 9};
    nps_status st = nps_trace_from_points(x, y, n, xu, yu, 1000, &trace, &repairs, &err);
    if (st == NPS_OK)
        assert_ok(nps_trace_check(&trace, &err), &err);
    return st;
}

static int drop(void **state)
{
    (void)state;
    nps_trace_done(&trace);
    return 0;
}

static void even_points_are_kept_as_they_are(void **state)
{
    (void)state;
    const double x[] = {400, 402, 404, 406}, y[] = {0.1, 0.2, -0.3, 7.5};
    assert_ok(make(x, y, 4, NPS_X_CM1, NPS_Y_ABSORBANCE), &err);
    assert_int_equal(trace.n, 4);
    assert_true(trace.x0_cm1 == 400 && trace.dx_cm1 == 2);
    for (size_t i = 0; i < 4; i++)
        assert_true(trace.y[i] == (float)y[i]);
    assert_true(nps_trace_x(&trace, 3) == 406);
    assert_int_equal(repairs.x_converted + repairs.y_converted + repairs.clipped + repairs.resampled + repairs.duplicate, 0);
}

static void reversed_and_shuffled_points_are_put_in_order(void **state)
{
    (void)state;
    const double down[] = {406, 404, 402, 400}, y_down[] = {4, 3, 2, 1};
    const double mixed[] = {402, 406, 400, 404}, y_mixed[] = {2, 4, 1, 3};
    assert_ok(make(down, y_down, 4, NPS_X_CM1, NPS_Y_COUNTS), &err);
    for (size_t i = 0; i < 4; i++)
        assert_true(trace.y[i] == (float)(i + 1));
    assert_ok(make(mixed, y_mixed, 4, NPS_X_CM1, NPS_Y_COUNTS), &err);
    for (size_t i = 0; i < 4; i++)
        assert_true(trace.y[i] == (float)(i + 1));
    assert_true(trace.x0_cm1 == 400 && trace.dx_cm1 == 2);
}

static void transmittance_becomes_absorbance(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4}, part[] = {1, 0.1, 0.01, 2}, percent[] = {100, 10, 1, 200};
    const float want[] = {0, 1, 2, -0.30103f};
    const nps_y_unit unit[] = {NPS_Y_TRANSMITTANCE, NPS_Y_REFLECTANCE, NPS_Y_PERCENT_T, NPS_Y_PERCENT_R};
    for (size_t u = 0; u < 4; u++) {
        assert_ok(make(x, u < 2 ? part : percent, 4, NPS_X_CM1, unit[u]), &err);
        for (size_t i = 0; i < 4; i++)
            assert_near(trace.y[i], want[i], 1e-6, 1e-7);
        assert_int_equal(repairs.y_converted, 1);
        assert_int_equal(repairs.clipped, 0);
    }
}

static void no_light_at_all_is_absorbance_six(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5}, y[] = {0, -0.01, 1e-6, 1e-7, 0.5};
    assert_ok(make(x, y, 5, NPS_X_CM1, NPS_Y_TRANSMITTANCE), &err);
    assert_int_equal(repairs.clipped, 3);
    assert_true(trace.y[0] == 6 && trace.y[1] == 6 && trace.y[3] == 6);
    assert_near(trace.y[2], 6, 1e-6, 0);
}

static void wavelengths_become_wavenumbers(void **state)
{
    (void)state;
    /* Evenly spaced in 1/cm once converted: 1000, 2000, ... 5000. */
    const double um[] = {10, 5, 10.0 / 3, 2.5, 2}, y[] = {1, 2, 3, 4, 5};
    double nm[5];
    for (size_t i = 0; i < 5; i++)
        nm[i] = um[i] * 1000;
    for (int u = 0; u < 2; u++) {
        assert_ok(make(u ? nm : um, y, 5, u ? NPS_X_NANOMETRE : NPS_X_MICROMETRE, NPS_Y_ABSORBANCE), &err);
        assert_int_equal(repairs.x_converted, 1);
        assert_int_equal(repairs.resampled, 0);
        assert_near(trace.x0_cm1, 1000, 1e-12, 0);
        assert_near(trace.dx_cm1, 1000, 1e-12, 0);
        assert_true(trace.y[4] == 5);
    }
}

static void points_at_one_place_are_averaged(void **state)
{
    (void)state;
    const double x[] = {3, 1, 2, 2, 2}, y[] = {9, 1, 3, 4, 5};
    assert_ok(make(x, y, 5, NPS_X_CM1, NPS_Y_ABSORBANCE), &err);
    assert_int_equal(trace.n, 3);
    assert_int_equal(repairs.duplicate, 2);
    assert_true(trace.y[1] == 4);
}

static void uneven_points_are_resampled_at_their_median_step(void **state)
{
    (void)state;
    double x[30], y[30], at = 500;
    for (size_t i = 0; i < 30; i++) {
        x[i] = at;
        y[i] = 0.001 * at;
        at += i < 20 ? 2 : 3;
    }
    assert_ok(make(x, y, 30, NPS_X_CM1, NPS_Y_ABSORBANCE), &err);
    assert_int_equal(repairs.resampled, 1);
    assert_true(trace.x0_cm1 == 500 && trace.dx_cm1 == 2);
    for (size_t i = 0; i < trace.n; i++)
        assert_near(trace.y[i], 0.001 * nps_trace_x(&trace, i), 1e-6, 0);
    assert_true(nps_trace_x(&trace, trace.n - 1) <= x[29] && nps_trace_x(&trace, trace.n) > x[29]);
}

static void rounding_of_written_abscissae_is_not_unevenness(void **state)
{
    (void)state;
    double x[200], y[200];
    for (size_t i = 0; i < 200; i++) {
        x[i] = round((400 + 0.2411 * (double)i) * 100) / 100;
        y[i] = 1;
    }
    assert_ok(make(x, y, 200, NPS_X_CM1, NPS_Y_ABSORBANCE), &err);
    assert_int_equal(repairs.resampled, 0);
    assert_int_equal(trace.n, 200);
}

static void slow_drift_of_the_step_is_unevenness(void **state)
{
    (void)state;
    double x[400], y[400];
    for (size_t i = 0; i < 400; i++) {
        double t = (double)i;
        x[i] = 400.123456789 + t + 1e-5 * t * t; /* no step is 1 % off, but the middle is by more than one */
        y[i] = x[i];
    }
    assert_ok(make(x, y, 400, NPS_X_CM1, NPS_Y_COUNTS), &err);
    assert_int_equal(repairs.resampled, 1);
    for (size_t i = 0; i < trace.n; i++)
        assert_near(trace.y[i], nps_trace_x(&trace, i), 1e-6, 0);
}

static void bad_points_are_refused(void **state)
{
    (void)state;
    static double many[1001];
    for (size_t i = 0; i < 1001; i++)
        many[i] = (double)i;
    const double x[] = {1, 2, 3}, y[] = {1, 2, 3}, same[] = {5, 5, 5}, zero[] = {0, 1, 2}, nan[] = {1, NAN, 3};
    const double wide[] = {1, 2, 3, 4, 1e9}, five[] = {1, 2, 3, 4, 5}, big[] = {1, 1e39, 2}, tiny[] = {1e-306, 1, 2};
    const double far[] = {-1e308, 0, 1e308};
    const struct {
        const double *x, *y;
        size_t n;
        nps_x_unit unit;
        nps_status want;
        const char *text;
    } cases[] = {{x, y, 1, NPS_X_CM1, NPS_E_RANGE, "1 points make no trace"},
                 {x, y, 0, NPS_X_CM1, NPS_E_RANGE, "0 points make no trace"},
                 {same, y, 3, NPS_X_CM1, NPS_E_RANGE, "one abscissa"},
                 {zero, y, 3, NPS_X_MICROMETRE, NPS_E_RANGE, "wavelength 0 of point 1"},
                 {tiny, y, 3, NPS_X_NANOMETRE, NPS_E_RANGE, "too small"},
                 {nan, y, 3, NPS_X_CM1, NPS_E_RANGE, "point 2 is not finite"},
                 {x, nan, 3, NPS_X_CM1, NPS_E_RANGE, "point 2 is not finite"},
                 {x, big, 3, NPS_X_CM1, NPS_E_RANGE, "point 1 of the trace is not finite"},
                 {far, y, 3, NPS_X_CM1, NPS_E_RANGE, "range of the abscissa"},
                 {wide, five, 5, NPS_X_CM1, NPS_E_LIMIT, "more than 1000 points"},
                 {many, many, 1001, NPS_X_CM1, NPS_E_LIMIT, "1001 points"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(make(cases[i].x, cases[i].y, cases[i].n, cases[i].unit, NPS_Y_ABSORBANCE), cases[i].want);
        if (!strstr(err.msg, cases[i].text))
            fail_msg("case %zu: %s", i, err.msg);
        assert_null(trace.y);
    }
}

static void broken_traces_do_not_pass_the_check(void **state)
{
    (void)state;
    float y[] = {1, 2}, inf[] = {1, INFINITY};
    const nps_trace bad[] = {{0, 1, 1, NULL}, {1, 1, 1, y}, {2, 1, 0, y}, {2, NAN, 1, y}, {2, 1, 1, inf}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(nps_trace_check(&bad[i], NULL), NPS_E_RANGE);
}

static void missing_points_get_the_straight_line_but_for_the_ends(void **state)
{
    (void)state;
    double x[] = {0, 1, 2, 3, 4, 5, 6}, y[] = {NAN, 4, NAN, NAN, 1, 7, NAN}, all[] = {NAN, NAN};
    size_t filled = 0;
    assert_int_equal(nps_trace_fill_missing(x, y, 7, &filled), 5);
    assert_int_equal(filled, 2);
    const double want[] = {4, 3, 2, 1, 7};
    for (size_t i = 0; i < 5; i++)
        assert_true(x[i] == (double)(i + 1) && y[i] == want[i]);
    assert_int_equal(nps_trace_fill_missing(x, y, 5, &filled), 5);
    assert_int_equal(filled, 0);
    assert_int_equal(nps_trace_fill_missing(x, all, 2, NULL), 0);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(even_points_are_kept_as_they_are, drop),
        cmocka_unit_test_teardown(reversed_and_shuffled_points_are_put_in_order, drop),
        cmocka_unit_test_teardown(transmittance_becomes_absorbance, drop),
        cmocka_unit_test_teardown(no_light_at_all_is_absorbance_six, drop),
        cmocka_unit_test_teardown(wavelengths_become_wavenumbers, drop),
        cmocka_unit_test_teardown(points_at_one_place_are_averaged, drop),
        cmocka_unit_test_teardown(uneven_points_are_resampled_at_their_median_step, drop),
        cmocka_unit_test_teardown(rounding_of_written_abscissae_is_not_unevenness, drop),
        cmocka_unit_test_teardown(slow_drift_of_the_step_is_unevenness, drop),
        cmocka_unit_test_teardown(bad_points_are_refused, drop),
        cmocka_unit_test_teardown(broken_traces_do_not_pass_the_check, drop),
        cmocka_unit_test(missing_points_get_the_straight_line_but_for_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
