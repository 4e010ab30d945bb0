#include "core/parallel.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct {
    atomic_size_t next;
    size_t n;
    void (*fn)(void *, unsigned, size_t);
    void *arg;
} work;

typedef struct {
    work *w;
    unsigned thread;
} worker;

static void *take_items(void *p)
{
    const worker *me = p;
    for (size_t i; (i = atomic_fetch_add(&me->w->next, 1)) < me->w->n;)
        me->w->fn(me->w->arg, me->thread, i);
    return NULL;
}

void nps_parallel(unsigned threads, size_t n, void (*fn)(void *arg, unsigned thread, size_t item), void *arg)
{
    work w = {.n = n, .fn = fn, .arg = arg};
    worker crew[NPS_THREADS_MAX];
    pthread_t id[NPS_THREADS_MAX];
    unsigned started = 1;
    if (threads > NPS_THREADS_MAX)
        threads = NPS_THREADS_MAX;
    if (threads > n)
        threads = (unsigned)n;
    atomic_init(&w.next, 0);
    for (unsigned t = 1; t < threads; t++) {
        crew[started] = (worker){&w, started};
        if (pthread_create(&id[started], NULL, take_items, &crew[started]) == 0)
            started++;
    }
    take_items(&(worker){&w, 0});
    for (unsigned t = 1; t < started; t++)
        pthread_join(id[t], NULL);
}
