/* What calibrate.c and calibrate_own.c share. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_CALIBRATE_IMPL_H
#define NPS_REFERENCE_LIB_CALIBRATE_IMPL_H

#include "reference-lib/calibrate.h"
#include "reference-lib/evidence_fit.h"

typedef struct {
    double conformity; /* of the truth */
    uint8_t kind;      /* nps_kind of the query */
} nps_graded;
int nps_graded_ascending(const void *a, const void *b);

/* Errors: those of nps_find_candidates. */
NPS_MUST_CHECK nps_status nps_grade(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_filter *f,
                                    nps_is_truth *is_truth, const void *arg, nps_workspace *w, nps_graded *ret, nps_err *err);

#endif
