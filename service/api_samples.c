/* /v1/samples: sending, looking at, judging again and withdrawing. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/body.h"
#include "service/difference.h"
#include "service/page.h"
#include "service/problem.h"
#include "service/sample_json.h"
#include "service/sample_work.h"

#include <stdlib.h>
#include <string.h>

/* --- showing --------------------------------------------------------------------------------------------------------------- */

static void put_files(nps_jw *w, const nps_stored_sample *s)
{
    nps_jw_array(w, "files");
    for (size_t i = 0; i < s->n_file; i++) {
        nps_jw_object(w, NULL);
        nps_jw_str(w, "name", s->file[i].name);
        nps_jw_str(w, "type", s->file[i].type);
        nps_jw_i64(w, "bytes", s->file[i].bytes);
        nps_jw_str(w, "blake2b", s->file[i].digest);
        nps_jw_end(w);
    }
    nps_jw_end(w);
}

void nps_jw_sample(nps_jw *w, const nps_stored_sample *s)
{
    const struct {
        const char *key, *value;
    } texts[] = {{"country", s->country}, {"region", s->region}, {"date", s->date}, {"reference", s->reference}, {"form", s->form},
                 {"packaging", s->packaging}, {"circumstances", s->circumstances}, {"note", s->note}, {"quantity", s->quantity},
                 {"tlp", s->tlp}, {"case", s->case_code}, {"outcome", s->outcome}};
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", s->id);
    nps_jw_str(w, "state", s->state);
    nps_jw_time(w, "received", s->received_ms);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        nps_jw_str(w, texts[i].key, texts[i].value);
    if (s->purge_ms)
        nps_jw_time(w, "purged_after", s->purge_ms);
    nps_jw_i64(w, "evaluation", s->last_evaluation);
    put_files(w, s);
    nps_jw_str(w, "published", s->holding);
    if (s->verdict)
        nps_jw_raw(w, "verdict", s->verdict);
    else
        nps_jw_null(w, "verdict");
    nps_jw_end(w);
}

static nps_status show_sample(nps_app *app, const char *organisation, const char *id, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_stored_sample) s = NULL;
    nps_status st = nps_store_sample_get(app->store, organisation, id, &s, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_sample(&w, s);
    reply->cache = "private, no-cache";
    nps_reply_etag(reply);
    return NPS_OK;
}

nps_status nps_api_sample_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return show_sample(app, nps_request_owner(req), req->param[0], reply, err);
}

nps_status nps_api_sample_file(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    uint64_t position;
    if (!nps_span_u64(nps_span_of(req->param[1]), &position) || position >= NPS_MAX_FILES)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such file");
    reply->content_type = "application/octet-stream";
    nps_reply_header(reply, "Content-Disposition", "attachment; filename=\"%.32s-%d\"", req->param[0], (int)position);
    return nps_store_sample_file(app->store, nps_request_owner(req), req->param[0], (int64_t)position, &reply->body, err);
}

static void put_row(nps_jw *w, const nps_sample_row *r)
{
    const struct {
        const char *key, *value;
    } texts[] = {{"country", r->country}, {"date", r->date}, {"reference", r->reference}, {"case", r->case_code}};
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", r->id);
    nps_jw_str(w, "state", r->state);
    nps_jw_time(w, "received", r->received_ms);
    nps_jw_str(w, "outcome", r->outcome);
    nps_jw_str(w, "tlp", r->tlp);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        nps_jw_str(w, texts[i].key, *texts[i].value ? texts[i].value : NULL);
    nps_jw_i64(w, "evaluation", r->last_evaluation);
    nps_jw_end(w);
}

static bool is_outcome(const char *text)
{
    for (nps_outcome o = NPS_IDENTIFIED; o <= NPS_UNUSABLE; o++)
        if (strcmp(text, nps_outcome_name(o)) == 0)
            return true;
    return false;
}

nps_status nps_api_samples(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_page page;
    nps_sample_rows rows;
    const char *outcome = nps_request_query(req, "outcome");
    nps_status st = nps_page_take(req, &page, err);
    if (st == NPS_OK && outcome && !is_outcome(outcome))
        st = nps_fail(err, NPS_E_RANGE, "'outcome' takes one of: identified, ambiguous, novel, unusable");
    if (st != NPS_OK)
        return st;
    nps_sample_list list = {.organisation = req->by.organisation,
                            .outcome = outcome,
                            .before_ms = page.before_ms,
                            .before_id = page.before_id,
                            .limit = page.limit};
    st = nps_store_samples(app->store, &list, &rows, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "samples");
    for (size_t i = 0; i < rows.n; i++)
        put_row(&w, &rows.item[i]);
    nps_jw_end(&w);
    if (rows.more)
        nps_page_put_next(&w, reply, req, rows.item[rows.n - 1].received_ms, rows.item[rows.n - 1].id);
    nps_jw_end(&w);
    free(rows.item);
    return NPS_OK;
}

/* --- sending --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_intake *in;
    const nps_request *req;
} source;

static const char *look_up(void *arg, const char *key)
{
    const source *s = arg;
    return nps_intake_value(s->in, s->req, key);
}

static nps_status take_key(const nps_request *req, const char **ret_key, nps_err *err)
{
    *ret_key = nps_request_header(req, "Idempotency-Key");
    if (*ret_key && (!**ret_key || strlen(*ret_key) > NPS_MAX_IDEMPOTENCY_KEY))
        return nps_fail(err, NPS_E_RANGE, "the Idempotency-Key is empty or longer than %d bytes", NPS_MAX_IDEMPOTENCY_KEY);
    return NPS_OK;
}

static nps_status keep(nps_app *app, const nps_request *req, const nps_intake *in, const nps_judgement *j, const nps_sample_facts *facts,
                       const char *key, nps_reply *reply, nps_err *err)
{
    char digest[65];
    nps_store_receipt receipt;
    nps_intake_digest(in, req, digest);
    nps_sample_origin from = {.organisation = req->by.organisation,
                              .member = req->by.member,
                              .facts = facts,
                              .idempotency_key = key,
                              .request_digest = digest,
                              .trace = *req->trace ? req->trace : NULL};
    nps_status st = nps_sample_keep(app, in, j, &from, &receipt, err);
    /* A new receipt and a replayed one are answered from the store alike, so that both say the same. */
    if (st == NPS_OK)
        st = show_sample(app, req->by.organisation, receipt.id, reply, err);
    if (st != NPS_OK)
        return st;
    reply->status = 201;
    nps_reply_header(reply, "Location", "/v1/samples/%s", receipt.id);
    if (receipt.replayed)
        nps_reply_header(reply, "Idempotent-Replayed", "true");
    return NPS_OK;
}

nps_status nps_api_sample_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_intake) in = NULL;
    nps_judgement j = {0};
    nps_sample_facts facts;
    const char *key = NULL;
    bool judged = false;
    nps_status st = nps_intake_new(&in, err);
    if (st == NPS_OK)
        st = nps_intake_split(in, req, err);
    if (st == NPS_OK)
        st = nps_sample_facts_take(look_up, &(source){in, req}, &facts, err);
    if (st == NPS_OK)
        st = take_key(req, &key, err);
    if (st == NPS_OK)
        st = nps_judge(app, req, in, reply, &j, &judged, err);
    if (st == NPS_OK && judged)
        st = keep(app, req, in, &j, &facts, key, reply, err);
    nps_judgement_done(&j);
    if (st != NPS_E_CONFLICT)
        return st;
    nps_reply_problem(reply, req, 422, "idempotency-key", err);
    return NPS_OK;
}

/* --- afterwards ------------------------------------------------------------------------------------------------------------ */

nps_status nps_api_sample_delete(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    const nps_actor by = nps_request_actor(req);
    reply->status = 204;
    return nps_store_sample_withdraw(app->store, &by, req->param[0], err);
}

/* The members of the difference, and where to find the whole. */
nps_status nps_api_evaluation_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    int64_t n;
    NPS_AUTO_BUF difference = NPS_BUF_INIT((size_t)1 << 20);
    nps_status st = nps_sample_judge_again(app, req->by.organisation, req->param[0], "request", &difference, &n, err);
    if (st == NPS_OK)
        st = nps_buf_check(&difference, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_i64(&w, "evaluation", n);
    nps_jw_raw(&w, "difference", difference.data);
    nps_jw_end(&w);
    reply->status = 201;
    nps_reply_header(reply, "Location", "/v1/samples/%s/evaluations/%lld", req->param[0], (long long)n);
    return NPS_OK;
}

nps_status nps_api_evaluation_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_stored_evaluation e;
    uint64_t n;
    if (!nps_span_u64(nps_span_of(req->param[1]), &n) || n > INT32_MAX)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such evaluation");
    nps_status st = nps_store_evaluation_get(app->store, nps_request_owner(req), req->param[0], (int64_t)n, &e, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "sample", req->param[0]);
    nps_jw_i64(&w, "evaluation", e.n);
    nps_jw_time(&w, "at", e.at_ms);
    nps_jw_str(&w, "reason", e.reason);
    nps_jw_str(&w, "published", e.holding);
    nps_jw_str(&w, "generation", e.generation);
    nps_jw_i64(&w, "ruleset", e.ruleset);
    nps_jw_str(&w, "program", e.program);
    nps_jw_str(&w, "options", e.options);
    nps_jw_raw(&w, "verdict", e.verdict);
    nps_jw_end(&w);
    nps_stored_evaluation_done(&e);
    reply->cache = "private, no-cache";
    nps_reply_etag(reply);
    return NPS_OK;
}
