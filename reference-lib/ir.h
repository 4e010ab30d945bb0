/* Infrared and Raman traces on the common grid, and their comparison. */
#ifndef NPS_REFERENCE_LIB_IR_H
#define NPS_REFERENCE_LIB_IR_H

#include "reference-lib/search.h"

/* Puts a trace on the grid of library.h by a natural cubic spline; NaN outside its range.
 * @param ret_y [NPS_IR_GRID_N]. Errors: NPS_E_NOMEM, NPS_E_NUMERIC. */
NPS_MUST_CHECK nps_status nps_ir_grid(const nps_trace *t, float *ret_y, nps_err *err);

/* Pearson correlation of two rows over the points where both are measured, without the CO2 bands (2280 to 2400 cm-1).
 * @param ret_common  number of those points; fewer than 200 (400 cm-1) give 0. @return [-1, 1] */
double nps_ir_correlation(const float *a, const float *b, uint32_t *ret_common);

/* The k entries of the technique with the largest correlation above 0. */
NPS_MUST_CHECK nps_status nps_search_ir(const nps_library *lib, const float *query, nps_technique technique,
                                        const nps_filter *f, size_t k, nps_workspace *w, nps_err *err);

#endif
