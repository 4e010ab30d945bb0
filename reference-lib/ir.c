#include "reference-lib/ir.h"

#include "core/grid.h"

#include <math.h>
#include <stdlib.h>

enum { CO2_LOW = 940, CO2_HIGH = 1000 }; /* 2280 and 2400 cm-1 on the grid */

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

nps_ir_mask nps_ir_mask_default(void)
{
    return (nps_ir_mask){.n = 1, .region = {{CO2_LOW, CO2_HIGH}}};
}
