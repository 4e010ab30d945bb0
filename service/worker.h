/* The service's own hands: one thread that does the jobs of the store, in their order, and what is due by the clock: following
 * the generation in use, removing samples whose time is over, ending embargoes, signing the audit log.
 *
 * Whatever computes goes through the same gate as everybody's questions, so that these wait no longer for it than for one of
 * theirs. */
#ifndef NPS_SERVICE_WORKER_H
#define NPS_SERVICE_WORKER_H

#include "core/err.h"

struct nps_app;
typedef struct nps_worker nps_worker;

/* @param app  outlives the worker. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_worker_start(struct nps_app *app, nps_worker **ret_worker, nps_err *err);
/* There may be something to do. Any thread. */
void nps_worker_wake(nps_worker *w);
/* Ends after the step that it is at. NULL is fine. */
void nps_worker_stop(nps_worker *w);

#endif
