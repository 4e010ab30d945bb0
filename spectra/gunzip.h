/* Undoing gzip (RFC 1952) and zlib streams (RFC 1950) with a bound on size and ratio. */
#ifndef NPS_SPECTRA_GUNZIP_H
#define NPS_SPECTRA_GUNZIP_H

#include "spectra/read.h"

/* Whether the bytes begin like a gzip member. */
bool nps_gunzip_is(const void *data, size_t len);

/* Inflates all members. The caller frees *ret_text (never NULL on success).
 * Errors: NPS_E_LIMIT above limits->max_bytes or max_gzip_ratio (checked after the first MiB, while inflating, so that a
 * bomb never unfolds); NPS_E_FORMAT with the compressed byte for damage or a cut end; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_gunzip(const void *data, size_t len, const nps_read_limits *limits, char **ret_text,
                                     size_t *ret_len, nps_err *err);

/* Inflates one zlib stream, as binary arrays inside files hold it, into *out (emptied first; its memory is used again and
 * its cap set to max_bytes). Errors, without a place: NPS_E_LIMIT above max_bytes, or above max_ratio once there is a MiB;
 * NPS_E_FORMAT for damage or a cut end; NPS_E_NOMEM. Bytes behind the stream are left alone. */
NPS_MUST_CHECK nps_status nps_inflate(nps_span packed, size_t max_bytes, double max_ratio, nps_buf *out, nps_err *err);

#endif
