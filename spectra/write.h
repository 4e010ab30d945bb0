/* Writing spectra as text. What our readers read back is the same spectrum: peaks, trace and every field bit for bit,
 * unknown metadata verbatim (repairs, line and offset apart, which belong to the file that was read). */
#ifndef NPS_SPECTRA_WRITE_H
#define NPS_SPECTRA_WRITE_H

#include "spectra/spectrum.h"

typedef enum { NPS_WRITE_MSP, NPS_WRITE_MGF, NPS_WRITE_JCAMP } nps_write_format;

/* "msp", "mgf", "jcamp-dx" (also "jdx", "dx"); false for any other name. */
bool nps_write_format_parse(nps_span name, nps_write_format *ret_format);

/* Appends one record. Errors: NPS_E_UNSUPPORTED for a trace in MSP or MGF; NPS_E_RANGE for text that the format cannot
 * carry (a line break); the buffer's own failures. On failure the buffer may hold part of the record. */
NPS_MUST_CHECK nps_status nps_write_spectrum(nps_buf *out, nps_write_format format, const nps_spectrum *s, nps_err *err);

#endif
