/* What holds the arrays of a library. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_BACKING_H
#define NPS_REFERENCE_LIB_BACKING_H

#include "reference-lib/library.h"

#include <stdatomic.h>

struct nps_library_backing {
    atomic_uint owners;
    void *map; /* of the file; NULL when the arrays are single blocks of memory made by the builder */
    size_t map_size;
    void *attributes; /* nps_library_attributes, where lib->name etc. point */
};

/* An empty library with one owner, its arrays still NULL. */
NPS_MUST_CHECK nps_status nps_library_new(nps_library **ret_library, nps_err *err);

/* Writes the generation to `path`: temporary file in the same folder, fsync, rename, fsync of the folder. Readers see the
 * old file or the new one, never a part. Errors: NPS_E_IO, NPS_E_NOMEM; then `path` is as it was. */
NPS_MUST_CHECK nps_status nps_library_publish(const nps_library *lib, const char *path, nps_err *err);

#endif
