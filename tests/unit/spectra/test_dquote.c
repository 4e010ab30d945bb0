#include "spectra/dquote.h"
#include "tests/support/nps_test.h"

static void quoted_text_is_taken_off_the_front(void **state)
{
    (void)state;
    static const struct {
        const char *input, *text; /* NULL: nothing is taken */
        const char *rest;
    } cases[] = {
        {"\"a b\" c", "a b", " c"}, {"\"\"", "", ""},
        {"\"\"\"\"", "\"", ""},     {"\"a\"\"b\"x", "a\"b", "x"},
        {"\"open", NULL, "\"open"}, {"\"a\"\"", NULL, "\"a\"\""},
        {"a\"b\"", NULL, "a\"b\""}, {"", NULL, ""},
        {"\"", NULL, "\""},         {"\"a\";\"b\"", "a", ";\"b\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_span rest = nps_span_of(cases[i].input);
        nps_dquote q = {0};
        assert_ok(nps_dquote_take(&rest, &q, NULL), NULL);
        assert_int_equal(q.text != NULL, cases[i].text != NULL);
        if (q.text) {
            assert_string_equal(q.text, cases[i].text);
            assert_int_equal(q.n, strlen(cases[i].text));
        }
        assert_int_equal(rest.n, strlen(cases[i].rest));
        assert_memory_equal(rest.p, cases[i].rest, rest.n);
        free(q.text);
    }
}

static void what_is_put_comes_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "\"", "\"\"", "a\"b", "\"a\"", " \" \"\" ", "\xc3\xa4;="};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(100);
        nps_dquote_put(&b, texts[i]);
        nps_buf_puts(&b, " tail");
        nps_span rest = {b.data, b.len};
        nps_dquote q = {0};
        assert_ok(nps_dquote_take(&rest, &q, NULL), NULL);
        assert_string_equal(q.text, texts[i]);
        assert_int_equal(rest.n, 5);
        free(q.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoted_text_is_taken_off_the_front),
        cmocka_unit_test(what_is_put_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
