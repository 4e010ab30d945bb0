/* /v1/notices: what an organisation is told. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/clock.h"
#include "service/store_notices.h"

nps_status nps_api_notices(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_notices n;
    const char *cursor = nps_request_query(req, "cursor");
    uint64_t after = 0;
    if (cursor && (!nps_span_u64(nps_span_of(cursor), &after) || after > INT64_MAX))
        return nps_fail(err, NPS_E_RANGE, "'cursor' is none of ours");
    nps_status st = nps_store_notices(app->store, req->by.organisation, (int64_t)after, 100, &n, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "notices");
    for (size_t i = 0; i < n.n; i++) {
        const nps_notice *x = &n.item[i];
        nps_jw_object(&w, NULL);
        nps_jw_i64(&w, "id", x->id);
        nps_jw_str(&w, "kind", x->kind);
        nps_jw_str(&w, "subject", x->subject);
        nps_jw_time(&w, "created", x->created_ms);
        nps_jw_bool(&w, "read", x->read_ms > 0);
        nps_jw_raw(&w, "data", x->data);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    if (n.more) {
        nps_jw_i64(&w, "next", n.item[n.n - 1].id);
        nps_reply_header(reply, "Link", "</v1/notices?cursor=%lld>; rel=\"next\"", (long long)n.item[n.n - 1].id);
    }
    nps_jw_end(&w);
    nps_notices_done(&n);
    return NPS_OK;
}

nps_status nps_api_notice_read(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    uint64_t id;
    if (!nps_span_u64(nps_span_of(req->param[0]), &id) || id > INT64_MAX)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such notice");
    reply->status = 204;
    return nps_store_notice_read(app->store, req->by.organisation, (int64_t)id, nps_clock_wall_ms(), err);
}
