/* The plots of the printed report: SVG as text. */
#ifndef NPS_SERVICE_REPORT_PLOT_H
#define NPS_SERVICE_REPORT_PLOT_H

#include "core/buf.h"
#include "reference-lib/verdict.h"

/* Mass spectra, query above, the hit's reference below, each at its own scale; nothing where one has no peaks. */
void nps_report_mirror_plot(nps_buf *b, const nps_library *lib, const nps_spectrum *query, const nps_hit *hit);

/* Traces as they were compared, from high to low wavenumber: the query after its steps, moved as the hit says, and the
 * reference, brought to it by factor and offset (least squares over what was compared). What was not compared is shaded.
 * Nothing where a step does not go. Both show the reference: ask nps_library_entry_is_open first. */
void nps_report_trace_plot(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_spectrum *query,
                           const nps_hit *hit);

#endif
