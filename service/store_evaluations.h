/* Evaluations within a job of the writer. Private to the store. */
#ifndef NPS_SERVICE_STORE_EVALUATIONS_H
#define NPS_SERVICE_STORE_EVALUATIONS_H

#include "service/db.h"
#include "service/store.h"

/* Stores evaluation n of a sample, which contributions it relies on, and counts their use on that day. */
NPS_MUST_CHECK nps_status nps_evaluation_insert(nps_db *db, const char *sample, int64_t n, const nps_store_evaluation *e, nps_err *err);

/* Counts that a contribution was among hits, without saying whose. */
NPS_MUST_CHECK nps_status nps_use_insert(nps_db *db, const char *contribution, const char *day, int64_t hits, nps_err *err);

/* Tells an organisation something. @param data  JSON object */
NPS_MUST_CHECK nps_status nps_notice_insert(nps_db *db, const char *organisation, const char *kind, const char *subject, int64_t now_ms,
                                            const char *data, nps_err *err);

#endif
