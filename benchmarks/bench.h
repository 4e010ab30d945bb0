/* Timing for the benchmarks: medians of repeated runs, one JSON object a line. Header-only: each benchmark is one program. */
#ifndef NPS_BENCHMARKS_BENCH_H
#define NPS_BENCHMARKS_BENCH_H

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

static int bench_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Runs `work` once to warm up and BENCH_RUNS times for the clock; prints seconds per unit times `scale`. */
static inline void bench_run(const char *name, const char *unit, double scale, double units, void (*work)(void *), void *arg)
{
    double s[BENCH_RUNS];
    work(arg);
    for (int i = 0; i < BENCH_RUNS; i++) {
        double start = bench_now();
        work(arg);
        s[i] = scale * (bench_now() - start) / units;
    }
    qsort(s, BENCH_RUNS, sizeof *s, bench_ascending);
    printf("{\"name\":\"%s\",\"unit\":\"%s\",\"min\":%.6g,\"median\":%.6g,\"max\":%.6g,\"runs\":%d}\n", name, unit, s[0],
           s[BENCH_RUNS / 2], s[BENCH_RUNS - 1], BENCH_RUNS);
    fflush(stdout);
}

static inline void bench_value(const char *name, const char *unit, double v)
{
    printf("{\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.6g}\n", name, unit, v);
    fflush(stdout);
}

static inline double bench_peak_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

#endif
