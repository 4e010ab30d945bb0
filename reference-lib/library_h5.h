/* HDF5 side of a library file; the only user of libhdf5. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_LIBRARY_H5_H
#define NPS_REFERENCE_LIB_LIBRARY_H5_H

#include "reference-lib/library.h"

enum { NPS_LIBRARY_SCHEMA = 4, NPS_LIBRARY_HEADER_BYTES = 4096 };

/* The attributes of the root group. */
typedef struct {
    char generation[33], created[24];
    char name[256], builder[64], licence[256], infrared_prep[512], raman_prep[512];
} nps_library_attributes;

/* Writes all arrays of lib to a new file at `path` (must not exist), with room for our header in front. libhdf5 1.10.8
 * crashes in exit() after a failed write: call this in a process that ends with _exit. */
NPS_MUST_CHECK nps_status nps_library_h5_write(const nps_library *lib, const char *path, nps_err *err);

/* Reads attributes, and for every row of nps_layout the byte offset in the file and the number of cells. Sets the counts
 * in *lib and nothing else of it. The caller has checked the file's digest.
 * @param ret_at  [nps_layout_n] byte offsets; 0 for an empty array */
NPS_MUST_CHECK nps_status nps_library_h5_describe(const char *path, nps_library *lib, nps_library_attributes *ret_attributes,
                                                  uint64_t *ret_at, nps_err *err);

#endif
