/* Private to store_backup.c: copying all rows of one store into another, of either engine. The tables and columns are read from
 * the databases, so that new ones are covered by themselves. */
#ifndef NPS_SERVICE_STORE_COPY_H
#define NPS_SERVICE_STORE_COPY_H

#include "service/db_tables.h"

/* The tables of a store with the statements that copy them. Connections keep statements by their address, so a plan must live
 * until the connections that used it are closed. */
typedef struct {
    nps_db_tables tables;
    struct nps_copy_texts *text; /* [tables.n] */
} nps_copy_plan;
void nps_copy_plan_done(nps_copy_plan *p);

/* Copies every row. Both sides have the same schema version; `from` reads one state (nps_db_begin_reading, or nobody writes),
 * `to` is in a transaction, which the caller commits. Counted on both sides afterwards; serial numbers go on where they were.
 * @param is_new  `to` was made just now: what its migrations put there gives way
 * Errors: NPS_E_CONFLICT when it is not new and has rows, besides its identity; NPS_E_UNSUPPORTED when the two have other
 * tables; NPS_E_CORRUPT when the counts differ. */
NPS_MUST_CHECK nps_status nps_copy_all(nps_db *from, nps_db *to, bool is_new, nps_copy_plan *p, int64_t *ret_rows,
                                       nps_err *err);

/* Reads the tables of one store and counts all their rows. */
NPS_MUST_CHECK nps_status nps_copy_count(nps_db *db, nps_copy_plan *p, int64_t *ret_rows, nps_err *err);

#endif
