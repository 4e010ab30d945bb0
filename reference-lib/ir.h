/* Infrared and Raman traces on the common grid, and their comparison. */
#ifndef NPS_REFERENCE_LIB_IR_H
#define NPS_REFERENCE_LIB_IR_H

#include "reference-lib/search.h"

/* Puts a trace on the grid of library.h by a natural cubic spline; NaN outside its range.
 * @param ret_y [NPS_IR_GRID_N]. Errors: NPS_E_NOMEM, NPS_E_NUMERIC. */
NPS_MUST_CHECK nps_status nps_ir_grid(const nps_trace *t, float *ret_y, nps_err *err);

enum { NPS_IR_LAG_MAX = 10, NPS_IR_REGIONS_MAX = 8 };

/* Regions of the grid that do not count, points from .. to. */
typedef struct {
    size_t n;
    struct {
        uint16_t from, to;
    } region[NPS_IR_REGIONS_MAX];
} nps_ir_mask;
nps_ir_mask nps_ir_mask_default(void); /* the CO2 bands, 2280 to 2400 cm-1 */

typedef struct {
    nps_technique technique;
    unsigned max_lag;  /* 0 .. NPS_IR_LAG_MAX grid points by which the query may be moved either way */
    nps_ir_mask mask;
} nps_ir_options;
static inline nps_ir_options nps_ir_options_default(nps_technique technique)
{
    return (nps_ir_options){.technique = technique, .mask = nps_ir_mask_default()};
}

typedef struct {
    double score; /* (0, 1] */
    uint32_t entry;
    int32_t lag;                 /* grid points that the query was moved up by */
    uint32_t common;             /* points compared ... */
    double first_cm1, last_cm1;  /* ... the first and the last of them, on the library's axis */
} nps_ir_hit;

/* For each query the k entries of the technique with the largest score above 0, ties by entry number. The score is the
 * largest Pearson correlation over all lags of the query moved by the lag with the entry, each over the points that both
 * measured and that the mask leaves on either side (at least 200); ties go to the smaller lag, then the negative one.
 * Exact: entries are skipped where the bound of ir_bound.h shows that they cannot be among the k.
 * @param query  [n_query][NPS_IR_GRID_N], NaN where not measured; f [n_query]
 * @param ret_hits  [n_query][k], best first; ret_n [n_query] how many
 * Queries of one call share the passes over memory. Errors: NPS_E_RANGE, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_search_ir_many(const nps_library *lib, const float *query, size_t n_query,
                                             const nps_ir_options *o, const nps_filter *f, size_t k, nps_workspace *w,
                                             nps_ir_hit *ret_hits, size_t *ret_n, nps_err *err);

/* One query with the default options; w->top gets the hits. */
NPS_MUST_CHECK nps_status nps_search_ir(const nps_library *lib, const float *query, nps_technique technique,
                                        const nps_filter *f, size_t k, nps_workspace *w, nps_err *err);

#endif
