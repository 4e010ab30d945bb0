#include "tests/support/nps_test.h"

#include "service/clock.h"
#include "service/gate.h"
#include "service/reaper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static nps_gate *make(unsigned slots, unsigned queue)
{
    nps_gate *g;
    assert_ok(nps_gate_new(slots, queue, &g, NULL), NULL);
    return g;
}

static void slots_are_different_and_come_back(void **state)
{
    (void)state;
    nps_gate *g = make(2, 0);
    unsigned a, b, c;
    nps_err err = {0};
    assert_ok(nps_gate_enter(g, 1000, &a, &err), &err);
    assert_ok(nps_gate_enter(g, 1000, &b, &err), &err);
    assert_int_equal(a + b, 1);
    assert_int_equal(nps_gate_enter(g, 1000, &c, &err), NPS_E_BUSY);
    nps_gate_leave(g, a);
    assert_ok(nps_gate_enter(g, 1000, &c, &err), &err);
    assert_int_equal(c, a);
    nps_gate_leave(g, b);
    nps_gate_leave(g, c);
    nps_gate_state s = nps_gate_look(g);
    assert_int_equal(s.busy, 0);
    assert_int_equal(s.refused, 1);
    nps_gate_free(g);
}

static void how_long_nothing_has_moved_is_known(void **state)
{
    (void)state;
    nps_gate *g = make(2, 0);
    unsigned a, b;
    assert_ok(nps_gate_enter(g, 0, &a, NULL), NULL);
    usleep(30000);
    assert_int_equal(nps_gate_look(g).full_ms, 0);
    assert_ok(nps_gate_enter(g, 0, &b, NULL), NULL);
    usleep(30000);
    assert_true(nps_gate_look(g).full_ms >= 29);
    nps_gate_leave(g, a);
    assert_int_equal(nps_gate_look(g).full_ms, 0);
    assert_ok(nps_gate_enter(g, 0, &a, NULL), NULL);
    assert_true(nps_gate_look(g).full_ms < 20000);
    nps_gate_leave(g, a);
    nps_gate_leave(g, b);
    nps_gate_free(g);
}

static void a_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    nps_gate *g = make(1, 4);
    unsigned a, b;
    assert_ok(nps_gate_enter(g, 1000, &a, NULL), NULL);
    int64_t begin = nps_clock_mono_ms();
    assert_int_equal(nps_gate_enter(g, 60, &b, NULL), NPS_E_BUSY);
    int64_t took = nps_clock_mono_ms() - begin;
    assert_true(took >= 59 && took < 5000);
    assert_int_equal(nps_gate_look(g).waiting, 0);
    nps_gate_leave(g, a);
    nps_gate_free(g);
}

typedef struct {
    nps_gate *g;
    int me;
    int *order;
    atomic_int *n;
} guest;

static void *visit(void *arg)
{
    guest *v = arg;
    unsigned slot;
    if (nps_gate_enter(v->g, 60000, &slot, NULL) != NPS_OK)
        return NULL;
    v->order[atomic_fetch_add(v->n, 1)] = v->me;
    nps_gate_leave(v->g, slot);
    return NULL;
}

static void who_comes_first_is_served_first(void **state)
{
    (void)state;
    enum { N = 8 };
    nps_gate *g = make(1, N);
    unsigned slot;
    int order[N];
    atomic_int n = 0;
    pthread_t t[N];
    guest v[N];
    assert_ok(nps_gate_enter(g, 1000, &slot, NULL), NULL);
    for (int i = 0; i < N; i++) {
        v[i] = (guest){g, i, order, &n};
        assert_int_equal(pthread_create(&t[i], NULL, visit, &v[i]), 0);
        while (nps_gate_look(g).waiting != (unsigned)i + 1)
            usleep(1000);
    }
    nps_gate_leave(g, slot);
    for (int i = 0; i < N; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < N; i++)
        assert_int_equal(order[i], i);
    nps_gate_free(g);
}

typedef struct {
    nps_gate *g;
    atomic_int *inside; /* [2] */
    atomic_int *faults, *served;
} worker;

static void *hammer(void *arg)
{
    worker *w = arg;
    for (int i = 0; i < 300; i++) {
        unsigned slot;
        if (nps_gate_enter(w->g, i % 3, &slot, NULL) != NPS_OK)
            continue;
        if (atomic_fetch_add(&w->inside[slot], 1) != 0)
            atomic_fetch_add(w->faults, 1);
        if (i % 16 == 0)
            usleep(500);
        atomic_fetch_sub(&w->inside[slot], 1);
        atomic_fetch_add(w->served, 1);
        nps_gate_leave(w->g, slot);
    }
    return NULL;
}

static void a_slot_is_never_shared(void **state)
{
    (void)state;
    enum { N = 8 };
    nps_gate *g = make(2, 5);
    atomic_int inside[2] = {0}, faults = 0, served = 0;
    pthread_t t[N];
    worker w = {g, inside, &faults, &served};
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hammer, &w), 0);
    for (int i = 0; i < N; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(faults, 0);
    assert_true(served > 0);
    assert_int_equal(nps_gate_look(g).busy, 0);
    nps_gate_free(g);
}

static void the_reaper_shuts_late_sockets_down_and_spares_the_others(void **state)
{
    (void)state;
    nps_reaper *r;
    int late[2], good[2], never[2];
    char c;
    assert_ok(nps_reaper_new(3, &r, NULL), NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, late) | socketpair(AF_UNIX, SOCK_STREAM, 0, good) |
                         socketpair(AF_UNIX, SOCK_STREAM, 0, never), 0);
    int64_t now = nps_clock_mono_ms();
    nps_reaper_seat *a = nps_reaper_sit(r, good[0], now + 60000);
    nps_reaper_seat *b = nps_reaper_sit(r, late[0], now + 60000);
    nps_reaper_seat *d = nps_reaper_sit(r, never[0], 0);
    assert_non_null(a);
    assert_non_null(d);
    assert_null(nps_reaper_sit(r, good[1], 1));
    nps_reaper_set(r, b, now + 50);
    assert_int_equal(read(late[1], &c, 1), 0); /* returns at the shutdown */
    assert_true(nps_clock_mono_ms() >= now + 50);
    assert_int_equal(write(good[0], "x", 1), 1);
    assert_int_equal(write(never[0], "x", 1), 1);
    nps_reaper_leave(r, a);
    nps_reaper_leave(r, b);
    nps_reaper_leave(r, d);
    assert_int_equal(nps_reaper_count(r), 0);
    nps_reaper_free(r);
    for (int i = 0; i < 2; i++) {
        close(late[i]);
        close(good[i]);
        close(never[i]);
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(slots_are_different_and_come_back),
                                       cmocka_unit_test(how_long_nothing_has_moved_is_known),
                                       cmocka_unit_test(a_wait_ends_at_its_deadline),
                                       cmocka_unit_test(who_comes_first_is_served_first),
                                       cmocka_unit_test(a_slot_is_never_shared),
                                       cmocka_unit_test(the_reaper_shuts_late_sockets_down_and_spares_the_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
