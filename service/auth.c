#include "service/auth.h"

#include "core/scan.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/text.h"

#include <string.h>
#include <strings.h>

enum { ID = 16, SECRET = 64 };

nps_status nps_auth_token_make(nps_store *s, const nps_actor *by, const char *member, const char *label, unsigned scopes,
                               int64_t expires_ms, char ret_id[static NPS_ACCOUNT_ID], char ret_token[static NPS_TOKEN_TEXT],
                               nps_err *err)
{
    char id[ID + 1], secret[SECRET + 1], hash[65];
    nps_random_hex(ID / 2, id);
    nps_random_hex(SECRET / 2, secret);
    nps_secret_hash("npswatch token", secret, hash);
    nps_token_new t = {.member = member, .hash = hash, .label = label, .scopes = scopes ? scopes : NPS_SCOPES_USUAL, .expires_ms = expires_ms};
    nps_status st = nps_store_token_add(s, by, id, &t, err);
    if (st == NPS_OK) {
        snprintf(ret_id, NPS_ACCOUNT_ID, "%s", id);
        snprintf(ret_token, NPS_TOKEN_TEXT, "nps_%s_%s", id, secret);
    }
    nps_secret_wipe(secret, sizeof secret);
    return st;
}

nps_status nps_auth_session_make(nps_store *s, const nps_actor *by, char ret_cookie[static NPS_COOKIE_TEXT], nps_err *err)
{
    char id[ID + 1], secret[SECRET + 1], hash[65];
    nps_random_hex(ID / 2, id);
    nps_random_hex(SECRET / 2, secret);
    nps_secret_hash("npswatch session", secret, hash);
    nps_status st = nps_store_session_add(s, by, id, hash, by->now_ms - NPS_SESSION_MAX_MS, err);
    if (st == NPS_OK)
        snprintf(ret_cookie, NPS_COOKIE_TEXT, "%s_%s", id, secret);
    nps_secret_wipe(secret, sizeof secret);
    return st;
}

/* "<id>_<secret>" into its parts. */
static bool split(nps_span text, char id[static ID + 1], char secret[static SECRET + 1])
{
    if (text.n != ID + 1 + SECRET || text.p[ID] != '_' || !nps_text_is_hex((nps_span){text.p, ID}, ID) ||
        !nps_text_is_hex((nps_span){text.p + ID + 1, SECRET}, SECRET))
        return false;
    snprintf(id, ID + 1, "%.*s", ID, text.p);
    snprintf(secret, SECRET + 1, "%.*s", SECRET, text.p + ID + 1);
    return true;
}

/* The credential of this id, when the secret is its own. NPS_E_NOT_FOUND otherwise. */
static nps_status find(nps_store *s, nps_means means, nps_span text, nps_credential *ret_credential, nps_principal *p, nps_err *err)
{
    char secret[SECRET + 1], hash[65];
    if (!split(text, p->credential, secret))
        return nps_fail(err, NPS_E_NOT_FOUND, "malformed");
    nps_status st = nps_store_credential_get(s, means, p->credential, ret_credential, err);
    if (st == NPS_OK) {
        nps_secret_hash(means == NPS_BY_TOKEN ? "npswatch token" : "npswatch session", secret, hash);
        if (!nps_secret_equal(hash, ret_credential->hash, sizeof hash))
            st = nps_fail(err, NPS_E_NOT_FOUND, "another secret");
        nps_secret_hash("npswatch csrf", secret, p->csrf);
    }
    nps_secret_wipe(secret, sizeof secret);
    return st;
}

static void take(const nps_credential *c, nps_means means, unsigned scopes, nps_principal *p)
{
    p->means = means;
    p->roles = c->roles;
    p->scopes = scopes;
    memcpy(p->member, c->member, sizeof p->member);
    memcpy(p->organisation, c->organisation, sizeof p->organisation);
}

static nps_status by_token(nps_store *s, const char *authorization, int64_t now_ms, nps_principal *p, nps_err *err)
{
    nps_credential c;
    char now[NPS_TIME_TEXT];
    nps_err why;
    nps_span a = nps_span_trim(nps_span_of(authorization));
    if (nps_span_starts(a, "Bearer "))
        a = nps_span_trim((nps_span){a.p + 7, a.n - 7});
    else
        a.n = 0;
    if (a.n < 4 || memcmp(a.p, "nps_", 4) != 0)
        return nps_fail(err, NPS_E_DENIED, "the token is not valid (Authorization: Bearer nps_...)");
    nps_status st = find(s, NPS_BY_TOKEN, (nps_span){a.p + 4, a.n - 4}, &c, p, &why);
    if (st != NPS_OK && st != NPS_E_NOT_FOUND)
        return nps_fail(err, st, "%s", why.msg);
    if (st != NPS_OK || c.ends_ms <= now_ms)
        return nps_fail(err, NPS_E_DENIED, st != NPS_OK ? "the token is not valid" : "the token has expired");
    take(&c, NPS_BY_TOKEN, c.scopes, p);
    *p->csrf = '\0';
    nps_clock_text(now_ms, now);
    now[10] = '\0';
    return strcmp(now, c.used_day) == 0 ? NPS_OK : nps_store_token_used(s, p->credential, now, err);
}

/* Value of our cookie in a Cookie header; empty when it is not there. */
static nps_span find_cookie(const char *header)
{
    nps_span rest = nps_span_of(header ? header : ""), pair, key, value;
    while (nps_span_token(&rest, "; ", &pair))
        if (nps_span_split(pair, '=', &key, &value) && nps_span_is(key, NPS_SESSION_COOKIE))
            return value;
    return (nps_span){"", 0};
}

static bool is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* Whether the page that sent the request is one of ours, as far as the browser tells. */
static bool comes_from_us(const nps_request *req, const char *origin)
{
    const char *site = nps_request_header(req, "Sec-Fetch-Site"), *from = nps_request_header(req, "Origin"),
               *host = nps_request_header(req, "Host");
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    if (!from)
        return true;
    if (*origin)
        return strcasecmp(from, origin) == 0;
    const char *bare = strstr(from, "://");
    return bare && host && strcasecmp(bare + 3, host) == 0;
}

static nps_status by_session(nps_store *s, const nps_request *req, nps_span cookie, const char *origin, int64_t now_ms,
                             nps_principal *p, nps_err *err)
{
    enum { NOTE_EVERY_MS = 60000 };
    nps_credential c;
    nps_err why;
    nps_status st = find(s, NPS_BY_SESSION, cookie, &c, p, &why);
    if (st != NPS_OK && st != NPS_E_NOT_FOUND)
        return nps_fail(err, st, "%s", why.msg);
    if (st != NPS_OK || c.created_ms + NPS_SESSION_MAX_MS <= now_ms || c.seen_ms + NPS_SESSION_IDLE_MS <= now_ms) {
        *p = (nps_principal){0};
        return NPS_OK;
    }
    const char *shown = nps_request_header(req, "X-CSRF-Token");
    if (!is_safe(req->method) &&
        (!comes_from_us(req, origin) || !shown || strlen(shown) != 64 || !nps_secret_equal(shown, p->csrf, 64)))
        return nps_fail(err, NPS_E_DENIED, "a request by a session needs its X-CSRF-Token (GET /v1/session) and comes from our own page");
    take(&c, NPS_BY_SESSION, NPS_SCOPES_ALL, p);
    return c.seen_ms + NOTE_EVERY_MS > now_ms ? NPS_OK : nps_store_session_seen(s, p->credential, now_ms, err);
}

nps_status nps_auth_principal(nps_store *s, const nps_request *req, const char *origin, int64_t now_ms, nps_principal *ret_principal,
                              nps_err *err)
{
    nps_principal p = {0};
    const char *authorization = nps_request_header(req, "Authorization");
    nps_span cookie = find_cookie(nps_request_header(req, "Cookie"));
    nps_status st = authorization ? by_token(s, authorization, now_ms, &p, err)
                    : cookie.n    ? by_session(s, req, cookie, origin, now_ms, &p, err)
                                  : NPS_OK;
    if (st == NPS_OK)
        *ret_principal = p;
    return st;
}
