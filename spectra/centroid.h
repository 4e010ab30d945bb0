/* Peaks of a mass spectrum that was recorded as a profile. */
#ifndef NPS_SPECTRA_CENTROID_H
#define NPS_SPECTRA_CENTROID_H

#include "spectra/peaks.h"

/* One peak for each local maximum above zero, appended to *peaks.
 * @param mz         [n] Th, not descending
 * @param intensity  [n] any scale; zero and negative points belong to no peak
 * Place and height come from the parabola through the logarithms of the highest point and its two neighbours, which is
 * exact for a Gaussian (Gasior & Gonzalez, AIP Conf. Proc. 732 (2004) 276). Where a neighbour is missing or not above zero:
 * the mean m/z of what is there, weighted by intensity, and the highest point. A flat top gives its middle. Points more
 * than 0.3 Th apart, or four times farther than on the peak's other side, are no neighbours. Nothing is smoothed and no
 * noise is taken off. O(n).
 * Errors: NPS_E_FORMAT when m/z descends; those of nps_peaks_push. */
NPS_MUST_CHECK nps_status nps_centroid(const double *mz, const double *intensity, size_t n, size_t max_peaks,
                                       nps_peaks *peaks, nps_err *err);

#endif
