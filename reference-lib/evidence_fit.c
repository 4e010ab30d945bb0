#include "reference-lib/evidence_fit.h"

#include "core/mem.h"
#include "core/stats.h"
#include "reference-lib/workspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double without_weight = 0.5;

void nps_fit_data_done(nps_fit_data *d)
{
    free(d->feature);
    free(d->option);
    free(d->question);
    free(d->right);
    free(d->none);
    free(d->weight);
    *d = (nps_fit_data){.technique = d->technique};
}

bool nps_is_substance(const void *arg, uint32_t substance)
{
    return *(const uint32_t *)arg == substance;
}

static nps_status add_question(nps_fit_data *d, bool none, double weight, nps_err *err)
{
    nps_status st = nps_grow(&d->none, &d->cap_none, d->n_question + 1, sizeof *d->none, UINT32_MAX, err);
    if (st == NPS_OK)
        st = nps_grow(&d->weight, &d->cap_weight, d->n_question + 1, sizeof *d->weight, UINT32_MAX, err);
    if (st != NPS_OK)
        return st;
    d->none[d->n_question] = none;
    d->weight[d->n_question++] = weight;
    return NPS_OK;
}

static nps_status add_option(nps_fit_data *d, bool right, nps_err *err)
{
    nps_status st = nps_grow(&d->question, &d->cap_question, d->n_option + 1, sizeof *d->question, UINT32_MAX, err);
    if (st == NPS_OK)
        st = nps_grow(&d->right, &d->cap_right, d->n_option + 1, sizeof *d->right, UINT32_MAX, err);
    if (st != NPS_OK)
        return st;
    d->question[d->n_option] = (uint32_t)(d->n_question - 1);
    d->right[d->n_option++] = right;
    return NPS_OK;
}

static nps_status add_row(nps_fit_data *d, const double *feature, nps_err *err)
{
    nps_status st = nps_grow(&d->feature, &d->cap_feature, d->n_row + 1, NPS_FEATURE_MAX * sizeof *d->feature, UINT32_MAX, err);
    if (st == NPS_OK)
        st = nps_grow(&d->option, &d->cap_option, d->n_row + 1, sizeof *d->option, UINT32_MAX, err);
    if (st != NPS_OK)
        return st;
    memcpy(d->feature + d->n_row * NPS_FEATURE_MAX, feature, NPS_FEATURE_MAX * sizeof *feature);
    d->option[d->n_row++] = (uint32_t)(d->n_option - 1);
    return NPS_OK;
}

/* So that what is fitted does not depend on the coefficients that the entries were ranked by. */
static int by_substance_then_entry(const void *a, const void *b)
{
    const nps_candidate *x = a, *y = b;
    if (x->substance != y->substance)
        return x->substance < y->substance ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* One question: the entries looked at, by substance, all or without the truth. */
static nps_status add_entries(nps_fit_data *d, const nps_workspace *w, const bool *truth, bool without, nps_err *err)
{
    nps_status st = add_question(d, without, without ? without_weight : 1, err);
    for (size_t i = 0; i < w->n_seen && st == NPS_OK; i++) {
        if (truth[i] && without)
            continue;
        if (!i || w->seen[i].substance != w->seen[i - 1].substance)
            st = add_option(d, truth[i], err);
        if (st == NPS_OK)
            st = add_row(d, nps_candidate_features(w, &w->seen[i]), err);
    }
    return st;
}

nps_status nps_fit_ask(nps_fit_data *d, const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                       const nps_filter *f, nps_is_truth *is_truth, const void *arg, nps_workspace *w, nps_err *err)
{
    nps_candidates c;
    nps_status st = nps_find_candidates(lib, q, o, f, w, &c, err);
    if (st != NPS_OK)
        return st;
    nps_candidates_done(&c);
    NPS_AUTO_MEM(bool *) truth = nps_array(w->n_seen, sizeof *truth);
    if (!truth)
        return nps_fail_nomem(err);
    if (w->n_seen)
        qsort(w->seen, w->n_seen, sizeof *w->seen, by_substance_then_entry);
    bool found = false;
    for (size_t i = 0; i < w->n_seen; i++) {
        truth[i] = is_truth && is_truth(arg, w->seen[i].substance);
        found = found || truth[i];
    }
    if (found)
        st = add_entries(d, w, truth, false, err);
    return st == NPS_OK ? add_entries(d, w, truth, true, err) : st;
}

/* --- fitting ------------------------------------------------------------------------------------------------------------- */

static nps_choice_data view(const nps_fit_data *d)
{
    return (nps_choice_data){.n_feature = NPS_FEATURE_MAX,
                             .n_row = d->n_row,
                             .n_option = d->n_option,
                             .n_question = d->n_question,
                             .feature = d->feature,
                             .option = d->option,
                             .question = d->question,
                             .right = d->right,
                             .none = d->none,
                             .weight = d->weight};
}

static void flatten(const nps_evidence_model *m, double flat[NPS_FEATURE_MAX + 1])
{
    memcpy(flat, m->weight, sizeof m->weight);
    flat[NPS_FEATURE_MAX] = m->intercept;
}

/* Evidence of each option, and of each question's best. */
typedef struct {
    double *option;        /* [n_option] */
    double *best, *crowd;  /* [n_question]; best -INFINITY without a candidate */
    uint8_t *best_right;
    uint32_t *row;         /* [n_option] its best row */
} weighed;

static void weighed_done(weighed *x)
{
    free(x->option);
    free(x->best);
    free(x->crowd);
    free(x->best_right);
    free(x->row);
}

static nps_status weigh(const nps_fit_data *d, const nps_evidence_model *m, weighed *x, nps_err *err)
{
    *x = (weighed){nps_array(d->n_option, sizeof(double)), nps_array(d->n_question, sizeof(double)),
                   nps_array(d->n_question, sizeof(double)), nps_array(d->n_question, 1), nps_array(d->n_option, sizeof(uint32_t))};
    if (!x->option || !x->best || !x->crowd || !x->best_right || !x->row)
        return nps_fail_nomem(err);
    for (size_t o = 0; o < d->n_option; o++)
        x->option[o] = -INFINITY;
    for (size_t r = 0; r < d->n_row; r++) {
        double z = nps_evidence_sum(m, d->feature + r * NPS_FEATURE_MAX);
        if (z > x->option[d->option[r]]) {
            x->option[d->option[r]] = z;
            x->row[d->option[r]] = (uint32_t)r;
        }
    }
    for (size_t k = 0; k < d->n_question; k++)
        x->best[k] = -INFINITY;
    for (size_t o = 0; o < d->n_option; o++)
        if (x->option[o] > x->best[d->question[o]]) {
            x->best[d->question[o]] = x->option[o];
            x->best_right[d->question[o]] = d->right[o];
        }
    for (size_t o = 0; o < d->n_option; o++)
        x->crowd[d->question[o]] += exp(x->option[o] - x->best[d->question[o]]);
    for (size_t k = 0; k < d->n_question; k++)
        x->crowd[k] = x->crowd[k] > 0 ? log(x->crowd[k]) : 0;
    return NPS_OK;
}

/* Whether the library holds the substance, from the best evidence and the crowd behind it. */
static nps_status fit_known(const nps_fit_data *d, const weighed *x, const nps_evidence_model *prior, double ridge, double ret[3],
                            nps_err *err)
{
    enum { FEATURES = 2 };
    NPS_AUTO_MEM(double *) feature = nps_array(d->n_question, FEATURES * sizeof *feature);
    NPS_AUTO_MEM(uint32_t *) number = nps_array(d->n_question, sizeof *number);
    NPS_AUTO_MEM(uint8_t *) right = nps_array(d->n_question, 1);
    NPS_AUTO_MEM(uint8_t *) none = nps_array(d->n_question, 1);
    NPS_AUTO_MEM(double *) weight = nps_array(d->n_question, sizeof *weight);
    if (!feature || !number || !right || !none || !weight)
        return nps_fail_nomem(err);
    size_t n = 0;
    for (size_t k = 0; k < d->n_question; k++) {
        if (!isfinite(x->best[k]))
            continue;
        feature[FEATURES * n] = x->best[k];
        feature[FEATURES * n + 1] = x->crowd[k];
        number[n] = (uint32_t)n;
        none[n] = d->none[k];
        right[n] = !d->none[k];
        weight[n++] = d->weight[k];
    }
    static const int sign[FEATURES] = {1, 0};
    const nps_choice_data data = {FEATURES, n, n, n, feature, number, number, right, none, weight};
    const double drawn_to[FEATURES + 1] = {prior ? prior->known[1] : 0, prior ? prior->known[2] : 0, prior ? prior->known[0] : 0};
    double fitted[FEATURES + 1], loss;
    nps_status st = nps_choice_fit(&data, sign, prior ? drawn_to : NULL, prior ? ridge : 1e-4, fitted, &loss, err);
    if (st == NPS_OK) {
        ret[0] = fitted[FEATURES];
        ret[1] = fitted[0];
        ret[2] = fitted[1];
    }
    return st;
}

/* Means over the best rows of the right options. */
static void set_typical(const nps_fit_data *d, const weighed *x, nps_evidence_model *m)
{
    size_t n = 0;
    memset(m->typical, 0, sizeof m->typical);
    for (size_t o = 0; o < d->n_option; o++) {
        if (!d->right[o])
            continue;
        n++;
        for (size_t j = 0; j < NPS_FEATURE_MAX; j++)
            m->typical[j] += d->feature[(size_t)x->row[o] * NPS_FEATURE_MAX + j];
    }
    for (size_t j = 0; j < NPS_FEATURE_MAX && n; j++)
        m->typical[j] /= (double)n;
}

nps_status nps_fit_model(const nps_fit_data *d, const nps_evidence_model *prior, double ridge, nps_evidence_model *ret,
                         double *ret_loss, nps_err *err)
{
    size_t n_feature;
    const nps_feature *f = nps_evidence_features(d->technique, &n_feature);
    int sign[NPS_FEATURE_MAX] = {0};
    double flat[NPS_FEATURE_MAX + 1], fitted[NPS_FEATURE_MAX + 1];
    for (size_t i = 0; i < n_feature; i++)
        sign[i] = f[i].sign;
    if (prior)
        flatten(prior, flat);
    nps_choice_data data = view(d);
    nps_status st = nps_choice_fit(&data, sign, prior ? flat : NULL, ridge, fitted, ret_loss, err);
    if (st != NPS_OK)
        return st;
    memcpy(ret->weight, fitted, sizeof ret->weight);
    ret->intercept = fitted[NPS_FEATURE_MAX];
    weighed x;
    st = weigh(d, ret, &x, err);
    if (st == NPS_OK) {
        set_typical(d, &x, ret);
        st = fit_known(d, &x, prior, ridge, ret->known, err);
    }
    weighed_done(&x);
    return st;
}

/* --- how two parts of conformity share out errors ------------------------------------------------------------------------ */

typedef struct {
    double *odds; /* [n] novelty * ln odds that the library holds it */
    double *gap;  /* [n] how far the truth lies behind the best */
    size_t n;
} known_answers;

static nps_status answer_known(const nps_fit_data *d, const nps_evidence_model *m, known_answers *ret, nps_err *err)
{
    weighed x;
    nps_status st = weigh(d, m, &x, err);
    known_answers k = {nps_array(d->n_option, sizeof(double)), nps_array(d->n_option, sizeof(double)), 0};
    if (st == NPS_OK && !(k.odds && k.gap))
        st = nps_fail_nomem(err);
    for (size_t o = 0; st == NPS_OK && o < d->n_option; o++) {
        uint32_t q = d->question[o];
        if (!d->right[o])
            continue;
        k.odds[k.n] = m->novelty * nps_evidence_known(m, x.best[q], x.crowd[q]);
        k.gap[k.n++] = x.best[q] - x.option[o];
    }
    weighed_done(&x);
    *ret = k;
    return st;
}

static void known_answers_done(known_answers *k)
{
    free(k->odds);
    free(k->gap);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* How many answers fall short at alpha 0.05, and how many of them by the odds. */
static void count_short(known_answers *k, double room, size_t *ret_all, size_t *ret_by_odds, double *conformity)
{
    for (size_t i = 0; i < k->n; i++)
        conformity[i] = fmin(k->odds[i], room - k->gap[i]);
    qsort(conformity, k->n, sizeof *conformity, ascending);
    size_t rank = nps_conformal_rank(k->n, 0.05, 0);
    double threshold = conformity[rank ? rank - 1 : 0];
    *ret_all = rank ? rank - 1 : 0;
    *ret_by_odds = 0;
    for (size_t i = 0; i < k->n; i++)
        *ret_by_odds += k->odds[i] < threshold;
}

static double room_for(known_answers *k, size_t all, size_t by_odds, double *sorted)
{
    memcpy(sorted, k->odds, k->n * sizeof *sorted);
    qsort(sorted, k->n, sizeof *sorted, ascending);
    double least = sorted[by_odds];
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++)
        if (k->odds[i] >= least)
            sorted[n++] = k->gap[i];
    qsort(sorted, n, sizeof *sorted, ascending);
    size_t by_gap = all > by_odds ? all - by_odds : 0;
    return least + sorted[n > by_gap ? n - 1 - by_gap : 0];
}

nps_status nps_fit_room(const nps_fit_data *d, const nps_evidence_model *ruleset, nps_evidence_model *m, nps_err *err)
{
    enum { ENOUGH = 40 };
    known_answers before = {0}, after = {0};
    NPS_AUTO_MEM(double *) scratch = nps_array(d->n_option, sizeof *scratch);
    nps_status st = scratch ? answer_known(d, ruleset, &before, err) : nps_fail_nomem(err);
    if (st == NPS_OK)
        st = answer_known(d, m, &after, err);
    if (st == NPS_OK && before.n >= ENOUGH) {
        size_t all, by_odds;
        count_short(&before, ruleset->room, &all, &by_odds, scratch);
        m->room = room_for(&after, all, by_odds, scratch);
    }
    known_answers_done(&before);
    known_answers_done(&after);
    return st;
}

nps_status nps_fit_loss(const nps_fit_data *d, const nps_evidence_model *m, double *ret_loss, nps_err *err)
{
    double flat[NPS_FEATURE_MAX + 1];
    nps_choice_data data = view(d);
    flatten(m, flat);
    return nps_choice_loss(&data, flat, ret_loss, err);
}

nps_status nps_fit_answers(const nps_fit_data *d, const nps_evidence_model *m, nps_fit_answer *ret, nps_err *err)
{
    weighed x;
    nps_status st = weigh(d, m, &x, err);
    for (size_t k = 0; st == NPS_OK && k < d->n_question; k++) {
        bool any = isfinite(x.best[k]);
        double known = any ? 1 / (1 + exp(-nps_evidence_known(m, x.best[k], x.crowd[k]))) : 0;
        ret[k] = (nps_fit_answer){.p = any ? known * exp(-x.crowd[k]) : 0,
                                  .right = x.best_right[k],
                                  .known = known,
                                  .is_known = !d->none[k],
                                  .weight = d->weight[k]};
    }
    weighed_done(&x);
    return st;
}
