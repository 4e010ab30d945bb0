#include "reference-lib/mixture_fit.h"

#include "core/nnls.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Peaks are weighted by m/z over the root of their height, as counts scatter; a hundredth of the base peak keeps the
 * places where the query has nothing from deciding alone. */
static const double QUIET = 0.01;
/* Part of the query's range that a reference may lack; it counts as flat there. */
static const double MISSING_MAX = 0.05;

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

/* --- points and weights
 * -------------------------------------------------------------------------------------------------- */

/* The peaks that a mass spectrum is fitted by: nominal ones, or shares of the cleaned ones. */
static nps_peak_view peaks_of(const nps_prepared *q)
{
    return q->technique == NPS_TECH_EI ? nps_peaks_view(&q->nominal) : nps_peaks_view(&q->clean);
}

static nps_status lay_out_peaks(nps_mixture_problem *p, nps_err *err)
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
static void take_line(const nps_mixture_problem *p, double *y)
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
static nps_status row_as_compared(const nps_mixture_problem *p, const float *y, float *room, const float **ret,
                                  nps_err *err)
{
    *ret = y;
    if (!p->o->derivative)
        return NPS_OK;
    *ret = room;
    return nps_ir_derivative(y, p->o->derivative, p->o->window, room, err);
}

/* What taking the line out of a straight query leaves is the rounding of its floats, and no signal. */
static void drop_rounding(nps_mixture_problem *p, const float *y)
{
    double most = 0, left = 0;
    for (size_t i = 0; i < p->n; i++) {
        most = fmax(most, fabs((double)y[p->point[i]]));
        left = fmax(left, fabs(p->query[i]));
    }
    if (left <= 1e-6 * most)
        memset(p->query, 0, p->n * sizeof *p->query);
}

static nps_status lay_out_trace(nps_mixture_problem *p, nps_err *err)
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

nps_status nps_mixture_lay_out(nps_mixture_problem *p, nps_err *err)
{
    nps_status st = nps_mixture_is_trace(p) ? lay_out_trace(p, err) : lay_out_peaks(p, err);
    for (size_t i = 0; i < p->n && st == NPS_OK; i++)
        p->norm2 += p->query[i] * p->query[i];
    return st;
}

/* --- columns
 * ---------------------------------------------------------------------------------------------------------------- */

/* The column's signal at the points into v, weighted; *ret_rest gets the squares of what lies elsewhere. False where
 * the entry cannot be compared. */
static nps_status peak_signal(const nps_mixture_problem *p, uint32_t entry, double *v, double *ret_rest,
                              double *ret_sum, nps_err *err)
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

static nps_status trace_signal(const nps_mixture_problem *p, uint32_t entry, double *v, bool *ret_usable, nps_err *err)
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

static bool is_pooled(const nps_mixture_problem *p, uint32_t entry)
{
    for (size_t i = 0; i < p->n_pool; i++)
        if (p->pool[i].entry == entry)
            return true;
    return false;
}

/* Puts the entry into the pool unless it is there or has nothing to compare. */
nps_status nps_mixture_add_column(nps_mixture_problem *p, uint32_t entry, nps_err *err)
{
    if (is_pooled(p, entry) || p->n_pool == NPS_MIXTURE_POOL_MAX)
        return NPS_OK;
    NPS_AUTO_MEM(double *) v = nps_array(p->n, sizeof *v);
    if (!v)
        return nps_fail_nomem(err);
    nps_mixture_column c = {.entry = entry, .substance = p->lib->entry_substance[entry]};
    bool usable = true;
    nps_status st = nps_mixture_is_trace(p) ? trace_signal(p, entry, v, &usable, err)
                                            : peak_signal(p, entry, v, &c.rest, &c.sum, err);
    if (st != NPS_OK || !usable)
        return st;
    double norm2 = c.rest;
    for (size_t i = 0; i < p->n; i++)
        norm2 += v[i] * v[i];
    if (!(norm2 > 0) || !isfinite(norm2))
        return NPS_OK;
    c.scale = sqrt(norm2);
    c.rest /= norm2;
    c.sum = nps_mixture_is_trace(p) ? 1 : c.sum / c.scale;
    c.v = nps_array(p->n, sizeof *c.v);
    if (!c.v)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < p->n; i++) {
        c.v[i] = (float)(v[i] / c.scale);
        c.by_query += (double)c.v[i] * p->query[i];
    }
    st = nps_grow(&p->pool, &p->cap_pool, p->n_pool + 1, sizeof *p->pool, NPS_MIXTURE_POOL_MAX, err);
    if (st == NPS_OK)
        p->pool[p->n_pool++] = c;
    else
        free(c.v);
    return st;
}

/* --- fit
 * ----------------------------------------------------------------------------------------------------------------------
 */

void nps_mixture_products_done(nps_mixture_products *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->row[i]);
    g->n = 0;
}

/* The row of a column, made where there is room; NULL when memory is short. */
static double *row_of(nps_mixture_products *g, size_t at)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->of[i] == at)
            return g->row[i];
    size_t i = g->n < sizeof g->of / sizeof *g->of ? g->n : 0;
    if (i == g->n && !(g->row[i] = nps_array(NPS_MIXTURE_POOL_MAX, sizeof *g->row[i])))
        return NULL;
    g->n += i == g->n;
    g->of[i] = at;
    for (size_t k = 0; k < NPS_MIXTURE_POOL_MAX; k++)
        g->row[i][k] = NAN;
    return g->row[i];
}

static double product_of(const nps_mixture_problem *p, double *row, size_t a, size_t b)
{
    if (a == b)
        return 1;
    if (isnan(row[b]))
        row[b] = product(p->pool[a].v, p->pool[b].v, p->n);
    return row[b];
}

/* Fits the columns in s->at. */
nps_status nps_mixture_fit(const nps_mixture_problem *p, nps_mixture_products *g, nps_mixture_selection *s,
                           nps_err *err)
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

/* --- residual
 * ------------------------------------------------------------------------------------------------------------------ */

static double left_at(const nps_mixture_problem *p, const nps_mixture_selection *s, size_t i)
{
    double left = p->query[i];
    for (size_t k = 0; k < s->n; k++)
        left -= s->x[k] * (double)p->pool[s->at[k]].v[i];
    return left;
}

/* What a share of 1 is in the query's own intensities, by the strongest of the cleaned peaks. */
static double unit_of_shares(const nps_mixture_problem *p)
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

nps_status nps_mixture_left_peaks(const nps_mixture_problem *p, const nps_mixture_selection *s, nps_peaks *ret,
                                  nps_err *err)
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

nps_status nps_mixture_left_trace(const nps_mixture_problem *p, const nps_mixture_selection *s, float **ret,
                                  nps_err *err)
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

void nps_mixture_problem_done(nps_mixture_problem *p)
{
    for (size_t i = 0; i < p->n_pool; i++)
        free(p->pool[i].v);
    free(p->pool);
    free(p->point);
    free(p->weight);
    free(p->query);
    free(p->grid);
}
