/* POST /v1/admin/reload and /v1/admin/retry. */
#include "service/api.h"
#include "service/app.h"
#include "service/body.h"
#include "service/clock.h"
#include "service/json.h"
#include "service/publish.h"

nps_status nps_api_reload(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    bool changed, control_changed = false;
    const nps_actor by = nps_request_actor(req);
    nps_status st = nps_control_slot_reload(app->control, &control_changed, err);
    if (st == NPS_OK && control_changed)
        st = nps_app_keep_control(app, err);
    if (st == NPS_OK)
        st = nps_publish_reload(app, &by, &changed, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO_CONTROL control = nps_control_slot_acquire(app->control);
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_bool(&w, "changed", changed);
    nps_jw_str(&w, "generation", held->open->generation);
    nps_jw_str(&w, "published", held->id);
    nps_jw_object(&w, "control");
    nps_jw_bool(&w, "changed", control_changed);
    nps_jw_str(&w, "tables", nps_control_name(control));
    nps_jw_str(&w, "digest", nps_control_digest(control));
    nps_jw_end(&w);
    nps_jw_end(&w);
    return NPS_OK;
}

nps_status nps_api_retry(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    int64_t n;
    (void)req;
    nps_status st = nps_store_event_revive(app->store, nps_clock_wall_ms(), &n, err);
    if (st != NPS_OK)
        return st;
    if (app->relay)
        nps_relay_enable(app->relay);
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_i64(&w, "revived", n);
    nps_jw_end(&w);
    return NPS_OK;
}
