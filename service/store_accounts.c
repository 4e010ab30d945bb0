/* Organisations, members and memoranda in the store. */
#include "service/store_accounts.h"

#include "service/audit.h"
#include "service/store_impl.h"
#include "service/store_sql.h"

#include <stdlib.h>
#include <string.h>

/* --- organisations ------------------------------------------------------------------------------------------------------------ */

#define ORGANISATION "SELECT id,name,country,state,created_ms,version FROM organisations"

static void get_organisation(nps_query *q, nps_organisation *o)
{
    NPS_GET_TEXT(q, 0, o->id);
    NPS_GET_TEXT(q, 1, o->name);
    NPS_GET_TEXT(q, 2, o->country);
    NPS_GET_TEXT(q, 3, o->state);
    o->created_ms = nps_query_get_i64(q, 4);
    o->version = nps_query_get_i64(q, 5);
}

typedef struct {
    const nps_actor *by;
    nps_organisation o;
} organisation_job;

static nps_status add_organisation(nps_db *db, void *arg, nps_err *err)
{
    organisation_job *j = arg;
    bool taken;
    nps_status st = nps_ask_exists(db, &taken, err, "SELECT 1 FROM organisations WHERE name=?", "t", j->o.name);
    if (st == NPS_OK && taken)
        st = nps_fail(err, NPS_E_CONFLICT, "an organisation has that name already");
    if (st == NPS_OK)
        st = nps_tell(db, err, "INSERT INTO organisations(id,name,country,state,created_ms,version) VALUES(?,?,?,'active',?,1)", "ttti", j->o.id, j->o.name, j->o.country,
                      j->o.created_ms);
    return st == NPS_OK ? nps_audit_add(db, j->by, "organisation.add", j->o.id, j->o.name, err) : st;
}

nps_status nps_store_organisation_add(nps_store *s, const nps_actor *by, const char *name, const char *country,
                                      nps_organisation *ret_organisation, nps_err *err)
{
    organisation_job j = {.by = by, .o = {.created_ms = by->now_ms, .version = 1, .state = "active"}};
    nps_random_hex(8, j.o.id);
    snprintf(j.o.name, sizeof j.o.name, "%s", name);
    snprintf(j.o.country, sizeof j.o.country, "%s", country);
    nps_status st = nps_store_write(s, add_organisation, &j, err);
    if (st == NPS_OK)
        *ret_organisation = j.o;
    return st;
}

static nps_status list_organisations(nps_db *db, void *arg, nps_err *err)
{
    nps_organisations *list = arg;
    nps_status st = NPS_OK;
    nps_query q = nps_ask(db, ORGANISATION " ORDER BY name", "");
    while (st == NPS_OK && nps_query_next(&q)) {
        st = nps_list_grow(&list->item, list->n, sizeof *list->item, err);
        if (st == NPS_OK)
            get_organisation(&q, &list->item[list->n++]);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

nps_status nps_store_organisations(nps_store *s, nps_organisations *ret_list, nps_err *err)
{
    nps_organisations list = {0};
    nps_status st = nps_store_read(s, list_organisations, &list, err);
    if (st == NPS_OK)
        *ret_list = list;
    else
        free(list.item);
    return st;
}

typedef struct {
    const char *id;
    void *to;
} find_job;

static nps_status find_organisation(nps_db *db, void *arg, nps_err *err)
{
    find_job *j = arg;
    nps_query q = nps_ask(db, ORGANISATION " WHERE id=?", "t", j->id);
    bool found = nps_query_next(&q);
    if (found)
        get_organisation(&q, j->to);
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such organisation") : st;
}

nps_status nps_store_organisation_get(nps_store *s, const char *id, nps_organisation *ret_organisation, nps_err *err)
{
    nps_organisation o = {0};
    nps_status st = nps_store_read(s, find_organisation, &(find_job){.id = id, .to = &o}, err);
    if (st == NPS_OK)
        *ret_organisation = o;
    return st;
}

typedef struct {
    const nps_actor *by;
    const char *id, *name, *state, *password;
    unsigned roles;
    int64_t version;
} change_job;

/* Counts the version up; tells apart what is not there and what another has changed meanwhile. */
static nps_status check_version(int64_t wanted, int64_t present, const char *what, nps_err *err)
{
    if (present < 0)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such %s", what);
    if (wanted >= 0 && wanted != present)
        return nps_fail(err, NPS_E_STALE, "the %s has been changed meanwhile", what);
    return NPS_OK;
}

static nps_status change_organisation(nps_db *db, void *arg, nps_err *err)
{
    change_job *j = arg;
    int64_t version;
    bool taken = false;
    nps_status st = nps_ask_i64(db, -1, &version, err, "SELECT version FROM organisations WHERE id=?", "t", j->id);
    if (st == NPS_OK)
        st = check_version(j->version, version, "organisation", err);
    if (st == NPS_OK && j->name)
        st = nps_ask_exists(db, &taken, err, "SELECT 1 FROM organisations WHERE name=? AND id<>?", "tt", j->name, j->id);
    if (st == NPS_OK && taken)
        st = nps_fail(err, NPS_E_CONFLICT, "an organisation has that name already");
    if (st == NPS_OK)
        st = nps_tell(db, err, "UPDATE organisations SET name=coalesce(?,name), state=coalesce(?,state), version=version+1 WHERE id=?",
                      "ttt", j->name, j->state, j->id);
    if (st == NPS_OK && j->state && strcmp(j->state, "closed") == 0)
        st = nps_tell(db, err, "DELETE FROM sessions WHERE member IN (SELECT id FROM members WHERE organisation=?)", "t", j->id);
    if (st == NPS_OK && j->state && strcmp(j->state, "closed") == 0)
        st = nps_tell(db, err, "DELETE FROM tokens WHERE member IN (SELECT id FROM members WHERE organisation=?)", "t", j->id);
    return st == NPS_OK ? nps_audit_add(db, j->by, "organisation.change", j->id, j->state ? j->state : "name", err) : st;
}

nps_status nps_store_organisation_set(nps_store *s, const nps_actor *by, const char *id, int64_t version, const char *opt_name,
                                      const char *opt_state, nps_err *err)
{
    change_job j = {.by = by, .id = id, .name = opt_name, .state = opt_state, .version = version};
    return nps_store_write(s, change_organisation, &j, err);
}

/* --- members -------------------------------------------------------------------------------------------------------------------- */

#define MEMBER "SELECT id,organisation,login,state,roles,CASE WHEN password IS NULL THEN 0 ELSE 1 END,created_ms,version FROM members"

static void get_member(nps_query *q, nps_account *m)
{
    NPS_GET_TEXT(q, 0, m->id);
    NPS_GET_TEXT(q, 1, m->organisation);
    NPS_GET_TEXT(q, 2, m->login);
    NPS_GET_TEXT(q, 3, m->state);
    m->roles = (unsigned)nps_query_get_i64(q, 4);
    m->has_password = nps_query_get_i64(q, 5) != 0;
    m->created_ms = nps_query_get_i64(q, 6);
    m->version = nps_query_get_i64(q, 7);
}

typedef struct {
    const nps_actor *by;
    const char *password;
    nps_account m;
} member_job;

static nps_status add_member(nps_db *db, void *arg, nps_err *err)
{
    member_job *j = arg;
    bool taken, known;
    nps_status st = nps_ask_exists(db, &known, err, "SELECT 1 FROM organisations WHERE id=?", "t", j->m.organisation);
    if (st == NPS_OK && !known)
        st = nps_fail(err, NPS_E_NOT_FOUND, "there is no such organisation");
    if (st == NPS_OK)
        st = nps_ask_exists(db, &taken, err, "SELECT 1 FROM members WHERE login=?", "t", j->m.login);
    if (st == NPS_OK && taken)
        st = nps_fail(err, NPS_E_CONFLICT, "a member has that login already");
    if (st == NPS_OK)
        st = nps_tell(db, err, "INSERT INTO members(id,organisation,login,roles,password,state,created_ms,failed,locked_until_ms,version)"
                      " VALUES(?,?,?,?,?,'active',?,0,0,1)", "tttiti", j->m.id, j->m.organisation, j->m.login,
                      (int64_t)j->m.roles, j->password, j->m.created_ms);
    return st == NPS_OK ? nps_audit_add(db, j->by, "member.add", j->m.id, j->m.organisation, err) : st;
}

nps_status nps_store_member_add(nps_store *s, const nps_actor *by, const char *organisation, const char *login, unsigned roles,
                                const char *opt_password_hash, nps_account *ret_member, nps_err *err)
{
    member_job j = {.by = by,
                    .password = opt_password_hash,
                    .m = {.roles = roles, .has_password = opt_password_hash, .created_ms = by->now_ms, .version = 1, .state = "active"}};
    nps_random_hex(8, j.m.id);
    snprintf(j.m.organisation, sizeof j.m.organisation, "%s", organisation);
    snprintf(j.m.login, sizeof j.m.login, "%s", login);
    nps_status st = nps_store_write(s, add_member, &j, err);
    if (st == NPS_OK)
        *ret_member = j.m;
    return st;
}

typedef struct {
    const char *of;
    void *to;
} list_job;

static nps_status list_members(nps_db *db, void *arg, nps_err *err)
{
    list_job *j = arg;
    nps_accounts *list = j->to;
    nps_status st = NPS_OK;
    nps_query q = *j->of ? nps_ask(db, MEMBER " WHERE organisation=? ORDER BY login", "t", j->of) : nps_ask(db, MEMBER " ORDER BY login", "");
    while (st == NPS_OK && nps_query_next(&q)) {
        st = nps_list_grow(&list->item, list->n, sizeof *list->item, err);
        if (st == NPS_OK)
            get_member(&q, &list->item[list->n++]);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

nps_status nps_store_members(nps_store *s, const char *organisation, nps_accounts *ret_list, nps_err *err)
{
    nps_accounts list = {0};
    nps_status st = nps_store_read(s, list_members, &(list_job){.of = organisation, .to = &list}, err);
    if (st == NPS_OK)
        *ret_list = list;
    else
        free(list.item);
    return st;
}

static nps_status find_member(nps_db *db, void *arg, nps_err *err)
{
    find_job *j = arg;
    nps_query q = nps_ask(db, MEMBER " WHERE id=?", "t", j->id);
    bool found = nps_query_next(&q);
    if (found)
        get_member(&q, j->to);
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such member") : st;
}

nps_status nps_store_member_get(nps_store *s, const char *id, nps_account *ret_member, nps_err *err)
{
    nps_account m = {0};
    nps_status st = nps_store_read(s, find_member, &(find_job){.id = id, .to = &m}, err);
    if (st == NPS_OK)
        *ret_member = m;
    return st;
}

static nps_status change_member(nps_db *db, void *arg, nps_err *err)
{
    change_job *j = arg;
    int64_t version;
    nps_status st = nps_ask_i64(db, -1, &version, err, "SELECT version FROM members WHERE id=?", "t", j->id);
    if (st == NPS_OK)
        st = check_version(j->version, version, "member", err);
    if (st == NPS_OK)
        st = nps_tell(db, err,
                      "UPDATE members SET roles=CASE WHEN CAST(? AS BIGINT)=0 THEN roles ELSE CAST(? AS BIGINT) END, state=coalesce(?,state),"
                      " password=coalesce(?,password), failed=0, locked_until_ms=0, version=version+1 WHERE id=?",
                      "iittt", (int64_t)j->roles, (int64_t)j->roles, j->state, j->password, j->id);
    /* Whoever was signed in by the old password, or with the old roles, signs in again. */
    if (st == NPS_OK)
        st = nps_tell(db, err, "DELETE FROM sessions WHERE member=?", "t", j->id);
    if (st == NPS_OK && j->state && strcmp(j->state, "closed") == 0)
        st = nps_tell(db, err, "DELETE FROM tokens WHERE member=?", "t", j->id);
    const char *what = j->state ? j->state : j->roles ? "roles" : "password";
    return st == NPS_OK ? nps_audit_add(db, j->by, "member.change", j->id, what, err) : st;
}

nps_status nps_store_member_set(nps_store *s, const nps_actor *by, const char *id, int64_t version, unsigned roles,
                                const char *opt_state, const char *opt_password_hash, nps_err *err)
{
    change_job j = {.by = by, .id = id, .state = opt_state, .password = opt_password_hash, .roles = roles, .version = version};
    return nps_store_write(s, change_member, &j, err);
}

/* --- memoranda -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_actor *by;
    const nps_memorandum *m;
} memorandum_job;

static nps_status add_memorandum(nps_db *db, void *arg, nps_err *err)
{
    memorandum_job *j = arg;
    const nps_memorandum *m = j->m;
    bool known, taken;
    nps_status st = nps_ask_exists(db, &known, err, "SELECT 1 FROM organisations WHERE id=?", "t", m->organisation);
    if (st == NPS_OK && !known)
        st = nps_fail(err, NPS_E_NOT_FOUND, "there is no such organisation");
    if (st == NPS_OK)
        st = nps_ask_exists(db, &taken, err, "SELECT 1 FROM memoranda WHERE reference=?", "t", m->reference);
    if (st == NPS_OK && taken)
        st = nps_fail(err, NPS_E_CONFLICT, "a memorandum has that reference already");
    if (st == NPS_OK)
        st = nps_tell(db, err, "INSERT INTO memoranda(reference,organisation,title,valid_from,valid_until) VALUES(?,?,?,?,?)", "ttttt", m->reference, m->organisation, m->title, m->valid_from,
                      m->valid_until);
    return st == NPS_OK ? nps_audit_add(db, j->by, "memorandum.add", m->reference, m->organisation, err) : st;
}

nps_status nps_store_memorandum_add(nps_store *s, const nps_actor *by, const nps_memorandum *m, nps_err *err)
{
    return nps_store_write(s, add_memorandum, &(memorandum_job){by, m}, err);
}

static nps_status list_memoranda(nps_db *db, void *arg, nps_err *err)
{
    list_job *j = arg;
    nps_memoranda *list = j->to;
    nps_status st = NPS_OK;
    nps_query q = *j->of ? nps_ask(db,
                                   "SELECT reference,organisation,title,valid_from,valid_until FROM memoranda WHERE organisation=?"
                                   " ORDER BY reference",
                                   "t", j->of)
                         : nps_ask(db, "SELECT reference,organisation,title,valid_from,valid_until FROM memoranda ORDER BY reference", "");
    while (st == NPS_OK && nps_query_next(&q)) {
        st = nps_list_grow(&list->item, list->n, sizeof *list->item, err);
        if (st != NPS_OK)
            break;
        nps_memorandum *m = &list->item[list->n++];
        NPS_GET_TEXT(&q, 0, m->reference);
        NPS_GET_TEXT(&q, 1, m->organisation);
        NPS_GET_TEXT(&q, 2, m->title);
        NPS_GET_TEXT(&q, 3, m->valid_from);
        NPS_GET_TEXT(&q, 4, m->valid_until);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

nps_status nps_store_memoranda(nps_store *s, const char *organisation, nps_memoranda *ret_list, nps_err *err)
{
    nps_memoranda list = {0};
    nps_status st = nps_store_read(s, list_memoranda, &(list_job){.of = organisation, .to = &list}, err);
    if (st == NPS_OK)
        *ret_list = list;
    else
        free(list.item);
    return st;
}
