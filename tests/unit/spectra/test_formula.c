#include "spectra/formula.h"
#include "tests/support/nps_test.h"

#include <math.h>

/* The text of the first change, "" when there is none. */
static bool first_change(double delta, double tol, const char *reference, char out[static NPS_FORMULA_MAX])
{
    nps_formula_change list[NPS_FORMULA_LIST];
    size_t n;
    nps_formula_changes(delta, tol, reference, list, &n);
    snprintf(out, NPS_FORMULA_MAX, "%s", n ? list[0].text : "");
    return n > 0;
}

/* Masses from IUPAC 2021 atomic masses, computed by hand. */
static const struct {
    double delta, tol;
    const char *text;
} cases[] = {
    {14.01565, 0.005, "+CH2"},
    {-14.01565, 0.005, "-CH2"},
    {28.0313, 0.002, "+C2H4"},
    {27.9949, 0.002, "+CO"},        /* 36 mDa from C2H4 */
    {17.99058, 0.002, "+F -H"},
    {-17.99058, 0.002, "+H -F"},
    {18.01056, 0.002, "+H2O"},      /* 20 mDa from F for H */
    {33.96103, 0.002, "+Cl -H"},
    {77.91051, 0.002, "+Br -H"},
    {15.99491, 0.002, "+O"},
    {0.98401, 0.002, "+O -NH"},     /* amide to acid */
    {30.01056, 0.002, "+CH2O"},
    {14, 0.11, "+CH2"},             /* whole masses, as EI gives them */
    {-28, 0.11, "-C2H4"},
    {34, 0.11, "+Cl -H"},
    {0.0, 0.005, ""},
    {13.3, 0.005, ""},
    {999.9, 0.11, ""},
};

static void known_differences_have_their_formula(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[NPS_FORMULA_MAX] = "x";
        bool found = first_change(cases[i].delta, cases[i].tol, NULL, out);
        if (strcmp(out, cases[i].text) != 0)
            print_error("%g Da gives '%s', expected '%s'\n", cases[i].delta, out, cases[i].text);
        assert_string_equal(out, cases[i].text);
        assert_int_equal(found, *cases[i].text != '\0');
    }
}

static void a_sum_of_two_changes_names_both(void **state)
{
    (void)state;
    char out[NPS_FORMULA_MAX];
    /* CH2 and F for H: 14.01565 + 17.99058. */
    assert_true(first_change(32.00623, 0.001, NULL, out));
    assert_string_equal(out, "+CH2, +F -H");
    /* One CH2 more, one Cl less: 14.01565 - 33.96103. */
    assert_true(first_change(-19.94538, 0.001, NULL, out));
    assert_string_equal(out, "+CH2, +H -Cl");
}

static void the_opposite_difference_has_the_opposite_formula(void **state)
{
    (void)state;
    char up[NPS_FORMULA_MAX], down[NPS_FORMULA_MAX];
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 20000; k++) {
        double delta = 400 * nps_test_uniform(&r);
        bool a = first_change(delta, 0.003, NULL, up), b = first_change(-delta, 0.003, NULL, down);
        assert_int_equal(a, b);
        if (a && strcmp(up, down) == 0)
            print_error("%g Da: '%s' both ways\n", delta, up);
        assert_true(!a || strcmp(up, down) != 0);
        assert_true(strlen(up) < NPS_FORMULA_MAX && strlen(down) < NPS_FORMULA_MAX);
    }
}

static void only_what_the_reference_has_can_be_lost(void **state)
{
    (void)state;
    char out[NPS_FORMULA_MAX];
    /* -20: chlorine for hydrogen and a methylene more, or fluorine for hydrogen and two hydrogens less. */
    assert_true(first_change(-20, 0.11, "C20H28ClN3O2", out));
    assert_string_equal(out, "+CH2, +H -Cl");
    assert_true(first_change(-20, 0.11, "C20H28FN3O2", out));
    assert_string_equal(out, "+H -F, -H2");
    assert_true(first_change(14.01565, 0.001, "[C29H35N2]+", out));
    assert_string_equal(out, "+CH2");
    assert_false(first_change(-31.97207, 0.001, "C2H6", out));
    assert_string_equal(out, "");
}

static void the_list_is_ranked_and_each_change_fits(void **state)
{
    (void)state;
    nps_formula_change list[NPS_FORMULA_LIST];
    size_t n;
    nps_formula_changes(28, 0.11, NULL, list, &n);
    assert_int_equal(n, NPS_FORMULA_LIST);
    assert_string_equal(list[0].text, "+C2H4");
    assert_string_equal(list[1].text, "+CO");
    assert_near(list[1].mass, 27.99491, 0, 1e-5);
    nps_formula_changes(72.0395, 0.001, "C10H15N", list, &n);
    assert_true(n >= 1);
    assert_string_equal(list[0].text, "+C3H8Si");
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 2000; k++) {
        double delta = 600 * nps_test_uniform(&r) - 300, tol = k % 2 ? 0.11 : 0.004;
        nps_formula_changes(delta, tol, k % 3 ? NULL : "C20H28FN3O2", list, &n);
        for (size_t i = 0; i < n; i++) {
            assert_true(fabs(list[i].mass - delta) <= tol && *list[i].text);
            for (size_t j = 0; j < i; j++)
                assert_true(fabs(list[i].mass - list[j].mass) > 1e-7);
        }
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_differences_have_their_formula),
        cmocka_unit_test(a_sum_of_two_changes_names_both),
        cmocka_unit_test(the_opposite_difference_has_the_opposite_formula),
        cmocka_unit_test(only_what_the_reference_has_can_be_lost),
        cmocka_unit_test(the_list_is_ranked_and_each_change_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
