/* Joint verdicts of several spectra, and the minimum scheme. */
#include "reference-lib/candidates.h"
#include "tests/support/match_fixture.h"

/* Substances 0 and 1 have equal EI spectra; infrared tells them apart. 2 has its own of both. */
static nps_library *sample_library(nps_spectrum *ei[3], nps_spectrum *ir[3])
{
    uint64_t r = 31;
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        ei[i] = i == 1 ? synth_replicate(ei[0], 0, &r) : synth_ei(&r);
        ir[i] = synth_ir(&r);
        synth_label(ei[i], i, 0);
        synth_label(ir[i], i, 0);
        ei[i]->retention_index = i == 2 ? 1500 : 0;
        synth_add(b, ei[i]);
        synth_add(b, ir[i]);
    }
    return synth_finish(b);
}

static void the_spectra_of_a_sample_narrow_each_other_down(void **state)
{
    (void)state;
    nps_spectrum *ei[3], *ir[3], *empty = synth_peaks(NPS_TECH_EI, 0, NULL, NULL, 0);
    NPS_AUTO_LIBRARY lib = sample_library(ei, ir);
    uint64_t r = 5;
    nps_spectrum *foreign = synth_ei(&r);
    ei[2]->retention_index = 0;
    nps_spectrum *near = synth_replicate(ei[2], 0, &r), *far = synth_replicate(ei[2], 0, &r);
    near->retention_index = 1519;
    far->retention_index = 1521;
    const struct {
        const char *what;
        const nps_spectrum *q[3];
        size_t n;
        nps_outcome outcome;
        size_t n_set;
        bool conflict, minimum;
        const char *missing;
    } cases[] = {
        {"EI alone cannot tell the twins apart", {ei[0]}, 1, NPS_AMBIGUOUS, 2, false, false, "no single substance"},
        {"infrared tells them apart", {ei[0], ir[1]}, 2, NPS_IDENTIFIED, 1, false, true, ""},
        {"twice the same technique", {ei[2], ei[2]}, 2, NPS_IDENTIFIED, 1, false, false, "infrared or Raman"},
        {"chromatography is a technique of its own", {near}, 1, NPS_IDENTIFIED, 1, false, true, ""},
        {"where its result agrees", {far}, 1, NPS_IDENTIFIED, 1, false, false, "retention index"},
        {"infrared alone", {ir[2]}, 1, NPS_IDENTIFIED, 1, false, false, "mass spectrometry"},
        {"two substances", {ei[0], ir[2]}, 2, NPS_AMBIGUOUS, 3, true, false, "no single substance"},
        {"one spectrum fits nothing", {foreign, ir[2]}, 2, NPS_NOVEL, 0, false, false, "no single substance"},
        {"an unusable spectrum does not count", {empty, ei[2], ir[2]}, 3, NPS_IDENTIFIED, 1, false, true, ""},
        {"nothing usable", {empty, empty}, 2, NPS_UNUSABLE, 0, false, false, "no single substance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_match_options o = nps_match_options_default();
        NPS_AUTO(nps_sample_verdict) v = NULL;
        nps_err err;
        assert_ok(nps_match_sample(lib, cases[i].q, cases[i].n, &o, w, &v, &err), &err);
        if (v->outcome != cases[i].outcome || v->n_set != cases[i].n_set)
            print_error("%s: %s, %zu in the set\n", cases[i].what, nps_outcome_name(v->outcome), v->n_set);
        assert_int_equal(v->outcome, cases[i].outcome);
        assert_int_equal(v->n_set, cases[i].n_set);
        assert_int_equal(v->conflict, cases[i].conflict);
        assert_int_equal(v->minimum_scheme, cases[i].minimum);
        assert_non_null(strstr(v->missing, cases[i].missing));
        assert_int_equal(*v->missing == '\0', cases[i].minimum);
        assert_int_equal(v->n_spectra, cases[i].n);
        assert_near(v->alpha, 0.05, 0, 0);
        double sum = 0;
        for (size_t k = 0; k < cases[i].n; k++)
            assert_near(v->spectra[k]->alpha, 0.05 / (double)cases[i].n, 1e-12, 0);
        for (size_t m = 0; m < v->n_set; m++)
            sum += v->set[m].p;
        assert_true(sum <= 1 + 1e-9);
    }
    for (size_t i = 0; i < 3; i++) {
        nps_spectrum_free(ei[i]);
        nps_spectrum_free(ir[i]);
    }
    nps_spectrum_free(empty);
    nps_spectrum_free(foreign);
    nps_spectrum_free(near);
    nps_spectrum_free(far);
}

static void a_technique_that_the_library_lacks_for_a_substance_does_not_exclude_it(void **state)
{
    (void)state;
    uint64_t r = 77;
    nps_builder *b = synth_builder(NULL, NULL);
    nps_spectrum *ir[2] = {synth_ir(&r), synth_ir(&r)};
    NPS_AUTO(nps_spectrum) other = synth_ei(&r);
    NPS_AUTO(nps_spectrum) own = synth_ei(&r);
    for (unsigned i = 0; i < 2; i++) {
        synth_label(ir[i], i, 0);
        synth_add(b, ir[i]);
    }
    synth_label(other, 1, 0);
    synth_add(b, other);
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    const nps_spectrum *q[] = {own, ir[0]};
    nps_match_options o = nps_match_options_default();
    NPS_AUTO(nps_sample_verdict) v = NULL;
    nps_err err;
    assert_ok(nps_match_sample(lib, q, 2, &o, w, &v, &err), &err);
    assert_int_equal(v->spectra[0]->outcome, NPS_NOVEL);
    assert_int_equal(v->outcome, NPS_IDENTIFIED);
    assert_int_equal(v->n_set, 1);
    assert_int_equal(v->set[0].substance, 0);
    assert_false(v->minimum_scheme);
    for (unsigned i = 0; i < 2; i++)
        nps_spectrum_free(ir[i]);
}

static void a_sample_has_1_to_64_spectra(void **state)
{
    (void)state;
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = 3, .substances = 3, .labs = 1, .ei = true});
    const nps_spectrum *many[65];
    for (size_t i = 0; i < 65; i++)
        many[i] = set.s[0];
    nps_match_options o = nps_match_options_default();
    o.with_analogs = false;
    nps_sample_verdict *v = NULL;
    nps_err err;
    assert_int_equal(nps_match_sample(set.lib, many, 0, &o, w, &v, &err), NPS_E_LIMIT);
    assert_int_equal(nps_match_sample(set.lib, many, 65, &o, w, &v, &err), NPS_E_LIMIT);
    assert_null(v);
    assert_ok(nps_match_sample(set.lib, many, 64, &o, w, &v, &err), &err);
    assert_int_equal(v->n_spectra, 64);
    nps_sample_verdict_free(v);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spectra_of_a_sample_narrow_each_other_down),
        cmocka_unit_test(a_technique_that_the_library_lacks_for_a_substance_does_not_exclude_it),
        cmocka_unit_test(a_sample_has_1_to_64_spectra),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
