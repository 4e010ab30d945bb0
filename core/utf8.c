#include "core/utf8.h"

size_t nps_utf8_length(const unsigned char *p, size_t n)
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

bool nps_utf8_is_clean(nps_span s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n;) {
        size_t length = nps_utf8_length(p + i, s.n - i);
        if (!length || p[i] < 32 || p[i] == 127)
            return false;
        i += length;
    }
    return true;
}
