#include "service/trace.h"

#include "service/crypt.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, LENGTH = 55 };

/* n lower-case hex digits; *ret_any: one of them is not 0. */
static bool is_hex(const char *p, size_t n, bool *ret_any)
{
    *ret_any = false;
    for (size_t i = 0; i < n; i++) {
        if (!p[i] || !strchr("0123456789abcdef", p[i]))
            return false;
        *ret_any |= p[i] != '0';
    }
    return true;
}

bool nps_trace_is_valid(const char *text)
{
    bool any, trace, span;
    return text && strlen(text) == LENGTH && memcmp(text, "00-", 3) == 0 && text[SPAN_AT - 1] == '-' && text[FLAGS_AT - 1] == '-' &&
           is_hex(text + TRACE_AT, 32, &trace) && trace && is_hex(text + SPAN_AT, 16, &span) && span && is_hex(text + FLAGS_AT, 2, &any);
}

void nps_trace_go_on(const char *text, char ret_trace[static NPS_TRACE_TEXT])
{
    char span[NPS_SPAN_ID];
    bool any;
    if (!nps_trace_is_valid(text)) {
        *ret_trace = '\0';
        return;
    }
    do
        nps_random_hex(8, span);
    while (is_hex(span, 16, &any) && !any);
    bool sampled = strchr("13579bdf", text[LENGTH - 1]) != NULL;
    snprintf(ret_trace, NPS_TRACE_TEXT, "00-%.32s-%s-0%d", text + TRACE_AT, span, sampled);
}

void nps_trace_of_request(const nps_request *req, char ret_trace[static NPS_TRACE_TEXT])
{
    int n = 0;
    for (size_t i = 0; i < req->n_header; i++)
        n += strcasecmp(req->header[i].key, "traceparent") == 0;
    nps_trace_go_on(n == 1 ? nps_request_header(req, "traceparent") : NULL, ret_trace);
}

void nps_trace_ids(const char *trace, char ret_trace_id[static NPS_TRACE_ID], char ret_span_id[static NPS_SPAN_ID])
{
    snprintf(ret_trace_id, NPS_TRACE_ID, "%.32s", trace + TRACE_AT);
    snprintf(ret_span_id, NPS_SPAN_ID, "%.16s", trace + SPAN_AT);
}
