#include "core/err.h"

#include <gsl/gsl_errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(nps_err *err, nps_status code, size_t line, size_t offset, const char *fmt, va_list ap)
{
    if (!err)
        return;
    err->code = code;
    err->line = line;
    err->offset = offset;
    /* Format apart from the target: a caller may pass err->msg as an argument. */
    char msg[sizeof err->msg];
    if (vsnprintf(msg, sizeof msg, fmt, ap) < 0)
        msg[0] = '\0';
    memcpy(err->msg, msg, sizeof msg);
}

nps_status nps_fail(nps_err *err, nps_status code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, 0, 0, fmt, ap);
    va_end(ap);
    return code;
}

nps_status nps_fail_at(nps_err *err, nps_status code, size_t line, size_t offset, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, line, offset, fmt, ap);
    va_end(ap);
    return code;
}

nps_status nps_fail_nomem(nps_err *err)
{
    return nps_fail(err, NPS_E_NOMEM, "out of memory");
}

const char *nps_status_name(nps_status code)
{
    static const char *const names[] = {
        [NPS_OK] = "ok",           [NPS_E_NOMEM] = "no-memory",       [NPS_E_IO] = "io",
        [NPS_E_FORMAT] = "format", [NPS_E_UNSUPPORTED] = "unsupported", [NPS_E_RANGE] = "range",
        [NPS_E_LIMIT] = "limit",   [NPS_E_NOT_FOUND] = "not-found",   [NPS_E_CONFLICT] = "conflict",
        [NPS_E_DENIED] = "denied", [NPS_E_BUSY] = "busy",             [NPS_E_NUMERIC] = "numeric",
        [NPS_E_CORRUPT] = "corrupt", [NPS_E_PRECONDITION] = "precondition", [NPS_E_STALE] = "stale", [NPS_E_QUOTA] = "quota"};
    return (size_t)code < sizeof names / sizeof *names && names[code] ? names[code] : "unknown";
}

const char *nps_err_text(const nps_err *err, char *out, size_t out_size)
{
    if (err->line)
        snprintf(out, out_size, "line %zu, byte %zu: %s", err->line, err->offset, err->msg);
    else if (err->offset)
        snprintf(out, out_size, "byte %zu: %s", err->offset, err->msg);
    else
        snprintf(out, out_size, "%s", err->msg);
    return out;
}

nps_quoted nps_quote(const char *p, size_t n)
{
    nps_quoted q;
    size_t m = n < 40 ? n : 40;
    for (size_t i = 0; i < m; i++)
        q.s[i] = p[i] >= 32 && p[i] < 127 ? p[i] : '?';
    if (n > m) {
        memcpy(q.s + m, "...", 3);
        m += 3;
    }
    q.s[m] = '\0';
    return q;
}

void nps_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "npswatch: internal fault: %s (%s:%d)\n", cond, file, line);
    abort();
}

void nps_core_init(void)
{
    gsl_set_error_handler_off();
}
