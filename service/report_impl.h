/* What the text and the printed report share. Private to service/report*.c. */
#ifndef NPS_SERVICE_REPORT_IMPL_H
#define NPS_SERVICE_REPORT_IMPL_H

#include "core/buf.h"
#include "reference-lib/control_view.h"
#include "reference-lib/mixture.h"

static inline const char *nps_report_name(const nps_library *lib, uint32_t substance)
{
    return nps_library_text(lib, lib->sub_name[substance]);
}

static inline const char *nps_report_plural(size_t n) { return n == 1 ? "" : "s"; }

typedef void nps_report_line_fn(void *arg, const char *key, const char *sentence);
/* What was remarked ("quality") and repaired ("repaired") on reading. */
void nps_report_reading(const nps_verdict *v, nps_report_line_fn *line, void *arg);
/* How a trace was prepared and moved; nothing for mass spectra. */
void nps_report_preparation(const nps_verdict *v, nps_report_line_fn *line, void *arg);

/* Up to `most` peaks that carry an analogue's shift, reference, arrow, query. */
void nps_report_put_carriers(nps_buf *b, const nps_analog *a, const char *arrow, size_t most);
/* An analogue's likely changes from `first` on. */
void nps_report_put_changes(nps_buf *b, const nps_analog *a, size_t first);

/* --- report_tables.c: parts of the page, each nothing where there is nothing to show --- */

void nps_report_html_set(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n, const nps_control_view *control);
/* Control status of a set, or of a likeliest class; nothing for a NULL view. */
void nps_report_html_control(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n, uint32_t class_name,
                             const nps_control_view *control);
void nps_report_html_hits(nps_buf *b, const nps_library *lib, const nps_verdict *v);
void nps_report_html_mixture(nps_buf *b, const nps_library *lib, const nps_mixture *m, const nps_spectrum *query, const char *today);
void nps_report_html_analogs(nps_buf *b, const nps_library *lib, const nps_verdict *v);

#endif
