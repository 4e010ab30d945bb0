/* What match.c and calibrate.c share. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_MATCH_IMPL_H
#define NPS_REFERENCE_LIB_MATCH_IMPL_H

#include "reference-lib/ir.h"
#include "reference-lib/prepare.h"
#include "reference-lib/verdict.h"

/* NPS_E_RANGE for options outside their range. */
NPS_MUST_CHECK nps_status nps_match_check_options(const nps_match_options *o, nps_err *err);

/* How traces are prepared and compared under these options. */
const nps_trace_prep *nps_match_prep(const nps_library *lib, nps_technique technique, const nps_match_options *o);
nps_ir_options nps_match_ir_options(const nps_library *lib, nps_technique technique, const nps_match_options *o);

typedef struct {
    uint32_t substance, entry; /* its best entry */
    double score;      /* [0, 1] evidence of the best entry */
    double conformity; /* what the threshold is compared with */
} nps_candidate;

/* Entries by evidence into w->top, then substances by evidence, best first, ties by substance.
 * @param ret_c  malloc'd, the caller frees */
NPS_MUST_CHECK nps_status nps_find_candidates(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                              const nps_filter *f, size_t k, nps_workspace *w, nps_candidate **ret_c,
                                              size_t *ret_n, nps_err *err);

#endif
