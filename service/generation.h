/* Makes a library generation: the operator's library, without what was withdrawn from contributions and with what was accepted. */
#ifndef NPS_SERVICE_GENERATION_H
#define NPS_SERVICE_GENERATION_H

#include "service/shelf.h"
#include "service/store_contributions.h"

/* What source an entry of a contribution names: this and its id. */
#define NPS_CONTRIBUTION_SOURCE "contribution:"

/* Id of the contribution that an entry came from, or NULL. */
const char *nps_entry_contribution(const nps_library *lib, uint32_t entry);

typedef struct {
    nps_store *store;
    const char *generations; /* folder */
    const nps_library *base;
    const char *today;       /* RFC 3339 full-date: embargoes that are over by then are open */
    const nps_actor *by;
    unsigned threads;
} nps_generation_task;

/* Writes the files of the generation that base and accepted contributions make on the day, checks them by asking them about
 * themselves, and records it with a report; it is not in use yet. Nothing is written when that generation is known already.
 * *ret_good is false when the self-check failed: then the generation is recorded, for its report, but must not be used.
 * Computes; run it where nobody waits. Errors: NPS_E_IO; those of the store. */
NPS_MUST_CHECK nps_status nps_generation_make(const nps_generation_task *t, char ret_id[static NPS_HOLDING_ID], bool *ret_good, nps_err *err);

/* The first day after `today` on which an embargo of an accepted contribution ends: a generation made then differs. "" when none
 * does. */
NPS_MUST_CHECK nps_status nps_generation_next_day(nps_store *s, const char *today, char ret_day[static NPS_DAY_TEXT], nps_err *err);

/* The self-check: up to `most` entries, spread over the library, are asked about themselves; each must find a spectrum of its own
 * substance as near as any. Returns how many were asked; *ret_failed how many did not. */
NPS_MUST_CHECK nps_status nps_generation_check(const nps_library *lib, size_t most, size_t *ret_asked, size_t *ret_failed, nps_err *err);

#endif
