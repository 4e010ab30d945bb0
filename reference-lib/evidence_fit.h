/* Fitting the evidence model to replicates: the table of the ruleset (benchmarks/fit_evidence.c), and a laboratory's own
 * (npswatch calibrate). Each replicate is asked twice: as it is, and as if its substance were not in the library. */
#ifndef NPS_REFERENCE_LIB_EVIDENCE_FIT_H
#define NPS_REFERENCE_LIB_EVIDENCE_FIT_H

#include "core/choice.h"
#include "reference-lib/candidates.h"

/* Questions of one technique. Growing arrays of nps_choice_data. */
typedef struct {
    nps_technique technique;
    double *feature; /* [n_row][NPS_FEATURE_MAX] */
    uint32_t *option, *question;
    uint8_t *right, *none;
    double *weight;
    size_t n_row, n_option, n_question;
    size_t cap_feature, cap_option, cap_question, cap_right, cap_none, cap_weight;
} nps_fit_data;
void nps_fit_data_done(nps_fit_data *d);

typedef bool nps_is_truth(const void *arg, uint32_t substance);
bool nps_is_substance(const void *arg, uint32_t substance); /* arg: const uint32_t *, the one */

/* Asks a prepared query and adds what it found: with the truth among the candidates (weight 1; not where none of them is it), and
 * without (weight 1/2). is_truth NULL: the truth is not in the library, only the second.
 * Errors: those of nps_find_candidates. */
NPS_MUST_CHECK nps_status nps_fit_ask(nps_fit_data *d, const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                      const nps_filter *f, nps_is_truth *is_truth, const void *arg, nps_workspace *w, nps_err *err);

/* Fits a model. A model for use needs novelty, room and uncalibrated besides. @param prior  weights are drawn towards it with strength `ridge`; NULL: towards 0
 * @param ret  intercept, weight, typical and known are set
 * @param ret_loss  mean of -ln P of the right answer, in and out of the library
 * Errors: NPS_E_RANGE without questions, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_fit_model(const nps_fit_data *d, const nps_evidence_model *prior, double ridge,
                                        nps_evidence_model *ret, double *ret_loss, nps_err *err);

/* Sets m->room so that m's two parts of conformity (evidence.h) share out errors as the ruleset's do: as many of these questions'
 * truths fall short by the odds that the library holds them, and as many by their distance to the best, at alpha 0.05. Fitted
 * evidence has another scale, and with the ruleset's room one of the two would spend nearly all. Nothing changes with fewer than 40
 * questions whose truth is among the candidates. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_fit_room(const nps_fit_data *d, const nps_evidence_model *ruleset, nps_evidence_model *m, nps_err *err);

/* The same loss under a given model. */
NPS_MUST_CHECK nps_status nps_fit_loss(const nps_fit_data *d, const nps_evidence_model *m, double *ret_loss, nps_err *err);

/* One answer of a model: what it says of its best candidate, and whether that is true. */
typedef struct nps_fit_answer {
    double p;  /* [0, 1] stated probability of the best candidate */
    bool right;
    double known;  /* [0, 1] stated probability that the library holds the substance */
    bool is_known;
    double weight;
} nps_fit_answer;
/* @param ret  [d->n_question]. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_fit_answers(const nps_fit_data *d, const nps_evidence_model *m, nps_fit_answer *ret, nps_err *err);

#endif
