#include "core/scan.h"
#include "tests/support/nps_test.h"

#include <math.h>

static size_t put_digits(uint64_t *seed, char *out, size_t max)
{
    size_t n = nps_test_random(seed) % (max + 1);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('0' + nps_test_random(seed) % 10);
    return n;
}

/* A decimal number, or something close to one. */
static size_t random_number_text(uint64_t *seed, char out[static 64])
{
    char *p = out;
    if (nps_test_random(seed) % 4 == 0)
        *p++ = nps_test_random(seed) % 2 ? '-' : '+';
    p += put_digits(seed, p, nps_test_random(seed) % 8 ? 6 : 20);
    if (nps_test_random(seed) % 4) {
        *p++ = '.';
        p += put_digits(seed, p, nps_test_random(seed) % 8 ? 7 : 20);
    }
    if (nps_test_random(seed) % 3 == 0) {
        *p++ = nps_test_random(seed) % 2 ? 'e' : 'E';
        if (nps_test_random(seed) % 2)
            *p++ = nps_test_random(seed) % 2 ? '-' : '+';
        p += put_digits(seed, p, nps_test_random(seed) % 8 ? 2 : 4);
    }
    *p = '\0';
    return (size_t)(p - out);
}

static void numbers_are_rounded_as_strtod_rounds_them(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    for (int i = 0; i < 1000000; i++) {
        char text[64];
        size_t n = random_number_text(&seed, text);
        double got = 0;
        char *want_end;
        double want = strtod(text, &want_end);
        const char *end = nps_scan_number(text, text + n, &got);
        if (want_end == text || !isfinite(want)) {
            assert_null(end);
            continue;
        }
        if (end != want_end || memcmp(&got, &want, sizeof got) != 0)
            fail_msg("'%s' gives %.17g, expected %.17g", text, got, want);
    }
}

static void only_decimal_numbers_are_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int used; /* bytes, or -1 */
        double value;
    } cases[] = {
        {"12", 2, 12},
        {"12.5x", 4, 12.5},
        {".5", 2, 0.5},
        {"5.", 2, 5},
        {"-0", 2, -0.0},
        {"1e3", 3, 1000},
        {"1e", 1, 1},
        {"1e+", 1, 1},
        {"1e+2", 4, 100},
        {"", -1, 0},
        {".", -1, 0},
        {"-", -1, 0},
        {"+.e1", -1, 0},
        {"inf", -1, 0},
        {"nan", -1, 0},
        {" 1", -1, 0},
        {"0x10", 1, 0},
        {"1e999", -1, 0},
        {"1e-999", 6, 0},
        {"1,5", 1, 1},
        {"1 5", 1, 1},
        {"1e99999999999", -1, 0},
        {"e5", -1, 0},
        {"--1", -1, 0},
        {"000000000000000000000000000000000000000000000000000000000000001", 63, 1},
        {"0000000000000000000000000000000000000000000000000000000000000001", -1, 0},
        {"9007199254740993", 16, 9007199254740992.0},
        {"1e23", 4, 1e23},
        {"2.2250738585072011e-308", 23, 2.2250738585072011e-308},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double v = 77;
        const char *p = cases[i].text, *end = nps_scan_number(p, p + strlen(p), &v);
        assert_int_equal(end ? (int)(end - p) : -1, cases[i].used);
        assert_true(v == (end ? cases[i].value : 77));
    }
}

static void numbers_end_where_the_text_ends(void **state)
{
    (void)state;
    double v;
    const char *text = "12345";
    assert_null(nps_scan_number(text, text, &v));
    assert_ptr_equal(nps_scan_number(text, text + 2, &v), text + 2);
    assert_true(v == 12);
}

static void lines_end_with_lf_crlf_or_cr(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        struct {
            const char *line;
            size_t offset;
        } lines[5];
    } cases[] = {
        {"", 0, {{NULL, 0}}},
        {"a", 1, {{"a", 0}}},
        {"a\nb\n", 2, {{"a", 0}, {"b", 2}}},
        {"a\r\nb\r\n", 2, {{"a", 0}, {"b", 3}}},
        {"a\rb\r", 2, {{"a", 0}, {"b", 2}}},
        {"\n\r\n\r", 3, {{"", 0}, {"", 1}, {"", 3}}},
        {"a\n\rb\r\r\nc", 5, {{"a", 0}, {"", 2}, {"b", 3}, {"", 5}, {"c", 7}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_scan s = nps_scan_init(cases[i].text, strlen(cases[i].text));
        nps_span line;
        for (size_t k = 0; k < cases[i].n; k++) {
            assert_true(nps_scan_line(&s, &line));
            assert_int_equal(line.n, strlen(cases[i].lines[k].line));
            assert_memory_equal(line.p, cases[i].lines[k].line, line.n);
            assert_int_equal(nps_scan_offset(&s, line.p), cases[i].lines[k].offset);
            assert_int_equal(s.line, k + 1);
        }
        assert_false(nps_scan_line(&s, &line));
    }
}

static void nothing_can_be_scanned(void **state)
{
    (void)state;
    nps_scan s = nps_scan_init(NULL, 0);
    nps_span line;
    assert_false(nps_scan_line(&s, &line));
}

static void whole_numbers_have_their_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool u_ok;
        uint64_t u;
    } cases[] = {
        {"0", true, 0},
        {" 42\t", true, 42},
        {"-42", false, 0},
        {"+42", false, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", true, 9223372036854775808u},
        {"-9223372036854775807", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"- 1", false, 0},
        {"1.0", false, 0},
        {"1 2", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t u = 0;
        assert_int_equal(nps_span_u64(nps_span_of(cases[i].text), &u), cases[i].u_ok);
        assert_true(u == cases[i].u);
    }
    double d;
    assert_true(nps_span_double(NPS_SPAN(" 1.5 "), &d) && d == 1.5);
    assert_false(nps_span_double(NPS_SPAN("1.5x"), &d));
    assert_false(nps_span_double(NPS_SPAN(""), &d));
}

static void spans_are_compared_cut_and_split(void **state)
{
    (void)state;
    assert_true(nps_span_is(NPS_SPAN("NaMe"), "name"));
    assert_false(nps_span_is(NPS_SPAN("names"), "name"));
    assert_true(nps_span_starts(NPS_SPAN("NAME: x"), "name"));
    assert_false(nps_span_starts(NPS_SPAN("na"), "name"));
    assert_int_equal(nps_span_of(NULL).n, 0);
    nps_span rest = NPS_SPAN(" ,a,, b"), token, left, right;
    assert_true(nps_span_token(&rest, " ,", &token) && nps_span_is(token, "a"));
    assert_true(nps_span_token(&rest, " ,", &token) && nps_span_is(token, "b"));
    assert_false(nps_span_token(&rest, " ,", &token));
    assert_true(nps_span_split(NPS_SPAN(" key : a:b "), ':', &left, &right));
    assert_true(nps_span_is(left, "key") && nps_span_is(right, "a:b"));
    assert_false(nps_span_split(NPS_SPAN("key"), ':', &left, &right));
    assert_true(nps_span_split(NPS_SPAN(":"), ':', &left, &right) && !left.n && !right.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_rounded_as_strtod_rounds_them),
        cmocka_unit_test(only_decimal_numbers_are_numbers),
        cmocka_unit_test(numbers_end_where_the_text_ends),
        cmocka_unit_test(lines_end_with_lf_crlf_or_cr),
        cmocka_unit_test(nothing_can_be_scanned),
        cmocka_unit_test(whole_numbers_have_their_range),
        cmocka_unit_test(spans_are_compared_cut_and_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
