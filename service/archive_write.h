/* Writing a zip archive in memory: stored, not deflated, after PKWARE's APPNOTE 6.3.10, as any program opens it. Members are at most
 * 4 GiB and together with the directory stay below that, which the limit sees to. */
#ifndef NPS_SERVICE_ARCHIVE_WRITE_H
#define NPS_SERVICE_ARCHIVE_WRITE_H

#include "core/buf.h"
#include "core/mem.h"
#include "core/scan.h"

typedef struct nps_zip nps_zip;

/* @param max_bytes  of the whole archive, below 4 GiB */
NPS_MUST_CHECK nps_status nps_zip_new(size_t max_bytes, nps_zip **ret_zip, nps_err *err);
void nps_zip_free(nps_zip *z);
NPS_DEFINE_FREEP(nps_zip)

/* @param name  path in the archive, UTF-8, with '/'. Errors: NPS_E_LIMIT when the archive would be too large; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_zip_add(nps_zip *z, const char *name, nps_span bytes, nps_err *err);

/* Writes the directory and appends the archive to out. */
NPS_MUST_CHECK nps_status nps_zip_end(nps_zip *z, nps_buf *out, nps_err *err);

#endif
