#include "tests/support/nps_test.h"

#include "reference-lib/backing.h"
#include "reference-lib/build.h"
#include "reference-lib/demo.h"
#include "service/slot.h"

#include <pthread.h>
#include <stdatomic.h>

static char path[600];

/* A library of the first n samples of the demonstration, at path. */
static void publish(size_t n)
{
    NPS_AUTO(nps_demo) demo = NULL;
    NPS_AUTO(nps_builder) b = NULL;
    NPS_AUTO_LIBRARY lib = NULL;
    nps_err err = {0};
    nps_build_options o = {.name = "n", .builder = "b", .created = "2026-11-23T00:00:00Z", .licence = "l"};
    assert_ok(nps_demo_new(&demo, &err), &err);
    assert_ok(nps_builder_new(&o, &b, &err), &err);
    assert_ok(nps_builder_source(b, "f", NPS_VISIBLE_PUBLIC, NULL, 0, &err), &err);
    for (size_t i = 0; i < n; i++)
        assert_ok(nps_builder_add(b, nps_demo_sample_get(demo, i)->spectrum, NULL, &err), &err);
    assert_ok(nps_builder_finish(b, 1, &lib, &err), &err);
    assert_ok(nps_library_publish(lib, path, &err), &err);
}

static void a_swap_leaves_those_alone_who_hold_the_old_one(void **state)
{
    (void)state;
    nps_slot *s;
    bool changed = true;
    nps_err err = {0};
    publish(2);
    assert_ok(nps_slot_open(path, &s, &err), &err);
    NPS_AUTO_LIBRARY old = nps_slot_acquire(s);
    assert_int_equal(old->n_entry, 2);
    assert_ok(nps_slot_reload(s, &changed, &err), &err);
    assert_false(changed);
    publish(4);
    assert_ok(nps_slot_reload(s, &changed, &err), &err);
    assert_true(changed);
    NPS_AUTO_LIBRARY now = nps_slot_acquire(s);
    assert_int_equal(now->n_entry, 4);
    assert_string_not_equal(now->generation, old->generation);
    nps_slot_close(s);
    /* Both stay readable, for both are held. */
    assert_true(old->peak_mz[old->n_peak - 1] > 0);
    assert_true(now->peak_mz[now->n_peak - 1] > 0);
}

static void a_file_that_does_not_open_changes_nothing(void **state)
{
    (void)state;
    nps_slot *s;
    bool changed = true;
    nps_err err = {0};
    publish(2);
    assert_ok(nps_slot_open(path, &s, &err), &err);
    assert_int_equal(remove(path), 0);
    assert_int_not_equal(nps_slot_reload(s, &changed, &err), NPS_OK);
    assert_true(changed);
    NPS_AUTO_LIBRARY lib = nps_slot_acquire(s);
    assert_int_equal(lib->n_entry, 2);
    publish(3);
    assert_ok(nps_slot_reload(s, &changed, &err), &err);
    nps_slot_close(s);
    nps_slot *none = NULL;
    assert_int_not_equal(nps_slot_open("/nowhere.h5", &none, &err), NPS_OK);
    assert_null(none);
}

typedef struct {
    nps_slot *s;
    atomic_bool stop;
    atomic_int faults;
} reading;

static void *read_on(void *arg)
{
    reading *r = arg;
    while (!atomic_load(&r->stop)) {
        NPS_AUTO_LIBRARY lib = nps_slot_acquire(r->s);
        if (lib->peak_at[lib->n_entry] != lib->n_peak || !(lib->peak_mz[lib->n_peak - 1] > 0))
            atomic_fetch_add(&r->faults, 1);
    }
    return NULL;
}

static void readers_go_on_while_it_is_swapped(void **state)
{
    (void)state;
    reading r = {.stop = false};
    pthread_t t[3];
    bool changed;
    nps_err err = {0};
    publish(2);
    assert_ok(nps_slot_open(path, &r.s, &err), &err);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, read_on, &r), 0);
    for (size_t i = 0; i < 12; i++) {
        publish(2 + i % 3);
        assert_ok(nps_slot_reload(r.s, &changed, &err), &err);
        assert_int_equal(changed, i > 0);
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(r.faults, 0);
    nps_slot_close(r.s);
}

int main(void)
{
    nps_core_init();
    snprintf(path, sizeof path, "%s/lib.h5", nps_temp_dir());
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_swap_leaves_those_alone_who_hold_the_old_one),
                                       cmocka_unit_test(a_file_that_does_not_open_changes_nothing),
                                       cmocka_unit_test(readers_go_on_while_it_is_swapped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
