/* One loop on several threads. */
#ifndef NPS_CORE_PARALLEL_H
#define NPS_CORE_PARALLEL_H

#include <stddef.h>

enum { NPS_PARALLEL_MAX = 64 };

/* Runs work(arg, worker, from, to) for n_thread contiguous parts of [0, n): part `worker` on its own thread, the first on
 * the caller's. Returns when all are done. Parts, not threads, decide what is computed, so a part whose thread cannot be
 * had runs on the caller's and the outcome is the same. Part boundaries are multiples of `grain`; n_thread is cut to
 * 1..NPS_PARALLEL_MAX and to the number of grains. @return number of parts */
unsigned nps_parallel(unsigned n_thread, size_t n, size_t grain,
                      void (*work)(void *arg, unsigned worker, size_t from, size_t to), void *arg);

#endif
