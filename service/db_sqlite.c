/* SQLite below db.h: the one user of sqlite3.h. */
#include "service/db_driver.h"

#include "core/mem.h"

#include <sqlite3.h>
#include <stdlib.h>

typedef struct {
    nps_db base;
    sqlite3 *sql;
} sqlite_db;

static sqlite3 *sql_of(const nps_db *db)
{
    return ((const sqlite_db *)(const void *)db)->sql;
}

static nps_status fail(const nps_db *db, nps_err *err)
{
    int code = sqlite3_extended_errcode(sql_of(db));
    return nps_fail(err, (code & 0xff) == SQLITE_NOMEM ? NPS_E_NOMEM : NPS_E_IO, "store: %s (%d)",
                    sqlite3_errmsg(sql_of(db)), code);
}

static nps_status run(nps_db *db, const char *sql, nps_err *err)
{
    return sqlite3_exec(sql_of(db), sql, NULL, NULL, NULL) == SQLITE_OK ? NPS_OK : fail(db, err);
}

static void close_db(nps_db *db)
{
    sqlite3_close(sql_of(db));
    free(db);
}

static nps_status mend(nps_db *db, nps_err *err)
{
    (void)db;
    (void)err;
    return NPS_OK;
}

static bool is_lost(const nps_db *db)
{
    (void)db;
    return false;
}

static nps_status begin(nps_db *db, bool reading, nps_err *err)
{
    return run(db, reading ? "BEGIN" : "BEGIN IMMEDIATE", err);
}

static nps_status commit(nps_db *db, nps_err *err)
{
    return run(db, "COMMIT", err);
}

static bool in_transaction(const nps_db *db)
{
    return !sqlite3_get_autocommit(sql_of(db));
}

/* --- statements ------------------------------------------------------------------------------------------------------------ */

static nps_status prepare(nps_db *db, const char *sql, void **ret_stmt, nps_err *err)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v3(sql_of(db), sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
        return fail(db, err);
    *ret_stmt = stmt;
    return NPS_OK;
}

static nps_status bind(nps_db *db, void *stmt, int place, const nps_db_value *v, nps_err *err)
{
    int rc = v->is_null ? sqlite3_bind_null(stmt, place)
             : v->type == NPS_DB_INT
                 ? sqlite3_bind_int64(stmt, place, v->i64)
             : v->type == NPS_DB_TEXT
                 ? sqlite3_bind_text64(stmt, place, v->bytes.p, v->bytes.n, SQLITE_STATIC, SQLITE_UTF8)
                 : sqlite3_bind_blob64(stmt, place, v->bytes.p, v->bytes.n, SQLITE_STATIC);
    return rc == SQLITE_OK ? NPS_OK : fail(db, err);
}

static void stream(void *stmt)
{
    (void)stmt; /* rows always come one by one */
}

static nps_status step(nps_db *db, void *stmt, bool *ret_row, nps_err *err)
{
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return fail(db, err);
    if (rc == SQLITE_DONE)
        db->changes = sqlite3_changes64(sql_of(db));
    *ret_row = rc == SQLITE_ROW;
    return NPS_OK;
}

static bool is_null(void *stmt, int column)
{
    return sqlite3_column_type(stmt, column) == SQLITE_NULL;
}

static nps_status get_i64(void *stmt, int column, int64_t *ret_v, nps_err *err)
{
    /* PostgreSQL does not convert either. */
    if (sqlite3_column_type(stmt, column) != SQLITE_INTEGER)
        return nps_fail(err, NPS_E_IO, "store: column %d holds no integer", column);
    *ret_v = sqlite3_column_int64(stmt, column);
    return NPS_OK;
}

static nps_span get_bytes(void *stmt, int column)
{
    const void *p = sqlite3_column_blob(stmt, column);
    return (nps_span){p ? p : "", (size_t)sqlite3_column_bytes(stmt, column)};
}

static void reset(nps_db *db, void *stmt)
{
    (void)db;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

static void finalize(void *stmt)
{
    sqlite3_finalize(stmt);
}

static const nps_db_driver driver = {.engine = NPS_DB_SQLITE,
                                     .close = close_db,
                                     .mend = mend,
                                     .is_lost = is_lost,
                                     .begin = begin,
                                     .commit = commit,
                                     .in_transaction = in_transaction,
                                     .run = run,
                                     .prepare = prepare,
                                     .bind = bind,
                                     .stream = stream,
                                     .step = step,
                                     .is_null = is_null,
                                     .get_i64 = get_i64,
                                     .get_bytes = get_bytes,
                                     .reset = reset,
                                     .finalize = finalize};

nps_status nps_db_open_sqlite(const char *path, nps_db_role role, nps_db **ret_db, nps_err *err)
{
    sqlite_db *db = nps_array(1, sizeof *db);
    if (!db)
        return nps_fail_nomem(err);
    db->base.driver = &driver;
    static const struct {
        int flags;
        const char *sql;
    } by_role[] = {
        [NPS_DB_WRITER] = {SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                           "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                           "PRAGMA cell_size_check=ON"},
        [NPS_DB_READER] = {SQLITE_OPEN_READWRITE,
                           "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cell_size_check=ON"},
        [NPS_DB_TOOL] = {SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                         "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                         "PRAGMA cell_size_check=ON"},
        /* Without query_only, which would forbid VACUUM INTO. */
        [NPS_DB_SOURCE] = {SQLITE_OPEN_READONLY, "PRAGMA cell_size_check=ON"}};
    /* A connection is used by one thread at a time, so SQLite's own mutexes are not needed. */
    int rc = sqlite3_open_v2(path, &db->sql, by_role[role].flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    if (rc != SQLITE_OK) {
        nps_status st = nps_fail(err, NPS_E_IO, "store: '%s': %s", path, sqlite3_errstr(rc));
        nps_db_close(&db->base);
        return st;
    }
    sqlite3_extended_result_codes(db->sql, 1);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_busy_timeout(db->sql, 5000);
    nps_status st = run(&db->base, by_role[role].sql, err);
    if (st != NPS_OK) {
        nps_db_close(&db->base);
        return st;
    }
    *ret_db = &db->base;
    return NPS_OK;
}
