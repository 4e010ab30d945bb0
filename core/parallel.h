/* One piece of work split over a few threads that end before the call returns. */
#ifndef NPS_CORE_PARALLEL_H
#define NPS_CORE_PARALLEL_H

#include <stddef.h>

enum { NPS_THREADS_MAX = 64 };

/* Calls fn(arg, thread, item) for every item of 0 .. n - 1, each once, in no promised order, on up to `threads` threads
 * (the caller's is thread 0; 0 counts as 1, more than NPS_THREADS_MAX as that). Where the system gives fewer threads, the
 * others do the work. fn must not depend on which thread takes which item. Returns when all are done. */
void nps_parallel(unsigned threads, size_t n, void (*fn)(void *arg, unsigned thread, size_t item), void *arg);

#endif
