/* What is done with a sample's files besides looking at them: storing them judged, judging them again. */
#ifndef NPS_SERVICE_SAMPLE_WORK_H
#define NPS_SERVICE_SAMPLE_WORK_H

#include "service/judge.h"

typedef struct {
    const char *organisation, *member;
    const nps_sample_facts *facts;
    const char *idempotency_key, *request_digest; /* key NULL: none */
    const char *trace;                            /* W3C traceparent, or NULL */
} nps_sample_origin;

/* Stores a judged sample. */
NPS_MUST_CHECK nps_status nps_sample_keep(nps_app *app, const nps_intake *in, const nps_judgement *j, const nps_sample_origin *from,
                                          nps_store_receipt *ret_receipt, nps_err *err);

/* Judges a stored sample again by its last question, stores that, and tells its organisation: always when a reference was
 * withdrawn, otherwise when the answer changed. `reason` as in nps_store_evaluation. The difference is written as the members of an
 * object to out (NULL: not wanted). *ret_n is the number of the new evaluation.
 * Errors: NPS_E_NOT_FOUND for a sample that the organisation ("": any) has not, or whose data are gone. */
NPS_MUST_CHECK nps_status nps_sample_judge_again(nps_app *app, const char *organisation, const char *id, const char *reason, nps_buf *out,
                                                 int64_t *ret_n, nps_err *err);

#endif
