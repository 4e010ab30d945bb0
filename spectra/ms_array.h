/* Number arrays of mass spectra in XML: base64 of packed IEEE floats or integers. */
#ifndef NPS_SPECTRA_MS_ARRAY_H
#define NPS_SPECTRA_MS_ARRAY_H

#include "spectra/read.h"

typedef enum { NPS_NUMBER_UNSAID, NPS_NUMBER_F32, NPS_NUMBER_F64, NPS_NUMBER_I32, NPS_NUMBER_I64 } nps_number_type;
typedef enum { NPS_PACKED_NOT, NPS_PACKED_LINEAR, NPS_PACKED_PIC, NPS_PACKED_SLOF } nps_number_packing; /* MS-Numpress */

/* What a file says about an array; points into the file. */
typedef struct {
    nps_span text; /* base64 */
    size_t line, offset; /* where the text begins */
    nps_number_type type; /* of no meaning for numpress */
    nps_number_packing packing;
    bool zlib;       /* over everything else */
    bool big_endian;
    size_t claim;    /* stated number of values */
} nps_ms_array;

typedef struct {
    double *v; /* [n], owned */
    size_t n, cap;
} nps_ms_values;

/* Memory that is used for one array after another. Zero it before use. */
typedef struct {
    char *raw; /* [cap_raw] undone base64 */
    size_t n_raw, cap_raw;
    nps_buf inflated;
} nps_ms_scratch;

void nps_ms_values_done(nps_ms_values *v);
void nps_ms_scratch_done(nps_ms_scratch *s);

/* Decodes into *values (its memory is used again). @param what  "m/z", for messages
 * The stated number of values must be what comes out: it is the only check on the stated type.
 * Errors, with line and byte: NPS_E_FORMAT, NPS_E_LIMIT for more than limits->max_points (pairs count as points: `per_point`
 * values each), NPS_E_UNSUPPORTED when no type is stated; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_ms_array_decode(const nps_ms_array *a, const char *what, size_t per_point,
                                              const nps_read_limits *limits, nps_ms_scratch *scratch,
                                              nps_ms_values *values, nps_err *err);

#endif
