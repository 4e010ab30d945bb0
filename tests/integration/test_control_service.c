/* Control status through the real program and the real service: a site's own tables, taken up while running. */
#include "tests/support/serve_fixture.h"

#include <sys/stat.h>

#define HEAD "list\tschedule\tsince\tuntil\tname\tinchikey\tformula\tlevel\tseen\tsource\tnote\n"

static char folder[300];
static const char key[] = "DHHVAGZRUROJKS-UHFFFAOYSA-N"; /* given to the one substance of the library here */

/* A table of one row, the InChIKey between its two parts. */
static void put_table(const char *name, const char *before, const char *inchikey, const char *after)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fprintf(f, HEAD "%s%s%s", before, inchikey, after) > 0);
    assert_int_equal(fclose(f), 0);
}

static bool log_says(const char *what)
{
    char path[400];
    snprintf(path, sizeof path, "%s/err", dir);
    for (int64_t end = now_ms() + 10000; now_ms() < end; usleep(20000)) {
        size_t len;
        char *text = nps_slurp(path, &len);
        bool told = text && strstr(text, what);
        free(text);
        if (told)
            return true;
    }
    return false;
}

static void tables_of_the_site_are_taken_up_while_running(void **state)
{
    (void)state;
    char path[300];
    expect(post_file(&main_server, "/v1/identify", NULL, "known-ei.msp"), 200, "\"control_text\":\"not in these tables\"");
    put_table("conventions.tsv", "1971\tII\t2019-05-01\t\tX\t", key, "\t\tA\tdecision\tsite\t\n");
    put_table("surveillance.tsv", "surveillance\t\t2019\t\tX\t", key, "\t\tC\t\tsite\t\n");
    expect(ask(&main_server, "POST", "/v1/admin/reload", bearer_of[NPS_TEST_ADMIN], "", 0), 200, "\"control\":{\"changed\":true,\"tables\":\"tables\"");
    expect(post_file(&main_server, "/v1/identify", NULL, "known-ei.msp"), 200, "\"control_text\":\"1971, II\"");
    expect(post_file(&main_server, "/v1/identify?date=2019-04-30", NULL, "known-ei.msp"), 200, "\"status_on\":\"not-yet\"");
    expect(post_file(&main_server, "/v1/identify?date=2019-04-30", NULL, "known-ei.msp"), 200, "\"status_today\":\"controlled\"");
    expect(post_file(&main_server, "/v1/identify?control=none", NULL, "known-ei.msp"), 200, "\"filter\":[\"none\"]");
    expect(post_file(&main_server, "/v1/identify?control=legal", NULL, "known-ei.msp"), 400, "'control' takes controlled");
    expect(post_file(&main_server, "/v1/identify?date=2019-02-30", NULL, "known-ei.msp"), 400, "no day like");
    expect(post_file(&main_server, "/v1/samples?date=2019-04-30&control=controlled", bearer, "known-ei.msp"), 201,
           "\"status_on\":\"not-yet\"");
    /* The restricted list is for the token only, in answers and in the table. */
    nps_test_answer a = post_file(&main_server, "/v1/identify", NULL, "known-ei.msp");
    assert_null(strstr(a.body, "surveillance"));
    nps_test_answer_done(&a);
    expect(post_file(&main_server, "/v1/identify", bearer, "known-ei.msp"), 200, "\"list\":\"surveillance\"");
    snprintf(path, sizeof path, "/v1/control?inchikey=%s", key);
    a = ask(&main_server, "GET", path, NULL, NULL, 0);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"list\":\"1971\""));
    assert_null(strstr(a.body, "surveillance"));
    nps_test_answer_done(&a);
    expect(ask(&main_server, "GET", path, bearer, NULL, 0), 200, "\"list\":\"surveillance\"");
    expect(ask(&main_server, "GET", "/v1/control?what=1", NULL, NULL, 0), 400, "unknown parameter");
}

static void a_bad_table_changes_nothing(void **state)
{
    (void)state;
    put_table("conventions.tsv", "1971\tII\tsoon\t\tX\t", key, "\t\tA\tdecision\tsite\t\n");
    nps_test_answer a = ask(&main_server, "POST", "/v1/admin/reload", bearer_of[NPS_TEST_ADMIN], "", 0);
    assert_int_equal(a.status, 422);
    assert_non_null(strstr(a.body, "conventions.tsv: since 'soon'"));
    assert_near(number_in(a.body, "\"line\":"), 2, 0, 0);
    assert_near(number_in(a.body, "\"offset\":"), sizeof HEAD - 1 + 8, 0, 0);
    nps_test_answer_done(&a);
    assert_int_equal(kill(main_server.pid, SIGHUP), 0);
    assert_true(log_says("\"control-reload-failed\""));
    expect(post_file(&main_server, "/v1/identify", NULL, "known-ei.msp"), 200, "\"control_text\":\"1971, II\"");
    put_table("conventions.tsv", "1971\tI\t2019-05-01\t\tX\t", key, "\t\tB\tdecision\tsite\t\n");
    assert_int_equal(kill(main_server.pid, SIGHUP), 0);
    assert_true(log_says("\"control-reload\""));
    bool seen = false;
    for (int64_t end = now_ms() + 10000; !seen && now_ms() < end; usleep(20000)) {
        a = post_file(&main_server, "/v1/identify", NULL, "known-ei.msp");
        seen = a.body && strstr(a.body, "\"control_text\":\"1971, I, to be confirmed\"");
        nps_test_answer_done(&a);
    }
    assert_true(seen);
}

static void the_program_tells_and_checks_tables(void **state)
{
    (void)state;
    char out[20000], err[2000], lib[400], query[400];
    const char *const ask_key[] = {NPS_PROGRAM, "control", "--date", "2013-05-01", "DHHVAGZRUROJKS-UHFFFAOYSA-N", "C10H15N", "C1H1", NULL};
    assert_int_equal(nps_test_program(ask_key, out, sizeof out, NULL, 0), 0);
    assert_non_null(strstr(out, "Convention of 1971, Schedule IV, as Phentermine"));
    assert_non_null(strstr(out, "C1H1: not in these tables"));
    assert_non_null(strstr(out, "Status on 2013-05-01, tables 'built-in'"));
    const char *const check[] = {NPS_PROGRAM, "control", "--check", folder, NULL};
    assert_int_equal(nps_test_program(check, out, sizeof out, NULL, 0), 0);
    assert_non_null(strstr(out, "2 rows join a substance by InChIKey"));
    put_table("precursors.tsv", "1988\tTable I\t1988\t\tX\t", "no key", "\t\tC\t\tsite\t\n");
    assert_int_equal(nps_test_program(check, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "line 2, byte 92: precursors.tsv: inchikey 'no key' is not"));
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(query, sizeof query, "%s/samples/known-ei.msp", dir);
    const char *const bad[] = {NPS_PROGRAM, "identify", "--library", lib, "--control", folder, query, NULL};
    assert_int_equal(nps_test_program(bad, NULL, 0, err, sizeof err), 1);
    assert_non_null(strstr(err, "precursors.tsv: inchikey"));
    put_table("precursors.tsv", "", "", "");
    const char *const good[] = {NPS_PROGRAM, "identify", "--library", lib, "--control", folder, "--date", "2018-01-01", query, NULL};
    assert_int_equal(nps_test_program(good, out, sizeof out, NULL, 0), 0);
    assert_non_null(strstr(out, "not yet on 2018-01-01"));
    const char *const words[] = {NPS_PROGRAM, "identify", "--library", lib, "--control-filter", "legal", query, NULL};
    assert_int_equal(nps_test_program(words, NULL, 0, err, sizeof err), 2);
    const char *const day[] = {NPS_PROGRAM, "control", "--date", "yesterday", "C2H6", NULL};
    assert_int_equal(nps_test_program(day, NULL, 0, err, sizeof err), 2);
}

/* A library of one sample that has an InChIKey, in the place of the demonstration one, whose substances have none. */
static int build_library(void)
{
    char table[400], lib[400], query[400];
    snprintf(table, sizeof table, "%s/keys.tsv", dir);
    snprintf(lib, sizeof lib, "%s/demo.h5", dir);
    snprintf(query, sizeof query, "%s/samples/known-ei.msp", dir);
    FILE *f = fopen(table, "w");
    if (!f || fprintf(f, "file\tInChIKey\nknown-ei\t%s\n", key) < 0 || fclose(f) != 0)
        return 1;
    const char *const build[] = {NPS_PROGRAM, "library", "build", "-o", lib, "--metadata", table, query, NULL};
    return nps_test_program(build, NULL, 0, NULL, 0);
}

static int start(void **state)
{
    if (set_up(state))
        return 1;
    nps_test_stop(&main_server, SIGTERM);
    if (build_library() != 0)
        return 1;
    snprintf(folder, sizeof folder, "%s/tables", dir);
    if (mkdir(folder, 0700) != 0)
        return 1;
    put_table("conventions.tsv", "", "", "");
    const char *const options[] = {"--control", folder, NULL};
    nps_test_serve(&main_server, dir, options);
    return 0;
}

int main(void)
{
    if (!fixture_starts())
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables_of_the_site_are_taken_up_while_running),
                                       cmocka_unit_test(a_bad_table_changes_nothing),
                                       cmocka_unit_test(the_program_tells_and_checks_tables)};
    return cmocka_run_group_tests(tests, start, tear_down);
}
