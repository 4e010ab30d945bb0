/* How many requests a caller may make: fixed windows of a minute by the wall clock, one budget a kind of caller.
 *
 * One process counts in memory. Several that share a store share each budget through it: a process takes blocks of a tenth of
 * the limit and spends them by itself, so that all together never allow more than the limit in a window, and a caller costs at
 * most about ten writes a minute. What a process has taken and not spent is lost to the others, so that near the end of a
 * budget some of it may go unused. Clocks of the processes agree to well within a minute.
 *
 * Memory is bounded: NPS_LIMITER_SUBJECTS callers are remembered, then the one seen longest ago makes room. Whoever is forgotten so
 * begins anew without a store; with one the store still knows. While the store cannot be asked, a process counts alone.
 * Any thread; no lock is held while the store works. */
#ifndef NPS_SERVICE_LIMITER_H
#define NPS_SERVICE_LIMITER_H

#include "service/budget.h"
#include "service/store.h"

enum { NPS_LIMITER_SUBJECTS = 8192 };

typedef struct nps_limiter nps_limiter;

/* @param limit  requests a window of each kind; 0: that kind is not counted
 * @param opt_store  shared with other processes; NULL: this one counts alone. Must outlive the limiter */
NPS_MUST_CHECK nps_status nps_limiter_new(const int64_t limit[NPS_BUDGETS], nps_store *opt_store, nps_limiter **ret_limiter, nps_err *err);
void nps_limiter_free(nps_limiter *l);

/* Takes one request from the subject's budget.
 * @param subject  id of an organisation, or an address (peer.h); it is kept, and given to the store, as a hash only
 * @param now_ms  wall clock. A clock that was set back by up to NPS_QUOTA_BEHIND windows keeps counting in the later one, a larger
 * step begins anew */
nps_budget nps_limiter_take(nps_limiter *l, nps_budget_kind kind, const char *subject, int64_t now_ms);

/* Requests refused so far, by kind. */
uint64_t nps_limiter_refused(nps_limiter *l, nps_budget_kind kind);

/* Removes what the store holds of windows that are over; now and then, by any of the processes. */
NPS_MUST_CHECK nps_status nps_limiter_clean(nps_limiter *l, int64_t now_ms, nps_err *err);

#endif
