/* The derived arrays of a library: made once when it is built, stored in its file. */
#ifndef NPS_REFERENCE_LIB_INDEX_H
#define NPS_REFERENCE_LIB_INDEX_H

#include "core/similarity.h"
#include "reference-lib/library.h"

/* Weights of the weighted cosine (ruleset): m/z^1 * intensity^0.5, the scaling of the plain method on unit-mass spectra. */
#define NPS_WEIGHTED_MZ_POWER 1.0
#define NPS_COSINE_INTENSITY_POWER 0.5
/* Weights of the all-lag search (benchmarks/README.md): heavy fragments tell more about a skeleton than strong ones; below
 * m/z 40 are air, water and what every amine has. */
#define NPS_LAG_MZ_POWER 1.0
#define NPS_LAG_INTENSITY_POWER 0.3
enum { NPS_LAG_LOWEST_BIN = 40 };

/* Peaks of an MS/MS spectrum as they are searched: cleaned (nps_clean), and the same entropy-weighted (nps_entropy_weight).
 * The precursor region is kept when nothing else is there. The caller gives *ret_clean back with nps_peaks_done and
 * *ret_weight [ret_clean->n] with free. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_index_clean(nps_peak_view p, double precursor_mz, nps_peaks *ret_clean, float **ret_weight,
                                          nps_err *err);

/* Makes every derived array of `lib` from its entries and peaks; owned by the library. The same arrays whatever the number
 * of threads. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_index_build(nps_library *lib, unsigned threads, nps_err *err);

#endif
