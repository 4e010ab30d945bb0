/* The searches over generated libraries: time a query by library size and threads, postings touched, entries compared in
 * full, build time and memory, and the plain version beside them, whose answers must be the same where the two prepare
 * spectra alike (ei).
 * usage: bench_search [ANY ANY] [-- SPECTRA...]   (the arguments that run.sh gives to every benchmark are not used) */
#include "benchmarks/bench.h"
#include "benchmarks/plain.h"

#include "reference-lib/build.h"
#include "reference-lib/index.h"
#include "reference-lib/lag.h"
#include "reference-lib/layout.h"
#include "reference-lib/search.h"
#include "reference-lib/shift.h"
#include "spectra/clean.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 64, TOP = 10, PLAIN_QUERIES = 2, PLAIN_MOST = 100000, PLAIN_LAGS_MOST = 10000, OTHER_LAGS_MOST = 100000,
       LAG_WORK = 1000000 };
#define TOL_MZ 0.02

static void must(nps_status st, const nps_err *err)
{
    if (st == NPS_OK)
        return;
    fprintf(stderr, "bench_search: %s\n", err->msg);
    exit(1);
}

static nps_spectrum *spectrum_of(const bench_spectra *s, size_t i, nps_technique t)
{
    nps_spectrum *x = NULL;
    nps_err err;
    nps_peak_view p = bench_spectra_row(s, i);
    must(nps_spectrum_new(&x, &err), &err);
    x->technique = t;
    x->precursor_mz = t == NPS_TECH_EI ? 0 : s->precursor[i];
    for (size_t k = 0; k < p.n; k++)
        must(nps_peaks_push(&x->peaks, p.mz[k], (double)p.intensity[k], NULL, 0, SIZE_MAX, &err), &err);
    return x;
}

static nps_library *build(const bench_spectra *s, nps_technique t, const char *name)
{
    nps_err err;
    nps_builder *b = NULL;
    nps_library *lib = NULL;
    nps_build_options o = {.name = "bench", .builder = "bench", .created = "2026-01-01T00:00:00Z"};
    must(nps_builder_new(&o, &b, &err), &err);
    must(nps_builder_source(b, "bench", NPS_VISIBLE_PUBLIC, NULL, NPS_ENTRY_GENERATED, &err), &err);
    for (size_t i = 0; i < s->n; i++) {
        nps_spectrum *x = spectrum_of(s, i, t);
        must(nps_builder_add(b, x, NULL, &err), &err);
        nps_spectrum_free(x);
    }
    double start = bench_now();
    must(nps_builder_finish(b, 2, &lib, &err), &err);
    char label[100];
    snprintf(label, sizeof label, "%s: index, check and name a library", name);
    bench_value_at(label, "s", (bench_size){lib->n_entry, 2}, bench_now() - start);
    nps_builder_free(b);
    return lib;
}

/* Bytes of the stored arrays: peaks as read, and everything that the searches add. */
static void report_memory(const nps_library *lib, const char *name)
{
    double peaks = 0, index = 0;
    for (size_t i = 0; i < nps_layout_n; i++) {
        double bytes = (double)(nps_layout_cells(lib, &nps_layout[i]) * nps_cell_size(nps_layout[i].cell));
        if (strncmp(nps_layout[i].path, "/index/", 7) == 0)
            index += bytes;
        else
            peaks += bytes;
    }
    char label[100];
    snprintf(label, sizeof label, "%s: entries and peaks as read", name);
    bench_value_at(label, "MB", (bench_size){lib->n_entry, 0}, peaks / 1e6);
    snprintf(label, sizeof label, "%s: all arrays of the searches", name);
    bench_value_at(label, "MB", (bench_size){lib->n_entry, 0}, index / 1e6);
}

typedef struct {
    nps_library *lib;
    nps_prepared *q;
    size_t n;
    nps_workspace *w;
    nps_search_options o;
    nps_lag_method method;
    nps_topk top[QUERIES];
    size_t scored;
} job;

static void one_by_one(void *arg)
{
    job *j = arg;
    nps_filter f = nps_filter_all();
    nps_err err;
    j->scored = 0;
    for (size_t i = 0; i < j->n; i++) {
        j->o.tol_precursor = j->q[i].precursor * 1e-5;
        must(nps_search(j->lib, &j->q[i], &j->o, &f, j->w, &err), &err);
        j->scored += j->w->scored;
    }
}

static void as_batch(void *arg)
{
    job *j = arg;
    nps_filter f = nps_filter_all();
    nps_err err;
    must(nps_search_batch(j->lib, j->q, j->n, &j->o, &f, j->w, j->top, &err), &err);
}

static void all_lags(void *arg)
{
    job *j = arg;
    nps_filter f = nps_filter_all();
    nps_err err;
    nps_lag_hit hits[TOP];
    size_t n;
    j->scored = 0;
    for (size_t i = 0; i < j->n; i++) {
        must(nps_search_lag_by(j->lib, &j->q[i].nominal, &f, TOP, j->method, j->w, hits, &n, &err), &err);
        j->scored += j->w->scored;
    }
}

static void all_shifts(void *arg)
{
    job *j = arg;
    nps_filter f = nps_filter_all();
    nps_err err;
    nps_shift_hit hits[TOP];
    size_t n;
    for (size_t i = 0; i < j->n; i++)
        must(nps_search_shift(j->lib, &j->q[i], TOL_MZ, &f, TOP, j->w, hits, &n, &err), &err);
}

static void time_queries(job *j, const char *name, void (*work)(void *), unsigned threads)
{
    nps_workspace_set_threads(j->w, threads);
    bench_run_at(name, "ms/query", (bench_size){j->lib->n_entry, threads}, 1e3, (double)j->n, &(bench_job){NULL, work, j});
}

/* Postings of the query's bins, or around its peaks. */
static double postings_touched(const job *j)
{
    double n = 0;
    const nps_library *lib = j->lib;
    for (size_t i = 0; i < j->n; i++)
        for (uint64_t s = 0; s < lib->n_shard; s++) {
            const nps_prepared *q = &j->q[i];
            for (size_t k = 0; k < q->nominal.n; k++) {
                uint64_t cell = s * NPS_NOMINAL_BINS + (uint64_t)q->nominal.mz[k];
                n += (double)(lib->ei_cell_at[cell + 1] - lib->ei_cell_at[cell]);
            }
            for (size_t k = 0; k < q->clean.n; k++) {
                uint64_t from = nps_key_find(lib->fragment_key, lib->fragment_at[s], lib->fragment_at[s + 1],
                                             nps_mz_key(q->clean.mz[k] - TOL_MZ, 0));
                n += (double)(nps_key_find(lib->fragment_key, from, lib->fragment_at[s + 1],
                                           nps_mz_key(q->clean.mz[k] + TOL_MZ, 0)) - from);
            }
        }
    return n / (double)j->n;
}

static void report_searches(job *j, nps_technique t, const bench_size at)
{
    static const struct {
        nps_technique technique;
        nps_search_mode mode;
        nps_score score;
        const char *name;
    } rows[] = {
        {NPS_TECH_MSMS, NPS_MODE_WINDOW, NPS_SCORE_ENTROPY, "msms: precursor window 10 ppm, entropy"},
        {NPS_TECH_MSMS, NPS_MODE_OPEN, NPS_SCORE_ENTROPY, "msms: open search, entropy"},
        {NPS_TECH_MSMS, NPS_MODE_OPEN, NPS_SCORE_COSINE, "msms: open search, cosine"},
        {NPS_TECH_MSMS, NPS_MODE_OPEN, NPS_SCORE_WEIGHTED_COSINE, "msms: open search, weighted cosine"},
        {NPS_TECH_MSMS, NPS_MODE_ANALOG, NPS_SCORE_ENTROPY, "msms: analogues, precursor known, entropy"},
        {NPS_TECH_MSMS, NPS_MODE_ANALOG, NPS_SCORE_COSINE, "msms: analogues, precursor known, modified cosine"},
        {NPS_TECH_MSMS, NPS_MODE_LOSS, NPS_SCORE_ENTROPY, "msms: neutral losses, entropy"},
        {NPS_TECH_EI, NPS_MODE_OPEN, NPS_SCORE_WEIGHTED_COSINE, "ei: open search, weighted cosine"},
        {NPS_TECH_EI, NPS_MODE_OPEN, NPS_SCORE_COSINE, "ei: open search, cosine"},
        {NPS_TECH_EI, NPS_MODE_OPEN, NPS_SCORE_ENTROPY, "ei: open search, entropy"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (rows[r].technique != t)
            continue;
        char label[100];
        j->o = (nps_search_options){.mode = rows[r].mode, .score = rows[r].score, .tol_mz = TOL_MZ, .k = TOP};
        for (unsigned threads = 1; threads <= 2; threads++)
            time_queries(j, rows[r].name, one_by_one, threads);
        if (rows[r].mode == NPS_MODE_WINDOW)
            continue;
        bench_value_at("  entries compared in full", "count/query", at, (double)j->scored / (double)j->n);
        snprintf(label, sizeof label, "%s, batch of %zu", rows[r].name, j->n);
        for (unsigned threads = 1; threads <= 2; threads++)
            time_queries(j, label, as_batch, threads);
    }
    bench_value_at("  postings touched by an open search", "count/query", at, postings_touched(j));
}

static void report_lags(job *j, const bench_size at)
{
    static const struct {
        nps_lag_method method;
        const char *name;
    } methods[] = {{NPS_LAG_AVX512, "ei: all lags, avx512"}, {NPS_LAG_AVX2, "ei: all lags, avx2"}, {NPS_LAG_FFT, "ei: all lags, fft"}};
    size_t n = j->n;
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        bool best = methods[m].method == nps_lag_method_best();
        if (!nps_lag_method_works(methods[m].method) || (!best && at.spectra > OTHER_LAGS_MOST))
            continue;
        j->method = methods[m].method;
        j->n = LAG_WORK / at.spectra / (j->method == NPS_LAG_FFT ? 8 : 1);
        j->n = j->n < 2 ? 2 : j->n > n ? n : j->n;
        for (unsigned threads = 1; threads <= 2; threads++)
            time_queries(j, methods[m].name, all_lags, threads);
        bench_value_at("  entries compared in full", "count/query", at, (double)j->scored / (double)j->n);
    }
    j->n = n;
}

/* --- the plain versions ------------------------------------------------------------------------------------------------- */

typedef struct plain {
    bench_spectra lib, query;
    nps_topk best[PLAIN_QUERIES];
    void (*search)(const struct plain *p, size_t i, nps_topk *best);
} plain;

static void plain_entropy(const plain *p, size_t i, nps_topk *best)
{
    bench_plain_entropy(&p->lib, bench_spectra_row(&p->query, i), TOL_MZ, best);
}

static void plain_hybrid(const plain *p, size_t i, nps_topk *best)
{
    bench_plain_hybrid(&p->lib, bench_spectra_row(&p->query, i), p->query.precursor[i], TOL_MZ, best);
}

static void plain_cosine(const plain *p, size_t i, nps_topk *best)
{
    bench_plain_cosine(&p->lib, bench_spectra_row(&p->query, i), best);
}

static void plain_lags(const plain *p, size_t i, nps_topk *best)
{
    bench_plain_lags(&p->lib, bench_spectra_row(&p->query, i), best);
}

static void run_plain(void *arg)
{
    plain *p = arg;
    for (size_t i = 0; i < PLAIN_QUERIES; i++) {
        nps_err err;
        must(nps_topk_reset(&p->best[i], TOP, &err), &err);
        p->search(p, i, &p->best[i]);
    }
}

static void report_plain(const char *name, plain *p, void (*search)(const plain *, size_t, nps_topk *))
{
    p->search = search;
    bench_run_at(name, "ms/query", (bench_size){p->lib.n, 1}, 1e3, PLAIN_QUERIES, &(bench_job){NULL, run_plain, p});
}

/* The same scores in the same places: what is fast must also be right. Weights are floats on the plain side. */
static void must_agree(const char *what, const job *j, const plain *p)
{
    for (size_t i = 0; i < PLAIN_QUERIES; i++)
        for (size_t h = 0; h < TOP; h++)
            if (h >= j->top[i].n || fabs(j->top[i].item[h].score - p->best[i].item[h].score) > 2e-6) {
                fprintf(stderr, "bench_search: %s: hit %zu of query %zu is not that of the plain version\n", what, h, i);
                exit(1);
            }
}

static void search_first(job *j, nps_search_mode mode, nps_score score)
{
    nps_filter f = nps_filter_all();
    nps_err err;
    nps_search_options o = {.mode = mode, .score = score, .tol_mz = TOL_MZ, .k = TOP};
    must(nps_search_batch(j->lib, j->q, PLAIN_QUERIES, &o, &f, j->w, j->top, &err), &err);
}

static void lag_first(job *j)
{
    nps_filter f = nps_filter_all();
    nps_err err;
    for (size_t i = 0; i < PLAIN_QUERIES; i++) {
        nps_lag_hit hits[TOP];
        size_t n;
        must(nps_search_lag(j->lib, &j->q[i].nominal, &f, TOP, j->w, hits, &n, &err), &err);
        must(nps_topk_reset(&j->top[i], TOP, &err), &err);
        for (size_t h = 0; h < n; h++)
            j->top[i].item[j->top[i].n++] = (nps_ranked){hits[h].score, hits[h].entry};
    }
}

static void compare_with_plain(job *j, size_t n, nps_technique t)
{
    bool ei = t == NPS_TECH_EI;
    plain p = {.lib = ei ? bench_synth_ei(n, 1) : bench_synth_msms(n, 1)};
    p.query = ei ? bench_synth_ei_queries(&p.lib, PLAIN_QUERIES, 2) : bench_synth_msms_queries(&p.lib, PLAIN_QUERIES, 2);
    if (ei) {
        bench_plain_cosine_weights(&p.lib, NPS_WEIGHTED_MZ_POWER, NPS_COSINE_INTENSITY_POWER);
        bench_plain_cosine_weights(&p.query, NPS_WEIGHTED_MZ_POWER, NPS_COSINE_INTENSITY_POWER);
        report_plain("plain: ei open search, weighted cosine", &p, plain_cosine);
        search_first(j, NPS_MODE_OPEN, NPS_SCORE_WEIGHTED_COSINE);
        must_agree("ei open search", j, &p);
        if (n <= PLAIN_LAGS_MOST) {
            bench_spectra_done(&p.lib);
            bench_spectra_done(&p.query);
            p.lib = bench_synth_ei(n, 1);
            p.query = bench_synth_ei_queries(&p.lib, PLAIN_QUERIES, 2);
            bench_plain_cosine_weights(&p.lib, NPS_LAG_MZ_POWER, NPS_LAG_INTENSITY_POWER);
            bench_plain_cosine_weights(&p.query, NPS_LAG_MZ_POWER, NPS_LAG_INTENSITY_POWER);
            report_plain("plain: ei all lags by double loop", &p, plain_lags);
            lag_first(j);
            must_agree("ei all lags", j, &p);
        }
    } else {
        bench_plain_entropy_weights(&p.lib, 2 * TOL_MZ);
        bench_plain_entropy_weights(&p.query, 2 * TOL_MZ);
        report_plain("plain: msms open search, entropy", &p, plain_entropy);
        report_plain("plain: msms analogues, precursor known, entropy", &p, plain_hybrid);
    }
    bench_spectra_done(&p.lib);
    bench_spectra_done(&p.query);
    for (size_t i = 0; i < PLAIN_QUERIES; i++)
        nps_topk_done(&p.best[i]);
}

static void bench_technique(size_t n, nps_technique t)
{
    nps_err err;
    bool ei = t == NPS_TECH_EI;
    const char *name = ei ? "ei" : "msms";
    bench_spectra lib = ei ? bench_synth_ei(n, 1) : bench_synth_msms(n, 1);
    bench_spectra query = ei ? bench_synth_ei_queries(&lib, QUERIES, 2) : bench_synth_msms_queries(&lib, QUERIES, 2);
    job j = {.lib = build(&lib, t, name), .q = calloc(QUERIES, sizeof *j.q), .n = QUERIES};
    bench_spectra_done(&lib);
    bench_size at = {j.lib->n_entry, 0};
    report_memory(j.lib, name);
    nps_spectrum *spectra[QUERIES];
    must(nps_workspace_new(&j.w, &err), &err);
    for (size_t i = 0; i < QUERIES; i++) {
        spectra[i] = spectrum_of(&query, i, t);
        must(nps_prepare(spectra[i], NULL, &j.q[i], &err), &err);
        must(nps_topk_init(&j.top[i], TOP, &err), &err);
    }
    report_searches(&j, t, at);
    if (ei) {
        report_lags(&j, at);
    } else if (n <= PLAIN_MOST) {
        j.n = 4;
        for (unsigned threads = 1; threads <= 2; threads++)
            time_queries(&j, "msms: all shifts, no precursor", all_shifts, threads);
    }
    if (n <= PLAIN_MOST)
        compare_with_plain(&j, n, t);
    for (size_t i = 0; i < QUERIES; i++) {
        nps_prepared_done(&j.q[i]);
        nps_spectrum_free(spectra[i]);
        nps_topk_done(&j.top[i]);
    }
    bench_spectra_done(&query);
    free(j.q);
    nps_workspace_free(j.w);
    nps_library_release(j.lib);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {10000, 100000, 300000, 1000000};
    nps_core_init();
    int from = 1;
    while (from < argc && strcmp(argv[from], "--") != 0)
        from++;
    if (from < argc) {
        for (int i = from + 1; i < argc; i++)
            for (nps_technique t = NPS_TECH_EI; t <= NPS_TECH_MSMS; t++)
                bench_technique(strtoul(argv[i], NULL, 10), t);
        return 0;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (nps_technique t = NPS_TECH_EI; t <= NPS_TECH_MSMS; t++)
            bench_technique(sizes[i], t);
    bench_value("peak memory of the process", "MiB", bench_peak_mib());
    return 0;
}
