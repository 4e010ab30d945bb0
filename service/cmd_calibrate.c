/* npswatch calibrate: thresholds from a laboratory's own replicates. */
#include "reference-lib/calibrate.h"
#include "service/calibration_file.h"
#include "service/cli.h"
#include "service/sources.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: npswatch calibrate --library LIB.h5 --queries FILE --truth TSV -o CAL.json\n\n"
    "  --queries FILE  spectra of substances that are in the library, measured in your laboratory; a file, folder or zip\n"
    "                  archive (spectra without a name get that of their file)\n"
    "  --truth TSV     what they are: columns query_id, status, inchikey_block (first block, or the name where the library\n"
    "                  has no InChIKey); rows of another status than 'known' are left out\n"
    "  -o FILE         calibration, for identify --calibration\n\n"
    "At least 19 replicates of a technique are needed for a set at alpha 0.05; 100 or more are advised.\n\n"
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
        if (!nps_span_split(line, '\t', &id, &rest) || !nps_span_split(rest, '\t', &status, &truth)) {
            st = nps_fail_at(err, NPS_E_FORMAT, scan.line, nps_scan_offset(&scan, line.p),
                             "truth line without its columns query_id, status, inchikey_block");
            break;
        }
        if (nps_span_split(truth, '\t', &rest, &after))
            truth = rest;
        if (!nps_span_is(status, "known"))
            continue;
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

static nps_status write_file(const char *path, const nps_library *lib, const nps_own_calibration *own, nps_err *err)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)64 << 20);
    char now[24];
    nps_cli_now(now);
    nps_calibration_file_write(&b, lib, own, now);
    return nps_file_write(path, &b, err);
}

int nps_cmd_calibrate(int argc, char **argv)
{
    static const struct option longs[] = {
        {"library", 1, NULL, 'l'}, {"queries", 1, NULL, 'q'}, {"truth", 1, NULL, 't'}, {"help", 0, NULL, 'h'}, {0}};
    const char *library = NULL, *truth = NULL, *out = NULL;
    char *queries = NULL;
    for (int c; (c = getopt_long(argc, argv, "o:h", longs, NULL)) != -1;)
        switch (c) {
        case 'l': library = optarg; break;
        case 'q': queries = optarg; break;
        case 't': truth = optarg; break;
        case 'o': out = optarg; break;
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        default: return nps_cli_usage("calibrate", "bad option");
        }
    if (!library || !queries || !truth || !out || optind != argc)
        return nps_cli_usage("calibrate", "--library, --queries, --truth and -o are all needed");
    NPS_AUTO_LIBRARY lib = nps_cli_library("calibrate", library);
    if (!lib)
        return NPS_EXIT_INPUT;
    case_list list = {0};
    nps_own_calibration own = {0};
    nps_err err = {0};
    size_t failed = 0;
    nps_read_limits limits = nps_read_limits_for_library();
    nps_status st = read_truth(truth, &list, &err);
    if (st == NPS_OK)
        st = nps_sources_each(&queries, 1, &limits, take_query, &list, &failed, &err);
    if (st == NPS_OK)
        st = nps_calibrate_cases(lib, list.cases, list.n, &own, &err);
    if (st == NPS_OK)
        st = write_file(out, lib, &own, &err);
    if (st != NPS_OK)
        nps_cli_complain(NULL, &err);
    for (nps_technique t = NPS_TECH_UNKNOWN; st == NPS_OK && t < NPS_TECH_COUNT; t++)
        if (own.technique[t].n)
            printf("%s: %llu replicates%s\n", nps_technique_name(t), (unsigned long long)own.technique[t].n,
                   own.technique[t].n < 100 ? " (few: the coverage is only roughly known)" : "");
    if (st == NPS_OK && (list.unknown || own.left_out))
        printf("left out: %zu without a row of the truth table, %zu too poor or of a substance that the library lacks\n",
               list.unknown, own.left_out);
    case_list_done(&list);
    nps_own_calibration_done(&own);
    return st == NPS_OK && !failed ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}
