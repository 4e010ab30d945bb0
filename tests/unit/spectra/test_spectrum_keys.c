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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_are_folded_and_ascending)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
