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
/* The grid points whose wavenumber lies in a region of the preparation, ends included; regions off the grid vanish. */
nps_ir_mask nps_ir_mask_of(const nps_trace_prep *p);

/* Hit qualities of two rows q and r over the points that count. */
typedef enum {
    NPS_IR_CORRELATION, /* Pearson correlation */
    NPS_IR_ANGLE,       /* 1 - 2 a / pi, a the angle between the rows (spectral angle mapper, Kruse et al. 1993) */
    NPS_IR_EUCLID       /* 1 - d / sqrt(2), d the distance of the rows scaled to length 1; never below 0 */
} nps_ir_score;

typedef struct {
    nps_technique technique;
    nps_ir_score score;
    unsigned derivative, window; /* 1, 2: rows are compared as this Savitzky-Golay derivative (quadratic, window points) */
    unsigned max_lag;  /* 0 .. NPS_IR_LAG_MAX grid points by which the query may be moved either way */
    nps_ir_mask mask;
} nps_ir_options;
static inline bool nps_ir_is_masked(const nps_ir_mask *m, size_t i)
{
    for (size_t k = 0; k < m->n; k++)
        if (i >= m->region[k].from && i < m->region[k].to)
            return true;
    return false;
}

enum { NPS_IR_COMMON_MIN = 200 }; /* points (400 cm-1): less is no comparison */
/* Points of a row that count by these options: measured, not masked, and not lost to the ends of a derivative. */
size_t nps_ir_points(const float *y, const nps_ir_options *o);

/* Correlation without lag; mask and derivative as the preparation says. */
nps_ir_options nps_ir_options_of(nps_technique technique, const nps_trace_prep *p);

/* A row's derivative, 1 or 2, on the grid, as the search takes it of query and library alike: NaN where the window touches NaN.
 * @param y, ret_y  [NPS_IR_GRID_N]; may not overlap. Errors: NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_ir_derivative(const float *y, unsigned derivative, unsigned window, float *ret_y, nps_err *err);

typedef struct {
    double score; /* (0, 1]; nps_ir_compare: [-1, 1] */
    uint32_t entry;
    int32_t lag;                 /* grid points that the query was moved up by */
    uint32_t common;             /* points compared ... */
    double first_cm1, last_cm1;  /* ... the first and the last of them, on the library's axis */
} nps_ir_hit;

/* For each query the k entries of the technique with the largest score above 0, ties by entry number. The score is the
 * largest over all lags of the query moved by the lag with the entry, each over the points that both measured and that the
 * mask leaves on either side (at least NPS_IR_COMMON_MIN); ties go to the smaller lag, then the negative one. Exact: correlations without
 * derivative skip entries where the bound of ir_bound.h shows that they cannot be among the k; others score every entry.
 * @param query  [n_query][NPS_IR_GRID_N], NaN where not measured; f [n_query]
 * @param ret_hits  [n_query][k], best first; ret_n [n_query] how many
 * Queries of one call share the passes over memory. Errors: NPS_E_RANGE, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_search_ir_many(const nps_library *lib, const float *query, size_t n_query,
                                             const nps_ir_options *o, const nps_filter *f, size_t k, nps_workspace *w,
                                             nps_ir_hit *ret_hits, size_t *ret_n, nps_err *err);

/* One query; w->top gets the hits. */
NPS_MUST_CHECK nps_status nps_search_ir(const nps_library *lib, const float *query, const nps_ir_options *o,
                                        const nps_filter *f, size_t k, nps_workspace *w, nps_err *err);

/* One query with one entry of the library, whatever its score: what to show beside a hit. `entry` is a trace. */
NPS_MUST_CHECK nps_status nps_ir_compare(const nps_library *lib, const float *query, const nps_ir_options *o, uint32_t entry,
                                         nps_ir_hit *ret_hit, nps_err *err);

/* The row of a trace in lib->ir_y by its entry; NULL for an entry that is none. O(log n). */
const float *nps_ir_row(const nps_library *lib, uint32_t entry);

#endif
