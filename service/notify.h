/* Words to the service manager, by the protocol of sd_notify(3): a datagram of NAME=VALUE lines to the socket that the
 * environment variable NOTIFY_SOCKET names. Where it is not set - no systemd, or Type= is not notify - nothing happens.
 * Written by hand: it is one sendto, and libsystemd would come with a good deal more. Any thread.
 */
#ifndef NPS_SERVICE_NOTIFY_H
#define NPS_SERVICE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Each returns whether the manager was told: false without one, or when it does not listen. Nobody needs to act on that. */
bool nps_notify_ready(const char *status);     /* started, or done with a reload; status is for people */
bool nps_notify_reloading(const char *status); /* with the clock that Type=notify-reload asks for */
bool nps_notify_stopping(const char *status);
bool nps_notify_alive(const char *status);     /* the watchdog's ping */

/* How often the manager wants a ping at the least (WATCHDOG_USEC); 0: it does not. */
int64_t nps_notify_watchdog_ms(void);

#endif
