/* A verdict for people: text for the terminal, HTML for print. Both say the same as the JSON. */
#ifndef NPS_SERVICE_REPORT_H
#define NPS_SERVICE_REPORT_H

#include "core/buf.h"
#include "reference-lib/mixture.h"

void nps_report_text(nps_buf *b, const nps_library *lib, const nps_verdict *v, const char *query);
void nps_report_sample_text(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v,
                            const nps_spectrum *const *spectra);

/* What a spectrum is called in answers: its name, else its record, else "". */
const char *nps_report_title(const nps_spectrum *s);

/* One self-contained page for the case folder: begin, any number of verdicts or one sample, end. `created` is RFC 3339. Query
 * and best hit are drawn (report_plot.h), and of a mixture what is left is told, when the entries' spectra may be shown on the
 * day `today`. */
void nps_report_html_begin(nps_buf *b, const nps_library *lib, const char *created);
void nps_report_html_verdict(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_spectrum *query,
                             const char *name, const char *today);
/* The joint verdict and what the minimum scheme asks for, then each of the spectra. */
void nps_report_html_sample(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v,
                            const nps_spectrum *const *spectra, const char *today);
void nps_report_html_end(nps_buf *b); /* lines to sign */

/* The rule's own sentences about a verdict: outcome, error rate with what speaks against relying on it, and where a mixture may be
 * at hand, that. No free text can overrule them. One technique alone is presumptive (SWGDRUG, ASTM E2329). */
void nps_report_verdict_statement(nps_buf *b, const nps_library *lib, const nps_verdict *v);
/* The same about a sample, or the conflict between its spectra. */
void nps_report_sample_statement(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v);

/* One sentence: what the components explain together and the best one alone. */
void nps_report_mixture_statement(nps_buf *b, const nps_library *lib, const nps_mixture *m);
/* Components of a mixture, one a line. */
void nps_report_mixture_text(nps_buf *b, const nps_library *lib, const nps_mixture *m);

#endif
