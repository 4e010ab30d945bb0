/* GET /v1/export: everything that an organisation owns, as one zip archive of JSON and original files. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/archive_write.h"
#include "service/clock.h"
#include "service/sample_json.h"
#include "service/store_contributions.h"

#include <stdlib.h>
#include <string.h>

static nps_status add_sample(nps_app *app, const char *organisation, const char *id, nps_zip *zip, nps_err *err)
{
    NPS_AUTO(nps_stored_sample) s = NULL;
    NPS_AUTO_BUF json = NPS_BUF_INIT(NPS_MAX_REPLY);
    char name[400];
    nps_status st = nps_store_sample_get(app->store, organisation, id, &s, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&json);
    nps_jw_sample(&w, s);
    st = nps_buf_check(&json, err);
    snprintf(name, sizeof name, "samples/%s/sample.json", id);
    if (st == NPS_OK)
        st = nps_zip_add(zip, name, (nps_span){json.data, json.len}, err);
    for (size_t i = 0; i < s->n_file && st == NPS_OK; i++) {
        NPS_AUTO_BUF bytes = NPS_BUF_INIT(NPS_MAX_BODY);
        st = nps_store_sample_file(app->store, organisation, id, (int64_t)i, &bytes, err);
        /* The name that the laboratory gave is in the JSON; here only what no file system minds. */
        snprintf(name, sizeof name, "samples/%s/file-%zu", id, i);
        if (st == NPS_OK)
            st = nps_zip_add(zip, name, (nps_span){bytes.data ? bytes.data : "", bytes.len}, err);
    }
    return st;
}

static nps_status add_samples(nps_app *app, const char *organisation, nps_zip *zip, nps_err *err)
{
    nps_sample_list list = {.organisation = organisation, .before_ms = INT64_MAX, .before_id = "", .limit = NPS_MAX_PAGE};
    char last[NPS_SAMPLE_ID] = "";
    for (bool more = true; more;) {
        nps_sample_rows rows;
        nps_status st = nps_store_samples(app->store, &list, &rows, err);
        if (st != NPS_OK)
            return st;
        for (size_t i = 0; i < rows.n && st == NPS_OK; i++)
            st = add_sample(app, organisation, rows.item[i].id, zip, err);
        more = rows.more;
        if (more) {
            list.before_ms = rows.item[rows.n - 1].received_ms;
            memcpy(last, rows.item[rows.n - 1].id, sizeof last);
            list.before_id = last;
        }
        free(rows.item);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

static nps_status add_contribution(nps_app *app, const nps_contribution *c, nps_zip *zip, nps_err *err)
{
    char name[400];
    NPS_AUTO_BUF json = NPS_BUF_INIT((size_t)16 << 20);
    nps_jw w = nps_jw_init(&json);
    nps_jw_contribution(&w, c, true);
    nps_status st = nps_buf_check(&json, err);
    snprintf(name, sizeof name, "contributions/%s/contribution.json", c->id);
    if (st == NPS_OK)
        st = nps_zip_add(zip, name, (nps_span){json.data, json.len}, err);
    for (int64_t i = 0; i < NPS_MAX_FILES && st == NPS_OK; i++) {
        NPS_AUTO_BUF bytes = NPS_BUF_INIT(NPS_MAX_BODY);
        nps_err why;
        nps_status got = nps_store_contribution_file(app->store, c->organisation, c->id, i, &bytes, NULL, 0, &why);
        if (got == NPS_E_NOT_FOUND)
            break;
        snprintf(name, sizeof name, "contributions/%s/file-%d", c->id, (int)i);
        st = got == NPS_OK ? nps_zip_add(zip, name, (nps_span){bytes.data ? bytes.data : "", bytes.len}, err) : nps_fail(err, got, "%s", why.msg);
    }
    return st;
}

static nps_status add_contributions(nps_app *app, const char *organisation, nps_zip *zip, nps_err *err)
{
    int64_t before = INT64_MAX;
    char last[NPS_CONTRIBUTION_ID] = "";
    for (bool more = true; more;) {
        nps_contributions list;
        nps_status st = nps_store_contributions(app->store, organisation, NULL, before, last, NPS_MAX_PAGE, &list, err);
        if (st != NPS_OK)
            return st;
        for (size_t i = 0; i < list.n && st == NPS_OK; i++)
            st = add_contribution(app, &list.item[i], zip, err);
        more = list.more;
        if (more) {
            before = list.item[list.n - 1].created_ms;
            memcpy(last, list.item[list.n - 1].id, sizeof last);
        }
        nps_contributions_done(&list);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

nps_status nps_api_export(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_zip) zip = NULL;
    const char *organisation = req->by.organisation;
    nps_status st = nps_zip_new(NPS_MAX_REPLY, &zip, err);
    if (st == NPS_OK && req->by.roles & NPS_ROLE_LAB)
        st = add_samples(app, organisation, zip, err);
    if (st == NPS_OK && req->by.roles & NPS_ROLE_PARTNER)
        st = add_contributions(app, organisation, zip, err);
    if (st == NPS_OK)
        st = nps_zip_end(zip, &reply->body, err);
    if (st != NPS_OK)
        return st;
    reply->content_type = "application/zip";
    nps_reply_header(reply, "Content-Disposition", "attachment; filename=\"npswatch-export.zip\"");
    return NPS_OK;
}
