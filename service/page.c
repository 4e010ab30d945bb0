#include "service/page.h"

#include "core/scan.h"

#include <stdio.h>
#include <string.h>

nps_status nps_page_take(const nps_request *req, nps_page *ret_page, nps_err *err)
{
    const char *cursor = nps_request_query(req, "cursor"), *limit = nps_request_query(req, "limit");
    nps_page p = {.before_ms = INT64_MAX, .limit = 50};
    uint64_t v = p.limit;
    if (limit && (!nps_span_u64(nps_span_of(limit), &v) || v < 1 || v > NPS_MAX_PAGE))
        return nps_fail(err, NPS_E_RANGE, "'limit' is outside 1..%d", NPS_MAX_PAGE);
    p.limit = (size_t)v;
    if (cursor) {
        nps_span ms, id;
        if (!nps_span_split(nps_span_of(cursor), '-', &ms, &id) || !nps_span_u64(ms, &v) || v > INT64_MAX || !id.n ||
            id.n >= sizeof p.before_id)
            return nps_fail(err, NPS_E_RANGE, "'cursor' is none of ours");
        p.before_ms = (int64_t)v;
        snprintf(p.before_id, sizeof p.before_id, "%.*s", (int)id.n, id.p);
    }
    *ret_page = p;
    return NPS_OK;
}

void nps_page_put_next(nps_jw *w, nps_reply *reply, const nps_request *req, int64_t last_ms, const char *last_id)
{
    char next[NPS_PARAM_MAX + 24], link[240];
    snprintf(next, sizeof next, "%lld-%s", (long long)last_ms, last_id);
    nps_jw_str(w, "next", next);
    int n = snprintf(link, sizeof link, "<%s?cursor=%s", req->path, next);
    for (size_t i = 0; i < req->n_query && n > 0 && n < (int)sizeof link; i++)
        if (strcmp(req->query[i].key, "cursor") != 0)
            n += snprintf(link + n, sizeof link - (size_t)n, "&%s=%s", req->query[i].key, req->query[i].value);
    if (n > 0 && n < (int)sizeof link - 16)
        nps_reply_header(reply, "Link", "%s>; rel=\"next\"", link);
}
