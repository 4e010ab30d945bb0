/* What the answers about accounts share. */
#ifndef NPS_SERVICE_ACCOUNT_JSON_H
#define NPS_SERVICE_ACCOUNT_JSON_H

#include "service/crypt.h"
#include "service/json.h"

struct nps_app;

void nps_jw_roles(nps_jw *w, const char *key, unsigned roles);   /* ["lab", ...] */
void nps_jw_scopes(nps_jw *w, const char *key, unsigned scopes); /* ["samples:read", ...] */
void nps_jw_time(nps_jw *w, const char *key, int64_t wall_ms);   /* RFC 3339 */

/* Hash of a password, in its turn. Errors: NPS_E_RANGE for one that is too short or too long; NPS_E_BUSY; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_password_make(struct nps_app *app, const char *password, char ret_hash[static NPS_PASSWORD_HASH],
                                            nps_err *err);

#endif
