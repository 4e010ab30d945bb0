/* Two services on one PostgreSQL, from outside: both take samples, one of them is killed, each case is delivered; the program
 * backs the store up meanwhile and fills a folder from it, on which a service then runs. */
#include "tests/support/nps_test.h"
#include "tests/support/pg.h"
#include "tests/support/serve.h"

#include <curl/curl.h>
#include <signal.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SAMPLES = 40 };

static char dir[256], generations[300], store_url[200], hook[100], secret[400];
static nps_test_pg pg;
static nps_test_server server[2];
static nps_test_receiver *receiver;
static char codes[SAMPLES][40];

static void start(int i)
{
    char own[300];
    snprintf(own, sizeof own, "%s/%c", dir, 'a' + i);
    const char *const options[] = {"--store", store_url, "--generations", generations, "--webhook-url", hook, "--webhook-secret-file", secret,
                                   "--webhook-allow-private", "yes", "--webhook-retry-s", "0 0.1 0.1 0.2 0.5 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", NULL};
    nps_test_serve(&server[i], own, options);
}

/* A spectrum that the library does not have; the answer's case goes to `code`. Returns the status. */
static long submit(const nps_test_server *s, int i, char *code, size_t size)
{
    char body[400], url[100], bearer[200];
    size_t at = (size_t)snprintf(body, sizeof body, "Name: replica %d\nNum Peaks: 12\n", i);
    for (int k = 0; k < 12; k++)
        at += (size_t)snprintf(body + at, sizeof body - at, "%d %d\n", 41 + 17 * k, 100 + (i * 37 + k * 71) % 900 + i);
    snprintf(url, sizeof url, "%s/v1/samples", s->url);
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", server[0].token[NPS_TEST_LAB]);
    const char *const headers[] = {bearer, NULL};
    nps_test_answer a = nps_test_http("POST", url, headers, body, strlen(body));
    const char *found = a.status == 201 ? strstr(a.body, "\"case\":\"") : NULL;
    snprintf(code, size, "%.*s", found ? (int)strcspn(found + 8, "\"") : 0, found ? found + 8 : "");
    long status = a.status;
    nps_test_answer_done(&a);
    return status;
}

static size_t deliveries_of(const char *code)
{
    size_t n = 0;
    for (size_t k = 0; k < nps_test_receiver_count(receiver); k++)
        n += strcmp(nps_test_receiver_get(receiver, k).subject, code) == 0;
    return n;
}

static void two_services_share_cases_and_deliveries(void **state)
{
    (void)state;
    char again[40];
    for (int i = 0; i < SAMPLES; i++) {
        assert_int_equal(submit(&server[i % 2], i, codes[i], sizeof codes[i]), 201);
        assert_string_not_equal(codes[i], "");
        for (int k = 0; k < i; k++)
            assert_string_not_equal(codes[i], codes[k]);
    }
    /* The same unknown from the other laboratory's service is the same case. */
    assert_int_equal(submit(&server[1], 0, again, sizeof again), 201);
    assert_string_equal(again, codes[0]);
    for (int i = 0; i < SAMPLES; i++) {
        for (int k = 0; k < 2000 && !deliveries_of(codes[i]); k++)
            usleep(10000);
        assert_int_equal(deliveries_of(codes[i]), 1);
    }
}

static void what_a_killed_one_held_is_delivered_when_it_is_back(void **state)
{
    (void)state;
    char code[40];
    nps_test_receiver_answer(receiver, 503, "");
    assert_int_equal(submit(&server[0], 1000, code, sizeof code), 201);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(nps_test_stop(&server[0], SIGKILL), -SIGKILL);
        start(0);
    }
    nps_test_receiver_answer(receiver, 204, "");
    size_t before = deliveries_of(code);
    for (int k = 0; k < 1000 && deliveries_of(code) == before; k++)
        usleep(10000);
    assert_true(deliveries_of(code) > before);
}

static void a_backup_of_the_running_store_runs_as_a_folder(void **state)
{
    (void)state;
    char file[300], folder[400], out[400], err[400], code[40];
    snprintf(file, sizeof file, "%s/backup.db", dir);
    const char *const backup[] = {NPS_PROGRAM, "admin", "backup", "--store", store_url, "-o", file, NULL};
    assert_int_equal(nps_test_program(backup, out, sizeof out, err, sizeof err), 0);
    assert_non_null(strstr(out, "rows of"));
    snprintf(folder, sizeof folder, "%s/c", dir);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(folder, sizeof folder, "%s/c/store", dir);
    const char *const restore[] = {NPS_PROGRAM, "admin", "restore", "--data", folder, file, NULL};
    assert_int_equal(nps_test_program(restore, out, sizeof out, err, sizeof err), 0);
    /* A second time it is not empty; and into the database that is in use it does not go at all. */
    assert_int_equal(nps_test_program(restore, out, sizeof out, err, sizeof err), 1);
    assert_non_null(strstr(err, "the store is not empty"));
    const char *const over[] = {NPS_PROGRAM, "admin", "restore", "--store", store_url, file, NULL};
    assert_int_equal(nps_test_program(over, out, sizeof out, err, sizeof err), 1);
    assert_non_null(strstr(err, "in use"));
    const char *const both[] = {NPS_PROGRAM, "admin", "backup", "--store", store_url, "--data", folder, "-o", file, NULL};
    assert_int_equal(nps_test_program(both, out, sizeof out, err, sizeof err), 2);
    nps_test_server moved = {.pid = 0};
    snprintf(moved.dir, sizeof moved.dir, "%s", dir);
    snprintf(moved.library, sizeof moved.library, "%s/demo.h5", dir);
    snprintf(folder, sizeof folder, "%s/c", dir);
    nps_test_serve(&moved, folder, NULL);
    assert_int_equal(submit(&moved, 5, code, sizeof code), 201);
    assert_string_equal(code, codes[5]);
    assert_int_equal(nps_test_stop(&moved, SIGTERM), 0);
}

static void a_dead_database_is_told_and_comes_back(void **state)
{
    (void)state;
    char url[100], code[40];
    long status = 200;
    snprintf(url, sizeof url, "%s/readyz", server[1].url);
    nps_test_pg_crash(&pg);
    for (int i = 0; i < 1000 && status != 503; i++, usleep(10000)) {
        nps_test_answer a = nps_test_http("GET", url, NULL, NULL, 0);
        status = a.status;
        nps_test_answer_done(&a);
    }
    assert_int_equal(status, 503);
    assert_int_equal(submit(&server[1], 2000, code, sizeof code), 500);
    assert_true(nps_test_pg_again(&pg));
    for (int i = 0; i < 2000 && status != 200; i++, usleep(10000)) {
        nps_test_answer a = nps_test_http("GET", url, NULL, NULL, 0);
        status = a.status;
        nps_test_answer_done(&a);
    }
    assert_int_equal(status, 200);
    assert_int_equal(submit(&server[1], 2000, code, sizeof code), 201);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s", nps_temp_dir());
    snprintf(generations, sizeof generations, "%s/generations", dir);
    nps_test_demo(dir);
    snprintf(secret, sizeof secret, "%s/secret", dir);
    FILE *f = fopen(secret, "w");
    if (!f || fputs("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", f) < 0 || fclose(f) != 0 || !nps_test_pg_start(&pg))
        return 1;
    nps_test_pg_database(&pg, store_url, sizeof store_url);
    receiver = nps_test_receiver_start();
    snprintf(hook, sizeof hook, "http://127.0.0.1:%d/", nps_test_receiver_port(receiver));
    for (int i = 0; i < 2; i++) {
        char own[300];
        snprintf(own, sizeof own, "%s/%c", dir, 'a' + i);
        if (mkdir(own, 0700) != 0)
            return 1;
        snprintf(server[i].dir, sizeof server[i].dir, "%s", dir);
        snprintf(server[i].library, sizeof server[i].library, "%s/demo.h5", dir);
        start(i);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        nps_test_stop(&server[i], SIGKILL);
    nps_test_receiver_stop(receiver);
    nps_test_pg_stop(&pg);
    return 0;
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_services_share_cases_and_deliveries),
                                       cmocka_unit_test(what_a_killed_one_held_is_delivered_when_it_is_back),
                                       cmocka_unit_test(a_backup_of_the_running_store_runs_as_a_folder),
                                       cmocka_unit_test(a_dead_database_is_told_and_comes_back)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
