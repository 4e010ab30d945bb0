#include "reference-lib/ir.h"

#include "core/grid.h"
#include "core/savgol.h"
#include "core/simd.h"

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
    for (size_t i = first; i < end; i++)
        if (!isfinite(ret_y[i])) /* the spline overshoots what a float can hold */
            return nps_fail(err, NPS_E_NUMERIC, "the trace has no finite value at %g 1/cm",
                            NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)i);
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

size_t nps_ir_points(const float *y, const nps_ir_options *o)
{
    size_t from = 0, to = NPS_IR_GRID_N, half = o->derivative ? o->window / 2 : 0, n = 0;
    while (from < to && isnan(y[from]))
        from++;
    while (to > from && isnan(y[to - 1]))
        to--;
    for (size_t i = from + half; i + half < to; i++)
        n += !nps_ir_is_masked(&o->mask, i);
    return n;
}

nps_ir_options nps_ir_options_of(nps_technique technique, const nps_trace_prep *p)
{
    return (nps_ir_options){
        .technique = technique, .derivative = p->derivative, .window = p->window, .mask = nps_ir_mask_of(p)};
}

/* Differences from the middle, or of the two sides: what the weights cancel anyway never enters, so that a flat row gives
 * zeros, not rounding. A constant number of points at a time for the compiler's vectors. */
enum { STEP = 32 };

static inline __attribute__((always_inline)) void derive_step(const float *y, unsigned derivative, size_t half,
                                                              const double *w, float *ret_y)
{
    double sum[STEP] = {0};
    for (size_t k = 1; k <= half; k++) {
        const float *up = y + k, *down = y - k;
        double by = w[half + k];
        if (derivative == 1)
            for (size_t j = 0; j < STEP; j++)
                sum[j] += by * ((double)up[j] - (double)down[j]);
        else
            for (size_t j = 0; j < STEP; j++)
                sum[j] += by * (((double)up[j] - (double)y[j]) + ((double)down[j] - (double)y[j]));
    }
    for (size_t j = 0; j < STEP; j++)
        ret_y[j] = (float)sum[j];
}

static inline __attribute__((always_inline)) void derive(const float *y, unsigned derivative, size_t half, const double *w,
                                                         float *ret_y)
{
    size_t i = half;
    for (; i + STEP + half <= NPS_IR_GRID_N; i += STEP)
        derive_step(y + i, derivative, half, w, ret_y + i);
    /* The last step overlaps the one before; a window of 101 points leaves room for it. */
    if (i + half < NPS_IR_GRID_N)
        derive_step(y + NPS_IR_GRID_N - half - STEP, derivative, half, w, ret_y + NPS_IR_GRID_N - half - STEP);
}

static void derive_plain(const float *y, unsigned derivative, size_t half, const double *w, float *ret_y)
{
    derive(y, derivative, half, w, ret_y);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void derive_avx2(const float *y, unsigned derivative, size_t half, const double *w,
                                                        float *ret_y)
{
    derive(y, derivative, half, w, ret_y);
}
#endif

nps_status nps_ir_derivative(const float *y, unsigned derivative, unsigned window, float *ret_y, nps_err *err)
{
    double w[NPS_SAVGOL_POINTS_MAX];
    if (derivative < 1 || derivative > 2)
        return nps_fail(err, NPS_E_RANGE, "derivative %u is neither 1 nor 2", derivative);
    nps_status st = nps_savgol_weights(window, 2, derivative, window / 2, w, err);
    if (st != NPS_OK)
        return st;
    size_t half = window / 2;
    for (size_t i = 0; i < half; i++)
        ret_y[i] = ret_y[NPS_IR_GRID_N - 1 - i] = NAN;
#if defined(__x86_64__)
    if (nps_simd_best() != NPS_SIMD_PLAIN) {
        derive_avx2(y, derivative, half, w, ret_y);
        return NPS_OK;
    }
#endif
    derive_plain(y, derivative, half, w, ret_y);
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
