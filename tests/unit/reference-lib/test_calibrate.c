/* Calibration by a library's own replicates and by a laboratory's. */
#include "core/stats.h"
#include "reference-lib/calibrate.h"
#include "reference-lib/match_impl.h"
#include "tests/support/match_fixture.h"

#include <math.h>

/* Near infrared spectra, which have nothing on the grid, in the place of replicates. */
static void traces_with_nothing_to_compare_do_not_calibrate(void **state)
{
    (void)state;
    nps_library *libs[2];
    for (int with = 0; with < 2; with++) {
        uint64_t r = 5;
        nps_builder *b = synth_builder(NULL, NULL);
        for (unsigned k = 0; k < 30; k++) {
            NPS_AUTO(nps_spectrum) s = synth_ir(&r);
            for (unsigned lab = 0; lab < 2; lab++) {
                NPS_AUTO(nps_spectrum) q = synth_replicate(s, 0.02, &r);
                synth_label(q, k, 0);
                synth_add(b, q);
                q->trace.x0_cm1 = 4100;
                synth_label(q, 100 + k, 0);
                if (with)
                    synth_add(b, q);
            }
        }
        libs[with] = synth_finish(b);
    }
    const nps_calibration *a = &libs[0]->calibration[NPS_TECH_IR], *b = &libs[1]->calibration[NPS_TECH_IR];
    assert_int_equal(a->n, 30);
    assert_int_equal(b->n, 30);
    for (size_t i = 0; i < 30; i++)
        assert_near(b->conformity[i], a->conformity[i], 0, 0);
    nps_library_release(libs[0]);
    nps_library_release(libs[1]);
}

static void the_source_of_the_calibration_follows_the_replicates(void **state)
{
    (void)state;
    static const struct {
        unsigned substances, labs;
        bool same_lab;
        nps_technique t;
        nps_calibration_source source;
        uint64_t n;
    } cases[] = {
        {100, 1, false, NPS_TECH_EI, NPS_CALIBRATION_GENERAL, 199},
        {100, 1, false, NPS_TECH_MSMS, NPS_CALIBRATION_GENERAL, 199},
        {100, 1, false, NPS_TECH_IR, NPS_CALIBRATION_NONE, 0},
        {59, 2, false, NPS_TECH_EI, NPS_CALIBRATION_GENERAL, 199},
        {60, 2, false, NPS_TECH_EI, NPS_CALIBRATION_LIBRARY, 60},
        {199, 2, true, NPS_TECH_EI, NPS_CALIBRATION_GENERAL, 199},
        {200, 2, true, NPS_TECH_EI, NPS_CALIBRATION_WITHIN, 200},
        {60, 3, false, NPS_TECH_MSMS, NPS_CALIBRATION_LIBRARY, 60},
        {19, 2, false, NPS_TECH_IR, NPS_CALIBRATION_NONE, 0},
        {20, 2, true, NPS_TECH_IR, NPS_CALIBRATION_WITHIN, 20},
        {60, 2, false, NPS_TECH_IR, NPS_CALIBRATION_LIBRARY, 60},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t r = 7 + i;
        nps_builder *b = synth_builder(NULL, NULL);
        for (unsigned k = 0; k < cases[i].substances; k++) {
            NPS_AUTO(nps_spectrum) s = synth_of(cases[i].t, &r);
            for (unsigned lab = 0; lab < cases[i].labs; lab++) {
                NPS_AUTO(nps_spectrum) q = synth_replicate(s, 0.1, &r);
                synth_label(q, k, cases[i].same_lab ? 0 : lab);
                synth_add(b, q);
            }
        }
        NPS_AUTO_LIBRARY lib = synth_finish(b);
        const nps_calibration *c = &lib->calibration[cases[i].t];
        if (c->source != cases[i].source)
            print_error("case %zu: %s\n", i, nps_calibration_source_name(c->source));
        assert_int_equal(c->source, cases[i].source);
        assert_int_equal(c->n, cases[i].n);
        for (uint64_t k = 1; k < c->n; k++)
            assert_true(c->conformity[k] >= c->conformity[k - 1]);
        NPS_AUTO(nps_spectrum) q = synth_of(cases[i].t, &r);
        NPS_AUTO(nps_verdict) v = ask(lib, q, NULL);
        assert_int_equal(v->calibration, cases[i].source);
        assert_int_equal(v->calibration_n, cases[i].n);
        if (cases[i].source == NPS_CALIBRATION_NONE) {
            assert_true(v->coverage_low == 0 && v->coverage_high == 1); /* nothing is promised */
        } else {
            size_t rank = nps_conformal_rank(c->n, 0.05, cases[i].source == NPS_CALIBRATION_WITHIN ? 0.8 : 0);
            assert_true(rank ? v->threshold == c->conformity[rank - 1] : isinf(v->threshold));
            assert_true(v->coverage_low <= v->coverage_high && v->coverage_low > 0.5);
        }
    }
}

/* Fresh replicates of every substance of a library calibrated on its own: the share whose set holds the truth lies where
 * the verdict says that the true coverage lies, widened by what chance does to the 400 asked (3 standard deviations). */
static void the_stated_coverage_holds_on_fresh_replicates(void **state)
{
    (void)state;
    enum { N = 400 };
    uint64_t r = nps_test_seed();
    nps_builder *b = synth_builder(NULL, NULL);
    nps_spectrum *fresh[N];
    for (unsigned i = 0; i < N; i++) {
        NPS_AUTO(nps_spectrum) pure = synth_ei(&r);
        for (unsigned lab = 0; lab < 2; lab++) {
            NPS_AUTO(nps_spectrum) s = synth_replicate(pure, 0.7, &r);
            synth_label(s, i, lab);
            synth_add(b, s);
        }
        /* Each calibration question finds one replicate in the library, a fresh one would find two and do better: so the
         * fresh one is asked against a library without the second laboratory, see below. */
        fresh[i] = synth_replicate(pure, 0.7, &r);
        synth_label(fresh[i], i, 2);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_int_equal(lib->calibration[NPS_TECH_EI].source, NPS_CALIBRATION_LIBRARY);
    assert_int_equal(lib->calibration[NPS_TECH_EI].n, N);
    static const double alphas[] = {0.05, 0.1, 0.3};
    for (size_t a = 0; a < 3; a++) {
        nps_match_options o = nps_match_options_default();
        size_t covered = 0;
        double low = 0, high = 1, threshold = 0;
        o.alpha = alphas[a];
        o.with_analogs = false;
        for (unsigned i = 0; i < N; i++) {
            NPS_AUTO(nps_verdict) v = ask(lib, fresh[i], &o);
            low = v->coverage_low;
            high = v->coverage_high;
            threshold = v->threshold;
            nps_prepared q;
            nps_candidate *c = NULL;
            size_t n = 0;
            nps_err err;
            nps_filter f = nps_filter_all();
            f.substance = i;
            f.contributor = lib->entry_contributor[2 * i + 1];
            assert_ok(nps_prepare(fresh[i], &lib->trace_prep[fresh[i]->technique], &q, &err), &err);
            assert_ok(nps_find_candidates(lib, &q, &o, &f, 512, w, &c, &n, &err), &err);
            for (size_t k = 0; k < n; k++)
                covered += c[k].substance == i && c[k].conformity >= threshold;
            free(c);
            nps_prepared_done(&q);
        }
        double share = (double)covered / N, chance = 3 * sqrt(alphas[a] * (1 - alphas[a]) / N);
        printf("alpha %g: covered %.4f, stated %.4f to %.4f\n", alphas[a], share, low, high);
        assert_true(share >= low - chance && share <= high + chance);
        assert_true(low < 1 - alphas[a] + 0.01 && high > 1 - alphas[a] - 0.01);
    }
    for (unsigned i = 0; i < N; i++)
        nps_spectrum_free(fresh[i]);
}

static void an_own_calibration_replaces_that_of_the_library(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(
        &(synth_plan){.seed = r, .substances = 40, .labs = 1, .ei = true, .msms = true});
    enum { N = 30 };
    nps_spectrum *q[N];
    nps_calibration_case cases[N + 2];
    nps_calibration own[NPS_TECH_COUNT];
    char key[N][15];
    size_t absent = 0;
    nps_err err;
    for (unsigned i = 0; i < N; i++) {
        q[i] = synth_replicate(set.s[i], 0.2, &r);
        snprintf(key[i], sizeof key[i], "%s", synth_inchikey(i));
        cases[i] = (nps_calibration_case){q[i], key[i]};
    }
    cases[N] = (nps_calibration_case){q[0], "ZZZZZZZZZZZZZZ"};
    cases[N + 1] = (nps_calibration_case){q[0], "AAAA"};
    assert_ok(nps_calibrate_cases(set.lib, cases, N + 2, own, &absent, &err), &err);
    assert_int_equal(absent, 2);
    assert_int_equal(own[NPS_TECH_EI].n, N);
    assert_int_equal(own[NPS_TECH_EI].source, NPS_CALIBRATION_OWN);
    assert_int_equal(own[NPS_TECH_MSMS].n, 0);
    for (size_t i = 1; i < N; i++)
        assert_true(own[NPS_TECH_EI].conformity[i] >= own[NPS_TECH_EI].conformity[i - 1]);
    nps_match_options o = nps_match_options_default();
    o.own_calibration = own;
    NPS_AUTO(nps_verdict) a = ask(set.lib, q[0], &o);
    assert_int_equal(a->calibration, NPS_CALIBRATION_OWN);
    assert_int_equal(a->calibration_n, N);
    assert_true(a->threshold == own[NPS_TECH_EI].conformity[0]); /* rank floor(0.05 * 31) = 1 */
    NPS_AUTO(nps_verdict) b = ask(set.lib, set.s[45], &o);       /* none of its own for MS/MS: the library's */
    assert_int_equal(b->calibration, NPS_CALIBRATION_GENERAL);
    for (size_t i = 0; i < N; i++)
        nps_spectrum_free(q[i]);
    for (size_t t = 0; t < NPS_TECH_COUNT; t++)
        free((void *)(uintptr_t)own[t].conformity);
}

/* A labelled standard shares the first block of its parent: a case of either is judged by the better of the two. */
static void an_own_case_is_not_judged_by_the_labelled_standard_of_its_substance(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) labelled = synth_ei(&r);
    NPS_AUTO(nps_spectrum) parent = synth_ei(&r);
    synth_label(labelled, 1, 0);
    synth_label(parent, 1, 0);
    labelled->nominal_mass = 185;
    parent->nominal_mass = 180;
    synth_add(b, labelled);
    synth_add(b, parent);
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_int_equal(lib->n_substance, 2);
    nps_calibration own[NPS_TECH_COUNT];
    size_t absent;
    nps_err err;
    char key[15];
    snprintf(key, sizeof key, "%s", synth_inchikey(1));
    assert_ok(nps_calibrate_cases(lib, &(nps_calibration_case){parent, key}, 1, own, &absent, &err), &err);
    assert_int_equal(own[NPS_TECH_EI].n, 1);
    assert_near(own[NPS_TECH_EI].conformity[0], 1, 0, 1e-6);
    for (size_t t = 0; t < NPS_TECH_COUNT; t++)
        free((void *)(uintptr_t)own[t].conformity);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_with_nothing_to_compare_do_not_calibrate),
        cmocka_unit_test(the_source_of_the_calibration_follows_the_replicates),
        cmocka_unit_test(the_stated_coverage_holds_on_fresh_replicates),
        cmocka_unit_test(an_own_calibration_replaces_that_of_the_library),
        cmocka_unit_test(an_own_case_is_not_judged_by_the_labelled_standard_of_its_substance),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
