#include "reference-lib/calibrate_impl.h"

#include "core/stats.h"
#include "reference-lib/ir.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How strongly a refit is drawn to the ruleset's coefficients, and what it must gain on the substances held out to be used. */
static const double refit_ridge = 0.1, refit_gain = 0.01;

void nps_own_calibration_done(nps_own_calibration *own)
{
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        nps_own_technique *x = &own->technique[t];
        free(x->conformity);
        free(x->kind);
        free(x->model);
        free(x->before);
        free(x->after);
    }
    *own = (nps_own_calibration){0};
}

static bool names_substance(const nps_library *lib, uint32_t s, const char *truth)
{
    const char *key = nps_library_text(lib, lib->sub_inchikey[s]);
    if (*key)
        return strncmp(key, truth, 14) == 0 && (truth[14] == '\0' || truth[14] == '-');
    return strcmp(nps_library_text(lib, lib->sub_name[s]), truth) == 0;
}

/* All that a key names is the truth: a labelled standard shares the block of its parent. */
typedef struct {
    const nps_library *lib;
    const char *key;
} named;

static bool is_named(const void *arg, uint32_t substance)
{
    const named *n = arg;
    return names_substance(n->lib, substance, n->key);
}

/* The first substance that a key names; false where the library has none. */
static bool find_named(const nps_library *lib, const char *key, uint32_t *ret_substance)
{
    uint32_t s = 0;
    while (s < lib->n_substance && !names_substance(lib, s, key))
        s++;
    *ret_substance = s;
    return s < lib->n_substance;
}

/* A case that can be asked. */
typedef struct {
    nps_prepared q;
    const char *truth;
    uint32_t substance; /* that the truth names, however it is written */
    size_t number;      /* of the case, so that the order is the same on every machine */
    bool held_out, first; /* not fitted on; the first one of its substance */
} asked_case;

/* *ret_left_out where the library lacks it, or where nothing of it can be compared, so that it would not be judged either. */
static nps_status prepare_case(const nps_library *lib, const nps_calibration_case *k, asked_case *ret, bool *ret_left_out,
                               nps_err *err)
{
    nps_technique t = k->query->technique;
    bool is_trace = !nps_technique_is_mass(t);
    nps_prepared p;
    *ret_left_out = true;
    if (!find_named(lib, k->truth, &ret->substance) || !nps_quality_is_usable(nps_quality_check(k->query)))
        return NPS_OK;
    nps_status st = nps_prepare(k->query, &lib->trace_prep[t], &p, err);
    if (st != NPS_OK)
        return is_trace && (st == NPS_E_RANGE || st == NPS_E_NUMERIC) ? NPS_OK : st;
    nps_ir_options o = nps_ir_options_of(t, &lib->trace_prep[t]);
    if (is_trace && nps_ir_points(p.grid, &o) < NPS_IR_COMMON_MIN) {
        nps_prepared_done(&p);
        return NPS_OK;
    }
    ret->q = p;
    *ret_left_out = false;
    return NPS_OK;
}

typedef struct {
    const nps_library *lib;
    nps_technique technique;
    asked_case *item;
    size_t n, cap, substances;
    bool refits;
    nps_workspace *w;
} case_group;

static int by_substance(const void *a, const void *b)
{
    const asked_case *x = a, *y = b;
    if (x->substance != y->substance)
        return x->substance < y->substance ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Every second substance is held out, with all its spectra; all are where there are too few to fit on. */
static void split(case_group *g)
{
    if (g->n)
        qsort(g->item, g->n, sizeof *g->item, by_substance);
    for (size_t i = 0; i < g->n; i++) {
        g->item[i].first = !i || g->item[i].substance != g->item[i - 1].substance;
        g->substances += g->item[i].first;
        g->item[i].held_out = g->substances % 2 == 0;
    }
    g->refits = g->substances >= NPS_REFIT_SUBSTANCES && nps_technique_is_mass(g->technique);
    for (size_t i = 0; i < g->n && !g->refits; i++)
        g->item[i].held_out = true;
}

static nps_status ask_all(const case_group *g, bool held_out, nps_fit_data *d, nps_err *err)
{
    nps_match_options o = nps_match_options_default();
    nps_status st = NPS_OK;
    for (size_t i = 0; i < g->n && st == NPS_OK; i++) {
        nps_filter f = nps_filter_all();
        named truth = {g->lib, g->item[i].truth};
        f.polarity = g->item[i].q.polarity;
        if (g->item[i].held_out == held_out)
            st = nps_fit_ask(d, g->lib, &g->item[i].q, &o, &f, is_named, &truth, g->w, err);
    }
    return st;
}

/* As many references as the library's own pairs found, which were asked with one entry, or one contributor, left out. */
static void leave_out_as_the_library(const case_group *g, const asked_case *c, nps_filter *f)
{
    const nps_library *lib = g->lib;
    bool cross = lib->calibration[g->technique].source == NPS_CALIBRATION_LIBRARY;
    uint32_t last = UINT32_MAX;
    size_t others = 0;
    for (uint64_t i = lib->sub_entry_at[c->substance + 1]; i-- > lib->sub_entry_at[c->substance];) {
        uint32_t e = lib->sub_entry[i];
        if (lib->entry_technique[e] != g->technique || (f->polarity && lib->entry_polarity[e] != f->polarity))
            continue;
        if (last == UINT32_MAX)
            last = e;
        else
            others += !cross || lib->entry_contributor[e] != lib->entry_contributor[last];
    }
    if (!others)
        return;
    f->self = last;
    f->substance = cross ? c->substance : f->substance;
    f->contributor = cross ? lib->entry_contributor[last] : f->contributor;
}

/* One case of each substance, as several are no independent pairs. TO_COMPARE: asked as the library's own pairs were. */
typedef enum { ALL, HELD_OUT, TO_COMPARE } which_cases;

/* Conformities of these under a model; ascending. */
static nps_status grade_all(const case_group *g, which_cases which, const nps_evidence_model *opt_model, nps_own_technique *x,
                            nps_err *err)
{
    NPS_AUTO_MEM(nps_graded *) graded = nps_array(g->n, sizeof *graded);
    nps_calibration with[NPS_TECH_COUNT] = {0};
    nps_match_options o = nps_match_options_default();
    nps_status st = graded ? NPS_OK : nps_fail_nomem(err);
    with[g->technique] = (nps_calibration){.n = 1, .model = opt_model};
    o.own_calibration = opt_model ? with : NULL;
    size_t n = 0;
    for (size_t i = 0; i < g->n && st == NPS_OK; i++) {
        nps_filter f = nps_filter_all();
        named truth = {g->lib, g->item[i].truth};
        f.polarity = g->item[i].q.polarity;
        if (which == TO_COMPARE)
            leave_out_as_the_library(g, &g->item[i], &f);
        if (g->item[i].first && (which != HELD_OUT || g->item[i].held_out))
            st = nps_grade(g->lib, &g->item[i].q, &o, &f, is_named, &truth, g->w, &graded[n++], err);
    }
    if (st != NPS_OK)
        return st;
    if (n)
        qsort(graded, n, sizeof *graded, nps_graded_ascending);
    free(x->conformity);
    free(x->kind);
    x->conformity = nps_array(n, sizeof *x->conformity);
    x->kind = nps_array(n, sizeof *x->kind);
    if (!x->conformity || !x->kind)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        x->conformity[i] = graded[i].conformity;
        x->kind[i] = graded[i].kind;
    }
    x->n = n;
    return NPS_OK;
}

/* Answers of the held-out cases by the ruleset's coefficients and, where there are enough substances, by refitted ones. */
static nps_status refit(const case_group *g, nps_own_technique *x, nps_err *err)
{
    nps_fit_data fitted = {.technique = g->technique}, tested = {.technique = g->technique};
    const nps_evidence_model *shipped = nps_evidence_model_of(g->technique);
    double loss;
    nps_status st = ask_all(g, true, &tested, err);
    x->n_answers = tested.n_question;
    x->before = nps_array(tested.n_question, sizeof *x->before);
    if (st == NPS_OK && !x->before)
        st = nps_fail_nomem(err);
    if (st == NPS_OK)
        st = nps_fit_answers(&tested, shipped, x->before, err);
    if (st == NPS_OK && tested.n_question)
        st = nps_fit_loss(&tested, shipped, &x->loss_before, err);
    if (st == NPS_OK && g->refits)
        st = ask_all(g, false, &fitted, err);
    if (st == NPS_OK && fitted.n_row && tested.n_question) {
        x->model = nps_array(1, sizeof *x->model);
        x->after = nps_array(tested.n_question, sizeof *x->after);
        st = x->model && x->after ? NPS_OK : nps_fail_nomem(err);
        if (st == NPS_OK) {
            *x->model = *shipped;
            x->model->provenance = "own replicates";
            st = nps_fit_model(&fitted, shipped, refit_ridge, x->model, &loss, err);
        }
        if (st == NPS_OK)
            st = nps_fit_room(&fitted, shipped, x->model, err);
        if (st == NPS_OK)
            st = nps_fit_loss(&tested, x->model, &x->loss_after, err);
        if (st == NPS_OK)
            st = nps_fit_answers(&tested, x->model, x->after, err);
        x->refitted = st == NPS_OK && x->loss_after < x->loss_before - refit_gain;
    }
    nps_fit_data_done(&fitted);
    nps_fit_data_done(&tested);
    return st;
}

/* One case a substance on both sides, as replicates of one substance agree alike and would count as several. */
static nps_status test_drift(const case_group *g, nps_own_technique *x, nps_err *err)
{
    const nps_calibration *lib = &g->lib->calibration[g->technique];
    x->drift_p = 1;
    if (!lib->n || (lib->source != NPS_CALIBRATION_LIBRARY && lib->source != NPS_CALIBRATION_WITHIN))
        return NPS_OK;
    nps_status st = grade_all(g, TO_COMPARE, NULL, x, err);
    if (st != NPS_OK)
        return st;
    x->drift_p = nps_same_distribution(x->conformity, x->n, lib->conformity, lib->n);
    x->drift = x->drift_p < NPS_DRIFT_LEVEL;
    return NPS_OK;
}

static nps_status calibrate_group(case_group *g, nps_own_technique *x, nps_err *err)
{
    split(g);
    x->substances = g->substances;
    nps_status st = test_drift(g, x, err);
    if (st == NPS_OK)
        st = refit(g, x, err);
    /* What a model was fitted on says nothing of its error rate. */
    return st == NPS_OK ? grade_all(g, x->refitted ? HELD_OUT : ALL, x->refitted ? x->model : NULL, x, err) : st;
}

nps_status nps_calibrate_cases(const nps_library *lib, const nps_calibration_case *cases, size_t n, nps_own_calibration *ret,
                               nps_err *err)
{
    NPS_AUTO(nps_workspace) w = NULL;
    nps_own_calibration own = {0};
    case_group g[NPS_TECH_COUNT] = {0};
    nps_status st = nps_workspace_new(&w, err);
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        case_group *of = &g[cases[i].query->technique];
        bool left_out = true;
        asked_case k = {.truth = cases[i].truth, .number = i};
        st = nps_grow(&of->item, &of->cap, of->n + 1, sizeof *of->item, SIZE_MAX / 512, err);
        if (st == NPS_OK)
            st = prepare_case(lib, &cases[i], &k, &left_out, err);
        if (st == NPS_OK && !left_out)
            of->item[of->n++] = k;
        own.left_out += st == NPS_OK && left_out;
    }
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        g[t].lib = lib;
        g[t].technique = t;
        g[t].w = w;
        if (st == NPS_OK && g[t].n)
            st = calibrate_group(&g[t], &own.technique[t], err);
        for (size_t i = 0; i < g[t].n; i++)
            nps_prepared_done(&g[t].item[i].q);
        free(g[t].item);
    }
    if (st == NPS_OK)
        *ret = own;
    else
        nps_own_calibration_done(&own);
    return st;
}
