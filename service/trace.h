/* W3C Trace Context, version 00: the header `traceparent` of a request goes on through the log, the answer, the outbox and the
 * webhook. Pure, but for random ids.
 *
 * A trace is only ever carried on: without a valid header none is begun, since nobody would collect it; the request's own id
 * serves then. `tracestate` is other people's data and not passed on. */
#ifndef NPS_SERVICE_TRACE_H
#define NPS_SERVICE_TRACE_H

#include "service/message.h"

enum { NPS_TRACE_TEXT = 56, NPS_TRACE_ID = 33, NPS_SPAN_ID = 17 };

/* "00-<32 hex>-<16 hex>-<2 hex>", lower case, neither id all zero. Any other version, length or spelling: false. */
bool nps_trace_is_valid(const char *text);

/* The trace that `text` belongs to, with a new span id: of us, or of one try of ours. Of the flags "sampled" is kept, the others
 * are not ours to set. "" when text is not valid or NULL. */
void nps_trace_go_on(const char *text, char ret_trace[static NPS_TRACE_TEXT]);

/* The same from a request's header; given twice it is not valid. */
void nps_trace_of_request(const nps_request *req, char ret_trace[static NPS_TRACE_TEXT]);

/* The two ids of a valid text. */
void nps_trace_ids(const char *trace, char ret_trace_id[static NPS_TRACE_ID], char ret_span_id[static NPS_SPAN_ID]);

#endif
