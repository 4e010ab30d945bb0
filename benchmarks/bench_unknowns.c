/* How well analogues tell what an unknown is: every STEP-th entry of the EI library asked as if its substance were not there,
 * against its own class and nominal mass. A check of the coefficients of analog.c on other data than the queries of
 * `make accuracy`, and the data that they were chosen on.
 * usage: bench_unknowns SHARED_DATA_DIR WORK_DIR (skips when the data are absent) */
#include "benchmarks/bench.h"

#include "reference-lib/analog.h"
#include "reference-lib/build.h"
#include "spectra/read.h"

#include <math.h>
#include <string.h>

enum { STEP = 4 };

static void must(nps_status st, const nps_err *err)
{
    if (st == NPS_OK)
        return;
    fprintf(stderr, "bench_unknowns: %s\n", err->msg);
    exit(1);
}

static char *slurp(const char *folder, const char *name, size_t *ret_len)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/ei/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("{\"skipped\":\"no file ei/%s among the shared data\"}\n", name);
        exit(0);
    }
    fseek(f, 0, SEEK_END);
    *ret_len = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(*ret_len + 1);
    if (!text || fread(text, 1, *ret_len, f) != *ret_len)
        exit(1);
    fclose(f);
    return text;
}

static nps_library *build(const char *folder)
{
    nps_err err;
    size_t len, class_len;
    char *text = slurp(folder, "swgdrug-3.3.msp", &len), *classes = slurp(folder, "swgdrug-3.3-classes.tsv", &class_len);
    nps_builder *b = NULL;
    nps_reader *r = NULL;
    nps_library *lib = NULL;
    nps_read_limits limits = nps_read_limits_for_library();
    nps_build_options o = {.name = "bench", .builder = "bench", .created = "2026-01-01T00:00:00Z"};
    must(nps_builder_new(&o, &b, &err), &err);
    must(nps_builder_source(b, "bench", NPS_VISIBLE_PUBLIC, NULL, 0, &err), &err);
    must(nps_reader_open(text, len, &limits, &r, &err), &err);
    for (;;) {
        nps_spectrum *s = NULL;
        must(nps_reader_next(r, &s, &err), &err);
        if (!s)
            break;
        must(nps_builder_add(b, s, NULL, &err), &err);
        nps_spectrum_free(s);
    }
    must(nps_builder_classes(b, classes, class_len, &err), &err);
    must(nps_builder_finish(b, 2, &lib, &err), &err);
    nps_reader_free(r);
    nps_builder_free(b);
    free(text);
    free(classes);
    return lib;
}

typedef struct {
    size_t asked, mass_right, first_right, classed, class_right;
    double class_p, brier;
} tally;

static void ask(const nps_library *lib, uint32_t e, nps_workspace *w, tally *t)
{
    nps_err err;
    nps_prepared q;
    nps_match_options o = nps_match_options_default();
    nps_candidates c;
    uint32_t sub = lib->entry_substance[e];
    nps_filter f = nps_filter_all();
    f.substance = sub;
    nps_verdict *v = calloc(1, sizeof *v);
    if (!v)
        exit(1);
    must(nps_prepare_entry(lib, e, &q, &err), &err);
    must(nps_find_candidates(lib, &q, &o, &f, w, &c, &err), &err);
    must(nps_find_analogs(lib, &q, &o, &f, w, v, &err), &err);
    must(nps_vote_classes(lib, &q, c.item, c.n, v, &err), &err);
    int32_t own = lib->sub_nominal[sub];
    if (own) {
        t->asked++;
        t->mass_right += v->molecular_mass == own;
        t->first_right += v->n_analogs && own - lib->sub_nominal[v->analogs[0].substance] == (int32_t)lround(v->analogs[0].delta_mass);
    }
    if (lib->sub_class[sub]) {
        bool right = v->n_classes && v->classes[0].class_name == lib->sub_class[sub];
        double p = v->n_classes ? v->classes[0].p : 0;
        t->classed++;
        t->class_right += right;
        t->class_p += p;
        t->brier += (p - right) * (p - right);
    }
    nps_prepared_done(&q);
    nps_verdict_free(v);
    nps_candidates_done(&c);
}

int main(int argc, char **argv)
{
    nps_core_init();
    if (argc < 2) {
        fputs("usage: bench_unknowns SHARED_DATA_DIR WORK_DIR\n", stderr);
        return 2;
    }
    nps_err err;
    nps_library *lib = build(argv[1]);
    nps_workspace *w = NULL;
    tally t = {0};
    must(nps_workspace_new(&w, &err), &err);
    nps_workspace_set_threads(w, 2);
    for (uint32_t e = 0; e < lib->n_entry; e += STEP)
        ask(lib, e, w, &t);
    bench_size at = {lib->n_entry, 0};
    bench_value_at("unknowns of ei: asked", "count", at, (double)t.asked);
    bench_value_at("unknowns of ei: molecular mass right", "share", at, (double)t.mass_right / (double)t.asked);
    bench_value_at("unknowns of ei: mass difference of the first analogue right", "share", at, (double)t.first_right / (double)t.asked);
    bench_value_at("unknowns of ei: with a class", "count", at, (double)t.classed);
    bench_value_at("unknowns of ei: class right", "share", at, (double)t.class_right / (double)t.classed);
    bench_value_at("unknowns of ei: mean probability stated for the first class", "share", at, t.class_p / (double)t.classed);
    bench_value_at("unknowns of ei: Brier score of it", "score", at, t.brier / (double)t.classed);
    nps_workspace_free(w);
    nps_library_release(lib);
    return 0;
}
