/* Savitzky-Golay: the published tables, and polynomials that must come out exactly, the ends included. */
#include "tests/support/nps_test.h"

#include "core/savgol.h"

static void the_weights_are_those_of_the_published_tables(void **state)
{
    (void)state;
    /* Savitzky and Golay 1964, tables I (quadratic smooth) and III (first derivative, quadratic), 5 points. */
    static const double smooth[] = {-3, 12, 17, 12, -3}, slope[] = {-2, -1, 0, 1, 2}, bend[] = {2, -1, -2, -1, 2};
    double w[NPS_SAVGOL_POINTS_MAX];
    nps_err err;
    assert_ok(nps_savgol_weights(5, 2, 0, 2, w, &err), &err);
    for (int i = 0; i < 5; i++)
        assert_near(w[i], smooth[i] / 35, 1e-14, 1e-15);
    assert_ok(nps_savgol_weights(5, 2, 1, 2, w, &err), &err);
    for (int i = 0; i < 5; i++)
        assert_near(w[i], slope[i] / 10, 1e-14, 1e-15);
    assert_ok(nps_savgol_weights(5, 2, 2, 2, w, &err), &err);
    for (int i = 0; i < 5; i++)
        assert_near(w[i], bend[i] / 7, 1e-14, 1e-15);
}

/* Value and derivatives of a polynomial with coefficients 1, 1/2, 1/3 ... in x / 10. */
static double polynomial(double x, unsigned order, unsigned derivative)
{
    double sum = 0;
    for (unsigned k = derivative; k <= order; k++) {
        double term = 1.0 / (k + 1);
        for (unsigned j = 0; j < k; j++)
            term *= j < derivative ? (k - j) / 10.0 : x / 10;
        sum += term;
    }
    return sum;
}

static void polynomials_come_out_exactly_everywhere(void **state)
{
    (void)state;
    double y[60], out[60];
    nps_err err;
    for (unsigned points = 5; points <= 21; points += 4)
        for (unsigned order = 1; order <= 4; order++)
            for (unsigned derivative = 0; derivative <= order && derivative <= 3; derivative++) {
                for (int i = 0; i < 60; i++)
                    y[i] = polynomial(i, order, 0);
                assert_ok(nps_savgol(y, 60, points, order, derivative, out, &err), &err);
                for (int i = 0; i < 60; i++)
                    assert_near(out[i], polynomial(i, order, derivative), 1e-8, 1e-8);
            }
}

static void windows_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    double y[9] = {0}, out[9];
    nps_err err;
    static const struct { unsigned points, order, derivative; } cases[] = {
        {4, 2, 0}, {0, 0, 0}, {3, 3, 0}, {5, 2, 3}, {103, 2, 0}, {7, 6, 0}, {11, 2, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        assert_int_equal(nps_savgol(y, 9, cases[c].points, cases[c].order, cases[c].derivative, out, &err), NPS_E_RANGE);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_weights_are_those_of_the_published_tables),
        cmocka_unit_test(polynomials_come_out_exactly_everywhere),
        cmocka_unit_test(windows_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
