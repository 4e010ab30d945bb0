#include "tests/support/nps_test.h"

#include "service/api.h"
#include "service/metrics.h"
#include "service/text.h"
#include "service/uri.h"

static void every_path_goes_to_its_handler(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        nps_handler *handler;
        const char *first, *second;
    } cases[] = {{"GET", "/healthz", nps_api_healthz, "", ""},
                 {"HEAD", "/healthz", nps_api_healthz, "", ""},
                 {"POST", "/v1/identify", nps_api_identify, "", ""},
                 {"GET", "/v1/samples/abc", nps_api_sample_get, "abc", ""},
                 {"GET", "/v1/samples/abc/files/0", nps_api_sample_file, "abc", "0"},
                 {"GET", "/v1/library/entries/17", nps_api_library_entry, "17", ""},
                 {"GET", "/", nps_api_asset, "", ""},
                 {"GET", "/app.js", nps_api_asset, "app.js", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char param[2][NPS_PARAM_MAX] = {"", ""};
        const char *allow;
        const nps_route *r = nps_route_find(cases[i].method, cases[i].path, param, &allow);
        assert_non_null(r);
        assert_ptr_equal(r->handler, cases[i].handler);
        assert_string_equal(param[0], cases[i].first);
        assert_string_equal(param[1], cases[i].second);
    }
}

static void unknown_paths_and_methods_are_told_apart(void **state)
{
    (void)state;
    char param[2][NPS_PARAM_MAX], longer[200];
    const char *allow;
    assert_null(nps_route_find("GET", "/v1/identify", param, &allow));
    assert_string_equal(allow, "POST");
    assert_null(nps_route_find("DELETE", "/v1/cases", param, &allow));
    assert_string_equal(allow, "GET, HEAD");
    static const char *const unknown[] = {"/v1/samples/", "/v1/samples/a/b", "/v2", "/v1/cases/x/y/z", "//", ""};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (strcmp(unknown[i], "/v2") != 0) {
            assert_null(nps_route_find("GET", unknown[i], param, &allow));
            assert_string_equal(allow, "");
        }
    memset(longer, 'a', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    assert_null(nps_route_find("GET", longer, param, &allow));
}

static void what_changes_or_shows_something_of_somebody_is_for_those_with_a_role(void **state)
{
    (void)state;
    static const char *const open[] = {"/healthz", "/readyz", "/v1/library", "/v1/library/entries/{}", "/v1/control", "/feeds/advisories.atom",
                                       "/feeds/advisories.json", "/v1/session", "/v1/audit/consistency", "/v1/audit/checkpoint", "/v1/audit/key",
                                       "/openapi.json", "/", "/{}"};
    size_t n;
    const nps_route *t = nps_route_table(&n);
    assert_true(n <= NPS_METRIC_ROUTES);
    for (size_t i = 0; i < n; i++) {
        bool is_open = t[i].open & NPS_OPEN_TO_ALL, found = false;
        for (size_t k = 0; k < sizeof open / sizeof *open; k++)
            found |= strcmp(open[k], t[i].pattern) == 0;
        assert_true(!is_open || found);
        assert_true(strcmp(t[i].method, "GET") == 0 || strcmp(t[i].pattern, "/v1/session") == 0 || !is_open);
        assert_true(t[i].roles != 0);
        assert_int_equal(t[i].sees_all & ~t[i].roles, 0);
        assert_true(strcmp(t[i].method, "POST") == 0 || strcmp(t[i].method, "PATCH") == 0 || t[i].max_body == 0);
    }
}

static void parameters_are_known_whole(void **state)
{
    (void)state;
    char param[2][NPS_PARAM_MAX];
    const char *allow;
    const nps_route *r = nps_route_find("POST", "/v1/samples", param, &allow);
    assert_true(nps_route_knows(r, "alpha"));
    assert_true(nps_route_knows(r, "form"));
    assert_true(nps_route_knows(r, "prepare"));
    assert_true(nps_route_knows(r, "max_lag"));
    assert_true(nps_route_knows(r, "mixture"));
    assert_false(nps_route_knows(r, "alph"));
    assert_false(nps_route_knows(r, ""));
    assert_false(nps_route_knows(r, "alpha top"));
}

static void a_target_is_taken_apart(void **state)
{
    (void)state;
    char uri[] = "/v1/a%20b?x=1&y=a+b%26c&z&&empty=";
    const char *path;
    nps_field query[NPS_MAX_QUERY];
    size_t n;
    nps_err err = {0};
    assert_ok(nps_uri_parse(uri, &path, query, &n, &err), &err);
    assert_string_equal(path, "/v1/a b");
    assert_int_equal(n, 4);
    assert_string_equal(query[1].key, "y");
    assert_string_equal(query[1].value, "a b&c");
    assert_string_equal(query[2].key, "z");
    assert_string_equal(query[2].value, "");
    assert_string_equal(query[3].value, "");
}

static void a_dangerous_target_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"/a%00b",    "/a%0ab", "/a%", "/a%4", "/a%zz", "/%c0%af", "/%ed%a0%80", "a",
                                      "*",         "/?a=%00", "/?a=1&a=2", "http://x/", "", "/%7f", "/?%01=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char uri[64];
        const char *path = NULL;
        nps_field query[NPS_MAX_QUERY];
        size_t n;
        snprintf(uri, sizeof uri, "%s", bad[i]);
        nps_status st = nps_uri_parse(uri, &path, query, &n, NULL);
        if (st != NPS_E_RANGE)
            print_error("'%s' gives %s\n", bad[i], nps_status_name(st));
        assert_int_equal(st, NPS_E_RANGE);
        assert_null(path);
    }
}

static void long_targets_and_many_parameters_are_refused(void **state)
{
    (void)state;
    char uri[NPS_MAX_URI + 3];
    const char *path;
    nps_field query[NPS_MAX_QUERY];
    size_t n;
    memset(uri, 'a', sizeof uri);
    uri[0] = '/';
    uri[NPS_MAX_URI] = '\0';
    assert_ok(nps_uri_parse(uri, &path, query, &n, NULL), NULL);
    memset(uri, 'a', sizeof uri);
    uri[0] = '/';
    uri[NPS_MAX_URI + 1] = '\0';
    assert_int_equal(nps_uri_parse(uri, &path, query, &n, NULL), NPS_E_LIMIT);
    size_t at = (size_t)snprintf(uri, sizeof uri, "/?");
    for (int i = 0; i <= NPS_MAX_QUERY; i++)
        at += (size_t)snprintf(uri + at, sizeof uri - at, "k%d=1&", i);
    assert_int_equal(nps_uri_parse(uri, &path, query, &n, NULL), NPS_E_RANGE);
}

static void dates_countries_and_texts_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } dates[] = {{"2026-11-23", true}, {"2024-02-29", true}, {"2026-02-29", false}, {"1900-02-29", false},
                 {"2000-02-29", true}, {"2026-13-01", false}, {"2026-00-10", false}, {"2026-04-31", false},
                 {"2026-4-3", false},  {"20261123", false},   {"", false},           {"2026-11-2x", false}};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        assert_int_equal(nps_text_is_date(nps_span_of(dates[i].text)), dates[i].good);
    assert_true(nps_text_is_country(NPS_SPAN("DE")));
    assert_false(nps_text_is_country(NPS_SPAN("de")));
    assert_false(nps_text_is_country(NPS_SPAN("DEU")));
    static const struct {
        const char *text;
        bool good;
    } texts[] = {{"plain", true},           {"\xc3\xa4", true},         {"\xe2\x82\xac", true}, {"\xf0\x9f\x98\x80", true},
                 {"\xc3", false},           {"\xc0\xaf", false},        {"\xed\xa0\x80", false}, {"\xf4\x90\x80\x80", false},
                 {"\xe0\x80\xaf", false},   {"\xf0\x80\x80\xaf", false}, {"\x80", false},         {"a\tb", false},
                 {"a\x7f", false},          {"\xe2\x82", false},        {"\xff", false}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(nps_text_is_clean(nps_span_of(texts[i].text)), texts[i].good);
    assert_int_equal(nps_text_length(NPS_SPAN("\xc3\xa4" "b")), 2);
    assert_true(nps_text_is_hex(NPS_SPAN("0af9"), 4));
    assert_false(nps_text_is_hex(NPS_SPAN("0AF9"), 4));
    assert_false(nps_text_is_hex(NPS_SPAN("0af"), 4));
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_path_goes_to_its_handler),
                                       cmocka_unit_test(unknown_paths_and_methods_are_told_apart),
                                       cmocka_unit_test(what_changes_or_shows_something_of_somebody_is_for_those_with_a_role),
                                       cmocka_unit_test(parameters_are_known_whole),
                                       cmocka_unit_test(a_target_is_taken_apart),
                                       cmocka_unit_test(a_dangerous_target_is_refused),
                                       cmocka_unit_test(long_targets_and_many_parameters_are_refused),
                                       cmocka_unit_test(dates_countries_and_texts_are_checked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
