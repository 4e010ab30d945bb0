#include "service/clock.h"

#include "core/err.h"

#include <stdio.h>

static int64_t now_ms(clockid_t clock)
{
    struct timespec t;
    NPS_ASSERT(clock_gettime(clock, &t) == 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t nps_clock_mono_ms(void)
{
    return now_ms(CLOCK_MONOTONIC);
}

int64_t nps_clock_wall_ms(void)
{
    return now_ms(CLOCK_REALTIME);
}

void nps_clock_text(int64_t wall_ms, char out[static NPS_TIME_TEXT])
{
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm;
    NPS_ASSERT(wall_ms >= 0 && gmtime_r(&t, &tm) && tm.tm_year < 8100);
    size_t n = strftime(out, NPS_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, NPS_TIME_TEXT - n, ".%03dZ", (int)(wall_ms % 1000));
}

struct timespec nps_clock_timespec(int64_t mono_ms)
{
    return (struct timespec){.tv_sec = mono_ms / 1000, .tv_nsec = mono_ms % 1000 * 1000000};
}
