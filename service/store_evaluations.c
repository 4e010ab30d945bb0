/* The store: how samples were judged, what their owners are told, which contributions were of use. */
#include "service/store_evaluations.h"

#include "service/audit.h"
#include "service/store_impl.h"
#include "service/store_notices.h"
#include "service/store_sql.h"

#include <stdlib.h>
#include <string.h>

nps_status nps_use_insert(nps_db *db, const char *contribution, const char *day, int64_t hits, nps_err *err)
{
    return nps_tell(db, err,
                    "INSERT INTO uses(contribution,day,hits) SELECT id,?,? FROM contributions WHERE id=?"
                    " ON CONFLICT(contribution,day) DO UPDATE SET hits=uses.hits+excluded.hits",
                    "tit", day, hits, contribution);
}

nps_status nps_notice_insert(nps_db *db, const char *organisation, const char *kind, const char *subject, int64_t now_ms, const char *data,
                             nps_err *err)
{
    return nps_tell(db, err, "INSERT INTO notices(organisation,kind,subject,created_ms,read_ms,data) VALUES(?,?,?,?,0,?)", "tttit",
                    organisation, kind, subject, now_ms, data);
}

nps_status nps_evaluation_insert(nps_db *db, const char *sample, int64_t n, const nps_store_evaluation *e, nps_err *err)
{
    nps_status st = nps_tell(db, err,
                             "INSERT INTO evaluations(sample,n,at_ms,reason,holding,generation,ruleset,program,calibration,control,today,"
                             "options,outcome,verdict) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                             "tiitttittttttt", sample, n, e->at_ms, e->reason, e->holding, e->generation, e->ruleset, e->program,
                             e->calibration, e->control, e->today, e->options, e->outcome, e->verdict);
    for (size_t i = 0; i < e->n_relied && st == NPS_OK; i++) {
        st = nps_tell(db, err, "INSERT INTO relied(sample,n,reference) VALUES(?,?,?) ON CONFLICT DO NOTHING", "tit", sample, n, e->relied[i]);
        if (st == NPS_OK)
            st = nps_use_insert(db, e->relied[i], e->today, 1, err);
    }
    return st;
}

typedef struct {
    const char *id, *kind, *notice;
    const nps_store_evaluation *evaluation;
    int64_t n;
} add_job;

static nps_status add_evaluation(nps_db *db, void *arg, nps_err *err)
{
    add_job *j = arg;
    char organisation[NPS_ACCOUNT_ID] = "";
    nps_query q = nps_ask(db, "SELECT last_evaluation,organisation FROM samples WHERE id=? AND state='kept'", "t", j->id);
    bool found = nps_query_next(&q);
    if (found) {
        j->n = nps_query_get_i64(&q, 0) + 1;
        NPS_GET_TEXT(&q, 1, organisation);
    }
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK && !found)
        st = nps_fail(err, NPS_E_NOT_FOUND, "there is no such sample");
    if (st == NPS_OK)
        st = nps_evaluation_insert(db, j->id, j->n, j->evaluation, err);
    if (st == NPS_OK)
        st = nps_tell(db, err, "UPDATE samples SET last_evaluation=?, outcome=? WHERE id=?", "itt", j->n, j->evaluation->outcome, j->id);
    if (st == NPS_OK && j->notice && *organisation)
        st = nps_notice_insert(db, organisation, j->kind, j->id, j->evaluation->at_ms, j->notice, err);
    const nps_actor by = {.member = "", .organisation = organisation, .now_ms = j->evaluation->at_ms};
    return st == NPS_OK ? nps_audit_add(db, &by, "sample.evaluate", j->id, j->evaluation->reason, err) : st;
}

nps_status nps_store_evaluation_add(nps_store *s, const char *id, const nps_store_evaluation *evaluation, const char *notice_kind,
                                    const char *notice, int64_t *ret_n, nps_err *err)
{
    add_job j = {.id = id, .kind = notice_kind, .notice = notice, .evaluation = evaluation};
    nps_status st = nps_store_write(s, add_evaluation, &j, err);
    if (st == NPS_OK)
        *ret_n = j.n;
    return st;
}

void nps_stored_evaluation_done(nps_stored_evaluation *e)
{
    char *const texts[] = {e->reason, e->holding, e->generation, e->program, e->calibration, e->control, e->today, e->options, e->outcome,
                           e->verdict};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    *e = (nps_stored_evaluation){0};
}

typedef struct {
    const char *organisation, *id;
    int64_t n;
    nps_stored_evaluation *to;
} get_job;

static nps_status get_evaluation(nps_db *db, void *arg, nps_err *err)
{
    get_job *j = arg;
    nps_stored_evaluation *e = j->to;
    nps_query q = nps_ask(db,
                          "SELECT e.reason,e.holding,e.generation,e.program,e.calibration,e.control,e.today,e.options,e.outcome,e.verdict,"
                          "e.n,e.at_ms,e.ruleset FROM evaluations e JOIN samples s ON s.id=e.sample WHERE s.id=? AND (?='' OR s.organisation=?)"
                          " AND e.n=CASE WHEN CAST(? AS BIGINT)<0 THEN s.last_evaluation ELSE CAST(? AS BIGINT) END",
                          "tttii", j->id, j->organisation, j->organisation, j->n, j->n);
    char **const to[] = {&e->reason, &e->holding, &e->generation, &e->program, &e->calibration, &e->control, &e->today, &e->options, &e->outcome,
                         &e->verdict};
    enum { N = sizeof to / sizeof *to };
    bool found = nps_query_next(&q);
    for (int i = 0; found && i < N; i++)
        *to[i] = nps_query_get_copy(&q, i);
    if (found) {
        e->n = nps_query_get_i64(&q, N);
        e->at_ms = nps_query_get_i64(&q, N + 1);
        e->ruleset = nps_query_get_i64(&q, N + 2);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such evaluation") : st;
}

nps_status nps_store_evaluation_get(nps_store *s, const char *organisation, const char *id, int64_t n, nps_stored_evaluation *ret_evaluation,
                                    nps_err *err)
{
    nps_stored_evaluation e = {0};
    nps_status st = nps_store_read(s, get_evaluation, &(get_job){organisation, id, n, &e}, err);
    if (st == NPS_OK)
        *ret_evaluation = e;
    else
        nps_stored_evaluation_done(&e);
    return st;
}

/* --- notices and uses -------------------------------------------------------------------------------------------------------- */

void nps_notices_done(nps_notices *n)
{
    for (size_t i = 0; i < n->n; i++)
        free(n->item[i].data);
    free(n->item);
    *n = (nps_notices){0};
}

typedef struct {
    const char *organisation;
    int64_t after, now_ms;
    size_t limit;
    nps_notices *to;
} notice_job;

static nps_status list_notices(nps_db *db, void *arg, nps_err *err)
{
    notice_job *j = arg;
    nps_query q = nps_ask(db,
                          "SELECT id,kind,subject,created_ms,read_ms,data FROM notices WHERE organisation=? AND id>? ORDER BY id LIMIT ?", "tii",
                          j->organisation, j->after, (int64_t)j->limit + 1);
    while (nps_query_next(&q)) {
        j->to->more = j->to->n == j->limit;
        if (j->to->more)
            continue;
        nps_notice *n = &j->to->item[j->to->n++];
        n->id = nps_query_get_i64(&q, 0);
        NPS_GET_TEXT(&q, 1, n->kind);
        NPS_GET_TEXT(&q, 2, n->subject);
        n->created_ms = nps_query_get_i64(&q, 3);
        n->read_ms = nps_query_get_i64(&q, 4);
        n->data = nps_query_get_copy(&q, 5);
    }
    return nps_query_end(&q, err);
}

nps_status nps_store_notices(nps_store *s, const char *organisation, int64_t after, size_t limit, nps_notices *ret_notices, nps_err *err)
{
    nps_notices n = {.item = nps_array(limit, sizeof *n.item)};
    if (!n.item)
        return nps_fail_nomem(err);
    nps_status st = nps_store_read(s, list_notices, &(notice_job){.organisation = organisation, .after = after, .limit = limit, .to = &n}, err);
    if (st == NPS_OK)
        *ret_notices = n;
    else
        nps_notices_done(&n);
    return st;
}

static nps_status mark_read(nps_db *db, void *arg, nps_err *err)
{
    notice_job *j = arg;
    nps_status st = nps_tell(db, err, "UPDATE notices SET read_ms=? WHERE id=? AND organisation=? ", "iit", j->now_ms, j->after, j->organisation);
    return st == NPS_OK ? nps_told_one(db, "notice", err) : st;
}

nps_status nps_store_notice_read(nps_store *s, const char *organisation, int64_t id, int64_t now_ms, nps_err *err)
{
    return nps_store_write(s, mark_read, &(notice_job){.organisation = organisation, .after = id, .now_ms = now_ms}, err);
}

typedef struct {
    const nps_use *use;
    size_t n;
} use_job;

static nps_status add_uses(nps_db *db, void *arg, nps_err *err)
{
    use_job *j = arg;
    nps_status st = NPS_OK;
    for (size_t i = 0; i < j->n && st == NPS_OK; i++)
        st = nps_use_insert(db, j->use[i].contribution, j->use[i].day, j->use[i].hits, err);
    return st;
}

nps_status nps_store_uses_add(nps_store *s, const nps_use *use, size_t n, nps_err *err)
{
    return nps_store_write(s, add_uses, &(use_job){use, n}, err);
}

typedef struct {
    const char *organisation, *since;
    nps_uses *to;
} uses_job;

static nps_status list_uses(nps_db *db, void *arg, nps_err *err)
{
    uses_job *j = arg;
    nps_status st = NPS_OK;
    nps_query q = nps_ask(db,
                          "SELECT u.contribution,u.day,u.hits FROM uses u JOIN contributions c ON c.id=u.contribution"
                          " WHERE c.organisation=? AND u.day>=? ORDER BY u.day, u.contribution",
                          "tt", j->organisation, j->since);
    while (st == NPS_OK && nps_query_next(&q)) {
        st = nps_list_grow(&j->to->item, j->to->n, sizeof *j->to->item, err);
        if (st != NPS_OK)
            break;
        nps_use *u = &j->to->item[j->to->n++];
        NPS_GET_TEXT(&q, 0, u->contribution);
        NPS_GET_TEXT(&q, 1, u->day);
        u->hits = nps_query_get_i64(&q, 2);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

nps_status nps_store_uses(nps_store *s, const char *organisation, const char *since, nps_uses *ret_uses, nps_err *err)
{
    nps_uses u = {0};
    nps_status st = nps_store_read(s, list_uses, &(uses_job){organisation, since, &u}, err);
    if (st == NPS_OK)
        *ret_uses = u;
    else
        free(u.item);
    return st;
}
