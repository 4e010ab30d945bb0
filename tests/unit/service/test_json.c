#include "service/json.h"
#include "service/json_read.h"
#include "tests/support/nps_test.h"

#include <jansson.h>
#include <math.h>

/* --- out --------------------------------------------------------------------------------------------------------------- */

static void objects_and_arrays_nest_with_their_commas(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    nps_jw w = nps_jw_init(&b);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "a", "x");
    nps_jw_array(&w, "list");
    nps_jw_i64(&w, NULL, -9223372036854775807 - 1);
    nps_jw_null(&w, NULL);
    nps_jw_object(&w, NULL);
    nps_jw_end(&w);
    nps_jw_array(&w, NULL);
    nps_jw_end(&w);
    nps_jw_bool(&w, NULL, true);
    nps_jw_end(&w);
    nps_jw_object(&w, "o");
    nps_jw_bool(&w, "f", false);
    nps_jw_raw(&w, "r", "[1,2]");
    nps_jw_str(&w, "none", NULL);
    nps_jw_end(&w);
    nps_jw_end(&w);
    assert_string_equal(b.data, "{\"a\":\"x\",\"list\":[-9223372036854775808,null,{},[],true],"
                                "\"o\":{\"f\":false,\"r\":[1,2],\"none\":null}}");
    assert_int_equal(w.depth, 0);
}

static void the_deepest_level_allowed_can_be_written(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    nps_jw w = nps_jw_init(&b);
    for (int i = 0; i < NPS_JSON_DEPTH; i++)
        nps_jw_array(&w, NULL);
    for (int i = 0; i < NPS_JSON_DEPTH; i++)
        nps_jw_end(&w);
    nps_json *doc = NULL;
    nps_err err;
    assert_ok(nps_json_read(b.data, b.len, 4096, &doc, &err), &err);
    nps_json_free(doc);
}

static void every_text_comes_back_from_another_reader(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "plain", "quote \" backslash \\ slash /", "\x01\x02\x1f\t\n\r\b\f", "\x7f", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x92\x8A",
        "</script><!--", "\\u0041", "line\xE2\x80\xA8separator",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
        nps_jw w = nps_jw_init(&b);
        nps_jw_object(&w, NULL);
        nps_jw_str(&w, *texts[i] ? texts[i] : "k", texts[i]);
        nps_jw_end(&w);
        json_error_t why;
        json_t *doc = json_loadb(b.data, b.len, 0, &why);
        if (!doc)
            print_error("%s: %s\n", b.data, why.text);
        assert_non_null(doc);
        assert_string_equal(json_string_value(json_object_get(doc, *texts[i] ? texts[i] : "k")), texts[i]);
        json_decref(doc);
    }
}

static void numbers_are_rounded_and_short(void **state)
{
    (void)state;
    static const struct {
        double v;
        int decimals;
        const char *text;
    } cases[] = {
        {0, 4, "0"},           {1, 4, "1"},          {-1, 0, "-1"},      {100, 0, "100"},      {1200, 2, "1200"},
        {0.5, 4, "0.5"},       {0.12345, 4, "0.1235"}, {0.99996, 4, "1"}, {-0.00001, 4, "0"},  {-0.0, 3, "0"},
        {-0.3, 0, "0"},        {1e-9, 9, "0.000000001"}, {NAN, 4, "null"}, {INFINITY, 4, "null"}, {-INFINITY, 4, "null"},
        {14.01561, 4, "14.0156"}, {1e15, 2, "1000000000000000"}, {-2.50, 2, "-2.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
        nps_jw w = nps_jw_init(&b);
        nps_jw_num(&w, NULL, cases[i].v, cases[i].decimals);
        assert_string_equal(b.data, cases[i].text);
    }
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    nps_jw w = nps_jw_init(&b);
    nps_jw_num(&w, NULL, -1.7976931348623157e308, 20); /* the longest there is */
    assert_near(strtod(b.data, NULL), -1.7976931348623157e308, 1e-12, 0);
}

static void running_out_of_room_shows_at_the_end(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(20);
    nps_err err;
    nps_jw w = nps_jw_init(&b);
    nps_jw_array(&w, NULL);
    for (int i = 0; i < 100; i++)
        nps_jw_i64(&w, NULL, i);
    nps_jw_end(&w);
    assert_int_equal(nps_buf_check(&b, &err), NPS_E_LIMIT);
}

/* --- in ------------------------------------------------------------------------------------------------------------------ */

static nps_status read(const char *text, size_t len, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    *err = (nps_err){0};
    return nps_json_read(text, len, 100000, &doc, err);
}

#define TEXT(s) s, sizeof(s) - 1
static void hostile_documents_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text;
        size_t len;
        nps_status st;
    } cases[] = {
        {"nothing", TEXT(""), NPS_E_FORMAT},
        {"blanks", TEXT(" \n\t"), NPS_E_FORMAT},
        {"duplicate key", TEXT("{\"a\":1,\"a\":2}"), NPS_E_FORMAT},
        {"escaped NUL in a text", TEXT("[\"a\\u0000b\"]"), NPS_E_FORMAT},
        {"escaped NUL in a key", TEXT("{\"a\\u0000b\":1}"), NPS_E_FORMAT},
        {"raw NUL", TEXT("[\"a\0b\"]"), NPS_E_FORMAT},
        {"raw NUL after the end", TEXT("[1]\0"), NPS_E_FORMAT},
        {"number too large", TEXT("[1e999]"), NPS_E_FORMAT},
        {"integer of 30 digits", TEXT("[123456789012345678901234567890]"), NPS_E_FORMAT},
        {"NaN", TEXT("[NaN]"), NPS_E_FORMAT},
        {"infinity", TEXT("[Infinity]"), NPS_E_FORMAT},
        {"bad UTF-8", TEXT("[\"\xC3\x28\"]"), NPS_E_FORMAT},
        {"overlong UTF-8", TEXT("[\"\xC0\xAF\"]"), NPS_E_FORMAT},
        {"surrogate in UTF-8", TEXT("[\"\xED\xA0\x80\"]"), NPS_E_FORMAT},
        {"lone surrogate", TEXT("[\"\\ud800\"]"), NPS_E_FORMAT},
        {"surrogates in the wrong order", TEXT("[\"\\udc00\\ud800\"]"), NPS_E_FORMAT},
        {"trailing junk", TEXT("{} x"), NPS_E_FORMAT},
        {"two documents", TEXT("{}{}"), NPS_E_FORMAT},
        {"leading zero", TEXT("[01]"), NPS_E_FORMAT},
        {"plus sign", TEXT("[+1]"), NPS_E_FORMAT},
        {"bare point", TEXT("[.5]"), NPS_E_FORMAT},
        {"hexadecimal", TEXT("[0x10]"), NPS_E_FORMAT},
        {"trailing comma", TEXT("[1,]"), NPS_E_FORMAT},
        {"single quotes", TEXT("{'a':1}"), NPS_E_FORMAT},
        {"comment", TEXT("[1/*x*/]"), NPS_E_FORMAT},
        {"raw line feed in a text", TEXT("[\"a\nb\"]"), NPS_E_FORMAT},
        {"cut in a text", TEXT("{\"a\":\"b"), NPS_E_FORMAT},
        {"cut after an escape", TEXT("[\"\\"), NPS_E_FORMAT},
        {"cut in an object", TEXT("{\"a\":"), NPS_E_FORMAT},
        {"byte order mark", TEXT("\xEF\xBB\xBF{}"), NPS_E_FORMAT},
        {"a plain value", TEXT("3"), NPS_E_FORMAT},
        {"closed too often", TEXT("[]]"), NPS_E_FORMAT},
        {"the wrong bracket", TEXT("[}"), NPS_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_err err;
        nps_status st = read(cases[i].text, cases[i].len, &err);
        if (st != cases[i].st)
            print_error("%s: %s\n", cases[i].what, nps_status_name(st));
        assert_int_equal(st, cases[i].st);
        assert_true(err.line >= 1);
        assert_int_equal(strncmp(err.msg, "not valid JSON: ", 16), 0);
        for (const char *p = err.msg; *p; p++)
            assert_true((unsigned char)*p >= 32 && (unsigned char)*p < 127);
    }
}

static void size_and_depth_have_limits(void **state)
{
    (void)state;
    nps_err err;
    char deep[5000], text[64];
    static const size_t depths[] = {31, 32, 33, 2000, 2400};
    for (size_t k = 0; k < 5; k++)
        for (int object = 0; object < 2; object++) {
            size_t n = 0;
            for (size_t i = 0; i < depths[k]; i++)
                n += (size_t)snprintf(deep + n, sizeof deep - n, object && i % 2 == 0 && n < 1000 ? "{\"\":" : "[");
            bool allowed = depths[k] <= 32;
            if (!allowed || !object) {
                for (size_t i = 0; i < depths[k] && !object; i++)
                    deep[n++] = ']';
                assert_int_equal(read(deep, n, &err), allowed ? NPS_OK : NPS_E_LIMIT);
            }
        }
    /* Brackets in a text are no levels. */
    memset(deep, '[', 200);
    deep[0] = '[';
    deep[1] = deep[198] = '"';
    deep[199] = ']';
    assert_int_equal(read(deep, 200, &err), NPS_OK);
    nps_json *doc = NULL;
    memset(text, ' ', sizeof text);
    text[0] = '[';
    text[63] = ']';
    assert_int_equal(nps_json_read(text, 64, 63, &doc, &err), NPS_E_LIMIT);
    assert_null(doc);
    assert_ok(nps_json_read(text, 64, 64, &doc, &err), &err);
    nps_json_free(doc);
}

static void members_and_items_are_told_by_type(void **state)
{
    (void)state;
    static const char text[] = "{\"t\":\"x\",\"n\":1.5,\"i\":-3,\"l\":[1,\"2\",{\"a\":7}],\"z\":null}";
    NPS_AUTO(nps_json) doc = NULL;
    nps_err err;
    double v = 42;
    assert_ok(nps_json_read(text, sizeof text - 1, 1000, &doc, &err), &err);
    assert_string_equal(nps_json_text(doc, "t"), "x");
    assert_null(nps_json_text(doc, "n"));
    assert_null(nps_json_text(doc, "absent"));
    assert_true(nps_json_number(doc, "n", &v) && v == 1.5);
    assert_true(nps_json_number(doc, "i", &v) && v == -3);
    assert_false(nps_json_number(doc, "t", &v));
    assert_false(nps_json_number(doc, "absent", &v));
    assert_true(v == -3);
    const nps_json *l = nps_json_member(doc, "l");
    assert_int_equal(nps_json_count(l), 3);
    assert_int_equal(nps_json_count(doc), 0);
    assert_int_equal(nps_json_count(NULL), 0);
    assert_true(nps_json_item_number(l, 0, &v) && v == 1);
    assert_false(nps_json_item_number(l, 1, &v));
    assert_false(nps_json_item_number(l, 3, &v));
    assert_true(nps_json_number(nps_json_item(l, 2), "a", &v) && v == 7);
    assert_null(nps_json_item(l, 3));
    assert_null(nps_json_member(l, "a"));
    nps_json_free(NULL);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays_nest_with_their_commas),
        cmocka_unit_test(the_deepest_level_allowed_can_be_written),
        cmocka_unit_test(every_text_comes_back_from_another_reader),
        cmocka_unit_test(numbers_are_rounded_and_short),
        cmocka_unit_test(running_out_of_room_shows_at_the_end),
        cmocka_unit_test(hostile_documents_are_refused),
        cmocka_unit_test(size_and_depth_have_limits),
        cmocka_unit_test(members_and_items_are_told_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
