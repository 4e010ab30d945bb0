/* What files of all formats say about the units of infrared and Raman spectra. */
#ifndef NPS_SPECTRA_TRACE_UNIT_H
#define NPS_SPECTRA_TRACE_UNIT_H

#include "core/scan.h"
#include "spectra/trace.h"

/* Where visible light ends and infrared begins (CIE 17-21-004), nm. */
#define NPS_INFRARED_FROM_NM 780.0

/* Letters in capitals, digits and '%' of a unit, cut to fit; a micro sign, in whatever encoding, as U. */
void nps_unit_fold(nps_span unit, char *folded, size_t size);

/* Whether transmittance or reflectance of unstated scale, whose largest value is `largest`, is in parts of 1 (up to 1.5, as
 * noise goes beyond 1) or in per cent (from 5 on). False where neither can be told. */
bool nps_trace_scale(double largest, bool *ret_percent);

#endif
