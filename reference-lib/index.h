/* The derived arrays of a library: made once when it is built, stored in its file. */
#ifndef NPS_REFERENCE_LIB_INDEX_H
#define NPS_REFERENCE_LIB_INDEX_H

#include "core/similarity.h"
#include "reference-lib/library.h"

/* Weights of the EI cosine (ruleset): intensity^0.5 * m/z^1, the scaling of the plain method on unit-mass spectra. */
#define NPS_EI_INTENSITY_POWER 0.5
#define NPS_EI_MZ_POWER 1.0

/* Peaks of an EI spectrum as they are searched: nominal bins, weights with a sum of squares of 1.
 * @param ret_bin, ret_weight  [p->n]; returns their number. `p` must be nominal (nps_clean_nominal). */
size_t nps_index_ei_weights(const nps_peaks *p, uint32_t *ret_bin, float *ret_weight);

/* Peaks of an MS/MS spectrum as they are searched: cleaned and entropy-weighted (nps_clean, nps_entropy_weight). The
 * precursor region is kept when nothing else is there. The caller gives *ret_clean back with nps_peaks_done. */
NPS_MUST_CHECK nps_status nps_index_clean(nps_peak_view p, double precursor_mz, nps_peaks *ret_clean, nps_err *err);

/* Makes every derived array of `lib` from its entries and peaks; owned by the library. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_index_build(nps_library *lib, nps_err *err);

#endif
