/* The description of the interface against the real program: each operation is called, and what it answers is one of the answers
 * that the document names, of the media type and the schema that it names. */
#include "tests/support/schema_check.h"
#include "tests/support/serve_fixture.h"

#include "service/archive_write.h"

#include <ctype.h>
#include <strings.h>

#define LAB NPS_TEST_LAB
#define PARTNER NPS_TEST_PARTNER
#define CURATOR NPS_TEST_CURATOR
#define COORDINATOR NPS_TEST_COORDINATOR
#define AUDITOR NPS_TEST_AUDITOR
#define ADMIN NPS_TEST_ADMIN
enum { NOBODY = -1 };

static json_t *doc;
static const char *called[200]; /* operations that gave what they are for */
static size_t n_called;

/* --- the document ----------------------------------------------------------------------------------------------------------------- */

static const json_t *find_operation(const char *method, const char *path)
{
    char lower[8] = "";
    for (size_t i = 0; method[i] && i + 1 < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)method[i]);
    const json_t *o = json_object_get(json_object_get(json_object_get(doc, "paths"), path), lower);
    if (!o)
        print_error("the document has no %s %s\n", method, path);
    assert_non_null(o);
    return o;
}

static void take_type(const char *head, char *out, size_t size)
{
    *out = '\0';
    for (const char *p = head; p; p = strstr(p, "\r\n") ? strstr(p, "\r\n") + 2 : NULL)
        if (strncasecmp(p, "Content-Type: ", 14) == 0)
            snprintf(out, size, "%.*s", (int)strcspn(p + 14, ";\r"), p + 14);
}

static bool is_json(const char *type)
{
    return strcmp(type, "application/json") == 0 || strcmp(type, "application/problem+json") == 0 || strcmp(type, "application/feed+json") == 0;
}

/* Whether the document foresaw this answer, by its own number and not as "default". */
static bool is_foreseen(const json_t *operation, const nps_test_answer *a, char *why, size_t size)
{
    char status[8], type[80], inner[500];
    snprintf(status, sizeof status, "%ld", a->status);
    take_type(a->head, type, sizeof type);
    const json_t *r = nps_test_schema_follow(doc, json_object_get(json_object_get(operation, "responses"), status));
    const json_t *content = json_object_get(r, "content"), *one = json_object_get(content, type);
    if (!r)
        return snprintf(why, size, "the document does not name this status"), false;
    if (!content)
        return a->len ? snprintf(why, size, "there is a body"), false : true;
    if (!one)
        return snprintf(why, size, "the document does not name '%s'", type), false;
    if (!is_json(type))
        return true;
    json_t *body = json_loadb(a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
    bool good = body && nps_test_schema_check(doc, json_object_get(one, "schema"), body, inner, sizeof inner);
    json_decref(body);
    return good ? true : (snprintf(why, size, "the body%s", body ? inner : " is no JSON"), false);
}

/* Headers that the document promises for the answer. Those of pages and repeats come only with these. */
static const char *missing_header(const json_t *operation, const nps_test_answer *a)
{
    static const char *const sometimes[] = {"Link", "Idempotent-Replayed"};
    char status[8];
    const char *name;
    json_t *value;
    snprintf(status, sizeof status, "%ld", a->status);
    const json_t *r = nps_test_schema_follow(doc, json_object_get(json_object_get(operation, "responses"), status));
    json_object_foreach(json_object_get(r, "headers"), name, value) {
        char line[80];
        snprintf(line, sizeof line, "\r\n%s: ", name);
        bool may_lack = false;
        for (size_t i = 0; i < sizeof sometimes / sizeof *sometimes; i++)
            may_lack |= strcmp(name, sometimes[i]) == 0;
        if (!may_lack && !strcasestr(a->head, line))
            return name;
    }
    return NULL;
}

/* --- calling ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *method, *path; /* of the document */
    int role;
    const char *id, *n;        /* stand for {id} and {n} */
    const char *query, *header, *type;
    const void *body;
    size_t len;                /* 0: body is a text */
    long status;
} call;

static void put_path(const call *c, char *out, size_t size)
{
    size_t at = 0;
    for (const char *p = c->path; *p && at + 1 < size;) {
        const char *value = strncmp(p, "{id}", 4) == 0 ? c->id : strncmp(p, "{n}", 3) == 0 ? c->n : NULL;
        if (!value) {
            out[at++] = *p++;
            continue;
        }
        at += (size_t)snprintf(out + at, size - at, "%s", value);
        p += strcspn(p, "}") + 1;
    }
    snprintf(out + at, size - at, "%s%s", c->query ? "?" : "", c->query ? c->query : "");
}

/* Sends it, and checks the answer against the document. The body belongs to the caller. */
static char *send_call(const call *c)
{
    char url[1000], path[800], type[120], why[600] = "";
    const char *headers[6] = {0};
    size_t n = 0;
    put_path(c, path, sizeof path);
    snprintf(url, sizeof url, "%s%s", main_server.url, path);
    snprintf(type, sizeof type, "Content-Type: %s", c->type ? c->type : "application/json");
    if (c->role >= 0)
        headers[n++] = bearer_of[c->role];
    if (c->header)
        headers[n++] = c->header;
    if (c->body)
        headers[n++] = type;
    nps_test_answer a = nps_test_http(c->method, url, headers, c->body, c->body ? c->len ? c->len : strlen(c->body) : 0);
    const json_t *o = find_operation(c->method, c->path);
    bool good = a.status == c->status && is_foreseen(o, &a, why, sizeof why);
    const char *missing = good ? missing_header(o, &a) : NULL;
    if (!good || missing)
        print_error("%s %s: status %ld, expected %ld; %s%s; body: %.400s\n", c->method, path, a.status, c->status, why, missing ? missing : "",
                    a.body);
    assert_true(good && !missing);
    if (c->status < 300) {
        assert_true(n_called < sizeof called / sizeof *called);
        called[n_called++] = json_string_value(json_object_get(o, "operationId"));
    }
    char *body = a.body;
    a.body = NULL;
    nps_test_answer_done(&a);
    return body;
}

#define CALL(...) free(send_call(&(call){__VA_ARGS__}))

/* The text after `before` in what the call answers, up to a quote. */
static void take(char *out, size_t size, const char *before, char *body)
{
    const char *at = body ? strstr(body, before) : NULL;
    if (!at)
        print_error("no %s in: %.300s\n", before, body);
    assert_non_null(at);
    at += strlen(before);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\",}"), at);
    free(body);
}
#define TAKE(out, before, ...) take((out), sizeof(out), (before), send_call(&(call){__VA_ARGS__}))

/* Repeats the call until the answer holds the text. */
static void wait_for(const call *c, const char *text)
{
    for (int64_t end = now_ms() + 60000; now_ms() < end; usleep(50000)) {
        char *body = send_call(c);
        bool found = strstr(body, text);
        free(body);
        if (found)
            return;
    }
    print_error("%s %s never had %s\n", c->method, c->path, text);
    fail();
}

/* --- each operation, doing what it is for ----------------------------------------------------------------------------------------- */

static char organisation[40], member[40], partner_org[40], token[40], sample_id[40], batch[40], contribution[40], generation[40], notice[40];

static void what_is_open_to_all(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "/openapi.json", "/healthz", "/readyz", "/v1/library", "/feeds/advisories.atom",
                                        "/feeds/advisories.json", "/v1/audit/key"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CALL("GET", paths[i], NOBODY, .status = 200);
    CALL("GET", "/metrics", ADMIN, .status = 200);
    CALL("GET", "/v1/library/entries/{n}", NOBODY, .n = "0", .status = 200);
    CALL("GET", "/v1/control", NOBODY, .query = "limit=5", .status = 200);
    CALL("GET", "/v1/control", LAB, .query = "limit=200&date=2018-03-01&list=class-rule", .status = 200);
    CALL("GET", "/v1/library/entries/{n}", NOBODY, .n = "999999", .status = 404);
    CALL("GET", "/v1/control", NOBODY, .query = "list=none", .status = 400);
}

static void the_document_is_the_one_in_the_source(void **state)
{
    (void)state;
    size_t len;
    char *text = nps_slurp(NPS_SOURCE_DIR "/service/openapi.json", &len), etag[120];
    nps_test_answer a = ask(&main_server, "GET", "/openapi.json", NULL, NULL, 0);
    assert_int_equal(a.len, len);
    assert_memory_equal(a.body, text, len);
    const char *tag = strstr(a.head, "ETag: ");
    assert_non_null(tag);
    snprintf(etag, sizeof etag, "If-None-Match: %.*s", (int)strcspn(tag + 6, "\r"), tag + 6);
    nps_test_answer_done(&a);
    free(text);
    CALL("GET", "/openapi.json", NOBODY, .header = etag, .status = 304);
}

static void accounts(void **state)
{
    (void)state;
    char body[400];
    TAKE(organisation, "\"id\":\"", "POST", "/v1/organisations", ADMIN, .body = "{\"name\":\"Contract laboratory\",\"country\":\"DE\"}", .status = 201);
    CALL("POST", "/v1/organisations", ADMIN, .body = "{\"name\":\"Contract laboratory\"}", .status = 409);
    CALL("GET", "/v1/organisations", AUDITOR, .status = 200);
    CALL("GET", "/v1/organisations/{id}", ADMIN, organisation, .status = 200);
    CALL("PATCH", "/v1/organisations/{id}", ADMIN, organisation, .header = "If-Match: \"v1\"", .body = "{\"name\":\"Contract lab\"}", .status = 200);
    snprintf(body, sizeof body, "{\"organisation\":\"%s\",\"login\":\"contract\",\"roles\":\"lab\",\"password\":\"correct horse\"}", organisation);
    TAKE(member, "\"id\":\"", "POST", "/v1/members", ADMIN, .body = body, .status = 201);
    CALL("POST", "/v1/members", ADMIN, .body = body, .status = 409);
    CALL("GET", "/v1/members", ADMIN, .status = 200);
    CALL("GET", "/v1/members/{id}", AUDITOR, member, .status = 200);
    CALL("PATCH", "/v1/members/{id}", ADMIN, member, .header = "If-Match: *", .body = "{\"roles\":\"lab partner\"}", .status = 200);
    CALL("POST", "/v1/members/{id}/tokens", ADMIN, member, .body = "{\"days\":1}", .status = 201);
    TAKE(partner_org, "\"organisation\":\"", "GET", "/v1/session", PARTNER, .status = 200);
    snprintf(body, sizeof body, "{\"reference\":\"MoU-1\",\"organisation\":\"%s\",\"title\":\"References\",\"valid_from\":\"2020-01-01\"}", partner_org);
    CALL("POST", "/v1/memoranda", ADMIN, .body = body, .status = 201);
    CALL("POST", "/v1/memoranda", ADMIN, .body = body, .status = 409);
    CALL("GET", "/v1/memoranda", PARTNER, .status = 200);
    CALL("POST", "/v1/password", CURATOR, .body = "{\"new\":\"another horse\"}", .status = 204);
    CALL("POST", "/v1/password", CURATOR, .body = "{\"new\":\"short\",\"old\":\"another horse\"}", .status = 400);
}

static void tokens_and_sessions(void **state)
{
    (void)state;
    char url[200], cookie[300], csrf[120], *at;
    TAKE(token, "\"id\":\"", "POST", "/v1/tokens", LAB, .body = "{\"label\":\"a\",\"scopes\":\"identify samples:read\"}", .status = 201);
    CALL("GET", "/v1/tokens", LAB, .status = 200);
    TAKE(token, "\"id\":\"", "POST", "/v1/tokens/{id}/rotate", LAB, token, .body = "{\"overlap_hours\":0}", .status = 201);
    CALL("DELETE", "/v1/tokens/{id}", LAB, token, .status = 204);
    CALL("DELETE", "/v1/session", LAB, .status = 400);
    static const char login[] = "{\"login\":\"contract\",\"password\":\"correct horse\"}", wrong[] = "{\"login\":\"contract\",\"password\":\"wrong horse!\"}";
    CALL("POST", "/v1/session", NOBODY, .body = wrong, .status = 401);
    CALL("POST", "/v1/session", NOBODY, .body = login, .status = 201);
    snprintf(url, sizeof url, "%s/v1/session", main_server.url);
    const char *const json[] = {"Content-Type: application/json", NULL};
    nps_test_answer a = nps_test_http("POST", url, json, login, strlen(login));
    at = strstr(a.head, "Set-Cookie: ");
    assert_non_null(at);
    snprintf(cookie, sizeof cookie, "Cookie: %.*s", (int)strcspn(at + 12, ";"), at + 12);
    at = strstr(a.body, "\"csrf_token\":\"");
    assert_non_null(at);
    snprintf(csrf, sizeof csrf, "X-CSRF-Token: %.64s", at + 14);
    nps_test_answer_done(&a);
    CALL("GET", "/v1/session", NOBODY, .header = cookie, .status = 200);
    CALL("DELETE", "/v1/session", NOBODY, .header = cookie, .status = 401);
    const char *const both[] = {cookie, csrf, NULL};
    a = nps_test_http("DELETE", url, both, NULL, 0);
    char why[600];
    const json_t *o = find_operation("DELETE", "/v1/session");
    assert_int_equal(a.status, 204);
    assert_true(is_foreseen(o, &a, why, sizeof why) && !missing_header(o, &a));
    nps_test_answer_done(&a);
    called[n_called++] = "endSession";
    for (int i = 0; i < 5; i++)
        CALL("POST", "/v1/session", NOBODY, .body = wrong, .status = i < 4 ? 401 : 429);
}

/* A zip archive of two samples, one of them broken. */
static void put_archive(nps_buf *out)
{
    NPS_AUTO(nps_zip) z = NULL;
    nps_err err = {0};
    size_t len;
    char *text = sample("known-ei.msp", &len);
    assert_ok(nps_zip_new((size_t)1 << 24, &z, &err), &err);
    assert_ok(nps_zip_add(z, "good.msp", (nps_span){text, len}, &err), &err);
    assert_ok(nps_zip_add(z, "bad.msp", NPS_SPAN("Name: x\nNum Peaks: 2\n41 x\n"), &err), &err);
    assert_ok(nps_zip_end(z, out, &err), &err);
    free(text);
}

static void samples_and_batches(void **state)
{
    (void)state;
    NPS_AUTO_BUF archive = NPS_BUF_INIT((size_t)1 << 24);
    size_t len, mixture_len;
    char *novel = sample("novel-a-ei.msp", &len), *mixture = sample("mixture-ir.jdx", &mixture_len);
    const char *const octets = "application/octet-stream";
    CALL("POST", "/v1/identify", NOBODY, .type = octets, .body = mixture, .len = mixture_len, .query = "spectrum=1", .status = 200);
    CALL("POST", "/v1/identify", LAB, .type = octets, .body = novel, .len = len, .query = "spectrum=1&control=none", .status = 200);
    CALL("POST", "/v1/identify", LAB, .type = octets, .body = "%PDF-1.7 and so on", .status = 415);
    CALL("POST", "/v1/identify", LAB, .type = octets, .body = "Name: x\nNum Peaks: 2\n41 x\n", .status = 422);
    TAKE(sample_id, "\"id\":\"", "POST", "/v1/samples", LAB, .type = octets, .header = "Idempotency-Key: contract", .body = novel, .len = len,
         .query = "country=DE&form=powder&quantity=12.5%20g&tlp=green", .status = 201);
    CALL("POST", "/v1/samples", LAB, .type = octets, .header = "Idempotency-Key: contract", .body = novel, .len = len, .query = "country=FR", .status = 422);
    CALL("POST", "/v1/samples", LAB, .type = octets, .body = novel, .len = len, .query = "form=cloud", .status = 400);
    CALL("GET", "/v1/samples", LAB, .query = "limit=1&outcome=novel", .status = 200);
    CALL("GET", "/v1/samples", LAB, .query = "outcome=new", .status = 400);
    CALL("GET", "/v1/samples/{id}", LAB, sample_id, .status = 200);
    CALL("GET", "/v1/samples/{id}/files/{n}", LAB, sample_id, "0", .status = 200);
    CALL("GET", "/v1/samples/{id}/evaluations/{n}", LAB, sample_id, "0", .status = 200);
    CALL("GET", "/v1/cases", COORDINATOR, .status = 200);
    put_archive(&archive);
    TAKE(batch, "\"id\":\"", "POST", "/v1/batches", LAB, .type = "application/zip", .body = archive.data, .len = archive.len, .query = "country=DE", .status = 202);
    CALL("POST", "/v1/batches", LAB, .type = "application/zip", .body = novel, .len = len, .status = 415);
    wait_for(&(call){"GET", "/v1/batches/{id}", LAB, batch, .status = 200}, "\"waiting\":0");
    CALL("GET", "/v1/batches/{id}/items", LAB, batch, .status = 200);
    free(novel);
    free(mixture);
}

/* A partner gives the reference of the unknown sample; the sample gets its name; the reference is withdrawn. */
static void contributions_generations_and_notices(void **state)
{
    (void)state;
    NPS_AUTO_BUF file = NPS_BUF_INIT((size_t)1 << 20);
    size_t len;
    char *novel = sample("novel-a-ei.msp", &len), first[40];
    const char *line = strstr(novel, "\n");
    assert_non_null(line);
    nps_buf_add(&file, novel, (size_t)(line - novel));
    nps_buf_puts(&file, "\nInChIKey: AAAAAAAAAAAAAA-UHFFFAOYSA-N");
    nps_buf_puts(&file, line);
    free(novel);
    TAKE(first, "\"id\":\"", "GET", "/v1/generations", CURATOR, .status = 200);
    CALL("POST", "/v1/contributions", PARTNER, .type = "text/plain", .body = file.data, .len = file.len, .query = "visibility=secret", .status = 400);
    TAKE(contribution, "\"id\":\"", "POST", "/v1/contributions", PARTNER, .type = "text/plain", .body = file.data, .len = file.len,
         .query = "visibility=members&licence=CC-BY-4.0&memorandum=MoU-1&credit=Partner", .status = 202);
    const call look = {"GET", "/v1/contributions/{id}", PARTNER, contribution, .status = 200};
    wait_for(&look, "\"state\":\"checked\"");
    CALL("GET", "/v1/contributions", CURATOR, .query = "state=checked", .status = 200);
    CALL("GET", "/v1/contributions", CURATOR, .query = "state=new", .status = 400);
    CALL("GET", "/v1/contributions/{id}/files/{n}", CURATOR, contribution, "0", .status = 200);
    CALL("PATCH", "/v1/contributions/{id}", PARTNER, contribution, .header = "If-Match: *", .body = "{\"embargo\":null,\"licence\":\"CC0-1.0\"}", .status = 200);
    static const char accept[] = "{\"decision\":\"accept\",\"reason\":\"sound\"}";
    CALL("POST", "/v1/contributions/{id}/decision", CURATOR, contribution, .header = "If-Match: *", .body = accept, .status = 200);
    CALL("POST", "/v1/contributions/{id}/decision", CURATOR, contribution, .header = "If-Match: *", .body = accept, .status = 409);
    CALL("POST", "/v1/generations", CURATOR, .status = 202);
    wait_for(&(call){"GET", "/v1/generations", CURATOR, .status = 200}, "\"being_made\":false");
    TAKE(generation, "\"id\":\"", "GET", "/v1/generations", CURATOR, .status = 200);
    assert_string_not_equal(generation, first);
    CALL("GET", "/v1/generations/{id}", ADMIN, generation, .status = 200);
    CALL("POST", "/v1/samples/{id}/evaluations", LAB, sample_id, .status = 201);
    TAKE(notice, "\"id\":", "GET", "/v1/notices", LAB, .status = 200);
    CALL("POST", "/v1/notices/{id}/read", LAB, notice, .status = 204);
    CALL("GET", "/v1/usage", PARTNER, .query = "since=2020-01-01", .status = 200);
    CALL("POST", "/v1/generations/{id}/activate", CURATOR, first, .status = 200);
    CALL("POST", "/v1/generations/{id}/activate", CURATOR, generation, .status = 200);
    CALL("GET", "/v1/export", PARTNER, .status = 200);
    CALL("DELETE", "/v1/contributions/{id}", PARTNER, contribution, .status = 200);
    CALL("DELETE", "/v1/contributions/{id}", PARTNER, contribution, .status = 409);
    CALL("POST", "/v1/generations/{id}/activate", CURATOR, generation, .status = 412);
}

static void audit_and_operation(void **state)
{
    (void)state;
    CALL("GET", "/v1/audit", AUDITOR, .query = "limit=200", .status = 200);
    CALL("GET", "/v1/audit/inclusion", AUDITOR, .query = "index=0&size=4", .status = 200);
    CALL("GET", "/v1/audit/inclusion", AUDITOR, .query = "index=9&size=4", .status = 400);
    CALL("GET", "/v1/audit/consistency", NOBODY, .query = "from=2&size=4", .status = 200);
    for (int64_t end = now_ms() + 20000; now_ms() < end; usleep(50000)) {
        nps_test_answer a = ask(&main_server, "GET", "/v1/audit/checkpoint", NULL, NULL, 0);
        bool signed_now = a.status == 200;
        nps_test_answer_done(&a);
        if (signed_now)
            break;
    }
    CALL("GET", "/v1/audit/checkpoint", NOBODY, .status = 200);
    CALL("POST", "/v1/admin/reload", ADMIN, .status = 200);
    CALL("POST", "/v1/admin/retry", ADMIN, .status = 200);
    CALL("GET", "/v1/export", LAB, .status = 200);
    CALL("DELETE", "/v1/samples/{id}", LAB, sample_id, .status = 204);
    CALL("DELETE", "/v1/samples/{id}", LAB, sample_id, .status = 409);
    CALL("GET", "/v1/samples/{id}", LAB, sample_id, .status = 200);
}

static void every_operation_was_called(void **state)
{
    (void)state;
    const char *path, *method;
    json_t *operations, *o;
    json_object_foreach(json_object_get(doc, "paths"), path, operations)
        json_object_foreach(operations, method, o) {
            const char *id = json_string_value(json_object_get(o, "operationId"));
            bool found = false;
            for (size_t i = 0; i < n_called; i++)
                found |= strcmp(called[i], id) == 0;
            if (!found)
                print_error("%s %s (%s) was never called with success\n", method, path, id);
            assert_true(found);
        }
}

/* --- each operation, refusing ------------------------------------------------------------------------------------------------------- */

static bool has(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_array_get(array, i)), text) == 0)
            return true;
    return false;
}

/* A login with one of the roles, or with none of them; NOBODY when there is none. */
static int role_of(const json_t *o, bool allowed)
{
    static const char *const names[NPS_TEST_LOGINS] = {"lab", "partner", "curator", "coordinator", "auditor", "admin"};
    for (int i = 0; i < NPS_TEST_LOGINS; i++)
        if (has(json_object_get(o, "x-npswatch-roles"), names[i]) == allowed)
            return i;
    return NOBODY;
}

static void refuse_each(const char *method, const char *path, const json_t *o)
{
    static char big[70000];
    char upper[8] = "";
    const char *open = json_string_value(json_object_get(o, "x-npswatch-open"));
    const json_t *body = nps_test_schema_follow(doc, json_object_get(o, "requestBody")), *responses = json_object_get(o, "responses");
    const json_t *json_body = json_object_get(json_object_get(body, "content"), "application/json");
    json_int_t max = json_integer_value(json_object_get(o, "x-npswatch-max-body"));
    bool takes_json = json_body && json_is_true(json_object_get(body, "required"));
    for (size_t i = 0; method[i] && i + 1 < sizeof upper; i++)
        upper[i] = (char)toupper((unsigned char)method[i]);
    int good = role_of(o, true), other = role_of(o, false);
    call c = {.method = upper, .path = path, .role = NOBODY, .id = "0123456789abcdef", .n = "0"};
    call with_bad_token = c;
    with_bad_token.header = "Authorization: Bearer nps_wrong";
    with_bad_token.status = 401;
    free(send_call(&with_bad_token));
    if (!open) {
        c.status = 401;
        free(send_call(&c));
    }
    if (!open && other != NOBODY) {
        c.role = other;
        c.status = 403;
        free(send_call(&c));
    }
    c.role = good;
    c.query = "colour=red";
    c.status = 400;
    free(send_call(&c));
    c.query = NULL;
    if (max && max < (json_int_t)sizeof big) {
        memset(big, 'x', sizeof big);
        c.body = big;
        c.len = sizeof big;
        c.status = 413;
        free(send_call(&c));
    }
    c.header = json_object_get(responses, "428") ? "If-Match: *" : NULL;
    if (takes_json) {
        c.body = "x";
        c.len = 1;
        c.type = "text/plain";
        c.status = 415;
        free(send_call(&c));
        c.type = NULL;
        c.status = 422;
        free(send_call(&c));
        c.body = "{\"colour\":\"red\"}";
        c.len = 0;
        c.status = 400;
        free(send_call(&c));
    }
    if (c.header) {
        c.body = "{}";
        c.len = 0;
        c.header = NULL;
        c.status = 428;
        free(send_call(&c));
    }
}

static void every_operation_refuses_as_the_document_says(void **state)
{
    (void)state;
    const char *path, *method;
    json_t *operations, *o;
    json_object_foreach(json_object_get(doc, "paths"), path, operations)
        json_object_foreach(operations, method, o)
            refuse_each(method, path, o);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    static const char none[] = "0123456789abcdef0123456789abcdef", star[] = "If-Match: *";
    const call cases[] = {
        {"GET", "/v1/samples/{id}", LAB, .id = none},
        {"DELETE", "/v1/samples/{id}", LAB, .id = none},
        {"GET", "/v1/samples/{id}/files/{n}", LAB, .id = none, .n = "0"},
        {"POST", "/v1/samples/{id}/evaluations", LAB, .id = none},
        {"GET", "/v1/samples/{id}/evaluations/{n}", LAB, .id = none, .n = "x"},
        {"GET", "/v1/batches/{id}", LAB, .id = none},
        {"GET", "/v1/batches/{id}/items", LAB, .id = none},
        {"POST", "/v1/notices/{id}/read", LAB, .id = "999999"},
        {"GET", "/v1/contributions/{id}", CURATOR, .id = none},
        {"GET", "/v1/contributions/{id}/files/{n}", PARTNER, .id = none, .n = "0"},
        {"PATCH", "/v1/contributions/{id}", PARTNER, .id = none, .header = star, .body = "{\"licence\":\"x\"}"},
        {"DELETE", "/v1/contributions/{id}", PARTNER, .id = none},
        {"POST", "/v1/contributions/{id}/decision", CURATOR, .id = none, .header = star, .body = "{\"decision\":\"reject\",\"reason\":\"x\"}"},
        {"GET", "/v1/generations/{id}", CURATOR, .id = none},
        {"POST", "/v1/generations/{id}/activate", CURATOR, .id = none},
        {"GET", "/v1/organisations/{id}", ADMIN, .id = none},
        {"PATCH", "/v1/organisations/{id}", ADMIN, .id = none, .header = star, .body = "{\"name\":\"x\"}"},
        {"GET", "/v1/members/{id}", ADMIN, .id = none},
        {"PATCH", "/v1/members/{id}", ADMIN, .id = none, .header = star, .body = "{\"roles\":\"lab\"}"},
        {"POST", "/v1/members/{id}/tokens", ADMIN, .id = none, .body = "{}"},
        {"POST", "/v1/members", ADMIN, .body = "{\"organisation\":\"none\",\"login\":\"xx\",\"roles\":\"lab\"}"},
        {"POST", "/v1/tokens/{id}/rotate", LAB, .id = none, .body = "{}"},
        {"DELETE", "/v1/tokens/{id}", LAB, .id = none},
        {"GET", "/v1/library/entries/{n}", NOBODY, .n = "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call c = cases[i];
        c.status = 404;
        free(send_call(&c));
    }
}

static void a_change_names_what_it_changes(void **state)
{
    (void)state;
    CALL("PATCH", "/v1/organisations/{id}", ADMIN, organisation, .header = "If-Match: \"v1\"", .body = "{\"name\":\"x\"}", .status = 412);
    CALL("PATCH", "/v1/members/{id}", ADMIN, member, .header = "If-Match: \"v99\"", .body = "{\"roles\":\"lab\"}", .status = 412);
    CALL("PATCH", "/v1/contributions/{id}", PARTNER, contribution, .header = "If-Match: \"v1\"", .body = "{\"licence\":\"x\"}", .status = 412);
    CALL("PATCH", "/v1/members/{id}", ADMIN, member, .header = "If-Match: v1", .body = "{\"roles\":\"lab\"}", .status = 400);
    /* The answer to a change is told in full, whatever else the client has. */
    char url[300];
    const char *const headers[] = {bearer_of[ADMIN], "If-Match: *", "If-None-Match: *", "Content-Type: application/json", NULL};
    snprintf(url, sizeof url, "%s/v1/members/%s", main_server.url, member);
    nps_test_answer a = nps_test_http("PATCH", url, headers, "{\"roles\":\"lab\"}", 15);
    assert_int_equal(a.status, 200);
    nps_test_answer_done(&a);
}

/* ------------------------------------------------------------------------------------------------------------------------------------- */

static int begin(void **state)
{
    (void)state;
    static const char *const options[] = {"--checkpoint-s", "1", NULL};
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    nps_test_demo(dir);
    nps_test_serve(&main_server, dir, options);
    for (int i = 0; i < NPS_TEST_LOGINS; i++)
        snprintf(bearer_of[i], sizeof bearer_of[i], "Authorization: Bearer %s", main_server.token[i]);
    doc = json_load_file(NPS_SOURCE_DIR "/service/openapi.json", JSON_REJECT_DUPLICATES, NULL);
    return !doc;
}

static int end(void **state)
{
    (void)state;
    json_decref(doc);
    return nps_test_stop(&main_server, SIGTERM);
}

int main(void)
{
    if (!fixture_starts())
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_open_to_all),
                                       cmocka_unit_test(the_document_is_the_one_in_the_source),
                                       cmocka_unit_test(accounts),
                                       cmocka_unit_test(tokens_and_sessions),
                                       cmocka_unit_test(samples_and_batches),
                                       cmocka_unit_test(contributions_generations_and_notices),
                                       cmocka_unit_test(audit_and_operation),
                                       cmocka_unit_test(every_operation_was_called),
                                       cmocka_unit_test(every_operation_refuses_as_the_document_says),
                                       cmocka_unit_test(what_is_not_there_is_not_found),
                                       cmocka_unit_test(a_change_names_what_it_changes)};
    return cmocka_run_group_tests(tests, begin, end);
}
