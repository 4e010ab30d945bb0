/* What two columns of numbers mean: a mass spectrum, an infrared or a Raman trace. Told by the words above the columns;
 * without words by the shape of the numbers, where only one reading is possible. Private to spectra/read_csv.c. */
#ifndef NPS_SPECTRA_CSV_KIND_H
#define NPS_SPECTRA_CSV_KIND_H

#include "spectra/spectrum.h"

/* Which words have been met. */
typedef struct {
    bool mass, wavenumber, wavelength, nanometre, micrometre, raman; /* first column */
    bool absorbance, transmittance, reflectance, percent, counts;    /* second column */
} nps_csv_words;

typedef struct {
    nps_technique technique; /* NPS_TECH_UNKNOWN: a mass spectrum */
    nps_x_unit x_unit;
    nps_y_unit y_unit;
} nps_csv_kind;

/* Looks for words in the title of column 0 or 1; true when there was one. */
bool nps_csv_words_add(nps_csv_words *w, nps_span title, int column);

/* Decides. @param claim  technique that the preamble states, or NPS_TECH_UNKNOWN. @param x, y  [n], in file order.
 * O(n log n). Errors: NPS_E_FORMAT where the words contradict each other or leave more than one reading; the message
 * says which words would settle it. NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_csv_decide(const nps_csv_words *w, nps_technique claim, const double *x, const double *y,
                                         size_t n, nps_csv_kind *ret_kind, nps_err *err);

#endif
