/* What a sample that is cut with other substances is made of: components of the library whose spectra, added up, explain the
 * query. EI and DART mass spectra, infrared and Raman traces add up; MS/MS spectra of one precursor do not.
 *
 * Candidates come from the exact searches of query and residual (mass spectra: reverse search first). Among them the set grows
 * one component at a time, each time by the one with which non-negative least squares (core/nnls.h) explains most, and each
 * component may still be exchanged for a better one. It stops where one more is not worth it: nps_mixture_rule.
 *
 * A component stands for its share of the signal, not of the weight: substances differ in how strongly they answer.
 */
#ifndef NPS_REFERENCE_LIB_MIXTURE_H
#define NPS_REFERENCE_LIB_MIXTURE_H

#include "reference-lib/ir.h"

/* What is left as a spectrum named "residual of NAME", to be searched, drawn or written; regions that were not compared are
 * 0. It is made of query and references: of a reference that is not open to all it would give the peaks away, so ask
 * nps_mixture_is_open first. NULL in *ret_spectrum where nothing is left. The caller frees it. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_mixture_residual(const nps_mixture *m, const char *name, nps_spectrum **ret_spectrum, nps_err *err);

/* Whether the spectra of all components may leave the service: nps_library_entry_is_open. */
bool nps_mixture_is_open(const nps_mixture *m, const nps_library *lib, const char *today);

/* When one more component is worth it (ruleset; found on single substances, see benchmarks/README.md). */
typedef struct {
    double worth; /* it explains at least this part of what the others left */
    double gain;  /* and this part of the whole ... */
    double sure;  /* ... or at least this part of what the others left, however little that is */
    double share; /* and has at least this share of the explained signal */
} nps_mixture_rule;
nps_mixture_rule nps_mixture_rule_of(nps_technique technique);

/* Whether mixtures of this technique are searched. */
static inline bool nps_mixture_applies(nps_technique t) { return t == NPS_TECH_EI || t == NPS_TECH_DART || t >= NPS_TECH_IR; }

/* Decomposes a query. @param o  traces: how rows are compared (derivative, mask; score and lag are not used); NULL for mass
 * spectra. @param tol_mz  dart, (0, NPS_TOL_MZ_MAX]. @param most  components at most, 1 .. NPS_MIXTURE_MAX
 * The answer does not depend on the number of threads of the workspace. Errors: NPS_E_UNSUPPORTED for techniques whose spectra
 * do not add up; NPS_E_RANGE; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_find_mixture(const nps_library *lib, const nps_prepared *q, const nps_ir_options *o,
                                           double tol_mz, size_t most, nps_workspace *w, nps_mixture **ret_mixture,
                                           nps_err *err);

#endif
