/* npswatch identify: spectra in, verdicts out, one line or one table each, in the order of the input. */
#include "core/parallel.h"
#include "reference-lib/control_view.h"
#include "reference-lib/ir.h"
#include "service/calibration_file.h"
#include "service/cli.h"
#include "service/control_files.h"
#include "service/report.h"
#include "service/sources.h"
#include "service/verdict_json.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: npswatch identify --library LIB.h5 [OPTION...] FILE...\n\n"
    "  FILE                a file of any format that is read here, '-' for standard input, a folder or a zip archive\n"
    "  --library FILE      library to search\n"
    "  --alpha A           error rate of the set, 0 < A <= 0.5 (default 0.05)\n"
    "  --top N             hits and analogues to list (default 10)\n"
    "  --tol DA            m/z tolerance of MS/MS peaks in Da, up to 0.025 (default 0.02)\n"
    "  --precursor-ppm P   precursor window (default 10)\n"
    "  --calibration FILE  thresholds of your own replicates (npswatch calibrate)\n"
    "  --technique NAME    ei, msms, dart: for files that do not say (default: guessed from the file)\n"
    "  --sample            all spectra of all files are one sample: one joint verdict\n"
    "  --no-analogs        skip the search for analogues (faster)\n"
    "  --no-mixture        skip the search for what a sample could be mixed of (faster)\n"
    "  --prepare STEPS     infrared, Raman: instead of the library's own preparation: " NPS_CLI_PREPARE_STEPS
    ". No error rate is stated where\n"
    "                      the library was calibrated with another one\n"
    "  --max-lag CM1       infrared, Raman: the query may be moved by up to this (0 to 20, default 0); same remark\n"
    "  --date DAY          day of the seizure, for control status (default: today)\n"
    "  --control DIR       folder of control tables instead of the built-in ones (npswatch control --check)\n"
    "  --control-filter W  list only hits and analogues that are: " NPS_CONTROL_FILTER_WORDS ";\n"
    "                      several set off by commas. Verdict and set stay as they are\n"
    "  --threads N         default: all cores\n"
    "  --json              one JSON object a line\n"
    "  --html FILE         also a report to print, for the case folder\n\n"
    "examples:\n"
    "  npswatch identify --library swgdrug.h5 unknown.jdx\n"
    "  npswatch identify --library swgdrug.h5 --json queries.msp.gz | jq .verdict\n"
    "  npswatch identify --library swgdrug.h5 --sample gcms.msp ftir.jdx\n"
    "  npswatch identify --library ir.h5 --prepare atr,baseline=als powder.spa\n";

typedef struct {
    const char *library, *html, *calibration, *control, *date;
    unsigned control_filter;
    bool json, sample;
    nps_technique technique; /* NPS_TECH_UNKNOWN: as guessed */
    unsigned threads;
    nps_match_options match;
    nps_trace_prep prep; /* where match.trace_prep points to it */
} identify_options;

typedef struct {
    nps_spectrum **item;
    size_t n, cap;
    nps_technique technique;
} spectrum_list;

static nps_status keep(void *arg, const char *file, nps_spectrum **s, nps_err *err)
{
    spectrum_list *l = arg;
    (void)file;
    nps_status st = nps_grow(&l->item, &l->cap, l->n + 1, sizeof *l->item, SIZE_MAX / 8, err);
    if (st != NPS_OK)
        return st;
    if (l->technique != NPS_TECH_UNKNOWN && nps_technique_is_mass((*s)->technique))
        (*s)->technique = l->technique;
    l->item[l->n++] = nps_steal(*s);
    return NPS_OK;
}

typedef struct {
    const nps_library *lib;
    const spectrum_list *list;
    const identify_options *o;
    const char *today;
    const nps_control_view *control;
    nps_verdict **verdict; /* [list->n] */
    unsigned inner;        /* threads of one search */
    /* One of each a thread, made when it matches for the first time. */
    nps_workspace *w[NPS_THREADS_MAX];
    nps_status st[NPS_THREADS_MAX];
    nps_err err[NPS_THREADS_MAX];
} shared_work;

static void match_one(void *arg, unsigned thread, size_t i)
{
    shared_work *all = arg;
    nps_status *st = &all->st[thread];
    nps_err *err = &all->err[thread];
    if (*st == NPS_OK && !all->w[thread]) {
        *st = nps_workspace_new(&all->w[thread], err);
        if (*st == NPS_OK)
            nps_workspace_set_threads(all->w[thread], all->inner);
    }
    if (*st == NPS_OK)
        *st = nps_match(all->lib, all->list->item[i], &all->o->match, all->w[thread], &all->verdict[i], err);
    if (*st == NPS_OK)
        all->verdict[i]->control = all->control;
}

/* Spectra are shared out among the threads; where there are fewer, a search may use several. */
static nps_status match_all(shared_work *work, nps_err *err)
{
    unsigned threads = work->o->threads;
    unsigned outer = work->list->n < threads ? (unsigned)work->list->n : threads;
    work->inner = outer ? threads / outer : 1;
    nps_parallel(outer, work->list->n, match_one, work);
    nps_status st = NPS_OK;
    for (unsigned t = 0; t < NPS_THREADS_MAX; t++) {
        nps_workspace_free(work->w[t]);
        work->w[t] = NULL;
        if (st == NPS_OK && work->st[t] != NPS_OK)
            st = nps_fail(err, work->st[t], "%s", work->err[t].msg);
    }
    return st;
}

static nps_status put_line(const nps_buf *b, nps_err *err)
{
    nps_status st = nps_buf_check(b, err);
    if (st == NPS_OK && (fwrite(b->data, 1, b->len, stdout) != b->len || putchar('\n') == EOF))
        st = nps_fail(err, NPS_E_IO, "standard output cannot be written");
    return st;
}

static nps_status print_verdicts(const shared_work *work, nps_err *err)
{
    nps_status st = NPS_OK;
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)64 << 20);
    for (size_t i = 0; i < work->list->n && st == NPS_OK; i++) {
        nps_buf_clear(&b);
        const nps_spectrum *s = work->list->item[i];
        if (work->o->json) {
            nps_jw w = nps_jw_init(&b);
            nps_jw_verdict(&w, NULL, work->lib, work->verdict[i],
                           &(nps_verdict_json_options){.query = nps_report_title(s), .today = work->today});
        } else {
            nps_report_text(&b, work->lib, work->verdict[i], nps_report_title(s));
        }
        st = put_line(&b, err);
    }
    return st;
}

/* The joint verdict `sample`, or where that is NULL each verdict by itself. */
static nps_status write_report(const shared_work *work, const nps_sample_verdict *sample, nps_err *err)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)1 << 30);
    nps_spectrum *const *item = work->list->item;
    char now[24];
    nps_cli_now(now);
    nps_report_html_begin(&b, work->lib, now);
    if (sample)
        nps_report_html_sample(&b, work->lib, sample, (const nps_spectrum *const *)item, work->today);
    for (size_t i = 0; !sample && i < work->list->n; i++)
        nps_report_html_verdict(&b, work->lib, work->verdict[i], item[i], nps_report_title(item[i]), work->today);
    nps_report_html_end(&b);
    return nps_file_write(work->o->html, &b, err);
}

static nps_status identify_sample(const shared_work *work, nps_err *err)
{
    NPS_AUTO(nps_workspace) w = NULL;
    NPS_AUTO(nps_sample_verdict) v = NULL;
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)64 << 20);
    const nps_spectrum *const *all = (const nps_spectrum *const *)work->list->item;
    nps_status st = nps_workspace_new(&w, err);
    if (st == NPS_OK) {
        nps_workspace_set_threads(w, work->o->threads);
        st = nps_match_sample(work->lib, all, work->list->n, &work->o->match, w, &v, err);
    }
    if (st != NPS_OK)
        return st;
    nps_control_attach(work->control, v);
    if (work->o->json) {
        nps_jw jw = nps_jw_init(&b);
        nps_jw_sample_verdict(&jw, NULL, work->lib, v, nps_report_title(all[0]), work->today, all, false);
    } else {
        nps_report_sample_text(&b, work->lib, v, all);
    }
    st = put_line(&b, err);
    return st == NPS_OK && work->o->html ? write_report(work, v, err) : st;
}

static nps_status identify(const nps_library *lib, const nps_control_view *control, const spectrum_list *list,
                           const identify_options *o, nps_err *err)
{
    shared_work work = {.lib = lib, .list = list, .o = o, .today = control->today, .control = control};
    if (o->sample)
        return identify_sample(&work, err);
    work.verdict = nps_array(list->n, sizeof *work.verdict);
    if (!work.verdict)
        return nps_fail_nomem(err);
    nps_status st = match_all(&work, err);
    if (st == NPS_OK)
        st = print_verdicts(&work, err);
    if (st == NPS_OK && o->html)
        st = write_report(&work, NULL, err);
    for (size_t i = 0; i < list->n; i++)
        nps_verdict_free(work.verdict[i]);
    free(work.verdict);
    return st;
}

static int parse(int argc, char **argv, identify_options *o)
{
    enum { LIBRARY = 1, ALPHA, TOP, TOL, PPM, CALIBRATION, TECHNIQUE, SAMPLE, NO_ANALOGS, NO_MIXTURE, PREPARE, MAX_LAG, DATE, CONTROL, CONTROL_FILTER, THREADS, JSON, HTML, HELP };
    static const struct option longs[] = {{"library", 1, NULL, LIBRARY},
                                          {"alpha", 1, NULL, ALPHA},
                                          {"top", 1, NULL, TOP},
                                          {"tol", 1, NULL, TOL},
                                          {"precursor-ppm", 1, NULL, PPM},
                                          {"calibration", 1, NULL, CALIBRATION},
                                          {"technique", 1, NULL, TECHNIQUE},
                                          {"sample", 0, NULL, SAMPLE},
                                          {"no-analogs", 0, NULL, NO_ANALOGS},
                                          {"no-mixture", 0, NULL, NO_MIXTURE},
                                          {"prepare", 1, NULL, PREPARE},
                                          {"max-lag", 1, NULL, MAX_LAG},
                                          {"date", 1, NULL, DATE},
                                          {"control", 1, NULL, CONTROL},
                                          {"control-filter", 1, NULL, CONTROL_FILTER},
                                          {"threads", 1, NULL, THREADS},
                                          {"json", 0, NULL, JSON},
                                          {"html", 1, NULL, HTML},
                                          {"help", 0, NULL, HELP},
                                          {0}};
    size_t threads;
    nps_err err;
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;)
        switch (c) {
        case LIBRARY: o->library = optarg; break;
        case ALPHA:
            if (!nps_cli_double(optarg, 1e-6, 0.5, &o->match.alpha))
                return nps_cli_usage("identify", "--alpha '%s' is outside (0, 0.5]", optarg);
            break;
        case TOP:
            if (!nps_cli_size(optarg, 1, 1000, &o->match.top))
                return nps_cli_usage("identify", "--top '%s' is outside 1..1000", optarg);
            break;
        case TOL:
            if (!nps_cli_double(optarg, 1e-6, NPS_TOL_MZ_MAX, &o->match.tol_mz))
                return nps_cli_usage("identify", "--tol '%s' is outside (0, %g] Da", optarg, NPS_TOL_MZ_MAX);
            break;
        case PPM:
            if (!nps_cli_double(optarg, 1e-3, 1000, &o->match.tol_precursor_ppm))
                return nps_cli_usage("identify", "--precursor-ppm '%s' is outside (0, 1000]", optarg);
            break;
        case CALIBRATION: o->calibration = optarg; break;
        case TECHNIQUE:
            if (!nps_technique_parse(nps_span_of(optarg), &o->technique) || !nps_technique_is_mass(o->technique))
                return nps_cli_usage("identify", "--technique '%s' is none of ei, msms, dart", optarg);
            break;
        case SAMPLE: o->sample = true; break;
        case NO_ANALOGS: o->match.with_analogs = false; break;
        case NO_MIXTURE: o->match.with_mixture = false; break;
        case PREPARE:
            if (nps_trace_prep_parse(nps_span_of(optarg), &o->prep, &err) != NPS_OK)
                return nps_cli_usage("identify", "--prepare: %s", err.msg);
            o->match.trace_prep = &o->prep;
            break;
        case MAX_LAG:
            if (!nps_cli_double(optarg, 0, NPS_IR_LAG_MAX * NPS_IR_GRID_DX, &o->match.max_lag_cm1))
                return nps_cli_usage("identify", "--max-lag '%s' is outside [0, 20] cm-1", optarg);
            break;
        case DATE: o->date = optarg; break;
        case CONTROL: o->control = optarg; break;
        case CONTROL_FILTER:
            if (!nps_control_filter_parse(nps_span_of(optarg), &o->control_filter))
                return nps_cli_usage("identify", "--control-filter takes " NPS_CONTROL_FILTER_WORDS);
            break;
        case THREADS:
            if (!nps_cli_size(optarg, 1, 16, &threads))
                return nps_cli_usage("identify", "--threads '%s' is outside 1..16", optarg);
            o->threads = (unsigned)threads;
            break;
        case JSON: o->json = true; break;
        case HTML: o->html = optarg; break;
        case HELP:
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        default: return nps_cli_usage("identify", "bad option");
        }
    if (optind == argc)
        return nps_cli_usage("identify", "no file given");
    return -1;
}

/* The tables (pinned in *ret_tables) as this run asks them. -1: go on; otherwise the exit status. */
static int open_control(const identify_options *o, nps_control **ret_tables, nps_control_view *ret_view)
{
    char today[11];
    nps_err err = {0};
    nps_cli_today(today);
    if (nps_control_load(o->control, ret_tables, &err) != NPS_OK) {
        nps_cli_complain(o->control, &err);
        return NPS_EXIT_INPUT;
    }
    if (nps_control_view_init(*ret_tables, o->date, today, true, o->control_filter, ret_view, &err) != NPS_OK)
        return nps_cli_usage("identify", "--date: %s", err.msg);
    return -1;
}

int nps_cmd_identify(int argc, char **argv)
{
    identify_options o = {.match = nps_match_options_default(), .threads = nps_cli_cores()};
    int rc = parse(argc, argv, &o);
    if (rc >= 0)
        return rc;
    NPS_AUTO_CONTROL tables = NULL;
    nps_control_view control;
    rc = open_control(&o, &tables, &control);
    if (rc >= 0)
        return rc;
    NPS_AUTO_LIBRARY lib = nps_cli_library("identify", o.library);
    if (!lib)
        return o.library ? NPS_EXIT_INPUT : NPS_EXIT_USAGE;
    nps_err err = {0};
    nps_calibration_set own = {0};
    if (o.calibration) {
        if (nps_calibration_file_read(o.calibration, &own, &err) != NPS_OK) {
            nps_cli_complain(o.calibration, &err);
            return NPS_EXIT_INPUT;
        }
        o.match.own_calibration = own.technique;
    }
    spectrum_list list = {.technique = o.technique};
    nps_read_limits limits = nps_read_limits_for_library();
    size_t failed = 0;
    nps_status st = nps_sources_each(argv + optind, argc - optind, &limits, keep, &list, &failed, &err);
    if (st == NPS_OK && list.n)
        st = identify(lib, &control, &list, &o, &err);
    if (st != NPS_OK)
        nps_cli_complain(NULL, &err);
    for (size_t i = 0; i < list.n; i++)
        nps_spectrum_free(list.item[i]);
    free(list.item);
    nps_calibration_set_done(&own);
    return st == NPS_OK && !failed ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}
