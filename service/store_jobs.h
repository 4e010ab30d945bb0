/* The store's verbs about work in the background. A job is done at least once, by one process at a time; it outlives them. */
#ifndef NPS_SERVICE_STORE_JOBS_H
#define NPS_SERVICE_STORE_JOBS_H

#include "service/store_accounts.h"

/* What there is to do; `subject` is an id of what it is about, `data` a JSON object or "". */
#define NPS_JOB_CHECK "check"       /* a contribution */
#define NPS_JOB_BUILD "build"       /* a generation; subject "" */
#define NPS_JOB_EVALUATE "evaluate" /* a sample again; data: why */
#define NPS_JOB_BATCH "batch"       /* the items of a batch that are waiting */

typedef struct {
    int64_t id, attempts; /* attempts made before this one */
    char kind[16], subject[40];
    char *data; /* owned */
} nps_job;

/* Adds a job; one of the same kind and subject that waits already, and is not being done, serves. */
NPS_MUST_CHECK nps_status nps_store_job_add(nps_store *s, const char *kind, const char *subject, const char *data, int64_t now_ms,
                                            nps_err *err);
/* As nps_store_event_next. */
NPS_MUST_CHECK nps_status nps_store_job_next(nps_store *s, const char *claimer, int64_t now_ms, int64_t lease_ms, nps_job *ret_job,
                                             bool *ret_found, nps_err *err);
/* It is done (fault NULL), or failed: then it is tried again at due_ms, or given up (due_ms 0). */
NPS_MUST_CHECK nps_status nps_store_job_done(nps_store *s, int64_t id, const char *claimer, const char *fault, int64_t due_ms, nps_err *err);
NPS_MUST_CHECK nps_status nps_store_jobs_release(nps_store *s, const char *claimer, nps_err *err);
/* Waiting ones of a kind and subject (NULL: any). */
NPS_MUST_CHECK nps_status nps_store_jobs_waiting(nps_store *s, const char *kind, const char *subject, int64_t *ret_n, nps_err *err);

/* --- batches -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    nps_span bytes;
} nps_batch_file;

enum { NPS_BATCH_ID = 33, NPS_MAX_BATCH = 2000 };

/* Stores the files of many samples, and the job that judges them one by one. @param options  as nps_store_evaluation.options, and facts */
NPS_MUST_CHECK nps_status nps_store_batch_add(nps_store *s, const nps_actor *by, const char *id, const char *options,
                                              const nps_batch_file *file, size_t n, nps_err *err);

typedef struct {
    int64_t total, waiting, done, failed, created_ms;
} nps_batch;
/* Errors: NPS_E_NOT_FOUND, also for another organisation's. */
NPS_MUST_CHECK nps_status nps_store_batch_get(nps_store *s, const char *organisation, const char *id, nps_batch *ret_batch, nps_err *err);

typedef struct {
    int64_t position;
    char name[256], state[12], sample[NPS_SAMPLE_ID], outcome[16], fault[256];
} nps_batch_row;
typedef struct {
    nps_batch_row *item; /* free() it */
    size_t n;
    bool more;
} nps_batch_rows;
/* By position, behind `after` (-1: all). */
NPS_MUST_CHECK nps_status nps_store_batch_items(nps_store *s, const char *id, int64_t after, size_t limit, nps_batch_rows *ret_rows,
                                                nps_err *err);

typedef struct {
    int64_t position;
    char *name, *options, *organisation, *member; /* owned */
    nps_buf bytes;
} nps_batch_item;
void nps_batch_item_done(nps_batch_item *i);
/* The next waiting item. */
NPS_MUST_CHECK nps_status nps_store_batch_next(nps_store *s, const char *id, nps_batch_item *ret_item, bool *ret_found, nps_err *err);
/* Becomes a sample, or fails; its bytes go, as the sample has them. */
NPS_MUST_CHECK nps_status nps_store_batch_item_done(nps_store *s, const char *id, int64_t position, const char *sample, const char *outcome,
                                                    const char *fault, nps_err *err);

#endif
