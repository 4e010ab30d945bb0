/* /v1/generations: making library generations, looking at them, going back to one. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/body.h"
#include "service/publish.h"
#include "service/store_contributions.h"
#include "service/store_jobs.h"

#include <stdlib.h>

static void put_generation(nps_jw *w, const nps_generation *g)
{
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", g->id);
    nps_jw_i64(w, "number", g->seq);
    nps_jw_time(w, "created", g->created_ms);
    nps_jw_bool(w, "active", g->active);
    nps_jw_str(w, "parent", *g->parent ? g->parent : NULL);
    nps_jw_str(w, "base", g->base);
    nps_jw_str(w, "member", *g->member ? g->member : NULL);
    nps_jw_raw(w, "report", g->report);
    nps_jw_end(w);
}

nps_status nps_api_generations(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_generations list;
    const char *cursor = nps_request_query(req, "cursor");
    uint64_t before = INT64_MAX;
    int64_t waiting;
    if (cursor && (!nps_span_u64(nps_span_of(cursor), &before) || before > INT64_MAX))
        return nps_fail(err, NPS_E_RANGE, "'cursor' is none of ours");
    nps_status st = nps_store_jobs_waiting(app->store, NPS_JOB_BUILD, NULL, &waiting, err);
    if (st == NPS_OK)
        st = nps_store_generations(app->store, (int64_t)before, 50, &list, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_bool(&w, "being_made", waiting > 0);
    nps_jw_array(&w, "generations");
    for (size_t i = 0; i < list.n; i++)
        put_generation(&w, &list.item[i]);
    nps_jw_end(&w);
    if (list.more) {
        char next[24];
        snprintf(next, sizeof next, "%lld", (long long)list.item[list.n - 1].seq);
        nps_jw_str(&w, "next", next);
        nps_reply_header(reply, "Link", "</v1/generations?cursor=%s>; rel=\"next\"", next);
    }
    nps_jw_end(&w);
    nps_generations_done(&list);
    return NPS_OK;
}

nps_status nps_api_generation_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_generation g;
    nps_status st = nps_store_generation_get(app->store, req->param[0], &g, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    put_generation(&w, &g);
    free(g.report);
    return NPS_OK;
}

nps_status nps_api_generation_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    const nps_actor by = nps_request_actor(req);
    nps_status st = nps_store_job_add(app->store, NPS_JOB_BUILD, "", "curator", by.now_ms, err);
    if (st != NPS_OK)
        return st;
    if (app->worker)
        nps_worker_wake(app->worker);
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_bool(&w, "being_made", true);
    nps_jw_end(&w);
    reply->status = 202;
    nps_reply_header(reply, "Location", "/v1/generations");
    return NPS_OK;
}

nps_status nps_api_generation_activate(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    const nps_actor by = nps_request_actor(req);
    nps_status st = nps_publish_activate(app, &by, req->param[0], err);
    if (st == NPS_OK && app->worker)
        nps_worker_wake(app->worker);
    return st == NPS_OK ? nps_api_generation_get(app, req, reply, err) : st;
}
