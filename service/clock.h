/* The two clocks of the service. */
#ifndef NPS_SERVICE_CLOCK_H
#define NPS_SERVICE_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { NPS_TIME_TEXT = 25 }; /* "2026-11-23T19:40:00.123Z" and its end */

int64_t nps_clock_mono_ms(void); /* for deadlines; never goes back */
int64_t nps_clock_wall_ms(void); /* since 1970-01-01 UTC */

/* RFC 3339 in UTC with milliseconds; its first 10 bytes are the date. Years 1970 to 9999. */
void nps_clock_text(int64_t wall_ms, char out[static NPS_TIME_TEXT]);

/* For pthread_cond_clockwait with CLOCK_MONOTONIC. */
struct timespec nps_clock_timespec(int64_t mono_ms);

#endif
