#include "core/base64.h"
#include "tests/support/nps_test.h"

static void check(const char *text, const char *want, size_t want_n)
{
    char out[64];
    size_t n = 999, fault = 999;
    assert_true(nps_base64_unpack(nps_span_of(text), out, &n, &fault));
    assert_int_equal(n, want_n);
    assert_memory_equal(out, want, want_n);
}

/* RFC 4648, section 10. */
static void the_examples_of_the_rfc_decode(void **state)
{
    (void)state;
    check("", "", 0);
    check("Zg==", "f", 1);
    check("Zm8=", "fo", 2);
    check("Zm9v", "foo", 3);
    check("Zm9vYg==", "foob", 4);
    check("Zm9vYmE=", "fooba", 5);
    check("Zm9vYmFy", "foobar", 6);
    check("+/+/", "\xfb\xff\xbf", 3);
}

static void blanks_and_missing_padding_are_passed_over(void **state)
{
    (void)state;
    check("\n  Zm9\tvYm\r\nFy  ", "foobar", 6);
    check("Zg", "f", 1);
    check("Zm8", "fo", 2);
    check("Zg= =\n", "f", 1);
}

static void faults_have_their_place(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t fault;
    } cases[] = {{"Zm9vY", 5}, {"Zm9*", 3}, {"Zm9vYmFy<", 8}, {"=", 0}, {"Z===", 1}, {"Zg==Zg==", 4}, {"Zm9v\xe4", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        size_t n = 999, fault = 999;
        assert_false(nps_base64_unpack(nps_span_of(cases[i].text), out, &n, &fault));
        assert_int_equal(fault, cases[i].fault);
        assert_int_equal(n, 999);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_examples_of_the_rfc_decode),
                                       cmocka_unit_test(blanks_and_missing_padding_are_passed_over),
                                       cmocka_unit_test(faults_have_their_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
