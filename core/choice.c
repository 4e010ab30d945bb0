#include "core/choice.h"

#include "core/mem.h"

#include <gsl/gsl_multimin.h>
#include <math.h>
#include <string.h>

static const double evidence_max = 40; /* keeps exp finite */
static const double zero_start = 0.1;  /* of a weight that has a sign and no prior, in standard deviations */

/* The model in units of the features' standard deviations; a weight with a sign s is s u^2. */
typedef struct {
    const nps_choice_data *d;
    const int *sign;
    double *scale, *centre, *prior; /* [n_feature] */
    bool *constant;                 /* [n_feature] the same in every row: says nothing, and keeps to its prior */
    double ridge, total;            /* sum of the questions' weights */
    double *z, *sum, *right;        /* [n_option], [n_question], [n_question] */
    uint32_t *best;                 /* [n_option] row */
    double *w, *slope;              /* [n_feature + 1] */
    bool *counted;                  /* [n_question] */
} problem;

static void problem_done(problem *p)
{
    free(p->scale);
    free(p->centre);
    free(p->prior);
    free(p->z);
    free(p->sum);
    free(p->right);
    free(p->best);
    free(p->w);
    free(p->slope);
    free(p->counted);
    free(p->constant);
}

static nps_status problem_begin(problem *p, nps_err *err)
{
    const nps_choice_data *d = p->d;
    p->scale = nps_array(d->n_feature, sizeof *p->scale);
    p->centre = nps_array(d->n_feature, sizeof *p->centre);
    p->prior = nps_array(d->n_feature, sizeof *p->prior);
    p->z = nps_array(d->n_option, sizeof *p->z);
    p->sum = nps_array(d->n_question, sizeof *p->sum);
    p->right = nps_array(d->n_question, sizeof *p->right);
    p->best = nps_array(d->n_option, sizeof *p->best);
    p->w = nps_array(d->n_feature + 1, sizeof *p->w);
    p->slope = nps_array(d->n_feature + 1, sizeof *p->slope);
    p->counted = nps_array(d->n_question, sizeof *p->counted);
    p->constant = nps_array(d->n_feature, sizeof *p->constant);
    if (!p->scale || !p->centre || !p->prior || !p->z || !p->sum || !p->right || !p->best || !p->w || !p->slope || !p->counted || !p->constant)
        return nps_fail_nomem(err);
    for (size_t k = 0; k < d->n_question; k++)
        p->counted[k] = d->none[k];
    for (size_t o = 0; o < d->n_option; o++)
        p->counted[d->question[o]] = p->counted[d->question[o]] || d->right[o];
    for (size_t k = 0; k < d->n_question; k++)
        p->total += p->counted[k] ? d->weight[k] : 0;
    return p->total > 0 ? NPS_OK : nps_fail(err, NPS_E_RANGE, "there is no question to fit on");
}

static void standardise(problem *p)
{
    const nps_choice_data *d = p->d;
    for (size_t j = 0; j < d->n_feature; j++) {
        double sum = 0, squares = 0;
        for (size_t r = 0; r < d->n_row; r++)
            sum += d->feature[r * d->n_feature + j];
        p->centre[j] = d->n_row ? sum / (double)d->n_row : 0;
        for (size_t r = 0; r < d->n_row; r++) {
            double x = d->feature[r * d->n_feature + j] - p->centre[j];
            squares += x * x;
        }
        double sd = d->n_row ? sqrt(squares / (double)d->n_row) : 0;
        p->constant[j] = !(sd > 1e-9);
        p->scale[j] = p->constant[j] ? 1 : sd;
    }
}

/* Evidence of each option by w over the features as they are. */
static double loss_of(problem *p, const double *w)
{
    const nps_choice_data *d = p->d;
    for (size_t o = 0; o < d->n_option; o++)
        p->z[o] = -INFINITY;
    for (size_t r = 0; r < d->n_row; r++) {
        double z = w[d->n_feature];
        for (size_t j = 0; j < d->n_feature; j++)
            z += w[j] * d->feature[r * d->n_feature + j];
        if (z > p->z[d->option[r]]) {
            p->z[d->option[r]] = z;
            p->best[d->option[r]] = (uint32_t)r;
        }
    }
    for (size_t k = 0; k < d->n_question; k++) {
        p->sum[k] = 1;
        p->right[k] = d->none[k];
    }
    for (size_t o = 0; o < d->n_option; o++) {
        double e = exp(fmax(-evidence_max, fmin(evidence_max, p->z[o])));
        p->sum[d->question[o]] += e;
        p->right[d->question[o]] += d->right[o] ? e : 0;
    }
    double loss = 0;
    for (size_t k = 0; k < d->n_question; k++)
        loss -= p->counted[k] ? d->weight[k] * log(p->right[k] / p->sum[k]) : 0;
    return loss / p->total;
}

/* From the unknowns of the search to weights over the features as they are. */
static void unfold(const problem *p, const gsl_vector *u, double *w)
{
    size_t n = p->d->n_feature;
    w[n] = gsl_vector_get(u, n);
    for (size_t j = 0; j < n; j++) {
        double x = gsl_vector_get(u, j), standard = p->sign[j] ? p->sign[j] * x * x : x;
        w[j] = standard / p->scale[j];
        w[n] -= w[j] * p->centre[j];
    }
}

static double both(const gsl_vector *u, problem *p, gsl_vector *opt_gradient)
{
    const nps_choice_data *d = p->d;
    size_t n = d->n_feature;
    unfold(p, u, p->w);
    double loss = loss_of(p, p->w);
    for (size_t j = 0; j < n; j++) {
        double away = p->w[j] * p->scale[j] - p->prior[j];
        loss += p->ridge * away * away;
    }
    if (!opt_gradient)
        return loss;
    double *slope = p->slope;
    memset(slope, 0, (n + 1) * sizeof *slope);
    for (size_t o = 0; o < d->n_option; o++) {
        uint32_t k = d->question[o];
        if (!p->counted[k] || fabs(p->z[o]) > evidence_max)
            continue;
        double e = exp(p->z[o]), by_z = d->weight[k] / p->total * (e / p->sum[k] - (d->right[o] ? e / p->right[k] : 0));
        const double *row = d->feature + (size_t)p->best[o] * n;
        for (size_t j = 0; j < n; j++)
            slope[j] += by_z * (row[j] - p->centre[j]);
        slope[n] += by_z;
    }
    gsl_vector_set(opt_gradient, n, slope[n]);
    for (size_t j = 0; j < n; j++) {
        double g = slope[j] / p->scale[j] + 2 * p->ridge * (p->w[j] * p->scale[j] - p->prior[j]);
        gsl_vector_set(opt_gradient, j, p->sign[j] ? g * 2 * p->sign[j] * gsl_vector_get(u, j) : g);
    }
    return loss;
}

static double value_of(const gsl_vector *u, void *p)
{
    return both(u, p, NULL);
}

static void slope_of(const gsl_vector *u, void *p, gsl_vector *g)
{
    both(u, p, g);
}

static void value_and_slope_of(const gsl_vector *u, void *p, double *value, gsl_vector *g)
{
    *value = both(u, p, g);
}

static void begin_at(const problem *p, const double *opt_prior, gsl_vector *u)
{
    size_t n = p->d->n_feature;
    double intercept = opt_prior ? opt_prior[n] : -1;
    for (size_t j = 0; j < n; j++) {
        double standard = opt_prior ? opt_prior[j] * p->scale[j] : p->constant[j] ? 0 : p->sign[j] * zero_start;
        intercept += opt_prior ? opt_prior[j] * p->centre[j] : 0;
        gsl_vector_set(u, j, p->sign[j] ? sqrt(fmax(0, p->sign[j] * standard)) : standard);
    }
    gsl_vector_set(u, n, intercept);
}

static void search(problem *p, gsl_multimin_fdfminimizer *m, gsl_vector *u)
{
    enum { STEPS_MAX = 600 };
    static const double first_step = 0.1, line = 0.1, small = 1e-5;
    gsl_multimin_function_fdf f = {value_of, slope_of, value_and_slope_of, p->d->n_feature + 1, p};
    gsl_multimin_fdfminimizer_set(m, &f, u, first_step, line);
    for (size_t i = 0; i < STEPS_MAX; i++)
        if (gsl_multimin_fdfminimizer_iterate(m) || gsl_multimin_test_gradient(m->gradient, small) == GSL_SUCCESS)
            break;
    unfold(p, gsl_multimin_fdfminimizer_x(m), p->w);
}

nps_status nps_choice_fit(const nps_choice_data *d, const int *sign, const double *opt_prior, double ridge, double *ret,
                          double *ret_loss, nps_err *err)
{
    problem p = {.d = d, .sign = sign, .ridge = ridge};
    gsl_multimin_fdfminimizer *m = NULL;
    gsl_vector *u = NULL;
    nps_status st = d->n_feature && d->n_row ? problem_begin(&p, err) : nps_fail(err, NPS_E_RANGE, "there is nothing to fit");
    if (st == NPS_OK) {
        standardise(&p);
        for (size_t j = 0; j < d->n_feature; j++)
            p.prior[j] = opt_prior ? opt_prior[j] * p.scale[j] : 0;
        m = gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, d->n_feature + 1);
        u = gsl_vector_alloc(d->n_feature + 1);
        st = m && u ? NPS_OK : nps_fail_nomem(err);
    }
    if (st == NPS_OK) {
        begin_at(&p, opt_prior, u);
        search(&p, m, u);
        memcpy(ret, p.w, (d->n_feature + 1) * sizeof *ret);
        *ret_loss = loss_of(&p, ret);
    }
    if (m)
        gsl_multimin_fdfminimizer_free(m);
    if (u)
        gsl_vector_free(u);
    problem_done(&p);
    return st;
}

nps_status nps_choice_loss(const nps_choice_data *d, const double *model, double *ret_loss, nps_err *err)
{
    problem p = {.d = d};
    nps_status st = problem_begin(&p, err);
    if (st == NPS_OK)
        *ret_loss = loss_of(&p, model);
    problem_done(&p);
    return st;
}
