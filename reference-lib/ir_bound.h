/* Upper bounds on the correlation of one query with every trace of a library, from the coarse codes alone (ir_code.h).
 * Private to reference-lib: ir_search.c skips what cannot enter its answer. */
#ifndef NPS_REFERENCE_LIB_IR_BOUND_H
#define NPS_REFERENCE_LIB_IR_BOUND_H

#include "core/simd.h"
#include "reference-lib/ir.h"
#include "reference-lib/ir_code.h"

enum {
    NPS_IR_LAGS_MAX = 2 * NPS_IR_LAG_MAX + 1,
    NPS_IR_BLOCK = 256 /* rows whose codes stay in the second-level cache while several queries pass over them */
};

/* One lag of a query: the query on the library's grid, moved by `lag` points, NaN where it or the region masks leave
 * nothing to compare. */
typedef struct {
    int lag;
    bool dead;      /* too few points, or flat: correlates with nothing */
    uint32_t n;     /* points */
    float by_dot, by_zero, by_error, by_norm; /* coefficients of the bound */
    float *moved;       /* [NPS_IR_GRID_N] */
    int8_t *vector;     /* [2][NPS_IR_CODE_N] inside the plan's vectors */
    uint32_t *count;    /* [NPS_IR_GRID_N + 1] points before each grid point ... */
    double *sum, *squares; /* ... and the sums over them of the query less its mean, scaled to a norm of 1 */
} nps_ir_lag;

/* The points that every lag of a query uses, and their complement as parts of the code. */
typedef struct {
    uint32_t count[NPS_IR_GRID_N + 1]; /* such points before each grid point */
    uint8_t in_sum[NPS_IR_CODE_N], in_squares[NPS_IR_CODE_N]; /* 255: means, means and norms that touch the complement */
    uint32_t n_means, n_partial; /* touched means; those of them that lie on both sides */
} nps_ir_core;

typedef struct {
    size_t n_lag;
    nps_ir_lag lag[NPS_IR_LAGS_MAX]; /* 0, -1, +1, -2, ...: ties go to the first */
    nps_ir_core core;
    int8_t *vectors; /* [n_lag][2][NPS_IR_CODE_N] */
} nps_ir_plan;

/* @param query  [NPS_IR_GRID_N], NaN where not measured. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_ir_plan_new(const float *query, unsigned max_lag, const nps_ir_mask *mask,
                                          nps_ir_plan **ret_plan, nps_err *err);
void nps_ir_plan_free(nps_ir_plan *p);
NPS_DEFINE_FREEP(nps_ir_plan)

/* What the bound needs from the rows of a block for one core; the same for all queries that share it. */
typedef struct {
    float by_dot[NPS_IR_BLOCK], by_zero[NPS_IR_BLOCK], by_error[NPS_IR_BLOCK], by_norm[NPS_IR_BLOCK];
    float by_mean[NPS_IR_BLOCK], by_rest[NPS_IR_BLOCK];
    float fixed[NPS_IR_BLOCK]; /* -1: correlates with nothing, 2: no bound; 0: the bound counts */
    uint32_t last_from, first_to; /* range that all of them measured */
    bool any_fixed;
} nps_ir_side;

/* Rows [row, row + n), n at most NPS_IR_BLOCK. */
void nps_ir_side_of(nps_simd level, const nps_library *lib, const nps_ir_core *core, uint64_t row, size_t n,
                    nps_ir_side *ret_side);

/* ret_bound[l][r] is at least the correlation of row + r with lag l of the plan where that correlation is
 * above 0; a bound of 0 or less says that it is not. @param ret_bound [n_lag]; values behind the n rows have no meaning. */
void nps_ir_bounds(nps_simd level, const nps_library *lib, const nps_ir_plan *p, const nps_ir_side *side, uint64_t row,
                   size_t n, float (*ret_bound)[NPS_IR_BLOCK]);

#endif
