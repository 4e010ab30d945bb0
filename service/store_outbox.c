/* The store: events that wait for delivery, and the record of their tries. */
#include "service/store_impl.h"

#include <stdio.h>
#include <stdlib.h>

void nps_store_event_done(nps_store_event *e)
{
    free(e->data);
    *e = (nps_store_event){0};
}

typedef struct {
    const char *claimer;
    int64_t now_ms, until_ms;
    nps_store_event *event;
    bool found;
} claim_job;

/* An event that is due and free; 0: none. */
static nps_status find_due(nps_db *db, int64_t now_ms, int64_t *ret_id, nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT id FROM outbox WHERE state='pending' AND due_ms<=? AND claimed_until_ms<=?"
                                      " ORDER BY due_ms, id LIMIT 1");
    nps_query_i64(&q, now_ms);
    nps_query_i64(&q, now_ms);
    int64_t id = nps_query_next(&q) ? nps_query_get_i64(&q, 0) : 0;
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK)
        *ret_id = id;
    return st;
}

static nps_status find_next_moment(nps_db *db, int64_t *ret_due_ms, nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT min(CASE WHEN claimed_until_ms>due_ms THEN claimed_until_ms ELSE due_ms END)"
                                      " FROM outbox WHERE state='pending'");
    int64_t due = INT64_MAX;
    if (nps_query_next(&q) && !nps_query_is_null(&q, 0))
        due = nps_query_get_i64(&q, 0);
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK)
        *ret_due_ms = due;
    return st;
}

static nps_status get_event(nps_db *db, int64_t id, nps_store_event *e, nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT event,type,subject,created_ms,attempts,due_ms,data,claimed_by,trace FROM outbox"
                                      " WHERE id=?");
    nps_query_i64(&q, id);
    if (nps_query_next(&q)) {
        e->id = id;
        nps_query_get_text(&q, 0, e->event, sizeof e->event);
        nps_query_get_text(&q, 1, e->type, sizeof e->type);
        nps_query_get_text(&q, 2, e->subject, sizeof e->subject);
        e->created_ms = nps_query_get_i64(&q, 3);
        e->attempts = nps_query_get_i64(&q, 4);
        e->due_ms = nps_query_get_i64(&q, 5);
        e->data = nps_query_get_copy(&q, 6);
        nps_query_get_text(&q, 7, e->claimer, sizeof e->claimer);
        nps_query_get_text(&q, 8, e->trace, sizeof e->trace);
    }
    return nps_query_end(&q, err);
}

/* Looks again: since the look without a transaction another may have been faster. */
static nps_status claim(nps_db *db, void *arg, nps_err *err)
{
    claim_job *j = arg;
    int64_t id = 0;
    nps_status st = find_due(db, j->now_ms, &id, err);
    if (st != NPS_OK || !id)
        return st;
    nps_query q = nps_query_begin(db, "UPDATE outbox SET claimed_by=?, claimed_until_ms=? WHERE id=?");
    nps_query_text(&q, j->claimer);
    nps_query_i64(&q, j->until_ms);
    nps_query_i64(&q, id);
    st = nps_query_run(&q, err);
    if (st == NPS_OK)
        st = get_event(db, id, j->event, err);
    j->found = st == NPS_OK;
    return st;
}

nps_status nps_store_event_next(nps_store *s, const char *claimer, int64_t now_ms, int64_t lease_ms,
                                nps_store_event *ret_event, bool *ret_found, int64_t *ret_due_ms, nps_err *err)
{
    nps_db *db;
    int64_t id = 0, due_ms = INT64_MAX;
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    st = find_due(db, now_ms, &id, err);
    if (st == NPS_OK && !id)
        st = find_next_moment(db, &due_ms, err);
    nps_store_give_reader(s, db);
    nps_store_event e = {0};
    claim_job j = {.claimer = claimer, .now_ms = now_ms, .until_ms = now_ms + lease_ms, .event = &e};
    if (st == NPS_OK && id) {
        st = nps_store_write(s, claim, &j, err);
        due_ms = now_ms;
    }
    if (st != NPS_OK) {
        nps_store_event_done(&e);
        return st;
    }
    *ret_found = j.found;
    *ret_due_ms = due_ms;
    if (j.found)
        *ret_event = e;
    return NPS_OK;
}

typedef struct {
    const nps_store_event *event;
    int64_t at_ms, due_ms;
    int http;
    const char *fault, *state;
} tried_job;

static nps_status settle(nps_db *db, const tried_job *j, nps_err *err)
{
    nps_query q = nps_query_begin(db, "UPDATE outbox SET attempts=attempts+1, state=?, due_ms=?, claimed_by=NULL,"
                                      " claimed_until_ms=0 WHERE id=? AND state='pending' AND claimed_by=?");
    nps_query_text(&q, j->state);
    nps_query_i64(&q, j->due_ms);
    nps_query_i64(&q, j->event->id);
    nps_query_text(&q, j->event->claimer);
    nps_status st = nps_query_run(&q, err);
    if (st != NPS_OK || nps_db_changes(db))
        return st;
    /* No longer ours. That it arrived is true all the same. */
    q = nps_query_begin(db, "UPDATE outbox SET attempts=attempts+1, state=CASE WHEN ?='done' THEN 'done' ELSE state END"
                            " WHERE id=?");
    nps_query_text(&q, j->state);
    nps_query_i64(&q, j->event->id);
    return nps_query_run(&q, err);
}

static nps_status record_try(nps_db *db, void *arg, nps_err *err)
{
    const tried_job *j = arg;
    nps_query q = nps_query_begin(db, "INSERT INTO deliveries(outbox,attempt,at_ms,http,fault)"
                                      " SELECT id, attempts+1, ?, ?, ? FROM outbox WHERE id=?");
    nps_query_i64(&q, j->at_ms);
    nps_query_i64(&q, j->http);
    nps_query_text(&q, j->fault);
    nps_query_i64(&q, j->event->id);
    nps_status st = nps_query_run(&q, err);
    return st == NPS_OK ? settle(db, j, err) : st;
}

nps_status nps_store_event_tried(nps_store *s, const nps_store_event *e, int64_t at_ms, int http, const char *fault,
                                 nps_event_state state, int64_t due_ms, nps_err *err)
{
    static const char *const names[] = {"pending", "done", "dead"};
    tried_job j = {.event = e, .at_ms = at_ms, .due_ms = due_ms, .http = http, .fault = fault, .state = names[state]};
    return nps_store_write(s, record_try, &j, err);
}

static nps_status release(nps_db *db, void *arg, nps_err *err)
{
    nps_query q = nps_query_begin(db, "UPDATE outbox SET claimed_by=NULL, claimed_until_ms=0"
                                      " WHERE state='pending' AND claimed_by=?");
    nps_query_text(&q, arg);
    return nps_query_run(&q, err);
}

nps_status nps_store_event_release(nps_store *s, const char *claimer, nps_err *err)
{
    char name[NPS_CLAIMER];
    snprintf(name, sizeof name, "%s", claimer);
    return nps_store_write(s, release, name, err);
}

typedef struct {
    int64_t due_ms, changed;
} revive_job;

static nps_status revive(nps_db *db, void *arg, nps_err *err)
{
    revive_job *j = arg;
    nps_query q = nps_query_begin(db, "UPDATE outbox SET state='pending', due_ms=? WHERE state='dead'");
    nps_query_i64(&q, j->due_ms);
    nps_status st = nps_query_run(&q, err);
    j->changed = nps_db_changes(db);
    return st;
}

nps_status nps_store_event_revive(nps_store *s, int64_t now_ms, int64_t *ret_n, nps_err *err)
{
    revive_job j = {.due_ms = now_ms};
    nps_status st = nps_store_write(s, revive, &j, err);
    if (st == NPS_OK)
        *ret_n = j.changed;
    return st;
}
