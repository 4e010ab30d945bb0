/* All-shift search of accurate-mass fragment spectra: analogues without a known precursor. */
#ifndef NPS_REFERENCE_LIB_SHIFT_H
#define NPS_REFERENCE_LIB_SHIFT_H

#include "reference-lib/search.h"

/* Da: largest shift looked for, to both sides. */
#define NPS_SHIFT_MAX 300.0
/* Of the query only the strongest peaks count: every pair of peaks is a shift to try. */
enum { NPS_SHIFT_PEAKS = 100 };
/* What the shifted pairs must add to the score of the direct ones. */
#define NPS_SHIFT_GAIN 0.02

typedef struct {
    uint32_t entry;
    double score; /* [0, 1] modified cosine of sqrt(intensity) at the best shift: greedy over direct and shifted pairs, each
                   * peak used once (nps_cosine_greedy) */
    double plain; /* [0, 1] the direct pairs alone */
    double shift; /* Da, query minus reference: mean of the shifted pairs' differences, weighted by what they add */
    uint32_t direct, shifted; /* pairs */
    nps_analog_pair pair[NPS_ANALOG_PAIRS]; /* the shifted ones with the largest shares, largest first, whoever owns the entry */
} nps_shift_hit;

/* The k best msms and dart entries by their modified cosine at their best shift, exactly. Shifts tried are all differences
 * between a query peak and an entry's peak from 2 tol_mz to NPS_SHIFT_MAX, of either sign; one counts where its score exceeds
 * the plain cosine by NPS_SHIFT_GAIN; entries without are left out. Of equal scores the smaller shift counts; of equal
 * entries the lower number.
 * @param q  msms or dart, its NPS_SHIFT_PEAKS strongest peaks (of equal ones those of smaller m/z); its precursor is not used.
 *   tol_mz in (0, NPS_TOL_MZ_MAX] Da.  @param ret_hits [k]
 * Uses w->threads threads. Errors: NPS_E_RANGE for tol_mz; NPS_E_NOMEM. An upper bound for each entry from sums over classes of differences, then full
 * comparison of those that can still be among the k best. */
NPS_MUST_CHECK nps_status nps_search_shift(const nps_library *lib, const nps_prepared *q, double tol_mz, const nps_filter *f,
                                           size_t k, nps_workspace *w, nps_shift_hit *ret_hits, size_t *ret_n, nps_err *err);

#endif
