/* The thread that tells the service manager that the service can still answer; when it stops telling, systemd ends the
 * process and starts another (WatchdogSec=). */
#ifndef NPS_SERVICE_WATCHDOG_H
#define NPS_SERVICE_WATCHDOG_H

#include "core/err.h"

#include <stdbool.h>

typedef struct nps_watchdog nps_watchdog;

typedef struct {
    void *arg;
    /* Asks the service. False: only a new process can help, so no ping is sent. ret_status is told to people. That it does not return
     * counts as false too. */
    bool (*ask)(void *arg, char *ret_status, size_t status_size);
} nps_watchdog_question;

/* Starts the thread where the manager wants pings, three times as often as it wants them; *ret_watchdog is NULL otherwise.
 * Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_watchdog_start(nps_watchdog_question q, nps_watchdog **ret_watchdog, nps_err *err);
/* Waits for the thread. NULL is fine. */
void nps_watchdog_stop(nps_watchdog *w);

#endif
