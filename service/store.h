/* The store in verbs of our domain. Each verb is one transaction, and a verb that returns NPS_OK has put its change where
 * kill -9 and a power cut leave it. No caller sees SQL. Two engines: SQLite for one process, PostgreSQL for several that share
 * a store. Any thread may call. Errors of every verb besides its own: NPS_E_IO (disk), NPS_E_NOMEM. */
#ifndef NPS_SERVICE_STORE_H
#define NPS_SERVICE_STORE_H

#include "core/buf.h"
#include "core/mem.h"
#include "core/scan.h"
#include "service/sample_facts.h"

#include <stdint.h>

typedef struct nps_store nps_store;

enum { NPS_SAMPLE_ID = 33, NPS_CASE_CODE = 24, NPS_EVENT_ID = 37 };

/* Opens a store, making or migrating it.
 * @param where  a folder, for SQLite in DIR/npswatch.db; or a postgresql:// URL, which no error message repeats
 * Errors: NPS_E_UNSUPPORTED for a store of a newer version, or a server that could lose what it acknowledged. */
NPS_MUST_CHECK nps_status nps_store_open(const char *where, nps_store **ret_store, nps_err *err);
/* The same for a tool beside the service: verbs that write fail. Errors: NPS_E_UNSUPPORTED for a store of another version. */
NPS_MUST_CHECK nps_status nps_store_open_reading(const char *where, nps_store **ret_store, nps_err *err);
void nps_store_close(nps_store *s); /* no verb runs any more */

/* Random UUID that this store got when it was made: the feed's identity. */
const char *nps_store_uuid(const nps_store *s);

/* Who does it and by which request: goes into the audit log with what changed. */
typedef struct {
    const char *member, *organisation; /* ids; "" for the operator on the machine itself */
    int64_t now_ms;
} nps_actor;

/* --- samples and cases -------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name, *type;
    nps_span bytes;
} nps_store_file;

/* How a verdict came about: all that is needed to give it again, bit for bit. */
typedef struct {
    const char *reason;      /* "submission", "request", "generation", "reference" */
    int64_t at_ms;           /* wall clock */
    const char *holding;     /* id of the generation as published (shelf.h) */
    const char *generation;  /* id of the library in it that was asked */
    int64_t ruleset;
    const char *program;     /* its version */
    const char *calibration; /* digest of the laboratory's own one, an artifact; "" for none */
    const char *control;     /* digest of the control tables; "" for none */
    const char *today;       /* day on which embargoes were looked at */
    const char *options;     /* judge.h */
    const char *outcome;
    const char *verdict;     /* JSON object */
    const char *const *relied; /* [n_relied] keys of the references that it rests on (reference_key.h) */
    size_t n_relied;
} nps_store_evaluation;

typedef struct {
    const char *id;        /* random, 32 hex digits */
    const char *organisation, *member;
    int64_t received_ms;   /* wall clock */
    const nps_sample_facts *facts;
    int64_t purge_ms;      /* when its data are to be removed; 0: never */
    nps_store_evaluation evaluation;
    const nps_store_file *file;
    size_t n_file;
    const char *idempotency_key, *request_digest; /* key NULL: none; keys are apart by organisation */
    /* For a novel verdict; n_digest = 0 otherwise. */
    const char (*digest)[65]; /* [n_digest] input digests of the novel spectra */
    size_t n_digest;
    const char *case_uuid;    /* of a case that may be opened: also the id of its event */
    const char *case_summary; /* JSON object, without anything that tells who sent the sample */
    const char *trace;        /* W3C traceparent of the request, goes along with the event; NULL for none */
} nps_store_sample_new;

typedef struct {
    char id[NPS_SAMPLE_ID];
    char case_code[NPS_CASE_CODE]; /* "" when it belongs to none */
    bool replayed;                 /* the idempotency key had it already: nothing was stored */
    bool case_opened;              /* otherwise it joined one */
} nps_store_receipt;

/* Stores a sample with its files; keys older than keys_since_ms are forgotten. When it has novel digests, it joins the case that one of them belongs to, or opens a new
 * one, "NPS-2026-0001", with an event in the outbox: all in the same transaction.
 * Errors: NPS_E_CONFLICT when the key was used with another request. */
NPS_MUST_CHECK nps_status nps_store_sample_add(nps_store *s, const nps_store_sample_new *sample, int64_t keys_since_ms,
                                               nps_store_receipt *ret_receipt, nps_err *err);

typedef struct {
    /* Owned; NULL: not given. */
    char *id, *organisation, *state, *outcome, *case_code, *country, *region, *date, *reference, *form, *packaging, *circumstances,
        *note, *quantity, *tlp;
    char *verdict, *generation, *holding, *today; /* of the last evaluation; NULL once the data were removed */
    int64_t received_ms, purge_ms, last_evaluation;
    struct nps_stored_file {
        char *name, *type, *digest;
        int64_t bytes;
    } *file; /* [n_file] */
    size_t n_file;
} nps_stored_sample;
void nps_stored_sample_free(nps_stored_sample *s);
NPS_DEFINE_FREEP(nps_stored_sample)
/* Of an organisation ("": whoever's). Errors: NPS_E_NOT_FOUND, also for what belongs to another. */
NPS_MUST_CHECK nps_status nps_store_sample_get(nps_store *s, const char *organisation, const char *id, nps_stored_sample **ret_sample,
                                               nps_err *err);

/* Original bytes of a file, unchanged, appended to out. Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_sample_file(nps_store *s, const char *organisation, const char *id, int64_t position, nps_buf *out,
                                                nps_err *err);

/* What a list shows of a sample. */
typedef struct {
    char id[NPS_SAMPLE_ID], state[12], outcome[16], case_code[NPS_CASE_CODE], country[3], date[11], tlp[16];
    char reference[4 * 64 + 1];
    int64_t received_ms, last_evaluation;
} nps_sample_row;
typedef struct {
    nps_sample_row *item; /* free() it */
    size_t n;
    bool more;
} nps_sample_rows;
typedef struct {
    const char *organisation;
    const char *outcome;   /* NULL: any */
    int64_t before_ms;     /* INT64_MAX, "": from the newest on; otherwise what lies behind this sample */
    const char *before_id;
    size_t limit;          /* 1 .. NPS_MAX_PAGE */
} nps_sample_list;
/* Newest first. */
NPS_MUST_CHECK nps_status nps_store_samples(nps_store *s, const nps_sample_list *list, nps_sample_rows *ret_rows, nps_err *err);

/* Removes files, facts and verdicts of a sample, and takes it out of its case. What remains is that there was one.
 * Errors: NPS_E_NOT_FOUND; NPS_E_CONFLICT when they are gone already. */
NPS_MUST_CHECK nps_status nps_store_sample_withdraw(nps_store *s, const nps_actor *by, const char *id, nps_err *err);
/* The same for up to `limit` samples whose time is over; they stay counted in their cases. */
NPS_MUST_CHECK nps_status nps_store_samples_purge(nps_store *s, int64_t now_ms, size_t limit, size_t *ret_n, nps_err *err);

/* Gives samples that belong to no organisation, as stores before accounts have them, to one. */
NPS_MUST_CHECK nps_status nps_store_samples_adopt(nps_store *s, const nps_actor *by, const char *organisation, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_samples_orphaned(nps_store *s, int64_t *ret_n, nps_err *err);

/* Adds an evaluation of a stored sample, and a notice to its organisation when `notice` is not NULL (JSON object).
 * *ret_n is its number. Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_evaluation_add(nps_store *s, const char *id, const nps_store_evaluation *evaluation,
                                                   const char *notice_kind, const char *notice, int64_t *ret_n, nps_err *err);

typedef struct {
    /* Owned. */
    char *reason, *holding, *generation, *program, *calibration, *control, *today, *options, *outcome, *verdict;
    int64_t n, at_ms, ruleset;
} nps_stored_evaluation;
void nps_stored_evaluation_done(nps_stored_evaluation *e);
/* Evaluation `n` of a sample, or the last one (-1). Errors: NPS_E_NOT_FOUND. */
NPS_MUST_CHECK nps_status nps_store_evaluation_get(nps_store *s, const char *organisation, const char *id, int64_t n,
                                                   nps_stored_evaluation *ret_evaluation, nps_err *err);

typedef struct {
    int64_t seq; /* ascending in the order of opening */
    char code[NPS_CASE_CODE], uuid[NPS_EVENT_ID];
    int64_t opened_ms, updated_ms, n_sample;
    char *summary;   /* owned */
    char *countries; /* owned; "DE FR", sorted; "" when none was given */
} nps_stored_case;
typedef struct {
    nps_stored_case *item;
    size_t n;
    bool more; /* there are older ones */
} nps_stored_cases;
void nps_stored_cases_done(nps_stored_cases *c);

/* Newest first; only those with seq < before (INT64_MAX: all). @param limit  1 .. NPS_MAX_PAGE */
NPS_MUST_CHECK nps_status nps_store_cases(nps_store *s, int64_t before, size_t limit, nps_stored_cases *ret_cases,
                                          nps_err *err);

/* --- outbox ------------------------------------------------------------------------------------------------------------- */

/* Several processes may deliver from one store: an event is claimed before it is tried, for a time that is longer than a try
 * may take. When a claim has run out, as its holder died, another takes it over. Times are the callers' wall clocks, which must
 * agree to within what a claim lasts longer than a try. */
enum { NPS_CLAIMER = 40 };

typedef struct {
    int64_t id;
    char event[NPS_EVENT_ID]; /* the same in every try */
    char type[64], subject[NPS_CASE_CODE];
    char claimer[NPS_CLAIMER];
    char trace[56]; /* W3C traceparent of the request that it comes from; "" for none */
    int64_t created_ms, attempts, due_ms; /* attempts made so far */
    char *data;                           /* JSON object; owned */
} nps_store_event;
void nps_store_event_done(nps_store_event *e);

/* Claims the event that is due first of those that nobody holds, until now_ms + lease_ms. *ret_found is false when there is
 * none; then *ret_due_ms says when the next one can be had as far as is known now (INT64_MAX: none is pending). Only an event
 * that is had costs a write.
 * @param claimer  name of this process, 1 to NPS_CLAIMER - 1 bytes; no other one that runs has it */
NPS_MUST_CHECK nps_status nps_store_event_next(nps_store *s, const char *claimer, int64_t now_ms, int64_t lease_ms,
                                               nps_store_event *ret_event, bool *ret_found, int64_t *ret_due_ms,
                                               nps_err *err);

typedef enum { NPS_EVENT_PENDING, NPS_EVENT_DONE, NPS_EVENT_DEAD } nps_event_state;

/* Records one try of a claimed event and what becomes of it, and gives the claim back. When the claim ran out and another has
 * it now, the try is recorded, and of its outcome only that the event is done.
 * @param http  status, 0 without an answer; @param fault  NULL or why */
NPS_MUST_CHECK nps_status nps_store_event_tried(nps_store *s, const nps_store_event *e, int64_t at_ms, int http,
                                                const char *fault, nps_event_state state, int64_t due_ms, nps_err *err);

/* Gives back all that this name has claimed: after a try that does not count, and at the start, when a holder of the same name
 * has died. */
NPS_MUST_CHECK nps_status nps_store_event_release(nps_store *s, const char *claimer, nps_err *err);

/* Makes dead events pending again, due at once. */
NPS_MUST_CHECK nps_status nps_store_event_revive(nps_store *s, int64_t now_ms, int64_t *ret_n, nps_err *err);

/* --- state ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t samples, cases, pending, dead;
} nps_store_counts;
NPS_MUST_CHECK nps_status nps_store_count(nps_store *s, nps_store_counts *ret_counts, nps_err *err);

/* NPS_OK when the last write succeeded and the disk has room. Errors: NPS_E_IO with the reason. */
NPS_MUST_CHECK nps_status nps_store_health(nps_store *s, nps_err *err);

#endif
