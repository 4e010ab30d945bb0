#include "spectra/peaks.h"
#include "tests/support/nps_test.h"

#include <math.h>

static void push(nps_peaks *p, double mz, double intensity, const char *note)
{
    nps_err err;
    assert_ok(nps_peaks_push(p, mz, intensity, note, note ? strlen(note) : 0, 100000, &err), &err);
}

static void settling_sorts_merges_and_counts(void **state)
{
    (void)state;
    nps_peaks p = {0};
    nps_peaks_repairs r = {0};
    push(&p, 50, 1, NULL);
    push(&p, 60, 0, "gone");
    push(&p, 41, 2, "a");
    push(&p, 50, 3, "b");
    push(&p, 41, 4, "c");
    assert_ok(nps_peaks_settle(&p, &r, NULL), NULL);
    assert_int_equal(p.n, 2);
    assert_true(p.mz[0] == 41 && p.mz[1] == 50 && p.intensity[0] == 6 && p.intensity[1] == 4);
    assert_string_equal(p.note[0], "a");
    assert_string_equal(p.note[1], "b");
    assert_int_equal(r.unsorted, 3);
    assert_int_equal(r.duplicate, 2);
    assert_int_equal(r.zero, 1);
    assert_ok(nps_peaks_check(&p, NULL), NULL);
    nps_peaks_done(&p);
}

/* Merging keeps the sum of the intensities, and settling twice changes nothing more. */
static void settling_random_lists_keeps_the_law(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    for (int round = 0; round < 300; round++) {
        nps_peaks p = {0};
        nps_peaks_repairs r = {0}, again = {0};
        double before = 0, after = 0;
        size_t n = nps_test_random(&seed) % 200;
        for (size_t i = 0; i < n; i++) {
            double intensity = (double)(nps_test_random(&seed) % 50);
            push(&p, 40 + (double)(nps_test_random(&seed) % 100), intensity, i % 7 ? NULL : "x");
            before += intensity;
        }
        assert_ok(nps_peaks_settle(&p, &r, NULL), NULL);
        assert_ok(nps_peaks_check(&p, NULL), NULL);
        for (size_t i = 0; i < p.n; i++)
            after += (double)p.intensity[i];
        assert_true(before == after);
        assert_int_equal(p.n + r.duplicate + r.zero, n);
        assert_ok(nps_peaks_settle(&p, &again, NULL), NULL);
        assert_int_equal(again.unsorted + again.duplicate + again.zero, 0);
        nps_peaks_done(&p);
    }
}

static void impossible_peaks_are_refused(void **state)
{
    (void)state;
    static const struct {
        double mz, intensity;
        nps_status status;
    } cases[] = {{0, 1, NPS_E_RANGE},         {-1, 1, NPS_E_RANGE},        {1e6, 1, NPS_OK},
                 {1000001, 1, NPS_E_RANGE},   {NAN, 1, NPS_E_RANGE},       {INFINITY, 1, NPS_E_RANGE},
                 {41, -1, NPS_E_RANGE},       {41, NAN, NPS_E_RANGE},      {41, 4e38, NPS_E_RANGE},
                 {41, (double)3e38f, NPS_OK}, {41, INFINITY, NPS_E_RANGE}, {41, 0, NPS_OK}};
    nps_peaks p = {0};
    size_t n = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(nps_peaks_push(&p, cases[i].mz, cases[i].intensity, NULL, 0, 100, NULL), cases[i].status);
        n += cases[i].status == NPS_OK;
        assert_int_equal(p.n, n);
    }
    nps_peaks_done(&p);
}

static void sums_stay_in_range(void **state)
{
    (void)state;
    nps_peaks p = {0};
    push(&p, 40, 1, "first");
    push(&p, 41, 2e38, "a");
    push(&p, 41, 2e38, "b");
    push(&p, 42, 1, "last");
    assert_int_equal(nps_peaks_settle(&p, NULL, NULL), NPS_E_RANGE);
    nps_peaks_done(&p);
}

static void the_limit_holds(void **state)
{
    (void)state;
    nps_peaks p = {0};
    nps_err err;
    for (int i = 0; i < 20; i++)
        assert_ok(nps_peaks_push(&p, 40 + i, 1, NULL, 0, 20, &err), &err);
    assert_int_equal(nps_peaks_push(&p, 99, 1, NULL, 0, 20, &err), NPS_E_LIMIT);
    assert_int_equal(p.n, 20);
    nps_peaks_done(&p);
}

static void checking_finds_the_first_fault(void **state)
{
    (void)state;
    double mz[] = {40, 41, 41};
    float intensity[] = {1, 1, 1};
    nps_peaks p = {.n = 3, .mz = mz, .intensity = intensity};
    nps_err err;
    assert_int_equal(nps_peaks_check(&p, &err), NPS_E_RANGE);
    assert_non_null(strstr(err.msg, "peak 3"));
    mz[2] = 42;
    assert_ok(nps_peaks_check(&p, &err), &err);
    intensity[1] = 0;
    assert_int_equal(nps_peaks_check(&p, &err), NPS_E_RANGE);
    assert_non_null(strstr(err.msg, "peak 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settling_sorts_merges_and_counts),
        cmocka_unit_test(settling_random_lists_keeps_the_law),
        cmocka_unit_test(impossible_peaks_are_refused),
        cmocka_unit_test(sums_stay_in_range),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(checking_finds_the_first_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
