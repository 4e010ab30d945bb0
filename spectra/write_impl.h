/* What the writers of single formats offer to spectra/write.c. Private to spectra/write*.c. */
#ifndef NPS_SPECTRA_WRITE_IMPL_H
#define NPS_SPECTRA_WRITE_IMPL_H

#include "spectra/write.h"

NPS_MUST_CHECK nps_status nps_write_msp(nps_buf *out, const nps_spectrum *s, nps_err *err);
NPS_MUST_CHECK nps_status nps_write_mgf(nps_buf *out, const nps_spectrum *s, nps_err *err);
NPS_MUST_CHECK nps_status nps_write_jcamp(nps_buf *out, const nps_spectrum *s, nps_err *err);

#endif
