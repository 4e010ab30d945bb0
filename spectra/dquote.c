#include "spectra/dquote.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

nps_status nps_dquote_take(nps_span *rest, nps_dquote *ret, nps_err *err)
{
    if (!rest->n || rest->p[0] != '"')
        return NPS_OK;
    const char *start = rest->p + 1, *end = rest->p + rest->n, *p = start;
    size_t doubled = 0;
    for (; p < end && (p = memchr(p, '"', (size_t)(end - p))) && p + 1 < end && p[1] == '"'; p += 2)
        doubled++;
    if (!p || p >= end)
        return NPS_OK;
    char *text = nps_array((size_t)(p - start) - doubled + 1, 1);
    if (!text)
        return nps_fail_nomem(err);
    size_t n = 0;
    for (const char *q = start; q < p; q++) {
        text[n++] = *q;
        if (*q == '"')
            q++;
    }
    *ret = (nps_dquote){text, n};
    *rest = (nps_span){p + 1, (size_t)(end - p - 1)};
    return NPS_OK;
}

void nps_dquote_put(nps_buf *b, const char *text)
{
    nps_buf_putc(b, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            nps_buf_putc(b, '"');
        nps_buf_putc(b, *p);
    }
    nps_buf_putc(b, '"');
}
