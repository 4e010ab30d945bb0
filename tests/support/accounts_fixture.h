/* What the tests of rights share beside serve_fixture.h: organisations, members and tokens made over the API, requests with
 * JSON, and the store's rows, which tests change where nobody can wait for time to pass. */
#ifndef NPS_TESTS_SUPPORT_ACCOUNTS_FIXTURE_H
#define NPS_TESTS_SUPPORT_ACCOUNTS_FIXTURE_H

#include "tests/support/serve_fixture.h"

#include <sqlite3.h>

typedef struct {
    char organisation[20], member[20], token_id[20], auth[200]; /* auth: "Authorization: Bearer ..." */
} account;

/* Up to two headers besides; NULL: none. A body goes as JSON unless `type` says otherwise. */
static inline nps_test_answer send_with(const char *auth, const char *extra, const char *type, const char *method, const char *path,
                                        const void *body, size_t n)
{
    char url[4300], content[100];
    const char *headers[5];
    size_t h = 0;
    snprintf(url, sizeof url, "%s%s", main_server.url, path);
    snprintf(content, sizeof content, "Content-Type: %s", type ? type : "application/json");
    if (auth && *auth)
        headers[h++] = auth;
    if (extra)
        headers[h++] = extra;
    if (body)
        headers[h++] = content;
    headers[h] = NULL;
    return nps_test_http(method, url, headers, body, n);
}

static inline nps_test_answer send_json(const char *auth, const char *extra, const char *method, const char *path, const char *json)
{
    return send_with(auth, extra, NULL, method, path, json, json ? strlen(json) : 0);
}

/* The text that follows `before`, up to its quote. */
static inline void text_after(const char *body, const char *before, char *to, size_t size)
{
    const char *at = body ? strstr(body, before) : NULL;
    if (!at) {
        print_error("'%s' is not in: %.600s\n", before, body ? body : "");
        fail();
        return;
    }
    at += strlen(before);
    snprintf(to, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* Sends JSON, expects the status, takes one text of the answer. */
static inline void tell(const char *auth, const char *method, const char *path, const char *json, long status, const char *before, char *to,
                        size_t size)
{
    nps_test_answer a = send_json(auth, NULL, method, path, json);
    if (a.status != status)
        print_error("%s %s: status %ld, expected %ld: %.500s\n", method, path, a.status, status, a.body);
    assert_int_equal(a.status, status);
    if (before)
        text_after(a.body, before, to, size);
    nps_test_answer_done(&a);
}

static inline void make_organisation(const char *name, char *id, size_t size)
{
    char json[200];
    snprintf(json, sizeof json, "{\"name\":\"%s\"}", name);
    tell(bearer_of[NPS_TEST_ADMIN], "POST", "/v1/organisations", json, 201, "\"id\":\"", id, size);
}

static inline void make_token(account *a, const char *opt_scopes)
{
    char json[300], path[100], token[130];
    snprintf(path, sizeof path, "/v1/members/%s/tokens", a->member);
    snprintf(json, sizeof json, opt_scopes ? "{\"days\":30,\"scopes\":\"%s\"}" : "{\"days\":30}", opt_scopes);
    nps_test_answer got = send_json(bearer_of[NPS_TEST_ADMIN], NULL, "POST", path, json);
    assert_int_equal(got.status, 201);
    text_after(got.body, "\"id\":\"", a->token_id, sizeof a->token_id);
    text_after(got.body, "\"token\":\"", token, sizeof token);
    snprintf(a->auth, sizeof a->auth, "Authorization: Bearer %s", token);
    nps_test_answer_done(&got);
}

/* A member of a->organisation with a token of all usual scopes; a password where one is given. */
static inline void make_member(account *a, const char *login, const char *roles, const char *opt_password)
{
    char json[500];
    snprintf(json, sizeof json, "{\"organisation\":\"%s\",\"login\":\"%s\",\"roles\":\"%s\"%s%s%s}", a->organisation, login, roles,
             opt_password ? ",\"password\":\"" : "", opt_password ? opt_password : "", opt_password ? "\"" : "");
    tell(bearer_of[NPS_TEST_ADMIN], "POST", "/v1/members", json, 201, "\"id\":\"", a->member, sizeof a->member);
    make_token(a, NULL);
}

static inline void give_memorandum(const char *organisation, const char *reference)
{
    char json[300];
    snprintf(json, sizeof json, "{\"reference\":\"%s\",\"organisation\":\"%s\",\"title\":\"terms\",\"valid_from\":\"2020-01-01\"}", reference,
             organisation);
    tell(bearer_of[NPS_TEST_ADMIN], "POST", "/v1/memoranda", json, 201, NULL, NULL, 0);
}

/* Who a bearer is. */
static inline void who_is(const char *auth, account *a)
{
    nps_test_answer got = send_json(auth, NULL, "GET", "/v1/session", NULL);
    assert_int_equal(got.status, 200);
    text_after(got.body, "\"member\":\"", a->member, sizeof a->member);
    text_after(got.body, "\"organisation\":\"", a->organisation, sizeof a->organisation);
    snprintf(a->auth, sizeof a->auth, "%.199s", auth);
    nps_test_answer_done(&got);
}

/* Changes rows of the store; the service may run. Returns how many. */
static inline int store_sql(const char *sql)
{
    char path[400];
    sqlite3 *db;
    char *why = NULL;
    snprintf(path, sizeof path, "%s/store/npswatch.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        print_error("%s: %s\n", sql, why);
        fail();
    }
    int n = sqlite3_total_changes(db);
    sqlite3_close(db);
    return n;
}

/* One text of the store; "" when there is none. */
static inline void store_text(const char *sql, char *to, size_t size)
{
    char path[400];
    sqlite3 *db;
    sqlite3_stmt *q;
    snprintf(path, sizeof path, "%s/store/npswatch.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    *to = '\0';
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0))
        snprintf(to, size, "%s", (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* The one JSON problem or object with its request id taken out, as that alone may differ. */
static inline void without_request_id(char *body)
{
    char *at = strstr(body, "\"request_id\":\"");
    if (at)
        memset(at + 14, '-', strcspn(at + 14, "\""));
}

#endif
