/* npswatch search: hit lists by one similarity, without a verdict. */
#include "reference-lib/analog.h"
#include "reference-lib/ir.h"
#include "service/cli.h"
#include "service/json.h"
#include "service/explain.h"
#include "service/report.h"
#include "service/sources.h"
#include "service/verdict_json.h"
#include "spectra/write.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: npswatch search --library LIB.h5 [--mode identity|analog|loss|mixture] [OPTION...] FILE...\n\n"
    "  FILE                a file of any format that is read here, '-' for standard input, a folder or a zip archive\n"
    "  --mode identity     the most similar spectra (default)\n"
    "  --mode analog       the most similar spectra moved by a mass: EI over all shifts up to 300 Da, MS/MS by the precursor\n"
    "                      difference\n"
    "  --mode loss         MS/MS: the most similar neutral losses\n"
    "  --mode mixture      EI, DART, infrared, Raman: the substances whose spectra, added up, explain the query, with their\n"
    "                      shares of the signal; --top: at most so many components (1 to 6)\n"
    "  --score NAME        EI: weighted-cosine (default), cosine, entropy, composite; analog: all-lag\n"
    "                      MS/MS: entropy (default), cosine (analog: modified-cosine), weighted-cosine; analog also\n"
    "                      all-lag, over all shifts up to 300 Da: for queries whose precursor is not known\n"
    "                      infrared, Raman: correlation (default), angle, euclid\n"
    "  --reverse           identity: count only the query's peaks that the reference has too\n"
    "  --tol T             MS/MS: m/z tolerance, 0.02 (Da) or 10ppm (at the precursor)\n"
    "  --window PPM        MS/MS identity: only entries within this precursor window\n"
    "  --max-lag CM1       infrared, Raman: the query may be moved by up to this, in steps of 2 cm-1 (0 to 20, default 0)\n"
    "  --prepare STEPS     infrared, Raman: instead of the library's own preparation: " NPS_CLI_PREPARE_STEPS
    "\n"
    "  --residual FILE     mixture: what is left of each query, as .msp or .jdx, to be looked at or searched in turn\n"
    "  --top N             hits to list (default 10)\n"
    "  --threads N         1 to 64 (default: all cores)\n"
    "  --json              one JSON object a line; analogues also with all likely formula changes and the pairs of peaks\n"
    "                      that carry the shift\n\n"
    "examples:\n"
    "  npswatch search --library swgdrug.h5 --mode analog unknown.jdx\n"
    "  npswatch search --library ir.h5 --prepare atr,derivative=1 --max-lag 4 powder.spa\n"
    "  npswatch search --library ir.h5 --mode mixture --residual left.jdx powder.spa\n"
    "  npswatch search --library msms.h5 --window 10 --json unknowns.mgf\n";

typedef struct {
    const char *library, *score;
    const char *mode; /* "identity", "analog", "loss", "mixture" */
    const char *residual; /* file, or NULL */
    nps_write_format residual_format;
    bool reverse, json, prepare;
    nps_trace_prep prep;  /* where prepare says so */
    nps_span tol;
    double window_ppm; /* 0: open */
    double max_lag_cm1;
    size_t top, threads, refused; /* top 0: the default; refused: spectra that this search cannot take */
    nps_buf left;                 /* of --residual */
    char today[11];
    nps_library *lib;
    nps_workspace *w;
} search_options;

static bool is_mode(const search_options *o, const char *mode)
{
    return strcmp(o->mode, mode) == 0;
}

typedef struct {
    uint32_t entry;
    double score;
    nps_analog analog; /* of analogues */
    double moved_cm1, first_cm1, last_cm1; /* of traces */
} search_hit;

typedef struct {
    search_hit *hits;  /* [n], room for as many as are asked for */
    size_t n;
    nps_mass_estimate mass; /* EI analogues */
    nps_mixture *mixture;   /* owned */
} search_result;

static const char *const ir_scores[] = {
    [NPS_IR_CORRELATION] = "correlation", [NPS_IR_ANGLE] = "angle", [NPS_IR_EUCLID] = "euclid"};

static const nps_trace_prep *preparation(const search_options *o, nps_technique technique)
{
    return o->prepare ? &o->prep : &o->lib->trace_prep[technique];
}

/* The score that is used when none is named. */
static const char *default_score(const search_options *o, nps_technique t)
{
    if (is_mode(o, "mixture"))
        return "nnls";
    if (t == NPS_TECH_EI)
        return is_mode(o, "analog") ? "all-lag" : nps_score_name(NPS_SCORE_WEIGHTED_COSINE);
    return nps_technique_is_mass(t) ? nps_score_name(NPS_SCORE_ENTROPY) : ir_scores[NPS_IR_CORRELATION];
}

static nps_status tolerance(const search_options *o, double precursor, double *ret, nps_err *err)
{
    double v = 0.02;
    nps_span t = o->tol;
    bool ppm = t.n > 3 && nps_span_is((nps_span){t.p + t.n - 3, 3}, "ppm");
    if (t.n && !nps_span_double((nps_span){t.p, t.n - (ppm ? 3 : 0)}, &v))
        return nps_fail(err, NPS_E_RANGE, "tolerance '%s' is no number", nps_quote(t.p, t.n).s);
    if (ppm)
        v *= (precursor > 0 ? precursor : 200) * 1e-6;
    *ret = v;
    return nps_check_tol_mz(v, err);
}

static void take_top(const search_options *o, const nps_prepared *q, double tol_mz, bool entropy, search_result *r)
{
    r->n = o->w->top.n;
    for (size_t i = 0; i < r->n; i++) {
        uint32_t e = o->w->top.item[i].index;
        r->hits[i] = (search_hit){.entry = e, .score = o->w->top.item[i].score};
        if (is_mode(o, "analog"))
            nps_describe_precursor(o->lib, q, e, r->hits[i].score, tol_mz, entropy, &r->hits[i].analog);
    }
}

static nps_status search_lag(const search_options *o, const nps_prepared *q, const nps_filter *f, search_result *r,
                             nps_err *err)
{
    size_t most = o->top > NPS_LAG_HITS ? o->top : NPS_LAG_HITS, n = 0;
    NPS_AUTO_MEM(nps_weighed_lag *) found = nps_array(most, sizeof *found);
    if (!found)
        return nps_fail_nomem(err);
    nps_status st = nps_weigh_lags(o->lib, q, f, o->top, o->w, found, &n, &r->mass, err);
    r->n = n < o->top ? n : o->top;
    for (size_t i = 0; st == NPS_OK && i < r->n; i++) {
        r->hits[i] = (search_hit){.entry = found[i].hit.entry, .score = found[i].score};
        nps_describe_lag(o->lib, q, &found[i], o->w, &r->hits[i].analog);
    }
    return st;
}

static nps_status search_shift(const search_options *o, const nps_prepared *q, const nps_filter *f, search_result *r, nps_err *err)
{
    NPS_AUTO_MEM(nps_shift_hit *) found = nps_array(o->top, sizeof *found);
    double tol_mz = 0;
    if (!found)
        return nps_fail_nomem(err);
    nps_status st = tolerance(o, q->precursor, &tol_mz, err);
    if (st == NPS_OK)
        st = nps_search_shift(o->lib, q, tol_mz, f, o->top, o->w, found, &r->n, err);
    for (size_t i = 0; st == NPS_OK && i < r->n; i++) {
        r->hits[i] = (search_hit){.entry = found[i].entry, .score = found[i].score};
        nps_describe_shift(o->lib, &found[i], &r->hits[i].analog);
    }
    return st;
}

/* Between a query and an analogue the cosine is known as the modified cosine. */
static bool find_score(const search_options *o, const char *name, nps_score *ret)
{
    if (is_mode(o, "analog") && strcmp(name, "modified-cosine") == 0)
        name = nps_score_name(NPS_SCORE_COSINE);
    for (nps_score s = NPS_SCORE_WEIGHTED_COSINE; s <= NPS_SCORE_COMPOSITE; s++)
        if (strcmp(nps_score_name(s), name) == 0) {
            *ret = s;
            return true;
        }
    return false;
}

static nps_status search_peaks(const search_options *o, const nps_prepared *q, const nps_filter *f, const char *score,
                               search_result *r, nps_err *err)
{
    nps_search_options so = {.reverse = o->reverse, .k = o->top, .tol_precursor = q->precursor * o->window_ppm * 1e-6};
    so.mode = is_mode(o, "analog") ? NPS_MODE_ANALOG : is_mode(o, "loss") ? NPS_MODE_LOSS : NPS_MODE_OPEN;
    if (so.mode == NPS_MODE_OPEN && o->window_ppm > 0 && q->technique != NPS_TECH_EI)
        so.mode = NPS_MODE_WINDOW;
    if (!find_score(o, score, &so.score))
        return nps_fail(err, NPS_E_UNSUPPORTED, "%s spectra are not searched by '%s' in this mode",
                        nps_technique_name(q->technique), nps_quote(score, strlen(score)).s);
    nps_status st = tolerance(o, q->precursor, &so.tol_mz, err);
    if (st == NPS_OK)
        st = nps_search(o->lib, q, &so, f, o->w, err);
    if (st == NPS_OK)
        take_top(o, q, so.tol_mz, so.score == NPS_SCORE_ENTROPY, r);
    return st;
}

static nps_status search_trace(const search_options *o, const nps_prepared *q, const nps_filter *f, const char *score,
                               search_result *r, nps_err *err)
{
    if (!is_mode(o, "identity"))
        return nps_fail(err, NPS_E_UNSUPPORTED, "a mass shift has no meaning for %s spectra", nps_technique_name(q->technique));
    nps_ir_options how = nps_ir_options_of(q->technique, preparation(o, q->technique));
    while (how.score <= NPS_IR_EUCLID && strcmp(score, ir_scores[how.score]) != 0)
        how.score++;
    if (how.score > NPS_IR_EUCLID || o->reverse)
        return nps_fail(err, NPS_E_UNSUPPORTED, "%s spectra are searched by correlation, angle or euclid, not in reverse",
                        nps_technique_name(q->technique));
    NPS_AUTO_MEM(nps_ir_hit *) found = nps_array(o->top, sizeof *found);
    if (!found)
        return nps_fail_nomem(err);
    how.max_lag = (unsigned)(o->max_lag_cm1 / NPS_IR_GRID_DX);
    nps_status st = nps_search_ir_many(o->lib, q->grid, 1, &how, f, o->top, o->w, found, &r->n, err);
    for (size_t i = 0; st == NPS_OK && i < r->n; i++)
        r->hits[i] = (search_hit){.entry = found[i].entry,
                                  .score = found[i].score,
                                  .moved_cm1 = NPS_IR_GRID_DX * found[i].lag,
                                  .first_cm1 = found[i].first_cm1,
                                  .last_cm1 = found[i].last_cm1};
    return st;
}

static nps_status search_mixture(const search_options *o, const nps_prepared *q, search_result *r, nps_err *err)
{
    double tol_mz = 0;
    nps_ir_options how = nps_ir_options_of(q->technique, preparation(o, q->technique));
    nps_status st = o->score && strcmp(o->score, "nnls") != 0
                        ? nps_fail(err, NPS_E_UNSUPPORTED, "a mixture is searched by 'nnls' only")
                        : tolerance(o, q->precursor, &tol_mz, err);
    size_t most = o->top < NPS_MIXTURE_MAX ? o->top : NPS_MIXTURE_MAX;
    return st == NPS_OK ? nps_find_mixture(o->lib, q, &how, tol_mz, most, o->w, &r->mixture, err) : st;
}

static nps_status search(const search_options *o, const nps_spectrum *s, search_result *r, nps_err *err)
{
    nps_prepared q;
    nps_filter f = nps_filter_all();
    f.polarity = s->polarity;
    nps_status st = nps_prepare(s, preparation(o, s->technique), &q, err);
    if (st != NPS_OK)
        return st;
    const char *score = o->score ? o->score : default_score(o, s->technique);
    if (is_mode(o, "mixture"))
        st = search_mixture(o, &q, r, err);
    else if (!nps_technique_is_mass(s->technique))
        st = search_trace(o, &q, &f, score, r, err);
    else if (is_mode(o, "analog") && strcmp(score, "all-lag") == 0 && o->reverse)
        st = nps_fail(err, NPS_E_UNSUPPORTED, "a reverse search goes with direct matches only");
    else if (is_mode(o, "analog") && strcmp(score, "all-lag") == 0)
        st = s->technique == NPS_TECH_EI ? search_lag(o, &q, &f, r, err) : search_shift(o, &q, &f, r, err);
    else
        st = search_peaks(o, &q, &f, score, r, err);
    nps_prepared_done(&q);
    return st;
}

static void put_json(nps_buf *b, const search_options *o, const nps_spectrum *s, const search_result *r)
{
    nps_jw w = nps_jw_init(b);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "query", s->text[NPS_TEXT_NAME] ? s->text[NPS_TEXT_NAME] : "");
    nps_jw_str(&w, "mode", o->mode);
    nps_jw_str(&w, "score", o->score ? o->score : default_score(o, s->technique));
    if (r->mass.mass)
        nps_jw_molecular_mass(&w, r->mass.mass, r->mass.support);
    if (r->mixture)
        nps_jw_mixture(&w, "mixture", o->lib, r->mixture, o->today, false);
    nps_jw_array(&w, "hits");
    for (size_t i = 0; i < r->n; i++) {
        uint32_t sub = o->lib->entry_substance[r->hits[i].entry];
        nps_jw_object(&w, NULL);
        nps_jw_i64(&w, "rank", (int64_t)i + 1);
        nps_jw_i64(&w, "entry", r->hits[i].entry);
        nps_jw_str(&w, "name", nps_library_text(o->lib, o->lib->sub_name[sub]));
        nps_jw_str(&w, "inchikey", nps_library_text(o->lib, o->lib->sub_inchikey[sub]));
        nps_jw_num(&w, "score", r->hits[i].score, 6);
        if (!nps_technique_is_mass(s->technique))
            nps_jw_compared(&w, r->hits[i].first_cm1, r->hits[i].last_cm1, r->hits[i].moved_cm1);
        if (is_mode(o, "analog")) {
            const nps_analog *a = &r->hits[i].analog;
            nps_jw_num(&w, "delta_mass", a->delta_mass, 4);
            nps_jw_str(&w, "delta_formula", nps_analog_formula(a));
            if (r->mass.mass)
                nps_jw_bool(&w, "mass_agrees", a->mass_agrees);
            nps_jw_formulas(&w, a->formula, a->n_formula, a->delta_mass);
            nps_jw_shifted_peaks(&w, a->pair, a->n_pair);
        }
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_end(&w);
    nps_buf_putc(b, '\n');
}

static void put_table(nps_buf *b, const search_options *o, const nps_spectrum *s, const search_result *r)
{
    nps_buf_printf(b, "%s (%s)\n", s->text[NPS_TEXT_NAME] ? s->text[NPS_TEXT_NAME] : "unnamed spectrum",
                   nps_technique_name(s->technique));
    if (r->mass.mass)
        nps_buf_printf(b, "  molecular mass of the unknown, estimated: %d (proposed by %u substance%s; = agrees)\n",
                       r->mass.mass, r->mass.support, r->mass.support == 1 ? "" : "s");
    if (r->mixture)
        nps_report_mixture_text(b, o->lib, r->mixture);
    for (size_t i = 0; i < r->n; i++) {
        const nps_analog *a = &r->hits[i].analog;
        nps_buf_printf(b, "  %3zu  %.4f  ", i + 1, r->hits[i].score);
        if (is_mode(o, "analog"))
            nps_buf_printf(b, "%c %+9.*f Da  %-16s ", a->mass_agrees ? '=' : ' ', nps_explain_decimals(a->delta_mass),
                           a->delta_mass, nps_analog_formula(a));
        if (!nps_technique_is_mass(s->technique))
            nps_buf_printf(b, "%4.0f to %4.0f cm-1 %+3.0f  ", r->hits[i].first_cm1, r->hits[i].last_cm1, r->hits[i].moved_cm1);
        nps_buf_printf(b, "%s\n", nps_library_text(o->lib, o->lib->sub_name[o->lib->entry_substance[r->hits[i].entry]]));
    }
}

/* Keeps what is left for --residual. */
static nps_status keep_residual(search_options *o, const nps_spectrum *s, const search_result *r, nps_err *err)
{
    NPS_AUTO(nps_spectrum) left = NULL;
    if (!nps_mixture_is_open(r->mixture, o->lib, o->today)) {
        fprintf(stderr, "npswatch: the residual of '%s' is withheld: it would show a reference that is not open to all\n",
                s->text[NPS_TEXT_NAME] ? s->text[NPS_TEXT_NAME] : "unnamed spectrum");
        return NPS_OK;
    }
    const char *name = s->text[NPS_TEXT_NAME];
    nps_status st = nps_mixture_residual(r->mixture, name ? name : "unnamed spectrum", &left, err);
    return st == NPS_OK && left ? nps_write_spectrum(&o->left, o->residual_format, left, err) : st;
}

/* Names a spectrum that this search cannot take, and goes on. */
static void refuse(search_options *o, const char *file, const nps_spectrum *s, nps_err *why)
{
    why->line = s->line;
    why->offset = s->offset;
    nps_cli_complain(file, why);
    o->refused++;
}

static nps_status search_one(void *arg, const char *file, nps_spectrum **s, nps_err *err)
{
    search_options *o = arg;
    NPS_AUTO_MEM(search_hit *) hits = nps_array(o->top, sizeof *hits);
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)64 << 20);
    search_result r = {.hits = hits};
    nps_err why = {0};
    if (!hits)
        return nps_fail_nomem(err);
    nps_status st = search(o, *s, &r, &why);
    if (st == NPS_E_NOMEM)
        return nps_fail_nomem(err);
    if (st != NPS_OK) {
        refuse(o, file, *s, &why);
        return NPS_OK;
    }
    if (o->json)
        put_json(&b, o, *s, &r);
    else
        put_table(&b, o, *s, &r);
    st = nps_buf_check(&b, err);
    if (st == NPS_OK && r.mixture && o->residual)
        st = keep_residual(o, *s, &r, &why);
    nps_mixture_free(r.mixture);
    if (st == NPS_E_UNSUPPORTED) {
        refuse(o, file, *s, &why);
        st = NPS_OK;
    } else if (st != NPS_OK && why.code == st) {
        return nps_fail(err, st, "%s", why.msg);
    }
    if (st == NPS_OK && fwrite(b.data, 1, b.len, stdout) != b.len)
        st = nps_fail(err, NPS_E_IO, "standard output cannot be written");
    return st;
}

/* Options that would be passed over in silence. */
static int check_together(search_options *o)
{
    bool mixture = is_mode(o, "mixture");
    const char *dot = o->residual ? strrchr(o->residual, '.') : NULL;
    if (o->residual && !mixture)
        return nps_cli_usage("search", "--residual goes with --mode mixture");
    if (o->residual && !(dot && nps_write_format_parse(nps_span_of(dot + 1), &o->residual_format)))
        return nps_cli_usage("search", "--residual '%s': its ending names no format: .msp, .mgf, .jdx or .dx", o->residual);
    if (mixture && o->top > NPS_MIXTURE_MAX)
        return nps_cli_usage("search", "--top '%zu' is outside 1..%d components", o->top, NPS_MIXTURE_MAX);
    if (!is_mode(o, "identity") && o->window_ppm > 0)
        return nps_cli_usage("search", "--window goes with --mode identity");
    if (!is_mode(o, "identity") && o->max_lag_cm1 > 0)
        return nps_cli_usage("search", "--max-lag goes with --mode identity");
    if (mixture && o->reverse)
        return nps_cli_usage("search", "--reverse does not go with --mode mixture");
    if (!o->top)
        o->top = mixture ? NPS_MIXTURE_MAX : 10;
    return -1;
}

static int parse(int argc, char **argv, search_options *o)
{
    enum { LIBRARY = 1, MODE, SCORE, REVERSE, TOL, WINDOW, MAX_LAG, PREPARE, RESIDUAL, TOP, THREADS, JSON, HELP };
    static const struct option longs[] = {{"library", 1, NULL, LIBRARY}, {"mode", 1, NULL, MODE}, {"score", 1, NULL, SCORE},
                                          {"tol", 1, NULL, TOL},         {"window", 1, NULL, WINDOW},
                                          {"reverse", 0, NULL, REVERSE}, {"threads", 1, NULL, THREADS},
                                          {"max-lag", 1, NULL, MAX_LAG}, {"prepare", 1, NULL, PREPARE},
                                          {"residual", 1, NULL, RESIDUAL},
                                          {"top", 1, NULL, TOP},         {"json", 0, NULL, JSON}, {"help", 0, NULL, HELP},
                                          {0}};
    nps_err err;
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;)
        switch (c) {
        case LIBRARY: o->library = optarg; break;
        case MODE:
            o->mode = optarg;
            if (!is_mode(o, "identity") && !is_mode(o, "analog") && !is_mode(o, "loss") && !is_mode(o, "mixture"))
                return nps_cli_usage("search", "--mode '%s' is none of identity, analog, loss, mixture", optarg);
            break;
        case REVERSE: o->reverse = true; break;
        case THREADS:
            if (!nps_cli_size(optarg, 1, NPS_THREADS_MAX, &o->threads))
                return nps_cli_usage("search", "--threads '%s' is outside 1..64", optarg);
            break;
        case SCORE: o->score = optarg; break;
        case TOL: o->tol = nps_span_of(optarg); break;
        case WINDOW:
            if (!nps_cli_double(optarg, 1e-3, 1000, &o->window_ppm))
                return nps_cli_usage("search", "--window '%s' is outside (0, 1000] ppm", optarg);
            break;
        case MAX_LAG:
            if (!nps_cli_double(optarg, 0, NPS_IR_LAG_MAX * NPS_IR_GRID_DX, &o->max_lag_cm1))
                return nps_cli_usage("search", "--max-lag '%s' is outside [0, 20] cm-1", optarg);
            break;
        case PREPARE:
            if (nps_trace_prep_parse(nps_span_of(optarg), &o->prep, &err) != NPS_OK)
                return nps_cli_usage("search", "--prepare: %s", err.msg);
            o->prepare = true;
            break;
        case RESIDUAL: o->residual = optarg; break;
        case TOP:
            if (!nps_cli_size(optarg, 1, 1000, &o->top))
                return nps_cli_usage("search", "--top '%s' is outside 1..1000", optarg);
            break;
        case JSON: o->json = true; break;
        case HELP:
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        default: return nps_cli_usage("search", "bad option");
        }
    return optind == argc ? nps_cli_usage("search", "no file given") : check_together(o);
}

int nps_cmd_search(int argc, char **argv)
{
    search_options o = {.mode = "identity", .threads = nps_cli_cores(), .left = NPS_BUF_INIT((size_t)1 << 30)};
    int rc = parse(argc, argv, &o);
    if (rc >= 0)
        return rc;
    NPS_AUTO_LIBRARY lib = nps_cli_library("search", o.library);
    if (!lib)
        return o.library ? NPS_EXIT_INPUT : NPS_EXIT_USAGE;
    NPS_AUTO(nps_workspace) w = NULL;
    nps_err err = {0};
    size_t failed = 0;
    nps_read_limits limits = nps_read_limits_for_library();
    nps_status st = nps_workspace_new(&w, &err);
    o.lib = lib;
    o.w = w;
    nps_cli_today(o.today);
    if (st == NPS_OK)
        nps_workspace_set_threads(w, (unsigned)o.threads);
    if (st == NPS_OK)
        st = nps_sources_each(argv + optind, argc - optind, &limits, search_one, &o, &failed, &err);
    if (st == NPS_OK && o.residual)
        st = nps_file_write(o.residual, &o.left, &err);
    nps_buf_done(&o.left);
    if (st != NPS_OK)
        nps_cli_complain(NULL, &err);
    return st == NPS_OK && !failed && !o.refused && fflush(stdout) == 0 ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}
