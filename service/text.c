#include "service/text.h"

/* Length of the character at p, 0 when it is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } form[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
                {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    if (p[0] < 0x80)
        return 1;
    for (size_t f = 0; f < sizeof form / sizeof *form; f++) {
        if (p[0] < form[f].first_low || p[0] > form[f].first_high)
            continue;
        size_t length = form[f].length;
        if (n < length || p[1] < form[f].second_low || p[1] > form[f].second_high)
            return 0;
        for (size_t i = 2; i < length; i++)
            if ((p[i] & 0xC0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

bool nps_text_is_clean(nps_span s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n;) {
        size_t length = utf8_length(p + i, s.n - i);
        if (!length || p[i] < 32 || p[i] == 127)
            return false;
        i += length;
    }
    return true;
}

size_t nps_text_length(nps_span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

static bool digits(const char *p, size_t n, int *ret_v)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        v = v * 10 + (p[i] - '0');
    }
    *ret_v = v;
    return true;
}

bool nps_text_is_date(nps_span s)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y, m, d;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !digits(s.p, 4, &y) || !digits(s.p + 5, 2, &m) ||
        !digits(s.p + 8, 2, &d) || m < 1 || m > 12)
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

bool nps_text_is_country(nps_span s)
{
    return s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z';
}

bool nps_text_is_hex(nps_span s, size_t n)
{
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return true;
}
