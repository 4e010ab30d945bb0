/* Timing for the benchmarks: medians of repeated runs, one JSON object a line. Header-only: each benchmark is one program. */
#ifndef NPS_BENCHMARKS_BENCH_H
#define NPS_BENCHMARKS_BENCH_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { BENCH_RUNS = 7 };

static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int bench_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* What a figure was measured on. 0: not said. */
typedef struct {
    size_t spectra;
    unsigned threads;
} bench_size;

static inline void bench_head(const char *name, const char *unit, bench_size at)
{
    printf("{\"name\":\"%s\",\"unit\":\"%s\"", name, unit);
    if (at.spectra)
        printf(",\"spectra\":%zu", at.spectra);
    if (at.threads)
        printf(",\"threads\":%u", at.threads);
}

/* Sorts s. */
static inline void bench_print(const char *name, const char *unit, bench_size at, double s[BENCH_RUNS])
{
    qsort(s, BENCH_RUNS, sizeof *s, bench_ascending);
    bench_head(name, unit, at);
    printf(",\"min\":%.6g,\"median\":%.6g,\"max\":%.6g,\"runs\":%d}\n", s[0], s[BENCH_RUNS / 2], s[BENCH_RUNS - 1],
           BENCH_RUNS);
    fflush(stdout);
}

typedef struct {
    void (*before)(void *); /* before each run, off the clock; may be NULL */
    void (*work)(void *);
    void *arg;
} bench_job;

/* Seconds of BENCH_RUNS runs of a job, after one to warm up. */
static inline void bench_time(const bench_job *j, double ret_s[BENCH_RUNS])
{
    for (int i = -1; i < BENCH_RUNS; i++) {
        if (j->before)
            j->before(j->arg);
        double start = bench_now();
        j->work(j->arg);
        if (i >= 0)
            ret_s[i] = bench_now() - start;
    }
}

/* Seconds per unit times `scale`. */
static inline void bench_run_at(const char *name, const char *unit, bench_size at, double scale, double units,
                                const bench_job *j)
{
    double s[BENCH_RUNS];
    bench_time(j, s);
    for (int i = 0; i < BENCH_RUNS; i++)
        s[i] *= scale / units;
    bench_print(name, unit, at, s);
}

/* Units per second times `scale`. */
static inline void bench_rate_at(const char *name, const char *unit, bench_size at, double scale, double units,
                                 const bench_job *j)
{
    double s[BENCH_RUNS];
    bench_time(j, s);
    for (int i = 0; i < BENCH_RUNS; i++)
        s[i] = scale * units / s[i];
    bench_print(name, unit, at, s);
}

static inline void bench_run(const char *name, const char *unit, double scale, double units, void (*work)(void *), void *arg)
{
    bench_run_at(name, unit, (bench_size){0}, scale, units, &(bench_job){NULL, work, arg});
}

static inline void bench_value_at(const char *name, const char *unit, bench_size at, double v)
{
    bench_head(name, unit, at);
    printf(",\"value\":%.6g}\n", v);
    fflush(stdout);
}

static inline void bench_value(const char *name, const char *unit, double v)
{
    bench_value_at(name, unit, (bench_size){0}, v);
}

/* --- threads ---------------------------------------------------------------------------------------------------------- */

enum { BENCH_THREADS_MAX = 64 };

typedef struct {
    void (*part)(void *arg, unsigned thread, unsigned threads);
    void *arg;
    unsigned thread, threads;
} bench_part;

static inline void *bench_part_run(void *arg)
{
    bench_part *p = arg;
    p->part(p->arg, p->thread, p->threads);
    return NULL;
}

/* Runs part(arg, 0 .. threads - 1, threads), each in a thread of its own (the first in the caller's), and waits for all. */
static inline void bench_parallel(unsigned threads, void (*part)(void *, unsigned, unsigned), void *arg)
{
    pthread_t id[BENCH_THREADS_MAX];
    bench_part p[BENCH_THREADS_MAX];
    for (unsigned t = 0; t < threads; t++)
        p[t] = (bench_part){part, arg, t, threads};
    for (unsigned t = 1; t < threads; t++)
        if (pthread_create(&id[t], NULL, bench_part_run, &p[t]) != 0) {
            fputs("bench: no thread\n", stderr);
            exit(1);
        }
    if (threads)
        bench_part_run(&p[0]);
    for (unsigned t = 1; t < threads; t++)
        pthread_join(id[t], NULL);
}

/* First of the items of a thread when n are shared out evenly; those of the next thread begin where they end. */
static inline size_t bench_share(size_t n, unsigned thread, unsigned threads)
{
    return n / threads * thread + (thread < n % threads ? thread : n % threads);
}

static inline double bench_peak_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

#endif
