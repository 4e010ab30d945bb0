#include "tests/support/nps_test.h"

#include "core/buf.h"
#include "service/multipart.h"

static const char type[] = "multipart/form-data; boundary=XX";

static nps_status parse(const char *content_type, const char *body, size_t n, nps_part *part, size_t *ret_n, nps_err *err)
{
    /* A copy of the exact size, so that a read past the end is seen by ASan. */
    static char *copy;
    free(copy);
    copy = malloc(n ? n : 1);
    memcpy(copy, body, n);
    return nps_multipart_parse(content_type, (nps_span){copy, n}, part, ret_n, err);
}

static void takes_files_and_fields_apart(void **state)
{
    (void)state;
    static const char body[] = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\lab\\a b.msp\"\r\n"
                               "Content-Type: text/plain\r\n\r\nName: x\r\n--X\r\n\r\n--XX\r\n"
                               "content-disposition: form-data; name=country\r\n\r\nDE\r\n--XX\r\n"
                               "Content-Disposition: form-data; name=\"f2\"; filename=\"\"\r\n\r\n\r\n--XX--\r\n";
    nps_part part[NPS_MAX_PARTS];
    size_t n;
    nps_err err = {0};
    assert_ok(parse(type, body, sizeof body - 1, part, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_string_equal(part[0].name, "file");
    assert_string_equal(part[0].file, "a b.msp");
    assert_string_equal(part[0].type, "text/plain");
    assert_true(part[0].is_file);
    assert_int_equal(part[0].body.n, 14);
    assert_memory_equal(part[0].body.p, "Name: x\r\n--X\r\n", 14);
    assert_false(part[1].is_file);
    assert_memory_equal(part[1].body.p, "DE", 2);
    assert_int_equal(part[1].body.n, 2);
    assert_true(part[2].is_file);
    assert_int_equal(part[2].body.n, 0);
}

static void quoted_quotes_and_utf8_names_are_kept(void **state)
{
    (void)state;
    static const char body[] = "--a b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\\\"\xc3\xa4\\\".jdx\"\r\n\r\n"
                               "\r\n--a b--";
    nps_part part[NPS_MAX_PARTS];
    size_t n;
    nps_err err = {0};
    assert_ok(parse("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", body, sizeof body - 1, part, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_string_equal(part[0].file, "\"\xc3\xa4\".jdx");
}

static void refuses_what_is_broken_with_its_place(void **state)
{
    (void)state;
#define HEAD "--XX\r\nContent-Disposition: form-data; name=\"f\"\r\n"
    static const struct {
        const char *what, *type, *body;
        nps_status st;
        size_t line;
    } cases[] = {
        {"no boundary", "multipart/form-data", HEAD "\r\nx\r\n--XX--", NPS_E_FORMAT, 1},
        {"two boundaries", "multipart/form-data; boundary=a; boundary=b", "--a--", NPS_E_FORMAT, 1},
        {"boundary of 71", "multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
         "--", NPS_E_FORMAT, 1},
        {"text before the first boundary", type, "hello\r\n" HEAD "\r\nx\r\n--XX--", NPS_E_FORMAT, 1},
        {"no end", type, HEAD "\r\nx", NPS_E_FORMAT, 4},
        {"no end of headers", type, HEAD, NPS_E_FORMAT, 3},
        {"data after the end", type, HEAD "\r\nx\r\n--XX--\r\nmore", NPS_E_FORMAT, 5},
        {"no name", type, "--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 2},
        {"name twice", type, "--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 2},
        {"no disposition", type, "--XX\r\nContent-Type: a/b\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 3},
        {"attachment", type, "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 2},
        {"open quote", type, "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 2},
        {"folded header", type, "--XX\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 2},
        {"control byte in a name", type, "--XX\r\nContent-Disposition: form-data; name=\"a\x01\"\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 2},
        {"broken UTF-8 in a name", type, "--XX\r\nContent-Disposition: form-data; name=\"\xc3\"\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 2},
        {"base64", type, HEAD "Content-Transfer-Encoding: base64\r\n\r\nx\r\n--XX--", NPS_E_FORMAT, 3},
        {"boundary that goes on", type, HEAD "\r\nx\r\n--XXY\r\n--XX--", NPS_E_FORMAT, 5},
        {"empty", type, "", NPS_E_FORMAT, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_part part[NPS_MAX_PARTS];
        size_t n = 77;
        nps_err err = {0};
        nps_status st = parse(cases[i].type, cases[i].body, strlen(cases[i].body), part, &n, &err);
        if (st != cases[i].st || err.line != cases[i].line)
            print_error("%s: %s, line %zu: %s\n", cases[i].what, nps_status_name(st), err.line, err.msg);
        assert_int_equal(st, cases[i].st);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(n, 77);
    }
}

static void too_many_parts_and_long_headers_are_limits(void **state)
{
    (void)state;
    nps_part part[NPS_MAX_PARTS];
    size_t n;
    nps_err err = {0};
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    for (int i = 0; i <= NPS_MAX_PARTS; i++)
        nps_buf_puts(&b, "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n");
    nps_buf_puts(&b, "--XX--");
    assert_int_equal(parse(type, b.data, b.len, part, &n, &err), NPS_E_LIMIT);
    nps_buf_clear(&b);
    nps_buf_puts(&b, "--XX\r\nX: ");
    for (int i = 0; i < NPS_MAX_PART_HEADER; i++)
        nps_buf_putc(&b, 'a');
    nps_buf_puts(&b, "\r\n\r\n\r\n--XX--");
    assert_int_equal(parse(type, b.data, b.len, part, &n, &err), NPS_E_LIMIT);
}

static void a_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static const char body[] = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nxyz\r\n--XX--";
    nps_part part[NPS_MAX_PARTS];
    size_t n;
    for (size_t cut = 0; cut < sizeof body - 1; cut++)
        assert_int_not_equal(parse(type, body, cut, part, &n, NULL), NPS_OK);
    assert_ok(parse(type, body, sizeof body - 1, part, &n, NULL), NULL);
}

static void only_form_data_is_multipart(void **state)
{
    (void)state;
    assert_true(nps_multipart_is("multipart/form-data; boundary=x"));
    assert_true(nps_multipart_is("MULTIPART/FORM-DATA"));
    assert_false(nps_multipart_is("multipart/form-database"));
    assert_false(nps_multipart_is("multipart/mixed"));
    assert_false(nps_multipart_is(NULL));
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_files_and_fields_apart),      cmocka_unit_test(quoted_quotes_and_utf8_names_are_kept),
        cmocka_unit_test(refuses_what_is_broken_with_its_place), cmocka_unit_test(too_many_parts_and_long_headers_are_limits),
        cmocka_unit_test(a_cut_anywhere_is_refused),         cmocka_unit_test(only_form_data_is_multipart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
