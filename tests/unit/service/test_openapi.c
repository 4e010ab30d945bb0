/* The description of the interface against the table of routes: what one says, the other says too. */
#include "tests/support/nps_test.h"

#include "service/json_read.h"
#include "service/route.h"

static nps_json *doc;

static const char *const methods[] = {"get", "post", "patch", "delete"};
enum { N_METHOD = 4 };

/* --- finding one's way ----------------------------------------------------------------------------------------------------------- */

/* What "#/components/..." names; NULL when there is nothing. */
static const nps_json *resolve(const char *ref)
{
    const nps_json *at = doc;
    nps_span rest = nps_span_of(ref), word;
    if (strncmp(ref, "#/", 2) != 0)
        return NULL;
    rest.p++, rest.n--;
    while (at && nps_span_token(&rest, "/", &word)) {
        char key[80];
        snprintf(key, sizeof key, "%.*s", (int)word.n, word.p);
        at = nps_json_member(at, key);
    }
    return at;
}

/* The value itself, behind a $ref. */
static const nps_json *follow(const nps_json *j)
{
    const char *ref = nps_json_text(j, "$ref");
    return ref ? resolve(ref) : j;
}

/* "/v1/samples/{id}" as the table writes it: "/v1/samples/{}". */
static void bare(const char *path, char *out, size_t size)
{
    size_t n = 0;
    for (bool inside = false; *path && n + 1 < size; path++) {
        inside = inside && *path != '}';
        if (!inside)
            out[n++] = *path;
        inside |= *path == '{';
    }
    out[n] = '\0';
}

/* The operation of a route; NULL when the document has none. */
static const nps_json *operation_of(const nps_route *r)
{
    const nps_json *paths = nps_json_member(doc, "paths");
    char key[120], method[8] = "";
    for (size_t i = 0; r->method[i] && i < sizeof method - 1; i++)
        method[i] = (char)(r->method[i] | 0x20);
    for (size_t i = 0; nps_json_key(paths, i); i++) {
        bare(nps_json_key(paths, i), key, sizeof key);
        if (strcmp(key, r->pattern) == 0)
            return nps_json_member(nps_json_member(paths, nps_json_key(paths, i)), method);
    }
    return NULL;
}

/* Every route that is part of the interface: all but the files of the page. */
static bool is_described(const nps_route *r)
{
    return strcmp(r->pattern, "/{}") != 0;
}

typedef void visit(const nps_route *r, const nps_json *operation);
static void for_each_route(visit *v)
{
    size_t n;
    const nps_route *t = nps_route_table(&n);
    for (size_t i = 0; i < n; i++) {
        const nps_json *o = is_described(&t[i]) ? operation_of(&t[i]) : NULL;
        if (o)
            v(&t[i], o);
    }
}

static void differ(const nps_route *r, const char *what)
{
    print_error("%s %s: the document and the table differ in %s\n", r->method, r->pattern, what);
    fail();
}

static bool has_text(const nps_json *array, const char *text)
{
    for (size_t i = 0; i < nps_json_count(array); i++) {
        const char *item = nps_json_item_text(array, i);
        if (item && strcmp(item, text) == 0)
            return true;
    }
    return false;
}

static size_t count_words(const char *text)
{
    nps_span rest = nps_span_of(text), word;
    size_t n = 0;
    while (nps_span_token(&rest, " ", &word))
        n++;
    return n;
}

/* --- the tests --------------------------------------------------------------------------------------------------------------------- */

static void every_route_has_its_operation_and_every_operation_its_route(void **state)
{
    (void)state;
    size_t n, described = 0, operations = 0;
    const nps_route *t = nps_route_table(&n);
    const nps_json *paths = nps_json_member(doc, "paths");
    for (size_t i = 0; i < n; i++) {
        if (!is_described(&t[i]))
            continue;
        described++;
        if (!operation_of(&t[i]))
            differ(&t[i], "that only the table has it");
    }
    for (size_t i = 0; nps_json_key(paths, i); i++)
        for (size_t m = 0; m < N_METHOD; m++)
            operations += nps_json_member(nps_json_member(paths, nps_json_key(paths, i)), methods[m]) != NULL;
    assert_int_equal(operations, described);
}

static void check_access(const nps_route *r, const nps_json *o)
{
    const nps_json *roles = nps_json_member(o, "x-npswatch-roles"), *sees = nps_json_member(o, "x-npswatch-sees-all");
    const char *scope = nps_json_text(o, "x-npswatch-scope"), *open = nps_json_text(o, "x-npswatch-open");
    size_t n = 0, n_sees = 0;
    for (int k = 0; k < NPS_ROLE_COUNT; k++) {
        const char *name = nps_role_name((nps_role)(1 << k));
        n += (size_t)(r->roles >> k & 1);
        n_sees += (size_t)(r->sees_all >> k & 1);
        if (has_text(roles, name) != (r->roles >> k & 1))
            differ(r, "x-npswatch-roles");
        if (has_text(sees, name) != (r->sees_all >> k & 1))
            differ(r, "x-npswatch-sees-all");
    }
    if (nps_json_count(roles) != n || nps_json_count(sees) != n_sees)
        differ(r, "the number of roles");
    if (!r->scope != !scope || (scope && strcmp(scope, nps_scope_name((nps_scope)r->scope)) != 0))
        differ(r, "x-npswatch-scope");
    const char *want = r->open & NPS_OPEN_TO_ALL      ? "all"
                       : r->open & NPS_OPEN_BY_CONFIG ? "config"
                       : r->open & NPS_OPEN_LOCALLY   ? "local"
                                                      : NULL;
    if (!want != !open || (want && strcmp(want, open) != 0))
        differ(r, "x-npswatch-open");
}

/* {} where it is open; else, and where saying who one is makes a difference, a token, or a session and for changes its CSRF token. */
static void check_security(const nps_route *r, const nps_json *o)
{
    const nps_json *list = nps_json_member(o, "security");
    size_t at = 0;
    if (r->open) {
        const nps_json *nobody = nps_json_item(list, at++);
        if (!nps_json_is_object(nobody) || nps_json_key(nobody, 0))
            differ(r, "security: it is open");
        if (r->open & NPS_OPEN_TO_ALL && nps_json_count(list) == at)
            return;
    }
    const nps_json *token = nps_json_item(list, at), *session = nps_json_item(list, at + 1);
    bool changes = strcmp(r->method, "GET") != 0;
    if (nps_json_count(list) != at + 2 || !nps_json_member(token, "token") || nps_json_key(token, 1) || !nps_json_member(session, "session") ||
        changes != (nps_json_member(session, "csrf") != NULL))
        differ(r, "security");
}

static void check_parameters(const nps_route *r, const nps_json *o)
{
    const nps_json *list = nps_json_member(o, "parameters");
    size_t n_query = 0, n_path = 0, n_pattern = 0;
    bool if_match = false;
    for (const char *p = r->pattern; *p; p++)
        n_pattern += *p == '{';
    for (size_t i = 0; i < nps_json_count(list); i++) {
        const nps_json *p = follow(nps_json_item(list, i));
        const char *name = nps_json_text(p, "name"), *in = nps_json_text(p, "in");
        if (!name || !in || !nps_json_member(p, "schema"))
            differ(r, "a parameter without name, place or schema");
        n_path += strcmp(in, "path") == 0;
        n_query += strcmp(in, "query") == 0;
        if_match |= strcmp(name, "If-Match") == 0;
        if (strcmp(in, "query") == 0 && !nps_route_knows(r, name))
            differ(r, name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, nps_json_text(follow(nps_json_item(list, k)), "name")) == 0)
                differ(r, "a parameter that is named twice");
    }
    if (n_query != count_words(r->parameters) || n_path != n_pattern)
        differ(r, "the number of parameters");
    if (if_match != (nps_json_member(nps_json_member(o, "responses"), "428") != NULL))
        differ(r, "If-Match and 428");
}

/* The fields of a form are the query's parameters but the name of a raw file. */
static void check_form(const nps_route *r, const nps_json *body)
{
    const nps_json *form = nps_json_member(nps_json_member(body, "content"), "multipart/form-data");
    const nps_json *fields = nps_json_member(nps_json_member(form, "schema"), "properties");
    size_t n = 0;
    if (!form)
        return;
    for (size_t i = 0; nps_json_key(fields, i); i++) {
        const char *key = nps_json_key(fields, i);
        bool is_files = strcmp(key, "files") == 0;
        n += !is_files;
        if (!is_files && !nps_route_knows(r, key))
            differ(r, key);
    }
    if (n != count_words(r->parameters) - 1 || !nps_route_knows(r, "file"))
        differ(r, "the fields of the form");
}

static void check_body(const nps_route *r, const nps_json *o)
{
    const nps_json *body = follow(nps_json_member(o, "requestBody")), *responses = nps_json_member(o, "responses");
    double max = 0;
    nps_json_number(o, "x-npswatch-max-body", &max);
    if (!body != !r->max_body || (size_t)max != r->max_body)
        differ(r, "requestBody or x-npswatch-max-body");
    if (body && (!nps_json_member(body, "content") || !nps_json_member(responses, "413")))
        differ(r, "requestBody without content or 413");
    if (body)
        check_form(r, body);
}

static void check_responses(const nps_route *r, const nps_json *o)
{
    const nps_json *responses = nps_json_member(o, "responses");
    bool good = false, open = r->open & NPS_OPEN_TO_ALL;
    for (size_t i = 0; nps_json_key(responses, i); i++) {
        const char *status = nps_json_key(responses, i);
        const nps_json *one = follow(nps_json_member(responses, status));
        if (!nps_json_text(one, "description"))
            differ(r, "a response without description");
        good |= *status == '2';
        bool is_problem = nps_json_member(nps_json_member(one, "content"), "application/problem+json") != NULL;
        if (is_problem != (*status == '4' || *status == '5' || *status == 'd'))
            differ(r, status);
    }
    if (!good || !nps_json_member(responses, "default") || !nps_json_member(responses, "401") ||
        open == (nps_json_member(responses, "403") != NULL))
        differ(r, "responses");
}

static void access_parameters_bodies_and_answers_agree(void **state)
{
    (void)state;
    for_each_route(check_access);
    for_each_route(check_security);
    for_each_route(check_parameters);
    for_each_route(check_body);
    for_each_route(check_responses);
}

static const char *seen[200];
static size_t n_seen;
static void note_id(const nps_route *r, const nps_json *o)
{
    const char *id = nps_json_text(o, "operationId");
    if (!id || !nps_json_text(o, "summary") || !nps_json_count(nps_json_member(o, "tags")))
        differ(r, "operationId, summary or tags");
    for (size_t i = 0; i < n_seen; i++)
        if (strcmp(seen[i], id) == 0)
            differ(r, id);
    assert_true(n_seen < sizeof seen / sizeof *seen);
    seen[n_seen++] = id;
}

static void every_operation_has_a_name_of_its_own(void **state)
{
    (void)state;
    n_seen = 0;
    for_each_route(note_id);
    assert_true(n_seen > 50);
}

static size_t n_ref;
static const char *used[2000];
static void check_refs(const nps_json *j)
{
    const char *ref = nps_json_text(j, "$ref");
    if (ref) {
        if (!resolve(ref)) {
            print_error("nothing is at %s\n", ref);
            fail();
        }
        assert_true(n_ref < sizeof used / sizeof *used);
        used[n_ref++] = ref;
    }
    for (size_t i = 0; nps_json_key(j, i); i++)
        check_refs(nps_json_member(j, nps_json_key(j, i)));
    for (size_t i = 0; i < nps_json_count(j); i++)
        check_refs(nps_json_item(j, i));
}

static void every_reference_leads_somewhere_and_every_component_is_used(void **state)
{
    (void)state;
    static const char *const parts[] = {"parameters", "headers", "requestBodies", "responses", "schemas"};
    n_ref = 0;
    check_refs(doc);
    assert_true(n_ref > 300);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        const nps_json *part = nps_json_member(nps_json_member(doc, "components"), parts[p]);
        for (size_t i = 0; nps_json_key(part, i); i++) {
            char ref[160];
            bool found = false;
            snprintf(ref, sizeof ref, "#/components/%s/%s", parts[p], nps_json_key(part, i));
            for (size_t k = 0; k < n_ref && !found; k++)
                found = strcmp(used[k], ref) == 0;
            if (!found)
                print_error("%s is used nowhere\n", ref);
            assert_true(found);
        }
    }
}

static void the_names_of_roles_scopes_and_the_cookie_are_ours(void **state)
{
    (void)state;
    const nps_json *schemas = resolve("#/components/schemas"), *role = nps_json_member(nps_json_member(schemas, "Role"), "enum"),
                   *scope = nps_json_member(nps_json_member(schemas, "Scope"), "enum");
    assert_int_equal(nps_json_count(role), NPS_ROLE_COUNT);
    for (int i = 0; i < NPS_ROLE_COUNT; i++)
        assert_true(has_text(role, nps_role_name((nps_role)(1 << i))));
    assert_int_equal(nps_json_count(scope), NPS_SCOPE_COUNT);
    for (int i = 0; i < NPS_SCOPE_COUNT; i++)
        assert_true(has_text(scope, nps_scope_name((nps_scope)(1 << i))));
    assert_string_equal(nps_json_text(doc, "openapi"), "3.1.0");
    assert_string_equal(nps_json_text(nps_json_member(doc, "info"), "version"), NPS_VERSION);
}

static int load(void **state)
{
    (void)state;
    size_t len;
    nps_err err = {0};
    char *text = nps_slurp(NPS_SOURCE_DIR "/service/openapi.json", &len);
    if (!text)
        return 1;
    nps_status st = nps_json_read(text, len, (size_t)4 << 20, &doc, &err);
    if (st != NPS_OK)
        print_error("openapi.json, line %zu: %s\n", err.line, err.msg);
    free(text);
    return st != NPS_OK;
}

static int unload(void **state)
{
    (void)state;
    nps_json_free(doc);
    return 0;
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_route_has_its_operation_and_every_operation_its_route),
                                       cmocka_unit_test(access_parameters_bodies_and_answers_agree),
                                       cmocka_unit_test(every_operation_has_a_name_of_its_own),
                                       cmocka_unit_test(every_reference_leads_somewhere_and_every_component_is_used),
                                       cmocka_unit_test(the_names_of_roles_scopes_and_the_cookie_are_ours)};
    return cmocka_run_group_tests(tests, load, unload);
}
