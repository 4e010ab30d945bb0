#include "service/app.h"

#include "reference-lib/digest.h"
#include "service/api.h"
#include "service/auth.h"
#include "service/cli.h"
#include "service/clock.h"
#include "service/db_url.h"
#include "service/folder.h"
#include "service/limits.h"
#include "service/log.h"
#include "service/peer.h"
#include "service/pem.h"
#include "service/problem.h"
#include "service/publish.h"
#include "service/route.h"
#include "service/store_contributions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- one request ---------------------------------------------------------------------------------------------------------- */

/* Who asks, and whether he may. *ret_status is the HTTP status of a refusal. */
static nps_status check_access(nps_app *app, nps_request *req, int *ret_status, nps_err *err)
{
    char origin[sizeof app->config.public_url];
    snprintf(origin, sizeof origin, "%s", app->config.public_url);
    char *host = strstr(origin, "://");
    if (host)
        host[3 + strcspn(host + 3, "/")] = '\0';
    *ret_status = 401;
    nps_status st = nps_auth_principal(app->store, req, origin, nps_clock_wall_ms(), &req->by, err);
    if (st != NPS_OK)
        return st;
    *ret_status = req->by.means == NPS_BY_NOTHING ? 401 : 403;
    return nps_route_check(req->route, &req->by, app->config.anonymous_identify, req->is_local, err);
}

static void count(nps_app *app, const nps_request *req, int status, int64_t ms)
{
    size_t n;
    size_t r = (size_t)(req->route - nps_route_table(&n));
    NPS_ASSERT(r < n && n <= NPS_METRIC_ROUTES);
    atomic_fetch_add(&app->metrics.requests[r][status / 100 % NPS_METRIC_CLASSES], 1);
    atomic_fetch_add(&app->metrics.request_ms[r], (uint64_t)ms);
}

static void log_request(const nps_request *req, const nps_reply *reply, int64_t ms)
{
    nps_log l;
    nps_log_begin(&l, reply->status >= 500 ? NPS_LOG_WARN : NPS_LOG_INFO, "request");
    nps_jw_str(&l.w, "request_id", req->id);
    nps_log_trace(&l, req->trace);
    nps_jw_str(&l.w, "method", req->method);
    nps_jw_str(&l.w, "route", req->route ? req->route->pattern : "");
    /* Who asks without leaving a sample behind leaves no trace here either. */
    bool unnamed = req->route && req->route->handler == nps_api_identify;
    nps_jw_str(&l.w, "actor", req->by.means == NPS_BY_NOTHING ? "anonymous" : unnamed ? "member" : req->by.member);
    nps_jw_i64(&l.w, "status", reply->status);
    nps_jw_i64(&l.w, "ms", ms);
    nps_jw_i64(&l.w, "in", (int64_t)req->body.n);
    nps_jw_i64(&l.w, "out", (int64_t)reply->body.len);
    nps_log_end(&l);
}

static void log_failure(const nps_request *req, const nps_err *err)
{
    nps_log l;
    nps_log_begin(&l, NPS_LOG_ERROR, "request-failed");
    nps_jw_str(&l.w, "request_id", req->id);
    nps_log_trace(&l, req->trace);
    nps_jw_str(&l.w, "code", nps_status_name(err->code));
    nps_jw_str(&l.w, "detail", err->msg);
    nps_log_end(&l);
}

/* An organisation has one budget for all its members and tokens; who is not signed in, or fails to be, is his address. */
static void take_budget(nps_app *app, nps_request *req)
{
    char address[NPS_PEER_TEXT];
    bool signs_in = req->route->handler == nps_api_session_begin;
    if (req->route->open & NPS_NOT_COUNTED)
        return;
    if (req->by.means != NPS_BY_NOTHING && !signs_in) {
        req->budget = nps_limiter_take(app->limiter, NPS_BUDGET_DEFAULT, req->by.organisation, nps_clock_wall_ms());
        return;
    }
    nps_peer_subject(req->peer, address);
    req->budget = nps_limiter_take(app->limiter, signs_in ? NPS_BUDGET_LOGIN : NPS_BUDGET_ANONYMOUS, address, nps_clock_wall_ms());
}

static void refuse_too_many(nps_request *req, nps_reply *reply)
{
    nps_err err = {0};
    nps_fail(&err, NPS_E_QUOTA, "more than %lld requests a minute: wait %lld s", (long long)req->budget.limit, (long long)req->budget.reset_s);
    nps_reply_problem(reply, req, 429, "rate-limit", &err);
    nps_reply_header(reply, "Retry-After", "%lld", (long long)req->budget.reset_s);
}

bool nps_app_admit(nps_app *app, nps_request *req, size_t *ret_max_body, nps_reply *reply)
{
    const char *allow;
    int refusal = 401;
    nps_err err = {0};
    req->route = nps_route_find(req->method, req->path, req->param, &allow);
    if (!req->route) {
        nps_fail(&err, NPS_E_NOT_FOUND, *allow ? "this path does not take that method" : "nothing is here");
        nps_reply_problem(reply, req, *allow ? 405 : 404, *allow ? "method" : "not-found", &err);
        if (*allow)
            nps_reply_header(reply, "Allow", "%s", allow);
    } else if (check_access(app, req, &refusal, &err) != NPS_OK) {
        take_budget(app, req);
        if (req->budget.counted && !req->budget.allowed)
            refuse_too_many(req, reply);
        else if (err.code == NPS_E_DENIED)
            nps_reply_problem(reply, req, refusal, refusal == 401 ? "unauthorized" : "forbidden", &err);
        else
            nps_reply_status(reply, req, &err);
    } else {
        take_budget(app, req);
        if (!req->budget.counted || req->budget.allowed) {
            *ret_max_body = req->route->max_body;
            return true;
        }
        refuse_too_many(req, reply);
    }
    atomic_fetch_add(&app->metrics.refused, 1);
    log_request(req, reply, 0);
    return false;
}

static nps_status check_parameters(const nps_request *req, nps_err *err)
{
    for (size_t i = 0; i < req->n_query; i++)
        if (!nps_route_knows(req->route, req->query[i].key))
            return nps_fail(err, NPS_E_RANGE, "unknown parameter '%s'",
                            nps_quote(req->query[i].key, strlen(req->query[i].key)).s);
    return NPS_OK;
}

/* Of what is only read: the answer to a change is never left out. */
static bool is_unchanged(const nps_request *req, const nps_reply *reply)
{
    const char *seen = strcmp(req->route->method, "GET") == 0 ? nps_request_header(req, "If-None-Match") : NULL;
    return seen && *reply->etag && reply->status == 200 && (strstr(seen, reply->etag) || strcmp(seen, "*") == 0);
}

void nps_app_handle(nps_app *app, nps_request *req, nps_reply *reply)
{
    int64_t begin = nps_clock_mono_ms();
    nps_err err = {0};
    nps_status st = check_parameters(req, &err);
    if (st == NPS_OK)
        st = req->route->handler(app, req, reply, &err);
    if (st != NPS_OK) {
        if (nps_problem_http(st) == 500)
            log_failure(req, &err);
        nps_reply_status(reply, req, &err);
    } else if (is_unchanged(req, reply)) {
        nps_buf_clear(&reply->body);
        reply->status = 304;
    }
    int64_t ms = nps_clock_mono_ms() - begin;
    count(app, req, reply->status, ms);
    log_request(req, reply, ms);
}

static bool admit(void *arg, nps_request *req, size_t *ret_max_body, nps_reply *reply)
{
    return nps_app_admit(arg, req, ret_max_body, reply);
}

static void handle(void *arg, nps_request *req, nps_reply *reply)
{
    nps_app_handle(arg, req, reply);
}

static void refused(void *arg, const nps_request *req, int status)
{
    nps_app *app = arg;
    nps_log l;
    atomic_fetch_add(&app->metrics.refused, 1);
    nps_log_begin(&l, NPS_LOG_INFO, "refused");
    nps_jw_str(&l.w, "request_id", req->id);
    nps_jw_i64(&l.w, "status", status);
    nps_log_end(&l);
}

/* --- life -------------------------------------------------------------------------------------------------------------------- */

static nps_status read_calibration(nps_app *app, nps_err *err)
{
    nps_file f;
    nps_err why = {0};
    const char *path = app->config.calibration;
    if (!*path)
        return NPS_OK;
    nps_status st = nps_file_open(path, (size_t)64 << 20, &f, &why);
    if (st == NPS_OK) {
        nps_digest_state d;
        nps_digest_init(&d);
        nps_digest_add(&d, f.data, f.len);
        nps_digest_end(&d, app->own_digest);
        st = nps_calibration_file_parse(f.data, f.len, &app->own, &why);
        /* Kept, so that answers that rest on it can be given again when the file has changed. */
        if (st == NPS_OK)
            st = nps_store_artifact_put(app->store, app->own_digest, "calibration", (nps_span){f.data, f.len}, &why);
        nps_file_close(&f);
    }
    return st == NPS_OK ? st : nps_fail(err, st, "calibration '%s': %s", path, why.msg);
}

static nps_status open_library(nps_app *app, nps_err *err)
{
    nps_err why = {0};
    nps_status st = nps_slot_open(app->config.library, &app->base, &why);
    if (st != NPS_OK)
        return nps_fail(err, st, "library '%s': %s", app->config.library, why.msg);
    st = nps_control_slot_open(app->config.control, &app->control, &why);
    if (st != NPS_OK)
        return nps_fail_at(err, st, why.line, why.offset, "control '%s': %s", app->config.control, why.msg);
    return NPS_OK;
}

nps_status nps_app_keep_control(nps_app *app, nps_err *err)
{
    NPS_AUTO_BUF packed = NPS_BUF_INIT((size_t)NPS_CONTROL_TABLES * (NPS_CONTROL_TABLE_BYTES + 256));
    NPS_AUTO_CONTROL control = nps_control_slot_acquire(app->control);
    nps_status st = nps_control_pack(app->config.control, &packed, err);
    return st == NPS_OK ? nps_store_artifact_put(app->store, nps_control_digest(control), "control", (nps_span){packed.data, packed.len}, err) : st;
}

static nps_status open_signing_key(nps_app *app, nps_err *err)
{
    char path[600], name[64];
    snprintf(path, sizeof path, "%s%s", *app->config.signing_key ? app->config.signing_key : app->config.data,
             *app->config.signing_key ? "" : "/signing-key");
    snprintf(name, sizeof name, "npswatch.%s/audit", nps_store_uuid(app->store));
    return nps_signing_key_open(path, name, &app->signing_key, err);
}

static nps_status open_limiter(nps_app *app, nps_err *err)
{
    const nps_config *c = &app->config;
    const int64_t limit[NPS_BUDGETS] = {
        [NPS_BUDGET_DEFAULT] = c->rate_limit, [NPS_BUDGET_ANONYMOUS] = c->rate_limit_anonymous, [NPS_BUDGET_LOGIN] = c->rate_limit_login};
    return nps_limiter_new(limit, nps_db_is_url(c->store) ? app->store : NULL, &app->limiter, err);
}

static nps_status open_store(nps_app *app, nps_err *err)
{
    const nps_config *c = &app->config;
    snprintf(app->generations, sizeof app->generations, "%s%s", *c->generations ? c->generations : c->data, *c->generations ? "" : "/generations");
    nps_status st = nps_folder_name(c->data, app->name, err);
    if (st == NPS_OK)
        st = nps_store_open(*c->store ? c->store : c->data, &app->store, err);
    if (st == NPS_OK)
        st = open_signing_key(app, err);
    if (st == NPS_OK)
        st = read_calibration(app, err);
    if (st == NPS_OK)
        st = nps_app_keep_control(app, err);
    if (st == NPS_OK)
        st = nps_tally_new(&app->tally, err);
    if (st == NPS_OK)
        st = open_limiter(app, err);
    return st == NPS_OK ? nps_publish_first(app, err) : st;
}

nps_status nps_app_open(const nps_config *config, nps_app **ret_app, nps_err *err)
{
    nps_app *app = nps_array(1, sizeof *app);
    if (!app)
        return nps_fail_nomem(err);
    app->config = *config;
    app->lock_fd = -1;
    pthread_mutex_init(&app->publishing, NULL);
    nps_status st = open_library(app, err);
    if (st == NPS_OK)
        st = nps_folder_take(config->data, &app->lock_fd, err);
    if (st == NPS_OK)
        st = nps_gate_new((unsigned)config->search_slots, (unsigned)config->search_queue, &app->gate, err);
    if (st == NPS_OK)
        st = nps_gate_new(2, 32, &app->login_gate, err);
    for (int64_t i = 0; i < config->search_slots && st == NPS_OK; i++)
        st = nps_workspace_new(&app->workspace[i], err);
    if (st == NPS_OK)
        st = open_store(app, err);
    if (st != NPS_OK) {
        nps_app_close(app);
        return st;
    }
    *ret_app = app;
    return NPS_OK;
}

static nps_status read_tls(const nps_config *c, nps_pem *certificate, nps_pem *key, nps_err *err)
{
    nps_err why = {0};
    if (!*c->tls_certificate)
        return NPS_OK;
    nps_status st = nps_pem_read(c->tls_certificate, "CERTIFICATE", certificate, &why);
    if (st != NPS_OK)
        return nps_fail(err, st, "tls_certificate: %s", why.msg);
    st = nps_pem_read(c->tls_key, "PRIVATE KEY", key, &why);
    return st == NPS_OK ? st : nps_fail(err, st, "tls_key: %s", why.msg);
}

nps_status nps_app_listen(nps_app *app, nps_err *err)
{
    const nps_config *c = &app->config;
    NPS_AUTO_PEM certificate = {0};
    NPS_AUTO_PEM key = {0};
    nps_status st = read_tls(c, &certificate, &key, err);
    if (st != NPS_OK)
        return st;
    nps_http_options o = {.listen = c->listen,
                          .tls_certificate = certificate.text,
                          .tls_key = key.text,
                          .trust_forwarded = c->trust_forwarded,
                          .max_connections = (unsigned)c->max_connections,
                          .header_timeout_ms = c->header_timeout_ms,
                          .body_timeout_ms = c->body_timeout_ms,
                          .reply_timeout_ms = c->reply_timeout_ms,
                          .handler = {.arg = app, .admit = admit, .handle = handle, .refused = refused}};
    st = nps_http_open(&o, &app->http, err);
    if (st != NPS_OK)
        return st;
    snprintf(app->base_url, sizeof app->base_url, "%s", *c->public_url ? c->public_url : nps_http_address(app->http));
    if (*c->webhook_url)
        st = nps_relay_start(&app->config, app->base_url, app->store, &app->metrics, &app->relay, err);
    if (st == NPS_OK)
        st = nps_worker_start(app, &app->worker, err);
    return st == NPS_OK ? nps_http_start(app->http, err) : st;
}

nps_health nps_app_health(nps_app *app, nps_err *err)
{
    if (atomic_load(&app->stopping)) {
        nps_fail(err, NPS_E_BUSY, "the service is stopping");
        return NPS_STOPPING;
    }
    int64_t full_ms = nps_gate_look(app->gate).full_ms;
    if (full_ms > NPS_STUCK_MS) {
        nps_fail(err, NPS_E_BUSY, "no search has ended for %lld s", (long long)full_ms / 1000);
        return NPS_STUCK;
    }
    return nps_store_health(app->store, err) == NPS_OK ? NPS_HEALTHY : NPS_STORE_FAILS;
}

void nps_app_close(nps_app *app)
{
    if (!app)
        return;
    atomic_store(&app->stopping, true);
    nps_http_close(app->http, app->config.stop_timeout_ms);
    nps_relay_stop(app->relay);
    nps_worker_stop(app->worker);
    nps_err ignored;
    if (app->tally && nps_tally_flush(app->tally, app->store, &ignored) != NPS_OK)
        nps_log_err(NPS_LOG_WARN, "counts-lost", &ignored);
    nps_tally_free(app->tally);
    nps_limiter_free(app->limiter);
    nps_shelf_free(app->shelf);
    nps_signing_key_free(app->signing_key);
    nps_store_close(app->store);
    for (size_t i = 0; i < sizeof app->workspace / sizeof *app->workspace; i++)
        nps_workspace_free(app->workspace[i]);
    nps_gate_free(app->gate);
    nps_gate_free(app->login_gate);
    nps_calibration_set_done(&app->own);
    nps_control_slot_close(app->control);
    nps_slot_close(app->base);
    pthread_mutex_destroy(&app->publishing);
    if (app->lock_fd >= 0)
        close(app->lock_fd);
    free(app);
}
