/* Zip archives in memory, member by member: nothing is unpacked to disk. Encrypted members, archives in archives and
 * packing methods that the zip library lacks are refused by name. An archive belongs to one thread. */
#ifndef NPS_SERVICE_ARCHIVE_H
#define NPS_SERVICE_ARCHIVE_H

#include "spectra/read.h"

enum { NPS_ARCHIVE_MEMBERS_MAX = 100000 };

typedef struct nps_archive nps_archive;

/* Whether the bytes begin like a zip archive (office documents do, too). */
bool nps_archive_is(const void *data, size_t len);

/* Reads the directory of the archive.
 * @param data  [len]; must stay alive and unchanged until nps_archive_free
 * @param limits  max_bytes for all members together, max_gzip_ratio for each member and for all of them
 * Errors: NPS_E_FORMAT for a damaged archive; NPS_E_LIMIT for more than NPS_ARCHIVE_MEMBERS_MAX members; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_archive_open(const void *data, size_t len, const nps_read_limits *limits,
                                           nps_archive **ret_archive, nps_err *err);

/* Members that are files and not hidden (no part of their path begins with a dot), in the order in which a folder with the
 * same content would be walked: byte order of the names, folder by folder. */
size_t nps_archive_n(const nps_archive *a);

/* Path of member i < n in the archive, as stored there (CP437 made UTF-8); it may hold any byte but NUL. */
const char *nps_archive_name(const nps_archive *a, size_t i);

/* Inflates member i. The caller frees *ret_data (never NULL on success).
 * Errors: NPS_E_UNSUPPORTED for an encrypted member or an unknown method; NPS_E_FORMAT for damage; NPS_E_LIMIT above the
 * limits, checked while inflating, so that a bomb never unfolds: read no further member then; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_archive_read(nps_archive *a, size_t i, char **ret_data, size_t *ret_len, nps_err *err);

void nps_archive_free(nps_archive *a);
NPS_DEFINE_FREEP(nps_archive)

#endif
