/* /v1/tokens: a member's own tokens; POST /v1/members/{}/tokens: the first one of a member, by an admin. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/auth.h"
#include "service/body.h"
#include "service/clock.h"
#include "service/crypt.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)86400000)
enum { DAYS_MAX = 365, DAYS_USUAL = 90, OVERLAP_HOURS_MAX = 168 };

static void put_token(nps_jw *w, const nps_token_row *t)
{
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", t->id);
    nps_jw_str(w, "label", t->label);
    nps_jw_scopes(w, "scopes", t->scopes);
    nps_jw_time(w, "created", t->created_ms);
    nps_jw_time(w, "expires", t->expires_ms);
    nps_jw_str(w, "last_used", *t->used_day ? t->used_day : NULL);
    nps_jw_end(w);
}

nps_status nps_api_tokens(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_tokens list;
    nps_status st = nps_store_tokens(app->store, req->by.member, nps_clock_wall_ms(), &list, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "tokens");
    for (size_t i = 0; i < list.n; i++)
        put_token(&w, &list.item[i]);
    nps_jw_end(&w);
    nps_jw_end(&w);
    free(list.item);
    return NPS_OK;
}

/* Makes the token and shows its text, this once. */
static nps_status make(nps_app *app, const nps_request *req, const char *member, const char *label, unsigned scopes, int64_t expires_ms,
                       nps_reply *reply, nps_err *err)
{
    char id[NPS_ACCOUNT_ID], token[NPS_TOKEN_TEXT];
    nps_actor by = nps_request_actor(req);
    nps_status st = nps_auth_token_make(app->store, &by, member, label, scopes, expires_ms, id, token, err);
    if (st != NPS_OK)
        return st;
    reply->status = 201;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "id", id);
    nps_jw_str(&w, "token", token);
    nps_jw_str(&w, "note", "shown this once: keep it like a password");
    nps_jw_scopes(&w, "scopes", scopes);
    nps_jw_time(&w, "expires", expires_ms);
    nps_jw_end(&w);
    nps_secret_wipe(token, sizeof token);
    return NPS_OK;
}

static nps_status make_as_asked(nps_app *app, const nps_request *req, const char *member, unsigned at_most, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *label = "", *names = NULL;
    int64_t days = DAYS_USUAL;
    unsigned scopes = at_most & NPS_SCOPES_USUAL;
    nps_status st = nps_body_object(req, "label scopes days", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "label", NPS_NAME_TEXT / 4, false, &label, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "scopes", 400, false, &names, err);
    if (st == NPS_OK)
        st = nps_body_whole(doc, "days", 1, DAYS_MAX, &days, err);
    if (st == NPS_OK && names)
        st = nps_scopes_parse(names, &scopes, err);
    if (st == NPS_OK && scopes & ~at_most)
        st = nps_fail(err, NPS_E_DENIED, "a token cannot give what its maker lacks");
    return st == NPS_OK ? make(app, req, member, label, scopes, nps_clock_wall_ms() + days * DAY_MS, reply, err) : st;
}

nps_status nps_api_token_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return make_as_asked(app, req, req->by.member, req->by.scopes, reply, err);
}

nps_status nps_api_member_token(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return make_as_asked(app, req, req->param[0], NPS_SCOPES_ALL, reply, err);
}

/* The new one has the scopes, the label and the life of the old one, which ends after the overlap. */
nps_status nps_api_token_rotate(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    nps_token_row old;
    int64_t hours = 24;
    nps_status st = nps_body_object(req, "overlap_hours", &doc, err);
    if (st == NPS_OK)
        st = nps_body_whole(doc, "overlap_hours", 0, OVERLAP_HOURS_MAX, &hours, err);
    if (st == NPS_OK)
        st = nps_store_token_get(app->store, req->param[0], req->by.member, &old, err);
    if (st == NPS_OK && old.scopes & ~req->by.scopes)
        st = nps_fail(err, NPS_E_DENIED, "a token cannot give what its maker lacks");
    int64_t now = nps_clock_wall_ms();
    if (st == NPS_OK)
        st = make(app, req, req->by.member, old.label, old.scopes, now + (old.expires_ms - old.created_ms), reply, err);
    nps_actor by = nps_request_actor(req);
    return st == NPS_OK ? nps_store_token_end(app->store, &by, old.id, req->by.member, hours ? now + hours * 3600000 : 0, err) : st;
}

nps_status nps_api_token_delete(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_actor by = nps_request_actor(req);
    reply->status = 204;
    return nps_store_token_end(app->store, &by, req->param[0], req->by.member, 0, err);
}
