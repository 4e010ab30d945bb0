/* The store's verbs about contributions of partners and the generations that hold them. As in store.h.
 *
 * A contribution is submitted, then checked by the program; a curator accepts or rejects it; an accepted one enters the next
 * generation. Its owner can change its terms and withdraw it at any time: what is in a generation already leaves it with the
 * next one. */
#ifndef NPS_SERVICE_STORE_CONTRIBUTIONS_H
#define NPS_SERVICE_STORE_CONTRIBUTIONS_H

#include "service/reference_key.h"
#include "service/store_accounts.h"
#include "service/store_notices.h"

typedef struct {
    char id[NPS_CONTRIBUTION_ID], organisation[NPS_ACCOUNT_ID];
    char state[12];      /* "submitted", "checked", "accepted", "rejected", "withdrawn" */
    char visibility[12]; /* nps_visibility_name */
    char embargo[11];    /* "": none */
    char licence[257], memorandum[NPS_MEMO_TEXT], credit[NPS_NAME_TEXT];
    char decided_by[NPS_ACCOUNT_ID];
    int64_t created_ms, decided_ms, spectra, version;
    char *checks; /* JSON object, "{}" until checked; owned */
    char *reason; /* of the decision; owned */
} nps_contribution;
void nps_contribution_done(nps_contribution *c);

typedef struct {
    nps_contribution *item;
    size_t n;
    bool more;
} nps_contributions;
void nps_contributions_done(nps_contributions *c);

/* With its files, and the job that checks it. Errors: NPS_E_NOT_FOUND for a memorandum that its organisation has not, or that is
 * not valid on the day. */
NPS_MUST_CHECK nps_status nps_store_contribution_add(nps_store *s, const nps_actor *by, const nps_contribution *c,
                                                     const nps_store_file *file, size_t n_file, nps_err *err);
/* Of an organisation ("": whoever's). Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_contribution_get(nps_store *s, const char *organisation, const char *id,
                                                     nps_contribution *ret_contribution, nps_err *err);
/* Newest first, behind (before_ms, before_id); state NULL: any. */
NPS_MUST_CHECK nps_status nps_store_contributions(nps_store *s, const char *organisation, const char *state, int64_t before_ms,
                                                  const char *before_id, size_t limit, nps_contributions *ret_list, nps_err *err);
/* Every accepted one, by id. */
NPS_MUST_CHECK nps_status nps_store_contributions_accepted(nps_store *s, nps_contributions *ret_list, nps_err *err);
/* Appends the bytes; *opt_name gets the name. Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_contribution_file(nps_store *s, const char *organisation, const char *id, int64_t position, nps_buf *out,
                                                      char *opt_name, size_t name_size, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_contribution_checked(nps_store *s, const char *id, int64_t spectra, const char *checks, nps_err *err);
/* Errors: NPS_E_STALE, NPS_E_CONFLICT when it is not checked (or was decided already), NPS_E_DENIED for one's own. */
NPS_MUST_CHECK nps_status nps_store_contribution_decide(nps_store *s, const nps_actor *by, const char *id, int64_t version, bool accept,
                                                        const char *reason, nps_err *err);
/* Changes what is not NULL. An accepted one is in other hands from the next generation on: the job that makes it is added. */
NPS_MUST_CHECK nps_status nps_store_contribution_terms(nps_store *s, const nps_actor *by, const char *id, int64_t version,
                                                       const char *visibility, const char *embargo, const char *licence, nps_err *err);
/* By its owner. *ret_was_accepted: it may be in a generation, and the job that makes one without it is added. */
NPS_MUST_CHECK nps_status nps_store_contribution_withdraw(nps_store *s, const nps_actor *by, const char *id, const char *reason,
                                                          bool *ret_was_accepted, nps_err *err);

/* --- generations ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    char id[33], parent[33], base[33], member[NPS_ACCOUNT_ID];
    int64_t seq, created_ms;
    bool active;
    char *report; /* JSON object: self-check and what changed; owned */
} nps_generation;
typedef struct {
    nps_generation *item;
    size_t n;
    bool more;
} nps_generations;
void nps_generations_done(nps_generations *g);

typedef struct {
    const char *id, *parent, *base, *manifest, *report;
    const char *const *contribution; /* [n_contribution] */
    size_t n_contribution;
} nps_generation_new;

/* One that is known already counts as made again. */
NPS_MUST_CHECK nps_status nps_store_generation_add(nps_store *s, const nps_actor *by, const nps_generation_new *g, nps_err *err);
/* Makes it the one in use, when `expected` still is ("" : whatever is). Adds the jobs that judge again what rested on references
 * which the new one has no more.
 * @param opt_keys  of the operator's library in it; NULL when that is the one which was in use
 * Errors: NPS_E_NOT_FOUND; NPS_E_STALE, also when it holds what was withdrawn or put under other terms since it was made. */
NPS_MUST_CHECK nps_status nps_store_generation_activate(nps_store *s, const nps_actor *by, const char *id, const char *expected,
                                                        const nps_reference_keys *opt_keys, nps_err *err);
/* "" when there is none yet. */
NPS_MUST_CHECK nps_status nps_store_generation_active(nps_store *s, char ret_id[static 33], nps_err *err);
/* Newest first, with seq < before. */
NPS_MUST_CHECK nps_status nps_store_generations(nps_store *s, int64_t before, size_t limit, nps_generations *ret_list, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_generation_get(nps_store *s, const char *id, nps_generation *ret_generation, nps_err *err);

/* --- artifacts ------------------------------------------------------------------------------------------------------------------ */

/* Bytes that answers rested on and that may change on disk: calibrations, control tables. Kept by their digest. */
NPS_MUST_CHECK nps_status nps_store_artifact_put(nps_store *s, const char *digest, const char *kind, nps_span bytes, nps_err *err);
/* Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_artifact_get(nps_store *s, const char *digest, nps_buf *out, nps_err *err);

#endif
