#include "reference-lib/analog.h"
#include "spectra/clean.h"
#include "tests/support/synth.h"

#include <math.h>

/* A family: one skeleton, whose substances carry a side chain of 14 Da more each. Peaks below the middle do not move, those
 * above do, and so does the molecular ion. `decimals` are added to every m/z. */
enum { FAMILY = 12, SKELETON = 180 };

static nps_spectrum *member(int step, double decimals, bool with_mass)
{
    double mz[16];
    float intensity[16];
    size_t n = 0;
    static const int fixed[] = {44, 58, 77, 91, 105, 119}, moving[] = {133, 145, 159, 165};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        mz[n] = fixed[i] + decimals;
        intensity[n++] = (float)(100 - 7 * i);
    }
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++) {
        mz[n] = moving[i] + decimals + step * (decimals > 0 ? 14.01565 : 14);
        intensity[n++] = (float)(80 - 9 * i);
    }
    mz[n] = SKELETON + decimals + step * (decimals > 0 ? 14.01565 : 14);
    intensity[n++] = 30;
    nps_spectrum *s = synth_peaks(NPS_TECH_EI, 0, mz, intensity, n);
    s->nominal_mass = with_mass ? SKELETON + 14 * step : 0;
    return s;
}

/* The family without `missing`. */
static nps_library *family(int missing, double decimals, bool with_mass, nps_visibility visibility, const char *embargo)
{
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    assert_ok(nps_builder_source(b, "family.msp", visibility, embargo, 0, &err), &err);
    for (int i = 0; i < FAMILY; i++) {
        if (i == missing)
            continue;
        NPS_AUTO(nps_spectrum) s = member(i, decimals, with_mass);
        synth_label(s, (unsigned)i, 1);
        assert_ok(nps_builder_add(b, s, NULL, &err), &err);
    }
    return synth_finish(b);
}

static void relatives_agree_on_the_molecular_mass_and_come_first(void **state)
{
    (void)state;
    for (int missing = 0; missing < FAMILY; missing++) {
        NPS_AUTO_LIBRARY lib = family(missing, 0, true, NPS_VISIBLE_PUBLIC, NULL);
        NPS_AUTO(nps_spectrum) s = member(missing, 0, true);
        NPS_AUTO(nps_verdict) v = synth_verdict(lib, s);
        assert_int_equal(v->molecular_mass, SKELETON + 14 * missing);
        assert_true(v->mass_support >= FAMILY / 2);
        assert_true(v->n_analogs > 0 && v->analogs[0].mass_agrees);
        bool agreed = true;
        for (size_t i = 0; i < v->n_analogs; i++) {
            const nps_analog *a = &v->analogs[i];
            assert_true(agreed || !a->mass_agrees);
            agreed = a->mass_agrees;
            assert_int_equal(a->mass_agrees, lib->sub_nominal[a->substance] + (int)a->delta_mass == v->molecular_mass);
            assert_true(a->score >= a->plain && a->score <= 1 + 1e-9);
        }
    }
}

/* A twin of the query's best relative whose file states a wrong mass: as similar, but it goes behind all that agree. */
static void who_disagrees_on_the_mass_goes_behind_whatever_its_score(void **state)
{
    (void)state;
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) s = member(5, 0, true);
    for (int i = 0; i < FAMILY; i++) {
        NPS_AUTO(nps_spectrum) relative = member(i, 0, true);
        NPS_AUTO(nps_spectrum) twin = member(i, 0, true);
        synth_label(relative, (unsigned)i, 1);
        synth_label(twin, (unsigned)(FAMILY + i), 1);
        twin->nominal_mass += 3;
        if (i == 5)
            continue;
        synth_add(b, relative);
        if (i == 4)
            synth_add(b, twin);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    NPS_AUTO(nps_workspace) w = NULL;
    assert_ok(nps_workspace_new(&w, &err), &err);
    nps_prepared q;
    nps_filter all = nps_filter_all();
    nps_weighed_lag found[NPS_LAG_HITS];
    nps_mass_estimate mass;
    size_t n, agreeing = 0;
    assert_ok(nps_prepare(s, NULL, &q, &err), &err);
    assert_ok(nps_weigh_lags(lib, &q, &all, 3, w, found, &n, &mass, &err), &err);
    nps_prepared_done(&q);
    assert_int_equal(mass.mass, SKELETON + 14 * 5);
    while (agreeing < n && found[agreeing].mass_agrees)
        agreeing++;
    assert_int_equal(mass.support, agreeing);
    assert_true(agreeing > 1 && agreeing < n);
    bool twin_seen = false;
    for (size_t i = 0; i < n; i++) {
        int32_t own = lib->sub_nominal[lib->entry_substance[found[i].hit.entry]];
        assert_int_equal(found[i].mass_agrees, own + found[i].hit.lag == mass.mass);
        assert_int_equal(found[i].mass_agrees, i < agreeing);
        assert_true(i == 0 || i == agreeing || found[i].score <= found[i - 1].score);
        twin_seen |= i >= agreeing && own == SKELETON + 14 * 4 + 3 && found[i].score > found[agreeing - 1].score;
    }
    assert_true(twin_seen);
}

static void a_library_without_masses_proposes_none(void **state)
{
    (void)state;
    NPS_AUTO_LIBRARY lib = family(5, 0, false, NPS_VISIBLE_PUBLIC, NULL);
    NPS_AUTO(nps_spectrum) s = member(5, 0, false);
    NPS_AUTO(nps_verdict) v = synth_verdict(lib, s);
    assert_int_equal(v->molecular_mass, 0);
    assert_int_equal(v->mass_support, 0);
    assert_true(v->n_analogs > 0 && !v->analogs[0].mass_agrees);
}

static void the_peaks_that_carry_the_shift_are_told_for_open_entries_only(void **state)
{
    (void)state;
    static const struct {
        nps_visibility visibility;
        const char *embargo;
        bool told;
    } cases[] = {{NPS_VISIBLE_PUBLIC, NULL, true},
                 {NPS_VISIBLE_PUBLIC, "2020-01-01", false}, /* who asks has no clock here */
                 {NPS_VISIBLE_MEMBERS, NULL, false},
                 {NPS_VISIBLE_MATCH_ONLY, NULL, false}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        NPS_AUTO_LIBRARY lib = family(5, 0, true, cases[k].visibility, cases[k].embargo);
        NPS_AUTO(nps_spectrum) s = member(5, 0, true);
        NPS_AUTO(nps_verdict) v = synth_verdict(lib, s);
        for (size_t i = 0; i < v->n_analogs; i++) {
            const nps_analog *a = &v->analogs[i];
            assert_int_equal(a->n_pair > 0, cases[k].told && a->shifted > 0);
            for (size_t p = 0; p < a->n_pair; p++) {
                assert_near(a->pair[p].query_mz - a->pair[p].reference_mz, a->delta_mass, 0, 1e-9);
                assert_true(a->pair[p].share > 0 && a->pair[p].share < 1 && (!p || a->pair[p].share <= a->pair[p - 1].share));
            }
        }
    }
}

static void accurate_masses_give_the_shift_to_ppm(void **state)
{
    (void)state;
    NPS_AUTO_LIBRARY lib = family(5, 0.0471, true, NPS_VISIBLE_PUBLIC, NULL);
    NPS_AUTO(nps_spectrum) s = member(5, 0.0471, true);
    NPS_AUTO(nps_verdict) v = synth_verdict(lib, s);
    bool seen = false;
    for (size_t i = 0; i < v->n_analogs; i++)
        if (lrint(v->analogs[i].delta_mass) == 14) {
            assert_near(v->analogs[i].delta_mass, 14.01565, 0, 1e-6);
            assert_string_equal(nps_analog_formula(&v->analogs[i]), "+CH2");
            seen = true;
        }
    assert_true(seen);
}

static void fragment_spectra_without_a_precursor_are_tried_at_all_shifts(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 30, .labs = 1, .msms = true});
    NPS_AUTO(nps_spectrum) s = synth_replicate(set.s[7], 0, &r);
    for (size_t i = s->peaks.n / 2; i < s->peaks.n; i++)
        s->peaks.mz[i] += 33.96103;
    s->precursor_mz = 0;
    NPS_AUTO(nps_verdict) v = synth_verdict(set.lib, s);
    assert_true(v->n_analogs > 0);
    assert_int_equal(v->analogs[0].entry, 7);
    assert_near(v->analogs[0].delta_mass, 33.96103, 0, 1e-4);
    assert_string_equal(nps_analog_formula(&v->analogs[0]), "+Cl -H");
}

/* One class so far ahead that the other votes vanish beside it. */
static void probabilities_of_classes_stay_probabilities(void **state)
{
    (void)state;
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    const double far[] = {60, 73, 147}, near[] = {44, 58, 91, 105};
    const float y[] = {50, 90, 70, 20};
    for (int i = 0; i < 2; i++) {
        NPS_AUTO(nps_spectrum) s = i ? synth_peaks(NPS_TECH_EI, 0, far, y, 3) : synth_peaks(NPS_TECH_EI, 0, near, y, 4);
        synth_label(s, (unsigned)i, 1);
        synth_text(s, NPS_TEXT_CLASS, i ? "far" : "near");
        synth_add(b, s);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    NPS_AUTO(nps_workspace) w = NULL;
    assert_ok(nps_workspace_new(&w, &err), &err);
    for (int with = 0; with < 2; with++) {
        NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, near, y, 4);
        NPS_AUTO(nps_verdict) v = NULL;
        nps_match_options o = nps_match_options_default();
        o.with_analogs = with;
        assert_ok(nps_match(lib, s, &o, w, &v, &err), &err);
        double sum = 0;
        for (size_t i = 0; i < v->n_classes; i++) {
            assert_true(v->classes[i].p >= 0 && v->classes[i].p <= 1);
            sum += v->classes[i].p;
        }
        assert_true(sum <= 1 + 1e-12);
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relatives_agree_on_the_molecular_mass_and_come_first),
        cmocka_unit_test(who_disagrees_on_the_mass_goes_behind_whatever_its_score),
        cmocka_unit_test(a_library_without_masses_proposes_none),
        cmocka_unit_test(the_peaks_that_carry_the_shift_are_told_for_open_entries_only),
        cmocka_unit_test(accurate_masses_give_the_shift_to_ppm),
        cmocka_unit_test(probabilities_of_classes_stay_probabilities),
        cmocka_unit_test(fragment_spectra_without_a_precursor_are_tried_at_all_shifts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
