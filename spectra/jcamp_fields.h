/* What the labels of JCAMP-DX say about a spectrum, apart from its data: the one table of labels for reading and writing.
 * Also the encoding of texts that a plain record cannot carry. Private to the JCAMP reader and writer. */
#ifndef NPS_SPECTRA_JCAMP_FIELDS_H
#define NPS_SPECTRA_JCAMP_FIELDS_H

#include "spectra/jcamp_block.h"

/* Fills the fields, synonyms and metadata of s from the records [from, end) of a block; notes of peaks and the grid are
 * left to the caller. Errors: NPS_E_LIMIT for more text than a spectrum takes (line and byte of the record); NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_jcamp_take_fields(const nps_jcamp_block *b, size_t from, size_t end, nps_spectrum *s,
                                                nps_err *err);

/* Whether metadata written as a plain record behind the other fields of s is read back as the same metadata. */
bool nps_jcamp_is_plain_meta(const nps_spectrum *s, nps_span key, nps_span value);

/* Whether a text survives as the value of a plain record. */
bool nps_jcamp_is_plain_value(nps_span value);

/* The sign at the end of an ionization mode ("EI+"): +1, -1 or 0. */
int nps_jcamp_mode_polarity(nps_span mode);

/* "%24" for '$' and likewise for '%', '=', blanks at the ends and bytes that are not printable ASCII or UTF-8. */
void nps_jcamp_escape(nps_buf *b, nps_span text);
void nps_jcamp_unescape(nps_buf *b, nps_span text);

#endif
