#include "core/parallel.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct {
    void (*work)(void *arg, unsigned worker, size_t from, size_t to);
    void *arg;
    unsigned worker;
    size_t from, to;
} part;

static void *run(void *p)
{
    const part *x = p;
    x->work(x->arg, x->worker, x->from, x->to);
    return NULL;
}

unsigned nps_parallel(unsigned n_thread, size_t n, size_t grain,
                      void (*work)(void *arg, unsigned worker, size_t from, size_t to), void *arg)
{
    part parts[NPS_PARALLEL_MAX];
    pthread_t thread[NPS_PARALLEL_MAX];
    bool started[NPS_PARALLEL_MAX] = {false};
    grain = grain ? grain : 1;
    size_t grains = n / grain + (n % grain != 0);
    unsigned n_part = n_thread < 1 ? 1 : n_thread > NPS_PARALLEL_MAX ? NPS_PARALLEL_MAX : n_thread;
    if (n_part > grains)
        n_part = grains ? (unsigned)grains : 1;
    for (unsigned i = 0; i < n_part; i++) {
        size_t from = grains / n_part * i + (grains % n_part) * i / n_part;
        size_t to = grains / n_part * (i + 1) + (grains % n_part) * (i + 1) / n_part;
        parts[i] = (part){work, arg, i, from * grain, i + 1 == n_part ? n : to * grain};
        if (i)
            started[i] = pthread_create(&thread[i], NULL, run, &parts[i]) == 0;
    }
    for (unsigned i = 0; i < n_part; i++)
        if (!started[i])
            run(&parts[i]);
    for (unsigned i = 1; i < n_part; i++)
        if (started[i])
            pthread_join(thread[i], NULL);
    return n_part;
}
