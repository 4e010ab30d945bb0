/* The store: work in the background, and batches. */
#include "service/store_jobs.h"

#include "service/audit.h"
#include "service/limits.h"
#include "service/store_impl.h"
#include "service/store_job_insert.h"
#include "service/store_sql.h"

#include <stdlib.h>
#include <string.h>

nps_status nps_job_insert(nps_db *db, const char *kind, const char *subject, const char *data, int64_t now_ms, nps_err *err)
{
    bool there;
    nps_status st = nps_ask_exists(db, &there, err,
                                   "SELECT 1 FROM jobs WHERE kind=? AND subject=? AND data=? AND state='waiting' AND claimed_until_ms<=?", "ttti",
                                   kind, subject, data, now_ms);
    if (st != NPS_OK || there)
        return st;
    return nps_tell(db, err,
                    "INSERT INTO jobs(kind,subject,data,state,created_ms,due_ms,attempts,claimed_until_ms,fault) VALUES(?,?,?,'waiting',?,?,0,0,'')",
                    "tttii", kind, subject, data, now_ms, now_ms);
}

typedef struct {
    const char *kind, *subject, *data, *claimer, *fault;
    int64_t id, now_ms, until_ms, due_ms, n;
    nps_job *to;
    bool found;
} job_job;

static nps_status add_job(nps_db *db, void *arg, nps_err *err)
{
    job_job *j = arg;
    return nps_job_insert(db, j->kind, j->subject, j->data, j->now_ms, err);
}

nps_status nps_store_job_add(nps_store *s, const char *kind, const char *subject, const char *data, int64_t now_ms, nps_err *err)
{
    return nps_store_write(s, add_job, &(job_job){.kind = kind, .subject = subject, .data = data, .now_ms = now_ms}, err);
}

static nps_status find_due(nps_db *db, void *arg, nps_err *err)
{
    job_job *j = arg;
    return nps_ask_i64(db, 0, &j->id, err,
                       "SELECT id FROM jobs WHERE state='waiting' AND due_ms<=? AND claimed_until_ms<=? ORDER BY due_ms, id LIMIT 1", "ii",
                       j->now_ms, j->now_ms);
}

static nps_status claim(nps_db *db, void *arg, nps_err *err)
{
    job_job *j = arg;
    /* Looks again: another may have been faster. */
    nps_status st = find_due(db, j, err);
    if (st != NPS_OK || !j->id)
        return st;
    st = nps_tell(db, err, "UPDATE jobs SET claimed_by=?, claimed_until_ms=?, attempts=attempts+1 WHERE id=?", "tii", j->claimer, j->until_ms, j->id);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_ask(db, "SELECT kind,subject,data,attempts FROM jobs WHERE id=?", "i", j->id);
    j->found = nps_query_next(&q);
    if (j->found) {
        j->to->id = j->id;
        NPS_GET_TEXT(&q, 0, j->to->kind);
        NPS_GET_TEXT(&q, 1, j->to->subject);
        j->to->data = nps_query_get_copy(&q, 2);
        j->to->attempts = nps_query_get_i64(&q, 3) - 1;
    }
    return nps_query_end(&q, err);
}

nps_status nps_store_job_next(nps_store *s, const char *claimer, int64_t now_ms, int64_t lease_ms, nps_job *ret_job, bool *ret_found,
                              nps_err *err)
{
    nps_job found = {0};
    job_job j = {.claimer = claimer, .now_ms = now_ms, .until_ms = now_ms + lease_ms, .to = &found};
    nps_status st = nps_store_read(s, find_due, &j, err);
    if (st == NPS_OK && j.id)
        st = nps_store_write(s, claim, &j, err);
    if (st != NPS_OK) {
        free(found.data);
        return st;
    }
    *ret_found = j.found;
    if (j.found)
        *ret_job = found;
    return NPS_OK;
}

static nps_status end_job(nps_db *db, void *arg, nps_err *err)
{
    job_job *j = arg;
    if (!j->fault)
        return nps_tell(db, err, "DELETE FROM jobs WHERE id=? AND claimed_by=?", "it", j->id, j->claimer);
    if (!j->due_ms)
        return nps_tell(db, err, "UPDATE jobs SET state='failed', fault=?, claimed_until_ms=0 WHERE id=? AND claimed_by=?", "tit", j->fault, j->id,
                        j->claimer);
    return nps_tell(db, err, "UPDATE jobs SET fault=?, due_ms=?, claimed_until_ms=0 WHERE id=? AND claimed_by=?", "tiit", j->fault, j->due_ms,
                    j->id, j->claimer);
}

nps_status nps_store_job_done(nps_store *s, int64_t id, const char *claimer, const char *fault, int64_t due_ms, nps_err *err)
{
    return nps_store_write(s, end_job, &(job_job){.id = id, .claimer = claimer, .fault = fault, .due_ms = due_ms}, err);
}

static nps_status release(nps_db *db, void *arg, nps_err *err)
{
    job_job *j = arg;
    return nps_tell(db, err, "UPDATE jobs SET claimed_until_ms=0 WHERE claimed_by=? AND state='waiting'", "t", j->claimer);
}

nps_status nps_store_jobs_release(nps_store *s, const char *claimer, nps_err *err)
{
    return nps_store_write(s, release, &(job_job){.claimer = claimer}, err);
}

static nps_status count_waiting(nps_db *db, void *arg, nps_err *err)
{
    job_job *j = arg;
    const char *subject = j->subject ? j->subject : "";
    return nps_ask_i64(db, 0, &j->n, err, "SELECT count(*) FROM jobs WHERE state='waiting' AND kind=? AND (?='' OR subject=?)", "ttt", j->kind,
                       subject, subject);
}

nps_status nps_store_jobs_waiting(nps_store *s, const char *kind, const char *subject, int64_t *ret_n, nps_err *err)
{
    job_job j = {.kind = kind, .subject = subject};
    nps_status st = nps_store_read(s, count_waiting, &j, err);
    if (st == NPS_OK)
        *ret_n = j.n;
    return st;
}

/* --- batches -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_actor *by;
    const char *id, *options, *organisation, *sample, *outcome, *fault;
    const nps_batch_file *file;
    size_t n;
    int64_t position;
    void *to;
    bool found;
} batch_job;

static nps_status add_batch(nps_db *db, void *arg, nps_err *err)
{
    batch_job *j = arg;
    nps_status st = nps_tell(db, err, "INSERT INTO batches(id,organisation,member,created_ms,total,options) VALUES(?,?,?,?,?,?)", "tttiit", j->id,
                             j->by->organisation, j->by->member, j->by->now_ms, (int64_t)j->n, j->options);
    for (size_t i = 0; i < j->n && st == NPS_OK; i++) {
        nps_query q = nps_query_begin(db, "INSERT INTO batch_items(batch,position,name,bytes,state,sample,outcome,fault)"
                                          " VALUES(?,?,?,?,'waiting','','','')");
        nps_query_text(&q, j->id);
        nps_query_i64(&q, (int64_t)i);
        nps_query_text(&q, j->file[i].name);
        nps_query_blob(&q, j->file[i].bytes);
        st = nps_query_run(&q, err);
    }
    if (st == NPS_OK)
        st = nps_job_insert(db, NPS_JOB_BATCH, j->id, "", j->by->now_ms, err);
    return st == NPS_OK ? nps_audit_add(db, j->by, "batch.add", j->id, "", err) : st;
}

nps_status nps_store_batch_add(nps_store *s, const nps_actor *by, const char *id, const char *options, const nps_batch_file *file, size_t n,
                               nps_err *err)
{
    return nps_store_write(s, add_batch, &(batch_job){.by = by, .id = id, .options = options, .file = file, .n = n}, err);
}

static nps_status get_batch(nps_db *db, void *arg, nps_err *err)
{
    batch_job *j = arg;
    nps_batch *b = j->to;
    nps_query q = nps_ask(db,
                          "SELECT b.total,b.created_ms,(SELECT count(*) FROM batch_items i WHERE i.batch=b.id AND i.state='done'),"
                          "(SELECT count(*) FROM batch_items i WHERE i.batch=b.id AND i.state='failed') FROM batches b"
                          " WHERE b.id=? AND b.organisation=?",
                          "tt", j->id, j->organisation);
    j->found = nps_query_next(&q);
    if (j->found) {
        b->total = nps_query_get_i64(&q, 0);
        b->created_ms = nps_query_get_i64(&q, 1);
        b->done = nps_query_get_i64(&q, 2);
        b->failed = nps_query_get_i64(&q, 3);
        b->waiting = b->total - b->done - b->failed;
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !j->found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such batch") : st;
}

nps_status nps_store_batch_get(nps_store *s, const char *organisation, const char *id, nps_batch *ret_batch, nps_err *err)
{
    nps_batch b = {0};
    nps_status st = nps_store_read(s, get_batch, &(batch_job){.id = id, .organisation = organisation, .to = &b}, err);
    if (st == NPS_OK)
        *ret_batch = b;
    return st;
}

static nps_status list_items(nps_db *db, void *arg, nps_err *err)
{
    batch_job *j = arg;
    nps_batch_rows *rows = j->to;
    nps_query q = nps_ask(db,
                          "SELECT position,name,state,sample,outcome,fault FROM batch_items WHERE batch=? AND position>? ORDER BY position LIMIT ?",
                          "tii", j->id, j->position, (int64_t)j->n + 1);
    while (nps_query_next(&q)) {
        rows->more = rows->n == j->n;
        if (rows->more)
            continue;
        nps_batch_row *r = &rows->item[rows->n++];
        r->position = nps_query_get_i64(&q, 0);
        NPS_GET_TEXT(&q, 1, r->name);
        NPS_GET_TEXT(&q, 2, r->state);
        NPS_GET_TEXT(&q, 3, r->sample);
        NPS_GET_TEXT(&q, 4, r->outcome);
        NPS_GET_TEXT(&q, 5, r->fault);
    }
    return nps_query_end(&q, err);
}

nps_status nps_store_batch_items(nps_store *s, const char *id, int64_t after, size_t limit, nps_batch_rows *ret_rows, nps_err *err)
{
    nps_batch_rows rows = {.item = nps_array(limit, sizeof *rows.item)};
    if (!rows.item)
        return nps_fail_nomem(err);
    nps_status st = nps_store_read(s, list_items, &(batch_job){.id = id, .position = after, .n = limit, .to = &rows}, err);
    if (st == NPS_OK)
        *ret_rows = rows;
    else
        free(rows.item);
    return st;
}

void nps_batch_item_done(nps_batch_item *i)
{
    free(i->name);
    free(i->options);
    free(i->organisation);
    free(i->member);
    nps_buf_done(&i->bytes);
    *i = (nps_batch_item){0};
}

static nps_status next_item(nps_db *db, void *arg, nps_err *err)
{
    batch_job *j = arg;
    nps_batch_item *i = j->to;
    nps_query q = nps_ask(db,
                          "SELECT i.position,i.name,b.options,b.organisation,b.member,i.bytes FROM batch_items i JOIN batches b ON b.id=i.batch"
                          " WHERE i.batch=? AND i.state='waiting' ORDER BY i.position LIMIT 1",
                          "t", j->id);
    j->found = nps_query_next(&q);
    if (j->found) {
        i->position = nps_query_get_i64(&q, 0);
        i->name = nps_query_get_copy(&q, 1);
        i->options = nps_query_get_copy(&q, 2);
        i->organisation = nps_query_get_copy(&q, 3);
        i->member = nps_query_get_copy(&q, 4);
        nps_span bytes = nps_query_get_bytes(&q, 5);
        i->bytes = NPS_BUF_INIT(NPS_MAX_BODY);
        nps_buf_add(&i->bytes, bytes.p, bytes.n);
    }
    return nps_query_end(&q, err);
}

nps_status nps_store_batch_next(nps_store *s, const char *id, nps_batch_item *ret_item, bool *ret_found, nps_err *err)
{
    nps_batch_item item = {0};
    batch_job j = {.id = id, .to = &item};
    nps_status st = nps_store_read(s, next_item, &j, err);
    if (st == NPS_OK && j.found)
        st = nps_buf_check(&item.bytes, err);
    if (st != NPS_OK) {
        nps_batch_item_done(&item);
        return st;
    }
    *ret_found = j.found;
    if (j.found)
        *ret_item = item;
    return NPS_OK;
}

static nps_status end_item(nps_db *db, void *arg, nps_err *err)
{
    batch_job *j = arg;
    nps_query q = nps_ask(db, "UPDATE batch_items SET state=?, sample=?, outcome=?, fault=?, bytes=? WHERE batch=? AND position=?", "tttt",
                          *j->fault ? "failed" : "done", j->sample, j->outcome, j->fault);
    nps_query_blob(&q, (nps_span){"", 0});
    nps_query_text(&q, j->id);
    nps_query_i64(&q, j->position);
    return nps_query_run(&q, err);
}

nps_status nps_store_batch_item_done(nps_store *s, const char *id, int64_t position, const char *sample, const char *outcome, const char *fault,
                                     nps_err *err)
{
    batch_job j = {.id = id, .position = position, .sample = sample, .outcome = outcome, .fault = fault};
    return nps_store_write(s, end_item, &j, err);
}
