/* What the program looks at before a curator does. */
#ifndef NPS_SERVICE_CONTRIBUTION_CHECK_H
#define NPS_SERVICE_CONTRIBUTION_CHECK_H

#include "service/app.h"

enum { NPS_MAX_CONTRIBUTED = 500 }; /* spectra of one contribution */

/* Reads the contribution's files and compares each spectrum with the library in use; the findings go to the store.
 *
 * Findings, one JSON object each: "record" (from 1), "name", "kind", "severity" ("error": cannot go in as it is; "warning"; "note")
 * and "text". Kinds: unreadable, unusable, no-key (no valid InChIKey: names never join records), bad-formula, mass (of formula and
 * file differ), precursor (not the formula's with this adduct), duplicate (the same peaks), mislabelled (the library's spectra of the
 * substance are unlike it, and those of another are like it), near (another substance is as near), far (unlike the library's spectra
 * of its substance).
 * Errors: those of the store; NPS_E_BUSY. */
NPS_MUST_CHECK nps_status nps_contribution_check(nps_app *app, const char *id, nps_err *err);

#endif
