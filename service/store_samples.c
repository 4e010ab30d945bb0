/* The store: samples with their files, and the cases that they open and join. */
#include "service/store_impl.h"

#include "reference-lib/digest.h"
#include "service/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- adding a sample ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_store_sample_new *sample;
    int64_t keys_since_ms;
    nps_store_receipt *receipt;
    int64_t case_seq; /* 0: none */
} add_job;

/* Whether the key was there already, with the same request. */
static nps_status find_key(nps_db *db, add_job *j, nps_err *err)
{
    const nps_store_sample_new *n = j->sample;
    nps_query q = nps_query_begin(db, "DELETE FROM idempotency WHERE created_ms < ?");
    nps_query_i64(&q, j->keys_since_ms);
    nps_status st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    q = nps_query_begin(db, "SELECT i.digest, s.id, coalesce(c.code,'') FROM idempotency i JOIN samples s ON s.id=i.sample"
                            " LEFT JOIN cases c ON c.seq=s.case_seq WHERE i.key=?");
    nps_query_text(&q, n->idempotency_key);
    bool other = false;
    if (nps_query_next(&q)) {
        nps_span digest = nps_query_get_bytes(&q, 0);
        other = digest.n != strlen(n->request_digest) || memcmp(digest.p, n->request_digest, digest.n) != 0;
        j->receipt->replayed = true;
        nps_query_get_text(&q, 1, j->receipt->id, sizeof j->receipt->id);
        nps_query_get_text(&q, 2, j->receipt->case_code, sizeof j->receipt->case_code);
    }
    st = nps_query_end(&q, err);
    return st == NPS_OK && other ? nps_fail(err, NPS_E_CONFLICT, "the Idempotency-Key was used with another request") : st;
}

static nps_status find_case(nps_db *db, add_job *j, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < j->sample->n_digest && !j->case_seq && st == NPS_OK; i++) {
        nps_query q = nps_query_begin(db, "SELECT c.seq, c.code FROM case_spectrum d JOIN cases c ON c.seq=d.case_seq"
                                          " WHERE d.digest=?");
        nps_query_text(&q, j->sample->digest[i]);
        if (nps_query_next(&q)) {
            j->case_seq = nps_query_get_i64(&q, 0);
            nps_query_get_text(&q, 1, j->receipt->case_code, sizeof j->receipt->case_code);
        }
        st = nps_query_end(&q, err);
    }
    return st;
}

static nps_status next_code(nps_db *db, int64_t now_ms, char code[static NPS_CASE_CODE], nps_err *err)
{
    char text[NPS_TIME_TEXT];
    nps_clock_text(now_ms, text);
    int64_t year = strtol(text, NULL, 10), number = 0;
    nps_query q = nps_query_begin(db, "INSERT INTO case_number(year,last) VALUES(?,1)"
                                      " ON CONFLICT(year) DO UPDATE SET last=case_number.last+1 RETURNING last");
    nps_query_i64(&q, year);
    if (nps_query_next(&q))
        number = nps_query_get_i64(&q, 0);
    nps_status st = nps_query_run(&q, err);
    snprintf(code, NPS_CASE_CODE, "NPS-%04lld-%04lld", (long long)year, (long long)number);
    return st;
}

static nps_status open_case(nps_db *db, add_job *j, nps_err *err)
{
    const nps_store_sample_new *n = j->sample;
    nps_status st = next_code(db, n->received_ms, j->receipt->case_code, err);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_query_begin(db, "INSERT INTO cases(code,uuid,opened_ms,updated_ms,samples,summary)"
                                      " VALUES(?,?,?,?,0,?) RETURNING seq");
    nps_query_text(&q, j->receipt->case_code);
    nps_query_text(&q, n->case_uuid);
    nps_query_i64(&q, n->received_ms);
    nps_query_i64(&q, n->received_ms);
    nps_query_text(&q, n->case_summary);
    if (nps_query_next(&q))
        j->case_seq = nps_query_get_i64(&q, 0);
    st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    j->receipt->case_opened = true;
    q = nps_query_begin(db, "INSERT INTO outbox(event,type,subject,created_ms,data,state,attempts,due_ms)"
                            " VALUES(?,'org.npswatch.case.opened',?,?,?,'pending',0,?)");
    nps_query_text(&q, n->case_uuid);
    nps_query_text(&q, j->receipt->case_code);
    nps_query_i64(&q, n->received_ms);
    nps_query_text(&q, n->case_summary);
    nps_query_i64(&q, n->received_ms);
    return nps_query_run(&q, err);
}

static nps_status join_case(nps_db *db, add_job *j, nps_err *err)
{
    nps_query q = nps_query_begin(db, "UPDATE cases SET samples=samples+1,"
                                      " updated_ms=CASE WHEN updated_ms<? THEN ? ELSE updated_ms END WHERE seq=?");
    nps_query_i64(&q, j->sample->received_ms);
    nps_query_i64(&q, j->sample->received_ms);
    nps_query_i64(&q, j->case_seq);
    nps_status st = nps_query_run(&q, err);
    for (size_t i = 0; i < j->sample->n_digest && st == NPS_OK; i++) {
        q = nps_query_begin(db, "INSERT INTO case_spectrum(digest,case_seq) VALUES(?,?) ON CONFLICT DO NOTHING");
        nps_query_text(&q, j->sample->digest[i]);
        nps_query_i64(&q, j->case_seq);
        st = nps_query_run(&q, err);
    }
    return st;
}

static nps_status insert_sample(nps_db *db, const add_job *j, nps_err *err)
{
    const nps_store_sample_new *n = j->sample;
    nps_query q = nps_query_begin(db, "INSERT INTO samples(id,received_ms,outcome,generation,verdict,country,date,"
                                      "reference,form,case_seq) VALUES(?,?,?,?,?,?,?,?,?,?)");
    nps_query_text(&q, n->id);
    nps_query_i64(&q, n->received_ms);
    const char *const texts[] = {n->outcome, n->generation, n->verdict, n->country, n->date, n->reference, n->form};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        nps_query_text(&q, texts[i]);
    if (j->case_seq)
        nps_query_i64(&q, j->case_seq);
    else
        nps_query_null(&q, NPS_DB_INT);
    return nps_query_run(&q, err);
}

static nps_status insert_file(nps_db *db, const char *sample, int64_t position, const nps_store_file *f, nps_err *err)
{
    nps_digest_state d;
    char hex[NPS_DIGEST_HEX];
    nps_digest_init(&d);
    nps_digest_add(&d, f->bytes.p, f->bytes.n);
    nps_digest_end(&d, hex);
    nps_query q = nps_query_begin(db, "INSERT INTO files(sample,position,name,type,digest,bytes) VALUES(?,?,?,?,?,?)");
    nps_query_text(&q, sample);
    nps_query_i64(&q, position);
    nps_query_text(&q, f->name);
    nps_query_text(&q, f->type);
    nps_query_text(&q, hex);
    nps_query_blob(&q, f->bytes);
    return nps_query_run(&q, err);
}

static nps_status insert_key(nps_db *db, const nps_store_sample_new *n, nps_err *err)
{
    nps_query q = nps_query_begin(db, "INSERT INTO idempotency(key,digest,sample,created_ms) VALUES(?,?,?,?)");
    nps_query_text(&q, n->idempotency_key);
    nps_query_text(&q, n->request_digest);
    nps_query_text(&q, n->id);
    nps_query_i64(&q, n->received_ms);
    return nps_query_run(&q, err);
}

static nps_status add_sample(nps_db *db, void *arg, nps_err *err)
{
    add_job *j = arg;
    const nps_store_sample_new *n = j->sample;
    nps_status st = n->idempotency_key ? find_key(db, j, err) : NPS_OK;
    if (st != NPS_OK || j->receipt->replayed)
        return st;
    snprintf(j->receipt->id, sizeof j->receipt->id, "%s", n->id);
    if (n->n_digest) {
        st = find_case(db, j, err);
        if (st == NPS_OK && !j->case_seq)
            st = open_case(db, j, err);
        if (st == NPS_OK)
            st = join_case(db, j, err);
    }
    if (st == NPS_OK)
        st = insert_sample(db, j, err);
    for (size_t i = 0; i < n->n_file && st == NPS_OK; i++)
        st = insert_file(db, n->id, (int64_t)i, &n->file[i], err);
    if (st == NPS_OK && n->idempotency_key)
        st = insert_key(db, n, err);
    return st;
}

nps_status nps_store_sample_add(nps_store *s, const nps_store_sample_new *sample, int64_t keys_since_ms,
                                nps_store_receipt *ret_receipt, nps_err *err)
{
    nps_store_receipt receipt = {0};
    add_job j = {.sample = sample, .keys_since_ms = keys_since_ms, .receipt = &receipt};
    nps_status st = nps_store_write(s, add_sample, &j, err);
    if (st == NPS_OK)
        *ret_receipt = receipt;
    return st;
}

/* --- reading samples and cases ------------------------------------------------------------------------------------------ */

void nps_stored_sample_free(nps_stored_sample *s)
{
    if (!s)
        return;
    char *const texts[] = {s->id, s->outcome, s->generation, s->verdict, s->country, s->date, s->reference, s->form, s->case_code};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (size_t i = 0; i < s->n_file; i++) {
        free(s->file[i].name);
        free(s->file[i].type);
        free(s->file[i].digest);
    }
    free(s->file);
    free(s);
}

static nps_status get_facts(nps_db *db, const char *id, nps_stored_sample *s, nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT s.id,s.outcome,s.generation,s.verdict,s.country,s.date,s.reference,s.form,"
                                      "c.code,s.received_ms FROM samples s LEFT JOIN cases c ON c.seq=s.case_seq"
                                      " WHERE s.id=?");
    char **const to[] = {&s->id, &s->outcome, &s->generation, &s->verdict, &s->country, &s->date, &s->reference, &s->form, &s->case_code};
    nps_query_text(&q, id);
    bool found = nps_query_next(&q);
    for (int i = 0; found && i < (int)(sizeof to / sizeof *to); i++)
        *to[i] = nps_query_get_copy(&q, i);
    if (found)
        s->received_ms = nps_query_get_i64(&q, 9);
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such sample") : st;
}

static nps_status get_files(nps_db *db, const char *id, nps_stored_sample *s, nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT name,type,digest,length(bytes) FROM files WHERE sample=? ORDER BY position");
    size_t cap = 0;
    nps_status grown = NPS_OK;
    nps_query_text(&q, id);
    while (grown == NPS_OK && nps_query_next(&q)) {
        grown = nps_grow(&s->file, &cap, s->n_file + 1, sizeof *s->file, 1000, err);
        if (grown == NPS_OK)
            s->file[s->n_file++] = (struct nps_stored_file){nps_query_get_copy(&q, 0), nps_query_get_copy(&q, 1),
                                                            nps_query_get_copy(&q, 2), nps_query_get_i64(&q, 3)};
    }
    nps_status st = nps_query_end(&q, grown == NPS_OK ? err : NULL);
    return grown == NPS_OK ? st : grown;
}

nps_status nps_store_sample_get(nps_store *s, const char *id, nps_stored_sample **ret_sample, nps_err *err)
{
    NPS_AUTO(nps_stored_sample) sample = nps_array(1, sizeof *sample);
    nps_db *db;
    if (!sample)
        return nps_fail_nomem(err);
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    st = get_facts(db, id, sample, err);
    if (st == NPS_OK)
        st = get_files(db, id, sample, err);
    nps_store_give_reader(s, db);
    if (st == NPS_OK)
        *ret_sample = nps_steal(sample);
    return st;
}

nps_status nps_store_sample_file(nps_store *s, const char *id, int64_t position, nps_buf *out, nps_err *err)
{
    nps_db *db;
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_query_begin(db, "SELECT bytes FROM files WHERE sample=? AND position=?");
    nps_query_text(&q, id);
    nps_query_i64(&q, position);
    bool found = nps_query_next(&q);
    if (found) {
        nps_span bytes = nps_query_get_bytes(&q, 0);
        nps_buf_add(out, bytes.p, bytes.n);
    }
    st = nps_query_end(&q, err);
    nps_store_give_reader(s, db);
    if (st == NPS_OK && !found)
        return nps_fail(err, NPS_E_NOT_FOUND, "there is no such file");
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}

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
