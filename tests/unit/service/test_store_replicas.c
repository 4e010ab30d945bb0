/* Several processes on one PostgreSQL, here as several stores of one: what they do at once, and what a dying server leaves. */
#include "tests/support/store_fixture.h"

#include "service/clock.h"
#include "service/db.h"
#include "service/store_impl.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <unistd.h>

static void run_sql(const char *url, const char *sql)
{
    nps_db *db;
    nps_err err = {0};
    assert_ok(nps_db_open(url, NPS_DB_TOOL, &db, &err), &err);
    assert_ok(nps_db_run(db, sql, &err), &err);
    nps_db_close(db);
}

/* --- writing at once ---------------------------------------------------------------------------------------------------------- */

enum { STORES = 2, THREADS = 4, EACH = 25 };

typedef struct {
    nps_store *s;
    int number;
    atomic_int *faults;
} writer;

/* Each sample opens a case of its own. */
static void *open_cases(void *arg)
{
    writer *w = arg;
    for (int i = 0; i < EACH; i++) {
        draft d;
        nps_store_receipt r;
        make_draft(&d, 'x');
        snprintf(d.digest[0], sizeof d.digest[0], "%064d", w->number * EACH + i);
        if (nps_store_sample_add(w->s, &d.n, 0, &r, NULL) != NPS_OK || !r.case_opened)
            atomic_fetch_add(w->faults, 1);
    }
    return NULL;
}

/* Who reads on from the last position that it saw must not miss one that appears behind it later. */
static void *follow(void *arg)
{
    writer *w = arg;
    int64_t last = 0, n = 0;
    for (int64_t end = nps_clock_mono_ms() + 60000; n < STORES * THREADS * EACH && nps_clock_mono_ms() < end;) {
        nps_db *db;
        if (nps_store_take_reader(w->s, &db, NULL) != NPS_OK) {
            atomic_fetch_add(w->faults, 1);
            break;
        }
        nps_query q = nps_query_begin(db, "SELECT seq FROM cases WHERE seq>? ORDER BY seq");
        nps_query_i64(&q, last);
        while (nps_query_next(&q)) {
            last = nps_query_get_i64(&q, 0);
            n++;
        }
        if (nps_query_end(&q, NULL) != NPS_OK)
            atomic_fetch_add(w->faults, 1);
        nps_store_give_reader(w->s, db);
    }
    if (n != STORES * THREADS * EACH)
        atomic_fetch_add(w->faults, 1000);
    return NULL;
}

static void replicas_give_each_case_one_code_without_gaps_and_in_order(void **state)
{
    const place *p = *state;
    nps_store *s[STORES];
    atomic_int faults = 0;
    pthread_t t[STORES * THREADS], reader;
    writer w[STORES * THREADS], f;
    static bool seen[STORES * THREADS * EACH + 1];
    nps_stored_cases c;
    nps_err err = {0};
    for (int i = 0; i < STORES; i++)
        assert_ok(nps_store_open(p->where, &s[i], &err), &err);
    assert_string_equal(nps_store_uuid(s[0]), nps_store_uuid(s[1]));
    f = (writer){s[0], 0, &faults};
    assert_int_equal(pthread_create(&reader, NULL, follow, &f), 0);
    for (int i = 0; i < STORES * THREADS; i++) {
        w[i] = (writer){s[i % STORES], i, &faults};
        assert_int_equal(pthread_create(&t[i], NULL, open_cases, &w[i]), 0);
    }
    for (int i = 0; i < STORES * THREADS; i++)
        pthread_join(t[i], NULL);
    pthread_join(reader, NULL);
    assert_int_equal(faults, 0);
    assert_ok(nps_store_cases(s[0], INT64_MAX, STORES * THREADS * EACH, &c, &err), &err);
    assert_int_equal(c.n, STORES * THREADS * EACH);
    for (size_t i = 0; i < c.n; i++) {
        long number = strtol(c.item[i].code + strlen("NPS-2025-"), NULL, 10);
        assert_true(number >= 1 && number <= STORES * THREADS * EACH && !seen[number]);
        assert_true(!i || c.item[i].seq < c.item[i - 1].seq);
        assert_int_equal((size_t)number, c.n - i);
        seen[number] = true;
    }
    nps_stored_cases_done(&c);
    for (int i = 0; i < STORES; i++)
        nps_store_close(s[i]);
}

static void *open_store(void *arg)
{
    writer *w = arg;
    nps_store *s;
    if (nps_store_open(((place *)(void *)w->s)->where, &s, NULL) != NPS_OK)
        atomic_fetch_add(w->faults, 1);
    else
        nps_store_close(s);
    return NULL;
}

static void replicas_that_start_at_once_make_the_store_once(void **state)
{
    enum { N = 6 };
    atomic_int faults = 0;
    pthread_t t[N];
    writer w = {(nps_store *)*state, 0, &faults};
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&t[i], NULL, open_store, &w), 0);
    for (int i = 0; i < N; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(faults, 0);
    nps_store_close(store_at(state));
}

/* --- deliveries ------------------------------------------------------------------------------------------------------------- */

enum { EVENTS = 90, CLAIMERS = 3 };

typedef struct {
    nps_store *s;
    char name[8];
    int64_t lease_ms;
    atomic_int *tries, *faults; /* [EVENTS + 1], by id */
} claimer;

static void *deliver(void *arg)
{
    claimer *c = arg;
    for (;;) {
        nps_store_event e;
        bool found;
        int64_t due, now = nps_clock_wall_ms();
        if (nps_store_event_next(c->s, c->name, now, c->lease_ms, &e, &found, &due, NULL) != NPS_OK) {
            atomic_fetch_add(c->faults, 1);
            return NULL;
        }
        if (!found && due == INT64_MAX)
            return NULL;
        if (!found) {
            usleep(1000);
            continue;
        }
        usleep(500);
        atomic_fetch_add(&c->tries[e.id], 1);
        if (nps_store_event_tried(c->s, &e, now, 204, NULL, NPS_EVENT_DONE, 0, NULL) != NPS_OK)
            atomic_fetch_add(c->faults, 1);
        nps_store_event_done(&e);
    }
}

/* Events that were delivered another number of times than once. */
static int deliver_all(const place *p, int64_t lease_ms)
{
    nps_store *s[CLAIMERS];
    atomic_int tries[EVENTS + 1] = {0}, faults = 0;
    pthread_t t[CLAIMERS];
    claimer c[CLAIMERS];
    nps_err err = {0};
    int wrong = 0;
    for (int i = 0; i < CLAIMERS; i++)
        assert_ok(nps_store_open(p->where, &s[i], &err), &err);
    for (int i = 0; i < EVENTS; i++) {
        draft d;
        make_draft(&d, 'x');
        snprintf(d.digest[0], sizeof d.digest[0], "%064d", i);
        add(s[0], &d);
    }
    for (int i = 0; i < CLAIMERS; i++) {
        c[i] = (claimer){s[i], "", lease_ms, tries, &faults};
        snprintf(c[i].name, sizeof c[i].name, "r%d", i);
        assert_int_equal(pthread_create(&t[i], NULL, deliver, &c[i]), 0);
    }
    for (int i = 0; i < CLAIMERS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(faults, 0);
    assert_int_equal(counts_of(s[0]).pending, 0);
    for (int i = 1; i <= EVENTS; i++)
        wrong += tries[i] != 1;
    for (int i = 0; i < CLAIMERS; i++)
        nps_store_close(s[i]);
    return wrong;
}

static void three_relays_deliver_each_event_once(void **state)
{
    assert_int_equal(deliver_all(*state, 60000), 0);
}

/* A claim that lasts no time protects nothing: then the count above must see it. */
static void the_counting_sees_claims_that_do_not_hold(void **state)
{
    assert_true(deliver_all(*state, 0) > 0);
}

/* --- a server that dies -------------------------------------------------------------------------------------------------------- */

enum { CLIENTS = 6, SAMPLES = 600 };

static atomic_int next_sample, acknowledged;
static char ids[SAMPLES][NPS_SAMPLE_ID];

/* Each sample until it is acknowledged, always with the same key. */
static void *submit(void *arg)
{
    nps_store *s = arg;
    for (int i; (i = atomic_fetch_add(&next_sample, 1)) < SAMPLES;) {
        char key[20];
        draft d;
        nps_store_receipt r;
        snprintf(key, sizeof key, "k%d", i);
        make_draft(&d, 'x');
        snprintf(d.digest[0], sizeof d.digest[0], "%064d", i);
        d.n.idempotency_key = key;
        while (nps_store_sample_add(s, &d.n, 0, &r, NULL) != NPS_OK)
            usleep(2000);
        snprintf(ids[i], sizeof ids[i], "%s", r.id);
        atomic_fetch_add(&acknowledged, 1);
    }
    return NULL;
}

static bool wait_for_health(nps_store *s, nps_status want)
{
    nps_err err = {0};
    for (int64_t end = nps_clock_mono_ms() + 20000; nps_clock_mono_ms() < end; usleep(10000))
        if ((nps_store_health(s, &err) == NPS_OK) == (want == NPS_OK))
            return true;
    return false;
}

static void a_server_that_crashes_loses_nothing_acknowledged(void **state)
{
    nps_store *s = store_at(state);
    pthread_t t[CLIENTS];
    nps_stored_sample *got;
    nps_err err = {0};
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, submit, s), 0);
    for (int crash = 1; crash <= 3; crash++) {
        while (atomic_load(&acknowledged) < crash * SAMPLES / 4)
            usleep(1000);
        nps_test_pg_crash(&store_pg);
        assert_true(wait_for_health(s, NPS_E_IO));
        assert_true(nps_test_pg_again(&store_pg));
        assert_true(wait_for_health(s, NPS_OK));
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(t[i], NULL);
    nps_store_counts c = counts_of(s);
    assert_int_equal(c.samples, SAMPLES);
    assert_int_equal(c.cases, SAMPLES);
    assert_int_equal(c.pending, SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
        assert_ok(nps_store_sample_get(s, "", ids[i], &got, &err), &err);
        assert_int_equal(got->n_file, 1);
        nps_stored_sample_free(got);
    }
    nps_store_close(s);
}

static nps_status look_at_commit(nps_db *db, void *arg, nps_err *err)
{
    nps_query q = nps_query_begin(db, "SELECT current_setting('synchronous_commit')");
    if (nps_query_next(&q))
        nps_query_get_text(&q, 0, arg, 20);
    return nps_query_end(&q, err);
}

/* Nobody writes meanwhile, so that nothing but the store itself notices. */
static void an_idle_store_outlives_a_restart(void **state)
{
    nps_store *s = store_at(state);
    draft d;
    make_draft(&d, 'a');
    add(s, &d);
    nps_test_pg_crash(&store_pg);
    assert_true(nps_test_pg_again(&store_pg));
    make_draft(&d, 'b');
    assert_string_equal(add(s, &d).case_code, "NPS-2025-0002");
    assert_int_equal(counts_of(s).samples, 2);
    nps_store_close(s);
}

static void a_server_that_confirms_too_early_is_refused_or_set_right(void **state)
{
    const place *p = *state;
    nps_store *s;
    char setting[20] = "", sql[300];
    nps_err err = {0};
    snprintf(sql, sizeof sql, "ALTER DATABASE t%d SET synchronous_commit=off", store_pg.n_database);
    run_sql(p->where, sql);
    s = store_at(state);
    assert_ok(nps_store_write(s, look_at_commit, setting, &err), &err);
    assert_string_equal(setting, "on");
    nps_store_close(s);
    run_sql(p->where, "ALTER SYSTEM SET fsync=off");
    run_sql(p->where, "SELECT pg_reload_conf()");
    nps_status st = NPS_OK;
    s = NULL;
    for (int i = 0; i < 500 && st == NPS_OK; i++, usleep(10000)) {
        nps_store_close(s);
        s = NULL;
        st = nps_store_open(p->where, &s, &err);
    }
    assert_int_equal(st, NPS_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "fsync=off"));
}

static void a_password_shows_in_no_message(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "postgresql://me:Tr0ub4dor@127.0.0.1:1/db", "postgresql://me:Tr0ub4dor@/db?host=/nonexistent",
        "postgresql://me@/db?host=/nonexistent&password=Tr0ub4dor", "postgresql://me:a/Tr0ub4dor@h/db",
        "postgresql://me:a@Tr0ub4dor@h/db", "postgresql://me:a?Tr0ub4dor@h/db", "postgresql://Tr0ub4dor:Tr0ub4dor/x@h",
        "postgresql://me:%zzTr0ub4dor@h/db", "postgresql://[Tr0ub4dor", "postgresql://h/db?Tr0ub4dor=1&Tr0ub4dor",
        "postgresql://me:Tr0ub4dor@h:Tr0ub4dor/db"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        nps_store *s = NULL;
        nps_err err = {0};
        assert_int_not_equal(nps_store_open(urls[i], &s, &err), NPS_OK);
        assert_null(s);
        if (strstr(err.msg, "Tr0ub4dor") || !*err.msg)
            print_error("%s: %s\n", urls[i], err.msg);
        assert_null(strstr(err.msg, "Tr0ub4dor"));
        assert_true(*err.msg != '\0');
    }
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
#define ON_PG(test) {#test, test, set_up_place, NULL, &on_postgresql}
    /* What kills the server first: a start after a crash syncs every file of every database that is there by then. */
    const struct CMUnitTest tests[] = {ON_PG(an_idle_store_outlives_a_restart),
                                       ON_PG(a_server_that_crashes_loses_nothing_acknowledged),
                                       ON_PG(replicas_that_start_at_once_make_the_store_once),
                                       ON_PG(replicas_give_each_case_one_code_without_gaps_and_in_order),
                                       ON_PG(three_relays_deliver_each_event_once),
                                       ON_PG(the_counting_sees_claims_that_do_not_hold),
                                       ON_PG(a_password_shows_in_no_message),
                                       ON_PG(a_server_that_confirms_too_early_is_refused_or_set_right)};
    return cmocka_run_group_tests(tests, store_servers_start, store_servers_stop);
}
