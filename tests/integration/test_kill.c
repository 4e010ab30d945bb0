/* kill -9 at random moments while samples come in: what was acknowledged is there, each novel one reaches the receiver, and
 * under one id only. The checker itself is shown damaged stores, which it must see. */
#include "tests/support/nps_test.h"
#include "tests/support/serve.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 200, CLIENTS = 4, PEAKS = 12 };

typedef struct {
    char body[2100], id[40], code[40];
    bool novel, acknowledged;
} submission;

static char dir[256], bearer[200], known[2000];
static char base_url[100]; /* the same after every start; `server` itself belongs to the thread that starts */
static nps_test_server server;
static nps_test_receiver *receiver;
static submission all[SAMPLES];
static atomic_int next_one;
static atomic_bool given_up;
static useconds_t start_us; /* what the last start took: sanitizers make it long */

/* Three of four are unknown to the library, each with a spectrum of its own. */
static void make_submission(int i)
{
    submission *s = &all[i];
    s->novel = i % 4 != 3;
    if (!s->novel) {
        snprintf(s->body, sizeof s->body, "%s", known);
        return;
    }
    size_t at = (size_t)snprintf(s->body, sizeof s->body, "Name: kill %d\nNum Peaks: %d\n", i, PEAKS);
    for (int k = 0; k < PEAKS; k++)
        at += (size_t)snprintf(s->body + at, sizeof s->body - at, "%d %d\n", 41 + 17 * k, 100 + (i * 37 + k * 71) % 900 + i);
}

static bool submit(int i)
{
    char url[200], key[60];
    submission *s = &all[i];
    snprintf(url, sizeof url, "%s/v1/samples", base_url);
    snprintf(key, sizeof key, "Idempotency-Key: kill-%d", i);
    const char *const headers[] = {bearer, key, NULL};
    nps_test_answer a = nps_test_http("POST", url, headers, s->body, strlen(s->body));
    const char *id = a.status == 201 ? strstr(a.body, "\"id\":\"") : NULL;
    const char *code = a.status == 201 ? strstr(a.body, "\"case\":\"") : NULL;
    if (id)
        snprintf(s->id, sizeof s->id, "%.32s", id + 6);
    if (code)
        snprintf(s->code, sizeof s->code, "%.*s", (int)strcspn(code + 8, "\""), code + 8);
    s->acknowledged = id != NULL;
    nps_test_answer_done(&a);
    return id != NULL;
}

static void *client(void *arg)
{
    (void)arg;
    for (int i; (i = atomic_fetch_add(&next_one, 1)) < SAMPLES;)
        while (!submit(i) && !atomic_load(&given_up))
            usleep(5000);
    return NULL;
}

static void start(void)
{
    static char url[100], secret[400];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", nps_test_receiver_port(receiver));
    snprintf(secret, sizeof secret, "%s/secret", dir);
    const char *const options[] = {"--webhook-url", url, "--webhook-secret-file", secret, "--webhook-allow-private", "yes",
                                   "--webhook-retry-s", "0 0.1 0.1 0.1 0.2 0.2 0.5 0.5 1 1 1 1 1 1", NULL};
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    nps_test_serve(&server, dir, options);
    clock_gettime(CLOCK_MONOTONIC, &b);
    start_us = (useconds_t)((b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000);
}

static double metric(const char *name)
{
    char url[200], line[100];
    snprintf(url, sizeof url, "%s/metrics", server.url);
    snprintf(line, sizeof line, "\n%s ", name);
    nps_test_answer a = nps_test_http("GET", url, NULL, NULL, 0);
    const char *at = a.body ? strstr(a.body, line) : NULL;
    double v = at ? strtod(at + strlen(line), NULL) : -1;
    nps_test_answer_done(&a);
    return v;
}

static bool is_stored(const submission *s)
{
    char url[200];
    const char *const headers[] = {bearer, NULL};
    snprintf(url, sizeof url, "%s/v1/samples/%s/files/0", server.url, s->id);
    nps_test_answer a = nps_test_http("GET", url, headers, NULL, 0);
    bool same = a.status == 200 && a.len == strlen(s->body) && memcmp(a.body, s->body, a.len) == 0;
    nps_test_answer_done(&a);
    return same;
}

/* Faults among what was acknowledged and what the receiver has seen; `hidden` deliveries at the end are not looked at. */
static int check(size_t hidden)
{
    int faults = 0;
    size_t n = nps_test_receiver_count(receiver) - hidden;
    if ((int)metric("npswatch_samples") != SAMPLES)
        faults++;
    for (int i = 0; i < SAMPLES; i++) {
        const submission *s = &all[i];
        char id[64] = "";
        if (!s->acknowledged || !is_stored(s) || s->novel != (*s->code != '\0'))
            faults++;
        for (size_t k = 0; s->novel && k < n; k++) {
            nps_test_delivery d = nps_test_receiver_get(receiver, k);
            if (strcmp(d.subject, s->code) != 0)
                continue;
            if (*id && strcmp(id, d.id) != 0)
                faults++; /* the same case under another id */
            snprintf(id, sizeof id, "%s", d.id);
        }
        if (s->novel && !*id)
            faults++; /* never arrived */
    }
    return faults;
}

static void nothing_acknowledged_is_lost_by_kill_9(void **state)
{
    (void)state;
    pthread_t t[CLIENTS];
    uint64_t seed = nps_test_seed();
    int kills = 0;
    for (int i = 0; i < SAMPLES; i++)
        make_submission(i);
    snprintf(base_url, sizeof base_url, "%s", server.url);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, client, NULL), 0);
    while (atomic_load(&next_one) < SAMPLES && kills < 500) {
        usleep((useconds_t)(nps_test_random(&seed) % (30000 + start_us)));
        assert_int_equal(nps_test_stop(&server, SIGKILL), -SIGKILL);
        start();
        kills++;
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(t[i], NULL);
    /* Deliveries are behind; some more deaths for the relay alone. */
    for (int i = 0; i < 5; i++) {
        usleep((useconds_t)(nps_test_random(&seed) % (30000 + start_us)));
        assert_int_equal(nps_test_stop(&server, SIGKILL), -SIGKILL);
        start();
        kills++;
    }
    for (int i = 0; i < 6000 && metric("npswatch_outbox_pending") > 0; i++)
        usleep(10000);
    assert_near(metric("npswatch_outbox_pending"), 0, 0, 0);
    assert_near(metric("npswatch_outbox_dead"), 0, 0, 0);
    printf("%d kills, %d samples acknowledged, %.0f cases, %zu deliveries\n", kills, SAMPLES, metric("npswatch_cases"),
           nps_test_receiver_count(receiver));
    assert_int_equal(check(0), 0);
}

static void run_sql(const char *sql)
{
    char path[400];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/store/npswatch.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_true(sqlite3_total_changes(db) > 0);
    sqlite3_close(db);
}

static void the_checker_sees_a_lost_sample_a_changed_file_and_a_lost_delivery(void **state)
{
    (void)state;
    char sql[300];
    assert_int_equal(check(0), 0);
    assert_true(check(nps_test_receiver_count(receiver)) > 100);
    assert_int_equal(nps_test_stop(&server, SIGTERM), 0);
    snprintf(sql, sizeof sql, "UPDATE files SET bytes=x'00' WHERE sample='%s'", all[3].id);
    run_sql(sql);
    start();
    assert_int_equal(check(0), 1);
    assert_int_equal(nps_test_stop(&server, SIGTERM), 0);
    snprintf(sql, sizeof sql, "PRAGMA foreign_keys=OFF; DELETE FROM files WHERE sample='%s'; DELETE FROM samples WHERE id='%s'",
             all[0].id, all[0].id);
    run_sql(sql);
    start();
    assert_int_equal(check(0), 3); /* the changed file, the lost sample, and the number of samples */
}

static int set_up(void **state)
{
    (void)state;
    char path[400];
    size_t len;
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    nps_test_demo(dir);
    snprintf(path, sizeof path, "%s/samples/known-ei.msp", dir);
    char *text = nps_slurp(path, &len);
    if (!text || len >= sizeof all[0].body)
        return 1;
    snprintf(known, sizeof known, "%s", text);
    free(text);
    snprintf(path, sizeof path, "%s/secret", dir);
    FILE *f = fopen(path, "w");
    if (!f || fputs("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", f) < 0 || fclose(f) != 0)
        return 1;
    receiver = nps_test_receiver_start();
    start();
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", server.token[NPS_TEST_LAB]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    atomic_store(&given_up, true);
    nps_test_stop(&server, SIGKILL);
    nps_test_receiver_stop(receiver);
    return 0;
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_by_kill_9),
        cmocka_unit_test(the_checker_sees_a_lost_sample_a_changed_file_and_a_lost_delivery)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
