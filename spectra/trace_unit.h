/* What files of all formats say about the units of infrared and Raman spectra. */
#ifndef NPS_SPECTRA_TRACE_UNIT_H
#define NPS_SPECTRA_TRACE_UNIT_H

#include "core/scan.h"
#include "spectra/trace.h"

/* Where visible light ends and infrared begins (CIE 17-21-004), nm. */
#define NPS_INFRARED_FROM_NM 780.0

/* Letters in capitals, digits and '%' of a unit, cut to fit; a micro sign, in whatever encoding, as U, and a raised 1 as 1. */
void nps_unit_fold(nps_span unit, char *folded, size_t size);

/* The unit of an abscissa by its label: "1/CM", "cm-1", "Wavenumber (cm-1)", "MICROMETERS", "nm". False when it is none. */
bool nps_x_unit_find(nps_span label, nps_x_unit *ret_unit);

/* The unit of an infrared ordinate by its label. Transmittance and reflectance that do not say per cent come as parts, with
 * *ret_unsaid true: then nps_trace_scale tells. False when the label is none. */
bool nps_y_unit_find(nps_span label, nps_y_unit *ret_unit, bool *ret_unsaid);

/* Whether transmittance or reflectance of unstated scale, whose largest value is `largest`, is in parts of 1 (up to 2, as
 * noise goes beyond 1) or in per cent (from 5 on): *unit, in parts before, is set so. False where neither can be told. */
bool nps_trace_scale(double largest, nps_y_unit *unit);

/* Largest of n values, -INFINITY for none; NaN does not count. */
double nps_trace_largest(const double *y, size_t n);

#endif
