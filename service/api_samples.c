/* POST /v1/samples, GET /v1/samples/{id}, its files, GET /v1/cases. */
#include "service/api.h"
#include "service/case_summary.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/judge.h"
#include "service/log.h"
#include "service/problem.h"
#include "service/text.h"

#include <string.h>

/* --- storing --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *country, *date, *reference, *form, *key;
} facts;

static const char *value_or_null(const nps_intake *in, const nps_request *req, const char *key)
{
    const char *v = nps_intake_value(in, req, key);
    return v && *v ? v : NULL;
}

static nps_status take_facts(const nps_request *req, const nps_intake *in, facts *f, nps_err *err)
{
    *f = (facts){.country = value_or_null(in, req, "country"),
                 .date = value_or_null(in, req, "date"),
                 .reference = value_or_null(in, req, "reference"),
                 .form = value_or_null(in, req, "form"),
                 .key = nps_request_header(req, "Idempotency-Key")};
    if (f->country && !nps_text_is_country(nps_span_of(f->country)))
        return nps_fail(err, NPS_E_RANGE, "'country' is no ISO 3166-1 alpha-2 code like DE");
    if (f->date && !nps_text_is_date(nps_span_of(f->date)))
        return nps_fail(err, NPS_E_RANGE, "'date' is no day like 2026-11-23");
    if (f->reference && nps_text_length(nps_span_of(f->reference)) > NPS_MAX_REFERENCE)
        return nps_fail(err, NPS_E_RANGE, "'reference' is longer than %d characters", NPS_MAX_REFERENCE);
    if (f->form && nps_text_length(nps_span_of(f->form)) > NPS_MAX_FORM)
        return nps_fail(err, NPS_E_RANGE, "'form' is longer than %d characters", NPS_MAX_FORM);
    if (f->key && (!*f->key || strlen(f->key) > NPS_MAX_IDEMPOTENCY_KEY))
        return nps_fail(err, NPS_E_RANGE, "the Idempotency-Key is empty or longer than %d bytes", NPS_MAX_IDEMPOTENCY_KEY);
    return NPS_OK;
}

static nps_status store_sample(nps_app *app, const nps_request *req, const nps_intake *in, const facts *f,
                               const nps_judgement *j, nps_store_receipt *receipt, nps_err *err)
{
    char id[NPS_SAMPLE_ID], uuid[NPS_UUID_TEXT], request_digest[65], digest[NPS_MAX_SPECTRA][65];
    nps_store_file file[NPS_MAX_FILES];
    NPS_AUTO_BUF verdict = NPS_BUF_INIT(NPS_MAX_REPLY);
    NPS_AUTO_BUF summary = NPS_BUF_INIT((size_t)1 << 20);
    nps_jw w = nps_jw_init(&verdict);
    nps_random_hex(16, id);
    nps_random_uuid(uuid);
    nps_intake_digest(in, req, request_digest);
    nps_judgement_put(&w, NULL, j, in, id);
    nps_case_summary(&summary, j->lib, j->verdict);
    nps_status st = nps_buf_check(&verdict, err);
    if (st == NPS_OK)
        st = nps_buf_check(&summary, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < in->n_file; i++)
        file[i] = (nps_store_file){in->file[i].name, in->file[i].type, in->file[i].bytes};
    bool novel = j->verdict->outcome == NPS_NOVEL;
    int64_t now = nps_clock_wall_ms();
    nps_store_sample_new sample = {.id = id,
                                   .received_ms = now,
                                   .outcome = nps_outcome_name(j->verdict->outcome),
                                   .generation = j->lib->generation,
                                   .verdict = verdict.data,
                                   .country = f->country,
                                   .date = f->date,
                                   .reference = f->reference,
                                   .form = f->form,
                                   .file = file,
                                   .n_file = in->n_file,
                                   .idempotency_key = f->key,
                                   .request_digest = request_digest,
                                   .digest = (const char(*)[65])digest,
                                   .n_digest = novel ? nps_case_digests(j->verdict, digest) : 0,
                                   .case_uuid = uuid,
                                   .case_summary = summary.data};
    return nps_store_sample_add(app->store, &sample, now - (int64_t)NPS_IDEMPOTENCY_HOURS * 3600000, receipt, err);
}

static void put_sample(nps_jw *w, const nps_stored_sample *s)
{
    char received[NPS_TIME_TEXT];
    nps_clock_text(s->received_ms, received);
    nps_jw_object(w, NULL);
    nps_jw_str(w, "id", s->id);
    nps_jw_str(w, "received", received);
    nps_jw_str(w, "country", s->country);
    nps_jw_str(w, "date", s->date);
    nps_jw_str(w, "reference", s->reference);
    nps_jw_str(w, "form", s->form);
    nps_jw_str(w, "case", s->case_code);
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
    nps_jw_raw(w, "verdict", s->verdict);
    nps_jw_end(w);
}

static nps_status show_sample(nps_app *app, const char *id, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_stored_sample) s = NULL;
    nps_status st = nps_store_sample_get(app->store, id, &s, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    put_sample(&w, s);
    return NPS_OK;
}

/* A new receipt and a replayed one are answered from the store alike, so that both say the same. */
static nps_status answer(nps_app *app, const nps_store_receipt *receipt, nps_reply *reply, nps_err *err)
{
    nps_status st = show_sample(app, receipt->id, reply, err);
    if (st != NPS_OK)
        return st;
    reply->status = 201;
    nps_reply_header(reply, "Location", "/v1/samples/%s", receipt->id);
    if (receipt->replayed)
        nps_reply_header(reply, "Idempotent-Replayed", "true");
    if (!receipt->case_opened)
        return NPS_OK;
    atomic_fetch_add(&app->metrics.cases_opened, 1);
    nps_log l;
    nps_log_begin(&l, NPS_LOG_INFO, "case-opened");
    nps_jw_str(&l.w, "case", receipt->case_code);
    nps_log_end(&l);
    if (app->relay)
        nps_relay_wake(app->relay);
    return NPS_OK;
}

nps_status nps_api_sample_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_intake) in = NULL;
    nps_judgement j = {0};
    nps_store_receipt receipt;
    facts f;
    bool judged = false;
    nps_status st = nps_intake_new(&in, err);
    if (st == NPS_OK)
        st = nps_intake_split(in, req, err);
    if (st == NPS_OK)
        st = take_facts(req, in, &f, err);
    if (st == NPS_OK)
        st = nps_judge(app, req, in, reply, &j, &judged, err);
    if (st == NPS_OK && judged) {
        st = store_sample(app, req, in, &f, &j, &receipt, err);
        if (st == NPS_OK)
            st = answer(app, &receipt, reply, err);
    }
    nps_judgement_done(&j);
    if (st != NPS_E_CONFLICT)
        return st;
    nps_reply_problem(reply, req, 422, "idempotency-key", err);
    return NPS_OK;
}

/* --- showing --------------------------------------------------------------------------------------------------------------- */

nps_status nps_api_sample_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return show_sample(app, req->param[0], reply, err);
}

nps_status nps_api_sample_file(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    uint64_t position;
    if (!nps_span_u64(nps_span_of(req->param[1]), &position) || position >= NPS_MAX_FILES)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such file");
    reply->content_type = "application/octet-stream";
    nps_reply_header(reply, "Content-Disposition", "attachment; filename=\"%.32s-%d\"", req->param[0], (int)position);
    return nps_store_sample_file(app->store, req->param[0], (int64_t)position, &reply->body, err);
}

static void put_case(nps_jw *w, const nps_stored_case *c)
{
    char opened[NPS_TIME_TEXT], updated[NPS_TIME_TEXT];
    nps_clock_text(c->opened_ms, opened);
    nps_clock_text(c->updated_ms, updated);
    nps_span rest = nps_span_of(c->countries), country;
    nps_jw_object(w, NULL);
    nps_jw_str(w, "case", c->code);
    nps_jw_str(w, "id", c->uuid);
    nps_jw_str(w, "opened", opened);
    nps_jw_str(w, "updated", updated);
    nps_jw_i64(w, "samples", c->n_sample);
    nps_jw_array(w, "countries");
    while (nps_span_token(&rest, " ", &country)) {
        char text[3];
        snprintf(text, sizeof text, "%.*s", (int)country.n, country.p);
        nps_jw_str(w, NULL, text);
    }
    nps_jw_end(w);
    nps_jw_raw(w, "summary", c->summary);
    nps_jw_end(w);
}

nps_status nps_api_cases(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    const char *cursor = nps_request_query(req, "cursor"), *limit_text = nps_request_query(req, "limit");
    uint64_t before = INT64_MAX, limit = 50;
    nps_stored_cases c;
    if (cursor && (!nps_span_u64(nps_span_of(cursor), &before) || before > INT64_MAX))
        return nps_fail(err, NPS_E_RANGE, "'cursor' is none of ours");
    if (limit_text && (!nps_span_u64(nps_span_of(limit_text), &limit) || limit < 1 || limit > NPS_MAX_PAGE))
        return nps_fail(err, NPS_E_RANGE, "'limit' is outside 1..%d", NPS_MAX_PAGE);
    nps_status st = nps_store_cases(app->store, (int64_t)before, limit, &c, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "cases");
    for (size_t i = 0; i < c.n; i++)
        put_case(&w, &c.item[i]);
    nps_jw_end(&w);
    if (c.more) {
        char next[24];
        snprintf(next, sizeof next, "%lld", (long long)c.item[c.n - 1].seq);
        nps_jw_str(&w, "next", next);
        nps_reply_header(reply, "Link", "</v1/cases?cursor=%s&limit=%d>; rel=\"next\"", next, (int)limit);
    }
    nps_jw_end(&w);
    nps_stored_cases_done(&c);
    return NPS_OK;
}
