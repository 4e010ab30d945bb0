/* Whether JSON is what a schema of service/openapi.json says: the words of JSON Schema that the document uses. */
#ifndef NPS_TESTS_SUPPORT_SCHEMA_CHECK_H
#define NPS_TESTS_SUPPORT_SCHEMA_CHECK_H

#include <jansson.h>
#include <stdbool.h>

/* @param doc  the whole document, for $ref; a member that an object's schema does not name is a fault, but for schemas that
 * name none. On a fault false, and its place and kind in `why`. */
bool nps_test_schema_check(const json_t *doc, const json_t *schema, const json_t *value, char *why, size_t size);

/* "#/..." in the document, or j itself where it is no $ref. */
const json_t *nps_test_schema_follow(const json_t *doc, const json_t *j);

#endif
