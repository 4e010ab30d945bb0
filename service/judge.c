#include "service/judge.h"

#include "service/cli.h"
#include "service/clock.h"
#include "service/problem.h"
#include "service/store_accounts.h"
#include "service/verdict_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nps_judgement_done(nps_judgement *j)
{
    nps_sample_verdict_free(j->verdict);
    nps_sample_verdict_free(j->own);
    free(j->match);
    free(j->relied);
    nps_control_release(j->control);
    nps_holding_release(j->held);
    *j = (nps_judgement){0};
}

/* --- closed parts --------------------------------------------------------------------------------------------------------------- */

/* Of somebody else's part no more than this leaves: that there is a match, the class of the best, and a score of one digit. */
static nps_status note_match(nps_judgement *j, const nps_library *lib, const nps_sample_verdict *v, nps_err *err)
{
    double best = 0;
    if (v->outcome != NPS_IDENTIFIED && v->outcome != NPS_AMBIGUOUS)
        return NPS_OK;
    for (size_t i = 0; i < v->n_spectra; i++)
        if (v->spectra[i]->n_hits && v->spectra[i]->hits[0].score > best)
            best = v->spectra[i]->hits[0].score;
    nps_closed_match m = {.class_name = v->n_set ? nps_library_text(lib, lib->sub_class[v->set[0].substance]) : "",
                          .score = floor(best * 10) / 10};
    size_t at = 0;
    while (at < j->n_match && strcmp(j->match[at].class_name, m.class_name) < 0)
        at++;
    if (at < j->n_match && strcmp(j->match[at].class_name, m.class_name) == 0) {
        /* One a class, so that nobody counts partners. */
        j->match[at].score = fmax(j->match[at].score, m.score);
        return NPS_OK;
    }
    nps_closed_match *grown = reallocarray(j->match, j->n_match + 1, sizeof *grown);
    if (!grown)
        return nps_fail_nomem(err);
    j->match = grown;
    memmove(grown + at + 1, grown + at, (j->n_match - at) * sizeof *grown);
    grown[at] = m;
    j->n_match++;
    return NPS_OK;
}

static nps_status note_relied(nps_judgement *j, const char *key, nps_err *err)
{
    size_t at = 0;
    while (at < j->n_relied && strcmp(j->relied[at], key) < 0)
        at++;
    if (at < j->n_relied && strcmp(j->relied[at], key) == 0)
        return NPS_OK;
    void *grown = reallocarray(j->relied, j->n_relied + 1, sizeof *j->relied);
    if (!grown)
        return nps_fail_nomem(err);
    j->relied = grown;
    memmove(j->relied + at + 1, j->relied + at, (j->n_relied - at) * sizeof *j->relied);
    memcpy(j->relied[at], key, sizeof *j->relied);
    j->n_relied++;
    return NPS_OK;
}

static bool is_in_set(const nps_sample_verdict *v, uint32_t substance)
{
    for (size_t i = 0; i < v->n_set; i++)
        if (v->set[i].substance == substance)
            return true;
    return false;
}

/* An answer rests on the hits whose substances are in the set, and on the best hit, whatever it led to. */
static nps_status note_all_relied(nps_judgement *j, const nps_library *lib, const nps_sample_verdict *v, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < v->n_spectra; i++)
        for (size_t k = 0; k < v->spectra[i]->n_hits && st == NPS_OK; k++) {
            const nps_hit *h = &v->spectra[i]->hits[k];
            char key[NPS_REFERENCE_KEY] = "";
            if (k && !is_in_set(v, h->substance))
                continue;
            nps_reference_key(lib, h->entry, key);
            st = note_relied(j, key, err);
        }
    return st;
}

static nps_status ask_closed(nps_judgement *j, const nps_spectrum *const *spectra, size_t n, const nps_match_options *o, nps_workspace *w,
                             nps_err *err)
{
    nps_match_options plain = *o;
    plain.with_analogs = false;
    plain.with_mixture = false;
    nps_status st = NPS_OK;
    for (size_t i = 0; i < j->held->n_closed && st == NPS_OK; i++) {
        const nps_closed_part *c = &j->held->closed[i];
        NPS_AUTO(nps_sample_verdict) v = NULL;
        bool own = strcmp(c->organisation, j->question.organisation) == 0;
        if (!own && !j->question.asks_closed)
            continue;
        st = nps_match_sample(c->lib, spectra, n, own ? o : &plain, w, &v, err);
        if (st == NPS_OK)
            st = note_all_relied(j, c->lib, v, err);
        if (st != NPS_OK)
            return st;
        if (own) {
            j->own_lib = c->lib;
            j->own = nps_steal(v);
        } else {
            st = note_match(j, c->lib, v, err);
        }
    }
    return st;
}

/* --- judging -------------------------------------------------------------------------------------------------------------------- */

nps_status nps_judge_spectra(const nps_judge_means *with, const nps_question *q, const nps_spectrum *const *spectra, size_t n, const char *today,
                             nps_workspace *w, nps_judgement *ret_judgement, nps_err *err)
{
    nps_judgement *j = ret_judgement;
    *j = (nps_judgement){.question = *q};
    snprintf(j->today, sizeof j->today, "%s", today);
    nps_match_options o = q->match;
    o.trace_prep = q->has_prep ? &j->question.prep : NULL;
    o.own_calibration = with->own_calibration;
    j->held = nps_holding_acquire(with->held);
    j->control = nps_control_acquire(with->control);
    j->lib = q->is_member ? j->held->members : j->held->open;
    nps_status st = nps_control_view_init(j->control, q->date, today, q->sees_restricted, q->control_filter, &j->view, err);
    if (st == NPS_OK)
        st = nps_match_sample(j->lib, spectra, n, &o, w, &j->verdict, err);
    if (st == NPS_OK)
        st = note_all_relied(j, j->lib, j->verdict, err);
    if (st == NPS_OK && q->is_member)
        st = ask_closed(j, spectra, n, &o, w, err);
    if (st != NPS_OK) {
        nps_judgement_done(j);
        return st;
    }
    nps_control_attach(&j->view, j->verdict);
    if (j->own)
        nps_control_attach(&j->view, j->own);
    return NPS_OK;
}

typedef struct {
    const nps_intake *in;
    const nps_request *req;
} source;

static const char *look_up(void *arg, const char *key)
{
    const source *s = arg;
    return nps_intake_value(s->in, s->req, key);
}

/* Each question to closed parts of others costs one of the organisation's day, so that their spectra cannot be found out by
 * asking. */
static nps_status take_quota(nps_app *app, const nps_holding *held, nps_question *q, nps_err *err)
{
    int64_t got = 0, day = nps_clock_wall_ms() / 86400000;
    bool others = false;
    for (size_t i = 0; i < held->n_closed; i++)
        others |= strcmp(held->closed[i].organisation, q->organisation) != 0;
    if (!others)
        return NPS_OK;
    nps_status st = nps_store_quota_take(app->store, q->organisation, "closed", &day, app->config.closed_quota, 1, &got, err);
    q->asks_closed = st == NPS_OK && got;
    q->closed_refused = st == NPS_OK && !got;
    return st;
}

static void take_rights(const nps_principal *by, nps_question *q)
{
    q->is_member = by->means != NPS_BY_NOTHING;
    q->sees_restricted = by->roles & (NPS_ROLE_LAB | NPS_ROLE_CURATOR | NPS_ROLE_COORDINATOR);
    snprintf(q->organisation, sizeof q->organisation, "%s", by->organisation);
}

/* Nothing could be read: the first problem leads, all are listed. */
static void reply_unreadable(nps_reply *reply, const nps_request *req, const nps_intake *in)
{
    nps_err first = {0};
    nps_jw w;
    nps_fail_at(&first, NPS_E_FORMAT, 1, 0, "no spectrum in the file");
    if (in->n_problem)
        first = in->problem[0].err;
    int status = first.code == NPS_E_UNSUPPORTED ? 415 : 422;
    nps_reply_problem_begin(reply, &w, req, status, nps_status_name(first.code), &first);
    nps_intake_put_problems(&w, in);
    nps_jw_end(&w);
}

/* In its turn: reads the files and judges what they hold. */
static nps_status judge_in_turn(nps_app *app, nps_intake *in, const nps_question *q, nps_holding *held, int64_t wait_ms, nps_judgement *j,
                                nps_err *err)
{
    unsigned slot;
    char today[11];
    nps_status st = nps_gate_enter(app->gate, wait_ms, &slot, err);
    if (st != NPS_OK)
        return st;
    st = nps_intake_read(in, err);
    atomic_fetch_add(&app->metrics.broken_records, in->n_failed);
    if (st == NPS_OK && in->n_spectrum) {
        NPS_AUTO_CONTROL control = nps_control_slot_acquire(app->control);
        nps_judge_means with = {.held = held,
                                .own_calibration = *app->config.calibration ? app->own.technique : NULL,
                                .control = control};
        nps_cli_today(today);
        st = nps_judge_spectra(&with, q, (const nps_spectrum *const *)in->spectrum, in->n_spectrum, today, app->workspace[slot], j, err);
    }
    nps_gate_leave(app->gate, slot);
    if (st == NPS_OK && j->verdict)
        atomic_fetch_add(&app->metrics.verdicts[j->verdict->outcome], 1);
    return st;
}

nps_status nps_judge(nps_app *app, const nps_request *req, nps_intake *in, nps_reply *reply, nps_judgement *ret_judgement, bool *ret_judged,
                     nps_err *err)
{
    nps_question q;
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    *ret_judgement = (nps_judgement){0};
    nps_status st = nps_question_take(look_up, &(source){in, req}, &q, err);
    if (st == NPS_OK)
        take_rights(&req->by, &q);
    if (st == NPS_OK && q.is_member)
        st = take_quota(app, held, &q, err);
    if (st == NPS_OK)
        st = judge_in_turn(app, in, &q, held, app->config.search_wait_ms, ret_judgement, err);
    if (st != NPS_OK)
        return st;
    *ret_judged = ret_judgement->verdict != NULL;
    if (!*ret_judged)
        reply_unreadable(reply, req, in);
    return NPS_OK;
}

nps_status nps_judge_stored(nps_app *app, nps_intake *in, const char *question, const char *organisation, bool asks_closed,
                            nps_judgement *ret_judgement, nps_err *err)
{
    enum { WAIT_MS = 600000 };
    nps_question q;
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    *ret_judgement = (nps_judgement){0};
    nps_status st = nps_question_parse(question, &q, err);
    if (st != NPS_OK)
        return st;
    q.is_member = q.sees_restricted = true;
    q.asks_closed = asks_closed;
    snprintf(q.organisation, sizeof q.organisation, "%s", organisation);
    return judge_in_turn(app, in, &q, held, WAIT_MS, ret_judgement, err);
}

/* --- showing and keeping -------------------------------------------------------------------------------------------------------- */

static void put_closed(nps_jw *w, const nps_judgement *j, const nps_intake *in, const char *sample)
{
    if (j->own)
        nps_jw_sample_verdict(w, "own_library", j->own_lib, j->own, sample, j->today, (const nps_spectrum *const *)in->spectrum, false);
    if (!j->question.asks_closed && !j->question.closed_refused)
        return;
    nps_jw_object(w, "partner_libraries");
    nps_jw_bool(w, "asked", j->question.asks_closed);
    if (j->question.closed_refused)
        nps_jw_str(w, "reason", "the organisation's questions to closed libraries are used up for today");
    nps_jw_array(w, "matches");
    for (size_t i = 0; i < j->n_match; i++) {
        nps_jw_object(w, NULL);
        nps_jw_str(w, "class", *j->match[i].class_name ? j->match[i].class_name : NULL);
        nps_jw_num(w, "score", j->match[i].score, 1);
        nps_jw_end(w);
    }
    nps_jw_end(w);
    nps_jw_end(w);
}

void nps_judgement_put(nps_jw *w, const char *key, const nps_judgement *j, const nps_intake *in, const char *sample)
{
    nps_jw_sample_verdict(w, key, j->lib, j->verdict, sample, j->today, (const nps_spectrum *const *)in->spectrum, j->question.with_spectra);
    nps_jw_reopen(w);
    put_closed(w, j, in, sample);
    nps_intake_put_problems(w, in);
    nps_jw_end(w);
}

nps_status nps_judgement_record(const nps_app *app, const nps_judgement *j, const nps_intake *in, const char *sample, const char *reason,
                                int64_t now_ms, nps_buf *verdict, nps_buf *options, const char **relied, nps_store_evaluation *ret_evaluation,
                                nps_err *err)
{
    nps_jw w = nps_jw_init(verdict);
    nps_judgement_put(&w, NULL, j, in, sample);
    nps_question_text(&j->question, options);
    nps_status st = nps_buf_check(verdict, err);
    if (st == NPS_OK)
        st = nps_buf_check(options, err);
    if (st != NPS_OK)
        return st;
    size_t n = j->n_relied < NPS_MAX_RELIED ? j->n_relied : NPS_MAX_RELIED;
    for (size_t i = 0; i < n; i++)
        relied[i] = j->relied[i];
    *ret_evaluation = (nps_store_evaluation){.reason = reason,
                                             .at_ms = now_ms,
                                             .holding = j->held->id,
                                             .generation = j->lib->generation,
                                             .ruleset = NPS_RULESET,
                                             .program = NPS_VERSION,
                                             .calibration = app->own_digest,
                                             .control = nps_control_digest(j->control),
                                             .today = j->today,
                                             .options = options->data,
                                             .outcome = nps_outcome_name(j->verdict->outcome),
                                             .verdict = verdict->data,
                                             .relied = relied,
                                             .n_relied = n};
    return NPS_OK;
}
