/* The store on SQLite: one writer with group commit, readers apart. */
#include "service/store.h"

#include "core/mem.h"
#include "reference-lib/digest.h"
#include "service/clock.h"
#include "service/crypt.h"
#include "service/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { READERS = 8 };
#define ROOM_NEEDED ((uint64_t)256 << 20) /* bytes that must be free on the disk to be ready */

struct nps_store {
    nps_writer *writer;
    char path[600], dir[600], uuid[NPS_UUID_TEXT];
    pthread_mutex_t lock;
    nps_db *idle[READERS]; /* connections that nobody reads with at the moment */
    size_t n_idle;
};

/* Each entry takes the schema one version up; never changed once released. */
static const char *const migrations[] = {
    "CREATE TABLE store(id INTEGER PRIMARY KEY CHECK(id=1), uuid TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE cases(seq INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, uuid TEXT NOT NULL UNIQUE,"
    "  opened_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, samples INTEGER NOT NULL, summary TEXT NOT NULL) STRICT;"
    "CREATE TABLE case_number(year INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;"
    "CREATE TABLE case_spectrum(digest TEXT PRIMARY KEY, case_seq INTEGER NOT NULL REFERENCES cases(seq)) STRICT;"
    "CREATE TABLE samples(id TEXT PRIMARY KEY, received_ms INTEGER NOT NULL, outcome TEXT NOT NULL,"
    "  generation TEXT NOT NULL, verdict TEXT NOT NULL, country TEXT, date TEXT, reference TEXT, form TEXT,"
    "  case_seq INTEGER REFERENCES cases(seq)) STRICT;"
    "CREATE INDEX samples_by_case ON samples(case_seq, country) WHERE case_seq IS NOT NULL;"
    "CREATE TABLE files(sample TEXT NOT NULL REFERENCES samples(id), position INTEGER NOT NULL, name TEXT NOT NULL,"
    "  type TEXT NOT NULL, digest TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(sample, position)) STRICT;"
    "CREATE TABLE idempotency(key TEXT PRIMARY KEY, digest TEXT NOT NULL, sample TEXT NOT NULL REFERENCES samples(id),"
    "  created_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX idempotency_by_age ON idempotency(created_ms);"
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
    "  subject TEXT NOT NULL, created_ms INTEGER NOT NULL, data TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK(state IN ('pending','done','dead')), attempts INTEGER NOT NULL,"
    "  due_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX outbox_due ON outbox(due_ms, id) WHERE state='pending';"
    "CREATE TABLE deliveries(outbox INTEGER NOT NULL REFERENCES outbox(id), attempt INTEGER NOT NULL,"
    "  at_ms INTEGER NOT NULL, http INTEGER NOT NULL, fault TEXT, PRIMARY KEY(outbox, attempt)) STRICT;",
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof *migrations };

/* --- opening --------------------------------------------------------------------------------------------------------------- */

static nps_status migrate(nps_db *db, nps_err *err)
{
    nps_query q = nps_query_begin(db, "PRAGMA user_version");
    int64_t version = nps_query_next(&q) ? nps_query_get_i64(&q, 0) : 0;
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK && version > SCHEMA_VERSION)
        return nps_fail(err, NPS_E_UNSUPPORTED, "the store has version %lld, this program knows %d", (long long)version,
                        SCHEMA_VERSION);
    for (; st == NPS_OK && version < SCHEMA_VERSION; version++) {
        char set[64];
        snprintf(set, sizeof set, "PRAGMA user_version=%lld; COMMIT", (long long)version + 1);
        st = nps_db_run(db, "BEGIN IMMEDIATE", err);
        if (st == NPS_OK)
            st = nps_db_run(db, migrations[version], err);
        if (st == NPS_OK)
            st = nps_db_run(db, set, err);
    }
    return st;
}

static nps_status take_identity(nps_db *db, char uuid[static NPS_UUID_TEXT], nps_err *err)
{
    char fresh[NPS_UUID_TEXT];
    nps_random_uuid(fresh);
    nps_query q = nps_query_begin(db, "INSERT INTO store VALUES(1,?,?) ON CONFLICT DO NOTHING");
    nps_query_text(&q, fresh);
    nps_query_i64(&q, nps_clock_wall_ms());
    nps_status st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    q = nps_query_begin(db, "SELECT uuid FROM store");
    if (nps_query_next(&q))
        nps_query_get_text(&q, 0, uuid, NPS_UUID_TEXT);
    return nps_query_end(&q, err);
}

nps_status nps_store_open(const char *dir, nps_store **ret_store, nps_err *err)
{
    nps_store *s = nps_array(1, sizeof *s);
    nps_db *db = NULL;
    if (!s)
        return nps_fail_nomem(err);
    pthread_mutex_init(&s->lock, NULL);
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    snprintf(s->path, sizeof s->path, "%s/npswatch.db", dir);
    nps_status st = nps_db_open(s->path, NPS_DB_WRITER, &db, err);
    if (st == NPS_OK)
        st = migrate(db, err);
    if (st == NPS_OK)
        st = take_identity(db, s->uuid, err);
    if (st == NPS_OK)
        st = nps_writer_start(nps_steal(db), &s->writer, err);
    nps_db_close(db);
    if (st != NPS_OK) {
        nps_store_close(s);
        return st;
    }
    *ret_store = s;
    return NPS_OK;
}

void nps_store_close(nps_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_idle; i++)
        nps_db_close(s->idle[i]);
    nps_writer_stop(s->writer);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *nps_store_uuid(const nps_store *s)
{
    return s->uuid;
}

static nps_status take_reader(nps_store *s, nps_db **ret_db, nps_err *err)
{
    nps_db *db = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->n_idle)
        db = s->idle[--s->n_idle];
    pthread_mutex_unlock(&s->lock);
    if (!db)
        return nps_db_open(s->path, NPS_DB_READER, ret_db, err);
    *ret_db = db;
    return NPS_OK;
}

static void give_reader(nps_store *s, nps_db *db)
{
    pthread_mutex_lock(&s->lock);
    if (s->n_idle < READERS)
        s->idle[s->n_idle++] = nps_steal(db);
    pthread_mutex_unlock(&s->lock);
    nps_db_close(db);
}

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
    nps_query q = nps_query_begin(db, "INSERT INTO case_number VALUES(?,1) ON CONFLICT DO UPDATE SET last=last+1"
                                      " RETURNING last");
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
                                      " VALUES(?,?,?,?,0,?)");
    nps_query_text(&q, j->receipt->case_code);
    nps_query_text(&q, n->case_uuid);
    nps_query_i64(&q, n->received_ms);
    nps_query_i64(&q, n->received_ms);
    nps_query_text(&q, n->case_summary);
    st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    j->case_seq = nps_db_last_id(db);
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
    nps_query q = nps_query_begin(db, "UPDATE cases SET samples=samples+1, updated_ms=max(updated_ms,?) WHERE seq=?");
    nps_query_i64(&q, j->sample->received_ms);
    nps_query_i64(&q, j->case_seq);
    nps_status st = nps_query_run(&q, err);
    for (size_t i = 0; i < j->sample->n_digest && st == NPS_OK; i++) {
        q = nps_query_begin(db, "INSERT INTO case_spectrum VALUES(?,?) ON CONFLICT DO NOTHING");
        nps_query_text(&q, j->sample->digest[i]);
        nps_query_i64(&q, j->case_seq);
        st = nps_query_run(&q, err);
    }
    return st;
}

static nps_status insert_sample(nps_db *db, const add_job *j, nps_err *err)
{
    const nps_store_sample_new *n = j->sample;
    nps_query q = nps_query_begin(db, "INSERT INTO samples VALUES(?,?,?,?,?,?,?,?,?,nullif(?,0))");
    nps_query_text(&q, n->id);
    nps_query_i64(&q, n->received_ms);
    const char *const texts[] = {n->outcome, n->generation, n->verdict, n->country, n->date, n->reference, n->form};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        nps_query_text(&q, texts[i]);
    nps_query_i64(&q, j->case_seq);
    return nps_query_run(&q, err);
}

static nps_status insert_file(nps_db *db, const char *sample, int64_t position, const nps_store_file *f, nps_err *err)
{
    nps_digest_state d;
    char hex[NPS_DIGEST_HEX];
    nps_digest_init(&d);
    nps_digest_add(&d, f->bytes.p, f->bytes.n);
    nps_digest_end(&d, hex);
    nps_query q = nps_query_begin(db, "INSERT INTO files VALUES(?,?,?,?,?,?)");
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
    nps_query q = nps_query_begin(db, "INSERT INTO idempotency VALUES(?,?,?,?)");
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
    nps_status st = nps_writer_run(s->writer, add_sample, &j, err);
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
    nps_status st = take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    st = get_facts(db, id, sample, err);
    if (st == NPS_OK)
        st = get_files(db, id, sample, err);
    give_reader(s, db);
    if (st == NPS_OK)
        *ret_sample = nps_steal(sample);
    return st;
}

nps_status nps_store_sample_file(nps_store *s, const char *id, int64_t position, nps_buf *out, nps_err *err)
{
    nps_db *db;
    nps_status st = take_reader(s, &db, err);
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
    give_reader(s, db);
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
                           .summary = nps_query_get_copy(q, 6),
                           .countries = nps_query_get_copy(q, 7)};
    nps_query_get_text(q, 1, c->code, sizeof c->code);
    nps_query_get_text(q, 2, c->uuid, sizeof c->uuid);
}

nps_status nps_store_cases(nps_store *s, int64_t before, size_t limit, nps_stored_cases *ret_cases, nps_err *err)
{
    nps_stored_cases c = {.item = nps_array(limit, sizeof *c.item)};
    nps_db *db;
    if (!c.item)
        return nps_fail_nomem(err);
    nps_status st = take_reader(s, &db, err);
    if (st == NPS_OK) {
        nps_query q = nps_query_begin(
            db, "SELECT seq,code,uuid,opened_ms,updated_ms,samples,summary,"
                "coalesce((SELECT group_concat(country,' ') FROM (SELECT DISTINCT country FROM samples"
                " WHERE case_seq=seq AND country IS NOT NULL ORDER BY country)),'') FROM cases WHERE seq<?"
                " ORDER BY seq DESC LIMIT ?");
        nps_query_i64(&q, before);
        nps_query_i64(&q, (int64_t)limit + 1);
        while (nps_query_next(&q)) {
            c.more = c.n == limit;
            if (c.n < limit)
                take_case(&q, &c.item[c.n++]);
        }
        st = nps_query_end(&q, err);
        give_reader(s, db);
    }
    if (st != NPS_OK) {
        nps_stored_cases_done(&c);
        return st;
    }
    *ret_cases = c;
    return NPS_OK;
}

/* --- outbox ----------------------------------------------------------------------------------------------------------------- */

void nps_store_event_done(nps_store_event *e)
{
    free(e->data);
    *e = (nps_store_event){0};
}

nps_status nps_store_event_next(nps_store *s, nps_store_event *ret_event, bool *ret_found, nps_err *err)
{
    nps_db *db;
    nps_store_event e = {0};
    nps_status st = take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_query_begin(db, "SELECT id,event,type,subject,created_ms,attempts,due_ms,data FROM outbox"
                                      " WHERE state='pending' ORDER BY due_ms, id LIMIT 1");
    bool found = nps_query_next(&q);
    if (found) {
        e.id = nps_query_get_i64(&q, 0);
        nps_query_get_text(&q, 1, e.event, sizeof e.event);
        nps_query_get_text(&q, 2, e.type, sizeof e.type);
        nps_query_get_text(&q, 3, e.subject, sizeof e.subject);
        e.created_ms = nps_query_get_i64(&q, 4);
        e.attempts = nps_query_get_i64(&q, 5);
        e.due_ms = nps_query_get_i64(&q, 6);
        e.data = nps_query_get_copy(&q, 7);
    }
    st = nps_query_end(&q, err);
    give_reader(s, db);
    if (st != NPS_OK) {
        nps_store_event_done(&e);
        return st;
    }
    *ret_found = found;
    if (found)
        *ret_event = e;
    return NPS_OK;
}

typedef struct {
    int64_t id, at_ms, due_ms, changed;
    int http;
    const char *fault, *state;
} tried_job;

static nps_status record_try(nps_db *db, void *arg, nps_err *err)
{
    const tried_job *j = arg;
    nps_query q = nps_query_begin(db, "INSERT INTO deliveries SELECT id, attempts+1, ?, ?, ? FROM outbox WHERE id=?");
    nps_query_i64(&q, j->at_ms);
    nps_query_i64(&q, j->http);
    nps_query_text(&q, j->fault);
    nps_query_i64(&q, j->id);
    nps_status st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    q = nps_query_begin(db, "UPDATE outbox SET attempts=attempts+1, state=?, due_ms=? WHERE id=?");
    nps_query_text(&q, j->state);
    nps_query_i64(&q, j->due_ms);
    nps_query_i64(&q, j->id);
    return nps_query_run(&q, err);
}

nps_status nps_store_event_tried(nps_store *s, int64_t id, int64_t at_ms, int http, const char *fault,
                                 nps_event_state state, int64_t due_ms, nps_err *err)
{
    static const char *const names[] = {"pending", "done", "dead"};
    tried_job j = {.id = id, .at_ms = at_ms, .due_ms = due_ms, .http = http, .fault = fault, .state = names[state]};
    return nps_writer_run(s->writer, record_try, &j, err);
}

static nps_status revive(nps_db *db, void *arg, nps_err *err)
{
    tried_job *j = arg;
    nps_query q = nps_query_begin(db, "UPDATE outbox SET state='pending', due_ms=? WHERE state='dead'");
    nps_query_i64(&q, j->due_ms);
    nps_status st = nps_query_run(&q, err);
    j->changed = nps_db_changes(db);
    return st;
}

nps_status nps_store_event_revive(nps_store *s, int64_t now_ms, int64_t *ret_n, nps_err *err)
{
    tried_job j = {.due_ms = now_ms};
    nps_status st = nps_writer_run(s->writer, revive, &j, err);
    if (st == NPS_OK)
        *ret_n = j.changed;
    return st;
}

/* --- state --------------------------------------------------------------------------------------------------------------------- */

nps_status nps_store_count(nps_store *s, nps_store_counts *ret_counts, nps_err *err)
{
    nps_db *db;
    nps_store_counts c = {0};
    nps_status st = take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_query_begin(db, "SELECT (SELECT count(*) FROM samples),(SELECT count(*) FROM cases),"
                                      "(SELECT count(*) FROM outbox WHERE state='pending'),"
                                      "(SELECT count(*) FROM outbox WHERE state='dead')");
    if (nps_query_next(&q))
        c = (nps_store_counts){nps_query_get_i64(&q, 0), nps_query_get_i64(&q, 1), nps_query_get_i64(&q, 2),
                               nps_query_get_i64(&q, 3)};
    st = nps_query_end(&q, err);
    give_reader(s, db);
    if (st == NPS_OK)
        *ret_counts = c;
    return st;
}

static nps_status write_nothing_new(nps_db *db, void *arg, nps_err *err)
{
    (void)arg;
    return nps_db_run(db, "UPDATE store SET created_ms=created_ms", err);
}

nps_status nps_store_health(nps_store *s, nps_err *err)
{
    struct statvfs v;
    nps_status st = nps_writer_health(s->writer, err);
    /* After a failure only a commit can tell that the disk is back. */
    if (st != NPS_OK)
        st = nps_writer_run(s->writer, write_nothing_new, NULL, err);
    if (st != NPS_OK)
        return st;
    if (statvfs(s->dir, &v) != 0 || (uint64_t)v.f_bavail * v.f_frsize < ROOM_NEEDED)
        return nps_fail(err, NPS_E_IO, "less than %llu MiB are free for the store", (unsigned long long)(ROOM_NEEDED >> 20));
    return NPS_OK;
}
