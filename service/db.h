/* A thin, strict layer over two SQL engines: SQLite (a file) and PostgreSQL (a server). Statements are written once, in what
 * both understand; see "The common dialect" below. A connection belongs to one thread at a time. */
#ifndef NPS_SERVICE_DB_H
#define NPS_SERVICE_DB_H

#include "core/buf.h"
#include "core/scan.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct nps_db nps_db;

typedef enum { NPS_DB_SQLITE, NPS_DB_POSTGRESQL } nps_db_engine;

typedef enum {
    NPS_DB_WRITER, /* commits and, for SQLite, makes the file when missing and checkpoints: one of these a process */
    NPS_DB_READER, /* cannot write */
    NPS_DB_TOOL,   /* as a writer, without time limits: for migrating and restoring */
    NPS_DB_SOURCE  /* as a reader, without time limits: for copying all of a store, also while it is in use */
} nps_db_role;

/* @param where  path of an SQLite file, or a postgresql:// URL (db_url.h).
 * SQLite: WAL, synchronous=FULL, foreign keys, defensive. PostgreSQL: synchronous_commit on; a writer's
 * or reader's statement may take 30 s, connecting 5 s. Errors: NPS_E_IO; NPS_E_UNSUPPORTED for a server that does not keep what it acknowledges. */
NPS_MUST_CHECK nps_status nps_db_open(const char *where, nps_db_role role, nps_db **ret_db, nps_err *err);
void nps_db_close(nps_db *db); /* NULL is fine; an open transaction is undone */

nps_db_engine nps_db_engine_of(const nps_db *db);

/* Makes sure that the connection stands: one that was lost is made anew. After a failure the next tries wait, 0.1 s and up to 5 s;
 * until then this fails at once. SQLite has nothing to lose. Not within a transaction. Errors: NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_db_mend(nps_db *db, nps_err *err);
bool nps_db_is_lost(const nps_db *db); /* as the last call saw it */

/* Begins a transaction that may write. All writers of a store, of other processes too, come one after the other: what is read
 * within it cannot change before it ends, and serial numbers are given in the order of commits. Mends the connection first. */
NPS_MUST_CHECK nps_status nps_db_begin(nps_db *db, nps_err *err);
/* Begins one that sees a single state of the store throughout and cannot write. */
NPS_MUST_CHECK nps_status nps_db_begin_reading(nps_db *db, nps_err *err);
/* NPS_OK: it is on disk. When the connection is lost meanwhile, nobody knows: NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_db_commit(nps_db *db, nps_err *err);
void nps_db_rollback(nps_db *db); /* fine without a transaction */
/* Whether a transaction is open (a full disk or a lost connection may have ended it). */
bool nps_db_in_transaction(const nps_db *db);

/* Statements without result, several with ';'. No placeholders. */
NPS_MUST_CHECK nps_status nps_db_run(nps_db *db, const char *sql, nps_err *err);

/* One run of a statement. `sql` must be a literal, or live as long as the connection: statements are kept prepared by its
 * address.
 *
 *     nps_query q = nps_query_begin(db, "SELECT x FROM t WHERE k=?");
 *     nps_query_text(&q, key);
 *     while (nps_query_next(&q)) ... nps_query_get_i64(&q, 0) ...
 *     nps_status st = nps_query_end(&q, err);
 *
 * Failures stick: binding and stepping then do nothing, and nps_query_end tells.
 *
 * The common dialect: parameters are `?`, in order, and of one type for each place. Integers are 64 bits, texts UTF-8 without
 * zero bytes, compared byte by byte. INSERT names its columns. An id given by the engine comes by RETURNING. ON CONFLICT(column)
 * DO UPDATE calls the old value table.column. No max(a,b), group_concat, typeof or implied conversion: use CASE, C and
 * CAST(... AS BIGINT), which sum() and avg() need too. An integer column is read by nps_query_get_i64, all others as bytes. */
typedef struct {
    nps_db *db;
    void *stmt;
    int n_bound;
    nps_status st;
    nps_err err;
} nps_query;

typedef enum { NPS_DB_INT, NPS_DB_TEXT, NPS_DB_BLOB } nps_db_type;
enum { NPS_DB_MAX_PARAMETERS = 40 }; /* of one statement */

nps_query nps_query_begin(nps_db *db, const char *sql);
void nps_query_text(nps_query *q, const char *text); /* NULL binds NULL; must live until nps_query_end, as spans and blobs */
void nps_query_span(nps_query *q, nps_span text);
void nps_query_i64(nps_query *q, int64_t v);
void nps_query_blob(nps_query *q, nps_span bytes);
void nps_query_null(nps_query *q, nps_db_type type);
/* Before the first nps_query_next: rows are to come one by one instead of being gathered in memory first. Until nps_query_end
 * the connection takes no other statement. */
void nps_query_stream(nps_query *q);
bool nps_query_next(nps_query *q); /* true: a row is there */
bool nps_query_is_null(nps_query *q, int column);
int64_t nps_query_get_i64(nps_query *q, int column);    /* 0 for NULL; a truth value is 0 or 1 */
nps_span nps_query_get_bytes(nps_query *q, int column); /* text or blob; empty for NULL; valid until the next step */
char *nps_query_get_copy(nps_query *q, int column);     /* free() it; NULL for NULL; memory shortage sticks */
void nps_query_get_text(nps_query *q, int column, char *out, size_t out_size); /* cut to fit */
NPS_MUST_CHECK nps_status nps_query_end(nps_query *q, nps_err *err);

/* For statements whose rows are of no interest: begin, bind, then this steps and ends. */
NPS_MUST_CHECK nps_status nps_query_run(nps_query *q, nps_err *err);
/* The integer that a statement without parameters gives; 0 without a row. `sql` as for nps_query_begin. */
NPS_MUST_CHECK nps_status nps_db_number(nps_db *db, const char *sql, int64_t *ret_v, nps_err *err);
/* Rows that the last statement changed. */
int64_t nps_db_changes(const nps_db *db);

#endif
