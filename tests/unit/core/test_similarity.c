#include "core/similarity.h"
#include "spectra/peaks.h"
#include "tests/support/nps_test.h"

#include <jansson.h>
#include <math.h>

/* --- laws on seeded random lists ------------------------------------------------------------------------------------- */

enum { MAX = 60 };
typedef struct {
    double mz[MAX];
    float y[MAX];
    size_t n;
} list;

static nps_peak_view view(const list *l)
{
    return (nps_peak_view){l->mz, l->y, l->n};
}

static void random_list(uint64_t *r, double gap, list *l)
{
    double mz = 40, sum = 0;
    l->n = 1 + nps_test_random(r) % (MAX - 1);
    for (size_t i = 0; i < l->n; i++) {
        mz += gap + 10 * nps_test_uniform(r);
        l->mz[i] = mz;
        l->y[i] = (float)(0.001 + nps_test_uniform(r));
        sum += (double)l->y[i];
    }
    for (size_t i = 0; i < l->n; i++)
        l->y[i] = (float)((double)l->y[i] / sum);
}

static void a_list_is_identical_to_itself(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    nps_pair_scratch scratch = {0};
    nps_err err;
    for (int k = 0; k < 500; k++) {
        list a;
        double score;
        uint32_t matched;
        random_list(&r, 0.1, &a);
        assert_near(nps_entropy_similarity(view(&a), view(&a), 0.02, &matched), 1, 0, 1e-6);
        assert_int_equal(matched, a.n);
        nps_cosine_options o = {.tol_mz = 0.02, .mz_power = 1.3, .intensity_power = 0.53};
        assert_ok(nps_cosine_greedy(view(&a), view(&a), &o, &scratch, &score, &matched, &err), &err);
        assert_near(score, 1, 1e-12, 0);
    }
    nps_pair_scratch_done(&scratch);
}

static void similarity_does_not_depend_on_the_order_of_its_arguments(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    nps_pair_scratch scratch = {0};
    nps_err err;
    for (int k = 0; k < 500; k++) {
        list a, b;
        double ab, ba;
        uint32_t m;
        random_list(&r, 0.1, &a);
        random_list(&r, 0.1, &b);
        assert_near(nps_entropy_similarity(view(&a), view(&b), 0.04, NULL),
                    nps_entropy_similarity(view(&b), view(&a), 0.04, NULL), 0, 1e-12);
        nps_cosine_options o = {.tol_mz = 0.04, .intensity_power = 0.5};
        assert_ok(nps_cosine_greedy(view(&a), view(&b), &o, &scratch, &ab, &m, &err), &err);
        assert_ok(nps_cosine_greedy(view(&b), view(&a), &o, &scratch, &ba, &m, &err), &err);
        assert_near(ab, ba, 1e-12, 1e-15);
    }
    nps_pair_scratch_done(&scratch);
}

static void lists_without_common_peaks_score_zero(void **state)
{
    (void)state;
    double mz_a[] = {50, 60}, mz_b[] = {55, 65};
    float y[] = {0.5F, 0.5F};
    nps_peak_view a = {mz_a, y, 2}, b = {mz_b, y, 2}, none = {NULL, NULL, 0};
    assert_near(nps_entropy_similarity(a, b, 0.02, NULL), 0, 0, 0);
    assert_near(nps_entropy_similarity(a, none, 0.02, NULL), 0, 0, 0);
    nps_nominal_similarity s = nps_nominal_compare(a, b, 1, 0.5);
    assert_near(s.cosine + s.reverse + s.composite + s.explained, 0, 0, 0);
}

static void a_shift_finds_the_moved_peaks(void **state)
{
    (void)state;
    double mz_a[] = {64.016, 114.016, 164.016}, mz_b[] = {50, 100, 150};
    float y[] = {0.2F, 0.3F, 0.5F};
    nps_peak_view a = {mz_a, y, 3}, b = {mz_b, y, 3};
    nps_pair_scratch scratch = {0};
    nps_err err;
    double score;
    uint32_t matched;
    nps_cosine_options o = {.tol_mz = 0.005, .intensity_power = 1, .shift = 14.016};
    assert_ok(nps_cosine_greedy(a, b, &o, &scratch, &score, &matched, &err), &err);
    assert_near(score, 1, 1e-7, 0);
    assert_int_equal(matched, 3);
    nps_pair_scratch_done(&scratch);
}

/* Stein & Scott 1994: two lists in proportion agree in every ratio, so cosine, ratio and composite are 1. */
static void lists_in_proportion_have_a_composite_of_one(void **state)
{
    (void)state;
    double mz[] = {41, 43, 57, 71};
    float q[] = {10, 20, 40, 5}, r[] = {30, 60, 120, 15};
    nps_nominal_similarity s = nps_nominal_compare((nps_peak_view){mz, q, 4}, (nps_peak_view){mz, r, 4}, 3, 0.6);
    assert_near(s.cosine, 1, 1e-12, 0);
    assert_near(s.ratio, 1, 1e-6, 0);
    assert_near(s.composite, 1, 1e-6, 0);
    assert_near(s.explained, 1, 1e-12, 0);
    assert_int_equal(s.matched, 4);
}

static void reverse_forgives_foreign_peaks_of_the_query(void **state)
{
    (void)state;
    double mz_q[] = {41, 43, 57, 71, 200}, mz_r[] = {41, 43, 57, 71};
    float q[] = {10, 20, 40, 5, 100}, r[] = {10, 20, 40, 5};
    nps_nominal_similarity s = nps_nominal_compare((nps_peak_view){mz_q, q, 5}, (nps_peak_view){mz_r, r, 4}, 1, 0.5);
    assert_near(s.reverse, 1, 1e-12, 0);
    assert_true(s.cosine < 0.6);
    assert_near(s.explained, 75.0 / 175, 1e-6, 0);
}

static void entropy_of_equal_peaks_is_the_logarithm_of_their_number(void **state)
{
    (void)state;
    float y[] = {3, 3, 3, 3, 3}, w[5];
    assert_near(nps_entropy(y, 5), log(5), 1e-7, 0);
    nps_entropy_weight(y, 5, w);
    for (int i = 0; i < 5; i++)
        assert_near((double)w[i], 0.2, 1e-6, 0);
}

/* --- agreement with other programs ------------------------------------------------------------------------------------- */

static nps_peaks read_peaks(const json_t *array)
{
    nps_peaks p = {0};
    nps_err err;
    size_t i;
    json_t *pair;
    json_array_foreach(array, i, pair)
        assert_ok(nps_peaks_push(&p, json_number_value(json_array_get(pair, 0)),
                                 json_number_value(json_array_get(pair, 1)), NULL, 0, 100000, &err), &err);
    return p;
}

/* A pair whose difference lies within rounding of the tolerance may fall either way in another program. */
static bool on_the_edge(const nps_peaks *a, const nps_peaks *b, double tol, double shift)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (fabs(fabs(a->mz[i] - b->mz[j]) - tol) < 4e-5 || fabs(fabs(a->mz[i] - b->mz[j] - shift) - tol) < 4e-5)
                return true;
    return false;
}

typedef struct {
    size_t agreed, edge, failed;
} tally;

static void compare(const json_t *o, const char *name, double got, double want, double tol, bool edge, tally *t)
{
    if (fabs(got - want) <= tol) {
        t->agreed++;
    } else if (edge) {
        t->edge++;
        printf("named exception, a peak pair on the edge of the tolerance: %s, %s / %s: %.6f, other %.6f\n", name,
               json_string_value(json_object_get(o, "query")), json_string_value(json_object_get(o, "reference")), got,
               want);
    } else {
        t->failed++;
        print_error("%s: %s / %s: %.8f, other program %.8f\n", name, json_string_value(json_object_get(o, "query")),
                    json_string_value(json_object_get(o, "reference")), got, want);
    }
}

static void check_pair(const json_t *o, tally *t, nps_pair_scratch *scratch)
{
    nps_peaks a = read_peaks(json_object_get(o, "query_peaks")), b = read_peaks(json_object_get(o, "reference_peaks"));
    double tol = json_number_value(json_object_get(o, "tol_mz"));
    double shift = json_number_value(json_object_get(o, "query_precursor_mz")) -
                   json_number_value(json_object_get(o, "reference_precursor_mz"));
    bool edge = on_the_edge(&a, &b, tol, shift);
    nps_peak_view va = {a.mz, a.intensity, a.n}, vb = {b.mz, b.intensity, b.n};
    compare(o, "entropy_unweighted", nps_entropy_similarity(va, vb, tol, NULL),
            json_number_value(json_object_get(o, "entropy_unweighted")), 1e-5, edge, t);
    static const struct {
        const char *name;
        double mz_power, intensity_power;
        bool shifted;
    } kinds[] = {{"cosine_greedy", 0, 1, false}, {"cosine_greedy_mz1.3_int0.53", 1.3, 0.53, false},
                 {"modified_cosine_greedy", 0, 1, true}};
    for (size_t k = 0; k < 3; k++) {
        const json_t *want = json_object_get(o, kinds[k].name);
        if (!json_is_array(want))
            continue;
        nps_cosine_options c = {tol, kinds[k].mz_power, kinds[k].intensity_power, kinds[k].shifted ? shift : 0};
        double score;
        uint32_t matched;
        nps_err err;
        assert_ok(nps_cosine_greedy(va, vb, &c, scratch, &score, &matched, &err), &err);
        compare(o, kinds[k].name, score, json_number_value(json_array_get(want, 0)), 1e-6, edge, t);
    }
    nps_entropy_weight(a.intensity, a.n, a.intensity);
    nps_entropy_weight(b.intensity, b.n, b.intensity);
    compare(o, "entropy", nps_entropy_similarity(va, vb, tol, NULL), json_number_value(json_object_get(o, "entropy")),
            1e-5, edge, t);
    nps_peaks_done(&a);
    nps_peaks_done(&b);
}

static void agrees_with_ms_entropy_and_matchms(void **state)
{
    (void)state;
    const char *path = nps_shared_path("golden/similarity.jsonl");
    if (!path)
        skip();
    size_t len, pairs = 0;
    char *text = nps_slurp(path, &len);
    assert_non_null(text);
    tally t = {0};
    nps_pair_scratch scratch = {0};
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        json_error_t why;
        json_t *o = json_loadb(line, (size_t)(end - line), 0, &why);
        assert_non_null(o);
        check_pair(o, &t, &scratch);
        json_decref(o);
        pairs++;
    }
    printf("%zu pairs: %zu values agree, %zu on the edge of the tolerance, %zu differ\n", pairs, t.agreed, t.edge, t.failed);
    nps_pair_scratch_done(&scratch);
    free(text);
    assert_true(pairs >= 1000);
    assert_int_equal(t.failed, 0);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_identical_to_itself),
        cmocka_unit_test(similarity_does_not_depend_on_the_order_of_its_arguments),
        cmocka_unit_test(lists_without_common_peaks_score_zero),
        cmocka_unit_test(a_shift_finds_the_moved_peaks),
        cmocka_unit_test(lists_in_proportion_have_a_composite_of_one),
        cmocka_unit_test(reverse_forgives_foreign_peaks_of_the_query),
        cmocka_unit_test(entropy_of_equal_peaks_is_the_logarithm_of_their_number),
        cmocka_unit_test(agrees_with_ms_entropy_and_matchms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
