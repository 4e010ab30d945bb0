/* Text in double quotes with quotes inside doubled: how peak notes and odd metadata travel in text formats. */
#ifndef NPS_SPECTRA_DQUOTE_H
#define NPS_SPECTRA_DQUOTE_H

#include "core/buf.h"
#include "core/scan.h"

typedef struct {
    char *text; /* owned, terminated; NULL: none */
    size_t n;
} nps_dquote;

/* Takes a quoted text off the front of *rest, undoubled. When there is none, or it does not end, *rest and *ret stay as
 * they are; that is no error. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_dquote_take(nps_span *rest, nps_dquote *ret, nps_err *err);

void nps_dquote_put(nps_buf *b, const char *text);

#endif
