/* Adding a job within a job of the writer. Private to the store. */
#ifndef NPS_SERVICE_STORE_JOB_INSERT_H
#define NPS_SERVICE_STORE_JOB_INSERT_H

#include "service/db.h"
#include "service/store_jobs.h"

NPS_MUST_CHECK nps_status nps_job_insert(nps_db *db, const char *kind, const char *subject, const char *data, int64_t now_ms, nps_err *err);

#endif
