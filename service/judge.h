/* From spectra to the answer, on one pinned generation: what identify, samples, batches, second judgements and replays share.
 *
 * A question is everything that decides an answer besides the spectra and what the service holds. Its text is kept with each
 * stored answer, so that the answer can be given again, bit for bit. */
#ifndef NPS_SERVICE_JUDGE_H
#define NPS_SERVICE_JUDGE_H

#include "reference-lib/control_view.h"
#include "service/app.h"
#include "service/intake.h"
#include "service/reference_key.h"
#include "service/sample_facts.h"

#define NPS_QUESTION_KEYS "alpha top spectrum prepare max_lag mixture date control"

typedef struct {
    nps_match_options match; /* trace_prep points to prep where has_prep */
    nps_trace_prep prep;
    bool has_prep, with_spectra;
    unsigned control_filter;
    char date[11];           /* of the seizure, "": not said */
    /* What the caller may see; not part of what he asks. */
    bool is_member;          /* the members' part */
    bool sees_restricted;    /* restricted lists of control status */
    bool asks_closed;        /* whether closed parts of others have a match */
    bool closed_refused;     /* they are not asked because the quota is used up */
    char organisation[NPS_ACCOUNT_ID]; /* whose closed part is shown in full; "" for nobody's */
} nps_question;

/* Takes alpha (1e-6 .. 0.5), top (1 .. 100), spectrum (0, 1), mixture (0, 1), date, control (NPS_CONTROL_FILTER_WORDS), prepare
 * (spectra/trace_prep.h) and max_lag (0 .. 20 1/cm). Errors: NPS_E_RANGE naming the parameter. */
NPS_MUST_CHECK nps_status nps_question_take(nps_fact_lookup *lookup, void *arg, nps_question *ret_question, nps_err *err);
/* "key=value" lines, which nps_question_parse takes back. */
void nps_question_text(const nps_question *q, nps_buf *out);
NPS_MUST_CHECK nps_status nps_question_parse(const char *text, nps_question *ret_question, nps_err *err);

/* "key=value" lines by key, as a place to look up (NULL where there is none). Errors: NPS_E_CORRUPT. */
enum { NPS_LINES_MAX = 32 };
typedef struct {
    char key[NPS_LINES_MAX][16], value[NPS_LINES_MAX][1200];
    size_t n;
} nps_lines;
NPS_MUST_CHECK nps_status nps_lines_parse(const char *text, nps_lines *ret_lines, nps_err *err);
const char *nps_lines_look_up(void *lines, const char *key);

typedef struct {
    const char *class_name; /* "" where it is not known */
    double score;           /* rounded down to 0.1 */
} nps_closed_match;

typedef struct {
    nps_holding *held;      /* pinned */
    const nps_library *lib; /* the part of it that was asked */
    nps_sample_verdict *verdict;
    const nps_library *own_lib; /* the closed part of the caller's organisation; NULL: none */
    nps_sample_verdict *own;
    nps_closed_match *match; /* [n_match] what lies in closed parts of others, by class */
    size_t n_match;
    char (*relied)[NPS_REFERENCE_KEY]; /* [n_relied] references that the answer rests on, ascending */
    size_t n_relied;
    nps_control *control;   /* pinned tables of control status, which the view asks */
    nps_control_view view;  /* the verdicts point to it */
    char today[11];
    nps_question question;
} nps_judgement;
void nps_judgement_done(nps_judgement *j);

/* What the service holds at the moment; borrowed. */
typedef struct {
    nps_holding *held;
    const nps_calibration *own_calibration; /* [NPS_TECH_COUNT] or NULL */
    nps_control *control;
} nps_judge_means;

/* Judges spectra. *ret_judgement must stay where it is until nps_judgement_done. Computes: within the gate.
 * Errors: NPS_E_LIMIT for too many spectra, NPS_E_RANGE, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_judge_spectra(const nps_judge_means *with, const nps_question *q, const nps_spectrum *const *spectra, size_t n,
                                            const char *today, nps_workspace *w, nps_judgement *ret_judgement, nps_err *err);

/* For a request: takes the question with the caller's rights and his quota, waits for a slot, reads and judges. When no record
 * could be read, the reply is the problem (422 or 415) and *ret_judged is false.
 * Errors: as above; NPS_E_BUSY from the gate. */
NPS_MUST_CHECK nps_status nps_judge(nps_app *app, const nps_request *req, nps_intake *in, nps_reply *reply,
                                    nps_judgement *ret_judgement, bool *ret_judged, nps_err *err);

/* For stored files: the same by a question's text, of an organisation. in->n_spectrum is 0 when nothing could be read; then
 * nothing was judged. */
NPS_MUST_CHECK nps_status nps_judge_stored(nps_app *app, nps_intake *in, const char *question, const char *organisation, bool asks_closed,
                                           nps_judgement *ret_judgement, nps_err *err);

/* The verdict object with what closed parts hold and its problems, as value of key. */
void nps_judgement_put(nps_jw *w, const char *key, const nps_judgement *j, const nps_intake *in, const char *sample);

/* What is stored with a sample; texts are borrowed from *j and from the buffers, which the caller keeps. */
NPS_MUST_CHECK nps_status nps_judgement_record(const nps_app *app, const nps_judgement *j, const nps_intake *in, const char *sample,
                                               const char *reason, int64_t now_ms, nps_buf *verdict, nps_buf *options,
                                               const char **relied, nps_store_evaluation *ret_evaluation, nps_err *err);

#endif
