#include "reference-lib/mixture.h"

#include "core/nnls.h"
#include "reference-lib/index.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CANDIDATES = 128, /* by each search of the query ... */
    NEXT_CANDIDATES = 64,   /* ... and of each residual */
    POOL_MAX = 1024,
    SWEEPS = 3 /* of exchanging components */
};
/* Peaks are weighted by m/z over the root of their height, as counts scatter; a hundredth of the base peak keeps the places
 * where the query has nothing from deciding alone. */
static const double QUIET = 0.01;
/* Part of the query's range that a reference may lack; it counts as flat there. */
static const double MISSING_MAX = 0.05;
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
        st = nps_peaks_push(&s->peaks, m->residual.mz[i], (double)m->residual.intensity[i], NULL, 0, m->residual.n, err);
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

/* One entry as a column of the equations, scaled to a norm of 1. */
typedef struct {
    uint32_t entry, substance;
    double by_query;  /* product with the query */
    double scale;     /* the column is its signal divided by this */
    double sum;       /* of the signal itself: ions, or 1 for traces */
    float *v;         /* [problem.n], owned */
    double rest;      /* squared norm of what lies outside these points, after scaling */
} column;

typedef struct {
    const nps_library *lib;
    const nps_prepared *q;
    const nps_ir_options *o;
    double tol_mz;
    nps_workspace *w;
    size_t n;          /* points */
    uint32_t *point;   /* [n] traces: grid points; ei: nominal masses */
    double *weight;    /* [n] */
    double *query;     /* [n] weighted, traces without their straight line */
    double norm2;      /* of the query */
    column *pool;
    size_t n_pool, cap_pool;
    float *grid;       /* [NPS_IR_GRID_N] scratch */
} problem;

typedef struct {
    size_t n;
    size_t at[NPS_MIXTURE_MAX]; /* in the pool */
    double x[NPS_MIXTURE_MAX];
    double fit; /* by which the sum of squares falls */
} selection;

static bool is_trace(const problem *p)
{
    return p->q->technique >= NPS_TECH_IR;
}

static double product(const float *a, const float *b, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t j = 0; j < 4; j++)
            sum[j] += (double)a[i + j] * (double)b[i + j];
    for (; i < n; i++)
        sum[0] += (double)a[i] * (double)b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* --- points and weights -------------------------------------------------------------------------------------------------- */

/* The peaks that a mass spectrum is fitted by: nominal ones, or shares of the cleaned ones. */
static nps_peak_view peaks_of(const nps_prepared *q)
{
    return q->technique == NPS_TECH_EI ? nps_peaks_view(&q->nominal) : nps_peaks_view(&q->clean);
}

static nps_status lay_out_peaks(problem *p, nps_err *err)
{
    nps_peak_view q = peaks_of(p->q);
    bool nominal = p->q->technique == NPS_TECH_EI;
    size_t most = nominal ? NPS_NOMINAL_BINS : q.n;
    p->point = nps_array(most, sizeof *p->point);
    p->weight = nps_array(most, sizeof *p->weight);
    p->query = nps_array(most, sizeof *p->query);
    if (!p->point || !p->weight || !p->query)
        return nps_fail_nomem(err);
    double base = 0;
    for (size_t i = 0; i < q.n; i++)
        base = fmax(base, (double)q.intensity[i]);
    /* Where an EI reference has a peak and the query none, the missing peak speaks against it. */
    p->n = nominal ? NPS_NOMINAL_BINS - 1 : q.n;
    for (size_t i = 0, k = 0; i < p->n; i++) {
        double mz = nominal ? (double)(i + 1) : q.mz[i], y = 0;
        if (!nominal)
            y = (double)q.intensity[i];
        else if (k < q.n && q.mz[k] == mz)
            y = (double)q.intensity[k++];
        p->point[i] = (uint32_t)i + 1;
        p->weight[i] = base > 0 ? mz / sqrt(y / base + QUIET) : 0;
        p->query[i] = p->weight[i] * y;
    }
    return NPS_OK;
}

/* Takes the straight line that fits best out of values at the points. */
static void take_line(const problem *p, double *y)
{
    double n = (double)p->n, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < p->n; i++) {
        double x = p->point[i];
        sx += x;
        sy += y[i];
    }
    for (size_t i = 0; i < p->n; i++) {
        double x = p->point[i] - sx / n;
        sxx += x * x;
        sxy += x * y[i];
    }
    for (size_t i = 0; i < p->n; i++)
        y[i] -= sy / n + (sxx > 0 ? sxy / sxx * (p->point[i] - sx / n) : 0);
}

/* A row as it is compared. */
static nps_status row_as_compared(const problem *p, const float *y, float *room, const float **ret, nps_err *err)
{
    *ret = y;
    if (!p->o->derivative)
        return NPS_OK;
    *ret = room;
    return nps_ir_derivative(y, p->o->derivative, p->o->window, room, err);
}

/* What taking the line out of a straight query leaves is the rounding of its floats, and no signal. */
static void drop_rounding(problem *p, const float *y)
{
    double most = 0, left = 0;
    for (size_t i = 0; i < p->n; i++) {
        most = fmax(most, fabs((double)y[p->point[i]]));
        left = fmax(left, fabs(p->query[i]));
    }
    if (left <= 1e-6 * most)
        memset(p->query, 0, p->n * sizeof *p->query);
}

static nps_status lay_out_trace(problem *p, nps_err *err)
{
    const float *y = NULL;
    p->point = nps_array(NPS_IR_GRID_N, sizeof *p->point);
    p->query = nps_array(NPS_IR_GRID_N, sizeof *p->query);
    p->grid = nps_array(NPS_IR_GRID_N, sizeof *p->grid);
    if (!p->point || !p->query || !p->grid)
        return nps_fail_nomem(err);
    nps_status st = row_as_compared(p, p->q->grid, p->grid, &y, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        if (!isnan(y[i]) && !nps_ir_is_masked(&p->o->mask, i)) {
            p->point[p->n] = (uint32_t)i;
            p->query[p->n++] = (double)y[i];
        }
    if (p->n)
        take_line(p, p->query);
    drop_rounding(p, y);
    return NPS_OK;
}

/* --- columns ---------------------------------------------------------------------------------------------------------------- */

/* The column's signal at the points into v, weighted; *ret_rest gets the squares of what lies elsewhere. False where the entry
 * cannot be compared. */
static nps_status peak_signal(const problem *p, uint32_t entry, double *v, double *ret_rest, double *ret_sum, nps_err *err)
{
    nps_peaks nominal = {0};
    bool is_nominal = p->q->technique == NPS_TECH_EI;
    nps_status st = is_nominal ? nps_clean_nominal(nps_library_peak_row(p->lib, entry), &nominal, err) : NPS_OK;
    if (st != NPS_OK)
        return st;
    nps_peak_view r = is_nominal ? nps_peaks_view(&nominal) : nps_library_share_row(p->lib, entry), q = peaks_of(p->q);
    for (size_t i = 0, k = 0; i < r.n; i++) {
        double y = (double)r.intensity[i];
        *ret_sum += y;
        if (is_nominal) {
            v[(size_t)r.mz[i] - 1] = p->weight[(size_t)r.mz[i] - 1] * y;
            continue;
        }
        while (k < q.n && q.mz[k] < r.mz[i] - p->tol_mz)
            k++;
        if (k < q.n && q.mz[k] <= r.mz[i] + p->tol_mz)
            v[k] += p->weight[k] * y;
        else /* as at a place where the query has nothing; two references are taken to lack different peaks */
            *ret_rest += r.mz[i] * y / sqrt(QUIET) * (r.mz[i] * y / sqrt(QUIET));
    }
    nps_peaks_done(&nominal);
    return NPS_OK;
}

static nps_status trace_signal(const problem *p, uint32_t entry, double *v, bool *ret_usable, nps_err *err)
{
    float room[NPS_IR_GRID_N];
    const float *y = NULL;
    nps_status st = row_as_compared(p, nps_ir_row(p->lib, entry), room, &y, err);
    size_t missing = 0;
    double sum = 0;
    for (size_t i = 0; i < p->n && st == NPS_OK; i++) {
        v[i] = (double)y[p->point[i]];
        bool has = !isnan(v[i]);
        missing += !has;
        sum += has ? v[i] : 0;
    }
    *ret_usable = (double)missing <= MISSING_MAX * (double)p->n && missing < p->n;
    for (size_t i = 0; i < p->n && *ret_usable; i++)
        if (isnan(v[i]))
            v[i] = sum / (double)(p->n - missing);
    if (*ret_usable)
        take_line(p, v);
    return st;
}

static bool is_pooled(const problem *p, uint32_t entry)
{
    for (size_t i = 0; i < p->n_pool; i++)
        if (p->pool[i].entry == entry)
            return true;
    return false;
}

/* Puts the entry into the pool unless it is there or has nothing to compare. */
static nps_status add_column(problem *p, uint32_t entry, nps_err *err)
{
    if (is_pooled(p, entry) || p->n_pool == POOL_MAX)
        return NPS_OK;
    NPS_AUTO_MEM(double *) v = nps_array(p->n, sizeof *v);
    if (!v)
        return nps_fail_nomem(err);
    column c = {.entry = entry, .substance = p->lib->entry_substance[entry]};
    bool usable = true;
    nps_status st = is_trace(p) ? trace_signal(p, entry, v, &usable, err) : peak_signal(p, entry, v, &c.rest, &c.sum, err);
    if (st != NPS_OK || !usable)
        return st;
    double norm2 = c.rest;
    for (size_t i = 0; i < p->n; i++)
        norm2 += v[i] * v[i];
    if (!(norm2 > 0) || !isfinite(norm2))
        return NPS_OK;
    c.scale = sqrt(norm2);
    c.rest /= norm2;
    c.sum = is_trace(p) ? 1 : c.sum / c.scale;
    c.v = nps_array(p->n, sizeof *c.v);
    if (!c.v)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < p->n; i++) {
        c.v[i] = (float)(v[i] / c.scale);
        c.by_query += (double)c.v[i] * p->query[i];
    }
    st = nps_grow(&p->pool, &p->cap_pool, p->n_pool + 1, sizeof *p->pool, POOL_MAX, err);
    if (st == NPS_OK)
        p->pool[p->n_pool++] = c;
    else
        free(c.v);
    return st;
}

static nps_status add_found(problem *p, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < p->w->top.n && st == NPS_OK; i++)
        st = add_column(p, p->w->top.item[i].index, err);
    return st;
}

/* Entries that resemble the query or a residual, by the searches of their technique. The reverse search does not mind what other
 * components add; a residual has less of that, so there it is not made. */
static nps_status add_candidates(problem *p, const nps_prepared *q, bool residual, nps_err *err)
{
    nps_filter f = nps_filter_all();
    size_t k = residual ? NEXT_CANDIDATES : FIRST_CANDIDATES;
    f.polarity = q->polarity;
    if (is_trace(p)) {
        nps_ir_options o = *p->o;
        o.score = NPS_IR_CORRELATION;
        o.max_lag = 0;
        nps_status st = nps_search_ir(p->lib, q->grid, &o, &f, k, p->w, err);
        return st == NPS_OK ? add_found(p, err) : st;
    }
    nps_search_options o = {
        .mode = NPS_MODE_OPEN, .score = NPS_SCORE_WEIGHTED_COSINE, .tol_mz = p->tol_mz, .k = k};
    nps_status st = NPS_OK;
    for (o.reverse = !residual;; o.reverse = false) {
        st = nps_search(p->lib, q, &o, &f, p->w, err);
        if (st == NPS_OK)
            st = add_found(p, err);
        if (st != NPS_OK || !o.reverse)
            return st;
    }
}

/* --- selection ---------------------------------------------------------------------------------------------------------------- */

/* Products of two columns, computed once for those that were ever chosen. */
typedef struct {
    size_t n;
    size_t of[NPS_MIXTURE_MAX * (SWEEPS + 2)]; /* pool index of each row */
    double *row[NPS_MIXTURE_MAX * (SWEEPS + 2)]; /* [POOL_MAX], owned; NAN where not computed yet */
} products;

static void products_done(products *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->row[i]);
    g->n = 0;
}

/* The row of a column, made where there is room; NULL when memory is short. */
static double *row_of(products *g, size_t at)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->of[i] == at)
            return g->row[i];
    size_t i = g->n < sizeof g->of / sizeof *g->of ? g->n : 0;
    if (i == g->n && !(g->row[i] = nps_array(POOL_MAX, sizeof *g->row[i])))
        return NULL;
    g->n += i == g->n;
    g->of[i] = at;
    for (size_t k = 0; k < POOL_MAX; k++)
        g->row[i][k] = NAN;
    return g->row[i];
}

static double product_of(const problem *p, double *row, size_t a, size_t b)
{
    if (a == b)
        return 1;
    if (isnan(row[b]))
        row[b] = product(p->pool[a].v, p->pool[b].v, p->n);
    return row[b];
}

/* Fits the columns in s->at. */
static nps_status fit(const problem *p, products *g, selection *s, nps_err *err)
{
    double matrix[NPS_MIXTURE_MAX * NPS_MIXTURE_MAX], h[NPS_MIXTURE_MAX];
    for (size_t i = 0; i < s->n; i++) {
        h[i] = p->pool[s->at[i]].by_query;
        double *row = i + 1 < s->n ? row_of(g, s->at[i]) : NULL;
        if (!row && i + 1 < s->n)
            return nps_fail_nomem(err);
        for (size_t j = i; j < s->n; j++)
            matrix[i * s->n + j] = matrix[j * s->n + i] = i == j ? 1 : product_of(p, row, s->at[i], s->at[j]);
    }
    s->fit = nps_nnls(matrix, h, s->n, s->x);
    return NPS_OK;
}

static bool has_substance(const problem *p, const selection *s, uint32_t substance, size_t but)
{
    for (size_t i = 0; i < s->n; i++)
        if (i != but && p->pool[s->at[i]].substance == substance)
            return true;
    return false;
}

/* The best column in place `at`, which is put last: the only one that changes, so that its products are not kept. */
static nps_status best_in_place(const problem *p, products *g, const selection *s, size_t at, selection *ret, nps_err *err)
{
    selection trial = *s, best = {0};
    size_t last = s->n - 1;
    trial.at[at] = s->at[last];
    nps_status st = NPS_OK;
    for (size_t c = 0; c < p->n_pool && st == NPS_OK; c++) {
        if (has_substance(p, s, p->pool[c].substance, at))
            continue;
        trial.at[last] = c;
        st = fit(p, g, &trial, err);
        if (trial.fit > best.fit * (1 + 1e-12))
            best = trial;
    }
    *ret = best;
    return st;
}

/* Takes out components that the fit does not use. */
static void drop_unused(selection *s)
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
static nps_status grow_selection(const problem *p, products *g, selection *s, nps_err *err)
{
    selection next = *s, better;
    next.at[next.n++] = 0;
    nps_status st = best_in_place(p, g, &next, next.n - 1, &better, err);
    if (st != NPS_OK || better.n == 0)
        return st;
    *s = better;
    for (size_t sweep = 0; sweep < SWEEPS && s->n > 1; sweep++) {
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
static nps_status fit_without(const problem *p, products *g, const selection *s, size_t i, double *ret_fit, nps_err *err)
{
    selection rest = *s;
    rest.at[i] = rest.at[--rest.n];
    nps_status st = rest.n ? fit(p, g, &rest, err) : NPS_OK;
    *ret_fit = rest.n ? rest.fit : 0;
    return st;
}

static double signal_of(const problem *p, const selection *s, size_t i)
{
    return s->x[i] * p->pool[s->at[i]].sum;
}

static nps_status describe_component(const problem *p, products *g, const selection *s, size_t i, nps_component *c,
                                     nps_err *err)
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
static nps_status is_worth(const problem *p, products *g, const selection *s, bool *ret, nps_err *err)
{
    nps_mixture_rule rule = nps_mixture_rule_of(p->q->technique);
    nps_status st = NPS_OK;
    *ret = true;
    for (size_t i = 0; i < s->n && st == NPS_OK; i++) {
        nps_component c;
        st = describe_component(p, g, s, i, &c, err);
        *ret = *ret && c.share >= rule.share && (c.worth >= rule.sure || (c.worth >= rule.worth && c.gain >= rule.gain));
    }
    return st;
}

/* --- residual ------------------------------------------------------------------------------------------------------------------ */

static double left_at(const problem *p, const selection *s, size_t i)
{
    double left = p->query[i];
    for (size_t k = 0; k < s->n; k++)
        left -= s->x[k] * (double)p->pool[s->at[k]].v[i];
    return left;
}

/* What a share of 1 is in the query's own intensities, by the strongest of the cleaned peaks. */
static double unit_of_shares(const problem *p)
{
    const double near = 0.05; /* cleaning joins peaks as close as this */
    nps_peak_view q = peaks_of(p->q), measured = p->q->measured;
    size_t base = 0;
    double most = 0;
    for (size_t i = 1; i < q.n; i++)
        base = q.intensity[i] > q.intensity[base] ? i : base;
    for (size_t i = 0; i < measured.n && q.n; i++)
        if (fabs(measured.mz[i] - q.mz[base]) <= near)
            most = fmax(most, (double)measured.intensity[i]);
    return most > 0 ? most / (double)q.intensity[base] : 1;
}

static nps_status residual_peaks(const problem *p, const selection *s, nps_peaks *ret, nps_err *err)
{
    nps_peak_view q = peaks_of(p->q);
    nps_peaks left = {0};
    nps_status st = NPS_OK;
    double base = 0, unit = p->q->technique == NPS_TECH_EI ? 1 : unit_of_shares(p);
    for (size_t i = 0; i < q.n; i++)
        base = fmax(base, (double)q.intensity[i]);
    for (size_t k = 0; k < q.n && st == NPS_OK; k++) {
        size_t i = p->q->technique == NPS_TECH_EI ? (size_t)q.mz[k] - 1 : k;
        double y = left_at(p, s, i) / p->weight[i];
        if (y > 1e-4 * base)
            st = nps_peaks_push(&left, q.mz[k], unit * y, NULL, 0, SIZE_MAX / 64, err);
    }
    if (st == NPS_OK)
        st = nps_peaks_settle(&left, NULL, err);
    if (st == NPS_OK)
        *ret = left;
    else
        nps_peaks_done(&left);
    return st;
}

static nps_status residual_trace(const problem *p, const selection *s, float **ret, nps_err *err)
{
    float *y = nps_array(NPS_IR_GRID_N, sizeof *y);
    if (!y)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        y[i] = NAN;
    for (size_t i = 0; i < p->n; i++)
        y[p->point[i]] = (float)left_at(p, s, i);
    *ret = y;
    return NPS_OK;
}

/* Searches what is left for further candidates. A derivative cannot be taken twice, so then the first ones must do. */
static nps_status add_candidates_of_residual(problem *p, const selection *s, nps_err *err)
{
    nps_prepared r = {.technique = p->q->technique, .polarity = p->q->polarity};
    nps_peaks left = {0};
    nps_status st = NPS_OK;
    if (is_trace(p)) {
        if (p->o->derivative)
            return NPS_OK;
        st = residual_trace(p, s, &r.grid, err);
    } else {
        st = residual_peaks(p, s, &left, err);
        if (st == NPS_OK && left.n)
            st = nps_prepare_peaks(nps_peaks_view(&left), &r, err);
    }
    if (st == NPS_OK && (is_trace(p) || left.n))
        st = add_candidates(p, &r, true, err);
    nps_prepared_done(&r);
    nps_peaks_done(&left);
    return st;
}

/* --- the whole --------------------------------------------------------------------------------------------------------------- */

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
static nps_status find_alike(const problem *p, products *g, const selection *s, size_t i, nps_component *c, nps_err *err)
{
    NPS_AUTO_MEM(rival *) rivals = nps_array(p->n_pool, sizeof *rivals);
    double without = 0;
    if (!rivals)
        return nps_fail_nomem(err);
    nps_status st = fit_without(p, g, s, i, &without, err);
    selection trial = *s;
    size_t n = 0, last = s->n - 1;
    trial.at[i] = s->at[last];
    for (size_t k = 0; k < p->n_pool && st == NPS_OK; k++) {
        if (p->pool[k].substance == c->substance ||
            has_substance(p, s, p->pool[k].substance, i))
            continue;
        trial.at[last] = k;
        st = fit(p, g, &trial, err);
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

static nps_status describe(const problem *p, products *g, const selection *s, nps_mixture *m, nps_err *err)
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
    return is_trace(p) ? residual_trace(p, s, &m->residual_y, err) : residual_peaks(p, s, &m->residual, err);
}

static nps_status select_components(problem *p, products *g, size_t most, nps_mixture *m, nps_err *err)
{
    selection s = {0}, next;
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

static void problem_done(problem *p)
{
    for (size_t i = 0; i < p->n_pool; i++)
        free(p->pool[i].v);
    free(p->pool);
    free(p->point);
    free(p->weight);
    free(p->query);
    free(p->grid);
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
    problem p = {.lib = lib, .q = q, .o = o, .tol_mz = tol_mz, .w = w};
    products g = {0};
    nps_status st = is_trace(&p) ? lay_out_trace(&p, err) : lay_out_peaks(&p, err);
    for (size_t i = 0; i < p.n; i++)
        p.norm2 += p.query[i] * p.query[i];
    if (st == NPS_OK && p.norm2 > 0)
        st = select_components(&p, &g, most, m, err);
    products_done(&g);
    problem_done(&p);
    if (st == NPS_OK)
        *ret_mixture = nps_steal(m);
    return st;
}
