/* The table of keys is private; the binary search over it needs its order. */
#include "spectra/spectrum_keys.c"
#include "tests/support/nps_test.h"

static void keys_are_folded_and_ascending(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof key_table / sizeof *key_table; i++) {
        char folded[48];
        assert_true(fold_key(nps_span_of(key_table[i].folded), folded));
        assert_string_equal(folded, key_table[i].folded);
        assert_true(i == 0 || strcmp(key_table[i - 1].folded, folded) < 0);
        assert_ptr_equal(find_key(nps_span_of(folded)), &key_table[i]);
    }
}

static void an_unknown_technique_that_is_told_is_not_guessed(void **state)
{
    (void)state;
    for (int told = 0; told < 2; told++) {
        nps_err err;
        NPS_AUTO(nps_spectrum) s = NULL;
        assert_ok(nps_spectrum_new(&s, &err), &err);
        if (told)
            assert_ok(nps_spectrum_take_pair(s, NPS_SPAN("Technique"), NPS_SPAN("unknown"), &err), &err);
        assert_int_equal(s->technique_told, told);
        assert_ok(nps_spectrum_push_peak(s, 50, 1, NPS_SPAN(""), 9, &err), &err);
        assert_ok(nps_spectrum_settle(s, &err), &err);
        assert_int_equal(s->technique, told ? NPS_TECH_UNKNOWN : NPS_TECH_EI);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_unknown_technique_that_is_told_is_not_guessed),
        cmocka_unit_test(keys_are_folded_and_ascending)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
