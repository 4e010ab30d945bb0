#include "reference-lib/mixture.h"

#include "reference-lib/mixture_fit.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CANDIDATES = 128, /* by each search of the query ... */
    NEXT_CANDIDATES = 64 /* ... and of each residual */
};
/* Explains nearly as much: at least this part of what the component itself adds. */
static const double ALIKE = 0.9;

nps_mixture_rule nps_mixture_rule_of(nps_technique technique)
{
    if (technique >= NPS_TECH_IR)
        return (nps_mixture_rule){.worth = 0.5, .gain = 0.01, .sure = 0.85, .share = 0.03};
    return (nps_mixture_rule){.worth = 0.35, .gain = 0.03, .sure = 0.75, .share = 0.02};
}

bool nps_mixture_is_open(const nps_mixture *m, const nps_library *lib, const char *today)
{
    for (size_t i = 0; i < m->n; i++)
        if (!nps_library_entry_is_open(lib, m->component[i].entry, today))
            return false;
    return true;
}

static nps_status copy_trace(const float *y, nps_trace *ret, nps_err *err)
{
    size_t from = 0, to = NPS_IR_GRID_N;
    while (from < to && isnan(y[from]))
        from++;
    while (to > from && isnan(y[to - 1]))
        to--;
    if (to - from < 2)
        return NPS_OK;
    ret->y = nps_array(to - from, sizeof *ret->y);
    if (!ret->y)
        return nps_fail_nomem(err);
    ret->n = to - from;
    ret->x0_cm1 = NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)from;
    ret->dx_cm1 = NPS_IR_GRID_DX;
    for (size_t i = 0; i < ret->n; i++)
        ret->y[i] = isnan(y[from + i]) ? 0 : y[from + i];
    return NPS_OK;
}

nps_status nps_mixture_residual(const nps_mixture *m, const char *name, nps_spectrum **ret_spectrum, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    NPS_AUTO_BUF title = NPS_BUF_INIT(2000);
    nps_buf_printf(&title, "residual of %.1000s", name);
    nps_status st = nps_spectrum_new(&s, err);
    if (st == NPS_OK)
        st = nps_buf_check(&title, err);
    if (st == NPS_OK)
        st = nps_spectrum_set_text(s, NPS_TEXT_NAME, NPS_SPAN("Name"), nps_span_of(title.data), err);
    if (st == NPS_OK && m->residual_y)
        st = copy_trace(m->residual_y, &s->trace, err);
    for (size_t i = 0; i < m->residual.n && st == NPS_OK; i++)
        st =
            nps_peaks_push(&s->peaks, m->residual.mz[i], (double)m->residual.intensity[i], NULL, 0, m->residual.n, err);
    if (st != NPS_OK)
        return st;
    s->technique = m->technique;
    if (s->peaks.n || s->trace.n) {
        st = nps_spectrum_settle(s, err);
        if (st == NPS_OK)
            *ret_spectrum = nps_steal(s);
    } else {
        *ret_spectrum = NULL;
    }
    return st;
}

/* --- candidates
 * --------------------------------------------------------------------------------------------------------------- */

static nps_status add_found(nps_mixture_problem *p, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < p->w->top.n && st == NPS_OK; i++)
        st = nps_mixture_add_column(p, p->w->top.item[i].index, err);
    return st;
}

/* Entries that resemble the query or a residual, by the searches of their technique. The reverse search does not mind
 * what other components add; a residual has less of that, so there it is not made. */
static nps_status add_candidates(nps_mixture_problem *p, const nps_prepared *q, bool residual, nps_err *err)
{
    nps_filter f = nps_filter_all();
    size_t k = residual ? NEXT_CANDIDATES : FIRST_CANDIDATES;
    f.polarity = q->polarity;
    if (nps_mixture_is_trace(p)) {
        nps_ir_options o = *p->o;
        o.score = NPS_IR_CORRELATION;
        o.max_lag = 0;
        nps_status st = nps_search_ir(p->lib, q->grid, &o, &f, k, p->w, err);
        return st == NPS_OK ? add_found(p, err) : st;
    }
    nps_search_options o = {.mode = NPS_MODE_OPEN, .score = NPS_SCORE_WEIGHTED_COSINE, .tol_mz = p->tol_mz, .k = k};
    nps_status st = NPS_OK;
    for (o.reverse = !residual;; o.reverse = false) {
        st = nps_search(p->lib, q, &o, &f, p->w, err);
        if (st == NPS_OK)
            st = add_found(p, err);
        if (st != NPS_OK || !o.reverse)
            return st;
    }
}

/* Searches what is left for further candidates. A derivative cannot be taken twice, so then the first ones must do. */
static nps_status add_candidates_of_residual(nps_mixture_problem *p, const nps_mixture_selection *s, nps_err *err)
{
    nps_prepared r = {.technique = p->q->technique, .polarity = p->q->polarity};
    nps_peaks left = {0};
    nps_status st = NPS_OK;
    if (nps_mixture_is_trace(p)) {
        if (p->o->derivative)
            return NPS_OK;
        st = nps_mixture_left_trace(p, s, &r.grid, err);
    } else {
        st = nps_mixture_left_peaks(p, s, &left, err);
        if (st == NPS_OK && left.n)
            st = nps_prepare_peaks(nps_peaks_view(&left), &r, err);
    }
    if (st == NPS_OK && (nps_mixture_is_trace(p) || left.n))
        st = add_candidates(p, &r, true, err);
    nps_prepared_done(&r);
    nps_peaks_done(&left);
    return st;
}

/* --- selection
 * ---------------------------------------------------------------------------------------------------------------- */

static bool has_substance(const nps_mixture_problem *p, const nps_mixture_selection *s, uint32_t substance, size_t but)
{
    for (size_t i = 0; i < s->n; i++)
        if (i != but && p->pool[s->at[i]].substance == substance)
            return true;
    return false;
}

/* The best column in place `at`, which is put last: the only one that changes, so that its products are not kept. */
static nps_status best_in_place(const nps_mixture_problem *p, nps_mixture_products *g, const nps_mixture_selection *s,
                                size_t at, nps_mixture_selection *ret, nps_err *err)
{
    nps_mixture_selection trial = *s, best = {0};
    size_t last = s->n - 1;
    trial.at[at] = s->at[last];
    nps_status st = NPS_OK;
    for (size_t c = 0; c < p->n_pool && st == NPS_OK; c++) {
        if (has_substance(p, s, p->pool[c].substance, at))
            continue;
        trial.at[last] = c;
        st = nps_mixture_fit(p, g, &trial, err);
        if (trial.fit > best.fit * (1 + 1e-12))
            best = trial;
    }
    *ret = best;
    return st;
}

/* Takes out components that the fit does not use. */
static void drop_unused(nps_mixture_selection *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->x[i] > 0) {
            s->at[n] = s->at[i];
            s->x[n++] = s->x[i];
        }
    s->n = n;
}

/* One component more, then exchanges until nothing gets better. A new one may make an old one needless. */
static nps_status grow_selection(const nps_mixture_problem *p, nps_mixture_products *g, nps_mixture_selection *s,
                                 nps_err *err)
{
    nps_mixture_selection next = *s, better;
    next.at[next.n++] = 0;
    nps_status st = best_in_place(p, g, &next, next.n - 1, &better, err);
    if (st != NPS_OK || better.n == 0)
        return st;
    *s = better;
    for (size_t sweep = 0; sweep < NPS_MIXTURE_SWEEPS && s->n > 1; sweep++) {
        double before = s->fit;
        for (size_t i = 0; i < s->n && st == NPS_OK; i++) {
            /* The last one moves to place i when i is exchanged, so every component comes to the end once. */
            st = best_in_place(p, g, s, i, &better, err);
            if (st == NPS_OK && better.n && better.fit > s->fit * (1 + 1e-9))
                *s = better;
        }
        if (st != NPS_OK || !(s->fit > before * (1 + 1e-9)))
            break;
    }
    drop_unused(s);
    return st;
}

/* The fit without component i. */
static nps_status fit_without(const nps_mixture_problem *p, nps_mixture_products *g, const nps_mixture_selection *s,
                              size_t i, double *ret_fit, nps_err *err)
{
    nps_mixture_selection rest = *s;
    rest.at[i] = rest.at[--rest.n];
    nps_status st = rest.n ? nps_mixture_fit(p, g, &rest, err) : NPS_OK;
    *ret_fit = rest.n ? rest.fit : 0;
    return st;
}

static double signal_of(const nps_mixture_problem *p, const nps_mixture_selection *s, size_t i)
{
    return s->x[i] * p->pool[s->at[i]].sum;
}

static nps_status describe_component(const nps_mixture_problem *p, nps_mixture_products *g,
                                     const nps_mixture_selection *s, size_t i, nps_component *c, nps_err *err)
{
    double without = 0, all = 0;
    nps_status st = fit_without(p, g, s, i, &without, err);
    for (size_t k = 0; k < s->n; k++)
        all += signal_of(p, s, k);
    *c = (nps_component){.entry = p->pool[s->at[i]].entry,
                         .substance = p->pool[s->at[i]].substance,
                         .share = all > 0 ? signal_of(p, s, i) / all : 0,
                         .gain = fmin(1, fmax(0, s->fit - without) / p->norm2),
                         .worth = p->norm2 > without ? fmin(1, fmax(0, s->fit - without) / (p->norm2 - without)) : 0};
    return st;
}

/* Whether every component is worth its place. */
static nps_status is_worth(const nps_mixture_problem *p, nps_mixture_products *g, const nps_mixture_selection *s,
                           bool *ret, nps_err *err)
{
    nps_mixture_rule rule = nps_mixture_rule_of(p->q->technique);
    nps_status st = NPS_OK;
    *ret = true;
    for (size_t i = 0; i < s->n && st == NPS_OK; i++) {
        nps_component c;
        st = describe_component(p, g, s, i, &c, err);
        *ret =
            *ret && c.share >= rule.share && (c.worth >= rule.sure || (c.worth >= rule.worth && c.gain >= rule.gain));
    }
    return st;
}

/* --- the whole
 * --------------------------------------------------------------------------------------------------------------- */

static int largest_share_first(const void *a, const void *b)
{
    const nps_component *x = a, *y = b;
    if (x->share != y->share)
        return x->share > y->share ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

typedef struct {
    double fit;
    uint32_t substance;
} rival;

static int best_rival_first(const void *a, const void *b)
{
    const rival *x = a, *y = b;
    if (x->fit != y->fit)
        return x->fit > y->fit ? -1 : 1;
    return x->substance < y->substance ? -1 : x->substance > y->substance;
}

/* Substances that would do nearly as well in the place of component i. */
static nps_status find_alike(const nps_mixture_problem *p, nps_mixture_products *g, const nps_mixture_selection *s,
                             size_t i, nps_component *c, nps_err *err)
{
    NPS_AUTO_MEM(rival *) rivals = nps_array(p->n_pool, sizeof *rivals);
    double without = 0;
    if (!rivals)
        return nps_fail_nomem(err);
    nps_status st = fit_without(p, g, s, i, &without, err);
    nps_mixture_selection trial = *s;
    size_t n = 0, last = s->n - 1;
    trial.at[i] = s->at[last];
    for (size_t k = 0; k < p->n_pool && st == NPS_OK; k++) {
        if (p->pool[k].substance == c->substance || has_substance(p, s, p->pool[k].substance, i))
            continue;
        trial.at[last] = k;
        st = nps_mixture_fit(p, g, &trial, err);
        if (trial.fit - without >= ALIKE * (s->fit - without))
            rivals[n++] = (rival){trial.fit, p->pool[k].substance};
    }
    if (n)
        qsort(rivals, n, sizeof *rivals, best_rival_first);
    for (size_t k = 0; k < n && c->n_alike < NPS_ALIKE_MAX; k++) {
        bool known = false;
        for (size_t j = 0; j < c->n_alike; j++)
            known = known || c->alike[j] == rivals[k].substance;
        if (!known)
            c->alike[c->n_alike++] = rivals[k].substance;
    }
    return st;
}

static nps_status describe(const nps_mixture_problem *p, nps_mixture_products *g, const nps_mixture_selection *s,
                           nps_mixture *m, nps_err *err)
{
    nps_status st = NPS_OK;
    m->explained = p->norm2 > 0 ? fmin(1, s->fit / p->norm2) : 0; /* columns are rounded to floats */
    for (size_t i = 0; i < s->n && st == NPS_OK; i++) {
        st = describe_component(p, g, s, i, &m->component[i], err);
        if (st == NPS_OK)
            st = find_alike(p, g, s, i, &m->component[i], err);
    }
    m->n = s->n;
    if (m->n)
        qsort(m->component, m->n, sizeof *m->component, largest_share_first);
    if (st != NPS_OK)
        return st;
    return nps_mixture_is_trace(p) ? nps_mixture_left_trace(p, s, &m->residual_y, err)
                                   : nps_mixture_left_peaks(p, s, &m->residual, err);
}

static nps_status select_components(nps_mixture_problem *p, nps_mixture_products *g, size_t most, nps_mixture *m,
                                    nps_err *err)
{
    nps_mixture_selection s = {0}, next;
    nps_status st = add_candidates(p, p->q, false, err);
    /* A step that exchanges a component for another one adds none: twice as many steps as components are enough. */
    for (size_t step = 0; step < 2 * most && st == NPS_OK && s.n < most; step++) {
        next = s;
        st = grow_selection(p, g, &next, err);
        bool worth = true;
        if (st == NPS_OK && next.n > 1)
            st = is_worth(p, g, &next, &worth, err);
        if (st != NPS_OK || !worth || !(next.fit > s.fit * (1 + 1e-9)))
            break;
        s = next;
        if (s.n == 1)
            m->single = fmin(1, s.fit / p->norm2);
        if (s.n < most)
            st = add_candidates_of_residual(p, &s, err);
    }
    return st == NPS_OK ? describe(p, g, &s, m, err) : st;
}

nps_status nps_find_mixture(const nps_library *lib, const nps_prepared *q, const nps_ir_options *o, double tol_mz,
                            size_t most, nps_workspace *w, nps_mixture **ret_mixture, nps_err *err)
{
    if (!nps_mixture_applies(q->technique))
        return nps_fail(err, NPS_E_UNSUPPORTED, "%s spectra of several substances do not add up",
                        nps_technique_name(q->technique));
    if (most < 1 || most > NPS_MIXTURE_MAX)
        return nps_fail(err, NPS_E_RANGE, "number of components %zu is outside 1..%d", most, NPS_MIXTURE_MAX);
    NPS_AUTO(nps_mixture) m = nps_array(1, sizeof *m);
    if (!m)
        return nps_fail_nomem(err);
    m->technique = q->technique;
    nps_mixture_problem p = {.lib = lib, .q = q, .o = o, .tol_mz = tol_mz, .w = w};
    nps_mixture_products g = {0};
    nps_status st = nps_mixture_lay_out(&p, err);
    if (st == NPS_OK && p.norm2 > 0)
        st = select_components(&p, &g, most, m, err);
    nps_mixture_products_done(&g);
    nps_mixture_problem_done(&p);
    if (st == NPS_OK)
        *ret_mixture = nps_steal(m);
    return st;
}
