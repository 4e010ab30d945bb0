#include "service/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_text(nps_buf *b, const char *text)
{
    nps_buf_putc(b, '"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            nps_buf_putc(b, '\\');
            nps_buf_putc(b, *p);
        } else if (c < 32) {
            nps_buf_printf(b, "\\u%04x", c);
        } else {
            nps_buf_putc(b, *p);
        }
    }
    nps_buf_putc(b, '"');
}

static void begin(nps_jw *w, const char *key)
{
    if (w->depth) {
        if (w->filled[w->depth - 1])
            nps_buf_putc(w->out, ',');
        w->filled[w->depth - 1] = true;
    }
    if (key) {
        put_text(w->out, key);
        nps_buf_putc(w->out, ':');
    }
}

static void open_level(nps_jw *w, const char *key, char bracket, char closing)
{
    NPS_ASSERT(w->depth < NPS_JSON_DEPTH);
    begin(w, key);
    nps_buf_putc(w->out, bracket);
    w->closing[w->depth] = closing;
    w->filled[w->depth++] = false;
}

void nps_jw_object(nps_jw *w, const char *key)
{
    open_level(w, key, '{', '}');
}

void nps_jw_array(nps_jw *w, const char *key)
{
    open_level(w, key, '[', ']');
}

void nps_jw_end(nps_jw *w)
{
    NPS_ASSERT(w->depth > 0);
    nps_buf_putc(w->out, w->closing[--w->depth]);
}

void nps_jw_reopen(nps_jw *w)
{
    NPS_ASSERT(w->depth < NPS_JSON_DEPTH);
    w->depth++;
    if (w->out->failed)
        return;
    NPS_ASSERT(w->out->len && w->out->data[w->out->len - 1] == w->closing[w->depth - 1]);
    w->out->data[--w->out->len] = '\0';
}

void nps_jw_str(nps_jw *w, const char *key, const char *text)
{
    begin(w, key);
    if (text)
        put_text(w->out, text);
    else
        nps_buf_puts(w->out, "null");
}

void nps_jw_text(nps_jw *w, const char *key, const nps_buf *text)
{
    nps_buf_fail_with(w->out, text);
    nps_jw_str(w, key, text->data ? text->data : "");
}

void nps_jw_i64(nps_jw *w, const char *key, int64_t v)
{
    begin(w, key);
    nps_buf_printf(w->out, "%lld", (long long)v);
}

void nps_jw_bool(nps_jw *w, const char *key, bool v)
{
    begin(w, key);
    nps_buf_puts(w->out, v ? "true" : "false");
}

void nps_jw_null(nps_jw *w, const char *key)
{
    begin(w, key);
    nps_buf_puts(w->out, "null");
}

void nps_jw_num(nps_jw *w, const char *key, double v, int decimals)
{
    char s[400];
    begin(w, key);
    if (!isfinite(v)) {
        nps_buf_puts(w->out, "null");
        return;
    }
    int n = snprintf(s, sizeof s, "%.*f", decimals, v);
    if (strchr(s, '.')) {
        while (n > 0 && s[n - 1] == '0')
            n--;
        if (n > 0 && s[n - 1] == '.')
            n--;
    }
    if (n == 2 && s[0] == '-' && s[1] == '0')
        nps_buf_putc(w->out, '0');
    else
        nps_buf_add(w->out, s, (size_t)n);
}

void nps_jw_digits(nps_jw *w, const char *key, double v, int digits)
{
    begin(w, key);
    if (isfinite(v))
        nps_buf_printf(w->out, "%.*g", digits, v + 0.0); /* + 0 leaves no negative zero */
    else
        nps_buf_puts(w->out, "null");
}

void nps_jw_raw(nps_jw *w, const char *key, const char *json)
{
    begin(w, key);
    nps_buf_puts(w->out, json);
}
