#include "service/uri.h"

#include "service/text.h"

#include <string.h>

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static nps_status decode(char *s, bool plus, nps_err *err)
{
    char *out = s;
    for (const char *p = s; *p; p++) {
        if (*p == '%') {
            int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);
            if (low < 0)
                return nps_fail(err, NPS_E_RANGE, "broken percent-encoding in the request target");
            *out++ = (char)(high * 16 + low);
            p += 2;
        } else {
            *out++ = plus && *p == '+' ? ' ' : *p;
        }
    }
    *out = '\0';
    if (!nps_text_is_clean((nps_span){s, (size_t)(out - s)}))
        return nps_fail(err, NPS_E_RANGE, "control bytes or broken UTF-8 in the request target");
    return NPS_OK;
}

static nps_status take_pair(char *pair, nps_field *query, size_t *n, nps_err *err)
{
    char *value = strchr(pair, '=');
    if (value)
        *value++ = '\0';
    else
        value = pair + strlen(pair);
    nps_status st = decode(pair, true, err);
    if (st == NPS_OK)
        st = decode(value, true, err);
    if (st != NPS_OK)
        return st;
    if (*n == NPS_MAX_QUERY)
        return nps_fail(err, NPS_E_RANGE, "more than %d query parameters", NPS_MAX_QUERY);
    for (size_t i = 0; i < *n; i++)
        if (strcmp(query[i].key, pair) == 0)
            return nps_fail(err, NPS_E_RANGE, "query parameter '%s' is given twice", nps_quote(pair, strlen(pair)).s);
    query[(*n)++] = (nps_field){pair, value};
    return NPS_OK;
}

nps_status nps_uri_parse(char *uri, const char **ret_path, nps_field *ret_query, size_t *ret_n_query, nps_err *err)
{
    size_t len = strlen(uri), n = 0;
    if (len > NPS_MAX_URI)
        return nps_fail(err, NPS_E_LIMIT, "request target of %zu bytes is longer than %d", len, NPS_MAX_URI);
    if (*uri != '/')
        return nps_fail(err, NPS_E_RANGE, "request target does not begin with '/'");
    char *rest = strchr(uri, '?');
    if (rest)
        *rest++ = '\0';
    nps_status st = decode(uri, false, err);
    while (st == NPS_OK && rest && *rest) {
        char *next = strchr(rest, '&');
        if (next)
            *next++ = '\0';
        if (*rest)
            st = take_pair(rest, ret_query, &n, err);
        rest = next;
    }
    if (st != NPS_OK)
        return st;
    *ret_path = uri;
    *ret_n_query = n;
    return NPS_OK;
}
