/* Who may do what: every route by every kind of caller, on his own things, on those of others and on things that do not exist,
 * over HTTP. The table is written by hand and knows nothing of the table of routes; a route without a row is a failure. */
#include "tests/support/accounts_fixture.h"

#include "service/archive_write.h"
#include "service/route.h"

enum { LAB = 1, PARTNER = 2, CURATOR = 4, COORDINATOR = 8, AUDITOR = 16, ADMIN = 32, EVERY = 63 };

/* Whose the thing is that a path names. */
typedef enum { NOBODY, OF_LAB, OF_PARTNER, OF_MEMBER } owner;

/* What stands in a path for a thing: {sample} {file} {batch} {notice} {contribution} {token} {member} {organisation}
 * {generation}. What is sent: "" an empty body, NULL none; %s in it is a text that was never used before. */
typedef struct {
    const char *method, *path;
    bool anonymous;
    unsigned roles;    /* who may call it */
    unsigned sees_all; /* of them, who sees whatever belongs to others too */
    const char *scope; /* what a token needs; NULL: none */
    owner of;
    int status;        /* the answer to who may */
    bool uses_up;      /* takes a new thing each time */
    const char *body, *type, *header;
} row;

#define SPECTRUM "@spectrum"
#define ARCHIVE "@archive"
#define ANY_VERSION "If-Match: *"

static const row rows[] = {
    {"GET", "/healthz", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/readyz", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/metrics", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL}, /* from this machine */
    {"GET", "/metrics", false, ADMIN, 0, "admin", NOBODY, 200, false, NULL, NULL, "X-Forwarded-For: 203.0.113.5"},
    {"GET", "/v1/library", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/library/entries/{entry}", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/control", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/feeds/advisories.atom", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/feeds/advisories.json", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},

    {"POST", "/v1/session", true, EVERY, 0, NULL, NOBODY, 201, false, "{\"login\":\"walker\",\"password\":\"walks every route\"}", NULL, NULL},
    {"GET", "/v1/session", false, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"DELETE", "/v1/session", false, EVERY, 0, NULL, NOBODY, 400, false, NULL, NULL, NULL}, /* a token has no session to end */
    {"POST", "/v1/password", false, EVERY, 0, "account", NOBODY, 400, false, "{\"new\":\"short\"}", NULL, NULL},
    {"GET", "/v1/tokens", false, EVERY, 0, "account", NOBODY, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/tokens", false, EVERY, 0, "account", NOBODY, 201, false, "{\"days\":1}", NULL, NULL},
    {"POST", "/v1/tokens/{token}/rotate", false, EVERY, 0, "account", OF_MEMBER, 201, true, "{}", NULL, NULL},
    {"DELETE", "/v1/tokens/{token}", false, EVERY, 0, "account", OF_MEMBER, 204, true, NULL, NULL, NULL},
    {"GET", "/v1/organisations", false, ADMIN | AUDITOR, ADMIN | AUDITOR, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/organisations", false, ADMIN, ADMIN, "admin", NOBODY, 201, false, "{\"name\":\"%s\"}", NULL, NULL},
    {"GET", "/v1/organisations/{organisation}", false, ADMIN | AUDITOR, ADMIN | AUDITOR, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"PATCH", "/v1/organisations/{organisation}", false, ADMIN, ADMIN, "admin", NOBODY, 200, false, "{\"name\":\"%s\"}", NULL, ANY_VERSION},
    {"GET", "/v1/members", false, ADMIN | AUDITOR, ADMIN | AUDITOR, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/members", false, ADMIN, ADMIN, "admin", NOBODY, 201, false,
     "{\"organisation\":\"@organisation\",\"login\":\"%s\",\"roles\":\"lab\"}", NULL, NULL},
    {"GET", "/v1/members/{member}", false, ADMIN | AUDITOR, ADMIN | AUDITOR, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"PATCH", "/v1/members/{member}", false, ADMIN, ADMIN, "admin", NOBODY, 200, false, "{\"roles\":\"lab\"}", NULL, ANY_VERSION},
    {"POST", "/v1/members/{member}/tokens", false, ADMIN, ADMIN, "admin", NOBODY, 201, false, "{\"days\":1}", NULL, NULL},
    {"GET", "/v1/memoranda", false, PARTNER | ADMIN | AUDITOR, ADMIN | AUDITOR, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/memoranda", false, ADMIN, ADMIN, "admin", NOBODY, 201, false,
     "{\"reference\":\"%s\",\"organisation\":\"@organisation\",\"title\":\"t\",\"valid_from\":\"2026-01-01\"}", NULL, NULL},

    {"POST", "/v1/identify", true, LAB | PARTNER | CURATOR | COORDINATOR, 0, "identify", NOBODY, 200, false, SPECTRUM, "text/plain", NULL},
    {"POST", "/v1/samples", false, LAB, 0, "samples:write", NOBODY, 201, false, SPECTRUM, "text/plain", NULL},
    {"GET", "/v1/samples", false, LAB, 0, "samples:read", NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/samples/{sample}", false, LAB, 0, "samples:read", OF_LAB, 200, false, NULL, NULL, NULL},
    {"DELETE", "/v1/samples/{sample}", false, LAB, 0, "samples:write", OF_LAB, 204, true, NULL, NULL, NULL},
    {"GET", "/v1/samples/{sample}/files/0", false, LAB, 0, "samples:read", OF_LAB, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/samples/{sample}/evaluations", false, LAB, 0, "samples:write", OF_LAB, 201, false, "", NULL, NULL},
    {"GET", "/v1/samples/{sample}/evaluations/0", false, LAB, 0, "samples:read", OF_LAB, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/batches", false, LAB, 0, "samples:write", NOBODY, 202, false, ARCHIVE, "application/zip", NULL},
    {"GET", "/v1/batches/{batch}", false, LAB, 0, "samples:read", OF_LAB, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/batches/{batch}/items", false, LAB, 0, "samples:read", OF_LAB, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/notices", false, LAB | PARTNER, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/notices/{notice}/read", false, LAB | PARTNER, 0, NULL, OF_LAB, 204, true, "", NULL, NULL},
    {"GET", "/v1/export", false, LAB | PARTNER, 0, "samples:read", NOBODY, 200, false, NULL, NULL, NULL},

    {"POST", "/v1/contributions?visibility=public&licence=CC0-1.0&memorandum=@memorandum", false, PARTNER, 0, "contributions:write", NOBODY, 202,
     false, SPECTRUM, "text/plain", NULL},
    {"GET", "/v1/contributions", false, PARTNER | CURATOR, CURATOR, "contributions:read", NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/contributions/{contribution}", false, PARTNER | CURATOR, CURATOR, "contributions:read", OF_PARTNER, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/contributions/{contribution}/files/0", false, PARTNER | CURATOR, CURATOR, "contributions:read", OF_PARTNER, 200, false, NULL, NULL,
     NULL},
    {"PATCH", "/v1/contributions/{contribution}", false, PARTNER, 0, "contributions:write", OF_PARTNER, 200, false, "{\"licence\":\"CC0-1.0\"}",
     NULL, ANY_VERSION},
    {"DELETE", "/v1/contributions/{contribution}", false, PARTNER, 0, "contributions:write", OF_PARTNER, 200, true, NULL, NULL, NULL},
    {"POST", "/v1/contributions/{contribution}/decision", false, CURATOR, CURATOR, "curate", OF_PARTNER, 200, true,
     "{\"decision\":\"reject\",\"reason\":\"a test\"}", NULL, ANY_VERSION},
    {"GET", "/v1/usage", false, PARTNER, 0, "contributions:read", NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/generations", false, CURATOR | ADMIN, CURATOR | ADMIN, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/generations/{generation}", false, CURATOR | ADMIN, CURATOR | ADMIN, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"POST", "/v1/generations", false, CURATOR, CURATOR, "curate", NOBODY, 202, false, "", NULL, NULL},
    {"POST", "/v1/generations/{generation}/activate", false, CURATOR, CURATOR, "curate", NOBODY, 200, false, "", NULL, NULL},

    {"GET", "/v1/cases", false, COORDINATOR, COORDINATOR, "cases", NOBODY, 200, false, NULL, NULL, NULL},

    {"GET", "/v1/audit", false, AUDITOR, AUDITOR, "audit", NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/audit/inclusion?index=0&size=1", false, AUDITOR, AUDITOR, "audit", NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/audit/consistency?from=1&size=2", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/audit/checkpoint", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/v1/audit/key", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},

    {"POST", "/v1/admin/reload", false, ADMIN, 0, "admin", NOBODY, 200, false, "", NULL, NULL},
    {"POST", "/v1/admin/retry", false, ADMIN, 0, "admin", NOBODY, 200, false, "", NULL, NULL},

    {"GET", "/openapi.json", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
    {"GET", "/{asset}", true, EVERY, 0, NULL, NOBODY, 200, false, NULL, NULL, NULL},
};
enum { N_ROW = sizeof rows / sizeof *rows };

/* --- callers ---------------------------------------------------------------------------------------------------------------- */

typedef enum {
    ANONYMOUS,
    THE_LAB,
    THE_PARTNER,
    THE_CURATOR,
    THE_COORDINATOR,
    THE_AUDITOR,
    THE_ADMIN,
    OTHER_LAB,
    OTHER_PARTNER,
    LAB_AND_CURATOR,
    EXPIRED,
    REVOKED,
    OF_CLOSED_MEMBER,
    OF_CLOSED_ORGANISATION,
    MALFORMED,
    SCOPELESS, /* the first role that may, all scopes but the one */
    N_CALLER
} caller;

static const char *const caller_names[N_CALLER] = {"anonymous",         "lab",           "partner",         "curator",
                                                   "coordinator",       "auditor",       "admin",           "another lab",
                                                   "another partner",   "a lab's curator", "an expired token", "a revoked token",
                                                   "a closed member's", "a closed organisation's", "a malformed token", "a token without the scope"};
static const char *const scopes[] = {"identify", "samples:read", "samples:write", "contributions:read", "contributions:write",
                                     "curate",   "cases",        "audit",         "admin",              "account"};
enum { N_SCOPE = sizeof scopes / sizeof *scopes, N_ROLE = 6 };

static account by[N_CALLER], scopeless[N_ROLE][N_SCOPE];
static char unknown_id[] = "0123456789abcdef0123456789abcdef", unknown_account[] = "0123456789abcdef";
static char sample_id[40], batch_id[40], organisation_id[40], member_id[40], generation_id[40], contribution_id[40];
static char spectrum[4000];
static size_t spectrum_len;
static nps_buf archive;
static int unique;

static unsigned roles_of(caller c)
{
    static const unsigned roles[N_CALLER] = {[THE_LAB] = LAB,       [THE_PARTNER] = PARTNER,     [THE_CURATOR] = CURATOR,
                                             [THE_COORDINATOR] = COORDINATOR, [THE_AUDITOR] = AUDITOR, [THE_ADMIN] = ADMIN,
                                             [OTHER_LAB] = LAB,     [OTHER_PARTNER] = PARTNER,   [LAB_AND_CURATOR] = LAB | CURATOR};
    return roles[c];
}

static bool is_dead(caller c)
{
    return c >= EXPIRED && c <= MALFORMED;
}

/* What the table says about a caller and a thing. */
static int expected(const row *r, caller c, bool exists)
{
    if (is_dead(c))
        return 401;
    if (c == ANONYMOUS && !r->anonymous)
        return 401;
    if (c == SCOPELESS)
        return 403;
    unsigned roles = roles_of(c);
    if (c != ANONYMOUS && !(roles & r->roles))
        return 403;
    bool names_a_thing = strchr(r->path, '{') != NULL;
    if (names_a_thing && !exists)
        return 404;
    bool mine = r->of == NOBODY || (r->of == OF_LAB && c == THE_LAB) || (r->of == OF_PARTNER && c == THE_PARTNER) ||
                (r->of == OF_MEMBER && c == THE_LAB) || roles & r->sees_all;
    return mine ? r->status : 404;
}

/* --- things ----------------------------------------------------------------------------------------------------------------- */

static void new_sample(char *id, size_t size)
{
    nps_test_answer a = send_with(by[THE_LAB].auth, NULL, "text/plain", "POST", "/v1/samples", spectrum, spectrum_len);
    assert_int_equal(a.status, 201);
    text_after(a.body, "\"id\":\"", id, size);
    nps_test_answer_done(&a);
}

static void new_contribution(char *id, size_t size)
{
    char sql[200];
    nps_test_answer a = send_with(by[THE_PARTNER].auth, NULL, "text/plain", "POST",
                                  "/v1/contributions?visibility=public&licence=CC0-1.0&memorandum=M-1", spectrum, spectrum_len);
    assert_int_equal(a.status, 202);
    text_after(a.body, "\"id\":\"", id, size);
    nps_test_answer_done(&a);
    snprintf(sql, sizeof sql, "UPDATE contributions SET state='checked' WHERE id='%s'", id);
    store_sql(sql);
}

static void thing(const row *r, const char *name, bool exists, char *to, size_t size)
{
    bool fresh = r->uses_up && exists;
    if (strcmp(name, "entry") == 0) {
        snprintf(to, size, "%s", exists ? "0" : "99999999");
    } else if (strcmp(name, "asset") == 0) {
        snprintf(to, size, "%s", exists ? "app.js" : "none.js");
    } else if (!exists) {
        bool is_account = strcmp(name, "token") == 0 || strcmp(name, "member") == 0 || strcmp(name, "organisation") == 0;
        snprintf(to, size, "%s", strcmp(name, "notice") == 0 ? "99999999" : is_account ? unknown_account : unknown_id);
    } else if (strcmp(name, "sample") == 0) {
        if (fresh)
            new_sample(to, size);
        else
            snprintf(to, size, "%s", sample_id);
    } else if (strcmp(name, "contribution") == 0) {
        if (fresh)
            new_contribution(to, size);
        else
            snprintf(to, size, "%s", contribution_id);
    } else if (strcmp(name, "token") == 0) {
        account a = by[THE_LAB];
        make_token(&a, NULL);
        snprintf(to, size, "%s", a.token_id);
    } else if (strcmp(name, "notice") == 0) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "INSERT INTO notices(organisation,kind,subject,created_ms,read_ms,data) VALUES('%s','verdict-changed','s',1,0,'{}')",
                 by[THE_LAB].organisation);
        store_sql(sql);
        store_text("SELECT max(id) FROM notices", to, size);
    } else {
        snprintf(to, size, "%s", strcmp(name, "batch") == 0          ? batch_id
                                 : strcmp(name, "member") == 0       ? member_id
                                 : strcmp(name, "organisation") == 0 ? organisation_id
                                                                     : generation_id);
    }
}

/* Text with {things} and @words filled in. */
static void fill(const row *r, const char *text, caller c, bool exists, nps_buf *out)
{
    static const char organisation[] = "@organisation", memorandum[] = "@memorandum";
    while (*text) {
        char name[32], value[80];
        if (*text == '{' && r->path <= text && text < r->path + strlen(r->path)) {
            size_t n = strcspn(text, "}");
            snprintf(name, sizeof name, "%.*s", (int)n - 1, text + 1);
            thing(r, name, exists, value, sizeof value);
            nps_buf_puts(out, value);
            text += n + 1;
        } else if (strncmp(text, organisation, strlen(organisation)) == 0) {
            nps_buf_puts(out, organisation_id);
            text += strlen(organisation);
        } else if (strncmp(text, memorandum, strlen(memorandum)) == 0) {
            nps_buf_puts(out, c == OTHER_PARTNER ? "M-2" : "M-1");
            text += strlen(memorandum);
        } else if (strncmp(text, "%s", 2) == 0) {
            nps_buf_printf(out, "walk-%d", ++unique);
            text += 2;
        } else {
            nps_buf_putc(out, *text++);
        }
    }
}

static const char *auth_of(const row *r, caller c)
{
    if (c != SCOPELESS)
        return by[c].auth;
    int role = 0, scope = 0;
    while (!(r->roles & 1u << role))
        role++;
    while (strcmp(scopes[scope], r->scope) != 0)
        scope++;
    account *a = &scopeless[role][scope];
    if (!*a->auth) {
        char list[300] = "";
        for (int i = 0; i < N_SCOPE; i++)
            if (i != scope)
                snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? " " : "", scopes[i]);
        *a = by[THE_LAB + role];
        make_token(a, list);
    }
    return a->auth;
}

static nps_test_answer call(const row *r, caller c, bool exists)
{
    NPS_AUTO_BUF path = NPS_BUF_INIT(2000);
    NPS_AUTO_BUF body = NPS_BUF_INIT(4000);
    nps_buf_puts(&path, "");
    fill(r, r->path, c, exists, &path);
    const char *auth = auth_of(r, c);
    if (!r->body)
        return send_with(auth, r->header, r->type, r->method, path.data, NULL, 0);
    if (strcmp(r->body, SPECTRUM) == 0)
        return send_with(auth, r->header, r->type, r->method, path.data, spectrum, spectrum_len);
    if (strcmp(r->body, ARCHIVE) == 0)
        return send_with(auth, r->header, r->type, r->method, path.data, archive.data, archive.len);
    nps_buf_puts(&body, "");
    fill(r, r->body, c, exists, &body);
    return send_with(auth, r->header, r->type, r->method, path.data, body.data ? body.data : "", body.len);
}

/* --- tests ------------------------------------------------------------------------------------------------------------------ */

/* "/v1/samples/{sample}/files/0?x=y" as the table of routes writes it. */
static bool is_row_of(const row *r, const nps_route *route)
{
    NPS_AUTO_BUF path = NPS_BUF_INIT(2000);
    char param[2][NPS_PARAM_MAX];
    const char *allow, *end = r->path + strcspn(r->path, "?");
    for (const char *p = r->path; p < end; p++)
        nps_buf_putc(&path, *p == '{' || *p == '}' ? '-' : *p);
    return nps_route_find(r->method, path.data, param, &allow) == route;
}

static void every_route_has_a_row_and_every_row_a_route(void **state)
{
    (void)state;
    size_t n, missing = 0;
    const nps_route *route = nps_route_table(&n);
    bool used[N_ROW] = {false};
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < N_ROW; k++)
            if (is_row_of(&rows[k], &route[i]))
                found = used[k] = true;
        if (!found)
            print_error("no row says who may call %s %s\n", route[i].method, route[i].pattern);
        missing += !found;
    }
    for (size_t k = 0; k < N_ROW; k++)
        if (!used[k]) {
            print_error("no route is %s %s\n", rows[k].method, rows[k].path);
            missing++;
        }
    assert_int_equal(missing, 0);
}

static void the_matrix_holds(void **state)
{
    (void)state;
    size_t cells = 0, wrong = 0, routes;
    (void)nps_route_table(&routes);
    for (size_t i = 0; i < N_ROW; i++)
        for (caller c = ANONYMOUS; c < N_CALLER; c++)
            for (int exists = 1; exists >= 0; exists--) {
                const row *r = &rows[i];
                if ((!exists && !strchr(r->path, '{')) || (c == SCOPELESS && !r->scope))
                    continue;
                nps_test_answer a = call(r, c, exists);
                int want = expected(r, c, exists);
                cells++;
                if (a.status != want) {
                    print_error("%s %s by %s%s: %ld, expected %d: %.200s\n", r->method, r->path, caller_names[c], exists ? "" : " (no such thing)",
                                a.status, want, a.body);
                    wrong++;
                }
                nps_test_answer_done(&a);
            }
    printf("matrix: %zu routes, %d rows, %d callers, %zu cells\n", routes, N_ROW, N_CALLER, cells);
    assert_int_equal(wrong, 0);
}

/* Who may use a route, but not on this thing, cannot tell it from one that does not exist. */
static void things_of_others_are_not_there(void **state)
{
    (void)state;
    size_t pairs = 0;
    store_sql("DELETE FROM tokens WHERE used_day=''"); /* what the matrix has made for each of its cells */
    for (size_t i = 0; i < N_ROW; i++)
        for (caller c = THE_LAB; c <= LAB_AND_CURATOR; c++) {
            const row *r = &rows[i];
            if (r->of == NOBODY || !(roles_of(c) & r->roles) || expected(r, c, true) != 404)
                continue;
            nps_test_answer a = call(r, c, true), b = call(r, c, false);
            assert_int_equal(a.status, 404);
            assert_int_equal(b.status, 404);
            without_request_id(a.body);
            without_request_id(b.body);
            assert_string_equal(a.body, b.body);
            nps_test_answer_done(&a);
            nps_test_answer_done(&b);
            pairs++;
        }
    printf("%zu pairs of another's thing and none are alike\n", pairs);
    assert_true(pairs > 20);
}

/* Lists show what is one's own, whoever else has something. */
static void lists_show_ones_own(void **state)
{
    (void)state;
    static const struct {
        const char *path, *thing;
        caller owner, other, all; /* all: who sees it without owning it; ANONYMOUS: nobody */
    } lists[] = {{"/v1/samples?limit=200", sample_id, THE_LAB, OTHER_LAB, ANONYMOUS},
                 {"/v1/contributions?limit=200", contribution_id, THE_PARTNER, OTHER_PARTNER, THE_CURATOR},
                 {"/v1/memoranda", "\"M-1\"", THE_PARTNER, OTHER_PARTNER, THE_AUDITOR},
                 {"/v1/notices", "\"verdict-changed\"", THE_LAB, OTHER_LAB, ANONYMOUS}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        expect(send_json(by[lists[i].owner].auth, NULL, "GET", lists[i].path, NULL), 200, lists[i].thing);
        nps_test_answer a = send_json(by[lists[i].other].auth, NULL, "GET", lists[i].path, NULL);
        assert_int_equal(a.status, 200);
        assert_null(strstr(a.body, lists[i].thing));
        nps_test_answer_done(&a);
        if (lists[i].all != ANONYMOUS)
            expect(send_json(by[lists[i].all].auth, NULL, "GET", lists[i].path, NULL), 200, lists[i].thing);
    }
    nps_test_answer own = send_json(by[THE_PARTNER].auth, NULL, "GET", "/v1/export", NULL),
                    other = send_json(by[OTHER_PARTNER].auth, NULL, "GET", "/v1/export", NULL);
    assert_non_null(memmem(own.body, own.len, contribution_id, strlen(contribution_id)));
    assert_null(memmem(own.body, own.len, sample_id, strlen(sample_id)));
    assert_null(memmem(other.body, other.len, contribution_id, strlen(contribution_id)));
    nps_test_answer_done(&own);
    nps_test_answer_done(&other);
}

static int walk_set_up(void **state)
{
    static const char *const options[] = {"--checkpoint-s", "1", NULL};
    (void)state;
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    nps_test_demo(dir);
    nps_test_serve(&main_server, dir, options);
    for (int i = 0; i < NPS_TEST_LOGINS; i++) {
        snprintf(bearer_of[i], sizeof bearer_of[i], "Authorization: Bearer %s", main_server.token[i]);
        who_is(bearer_of[i], &by[THE_LAB + i]);
    }
    size_t len;
    char *text = sample("known-ei.msp", &len);
    assert_true(len < sizeof spectrum);
    memcpy(spectrum, text, len);
    spectrum_len = len;
    NPS_AUTO(nps_zip) zip = NULL;
    archive = NPS_BUF_INIT(1 << 20);
    assert_ok(nps_zip_new(1 << 20, &zip, NULL), NULL);
    assert_ok(nps_zip_add(zip, "a.msp", (nps_span){text, len}, NULL), NULL);
    assert_ok(nps_zip_end(zip, &archive, NULL), NULL);
    free(text);

    account walker = by[THE_LAB], spare = by[THE_LAB];
    make_member(&walker, "walker", "lab", "walks every route");
    make_member(&spare, "spare", "lab", NULL);
    snprintf(member_id, sizeof member_id, "%s", spare.member);
    make_organisation("Spare", organisation_id, sizeof organisation_id);
    make_organisation("Second laboratory", by[OTHER_LAB].organisation, sizeof by->organisation);
    make_member(&by[OTHER_LAB], "lab2", "lab", NULL);
    make_organisation("Second partner", by[OTHER_PARTNER].organisation, sizeof by->organisation);
    make_member(&by[OTHER_PARTNER], "partner2", "partner", NULL);
    by[LAB_AND_CURATOR] = by[OTHER_LAB];
    make_member(&by[LAB_AND_CURATOR], "lab2curator", "lab curator", NULL);
    make_token(&by[OTHER_LAB], "identify samples:read samples:write contributions:read contributions:write curate cases audit admin account");
    make_token(&by[OTHER_PARTNER], "identify samples:read samples:write contributions:read contributions:write curate cases audit admin account");
    make_token(&by[LAB_AND_CURATOR], "identify samples:read samples:write contributions:read contributions:write curate cases audit admin account");
    give_memorandum(by[THE_PARTNER].organisation, "M-1");
    give_memorandum(by[OTHER_PARTNER].organisation, "M-2");

    char sql[300], path[100];
    by[EXPIRED] = by[REVOKED] = by[THE_LAB];
    make_token(&by[EXPIRED], NULL);
    snprintf(sql, sizeof sql, "UPDATE tokens SET expires_ms=1000 WHERE id='%s'", by[EXPIRED].token_id);
    assert_int_equal(store_sql(sql), 1);
    make_token(&by[REVOKED], NULL);
    snprintf(path, sizeof path, "/v1/tokens/%s", by[REVOKED].token_id);
    expect(send_json(by[THE_LAB].auth, NULL, "DELETE", path, NULL), 204, NULL);
    by[OF_CLOSED_MEMBER] = by[THE_LAB];
    make_member(&by[OF_CLOSED_MEMBER], "gone", "lab", NULL);
    snprintf(path, sizeof path, "/v1/members/%s", by[OF_CLOSED_MEMBER].member);
    expect(send_json(by[THE_ADMIN].auth, ANY_VERSION, "PATCH", path, "{\"state\":\"closed\"}"), 200, "closed");
    make_organisation("Closed", by[OF_CLOSED_ORGANISATION].organisation, sizeof by->organisation);
    make_member(&by[OF_CLOSED_ORGANISATION], "shut", "lab", NULL);
    snprintf(path, sizeof path, "/v1/organisations/%s", by[OF_CLOSED_ORGANISATION].organisation);
    expect(send_json(by[THE_ADMIN].auth, ANY_VERSION, "PATCH", path, "{\"state\":\"closed\"}"), 200, "closed");
    snprintf(by[MALFORMED].auth, sizeof by->auth, "Authorization: Bearer nps_");

    new_sample(sample_id, sizeof sample_id);
    new_contribution(contribution_id, sizeof contribution_id);
    nps_test_answer a = send_with(by[THE_LAB].auth, NULL, "application/zip", "POST", "/v1/batches", archive.data, archive.len);
    assert_int_equal(a.status, 202);
    text_after(a.body, "\"id\":\"", batch_id, sizeof batch_id);
    nps_test_answer_done(&a);
    store_text("SELECT generation FROM active_generation", generation_id, sizeof generation_id);
    for (int i = 0; i < 500; i++, usleep(20000)) {
        a = send_json(NULL, NULL, "GET", "/v1/audit/checkpoint", NULL);
        long status = a.status;
        nps_test_answer_done(&a);
        if (status == 200)
            return 0;
    }
    return 1;
}

static int walk_tear_down(void **state)
{
    (void)state;
    nps_test_stop(&main_server, SIGTERM);
    nps_buf_done(&archive);
    return 0;
}

int main(void)
{
    if (!fixture_starts())
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_route_has_a_row_and_every_row_a_route), cmocka_unit_test(the_matrix_holds),
                                       cmocka_unit_test(things_of_others_are_not_there), cmocka_unit_test(lists_show_ones_own)};
    return cmocka_run_group_tests(tests, walk_set_up, walk_tear_down);
}
