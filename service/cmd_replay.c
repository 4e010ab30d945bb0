/* npswatch replay: gives a stored answer again from what it rested on, and compares it bit for bit. */
#include "service/calibration_file.h"
#include "service/cli.h"
#include "service/control_files.h"
#include "service/db_url.h"
#include "service/judge.h"
#include "service/store_contributions.h"
#include "service/store_backup.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: npswatch replay --data DIR [--store URL] [--generations DIR] [--evaluation N] [--print] ID\n\n"
    "Judges the files of sample ID again as evaluation N (the last one when left out) judged them: by the same library\n"
    "generation, control tables, calibration, options and day, all of which are kept. Status 0: the answer is the same, bit\n"
    "for bit. Status 1: it is not, or cannot be given again; the reason is said.\n\n"
    "  --data DIR         the service's data folder\n"
    "  --store URL        its store, when that is PostgreSQL\n"
    "  --generations DIR  its library generations, when they are not in the data folder\n"
    "  --print            print the answer that was given now\n";

typedef struct {
    const char *data, *store, *generations, *id;
    int64_t n;
    bool print;
} options;

typedef struct {
    nps_store *store;
    nps_stored_sample *sample;
    nps_stored_evaluation evaluation;
    nps_holding *held;
    nps_control *control;
    nps_calibration_set own;
    nps_intake *in;
    nps_buf bytes[NPS_MAX_FILES];
    size_t n_bytes;
    nps_workspace *workspace;
    nps_judgement judgement;
} replay;

static void replay_done(replay *r)
{
    nps_judgement_done(&r->judgement);
    nps_workspace_free(r->workspace);
    nps_intake_free(r->in);
    for (size_t i = 0; i < r->n_bytes; i++)
        nps_buf_done(&r->bytes[i]);
    nps_calibration_set_done(&r->own);
    nps_control_release(r->control);
    nps_holding_release(r->held);
    nps_stored_evaluation_done(&r->evaluation);
    nps_stored_sample_free(r->sample);
    nps_store_close(r->store);
}

static nps_status load_means(const options *o, replay *r, nps_err *err)
{
    char folder[600];
    NPS_AUTO_BUF control = NPS_BUF_INIT((size_t)64 << 20);
    NPS_AUTO_BUF calibration = NPS_BUF_INIT((size_t)64 << 20);
    const nps_stored_evaluation *e = &r->evaluation;
    snprintf(folder, sizeof folder, "%s%s", o->generations ? o->generations : o->data, o->generations ? "" : "/generations");
    if (!*e->holding)
        return nps_fail(err, NPS_E_UNSUPPORTED, "the answer was given by a program that did not keep what it rested on");
    if (strcmp(e->program, NPS_VERSION) != 0 || e->ruleset != NPS_RULESET)
        return nps_fail(err, NPS_E_UNSUPPORTED, "the answer was given by npswatch %s, ruleset %lld: take that program (this is %s, ruleset %d)",
                        e->program, (long long)e->ruleset, NPS_VERSION, NPS_RULESET);
    nps_status st = nps_holding_open(folder, e->holding, NPS_OPEN_VERIFY, &r->held, err);
    if (st == NPS_OK && !nps_holding_find(r->held, e->generation))
        st = nps_fail(err, NPS_E_CORRUPT, "generation %s has no library %s", e->holding, e->generation);
    if (st == NPS_OK)
        st = nps_store_artifact_get(r->store, e->control, &control, err);
    if (st == NPS_OK)
        st = nps_control_unpack(control.data, control.len, &r->control, err);
    if (st == NPS_OK && *e->calibration)
        st = nps_store_artifact_get(r->store, e->calibration, &calibration, err);
    if (st == NPS_OK && *e->calibration)
        st = nps_calibration_file_parse(calibration.data, calibration.len, &r->own, err);
    return st;
}

static nps_status load_files(replay *r, nps_err *err)
{
    nps_status st = nps_intake_new(&r->in, err);
    for (size_t i = 0; i < r->sample->n_file && i < NPS_MAX_FILES && st == NPS_OK; i++) {
        nps_buf *b = &r->bytes[r->n_bytes++];
        *b = NPS_BUF_INIT(NPS_MAX_BODY);
        st = nps_store_sample_file(r->store, "", r->sample->id, (int64_t)i, b, err);
        if (st == NPS_OK)
            st = nps_intake_add(r->in, (nps_intake_file){r->sample->file[i].name, r->sample->file[i].type, {b->data ? b->data : "", b->len}}, err);
    }
    return st == NPS_OK ? nps_intake_read(r->in, err) : st;
}

static nps_status judge(replay *r, nps_err *err)
{
    nps_question q;
    const nps_stored_evaluation *e = &r->evaluation;
    nps_judge_means with = {.held = r->held, .own_calibration = *e->calibration ? r->own.technique : NULL, .control = r->control};
    nps_status st = nps_question_parse(e->options, &q, err);
    if (st != NPS_OK)
        return st;
    q.is_member = q.sees_restricted = true;
    snprintf(q.organisation, sizeof q.organisation, "%s", r->sample->organisation);
    if (!r->in->n_spectrum)
        return nps_fail(err, NPS_E_CORRUPT, "the sample's files hold no spectrum");
    return nps_judge_spectra(&with, &q, (const nps_spectrum *const *)r->in->spectrum, r->in->n_spectrum, e->today, r->workspace, &r->judgement, err);
}

/* Place of the first difference. */
static size_t differs_at(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] && a[i] == b[i])
        i++;
    return i;
}

static nps_status run(const options *o, replay *r, nps_err *err)
{
    NPS_AUTO_BUF now = NPS_BUF_INIT(NPS_MAX_REPLY);
    nps_status st = nps_store_open_reading(o->store ? o->store : o->data, &r->store, err);
    if (st == NPS_OK)
        st = nps_store_sample_get(r->store, "", o->id, &r->sample, err);
    if (st == NPS_OK)
        st = nps_store_evaluation_get(r->store, "", o->id, o->n, &r->evaluation, err);
    if (st == NPS_OK)
        st = load_means(o, r, err);
    if (st == NPS_OK)
        st = nps_workspace_new(&r->workspace, err);
    if (st == NPS_OK)
        st = load_files(r, err);
    if (st == NPS_OK)
        st = judge(r, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&now);
    nps_judgement_put(&w, NULL, &r->judgement, r->in, r->sample->id);
    st = nps_buf_check(&now, err);
    if (st == NPS_OK && o->print)
        printf("%s\n", now.data);
    if (st == NPS_OK && strcmp(now.data, r->evaluation.verdict) != 0)
        st = nps_fail(err, NPS_E_CORRUPT, "the answer is another one: it differs from byte %zu on", differs_at(now.data, r->evaluation.verdict));
    return st;
}

int nps_cmd_replay(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'},        {"data", required_argument, NULL, 'd'},
                                          {"store", required_argument, NULL, 's'}, {"generations", required_argument, NULL, 'g'},
                                          {"evaluation", required_argument, NULL, 'e'}, {"print", no_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
    options o = {.n = -1};
    size_t n;
    replay r = {0};
    nps_err err = {0};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;)
        switch (c) {
        case 'h': fputs(usage, stdout); return NPS_EXIT_DONE;
        case 'd': o.data = optarg; break;
        case 's': o.store = optarg; break;
        case 'g': o.generations = optarg; break;
        case 'p': o.print = true; break;
        case 'e':
            if (!nps_cli_size(optarg, 0, 1000000, &n))
                return nps_cli_usage("replay", "'%s' is no number of an evaluation", optarg);
            o.n = (int64_t)n;
            break;
        default: return nps_cli_usage("replay", "an option is unknown or lacks its value");
        }
    if (!o.data || optind + 1 != argc)
        return nps_cli_usage("replay", "takes --data DIR and the id of a sample");
    if (o.store && !nps_db_is_url(o.store))
        return nps_cli_usage("replay", "--store takes a postgresql:// address");
    o.id = argv[optind];
    nps_status st = run(&o, &r, &err);
    if (st == NPS_OK && !o.print)
        printf("%s, evaluation %lld of %s: the same answer, bit for bit (generation %s)\n", o.id, (long long)r.evaluation.n, r.evaluation.today,
               r.evaluation.holding);
    replay_done(&r);
    if (st != NPS_OK)
        nps_cli_complain(o.id, &err);
    return st == NPS_OK ? NPS_EXIT_DONE : NPS_EXIT_INPUT;
}
