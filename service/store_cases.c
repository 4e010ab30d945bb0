/* The store: cases as coordinators and feeds see them. */
#include "service/store_impl.h"

#include <stdlib.h>

void nps_stored_cases_done(nps_stored_cases *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->item[i].summary);
        free(c->item[i].countries);
    }
    free(c->item);
    *c = (nps_stored_cases){0};
}

static void take_case(nps_query *q, nps_stored_case *c)
{
    *c = (nps_stored_case){.seq = nps_query_get_i64(q, 0),
                           .opened_ms = nps_query_get_i64(q, 3),
                           .updated_ms = nps_query_get_i64(q, 4),
                           .n_sample = nps_query_get_i64(q, 5),
                           .summary = nps_query_get_copy(q, 6)};
    nps_query_get_text(q, 1, c->code, sizeof c->code);
    nps_query_get_text(q, 2, c->uuid, sizeof c->uuid);
}

static nps_status get_cases(nps_db *db, int64_t before, size_t limit, nps_stored_cases *c, nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT seq,code,uuid,opened_ms,updated_ms,samples,summary FROM cases WHERE seq<?"
                                      " ORDER BY seq DESC LIMIT ?");
    nps_query_i64(&q, before);
    nps_query_i64(&q, (int64_t)limit + 1);
    while (nps_query_next(&q)) {
        c->more = c->n == limit;
        if (c->n < limit)
            take_case(&q, &c->item[c->n++]);
    }
    return nps_query_end(&q, err);
}

/* In the order of the cases, so that both lists are walked once. */
static nps_status get_countries(nps_db *db, nps_stored_cases *c, nps_err *err)
{
    nps_buf list = NPS_BUF_INIT(4096);
    size_t at = 0;
    nps_query q = nps_query_begin(db, "SELECT DISTINCT case_seq, country FROM samples WHERE case_seq IS NOT NULL"
                                      " AND case_seq>=? AND case_seq<=? AND country IS NOT NULL"
                                      " ORDER BY case_seq DESC, country");
    nps_query_i64(&q, c->n ? c->item[c->n - 1].seq : 0);
    nps_query_i64(&q, c->n ? c->item[0].seq : 0);
    while (nps_query_next(&q)) {
        int64_t seq = nps_query_get_i64(&q, 0);
        nps_span country = nps_query_get_bytes(&q, 1);
        for (; at < c->n && c->item[at].seq > seq; at++)
            c->item[at].countries = nps_buf_detach(&list);
        nps_buf_puts(&list, list.len ? " " : "");
        nps_buf_add(&list, country.p, country.n);
    }
    for (; at < c->n; at++)
        c->item[at].countries = nps_buf_detach(&list);
    nps_buf_done(&list);
    return nps_query_end(&q, err);
}

nps_status nps_store_cases(nps_store *s, int64_t before, size_t limit, nps_stored_cases *ret_cases, nps_err *err)
{
    nps_stored_cases c = {.item = nps_array(limit, sizeof *c.item)};
    nps_db *db;
    if (!c.item)
        return nps_fail_nomem(err);
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st == NPS_OK) {
        st = get_cases(db, before, limit, &c, err);
        if (st == NPS_OK)
            st = get_countries(db, &c, err);
        nps_store_give_reader(s, db);
    }
    for (size_t i = 0; i < c.n && st == NPS_OK; i++)
        if (!c.item[i].countries)
            st = nps_fail_nomem(err);
    if (st != NPS_OK) {
        nps_stored_cases_done(&c);
        return st;
    }
    *ret_cases = c;
    return NPS_OK;
}
