/* Coarse codes of infrared and Raman traces: 512 bytes a trace from which a search bounds a correlation from above before
 * it reads the 7,204 bytes of the trace itself.
 *
 * The trace less its mean, zero outside its measured range, is split into means of 4 points, stored as steps of 8 bits,
 * and what these means leave, of which only the norm over each 32 points is stored, rounded up. For the query, exactly:
 *     sum q r = 4 sum (means of q)(means of r) + sum (rest of q)(rest of r)
 * and the last sum is at most the sum of the products of the norms over each 32 points (Cauchy-Schwarz). As the norms lie
 * behind the means in the same 512 bytes, one integer dot product (core/dot8.h) gives both. */
#ifndef NPS_REFERENCE_LIB_IR_CODE_H
#define NPS_REFERENCE_LIB_IR_CODE_H

#include "reference-lib/library.h"

enum {
    NPS_IR_MEANS = (NPS_IR_GRID_N + 3) / 4,            /* 451 means of 4 points; the last one holds one point */
    NPS_IR_POINTS = 4 * NPS_IR_MEANS,                  /* the grid with zeros behind it */
    NPS_IR_NORMS = (NPS_IR_MEANS + 7) / 8,             /* 57 norms over 8 means */
    NPS_IR_NORM_AT = 452                               /* first norm in the code; the bytes between and behind are 0 */
};

/* Mean i of the trace is step * (code[i] - zero) with errors whose norm over all points is at most `error`; norm j of what
 * the means leave is at most 2 step code[NPS_IR_NORM_AT + j]. `norm` is that of the trace less its mean. */
typedef struct {
    float step; /* 0: flat or empty, correlates with nothing; -1: has gaps or extreme values, no bound holds */
    float zero, error, norm;
    uint32_t from, to; /* grid points of the measured range */
} nps_ir_scale;

/* @param y  [NPS_IR_GRID_N], NaN where not measured; ret_code [NPS_IR_CODE_N] */
void nps_ir_code(const float *y, uint8_t *ret_code, nps_ir_scale *ret_scale);

/* Splits values (zero outside their range) into means and norms of the rest.
 * @param v  [NPS_IR_POINTS]; ret_mean [NPS_IR_MEANS], ret_norm [NPS_IR_NORMS] */
void nps_ir_split(const double *v, double *ret_mean, double *ret_norm);

/* Makes the arrays ir_code .. ir_range of a library. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_ir_code_build(nps_library *lib, unsigned threads, nps_err *err);

#endif
