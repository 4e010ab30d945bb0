#include "service/log.h"

#include "service/clock.h"
#include "service/trace.h"

#include <unistd.h>

void nps_log_begin(nps_log *l, nps_log_level level, const char *event)
{
    static const char *const names[] = {"info", "warn", "error"};
    char now[NPS_TIME_TEXT];
    nps_clock_text(nps_clock_wall_ms(), now);
    l->buf = NPS_BUF_INIT(8192);
    l->w = nps_jw_init(&l->buf);
    nps_jw_object(&l->w, NULL);
    nps_jw_str(&l->w, "ts", now);
    nps_jw_str(&l->w, "level", names[level]);
    nps_jw_str(&l->w, "event", event);
}

void nps_log_trace(nps_log *l, const char *trace)
{
    char id[NPS_TRACE_ID], span[NPS_SPAN_ID];
    if (!*trace)
        return;
    nps_trace_ids(trace, id, span);
    nps_jw_str(&l->w, "trace_id", id);
    nps_jw_str(&l->w, "span_id", span);
}

void nps_log_end(nps_log *l)
{
    static const char lost[] = "{\"level\":\"error\",\"event\":\"log-line-lost\"}\n";
    nps_jw_end(&l->w);
    nps_buf_putc(&l->buf, '\n');
    bool good = nps_buf_check(&l->buf, NULL) == NPS_OK;
    /* Nothing can be done about a log that cannot be written. */
    ssize_t n = write(STDERR_FILENO, good ? l->buf.data : lost, good ? l->buf.len : sizeof lost - 1);
    (void)n;
    nps_buf_done(&l->buf);
}

void nps_log_err(nps_log_level level, const char *event, const nps_err *err)
{
    nps_log l;
    nps_log_begin(&l, level, event);
    nps_jw_str(&l.w, "code", nps_status_name(err->code));
    nps_jw_str(&l.w, "detail", err->msg);
    nps_log_end(&l);
}
