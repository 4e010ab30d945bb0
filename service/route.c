#include "service/route.h"

#include "core/scan.h"
#include "service/api.h"

#include <string.h>

#define SAMPLE_PARAMETERS "alpha top spectrum file prepare max_lag mixture date control"

static const nps_route table[] = {
    {"GET", "/healthz", nps_api_healthz, NPS_MAY_ANYONE, 0, ""},
    {"GET", "/readyz", nps_api_readyz, NPS_MAY_ANYONE, 0, ""},
    {"GET", "/metrics", nps_api_metrics, NPS_MAY_LOCAL, 0, ""},
    {"POST", "/v1/identify", nps_api_identify, NPS_MAY_IDENTIFY, NPS_MAX_BODY, SAMPLE_PARAMETERS},
    {"POST", "/v1/samples", nps_api_sample_post, NPS_MAY_ADMIN, NPS_MAX_BODY,
     SAMPLE_PARAMETERS " country reference form"},
    {"GET", "/v1/samples/{}", nps_api_sample_get, NPS_MAY_ADMIN, 0, ""},
    {"GET", "/v1/samples/{}/files/{}", nps_api_sample_file, NPS_MAY_ADMIN, 0, ""},
    {"GET", "/v1/cases", nps_api_cases, NPS_MAY_ADMIN, 0, "cursor limit"},
    {"GET", "/v1/library", nps_api_library, NPS_MAY_ANYONE, 0, ""},
    {"GET", "/v1/library/entries/{}", nps_api_library_entry, NPS_MAY_ANYONE, 0, ""},
    {"GET", "/v1/control", nps_api_control, NPS_MAY_ANYONE, 0, "inchikey formula list class country date cursor limit"},
    {"POST", "/v1/admin/reload", nps_api_reload, NPS_MAY_ADMIN, NPS_MAX_SMALL_BODY, ""},
    {"POST", "/v1/admin/retry", nps_api_retry, NPS_MAY_ADMIN, NPS_MAX_SMALL_BODY, ""},
    {"GET", "/feeds/advisories.atom", nps_api_feed_atom, NPS_MAY_ANYONE, 0, ""},
    {"GET", "/feeds/advisories.json", nps_api_feed_json, NPS_MAY_ANYONE, 0, ""},
    {"GET", "/", nps_api_asset, NPS_MAY_ANYONE, 0, ""},
    {"GET", "/{}", nps_api_asset, NPS_MAY_ANYONE, 0, ""},
};

const nps_route *nps_route_table(size_t *ret_n)
{
    *ret_n = sizeof table / sizeof *table;
    return table;
}

static bool fits(const char *pattern, const char *path, char param[2][NPS_PARAM_MAX])
{
    size_t n_param = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '{') {
            if (*path++ != *pattern)
                return false;
            continue;
        }
        size_t n = strcspn(path, "/");
        if (!n || n >= NPS_PARAM_MAX)
            return false;
        memcpy(param[n_param], path, n);
        param[n_param++][n] = '\0';
        path += n;
        pattern++;
    }
    return *path == '\0';
}

const nps_route *nps_route_find(const char *method, const char *path, char param[2][NPS_PARAM_MAX],
                                const char **ret_allow)
{
    bool get = false, post = false;
    bool head = strcmp(method, "HEAD") == 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!fits(table[i].pattern, path, param))
            continue;
        if (strcmp(table[i].method, head ? "GET" : method) == 0)
            return &table[i];
        get |= strcmp(table[i].method, "GET") == 0;
        post |= strcmp(table[i].method, "POST") == 0;
    }
    *ret_allow = get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : post ? "POST" : "";
    return NULL;
}

bool nps_route_knows(const nps_route *route, const char *parameter)
{
    nps_span rest = nps_span_of(route->parameters), word;
    while (nps_span_token(&rest, " ", &word))
        if (word.n == strlen(parameter) && memcmp(word.p, parameter, word.n) == 0)
            return true;
    return false;
}
