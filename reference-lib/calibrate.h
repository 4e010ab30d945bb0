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
    NPS_CALIBRATION_WITHIN_MIN = 80,
    NPS_CALIBRATION_FEW = 20
};
enum { NPS_REFIT_SUBSTANCES = 100 }; /* that fitting coefficients to own replicates needs, half of which it is fitted on */
NPS_MUST_CHECK nps_status nps_calibrate_library(nps_library *lib, unsigned threads, nps_err *err);

/* One query of a laboratory's own calibration and the first InChIKey block (or name) of what it truly is. */
typedef struct {
    const nps_spectrum *query;
    const char *truth;
} nps_calibration_case;

/* Below this probability of such a difference by chance, own pairs agree otherwise than the library's. */
#define NPS_DRIFT_LEVEL 0.01

/* What one technique's cases tell. All arrays owned. */
typedef struct {
    size_t n;             /* pairs that the threshold rests on: one a substance */
    double *conformity;   /* [n] ascending, of the truth */
    uint8_t *kind;        /* [n] nps_kind */
    size_t substances;
    bool refitted;        /* `model` says more than the ruleset's coefficients, on substances that it was not fitted on */
    nps_evidence_model *model; /* refitted coefficients, drawn towards the ruleset's; NULL: too few substances */
    /* Answers about every second substance (about all where nothing was fitted), each asked as it is and as if it were not in the
     * library: by the ruleset's coefficients and by `model` (NULL without). */
    size_t n_answers;
    struct nps_fit_answer *before, *after;
    double loss_before, loss_after; /* mean of -ln of the probability given to what is right; 0 where not known */
    double drift_p;       /* probability of such a difference from the library's own pairs, if there were none (1: not comparable) */
    bool drift;           /* it is below NPS_DRIFT_LEVEL */
} nps_own_technique;
typedef struct {
    nps_own_technique technique[NPS_TECH_COUNT];
    size_t left_out; /* cases whose substance the library lacks, or too poor for a verdict */
} nps_own_calibration;
void nps_own_calibration_done(nps_own_calibration *own);

/* Conformities, refitted coefficients and reliability of a laboratory's own replicates. With NPS_REFIT_SUBSTANCES or more of a mass
 * technique the coefficients are fitted on half of them; they count (`refitted`) where they foretell the other half better, and then
 * the pairs are those of that half alone. @param ret  to be given back with nps_own_calibration_done. Errors: as nps_match. */
NPS_MUST_CHECK nps_status nps_calibrate_cases(const nps_library *lib, const nps_calibration_case *cases, size_t n,
                                              nps_own_calibration *ret, nps_err *err);

#endif
