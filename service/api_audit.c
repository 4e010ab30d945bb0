/* /v1/audit: the log for auditors; its checkpoints and key for everybody. */
#include "service/api.h"
#include "service/app.h"
#include "service/audit.h"
#include "service/clock.h"
#include "service/json.h"

static nps_status take_number(const nps_request *req, const char *key, bool required, uint64_t *ret_v, nps_err *err)
{
    const char *text = nps_request_query(req, key);
    if (!text)
        return required ? nps_fail(err, NPS_E_RANGE, "'%s' is missing", key) : NPS_OK;
    if (!nps_span_u64(nps_span_of(text), ret_v) || *ret_v > INT64_MAX)
        return nps_fail(err, NPS_E_RANGE, "'%s' is no whole number", key);
    return NPS_OK;
}

nps_status nps_api_audit(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    uint64_t from = 0, limit = 100;
    nps_audit_records r;
    nps_status st = take_number(req, "cursor", false, &from, err);
    if (st == NPS_OK)
        st = take_number(req, "limit", false, &limit, err);
    if (st == NPS_OK && (limit < 1 || limit > NPS_MAX_PAGE))
        st = nps_fail(err, NPS_E_RANGE, "'limit' is outside 1..%d", NPS_MAX_PAGE);
    if (st == NPS_OK)
        st = nps_audit_list(app->store, (int64_t)from, (size_t)limit, &r, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "records");
    for (size_t i = 0; i < r.n; i++) {
        nps_jw_object(&w, NULL);
        nps_jw_raw(&w, "record", r.item[i].record);
        nps_jw_str(&w, "hash", r.item[i].hash);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    if (r.more) {
        nps_jw_i64(&w, "next", r.item[r.n - 1].seq + 1);
        nps_reply_header(reply, "Link", "</v1/audit?cursor=%lld&limit=%d>; rel=\"next\"", (long long)r.item[r.n - 1].seq + 1, (int)limit);
    }
    nps_jw_end(&w);
    nps_audit_records_done(&r);
    return NPS_OK;
}

nps_status nps_api_audit_checkpoint(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)req;
    reply->content_type = "text/plain; charset=utf-8";
    reply->cache = "no-cache";
    nps_status st = nps_audit_last_checkpoint(app->store, &reply->body, err);
    if (st == NPS_OK)
        nps_reply_etag(reply);
    return st;
}

nps_status nps_api_audit_key(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    (void)req;
    (void)err;
    reply->content_type = "text/plain; charset=utf-8";
    reply->cache = "no-cache";
    nps_note_key_put(nps_signing_key_public(app->signing_key), &reply->body);
    nps_buf_putc(&reply->body, '\n');
    nps_reply_etag(reply);
    return NPS_OK;
}

static void put_proof(nps_reply *reply, const nps_merkle_proof *p)
{
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "hashes");
    for (size_t i = 0; i < p->n; i++) {
        char hex[2 * NPS_MERKLE_HASH + 1];
        for (size_t k = 0; k < NPS_MERKLE_HASH; k++)
            snprintf(hex + 2 * k, 3, "%02x", p->hash[i][k]);
        nps_jw_str(&w, NULL, hex);
    }
    nps_jw_end(&w);
    nps_jw_end(&w);
}

nps_status nps_api_audit_inclusion(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    uint64_t index = 0, size = 0;
    nps_merkle_proof p;
    nps_status st = take_number(req, "index", true, &index, err);
    if (st == NPS_OK)
        st = take_number(req, "size", true, &size, err);
    if (st == NPS_OK)
        st = nps_audit_inclusion(app->store, index, size, &p, err);
    if (st == NPS_OK)
        put_proof(reply, &p);
    return st;
}

nps_status nps_api_audit_consistency(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    uint64_t from = 0, size = 0;
    nps_merkle_proof p;
    nps_status st = take_number(req, "from", true, &from, err);
    if (st == NPS_OK)
        st = take_number(req, "size", true, &size, err);
    if (st == NPS_OK)
        st = nps_audit_consistency(app->store, from, size, &p, err);
    if (st == NPS_OK)
        put_proof(reply, &p);
    return st;
}
