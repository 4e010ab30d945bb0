#include "service/body.h"

#include "core/scan.h"
#include "service/clock.h"
#include "service/text.h"

#include <math.h>
#include <string.h>

static bool is_known(const char *known, const char *key)
{
    nps_span rest = nps_span_of(known), word;
    while (nps_span_token(&rest, " ", &word))
        if (word.n == strlen(key) && memcmp(word.p, key, word.n) == 0)
            return true;
    return false;
}

nps_status nps_body_object(const nps_request *req, const char *known, nps_json **ret_doc, nps_err *err)
{
    NPS_AUTO(nps_json) doc = NULL;
    const char *type = nps_request_header(req, "Content-Type");
    nps_span bare = nps_span_of(type ? type : "");
    const char *semicolon = memchr(bare.p, ';', bare.n);
    if (semicolon)
        bare.n = (size_t)(semicolon - bare.p);
    if (!nps_span_is(nps_span_trim(bare), "application/json"))
        return nps_fail(err, NPS_E_UNSUPPORTED, "the body must be application/json");
    nps_status st = nps_json_read(req->body.p, req->body.n, NPS_MAX_SMALL_BODY, &doc, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0;; i++) {
        const char *key = nps_json_key(doc, i);
        if (!key && !i && !nps_json_is_object(doc))
            return nps_fail_at(err, NPS_E_FORMAT, 1, 0, "the body is no JSON object");
        if (!key)
            break;
        if (!is_known(known, key))
            return nps_fail(err, NPS_E_RANGE, "unknown member '%s'", nps_quote(key, strlen(key)).s);
    }
    *ret_doc = nps_steal(doc);
    return NPS_OK;
}

nps_status nps_body_text(const nps_json *doc, const char *key, size_t max, bool required, const char **ret_text, nps_err *err)
{
    const char *text = nps_json_text(doc, key);
    if (!nps_json_member(doc, key))
        return required ? nps_fail(err, NPS_E_RANGE, "'%s' is missing", key) : NPS_OK;
    nps_span s = nps_span_of(text ? text : "");
    if (!text || !s.n || !nps_text_is_clean(s) || nps_text_length(s) > max)
        return nps_fail(err, NPS_E_RANGE, "'%s' is no text of 1 to %zu characters without control bytes", key, max);
    *ret_text = text;
    return NPS_OK;
}

nps_status nps_body_whole(const nps_json *doc, const char *key, int64_t low, int64_t high, int64_t *ret_v, nps_err *err)
{
    double v;
    if (!nps_json_member(doc, key))
        return NPS_OK;
    if (!nps_json_number(doc, key, &v) || v < (double)low || v > (double)high || v > 9e15 || floor(v) < v)
        return nps_fail(err, NPS_E_RANGE, "'%s' is no whole number in %lld..%lld", key, (long long)low, (long long)high);
    *ret_v = (int64_t)v;
    return NPS_OK;
}

nps_status nps_body_version(const nps_request *req, int64_t *ret_version, nps_err *err)
{
    const char *text = nps_request_header(req, "If-Match");
    uint64_t v;
    if (!text)
        return nps_fail(err, NPS_E_PRECONDITION, "a change needs If-Match with the ETag of what was seen");
    nps_span s = nps_span_trim(nps_span_of(text));
    if (nps_span_is(s, "*")) {
        *ret_version = -1;
        return NPS_OK;
    }
    if (s.n < 4 || s.p[0] != '"' || s.p[1] != 'v' || s.p[s.n - 1] != '"' || !nps_span_u64((nps_span){s.p + 2, s.n - 3}, &v) || v > INT64_MAX)
        return nps_fail(err, NPS_E_RANGE, "If-Match is none of our ETags");
    *ret_version = (int64_t)v;
    return NPS_OK;
}

void nps_reply_version(nps_reply *reply, int64_t version)
{
    snprintf(reply->etag, sizeof reply->etag, "\"v%lld\"", (long long)version);
}

nps_actor nps_request_actor(const nps_request *req)
{
    return (nps_actor){.member = req->by.member, .organisation = req->by.organisation, .now_ms = nps_clock_wall_ms()};
}
