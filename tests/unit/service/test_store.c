/* The contract of the store, kept by both engines alike. */
#include "tests/support/store_fixture.h"

#include "service/db.h"
#include "service/store_impl.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

static void a_sample_comes_back_as_it_was(void **state)
{
    nps_store *s = store_at(state);
    draft d;
    make_draft(&d, 0);
    d.facts.country = "DE";
    d.facts.reference = "LKA \xc3\xa4";
    assert_string_equal(add(s, &d).case_code, "");
    s = reopen(s, state);
    NPS_AUTO(nps_stored_sample) got = NULL;
    NPS_AUTO_BUF bytes = NPS_BUF_INIT(1000);
    nps_err err = {0};
    assert_ok(nps_store_sample_get(s, "", d.id, &got, &err), &err);
    assert_string_equal(got->verdict, "{\"verdict\":\"x\"}");
    assert_string_equal(got->country, "DE");
    assert_string_equal(got->reference, "LKA \xc3\xa4");
    assert_null(got->date);
    assert_null(got->case_code);
    assert_int_equal(got->received_ms, 1764000000000);
    assert_int_equal(got->n_file, 1);
    assert_int_equal(got->file[0].bytes, 10);
    assert_ok(nps_store_sample_file(s, "", d.id, 0, &bytes, &err), &err);
    assert_int_equal(bytes.len, 10);
    assert_memory_equal(bytes.data, "Name: \0 x\xff", 10);
    assert_int_equal(nps_store_sample_file(s, "", d.id, 1, &bytes, &err), NPS_E_NOT_FOUND);
    nps_stored_sample *none = NULL;
    assert_int_equal(nps_store_sample_get(s, "", "no", &none, &err), NPS_E_NOT_FOUND);
    assert_null(none);
    nps_store_close(s);
}

static void the_same_unknown_joins_its_case_and_another_opens_one(void **state)
{
    nps_store *s = store_at(state);
    draft a, again, other, both;
    make_draft(&a, 'a');
    make_draft(&again, 'a');
    make_draft(&other, 'b');
    make_draft(&both, 'c');
    again.facts.country = "FR";
    memset(both.digest[1], 'b', 64);
    both.n.n_digest = 2;
    nps_store_receipt one = add(s, &a), two = add(s, &again), three = add(s, &other), four = add(s, &both);
    assert_string_equal(one.case_code, "NPS-2025-0001");
    assert_true(one.case_opened);
    assert_string_equal(two.case_code, "NPS-2025-0001");
    assert_false(two.case_opened);
    assert_string_equal(three.case_code, "NPS-2025-0002");
    assert_string_equal(four.case_code, "NPS-2025-0002");
    nps_store_counts c;
    nps_err err = {0};
    assert_ok(nps_store_count(s, &c, &err), &err);
    assert_int_equal(c.samples, 4);
    assert_int_equal(c.cases, 2);
    assert_int_equal(c.pending, 2);
    nps_stored_cases cases;
    assert_ok(nps_store_cases(s, INT64_MAX, 1, &cases, &err), &err);
    assert_int_equal(cases.n, 1);
    assert_true(cases.more);
    assert_string_equal(cases.item[0].code, "NPS-2025-0002");
    int64_t before = cases.item[0].seq;
    nps_stored_cases_done(&cases);
    assert_ok(nps_store_cases(s, before, 10, &cases, &err), &err);
    assert_int_equal(cases.n, 1);
    assert_false(cases.more);
    assert_int_equal(cases.item[0].n_sample, 2);
    assert_string_equal(cases.item[0].countries, "FR");
    assert_string_equal(cases.item[0].uuid, a.uuid);
    nps_stored_cases_done(&cases);
    nps_store_close(s);
}

static void codes_begin_again_each_year(void **state)
{
    nps_store *s = store_at(state);
    draft d;
    make_draft(&d, 'a');
    assert_string_equal(add(s, &d).case_code, "NPS-2025-0001");
    make_draft(&d, 'b');
    d.n.received_ms += (int64_t)60 * 86400000;
    assert_string_equal(add(s, &d).case_code, "NPS-2026-0001");
    make_draft(&d, 'c');
    assert_string_equal(add(s, &d).case_code, "NPS-2025-0002");
    nps_store_close(s);
}

static void a_key_gives_the_stored_sample_again_until_it_is_old(void **state)
{
    nps_store *s = store_at(state);
    draft a, b;
    nps_store_receipt r;
    nps_store_counts c;
    nps_err err = {0};
    make_draft(&a, 'a');
    make_draft(&b, 'a');
    a.n.idempotency_key = b.n.idempotency_key = "k";
    add(s, &a);
    r = add(s, &b);
    assert_true(r.replayed);
    assert_false(r.case_opened);
    assert_string_equal(r.id, a.id);
    assert_string_equal(r.case_code, "NPS-2025-0001");
    b.n.request_digest = "other";
    assert_int_equal(nps_store_sample_add(s, &b.n, 0, &r, &err), NPS_E_CONFLICT);
    assert_ok(nps_store_count(s, &c, &err), &err);
    assert_int_equal(c.samples, 1);
    assert_ok(nps_store_sample_add(s, &b.n, a.n.received_ms + 1, &r, &err), &err);
    assert_string_equal(r.id, b.id);
    assert_false(r.replayed);
    nps_store_close(s);
}

static void a_failed_sample_leaves_nothing_behind(void **state)
{
    nps_store *s = store_at(state);
    draft a, b;
    nps_store_receipt r;
    nps_store_counts c;
    nps_err err = {0};
    make_draft(&a, 'a');
    add(s, &a);
    make_draft(&b, 'b');
    b.n.id = a.id; /* the id is taken: the case and the event of the same transaction must go too */
    assert_int_equal(nps_store_sample_add(s, &b.n, 0, &r, &err), NPS_E_IO);
    assert_ok(nps_store_count(s, &c, &err), &err);
    assert_int_equal(c.cases, 1);
    assert_int_equal(c.pending, 1);
    b.n.id = b.id;
    assert_string_equal(add(s, &b).case_code, "NPS-2025-0002");
    nps_store_close(s);
}

static void events_come_in_order_and_keep_their_tries(void **state)
{
    nps_store *s = store_at(state);
    draft a, b;
    nps_store_event e;
    int64_t n, now = 1764000000001;
    nps_err err = {0};
    assert_false(next_event(s, now, &e));
    make_draft(&a, 'a');
    make_draft(&b, 'b');
    b.n.received_ms++;
    add(s, &a);
    add(s, &b);
    assert_true(next_event(s, now, &e));
    assert_string_equal(e.event, a.uuid);
    assert_string_equal(e.data, "{\"title\":\"t\"}");
    assert_int_equal(e.attempts, 0);
    assert_ok(nps_store_event_tried(s, &e, 5, 500, NULL, NPS_EVENT_PENDING, e.due_ms + 10, &err), &err);
    nps_store_event_done(&e);
    assert_true(next_event(s, now, &e));
    assert_string_equal(e.event, b.uuid);
    assert_ok(nps_store_event_tried(s, &e, 5, 204, NULL, NPS_EVENT_DONE, 0, &err), &err);
    nps_store_event_done(&e);
    s = reopen(s, state);
    assert_false(next_event(s, now, &e)); /* the first one is not due yet */
    assert_true(next_event(s, now + 9, &e));
    assert_string_equal(e.event, a.uuid);
    assert_int_equal(e.attempts, 1);
    assert_ok(nps_store_event_tried(s, &e, 6, 0, "no route", NPS_EVENT_DEAD, 0, &err), &err);
    nps_store_event_done(&e);
    assert_false(next_event(s, INT64_MAX / 2, &e));
    assert_ok(nps_store_event_revive(s, 77, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_true(next_event(s, 77, &e));
    assert_int_equal(e.due_ms, 77);
    assert_int_equal(e.attempts, 2);
    nps_store_event_done(&e);
    nps_store_close(s);
}

static bool claim_as(nps_store *s, const char *name, int64_t now_ms, nps_store_event *e, int64_t *due_ms)
{
    bool found = false;
    nps_err err = {0};
    assert_ok(nps_store_event_next(s, name, now_ms, 100, e, &found, due_ms, &err), &err);
    return found;
}

static void a_claim_keeps_others_away_until_it_runs_out(void **state)
{
    nps_store *s = store_at(state);
    draft a;
    nps_store_event one, two;
    int64_t due, t = 1764000000000;
    nps_err err = {0};
    assert_false(claim_as(s, "A", t, &one, &due));
    assert_true(due == INT64_MAX);
    make_draft(&a, 'a');
    add(s, &a);
    assert_false(claim_as(s, "A", t - 7, &one, &due));
    assert_true(due == t);
    assert_true(claim_as(s, "A", t, &one, &due));
    assert_string_equal(one.claimer, "A");
    assert_false(claim_as(s, "B", t, &two, &due));
    assert_true(due == t + 100);
    assert_false(claim_as(s, "A", t + 99, &two, &due)); /* nor does its holder get it twice */
    assert_true(claim_as(s, "B", t + 100, &two, &due));
    assert_string_equal(two.event, one.event);
    /* A comes late. Its failure does not disturb B, who holds it now; ... */
    assert_ok(nps_store_event_tried(s, &one, 1, 500, NULL, NPS_EVENT_DEAD, t, &err), &err);
    assert_false(claim_as(s, "C", t + 150, &one, &due));
    assert_int_equal(counts_of(s).dead, 0);
    assert_int_equal(counts_of(s).pending, 1);
    nps_store_event_done(&one);
    one = two;
    assert_true(claim_as(s, "C", t + 200, &two, &due));
    /* ... that B's arrived counts, although C holds it; and then C's failure does not bring it back. */
    assert_ok(nps_store_event_tried(s, &one, 2, 204, NULL, NPS_EVENT_DONE, 0, &err), &err);
    assert_ok(nps_store_event_tried(s, &two, 3, 500, NULL, NPS_EVENT_PENDING, t, &err), &err);
    assert_int_equal(counts_of(s).pending, 0);
    nps_store_event_done(&one);
    nps_store_event_done(&two);
    nps_store_close(s);
}

static void a_claim_that_is_given_back_is_free_at_once(void **state)
{
    nps_store *s = store_at(state);
    draft a;
    nps_store_event one, two;
    int64_t due, t = 1764000000000;
    nps_err err = {0};
    make_draft(&a, 'a');
    add(s, &a);
    assert_true(claim_as(s, "A", t, &one, &due));
    assert_ok(nps_store_event_release(s, "B", &err), &err);
    assert_false(claim_as(s, "B", t, &two, &due));
    s = reopen(s, state);
    assert_ok(nps_store_event_release(s, "A", &err), &err);
    assert_true(claim_as(s, "B", t, &two, &due));
    assert_int_equal(two.attempts, 0);
    nps_store_event_done(&one);
    nps_store_event_done(&two);
    nps_store_close(s);
}

typedef struct {
    nps_store *s;
    atomic_int *faults;
    char letter;
} writer;

static void *write_many(void *arg)
{
    writer *w = arg;
    for (int i = 0; i < 50; i++) {
        draft d;
        nps_store_receipt r;
        nps_stored_sample *got = NULL;
        make_draft(&d, i % 5 == 0 ? w->letter : 0);
        if (nps_store_sample_add(w->s, &d.n, 0, &r, NULL) != NPS_OK ||
            nps_store_sample_get(w->s, "", d.id, &got, NULL) != NPS_OK)
            atomic_fetch_add(w->faults, 1);
        nps_stored_sample_free(got);
    }
    return NULL;
}

static void many_threads_write_and_read_what_they_wrote(void **state)
{
    enum { N = 6 };
    nps_store *s = store_at(state);
    atomic_int faults = 0;
    pthread_t t[N];
    writer w[N];
    nps_store_counts c;
    for (int i = 0; i < N; i++) {
        w[i] = (writer){s, &faults, (char)('a' + i / 2)};
        assert_int_equal(pthread_create(&t[i], NULL, write_many, &w[i]), 0);
    }
    for (int i = 0; i < N; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(faults, 0);
    assert_ok(nps_store_count(s, &c, NULL), NULL);
    assert_int_equal(c.samples, 50 * N);
    assert_int_equal(c.cases, N / 2);
    assert_ok(nps_store_health(s, NULL), NULL);
    nps_store_close(s);
}

static void the_identity_stays_and_a_newer_store_is_refused(void **state)
{
    const place *p = *state;
    nps_store *s = store_at(state);
    char uuid[64], where[NPS_STORE_WHERE];
    nps_db *db;
    nps_err err = {0};
    snprintf(uuid, sizeof uuid, "%s", nps_store_uuid(s));
    s = reopen(s, state);
    assert_string_equal(nps_store_uuid(s), uuid);
    nps_store_close(s);
    assert_ok(nps_store_where(p->where, where, &err), &err);
    assert_ok(nps_db_open(where, NPS_DB_TOOL, &db, &err), &err);
    assert_ok(nps_db_run(db, p->pg ? "UPDATE schema_version SET version=99" : "PRAGMA user_version=99", &err), &err);
    nps_db_close(db);
    s = NULL;
    assert_int_equal(nps_store_open(p->where, &s, &err), NPS_E_UNSUPPORTED);
    assert_null(s);
    if (p->pg)
        return;
    FILE *f = fopen(where, "wb");
    assert_non_null(f);
    fputs("this is no database, and it is long enough to be looked at by anybody who opens it", f);
    fclose(f);
    assert_int_equal(nps_store_open(p->where, &s, &err), NPS_E_IO);
}

/* --- the layer below ------------------------------------------------------------------------------------------------------ */

/* What both engines must read and write alike: types, NULL, empty and long values, numbers at their ends. */
static void values_come_back_as_they_went_in(void **state)
{
    const place *p = *state;
    char where[NPS_STORE_WHERE];
    nps_db *db;
    nps_err err = {0};
    static char large[3000000];
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(i * 7 + i / 256);
    assert_ok(nps_store_where(p->where, where, &err), &err);
    assert_ok(nps_db_open(where, NPS_DB_TOOL, &db, &err), &err);
    assert_ok(nps_db_run(db, p->pg ? "CREATE TABLE v(n BIGINT, t TEXT, b BYTEA)" : "CREATE TABLE v(n INTEGER, t TEXT, b BLOB) STRICT",
                         &err), &err);
    static const int64_t numbers[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    for (size_t i = 0; i < 6; i++) {
        nps_query q = nps_query_begin(db, "INSERT INTO v(n,t,b) VALUES(?,?,?)");
        if (i < 5) {
            nps_query_i64(&q, numbers[i]);
            nps_query_span(&q, (nps_span){"'?\xc3\xa4 long", i * 2}); /* cut; the first is empty */
            nps_query_blob(&q, (nps_span){large, i == 1 ? sizeof large : i});
        } else {
            nps_query_null(&q, NPS_DB_INT);
            nps_query_text(&q, NULL);
            nps_query_null(&q, NPS_DB_BLOB);
        }
        assert_ok(nps_query_run(&q, &err), &err);
        assert_int_equal(nps_db_changes(db), 1);
    }
    for (int streamed = 0; streamed < 2; streamed++) {
        nps_query q = nps_query_begin(db, "SELECT n,t,b,length(b),n>0,'?' FROM v ORDER BY CASE WHEN n IS NULL THEN 1 ELSE 0 END, n");
        if (streamed)
            nps_query_stream(&q);
        for (size_t i = 0; i < 6; i++) {
            assert_true(nps_query_next(&q));
            assert_int_equal(nps_query_is_null(&q, 0), i == 5);
            assert_int_equal(nps_query_is_null(&q, 1), i == 5);
            assert_int_equal(nps_query_is_null(&q, 2), i == 5);
            assert_true(nps_query_get_i64(&q, 0) == (i < 5 ? numbers[i] : 0));
            assert_int_equal(nps_query_get_bytes(&q, 1).n, i < 5 ? i * 2 : 0);
            nps_span b = nps_query_get_bytes(&q, 2);
            assert_int_equal(b.n, i == 5 ? 0 : i == 1 ? sizeof large : i);
            assert_memory_equal(b.p, large, b.n);
            assert_int_equal(nps_query_get_i64(&q, 3), b.n);
            assert_int_equal(nps_query_get_i64(&q, 4), i == 3 || i == 4);
        }
        assert_false(nps_query_next(&q));
        assert_ok(nps_query_end(&q, &err), &err);
    }
    /* A row that nobody asks for is no trouble, nor is a text read as a number. */
    nps_query q = nps_query_begin(db, "SELECT t FROM v");
    nps_query_stream(&q);
    assert_true(nps_query_next(&q));
    assert_int_equal(nps_query_get_i64(&q, 0), 0);
    assert_int_equal(nps_query_end(&q, &err), NPS_E_IO);
    q = nps_query_begin(db, "UPDATE v SET t=? WHERE n>=?");
    nps_query_text(&q, "x");
    nps_query_i64(&q, 0);
    assert_ok(nps_query_run(&q, &err), &err);
    assert_int_equal(nps_db_changes(db), 3);
    nps_db_close(db);
}

static void a_reader_cannot_write_and_sees_one_state_when_asked_to(void **state)
{
    nps_store *s = store_at(state);
    nps_db *db;
    draft d;
    nps_err err = {0};
    int64_t seen[3];
    assert_ok(nps_store_take_reader(s, &db, &err), &err);
    assert_int_equal(nps_db_run(db, "UPDATE store SET created_ms=0", &err), NPS_E_IO);
    assert_ok(nps_db_begin_reading(db, &err), &err);
    for (int i = 0; i < 3; i++) {
        nps_query q = nps_query_begin(db, "SELECT count(*) FROM samples");
        assert_true(nps_query_next(&q));
        seen[i] = nps_query_get_i64(&q, 0);
        assert_ok(nps_query_end(&q, &err), &err);
        make_draft(&d, 0);
        add(s, &d);
        if (i == 1)
            nps_db_rollback(db);
    }
    assert_int_equal(seen[0], 0);
    assert_int_equal(seen[1], 0);
    assert_int_equal(seen[2], 2);
    nps_store_give_reader(s, db);
    nps_store_close(s);
}

static nps_status fail_and_say_nothing(nps_db *db, void *arg, nps_err *err)
{
    (void)!nps_db_run(db, "UPDATE store SET created_ms=1", err);
    (void)!nps_db_run(db, "INSERT INTO nothing(x) VALUES(1)", err);
    return *(nps_status *)arg;
}

/* PostgreSQL undoes by itself what SQLite leaves to us; neither may harm others of the same commit, nor be called stored. */
static void a_job_that_fails_takes_nothing_else_along(void **state)
{
    nps_store *s = store_at(state);
    draft d;
    nps_err err = {0};
    nps_status how = NPS_E_RANGE;
    assert_int_equal(nps_store_write(s, fail_and_say_nothing, &how, &err), NPS_E_RANGE);
    how = NPS_OK;
    nps_status st = nps_store_write(s, fail_and_say_nothing, &how, &err);
    assert_int_equal(st, ((place *)*state)->pg ? NPS_E_IO : NPS_OK);
    make_draft(&d, 'a');
    assert_string_equal(add(s, &d).case_code, "NPS-2025-0001");
    assert_ok(nps_store_health(s, &err), &err);
    nps_store_close(s);
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {ON_BOTH(a_sample_comes_back_as_it_was),
                                       ON_BOTH(the_same_unknown_joins_its_case_and_another_opens_one),
                                       ON_BOTH(codes_begin_again_each_year),
                                       ON_BOTH(a_key_gives_the_stored_sample_again_until_it_is_old),
                                       ON_BOTH(a_failed_sample_leaves_nothing_behind),
                                       ON_BOTH(events_come_in_order_and_keep_their_tries),
                                       ON_BOTH(a_claim_keeps_others_away_until_it_runs_out),
                                       ON_BOTH(a_claim_that_is_given_back_is_free_at_once),
                                       ON_BOTH(many_threads_write_and_read_what_they_wrote),
                                       ON_BOTH(the_identity_stays_and_a_newer_store_is_refused),
                                       ON_BOTH(values_come_back_as_they_went_in),
                                       ON_BOTH(a_reader_cannot_write_and_sees_one_state_when_asked_to),
                                       ON_BOTH(a_job_that_fails_takes_nothing_else_along)};
    return cmocka_run_group_tests(tests, store_servers_start, store_servers_stop);
}
