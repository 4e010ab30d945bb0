/* POST, GET and DELETE /v1/session; POST /v1/password. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/auth.h"
#include "service/body.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/problem.h"

#include <string.h>

enum { PASSWORD_MIN = 12, PASSWORD_MAX = 200 };

static void put_names(nps_jw *w, const char *key, unsigned bits, int n, const char *(*name)(unsigned))
{
    nps_jw_array(w, key);
    for (int i = 0; i < n; i++)
        if (bits & 1u << i)
            nps_jw_str(w, NULL, name(1u << i));
    nps_jw_end(w);
}

static const char *role_name(unsigned bit) { return nps_role_name((nps_role)bit); }
static const char *scope_name(unsigned bit) { return nps_scope_name((nps_scope)bit); }

void nps_jw_roles(nps_jw *w, const char *key, unsigned roles)
{
    put_names(w, key, roles, NPS_ROLE_COUNT, role_name);
}

void nps_jw_scopes(nps_jw *w, const char *key, unsigned scopes)
{
    put_names(w, key, scopes, NPS_SCOPE_COUNT, scope_name);
}

/* A password hash costs 64 MiB and 0.1 s: two at a time, the others wait their turn. */
static nps_status verify(nps_app *app, const char *hash, const char *password, bool *ret_good, nps_err *err)
{
    unsigned slot;
    nps_status st = nps_gate_enter(app->login_gate, app->config.search_wait_ms, &slot, err);
    if (st != NPS_OK)
        return st;
    *ret_good = nps_password_verify(hash, password);
    nps_gate_leave(app->login_gate, slot);
    return NPS_OK;
}

nps_status nps_password_make(nps_app *app, const char *password, char ret_hash[static NPS_PASSWORD_HASH], nps_err *err)
{
    unsigned slot;
    if (strlen(password) < PASSWORD_MIN || strlen(password) > PASSWORD_MAX)
        return nps_fail(err, NPS_E_RANGE, "a password has %d to %d bytes", PASSWORD_MIN, PASSWORD_MAX);
    nps_status st = nps_gate_enter(app->login_gate, app->config.search_wait_ms, &slot, err);
    if (st != NPS_OK)
        return st;
    bool good = nps_password_hash(password, ret_hash);
    nps_gate_leave(app->login_gate, slot);
    return good ? NPS_OK : nps_fail_nomem(err);
}

static nps_status check_login(nps_app *app, const nps_request *req, const char *login, const char *password, nps_login *ret_login,
                              nps_reply *reply, bool *ret_good, nps_err *err)
{
    /* A hash of nobody's password, so that an unknown login takes as long as a known one. */
    static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    int64_t now = nps_clock_wall_ms(), until = 0;
    bool good = false;
    nps_err why;
    nps_status found = nps_store_login_get(app->store, login, ret_login, &why);
    if (found != NPS_OK && found != NPS_E_NOT_FOUND)
        return nps_fail(err, found, "%s", why.msg);
    if (found == NPS_OK && ret_login->locked_until_ms > now) {
        until = ret_login->locked_until_ms;
    } else {
        nps_status st = verify(app, found == NPS_OK ? ret_login->password : nobody, password, &good, err);
        good = good && found == NPS_OK;
        if (st == NPS_OK && !good && found == NPS_OK)
            st = nps_store_login_failed(app->store, ret_login->member, now, &until, err);
        if (st != NPS_OK)
            return st;
    }
    *ret_good = good;
    if (until > now) {
        nps_fail(&why, NPS_E_QUOTA, "too many wrong passwords: wait");
        nps_reply_problem(reply, req, 429, "locked", &why);
        nps_reply_header(reply, "Retry-After", "%lld", (long long)((until - now + 999) / 1000));
    } else if (!good) {
        nps_fail(&why, NPS_E_DENIED, "login and password do not belong together");
        nps_reply_problem(reply, req, 401, "unauthorized", &why);
    }
    return NPS_OK;
}

static void put_principal(nps_jw *w, const nps_principal *by)
{
    nps_jw_object(w, NULL);
    nps_jw_str(w, "member", by->member);
    nps_jw_str(w, "organisation", by->organisation);
    nps_jw_roles(w, "roles", by->roles);
    nps_jw_scopes(w, "scopes", by->scopes);
    nps_jw_str(w, "means", by->means == NPS_BY_TOKEN ? "token" : "session");
    if (*by->csrf)
        nps_jw_str(w, "csrf_token", by->csrf);
    nps_jw_end(w);
}

nps_status nps_api_session_begin(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *login = NULL, *password = NULL;
    char cookie[NPS_COOKIE_TEXT];
    nps_login found = {0};
    bool good = false;
    nps_status st = nps_body_object(req, "login password", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "login", NPS_LOGIN_TEXT - 1, true, &login, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "password", PASSWORD_MAX, true, &password, err);
    if (st == NPS_OK)
        st = check_login(app, req, login, password, &found, reply, &good, err);
    nps_secret_wipe(found.password, sizeof found.password);
    if (st != NPS_OK || !good)
        return st;
    nps_actor by = {.member = found.member, .organisation = found.organisation, .now_ms = nps_clock_wall_ms()};
    st = nps_auth_session_make(app->store, &by, cookie, err);
    if (st != NPS_OK)
        return st;
    reply->status = 201;
    nps_reply_header(reply, "Set-Cookie", NPS_SESSION_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Lax", cookie);
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "member", found.member);
    char csrf[65];
    nps_secret_hash("npswatch csrf", cookie + 17, csrf);
    nps_jw_str(&w, "csrf_token", csrf);
    nps_jw_end(&w);
    nps_secret_wipe(cookie, sizeof cookie);
    return NPS_OK;
}

nps_status nps_api_session_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)app;
    (void)err;
    nps_jw w = nps_jw_init(&reply->body);
    put_principal(&w, &req->by);
    return NPS_OK;
}

nps_status nps_api_session_end(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_actor by = nps_request_actor(req);
    if (req->by.means != NPS_BY_SESSION)
        return nps_fail(err, NPS_E_RANGE, "a token has no session: DELETE /v1/tokens/{id} makes it void");
    nps_status st = nps_store_session_end(app->store, &by, req->by.credential, err);
    if (st != NPS_OK)
        return st;
    reply->status = 204;
    nps_reply_header(reply, "Set-Cookie", NPS_SESSION_COOKIE "=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    return NPS_OK;
}

nps_status nps_api_password(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *old = NULL, *fresh = NULL;
    char hash[NPS_PASSWORD_HASH];
    nps_account m;
    nps_login found = {0};
    bool good = false;
    nps_status st = nps_body_object(req, "old new", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "new", PASSWORD_MAX, true, &fresh, err);
    if (st == NPS_OK)
        st = nps_store_member_get(app->store, req->by.member, &m, err);
    if (st == NPS_OK && m.has_password) {
        st = nps_body_text(doc, "old", PASSWORD_MAX, true, &old, err);
        if (st == NPS_OK)
            st = check_login(app, req, m.login, old, &found, reply, &good, err);
        nps_secret_wipe(found.password, sizeof found.password);
        if (st != NPS_OK || !good)
            return st;
    }
    if (st == NPS_OK)
        st = nps_password_make(app, fresh, hash, err);
    if (st != NPS_OK)
        return st;
    nps_actor by = nps_request_actor(req);
    st = nps_store_member_set(app->store, &by, req->by.member, -1, 0, NULL, hash, err);
    nps_secret_wipe(hash, sizeof hash);
    reply->status = 204;
    return st;
}
