/* The one way from a spectrum to a verdict: quality, preparation, search of one pinned generation, rules. Pure in its
 * arguments; knows no file, clock or global. Threads: any, each caller with its own workspace. */
#ifndef NPS_REFERENCE_LIB_MATCH_H
#define NPS_REFERENCE_LIB_MATCH_H

#include "reference-lib/verdict.h"

/* Da: largest tolerance of peaks; cleaned peaks lie more than twice as far apart, so that none has two partners. */
#define NPS_TOL_MZ_MAX 0.025

typedef struct {
    double alpha;    /* (0, 0.5]; default 0.05 */
    size_t top;      /* hits and analogues to list, 1 .. 1000; default 10 */
    double tol_mz;   /* Da, for msms and accurate-mass data; (0, NPS_TOL_MZ_MAX]; default 0.02 */
    double tol_precursor_ppm; /* precursor tolerance; default 10. Unit-mass precursors: NPS_UNIT_TOL */
    bool with_analogs;        /* default true */
    bool with_mixture;        /* ei, dart, ir, raman: also what the sample could be mixed of; default true */
    const nps_trace_prep *trace_prep; /* steps for a trace in place of the library's own; NULL (default): those */
    double max_lag_cm1;       /* traces: the query may be moved by up to this, 0 .. 20, in steps of 2; default 0 */
    const nps_calibration *own_calibration; /* [NPS_TECH_COUNT] or NULL: replaces the library's where its n > 0;
                                              * neither counts for traces that are prepared or moved otherwise than the library's */
} nps_match_options;
nps_match_options nps_match_options_default(void);

/* Scratch of one caller; grows as needed. A search of a large library may use several threads (default 1), which end before
 * it returns; the answer does not depend on their number. */
typedef struct nps_workspace nps_workspace;
NPS_MUST_CHECK nps_status nps_workspace_new(nps_workspace **ret_workspace, nps_err *err);
void nps_workspace_set_threads(nps_workspace *w, unsigned threads); /* 1 .. 64, others count as the nearest */
void nps_workspace_free(nps_workspace *w);
NPS_DEFINE_FREEP(nps_workspace)

/* Errors: NPS_E_RANGE for options outside their range; NPS_E_NOMEM. A poor spectrum is a verdict (unusable). */
NPS_MUST_CHECK nps_status nps_match(const nps_library *lib, const nps_spectrum *query, const nps_match_options *options,
                                    nps_workspace *w, nps_verdict **ret_verdict, nps_err *err);

/* All spectra of one sample: n >= 1, at most 64 (NPS_E_LIMIT). */
NPS_MUST_CHECK nps_status nps_match_sample(const nps_library *lib, const nps_spectrum *const *queries, size_t n,
                                           const nps_match_options *options, nps_workspace *w,
                                           nps_sample_verdict **ret_verdict, nps_err *err);

#endif
