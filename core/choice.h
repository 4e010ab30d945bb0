/* Conditional logit: which of several options is right, or none of them, from features of each option alone.
 * P(option c) = exp(z_c) / (1 + sum of exp(z)), P(none) = 1 / (1 + sum of exp(z)), z = intercept + weight . feature; an option
 * that has several rows counts with its best one. Source: McFadden 1974, Conditional logit analysis of qualitative choice
 * behavior, in Zarembka (ed.), Frontiers in Econometrics, 105-142. */
#ifndef NPS_CORE_CHOICE_H
#define NPS_CORE_CHOICE_H

#include "core/err.h"

#include <stdint.h>

typedef struct {
    size_t n_feature, n_row, n_option, n_question;
    const double *feature;    /* [n_row][n_feature] */
    const uint32_t *option;   /* [n_row] ascending: rows of one option stand together */
    const uint32_t *question; /* [n_option] ascending */
    const uint8_t *right;     /* [n_option] 1: this option is right */
    const uint8_t *none;      /* [n_question] 1: no option is right. A question with neither counts as if it were not there */
    const double *weight;     /* [n_question] > 0 */
} nps_choice_data;

/* Fits by BFGS (GSL) what minimises the mean of -ln P(right) plus ridge * sum of (weight - prior)^2 over features in units of
 * their standard deviation. @param sign  [n_feature] +1, -1: the weight keeps that sign or is 0; 0: free
 * @param opt_prior  [n_feature + 1] weights, then the intercept, where the search begins; NULL: zeros as the prior
 * @param ret  [n_feature + 1] weights and intercept, *ret_loss the mean of -ln P
 * Errors: NPS_E_RANGE without a question or feature; NPS_E_NOMEM. Deterministic. */
NPS_MUST_CHECK nps_status nps_choice_fit(const nps_choice_data *d, const int *sign, const double *opt_prior, double ridge,
                                         double *ret, double *ret_loss, nps_err *err);

/* Mean of -ln P(right) under given weights and intercept. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_choice_loss(const nps_choice_data *d, const double *model, double *ret_loss, nps_err *err);

#endif
