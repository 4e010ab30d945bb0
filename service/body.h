/* What handlers share about requests that change something: JSON bodies, versions, who acts. */
#ifndef NPS_SERVICE_BODY_H
#define NPS_SERVICE_BODY_H

#include "service/json.h"
#include "service/json_read.h"
#include "service/message.h"
#include "service/store_accounts.h"

/* The JSON object of the body. Errors: NPS_E_UNSUPPORTED for another Content-Type than application/json; NPS_E_FORMAT with
 * line and byte, also for what is no object and for a member that is not among `known` (names with blanks between them). */
NPS_MUST_CHECK nps_status nps_body_object(const nps_request *req, const char *known, nps_json **ret_doc, nps_err *err);

/* A text member: clean, 1 .. max characters. *ret_text stays NULL where it is absent and `required` is false.
 * Errors: NPS_E_RANGE naming the member. */
NPS_MUST_CHECK nps_status nps_body_text(const nps_json *doc, const char *key, size_t max, bool required, const char **ret_text,
                                        nps_err *err);

/* A whole number member in low .. high; *ret_v stays where it is absent. Errors: NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_body_whole(const nps_json *doc, const char *key, int64_t low, int64_t high, int64_t *ret_v, nps_err *err);

/* The version in If-Match ("v3"), which a change must name, so that nobody undoes what he has not seen. -1 for "*".
 * Errors: NPS_E_RANGE for none (428 to the client: nps_reply_precondition) or a malformed one. */
NPS_MUST_CHECK nps_status nps_body_version(const nps_request *req, int64_t *ret_version, nps_err *err);
/* Sets the ETag "v3". */
void nps_reply_version(nps_reply *reply, int64_t version);

/* The caller as actor, now. */
nps_actor nps_request_actor(const nps_request *req);

#endif
