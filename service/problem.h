/* Errors as RFC 9457 problem details: one table from our status to HTTP's. */
#ifndef NPS_SERVICE_PROBLEM_H
#define NPS_SERVICE_PROBLEM_H

#include "service/json.h"
#include "service/message.h"

/* HTTP status of one of ours: format and limit 422, range 400, unsupported 415, not-found 404, conflict 409, denied 403,
 * precondition 428, stale 412, quota 429, busy and no-memory 503, everything else 500. (A body that is too large as a whole never gets this far: http.c, 413.) */
int nps_problem_http(nps_status st);

/* "Not Found": the reason phrase of the HTTP statuses that we send. */
const char *nps_problem_title(int http_status);

/* Turns the reply into a problem: whatever it held is dropped. `code` is the stable machine word ("limit", "format",
 * "unauthorized" ...); line and offset of `err` are shown when line is not 0. 503 gets Retry-After, 401 its challenge. */
void nps_reply_problem(nps_reply *reply, const nps_request *req, int http_status, const char *code, const nps_err *err);

/* The same from a status alone. The text of internal faults (500) is not shown to the client. */
void nps_reply_status(nps_reply *reply, const nps_request *req, const nps_err *err);

/* Opens the problem object for a caller that adds members of its own and then ends it with nps_jw_end. */
void nps_reply_problem_begin(nps_reply *reply, nps_jw *w, const nps_request *req, int http_status, const char *code,
                             const nps_err *err);

#endif
