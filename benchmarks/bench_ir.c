/* Full-library search of infrared traces: one query, batches, lags, threads, and the plain walk over all traces.
 * usage: bench_ir [SHARED_DATA_DIR WORK_DIR]: needs neither, the traces are generated. */
#include "benchmarks/bench.h"

#include "core/fft.h"
#include "core/pearson.h"
#include "reference-lib/ir.h"
#include "reference-lib/ir_code.h"

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

/* --- traces: 6 to 25 Lorentz bands, most of them where functional groups absorb, a sloping baseline and noise ----------- */

static uint64_t state = 88172645463325252ULL;

static double uniform(double low, double high)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return low + (high - low) * (double)(state >> 11) / 9007199254740992.0;
}

static double normal(double sigma)
{
    return sigma * sqrt(-2 * log(uniform(1e-12, 1))) * cos(6.283185307179586 * uniform(0, 1));
}

static void make_trace(float *y)
{
    static const double groups[] = {2920, 2850, 1735, 1715, 1650, 1600, 1510, 1450, 1375, 1260, 1160, 1100, 1030,
                                    970,  880,  830,  760,  720,  700,  3300, 3400, 3060, 2230, 560,  480};
    memset(y, 0, NPS_IR_GRID_N * sizeof *y);
    for (int bands = 6 + (int)uniform(0, 20); bands--;) {
        double at = uniform(0, 1) < 0.75 ? groups[(int)uniform(0, 25)] + normal(12) : uniform(450, 1800);
        double width = at > 3150 ? uniform(40, 180) : exp(log(11) + normal(0.45)), height = exp(normal(0.9));
        for (int i = 0; i < NPS_IR_GRID_N; i++) {
            double d = (NPS_IR_GRID_X0 + NPS_IR_GRID_DX * i - at) / width;
            if (fabs(d) < 8)
                y[i] += (float)(height / (1 + d * d));
        }
    }
    float most = 0;
    double offset = uniform(0, 0.3), slope = uniform(-0.2, 0.2);
    for (int i = 0; i < NPS_IR_GRID_N; i++) {
        y[i] += (float)(offset + slope * i / NPS_IR_GRID_N);
        most = fmaxf(most, y[i]);
    }
    /* A sum of three uniform numbers is noise enough and cheap. */
    for (int i = 0; i < NPS_IR_GRID_N; i++)
        y[i] += 0.004F * most * (float)(uniform(-1, 1) + uniform(-1, 1) + uniform(-1, 1));
}

/* A library that holds nothing but traces. */
static void make_library(nps_library *lib, uint64_t n)
{
    nps_err err;
    float *y = malloc(n * NPS_IR_GRID_N * sizeof *y);
    uint32_t *entry = malloc(n * sizeof *entry), *none = calloc(n, sizeof *none);
    uint8_t *technique = malloc(n);
    int8_t *polarity = calloc(n, 1);
    if (!y || !entry || !none || !technique || !polarity)
        exit(1);
    for (uint64_t i = 0; i < n; i++) {
        make_trace(y + i * NPS_IR_GRID_N);
        entry[i] = (uint32_t)i;
        technique[i] = NPS_TECH_IR;
    }
    *lib = (nps_library){.n_entry = n, .n_ir = n, .ir_y = y, .ir_entry = entry, .entry_technique = technique,
                         .entry_polarity = polarity, .entry_substance = none, .entry_contributor = none};
    double start = bench_now();
    must(nps_ir_code_build(lib, &err), &err);
    bench_value("ir codes, making", "us/trace", 1e6 * (bench_now() - start) / (double)n);
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
    for (int lag = -(int)j->o.max_lag; lag <= (int)j->o.max_lag; lag++) {
        for (int i = 0; i < NPS_IR_GRID_N; i++)
            moved[i] = i < lag || i - lag >= NPS_IR_GRID_N ? NAN : j->query[i - lag];
        for (uint64_t r = 0; r < j->lib->n_ir; r++) {
            uint32_t common;
            best = fmax(best, nps_ir_correlation(moved, j->lib->ir_y + r * NPS_IR_GRID_N, &common));
        }
    }
}

static void run(job *j, const char *what, double size, size_t n, size_t k, unsigned lag, unsigned threads)
{
    char name[120];
    j->n = n;
    j->k = k;
    j->o.max_lag = lag;
    nps_workspace_set_threads(j->w, threads);
    snprintf(name, sizeof name, "ir %s, %.0fk traces, top %zu, lag %u, %u thread%s", what, size / 1000, k, lag, threads,
             threads > 1 ? "s" : "");
    bench_run(name, "ms/query", 1e3, n == 1 ? 8 : (double)n, search, j);
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

int main(void)
{
    nps_library lib;
    nps_err err;
    float *query = malloc(QUERIES * NPS_IR_GRID_N * sizeof *query);
    job j = {.lib = &lib, .query = query, .o = nps_ir_options_default(NPS_TECH_IR),
             .hits = malloc(QUERIES * 512 * sizeof(nps_ir_hit))};
    if (!query || !j.hits)
        return 1;
    must(nps_workspace_new(&j.w, &err), &err);
    static const uint64_t sizes[] = {10000, 100000};
    for (size_t s = 0; s < 2; s++) {
        double n = (double)sizes[s];
        make_library(&lib, sizes[s]);
        /* Entries measured again: noise, another baseline; every second one from 650 cm-1 on. */
        for (size_t q = 0; q < QUERIES; q++) {
            const float *y = lib.ir_y + (size_t)uniform(0, n) * NPS_IR_GRID_N;
            double slope = uniform(-0.1, 0.1), noise = uniform(0.002, 0.02);
            for (size_t i = 0; i < NPS_IR_GRID_N; i++)
                query[q * NPS_IR_GRID_N + i] =
                    q % 2 && i < 125 ? NAN : y[i] + (float)(slope * (double)i / NPS_IR_GRID_N + normal(noise));
        }
        for (unsigned threads = 1; threads <= 2; threads++) {
            run(&j, "one query", n, 1, TOP, 0, threads);
            run(&j, "one query", n, 1, 512, 0, threads);
            run(&j, "batch of 64", n, 64, TOP, 0, threads);
            run(&j, "one query", n, 1, TOP, 5, threads);
            run(&j, "batch of 64", n, 64, TOP, 5, threads);
        }
        run(&j, "one query", n, 1, TOP, 10, 1);
        j.o.max_lag = 0;
        bench_run(n < 20000 ? "ir plain walk, 10k traces" : "ir plain walk, 100k traces", "ms/query", 1e3, 1, plain, &j);
        free((void *)(uintptr_t)lib.ir_y);
    }
    pair p = {NULL, nps_fft_alloc(4096), (float complex *)(void *)nps_fft_alloc(4098)};
    must(nps_fft_new(4096, &p.fft, &err), &err);
    p.a[0] = 1;
    bench_run("all lags of a pair by Fourier transform (single precision)", "us/pair", 1e6, 100, fft_pair, &p);
    bench_run("one lag of a pair directly (double precision)", "us/pair", 1e6, 100, direct_pair, &j);
    return 0;
}
