/* The relay: one thread that takes due events from the outbox to the webhook, at least once, and records every try. Several
 * processes on one store share the events: each is claimed before its try. */
#ifndef NPS_SERVICE_RELAY_H
#define NPS_SERVICE_RELAY_H

#include "service/config.h"
#include "service/metrics.h"
#include "service/store.h"

typedef struct nps_relay nps_relay;

/* Reads the secret and starts the thread. config, store and metrics must outlive it.
 * @param source  CloudEvents source, the service's address
 * Errors: NPS_E_IO, NPS_E_FORMAT for the secret file; NPS_E_IO for the data folder. */
NPS_MUST_CHECK nps_status nps_relay_start(const nps_config *config, const char *source, nps_store *store,
                                          nps_metrics *metrics, nps_relay **ret_relay, nps_err *err);

/* Something new is in the outbox. Any thread. */
void nps_relay_wake(nps_relay *r);

/* True after the receiver answered 410 Gone: nothing is sent until nps_relay_enable or a restart. */
bool nps_relay_is_disabled(nps_relay *r);
void nps_relay_enable(nps_relay *r);

/* Ends a try that is under way (it counts as not made) and joins the thread. NULL is fine. */
void nps_relay_stop(nps_relay *r);

/* When the next try of an event is due: `tries` have failed so far. False when it is dead. Waits come from the
 * configuration with +-20 % jitter; Retry-After (0: none) can only lengthen them, to at most a day. */
bool nps_relay_schedule(const nps_config *config, int64_t tries, int64_t retry_after_s, int64_t now_ms,
                        int64_t *ret_due_ms);

/* CloudEvents 1.0 (structured JSON) of an event; the same bytes for each try. */
void nps_relay_body(const nps_store_event *e, const char *source, nps_buf *out);

#endif
