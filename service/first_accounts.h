/* The accounts that a store gets at its first start, so that somebody can make the others. */
#ifndef NPS_SERVICE_FIRST_ACCOUNTS_H
#define NPS_SERVICE_FIRST_ACCOUNTS_H

#include "service/store_accounts.h"

#include <stdio.h>

/* Does nothing when the store knows a member. Otherwise makes the organisation "Service" with an admin, whose token is printed on
 * `out`, this once: "npswatch: admin token, shown this once: nps_...". Samples of a store that is older than accounts go to a laboratory with a
 * member of its own. With `demo` it makes one member of every role, in three
 * organisations, for trying things out, and prints a token of each. Errors: those of the store. */
NPS_MUST_CHECK nps_status nps_first_accounts(nps_store *s, bool demo, FILE *out, nps_err *err);

#endif
