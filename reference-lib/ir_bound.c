/* The bound. For a trace r (less its mean, zero outside its range R), a query q (less its mean over its own points Q, zero
 * elsewhere, norm 1) and their common points C = Q and R:
 *     correlation = (sum q r + (mean of q over Q - mean of q over C) sum over C of r) / (norm of q over C, norm of r over C)
 *     with norms about the means over C.
 * sum q r: at most 4 step (dot product of the codes) - (term of the code's zero) + (errors of the codes) (ir_code.h).
 * norm of r over C: squares over R less those outside C, which are few or weak as a rule and are bounded from the codes;
 * with several lags the points common to all of them (the core) serve, as a norm about a mean only shrinks with its set.
 * sum over C of r: minus the sum over R outside C, from the codes too. It matters only where R does not cover Q. */
#include "reference-lib/ir_bound.h"

#include "core/dot8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Added to every bound (of numbers around 1): far above what rounding in float can take away. */
static const float slack = 2e-5F;

/* --- the plan ------------------------------------------------------------------------------------------------------- */

/* Bands of air stand still while the query moves: a point is left out where either side is masked. */
static void move(const float *query, int lag, const bool *masked, float *ret)
{
    for (int i = 0; i < NPS_IR_GRID_N; i++) {
        int j = i - lag;
        ret[i] = j >= 0 && j < NPS_IR_GRID_N && !masked[i] && !masked[j] ? query[j] : NAN;
    }
}

static double largest(const double *v, size_t n, double at_least)
{
    for (size_t i = 0; i < n; i++)
        at_least = fmax(at_least, fabs(v[i]));
    return at_least;
}

/* Codes of the query side. Norms are rounded up, so that the dot product bounds their part. */
static void encode(const double *v, nps_ir_lag *l)
{
    double mean[NPS_IR_MEANS], norm[NPS_IR_NORMS];
    int32_t value[NPS_IR_CODE_N] = {0};
    nps_ir_split(v, mean, norm);
    double step = largest(norm, NPS_IR_NORMS, 2 * largest(mean, NPS_IR_MEANS, 0)) / (2 * (NPS_DOT8_LIMIT - 2));
    double squares = 0, errors = 0, sum = 0;
    for (size_t i = 0; i < NPS_IR_MEANS; i++) {
        double c = rint(mean[i] / step), e = mean[i] - step * c;
        value[i] = (int32_t)c;
        squares += mean[i] * mean[i];
        errors += e * e;
        sum += c;
    }
    for (size_t j = 0; j < NPS_IR_NORMS; j++)
        value[NPS_IR_NORM_AT + j] = (int32_t)ceil(norm[j] / (2 * step));
    nps_dot8_split(value, NPS_IR_CODE_N, l->vector);
    l->by_dot = (float)(4 * step);
    l->by_zero = (float)(-4 * step * sum);
    l->by_norm = (float)(2 * sqrt(errors));
    l->by_error = (float)(2 * sqrt(errors) + 2 * sqrt(squares));
}

static void plan_lag(nps_ir_lag *l)
{
    double v[NPS_IR_POINTS] = {0}, sum = 0, squares = 0;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
        bool counts = !isnan(l->moved[i]);
        l->count[i + 1] = l->count[i] + counts;
        sum += counts ? (double)l->moved[i] : 0;
    }
    l->n = l->count[NPS_IR_GRID_N];
    double mean = l->n ? sum / l->n : 0;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
        v[i] = isnan(l->moved[i]) ? 0 : (double)l->moved[i] - mean;
        squares += v[i] * v[i];
    }
    l->dead = l->n < NPS_IR_COMMON_MIN || !(squares > 0);
    if (l->dead)
        return;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
        v[i] /= sqrt(squares);
        l->sum[i + 1] = l->sum[i] + v[i];
        l->squares[i + 1] = l->squares[i] + v[i] * v[i];
    }
    encode(v, l);
}

static void plan_core(nps_ir_plan *p)
{
    nps_ir_core *c = &p->core;
    bool in[NPS_IR_POINTS] = {false};
    for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
        in[i] = true;
        for (size_t l = 0; l < p->n_lag; l++)
            in[i] = in[i] && (p->lag[l].dead || !isnan(p->lag[l].moved[i]));
        c->count[i + 1] = c->count[i] + in[i];
    }
    for (size_t m = 0; m < NPS_IR_MEANS; m++) {
        size_t inside = 0, points = m + 1 < NPS_IR_MEANS ? 4 : NPS_IR_GRID_N - 4 * m;
        for (size_t i = 0; i < points; i++)
            inside += in[4 * m + i];
        if (inside == points)
            continue;
        c->in_sum[m] = c->in_squares[m] = c->in_squares[NPS_IR_NORM_AT + m / 8] = 255;
        c->n_means++;
        c->n_partial += inside > 0;
    }
}

void nps_ir_plan_free(nps_ir_plan *p)
{
    if (!p)
        return;
    for (size_t l = 0; l < p->n_lag; l++) {
        free(p->lag[l].moved);
        free(p->lag[l].count);
        free(p->lag[l].sum);
        free(p->lag[l].squares);
    }
    free(p->vectors);
    free(p);
}

nps_status nps_ir_plan_new(const float *query, unsigned max_lag, const nps_ir_mask *mask, nps_ir_plan **ret_plan,
                           nps_err *err)
{
    NPS_AUTO(nps_ir_plan) p = nps_array(1, sizeof *p);
    if (!p || !(p->vectors = nps_array((2 * max_lag + 1) * 2 * NPS_IR_CODE_N, 1)))
        return nps_fail_nomem(err);
    bool masked[NPS_IR_GRID_N];
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        masked[i] = nps_ir_is_masked(mask, i);
    for (size_t i = 0; i < 2 * max_lag + 1; i++) {
        nps_ir_lag *l = &p->lag[p->n_lag++];
        l->lag = i % 2 ? -(int)(i + 1) / 2 : (int)i / 2;
        l->vector = p->vectors + i * 2 * NPS_IR_CODE_N;
        l->moved = nps_array(NPS_IR_GRID_N, sizeof *l->moved);
        l->count = nps_array(NPS_IR_GRID_N + 1, sizeof *l->count);
        l->sum = nps_array(NPS_IR_GRID_N + 1, sizeof *l->sum);
        l->squares = nps_array(NPS_IR_GRID_N + 1, sizeof *l->squares);
        if (!l->moved || !l->count || !l->sum || !l->squares)
            return nps_fail_nomem(err);
        move(query, l->lag, masked, l->moved);
        plan_lag(l);
    }
    plan_core(p);
    *ret_plan = nps_steal(p);
    return NPS_OK;
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

void nps_ir_side_of(nps_simd level, const nps_library *lib, const nps_ir_core *core, uint64_t row, size_t n,
                    nps_ir_side *ret_side)
{
    int32_t sum[NPS_IR_BLOCK], squares[NPS_IR_BLOCK];
    nps_dot8_moments(level, lib->ir_code + row * NPS_IR_CODE_N, n, NPS_IR_CODE_N, core->in_sum, core->in_squares, sum,
                     squares);
    const double means = core->n_means, root_means = 1.003 * sqrt(means), root_partial = sqrt(3.0 * core->n_partial);
    memset(ret_side, 0, sizeof *ret_side);
    ret_side->first_to = NPS_IR_GRID_N;
    for (size_t i = 0; i < n; i++) {
        uint64_t r = row + i;
        uint32_t from = lib->ir_range[2 * r], to = lib->ir_range[2 * r + 1];
        ret_side->last_from = from > ret_side->last_from ? from : ret_side->last_from;
        ret_side->first_to = to < ret_side->first_to ? to : ret_side->first_to;
        double step = (double)lib->ir_step[r], zero = (double)lib->ir_zero[r], norm = (double)lib->ir_norm[r];
        uint32_t common = core->count[to] - core->count[from];
        /* Outside the core: norm and sum of the trace. Errors of single means stay below half a step. */
        double coded = squares[i] - 2 * zero * sum[i] + means * zero * zero;
        double rest = step * (2 * sqrt(coded > 0 ? coded : 0) + root_means);
        double total = 4 * step * fabs(sum[i] - means * zero) + 2.006 * step * means + root_partial * rest;
        double variance = norm * norm - rest * rest - (common ? total * total / common : 0);
        bool bounded = step > 0 && variance > 1e-3 * norm * norm;
        double scale = bounded ? (1 + 1e-6) / sqrt(variance) : 0;
        ret_side->by_dot[i] = (float)(step * scale);
        ret_side->by_zero[i] = (float)(step * zero * scale);
        ret_side->by_error[i] = (float)((double)lib->ir_error[r] * scale);
        ret_side->by_norm[i] = (float)(norm * scale * (1 + 1e-5));
        ret_side->by_mean[i] = (float)(total * scale);
        ret_side->by_rest[i] = (float)(rest * scale);
        ret_side->fixed[i] = step == 0 ? -1 : bounded ? 0 : 2;
        ret_side->any_fixed |= !bounded;
    }
}

/* What a lag has in common with a measured range. */
typedef struct {
    bool enough;
    float mean;  /* by which the mean of the query moves */
    float spare; /* root of the number of common points outside the core */
    float scale; /* 1 / norm of the query there */
} overlap;

static overlap overlap_of(const nps_ir_plan *p, const nps_ir_lag *l, uint32_t from, uint32_t to)
{
    uint32_t n = l->count[to] - l->count[from], n_core = p->core.count[to] - p->core.count[from];
    if (n < NPS_IR_COMMON_MIN)
        return (overlap){0};
    double sum = l->sum[to] - l->sum[from], squares = l->squares[to] - l->squares[from] - sum * sum / n;
    if (!(squares > 1e-6)) /* too little left for floats */
        return (overlap){.enough = true, .scale = INFINITY};
    return (overlap){true, (float)(fabs(sum) / n * (1 + 1e-6)), (float)sqrt(n - n_core), (float)((1 + 1e-6) / sqrt(squares))};
}

/* Rows whose range does not cover the query's points. */
static void correct_for_range(const nps_library *lib, const nps_ir_plan *p, const nps_ir_lag *l, const nps_ir_side *side,
                              uint64_t row, size_t n, float *bound)
{
    uint32_t from = UINT32_MAX, to = 0;
    overlap o = {0};
    bool covers = false;
    for (size_t i = 0; i < n; i++) {
        const uint32_t *range = lib->ir_range + 2 * (row + i);
        if (range[0] != from || range[1] != to) {
            from = range[0];
            to = range[1];
            covers = l->count[to] - l->count[from] == l->n;
            if (!covers)
                o = overlap_of(p, l, from, to);
        }
        if (covers)
            continue;
        if (!o.enough)
            bound[i] = -1;
        else if (isinf(o.scale))
            bound[i] = 2;
        else
            bound[i] = (bound[i] + o.mean * (side->by_mean[i] + o.spare * side->by_rest[i])) * o.scale + slack;
    }
}

/* In steps of a constant length, which the compiler turns into vectors. */
enum { STEP = 16 };
_Static_assert(NPS_IR_BLOCK % STEP == 0, "blocks are whole steps");

static void bound_lag(const nps_ir_lag *l, const nps_ir_side *restrict side, const int32_t *restrict dot, size_t n,
                      float *restrict bound)
{
    const float by_dot = l->by_dot, by_zero = l->by_zero, by_error = l->by_error, by_norm = l->by_norm;
    for (size_t i = 0; i < n; i += STEP)
        for (size_t j = i; j < i + STEP; j++)
            bound[j] = by_dot * side->by_dot[j] * (float)dot[j] + by_zero * side->by_zero[j] +
                       by_error * side->by_error[j] + by_norm * side->by_norm[j] + slack;
}

void nps_ir_bounds(nps_simd level, const nps_library *lib, const nps_ir_plan *p, const nps_ir_side *side, uint64_t row,
                   size_t n, float (*ret_bound)[NPS_IR_BLOCK])
{
    int32_t dot[NPS_IR_LAGS_MAX][NPS_IR_BLOCK];
    nps_dot8(level, lib->ir_code + row * NPS_IR_CODE_N, n, NPS_IR_CODE_N, p->vectors, p->n_lag, dot[0], NPS_IR_BLOCK);
    for (size_t k = 0; k < p->n_lag; k++) {
        const nps_ir_lag *l = &p->lag[k];
        float *bound = ret_bound[k];
        for (size_t i = n; i % STEP; i++)
            dot[k][i] = 0;
        bound_lag(l, side, dot[k], n, bound);
        if (l->count[side->last_from] != 0 || l->count[side->first_to] != l->n)
            correct_for_range(lib, p, l, side, row, n, bound);
        if (l->dead || side->any_fixed)
            for (size_t i = 0; i < n; i++)
                bound[i] = l->dead ? -1 : side->fixed[i] != 0 ? side->fixed[i] : bound[i];
    }
}
