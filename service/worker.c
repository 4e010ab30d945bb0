#include "service/worker.h"

#include "service/app.h"
#include "service/audit.h"
#include "service/clock.h"
#include "service/contribution_check.h"
#include "service/generation.h"
#include "service/log.h"
#include "service/publish.h"
#include "service/sample_work.h"
#include "service/store_jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_EVERY_MS = 1000, LEASE_MS = 600000, FOLLOW_EVERY_MS = 2000, PURGE_EVERY_MS = 60000, PURGE_AT_A_TIME = 200, ATTEMPTS_MAX = 3,
       RETRY_MS = 5000, RETRY_STEPS = 12, SLICE_MS = 60000 };

struct nps_worker {
    nps_app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken; /* under the lock */
    atomic_bool stop;
    int64_t follow_ms, purge_ms, checkpoint_ms; /* mono: when next */
    char embargo_day[NPS_DAY_TEXT]; /* on which one ends; "" none; looked up each day */
    char today[11];
};

/* --- jobs ------------------------------------------------------------------------------------------------------------------------ */

static nps_status judge_item(nps_app *app, const char *batch, const nps_batch_item *item, nps_err *err)
{
    NPS_AUTO(nps_intake) in = NULL;
    nps_judgement j = {0};
    nps_store_receipt receipt = {0};
    nps_sample_facts facts = {0};
    nps_lines lines;
    char key[80], digest[65];
    nps_err why = {0};
    nps_status st = nps_intake_new(&in, err);
    if (st == NPS_OK)
        st = nps_intake_add(in, (nps_intake_file){item->name, "", {item->bytes.data ? item->bytes.data : "", item->bytes.len}}, err);
    if (st != NPS_OK)
        return st;
    st = nps_lines_parse(item->options, &lines, &why);
    if (st == NPS_OK)
        st = nps_sample_facts_take(nps_lines_look_up, &lines, &facts, &why);
    if (st == NPS_OK)
        st = nps_judge_stored(app, in, item->options, item->organisation, false, &j, &why);
    if (st == NPS_OK && !j.verdict)
        st = in->n_problem ? nps_fail(&why, NPS_E_FORMAT, "%s", in->problem[0].err.msg) : nps_fail(&why, NPS_E_FORMAT, "no spectrum in the file");
    if (st == NPS_OK) {
        /* The key makes an item that was stored before the process died one sample, not two. */
        snprintf(key, sizeof key, "batch %s %lld", batch, (long long)item->position);
        nps_secret_hash("batch item", key, digest);
        nps_sample_origin from = {.organisation = item->organisation,
                                  .member = item->member,
                                  .facts = &facts,
                                  .idempotency_key = key,
                                  .request_digest = digest};
        st = nps_sample_keep(app, in, &j, &from, &receipt, &why);
    }
    const char *outcome = st == NPS_OK ? nps_outcome_name(j.verdict->outcome) : "";
    bool passing = st == NPS_E_IO || st == NPS_E_NOMEM || st == NPS_E_BUSY;
    nps_status end = passing ? nps_fail(err, st, "%s", why.msg)
                             : nps_store_batch_item_done(app->store, batch, item->position, receipt.id, outcome, st == NPS_OK ? "" : why.msg, err);
    nps_judgement_done(&j);
    return end;
}

/* Some of a batch, well within the claim; *ret_again when there is more. */
static nps_status do_batch(nps_worker *w, const nps_job *job, bool *ret_again, nps_err *err)
{
    for (int64_t until = nps_clock_mono_ms() + SLICE_MS; nps_clock_mono_ms() < until;) {
        nps_batch_item item = {0};
        bool found = false;
        if (atomic_load(&w->stop))
            return nps_fail(err, NPS_E_BUSY, "the service stops");
        nps_status st = nps_store_batch_next(w->app->store, job->subject, &item, &found, err);
        if (st != NPS_OK || !found)
            return st;
        st = judge_item(w->app, job->subject, &item, err);
        nps_batch_item_done(&item);
        if (st != NPS_OK)
            return st;
    }
    *ret_again = true;
    return NPS_OK;
}

static nps_status do_job(nps_worker *w, const nps_job *job, bool *ret_again, nps_err *err)
{
    bool changed;
    int64_t n;
    const nps_actor by = {.member = "", .organisation = "", .now_ms = nps_clock_wall_ms()};
    if (strcmp(job->kind, NPS_JOB_BATCH) == 0)
        return do_batch(w, job, ret_again, err);
    if (strcmp(job->kind, NPS_JOB_CHECK) == 0)
        return nps_contribution_check(w->app, job->subject, err);
    if (strcmp(job->kind, NPS_JOB_BUILD) == 0)
        return nps_publish_build(w->app, &by, &changed, err);
    if (strcmp(job->kind, NPS_JOB_EVALUATE) == 0) {
        nps_status st = nps_sample_judge_again(w->app, "", job->subject, job->data, NULL, &n, err);
        return st == NPS_E_NOT_FOUND ? NPS_OK : st; /* withdrawn meanwhile */
    }
    return nps_fail(err, NPS_E_UNSUPPORTED, "a job of another program version");
}

/* Whether there was one. */
static nps_status take_job(nps_worker *w, bool *ret_found, nps_err *err)
{
    nps_job job = {0};
    nps_err why = {0};
    nps_store *s = w->app->store;
    const char *name = w->app->name;
    nps_status st = nps_store_job_next(s, name, nps_clock_wall_ms(), LEASE_MS, &job, ret_found, err);
    if (st != NPS_OK || !*ret_found)
        return st;
    bool again = false;
    nps_status done = do_job(w, &job, &again, &why);
    /* What passes by itself - a full queue, a lost database, a generation that was overtaken - is tried for as long as it takes. */
    bool passes = done == NPS_E_BUSY || done == NPS_E_IO || done == NPS_E_NOMEM || done == NPS_E_STALE;
    int64_t wait = again ? 0 : RETRY_MS * (job.attempts < RETRY_STEPS ? job.attempts + 1 : RETRY_STEPS);
    if (done != NPS_OK && atomic_load(&w->stop)) {
        st = nps_store_jobs_release(s, name, err);
    } else {
        if (done != NPS_OK)
            nps_log_err(NPS_LOG_ERROR, "job-failed", &why);
        bool given_up = !again && !passes && job.attempts + 1 >= ATTEMPTS_MAX;
        const char *fault = again ? "" : done == NPS_OK ? NULL : why.msg;
        st = nps_store_job_done(s, job.id, name, fault, given_up ? 0 : nps_clock_wall_ms() + wait, err);
    }
    free(job.data);
    return st;
}

/* --- by the clock ---------------------------------------------------------------------------------------------------------------- */

static nps_status end_embargoes(nps_worker *w, nps_err *err)
{
    char now[NPS_TIME_TEXT];
    int64_t wall = nps_clock_wall_ms();
    nps_clock_text(wall, now);
    now[10] = '\0';
    if (strcmp(now, w->today) == 0)
        return NPS_OK;
    nps_status st = NPS_OK;
    if (*w->embargo_day && strcmp(w->embargo_day, now) <= 0)
        st = nps_store_job_add(w->app->store, NPS_JOB_BUILD, "", "embargo", wall, err);
    if (st == NPS_OK)
        st = nps_generation_next_day(w->app->store, now, w->embargo_day, err);
    if (st == NPS_OK)
        memcpy(w->today, now, sizeof w->today);
    return st;
}

static nps_status keep_house(nps_worker *w, nps_err *err)
{
    bool changed;
    size_t n;
    int64_t now = nps_clock_mono_ms();
    nps_app *app = w->app;
    nps_status st = nps_tally_flush(app->tally, app->store, err);
    if (st == NPS_OK && now >= w->follow_ms) {
        w->follow_ms = now + FOLLOW_EVERY_MS;
        st = nps_publish_follow(app, &changed, err);
    }
    if (st == NPS_OK && now >= w->purge_ms) {
        w->purge_ms = now + PURGE_EVERY_MS;
        st = nps_store_samples_purge(app->store, nps_clock_wall_ms(), PURGE_AT_A_TIME, &n, err);
        if (st == NPS_OK)
            st = nps_limiter_clean(app->limiter, nps_clock_wall_ms(), err);
    }
    if (st == NPS_OK && now >= w->checkpoint_ms) {
        w->checkpoint_ms = now + app->config.checkpoint_s * 1000;
        st = nps_audit_checkpoint(app->store, app->signing_key, nps_clock_wall_ms(), err);
    }
    return st == NPS_OK ? end_embargoes(w, err) : st;
}

static void wait(nps_worker *w, int64_t ms)
{
    struct timespec until = nps_clock_timespec(nps_clock_mono_ms() + ms);
    pthread_mutex_lock(&w->lock);
    int rc = 0;
    while (!w->woken && rc == 0 && !atomic_load(&w->stop))
        rc = pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &until);
    w->woken = false;
    pthread_mutex_unlock(&w->lock);
}

static void *work(void *arg)
{
    nps_worker *w = arg;
    while (!atomic_load(&w->stop)) {
        nps_err err = {0};
        bool found = false;
        nps_status st = keep_house(w, &err);
        if (st == NPS_OK)
            st = take_job(w, &found, &err);
        if (st != NPS_OK)
            nps_log_err(NPS_LOG_ERROR, "worker-failed", &err);
        if (!found)
            wait(w, LOOK_EVERY_MS);
    }
    return NULL;
}

nps_status nps_worker_start(nps_app *app, nps_worker **ret_worker, nps_err *err)
{
    nps_worker *w = nps_array(1, sizeof *w);
    if (!w)
        return nps_fail_nomem(err);
    w->app = app;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    /* What a process of this name had begun when it died. */
    nps_status st = nps_store_jobs_release(app->store, app->name, err);
    if (st == NPS_OK && pthread_create(&w->thread, NULL, work, w) != 0)
        st = nps_fail_nomem(err);
    if (st != NPS_OK) {
        free(w);
        return st;
    }
    *ret_worker = w;
    return NPS_OK;
}

void nps_worker_wake(nps_worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->woken = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void nps_worker_stop(nps_worker *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    nps_worker_wake(w);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
