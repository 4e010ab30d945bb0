/* The store: contributions of partners. Generations: store_generations.c. */
#include "service/store_contributions.h"

#include "service/audit.h"
#include "service/clock.h"
#include "service/store_impl.h"
#include "service/store_job_insert.h"
#include "service/store_sql.h"

#include "reference-lib/digest.h"

#include <stdlib.h>
#include <string.h>

void nps_contribution_done(nps_contribution *c)
{
    free(c->checks);
    free(c->reason);
    *c = (nps_contribution){0};
}

void nps_contributions_done(nps_contributions *c)
{
    for (size_t i = 0; i < c->n; i++)
        nps_contribution_done(&c->item[i]);
    free(c->item);
    *c = (nps_contributions){0};
}

#define COLUMNS                                                                                                              \
    "SELECT id,organisation,state,visibility,embargo,licence,memorandum,credit,decided_by,created_ms,decided_ms,spectra,version," \
    "checks,reason FROM contributions"

static void get_row(nps_query *q, nps_contribution *c)
{
    *c = (nps_contribution){0};
    NPS_GET_TEXT(q, 0, c->id);
    NPS_GET_TEXT(q, 1, c->organisation);
    NPS_GET_TEXT(q, 2, c->state);
    NPS_GET_TEXT(q, 3, c->visibility);
    NPS_GET_TEXT(q, 4, c->embargo);
    NPS_GET_TEXT(q, 5, c->licence);
    NPS_GET_TEXT(q, 6, c->memorandum);
    NPS_GET_TEXT(q, 7, c->credit);
    NPS_GET_TEXT(q, 8, c->decided_by);
    c->created_ms = nps_query_get_i64(q, 9);
    c->decided_ms = nps_query_get_i64(q, 10);
    c->spectra = nps_query_get_i64(q, 11);
    c->version = nps_query_get_i64(q, 12);
    c->checks = nps_query_get_copy(q, 13);
    c->reason = nps_query_get_copy(q, 14);
}

typedef struct {
    const nps_actor *by;
    const nps_contribution *c;
    const nps_store_file *file;
    size_t n_file;
} add_job;

static nps_status check_memorandum(nps_db *db, const nps_actor *by, const char *reference, nps_err *err)
{
    char day[NPS_TIME_TEXT];
    bool good;
    nps_clock_text(by->now_ms, day);
    day[10] = '\0';
    nps_status st = nps_ask_exists(db, &good, err,
                                   "SELECT 1 FROM memoranda WHERE reference=? AND organisation=? AND valid_from<=?"
                                   " AND (valid_until='' OR valid_until>=?)",
                                   "tttt", reference, by->organisation, day, day);
    if (st == NPS_OK && !good)
        st = nps_fail(err, NPS_E_RANGE, "'memorandum' is none of your organisation's that is valid today");
    return st;
}

static nps_status add_contribution(nps_db *db, void *arg, nps_err *err)
{
    add_job *j = arg;
    const nps_contribution *c = j->c;
    nps_status st = check_memorandum(db, j->by, c->memorandum, err);
    if (st == NPS_OK)
        st = nps_tell(db, err,
                      "INSERT INTO contributions(id,organisation,member,created_ms,state,visibility,embargo,licence,memorandum,credit,spectra,"
                      "checks,decided_by,decided_ms,reason,version,terms_ms) VALUES(?,?,?,?,'submitted',?,?,?,?,?,0,'{}','',0,'',1,0)",
                      "tttittttt", c->id, j->by->organisation, j->by->member, j->by->now_ms, c->visibility, c->embargo, c->licence,
                      c->memorandum, c->credit);
    for (size_t i = 0; i < j->n_file && st == NPS_OK; i++) {
        const nps_store_file *f = &j->file[i];
        nps_digest_state d;
        char hex[NPS_DIGEST_HEX];
        nps_digest_init(&d);
        nps_digest_add(&d, f->bytes.p, f->bytes.n);
        nps_digest_end(&d, hex);
        nps_query q = nps_ask(db, "INSERT INTO contribution_files(contribution,position,name,type,digest,bytes) VALUES(?,?,?,?,?,?)", "titt", c->id,
                              (int64_t)i, f->name, f->type);
        nps_query_text(&q, hex);
        nps_query_blob(&q, f->bytes);
        st = nps_query_run(&q, err);
    }
    if (st == NPS_OK)
        st = nps_job_insert(db, NPS_JOB_CHECK, c->id, "", j->by->now_ms, err);
    return st == NPS_OK ? nps_audit_add(db, j->by, "contribution.add", c->id, c->visibility, err) : st;
}

nps_status nps_store_contribution_add(nps_store *s, const nps_actor *by, const nps_contribution *c, const nps_store_file *file, size_t n_file,
                                      nps_err *err)
{
    return nps_store_write(s, add_contribution, &(add_job){by, c, file, n_file}, err);
}

typedef struct {
    const char *organisation, *id, *state, *before_id;
    int64_t before_ms, position;
    size_t limit, name_size;
    char *name;
    nps_buf *out;
    void *to;
} get_job;

static nps_status get_contribution(nps_db *db, void *arg, nps_err *err)
{
    get_job *j = arg;
    nps_query q = nps_ask(db, COLUMNS " WHERE id=? AND (?='' OR organisation=?)", "ttt", j->id, j->organisation, j->organisation);
    bool found = nps_query_next(&q);
    if (found)
        get_row(&q, j->to);
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such contribution") : st;
}

nps_status nps_store_contribution_get(nps_store *s, const char *organisation, const char *id, nps_contribution *ret_contribution, nps_err *err)
{
    nps_contribution c = {0};
    nps_status st = nps_store_read(s, get_contribution, &(get_job){.organisation = organisation, .id = id, .to = &c}, err);
    if (st == NPS_OK)
        *ret_contribution = c;
    else
        nps_contribution_done(&c);
    return st;
}

static nps_status take_rows(nps_query *q, size_t limit, nps_contributions *list, nps_err *err)
{
    nps_status st = NPS_OK;
    while (st == NPS_OK && nps_query_next(q)) {
        list->more = list->n == limit;
        if (list->more)
            continue;
        st = nps_list_grow(&list->item, list->n, sizeof *list->item, err);
        if (st == NPS_OK)
            get_row(q, &list->item[list->n++]);
    }
    nps_status end = nps_query_end(q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

static nps_status list_contributions(nps_db *db, void *arg, nps_err *err)
{
    get_job *j = arg;
    const char *state = j->state ? j->state : "";
    nps_query q = nps_ask(db,
                          COLUMNS " WHERE (?='' OR organisation=?) AND (?='' OR state=?) AND (created_ms<? OR (created_ms=? AND id<?))"
                                  " ORDER BY created_ms DESC, id DESC LIMIT ?",
                          "ttttiiti", j->organisation, j->organisation, state, state, j->before_ms, j->before_ms, j->before_id,
                          (int64_t)j->limit + 1);
    return take_rows(&q, j->limit, j->to, err);
}

nps_status nps_store_contributions(nps_store *s, const char *organisation, const char *state, int64_t before_ms, const char *before_id,
                                   size_t limit, nps_contributions *ret_list, nps_err *err)
{
    nps_contributions list = {0};
    get_job j = {.organisation = organisation, .state = state, .before_ms = before_ms, .before_id = before_id, .limit = limit, .to = &list};
    nps_status st = nps_store_read(s, list_contributions, &j, err);
    if (st == NPS_OK)
        *ret_list = list;
    else
        nps_contributions_done(&list);
    return st;
}

static nps_status list_accepted(nps_db *db, void *arg, nps_err *err)
{
    get_job *j = arg;
    nps_query q = nps_ask(db, COLUMNS " WHERE state='accepted' ORDER BY id", "");
    return take_rows(&q, SIZE_MAX, j->to, err);
}

nps_status nps_store_contributions_accepted(nps_store *s, nps_contributions *ret_list, nps_err *err)
{
    nps_contributions list = {0};
    nps_status st = nps_store_read(s, list_accepted, &(get_job){.to = &list}, err);
    if (st == NPS_OK)
        *ret_list = list;
    else
        nps_contributions_done(&list);
    return st;
}

static nps_status get_file(nps_db *db, void *arg, nps_err *err)
{
    get_job *j = arg;
    nps_query q = nps_ask(db,
                          "SELECT f.bytes,f.name FROM contribution_files f JOIN contributions c ON c.id=f.contribution WHERE f.contribution=?"
                          " AND f.position=? AND (?='' OR c.organisation=?)",
                          "titt", j->id, j->position, j->organisation, j->organisation);
    bool found = nps_query_next(&q);
    if (found) {
        nps_span bytes = nps_query_get_bytes(&q, 0);
        nps_buf_add(j->out, bytes.p, bytes.n);
        if (j->name)
            nps_query_get_text(&q, 1, j->name, j->name_size);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such file") : st;
}

nps_status nps_store_contribution_file(nps_store *s, const char *organisation, const char *id, int64_t position, nps_buf *out, char *opt_name,
                                       size_t name_size, nps_err *err)
{
    get_job j = {.organisation = organisation, .id = id, .position = position, .out = out, .name = opt_name, .name_size = name_size};
    nps_status st = nps_store_read(s, get_file, &j, err);
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}

/* --- its way -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_actor *by;
    const char *id, *checks, *reason, *visibility, *embargo, *licence;
    int64_t spectra, version;
    bool accept, was_accepted;
} change_job;

static nps_status note_checks(nps_db *db, void *arg, nps_err *err)
{
    change_job *j = arg;
    return nps_tell(db, err,
                    "UPDATE contributions SET spectra=?, checks=?, version=version+1,"
                    " state=CASE WHEN state='submitted' THEN 'checked' ELSE state END WHERE id=?",
                    "itt", j->spectra, j->checks, j->id);
}

nps_status nps_store_contribution_checked(nps_store *s, const char *id, int64_t spectra, const char *checks, nps_err *err)
{
    return nps_store_write(s, note_checks, &(change_job){.id = id, .spectra = spectra, .checks = checks}, err);
}

/* State and owner, when the version is still the one that was seen. */
static nps_status find(nps_db *db, const change_job *j, char state[static 12], char organisation[static NPS_ACCOUNT_ID], nps_err *err)
{
    int64_t version = -1;
    nps_query q = nps_ask(db, "SELECT state,organisation,version FROM contributions WHERE id=?", "t", j->id);
    if (nps_query_next(&q)) {
        nps_query_get_text(&q, 0, state, 12);
        nps_query_get_text(&q, 1, organisation, NPS_ACCOUNT_ID);
        version = nps_query_get_i64(&q, 2);
    }
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK && version < 0)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such contribution");
    if (st == NPS_OK && j->version >= 0 && j->version != version)
        return nps_fail(err, NPS_E_STALE, "the contribution has been changed meanwhile");
    return st;
}

static nps_status decide(nps_db *db, void *arg, nps_err *err)
{
    change_job *j = arg;
    char state[12], organisation[NPS_ACCOUNT_ID];
    nps_status st = find(db, j, state, organisation, err);
    if (st == NPS_OK && strcmp(organisation, j->by->organisation) == 0)
        st = nps_fail(err, NPS_E_DENIED, "nobody decides about what his own organisation gave");
    if (st == NPS_OK && strcmp(state, "checked") != 0)
        st = nps_fail(err, NPS_E_CONFLICT, "the contribution is %s: only a checked one can be decided", state);
    if (st == NPS_OK)
        st = nps_tell(db, err, "UPDATE contributions SET state=?, decided_by=?, decided_ms=?, reason=?, version=version+1 WHERE id=?", "ttitt",
                      j->accept ? "accepted" : "rejected", j->by->member, j->by->now_ms, j->reason, j->id);
    return st == NPS_OK ? nps_audit_add(db, j->by, j->accept ? "contribution.accept" : "contribution.reject", j->id, organisation, err) : st;
}

nps_status nps_store_contribution_decide(nps_store *s, const nps_actor *by, const char *id, int64_t version, bool accept, const char *reason,
                                         nps_err *err)
{
    return nps_store_write(s, decide, &(change_job){.by = by, .id = id, .version = version, .accept = accept, .reason = reason}, err);
}

static nps_status check_owner(const change_job *j, const char *organisation, nps_err *err)
{
    return strcmp(organisation, j->by->organisation) == 0 ? NPS_OK : nps_fail(err, NPS_E_NOT_FOUND, "there is no such contribution");
}

static nps_status change_terms(nps_db *db, void *arg, nps_err *err)
{
    change_job *j = arg;
    char state[12], organisation[NPS_ACCOUNT_ID];
    nps_status st = find(db, j, state, organisation, err);
    if (st == NPS_OK)
        st = check_owner(j, organisation, err);
    if (st == NPS_OK && strcmp(state, "withdrawn") == 0)
        st = nps_fail(err, NPS_E_CONFLICT, "the contribution is withdrawn");
    if (st == NPS_OK)
        st = nps_tell(db, err,
                      "UPDATE contributions SET visibility=coalesce(?,visibility), embargo=coalesce(?,embargo), licence=coalesce(?,licence),"
                      " version=version+1, terms_ms=? WHERE id=?",
                      "tttit", j->visibility, j->embargo, j->licence, j->by->now_ms, j->id);
    if (st == NPS_OK && strcmp(state, "accepted") == 0)
        st = nps_job_insert(db, NPS_JOB_BUILD, "", "terms", j->by->now_ms, err);
    return st == NPS_OK ? nps_audit_add(db, j->by, "contribution.terms", j->id, j->visibility ? j->visibility : "", err) : st;
}

nps_status nps_store_contribution_terms(nps_store *s, const nps_actor *by, const char *id, int64_t version, const char *visibility,
                                        const char *embargo, const char *licence, nps_err *err)
{
    change_job j = {.by = by, .id = id, .version = version, .visibility = visibility, .embargo = embargo, .licence = licence};
    return nps_store_write(s, change_terms, &j, err);
}

static nps_status withdraw(nps_db *db, void *arg, nps_err *err)
{
    change_job *j = arg;
    char state[12], organisation[NPS_ACCOUNT_ID];
    nps_status st = find(db, j, state, organisation, err);
    if (st == NPS_OK)
        st = check_owner(j, organisation, err);
    if (st == NPS_OK && strcmp(state, "withdrawn") == 0)
        st = nps_fail(err, NPS_E_CONFLICT, "the contribution is withdrawn already");
    j->was_accepted = st == NPS_OK && strcmp(state, "accepted") == 0;
    if (st == NPS_OK)
        st = nps_tell(db, err, "DELETE FROM contribution_files WHERE contribution=?", "t", j->id);
    if (st == NPS_OK)
        st = nps_tell(db, err, "UPDATE contributions SET state='withdrawn', reason=?, checks='{}', version=version+1, terms_ms=? WHERE id=?", "tit",
                      j->reason, j->by->now_ms, j->id);
    if (st == NPS_OK && j->was_accepted)
        st = nps_job_insert(db, NPS_JOB_BUILD, "", "withdrawn", j->by->now_ms, err);
    return st == NPS_OK ? nps_audit_add(db, j->by, "contribution.withdraw", j->id, "", err) : st;
}

nps_status nps_store_contribution_withdraw(nps_store *s, const nps_actor *by, const char *id, const char *reason, bool *ret_was_accepted,
                                           nps_err *err)
{
    change_job j = {.by = by, .id = id, .reason = reason, .version = -1};
    nps_status st = nps_store_write(s, withdraw, &j, err);
    if (st == NPS_OK)
        *ret_was_accepted = j.was_accepted;
    return st;
}
