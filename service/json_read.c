#include "service/json_read.h"

#include <jansson.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

/* jansson itself allows 2,048 levels, each a recursion; braces inside strings only make this stricter. */
static bool is_too_deep(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if ((c == '}' || c == ']') && depth) {
            depth--;
        }
    }
    return false;
}

nps_status nps_json_read(const char *text, size_t len, size_t max_bytes, nps_json **ret_doc, nps_err *err)
{
    if (len > max_bytes)
        return nps_fail(err, NPS_E_LIMIT, "JSON of %zu bytes is longer than the limit of %zu", len, max_bytes);
    if (is_too_deep(text, len))
        return nps_fail(err, NPS_E_LIMIT, "JSON is nested deeper than %d levels", DEPTH_MAX);
    json_error_t why;
    json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (doc) {
        *ret_doc = (nps_json *)(void *)doc;
        return NPS_OK;
    }
    if (json_error_code(&why) == json_error_out_of_memory)
        return nps_fail_nomem(err);
    return nps_fail_at(err, NPS_E_FORMAT, why.line > 0 ? (size_t)why.line : 1, why.position > 0 ? (size_t)why.position : 0,
                       "not valid JSON: %s", nps_quote(why.text, strlen(why.text)).s);
}

static json_t *raw(const nps_json *j)
{
    return (json_t *)(uintptr_t)j;
}

void nps_json_free(nps_json *doc)
{
    json_decref(raw(doc));
}

const nps_json *nps_json_member(const nps_json *object, const char *key)
{
    return (const nps_json *)(const void *)json_object_get(raw(object), key);
}

const char *nps_json_text(const nps_json *object, const char *key)
{
    return json_string_value(json_object_get(raw(object), key));
}

bool nps_json_number(const nps_json *object, const char *key, double *ret_v)
{
    const json_t *v = json_object_get(raw(object), key);
    if (!json_is_number(v))
        return false;
    *ret_v = json_number_value(v);
    return true;
}

size_t nps_json_count(const nps_json *array)
{
    return json_array_size(raw(array));
}

const nps_json *nps_json_item(const nps_json *array, size_t i)
{
    return (const nps_json *)(const void *)json_array_get(raw(array), i);
}

bool nps_json_item_number(const nps_json *array, size_t i, double *ret_v)
{
    const json_t *v = json_array_get(raw(array), i);
    if (!json_is_number(v))
        return false;
    *ret_v = json_number_value(v);
    return true;
}

bool nps_json_is_true(const nps_json *object, const char *key)
{
    return json_is_true(json_object_get(raw(object), key));
}

const char *nps_json_item_text(const nps_json *array, size_t i)
{
    return json_string_value(json_array_get(raw(array), i));
}

bool nps_json_is_object(const nps_json *j)
{
    return json_is_object(raw(j));
}

const char *nps_json_key(const nps_json *object, size_t i)
{
    void *at = json_object_iter(raw(object));
    for (; at && i; i--)
        at = json_object_iter_next(raw(object), at);
    return at ? json_object_iter_key(at) : NULL;
}
