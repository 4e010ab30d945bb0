#include "spectra/xml.h"
#include "core/buf.h"
#include "tests/support/nps_test.h"

typedef struct {
    size_t starts, ends, deepest, behind;
    nps_span inner; /* of the last <t> */
    size_t line;    /* of it */
    bool pausing;
    char attr[64]; /* "a" of the last element that has it */
} heard;

static void on_start(void *user, nps_xml *x, const char *name, const char *const *attr)
{
    heard *h = user;
    h->starts++;
    if (nps_xml_depth(x) > h->deepest)
        h->deepest = nps_xml_depth(x);
    const char *a = nps_xml_attr(attr, "a");
    if (a)
        snprintf(h->attr, sizeof h->attr, "%s", a);
    if (strcmp(name, "t") == 0) {
        h->behind = nps_xml_behind(x);
        h->line = nps_xml_line(x);
    }
    if (h->pausing)
        nps_xml_pause(x);
}

static void on_end(void *user, nps_xml *x, const char *name)
{
    heard *h = user;
    h->ends++;
    if (strcmp(name, "t") == 0)
        h->inner = nps_xml_inner(x, h->behind);
}

static const nps_xml_handlers handlers = {on_start, on_end};

/* The number of pauses until the end goes to *ret_pauses. */
static nps_status walk(const char *text, size_t n, heard *h, size_t *ret_pauses, nps_err *err)
{
    NPS_AUTO(nps_xml) x = NULL;
    assert_ok(nps_xml_new((nps_span){text, n}, &handlers, h, &x, err), err);
    for (size_t pauses = 0;; pauses++) {
        bool ended = false;
        nps_status st = nps_xml_walk(x, &ended, err);
        if (st != NPS_OK || ended) {
            *ret_pauses = pauses;
            return st;
        }
    }
}

static void elements_attributes_and_content_are_told(void **state)
{
    (void)state;
    static const char text[] = "<?xml version='1.0'?>\n<x:r xmlns:x='u'>\n <x:t a='1 &lt; 2'>abc\n</x:t>\n<e/></x:r>";
    for (int pausing = 0; pausing < 2; pausing++) {
        heard h = {.pausing = pausing};
        nps_err err;
        size_t pauses = 0;
        assert_ok(walk(text, sizeof text - 1, &h, &pauses, &err), &err);
        assert_int_equal(h.starts, 3);
        assert_int_equal(h.ends, 3);
        assert_int_equal(h.deepest, 2);
        assert_int_equal(h.line, 3);
        assert_string_equal(h.attr, "1 < 2");
        assert_int_equal(h.inner.n, 4);
        assert_memory_equal(h.inner.p, "abc\n", 4);
        assert_int_equal(pauses, pausing ? 3 : 0);
    }
}

static void long_texts_are_walked_in_pieces(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)64 << 20);
    nps_buf_puts(&b, "<r>");
    for (int i = 0; i < 100; i++) {
        nps_buf_printf(&b, "<t a='%d'>", i);
        for (int k = 0; k < 5000 * (i % 10); k++)
            nps_buf_puts(&b, "AAAA\n");
        nps_buf_puts(&b, "</t>");
    }
    nps_buf_puts(&b, "</r>");
    for (int pausing = 0; pausing < 2; pausing++) {
        heard h = {.pausing = pausing};
        nps_err err;
        size_t pauses = 0;
        assert_ok(walk(b.data, b.len, &h, &pauses, &err), &err);
        assert_int_equal(h.starts, 101);
        assert_int_equal(h.inner.n, 225000);
        assert_int_equal(h.line, 1 + 10 * 5000 * 45 - 45000);
        assert_string_equal(h.attr, "99");
    }
}

/* Long texts are skipped; markup among them, or after them, is not. */
static void long_texts_hide_nothing(void **state)
{
    (void)state;
    static const char *const parts[] = {"<r><!-- > ", " --><u/>", "<![CDATA[>", "]]><u/>", "<t a='>", "'>", "</t><u/>", "</r>"};
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)8 << 20);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        nps_buf_puts(&b, parts[i]);
        for (size_t k = 0; k < 30000 && i + 1 < sizeof parts / sizeof *parts; k++)
            nps_buf_puts(&b, "xyz ");
    }
    heard h = {0};
    nps_err err;
    size_t pauses;
    assert_ok(walk(b.data, b.len, &h, &pauses, &err), &err);
    assert_int_equal(h.starts, 5);
    assert_int_equal(h.inner.n, 120000);
    assert_memory_equal(h.inner.p, "xyz ", 4);
    NPS_AUTO_BUF junk = NPS_BUF_INIT(100000);
    nps_buf_puts(&junk, "<r/>");
    for (int i = 0; i < 1000; i++)
        nps_buf_puts(&junk, "junk");
    nps_buf_puts(&junk, "<s/>");
    assert_int_equal(walk(junk.data, junk.len, &h, &pauses, &err), NPS_E_FORMAT);
}

static void check_refused(const char *text, size_t n, nps_status want, size_t line, size_t offset, const char *part)
{
    heard h = {0};
    nps_err err = {0};
    size_t pauses;
    assert_int_equal(walk(text, n, &h, &pauses, &err), want);
    print_message("line %zu, byte %zu: %s\n", err.line, err.offset, err.msg);
    assert_non_null(strstr(err.msg, part));
    assert_int_equal(err.line, line);
    assert_int_equal(err.offset, offset);
}

static void faults_have_line_and_byte(void **state)
{
    (void)state;
    const struct {
        const char *text;
        nps_status want;
        size_t line, offset;
        const char *part;
    } cases[] = {
        {"", NPS_E_FORMAT, 1, 0, "ends in the middle"},
        {"<a>\n<b>\n", NPS_E_FORMAT, 3, 8, "ends in the middle"},
        {"<a>\n<b", NPS_E_FORMAT, 2, 4, "ends in the middle"},
        {"<a>\n</b>", NPS_E_FORMAT, 2, 6, "mismatched tag"},
        {"<a>\n&nope;</a>", NPS_E_FORMAT, 2, 4, "undefined entity"},
        {"<a/>\n<b/>", NPS_E_FORMAT, 2, 5, "junk after"},
        {"<a b='1' b='2'/>", NPS_E_FORMAT, 1, 9, "duplicate attribute"},
        {"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", NPS_E_UNSUPPORTED, 2, 22, "DOCTYPE"},
        {"\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", NPS_E_UNSUPPORTED, 2, 1, "DOCTYPE"},
        {"<?xml version='1.0' encoding='klingon'?><a/>", NPS_E_UNSUPPORTED, 1, 30, "encoding"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(cases[i].text, strlen(cases[i].text), cases[i].want, cases[i].line, cases[i].offset, cases[i].part);
}

static void limits_hold(void **state)
{
    (void)state;
    NPS_AUTO_BUF deep = NPS_BUF_INIT(1 << 20), names = NPS_BUF_INIT(1 << 20), tag = NPS_BUF_INIT((size_t)8 << 20);
    for (int i = 0; i < 65; i++)
        nps_buf_puts(&deep, "<a>");
    check_refused(deep.data, deep.len, NPS_E_LIMIT, 1, 64 * 3, "64 deep");
    nps_buf_puts(&names, "<a>");
    for (int i = 0; i < 2000; i++)
        nps_buf_printf(&names, "<n%04d/>", i);
    check_refused(names.data, names.len, NPS_E_LIMIT, 1, 3 + 1999 * 8, "2000 different names");
    nps_buf_puts(&tag, "<a>\n<b c='");
    for (int i = 0; i < 200000; i++)
        nps_buf_puts(&tag, "0123456789");
    check_refused(tag.data, tag.len, NPS_E_LIMIT, 2, 4, "an XML tag of more than 1048576 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_attributes_and_content_are_told),
        cmocka_unit_test(long_texts_are_walked_in_pieces),
        cmocka_unit_test(long_texts_hide_nothing),
        cmocka_unit_test(faults_have_line_and_byte),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
