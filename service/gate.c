#include "service/gate.h"

#include "core/mem.h"
#include "service/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* One caller in the queue; lives on its stack. */
typedef struct waiter {
    struct waiter *next;
    pthread_cond_t wake;
    unsigned slot;
    bool served;
} waiter;

struct nps_gate {
    pthread_mutex_t lock;
    nps_gate_state state;
    unsigned max_queue, n_free;
    int64_t moved_ms; /* when a slot was last taken or given back */
    unsigned free_slot[64]; /* [n_free] */
    waiter *first, **last;
};

nps_status nps_gate_new(unsigned n_slots, unsigned max_queue, nps_gate **ret_gate, nps_err *err)
{
    NPS_ASSERT(n_slots >= 1 && n_slots <= 64);
    nps_gate *g = nps_array(1, sizeof *g);
    if (!g)
        return nps_fail_nomem(err);
    pthread_mutex_init(&g->lock, NULL);
    g->state.slots = g->n_free = n_slots;
    g->max_queue = max_queue;
    g->last = &g->first;
    for (unsigned i = 0; i < n_slots; i++)
        g->free_slot[i] = n_slots - 1 - i;
    *ret_gate = g;
    return NPS_OK;
}

void nps_gate_free(nps_gate *g)
{
    if (!g)
        return;
    NPS_ASSERT(!g->state.busy && !g->first);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static void remove_waiter(nps_gate *g, const waiter *w)
{
    waiter **at = &g->first;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (!*at)
        g->last = at;
    g->state.waiting--;
}

static nps_status wait_turn(nps_gate *g, int64_t max_wait_ms, unsigned *ret_slot, nps_err *err)
{
    waiter w = {.wake = PTHREAD_COND_INITIALIZER};
    struct timespec until = nps_clock_timespec(nps_clock_mono_ms() + max_wait_ms);
    *g->last = &w;
    /* cppcheck-suppress autoVariables ; unlinked before this function returns */
    g->last = &w.next;
    g->state.waiting++;
    int rc = 0;
    while (!w.served && rc != ETIMEDOUT)
        rc = pthread_cond_clockwait(&w.wake, &g->lock, CLOCK_MONOTONIC, &until);
    pthread_cond_destroy(&w.wake);
    if (w.served) {
        *ret_slot = w.slot;
        return NPS_OK;
    }
    remove_waiter(g, &w);
    g->state.refused++;
    return nps_fail(err, NPS_E_BUSY, "the service is busy: no turn within %lld ms", (long long)max_wait_ms);
}

nps_status nps_gate_enter(nps_gate *g, int64_t max_wait_ms, unsigned *ret_slot, nps_err *err)
{
    nps_status st = NPS_OK;
    pthread_mutex_lock(&g->lock);
    if (g->n_free) {
        *ret_slot = g->free_slot[--g->n_free];
        g->state.busy++;
        g->moved_ms = nps_clock_mono_ms();
    } else if (g->state.waiting >= g->max_queue) {
        g->state.refused++;
        st = nps_fail(err, NPS_E_BUSY, "the service is busy: %u requests are waiting already", g->state.waiting);
    } else {
        st = wait_turn(g, max_wait_ms, ret_slot, err);
    }
    pthread_mutex_unlock(&g->lock);
    return st;
}

void nps_gate_leave(nps_gate *g, unsigned slot)
{
    pthread_mutex_lock(&g->lock);
    g->moved_ms = nps_clock_mono_ms();
    waiter *w = g->first;
    if (w) {
        remove_waiter(g, w);
        w->slot = slot;
        w->served = true;
        pthread_cond_signal(&w->wake);
    } else {
        g->free_slot[g->n_free++] = slot;
        g->state.busy--;
    }
    pthread_mutex_unlock(&g->lock);
}

nps_gate_state nps_gate_look(nps_gate *g)
{
    pthread_mutex_lock(&g->lock);
    nps_gate_state s = g->state;
    s.full_ms = g->n_free ? 0 : nps_clock_mono_ms() - g->moved_ms;
    pthread_mutex_unlock(&g->lock);
    return s;
}
