#include "tests/support/nps_test.h"

#include "service/crypt.h"
#include "service/store.h"

#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdatomic.h>

static nps_store *reopen(nps_store *s, const char *dir)
{
    nps_err err = {0};
    nps_store_close(s);
    assert_ok(nps_store_open(dir, &s, &err), &err);
    return s;
}

typedef struct {
    char id[NPS_SAMPLE_ID], uuid[NPS_UUID_TEXT], digest[2][65];
    nps_store_file file;
    nps_store_sample_new n;
} draft;

/* A sample with one file; novel with the digest "aaa..." of that letter, unless the letter is 0. */
static void make_draft(draft *d, char letter)
{
    *d = (draft){0};
    nps_random_hex(16, d->id);
    nps_random_uuid(d->uuid);
    memset(d->digest[0], letter ? letter : '-', 64);
    d->file = (nps_store_file){"a.msp", "text/plain", NPS_SPAN("Name: \0 x\xff")};
    d->n = (nps_store_sample_new){.id = d->id, .received_ms = 1764000000000, .outcome = letter ? "novel" : "identified",
                                  .generation = "g", .verdict = "{\"verdict\":\"x\"}", .file = &d->file, .n_file = 1,
                                  .request_digest = "r", .digest = (const char(*)[65])d->digest, .n_digest = letter != 0,
                                  .case_uuid = d->uuid, .case_summary = "{\"title\":\"t\"}"};
}

static nps_store_receipt add(nps_store *s, draft *d)
{
    nps_store_receipt r;
    nps_err err = {0};
    assert_ok(nps_store_sample_add(s, &d->n, 0, &r, &err), &err);
    return r;
}

static void a_sample_comes_back_as_it_was(void **state)
{
    (void)state;
    const char *dir = nps_temp_dir();
    nps_store *s = reopen(NULL, dir);
    draft d;
    make_draft(&d, 0);
    d.n.country = "DE";
    d.n.reference = "LKA \xc3\xa4";
    assert_string_equal(add(s, &d).case_code, "");
    s = reopen(s, dir);
    NPS_AUTO(nps_stored_sample) got = NULL;
    NPS_AUTO_BUF bytes = NPS_BUF_INIT(1000);
    nps_err err = {0};
    assert_ok(nps_store_sample_get(s, d.id, &got, &err), &err);
    assert_string_equal(got->verdict, "{\"verdict\":\"x\"}");
    assert_string_equal(got->country, "DE");
    assert_string_equal(got->reference, "LKA \xc3\xa4");
    assert_null(got->date);
    assert_null(got->case_code);
    assert_int_equal(got->received_ms, 1764000000000);
    assert_int_equal(got->n_file, 1);
    assert_int_equal(got->file[0].bytes, 10);
    assert_ok(nps_store_sample_file(s, d.id, 0, &bytes, &err), &err);
    assert_int_equal(bytes.len, 10);
    assert_memory_equal(bytes.data, "Name: \0 x\xff", 10);
    assert_int_equal(nps_store_sample_file(s, d.id, 1, &bytes, &err), NPS_E_NOT_FOUND);
    nps_stored_sample *none = NULL;
    assert_int_equal(nps_store_sample_get(s, "no", &none, &err), NPS_E_NOT_FOUND);
    assert_null(none);
    nps_store_close(s);
}

static void the_same_unknown_joins_its_case_and_another_opens_one(void **state)
{
    (void)state;
    nps_store *s = reopen(NULL, nps_temp_dir());
    draft a, again, other, both;
    make_draft(&a, 'a');
    make_draft(&again, 'a');
    make_draft(&other, 'b');
    make_draft(&both, 'c');
    again.n.country = "FR";
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
    (void)state;
    nps_store *s = reopen(NULL, nps_temp_dir());
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
    (void)state;
    nps_store *s = reopen(NULL, nps_temp_dir());
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
    (void)state;
    nps_store *s = reopen(NULL, nps_temp_dir());
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
    (void)state;
    const char *dir = nps_temp_dir();
    nps_store *s = reopen(NULL, dir);
    draft a, b;
    nps_store_event e;
    bool found;
    int64_t n;
    nps_err err = {0};
    assert_ok(nps_store_event_next(s, &e, &found, &err), &err);
    assert_false(found);
    make_draft(&a, 'a');
    make_draft(&b, 'b');
    b.n.received_ms++;
    add(s, &a);
    add(s, &b);
    assert_ok(nps_store_event_next(s, &e, &found, &err), &err);
    assert_string_equal(e.event, a.uuid);
    assert_string_equal(e.data, "{\"title\":\"t\"}");
    assert_int_equal(e.attempts, 0);
    assert_ok(nps_store_event_tried(s, e.id, 5, 500, NULL, NPS_EVENT_PENDING, e.due_ms + 10, &err), &err);
    nps_store_event_done(&e);
    assert_ok(nps_store_event_next(s, &e, &found, &err), &err);
    assert_string_equal(e.event, b.uuid);
    assert_ok(nps_store_event_tried(s, e.id, 5, 204, NULL, NPS_EVENT_DONE, 0, &err), &err);
    nps_store_event_done(&e);
    s = reopen(s, dir);
    assert_ok(nps_store_event_next(s, &e, &found, &err), &err);
    assert_string_equal(e.event, a.uuid);
    assert_int_equal(e.attempts, 1);
    assert_ok(nps_store_event_tried(s, e.id, 6, 0, "no route", NPS_EVENT_DEAD, 0, &err), &err);
    nps_store_event_done(&e);
    assert_ok(nps_store_event_next(s, &e, &found, &err), &err);
    assert_false(found);
    assert_ok(nps_store_event_revive(s, 77, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_ok(nps_store_event_next(s, &e, &found, &err), &err);
    assert_true(found);
    assert_int_equal(e.due_ms, 77);
    nps_store_event_done(&e);
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
            nps_store_sample_get(w->s, d.id, &got, NULL) != NPS_OK)
            atomic_fetch_add(w->faults, 1);
        nps_stored_sample_free(got);
    }
    return NULL;
}

static void many_threads_write_and_read_what_they_wrote(void **state)
{
    (void)state;
    enum { N = 6 };
    nps_store *s = reopen(NULL, nps_temp_dir());
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
    (void)state;
    const char *dir = nps_temp_dir();
    nps_store *s = reopen(NULL, dir);
    char uuid[64], path[600];
    sqlite3 *db;
    nps_err err = {0};
    snprintf(uuid, sizeof uuid, "%s", nps_store_uuid(s));
    s = reopen(s, dir);
    assert_string_equal(nps_store_uuid(s), uuid);
    nps_store_close(s);
    snprintf(path, sizeof path, "%s/npswatch.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(nps_store_open(dir, &s, &err), NPS_E_UNSUPPORTED);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("this is no database, and it is long enough to be looked at by anybody who opens it", f);
    fclose(f);
    assert_int_equal(nps_store_open(dir, &s, &err), NPS_E_IO);
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sample_comes_back_as_it_was),
                                       cmocka_unit_test(the_same_unknown_joins_its_case_and_another_opens_one),
                                       cmocka_unit_test(codes_begin_again_each_year),
                                       cmocka_unit_test(a_key_gives_the_stored_sample_again_until_it_is_old),
                                       cmocka_unit_test(a_failed_sample_leaves_nothing_behind),
                                       cmocka_unit_test(events_come_in_order_and_keep_their_tries),
                                       cmocka_unit_test(many_threads_write_and_read_what_they_wrote),
                                       cmocka_unit_test(the_identity_stays_and_a_newer_store_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
