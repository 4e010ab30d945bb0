/* The request target, taken apart strictly. Pure. */
#ifndef NPS_SERVICE_URI_H
#define NPS_SERVICE_URI_H

#include "service/message.h"

/* Splits "/path?key=value&..." and undoes percent-encoding ('+' is a blank in the query) in place.
 * @param uri       terminated; holds path, keys and values afterwards
 * @param ret_query [NPS_MAX_QUERY]
 * Errors: NPS_E_LIMIT for more than NPS_MAX_URI bytes; NPS_E_RANGE for a path without '/', a broken %, %00 and other
 * control bytes, text that is no UTF-8, a key given twice or too many of them. */
NPS_MUST_CHECK nps_status nps_uri_parse(char *uri, const char **ret_path, nps_field *ret_query, size_t *ret_n_query,
                                        nps_err *err);

#endif
