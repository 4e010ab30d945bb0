/* The store's verbs about organisations, members, tokens, sessions, memoranda and quotas. As in store.h: one transaction a
 * verb, any thread. Texts that are no secret are stored as given; of passwords, tokens and sessions only hashes. */
#ifndef NPS_SERVICE_STORE_ACCOUNTS_H
#define NPS_SERVICE_STORE_ACCOUNTS_H

#include "service/access.h"
#include "service/crypt.h"
#include "service/store.h"

enum { NPS_NAME_TEXT = 513, NPS_LOGIN_TEXT = 65, NPS_DAY_TEXT = 11, NPS_MEMO_TEXT = 257, NPS_STATE_TEXT = 12 };

/* --- organisations and members ---------------------------------------------------------------------------------------------- */

typedef struct {
    char id[NPS_ACCOUNT_ID], name[NPS_NAME_TEXT], country[3], state[NPS_STATE_TEXT]; /* state: "active", "closed" */
    int64_t created_ms, version; /* the version counts changes: what If-Match compares */
} nps_organisation;

typedef struct {
    char id[NPS_ACCOUNT_ID], organisation[NPS_ACCOUNT_ID], login[NPS_LOGIN_TEXT], state[NPS_STATE_TEXT];
    unsigned roles;
    bool has_password;
    int64_t created_ms, version;
} nps_account;

/* Lists grow as needed; the caller frees `item`. */
typedef struct {
    nps_organisation *item;
    size_t n;
} nps_organisations;
typedef struct {
    nps_account *item;
    size_t n;
} nps_accounts;

/* Errors: NPS_E_CONFLICT when the name, or the login, is taken; NPS_E_NOT_FOUND for an unknown organisation. */
NPS_MUST_CHECK nps_status nps_store_organisation_add(nps_store *s, const nps_actor *by, const char *name, const char *country,
                                                     nps_organisation *ret_organisation, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_member_add(nps_store *s, const nps_actor *by, const char *organisation, const char *login,
                                               unsigned roles, const char *opt_password_hash, nps_account *ret_member,
                                               nps_err *err);
/* By name. */
NPS_MUST_CHECK nps_status nps_store_organisations(nps_store *s, nps_organisations *ret_list, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_organisation_get(nps_store *s, const char *id, nps_organisation *ret_organisation, nps_err *err);
/* By login; organisation "" for all. */
NPS_MUST_CHECK nps_status nps_store_members(nps_store *s, const char *organisation, nps_accounts *ret_list, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_member_get(nps_store *s, const char *id, nps_account *ret_member, nps_err *err);

/* Changes what is not NULL (roles: not 0). Closing an organisation or a member ends all sessions and tokens below.
 * Errors: NPS_E_NOT_FOUND; NPS_E_CONFLICT for a name that is taken; NPS_E_STALE when `version` is not the present one any more (-1: whatever it is). */
NPS_MUST_CHECK nps_status nps_store_organisation_set(nps_store *s, const nps_actor *by, const char *id, int64_t version,
                                                     const char *opt_name, const char *opt_state, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_member_set(nps_store *s, const nps_actor *by, const char *id, int64_t version, unsigned roles,
                                               const char *opt_state, const char *opt_password_hash, nps_err *err);

/* --- tokens ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    char id[NPS_ACCOUNT_ID], member[NPS_ACCOUNT_ID], label[NPS_NAME_TEXT], used_day[NPS_DAY_TEXT]; /* used_day "": never */
    unsigned scopes;
    int64_t created_ms, expires_ms;
} nps_token_row;
typedef struct {
    nps_token_row *item;
    size_t n;
} nps_tokens;

typedef struct {
    const char *member, *hash, *label;
    unsigned scopes;
    int64_t expires_ms;
} nps_token_new;

/* Tokens that a member can have at a time. */
enum { NPS_MAX_TOKENS = 50 };

/* Errors: NPS_E_LIMIT above NPS_MAX_TOKENS; NPS_E_NOT_FOUND for the member. @param id  16 hex digits, random */
NPS_MUST_CHECK nps_status nps_store_token_add(nps_store *s, const nps_actor *by, const char *id, const nps_token_new *token,
                                              nps_err *err);
/* Of one member, that are neither void nor expired at now_ms; newest first. */
NPS_MUST_CHECK nps_status nps_store_tokens(nps_store *s, const char *member, int64_t now_ms, nps_tokens *ret_list, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_token_get(nps_store *s, const char *id, const char *member, nps_token_row *ret_token, nps_err *err);
/* Makes a member's token void at expires_ms, or at once (0). Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_token_end(nps_store *s, const nps_actor *by, const char *id, const char *member,
                                              int64_t expires_ms, nps_err *err);

/* --- who comes with a credential ------------------------------------------------------------------------------------------------ */

typedef struct {
    char member[NPS_ACCOUNT_ID], organisation[NPS_ACCOUNT_ID], hash[65], used_day[NPS_DAY_TEXT];
    unsigned roles, scopes;
    int64_t created_ms, ends_ms, seen_ms; /* of a token: ends_ms; of a session: seen_ms */
} nps_credential;

/* The token, or session, of this id whose member and organisation are active. Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_credential_get(nps_store *s, nps_means means, const char *id, nps_credential *ret_credential,
                                                   nps_err *err);
/* Notes that a token was used on a day, or when a session was last seen. */
NPS_MUST_CHECK nps_status nps_store_token_used(nps_store *s, const char *id, const char *day, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_session_seen(nps_store *s, const char *id, int64_t now_ms, nps_err *err);

typedef struct {
    char member[NPS_ACCOUNT_ID], organisation[NPS_ACCOUNT_ID], password[NPS_PASSWORD_HASH];
    int64_t failed, locked_until_ms;
} nps_login;
/* Of an active member with a password. Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_login_get(nps_store *s, const char *login, nps_login *ret_login, nps_err *err);
/* Counts a wrong password: from the fifth on the login is locked, for 30 s, doubling up to 15 min. Returns until when. */
NPS_MUST_CHECK nps_status nps_store_login_failed(nps_store *s, const char *member, int64_t now_ms, int64_t *ret_until_ms, nps_err *err);
/* A right one: begins a session, forgets the wrong ones, and ends sessions that are older than since_ms. */
NPS_MUST_CHECK nps_status nps_store_session_add(nps_store *s, const nps_actor *by, const char *id, const char *hash,
                                                int64_t since_ms, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_session_end(nps_store *s, const nps_actor *by, const char *id, nps_err *err);

/* --- memoranda ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    char reference[NPS_MEMO_TEXT], organisation[NPS_ACCOUNT_ID], title[NPS_NAME_TEXT], valid_from[NPS_DAY_TEXT],
        valid_until[NPS_DAY_TEXT]; /* until "": open */
} nps_memorandum;
typedef struct {
    nps_memorandum *item;
    size_t n;
} nps_memoranda;
/* Errors: NPS_E_CONFLICT for a reference that is taken; NPS_E_NOT_FOUND for the organisation. */
NPS_MUST_CHECK nps_status nps_store_memorandum_add(nps_store *s, const nps_actor *by, const nps_memorandum *m, nps_err *err);
/* By reference; organisation "" for all. */
NPS_MUST_CHECK nps_status nps_store_memoranda(nps_store *s, const char *organisation, nps_memoranda *ret_list, nps_err *err);

/* --- quotas --------------------------------------------------------------------------------------------------------------------- */

/* Takes up to `want` from what `subject` has left of `limit` in a window of time (any number that grows, such as the day);
 * exact across replicas. *ret_got is 0 when nothing is left. Windows before `window` are forgotten; one of up to
 * NPS_QUOTA_BEHIND before what the store has, from a caller that is late, counts in that; an older one means that the clock was
 * set back, and begins anew. *io_window becomes the one that it was counted in. */
enum { NPS_QUOTA_BEHIND = 10 };
NPS_MUST_CHECK nps_status nps_store_quota_take(nps_store *s, const char *subject, const char *kind, int64_t *io_window, int64_t limit,
                                               int64_t want, int64_t *ret_got, nps_err *err);

/* Removes what is left of windows of a kind before `window`: also the subjects that nobody asks for any more. */
NPS_MUST_CHECK nps_status nps_store_quota_forget(nps_store *s, const char *kind, int64_t window, nps_err *err);

#endif
