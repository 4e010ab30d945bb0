/* The service from outside: the real program and real HTTP, what it answers and what it keeps. */
#include "tests/support/serve_fixture.h"

#include "service/json_read.h"
#include "service/limits.h"
#include "service/webhook.h"

#include <sys/stat.h>

/* --- public face -------------------------------------------------------------------------------------------------------------- */

static void it_is_healthy_ready_and_measured(void **state)
{
    (void)state;
    expect(ask(&main_server, "GET", "/healthz", NULL, NULL, 0), 200, "\"ok\"");
    expect(ask(&main_server, "GET", "/readyz", NULL, NULL, 0), 200, "\"ready\"");
    expect(ask(&main_server, "GET", "/metrics", NULL, NULL, 0), 200, "npswatch_build_info{");
    expect(ask(&main_server, "GET", "/metrics", "X-Forwarded-For: 192.0.2.1", NULL, 0), 401, "unauthorized");
}

static void the_page_comes_with_its_guards_and_a_validator(void **state)
{
    (void)state;
    nps_test_answer a = ask(&main_server, "GET", "/", NULL, NULL, 0);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.head, "Content-Type: text/html; charset=utf-8"));
    assert_non_null(strstr(a.head, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
    assert_non_null(strstr(a.head, "X-Content-Type-Options: nosniff"));
    char header[120];
    const char *tag = strstr(a.head, "ETag: ");
    assert_non_null(tag);
    snprintf(header, sizeof header, "If-None-Match: %.34s", tag + 6);
    nps_test_answer_done(&a);
    a = ask(&main_server, "GET", "/", header, NULL, 0);
    assert_int_equal(a.status, 304);
    assert_int_equal(a.len, 0);
    nps_test_answer_done(&a);
    a = ask(&main_server, "HEAD", "/index.html", NULL, NULL, 0);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 0);
    nps_test_answer_done(&a);
    expect(ask(&main_server, "GET", "/app.js", NULL, NULL, 0), 200, NULL);
    expect(ask(&main_server, "GET", "/../etc/passwd", NULL, NULL, 0), 404, NULL);
}

static void the_library_is_described_and_shows_open_peaks(void **state)
{
    (void)state;
    expect(ask(&main_server, "GET", "/v1/library", NULL, NULL, 0), 200, "\"generated\":true");
    expect(ask(&main_server, "GET", "/v1/library/entries/0", NULL, NULL, 0), 200, "\"peaks\":[[");
    expect(ask(&main_server, "GET", "/v1/library/entries/999999", NULL, NULL, 0), 404, "not-found");
    expect(ask(&main_server, "GET", "/v1/library/entries/-1", NULL, NULL, 0), 404, "not-found");
}

static void unknown_paths_and_methods_get_problems(void **state)
{
    (void)state;
    expect(ask(&main_server, "GET", "/v2", NULL, NULL, 0), 404, "\"code\":\"not-found\"");
    nps_test_answer a = ask(&main_server, "PUT", "/v1/identify", NULL, "x", 1);
    assert_int_equal(a.status, 405);
    assert_non_null(strstr(a.head, "Allow: POST"));
    assert_non_null(strstr(a.head, "Content-Type: application/problem+json"));
    nps_test_answer_done(&a);
}

/* --- identify ------------------------------------------------------------------------------------------------------------------- */

static void raw_and_multipart_give_the_same_verdict_and_store_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"novel-a-ei.msp", NULL};
    NPS_AUTO_BUF form = NPS_BUF_INIT(1 << 20);
    double before = metric(&main_server, "npswatch_samples");
    put_form(&form, names, "alpha", "0.05");
    nps_test_answer raw = post_file(&main_server, "/v1/identify?file=novel-a-ei.msp", NULL, "novel-a-ei.msp");
    nps_test_answer part = ask(&main_server, "POST", "/v1/identify", "Content-Type: multipart/form-data; boundary=B",
                               form.data, form.len);
    assert_int_equal(raw.status, 200);
    assert_int_equal(part.status, 200);
    assert_string_equal(raw.body, part.body);
    assert_non_null(strstr(raw.body, "\"verdict\":\"novel\""));
    assert_non_null(strstr(raw.body, "\"problems\":[]"));
    nps_test_answer_done(&raw);
    nps_test_answer_done(&part);
    expect(post_file(&main_server, "/v1/identify", NULL, "known-ei.msp"), 200, "\"verdict\":\"identified\"");
    assert_near(metric(&main_server, "npswatch_samples"), before, 0, 0);
}

static void several_files_are_one_sample(void **state)
{
    (void)state;
    static const char *const names[] = {"known-ei.msp", "known-ir.jdx", "known-msms.msp", NULL};
    NPS_AUTO_BUF form = NPS_BUF_INIT(1 << 20);
    NPS_AUTO(nps_json) doc = NULL;
    nps_err err = {0};
    put_form(&form, names, "spectrum", "1");
    nps_test_answer a = ask(&main_server, "POST", "/v1/identify", "Content-Type: multipart/form-data; boundary=B", form.data,
                            form.len);
    assert_int_equal(a.status, 200);
    assert_ok(nps_json_read(a.body, a.len, a.len, &doc, &err), &err);
    assert_string_equal(nps_json_text(doc, "verdict"), "identified");
    assert_int_equal(nps_json_count(nps_json_member(doc, "spectra")), 3);
    assert_non_null(nps_json_member(nps_json_item(nps_json_member(doc, "spectra"), 0), "spectrum"));
    nps_test_answer_done(&a);
}

static void traces_are_prepared_as_asked_and_mixtures_left_out_as_asked(void **state)
{
    (void)state;
    static const struct {
        const char *path, *file, *has, *has_not;
    } cases[] = {{"/v1/identify", "mixture-ir.jdx", "\"text\":\"mask=2280-2400\",\"library\":\"mask=2280-2400\",\"max_lag_cm1\":0", "\"prepared\":"},
                 {"/v1/identify", "mixture-ir.jdx", "\"statement\":\"It may be a mixture: ", "\"residual\":"},
                 {"/v1/identify?spectrum=1", "mixture-ir.jdx", "\"residual\":{\"technique\":\"ir\",", "\"peaks\":"},
                 {"/v1/identify?spectrum=1", "mixture-ei.msp", "\"residual\":{\"technique\":\"ei\",\"peaks\":[[", "\"preparation\":"},
                 {"/v1/identify?mixture=0", "mixture-ir.jdx", "\"preparation\":", "\"mixture\":"},
                 {"/v1/identify?prepare=atr,derivative=1&max_lag=4&spectrum=1", "known-ir.jdx",
                  "\"text\":\"atr,derivative=1:9,mask=2280-2400\",\"library\":\"mask=2280-2400\",\"max_lag_cm1\":4", "\"source\":\"library\""},
                 {"/v1/identify?prepare=atr&spectrum=1", "known-ir.jdx", "\"prepared\":{\"x0_cm1\":600,", "\"source\":\"library\""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_test_answer a = post_file(&main_server, cases[i].path, NULL, cases[i].file);
        assert_int_equal(a.status, 200);
        assert_non_null(strstr(a.body, cases[i].has));
        assert_null(strstr(a.body, cases[i].has_not));
        nps_test_answer_done(&a);
    }
    expect(ask(&main_server, "GET", "/v1/library", NULL, NULL, 0), 200, "\"preparation\":\"mask=2280-2400\"");
}

static void what_cannot_be_read_is_named_with_its_place(void **state)
{
    (void)state;
    size_t len;
    char *good = sample("known-ei.msp", &len);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_buf_puts(&b, "Name: broken\nNum Peaks: 2\n41 100\nforty-two 5\n\n");
    nps_test_answer a = ask(&main_server, "POST", "/v1/identify", NULL, b.data, b.len);
    assert_int_equal(a.status, 422);
    assert_true(number_in(a.body, "\"line\":") > 0);
    assert_true(number_in(a.body, "\"offset\":") > 0);
    assert_non_null(strstr(a.body, "\"problems\":[{"));
    assert_non_null(strstr(a.body, "\"request_id\":\""));
    nps_test_answer_done(&a);
    nps_buf_add(&b, good, len);
    a = ask(&main_server, "POST", "/v1/identify?file=mixed.msp", NULL, b.data, b.len);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"verdict\":\"identified\""));
    assert_non_null(strstr(a.body, "\"problems\":[{\"file\":\"mixed.msp\",\"code\":"));
    nps_test_answer_done(&a);
    free(good);
    expect(ask(&main_server, "POST", "/v1/identify", NULL, "%PDF-1.7 and so on", 18), 415, "PDF");
    expect(ask(&main_server, "POST", "/v1/identify", NULL, "", 0), 422, "empty");
    expect(ask(&main_server, "POST", "/v1/identify", "Content-Type: multipart/form-data; boundary=B", "--B\r\n", 5), 422,
           "multipart: ");
}

static void parameters_outside_their_range_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"alpha=0", "alpha=0.6", "alpha=nan", "alpha=1e-9", "top=0", "top=101", "top=1.5",
                                      "spectrum=2", "colour=red", "alpha=0.1&alpha=0.2", "country=DE",
                                      "mixture=2", "max_lag=21", "max_lag=-1", "prepare=bleach", "prepare=smooth=4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[100];
        snprintf(path, sizeof path, "/v1/identify?%s", bad[i]);
        expect(post_file(&main_server, path, NULL, "known-ei.msp"), 400, "\"code\":");
    }
    static const char *const fact[] = {"country=Germany", "country=de", "date=23.11.2026", "date=2026-02-30",
                                       "reference=12345678901234567890123456789012345678901234567890123456789012345"};
    for (size_t i = 0; i < sizeof fact / sizeof *fact; i++) {
        char path[200];
        snprintf(path, sizeof path, "/v1/samples?%s", fact[i]);
        expect(post_file(&main_server, path, bearer, "known-ei.msp"), 400, "\"code\":\"range\"");
    }
}

/* --- access ----------------------------------------------------------------------------------------------------------------------- */

static void samples_and_cases_need_the_token(void **state)
{
    (void)state;
    static const char *const headers[] = {NULL, "Authorization: Bearer nps_0_0", "Authorization: Basic YTpi",
                                          "Authorization: Bearer"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        expect(post_file(&main_server, "/v1/samples", headers[i], "known-ei.msp"), 401, "\"code\":\"unauthorized\"");
        expect(ask(&main_server, "GET", "/v1/cases", headers[i], NULL, 0), 401, NULL);
        expect(ask(&main_server, "GET", "/v1/samples/0", headers[i], NULL, 0), 401, NULL);
        expect(ask(&main_server, "POST", "/v1/admin/reload", headers[i], "", 0), 401, NULL);
    }
    nps_test_answer a = ask(&main_server, "GET", "/v1/cases", NULL, NULL, 0);
    assert_non_null(strstr(a.head, "WWW-Authenticate: Bearer"));
    nps_test_answer_done(&a);
    expect(ask(&main_server, "GET", "/v1/cases", bearer_of[NPS_TEST_COORDINATOR], NULL, 0), 200, "\"cases\":[");
    expect(post_file(&main_server, "/v1/identify", "Authorization: Bearer nps_wrong", "known-ei.msp"), 401, NULL);
}

/* --- samples, cases, feeds, webhook ---------------------------------------------------------------------------------------- */

static void check_signature(const nps_test_delivery *d)
{
    nps_webhook_secret secret;
    NPS_AUTO_BUF want = NPS_BUF_INIT(200);
    assert_ok(nps_webhook_secret_parse(NPS_SPAN("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &secret, NULL), NULL);
    nps_webhook_sign(&secret, d->id, strtoll(d->timestamp, NULL, 10), nps_span_of(d->body), &want);
    assert_string_equal(d->signature, want.data);
}

static void a_novel_sample_opens_a_case_reaches_the_receiver_and_the_feeds(void **state)
{
    (void)state;
    size_t before = nps_test_receiver_count(receiver), len;
    nps_test_answer a = post_file(&main_server, "/v1/samples?country=DE&reference=LKA-4711&form=tablet&file=secretname.msp",
                                  bearer, "novel-a-ei.msp");
    assert_int_equal(a.status, 201);
    assert_non_null(strstr(a.head, "Location: /v1/samples/"));
    assert_non_null(strstr(a.body, "\"case\":\"NPS-"));
    char id[64], path[120];
    snprintf(id, sizeof id, "%.32s", strstr(a.body, "\"id\":\"") + 6);
    snprintf(path, sizeof path, "/v1/samples/%s", id);
    nps_test_answer again = ask(&main_server, "GET", path, bearer, NULL, 0);
    assert_string_equal(again.body, a.body);
    nps_test_answer_done(&again);
    nps_test_answer_done(&a);
    snprintf(path, sizeof path, "/v1/samples/%s/files/0", id);
    a = ask(&main_server, "GET", path, bearer, NULL, 0);
    char *text = sample("novel-a-ei.msp", &len);
    assert_int_equal(a.len, len);
    assert_memory_equal(a.body, text, len);
    free(text);
    nps_test_answer_done(&a);

    assert_true(wait_for_deliveries(before + 1));
    nps_test_delivery d = nps_test_receiver_get(receiver, before);
    check_signature(&d);
    assert_non_null(strstr(d.body, "\"type\":\"org.npswatch.case.opened\""));
    assert_non_null(strstr(d.body, d.id));

    nps_test_answer atom = ask(&main_server, "GET", "/feeds/advisories.atom", NULL, NULL, 0);
    nps_test_answer json = ask(&main_server, "GET", "/feeds/advisories.json", NULL, NULL, 0);
    assert_non_null(strstr(atom.body, d.subject));
    assert_non_null(strstr(json.body, d.subject));
    /* Nothing that says who sent it may leave, neither by feed nor by webhook. */
    const char *const leaves[] = {atom.body, json.body, d.body};
    static const char *const secret[] = {"LKA-4711", "secretname", "\"DE\"", "tablet"};
    for (size_t i = 0; i < 3; i++) {
        assert_null(strstr(leaves[i], id));
        for (size_t k = 0; k < sizeof secret / sizeof *secret; k++)
            assert_null(strstr(leaves[i], secret[k]));
    }
    char header[120];
    snprintf(header, sizeof header, "If-None-Match: %.34s", strstr(atom.head, "ETag: ") + 6);
    expect(ask(&main_server, "GET", "/feeds/advisories.atom", header, NULL, 0), 304, NULL);
    nps_test_answer_done(&atom);
    nps_test_answer_done(&json);
}

static void the_same_spectrum_joins_its_case_without_a_second_event(void **state)
{
    (void)state;
    nps_test_answer a = post_file(&main_server, "/v1/samples", bearer, "novel-b-ei.msp");
    assert_int_equal(a.status, 201);
    char code[40];
    snprintf(code, sizeof code, "%.22s", strstr(a.body, "\"case\":\""));
    nps_test_answer_done(&a);
    double events = metric(&main_server, "npswatch_cases_opened_total");
    expect(post_file(&main_server, "/v1/samples?country=FR", bearer, "novel-b-ei.msp"), 201, code);
    assert_near(metric(&main_server, "npswatch_cases_opened_total"), events, 0, 0);
    expect(ask(&main_server, "GET", "/v1/cases?limit=1", bearer_of[NPS_TEST_COORDINATOR], NULL, 0), 200, "\"samples\":2,\"countries\":[\"FR\"]");
}

static void a_known_sample_opens_no_case(void **state)
{
    (void)state;
    double cases = metric(&main_server, "npswatch_cases");
    expect(post_file(&main_server, "/v1/samples", bearer, "known-ei.msp"), 201, "\"case\":null");
    assert_near(metric(&main_server, "npswatch_cases"), cases, 0, 0);
}

static nps_test_answer post_with_key(const char *key, const char *path, const char *file)
{
    char url[300], key_header[300];
    size_t len;
    snprintf(url, sizeof url, "%s%s", main_server.url, path);
    snprintf(key_header, sizeof key_header, "Idempotency-Key: %s", key);
    const char *headers[] = {bearer, key_header, NULL};
    char *text = sample(file, &len);
    nps_test_answer a = nps_test_http("POST", url, headers, text, len);
    free(text);
    return a;
}

static void an_idempotency_key_gives_the_same_answer_once(void **state)
{
    (void)state;
    nps_test_answer one = post_with_key("k-1", "/v1/samples", "isomers-ei.msp");
    double samples = metric(&main_server, "npswatch_samples");
    nps_test_answer two = post_with_key("k-1", "/v1/samples", "isomers-ei.msp");
    assert_int_equal(one.status, 201);
    assert_int_equal(two.status, 201);
    assert_string_equal(one.body, two.body);
    assert_non_null(strstr(two.head, "Idempotent-Replayed: true"));
    assert_near(metric(&main_server, "npswatch_samples"), samples, 0, 0);
    nps_test_answer_done(&one);
    nps_test_answer_done(&two);
    expect(post_with_key("k-1", "/v1/samples", "known-ei.msp"), 422, "idempotency-key");
    expect(post_with_key("k-1", "/v1/samples?country=DE", "isomers-ei.msp"), 422, "idempotency-key");
    char longer[NPS_MAX_IDEMPOTENCY_KEY + 2];
    memset(longer, 'k', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    expect(post_with_key(longer, "/v1/samples", "isomers-ei.msp"), 400, "Idempotency-Key");
}

static void cases_are_paged_by_links(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    for (int i = 0; i < 3; i++) {
        nps_buf_clear(&b);
        put_spectra(&b, 1, 100 + i);
        expect(ask(&main_server, "POST", "/v1/samples", bearer, b.data, b.len), 201, "\"case\":\"NPS-");
    }
    double all = metric(&main_server, "npswatch_cases"), seen = 0;
    char path[200] = "/v1/cases?limit=2", last[24] = "NPS-9999-9999";
    while (*path) {
        nps_test_answer a = ask(&main_server, "GET", path, bearer_of[NPS_TEST_COORDINATOR], NULL, 0);
        assert_int_equal(a.status, 200);
        for (const char *p = a.body; (p = strstr(p, "\"case\":\"")); p += 8) {
            char code[24];
            snprintf(code, sizeof code, "%.13s", p + 8);
            assert_true(strcmp(code, last) < 0);
            snprintf(last, sizeof last, "%s", code);
            seen++;
        }
        const char *link = strstr(a.head, "Link: <");
        snprintf(path, sizeof path, "%.*s", link ? (int)strcspn(link + 7, ">") : 0, link ? link + 7 : "");
        nps_test_answer_done(&a);
    }
    assert_near(seen, all, 0, 0);
    expect(ask(&main_server, "GET", "/v1/cases?limit=0", bearer_of[NPS_TEST_COORDINATOR], NULL, 0), 400, "limit");
    expect(ask(&main_server, "GET", "/v1/cases?limit=201", bearer_of[NPS_TEST_COORDINATOR], NULL, 0), 400, "limit");
    expect(ask(&main_server, "GET", "/v1/cases?cursor=x", bearer_of[NPS_TEST_COORDINATOR], NULL, 0), 400, "cursor");
}

static void a_failed_delivery_is_tried_again_under_the_same_id(void **state)
{
    (void)state;
    for (int64_t end = now_ms() + 30000; metric(&main_server, "npswatch_outbox_pending") > 0 && now_ms() < end;)
        usleep(10000);
    size_t before = nps_test_receiver_count(receiver);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_spectra(&b, 1, 501);
    nps_test_receiver_answer(receiver, 500, "");
    expect(ask(&main_server, "POST", "/v1/samples", bearer, b.data, b.len), 201, "NPS-");
    assert_true(wait_for_deliveries(before + 2));
    nps_test_receiver_answer(receiver, 302, "Location: http://127.0.0.1:1/\r\n");
    assert_true(wait_for_deliveries(before + 3));
    nps_test_receiver_answer(receiver, 204, "");
    for (int64_t end = now_ms() + 30000; metric(&main_server, "npswatch_outbox_pending") > 0 && now_ms() < end;)
        usleep(10000);
    size_t n = nps_test_receiver_count(receiver);
    nps_test_delivery first = nps_test_receiver_get(receiver, before), last = nps_test_receiver_get(receiver, n - 1);
    assert_int_equal(last.answered, 204);
    for (size_t i = before; i < n; i++) {
        nps_test_delivery d = nps_test_receiver_get(receiver, i);
        assert_string_equal(d.id, first.id);
        assert_string_equal(d.body, first.body);
        check_signature(&d);
    }
    assert_near(metric(&main_server, "npswatch_outbox_dead"), 0, 0, 0);
}

static void gone_stops_deliveries_until_they_are_enabled(void **state)
{
    (void)state;
    size_t before = nps_test_receiver_count(receiver);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_spectra(&b, 1, 502);
    nps_test_receiver_answer(receiver, 410, "");
    expect(ask(&main_server, "POST", "/v1/samples", bearer, b.data, b.len), 201, "NPS-");
    assert_true(wait_for_deliveries(before + 1));
    for (int64_t end = now_ms() + 30000; metric(&main_server, "npswatch_webhook_disabled") < 1 && now_ms() < end;)
        usleep(10000);
    usleep(500000);
    assert_int_equal(nps_test_receiver_count(receiver), before + 1);
    assert_near(metric(&main_server, "npswatch_outbox_pending"), 1, 0, 0);
    nps_test_receiver_answer(receiver, 200, "");
    expect(ask(&main_server, "POST", "/v1/admin/retry", bearer_of[NPS_TEST_ADMIN], "", 0), 200, "\"revived\":0");
    assert_true(wait_for_deliveries(before + 2));
}

static void the_log_is_json_and_keeps_secrets(void **state)
{
    (void)state;
    char path[400];
    size_t len, lines = 0;
    assert_int_equal(nps_test_stop(&main_server, SIGTERM), 0);
    snprintf(path, sizeof path, "%s/err", main_server.dir);
    char *text = nps_slurp(path, &len);
    assert_non_null(text);
    static const char *const secret[] = {"LKA-4711", "secretname", "novel-a", "smuggled", "Num Peaks", "whsec_"};
    assert_null(strstr(text, main_server.token[NPS_TEST_LAB]));
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        assert_null(strstr(text, secret[i]));
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        NPS_AUTO(nps_json) doc = NULL;
        nps_err err = {0};
        assert_ok(nps_json_read(line, (size_t)(end - line), 8192, &doc, &err), &err);
        assert_non_null(nps_json_text(doc, "event"));
    }
    assert_true(lines > 50);
    free(text);
}

int main(void)
{
    if (!fixture_starts())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_healthy_ready_and_measured),
        cmocka_unit_test(the_page_comes_with_its_guards_and_a_validator),
        cmocka_unit_test(the_library_is_described_and_shows_open_peaks),
        cmocka_unit_test(unknown_paths_and_methods_get_problems),
        cmocka_unit_test(raw_and_multipart_give_the_same_verdict_and_store_nothing),
        cmocka_unit_test(several_files_are_one_sample),
        cmocka_unit_test(traces_are_prepared_as_asked_and_mixtures_left_out_as_asked),
        cmocka_unit_test(what_cannot_be_read_is_named_with_its_place),
        cmocka_unit_test(parameters_outside_their_range_are_refused),
        cmocka_unit_test(samples_and_cases_need_the_token),
        cmocka_unit_test(a_novel_sample_opens_a_case_reaches_the_receiver_and_the_feeds),
        cmocka_unit_test(the_same_spectrum_joins_its_case_without_a_second_event),
        cmocka_unit_test(a_known_sample_opens_no_case),
        cmocka_unit_test(an_idempotency_key_gives_the_same_answer_once),
        cmocka_unit_test(cases_are_paged_by_links),
        cmocka_unit_test(a_failed_delivery_is_tried_again_under_the_same_id),
        cmocka_unit_test(gone_stops_deliveries_until_they_are_enabled),
        cmocka_unit_test(the_log_is_json_and_keeps_secrets),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
