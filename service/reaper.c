#include "service/reaper.h"

#include "core/mem.h"
#include "service/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

struct nps_reaper_seat {
    int fd;              /* -1: free */
    int64_t deadline_ms; /* 0: none */
};

struct nps_reaper {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool running, stopping;
    int64_t next_look_ms; /* when the thread looks again by itself */
    size_t n, used;
    nps_reaper_seat *seat; /* [n] */
};

/* Shuts down what is late; returns when to look again. The lock is held: the sockets stay open meanwhile. */
static int64_t reap(nps_reaper *r, int64_t now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < r->n; i++) {
        nps_reaper_seat *s = &r->seat[i];
        if (s->fd < 0 || !s->deadline_ms)
            continue;
        if (s->deadline_ms <= now) {
            shutdown(s->fd, SHUT_RDWR);
            s->deadline_ms = 0;
        } else if (s->deadline_ms < next) {
            next = s->deadline_ms;
        }
    }
    return next;
}

static void *work(void *arg)
{
    nps_reaper *r = arg;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        r->next_look_ms = reap(r, nps_clock_mono_ms());
        if (r->next_look_ms == INT64_MAX) {
            pthread_cond_wait(&r->wake, &r->lock);
        } else {
            struct timespec until = nps_clock_timespec(r->next_look_ms);
            pthread_cond_clockwait(&r->wake, &r->lock, CLOCK_MONOTONIC, &until);
        }
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

nps_status nps_reaper_new(size_t n_seats, nps_reaper **ret_reaper, nps_err *err)
{
    nps_reaper *r = nps_array(1, sizeof *r);
    if (!r)
        return nps_fail_nomem(err);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    r->n = n_seats;
    r->seat = nps_array(n_seats, sizeof *r->seat);
    for (size_t i = 0; r->seat && i < n_seats; i++)
        r->seat[i].fd = -1;
    r->running = r->seat && pthread_create(&r->thread, NULL, work, r) == 0;
    if (!r->running) {
        nps_reaper_free(r);
        return nps_fail_nomem(err);
    }
    *ret_reaper = r;
    return NPS_OK;
}

void nps_reaper_free(nps_reaper *r)
{
    if (!r)
        return;
    if (r->running) {
        pthread_mutex_lock(&r->lock);
        r->stopping = true;
        pthread_cond_signal(&r->wake);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
    }
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r->seat);
    free(r);
}

static void set_locked(nps_reaper *r, nps_reaper_seat *seat, int64_t deadline_ms)
{
    seat->deadline_ms = deadline_ms;
    if (deadline_ms && deadline_ms < r->next_look_ms)
        pthread_cond_signal(&r->wake);
}

nps_reaper_seat *nps_reaper_sit(nps_reaper *r, int fd, int64_t deadline_ms)
{
    nps_reaper_seat *seat = NULL;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n && !seat; i++)
        if (r->seat[i].fd < 0)
            seat = &r->seat[i];
    if (seat) {
        seat->fd = fd;
        r->used++;
        set_locked(r, seat, deadline_ms);
    }
    pthread_mutex_unlock(&r->lock);
    return seat;
}

void nps_reaper_set(nps_reaper *r, nps_reaper_seat *seat, int64_t deadline_ms)
{
    if (!seat)
        return;
    pthread_mutex_lock(&r->lock);
    set_locked(r, seat, deadline_ms);
    pthread_mutex_unlock(&r->lock);
}

void nps_reaper_leave(nps_reaper *r, nps_reaper_seat *seat)
{
    if (!seat)
        return;
    pthread_mutex_lock(&r->lock);
    *seat = (nps_reaper_seat){.fd = -1};
    r->used--;
    pthread_mutex_unlock(&r->lock);
}

size_t nps_reaper_count(nps_reaper *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->used;
    pthread_mutex_unlock(&r->lock);
    return n;
}
