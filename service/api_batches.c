/* /v1/batches: hundreds of files in one zip archive, each a sample, judged in the background. */
#include "service/account_json.h"
#include "service/api.h"
#include "service/app.h"
#include "service/archive.h"
#include "service/body.h"
#include "service/crypt.h"
#include "service/judge.h"
#include "service/page.h"
#include "service/sample_facts.h"
#include "service/store_jobs.h"
#include "service/text.h"

#include <stdlib.h>
#include <string.h>

static const char *look_up(void *arg, const char *key)
{
    return nps_request_query(arg, key);
}

/* Question and facts as one text, which the worker takes apart again for each item. */
static nps_status take_options(const nps_request *req, nps_buf *out, nps_err *err)
{
    static const char keys[] = NPS_QUESTION_KEYS " " NPS_SAMPLE_FACT_KEYS;
    nps_question q;
    nps_sample_facts f;
    nps_span rest = nps_span_of(keys), key;
    nps_status st = nps_question_take(look_up, (void *)(uintptr_t)req, &q, err);
    if (st == NPS_OK)
        st = nps_sample_facts_take(look_up, (void *)(uintptr_t)req, &f, err);
    while (st == NPS_OK && nps_span_token(&rest, " ", &key)) {
        char name[20];
        snprintf(name, sizeof name, "%.*s", (int)key.n, key.p);
        const char *v = nps_request_query(req, name);
        if (v)
            nps_buf_printf(out, "%s=%s\n", name, v);
    }
    nps_buf_puts(out, "closed=0\n");
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}

typedef struct {
    nps_batch_file *file;
    char **data;
    size_t n;
} members;

static void members_done(members *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->data[i]);
    free(m->data);
    free(m->file);
}

static nps_status unpack(nps_archive *a, members *m, nps_err *err)
{
    size_t n = nps_archive_n(a);
    if (!n)
        return nps_fail_at(err, NPS_E_FORMAT, 1, 0, "the archive holds no file");
    if (n > NPS_MAX_BATCH)
        return nps_fail_at(err, NPS_E_LIMIT, 1, 0, "the archive holds %zu files, more than %d", n, NPS_MAX_BATCH);
    m->file = nps_array(n, sizeof *m->file);
    m->data = nps_array(n, sizeof *m->data);
    if (!m->file || !m->data)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *name = nps_archive_name(a, i);
        nps_status st = nps_archive_read(a, i, &m->data[i], &len, err);
        if (st != NPS_OK)
            return st;
        m->n = i + 1;
        if (!nps_text_is_clean(nps_span_of(name)) || strlen(name) > NPS_MAX_FILE_NAME)
            return nps_fail_at(err, NPS_E_FORMAT, 1, 0, "file %zu of the archive has a name that is no clean text of %d bytes", i + 1, NPS_MAX_FILE_NAME);
        m->file[i] = (nps_batch_file){name, {m->data[i], len}};
    }
    return NPS_OK;
}

static nps_status show(nps_app *app, const nps_request *req, const char *id, nps_reply *reply, nps_err *err)
{
    nps_batch b;
    nps_status st = nps_store_batch_get(app->store, req->by.organisation, id, &b, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_str(&w, "id", id);
    nps_jw_time(&w, "created", b.created_ms);
    nps_jw_i64(&w, "total", b.total);
    nps_jw_i64(&w, "waiting", b.waiting);
    nps_jw_i64(&w, "done", b.done);
    nps_jw_i64(&w, "failed", b.failed);
    nps_jw_end(&w);
    reply->cache = "private, no-cache";
    nps_reply_etag(reply);
    return NPS_OK;
}

nps_status nps_api_batch_post(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO(nps_archive) a = NULL;
    NPS_AUTO_BUF options = NPS_BUF_INIT((size_t)1 << 16);
    members m = {0};
    char id[NPS_BATCH_ID];
    nps_read_limits limits = nps_read_limits_for_upload();
    const nps_actor by = nps_request_actor(req);
    limits.max_bytes = NPS_MAX_UNPACKED;
    if (!nps_archive_is(req->body.p, req->body.n))
        return nps_fail(err, NPS_E_UNSUPPORTED, "the body is no zip archive");
    nps_status st = take_options(req, &options, err);
    if (st == NPS_OK)
        st = nps_archive_open(req->body.p, req->body.n, &limits, &a, err);
    if (st == NPS_OK)
        st = unpack(a, &m, err);
    nps_random_hex(16, id);
    if (st == NPS_OK)
        st = nps_store_batch_add(app->store, &by, id, options.data, m.file, m.n, err);
    members_done(&m);
    if (st == NPS_OK)
        st = show(app, req, id, reply, err);
    if (st != NPS_OK)
        return st;
    if (app->worker)
        nps_worker_wake(app->worker);
    reply->status = 202;
    nps_reply_header(reply, "Location", "/v1/batches/%s", id);
    return NPS_OK;
}

nps_status nps_api_batch_get(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    return show(app, req, req->param[0], reply, err);
}

nps_status nps_api_batch_items(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    nps_batch b;
    nps_batch_rows rows;
    const char *cursor = nps_request_query(req, "cursor");
    uint64_t after = 0;
    if (cursor && (!nps_span_u64(nps_span_of(cursor), &after) || after > INT32_MAX))
        return nps_fail(err, NPS_E_RANGE, "'cursor' is none of ours");
    nps_status st = nps_store_batch_get(app->store, req->by.organisation, req->param[0], &b, err);
    if (st == NPS_OK)
        st = nps_store_batch_items(app->store, req->param[0], cursor ? (int64_t)after : -1, NPS_MAX_PAGE, &rows, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_array(&w, "items");
    for (size_t i = 0; i < rows.n; i++) {
        const nps_batch_row *r = &rows.item[i];
        nps_jw_object(&w, NULL);
        nps_jw_str(&w, "name", r->name);
        nps_jw_str(&w, "state", r->state);
        nps_jw_str(&w, "sample", *r->sample ? r->sample : NULL);
        nps_jw_str(&w, "outcome", *r->outcome ? r->outcome : NULL);
        nps_jw_str(&w, "fault", *r->fault ? r->fault : NULL);
        nps_jw_end(&w);
    }
    nps_jw_end(&w);
    if (rows.more) {
        char next[24];
        snprintf(next, sizeof next, "%lld", (long long)rows.item[rows.n - 1].position);
        nps_jw_str(&w, "next", next);
        nps_reply_header(reply, "Link", "<%s?cursor=%s>; rel=\"next\"", req->path, next);
    }
    nps_jw_end(&w);
    free(rows.item);
    return NPS_OK;
}
