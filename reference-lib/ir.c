#include "reference-lib/ir.h"

#include "core/grid.h"

#include <math.h>
#include <stdlib.h>

enum { COMMON_MIN = 200 };
#define CO2_LOW ((size_t)((2280.0 - NPS_IR_GRID_X0) / NPS_IR_GRID_DX))
#define CO2_HIGH ((size_t)((2400.0 - NPS_IR_GRID_X0) / NPS_IR_GRID_DX))

nps_status nps_ir_grid(const nps_trace *t, float *ret_y, nps_err *err)
{
    NPS_AUTO_MEM(double *) x = nps_array(t->n, sizeof *x);
    NPS_AUTO_MEM(double *) y = nps_array(t->n, sizeof *y);
    NPS_AUTO_MEM(double *) grid = nps_array(NPS_IR_GRID_N, sizeof *grid);
    if (!x || !y || !grid)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < t->n; i++) {
        x[i] = nps_trace_x(t, i);
        y[i] = (double)t->y[i];
    }
    size_t first, end;
    nps_status st = nps_grid_resample(x, y, t->n, NPS_IR_GRID_X0, NPS_IR_GRID_DX, NPS_IR_GRID_N, grid, &first, &end, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        ret_y[i] = i >= first && i < end ? (float)grid[i] + 0.0F : NAN; /* + 0 leaves no negative zero */
    return NPS_OK;
}

typedef struct {
    double a, b, aa, bb, ab;
    uint32_t n;
} moments;

static void add_range(moments *m, const float *a, const float *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        double x = (double)a[i], y = (double)b[i];
        if (isnan(x) || isnan(y))
            continue;
        m->a += x;
        m->b += y;
        m->aa += x * x;
        m->bb += y * y;
        m->ab += x * y;
        m->n++;
    }
}

double nps_ir_correlation(const float *a, const float *b, uint32_t *ret_common)
{
    moments m = {0};
    add_range(&m, a, b, 0, CO2_LOW);
    add_range(&m, a, b, CO2_HIGH, NPS_IR_GRID_N);
    *ret_common = m.n;
    if (m.n < COMMON_MIN)
        return 0;
    double n = m.n, va = m.aa - m.a * m.a / n, vb = m.bb - m.b * m.b / n;
    return va > 0 && vb > 0 ? (m.ab - m.a * m.b / n) / sqrt(va * vb) : 0;
}

nps_status nps_search_ir(const nps_library *lib, const float *query, nps_technique technique, const nps_filter *f,
                         size_t k, nps_workspace *w, nps_err *err)
{
    nps_status st = nps_topk_reset(&w->top, k, err);
    if (st != NPS_OK)
        return st;
    for (uint64_t r = 0; r < lib->n_ir; r++) {
        uint32_t e = lib->ir_entry[r], common;
        if (lib->entry_technique[e] != technique || !nps_filter_passes(lib, f, e))
            continue;
        double c = nps_ir_correlation(query, lib->ir_y + r * NPS_IR_GRID_N, &common);
        if (c > 0)
            nps_topk_add(&w->top, c > 1 ? 1 : c, e);
    }
    nps_topk_sort(&w->top);
    return NPS_OK;
}
