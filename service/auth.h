/* From the credential of a request to its principal: API tokens and browser sessions.
 *
 * A token is nps_<id>_<secret>, a session the cookie __Host-npswatch=<id>_<secret>; both secrets are 256 random bits, of which
 * the store keeps a BLAKE2b-256 hash. A token that is sent counts before a cookie. */
#ifndef NPS_SERVICE_AUTH_H
#define NPS_SERVICE_AUTH_H

#include "service/message.h"
#include "service/store_accounts.h"

enum { NPS_TOKEN_TEXT = 4 + 16 + 1 + 64 + 1, NPS_SESSION_IDLE_MS = 30 * 60000, NPS_SESSION_MAX_MS = 12 * 3600000 };
#define NPS_SESSION_COOKIE "__Host-npswatch"

/* Makes a token of a member; its text is shown once, and wiped by the caller. scopes 0: those of NPS_SCOPES_USUAL.
 * Errors: as nps_store_token_add. */
NPS_MUST_CHECK nps_status nps_auth_token_make(nps_store *s, const nps_actor *by, const char *member, const char *label,
                                              unsigned scopes, int64_t expires_ms, char ret_id[static NPS_ACCOUNT_ID],
                                              char ret_token[static NPS_TOKEN_TEXT], nps_err *err);

/* Begins a session for by->member; *ret_cookie is the value of the cookie. */
enum { NPS_COOKIE_TEXT = 16 + 1 + 64 + 1 };
NPS_MUST_CHECK nps_status nps_auth_session_make(nps_store *s, const nps_actor *by, char ret_cookie[static NPS_COOKIE_TEXT],
                                                nps_err *err);

/* Who sent the request: fills *ret_principal, anonymous when it carries no credential, or the cookie of a session that has
 * ended. A request that may change something by a session must show its X-CSRF-Token and come from a page of `origin`
 * ("https://example.org"; "" means that of its Host header).
 * Errors: NPS_E_DENIED for a token that is not valid and for a forged request; NPS_E_IO of the store. */
NPS_MUST_CHECK nps_status nps_auth_principal(nps_store *s, const nps_request *req, const char *origin, int64_t now_ms,
                                             nps_principal *ret_principal, nps_err *err);

#endif
