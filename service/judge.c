#include "service/judge.h"

#include "reference-lib/ir.h"
#include "service/cli.h"
#include "service/problem.h"
#include "service/verdict_json.h"

#include <string.h>

void nps_judgement_done(nps_judgement *j)
{
    nps_sample_verdict_free(j->verdict);
    nps_control_release(j->control);
    nps_library_release(j->lib);
    *j = (nps_judgement){0};
}

/* `prep` holds the preparation that o points to where one is asked for. */
static nps_status take_trace_options(const nps_request *req, const nps_intake *in, nps_match_options *o,
                                     nps_trace_prep *prep, nps_err *err)
{
    const char *prepare = nps_intake_value(in, req, "prepare"), *max_lag = nps_intake_value(in, req, "max_lag"),
               *mixture = nps_intake_value(in, req, "mixture");
    size_t flag = 1;
    if (prepare && *prepare) {
        nps_err why;
        if (nps_trace_prep_parse(nps_span_of(prepare), prep, &why) != NPS_OK)
            return nps_fail(err, NPS_E_RANGE, "'prepare': %s", why.msg);
        o->trace_prep = prep;
    }
    if (max_lag && !nps_cli_double(max_lag, 0, NPS_IR_LAG_MAX * NPS_IR_GRID_DX, &o->max_lag_cm1))
        return nps_fail(err, NPS_E_RANGE, "'max_lag' is outside 0..20");
    if (mixture && !nps_cli_size(mixture, 0, 1, &flag))
        return nps_fail(err, NPS_E_RANGE, "'mixture' is neither 0 nor 1");
    o->with_mixture = flag == 1;
    return NPS_OK;
}

static nps_status take_options(const nps_app *app, const nps_request *req, const nps_intake *in, nps_match_options *o,
                               nps_trace_prep *prep, bool *with_spectra, nps_err *err)
{
    const char *alpha = nps_intake_value(in, req, "alpha"), *top = nps_intake_value(in, req, "top"),
               *spectrum = nps_intake_value(in, req, "spectrum");
    size_t flag = 0;
    *o = nps_match_options_default();
    if (app->config.calibration[0])
        o->own_calibration = app->own.technique;
    if (alpha && !nps_cli_double(alpha, 1e-6, 0.5, &o->alpha))
        return nps_fail(err, NPS_E_RANGE, "'alpha' is outside 0.000001..0.5");
    if (top && !nps_cli_size(top, 1, 100, &o->top))
        return nps_fail(err, NPS_E_RANGE, "'top' is outside 1..100");
    if (spectrum && !nps_cli_size(spectrum, 0, 1, &flag))
        return nps_fail(err, NPS_E_RANGE, "'spectrum' is neither 0 nor 1");
    *with_spectra = flag == 1;
    return take_trace_options(req, in, o, prep, err);
}

static nps_status take_control(const nps_app *app, const nps_request *req, const nps_intake *in, nps_judgement *j, nps_err *err)
{
    const char *words = nps_intake_value(in, req, "control");
    unsigned filter = 0;
    nps_err why;
    if (words && !nps_control_filter_parse(nps_span_of(words), &filter))
        return nps_fail(err, NPS_E_RANGE, "'control' takes " NPS_CONTROL_FILTER_WORDS);
    nps_cli_today(j->today);
    j->control = nps_control_slot_acquire(app->control);
    /* Whoever may see restricted lists: the one place to ask, with api_control.c. */
    nps_status st = nps_control_view_init(j->control, nps_intake_value(in, req, "date"), j->today, req->is_admin, filter,
                                          &j->view, &why);
    return st == NPS_OK ? st : nps_fail(err, st, "'date': %s", why.msg);
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

nps_status nps_judge(nps_app *app, const nps_request *req, nps_intake *in, nps_reply *reply,
                     nps_judgement *ret_judgement, bool *ret_judged, nps_err *err)
{
    nps_match_options o;
    nps_trace_prep prep;
    nps_judgement j = {0};
    unsigned slot;
    nps_status st = take_options(app, req, in, &o, &prep, &j.with_spectra, err);
    if (st == NPS_OK)
        st = take_control(app, req, in, &j, err);
    if (st == NPS_OK)
        st = nps_gate_enter(app->gate, app->config.search_wait_ms, &slot, err);
    if (st != NPS_OK) {
        nps_judgement_done(&j);
        return st;
    }
    st = nps_intake_read(in, err);
    atomic_fetch_add(&app->metrics.broken_records, in->n_failed);
    if (st == NPS_OK && in->n_spectrum) {
        j.lib = nps_slot_acquire(app->library);
        st = nps_match_sample(j.lib, (const nps_spectrum *const *)in->spectrum, in->n_spectrum, &o, app->workspace[slot],
                              &j.verdict, err);
    }
    nps_gate_leave(app->gate, slot);
    if (st != NPS_OK) {
        nps_judgement_done(&j);
        return st;
    }
    if (j.verdict)
        atomic_fetch_add(&app->metrics.verdicts[j.verdict->outcome], 1);
    else
        reply_unreadable(reply, req, in);
    *ret_judged = j.verdict != NULL;
    *ret_judgement = j;
    if (j.verdict)
        nps_control_attach(&ret_judgement->view, ret_judgement->verdict);
    return NPS_OK;
}

void nps_judgement_put(nps_jw *w, const char *key, const nps_judgement *j, const nps_intake *in, const char *sample)
{
    nps_jw_sample_verdict(w, key, j->lib, j->verdict, sample, j->today,
                          (const nps_spectrum *const *)in->spectrum, j->with_spectra);
    nps_jw_reopen(w);
    nps_intake_put_problems(w, in);
    nps_jw_end(w);
}
