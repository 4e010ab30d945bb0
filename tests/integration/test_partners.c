/* A contribution from its first day to its last: who sees it when, what rests on it, and that every answer can be given again. */
#include "tests/support/accounts_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEY "RZVAJINKPMORJF-UHFFFAOYSA-N"

static account lab, partner;
static char contribution[40], etag[40], sample_id[40], with_it[40];

/* A spectrum that the demonstration library has nothing like, of a structure that it has not. */
static const char spectrum[] = "Name: given\nInChIKey: " KEY "\nFormula: C8H9NO2\nMW: 151.0633\nNum Peaks: 14\n43 210\n52 60\n53 90\n65 30\n80 120\n81 95\n"
                               "108 260\n109 1000\n110 80\n121 15\n133 22\n149 9\n151 540\n152 45\n\n";

static nps_test_answer post_text(const char *auth, const char *path, const char *text)
{
    char url[500];
    const char *const headers[] = {auth, "Content-Type: application/octet-stream", NULL};
    snprintf(url, sizeof url, "%s%s", main_server.url, path);
    return nps_test_http("POST", url, headers, text, strlen(text));
}

static nps_test_answer get(const char *auth, const char *path)
{
    return ask(&main_server, "GET", path, auth, NULL, 0);
}

static void wait_for_state(const char *id, const char *state)
{
    char path[100], want[60];
    bool there = false;
    snprintf(path, sizeof path, "/v1/contributions/%s", id);
    snprintf(want, sizeof want, "\"state\":\"%s\"", state);
    for (int64_t end = now_ms() + 60000; !there && now_ms() < end; usleep(20000)) {
        nps_test_answer a = get(bearer_of[NPS_TEST_CURATOR], path);
        const char *tag = a.head ? strcasestr(a.head, "etag: ") : NULL;
        there = a.body && strstr(a.body, want) && tag;
        if (there)
            snprintf(etag, sizeof etag, "%.*s", (int)strcspn(tag + 6, "\r\n"), tag + 6);
        nps_test_answer_done(&a);
    }
    assert_true(there);
}

static void give(const char *query, const char *text, char *id, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "/v1/contributions?licence=own&memorandum=MoU-7&%s", query);
    nps_test_answer a = post_text(partner.auth, path, text);
    if (a.status != 202)
        print_error("%ld %s\n", a.status, a.body);
    assert_int_equal(a.status, 202);
    text_after(a.body, "\"id\":\"", id, size);
    nps_test_answer_done(&a);
    wait_for_state(id, "checked");
}

static long decide(const char *id, const char *match, const char *decision)
{
    char path[100], json[100], if_match[80];
    snprintf(path, sizeof path, "/v1/contributions/%s/decision", id);
    snprintf(json, sizeof json, "{\"decision\":\"%s\",\"reason\":\"looked at\"}", decision);
    snprintf(if_match, sizeof if_match, "If-Match: %s", match ? match : "");
    nps_test_answer a = send_json(bearer_of[NPS_TEST_CURATOR], match ? if_match : NULL, "POST", path, json);
    long status = a.status;
    nps_test_answer_done(&a);
    return status;
}

static void published(char *id, size_t size)
{
    nps_test_answer a = get(NULL, "/v1/library");
    text_after(a.body, "\"published\":\"", id, size);
    nps_test_answer_done(&a);
}

static void wait_for_another(const char *than)
{
    char now[40] = "";
    for (int64_t end = now_ms() + 60000; now_ms() < end; usleep(20000)) {
        published(now, sizeof now);
        if (strcmp(now, than) != 0)
            return;
    }
    fail();
}

/* --- checks ------------------------------------------------------------------------------------------------------------------------- */

static void the_program_finds_what_a_curator_should_know(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kind;
    } cases[] = {
        {"Name: a\nNum Peaks: 12\n41 10\n55 20\n67 90\n82 1000\n94 300\n105 250\n122 80\n150 60\n182 700\n198 90\n272 70\n303 200\n", "no-key"},
        {"Name: a\nInChIKey: NO-KEY\nNum Peaks: 5\n41 10\n55 20\n67 90\n82 1000\n94 300\n", "no-key"},
        {"Name: a\nInChIKey: " KEY "\nFormula: C8H9Zz2\nNum Peaks: 5\n41 10\n55 20\n67 90\n82 1000\n94 300\n", "bad-formula"},
        {"Name: a\nInChIKey: " KEY "\nFormula: C8H9NO2\nPrecursorMZ: 160.1\nPrecursor_type: [M+H]+\nNum Peaks: 5\n41.1 10\n55.2 20\n67.3 90\n82.1 1000\n94.2 300\n",
         "precursor"},
        {"Name: a\nInChIKey: " KEY "\nNum Peaks: 1\n41 10\n", "unusable"},
        {"no spectrum at all", "unreadable"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char id[40], path[100], want[60];
        give("visibility=public", cases[i].text, id, sizeof id);
        snprintf(path, sizeof path, "/v1/contributions/%s", id);
        snprintf(want, sizeof want, "\"kind\":\"%s\"", cases[i].kind);
        expect(get(partner.auth, path), 200, want);
        assert_int_equal(decide(id, etag, "reject"), 200);
    }
}

static void a_contribution_needs_a_memorandum_and_honest_terms(void **state)
{
    (void)state;
    expect(post_text(partner.auth, "/v1/contributions?visibility=public&licence=own&memorandum=none", spectrum), 400, "memorandum");
    expect(post_text(partner.auth, "/v1/contributions?visibility=secret&licence=own&memorandum=MoU-7", spectrum), 400, "visibility");
    expect(post_text(partner.auth, "/v1/contributions?visibility=public&memorandum=MoU-7", spectrum), 400, "licence");
    expect(post_text(lab.auth, "/v1/contributions?visibility=public&licence=own&memorandum=MoU-7", spectrum), 403, NULL);
}

/* --- publishing while others ask ------------------------------------------------------------------------------------------------------ */

static atomic_bool stop_asking;
static atomic_int asked, faults;

static void *keep_asking(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop_asking)) {
        nps_test_answer a = post_text(lab.auth, "/v1/identify", spectrum);
        atomic_fetch_add(a.status == 200 ? &asked : &faults, 1);
        nps_test_answer_done(&a);
    }
    return NULL;
}

static void an_accepted_one_is_published_while_requests_run(void **state)
{
    (void)state;
    pthread_t t[2];
    char before[40];
    published(before, sizeof before);
    give("visibility=match-only&credit=Lab%20P", spectrum, contribution, sizeof contribution);
    assert_int_equal(decide(contribution, NULL, "accept"), 428);
    assert_int_equal(decide(contribution, "\"v99\"", "accept"), 412);
    assert_int_equal(decide(contribution, etag, "accept"), 200);
    assert_int_equal(decide(contribution, "*", "accept"), 409);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, keep_asking, NULL), 0);
    expect(send_json(bearer_of[NPS_TEST_CURATOR], NULL, "POST", "/v1/generations", "{}"), 202, NULL);
    wait_for_another(before);
    atomic_store(&stop_asking, true);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(faults, 0);
    assert_true(asked > 0);
    published(with_it, sizeof with_it);
    char path[100];
    snprintf(path, sizeof path, "/v1/generations/%s", with_it);
    expect(get(bearer_of[NPS_TEST_CURATOR], path), 200, "\"good\":true");
    expect(get(bearer_of[NPS_TEST_CURATOR], path), 200, "\"part\":\"closed\"");
}

static void a_closed_one_is_named_to_its_owner_and_to_nobody_else(void **state)
{
    (void)state;
    expect(post_text(partner.auth, "/v1/identify", spectrum), 200, KEY);
    nps_test_answer a = post_text(lab.auth, "/v1/samples?file=x.msp", spectrum);
    assert_int_equal(a.status, 201);
    assert_non_null(strstr(a.body, "\"partner_libraries\":{\"asked\":true,\"matches\":[{\"class\":null,\"score\":"));
    static const char *const secrets[] = {KEY, "Lab P", "MoU-7"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        assert_null(strstr(a.body, secrets[i]));
    assert_null(strstr(a.body, contribution));
    text_after(a.body, "\"id\":\"", sample_id, sizeof sample_id);
    nps_test_answer_done(&a);
    a = post_text(NULL, "/v1/identify", spectrum);
    assert_int_equal(a.status, 200);
    assert_null(strstr(a.body, "partner_libraries"));
    assert_null(strstr(a.body, KEY));
    nps_test_answer_done(&a);
}

static void its_owner_sees_how_often_it_was_of_use(void **state)
{
    (void)state;
    bool there = false;
    for (int64_t end = now_ms() + 30000; !there && now_ms() < end; usleep(50000)) {
        nps_test_answer a = get(partner.auth, "/v1/usage");
        there = a.status == 200 && strstr(a.body, contribution) && strstr(a.body, "\"hits\":") && !strstr(a.body, sample_id);
        nps_test_answer_done(&a);
    }
    assert_true(there);
}

/* --- against what the library has ---------------------------------------------------------------------------------------------------- */

#define OTHER_KEY "ZPUCINDJVBIVPJ-UHFFFAOYSA-N"
#define OTHER_PEAKS "41 10\n55 20\n67 90\n82 1000\n94 300\n105 250\n122 80\n150 60\n182 700\n198 90\n272 70\n303 200\n"

static void a_label_is_held_against_the_library(void **state)
{
    (void)state;
    static const char other[] = "Name: other\nInChIKey: " OTHER_KEY "\nNum Peaks: 12\n" OTHER_PEAKS;
    static const char mislabelled[] = "Name: other\nInChIKey: " KEY "\nNum Peaks: 12\n" OTHER_PEAKS;
    char id[40], before[40], path[100];
    published(before, sizeof before);
    give("visibility=public", spectrum, id, sizeof id);
    assert_int_equal(decide(id, etag, "accept"), 200);
    give("visibility=members", other, id, sizeof id);
    assert_int_equal(decide(id, etag, "accept"), 200);
    expect(send_json(bearer_of[NPS_TEST_CURATOR], NULL, "POST", "/v1/generations", "{}"), 202, NULL);
    wait_for_another(before);
    /* What is public is named to everybody, what is for members to them. */
    expect(post_text(NULL, "/v1/identify", spectrum), 200, KEY);
    expect(post_text(lab.auth, "/v1/identify", other), 200, OTHER_KEY);
    nps_test_answer a = post_text(NULL, "/v1/identify", other);
    assert_int_equal(a.status, 200);
    assert_null(strstr(a.body, OTHER_KEY));
    nps_test_answer_done(&a);
    give("visibility=public", mislabelled, id, sizeof id);
    snprintf(path, sizeof path, "/v1/contributions/%s", id);
    expect(get(partner.auth, path), 200, "\"kind\":\"mislabelled\"");
    give("visibility=public", spectrum, id, sizeof id);
    snprintf(path, sizeof path, "/v1/contributions/%s", id);
    expect(get(partner.auth, path), 200, "\"kind\":\"duplicate\"");
}

static void an_embargo_keeps_it_closed_until_its_day(void **state)
{
    (void)state;
    static const char later[] = "Name: later\nInChIKey: BQJCRHHNABKAKU-UHFFFAOYSA-N\nNum Peaks: 12\n42 300\n59 90\n70 150\n81 95\n115 130\n124 220\n"
                                "162 410\n174 140\n215 330\n226 90\n268 110\n285 1000\n";
    char id[40], before[40];
    published(before, sizeof before);
    give("visibility=public&embargo=2100-01-01", later, id, sizeof id);
    assert_int_equal(decide(id, etag, "accept"), 200);
    expect(send_json(bearer_of[NPS_TEST_CURATOR], NULL, "POST", "/v1/generations", "{}"), 202, NULL);
    wait_for_another(before);
    nps_test_answer a = post_text(lab.auth, "/v1/identify", later);
    assert_null(strstr(a.body, "BQJCRHHNABKAKU"));
    nps_test_answer_done(&a);
    expect(post_text(partner.auth, "/v1/identify", later), 200, "BQJCRHHNABKAKU");
    /* Its owner opens it: the generation that follows is made by itself. */
    char path[100];
    published(before, sizeof before);
    snprintf(path, sizeof path, "/v1/contributions/%s", id);
    expect(send_json(partner.auth, "If-Match: *", "PATCH", path, "{\"embargo\":\"2020-01-01\"}"), 200, "\"embargo\":\"2020-01-01\"");
    wait_for_another(before);
    expect(post_text(NULL, "/v1/identify", later), 200, "BQJCRHHNABKAKU");
}

/* --- replay, withdrawal, roll-back ------------------------------------------------------------------------------------------------------ */

static int replay(const char *n, char *out, size_t size)
{
    char store[400], err[600];
    snprintf(store, sizeof store, "%s/store", dir);
    const char *const argv[] = {NPS_PROGRAM, "replay", "--data", store, "--evaluation", n, sample_id, NULL};
    int rc = nps_test_program(argv, out, size, err, sizeof err);
    if (rc)
        snprintf(out, size, "%s", err);
    return rc;
}

static void withdrawing_it_tells_those_who_relied_on_it(void **state)
{
    (void)state;
    char path[100], out[600];
    assert_int_equal(replay("0", out, sizeof out), 0);
    snprintf(path, sizeof path, "/v1/contributions/%s", contribution);
    expect(ask(&main_server, "DELETE", path, lab.auth, NULL, 0), 403, NULL);
    expect(ask(&main_server, "DELETE", path, partner.auth, NULL, 0), 200, "\"leaves_with_next_generation\":true");
    wait_for_another(with_it);
    bool told = false;
    for (int64_t end = now_ms() + 60000; !told && now_ms() < end; usleep(50000)) {
        nps_test_answer a = get(lab.auth, "/v1/notices");
        told = a.status == 200 && strstr(a.body, "\"kind\":\"reference-withdrawn\"") && strstr(a.body, sample_id);
        nps_test_answer_done(&a);
    }
    assert_true(told);
    nps_test_answer a = post_text(partner.auth, "/v1/identify", spectrum);
    assert_null(strstr(a.body, KEY));
    nps_test_answer_done(&a);
    /* Both answers can be given again: the one with it, and the one without. */
    assert_int_equal(replay("0", out, sizeof out), 0);
    assert_non_null(strstr(out, "bit for bit"));
    assert_int_equal(replay("1", out, sizeof out), 0);
}

static void what_was_withdrawn_comes_back_by_no_roll_back(void **state)
{
    (void)state;
    char path[120], now[40], first[40] = "";
    snprintf(path, sizeof path, "/v1/generations/%s/activate", with_it);
    expect(send_json(bearer_of[NPS_TEST_CURATOR], NULL, "POST", path, "{}"), 412, "withdrawn");
    published(now, sizeof now);
    nps_test_answer a = get(bearer_of[NPS_TEST_CURATOR], "/v1/generations");
    for (const char *p = a.body; (p = strstr(p, "{\"id\":\"")); p += 7)
        snprintf(first, sizeof first, "%.32s", p + 7);
    nps_test_answer_done(&a);
    snprintf(path, sizeof path, "/v1/generations/%s/activate", first);
    expect(send_json(bearer_of[NPS_TEST_CURATOR], NULL, "POST", path, "{}"), 200, "\"active\":true");
}

static void a_replay_sees_that_something_was_changed(void **state)
{
    (void)state;
    char sql[300], out[600];
    assert_int_equal(nps_test_stop(&main_server, SIGTERM), 0);
    snprintf(sql, sizeof sql, "UPDATE evaluations SET verdict=replace(verdict,'novel','known') WHERE sample='%s' AND n=1", sample_id);
    assert_true(store_sql(sql) > 0);
    assert_int_equal(replay("1", out, sizeof out), 1);
    assert_non_null(strstr(out, "differs from byte"));
    assert_int_equal(replay("0", out, sizeof out), 0);
    snprintf(sql, sizeof sql, "UPDATE files SET bytes=CAST(replace(CAST(bytes AS TEXT),'109 1000','109 1001') AS BLOB) WHERE sample='%s'", sample_id);
    assert_true(store_sql(sql) > 0);
    assert_int_equal(replay("0", out, sizeof out), 1);
}

static int partners_set_up(void **state)
{
    if (set_up(state) != 0)
        return 1;
    who_is(bearer_of[NPS_TEST_LAB], &lab);
    who_is(bearer_of[NPS_TEST_PARTNER], &partner);
    give_memorandum(partner.organisation, "MoU-7");
    return 0;
}

int main(void)
{
    if (!fixture_starts())
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_contribution_needs_a_memorandum_and_honest_terms),
                                       cmocka_unit_test(the_program_finds_what_a_curator_should_know),
                                       cmocka_unit_test(an_accepted_one_is_published_while_requests_run),
                                       cmocka_unit_test(a_closed_one_is_named_to_its_owner_and_to_nobody_else),
                                       cmocka_unit_test(its_owner_sees_how_often_it_was_of_use),
                                       cmocka_unit_test(withdrawing_it_tells_those_who_relied_on_it),
                                       cmocka_unit_test(what_was_withdrawn_comes_back_by_no_roll_back),
                                       cmocka_unit_test(a_label_is_held_against_the_library),
                                       cmocka_unit_test(an_embargo_keeps_it_closed_until_its_day),
                                       cmocka_unit_test(a_replay_sees_that_something_was_changed)};
    return cmocka_run_group_tests(tests, partners_set_up, tear_down);
}
