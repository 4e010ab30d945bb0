#include "service/watchdog.h"

#include "core/mem.h"
#include "service/clock.h"
#include "service/log.h"
#include "service/notify.h"

#include <pthread.h>
#include <stdlib.h>

struct nps_watchdog {
    nps_watchdog_question q;
    int64_t period_ms;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool running, stopping;
};

static void ping(nps_watchdog *w, bool *was_good)
{
    char status[200] = "";
    bool good = w->q.ask(w->q.arg, status, sizeof status);
    if (good)
        nps_notify_alive(status);
    if (!good && *was_good) {
        nps_log l;
        nps_log_begin(&l, NPS_LOG_ERROR, "watchdog");
        nps_jw_str(&l.w, "detail", status);
        nps_log_end(&l);
    }
    *was_good = good;
}

static void *work(void *arg)
{
    nps_watchdog *w = arg;
    bool was_good = true;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        pthread_mutex_unlock(&w->lock);
        ping(w, &was_good);
        pthread_mutex_lock(&w->lock);
        struct timespec until = nps_clock_timespec(nps_clock_mono_ms() + w->period_ms);
        if (!w->stopping)
            pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &until);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

nps_status nps_watchdog_start(nps_watchdog_question q, nps_watchdog **ret_watchdog, nps_err *err)
{
    int64_t ms = nps_notify_watchdog_ms();
    if (!ms) {
        *ret_watchdog = NULL;
        return NPS_OK;
    }
    nps_watchdog *w = nps_array(1, sizeof *w);
    if (!w)
        return nps_fail_nomem(err);
    w->q = q;
    w->period_ms = ms / 3 + 1;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    w->running = pthread_create(&w->thread, NULL, work, w) == 0;
    if (!w->running) {
        nps_watchdog_stop(w);
        return nps_fail_nomem(err);
    }
    *ret_watchdog = w;
    return NPS_OK;
}

void nps_watchdog_stop(nps_watchdog *w)
{
    if (!w)
        return;
    if (w->running) {
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
