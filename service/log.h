/* The log: one JSON object a line on standard error, written with one call. Never bodies, spectra, names or tokens.
 *
 *     nps_log l;
 *     nps_log_begin(&l, NPS_LOG_WARN, "delivery-failed");
 *     nps_jw_i64(&l.w, "attempt", n);
 *     nps_log_end(&l);
 */
#ifndef NPS_SERVICE_LOG_H
#define NPS_SERVICE_LOG_H

#include "service/json.h"

typedef enum { NPS_LOG_INFO, NPS_LOG_WARN, NPS_LOG_ERROR } nps_log_level;

typedef struct {
    nps_buf buf;
    nps_jw w;
} nps_log;

/* Begins a line with "ts", "level" and "event" (a static word). */
void nps_log_begin(nps_log *l, nps_log_level level, const char *event);
/* Adds "trace_id" and "span_id" of a W3C traceparent; nothing for "". */
void nps_log_trace(nps_log *l, const char *trace);
/* Writes and frees it. Any thread. A line longer than 8 KiB is replaced by one that says so. */
void nps_log_end(nps_log *l);

/* The usual line: an event with an error. */
void nps_log_err(nps_log_level level, const char *event, const nps_err *err);

#endif
