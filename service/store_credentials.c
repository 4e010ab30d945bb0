/* Tokens, sessions, logins and quotas in the store. */
#include "service/store_accounts.h"

#include "service/audit.h"
#include "service/store_impl.h"
#include "service/store_sql.h"

#include <stdlib.h>

typedef struct {
    const char *id, *other;
    void *to;
} find_job;

typedef struct {
    const char *of;
    int64_t now_ms;
    void *to;
} list_job;

/* --- tokens ----------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_actor *by;
    const char *id, *member;
    const nps_token_new *token;
    int64_t ms;
} token_job;

static nps_status add_token(nps_db *db, void *arg, nps_err *err)
{
    token_job *j = arg;
    const nps_token_new *t = j->token;
    bool known;
    int64_t n;
    nps_status st = nps_ask_exists(db, &known, err, "SELECT 1 FROM members WHERE id=?", "t", t->member);
    if (st == NPS_OK && !known)
        st = nps_fail(err, NPS_E_NOT_FOUND, "there is no such member");
    if (st == NPS_OK)
        st = nps_tell(db, err, "DELETE FROM tokens WHERE member=? AND expires_ms<=?", "ti", t->member, j->by->now_ms);
    if (st == NPS_OK)
        st = nps_ask_i64(db, 0, &n, err, "SELECT count(*) FROM tokens WHERE member=?", "t", t->member);
    if (st == NPS_OK && n >= NPS_MAX_TOKENS)
        st = nps_fail(err, NPS_E_LIMIT, "a member has at most %d tokens", NPS_MAX_TOKENS);
    if (st == NPS_OK)
        st = nps_tell(db, err, "INSERT INTO tokens(id,member,hash,label,scopes,created_ms,expires_ms,used_day)"
                      " VALUES(?,?,?,?,?,?,?,'')", "ttttiii", j->id, t->member, t->hash, t->label,
                      (int64_t)t->scopes, j->by->now_ms, t->expires_ms);
    return st == NPS_OK ? nps_audit_add(db, j->by, "token.add", j->id, t->member, err) : st;
}

nps_status nps_store_token_add(nps_store *s, const nps_actor *by, const char *id, const nps_token_new *token, nps_err *err)
{
    return nps_store_write(s, add_token, &(token_job){.by = by, .id = id, .token = token}, err);
}

#define TOKEN "SELECT id,member,label,used_day,scopes,created_ms,expires_ms FROM tokens"

static void get_token(nps_query *q, nps_token_row *t)
{
    NPS_GET_TEXT(q, 0, t->id);
    NPS_GET_TEXT(q, 1, t->member);
    NPS_GET_TEXT(q, 2, t->label);
    NPS_GET_TEXT(q, 3, t->used_day);
    t->scopes = (unsigned)nps_query_get_i64(q, 4);
    t->created_ms = nps_query_get_i64(q, 5);
    t->expires_ms = nps_query_get_i64(q, 6);
}

static nps_status list_tokens(nps_db *db, void *arg, nps_err *err)
{
    list_job *j = arg;
    nps_tokens *list = j->to;
    nps_status st = NPS_OK;
    nps_query q = nps_ask(db, TOKEN " WHERE member=? AND expires_ms>? ORDER BY created_ms DESC, id", "ti", j->of, j->now_ms);
    while (st == NPS_OK && nps_query_next(&q)) {
        st = nps_list_grow(&list->item, list->n, sizeof *list->item, err);
        if (st == NPS_OK)
            get_token(&q, &list->item[list->n++]);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

nps_status nps_store_tokens(nps_store *s, const char *member, int64_t now_ms, nps_tokens *ret_list, nps_err *err)
{
    nps_tokens list = {0};
    nps_status st = nps_store_read(s, list_tokens, &(list_job){.of = member, .now_ms = now_ms, .to = &list}, err);
    if (st == NPS_OK)
        *ret_list = list;
    else
        free(list.item);
    return st;
}

static nps_status find_token(nps_db *db, void *arg, nps_err *err)
{
    find_job *j = arg;
    nps_query q = nps_ask(db, TOKEN " WHERE id=? AND member=?", "tt", j->id, j->other);
    bool found = nps_query_next(&q);
    if (found)
        get_token(&q, j->to);
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such token") : st;
}

nps_status nps_store_token_get(nps_store *s, const char *id, const char *member, nps_token_row *ret_token, nps_err *err)
{
    nps_token_row t = {0};
    nps_status st = nps_store_read(s, find_token, &(find_job){.id = id, .other = member, .to = &t}, err);
    if (st == NPS_OK)
        *ret_token = t;
    return st;
}

static nps_status end_token(nps_db *db, void *arg, nps_err *err)
{
    token_job *j = arg;
    nps_status st = j->ms ? nps_tell(db, err,
                                     "UPDATE tokens SET expires_ms=CASE WHEN expires_ms<? THEN expires_ms ELSE ? END"
                                     " WHERE id=? AND member=?",
                                     "iitt", j->ms, j->ms, j->id, j->member)
                          : nps_tell(db, err, "DELETE FROM tokens WHERE id=? AND member=?", "tt", j->id, j->member);
    if (st == NPS_OK)
        st = nps_told_one(db, "token", err);
    return st == NPS_OK ? nps_audit_add(db, j->by, "token.end", j->id, j->member, err) : st;
}

nps_status nps_store_token_end(nps_store *s, const nps_actor *by, const char *id, const char *member, int64_t expires_ms, nps_err *err)
{
    return nps_store_write(s, end_token, &(token_job){.by = by, .id = id, .member = member, .ms = expires_ms}, err);
}

/* --- credentials ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    nps_means means;
    const char *id;
    nps_credential *to;
} credential_job;

static nps_status find_credential(nps_db *db, void *arg, nps_err *err)
{
    credential_job *j = arg;
    nps_credential *c = j->to;
    nps_query q = j->means == NPS_BY_TOKEN
                      ? nps_ask(db,
                                "SELECT m.id,m.organisation,t.hash,t.used_day,m.roles,t.scopes,t.created_ms,t.expires_ms,0 FROM tokens t"
                                " JOIN members m ON m.id=t.member JOIN organisations o ON o.id=m.organisation"
                                " WHERE t.id=? AND m.state='active' AND o.state='active'",
                                "t", j->id)
                      : nps_ask(db,
                                "SELECT m.id,m.organisation,t.hash,'',m.roles,0,t.created_ms,0,t.seen_ms FROM sessions t"
                                " JOIN members m ON m.id=t.member JOIN organisations o ON o.id=m.organisation"
                                " WHERE t.id=? AND m.state='active' AND o.state='active'",
                                "t", j->id);
    bool found = nps_query_next(&q);
    if (found) {
        NPS_GET_TEXT(&q, 0, c->member);
        NPS_GET_TEXT(&q, 1, c->organisation);
        NPS_GET_TEXT(&q, 2, c->hash);
        NPS_GET_TEXT(&q, 3, c->used_day);
        c->roles = (unsigned)nps_query_get_i64(&q, 4);
        c->scopes = (unsigned)nps_query_get_i64(&q, 5);
        c->created_ms = nps_query_get_i64(&q, 6);
        c->ends_ms = nps_query_get_i64(&q, 7);
        c->seen_ms = nps_query_get_i64(&q, 8);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "no such credential") : st;
}

nps_status nps_store_credential_get(nps_store *s, nps_means means, const char *id, nps_credential *ret_credential, nps_err *err)
{
    nps_credential c = {0};
    nps_status st = nps_store_read(s, find_credential, &(credential_job){means, id, &c}, err);
    if (st == NPS_OK)
        *ret_credential = c;
    return st;
}

typedef struct {
    const char *id, *day;
    int64_t ms;
} seen_job;

static nps_status note_token(nps_db *db, void *arg, nps_err *err)
{
    seen_job *j = arg;
    return nps_tell(db, err, "UPDATE tokens SET used_day=? WHERE id=?", "tt", j->day, j->id);
}

nps_status nps_store_token_used(nps_store *s, const char *id, const char *day, nps_err *err)
{
    return nps_store_write(s, note_token, &(seen_job){.id = id, .day = day}, err);
}

static nps_status note_session(nps_db *db, void *arg, nps_err *err)
{
    seen_job *j = arg;
    return nps_tell(db, err, "UPDATE sessions SET seen_ms=? WHERE id=? AND seen_ms<?", "iti", j->ms, j->id, j->ms);
}

nps_status nps_store_session_seen(nps_store *s, const char *id, int64_t now_ms, nps_err *err)
{
    return nps_store_write(s, note_session, &(seen_job){.id = id, .ms = now_ms}, err);
}

static nps_status find_login(nps_db *db, void *arg, nps_err *err)
{
    find_job *j = arg;
    nps_login *l = j->to;
    nps_query q = nps_ask(db,
                          "SELECT m.id,m.organisation,m.password,m.failed,m.locked_until_ms FROM members m"
                          " JOIN organisations o ON o.id=m.organisation WHERE m.login=? AND m.password IS NOT NULL"
                          " AND m.state='active' AND o.state='active'",
                          "t", j->id);
    bool found = nps_query_next(&q);
    if (found) {
        NPS_GET_TEXT(&q, 0, l->member);
        NPS_GET_TEXT(&q, 1, l->organisation);
        NPS_GET_TEXT(&q, 2, l->password);
        l->failed = nps_query_get_i64(&q, 3);
        l->locked_until_ms = nps_query_get_i64(&q, 4);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "no such login") : st;
}

nps_status nps_store_login_get(nps_store *s, const char *login, nps_login *ret_login, nps_err *err)
{
    nps_login l = {0};
    nps_status st = nps_store_read(s, find_login, &(find_job){.id = login, .to = &l}, err);
    if (st == NPS_OK)
        *ret_login = l;
    return st;
}

static nps_status count_failure(nps_db *db, void *arg, nps_err *err)
{
    enum { FREE = 4, FIRST_MS = 30000, DOUBLINGS = 5 };
    seen_job *j = arg;
    int64_t failed, wait = 0;
    nps_status st = nps_ask_i64(db, 0, &failed, err, "SELECT failed FROM members WHERE id=?", "t", j->id);
    if (st != NPS_OK)
        return st;
    failed++;
    if (failed > FREE) {
        int64_t doublings = failed - FREE - 1 < DOUBLINGS ? failed - FREE - 1 : DOUBLINGS;
        wait = (int64_t)FIRST_MS << doublings;
        if (wait > 900000)
            wait = 900000;
    }
    int64_t until = wait ? j->ms + wait : 0;
    st = nps_tell(db, err, "UPDATE members SET failed=?, locked_until_ms=? WHERE id=?", "iit", failed, until, j->id);
    nps_actor by = {.member = j->id, .organisation = "", .now_ms = j->ms};
    j->ms = until;
    return st == NPS_OK ? nps_audit_add(db, &by, "login.failed", j->id, wait ? "locked" : "", err) : st;
}

nps_status nps_store_login_failed(nps_store *s, const char *member, int64_t now_ms, int64_t *ret_until_ms, nps_err *err)
{
    seen_job j = {.id = member, .ms = now_ms};
    nps_status st = nps_store_write(s, count_failure, &j, err);
    if (st == NPS_OK)
        *ret_until_ms = j.ms;
    return st;
}

typedef struct {
    const nps_actor *by;
    const char *id, *hash;
    int64_t since_ms;
} session_job;

static nps_status add_session(nps_db *db, void *arg, nps_err *err)
{
    session_job *j = arg;
    nps_status st = nps_tell(db, err, "DELETE FROM sessions WHERE created_ms<?", "i", j->since_ms);
    if (st == NPS_OK)
        st = nps_tell(db, err, "UPDATE members SET failed=0, locked_until_ms=0 WHERE id=?", "t", j->by->member);
    if (st == NPS_OK)
        st = nps_tell(db, err, "INSERT INTO sessions(id,member,hash,created_ms,seen_ms) VALUES(?,?,?,?,?)", "tttii", j->id, j->by->member, j->hash, j->by->now_ms, j->by->now_ms);
    return st == NPS_OK ? nps_audit_add(db, j->by, "session.begin", j->id, "", err) : st;
}

nps_status nps_store_session_add(nps_store *s, const nps_actor *by, const char *id, const char *hash, int64_t since_ms, nps_err *err)
{
    return nps_store_write(s, add_session, &(session_job){by, id, hash, since_ms}, err);
}

static nps_status end_session(nps_db *db, void *arg, nps_err *err)
{
    session_job *j = arg;
    nps_status st = nps_tell(db, err, "DELETE FROM sessions WHERE id=?", "t", j->id);
    if (st == NPS_OK)
        st = nps_told_one(db, "session", err);
    return st == NPS_OK ? nps_audit_add(db, j->by, "session.end", j->id, "", err) : st;
}

nps_status nps_store_session_end(nps_store *s, const nps_actor *by, const char *id, nps_err *err)
{
    return nps_store_write(s, end_session, &(session_job){.by = by, .id = id}, err);
}

/* --- quotas ----------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *subject, *kind;
    int64_t window, limit, want, got;
} quota_job;

static nps_status take_quota(nps_db *db, void *arg, nps_err *err)
{
    quota_job *j = arg;
    int64_t used = 0;
    nps_query q = nps_ask(db, "SELECT time_window, used FROM quotas WHERE subject=? AND kind=?", "tt", j->subject, j->kind);
    if (nps_query_next(&q)) {
        int64_t found = nps_query_get_i64(&q, 0);
        /* Clocks of replicas differ, and a caller may have waited long: going back would begin the new window again. */
        if (found > j->window && found <= j->window + NPS_QUOTA_BEHIND)
            j->window = found;
        used = found == j->window ? nps_query_get_i64(&q, 1) : 0;
    }
    nps_status st = nps_query_end(&q, err);
    if (st != NPS_OK)
        return st;
    int64_t left = j->limit > used ? j->limit - used : 0;
    j->got = left < j->want ? left : j->want;
    if (!j->got)
        return NPS_OK;
    return nps_tell(db, err,
                    "INSERT INTO quotas(subject,kind,time_window,used) VALUES(?,?,?,?) ON CONFLICT(subject,kind) DO UPDATE SET time_window=excluded.time_window,"
                    " used=excluded.used",
                    "ttii", j->subject, j->kind, j->window, used + j->got);
}

static nps_status forget_quotas(nps_db *db, void *arg, nps_err *err)
{
    const quota_job *j = arg;
    return nps_tell(db, err, "DELETE FROM quotas WHERE kind=? AND time_window<?", "ti", j->kind, j->window);
}

nps_status nps_store_quota_forget(nps_store *s, const char *kind, int64_t window, nps_err *err)
{
    return nps_store_write(s, forget_quotas, &(quota_job){.kind = kind, .window = window}, err);
}

nps_status nps_store_quota_take(nps_store *s, const char *subject, const char *kind, int64_t *io_window, int64_t limit, int64_t want,
                                int64_t *ret_got, nps_err *err)
{
    quota_job j = {subject, kind, *io_window, limit, want, 0};
    nps_status st = nps_store_write(s, take_quota, &j, err);
    if (st == NPS_OK) {
        *ret_got = j.got;
        *io_window = j.window;
    }
    return st;
}
