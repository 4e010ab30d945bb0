#include "core/buf.h"
#include "tests/support/nps_test.h"

#include <float.h>
#include <math.h>

static void appends_add_up_and_stay_terminated(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(10000);
    nps_buf_puts(&b, "a");
    nps_buf_putc(&b, 'b');
    nps_buf_add(&b, "cde", 2);
    nps_buf_printf(&b, "%d-%s", 7, "x");
    assert_string_equal(b.data, "abcd7-x");
    for (int i = 0; i < 1000; i++)
        nps_buf_puts(&b, "12345");
    assert_int_equal(b.len, 5007);
    assert_int_equal(b.data[b.len], 0);
    nps_buf_clear(&b);
    assert_string_equal(b.data, "");
}

static void a_full_buffer_stays_failed_until_cleared(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(4);
    nps_err err;
    nps_buf_puts(&b, "1234");
    assert_ok(nps_buf_check(&b, &err), &err);
    nps_buf_putc(&b, '5');
    nps_buf_printf(&b, "%d", 6);
    assert_string_equal(b.data, "1234");
    assert_int_equal(nps_buf_check(&b, &err), NPS_E_LIMIT);
    nps_buf_clear(&b);
    nps_buf_putc(&b, 'x');
    assert_ok(nps_buf_check(&b, &err), &err);
}

static void detaching_hands_over_and_never_gives_null(void **state)
{
    (void)state;
    nps_buf b = NPS_BUF_INIT(10);
    char *empty = nps_buf_detach(&b);
    assert_string_equal(empty, "");
    nps_buf_puts(&b, "abc");
    char *text = nps_buf_detach(&b);
    assert_string_equal(text, "abc");
    assert_null(b.data);
    assert_int_equal(b.max, 10);
    free(empty);
    free(text);
}

static void numbers_come_back_from_their_shortest_text(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0.1, "0.1"}, {1, "1"}, {0.1 + 0.2, "0.30000000000000004"}, {1e22, "1e+22"}, {-2.5, "-2.5"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(100);
        nps_buf_put_double(&b, cases[i].v);
        assert_string_equal(b.data, cases[i].text);
    }
    uint64_t seed = nps_test_seed();
    NPS_AUTO_BUF b = NPS_BUF_INIT(100);
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = nps_test_random(&seed);
        uint32_t half = (uint32_t)bits;
        double d;
        float f;
        memcpy(&d, &bits, sizeof d);
        memcpy(&f, &half, sizeof f);
        if (!isfinite(d) || !isfinite(f))
            continue;
        nps_buf_clear(&b);
        nps_buf_put_double(&b, d);
        assert_true(strtod(b.data, NULL) == d);
        nps_buf_clear(&b);
        nps_buf_put_float(&b, f);
        assert_true(strtof(b.data, NULL) == f && (float)strtod(b.data, NULL) == f);
    }
}

static void xml_specials_are_escaped(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(200);
    nps_buf_put_xml(&b, "<a b=\"c\" d='e'>&\x01\n\xc3\xa4");
    assert_string_equal(b.data, "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\n\xc3\xa4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_add_up_and_stay_terminated),
        cmocka_unit_test(a_full_buffer_stays_failed_until_cleared),
        cmocka_unit_test(detaching_hands_over_and_never_gives_null),
        cmocka_unit_test(numbers_come_back_from_their_shortest_text),
        cmocka_unit_test(xml_specials_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
