/* npswatch calibrate: thresholds and coefficients from a laboratory's own replicates, and the coefficients of the ruleset. */
#include "reference-lib/evidence_fit.h"
#include "reference-lib/threshold.h"
#include "service/calibration_file.h"
#include "service/cli.h"
#include "service/json.h"
#include "service/reliability_plot.h"
#include "service/sources.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: npswatch calibrate --library LIB.h5 --queries FILE --truth TSV -o CAL.json [--diagram SVG] [--json]\n"
    "       npswatch calibrate --show [--json]\n\n"
    "  --queries FILE  spectra of substances that are in the library, measured in your laboratory; a file, folder or zip\n"
    "                  archive (spectra without a name get that of their file)\n"
    "  --truth TSV     what they are: columns query_id, status, inchikey_block (first block, or the name where the library\n"
    "                  has no InChIKey); rows of another status than 'known' are left out\n"
    "  -o FILE         calibration, for identify --calibration\n"
    "  --diagram SVG   reliability diagram: stated probabilities against what was right, to look at before the calibration\n"
    "                  is used (default: beside the calibration, CAL.svg)\n"
    "  --show          the coefficients of the ruleset, what each says and what they were fitted on\n"
    "  --json          one JSON object on one line; with --show one a technique\n\n"
    "At least 19 replicates of a technique are needed for a set at alpha 0.05; 100 or more are advised. With 100 substances or\n"
    "more of a mass technique the coefficients are fitted to half of them too, and used if they foretell the other half better.\n\n"
    "example:\n"
    "  npswatch calibrate --library swgdrug.h5 --queries ours.msp --truth ours.tsv -o ours.json\n";

typedef struct {
    char *id, *truth;
} truth_row;

typedef struct {
    truth_row *row;
    size_t n_row, cap_row;
    nps_spectrum **spectrum;
    nps_calibration_case *cases;
    size_t n, cap_spectrum, cap_cases, unknown;
} case_list;

static void case_list_done(case_list *l)
{
    for (size_t i = 0; i < l->n_row; i++) {
        free(l->row[i].id);
        free(l->row[i].truth);
    }
    for (size_t i = 0; i < l->n; i++)
        nps_spectrum_free(l->spectrum[i]);
    free(l->row);
    free(l->spectrum);
    free(l->cases);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const truth_row *)a)->id, ((const truth_row *)b)->id);
}

static nps_status read_truth(const char *path, case_list *l, nps_err *err)
{
    nps_file f;
    nps_status st = nps_file_open(path, (size_t)256 << 20, &f, err);
    if (st != NPS_OK)
        return st;
    nps_scan scan = nps_scan_init(f.data, f.len);
    nps_span line, id, rest, status, truth, after;
    while (st == NPS_OK && nps_scan_line(&scan, &line)) {
        if (!nps_span_trim(line).n)
            continue;
        bool two = nps_span_split(line, '\t', &id, &rest), three = two && nps_span_split(rest, '\t', &status, &truth);
        if (two && !nps_span_is(three ? status : rest, "known"))
            continue;
        if (three && nps_span_split(truth, '\t', &rest, &after))
            truth = rest;
        if (!three || !truth.n) {
            st = nps_fail_at(err, NPS_E_FORMAT, scan.line, nps_scan_offset(&scan, line.p),
                             "truth line without its columns query_id, status, inchikey_block");
            break;
        }
        st = nps_grow(&l->row, &l->cap_row, l->n_row + 1, sizeof *l->row, SIZE_MAX / 64, err);
        if (st != NPS_OK)
            break;
        truth_row r = {nps_strndup(id.p, id.n), nps_strndup(truth.p, truth.n)};
        l->row[l->n_row++] = r;
        if (!r.id || !r.truth)
            st = nps_fail_nomem(err);
    }
    nps_file_close(&f);
    if (st == NPS_OK && l->n_row)
        qsort(l->row, l->n_row, sizeof *l->row, by_id);
    return st;
}

static nps_status take_query(void *arg, const char *file, nps_spectrum **s, nps_err *err)
{
    case_list *l = arg;
    char *name = (*s)->text[NPS_TEXT_NAME];
    truth_row key = {name, NULL};
    (void)file;
    const truth_row *r = name && l->n_row ? bsearch(&key, l->row, l->n_row, sizeof *l->row, by_id) : NULL;
    if (!r) {
        l->unknown++;
        return NPS_OK;
    }
    nps_status st = nps_grow(&l->spectrum, &l->cap_spectrum, l->n + 1, sizeof *l->spectrum, SIZE_MAX / 64, err);
    if (st == NPS_OK)
        st = nps_grow(&l->cases, &l->cap_cases, l->n + 1, sizeof *l->cases, SIZE_MAX / 64, err);
    if (st != NPS_OK)
        return st;
    l->cases[l->n] = (nps_calibration_case){*s, r->truth};
    l->spectrum[l->n++] = nps_steal(*s);
    return NPS_OK;
}

/* --- what came of it ------------------------------------------------------------------------------------------------------ */

static const double shown_alpha = 0.05; /* default of identify */
enum { FEW_PAIRS = 100 };

/* What coverage 0.95 of one kind of spectra will rest on; false where no pair is of that kind. */
static bool find_threshold(const nps_own_technique *x, nps_kind kind, size_t *ret_pairs, nps_threshold *ret)
{
    const nps_calibration c = {.source = NPS_CALIBRATION_OWN, .n = x->n, .conformity = x->conformity, .kind = x->kind};
    *ret_pairs = 0;
    for (size_t i = 0; i < x->n; i++)
        *ret_pairs += x->kind[i] == kind;
    *ret = nps_threshold_of(&c, kind, shown_alpha);
    return *ret_pairs > 0;
}

static void print_threshold(nps_kind kind, size_t pairs, const nps_threshold *t)
{
    if (kind == NPS_KIND_ANY)
        fputs("  ", stdout);
    else
        printf("  %zu %s: ", pairs, nps_kind_name(kind));
    if (!t->rank)
        puts("too few for coverage 0.95: nothing can be excluded, every candidate stays in the set");
    else
        printf("coverage 0.95 rests on the threshold %.3f, %s %zu of %zu from below: %.3f to %.3f (90 %% interval)\n",
               t->conformity, kind != NPS_KIND_ANY && t->kind == NPS_KIND_ANY ? "at most that of all kinds, replicate" : "replicate", t->rank, t->n, t->coverage_low,
               t->coverage_high);
}

static void print_coefficients(const nps_own_technique *x)
{
    printf("  loss %.3f with the coefficients of the ruleset (mean of -ln of the probability given to the right answer:\n"
           "    0 is certain and right, 0.69 a coin's throw)\n",
           x->loss_before);
    if (!x->model)
        printf("  coefficients: of the ruleset; fitting them needs %d substances of a mass technique\n", NPS_REFIT_SUBSTANCES);
    else if (x->refitted)
        printf("  coefficients: refitted, as their loss is %.3f on every second substance, which they were not fitted on\n"
               "    and which the threshold rests on\n",
               x->loss_after);
    else
        printf("  coefficients: of the ruleset, as refitted ones have a loss of %.3f on substances that they were not fitted on:\n"
               "    no clear gain\n",
               x->loss_after);
}

static void print_technique(const nps_library *lib, nps_technique t, const nps_own_technique *x)
{
    nps_threshold limit;
    size_t pairs;
    printf("%s: %zu replicates, %s%zu substances\n", nps_technique_name(t), x->n, x->refitted ? "every second of " : "",
           x->substances);
    for (nps_kind k = NPS_KIND_ANY; k < NPS_KIND_COUNT; k++)
        if (find_threshold(x, k, &pairs, &limit))
            print_threshold(k, pairs, &limit);
    print_coefficients(x);
    const nps_calibration_source source = lib->calibration[t].source;
    if (source != NPS_CALIBRATION_LIBRARY && source != NPS_CALIBRATION_WITHIN)
        puts("  drift: cannot be told, as the library has no replicates of its own to compare with");
    else if (x->drift)
        printf("  drift: they agree with the library otherwise than its own spectra do (probability of this by chance %.2g); a\n"
               "    verdict will say so\n",
               x->drift_p);
    else
        printf("  no drift: they agree with the library as its own spectra do (probability of such a difference by chance %.2g)\n",
               x->drift_p);
    if (x->n < FEW_PAIRS)
        printf("  few: below %d replicates the coverage is only roughly known\n", FEW_PAIRS);
}

static void put_technique(nps_jw *w, nps_technique t, const nps_own_technique *x)
{
    static const char *const gaps[][2] = {{"gap_right_before", "gap_known_before"}, {"gap_right_after", "gap_known_after"}};
    nps_threshold limit;
    size_t pairs;
    nps_jw_object(w, nps_technique_name(t));
    nps_jw_i64(w, "pairs", (int64_t)x->n);
    nps_jw_i64(w, "substances", (int64_t)x->substances);
    nps_jw_object(w, "kinds");
    for (nps_kind k = NPS_KIND_ANY; k < NPS_KIND_COUNT; k++) {
        if (!find_threshold(x, k, &pairs, &limit))
            continue;
        nps_jw_object(w, nps_kind_name(k));
        nps_jw_i64(w, "pairs", (int64_t)pairs);
        nps_jw_str(w, "threshold_of", nps_kind_name(limit.kind));
        nps_jw_i64(w, "rank", (int64_t)limit.rank);
        nps_jw_num(w, "threshold", limit.conformity, 4);
        nps_jw_num(w, "coverage_low", limit.coverage_low, 4);
        nps_jw_num(w, "coverage_high", limit.coverage_high, 4);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    nps_jw_bool(w, "few", x->n < FEW_PAIRS);
    nps_jw_i64(w, "answers", (int64_t)x->n_answers);
    nps_jw_num(w, "loss_before", x->loss_before, 4);
    nps_jw_num(w, "loss_after", x->model ? x->loss_after : NAN, 4);
    for (int after = 0; after < 2; after++)
        for (int known = 0; known < 2; known++) {
            nps_reliability_bin bin[NPS_RELIABILITY_BINS];
            const nps_fit_answer *a = after ? x->after : x->before;
            nps_reliability_bins(a, a ? x->n_answers : 0, known, bin);
            nps_jw_num(w, gaps[after][known], a ? nps_reliability_gap(bin) : NAN, 4);
        }
    nps_jw_bool(w, "refitted", x->refitted);
    nps_jw_bool(w, "drift", x->drift);
    nps_jw_digits(w, "drift_p", x->drift_p, 3);
    nps_jw_end(w);
}

typedef struct {
    const char *library, *truth, *out, *diagram;
    char *queries;
    bool json, show;
} options;

static void print_json(const options *o, const nps_library *lib, const case_list *list, const nps_own_calibration *own)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 20);
    nps_jw w = nps_jw_init(&b);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "calibration", o->out);
    nps_jw_str(&w, "diagram", o->diagram);
    nps_jw_str(&w, "library", lib->generation);
    nps_jw_i64(&w, "ruleset", NPS_RULESET);
    nps_jw_object(&w, "techniques");
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++)
        if (own->technique[t].n)
            put_technique(&w, t, &own->technique[t]);
    nps_jw_end(&w);
    nps_jw_i64(&w, "without_truth", (int64_t)list->unknown);
    nps_jw_i64(&w, "left_out", (int64_t)own->left_out);
    nps_jw_end(&w);
    puts(b.data ? b.data : "");
}

static void print_text(const options *o, const nps_library *lib, const case_list *list, const nps_own_calibration *own)
{
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++)
        if (own->technique[t].n)
            print_technique(lib, t, &own->technique[t]);
    if (list->unknown || own->left_out)
        printf("left out: %zu without a row of the truth table, %zu too poor or of a substance that the library lacks\n",
               list->unknown, own->left_out);
    printf("look at %s before you use %s\n", o->diagram, o->out);
}

/* --- coefficients of the ruleset ------------------------------------------------------------------------------------------- */

static void show_text(nps_technique t)
{
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    const nps_evidence_model *m = nps_evidence_model_of(t);
    printf("\n%s: %s%s\n", nps_technique_name(t), *m->provenance ? "fitted on " : "set by hand, for lack of replicates",
           m->provenance);
    printf("  evidence = %.4f + sum of weight * value, in ln odds; a weight keeps its sign\n", m->intercept);
    printf("  %-24s %9s  %-4s %9s  %s\n", "feature", "weight", "sign", "typical", "what it says");
    for (size_t i = 0; i < n; i++)
        printf("  %-24s %9.4f  %-4s %9.4f  %s%s\n", f[i].name, m->weight[i], f[i].sign > 0 ? "+" : f[i].sign < 0 ? "-" : "any",
               m->typical[i], f[i].sign < 0 ? f[i].con : f[i].pro, f[i].of_query ? " (the same for all candidates)" : "");
    printf("  in the library: ln odds = %.4f + %.4f * best evidence %+.4f * crowd, crowd = ln(sum of exp(evidence)) - best\n",
           m->known[0], m->known[1], m->known[2]);
    printf("  conformity = min(%g * those ln odds, %g - (best evidence - evidence)); without replicates it must reach %g\n",
           m->novelty, m->room, m->uncalibrated);
}

static void show_json(nps_technique t)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 20);
    nps_jw w = nps_jw_init(&b);
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    const nps_evidence_model *m = nps_evidence_model_of(t);
    nps_jw_object(&w, NULL);
    nps_jw_i64(&w, "ruleset", NPS_RULESET);
    nps_jw_str(&w, "technique", nps_technique_name(t));
    nps_jw_str(&w, "provenance", m->provenance);
    nps_jw_digits(&w, "intercept", m->intercept, 6);
    nps_jw_array(&w, "features");
    for (size_t i = 0; i < n; i++) {
        nps_jw_object(&w, NULL);
        nps_jw_str(&w, "name", f[i].name);
        nps_jw_str(&w, "pro", f[i].pro);
        nps_jw_str(&w, "con", f[i].con);
        nps_jw_digits(&w, "weight", m->weight[i], 6);
        nps_jw_i64(&w, "sign", f[i].sign);
        nps_jw_digits(&w, "typical", m->typical[i], 6);
        nps_jw_bool(&w, "of_query", f[i].of_query);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_array(&w, "known");
    for (size_t i = 0; i < sizeof m->known / sizeof *m->known; i++)
        nps_jw_digits(&w, NULL, m->known[i], 6);
    nps_jw_end(&w);
    nps_jw_digits(&w, "novelty", m->novelty, 6);
    nps_jw_digits(&w, "room", m->room, 6);
    nps_jw_digits(&w, "uncalibrated", m->uncalibrated, 6);
    nps_jw_end(&w);
    puts(b.data ? b.data : "");
}

static int show(bool json)
{
    if (!json)
        printf("ruleset %d: coefficients of the evidence that a query and a reference are of one substance\n", NPS_RULESET);
    for (nps_technique t = NPS_TECH_UNKNOWN + 1; t < NPS_TECH_COUNT; t++)
        (json ? show_json : show_text)(t);
    return NPS_EXIT_DONE;
}

/* --- the command ------------------------------------------------------------------------------------------------------------ */

static nps_status write_files(const options *o, const nps_library *lib, const nps_own_calibration *own, nps_err *err)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)64 << 20);
    NPS_AUTO_BUF diagram = NPS_BUF_INIT((size_t)1 << 20);
    char now[24];
    size_t used = 0;
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++)
        used += own->technique[t].n;
    if (!used)
        return nps_fail(err, NPS_E_NOT_FOUND, "no query could be used: %zu too poor or of a substance that the library lacks",
                        own->left_out);
    nps_cli_now(now);
    nps_calibration_file_write(&b, lib, own, now);
    nps_reliability_plot(&diagram, own, lib->name);
    nps_status st = nps_file_write(o->out, &b, err);
    return st == NPS_OK ? nps_file_write(o->diagram, &diagram, err) : st;
}

/* "ours.json" -> "ours.svg"; without that ending ".svg" is put behind. */
static nps_status beside(const char *out, char **ret_name, nps_err *err)
{
    static const char ending[] = ".json", svg[] = ".svg";
    size_t n = strlen(out), cut = sizeof ending - 1;
    if (n > cut && strcmp(out + n - cut, ending) == 0)
        n -= cut;
    char *name = nps_array(n + sizeof svg, 1);
    if (!name)
        return nps_fail_nomem(err);
    memcpy(name, out, n);
    memcpy(name + n, svg, sizeof svg);
    *ret_name = name;
    return NPS_OK;
}

static int calibrate(const options *o, const nps_library *lib)
{
    case_list list = {0};
    nps_own_calibration own = {0};
    nps_err err = {0};
    size_t failed = 0;
    char *queries = o->queries;
    nps_read_limits limits = nps_read_limits_for_library();
    nps_status st = read_truth(o->truth, &list, &err);
    if (st == NPS_OK)
        st = nps_sources_each(&queries, 1, &limits, take_query, &list, &failed, &err);
    if (st == NPS_OK)
        st = nps_calibrate_cases(lib, list.cases, list.n, &own, &err);
    if (st == NPS_OK)
        st = write_files(o, lib, &own, &err);
    if (st != NPS_OK)
        nps_cli_complain(NULL, &err);
    else if (o->json)
        print_json(o, lib, &list, &own);
    else
        print_text(o, lib, &list, &own);
    case_list_done(&list);
    nps_own_calibration_done(&own);
    return st == NPS_OK && !failed ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}

int nps_cmd_calibrate(int argc, char **argv)
{
    static const struct option longs[] = {{"library", 1, NULL, 'l'}, {"queries", 1, NULL, 'q'}, {"truth", 1, NULL, 't'},
                                          {"diagram", 1, NULL, 'd'}, {"json", 0, NULL, 'j'},    {"show", 0, NULL, 's'},
                                          {"help", 0, NULL, 'h'},    {0}};
    options o = {0};
    for (int c; (c = getopt_long(argc, argv, "o:h", longs, NULL)) != -1;)
        switch (c) {
        case 'l': o.library = optarg; break;
        case 'q': o.queries = optarg; break;
        case 't': o.truth = optarg; break;
        case 'o': o.out = optarg; break;
        case 'd': o.diagram = optarg; break;
        case 'j': o.json = true; break;
        case 's': o.show = true; break;
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        default: return nps_cli_usage("calibrate", "bad option");
        }
    bool any = o.library || o.queries || o.truth || o.out || o.diagram, all = o.library && o.queries && o.truth && o.out;
    if (o.show && (any || optind != argc))
        return nps_cli_usage("calibrate", "--show goes with --json only");
    if (o.show)
        return show(o.json);
    if (!all || optind != argc)
        return nps_cli_usage("calibrate", "--library, --queries, --truth and -o are all needed");
    NPS_AUTO_LIBRARY lib = nps_cli_library("calibrate", o.library);
    if (!lib)
        return NPS_EXIT_INPUT;
    NPS_AUTO_MEM(char *) diagram = NULL;
    nps_err err;
    if (beside(o.out, &diagram, &err) != NPS_OK) {
        nps_cli_complain(NULL, &err);
        return NPS_EXIT_INPUT;
    }
    o.diagram = o.diagram ? o.diagram : diagram;
    return calibrate(&o, lib);
}
