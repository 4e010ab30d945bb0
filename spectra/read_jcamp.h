/* JCAMP-DX 4.24 (McDonald and Wilks, Appl. Spectrosc. 42 (1988) 151), 5.00 (Lampen et al., Appl. Spectrosc. 48 (1994)
 * 1545, mass spectra) and 5.01: mass, infrared and Raman spectra, alone, in LINK blocks or as pages of NTUPLES.
 *
 * Everything else that the format carries (NMR, UV, structures ...) is refused by its name, one failing record a block.
 * The layers below decode any block and are what the tests compare with other programs:
 *   jcamp_block  text -> blocks of labelled records
 *   jcamp_table  block -> raw x and y after factors, in file units (nps_jcamp_table_next, nps_jcamp_table_read)
 *   jcamp_data   packed forms -> numbers
 *   jcamp_fields labels -> fields of a spectrum */
#ifndef NPS_SPECTRA_READ_JCAMP_H
#define NPS_SPECTRA_READ_JCAMP_H

#include "spectra/jcamp_table.h"

/* What the DATA TYPE of a block is to us. */
typedef enum { NPS_JCAMP_OTHER, NPS_JCAMP_MASS, NPS_JCAMP_INFRARED, NPS_JCAMP_RAMAN, NPS_JCAMP_LINK } nps_jcamp_kind;
nps_jcamp_kind nps_jcamp_kind_of(const nps_jcamp_block *b);

/* Puts the points of a table into a spectrum whose fields are set: jcamp_points.c. Errors carry line and byte. */
NPS_MUST_CHECK nps_status nps_jcamp_set_peaks(const nps_jcamp_block *b, const nps_jcamp_table *t,
                                              nps_jcamp_points *p, size_t max_points, nps_spectrum *s, nps_err *err);
NPS_MUST_CHECK nps_status nps_jcamp_set_trace(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_jcamp_points *p,
                                              size_t max_points, nps_spectrum *s, nps_err *err);

#endif
