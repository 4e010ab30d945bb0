/* /v1/contributions, /v1/usage: what partners give, what a curator decides, what became of it. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/body.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/intake.h"
#include "service/page.h"
#include "service/sample_facts.h"
#include "service/sample_json.h"
#include "service/store_contributions.h"
#include "service/text.h"

#include <stdlib.h>
#include <string.h>

void nps_jw_contribution(nps_jw *w, const nps_contribution *c, bool whole)
{
    const struct {
        const char *key, *value;
    } texts[] = {{"organisation", c->organisation}, {"state", c->state}, {"visibility", c->visibility}, {"embargo", c->embargo},
                 {"licence", c->licence}, {"memorandum", c->memorandum}, {"credit", c->credit}, {"reason", c->reason}};
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", c->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        nps_jw_str(w, texts[i].key, texts[i].value && *texts[i].value ? texts[i].value : NULL);
    nps_jw_time(w, "created", c->created_ms);
    if (c->decided_ms)
        nps_jw_time(w, "decided", c->decided_ms);
    nps_jw_i64(w, "spectra", c->spectra);
    nps_jw_i64(w, "version", c->version);
    if (whole)
        nps_jw_raw(w, "checks", c->checks);
    nps_jw_end(w);
}

static nps_status show(nps_app *app, const char *organisation, const char *id, nps_reply *reply, nps_err *err)
{
    nps_contribution c;
    nps_status st = nps_store_contribution_get(app->store, organisation, id, &c, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_contribution(&w, &c, true);
    nps_reply_version(reply, c.version);
    nps_contribution_done(&c);
    return NPS_OK;
}

/* --- giving ----------------------------------------------------------------------------------------------------------------- */

static bool is_visibility(const char *text)
{
    for (nps_visibility v = NPS_VISIBLE_PUBLIC; v <= NPS_VISIBLE_MATCH_ONLY; v++)
        if (strcmp(text, nps_visibility_name(v)) == 0)
            return true;
    return false;
}

static nps_status check_terms(const char *visibility, const char *embargo, nps_err *err)
{
    if (visibility && !is_visibility(visibility))
        return nps_fail(err, NPS_E_RANGE, "'visibility' takes one of: public, members, match-only");
    if (embargo && *embargo && !nps_text_is_date(nps_span_of(embargo)))
        return nps_fail(err, NPS_E_RANGE, "'embargo' is no day like 2027-06-30");
    return NPS_OK;
}

static nps_status take_text(const nps_intake *in, const nps_request *req, const char *key, bool required, char *to, size_t size, nps_err *err)
{
    const char *v = nps_intake_value(in, req, key), *what;
    if (required && (!v || !*v))
        return nps_fail(err, NPS_E_RANGE, "'%s' is missing", key);
    if (v && (strlen(v) >= size || nps_text_seems_personal(v, &what)))
        return nps_fail(err, NPS_E_RANGE, "'%s' is longer than %zu bytes or seems to hold personal data", key, size - 1);
    snprintf(to, size, "%s", v ? v : "");
    return NPS_OK;
}

static nps_status take_contribution(const nps_intake *in, const nps_request *req, nps_contribution *c, nps_err *err)
{
    nps_status st = take_text(in, req, "visibility", true, c->visibility, sizeof c->visibility, err);
    if (st == NPS_OK)
        st = take_text(in, req, "embargo", false, c->embargo, sizeof c->embargo, err);
    if (st == NPS_OK)
        st = take_text(in, req, "licence", true, c->licence, sizeof c->licence, err);
    if (st == NPS_OK)
        st = take_text(in, req, "memorandum", true, c->memorandum, sizeof c->memorandum, err);
    if (st == NPS_OK)
        st = take_text(in, req, "credit", false, c->credit, sizeof c->credit, err);
    return st == NPS_OK ? check_terms(c->visibility, c->embargo, err) : st;
}

nps_status nps_api_contribution_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_intake) in = NULL;
    nps_contribution c = {0};
    nps_store_file file[NPS_MAX_FILES];
    const nps_actor by = nps_request_actor(req);
    nps_status st = nps_intake_new(&in, err);
    if (st == NPS_OK)
        st = nps_intake_split(in, req, err);
    if (st == NPS_OK)
        st = take_contribution(in, req, &c, err);
    if (st != NPS_OK)
        return st;
    nps_random_hex(16, c.id);
    for (size_t i = 0; i < in->n_file; i++)
        file[i] = (nps_store_file){in->file[i].name, in->file[i].type, in->file[i].bytes};
    st = nps_store_contribution_add(app->store, &by, &c, file, in->n_file, err);
    if (st == NPS_OK)
        st = show(app, req->by.organisation, c.id, reply, err);
    if (st != NPS_OK)
        return st;
    if (app->worker)
        nps_worker_wake(app->worker);
    reply->status = 202;
    nps_reply_header(reply, "Location", "/v1/contributions/%s", c.id);
    return NPS_OK;
}

/* --- looking ---------------------------------------------------------------------------------------------------------------- */

static bool is_state(const char *text)
{
    static const char *const states[] = {"submitted", "checked", "accepted", "rejected", "withdrawn"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(text, states[i]) == 0)
            return true;
    return false;
}

nps_status nps_api_contributions(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_page page;
    nps_contributions list;
    const char *state = nps_request_query(req, "state");
    nps_status st = nps_page_take(req, &page, err);
    if (st == NPS_OK && state && !is_state(state))
        st = nps_fail(err, NPS_E_RANGE, "'state' takes one of: submitted, checked, accepted, rejected, withdrawn");
    if (st == NPS_OK)
        st = nps_store_contributions(app->store, nps_request_owner(req), state, page.before_ms, page.before_id, page.limit,
                                     &list, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "contributions");
    for (size_t i = 0; i < list.n; i++)
        nps_jw_contribution(&w, &list.item[i], false);
    nps_jw_end(&w);
    if (list.more)
        nps_page_put_next(&w, reply, req, list.item[list.n - 1].created_ms, list.item[list.n - 1].id);
    nps_jw_end(&w);
    nps_contributions_done(&list);
    return NPS_OK;
}

nps_status nps_api_contribution_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return show(app, nps_request_owner(req), req->param[0], reply, err);
}

nps_status nps_api_contribution_file(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    uint64_t position;
    if (!nps_span_u64(nps_span_of(req->param[1]), &position) || position >= NPS_MAX_FILES)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such file");
    reply->content_type = "application/octet-stream";
    nps_reply_header(reply, "Content-Disposition", "attachment; filename=\"%.32s-%d\"", req->param[0], (int)position);
    return nps_store_contribution_file(app->store, nps_request_owner(req), req->param[0], (int64_t)position, &reply->body, NULL, 0, err);
}

/* --- its way ---------------------------------------------------------------------------------------------------------------- */

nps_status nps_api_contribution_decision(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *decision = NULL, *reason = NULL;
    int64_t version;
    const nps_actor by = nps_request_actor(req);
    nps_status st = nps_body_version(req, &version, err);
    if (st == NPS_OK)
        st = nps_body_object(req, "decision reason", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "decision", 10, true, &decision, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "reason", 1000, true, &reason, err);
    if (st == NPS_OK && strcmp(decision, "accept") != 0 && strcmp(decision, "reject") != 0)
        st = nps_fail(err, NPS_E_RANGE, "'decision' takes one of: accept, reject");
    if (st == NPS_OK)
        st = nps_store_contribution_decide(app->store, &by, req->param[0], version, strcmp(decision, "accept") == 0, reason, err);
    return st == NPS_OK ? show(app, "", req->param[0], reply, err) : st;
}

nps_status nps_api_contribution_patch(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *visibility = NULL, *embargo = NULL, *licence = NULL;
    int64_t version;
    const nps_actor by = nps_request_actor(req);
    nps_status st = nps_body_version(req, &version, err);
    if (st == NPS_OK)
        st = nps_body_object(req, "visibility embargo licence", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "visibility", 11, false, &visibility, err);
    if (st == NPS_OK && nps_json_member(doc, "embargo"))
        embargo = nps_json_text(doc, "embargo") ? nps_json_text(doc, "embargo") : "";
    if (st == NPS_OK)
        st = nps_body_text(doc, "licence", 64, false, &licence, err);
    if (st == NPS_OK)
        st = check_terms(visibility, embargo, err);
    if (st == NPS_OK)
        st = nps_store_contribution_terms(app->store, &by, req->param[0], version, visibility, embargo, licence, err);
    if (st == NPS_OK && app->worker)
        nps_worker_wake(app->worker);
    return st == NPS_OK ? show(app, req->by.organisation, req->param[0], reply, err) : st;
}

nps_status nps_api_contribution_delete(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    bool was_accepted;
    const nps_actor by = nps_request_actor(req);
    nps_status st = nps_store_contribution_withdraw(app->store, &by, req->param[0], "withdrawn by its owner", &was_accepted, err);
    if (st != NPS_OK)
        return st;
    if (app->worker)
        nps_worker_wake(app->worker);
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "state", "withdrawn");
    nps_jw_bool(&w, "leaves_with_next_generation", was_accepted);
    nps_jw_end(&w);
    return NPS_OK;
}

nps_status nps_api_usage(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_uses u;
    const char *since = nps_request_query(req, "since");
    if (since && !nps_text_is_date(nps_span_of(since)))
        return nps_fail(err, NPS_E_RANGE, "'since' is no day like 2026-11-23");
    nps_status st = nps_store_uses(app->store, req->by.organisation, since ? since : "", &u, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "uses");
    for (size_t i = 0; i < u.n; i++) {
        nps_jw_object(&w, NULL);
        nps_jw_str(&w, "contribution", u.item[i].contribution);
        nps_jw_str(&w, "day", u.item[i].day);
        nps_jw_i64(&w, "hits", u.item[i].hits);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_end(&w);
    free(u.item);
    return NPS_OK;
}
