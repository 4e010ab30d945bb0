/* A thin, strict layer over SQLite: the one user of sqlite3.h. A connection belongs to one thread at a time. */
#ifndef NPS_SERVICE_DB_H
#define NPS_SERVICE_DB_H

#include "core/buf.h"
#include "core/scan.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct nps_db nps_db;

typedef enum {
    NPS_DB_WRITER, /* makes the file when missing; commits and checkpoints: there is exactly one of these */
    NPS_DB_READER  /* cannot write */
} nps_db_role;

/* WAL, synchronous=FULL, foreign keys, defensive. Errors: NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_db_open(const char *path, nps_db_role role, nps_db **ret_db, nps_err *err);
void nps_db_close(nps_db *db);

/* Statements without result, several with ';'. */
NPS_MUST_CHECK nps_status nps_db_run(nps_db *db, const char *sql, nps_err *err);
/* Whether a transaction is open (a full disk may have ended it). */
bool nps_db_in_transaction(const nps_db *db);

/* One run of a statement. `sql` must be a literal: statements are kept prepared by its address.
 *
 *     nps_query q = nps_query_begin(db, "SELECT x FROM t WHERE k=?");
 *     nps_query_text(&q, key);
 *     while (nps_query_next(&q)) ... nps_query_get_i64(&q, 0) ...
 *     nps_status st = nps_query_end(&q, err);
 *
 * Failures stick: binding and stepping then do nothing, and nps_query_end tells. */
typedef struct {
    nps_db *db;
    void *stmt;
    int n_bound;
    nps_status st;
    nps_err err;
} nps_query;

nps_query nps_query_begin(nps_db *db, const char *sql);
void nps_query_text(nps_query *q, const char *text); /* NULL binds NULL; must live until nps_query_end, as blobs */
void nps_query_i64(nps_query *q, int64_t v);
void nps_query_blob(nps_query *q, nps_span bytes);
bool nps_query_next(nps_query *q); /* true: a row is there */
int64_t nps_query_get_i64(nps_query *q, int column);
nps_span nps_query_get_bytes(nps_query *q, int column); /* text or blob; valid until the next step */
char *nps_query_get_copy(nps_query *q, int column);     /* free() it; NULL for NULL; memory shortage sticks */
void nps_query_get_text(nps_query *q, int column, char *out, size_t out_size); /* cut to fit */
NPS_MUST_CHECK nps_status nps_query_end(nps_query *q, nps_err *err);

/* For statements that give no rows: begin, bind, then this steps and ends. */
NPS_MUST_CHECK nps_status nps_query_run(nps_query *q, nps_err *err);
/* Row id of the last insertion; rows that the last statement changed. */
int64_t nps_db_last_id(const nps_db *db);
int64_t nps_db_changes(const nps_db *db);

#endif
