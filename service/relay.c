#include "service/relay.h"

#include "service/cli.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/folder.h"
#include "service/log.h"
#include "service/trace.h"
#include "service/webhook.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)86400000)

struct nps_relay {
    const nps_config *config;
    nps_store *store;
    nps_metrics *metrics;
    char source[256], name[NPS_CLAIMER];
    nps_webhook_secret secret;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken, disabled; /* under the lock */
    atomic_bool stop;
};

bool nps_relay_schedule(const nps_config *config, int64_t tries, int64_t retry_after_s, int64_t now_ms,
                        int64_t *ret_due_ms)
{
    if (tries < 0 || (uint64_t)tries >= config->n_webhook_retry)
        return false;
    int64_t wait = config->webhook_retry_ms[tries], fifth = wait / 5;
    if (fifth)
        wait += (int64_t)nps_random_below((uint32_t)(2 * fifth + 1)) - fifth;
    int64_t asked = retry_after_s > 86400 ? DAY_MS : retry_after_s * 1000;
    *ret_due_ms = now_ms + (asked > wait ? asked : wait);
    return true;
}

void nps_relay_body(const nps_store_event *e, const char *source, nps_buf *out)
{
    char time[NPS_TIME_TEXT];
    nps_clock_text(e->created_ms, time);
    nps_jw w = nps_jw_init(out);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "specversion", "1.0");
    nps_jw_str(&w, "id", e->event);
    nps_jw_str(&w, "source", source);
    nps_jw_str(&w, "type", e->type);
    nps_jw_str(&w, "subject", e->subject);
    nps_jw_str(&w, "time", time);
    nps_jw_str(&w, "datacontenttype", "application/json");
    nps_jw_object(&w, "data");
    nps_jw_str(&w, "case", e->subject);
    nps_jw_raw(&w, "summary", e->data);
    nps_jw_end(&w);
    nps_jw_end(&w);
}

static void log_try(const nps_store_event *e, const char *trace, const nps_webhook_answer *a, nps_event_state state)
{
    static const char *const names[] = {"pending", "done", "dead"};
    nps_log l;
    nps_log_begin(&l, state == NPS_EVENT_DONE ? NPS_LOG_INFO : state == NPS_EVENT_DEAD ? NPS_LOG_ERROR : NPS_LOG_WARN,
                  "delivery");
    nps_jw_str(&l.w, "event_id", e->event);
    nps_log_trace(&l, trace);
    nps_jw_i64(&l.w, "attempt", e->attempts + 1);
    nps_jw_i64(&l.w, "http", a->http);
    if (*a->fault)
        nps_jw_str(&l.w, "fault", a->fault);
    nps_jw_str(&l.w, "state", names[state]);
    nps_log_end(&l);
}

static void set_disabled(nps_relay *r, bool disabled)
{
    pthread_mutex_lock(&r->lock);
    r->disabled = disabled;
    r->woken = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

/* One try of an event that is due. A try that the stop has ended is not counted: the event stays as it is. */
static nps_status deliver(nps_relay *r, const nps_store_event *e, nps_err *err)
{
    NPS_AUTO_BUF body = NPS_BUF_INIT((size_t)4 << 20);
    char trace[NPS_TRACE_TEXT]; /* each try is a span of its own */
    nps_webhook w = {.url = r->config->webhook_url,
                     .secret = &r->secret,
                     .allow_private = r->config->webhook_allow_private,
                     .timeout_ms = r->config->webhook_timeout_ms,
                     .trace = trace,
                     .stop = &r->stop};
    nps_trace_go_on(e->trace, trace);
    nps_webhook_answer a;
    nps_relay_body(e, r->source, &body);
    nps_status st = nps_buf_check(&body, err);
    if (st != NPS_OK)
        return st;
    nps_webhook_send(&w, e->event, (nps_span){body.data, body.len}, nps_clock_wall_ms() / 1000, &a);
    bool good = a.http >= 200 && a.http < 300;
    if (!a.http && atomic_load(&r->stop))
        return nps_store_event_release(r->store, r->name, err);
    int64_t now = nps_clock_wall_ms(), due = now;
    nps_event_state state = NPS_EVENT_DONE;
    if (a.http == 410) {
        state = NPS_EVENT_PENDING;
        set_disabled(r, true);
    } else if (!good) {
        state = nps_relay_schedule(r->config, e->attempts + 1, a.retry_after_s, now, &due) ? NPS_EVENT_PENDING
                                                                                         : NPS_EVENT_DEAD;
    }
    atomic_fetch_add(good ? &r->metrics->deliveries_good : &r->metrics->deliveries_failed, 1);
    log_try(e, trace, &a, state);
    return nps_store_event_tried(r->store, e, now, a.http, *a.fault ? a.fault : NULL, state, due, err);
}

/* Waits for a wake-up, the stop or the moment. */
static void wait_until(nps_relay *r, int64_t mono_ms)
{
    struct timespec until = nps_clock_timespec(mono_ms);
    pthread_mutex_lock(&r->lock);
    int rc = 0;
    while (!r->woken && rc == 0 && !atomic_load(&r->stop))
        rc = pthread_cond_clockwait(&r->wake, &r->lock, CLOCK_MONOTONIC, &until);
    r->woken = false;
    pthread_mutex_unlock(&r->lock);
}

/* Takes the next due event, if any; returns how long nothing is to be done. */
static int64_t step(nps_relay *r)
{
    enum { LOOK_AGAIN_MS = 5000, AFTER_FAULT_MS = 1000, CLAIM_BEYOND_TRY_MS = 15000 };
    nps_store_event e;
    nps_err err = {0};
    bool found = false;
    int64_t now = nps_clock_wall_ms(), due, idle = 0;
    if (nps_relay_is_disabled(r))
        return LOOK_AGAIN_MS;
    nps_status st = nps_store_event_next(r->store, r->name, now, r->config->webhook_timeout_ms + CLAIM_BEYOND_TRY_MS, &e,
                                         &found, &due, &err);
    if (st == NPS_OK && found) {
        st = deliver(r, &e, &err);
        nps_store_event_done(&e);
    } else if (st == NPS_OK) {
        idle = due <= now ? 0 : due - now < LOOK_AGAIN_MS ? due - now : LOOK_AGAIN_MS;
    }
    if (st == NPS_OK)
        return idle;
    nps_log_err(NPS_LOG_ERROR, "relay-failed", &err);
    return AFTER_FAULT_MS;
}

/* What a predecessor of this name held when it was killed is free at once, instead of when its claim runs out. */
static bool take_over(nps_relay *r)
{
    nps_err err = {0};
    if (nps_store_event_release(r->store, r->name, &err) == NPS_OK)
        return true;
    nps_log_err(NPS_LOG_ERROR, "relay-failed", &err);
    return false;
}

static void *work(void *arg)
{
    nps_relay *r = arg;
    bool ready = false;
    while (!atomic_load(&r->stop)) {
        ready = ready || take_over(r);
        int64_t idle = ready ? step(r) : 1000;
        if (idle)
            wait_until(r, nps_clock_mono_ms() + idle);
    }
    return NULL;
}

static nps_status read_secret(const char *path, nps_webhook_secret *secret, nps_err *err)
{
    nps_file f;
    nps_err why = {0};
    nps_status st = nps_file_open(path, 4096, &f, &why);
    if (st == NPS_OK) {
        st = nps_webhook_secret_parse((nps_span){f.data, f.len}, secret, &why);
        nps_file_close(&f);
    }
    return st == NPS_OK ? st : nps_fail(err, st, "webhook_secret_file '%s': %s", path, why.msg);
}

nps_status nps_relay_start(const nps_config *config, const char *source, nps_store *store, nps_metrics *metrics,
                           nps_relay **ret_relay, nps_err *err)
{
    nps_relay *r = nps_array(1, sizeof *r);
    if (!r)
        return nps_fail_nomem(err);
    r->config = config;
    r->store = store;
    r->metrics = metrics;
    snprintf(r->source, sizeof r->source, "%s", source);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    nps_status st = nps_folder_name(config->data, r->name, err);
    if (st == NPS_OK)
        st = read_secret(config->webhook_secret_file, &r->secret, err);
    if (st == NPS_OK && pthread_create(&r->thread, NULL, work, r) != 0)
        st = nps_fail_nomem(err);
    if (st != NPS_OK) {
        nps_secret_wipe(&r->secret, sizeof r->secret);
        free(r);
        return st;
    }
    *ret_relay = r;
    return NPS_OK;
}

void nps_relay_wake(nps_relay *r)
{
    pthread_mutex_lock(&r->lock);
    r->woken = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

bool nps_relay_is_disabled(nps_relay *r)
{
    pthread_mutex_lock(&r->lock);
    bool disabled = r->disabled;
    pthread_mutex_unlock(&r->lock);
    return disabled;
}

void nps_relay_enable(nps_relay *r)
{
    set_disabled(r, false);
}

void nps_relay_stop(nps_relay *r)
{
    if (!r)
        return;
    atomic_store(&r->stop, true);
    nps_relay_wake(r);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    nps_secret_wipe(&r->secret, sizeof r->secret);
    free(r);
}
