/* Group commit: one thread owns the writing connection; what waits at a time is committed, and made durable, together.
 * Each job runs in a savepoint of its own, so that one that fails takes nothing else along. */
#ifndef NPS_SERVICE_WRITER_H
#define NPS_SERVICE_WRITER_H

#include "service/db.h"

typedef struct nps_writer nps_writer;

/* Takes over the connection, also on failure. */
NPS_MUST_CHECK nps_status nps_writer_start(nps_db *db, nps_writer **ret_writer, nps_err *err);
/* Ends after the jobs that wait; closes the connection. NULL is fine. */
void nps_writer_stop(nps_writer *w);

/* Runs job(db, arg, err) on the writer's thread. NPS_OK comes after the commit is on disk. With anything else nothing of the
 * job is stored, but for one case: a connection lost during the commit, of which nobody knows (NPS_E_IO); the caller's own
 * key, an Idempotency-Key or a WHERE state=, makes the next try safe. The connection is made anew by itself.
 * Any thread but the writer's. */
typedef nps_status nps_writer_job(nps_db *db, void *arg, nps_err *err);
NPS_MUST_CHECK nps_status nps_writer_run(nps_writer *w, nps_writer_job *job, void *arg, nps_err *err);

/* What the last commit, or the last try to mend the connection, said. */
NPS_MUST_CHECK nps_status nps_writer_health(nps_writer *w, nps_err *err);

#endif
