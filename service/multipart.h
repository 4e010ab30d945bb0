/* Strict reading of multipart/form-data (RFC 7578) that lies whole in memory. Pure. */
#ifndef NPS_SERVICE_MULTIPART_H
#define NPS_SERVICE_MULTIPART_H

#include "core/scan.h"
#include "core/err.h"
#include "service/limits.h"

typedef struct {
    char name[64];                        /* of the form field */
    char file[NPS_MAX_FILE_NAME + 1];     /* last component of the file name; "" when there is none */
    bool is_file;                         /* a filename was given, be it empty */
    char type[128];                       /* Content-Type; "" when not given */
    nps_span body;                        /* into the caller's memory */
} nps_part;

/* Whether a Content-Type (NULL: none) is multipart/form-data. */
bool nps_multipart_is(const char *content_type);

/* Takes the body apart.
 * @param ret_part [NPS_MAX_PARTS]
 * Errors: NPS_E_FORMAT with line and byte for a missing or bad boundary, a part without a name, broken headers, texts with
 * control bytes or broken UTF-8, a body without its closing boundary or with anything but blanks after it; NPS_E_LIMIT for
 * too many parts, long headers or names. */
NPS_MUST_CHECK nps_status nps_multipart_parse(const char *content_type, nps_span body, nps_part *ret_part,
                                              size_t *ret_n_part, nps_err *err);

#endif
