/* /v1/organisations, /v1/members, /v1/memoranda. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/body.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/text.h"

#include <stdlib.h>
#include <string.h>

void nps_jw_time(nps_jw *w, const char *key, int64_t wall_ms)
{
    char text[NPS_TIME_TEXT];
    nps_clock_text(wall_ms, text);
    nps_jw_str(w, key, text);
}

static nps_status take_state(const nps_json *doc, const char **ret_state, nps_err *err)
{
    nps_status st = nps_body_text(doc, "state", NPS_STATE_TEXT - 1, false, ret_state, err);
    if (st == NPS_OK && *ret_state && strcmp(*ret_state, "active") != 0 && strcmp(*ret_state, "closed") != 0)
        st = nps_fail(err, NPS_E_RANGE, "'state' is neither 'active' nor 'closed'");
    return st;
}

/* --- organisations -------------------------------------------------------------------------------------------------------------- */

static void put_organisation(nps_jw *w, const nps_organisation *o)
{
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", o->id);
    nps_jw_str(w, "name", o->name);
    nps_jw_str(w, "country", *o->country ? o->country : NULL);
    nps_jw_str(w, "state", o->state);
    nps_jw_time(w, "created", o->created_ms);
    nps_jw_i64(w, "version", o->version);
    nps_jw_end(w);
}

static nps_status show_organisation(nps_app *app, const char *id, nps_reply *reply, nps_err *err)
{
    nps_organisation o;
    nps_status st = nps_store_organisation_get(app->store, id, &o, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    put_organisation(&w, &o);
    nps_reply_version(reply, o.version);
    return NPS_OK;
}

nps_status nps_api_organisations(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)req;
    nps_organisations list;
    nps_status st = nps_store_organisations(app->store, &list, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "organisations");
    for (size_t i = 0; i < list.n; i++)
        put_organisation(&w, &list.item[i]);
    nps_jw_end(&w);
    nps_jw_end(&w);
    free(list.item);
    return NPS_OK;
}

nps_status nps_api_organisation_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *name = NULL, *country = "";
    nps_organisation o;
    nps_actor by = nps_request_actor(req);
    nps_status st = nps_body_object(req, "name country", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "name", NPS_NAME_TEXT / 4, true, &name, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "country", 2, false, &country, err);
    if (st == NPS_OK && *country && !nps_text_is_country(nps_span_of(country)))
        st = nps_fail(err, NPS_E_RANGE, "'country' is no ISO 3166-1 alpha-2 code like DE");
    if (st == NPS_OK)
        st = nps_store_organisation_add(app->store, &by, name, country, &o, err);
    if (st == NPS_OK)
        st = show_organisation(app, o.id, reply, err);
    if (st != NPS_OK)
        return st;
    reply->status = 201;
    nps_reply_header(reply, "Location", "/v1/organisations/%s", o.id);
    return NPS_OK;
}

nps_status nps_api_organisation_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return show_organisation(app, req->param[0], reply, err);
}

nps_status nps_api_organisation_patch(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *name = NULL, *state = NULL;
    int64_t version;
    nps_actor by = nps_request_actor(req);
    nps_status st = nps_body_version(req, &version, err);
    if (st == NPS_OK)
        st = nps_body_object(req, "name state", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "name", NPS_NAME_TEXT / 4, false, &name, err);
    if (st == NPS_OK)
        st = take_state(doc, &state, err);
    if (st == NPS_OK && state && strcmp(req->param[0], req->by.organisation) == 0)
        st = nps_fail(err, NPS_E_DENIED, "nobody closes the organisation that he belongs to");
    if (st == NPS_OK)
        st = nps_store_organisation_set(app->store, &by, req->param[0], version, name, state, err);
    return st == NPS_OK ? show_organisation(app, req->param[0], reply, err) : st;
}

/* --- members -------------------------------------------------------------------------------------------------------------------- */

static void put_member(nps_jw *w, const nps_account *m)
{
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", m->id);
    nps_jw_str(w, "organisation", m->organisation);
    nps_jw_str(w, "login", m->login);
    nps_jw_roles(w, "roles", m->roles);
    nps_jw_str(w, "state", m->state);
    nps_jw_bool(w, "has_password", m->has_password);
    nps_jw_time(w, "created", m->created_ms);
    nps_jw_i64(w, "version", m->version);
    nps_jw_end(w);
}

static nps_status show_member(nps_app *app, const char *id, nps_reply *reply, nps_err *err)
{
    nps_account m;
    nps_status st = nps_store_member_get(app->store, id, &m, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    put_member(&w, &m);
    nps_reply_version(reply, m.version);
    return NPS_OK;
}

nps_status nps_api_members(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_accounts list;
    const char *organisation = nps_request_query(req, "organisation");
    nps_status st = nps_store_members(app->store, organisation ? organisation : "", &list, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "members");
    for (size_t i = 0; i < list.n; i++)
        put_member(&w, &list.item[i]);
    nps_jw_end(&w);
    nps_jw_end(&w);
    free(list.item);
    return NPS_OK;
}

static nps_status take_roles(const nps_json *doc, bool required, unsigned *ret_roles, nps_err *err)
{
    const char *names = NULL;
    nps_status st = nps_body_text(doc, "roles", 200, required, &names, err);
    if (st == NPS_OK && names)
        st = nps_roles_parse(names, ret_roles, err);
    return st == NPS_OK && names ? nps_roles_check(*ret_roles, err) : st;
}

/* A login is a handle, not a name: no personal data are needed here. */
static bool is_login(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-._", text[i]))
            return false;
    return n >= 2 && n < NPS_LOGIN_TEXT;
}

static nps_status take_password(nps_app *app, const nps_json *doc, char hash[static NPS_PASSWORD_HASH], const char **ret_hash, nps_err *err)
{
    const char *password = NULL;
    nps_status st = nps_body_text(doc, "password", 200, false, &password, err);
    if (st == NPS_OK && password) {
        st = nps_password_make(app, password, hash, err);
        *ret_hash = hash;
    }
    return st;
}

nps_status nps_api_member_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *organisation = NULL, *login = NULL, *password = NULL;
    char hash[NPS_PASSWORD_HASH];
    unsigned roles = 0;
    nps_account m;
    nps_actor by = nps_request_actor(req);
    nps_status st = nps_body_object(req, "organisation login roles password", &doc, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "organisation", NPS_ACCOUNT_ID - 1, true, &organisation, err);
    if (st == NPS_OK)
        st = nps_body_text(doc, "login", NPS_LOGIN_TEXT - 1, true, &login, err);
    if (st == NPS_OK && !is_login(login))
        st = nps_fail(err, NPS_E_RANGE, "'login' takes 2 to %d of a-z, 0-9, '-', '.', '_'", NPS_LOGIN_TEXT - 1);
    if (st == NPS_OK)
        st = take_roles(doc, true, &roles, err);
    if (st == NPS_OK)
        st = take_password(app, doc, hash, &password, err);
    if (st == NPS_OK)
        st = nps_store_member_add(app->store, &by, organisation, login, roles, password, &m, err);
    if (st == NPS_OK)
        st = show_member(app, m.id, reply, err);
    if (st != NPS_OK)
        return st;
    reply->status = 201;
    nps_reply_header(reply, "Location", "/v1/members/%s", m.id);
    return NPS_OK;
}

nps_status nps_api_member_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return show_member(app, req->param[0], reply, err);
}

nps_status nps_api_member_patch(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *state = NULL, *password = NULL;
    char hash[NPS_PASSWORD_HASH];
    unsigned roles = 0;
    int64_t version;
    nps_actor by = nps_request_actor(req);
    nps_status st = nps_body_version(req, &version, err);
    if (st == NPS_OK)
        st = nps_body_object(req, "roles state password", &doc, err);
    if (st == NPS_OK)
        st = take_roles(doc, false, &roles, err);
    if (st == NPS_OK)
        st = take_state(doc, &state, err);
    if (st == NPS_OK && (roles || state) && strcmp(req->param[0], req->by.member) == 0)
        st = nps_fail(err, NPS_E_DENIED, "nobody changes his own roles or state");
    if (st == NPS_OK)
        st = take_password(app, doc, hash, &password, err);
    if (st == NPS_OK)
        st = nps_store_member_set(app->store, &by, req->param[0], version, roles, state, password, err);
    return st == NPS_OK ? show_member(app, req->param[0], reply, err) : st;
}

/* --- memoranda ------------------------------------------------------------------------------------------------------------------ */

nps_status nps_api_memoranda(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_memoranda list;
    nps_status st = nps_store_memoranda(app->store, nps_request_owner(req), &list, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "memoranda");
    for (size_t i = 0; i < list.n; i++) {
        const nps_memorandum *m = &list.item[i];
        nps_jw_object(&w, NULL);
        nps_jw_str(&w, "reference", m->reference);
        nps_jw_str(&w, "organisation", m->organisation);
        nps_jw_str(&w, "title", m->title);
        nps_jw_str(&w, "valid_from", m->valid_from);
        nps_jw_str(&w, "valid_until", *m->valid_until ? m->valid_until : NULL);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    nps_jw_end(&w);
    free(list.item);
    return NPS_OK;
}

static nps_status take_text(const nps_json *doc, const char *key, bool required, char *to, size_t size, size_t max, nps_err *err)
{
    const char *text = "";
    nps_status st = nps_body_text(doc, key, max, required, &text, err);
    if (st == NPS_OK)
        snprintf(to, size, "%s", text);
    return st;
}

nps_status nps_api_memorandum_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    nps_memorandum m = {0};
    nps_actor by = nps_request_actor(req);
    nps_status st = nps_body_object(req, "reference organisation title valid_from valid_until", &doc, err);
    if (st == NPS_OK)
        st = take_text(doc, "reference", true, m.reference, sizeof m.reference, NPS_MEMO_TEXT / 4, err);
    if (st == NPS_OK)
        st = take_text(doc, "organisation", true, m.organisation, sizeof m.organisation, NPS_ACCOUNT_ID - 1, err);
    if (st == NPS_OK)
        st = take_text(doc, "title", true, m.title, sizeof m.title, NPS_NAME_TEXT / 4, err);
    if (st == NPS_OK)
        st = take_text(doc, "valid_from", true, m.valid_from, sizeof m.valid_from, 10, err);
    if (st == NPS_OK)
        st = take_text(doc, "valid_until", false, m.valid_until, sizeof m.valid_until, 10, err);
    if (st == NPS_OK && (!nps_text_is_date(nps_span_of(m.valid_from)) || (*m.valid_until && !nps_text_is_date(nps_span_of(m.valid_until)))))
        st = nps_fail(err, NPS_E_RANGE, "'valid_from' and 'valid_until' are days like 2026-11-23");
    if (st == NPS_OK)
        st = nps_store_memorandum_add(app->store, &by, &m, err);
    if (st != NPS_OK)
        return st;
    reply->status = 201;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "reference", m.reference);
    nps_jw_end(&w);
    return NPS_OK;
}
