/* What identify and samples share: from an intake to the verdict on one pinned generation, inside the gate. */
#ifndef NPS_SERVICE_JUDGE_H
#define NPS_SERVICE_JUDGE_H

#include "reference-lib/control_view.h"
#include "service/app.h"
#include "service/intake.h"

typedef struct {
    nps_library *lib; /* pinned */
    nps_sample_verdict *verdict;
    nps_control *control;  /* pinned tables of control status, which the view asks */
    nps_control_view view; /* the verdict points to it */
    char today[11];
    bool with_spectra; /* the caller asked for them */
} nps_judgement;
void nps_judgement_done(nps_judgement *j);

/* Takes alpha (1e-6 .. 0.5), top (1 .. 100), spectrum (0, 1), mixture (0, 1), date (day of the seizure, for control status),
 * control (which hits are listed, NPS_CONTROL_FILTER_WORDS), and for traces prepare (spectra/trace_prep.h) and
 * max_lag (0 .. 20 1/cm) from the parameters, waits for a slot, reads and matches.
 * When no record could be read, the reply is the problem (422 or 415) and *ret_judged is false.
 * *ret_judgement must stay where it is until nps_judgement_done.
 * Errors: NPS_E_RANGE for parameters, NPS_E_BUSY from the gate, NPS_E_LIMIT for too many spectra, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_judge(nps_app *app, const nps_request *req, nps_intake *in, nps_reply *reply,
                                    nps_judgement *ret_judgement, bool *ret_judged, nps_err *err);

/* The verdict object with its problems, as value of key. */
void nps_judgement_put(nps_jw *w, const char *key, const nps_judgement *j, const nps_intake *in, const char *sample);

#endif
