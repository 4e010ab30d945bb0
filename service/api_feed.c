/* GET /feeds/advisories.atom and .json. */
#include "service/api.h"
#include "service/app.h"
#include "service/feed.h"

typedef nps_status write_feed(nps_buf *out, const nps_feed *f, nps_err *err);

static nps_status answer(nps_app *app, nps_reply *reply, write_feed *write, const char *type, nps_err *err)
{
    nps_stored_cases cases;
    nps_status st = nps_store_cases(app->store, INT64_MAX, NPS_FEED_ITEMS, &cases, err);
    if (st != NPS_OK)
        return st;
    nps_feed f = {.title = app->config.title,
                  .base_url = app->base_url,
                  .uuid = nps_store_uuid(app->store),
                  .cases = &cases};
    st = write(&reply->body, &f, err);
    nps_stored_cases_done(&cases);
    reply->content_type = type;
    reply->cache = "public, max-age=60";
    nps_reply_etag(reply);
    return st;
}

nps_status nps_api_feed_atom(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)req;
    return answer(app, reply, nps_feed_atom, "application/atom+xml; charset=utf-8", err);
}

nps_status nps_api_feed_json(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)req;
    return answer(app, reply, nps_feed_json, "application/feed+json", err);
}
