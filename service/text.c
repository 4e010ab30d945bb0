#include "service/text.h"

#include "core/day.h"
#include "core/utf8.h"

bool nps_text_is_clean(nps_span s)
{
    return nps_utf8_is_clean(s);
}

size_t nps_text_length(nps_span s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

bool nps_text_is_date(nps_span s)
{
    uint32_t day;
    return nps_day_parse(s, &day);
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
