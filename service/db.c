#include "service/db.h"

#include "core/mem.h"
#include "service/db_driver.h"
#include "service/db_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 1000 }; /* statements of one connection: far more than the program has */

nps_status nps_db_open(const char *where, nps_db_role role, nps_db **ret_db, nps_err *err)
{
    return nps_db_is_url(where) ? nps_db_open_pg(where, role, ret_db, err) : nps_db_open_sqlite(where, role, ret_db, err);
}

void nps_db_close(nps_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->n_kept; i++)
        db->driver->finalize(db->kept[i].stmt);
    free(db->kept);
    db->driver->close(db);
}

nps_db_engine nps_db_engine_of(const nps_db *db)
{
    return db->driver->engine;
}

nps_status nps_db_mend(nps_db *db, nps_err *err)
{
    return db->driver->mend(db, err);
}

bool nps_db_is_lost(const nps_db *db)
{
    return db->driver->is_lost(db);
}

nps_status nps_db_begin(nps_db *db, nps_err *err)
{
    return db->driver->begin(db, false, err);
}

nps_status nps_db_begin_reading(nps_db *db, nps_err *err)
{
    return db->driver->begin(db, true, err);
}

nps_status nps_db_commit(nps_db *db, nps_err *err)
{
    return db->driver->commit(db, err);
}

void nps_db_rollback(nps_db *db)
{
    if (nps_db_in_transaction(db))
        (void)!nps_db_run(db, "ROLLBACK", NULL);
}

bool nps_db_in_transaction(const nps_db *db)
{
    return db->driver->in_transaction(db);
}

nps_status nps_db_run(nps_db *db, const char *sql, nps_err *err)
{
    return db->driver->run(db, sql, err);
}

int64_t nps_db_changes(const nps_db *db)
{
    return db->changes;
}

/* --- queries --------------------------------------------------------------------------------------------------------------- */

static nps_status find_statement(nps_db *db, const char *sql, void **ret_stmt, nps_err *err)
{
    for (size_t i = 0; i < db->n_kept; i++)
        if (db->kept[i].text == sql) {
            NPS_ASSERT(!db->kept[i].busy);
            db->kept[i].busy = true;
            *ret_stmt = db->kept[i].stmt;
            return NPS_OK;
        }
    void *stmt;
    nps_status st = nps_grow(&db->kept, &db->cap_kept, db->n_kept + 1, sizeof *db->kept, KEPT_MAX, err);
    if (st == NPS_OK)
        st = db->driver->prepare(db, sql, &stmt, err);
    if (st != NPS_OK)
        return st;
    db->kept[db->n_kept++] = (struct nps_db_kept){sql, stmt, true};
    *ret_stmt = stmt;
    return NPS_OK;
}

nps_query nps_query_begin(nps_db *db, const char *sql)
{
    nps_query q = {.db = db};
    q.st = find_statement(db, sql, &q.stmt, &q.err);
    return q;
}

static void bind(nps_query *q, const nps_db_value *v)
{
    if (q->st != NPS_OK)
        return;
    NPS_ASSERT(q->n_bound < NPS_DB_MAX_PARAMETERS);
    q->st = q->db->driver->bind(q->db, q->stmt, ++q->n_bound, v, &q->err);
}

void nps_query_text(nps_query *q, const char *text)
{
    bind(q, &(nps_db_value){.type = NPS_DB_TEXT, .is_null = !text, .bytes = nps_span_of(text)});
}

void nps_query_span(nps_query *q, nps_span text)
{
    bind(q, &(nps_db_value){.type = NPS_DB_TEXT, .bytes = {text.n ? text.p : "", text.n}});
}

void nps_query_i64(nps_query *q, int64_t v)
{
    bind(q, &(nps_db_value){.type = NPS_DB_INT, .i64 = v});
}

void nps_query_blob(nps_query *q, nps_span bytes)
{
    bind(q, &(nps_db_value){.type = NPS_DB_BLOB, .bytes = {bytes.n ? bytes.p : "", bytes.n}});
}

void nps_query_null(nps_query *q, nps_db_type type)
{
    bind(q, &(nps_db_value){.type = type, .is_null = true});
}

void nps_query_stream(nps_query *q)
{
    if (q->st == NPS_OK)
        q->db->driver->stream(q->stmt);
}

bool nps_query_next(nps_query *q)
{
    bool row = false;
    if (q->st == NPS_OK)
        q->st = q->db->driver->step(q->db, q->stmt, &row, &q->err);
    return q->st == NPS_OK && row;
}

bool nps_query_is_null(nps_query *q, int column)
{
    return q->st != NPS_OK || q->db->driver->is_null(q->stmt, column);
}

int64_t nps_query_get_i64(nps_query *q, int column)
{
    int64_t v = 0;
    if (!nps_query_is_null(q, column))
        q->st = q->db->driver->get_i64(q->stmt, column, &v, &q->err);
    return v;
}

nps_span nps_query_get_bytes(nps_query *q, int column)
{
    return nps_query_is_null(q, column) ? (nps_span){"", 0} : q->db->driver->get_bytes(q->stmt, column);
}

char *nps_query_get_copy(nps_query *q, int column)
{
    if (nps_query_is_null(q, column))
        return NULL;
    nps_span s = nps_query_get_bytes(q, column);
    char *copy = nps_strndup(s.p, s.n);
    if (!copy)
        q->st = nps_fail_nomem(&q->err);
    return copy;
}

void nps_query_get_text(nps_query *q, int column, char *out, size_t out_size)
{
    nps_span s = nps_query_get_bytes(q, column);
    snprintf(out, out_size, "%.*s", (int)s.n, s.p);
}

nps_status nps_query_end(nps_query *q, nps_err *err)
{
    if (q->stmt) {
        q->db->driver->reset(q->db, q->stmt);
        for (size_t i = 0; i < q->db->n_kept; i++)
            if (q->db->kept[i].stmt == q->stmt)
                q->db->kept[i].busy = false;
        q->stmt = NULL;
    }
    if (q->st != NPS_OK && err)
        *err = q->err;
    return q->st;
}

nps_status nps_query_run(nps_query *q, nps_err *err)
{
    while (nps_query_next(q))
        ;
    return nps_query_end(q, err);
}

nps_status nps_db_number(nps_db *db, const char *sql, int64_t *ret_v, nps_err *err)
{
    nps_query q = nps_query_begin(db, sql);
    int64_t v = nps_query_next(&q) ? nps_query_get_i64(&q, 0) : 0;
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK)
        *ret_v = v;
    return st;
}
