/* GET /healthz, /readyz, /metrics, /openapi.json and the files of the page. */
#include "service/api.h"
#include "service/app.h"
#include "service/assets.h"
#include "service/problem.h"

#include <string.h>

nps_status nps_api_healthz(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)app;
    (void)req;
    (void)err;
    nps_buf_puts(&reply->body, "{\"status\":\"ok\"}");
    return NPS_OK;
}

nps_status nps_api_readyz(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    static const char *const code[] = {[NPS_STOPPING] = "busy", [NPS_STUCK] = "stuck", [NPS_STORE_FAILS] = "store"};
    nps_health health = nps_app_health(app, err);
    if (health != NPS_HEALTHY) {
        nps_reply_problem(reply, req, 503, code[health], err);
        return NPS_OK;
    }
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    const nps_library *lib = held->open;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "status", "ready");
    nps_jw_str(&w, "generation", lib->generation);
    nps_jw_str(&w, "webhook", !app->relay ? "none" : nps_relay_is_disabled(app->relay) ? "disabled" : "active");
    nps_jw_end(&w);
    return NPS_OK;
}

static void put_requests(nps_buf *b, nps_metrics *m)
{
    char labels[160];
    size_t n;
    const nps_route *table = nps_route_table(&n);
    nps_metric_type(b, "npswatch_requests_total", "counter", "Requests answered, by route and class of status.");
    for (size_t r = 0; r < n; r++)
        for (int c = 1; c < NPS_METRIC_CLASSES; c++) {
            uint64_t v = atomic_load(&m->requests[r][c]);
            snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\",status=\"%dxx\"", table[r].method,
                     table[r].pattern, c);
            if (v)
                nps_metric_value(b, "npswatch_requests_total", labels, v);
        }
    nps_metric_type(b, "npswatch_request_milliseconds_total", "counter", "Time spent in handlers, by route.");
    for (size_t r = 0; r < n; r++) {
        snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\"", table[r].method, table[r].pattern);
        nps_metric_value(b, "npswatch_request_milliseconds_total", labels, atomic_load(&m->request_ms[r]));
    }
    nps_metric_type(b, "npswatch_refused_total", "counter", "Requests refused before they reached a handler.");
    nps_metric_value(b, "npswatch_refused_total", "", atomic_load(&m->refused));
}

static void put_verdicts(nps_buf *b, nps_metrics *m)
{
    char labels[40];
    nps_metric_type(b, "npswatch_verdicts_total", "counter", "Samples judged, by verdict.");
    for (nps_outcome o = NPS_IDENTIFIED; o <= NPS_UNUSABLE; o++) {
        snprintf(labels, sizeof labels, "verdict=\"%s\"", nps_outcome_name(o));
        nps_metric_value(b, "npswatch_verdicts_total", labels, atomic_load(&m->verdicts[o]));
    }
    nps_metric_type(b, "npswatch_broken_records_total", "counter", "Records that could not be read.");
    nps_metric_value(b, "npswatch_broken_records_total", "", atomic_load(&m->broken_records));
    nps_metric_type(b, "npswatch_cases_opened_total", "counter", "Cases opened since the start.");
    nps_metric_value(b, "npswatch_cases_opened_total", "", atomic_load(&m->cases_opened));
    nps_metric_type(b, "npswatch_deliveries_total", "counter", "Tries of webhook deliveries.");
    nps_metric_value(b, "npswatch_deliveries_total", "result=\"good\"", atomic_load(&m->deliveries_good));
    nps_metric_value(b, "npswatch_deliveries_total", "result=\"failed\"", atomic_load(&m->deliveries_failed));
}

static void put_gauge(nps_buf *b, const char *name, const char *help, uint64_t v)
{
    nps_metric_type(b, name, "gauge", help);
    nps_metric_value(b, name, "", v);
}

nps_status nps_api_metrics(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_store_counts c;
    nps_buf *b = &reply->body;
    (void)req;
    nps_status st = nps_store_count(app->store, &c, err);
    if (st != NPS_OK)
        return st;
    nps_gate_state gate = nps_gate_look(app->gate);
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    const nps_library *lib = held->open;
    char labels[120];
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    put_requests(b, &app->metrics);
    put_verdicts(b, &app->metrics);
    put_gauge(b, "npswatch_connections", "Open connections.", app->http ? nps_http_connections(app->http) : 0);
    put_gauge(b, "npswatch_search_slots", "Samples that can be judged at a time.", gate.slots);
    put_gauge(b, "npswatch_search_busy", "Slots in use.", gate.busy);
    put_gauge(b, "npswatch_search_waiting", "Requests that wait for a slot.", gate.waiting);
    nps_metric_type(b, "npswatch_search_refused_total", "counter", "Requests that got no slot.");
    nps_metric_value(b, "npswatch_search_refused_total", "", gate.refused);
    put_gauge(b, "npswatch_samples", "Samples in the store.", (uint64_t)c.samples);
    put_gauge(b, "npswatch_cases", "Cases in the store.", (uint64_t)c.cases);
    put_gauge(b, "npswatch_outbox_pending", "Events that wait for delivery.", (uint64_t)c.pending);
    put_gauge(b, "npswatch_outbox_dead", "Events whose tries are used up.", (uint64_t)c.dead);
    put_gauge(b, "npswatch_webhook_disabled", "1 after the receiver answered 410.",
              app->relay && nps_relay_is_disabled(app->relay));
    put_gauge(b, "npswatch_library_entries", "Spectra in the library.", lib->n_entry);
    snprintf(labels, sizeof labels, "version=\"%s\",generation=\"%s\",ruleset=\"%d\"", NPS_VERSION, lib->generation,
             NPS_RULESET);
    nps_metric_type(b, "npswatch_build_info", "gauge", "Always 1.");
    nps_metric_value(b, "npswatch_build_info", labels, 1);
    return NPS_OK;
}

static nps_status send_asset(const char *name, nps_reply *reply, nps_err *err)
{
    const nps_asset *a = nps_asset_find(name);
    if (!a)
        return nps_fail(err, NPS_E_NOT_FOUND, "nothing is here");
    reply->content_type = a->type;
    reply->cache = "no-cache";
    nps_buf_add(&reply->body, a->data, a->len);
    nps_reply_etag(reply);
    return NPS_OK;
}

nps_status nps_api_asset(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)app;
    return send_asset(*req->param[0] ? req->param[0] : "index.html", reply, err);
}

nps_status nps_api_openapi(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)app;
    (void)req;
    return send_asset("openapi.json", reply, err);
}
