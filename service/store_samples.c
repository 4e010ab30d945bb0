/* The store: samples with their files, and the cases that they open and join. Evaluations: store_evaluations.c. */
#include "service/store_impl.h"

#include "reference-lib/digest.h"
#include "service/audit.h"
#include "service/clock.h"
#include "service/limits.h"
#include "service/store_evaluations.h"
#include "service/store_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- adding a sample ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_store_sample_new *sample;
    int64_t keys_since_ms;
    nps_store_receipt *receipt;
    int64_t case_seq; /* 0: none */
    char key[NPS_MAX_IDEMPOTENCY_KEY + 40]; /* "organisation key" */
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
    nps_query_text(&q, j->key);
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
    q = nps_query_begin(db, "INSERT INTO outbox(event,type,subject,created_ms,data,state,attempts,due_ms,trace)"
                            " VALUES(?,'org.npswatch.case.opened',?,?,?,'pending',0,?,?)");
    nps_query_text(&q, n->case_uuid);
    nps_query_text(&q, j->receipt->case_code);
    nps_query_i64(&q, n->received_ms);
    nps_query_text(&q, n->case_summary);
    nps_query_i64(&q, n->received_ms);
    nps_query_text(&q, n->trace);
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
    const nps_sample_facts *f = n->facts;
    char quantity[48];
    snprintf(quantity, sizeof quantity, "%.9g %s", f->quantity, f->quantity > 0 ? f->quantity_unit : "");
    nps_query q = nps_query_begin(db, "INSERT INTO samples(id,organisation,member,received_ms,outcome,country,region,date,reference,form,"
                                      "packaging,circumstances,note,quantity,tlp,purge_ms,case_seq)"
                                      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    nps_query_text(&q, n->id);
    nps_query_text(&q, n->organisation);
    nps_query_text(&q, n->member);
    nps_query_i64(&q, n->received_ms);
    const char *const texts[] = {n->evaluation.outcome, f->country, f->region, f->date, f->reference, f->form, f->packaging,
                                 f->circumstances, f->note, f->quantity > 0 ? quantity : NULL, nps_tlp_name(f->tlp)};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        nps_query_text(&q, texts[i]);
    nps_query_i64(&q, n->purge_ms);
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

static nps_status insert_key(nps_db *db, const add_job *j, nps_err *err)
{
    const nps_store_sample_new *n = j->sample;
    nps_query q = nps_query_begin(db, "INSERT INTO idempotency(key,digest,sample,created_ms) VALUES(?,?,?,?)");
    nps_query_text(&q, j->key);
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
    if (st == NPS_OK)
        st = nps_evaluation_insert(db, n->id, 0, &n->evaluation, err);
    for (size_t i = 0; i < n->n_file && st == NPS_OK; i++)
        st = insert_file(db, n->id, (int64_t)i, &n->file[i], err);
    if (st == NPS_OK && n->idempotency_key)
        st = insert_key(db, j, err);
    const nps_actor by = {.member = n->member, .organisation = n->organisation, .now_ms = n->received_ms};
    return st == NPS_OK ? nps_audit_add(db, &by, "sample.add", n->id, n->evaluation.outcome, err) : st;
}

nps_status nps_store_sample_add(nps_store *s, const nps_store_sample_new *sample, int64_t keys_since_ms,
                                nps_store_receipt *ret_receipt, nps_err *err)
{
    nps_store_receipt receipt = {0};
    add_job j = {.sample = sample, .keys_since_ms = keys_since_ms, .receipt = &receipt};
    if (sample->idempotency_key)
        snprintf(j.key, sizeof j.key, "%s %s", sample->organisation, sample->idempotency_key);
    nps_status st = nps_store_write(s, add_sample, &j, err);
    if (st == NPS_OK)
        *ret_receipt = receipt;
    return st;
}

/* --- reading samples ---------------------------------------------------------------------------------------------------- */

void nps_stored_sample_free(nps_stored_sample *s)
{
    if (!s)
        return;
    char *const texts[] = {s->id,        s->organisation, s->state,         s->outcome, s->case_code, s->country, s->region,
                           s->date,      s->reference,    s->form,          s->packaging, s->circumstances, s->note, s->quantity,
                           s->tlp,       s->verdict,      s->generation,    s->holding, s->today};
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

typedef struct {
    const char *organisation, *id;
    nps_stored_sample *sample;
    int64_t position;
    nps_buf *out;
} get_job;

static nps_status get_facts(nps_db *db, const get_job *j, nps_err *err)
{
    nps_stored_sample *s = j->sample;
    nps_query q = nps_ask(db,
                          "SELECT s.id,s.organisation,s.state,s.outcome,c.code,s.country,s.region,s.date,s.reference,s.form,s.packaging,"
                          "s.circumstances,s.note,s.quantity,s.tlp,e.verdict,e.generation,e.holding,e.today,s.received_ms,s.purge_ms,"
                          "s.last_evaluation FROM samples s LEFT JOIN cases c ON c.seq=s.case_seq"
                          " LEFT JOIN evaluations e ON e.sample=s.id AND e.n=s.last_evaluation"
                          " WHERE s.id=? AND (?='' OR s.organisation=?)",
                          "ttt", j->id, j->organisation, j->organisation);
    char **const to[] = {&s->id,        &s->organisation, &s->state,         &s->outcome, &s->case_code, &s->country, &s->region,
                         &s->date,      &s->reference,    &s->form,          &s->packaging, &s->circumstances, &s->note, &s->quantity,
                         &s->tlp,       &s->verdict,      &s->generation,    &s->holding, &s->today};
    enum { N = sizeof to / sizeof *to };
    bool found = nps_query_next(&q);
    for (int i = 0; found && i < N; i++)
        *to[i] = nps_query_get_copy(&q, i);
    if (found) {
        s->received_ms = nps_query_get_i64(&q, N);
        s->purge_ms = nps_query_get_i64(&q, N + 1);
        s->last_evaluation = nps_query_get_i64(&q, N + 2);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such sample") : st;
}

static nps_status get_sample(nps_db *db, void *arg, nps_err *err)
{
    get_job *j = arg;
    nps_stored_sample *s = j->sample;
    nps_status st = get_facts(db, j, err), grown = NPS_OK;
    if (st != NPS_OK)
        return st;
    size_t cap = 0;
    nps_query q = nps_ask(db, "SELECT name,type,digest,length(bytes) FROM files WHERE sample=? ORDER BY position", "t", j->id);
    while (grown == NPS_OK && nps_query_next(&q)) {
        grown = nps_grow(&s->file, &cap, s->n_file + 1, sizeof *s->file, 1000, err);
        if (grown == NPS_OK)
            s->file[s->n_file++] = (struct nps_stored_file){nps_query_get_copy(&q, 0), nps_query_get_copy(&q, 1),
                                                            nps_query_get_copy(&q, 2), nps_query_get_i64(&q, 3)};
    }
    st = nps_query_end(&q, grown == NPS_OK ? err : NULL);
    return grown == NPS_OK ? st : grown;
}

nps_status nps_store_sample_get(nps_store *s, const char *organisation, const char *id, nps_stored_sample **ret_sample, nps_err *err)
{
    NPS_AUTO(nps_stored_sample) sample = nps_array(1, sizeof *sample);
    if (!sample)
        return nps_fail_nomem(err);
    nps_status st = nps_store_read(s, get_sample, &(get_job){.organisation = organisation, .id = id, .sample = sample}, err);
    if (st == NPS_OK)
        *ret_sample = nps_steal(sample);
    return st;
}

static nps_status get_file(nps_db *db, void *arg, nps_err *err)
{
    get_job *j = arg;
    nps_query q = nps_ask(db,
                          "SELECT f.bytes FROM files f JOIN samples s ON s.id=f.sample WHERE f.sample=? AND f.position=?"
                          " AND (?='' OR s.organisation=?)",
                          "titt", j->id, j->position, j->organisation, j->organisation);
    bool found = nps_query_next(&q);
    if (found) {
        nps_span bytes = nps_query_get_bytes(&q, 0);
        nps_buf_add(j->out, bytes.p, bytes.n);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "there is no such file") : st;
}

nps_status nps_store_sample_file(nps_store *s, const char *organisation, const char *id, int64_t position, nps_buf *out, nps_err *err)
{
    get_job j = {.organisation = organisation, .id = id, .position = position, .out = out};
    nps_status st = nps_store_read(s, get_file, &j, err);
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}

typedef struct {
    const nps_sample_list *list;
    nps_sample_rows *rows;
} list_job;

static nps_status list_samples(nps_db *db, void *arg, nps_err *err)
{
    list_job *j = arg;
    const nps_sample_list *l = j->list;
    const char *outcome = l->outcome ? l->outcome : "";
    nps_query q = nps_ask(db,
                          "SELECT s.id,s.state,s.outcome,coalesce(c.code,''),coalesce(s.country,''),coalesce(s.date,''),s.tlp,"
                          "coalesce(s.reference,''),s.received_ms,s.last_evaluation FROM samples s LEFT JOIN cases c ON c.seq=s.case_seq"
                          " WHERE s.organisation=? AND (?='' OR s.outcome=?) AND (s.received_ms<? OR (s.received_ms=? AND s.id<?))"
                          " ORDER BY s.received_ms DESC, s.id DESC LIMIT ?",
                          "tttiiti", l->organisation, outcome, outcome, l->before_ms, l->before_ms, l->before_id, (int64_t)l->limit + 1);
    while (nps_query_next(&q)) {
        j->rows->more = j->rows->n == l->limit;
        if (j->rows->more)
            continue;
        nps_sample_row *r = &j->rows->item[j->rows->n++];
        NPS_GET_TEXT(&q, 0, r->id);
        NPS_GET_TEXT(&q, 1, r->state);
        NPS_GET_TEXT(&q, 2, r->outcome);
        NPS_GET_TEXT(&q, 3, r->case_code);
        NPS_GET_TEXT(&q, 4, r->country);
        NPS_GET_TEXT(&q, 5, r->date);
        NPS_GET_TEXT(&q, 6, r->tlp);
        NPS_GET_TEXT(&q, 7, r->reference);
        r->received_ms = nps_query_get_i64(&q, 8);
        r->last_evaluation = nps_query_get_i64(&q, 9);
    }
    return nps_query_end(&q, err);
}

nps_status nps_store_samples(nps_store *s, const nps_sample_list *list, nps_sample_rows *ret_rows, nps_err *err)
{
    nps_sample_rows rows = {.item = nps_array(list->limit, sizeof *rows.item)};
    if (!rows.item)
        return nps_fail_nomem(err);
    nps_status st = nps_store_read(s, list_samples, &(list_job){list, &rows}, err);
    if (st == NPS_OK)
        *ret_rows = rows;
    else
        free(rows.item);
    return st;
}

/* --- taking them away ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const nps_actor *by;
    const char *id;
    int64_t now_ms;
    size_t limit, n;
} remove_job;

/* What the laboratory sent and what was said about it; the row stays as a mark that there was a sample. */
static nps_status remove_data(nps_db *db, const char *id, const char *state, nps_err *err)
{
    nps_status st = nps_tell(db, err, "DELETE FROM files WHERE sample=?", "t", id);
    if (st == NPS_OK)
        st = nps_tell(db, err, "DELETE FROM relied WHERE sample=?", "t", id);
    if (st == NPS_OK)
        st = nps_tell(db, err, "DELETE FROM evaluations WHERE sample=?", "t", id);
    if (st == NPS_OK)
        st = nps_tell(db, err, "DELETE FROM idempotency WHERE sample=?", "t", id);
    return st == NPS_OK ? nps_tell(db, err,
                                   "UPDATE samples SET state=?, member='', region=NULL, date=NULL, reference=NULL, form=NULL, packaging=NULL,"
                                   " circumstances=NULL, note=NULL, quantity=NULL, purge_ms=0 WHERE id=?",
                                   "tt", state, id)
                        : st;
}

static nps_status withdraw(nps_db *db, void *arg, nps_err *err)
{
    remove_job *j = arg;
    char state[12] = "";
    int64_t seq = 0;
    nps_query q = nps_ask(db, "SELECT state,coalesce(case_seq,0) FROM samples WHERE id=? AND organisation=?", "tt", j->id, j->by->organisation);
    if (nps_query_next(&q)) {
        NPS_GET_TEXT(&q, 0, state);
        seq = nps_query_get_i64(&q, 1);
    }
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK && !*state)
        st = nps_fail(err, NPS_E_NOT_FOUND, "there is no such sample");
    if (st == NPS_OK && strcmp(state, "kept") != 0)
        st = nps_fail(err, NPS_E_CONFLICT, "the sample's data are gone already");
    if (st == NPS_OK && seq)
        st = nps_tell(db, err, "UPDATE cases SET samples=samples-1, updated_ms=? WHERE seq=?", "ii", j->by->now_ms, seq);
    if (st == NPS_OK)
        st = remove_data(db, j->id, "withdrawn", err);
    if (st == NPS_OK)
        st = nps_tell(db, err, "UPDATE samples SET case_seq=NULL, country=NULL WHERE id=?", "t", j->id);
    return st == NPS_OK ? nps_audit_add(db, j->by, "sample.withdraw", j->id, "", err) : st;
}

nps_status nps_store_sample_withdraw(nps_store *s, const nps_actor *by, const char *id, nps_err *err)
{
    return nps_store_write(s, withdraw, &(remove_job){.by = by, .id = id}, err);
}

static nps_status purge(nps_db *db, void *arg, nps_err *err)
{
    remove_job *j = arg;
    const nps_actor by = {.member = "", .organisation = "", .now_ms = j->now_ms};
    nps_status st = NPS_OK;
    while (j->n < j->limit && st == NPS_OK) {
        char id[NPS_SAMPLE_ID] = "";
        nps_query q = nps_ask(db, "SELECT id FROM samples WHERE purge_ms>0 AND purge_ms<=? ORDER BY purge_ms LIMIT 1", "i", j->now_ms);
        if (nps_query_next(&q))
            NPS_GET_TEXT(&q, 0, id);
        st = nps_query_end(&q, err);
        if (st != NPS_OK || !*id)
            break;
        st = remove_data(db, id, "purged", err);
        if (st == NPS_OK)
            st = nps_audit_add(db, &by, "sample.purge", id, "", err);
        j->n++;
    }
    return st;
}

nps_status nps_store_samples_purge(nps_store *s, int64_t now_ms, size_t limit, size_t *ret_n, nps_err *err)
{
    remove_job j = {.now_ms = now_ms, .limit = limit};
    nps_status st = nps_store_write(s, purge, &j, err);
    if (st == NPS_OK)
        *ret_n = j.n;
    return st;
}

static nps_status count_orphans(nps_db *db, void *arg, nps_err *err)
{
    return nps_ask_i64(db, 0, arg, err, "SELECT count(*) FROM samples WHERE organisation=''", "");
}

nps_status nps_store_samples_orphaned(nps_store *s, int64_t *ret_n, nps_err *err)
{
    return nps_store_read(s, count_orphans, ret_n, err);
}

static nps_status adopt(nps_db *db, void *arg, nps_err *err)
{
    remove_job *j = arg;
    nps_status st = nps_tell(db, err, "UPDATE samples SET organisation=? WHERE organisation=''", "t", j->id);
    return st == NPS_OK ? nps_audit_add(db, j->by, "samples.adopt", j->id, "", err) : st;
}

nps_status nps_store_samples_adopt(nps_store *s, const nps_actor *by, const char *organisation, nps_err *err)
{
    return nps_store_write(s, adopt, &(remove_job){.by = by, .id = organisation}, err);
}
