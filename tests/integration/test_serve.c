/* The service from outside: the real program, real HTTP, raw sockets for what no client sends. */
#include "tests/support/nps_test.h"
#include "tests/support/serve.h"

#include "core/buf.h"
#include "core/mem.h"
#include "service/json_read.h"
#include "service/limits.h"
#include "service/webhook.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[256];
static nps_test_server main_server;
static nps_test_receiver *receiver;
static char bearer[200];

/* --- helpers ---------------------------------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static nps_test_answer ask(const nps_test_server *s, const char *method, const char *path, const char *header,
                           const void *body, size_t n)
{
    char url[4300];
    const char *headers[] = {header, NULL};
    snprintf(url, sizeof url, "%s%s", s->url, path);
    return nps_test_http(method, url, header ? headers : NULL, body, n);
}

static char *sample(const char *name, size_t *len)
{
    char path[600];
    snprintf(path, sizeof path, "%s/samples/%s", dir, name);
    char *text = nps_slurp(path, len);
    assert_non_null(text);
    return text;
}

static void expect(nps_test_answer a, long status, const char *part)
{
    bool good = a.status == status && (!part || (a.body && strstr(a.body, part)));
    if (!good)
        print_error("status %ld, expected %ld with '%s'; body: %.500s\n", a.status, status, part ? part : "", a.body);
    nps_test_answer_done(&a);
    assert_true(good);
}

static nps_test_answer post_file(const nps_test_server *s, const char *path, const char *header, const char *name)
{
    size_t len;
    char *text = sample(name, &len);
    nps_test_answer a = ask(s, "POST", path, header, text, len);
    free(text);
    return a;
}

/* A multipart body of several sample files and one more field. */
static void put_form(nps_buf *b, const char *const *names, const char *field, const char *value)
{
    for (; *names; names++) {
        size_t len;
        char *text = sample(*names, &len);
        nps_buf_printf(b, "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n\r\n", *names);
        nps_buf_add(b, text, len);
        nps_buf_puts(b, "\r\n");
        free(text);
    }
    if (field)
        nps_buf_printf(b, "--B\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", field, value);
    nps_buf_puts(b, "--B--\r\n");
}

/* n EI spectra, all different from each other and from those of another seed. */
static void put_spectra(nps_buf *b, int n, int seed)
{
    for (int i = 0; i < n; i++) {
        nps_buf_printf(b, "Name: unknown %d\nNum Peaks: 12\n", i);
        for (int k = 0; k < 12; k++)
            nps_buf_printf(b, "%d %d\n", 41 + 17 * k, 100 + (i * 37 + seed * 131 + k * 71) % 900);
        nps_buf_puts(b, "\n");
    }
}

static double number_in(const char *text, const char *before)
{
    const char *at = strstr(text, before);
    return at ? strtod(at + strlen(before), NULL) : -1;
}

static double metric(const nps_test_server *s, const char *name)
{
    char line[120];
    snprintf(line, sizeof line, "\n%s ", name);
    nps_test_answer a = ask(s, "GET", "/metrics", NULL, NULL, 0);
    double v = a.status == 200 ? number_in(a.body, line) : -1;
    nps_test_answer_done(&a);
    return v;
}

static bool wait_for_deliveries(size_t n)
{
    for (int64_t end = now_ms() + 30000; now_ms() < end; usleep(10000))
        if (nps_test_receiver_count(receiver) >= n)
            return true;
    return false;
}

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
                                      "spectrum=2", "colour=red", "alpha=0.1&alpha=0.2", "country=DE"};
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
    expect(ask(&main_server, "GET", "/v1/cases", bearer, NULL, 0), 200, "\"cases\":[");
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
    expect(ask(&main_server, "GET", "/v1/cases?limit=1", bearer, NULL, 0), 200, "\"samples\":2,\"countries\":[\"FR\"]");
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
        nps_test_answer a = ask(&main_server, "GET", path, bearer, NULL, 0);
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
    expect(ask(&main_server, "GET", "/v1/cases?limit=0", bearer, NULL, 0), 400, "limit");
    expect(ask(&main_server, "GET", "/v1/cases?limit=201", bearer, NULL, 0), 400, "limit");
    expect(ask(&main_server, "GET", "/v1/cases?cursor=x", bearer, NULL, 0), 400, "cursor");
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
    expect(ask(&main_server, "POST", "/v1/admin/retry", bearer, "", 0), 200, "\"revived\":0");
    assert_true(wait_for_deliveries(before + 2));
}

/* --- framing and limits -------------------------------------------------------------------------------------------------------- */

static void ambiguous_requests_are_refused_and_nothing_behind_them_is_answered(void **state)
{
    (void)state;
#define TAIL "GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"
#define H "Host: x\r\n"
#define POST "POST /v1/identify HTTP/1.1\r\n"
    static const struct {
        const char *what, *bytes;
        size_t n;
        int status; /* 0: any refusal */
    } cases[] = {
#define CASE(what, text, status) {what, text, sizeof(text) - 1, status}
        CASE("length and chunked", POST H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("two lengths", POST H "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" TAIL, 400),
        CASE("equal lengths", POST H "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" TAIL, 400),
        CASE("length with a sign", POST H "Content-Length: +0\r\n\r\n" TAIL, 400),
        CASE("length list", POST H "Content-Length: 0, 0\r\n\r\n" TAIL, 400),
        CASE("hex length", POST H "Content-Length: 0x0\r\n\r\n" TAIL, 400),
        CASE("two encodings", POST H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("gzip, chunked", POST H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("identity", POST H "Transfer-Encoding: identity\r\n\r\n" TAIL, 400),
        CASE("xchunked", POST H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("chunked in 1.0", "POST /v1/identify HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" TAIL, 400),
        CASE("two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" TAIL, 400),
        CASE("no host", "GET /healthz HTTP/1.1\r\n\r\n" TAIL, 400),
        CASE("control byte in a value", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\001b\r\n\r\n" TAIL, 400),
        CASE("blank before the colon", POST "Host: x\r\nContent-Length : 0\r\n\r\n" TAIL, 400),
        CASE("NUL in the path", "GET /healthz%00b HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("broken percent", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("absolute target", "GET http://other/healthz HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("unknown method", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n" TAIL, 400),
        CASE("two authorizations",
             "GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n" TAIL, 400),
        CASE("two keys", "GET /healthz HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n" TAIL, 400),
        CASE("body where none belongs", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" TAIL, 413),
        CASE("garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" TAIL, 0),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[8192];
        long n = nps_test_raw(main_server.port, cases[i].bytes, cases[i].n, out, sizeof out, 3000);
        const char *first = n > 12 ? strstr(out, "HTTP/1.") : NULL;
        /* libmicrohttpd's own refusals repeat their status line in the body, so that it is the success that counts. */
        bool good = n >= 0 && !strstr(out, "\"status\":\"ok\"") && !strstr(out, " 200 ");
        if (cases[i].status)
            good = good && first && strtol(first + 9, NULL, 10) == cases[i].status;
        if (!good)
            print_error("%s: %s\n", cases[i].what, out);
        assert_true(good);
    }
}

static void pipelined_clean_requests_are_both_answered(void **state)
{
    (void)state;
    char out[8192];
    static const char text[] = POST H "Content-Length: 0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    nps_test_raw(main_server.port, text, sizeof text - 1, out, sizeof out, 10000);
    assert_non_null(strstr(out, "HTTP/1.1 422"));
    assert_non_null(strstr(out, "\"status\":\"ok\""));
}

static void a_body_that_is_too_large_is_refused_before_it_is_read(void **state)
{
    (void)state;
    char out[8192];
    static const char text[] = POST H "Content-Length: 33554433\r\n\r\n";
    int64_t begin = now_ms();
    nps_test_raw(main_server.port, text, sizeof text - 1, out, sizeof out, 10000);
    assert_non_null(strstr(out, "HTTP/1.1 413"));
    assert_non_null(strstr(out, "\"code\":\"limit\""));
    assert_true(now_ms() - begin < 5000);
}

static size_t give_blanks(char *to, size_t size, size_t n, void *arg)
{
    size_t *left = arg, now = size * n < *left ? size * n : *left;
    memset(to, ' ', now);
    *left -= now;
    return now;
}

static void a_chunked_body_is_counted(void **state)
{
    (void)state;
    char url[200];
    size_t left = NPS_MAX_BODY + 1;
    long status = 0;
    CURL *c = curl_easy_init();
    struct curl_slist *list = curl_slist_append(NULL, "Transfer-Encoding: chunked");
    snprintf(url, sizeof url, "%s/v1/identify", main_server.url);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_blanks);
    curl_easy_setopt(c, CURLOPT_READDATA, &left);
    FILE *nothing = fopen("/dev/null", "w");
    curl_easy_setopt(c, CURLOPT_WRITEDATA, nothing);
    curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    fclose(nothing);
    assert_int_equal(status, 413);
}

static void sizes_of_target_and_headers_are_limited(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    char out[8192];
    nps_buf_puts(&b, "GET /");
    for (int i = 0; i < NPS_MAX_URI; i++)
        nps_buf_putc(&b, 'a');
    nps_buf_puts(&b, " HTTP/1.1\r\nHost: x\r\n\r\n");
    nps_test_raw(main_server.port, b.data, b.len, out, sizeof out, 5000);
    assert_non_null(strstr(out, "HTTP/1.1 414"));
    nps_buf_clear(&b);
    nps_buf_puts(&b, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < NPS_MAX_HEADERS; i++)
        nps_buf_printf(&b, "X-%d: y\r\n", i);
    nps_buf_puts(&b, "\r\n");
    nps_test_raw(main_server.port, b.data, b.len, out, sizeof out, 5000);
    assert_non_null(strstr(out, "HTTP/1.1 431"));
    nps_buf_clear(&b);
    nps_buf_puts(&b, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ");
    for (size_t i = 0; i < NPS_MAX_HEADER_BYTES; i++)
        nps_buf_putc(&b, 'y');
    nps_buf_puts(&b, "\r\n\r\n");
    nps_test_raw(main_server.port, b.data, b.len, out, sizeof out, 5000);
    assert_null(strstr(out, "200 OK"));
    assert_true(strstr(out, " 431 ") || strstr(out, " 413 ") || !*out);
    nps_buf_clear(&b);
    nps_buf_puts(&b, "/healthz?");
    for (int i = 0; i <= NPS_MAX_QUERY; i++)
        nps_buf_printf(&b, "k%d=1&", i);
    expect(ask(&main_server, "GET", b.data, NULL, NULL, 0), 400, "query parameters");
}

static void files_and_spectra_of_a_sample_are_limited(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_spectra(&b, NPS_MAX_SPECTRA, 1);
    expect(ask(&main_server, "POST", "/v1/identify?top=1", NULL, b.data, b.len), 200, "\"spectra\":[");
    nps_buf_clear(&b);
    put_spectra(&b, NPS_MAX_SPECTRA + 1, 1);
    expect(ask(&main_server, "POST", "/v1/identify?top=1", NULL, b.data, b.len), 422, "more than 64 spectra");
    const char *names[NPS_MAX_FILES + 2] = {NULL};
    for (int i = 0; i <= NPS_MAX_FILES; i++)
        names[i] = "known-ei.msp";
    nps_buf_clear(&b);
    put_form(&b, names, NULL, NULL);
    expect(ask(&main_server, "POST", "/v1/identify", "Content-Type: multipart/form-data; boundary=B", b.data, b.len), 422,
           "more than 16 files");
    names[NPS_MAX_FILES] = NULL;
    nps_buf_clear(&b);
    put_form(&b, names, NULL, NULL);
    expect(ask(&main_server, "POST", "/v1/identify", "Content-Type: multipart/form-data; boundary=B", b.data, b.len), 200,
           NULL);
}

/* --- servers of their own ------------------------------------------------------------------------------------------------------ */

static void own_server(nps_test_server *s, const char *name, const char *const *options)
{
    char own[300], lib[400], link_to[400];
    snprintf(own, sizeof own, "%s/%s", dir, name);
    assert_int_equal(mkdir(own, 0700), 0);
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(link_to, sizeof link_to, "%s/demo.h5", own);
    assert_int_equal(link(lib, link_to), 0);
    *s = (nps_test_server){0};
    nps_test_serve(s, own, options);
}

static void slow_clients_are_closed_at_total_deadlines(void **state)
{
    (void)state;
    nps_test_server s;
    static const char *const options[] = {"--header-timeout-ms", "700", "--body-timeout-ms", "700", NULL};
    static const char *const begin[] = {"", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ",
                                        "POST /v1/identify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"};
    own_server(&s, "slow", options);
    for (size_t i = 0; i < 3; i++) {
        int fd = nps_test_connect(s.port);
        int64_t start = now_ms();
        char c;
        assert_int_equal(write(fd, begin[i], strlen(begin[i])), (ssize_t)strlen(begin[i]));
        /* A byte every 100 ms: an idle timeout would never end this. */
        bool open = true;
        while (open && now_ms() - start < 10000) {
            if (i)
                (void)!send(fd, "a", 1, MSG_NOSIGNAL);
            usleep(100000);
            ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);
            open = n < 0 && errno == EAGAIN;
        }
        int64_t took = now_ms() - start;
        close(fd);
        assert_false(open);
        assert_true(took >= 600);
    }
    expect(ask(&s, "GET", "/healthz", NULL, NULL, 0), 200, NULL);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void a_client_that_does_not_take_its_reply_is_closed(void **state)
{
    (void)state;
    enum { PEAKS = 600000 };
    nps_test_server s;
    static const char *const options[] = {"--reply-timeout-ms", "700", NULL};
    NPS_AUTO_BUF body = NPS_BUF_INIT((size_t)32 << 20);
    NPS_AUTO_BUF request = NPS_BUF_INIT((size_t)32 << 20);
    own_server(&s, "reply", options);
    nps_buf_printf(&body, "Name: large\nNum Peaks: %d\n", PEAKS);
    for (int i = 0; i < PEAKS; i++)
        nps_buf_printf(&body, "%d.%03d %d\n", 50 + i / 1000, i % 1000, 100 + i % 900);
    nps_buf_printf(&request, "POST /v1/identify?spectrum=1 HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", body.len);
    nps_buf_add(&request, body.data, body.len);
    int fd = nps_test_connect(s.port);
    for (size_t sent = 0; sent < request.len;) {
        ssize_t n = send(fd, request.data + sent, request.len - sent, MSG_NOSIGNAL);
        assert_true(n > 0);
        sent += (size_t)n;
    }
    /* Wait for the first byte, and then longer than the deadline, before reading on. */
    static char piece[65536];
    assert_int_equal(recv(fd, piece, 1, MSG_PEEK), 1);
    usleep(2000000);
    double got = 0, want = 0;
    for (ssize_t n; (n = recv(fd, piece, sizeof piece - 1, 0)) > 0; got += (double)n)
        if (got < 1) {
            piece[n] = '\0';
            want = number_in(piece, "Content-Length: ");
        }
    close(fd);
    if (!(want > 0 && got < want))
        print_error("%.0f bytes of %.0f\n", got, want);
    assert_true(want > 0 && got < want);
    expect(ask(&s, "GET", "/healthz", NULL, NULL, 0), 200, NULL);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void connections_are_limited_and_come_back(void **state)
{
    (void)state;
    nps_test_server s;
    static const char *const options[] = {"--max-connections", "8", NULL};
    int fd[8];
    char c;
    own_server(&s, "connections", options);
    for (int i = 0; i < 8; i++) {
        fd[i] = nps_test_connect(s.port);
        assert_true(fd[i] >= 0);
    }
    usleep(300000);
    int ninth = nps_test_connect(s.port);
    assert_true(ninth >= 0);
    assert_true(recv(ninth, &c, 1, 0) <= 0);
    close(ninth);
    for (int i = 0; i < 8; i++)
        close(fd[i]);
    long status = 0;
    for (int64_t end = now_ms() + 10000; status != 200 && now_ms() < end; usleep(20000)) {
        nps_test_answer a = ask(&s, "GET", "/healthz", NULL, NULL, 0);
        status = a.status;
        nps_test_answer_done(&a);
    }
    assert_int_equal(status, 200);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

typedef struct {
    const nps_test_server *s;
    const nps_buf *body;
    long status;
    bool retry_after;
} one_request;

static void *send_one(void *arg)
{
    one_request *r = arg;
    nps_test_answer a = ask(r->s, "POST", "/v1/identify", NULL, r->body->data, r->body->len);
    r->status = a.status;
    r->retry_after = a.head && strstr(a.head, "Retry-After: ");
    nps_test_answer_done(&a);
    return NULL;
}

static void a_full_gate_answers_503_and_others_still_get_through(void **state)
{
    (void)state;
    enum { N = 8 };
    nps_test_server s;
    static const char *const options[] = {"--search-slots", "1", "--search-queue", "1", NULL};
    pthread_t t[N];
    one_request r[N];
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    int good = 0, busy = 0;
    own_server(&s, "gate", options);
    put_spectra(&b, NPS_MAX_SPECTRA, 1);
    for (int i = 0; i < N; i++) {
        r[i] = (one_request){.s = &s, .body = &b};
        assert_int_equal(pthread_create(&t[i], NULL, send_one, &r[i]), 0);
    }
    expect(ask(&s, "GET", "/healthz", NULL, NULL, 0), 200, NULL);
    for (int i = 0; i < N; i++) {
        pthread_join(t[i], NULL);
        good += r[i].status == 200;
        busy += r[i].status == 503 && r[i].retry_after;
    }
    assert_int_equal(good + busy, N);
    assert_true(good >= 2);
    assert_true(busy >= 1);
    assert_near(metric(&s, "npswatch_search_refused_total"), busy, 0, 0);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void a_stop_answers_what_is_in_flight(void **state)
{
    (void)state;
    nps_test_server s;
    pthread_t t;
    one_request r;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    own_server(&s, "stop", NULL);
    put_spectra(&b, NPS_MAX_SPECTRA, 1);
    r = (one_request){.s = &s, .body = &b};
    int idle = nps_test_connect(s.port);
    assert_int_equal(pthread_create(&t, NULL, send_one, &r), 0);
    for (int64_t end = now_ms() + 10000; metric(&s, "npswatch_search_busy") < 1 && now_ms() < end;)
        ;
    int64_t begin = now_ms();
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
    assert_true(now_ms() - begin < 20000);
    pthread_join(t, NULL);
    close(idle);
    assert_int_equal(r.status, 200);
}

static void another_library_is_taken_up_while_running(void **state)
{
    (void)state;
    nps_test_server s;
    char own[300], lib[400], source[400], err[2000];
    own_server(&s, "reload", NULL);
    char admin[200];
    snprintf(admin, sizeof admin, "Authorization: Bearer %s", s.token);
    snprintf(own, sizeof own, "%s/reload", dir);
    expect(ask(&s, "POST", "/v1/admin/reload", admin, "", 0), 200, "\"changed\":false");
    snprintf(lib, sizeof lib, "%s/demo.h5", own);
    snprintf(source, sizeof source, "%s/samples/known-ei.msp", dir);
    const char *const build[] = {NPS_PROGRAM, "library", "build", "-o", lib, source, NULL};
    assert_int_equal(nps_test_program(build, NULL, 0, NULL, 0), 0);
    expect(ask(&s, "POST", "/v1/admin/reload", admin, "", 0), 200, "\"changed\":true");
    expect(ask(&s, "GET", "/v1/library", NULL, NULL, 0), 200, "\"entries\":1,");
    /* By signal, and a damaged file changes nothing. */
    assert_int_equal(unlink(lib), 0);
    FILE *f = fopen(lib, "wb");
    assert_non_null(f);
    fputs("no library", f);
    fclose(f);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    snprintf(source, sizeof source, "%s/err", own);
    bool told = false;
    for (int64_t end = now_ms() + 10000; !told && now_ms() < end; usleep(20000)) {
        size_t len;
        char *text = nps_slurp(source, &len);
        told = text && strstr(text, "\"reload-failed\"");
        free(text);
    }
    assert_true(told);
    expect(ask(&s, "GET", "/v1/library", NULL, NULL, 0), 200, "\"entries\":1,");
    assert_int_equal(nps_test_stop(&s, SIGINT), 0);
    /* And a start with it is refused in words. */
    const char *const start[] = {NPS_PROGRAM, "serve", "--data", own, "--library", lib, "--listen", "127.0.0.1:0", NULL};
    assert_int_equal(nps_test_program(start, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "library '"));
}

static void a_new_token_replaces_the_old_while_running(void **state)
{
    (void)state;
    nps_test_server s;
    char old[200], fresh[300], out[200], store[400];
    static const char *const options[] = {"--anonymous-identify", "no", NULL};
    own_server(&s, "token", options);
    snprintf(old, sizeof old, "Authorization: Bearer %s", s.token);
    snprintf(store, sizeof store, "%s/token/store", dir);
    expect(post_file(&s, "/v1/identify", NULL, "known-ei.msp"), 401, NULL);
    expect(post_file(&s, "/v1/identify", old, "known-ei.msp"), 200, NULL);
    const char *const argv[] = {NPS_PROGRAM, "admin", "token", "--data", store, NULL};
    assert_int_equal(nps_test_program(argv, out, sizeof out, NULL, 0), 0);
    out[strcspn(out, "\n")] = '\0';
    snprintf(fresh, sizeof fresh, "Authorization: Bearer %s", out);
    expect(post_file(&s, "/v1/identify", old, "known-ei.msp"), 401, NULL);
    expect(post_file(&s, "/v1/identify", fresh, "known-ei.msp"), 200, NULL);
    assert_int_equal(nps_test_stop(&s, SIGTERM), 0);
}

static void a_start_that_cannot_work_says_why(void **state)
{
    (void)state;
    char lib[400], config[400], store[400], err[2000], out[4000];
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(config, sizeof config, "%s/bad.conf", dir);
    snprintf(store, sizeof store, "%s/other-store", dir);
    FILE *f = fopen(config, "w");
    assert_non_null(f);
    fputs("# comment\nmax_connections = 100000\n", f);
    fclose(f);
    const struct {
        const char *argv[10];
        int rc;
        const char *says;
    } cases[] = {
        {{NPS_PROGRAM, "serve"}, 2, "no 'data' folder is given"},
        {{NPS_PROGRAM, "serve", "--data", store, "--library", "/nowhere.h5"}, 1, "library '/nowhere.h5'"},
        {{NPS_PROGRAM, "serve", "--data", "/dev/null/x", "--library", lib}, 1, "data folder '/dev/null/x'"},
        {{NPS_PROGRAM, "serve", "--colour", "red"}, 2, "unknown key 'colour'"},
        {{NPS_PROGRAM, "serve", "--config", config}, 1, "line 2, byte 10: 'max_connections' is outside 4..4096"},
        {{NPS_PROGRAM, "serve", "--config", "/nowhere"}, 1, "/nowhere"},
        {{NPS_PROGRAM, "serve", "--data", main_server.dir}, 2, "no 'library' file is given"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = nps_test_program(cases[i].argv, NULL, 0, err, sizeof err);
        if (rc != cases[i].rc || !strstr(err, cases[i].says))
            print_error("exit %d, expected %d with '%s': %s\n", rc, cases[i].rc, cases[i].says, err);
        assert_int_equal(rc, cases[i].rc);
        assert_non_null(strstr(err, cases[i].says));
    }
    char in_use[400];
    snprintf(in_use, sizeof in_use, "%s/store", main_server.dir);
    const char *const second[] = {NPS_PROGRAM, "serve", "--data", in_use, "--library", lib, "--listen", "127.0.0.1:0", NULL};
    assert_int_equal(nps_test_program(second, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "is in use by another npswatch"));
    const char *const print[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--print-config", NULL};
    assert_int_equal(nps_test_program(print, out, sizeof out, NULL, 0), 0);
    assert_non_null(strstr(out, "\nlisten = 127.0.0.1:8080\n"));
    const char *const check[] = {NPS_PROGRAM, "serve", "--data", store, "--library", lib, "--check-config", NULL};
    assert_int_equal(nps_test_program(check, out, sizeof out, NULL, 0), 0);
    assert_true(access(store, F_OK) != 0);
}

/* Last: looks at what all the tests above have left in the log. */
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
    assert_null(strstr(text, main_server.token));
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

static int set_up(void **state)
{
    (void)state;
    static char url[100], secret[400];
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    nps_test_demo(dir);
    receiver = nps_test_receiver_start();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hook", nps_test_receiver_port(receiver));
    snprintf(secret, sizeof secret, "%s/secret", dir);
    FILE *f = fopen(secret, "w");
    if (!f || fputs("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", f) < 0 || fclose(f) != 0)
        return 1;
    const char *const options[] = {"--webhook-url", url, "--webhook-secret-file", secret, "--webhook-allow-private", "yes",
                                   "--webhook-retry-s", "0 0.05 0.05 0.05 0.05 0.1 0.1 0.2 0.2 0.5 0.5 1 1 2 2", NULL};
    nps_test_serve(&main_server, dir, options);
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", main_server.token);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nps_test_stop(&main_server, SIGTERM);
    nps_test_receiver_stop(receiver);
    return 0;
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_healthy_ready_and_measured),
        cmocka_unit_test(the_page_comes_with_its_guards_and_a_validator),
        cmocka_unit_test(the_library_is_described_and_shows_open_peaks),
        cmocka_unit_test(unknown_paths_and_methods_get_problems),
        cmocka_unit_test(raw_and_multipart_give_the_same_verdict_and_store_nothing),
        cmocka_unit_test(several_files_are_one_sample),
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
        cmocka_unit_test(ambiguous_requests_are_refused_and_nothing_behind_them_is_answered),
        cmocka_unit_test(pipelined_clean_requests_are_both_answered),
        cmocka_unit_test(a_body_that_is_too_large_is_refused_before_it_is_read),
        cmocka_unit_test(a_chunked_body_is_counted),
        cmocka_unit_test(sizes_of_target_and_headers_are_limited),
        cmocka_unit_test(files_and_spectra_of_a_sample_are_limited),
        cmocka_unit_test(slow_clients_are_closed_at_total_deadlines),
        cmocka_unit_test(a_client_that_does_not_take_its_reply_is_closed),
        cmocka_unit_test(connections_are_limited_and_come_back),
        cmocka_unit_test(a_full_gate_answers_503_and_others_still_get_through),
        cmocka_unit_test(a_stop_answers_what_is_in_flight),
        cmocka_unit_test(another_library_is_taken_up_while_running),
        cmocka_unit_test(a_new_token_replaces_the_old_while_running),
        cmocka_unit_test(a_start_that_cannot_work_says_why),
        cmocka_unit_test(the_log_is_json_and_keeps_secrets)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
