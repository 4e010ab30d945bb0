/* The JSON of a verdict: one contract for the program, the HTTP interface and the page. */
#ifndef NPS_SERVICE_VERDICT_JSON_H
#define NPS_SERVICE_VERDICT_JSON_H

#include "reference-lib/mixture.h"
#include "service/json.h"

typedef struct {
    const char *query;   /* name of the query as it is to appear */
    const char *today;   /* RFC 3339 full-date: entries under embargo on this day do not show their contributor */
    const nps_spectrum *spectrum; /* adds "facts" and "spectrum" (peaks or trace as read), for plots; NULL leaves it out */
} nps_verdict_json_options;

/* Writes one object as value of `key` (NULL at the top or in an array). */
void nps_jw_verdict(nps_jw *w, const char *key, const nps_library *lib, const nps_verdict *v,
                    const nps_verdict_json_options *o);

/* Peaks ("peaks": [[mz, intensity], ...]) or trace ("x0_cm1", "dx_cm1", "absorbance") of a spectrum. */
void nps_jw_spectrum(nps_jw *w, const char *key, const nps_spectrum *s);

/* A sample: the joint verdict, with "spectra": [one object each], named as in their files. `spectra` [v->n_spectra];
 * with_peaks adds what was measured, for plots. */
void nps_jw_sample_verdict(nps_jw *w, const char *key, const nps_library *lib, const nps_sample_verdict *v,
                           const char *sample, const char *today, const nps_spectrum *const *spectra, bool with_peaks);

/* Components of a mixture ("mixture"), with what is left ("residual", a spectrum) where with_residual says so and every
 * component is open to all on the day. */
void nps_jw_mixture(nps_jw *w, const char *key, const nps_library *lib, const nps_mixture *m, const char *today,
                    bool with_residual);

/* Of a trace: "range_cm1" that was compared and "moved_cm1". */
void nps_jw_compared(nps_jw *w, double first_cm1, double last_cm1, double moved_cm1);

/* What `npswatch search` prints too: "delta_formulas" with mass and error (Da), "shifted_peaks", "molecular_mass". */
void nps_jw_molecular_mass(nps_jw *w, int32_t mass, uint32_t support);
void nps_jw_formulas(nps_jw *w, const nps_formula_change *formula, size_t n, double delta_mass);
void nps_jw_shifted_peaks(nps_jw *w, const nps_analog_pair *pair, size_t n);

#endif
