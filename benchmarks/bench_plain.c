/* The plain searches on made-up libraries: what the engine is compared with. usage: bench_plain */
#include "benchmarks/bench.h"
#include "benchmarks/plain.h"

#define TOL_MZ 0.02

enum { SPECTRA = 20000, QUERIES = 10, TOP = 10 };

typedef struct {
    bench_spectra lib, query;
    nps_topk best;
} search;

static nps_peak_view start(search *s, size_t i)
{
    nps_err err;
    if (nps_topk_reset(&s->best, TOP, &err) != NPS_OK) {
        fprintf(stderr, "bench_plain: %s\n", err.msg);
        exit(1);
    }
    return bench_spectra_row(&s->query, i);
}

static void entropy(void *arg)
{
    search *s = arg;
    for (size_t i = 0; i < QUERIES; i++)
        bench_plain_entropy(&s->lib, start(s, i), TOL_MZ, &s->best);
}

static void hybrid(void *arg)
{
    search *s = arg;
    for (size_t i = 0; i < QUERIES; i++)
        bench_plain_hybrid(&s->lib, start(s, i), s->query.precursor[i], TOL_MZ, &s->best);
}

static void cosine(void *arg)
{
    search *s = arg;
    for (size_t i = 0; i < QUERIES; i++)
        bench_plain_cosine(&s->lib, start(s, i), &s->best);
}

static void lags(void *arg)
{
    search *s = arg;
    for (size_t i = 0; i < QUERIES; i++)
        bench_plain_lags(&s->lib, start(s, i), &s->best);
}

static void report(const char *name, void (*work)(void *), search *s)
{
    bench_run_at(name, "ms/query", (bench_size){SPECTRA, 1}, 1e3, QUERIES, &(bench_job){NULL, work, s});
}

static void search_done(search *s)
{
    bench_spectra_done(&s->lib);
    bench_spectra_done(&s->query);
    nps_topk_done(&s->best);
}

int main(void)
{
    nps_core_init();
    search m = {.lib = bench_synth_msms(SPECTRA, 1)}, e = {.lib = bench_synth_ei(SPECTRA, 1)};
    m.query = bench_synth_msms_queries(&m.lib, QUERIES, 1);
    bench_plain_entropy_weights(&m.lib, 2 * TOL_MZ);
    bench_plain_entropy_weights(&m.query, 2 * TOL_MZ);
    report("plain: msms open search, entropy", entropy, &m);
    report("plain: msms analogues, precursor known, entropy", hybrid, &m);
    search_done(&m);
    e.query = bench_synth_ei_queries(&e.lib, QUERIES, 1);
    bench_plain_cosine_weights(&e.lib, 1, 0.5);
    bench_plain_cosine_weights(&e.query, 1, 0.5);
    report("plain: ei open search, weighted cosine", cosine, &e);
    report("plain: ei all lags by double loop", lags, &e);
    search_done(&e);
    return 0;
}
