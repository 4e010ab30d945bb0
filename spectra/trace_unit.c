#include "spectra/trace_unit.h"

static const double PARTS_MAX = 1.5, PERCENT_MIN = 5;

void nps_unit_fold(nps_span unit, char *folded, size_t size)
{
    size_t m = 0;
    for (size_t i = 0; i < unit.n && m + 1 < size; i++) {
        unsigned char c = (unsigned char)unit.p[i];
        if (c >= 'a' && c <= 'z')
            folded[m++] = (char)(c - 32);
        else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '%')
            folded[m++] = (char)c;
        else if (c == 0xB5 || c == 0xBC)
            folded[m++] = 'U';
    }
    folded[m] = '\0';
}

bool nps_trace_scale(double largest, bool *ret_percent)
{
    *ret_percent = largest >= PERCENT_MIN;
    return largest <= PARTS_MAX || largest >= PERCENT_MIN;
}
