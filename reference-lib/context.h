/* What a verdict stands in: how much the library knows of what the query resembles, and which measurement would say more. */
#ifndef NPS_REFERENCE_LIB_CONTEXT_H
#define NPS_REFERENCE_LIB_CONTEXT_H

#include "reference-lib/candidates.h"

/* Fills covered, mass, mass_entries and advice of *v from its classes, set and analogues. Walks the substances once a class.
 * Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_find_context(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_verdict *v,
                                           nps_err *err);

/* The year that an entry's metadata date it to ("DATE", "LONG DATE", "Date" ...); 0: none. */
unsigned nps_entry_year(const nps_library *lib, uint32_t entry);

#endif
