#include "core/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nps_buf_done(nps_buf *b)
{
    free(b->data);
    *b = (nps_buf){.max = b->max};
}

void nps_buf_clear(nps_buf *b)
{
    b->len = 0;
    b->failed = NPS_OK;
    if (b->data)
        b->data[0] = '\0';
}

static bool reserve(nps_buf *b, size_t n)
{
    if (b->failed)
        return false;
    if (n > b->max || b->len > b->max - n) {
        b->failed = NPS_E_LIMIT;
        return false;
    }
    size_t need = b->len + n + 1;
    if (need <= b->cap)
        return true;
    size_t want = b->cap + b->cap / 2 + 64;
    if (want < need)
        want = need;
    char *p = realloc(b->data, want);
    if (!p) {
        b->failed = NPS_E_NOMEM;
        return false;
    }
    b->data = p;
    b->cap = want;
    return true;
}

void nps_buf_add(nps_buf *b, const void *p, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void nps_buf_puts(nps_buf *b, const char *text)
{
    nps_buf_add(b, text, strlen(text));
}

void nps_buf_putc(nps_buf *b, char c)
{
    nps_buf_add(b, &c, 1);
}

void nps_buf_printf(nps_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void nps_buf_put_double(nps_buf *b, double v)
{
    char s[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, v);
        if (strtod(s, NULL) == v)
            break;
    }
    nps_buf_puts(b, s);
}

void nps_buf_put_float(nps_buf *b, float v)
{
    char s[40];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, (double)v);
        if (strtof(s, NULL) == v && (float)strtod(s, NULL) == v)
            break;
    }
    nps_buf_puts(b, s);
}

void nps_buf_put_xml(nps_buf *b, const char *text)
{
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&': nps_buf_puts(b, "&amp;"); break;
        case '<': nps_buf_puts(b, "&lt;"); break;
        case '>': nps_buf_puts(b, "&gt;"); break;
        case '"': nps_buf_puts(b, "&quot;"); break;
        case '\'': nps_buf_puts(b, "&#39;"); break;
        default:
            if ((unsigned char)*p >= 32 || *p == '\t' || *p == '\n' || *p == '\r')
                nps_buf_putc(b, *p);
        }
    }
}

void nps_buf_fail_with(nps_buf *b, const nps_buf *part)
{
    if (b->failed == NPS_OK)
        b->failed = part->failed;
}

nps_status nps_buf_check(const nps_buf *b, nps_err *err)
{
    if (b->failed == NPS_E_LIMIT)
        return nps_fail(err, NPS_E_LIMIT, "text grew past its limit of %zu bytes", b->max);
    return b->failed ? nps_fail_nomem(err) : NPS_OK;
}

char *nps_buf_detach(nps_buf *b)
{
    nps_buf_add(b, "", 0);
    char *p = b->data;
    *b = (nps_buf){.max = b->max};
    return p;
}
