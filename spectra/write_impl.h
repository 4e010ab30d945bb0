/* What the writers of single formats offer to spectra/write.c and share. Private to spectra/write*.c. */
#ifndef NPS_SPECTRA_WRITE_IMPL_H
#define NPS_SPECTRA_WRITE_IMPL_H

#include "spectra/write.h"

NPS_MUST_CHECK nps_status nps_write_msp(nps_buf *out, const nps_spectrum *s, nps_err *err);
NPS_MUST_CHECK nps_status nps_write_mgf(nps_buf *out, const nps_spectrum *s, nps_err *err);
NPS_MUST_CHECK nps_status nps_write_jcamp(nps_buf *out, const nps_spectrum *s, nps_err *err);

/* How a line format spells its pairs. */
typedef struct {
    const char *separator; /* between key and value */
    bool upper;            /* keys in capitals */
    const char *precursor_key;
    /* Whether metadata written plainly would mean something else to the reader of the format. */
    bool (*is_special)(const char *key, const char *value);
} nps_write_style;

/* Everything but the peaks, one pair a line; metadata that would not come back as it is goes through
 * "npswatch-metadata". Errors: NPS_E_RANGE for text with control bytes, or a value that no reader would take. */
NPS_MUST_CHECK nps_status nps_write_pairs(nps_buf *out, const nps_spectrum *s, const nps_write_style *style,
                                          nps_err *err);

/* NPS_E_UNSUPPORTED for a trace; NPS_E_RANGE for a list that is empty or invalid, or a note with control bytes. */
NPS_MUST_CHECK nps_status nps_write_check_peaks(const nps_spectrum *s, nps_err *err);

#endif
