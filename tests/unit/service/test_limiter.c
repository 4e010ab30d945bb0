#include "tests/support/store_fixture.h"

#include "service/limiter.h"
#include "service/store_accounts.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

enum { MINUTE = 60000 };
#define T0 ((int64_t)1764000000000 / MINUTE * MINUTE) /* a window begins */

static nps_limiter *make(int64_t limit, nps_store *store)
{
    nps_limiter *l;
    const int64_t limits[NPS_BUDGETS] = {limit, limit, limit};
    assert_ok(nps_limiter_new(limits, store, &l, NULL), NULL);
    return l;
}

static bool take(nps_limiter *l, const char *who, int64_t now_ms)
{
    return nps_limiter_take(l, NPS_BUDGET_DEFAULT, who, now_ms).allowed;
}

static int64_t drain(nps_limiter *l, const char *who, int64_t now_ms)
{
    int64_t n = 0;
    while (n < 100000 && take(l, who, now_ms))
        n++;
    return n;
}

static void a_budget_is_spent_told_and_new_in_the_next_window(void **state)
{
    (void)state;
    nps_limiter *l = make(3, NULL);
    char policy[NPS_BUDGET_TEXT], text[NPS_BUDGET_TEXT];
    for (int i = 0; i < 5; i++) {
        nps_budget b = nps_limiter_take(l, NPS_BUDGET_LOGIN, "192.0.2.1", T0 + 48001 + i);
        assert_true(b.counted);
        assert_int_equal(b.allowed, i < 3);
        assert_int_equal(b.left, i < 3 ? 2 - i : 0);
        assert_int_equal(b.reset_s, 12);
        nps_budget_text(&b, policy, text);
        assert_string_equal(policy, "\"login\";q=3;w=60");
        assert_string_equal(text, i == 0 ? "\"login\";r=2;t=12" : i == 1 ? "\"login\";r=1;t=12" : "\"login\";r=0;t=12");
    }
    assert_int_equal(nps_limiter_refused(l, NPS_BUDGET_LOGIN), 2);
    assert_int_equal(nps_limiter_refused(l, NPS_BUDGET_DEFAULT), 0);
    assert_int_equal(nps_limiter_take(l, NPS_BUDGET_LOGIN, "192.0.2.1", T0 + MINUTE - 1).reset_s, 1);
    assert_true(nps_limiter_take(l, NPS_BUDGET_LOGIN, "192.0.2.1", T0 + MINUTE).allowed);
    nps_limiter_free(l);
}

static void kinds_and_subjects_are_apart_and_zero_means_no_limit(void **state)
{
    (void)state;
    const int64_t limits[NPS_BUDGETS] = {[NPS_BUDGET_DEFAULT] = 2, [NPS_BUDGET_LOGIN] = 2};
    nps_limiter *l;
    assert_ok(nps_limiter_new(limits, NULL, &l, NULL), NULL);
    assert_int_equal(drain(l, "a", T0), 2);
    assert_int_equal(drain(l, "b", T0), 2);
    assert_true(nps_limiter_take(l, NPS_BUDGET_LOGIN, "a", T0).allowed);
    for (int i = 0; i < 10; i++) {
        nps_budget b = nps_limiter_take(l, NPS_BUDGET_ANONYMOUS, "a", T0);
        assert_true(b.allowed && !b.counted);
    }
    nps_limiter_free(l);
}

static void a_clock_that_goes_back_a_little_gives_nothing_anew(void **state)
{
    (void)state;
    nps_limiter *l = make(5, NULL);
    assert_int_equal(drain(l, "a", T0), 5);
    assert_int_equal(drain(l, "a", T0 - 1), 0);
    assert_int_equal(nps_limiter_take(l, NPS_BUDGET_DEFAULT, "a", T0 - 1).reset_s, 61);
    /* One that was set right by an hour locks nobody out for an hour. */
    assert_int_equal(drain(l, "a", T0 - 60 * MINUTE), 5);
    nps_limiter_free(l);
}

static void many_subjects_stay_within_the_table(void **state)
{
    (void)state;
    nps_limiter *l = make(2, NULL);
    char who[32];
    for (int i = 0; i < 4 * NPS_LIMITER_SUBJECTS; i++) {
        snprintf(who, sizeof who, "subject %d", i);
        assert_int_equal(drain(l, who, T0), 2);
        /* Who keeps coming is not the one that makes room. */
        assert_true(i == 0 ? drain(l, "steady", T0) == 2 : !take(l, "steady", T0));
    }
    nps_limiter_free(l);
}

/* --- sharing a store ----------------------------------------------------------------------------------------------------------- */

static void two_that_share_a_store_give_all_and_no_more(void **state)
{
    nps_store *s = store_at(state);
    static const int64_t limits[] = {1, 2, 9, 10, 11, 57, 1200};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        nps_limiter *a = make(limits[i], s), *b = make(limits[i], s);
        char who[16];
        snprintf(who, sizeof who, "who %zu", i);
        bool first = take(a, who, T0);
        int64_t n = first + drain(b, who, T0) + drain(a, who, T0);
        assert_int_equal(n, limits[i]);
        /* One that starts anew in the same minute finds what is spent. */
        nps_limiter *c = make(limits[i], s);
        assert_int_equal(drain(c, who, T0 + 100), 0);
        /* A clock that is behind does not begin the new window again. */
        assert_int_equal(drain(b, who, T0 + MINUTE) + drain(c, who, T0 + MINUTE - 1) + drain(a, who, T0 + MINUTE), limits[i]);
        nps_limiter_free(a);
        nps_limiter_free(b);
        nps_limiter_free(c);
    }
    nps_store_close(s);
}

static void what_is_over_leaves_the_store(void **state)
{
    nps_store *s = store_at(state);
    nps_limiter *l = make(10, s);
    int64_t got, day = 1;
    assert_true(take(l, "a", T0));
    assert_ok(nps_limiter_clean(l, T0, NULL), NULL);
    /* A block was taken, and is still known. */
    nps_limiter *other = make(10, s);
    assert_int_equal(drain(other, "a", T0), 9);
    assert_ok(nps_limiter_clean(l, T0 + 5 * MINUTE, NULL), NULL);
    nps_limiter *third = make(10, s);
    assert_int_equal(drain(third, "a", T0), 10);
    /* Quotas of another kind are nobody's business here. */
    assert_ok(nps_store_quota_take(s, "a", "closed", &day, 5, 5, &got, NULL), NULL);
    assert_ok(nps_limiter_clean(l, T0 + 9 * MINUTE, NULL), NULL);
    assert_ok(nps_store_quota_take(s, "a", "closed", &day, 5, 5, &got, NULL), NULL);
    assert_int_equal(got, 0);
    nps_limiter_free(l);
    nps_limiter_free(other);
    nps_limiter_free(third);
    nps_store_close(s);
}

static void without_its_store_a_process_counts_alone(void **state)
{
    place *p = *state;
    nps_store *s;
    nps_store_close(store_at(state));
    assert_ok(nps_store_open_reading(p->where, &s, NULL), NULL);
    nps_limiter *l = make(20, s);
    assert_int_equal(drain(l, "a", T0), 20);
    assert_int_equal(drain(l, "a", T0 + MINUTE), 20);
    nps_limiter_free(l);
    nps_store_close(s);
}

/* --- the law: never more than the limit in a window, however requests interleave --------------------------------------------------- */

enum { LIMIT = 23, WINDOWS = 6, WHO = 3, THREADS = 6, EACH = 400 };

typedef struct {
    nps_limiter *l;
    uint64_t seed;
    int64_t skew_ms;
    atomic_int *step; /* the fake clock, for all */
    atomic_int (*allowed)[WINDOWS + 2][WHO];
    atomic_int *faults;
} caller;

static void *call(void *arg)
{
    caller *c = arg;
    for (int i = 0; i < EACH; i++) {
        char who[8];
        int k = (int)(nps_test_random(&c->seed) % WHO);
        int64_t now = T0 + (int64_t)atomic_fetch_add(c->step, 1) * WINDOWS * MINUTE / (THREADS * EACH) + c->skew_ms;
        snprintf(who, sizeof who, "lab %d", k);
        nps_budget b = nps_limiter_take(c->l, NPS_BUDGET_DEFAULT, who, now);
        int64_t window = (now + b.reset_s * 1000 - T0) / MINUTE - 1;
        if (b.left < 0 || b.left > LIMIT || b.reset_s < 1 || window < 0 || window > WINDOWS)
            atomic_fetch_add(c->faults, 1);
        else if (b.allowed)
            atomic_fetch_add(&(*c->allowed)[window][k], 1);
    }
    return NULL;
}

static void check_law(nps_limiter *one, nps_limiter *two)
{
    atomic_int step = 0, faults = 0, allowed[WINDOWS + 2][WHO] = {0};
    pthread_t t[THREADS];
    caller c[THREADS];
    uint64_t seed = nps_test_seed();
    for (int i = 0; i < THREADS; i++) {
        c[i] = (caller){.l = i % 2 ? two : one, .seed = seed + 977 * (uint64_t)i + 1, .skew_ms = i % 2 ? 3000 : 0, .step = &step,
                        .allowed = &allowed, .faults = &faults};
        assert_int_equal(pthread_create(&t[i], NULL, call, &c[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(faults, 0);
    int most = 0;
    for (int w = 0; w < WINDOWS + 2; w++)
        for (int k = 0; k < WHO; k++) {
            assert_true(allowed[w][k] <= LIMIT);
            most = allowed[w][k] > most ? allowed[w][k] : most;
        }
    assert_int_equal(most, LIMIT);
}

static void one_in_memory_keeps_the_law(void **state)
{
    (void)state;
    nps_limiter *l = make(LIMIT, NULL);
    check_law(l, l);
    nps_limiter_free(l);
}

static void two_on_a_store_keep_the_law(void **state)
{
    const place *p = *state;
    nps_store *s = store_at(state), *other = p->pg ? store_at(state) : s;
    nps_limiter *a = make(LIMIT, s), *b = make(LIMIT, other);
    check_law(a, b);
    nps_limiter_free(a);
    nps_limiter_free(b);
    if (other != s)
        nps_store_close(other);
    nps_store_close(s);
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_budget_is_spent_told_and_new_in_the_next_window),
                                       cmocka_unit_test(kinds_and_subjects_are_apart_and_zero_means_no_limit),
                                       cmocka_unit_test(a_clock_that_goes_back_a_little_gives_nothing_anew),
                                       cmocka_unit_test(many_subjects_stay_within_the_table),
                                       cmocka_unit_test(one_in_memory_keeps_the_law),
                                       ON_BOTH(two_that_share_a_store_give_all_and_no_more),
                                       ON_BOTH(what_is_over_leaves_the_store),
                                       ON_BOTH(without_its_store_a_process_counts_alone),
                                       ON_BOTH(two_on_a_store_keep_the_law)};
    return cmocka_run_group_tests(tests, store_servers_start, store_servers_stop);
}
