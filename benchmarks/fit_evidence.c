/* Fits the table of evidence.c and the general quantiles of calibration.c to the replicates inside a library, and prints both as C.
 * Every substance with replicates gives up to PER_SUBSTANCE questions, each asked with the asked entry (across: with all entries of
 * its contributor) left out, and once more as if the substance were not there; every STEP-th single spectrum is asked as a novel one.
 * usage: fit_evidence LIB.h5 TECHNIQUE [across] */
#include "benchmarks/bench.h"

#include "reference-lib/evidence_fit.h"
#include "reference-lib/workspace.h"

#include <math.h>
#include <string.h>

enum { PER_SUBSTANCE = 3, STEP = 5, QUANTILES = 200 };
static const double ridge = 3e-4;

static void must(nps_status st, const nps_err *err)
{
    if (st == NPS_OK)
        return;
    fprintf(stderr, "fit_evidence: %s\n", err->msg);
    exit(1);
}

static bool is_replicate(const nps_library *lib, uint32_t e, uint32_t other, bool across)
{
    return other != e && lib->entry_technique[other] == lib->entry_technique[e] &&
           lib->entry_polarity[other] == lib->entry_polarity[e] &&
           (!across || lib->entry_contributor[other] != lib->entry_contributor[e]);
}

static void ask(const nps_library *lib, uint32_t e, bool across, bool known, nps_workspace *w, nps_fit_data *d)
{
    nps_err err;
    nps_prepared q;
    nps_filter f = nps_filter_all();
    const nps_match_options o = nps_match_options_default();
    f.polarity = lib->entry_polarity[e];
    f.self = e;
    if (across) {
        f.substance = lib->entry_substance[e];
        f.contributor = lib->entry_contributor[e];
    }
    must(nps_prepare_entry(lib, e, &q, &err), &err);
    must(nps_fit_ask(d, lib, &q, &o, &f, known ? nps_is_substance : NULL, &lib->entry_substance[e], w, &err), &err);
    nps_prepared_done(&q);
}

static void gather(const nps_library *lib, nps_technique t, bool across, nps_workspace *w, nps_fit_data *d)
{
    for (uint32_t s = 0; s < lib->n_substance; s++) {
        uint64_t from = lib->sub_entry_at[s], n = lib->sub_entry_at[s + 1] - from;
        size_t asked = 0, of_technique = 0;
        uint32_t single = 0;
        for (uint64_t i = 0; i < n; i++) {
            /* Not in the order of laboratories and energies. */
            uint32_t e = lib->sub_entry[from + (n % 7 ? (i * 7 + s) % n : i)];
            bool known = false;
            if (lib->entry_technique[e] != t)
                continue;
            of_technique++;
            single = e;
            for (uint64_t k = 0; k < n; k++)
                known = known || is_replicate(lib, e, lib->sub_entry[from + k], across);
            if (known && asked++ < PER_SUBSTANCE)
                ask(lib, e, across, true, w, d);
        }
        if (of_technique == 1 && s % STEP == 0)
            ask(lib, single, across, false, w, d);
    }
}

static void print_model(nps_technique t, const nps_evidence_model *m)
{
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    printf("    .intercept = %.4f,\n    .weight = {", m->intercept);
    for (size_t i = 0; i < n; i++)
        printf("%s%.4f", i ? ", " : "", m->weight[i]);
    printf("},\n    .typical = {");
    for (size_t i = 0; i < n; i++)
        printf("%s%.4f", i ? ", " : "", m->typical[i]);
    printf("},\n    .known = {%.4f, %.4f, %.4f},\n", m->known[0], m->known[1], m->known[2]);
    for (size_t i = 0; i < n; i++)
        printf("/* %-24s %9.4f  %s */\n", f[i].name, m->weight[i], f[i].sign < 0 ? f[i].con : f[i].pro);
}

int main(int argc, char **argv)
{
    nps_core_init();
    nps_err err;
    nps_technique t;
    if (argc < 3 || !nps_technique_parse(nps_span_of(argv[2]), &t)) {
        fputs("usage: fit_evidence LIB.h5 TECHNIQUE [across]\n", stderr);
        return 2;
    }
    nps_library *lib = NULL;
    nps_workspace *w = NULL;
    nps_fit_data d = {.technique = t};
    nps_evidence_model m = {0};
    double loss;
    must(nps_library_open(argv[1], NPS_OPEN_TRUST_MARK, &lib, &err), &err);
    must(nps_workspace_new(&w, &err), &err);
    gather(lib, t, argc > 3, w, &d);
    fprintf(stderr, "%zu questions, %zu substances, %zu pairs\n", d.n_question, d.n_option, d.n_row);
    must(nps_fit_model(&d, NULL, ridge, &m, &loss, &err), &err);
    printf("/* mean of -ln P: %.4f */\n", loss);
    print_model(t, &m);
    nps_calibration c = lib->calibration[t];
    printf("/* quantiles of the library's own calibration (%s, %llu pairs) */\n", nps_calibration_source_name(c.source),
           (unsigned long long)c.n);
    for (size_t i = 1; i < QUANTILES && c.n; i++)
        printf("%.3f,%s", c.conformity[(size_t)((double)i / QUANTILES * (double)c.n)], i % 12 ? " " : "\n");
    putchar('\n');
    nps_fit_data_done(&d);
    nps_workspace_free(w);
    nps_library_release(lib);
    return 0;
}
