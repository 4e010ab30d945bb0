#include "service/db.h"

#include "core/mem.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 64 };

struct nps_db {
    sqlite3 *sql;
    struct {
        const char *text; /* address of the literal */
        sqlite3_stmt *stmt;
        bool busy;
    } kept[KEPT_MAX];
    size_t n_kept;
};

static nps_status fail(nps_db *db, nps_err *err)
{
    int code = sqlite3_extended_errcode(db->sql);
    return nps_fail(err, (code & 0xff) == SQLITE_NOMEM ? NPS_E_NOMEM : NPS_E_IO, "store: %s (%d)",
                    sqlite3_errmsg(db->sql), code);
}

nps_status nps_db_run(nps_db *db, const char *sql, nps_err *err)
{
    return sqlite3_exec(db->sql, sql, NULL, NULL, NULL) == SQLITE_OK ? NPS_OK : fail(db, err);
}

nps_status nps_db_open(const char *path, nps_db_role role, nps_db **ret_db, nps_err *err)
{
    nps_db *db = nps_array(1, sizeof *db);
    if (!db)
        return nps_fail_nomem(err);
    int flags = role == NPS_DB_WRITER ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
    /* A connection is used by one thread at a time, so SQLite's own mutexes are not needed. */
    int rc = sqlite3_open_v2(path, &db->sql, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    if (rc != SQLITE_OK) {
        nps_status st = nps_fail(err, NPS_E_IO, "store: '%s': %s", path, sqlite3_errstr(rc));
        nps_db_close(db);
        return st;
    }
    sqlite3_extended_result_codes(db->sql, 1);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_busy_timeout(db->sql, 5000);
    nps_status st = nps_db_run(db,
                               role == NPS_DB_WRITER
                                   ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                     "PRAGMA cell_size_check=ON"
                                   : "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cell_size_check=ON",
                               err);
    if (st != NPS_OK) {
        nps_db_close(db);
        return st;
    }
    *ret_db = db;
    return NPS_OK;
}

void nps_db_close(nps_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->n_kept; i++)
        sqlite3_finalize(db->kept[i].stmt);
    sqlite3_close(db->sql);
    free(db);
}

bool nps_db_in_transaction(const nps_db *db)
{
    return !sqlite3_get_autocommit(db->sql);
}

static void note(nps_query *q)
{
    if (q->st == NPS_OK)
        q->st = fail(q->db, &q->err);
}

nps_query nps_query_begin(nps_db *db, const char *sql)
{
    nps_query q = {.db = db};
    for (size_t i = 0; i < db->n_kept; i++)
        if (db->kept[i].text == sql) {
            NPS_ASSERT(!db->kept[i].busy);
            db->kept[i].busy = true;
            q.stmt = db->kept[i].stmt;
            return q;
        }
    sqlite3_stmt *stmt;
    NPS_ASSERT(db->n_kept < KEPT_MAX);
    if (sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
        note(&q);
        return q;
    }
    db->kept[db->n_kept].text = sql;
    db->kept[db->n_kept].stmt = stmt;
    db->kept[db->n_kept++].busy = true;
    q.stmt = stmt;
    return q;
}

static void check_bind(nps_query *q, int rc)
{
    if (rc != SQLITE_OK)
        note(q);
}

void nps_query_text(nps_query *q, const char *text)
{
    if (q->st == NPS_OK)
        check_bind(q, sqlite3_bind_text(q->stmt, ++q->n_bound, text, -1, SQLITE_STATIC));
}

void nps_query_i64(nps_query *q, int64_t v)
{
    if (q->st == NPS_OK)
        check_bind(q, sqlite3_bind_int64(q->stmt, ++q->n_bound, v));
}

void nps_query_blob(nps_query *q, nps_span bytes)
{
    if (q->st == NPS_OK)
        check_bind(q, sqlite3_bind_blob64(q->stmt, ++q->n_bound, bytes.n ? bytes.p : "", bytes.n, SQLITE_STATIC));
}

bool nps_query_next(nps_query *q)
{
    if (q->st != NPS_OK)
        return false;
    int rc = sqlite3_step(q->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        note(q);
    return rc == SQLITE_ROW;
}

int64_t nps_query_get_i64(nps_query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

nps_span nps_query_get_bytes(nps_query *q, int column)
{
    const void *p = sqlite3_column_blob(q->stmt, column);
    return (nps_span){p ? p : "", (size_t)sqlite3_column_bytes(q->stmt, column)};
}

char *nps_query_get_copy(nps_query *q, int column)
{
    if (q->st != NPS_OK || sqlite3_column_type(q->stmt, column) == SQLITE_NULL)
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
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
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

int64_t nps_db_last_id(const nps_db *db)
{
    return sqlite3_last_insert_rowid(db->sql);
}

int64_t nps_db_changes(const nps_db *db)
{
    return sqlite3_changes64(db->sql);
}
