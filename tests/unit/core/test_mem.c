#include "core/mem.h"
#include "tests/support/nps_test.h"

static void arrays_are_zeroed_and_overflow_is_seen(void **state)
{
    (void)state;
    unsigned char *p = nps_array(100, 3), *none = nps_array(0, 8);
    assert_true(p && none);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(p[i], 0);
    assert_int_equal(none[7], 0);
    assert_null(nps_array(SIZE_MAX / 2, 3));
    free(p);
    free(none);
}

static void growing_keeps_the_content_and_the_limit(void **state)
{
    (void)state;
    int *items = NULL;
    size_t cap = 0;
    nps_err err;
    for (size_t n = 0; n < 1000; n++) {
        assert_ok(nps_grow(&items, &cap, n + 1, sizeof *items, 1000, &err), &err);
        items[n] = (int)n;
    }
    for (size_t n = 0; n < 1000; n++)
        assert_int_equal(items[n], n);
    assert_int_equal(cap, 1000);
    int *before = items;
    assert_int_equal(nps_grow(&items, &cap, 1001, sizeof *items, 1000, &err), NPS_E_LIMIT);
    assert_true(items == before && cap == 1000);
    assert_int_equal(nps_grow(&items, &cap, SIZE_MAX / 2, sizeof *items, SIZE_MAX, &err), NPS_E_NOMEM);
    assert_true(items == before && cap == 1000);
    free(items);
}

static void copies_are_terminated(void **state)
{
    (void)state;
    char *s = nps_strndup("abcdef", 3), *empty = nps_strndup(NULL, 0);
    assert_string_equal(s, "abc");
    assert_string_equal(empty, "");
    assert_null(nps_strndup("x", SIZE_MAX));
    free(s);
    free(empty);
}

static char *hand_over(void)
{
    NPS_AUTO_MEM(char *) kept = nps_strndup("kept", 4);
    NPS_AUTO_MEM(char *) freed = nps_strndup("freed", 5);
    assert_true(kept && freed);
    return nps_steal(kept);
}

static void stolen_memory_outlives_its_scope(void **state)
{
    (void)state;
    char *s = hand_over();
    assert_string_equal(s, "kept");
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_zeroed_and_overflow_is_seen),
        cmocka_unit_test(growing_keeps_the_content_and_the_limit),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(stolen_memory_outlives_its_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
