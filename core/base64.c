#include "core/base64.h"

enum { X = 0x80, B = 0x81 }; /* no digit; blank */

static const uint8_t digit[256] = {
    X, X, X, X, X, X, X, X, X, B, B, X, X, B, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    B, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
    X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
    X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};

static bool skip_padding(const uint8_t *p, size_t n, size_t *i)
{
    while (*i < n && (p[*i] == '=' || digit[p[*i]] == B))
        (*i)++;
    return *i == n;
}

/* Whole groups of four digits from *i on; returns the bytes written. */
static size_t take_groups(const uint8_t *p, size_t n, size_t *i, char *out)
{
    size_t m = 0;
    for (; n - *i >= 4; *i += 4) {
        uint8_t a = digit[p[*i]], b = digit[p[*i + 1]], c = digit[p[*i + 2]], d = digit[p[*i + 3]];
        if ((a | b | c | d) & X)
            break;
        uint32_t v = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
        out[m++] = (char)(v >> 16);
        out[m++] = (char)(v >> 8);
        out[m++] = (char)v;
    }
    return m;
}

bool nps_base64_unpack(nps_span text, char *out, size_t *ret_n, size_t *ret_fault)
{
    const uint8_t *p = (const uint8_t *)text.p;
    size_t i = 0, m = 0;
    uint32_t bits = 0;
    unsigned held = 0; /* digits in bits */
    while (i < text.n) {
        if (!held)
            m += take_groups(p, text.n, &i, out + m);
        if (i == text.n)
            break;
        uint8_t v = digit[p[i]];
        if (v == X) {
            if (p[i] == '=' && held >= 2 && skip_padding(p, text.n, &i))
                break;
            *ret_fault = i;
            return false;
        }
        i++;
        if (v == B)
            continue;
        bits = bits << 6 | v;
        if (++held == 4) {
            out[m++] = (char)(bits >> 16);
            out[m++] = (char)(bits >> 8);
            out[m++] = (char)bits;
            held = 0;
        }
    }
    if (held == 1) {
        *ret_fault = text.n;
        return false;
    }
    if (held >= 2)
        out[m++] = (char)(held == 2 ? bits >> 4 : bits >> 10);
    if (held == 3)
        out[m++] = (char)(bits >> 2);
    *ret_n = m;
    return true;
}
