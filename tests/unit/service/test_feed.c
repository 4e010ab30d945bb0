#include "tests/support/nps_test.h"

#include "service/feed.h"
#include "service/json.h"
#include "service/json_read.h"
#include "service/problem.h"

static char summary[] = "{\"title\":\"Unknown <b> & \\\"co\\\"\",\"text\":\"words\"}";
static char nothing[] = "";

static nps_stored_case item = {.seq = 1, .code = "NPS-2026-0001", .uuid = "0b9a5f6e-0000-4000-8000-000000000001",
                               .opened_ms = 1764000000000, .updated_ms = 1764000001000, .n_sample = 2, .summary = summary,
                               .countries = nothing};

static nps_feed make(nps_stored_cases *cases)
{
    return (nps_feed){.title = "T & T", .base_url = "https://nps.example", .uuid = "5d0f0000-0000-4000-8000-000000000002",
                      .cases = cases};
}

static void atom_has_what_rfc_4287_asks_for(void **state)
{
    (void)state;
    nps_stored_cases cases = {&item, 1, false};
    nps_feed f = make(&cases);
    NPS_AUTO_BUF out = NPS_BUF_INIT(1 << 20);
    nps_err err = {0};
    assert_ok(nps_feed_atom(&out, &f, &err), &err);
    static const char *const parts[] = {
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">", "<id>urn:uuid:5d0f0000-0000-4000-8000-000000000002</id>",
        "<title>T &amp; T</title>", "<author><name>npswatch</name></author>",
        "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://nps.example/feeds/advisories.atom\"/>",
        "<id>urn:uuid:0b9a5f6e-0000-4000-8000-000000000001</id>",
        "<title>NPS-2026-0001: Unknown &lt;b&gt; &amp; &quot;co&quot;</title>",
        "<published>2025-11-24T16:00:00.000Z</published>", "<updated>2025-11-24T16:00:01.000Z</updated>",
        "<content type=\"text\">words</content>"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(out.data, parts[i]))
            print_error("missing: %s\n", parts[i]);
        assert_non_null(strstr(out.data, parts[i]));
    }
}

static void json_feed_has_what_version_1_1_asks_for(void **state)
{
    (void)state;
    nps_stored_cases cases = {&item, 1, false};
    nps_feed f = make(&cases);
    NPS_AUTO_BUF out = NPS_BUF_INIT(1 << 20);
    NPS_AUTO(nps_json) doc = NULL;
    nps_err err = {0};
    assert_ok(nps_feed_json(&out, &f, &err), &err);
    assert_ok(nps_json_read(out.data, out.len, out.len, &doc, &err), &err);
    assert_string_equal(nps_json_text(doc, "version"), "https://jsonfeed.org/version/1.1");
    assert_string_equal(nps_json_text(doc, "title"), "T & T");
    const nps_json *one = nps_json_item(nps_json_member(doc, "items"), 0);
    assert_string_equal(nps_json_text(one, "id"), "urn:uuid:0b9a5f6e-0000-4000-8000-000000000001");
    assert_string_equal(nps_json_text(one, "title"), "NPS-2026-0001: Unknown <b> & \"co\"");
    assert_string_equal(nps_json_text(one, "content_text"), "words");
    assert_string_equal(nps_json_text(one, "date_modified"), "2025-11-24T16:00:01.000Z");
    assert_string_equal(nps_json_text(nps_json_member(one, "_npswatch"), "text"), "words");
}

static void an_empty_feed_is_a_feed_and_does_not_change(void **state)
{
    (void)state;
    nps_stored_cases none = {0};
    nps_feed f = make(&none);
    NPS_AUTO_BUF one = NPS_BUF_INIT(1 << 20), two = NPS_BUF_INIT(1 << 20);
    assert_ok(nps_feed_atom(&one, &f, NULL), NULL);
    assert_ok(nps_feed_atom(&two, &f, NULL), NULL);
    assert_string_equal(one.data, two.data);
    assert_non_null(strstr(one.data, "<updated>1970-01-01T00:00:00.000Z</updated>"));
    nps_buf_clear(&one);
    assert_ok(nps_feed_json(&one, &f, NULL), NULL);
    assert_non_null(strstr(one.data, "\"items\":[]"));
}

static void a_written_object_can_be_reopened(void **state)
{
    (void)state;
    NPS_AUTO_BUF out = NPS_BUF_INIT(100), small = NPS_BUF_INIT(6);
    nps_jw w = nps_jw_init(&out);
    nps_jw_object(&w, NULL);
    nps_jw_object(&w, "empty");
    nps_jw_end(&w);
    nps_jw_reopen(&w);
    nps_jw_i64(&w, "a", 1);
    nps_jw_end(&w);
    nps_jw_end(&w);
    nps_jw_reopen(&w);
    nps_jw_bool(&w, "b", true);
    nps_jw_end(&w);
    assert_string_equal(out.data, "{\"empty\":{\"a\":1},\"b\":true}");
    w = nps_jw_init(&small);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "key", "longer than six");
    nps_jw_end(&w);
    nps_jw_reopen(&w);
    nps_jw_end(&w);
    assert_int_equal(nps_buf_check(&small, NULL), NPS_E_LIMIT);
}

static void each_status_has_its_http_status_and_internal_faults_stay_inside(void **state)
{
    (void)state;
    static const struct {
        nps_status st;
        int http;
    } cases[] = {{NPS_E_NOMEM, 503},     {NPS_E_IO, 500},       {NPS_E_FORMAT, 422},   {NPS_E_UNSUPPORTED, 415},
                 {NPS_E_RANGE, 400},     {NPS_E_LIMIT, 422},    {NPS_E_NOT_FOUND, 404}, {NPS_E_CONFLICT, 409},
                 {NPS_E_DENIED, 403},    {NPS_E_BUSY, 503},     {NPS_E_NUMERIC, 500},  {NPS_E_CORRUPT, 500}};
    nps_request req = {.id = "rid"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_reply reply;
        NPS_AUTO(nps_json) doc = NULL;
        nps_err err = {0};
        double status;
        nps_reply_init(&reply);
        nps_buf_puts(&reply.body, "half an answer");
        nps_fail_at(&err, cases[i].st, 3, 41, "secret /path");
        nps_reply_status(&reply, &req, &err);
        assert_int_equal(reply.status, cases[i].http);
        assert_string_equal(reply.content_type, "application/problem+json");
        assert_ok(nps_json_read(reply.body.data, reply.body.len, 4096, &doc, &err), &err);
        assert_true(nps_json_number(doc, "status", &status));
        assert_int_equal((int)status, cases[i].http);
        assert_string_equal(nps_json_text(doc, "request_id"), "rid");
        assert_non_null(nps_json_text(doc, "type"));
        assert_non_null(nps_json_text(doc, "title"));
        assert_int_equal(strstr(reply.body.data, "secret") == NULL, cases[i].http == 500);
        assert_int_equal(strstr(reply.body.data, "\"line\":3,\"offset\":41") == NULL, cases[i].http == 500);
        assert_int_equal(reply.n_header, cases[i].http == 503);
        nps_reply_done(&reply);
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atom_has_what_rfc_4287_asks_for), cmocka_unit_test(json_feed_has_what_version_1_1_asks_for),
        cmocka_unit_test(an_empty_feed_is_a_feed_and_does_not_change), cmocka_unit_test(a_written_object_can_be_reopened),
        cmocka_unit_test(each_status_has_its_http_status_and_internal_faults_stay_inside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
