/* GET /v1/cases. */
#include "service/api.h"
#include "service/app.h"
#include "service/clock.h"
#include "service/json.h"

#include <string.h>

static void put_case(nps_jw *w, const nps_stored_case *c)
{
    char opened[NPS_TIME_TEXT], updated[NPS_TIME_TEXT];
    nps_clock_text(c->opened_ms, opened);
    nps_clock_text(c->updated_ms, updated);
    nps_span rest = nps_span_of(c->countries), country;
    nps_jw_object(w, NULL);
    nps_jw_str(w, "case", c->code);
    nps_jw_str(w, "id", c->uuid);
    nps_jw_str(w, "opened", opened);
    nps_jw_str(w, "updated", updated);
    nps_jw_i64(w, "samples", c->n_sample);
    nps_jw_array(w, "countries");
    while (nps_span_token(&rest, " ", &country)) {
        char text[3];
        snprintf(text, sizeof text, "%.*s", (int)country.n, country.p);
        nps_jw_str(w, NULL, text);
    }
    nps_jw_end(w);
    nps_jw_raw(w, "summary", c->summary);
    nps_jw_end(w);
}

nps_status nps_api_cases(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    const char *cursor = nps_request_query(req, "cursor"), *limit_text = nps_request_query(req, "limit");
    uint64_t before = INT64_MAX, limit = 50;
    nps_stored_cases c;
    if (cursor && (!nps_span_u64(nps_span_of(cursor), &before) || before > INT64_MAX))
        return nps_fail(err, NPS_E_RANGE, "'cursor' is none of ours");
    if (limit_text && (!nps_span_u64(nps_span_of(limit_text), &limit) || limit < 1 || limit > NPS_MAX_PAGE))
        return nps_fail(err, NPS_E_RANGE, "'limit' is outside 1..%d", NPS_MAX_PAGE);
    nps_status st = nps_store_cases(app->store, (int64_t)before, limit, &c, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "cases");
    for (size_t i = 0; i < c.n; i++)
        put_case(&w, &c.item[i]);
    nps_jw_end(&w);
    if (c.more) {
        char next[24];
        snprintf(next, sizeof next, "%lld", (long long)c.item[c.n - 1].seq);
        nps_jw_str(&w, "next", next);
        nps_reply_header(reply, "Link", "</v1/cases?cursor=%s&limit=%d>; rel=\"next\"", next, (int)limit);
    }
    nps_jw_end(&w);
    nps_stored_cases_done(&c);
    return NPS_OK;
}
