/* Reading JSON (RFC 8259) by jansson, the one place that uses it: capped size and depth, duplicate keys refused. */
#ifndef NPS_SERVICE_JSON_READ_H
#define NPS_SERVICE_JSON_READ_H

#include "core/err.h"
#include "core/mem.h"

#include <stdint.h>

typedef struct nps_json nps_json; /* a document; values inside it are borrowed from it */

/* Errors: NPS_E_LIMIT above max_bytes or deeper than 32; NPS_E_FORMAT with line and byte; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_json_read(const char *text, size_t len, size_t max_bytes, nps_json **ret_doc, nps_err *err);
void nps_json_free(nps_json *doc);
NPS_DEFINE_FREEP(nps_json)

/* Members of an object; NULL or false where absent or of another type. */
const nps_json *nps_json_member(const nps_json *object, const char *key);
const char *nps_json_text(const nps_json *object, const char *key);
bool nps_json_number(const nps_json *object, const char *key, double *ret_v);
bool nps_json_is_true(const nps_json *object, const char *key);

bool nps_json_is_object(const nps_json *j);
/* Name of the i-th member of an object; NULL behind the last one and for anything else. */
const char *nps_json_key(const nps_json *object, size_t i);

/* Arrays: number of items (0 for anything else), an item, an item as a number or text. */
size_t nps_json_count(const nps_json *array);
const nps_json *nps_json_item(const nps_json *array, size_t i);
bool nps_json_item_number(const nps_json *array, size_t i, double *ret_v);
const char *nps_json_item_text(const nps_json *array, size_t i); /* NULL where it is no text */

#endif
