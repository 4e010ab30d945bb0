#include "service/writer.h"

#include "core/mem.h"
#include "service/clock.h"

#include <pthread.h>
#include <stdlib.h>

/* One caller that waits; lives on its stack. */
typedef struct entry {
    struct entry *next;
    nps_writer_job *job;
    void *arg;
    nps_status st;
    nps_err err;
    bool done;
    pthread_cond_t wake;
} entry;

struct nps_writer {
    nps_db *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    entry *first, **last;
    nps_status last_st; /* of the last commit */
    nps_err last_err;
};

static void run_one(nps_db *db, entry *e)
{
    e->st = nps_db_run(db, "SAVEPOINT job", &e->err);
    if (e->st != NPS_OK)
        return;
    e->st = e->job(db, e->arg, &e->err);
    if (!nps_db_in_transaction(db))
        return;
    if (e->st == NPS_OK) {
        e->st = nps_db_run(db, "RELEASE job", &e->err);
        if (e->st == NPS_OK)
            return;
    }
    (void)!nps_db_run(db, "ROLLBACK TO job", NULL);
    (void)!nps_db_run(db, "RELEASE job", NULL);
}

/* A lost transaction takes all jobs of the batch along, those that had succeeded too. */
static nps_status run_batch(nps_db *db, entry *batch, nps_err *err)
{
    nps_status st = nps_db_begin(db, err);
    for (entry *e = batch; e && st == NPS_OK; e = e->next) {
        run_one(db, e);
        if (!nps_db_in_transaction(db))
            st = e->st != NPS_OK ? (*err = e->err, e->st) : nps_fail(err, NPS_E_IO, "store: the transaction was lost");
    }
    if (st == NPS_OK)
        st = nps_db_commit(db, err);
    if (st == NPS_OK)
        return NPS_OK;
    nps_db_rollback(db);
    for (entry *e = batch; e; e = e->next)
        if (e->st == NPS_OK) {
            e->st = st;
            e->err = *err;
        }
    return st;
}

/* Until jobs come or the stop; called and left with the lock held. A lost connection is mended meanwhile, so that
 * nps_writer_health can tell without a job that the store is back. */
static void wait_for_jobs(nps_writer *w)
{
    enum { LOOK_MS = 100 }; /* the connection itself decides when it really tries */
    while (!w->first && !w->stopping) {
        if (!nps_db_is_lost(w->db)) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        struct timespec until = nps_clock_timespec(nps_clock_mono_ms() + LOOK_MS);
        if (pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &until) == 0)
            continue;
        pthread_mutex_unlock(&w->lock);
        nps_err err = {0};
        nps_status st = nps_db_mend(w->db, &err);
        pthread_mutex_lock(&w->lock);
        w->last_st = st;
        w->last_err = err;
    }
}

static void *work(void *arg)
{
    nps_writer *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        wait_for_jobs(w);
        entry *batch = w->first;
        if (!batch)
            break;
        w->first = NULL;
        w->last = &w->first;
        pthread_mutex_unlock(&w->lock);
        nps_err err = {0};
        nps_status st = run_batch(w->db, batch, &err);
        pthread_mutex_lock(&w->lock);
        w->last_st = st;
        w->last_err = err;
        for (entry *e = batch, *next; e; e = next) {
            next = e->next;
            e->done = true;
            pthread_cond_signal(&e->wake);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

nps_status nps_writer_start(nps_db *db, nps_writer **ret_writer, nps_err *err)
{
    nps_writer *w = nps_array(1, sizeof *w);
    if (!w) {
        nps_db_close(db);
        return nps_fail_nomem(err);
    }
    w->db = db;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    if (pthread_create(&w->thread, NULL, work, w) != 0) {
        nps_db_close(db);
        free(w);
        return nps_fail_nomem(err);
    }
    *ret_writer = w;
    return NPS_OK;
}

void nps_writer_stop(nps_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    nps_db_close(w->db);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

nps_status nps_writer_run(nps_writer *w, nps_writer_job *job, void *arg, nps_err *err)
{
    entry e = {.job = job, .arg = arg, .wake = PTHREAD_COND_INITIALIZER};
    pthread_mutex_lock(&w->lock);
    *w->last = &e;
    /* cppcheck-suppress autoVariables ; taken off the list before this function returns */
    w->last = &e.next;
    pthread_cond_signal(&w->wake);
    while (!e.done)
        pthread_cond_wait(&e.wake, &w->lock);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&e.wake);
    if (e.st != NPS_OK && err)
        *err = e.err;
    return e.st;
}

nps_status nps_writer_health(nps_writer *w, nps_err *err)
{
    pthread_mutex_lock(&w->lock);
    nps_status st = w->last_st;
    if (st != NPS_OK && err)
        *err = w->last_err;
    pthread_mutex_unlock(&w->lock);
    return st;
}
