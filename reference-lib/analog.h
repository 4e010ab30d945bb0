/* What a spectrum resembles: analogues with the mass that they are moved by, and the class that they agree on. */
#ifndef NPS_REFERENCE_LIB_ANALOG_H
#define NPS_REFERENCE_LIB_ANALOG_H

#include "reference-lib/lag.h"
#include "reference-lib/match_impl.h"
#include "reference-lib/shift.h"

/* Da around a difference of whole masses, where mass defects of up to a tenth come on top; of accurate masses. */
#define NPS_NOMINAL_FORMULA_TOL 0.11
#define NPS_ACCURATE_FORMULA_TOL 0.005

/* Fills v->analogs, v->n_analogs: for ei over all lags (lag.h), for msms with a precursor by its difference, for msms and dart
 * without over all shifts (shift.h). Others get none. At least as many as the classes' vote wants. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_find_analogs(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                           const nps_filter *f, nps_workspace *w, nps_verdict *v, nps_err *err);

/* Fills v->classes: the nearest hits, direct and shifted, vote with a steep power of their score; those without a class vote
 * for none. @param c [n_c] candidates, best first */
NPS_MUST_CHECK nps_status nps_vote_classes(const nps_library *lib, const nps_candidate *c, size_t n_c, nps_verdict *v,
                                           nps_err *err);

/* Formula changes and shifted pairs of one found analogue, for callers without a verdict. q as prepared for the search that
 * found it; pairs are left out where the entry is not open to all. */
void nps_describe_lag(const nps_library *lib, const nps_prepared *q, const nps_lag_hit *hit, nps_workspace *w,
                      nps_analog *ret_analog);
void nps_describe_shift(const nps_library *lib, const nps_prepared *q, uint32_t entry, double score, double shift, double tol_mz,
                        nps_analog *ret_analog);

#endif
