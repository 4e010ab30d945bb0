/* Calibration: how well genuine replicates agree, so that a threshold has a known error rate. */
#ifndef NPS_REFERENCE_LIB_CALIBRATE_H
#define NPS_REFERENCE_LIB_CALIBRATE_H

#include "reference-lib/match.h"

/* Calibrates every technique of a freshly built library by its own replicates: for up to NPS_CALIBRATION_MAX substances one
 * entry is asked as an unknown with itself left out. Where NPS_CALIBRATION_MIN substances or more were measured by several
 * contributors, only these are asked, and all entries of the asked one's contributor for its substance are left out too: the
 * match must cross laboratories. Deterministic for any number of threads. With fewer questions than NPS_CALIBRATION_MIN, or
 * than NPS_CALIBRATION_WITHIN_MIN inside one contributor, the general table of the program is used; where there is none,
 * NPS_CALIBRATION_FEW suffice. Errors: NPS_E_NOMEM. */
enum {
    NPS_CALIBRATION_MAX = 2000,
    NPS_CALIBRATION_MIN = 60,
    NPS_CALIBRATION_WITHIN_MIN = 200,
    NPS_CALIBRATION_FEW = 20
};
NPS_MUST_CHECK nps_status nps_calibrate_library(nps_library *lib, unsigned threads, nps_err *err);

/* One query of a laboratory's own calibration and the first InChIKey block (or name) of what it truly is. */
typedef struct {
    const nps_spectrum *query;
    const char *truth;
} nps_calibration_case;

/* Conformity of each case whose substance the library holds and whose quality allows a verdict; others are counted and
 * left out.
 * @param ret  [NPS_TECH_COUNT]; conformity arrays are malloc'd, ascending, to be freed by the caller
 * Errors: as nps_match. */
NPS_MUST_CHECK nps_status nps_calibrate_cases(const nps_library *lib, const nps_calibration_case *cases, size_t n,
                                              nps_calibration ret[NPS_TECH_COUNT], size_t *ret_left_out, nps_err *err);

#endif
