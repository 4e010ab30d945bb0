#include "tests/support/schema_check.h"

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const json_t *nps_test_schema_follow(const json_t *doc, const json_t *j)
{
    const char *ref = json_string_value(json_object_get(j, "$ref"));
    if (!ref)
        return j;
    const json_t *at = doc;
    char text[200], *rest = text;
    snprintf(text, sizeof text, "%s", ref + strspn(ref, "#/"));
    for (char *word; at && (word = strsep(&rest, "/"));)
        at = json_object_get(at, word);
    return at;
}

static bool is_of(const json_t *value, const char *type)
{
    return strcmp(type, "object") == 0    ? json_is_object(value)
           : strcmp(type, "array") == 0   ? json_is_array(value)
           : strcmp(type, "string") == 0  ? json_is_string(value)
           : strcmp(type, "boolean") == 0 ? json_is_boolean(value)
           : strcmp(type, "integer") == 0 ? json_is_integer(value)
           : strcmp(type, "number") == 0  ? json_is_number(value)
           : strcmp(type, "null") == 0    ? json_is_null(value)
                                          : false;
}

static bool type_fits(const json_t *type, const json_t *value)
{
    if (!type)
        return true;
    if (json_is_string(type))
        return is_of(value, json_string_value(type));
    bool good = false;
    for (size_t i = 0; i < json_array_size(type); i++)
        good |= is_of(value, json_string_value(json_array_get(type, i)));
    return good;
}

static bool is_listed(const json_t *list, const json_t *value)
{
    bool good = !list;
    for (size_t i = 0; i < json_array_size(list); i++)
        good |= json_equal(json_array_get(list, i), value);
    return good;
}

static bool pattern_fits(const char *pattern, const json_t *value)
{
    regex_t r;
    if (!pattern || !json_is_string(value))
        return true;
    if (regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool good = regexec(&r, json_string_value(value), 0, NULL, 0) == 0;
    regfree(&r);
    return good;
}

static bool object_fits(const json_t *doc, const json_t *schema, const json_t *value, char *why, size_t size)
{
    const json_t *properties = json_object_get(schema, "properties"), *required = json_object_get(schema, "required");
    const json_t *more = json_object_get(schema, "additionalProperties");
    const char *key;
    json_t *member;
    char inner[400];
    for (size_t i = 0; i < json_array_size(required); i++)
        if (!json_object_get(value, json_string_value(json_array_get(required, i)))) {
            snprintf(why, size, ": '%s' is missing", json_string_value(json_array_get(required, i)));
            return false;
        }
    if (!properties)
        return true;
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        const json_t *one = json_object_get(properties, key);
        if (!one && !json_is_true(more)) {
            snprintf(why, size, ": '%s' is not in the document", key);
            return false;
        }
        if (one && !nps_test_schema_check(doc, one, member, inner, sizeof inner)) {
            snprintf(why, size, ".%s%s", key, inner);
            return false;
        }
    }
    return true;
}

static bool any_fits(const json_t *doc, const json_t *list, const json_t *value, char *why, size_t size)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (nps_test_schema_check(doc, json_array_get(list, i), value, why, size))
            return true;
    return !list;
}

bool nps_test_schema_check(const json_t *doc, const json_t *schema, const json_t *value, char *why, size_t size)
{
    char inner[400];
    const json_t *s = nps_test_schema_follow(doc, schema), *constant = json_object_get(s, "const"), *items = json_object_get(s, "items");
    const char *pattern = json_string_value(json_object_get(s, "pattern"));
    if (!type_fits(json_object_get(s, "type"), value))
        return snprintf(why, size, ": is of another type"), false;
    if (!is_listed(json_object_get(s, "enum"), value) || (constant && !json_equal(constant, value)))
        return snprintf(why, size, ": '%s' is not in the list", json_string_value(value) ? json_string_value(value) : "?"), false;
    if (!pattern_fits(pattern, value))
        return snprintf(why, size, ": '%s' is not like %s", json_string_value(value), pattern), false;
    if (!any_fits(doc, json_object_get(s, "anyOf"), value, why, size))
        return false;
    if (json_is_object(value) && !object_fits(doc, s, value, why, size))
        return false;
    for (size_t i = 0; items && i < json_array_size(value); i++)
        if (!nps_test_schema_check(doc, items, json_array_get(value, i), inner, sizeof inner))
            return snprintf(why, size, "[%zu]%s", i, inner), false;
    return true;
}
