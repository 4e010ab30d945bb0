#include "reference-lib/ir.h"

#include "core/grid.h"
#include "core/savgol.h"

#include <math.h>
#include <stdlib.h>

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

nps_ir_mask nps_ir_mask_of(const nps_trace_prep *p)
{
    nps_ir_mask m = {0};
    for (size_t i = 0; i < p->n_mask; i++) {
        double from = ceil((p->mask[i].low_cm1 - NPS_IR_GRID_X0) / NPS_IR_GRID_DX);
        double to = floor((p->mask[i].high_cm1 - NPS_IR_GRID_X0) / NPS_IR_GRID_DX) + 1;
        from = fmax(from, 0);
        to = fmin(to, NPS_IR_GRID_N);
        if (from < to) {
            m.region[m.n].from = (uint16_t)from;
            m.region[m.n++].to = (uint16_t)to;
        }
    }
    return m;
}

nps_ir_options nps_ir_options_of(nps_technique technique, const nps_trace_prep *p)
{
    return (nps_ir_options){
        .technique = technique, .derivative = p->derivative, .window = p->window, .mask = nps_ir_mask_of(p)};
}

nps_status nps_ir_derivative(const float *y, unsigned derivative, unsigned window, float *ret_y, nps_err *err)
{
    double w[NPS_SAVGOL_POINTS_MAX];
    nps_status st = nps_savgol_weights(window, 2, derivative, window / 2, w, err);
    if (st != NPS_OK)
        return st;
    size_t half = window / 2;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        ret_y[i] = NAN;
    enum { STEP = 64 };
    for (size_t i = half; i + half < NPS_IR_GRID_N; i += STEP) {
        double sum[STEP] = {0};
        size_t n = NPS_IR_GRID_N - half - i < STEP ? NPS_IR_GRID_N - half - i : STEP;
        for (size_t k = 0; k < window; k++)
            for (size_t j = 0; j < n; j++)
                /* Less the middle, which the weights cancel anyway: a flat row gives zeros, not rounding. */
                sum[j] += w[k] * ((double)y[i + j - half + k] - (double)y[i + j]);
        for (size_t j = 0; j < n; j++)
            ret_y[i + j] = (float)sum[j];
    }
    return NPS_OK;
}

const float *nps_ir_row(const nps_library *lib, uint32_t entry)
{
    uint64_t low = 0, high = lib->n_ir;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (lib->ir_entry[middle] < entry)
            low = middle + 1;
        else
            high = middle;
    }
    return low < lib->n_ir && lib->ir_entry[low] == entry ? lib->ir_y + low * NPS_IR_GRID_N : NULL;
}
