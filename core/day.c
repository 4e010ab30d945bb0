#include "core/day.h"

static bool digits(const char *p, size_t n, uint32_t *ret_v)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        v = v * 10 + (uint32_t)(p[i] - '0');
    }
    *ret_v = v;
    return true;
}

static uint32_t days_of(uint32_t y, uint32_t m)
{
    static const uint32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return days[m - 1] + (m == 2 && leap);
}

bool nps_day_parse_span(nps_span s, uint32_t *ret_first, uint32_t *ret_last)
{
    uint32_t y, m = 0, d = 0;
    if ((s.n != 4 && s.n != 7 && s.n != 10) || !digits(s.p, 4, &y))
        return false;
    if (s.n >= 7 && (s.p[4] != '-' || !digits(s.p + 5, 2, &m) || m < 1 || m > 12))
        return false;
    if (s.n == 10 && (s.p[7] != '-' || !digits(s.p + 8, 2, &d) || d < 1 || d > days_of(y, m)))
        return false;
    *ret_first = y * 10000 + (m ? m : 1) * 100 + (d ? d : 1);
    *ret_last = y * 10000 + (m ? m : 12) * 100 + (d ? d : days_of(y, m ? m : 12));
    return true;
}

bool nps_day_parse(nps_span s, uint32_t *ret_day)
{
    uint32_t last;
    return s.n == 10 && nps_day_parse_span(s, ret_day, &last);
}
