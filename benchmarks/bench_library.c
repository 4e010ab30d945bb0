/* Reading, building, opening and searching the real MS/MS and EI libraries, one thread.
 * usage: bench_library SHARED_DATA_DIR WORK_DIR (skips when the data are absent) */
#include "benchmarks/bench.h"

#include "reference-lib/backing.h"
#include "reference-lib/build.h"
#include "reference-lib/lag.h"
#include "reference-lib/candidates.h"
#include "spectra/clean.h"
#include "spectra/gunzip.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(nps_status st, const nps_err *err)
{
    if (st == NPS_OK)
        return;
    fprintf(stderr, "bench_library: %s\n", err->msg);
    exit(1);
}

typedef struct {
    char *text;
    size_t len;
} file_text;

static file_text inflate_file(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat st;
    nps_err err = {0};
    if (fd < 0 || fstat(fd, &st) != 0) {
        printf("skipped: no %s\n", path);
        exit(0);
    }
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    nps_read_limits limits = nps_read_limits_for_library();
    file_text t;
    must(nps_gunzip(map, (size_t)st.st_size, &limits, &t.text, &t.len, &err), &err);
    munmap(map, (size_t)st.st_size);
    close(fd);
    return t;
}

static void read_all(void *arg)
{
    const file_text *t = arg;
    nps_err err = {0};
    nps_reader *r = NULL;
    nps_spectrum *s = NULL;
    nps_read_limits limits = nps_read_limits_for_library();
    must(nps_reader_open(t->text, t->len, &limits, &r, &err), &err);
    for (;;) {
        must(nps_reader_next(r, &s, &err), &err);
        if (!s)
            break;
        nps_spectrum_free(s);
    }
    nps_reader_free(r);
}

static nps_library *build(const file_text *t, const char *path)
{
    nps_err err = {0};
    nps_reader *r = NULL;
    nps_spectrum *s = NULL;
    nps_builder *b = NULL;
    nps_library *made = NULL, *lib = NULL;
    nps_read_limits limits = nps_read_limits_for_library();
    nps_build_options o = {.name = "bench", .builder = "bench", .created = "2026-01-01T00:00:00Z"};
    must(nps_reader_open(t->text, t->len, &limits, &r, &err), &err);
    must(nps_builder_new(&o, &b, &err), &err);
    must(nps_builder_source(b, "bench", NPS_VISIBLE_PUBLIC, NULL, 0, &err), &err);
    for (;;) {
        must(nps_reader_next(r, &s, &err), &err);
        if (!s)
            break;
        must(nps_builder_add(b, s, NULL, &err), &err);
        nps_spectrum_free(s);
    }
    must(nps_builder_finish(b, 1, &made, &err), &err);
    must(nps_library_publish(made, path, &err), &err);
    nps_library_release(made);
    nps_builder_free(b);
    nps_reader_free(r);
    must(nps_library_open(path, NPS_OPEN_VERIFY, &lib, &err), &err);
    return lib;
}

typedef struct {
    const char *path;
    nps_open_mode mode;
} open_job;

static void open_library(void *arg)
{
    const open_job *j = arg;
    nps_library *lib = NULL;
    nps_err err = {0};
    must(nps_library_open(j->path, j->mode, &lib, &err), &err);
    nps_library_release(lib);
}

typedef struct {
    nps_library *lib;
    nps_prepared *q;
    size_t n;
    nps_workspace *w;
} search_job;

enum { QUERIES = 200, TOP = 10 };

static search_job load_queries(nps_library *lib, const file_text *t)
{
    nps_err err = {0};
    nps_reader *r = NULL;
    search_job j = {.lib = lib, .q = calloc(QUERIES, sizeof(nps_prepared))};
    nps_read_limits limits = nps_read_limits_for_library();
    must(nps_reader_open(t->text, t->len, &limits, &r, &err), &err);
    while (j.n < QUERIES) {
        nps_spectrum *s = NULL;
        must(nps_reader_next(r, &s, &err), &err);
        if (!s)
            break;
        must(nps_prepare(s, NULL, &j.q[j.n++], &err), &err);
        nps_spectrum_free(s);
    }
    nps_reader_free(r);
    must(nps_workspace_new(&j.w, &err), &err);
    return j;
}

static void search_each(search_job *j, nps_search_mode mode, nps_score score)
{
    nps_filter f = nps_filter_all();
    nps_err err;
    nps_search_options o = {.mode = mode, .score = score, .tol_mz = 0.02, .k = TOP};
    for (size_t i = 0; i < j->n; i++) {
        o.tol_precursor = j->q[i].precursor * 1e-5;
        must(nps_search(j->lib, &j->q[i], &o, &f, j->w, &err), &err);
    }
}

static void search_window(void *arg)
{
    search_each(arg, NPS_MODE_WINDOW, NPS_SCORE_ENTROPY);
}

static void search_open(void *arg)
{
    search_each(arg, NPS_MODE_OPEN, NPS_SCORE_ENTROPY);
}

static void search_hybrid(void *arg)
{
    search_each(arg, NPS_MODE_ANALOG, NPS_SCORE_ENTROPY);
}

static void search_ei(void *arg)
{
    search_each(arg, NPS_MODE_OPEN, NPS_SCORE_WEIGHTED_COSINE);
}

static void search_lag(void *arg)
{
    search_job *j = arg;
    nps_filter f = nps_filter_all();
    nps_err err;
    nps_lag_hit hits[TOP];
    size_t n;
    for (size_t i = 0; i < j->n; i++)
        must(nps_search_lag(j->lib, &j->q[i].nominal, &f, TOP, j->w, hits, &n, &err), &err);
}

static void bench_technique(const char *data, const char *work, const char *name)
{
    char path[1200], label[100];
    snprintf(path, sizeof path, "%s/%s/massbank-library.msp.gz", data, name);
    file_text lib_text = inflate_file(path);
    snprintf(path, sizeof path, "%s/%s/queries.msp.gz", data, name);
    file_text query_text = inflate_file(path);
    double before = bench_peak_mib();
    snprintf(label, sizeof label, "%s: read MSP, time a megabyte", name);
    bench_run(label, "ms/MB", 1e3, (double)lib_text.len / 1e6, read_all, &lib_text);
    bench_value("  text", "MB", (double)lib_text.len / 1e6);
    snprintf(path, sizeof path, "%s/bench-%s.h5", work, name);
    double start = bench_now();
    nps_library *lib = build(&lib_text, path);
    snprintf(label, sizeof label, "%s: read, build, calibrate, publish and verify once", name);
    bench_value(label, "s", bench_now() - start);
    bench_value("  spectra", "count", (double)lib->n_entry);
    bench_value("  library file", "MB", (double)lib->backing->map_size / 1e6);
    snprintf(label, sizeof label, "%s: open, verified before", name);
    bench_run(label, "ms", 1e3, 1, open_library, &(open_job){path, NPS_OPEN_TRUST_MARK});
    snprintf(label, sizeof label, "%s: open with full verification", name);
    bench_run(label, "ms", 1e3, 1, open_library, &(open_job){path, NPS_OPEN_VERIFY});
    search_job j = load_queries(lib, &query_text);
    if (strcmp(name, "msms") == 0) {
        bench_run("msms: precursor window 10 ppm, entropy", "ms/query", 1e3, (double)j.n, search_window, &j);
        bench_run("msms: open search, entropy", "ms/query", 1e3, (double)j.n, search_open, &j);
        bench_run("msms: analogues, precursor known, entropy", "ms/query", 1e3, (double)j.n, search_hybrid, &j);
    } else {
        bench_run("ei: open search, weighted cosine", "ms/query", 1e3, (double)j.n, search_ei, &j);
        bench_run("ei: all lags", "ms/query", 1e3, (double)j.n, search_lag, &j);
    }
    for (size_t i = 0; i < j.n; i++)
        nps_prepared_done(&j.q[i]);
    free(j.q);
    nps_workspace_free(j.w);
    nps_library_release(lib);
    free(lib_text.text);
    free(query_text.text);
    snprintf(label, sizeof label, "%s: peak memory of the process", name);
    bench_value(label, "MiB", bench_peak_mib());
    bench_value("  before", "MiB", before);
}

int main(int argc, char **argv)
{
    nps_core_init();
    if (argc != 3) {
        fputs("usage: bench_library SHARED_DATA_DIR WORK_DIR\n", stderr);
        return 2;
    }
    bench_technique(argv[1], argv[2], "msms");
    bench_technique(argv[1], argv[2], "ei");
    return 0;
}
