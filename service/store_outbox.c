/* The store: events that wait for delivery, and the record of their tries. */
#include "service/store_impl.h"

#include <stdlib.h>

void nps_store_event_done(nps_store_event *e)
{
    free(e->data);
    *e = (nps_store_event){0};
}

nps_status nps_store_event_next(nps_store *s, nps_store_event *ret_event, bool *ret_found, nps_err *err)
{
    nps_db *db;
    nps_store_event e = {0};
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_query_begin(db, "SELECT id,event,type,subject,created_ms,attempts,due_ms,data FROM outbox"
                                      " WHERE state='pending' ORDER BY due_ms, id LIMIT 1");
    bool found = nps_query_next(&q);
    if (found) {
        e.id = nps_query_get_i64(&q, 0);
        nps_query_get_text(&q, 1, e.event, sizeof e.event);
        nps_query_get_text(&q, 2, e.type, sizeof e.type);
        nps_query_get_text(&q, 3, e.subject, sizeof e.subject);
        e.created_ms = nps_query_get_i64(&q, 4);
        e.attempts = nps_query_get_i64(&q, 5);
        e.due_ms = nps_query_get_i64(&q, 6);
        e.data = nps_query_get_copy(&q, 7);
    }
    st = nps_query_end(&q, err);
    nps_store_give_reader(s, db);
    if (st != NPS_OK) {
        nps_store_event_done(&e);
        return st;
    }
    *ret_found = found;
    if (found)
        *ret_event = e;
    return NPS_OK;
}

typedef struct {
    int64_t id, at_ms, due_ms, changed;
    int http;
    const char *fault, *state;
} tried_job;

static nps_status record_try(nps_db *db, void *arg, nps_err *err)
{
    const tried_job *j = arg;
    nps_query q = nps_query_begin(db, "INSERT INTO deliveries(outbox,attempt,at_ms,http,fault)"
                                      " SELECT id, attempts+1, ?, ?, ? FROM outbox WHERE id=?");
    nps_query_i64(&q, j->at_ms);
    nps_query_i64(&q, j->http);
    nps_query_text(&q, j->fault);
    nps_query_i64(&q, j->id);
    nps_status st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    q = nps_query_begin(db, "UPDATE outbox SET attempts=attempts+1, state=?, due_ms=? WHERE id=?");
    nps_query_text(&q, j->state);
    nps_query_i64(&q, j->due_ms);
    nps_query_i64(&q, j->id);
    return nps_query_run(&q, err);
}

nps_status nps_store_event_tried(nps_store *s, int64_t id, int64_t at_ms, int http, const char *fault,
                                 nps_event_state state, int64_t due_ms, nps_err *err)
{
    static const char *const names[] = {"pending", "done", "dead"};
    tried_job j = {.id = id, .at_ms = at_ms, .due_ms = due_ms, .http = http, .fault = fault, .state = names[state]};
    return nps_store_write(s, record_try, &j, err);
}

static nps_status revive(nps_db *db, void *arg, nps_err *err)
{
    tried_job *j = arg;
    nps_query q = nps_query_begin(db, "UPDATE outbox SET state='pending', due_ms=? WHERE state='dead'");
    nps_query_i64(&q, j->due_ms);
    nps_status st = nps_query_run(&q, err);
    j->changed = nps_db_changes(db);
    return st;
}

nps_status nps_store_event_revive(nps_store *s, int64_t now_ms, int64_t *ret_n, nps_err *err)
{
    tried_job j = {.due_ms = now_ms};
    nps_status st = nps_store_write(s, revive, &j, err);
    if (st == NPS_OK)
        *ret_n = j.changed;
    return st;
}
