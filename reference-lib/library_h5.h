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

/* Makes the whole file in memory, with room for our header in front: libhdf5 1.10.8 crashes in exit() after a failed write,
 * so it is given no file to write, and no process has to be made for it. The caller frees *ret_image with free().
 * Any thread. Errors: NPS_E_IO when libhdf5 fails, also for want of memory. */
NPS_MUST_CHECK nps_status nps_library_h5_image(const nps_library *lib, void **ret_image, size_t *ret_size, nps_err *err);

/* Reads attributes, and for every row of nps_layout the byte offset in the file and the number of cells. Sets the counts
 * in *lib and nothing else of it. The caller has checked the file's digest.
 * @param ret_at  [nps_layout_n] byte offsets; 0 for an empty array */
NPS_MUST_CHECK nps_status nps_library_h5_describe(const char *path, nps_library *lib, nps_library_attributes *ret_attributes,
                                                  uint64_t *ret_at, nps_err *err);

#endif
