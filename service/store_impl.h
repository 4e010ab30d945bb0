/* Private to the store_*.c files, which hold the verbs of store.h by subject. A verb that writes is a job for the writer; a verb
 * that reads runs its job with a reader:
 *
 *     static nps_status do_it(nps_db *db, void *arg, nps_err *err) { ... nps_query ...; return nps_query_run(&q, err); }
 *     st = nps_store_write(s, do_it, &job, err);
 *
 *     st = nps_store_read(s, look_it_up, &job, err);
 *
 * Statements keep to the common dialect (db.h); tables are made in schema.c. */
#ifndef NPS_SERVICE_STORE_IMPL_H
#define NPS_SERVICE_STORE_IMPL_H

#include "service/store.h"
#include "service/writer.h"

/* Runs the job in a transaction: all of it is stored, durably, or nothing. What it read there cannot have changed before its
 * commit, by no process. It may run once only: no replays. Any thread; not from a job, nor while holding a reader.
 * Errors: the job's; NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_store_write(nps_store *s, nps_writer_job *job, void *arg, nps_err *err);

/* A connection to read with, for this thread alone; waits while all are in use. A thread holds one at most. Each statement sees
 * what is committed; several see one state between nps_db_begin_reading and nps_db_rollback. Errors: NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_store_take_reader(nps_store *s, nps_db **ret_db, nps_err *err);
void nps_store_give_reader(nps_store *s, nps_db *db);

/* Takes a reader, runs the job with it, gives it back. */
NPS_MUST_CHECK nps_status nps_store_read(nps_store *s, nps_writer_job *job, void *arg, nps_err *err);

/* The database behind what nps_store_open takes: the URL itself, or DIR/npswatch.db. Errors: NPS_E_RANGE when it is too long. */
enum { NPS_STORE_WHERE = 1024 };
NPS_MUST_CHECK nps_status nps_store_where(const char *where, char ret_where[static NPS_STORE_WHERE], nps_err *err);

#endif
