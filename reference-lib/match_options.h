/* Options of a verdict as its parts use them. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_MATCH_OPTIONS_H
#define NPS_REFERENCE_LIB_MATCH_OPTIONS_H

#include "reference-lib/ir.h"
#include "reference-lib/match.h"

/* NPS_E_RANGE for options outside their range. */
NPS_MUST_CHECK nps_status nps_match_check_options(const nps_match_options *o, nps_err *err);

/* How traces are prepared and compared under these options. */
const nps_trace_prep *nps_match_prep(const nps_library *lib, nps_technique technique, const nps_match_options *o);
nps_ir_options nps_match_ir_options(const nps_library *lib, nps_technique technique, const nps_match_options *o);

/* The coefficients that evidence is made with under these options. */
const nps_evidence_model *nps_match_model(nps_technique technique, const nps_match_options *o);

#endif
