/* Total deadlines of connections: a thread that shuts down the sockets whose time is over. Any thread may call. */
#ifndef NPS_SERVICE_REAPER_H
#define NPS_SERVICE_REAPER_H

#include "core/err.h"

#include <stdint.h>

typedef struct nps_reaper nps_reaper;
typedef struct nps_reaper_seat nps_reaper_seat;

NPS_MUST_CHECK nps_status nps_reaper_new(size_t n_seats, nps_reaper **ret_reaper, nps_err *err);
void nps_reaper_free(nps_reaper *r); /* every connection has left before */

/* A connection begins; NULL when no seat is free. Deadlines are of nps_clock_mono_ms; 0 means none. */
nps_reaper_seat *nps_reaper_sit(nps_reaper *r, int fd, int64_t deadline_ms);
void nps_reaper_set(nps_reaper *r, nps_reaper_seat *seat, int64_t deadline_ms); /* seat NULL: nothing */
/* To be called before the socket is closed. */
void nps_reaper_leave(nps_reaper *r, nps_reaper_seat *seat);

size_t nps_reaper_count(nps_reaper *r);  /* connections now */

#endif
