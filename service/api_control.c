/* GET /v1/control: the tables of control status. */
#include "service/api.h"
#include "service/app.h"
#include "service/cli.h"
#include "service/control_json.h"
#include "service/control_text.h"
#include "service/text.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    nps_span inchikey, formula, class_name;
    const char *country;
    bool by_list;
    nps_control_list list;
    uint64_t from, limit;
    nps_control_view view;
} question;

static nps_status take_page(const nps_request *req, const nps_control *tables, question *q, nps_err *err)
{
    enum { DIGEST = 16 };
    const char *cursor = nps_request_query(req, "cursor"), *limit = nps_request_query(req, "limit");
    q->limit = 50;
    if (limit && (!nps_span_u64(nps_span_of(limit), &q->limit) || q->limit < 1 || q->limit > NPS_MAX_PAGE))
        return nps_fail(err, NPS_E_RANGE, "'limit' is outside 1..%d", NPS_MAX_PAGE);
    if (!cursor)
        return NPS_OK;
    if (strlen(cursor) < DIGEST + 2 || cursor[DIGEST] != '-' || !nps_span_u64(nps_span_of(cursor + DIGEST + 1), &q->from))
        return nps_fail(err, NPS_E_RANGE, "'cursor' is none of ours");
    /* Other tables have other rows at that place. */
    if (strncmp(cursor, nps_control_digest(tables), DIGEST) != 0)
        return nps_fail(err, NPS_E_RANGE, "'cursor' is of tables that have been replaced since: begin again");
    return NPS_OK;
}

static nps_status take_question(const nps_request *req, const nps_control *tables, question *q, nps_err *err)
{
    const char *list = nps_request_query(req, "list");
    char today[11];
    nps_err why;
    *q = (question){.inchikey = nps_span_of(nps_request_query(req, "inchikey")),
                    .formula = nps_span_of(nps_request_query(req, "formula")),
                    .class_name = nps_span_of(nps_request_query(req, "class")),
                    .country = nps_request_query(req, "country"),
                    .by_list = list != NULL};
    nps_cli_today(today);
    if (q->inchikey.n && q->inchikey.n != 14 && !nps_inchikey_is_valid(q->inchikey))
        return nps_fail(err, NPS_E_RANGE, "'inchikey' is no InChIKey, nor its first block");
    if (q->country && !nps_text_is_country(nps_span_of(q->country)))
        return nps_fail(err, NPS_E_RANGE, "'country' is no ISO 3166-1 alpha-2 code like DE");
    if (list && !nps_control_list_parse(nps_span_of(list), &q->list))
        return nps_fail(err, NPS_E_RANGE, "'list' is none of 1961, 1971, 1988, no-legitimate-use, surveillance, looked-up, class-rule");
    /* Whoever may see restricted lists: the one place to ask, with judge.c. */
    nps_status st = nps_control_view_init(tables, nps_request_query(req, "date"), today, (req->by.roles & (NPS_ROLE_LAB | NPS_ROLE_CURATOR | NPS_ROLE_COORDINATOR)) != 0, 0, &q->view, &why);
    if (st != NPS_OK)
        return nps_fail(err, st, "'date': %s", why.msg);
    return take_page(req, tables, q, err);
}

static bool equals(nps_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static bool fits(const question *q, const nps_control_row *r)
{
    return (!nps_control_is_restricted(r) || q->view.sees_restricted) && (!q->by_list || r->list == q->list) &&
           (!q->inchikey.n || (*r->inchikey && memcmp(r->inchikey, q->inchikey.p, 14) == 0)) &&
           (!q->formula.n || equals(q->formula, r->formula)) && (!q->class_name.n || equals(q->class_name, r->class_name)) &&
           (!q->country || strcmp(q->country, r->country) == 0);
}

/* Rows from q->from on, at most q->limit; *ret_next: where the next page begins, 0 for none. */
static size_t put_rows(nps_jw *w, const question *q, const nps_control *tables, size_t *ret_next)
{
    char key[32];
    snprintf(key, sizeof key, "%.*s", (int)q->inchikey.n, q->inchikey.p);
    nps_control_rows rows = q->inchikey.n ? nps_control_of_key(tables, q->inchikey)
                            : q->formula.n ? nps_control_of_formula(tables, q->formula)
                            : q->class_name.n ? nps_control_of_class(tables, q->class_name)
                                              : nps_control_all(tables);
    size_t told = 0;
    *ret_next = 0;
    nps_jw_array(w, "rows");
    for (size_t i = q->from < rows.n ? (size_t)q->from : rows.n; i < rows.n; i++) {
        if (!fits(q, rows.row[i]))
            continue;
        if (told == q->limit) {
            *ret_next = i;
            break;
        }
        nps_jw_control_row(w, &q->view, rows.row[i], key);
        told++;
    }
    nps_jw_end(w);
    return told;
}

/* The parameters of the next page: those of this one with another cursor. */
static void put_link(nps_reply *reply, const nps_request *req, const question *q, const char *next)
{
    NPS_AUTO_BUF rest = NPS_BUF_INIT(1024);
    for (size_t i = 0; i < req->n_query; i++) {
        const char *key = req->query[i].key;
        if (strcmp(key, "cursor") == 0 || strcmp(key, "limit") == 0)
            continue;
        nps_buf_printf(&rest, "&%s=", key);
        for (const char *p = req->query[i].value; *p; p++)
            if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._", *p))
                nps_buf_putc(&rest, *p);
            else
                nps_buf_printf(&rest, "%%%02X", (unsigned)(unsigned char)*p);
    }
    /* A link that would be cut is none; the body's "next" is there in any case. */
    if (rest.failed == NPS_OK && rest.len < 120)
        nps_reply_header(reply, "Link", "</v1/control?cursor=%s&limit=%d%s>; rel=\"next\"", next, (int)q->limit,
                         rest.data ? rest.data : "");
}

nps_status nps_api_control(nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err)
{
    NPS_AUTO_CONTROL tables = nps_control_slot_acquire(app->control);
    question q;
    size_t at;
    nps_status st = take_question(req, tables, &q, err);
    if (st != NPS_OK)
        return st;
    nps_jw w = nps_jw_init(&reply->body);
    nps_jw_object(&w, NULL);
    nps_jw_control_basis(&w, &q.view);
    nps_jw_bool(&w, "sees_restricted", q.view.sees_restricted);
    size_t n = put_rows(&w, &q, tables, &at);
    if (at) {
        char next[48];
        snprintf(next, sizeof next, "%.16s-%zu", nps_control_digest(tables), at);
        nps_jw_str(&w, "next", next);
        put_link(reply, req, &q, next);
    }
    NPS_AUTO_BUF statement = NPS_BUF_INIT(1024);
    nps_buf_printf(&statement, "%s%s", n || q.from ? "" : "Not in these tables. ", nps_control_no_advice);
    nps_jw_text(&w, "statement", &statement);
    nps_jw_end(&w);
    return NPS_OK;
}
