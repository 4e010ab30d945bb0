/* Who may do what: roles of people, scopes of tokens, and the principal that a request comes from.
 *
 * A route (route.c) names the roles that may call it and one scope; a caller needs one of the roles, and the scope in the
 * token that was sent. What belongs to an organisation is seen by its own members only, and by the roles that the route names
 * for it; the store's verbs take the organisation as an argument, so that what belongs to others is not found. */
#ifndef NPS_SERVICE_ACCESS_H
#define NPS_SERVICE_ACCESS_H

#include "core/err.h"
#include "core/scan.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    NPS_ROLE_LAB = 1 << 0,         /* sends samples */
    NPS_ROLE_PARTNER = 1 << 1,     /* contributes reference spectra */
    NPS_ROLE_CURATOR = 1 << 2,     /* decides about contributions, publishes generations */
    NPS_ROLE_COORDINATOR = 1 << 3, /* reviews cases */
    NPS_ROLE_AUDITOR = 1 << 4,     /* reads the audit log and the memoranda: oversees compliance */
    NPS_ROLE_ADMIN = 1 << 5        /* organisations, members, operation */
} nps_role;
enum { NPS_ROLE_COUNT = 6, NPS_ROLES_ALL = (1 << NPS_ROLE_COUNT) - 1 };

typedef enum {
    NPS_SCOPE_IDENTIFY = 1 << 0,
    NPS_SCOPE_SAMPLES_READ = 1 << 1,
    NPS_SCOPE_SAMPLES_WRITE = 1 << 2,
    NPS_SCOPE_CONTRIBUTIONS_READ = 1 << 3,
    NPS_SCOPE_CONTRIBUTIONS_WRITE = 1 << 4,
    NPS_SCOPE_CURATE = 1 << 5,
    NPS_SCOPE_CASES = 1 << 6,
    NPS_SCOPE_AUDIT = 1 << 7,
    NPS_SCOPE_ADMIN = 1 << 8,
    NPS_SCOPE_ACCOUNT = 1 << 9 /* own tokens and password: in a token only when asked for by name */
} nps_scope;
enum { NPS_SCOPE_COUNT = 10, NPS_SCOPES_ALL = (1 << NPS_SCOPE_COUNT) - 1, NPS_SCOPES_USUAL = NPS_SCOPES_ALL & ~NPS_SCOPE_ACCOUNT };

const char *nps_role_name(nps_role r);   /* "lab" ... */
const char *nps_scope_name(nps_scope s); /* "samples:read" ... */

/* Names with blanks or commas between them. Errors: NPS_E_RANGE for an unknown name and for none at all. */
NPS_MUST_CHECK nps_status nps_roles_parse(const char *text, unsigned *ret_roles, nps_err *err);
NPS_MUST_CHECK nps_status nps_scopes_parse(const char *text, unsigned *ret_scopes, nps_err *err);

/* Whether one member may hold these roles together. An auditor oversees what partners promised, so he holds nothing by which
 * he would see what they gave in confidence; an admin makes accounts, so he holds nothing else either.
 * Errors: NPS_E_RANGE with the reason. */
NPS_MUST_CHECK nps_status nps_roles_check(unsigned roles, nps_err *err);

enum { NPS_ACCOUNT_ID = 17 }; /* 16 hex digits and an end: organisations, members, tokens, sessions */

typedef enum { NPS_BY_NOTHING, NPS_BY_TOKEN, NPS_BY_SESSION } nps_means;

typedef struct {
    nps_means means; /* NPS_BY_NOTHING: anonymous, everything else is 0 */
    char member[NPS_ACCOUNT_ID], organisation[NPS_ACCOUNT_ID];
    char credential[NPS_ACCOUNT_ID]; /* id of the token or session */
    char csrf[65];                   /* of a session: what X-CSRF-Token must hold to change anything */
    unsigned roles, scopes;
} nps_principal;

#endif
