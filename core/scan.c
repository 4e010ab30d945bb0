#include "core/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

nps_scan nps_scan_init(const void *data, size_t len)
{
    static const char empty[1] = "";
    const char *p = data ? data : empty;
    return (nps_scan){.start = p, .p = p, .end = p + len};
}

bool nps_scan_line(nps_scan *s, nps_span *ret_line)
{
    if (s->p >= s->end)
        return false;
    const char *p = s->p;
    /* The next LF is remembered: files with lone CRs would otherwise be searched to their end for every line. */
    if (!s->next_lf || s->next_lf < p) {
        const char *lf = memchr(p, '\n', (size_t)(s->end - p));
        s->next_lf = lf ? lf : s->end;
    }
    const char *stop = s->next_lf;
    const char *cr = memchr(p, '\r', (size_t)(stop - p));
    if (cr)
        stop = cr;
    *ret_line = (nps_span){p, (size_t)(stop - p)};
    if (stop < s->end)
        stop += *stop == '\r' && stop + 1 < s->end && stop[1] == '\n' ? 2 : 1;
    s->p = stop;
    s->line++;
    return true;
}

nps_span nps_span_of(const char *text)
{
    return text ? (nps_span){text, strlen(text)} : (nps_span){"", 0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

nps_span nps_span_trim(nps_span s)
{
    while (s.n && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool nps_span_starts(nps_span s, const char *text)
{
    size_t i = 0;
    for (; text[i]; i++)
        if (i >= s.n || lower(s.p[i]) != lower(text[i]))
            return false;
    return true;
}

bool nps_span_is(nps_span s, const char *text)
{
    return strlen(text) == s.n && nps_span_starts(s, text);
}

bool nps_span_token(nps_span *rest, const char *separators, nps_span *ret_token)
{
    const char *p = rest->p, *end = p + rest->n;
    while (p < end && *p && strchr(separators, *p))
        p++;
    if (p == end)
        return false;
    const char *q = p;
    while (q < end && (!*q || !strchr(separators, *q)))
        q++;
    *ret_token = (nps_span){p, (size_t)(q - p)};
    *rest = (nps_span){q, (size_t)(end - q)};
    return true;
}

bool nps_span_split(nps_span s, char at, nps_span *ret_left, nps_span *ret_right)
{
    const char *q = s.n ? memchr(s.p, at, s.n) : NULL;
    if (!q)
        return false;
    size_t left = (size_t)(q - s.p);
    *ret_left = nps_span_trim((nps_span){s.p, left});
    *ret_right = nps_span_trim((nps_span){q + 1, s.n - left - 1});
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *nps_scan_number(const char *p, const char *end, double *ret_v)
{
    static const double pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *start = p;
    bool negative = false, any = false;
    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    uint64_t digits = 0;
    int exponent = 0, significant = 0;
    for (; p < end && is_digit(*p); p++) {
        any = true;
        if (significant || *p != '0')
            significant++;
        if (significant <= 19)
            digits = digits * 10 + (uint64_t)(*p - '0');
    }
    if (p < end && *p == '.') {
        p++;
        for (; p < end && is_digit(*p); p++) {
            any = true;
            if (significant || *p != '0')
                significant++;
            if (significant <= 19) {
                digits = digits * 10 + (uint64_t)(*p - '0');
                exponent--;
            }
        }
    }
    if (!any)
        return NULL;
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        bool minus = false;
        if (q < end && (*q == '+' || *q == '-'))
            minus = *q++ == '-';
        if (q < end && is_digit(*q)) {
            int e = 0;
            for (; q < end && is_digit(*q); q++)
                if (e < 100000)
                    e = e * 10 + (*q - '0');
            exponent += minus ? -e : e;
            p = q;
        }
    }
    size_t len = (size_t)(p - start);
    if (len > 63)
        return NULL;
    double v;
    /* Both operands exact in binary64, so one correctly rounded operation gives the right result (Clinger 1990). */
    if (significant <= 19 && digits <= (UINT64_C(1) << 53) && exponent >= -22 && exponent <= 22) {
        v = exponent < 0 ? (double)digits / pow10[-exponent] : (double)digits * pow10[exponent];
        if (negative)
            v = -v;
    } else {
        char text[64];
        memcpy(text, start, len);
        text[len] = '\0';
        v = strtod(text, NULL);
    }
    if (!isfinite(v))
        return NULL;
    *ret_v = v;
    return p;
}

bool nps_span_double(nps_span s, double *ret_v)
{
    s = nps_span_trim(s);
    double v;
    const char *stop = nps_scan_number(s.p, s.p + s.n, &v);
    if (!stop || stop != s.p + s.n)
        return false;
    *ret_v = v;
    return true;
}

bool nps_span_u64(nps_span s, uint64_t *ret_v)
{
    s = nps_span_trim(s);
    uint64_t v = 0;
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]))
            return false;
        uint64_t d = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *ret_v = v;
    return true;
}
