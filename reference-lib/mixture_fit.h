/* The equations of a mixture: the query at its points, library entries as columns, their fit, and what it leaves.
 * Private to reference-lib; mixture.c chooses the columns. One thread. */
#ifndef NPS_REFERENCE_LIB_MIXTURE_FIT_H
#define NPS_REFERENCE_LIB_MIXTURE_FIT_H

#include "reference-lib/mixture.h"

enum { NPS_MIXTURE_POOL_MAX = 1024, NPS_MIXTURE_SWEEPS = 3 /* of exchanging components */ };

/* One entry as a column of the equations, scaled to a norm of 1. */
typedef struct {
    uint32_t entry, substance;
    double by_query; /* product with the query */
    double scale;    /* the column is its signal divided by this */
    double sum;      /* of the signal itself: ions, or 1 for traces */
    float *v;        /* [problem.n], owned */
    double rest;     /* squared norm of what lies outside these points, after scaling */
} nps_mixture_column;

typedef struct {
    const nps_library *lib;
    const nps_prepared *q;
    const nps_ir_options *o;
    double tol_mz;
    nps_workspace *w;
    size_t n;        /* points */
    uint32_t *point; /* [n] traces: grid points; ei: nominal masses */
    double *weight;  /* [n] */
    double *query;   /* [n] weighted, traces without their straight line */
    double norm2;    /* of the query */
    nps_mixture_column *pool;
    size_t n_pool, cap_pool;
    float *grid; /* [NPS_IR_GRID_N] scratch */
} nps_mixture_problem;

typedef struct {
    size_t n;
    size_t at[NPS_MIXTURE_MAX]; /* in the pool */
    double x[NPS_MIXTURE_MAX];
    double fit; /* by which the sum of squares falls */
} nps_mixture_selection;

/* Products of two columns, computed once for those that were ever chosen. */
typedef struct {
    size_t n;
    size_t of[NPS_MIXTURE_MAX * (NPS_MIXTURE_SWEEPS + 2)]; /* pool index of each row */
    double *
        row[NPS_MIXTURE_MAX * (NPS_MIXTURE_SWEEPS + 2)]; /* [NPS_MIXTURE_POOL_MAX], owned; NAN where not computed yet */
} nps_mixture_products;

static inline bool nps_mixture_is_trace(const nps_mixture_problem *p)
{
    return p->q->technique >= NPS_TECH_IR;
}

/* Points, weights and the query at them; p->lib, q, o, tol_mz and w are set. Errors: NPS_E_NOMEM, NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_mixture_lay_out(nps_mixture_problem *p, nps_err *err);
void nps_mixture_problem_done(nps_mixture_problem *p);
void nps_mixture_products_done(nps_mixture_products *g);

/* Puts the entry into the pool unless it is there, has nothing to compare, or the pool is full. */
NPS_MUST_CHECK nps_status nps_mixture_add_column(nps_mixture_problem *p, uint32_t entry, nps_err *err);

/* Fits the columns in s->at: sets s->x and s->fit. */
NPS_MUST_CHECK nps_status nps_mixture_fit(const nps_mixture_problem *p, nps_mixture_products *g,
                                          nps_mixture_selection *s, nps_err *err);

/* What the selection leaves of the query, in its own units: peaks of which something is left, or [NPS_IR_GRID_N]
 * values, NaN where nothing is compared. The caller gives them back. */
NPS_MUST_CHECK nps_status nps_mixture_left_peaks(const nps_mixture_problem *p, const nps_mixture_selection *s,
                                                 nps_peaks *ret, nps_err *err);
NPS_MUST_CHECK nps_status nps_mixture_left_trace(const nps_mixture_problem *p, const nps_mixture_selection *s,
                                                 float **ret, nps_err *err);

#endif
