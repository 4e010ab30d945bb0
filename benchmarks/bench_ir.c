/* Full-library search of infrared traces: one query, batches, lags, threads, and the plain walk over all traces.
 * usage: bench_ir [SHARED_DATA_DIR WORK_DIR]: needs neither, the traces are generated. */
#include "benchmarks/bench.h"
#include "benchmarks/synth.h"

#include "core/fft.h"
#include "core/pearson.h"
#include "reference-lib/ir.h"
#include "reference-lib/ir_code.h"
#include "reference-lib/mixture.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 64, TOP = 10 };

static void must(nps_status st, const nps_err *err)
{
    if (st == NPS_OK)
        return;
    fprintf(stderr, "bench_ir: %s\n", err->msg);
    exit(1);
}

/* A library that holds nothing but the traces; they stay with the caller. */
static void make_library(nps_library *lib, const bench_traces *t)
{
    nps_err err;
    size_t n = t->n;
    uint32_t *entry = malloc(n * sizeof *entry), *substance = malloc(n * sizeof *substance), *none = calloc(n, sizeof *none);
    uint8_t *technique = malloc(n);
    int8_t *polarity = calloc(n, 1);
    if (!entry || !substance || !none || !technique || !polarity)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        entry[i] = substance[i] = (uint32_t)i;
        technique[i] = NPS_TECH_IR;
    }
    *lib = (nps_library){.n_entry = n, .n_ir = n, .ir_y = t->y, .ir_entry = entry, .entry_technique = technique,
                         .entry_polarity = polarity, .entry_substance = substance, .entry_contributor = none};
    double start = bench_now();
    must(nps_ir_code_build(lib, 2, &err), &err);
    bench_value_at("ir: make the codes of a library", "s", (bench_size){n, 2}, bench_now() - start);
}

static void library_done(nps_library *lib)
{
    free((void *)(uintptr_t)lib->ir_entry);
    free((void *)(uintptr_t)lib->entry_substance);
    free((void *)(uintptr_t)lib->entry_contributor);
    free((void *)(uintptr_t)lib->entry_technique);
    free((void *)(uintptr_t)lib->entry_polarity);
    free((void *)(uintptr_t)lib->ir_code);
    free((void *)(uintptr_t)lib->ir_step);
    free((void *)(uintptr_t)lib->ir_zero);
    free((void *)(uintptr_t)lib->ir_error);
    free((void *)(uintptr_t)lib->ir_norm);
    free((void *)(uintptr_t)lib->ir_range);
}

/* --- searches ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const nps_library *lib;
    const float *query; /* [QUERIES][NPS_IR_GRID_N] */
    size_t n, k;
    nps_ir_options o;
    nps_workspace *w;
    nps_ir_hit *hits; /* [QUERIES * 512] */
} job;

static void search(void *arg)
{
    job *j = arg;
    nps_err err;
    nps_filter f[QUERIES];
    size_t n[QUERIES];
    for (size_t i = 0; i < QUERIES; i++)
        f[i] = nps_filter_all();
    /* One by one over several queries: a single one says little about the others. */
    if (j->n == 1)
        for (size_t i = 0; i < 8; i++)
            must(nps_search_ir_many(j->lib, j->query + i * NPS_IR_GRID_N, 1, &j->o, f, j->k, j->w, j->hits, n, &err), &err);
    else
        must(nps_search_ir_many(j->lib, j->query, j->n, &j->o, f, j->k, j->w, j->hits, n, &err), &err);
}

static void plain(void *arg)
{
    job *j = arg;
    volatile double best = 0;
    float moved[NPS_IR_GRID_N];
    nps_ir_mask mask = j->o.mask;
    for (int lag = -(int)j->o.max_lag; lag <= (int)j->o.max_lag; lag++) {
        for (int i = 0; i < NPS_IR_GRID_N; i++)
            moved[i] = i < lag || i - lag >= NPS_IR_GRID_N ? NAN : j->query[i - lag];
        for (size_t i = mask.region[0].from; i < mask.region[0].to; i++)
            moved[i] = NAN;
        for (uint64_t r = 0; r < j->lib->n_ir; r++) {
            uint32_t common;
            best = fmax(best, nps_pearson(NPS_SIMD_PLAIN, moved, j->lib->ir_y + r * NPS_IR_GRID_N, NPS_IR_GRID_N, &common));
        }
    }
}

static void run(job *j, const char *what, size_t n, size_t k, unsigned lag, unsigned threads)
{
    char name[120];
    j->n = n;
    j->k = k;
    j->o.max_lag = lag;
    nps_workspace_set_threads(j->w, threads);
    snprintf(name, sizeof name, "ir: %s, top %zu, lags to %u points", what, k, lag);
    bench_run_at(name, "ms/query", (bench_size){j->lib->n_ir, threads}, 1e3, n == 1 ? 8 : (double)n,
                 &(bench_job){NULL, search, j});
}

/* Eight mixtures of two entries each, 60 : 40, decomposed. */
static void mixtures(void *arg)
{
    job *j = arg;
    nps_err err;
    float y[NPS_IR_GRID_N];
    for (size_t i = 0; i < 8; i++) {
        const float *a = j->lib->ir_y + (37 * i + 5) * NPS_IR_GRID_N, *b = j->lib->ir_y + (91 * i + 700) * NPS_IR_GRID_N;
        for (size_t k = 0; k < NPS_IR_GRID_N; k++)
            y[k] = 0.6F * a[k] + 0.4F * b[k];
        nps_prepared q = {.technique = NPS_TECH_IR, .grid = y};
        NPS_AUTO(nps_mixture) m = NULL;
        must(nps_find_mixture(j->lib, &q, &j->o, 0.02, NPS_MIXTURE_MAX, j->w, &m, &err), &err);
    }
}

/* Preparation of a trace of 1,801 points, a hundred times. */
typedef struct {
    const float *y;
    nps_trace_prep prep;
} preparation;

static void prepare(void *arg)
{
    const preparation *p = arg;
    nps_err err;
    float y[NPS_IR_GRID_N];
    for (int i = 0; i < 100; i++) {
        memcpy(y, p->y, sizeof y);
        nps_trace t = {.n = NPS_IR_GRID_N, .x0_cm1 = NPS_IR_GRID_X0, .dx_cm1 = NPS_IR_GRID_DX, .y = y};
        must(nps_trace_prepare(&t, &p->prep, &err), &err);
    }
}

static void prepare_and_grid(void *arg)
{
    const preparation *p = arg;
    nps_err err;
    float y[NPS_IR_GRID_N];
    nps_trace t = {.n = NPS_IR_GRID_N, .x0_cm1 = 399.3, .dx_cm1 = NPS_IR_GRID_DX, .y = (float *)(uintptr_t)p->y};
    for (int i = 0; i < 100; i++)
        must(nps_prepare_trace(&t, NULL, y, &err), &err);
}

static void bench_preparation(const float *y)
{
    static const char *const steps[] = {"atr", "baseline=als", "baseline=rubber-band", "smooth=9", "smooth=31", "derivative=1",
                                        "normalise=snv"};
    nps_err err;
    preparation p = {.y = y};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char name[80];
        must(nps_trace_prep_parse(nps_span_of(steps[i]), &p.prep, &err), &err);
        snprintf(name, sizeof name, "ir: prepare a trace, %s", steps[i]);
        bench_run(name, "us/trace", 1e6, 100, prepare, &p);
    }
    bench_run("ir: put a trace on the grid by spline", "us/trace", 1e6, 100, prepare_and_grid, &p);
}

typedef struct {
    nps_fft *fft;
    float *a;
    float complex *b;
} pair;

/* What all lags of one pair cost by Fourier transform, the query's transform being there already. */
static void fft_pair(void *arg)
{
    pair *p = arg;
    for (int i = 0; i < 100; i++) {
        nps_fft_forward(p->fft, p->a, p->b);
        nps_fft_conj_multiply(p->b, p->b, nps_fft_bins(p->fft), p->b);
        nps_fft_inverse(p->fft, p->b, p->a);
        p->a[0] = 1;
        memset(p->a + 1, 0, 1800 * sizeof *p->a);
    }
}

static void direct_pair(void *arg)
{
    job *j = arg;
    uint32_t common;
    volatile double sum = 0;
    for (int i = 0; i < 100; i++)
        sum = sum + nps_pearson(nps_simd_best(), j->query, j->query + NPS_IR_GRID_N, NPS_IR_GRID_N, &common);
}

/* Queries: entries measured again; every second one only from 650 cm-1 on, as by an ATR accessory. */
static void bench_size_of(size_t n, const job *parts)
{
    job j = *parts;
    nps_library lib;
    bench_traces traces = bench_synth_ir(n, 1), queries = bench_synth_ir_queries(&traces, QUERIES, 2);
    enum { CUT = 125 };
    make_library(&lib, &traces);
    for (size_t q = 1; q < QUERIES; q += 2)
        for (size_t i = 0; i < CUT; i++)
            queries.y[q * NPS_IR_GRID_N + i] = NAN;
    j.lib = &lib;
    j.query = queries.y;
    for (unsigned threads = 1; threads <= 2; threads++) {
        run(&j, "one query", 1, TOP, 0, threads);
        run(&j, "one query", 1, 512, 0, threads);
        run(&j, "batch of 64", QUERIES, TOP, 0, threads);
        run(&j, "one query", 1, TOP, 5, threads);
        run(&j, "batch of 64", QUERIES, TOP, 5, threads);
        run(&j, "one query", 1, TOP, 10, threads);
    }
    j.o.max_lag = 0;
    for (unsigned threads = 1; threads <= 2; threads++) {
        j.o.derivative = 1;
        j.o.window = 9;
        run(&j, "first derivative, one query", 1, TOP, 0, threads);
        j.o.derivative = 0;
        j.o.score = NPS_IR_ANGLE;
        run(&j, "angle, one query", 1, TOP, 0, threads);
        j.o.score = NPS_IR_CORRELATION;
        bench_run_at("ir: mixture of two", "ms/query", (bench_size){n, threads}, 1e3, 8, &(bench_job){NULL, mixtures, &j});
    }
    bench_run_at("plain: ir correlation with every trace", "ms/query", (bench_size){n, 1}, 1e3, 1, &(bench_job){NULL, plain, &j});
    bench_run("ir: one lag of a pair directly (double precision)", "us/pair", 1e6, 100, direct_pair, &j);
    library_done(&lib);
    bench_traces_done(&traces);
    bench_traces_done(&queries);
}

int main(void)
{
    nps_err err;
    nps_core_init();
    nps_trace_prep prep = nps_trace_prep_default();
    job j = {.o = nps_ir_options_of(NPS_TECH_IR, &prep), .hits = malloc(QUERIES * 512 * sizeof(nps_ir_hit))};
    if (!j.hits)
        return 1;
    must(nps_workspace_new(&j.w, &err), &err);
    bench_traces one = bench_synth_ir(1, 1);
    bench_preparation(one.y);
    bench_traces_done(&one);
    bench_size_of(10000, &j);
    bench_size_of(100000, &j);
    nps_workspace_free(j.w);
    free(j.hits);
    pair p = {NULL, nps_fft_alloc(4096), (float complex *)(void *)nps_fft_alloc(4098)};
    must(nps_fft_new(4096, &p.fft, &err), &err);
    p.a[0] = 1;
    bench_run("ir: all lags of a pair by Fourier transform (single precision)", "us/pair", 1e6, 100, fft_pair, &p);
    nps_fft_free(p.fft);
    nps_fft_release(p.a);
    nps_fft_release(p.b);
    return 0;
}
