/* Cleaned forms of a peak list, as the scores want them. */
#ifndef NPS_SPECTRA_CLEAN_H
#define NPS_SPECTRA_CLEAN_H

#include "core/similarity.h"
#include "spectra/peaks.h"

typedef struct {
    double precursor_mz;  /* peaks at or above precursor - precursor_margin are dropped; 0: none */
    double precursor_margin; /* Th; ms_entropy uses 1.6 */
    double min_gap;       /* Th: closer peaks are merged, strongest first; <= 0: no merging */
    double noise;         /* drop below this share of the base peak (after merging); 0: none */
    size_t max_peaks;     /* keep the strongest; 0: all */
} nps_clean_options;

static inline nps_peak_view nps_peaks_view(const nps_peaks *p)
{
    return (nps_peak_view){.mz = p->mz, .intensity = p->intensity, .n = p->n};
}

/* 1.6 Th, 0.05 Th, 1 %, all peaks: the defaults of ms_entropy (Li et al. 2021). */
nps_clean_options nps_clean_options_default(double precursor_mz);

/* Cleaned copy, intensities as shares of their sum (none when nothing is left), without notes. The caller gives it back
 * with nps_peaks_done. In this order: precursor region, merging (m/z as intensity-weighted mean, intensities added),
 * noise, strongest, normalisation. O(n log n). Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_clean(nps_peak_view src, const nps_clean_options *o, nps_peaks *ret_clean, nps_err *err);

/* Binned to nominal mass (nps_nominal_bin), 1 to NPS_NOMINAL_BINS - 1, others dropped: mz whole, intensities of one bin added.
 * Same ownership. */
NPS_MUST_CHECK nps_status nps_clean_nominal(nps_peak_view src, nps_peaks *ret_nominal, nps_err *err);

#endif
