/* Evidence of pairs, and what a verdict tells beside its set. */
#include "reference-lib/context.h"
#include "reference-lib/evidence_fit.h"
#include "reference-lib/threshold.h"
#include "reference-lib/workspace.h"
#include "spectra/energy.h"
#include "tests/support/match_fixture.h"

#include <math.h>

static void every_table_of_coefficients_keeps_to_its_signs(void **state)
{
    (void)state;
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT; t++) {
        size_t n;
        const nps_feature *f = nps_evidence_features(t, &n);
        const nps_evidence_model *m = nps_evidence_model_of(t);
        assert_true(n >= 1 && n <= NPS_FEATURE_MAX);
        for (size_t i = 0; i < n; i++) {
            assert_true(f[i].sign * m->weight[i] >= 0);
            assert_true(*f[i].name && *f[i].topic && *f[i].pro && *f[i].con && isfinite(m->typical[i]));
            for (size_t k = 0; k < i; k++)
                assert_string_not_equal(f[i].name, f[k].name);
        }
        for (size_t i = n; i < NPS_FEATURE_MAX; i++)
            assert_true(m->weight[i] == 0);
        assert_true(m->known[1] > 0 && m->known[2] <= 0 && m->novelty > 0);
    }
}

static void energies_are_read_as_files_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double precursor, ev;
    } cases[] = {{"20", 300, 20},       {"20 eV", 300, 20},          {"6V", 300, 6},          {"HCD 35 %", 250, 17.5},
                 {"30(NCE)", 500, 30},  {"75 (nominal)", 250, 37.5}, {"75 (nominal)", 0, 0},  {"15, 30, 45 (nominal)", 300, 0},
                 {"ramp 5-60", 300, 0}, {"", 300, 0},                {"low", 300, 0},         {"0", 300, 0},
                 {"1e9", 300, 0},       {"22.5 eV", 300, 22.5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_near(nps_energy_ev(cases[i].text, cases[i].precursor), cases[i].ev, 0, 1e-9);
}

static nps_pair good_pair(void)
{
    return (nps_pair){.peaks = {.entropy = 0.9, .upper_entropy = 0.9, .linear_cosine = 0.97, .heavy_cosine = 0.95,
                                .unexplained = 0.02, .missing = 0.03, .ratio_difference = 0.4, .top = {1, 0.9, 0.9}, .base_peaks = 1, .highest = 250,
                                .peaks = 40, .lag_one = 0.3, .lag_mean = 0.1},
                      .precursor = 0.2, .energy = 0.1, .retention = -1};
}

/* Evidence falls with every measure that is made worse, alone. */
static void worse_measures_never_give_more_evidence(void **state)
{
    (void)state;
    for (nps_technique t = NPS_TECH_EI; t <= NPS_TECH_MSMS; t++) {
        const nps_evidence_model *m = nps_evidence_model_of(t);
        double f[NPS_FEATURE_MAX], best;
        nps_pair good = good_pair();
        nps_evidence_measure(t, &good, f);
        best = nps_evidence_sum(m, f);
        assert_true(best > 0);
        for (int fault = 0; fault < 12; fault++) {
            nps_pair p = good_pair();
            switch (fault) {
            case 0: p.peaks.entropy = 0.5; break;
            case 1: p.peaks.upper_entropy = 0.5; break;
            case 2: p.peaks.linear_cosine = 0.5; break;
            case 3: p.peaks.heavy_cosine = 0.5; break;
            case 4: p.peaks.unexplained = 0.3; break;
            case 5: p.peaks.missing = 0.3; break;
            case 6: p.peaks.ratio_difference = 2; break;
            case 7: p.peaks.top[0] = p.peaks.top[1] = p.peaks.top[2] = 0.4; break;
            case 8: p.peaks.above_mass = 0.3; break;
            case 9: p.peaks.isotope_difference = 0.3; break;
            case 10: p.precursor = 8; break;
            default: p.retention = 60; break;
            }
            nps_evidence_measure(t, &p, f);
            assert_true(nps_evidence_sum(m, f) <= best);
        }
    }
}

static void a_retention_index_counts_where_both_have_one(void **state)
{
    (void)state;
    double f[NPS_FEATURE_MAX], last = INFINITY;
    const nps_evidence_model *m = nps_evidence_model_of(NPS_TECH_EI);
    static const double away[] = {-1, 0, 10, 20, 30, 50, 70, 1000};
    for (size_t i = 0; i < sizeof away / sizeof *away; i++) {
        nps_pair p = good_pair();
        p.retention = away[i];
        nps_evidence_measure(NPS_TECH_EI, &p, f);
        double z = nps_evidence_sum(m, f);
        assert_true(z <= last);
        last = away[i] < 0 ? z : last;
        if (away[i] <= NPS_RETENTION_TOL)
            assert_true(z == last); /* not measured, or within what laboratories differ by */
    }
    nps_pair p = good_pair();
    double none, far;
    nps_evidence_measure(NPS_TECH_EI, &p, f);
    none = nps_evidence_sum(m, f);
    p.retention = 1000;
    nps_evidence_measure(NPS_TECH_EI, &p, f);
    far = nps_evidence_sum(m, f);
    assert_near(none - far, 2.5, 1e-9, 0); /* bounded: an index on record may be wrong */
}

/* Contributions, with the intercept and the typical values, are the evidence again. */
static void contributions_add_up_to_the_evidence(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 30, .labs = 2, .noise = 0.2, .ei = true, .msms = true, .ir = true});
    for (size_t i = 0; i < set.n; i += 7) {
        NPS_AUTO(nps_verdict) v = ask(set.lib, set.s[i], NULL);
        const nps_evidence_model *m = nps_evidence_model_of(v->technique);
        double typical = nps_evidence_sum(m, m->typical), best = v->hits[0].evidence;
        for (size_t h = 0; h < v->n_hits; h++) {
            double z = typical;
            for (size_t k = 0; k < NPS_FEATURE_MAX; k++)
                z += v->hits[h].contribution[k];
            assert_near(z, v->hits[h].evidence, 1e-9, 1e-9);
            assert_true(v->hits[h].conformity <= m->room - (best - v->hits[h].evidence) + 1e-12);
            assert_true(v->hits[h].in_set == set_holds(v, v->hits[h].substance));
            assert_true(v->hits[h].in_set == (v->hits[h].conformity >= v->threshold) || h > 0);
        }
    }
}

/* --- kinds of spectra ------------------------------------------------------------------------------------------------------ */

static void a_threshold_is_that_of_the_querys_own_kind_where_there_are_enough_pairs(void **state)
{
    (void)state;
    enum { N = 400 };
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .ei = true});
    double conformity[N];
    uint8_t kind[N];
    for (size_t i = 0; i < N; i++) {
        conformity[i] = (double)i;
        kind[i] = i < 320 ? NPS_KIND_SPARSE : NPS_KIND_RICH; /* the rich ones agree better */
    }
    nps_calibration own[NPS_TECH_COUNT] = {[NPS_TECH_EI] = {.source = NPS_CALIBRATION_OWN, .n = N, .conformity = conformity, .kind = kind}};
    nps_match_options o = nps_match_options_default();
    o.own_calibration = own;
    const double few_mz[] = {50, 77, 105, 182};
    const float few_y[] = {200, 700, 1000, 400};
    NPS_AUTO(nps_spectrum) sparse = synth_peaks(NPS_TECH_EI, 0, few_mz, few_y, 4);
    NPS_AUTO(nps_verdict) a = ask(set.lib, sparse, &o);
    assert_int_equal(a->kind, NPS_KIND_SPARSE);
    assert_int_equal(a->calibration_n, 320);
    assert_near(a->threshold, 15, 0, 0); /* rank floor(0.05 * 321) = 16 */
    double mz[40];
    float y[40];
    for (size_t i = 0; i < 40; i++) {
        mz[i] = 41 + 3 * (double)i;
        y[i] = (float)(100 + 23 * (i * 7 % 41));
    }
    NPS_AUTO(nps_spectrum) rich = synth_peaks(NPS_TECH_EI, 0, mz, y, 40);
    NPS_AUTO(nps_verdict) b = ask(set.lib, rich, &o);
    assert_int_equal(b->kind, NPS_KIND_RICH);
    assert_int_equal(b->calibration_n, 80);
    assert_near(b->threshold, 323, 0, 0); /* rank floor(0.05 * 81) = 4 of the rich ones */
    own[NPS_TECH_EI].n = N - 1; /* one rich pair too few */
    NPS_AUTO(nps_verdict) c = ask(set.lib, rich, &o);
    assert_int_equal(c->kind, NPS_KIND_ANY);
    assert_int_equal(c->calibration_n, N - 1);
    assert_near(c->threshold, 19, 0, 0); /* rank 20 of all */
}

/* Pairs 0 .. n - 1 in ascending order, kinds one after the other: the worse first. */
static nps_threshold limit_of(nps_kind asked, double alpha, size_t unit, size_t negative, size_t positive)
{
    static double conformity[1000];
    static uint8_t kind[1000];
    size_t n = unit + negative + positive;
    for (size_t i = 0; i < n; i++) {
        conformity[i] = (double)i;
        kind[i] = i < unit ? NPS_KIND_UNIT : i < unit + negative ? NPS_KIND_NEGATIVE : NPS_KIND_POSITIVE;
    }
    nps_calibration c = {.source = NPS_CALIBRATION_OWN, .n = n, .conformity = conformity, .kind = kind};
    return nps_threshold_of(&c, asked, alpha);
}

static void a_kind_with_few_pairs_is_promised_no_more_than_they_show(void **state)
{
    (void)state;
    nps_threshold enough = limit_of(NPS_KIND_UNIT, 0.05, 80, 0, 320), few = limit_of(NPS_KIND_UNIT, 0.05, 40, 0, 360),
                  none = limit_of(NPS_KIND_UNIT, 0.05, 10, 30, 360), small = limit_of(NPS_KIND_UNIT, 0.005, 80, 0, 320),
                  better = limit_of(NPS_KIND_POSITIVE, 0.05, 340, 0, 60), untold = limit_of(NPS_KIND_ANY, 0.05, 0, 100, 300);
    assert_true(enough.kind == NPS_KIND_UNIT && enough.n == 80 && enough.rank == 4 && enough.conformity == 3);
    assert_true(few.kind == NPS_KIND_ANY && few.n == 400 && few.rank == 20 && few.conformity == 1);       /* its own second, not 19 */
    assert_true(none.kind == NPS_KIND_ANY && none.rank == 20 && none.conformity == 10);                   /* the first negative one */
    assert_true(small.kind == NPS_KIND_ANY && small.n == 400 && small.rank == 2 && small.conformity == 1); /* own: too few for it */
    assert_true(better.kind == NPS_KIND_ANY && better.conformity == 19);                                  /* not its own 342 */
    assert_true(untold.kind == NPS_KIND_ANY && untold.conformity == 4);                                   /* the fifth negative one */
    nps_threshold nothing = limit_of(NPS_KIND_UNIT, 0.05, 3, 3, 3);
    assert_true(nothing.rank == 0 && isinf(nothing.conformity) && nothing.coverage_low == 1 && nothing.coverage_high == 1);
}

static void kinds_are_told_by_the_query_alone(void **state)
{
    (void)state;
    static const struct {
        nps_technique t;
        double precursor;
        int polarity;
        nps_kind kind;
    } cases[] = {{NPS_TECH_MSMS, 300.1234, 1, NPS_KIND_POSITIVE}, {NPS_TECH_MSMS, 300.1234, -1, NPS_KIND_NEGATIVE},
                 {NPS_TECH_MSMS, 300.1, 1, NPS_KIND_UNIT},        {NPS_TECH_MSMS, 300.1234, 0, NPS_KIND_ANY},
                 {NPS_TECH_DART, 0, 1, NPS_KIND_POSITIVE},        {NPS_TECH_IR, 0, 0, NPS_KIND_ANY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_prepared q = {.technique = cases[i].t, .precursor = cases[i].precursor, .polarity = cases[i].polarity};
        assert_int_equal(nps_kind_of(&q), cases[i].kind);
    }
    nps_prepared ei = {.technique = NPS_TECH_EI, .nominal = {.n = 19}};
    assert_int_equal(nps_kind_of(&ei), NPS_KIND_SPARSE);
    ei.nominal.n = 20;
    assert_int_equal(nps_kind_of(&ei), NPS_KIND_RICH);
}

static void doubts_about_a_calibration_are_told(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .ei = true});
    double conformity[] = {0, 1, 2};
    nps_calibration own[NPS_TECH_COUNT] = {[NPS_TECH_EI] = {.source = NPS_CALIBRATION_OWN, .n = 3, .conformity = conformity}};
    nps_match_options o = nps_match_options_default();
    NPS_AUTO(nps_verdict) general = ask(set.lib, set.s[0], &o);
    assert_int_equal(general->doubts, NPS_DOUBT_GENERAL);
    o.own_calibration = own;
    NPS_AUTO(nps_verdict) few = ask(set.lib, set.s[0], &o);
    assert_int_equal(few->doubts, NPS_DOUBT_FEW);
    assert_int_equal(few->n_set, 5); /* nothing is excluded */
    o.alpha = 0.5;
    own[NPS_TECH_EI].generation = "another";
    own[NPS_TECH_EI].drift = true;
    NPS_AUTO(nps_verdict) old = ask(set.lib, set.s[0], &o);
    assert_int_equal(old->doubts, NPS_DOUBT_GENERATION | NPS_DOUBT_DRIFT);
    own[NPS_TECH_EI].generation = set.lib->generation;
    own[NPS_TECH_EI].drift = false;
    NPS_AUTO(nps_verdict) fits = ask(set.lib, set.s[0], &o);
    assert_int_equal(fits->doubts, 0);
}

/* Evidence on another scale, with the room that fits it, says the same: the law of scale, and the ruleset against itself. */
static void the_room_of_a_refit_follows_the_scale_of_its_evidence(void **state)
{
    (void)state;
    enum { N = 60 };
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = N, .labs = 1, .ei = true});
    nps_fit_data d = {.technique = NPS_TECH_EI};
    const nps_match_options o = nps_match_options_default();
    nps_filter f = nps_filter_all();
    nps_err err;
    for (uint32_t i = 0; i < N; i++) {
        nps_prepared q;
        NPS_AUTO(nps_spectrum) s = synth_replicate(set.s[i], 1.2, &r);
        assert_ok(nps_prepare(s, NULL, &q, &err), &err);
        assert_ok(nps_fit_ask(&d, set.lib, &q, &o, &f, nps_is_substance, &i, w, &err), &err);
        nps_prepared_done(&q);
    }
    const nps_evidence_model *ruleset = nps_evidence_model_of(NPS_TECH_EI);
    nps_evidence_model same = *ruleset, twice = *ruleset;
    twice.intercept *= 2;
    for (size_t i = 0; i < NPS_FEATURE_MAX; i++)
        twice.weight[i] *= 2;
    twice.known[0] *= 2;
    twice.known[2] = same.known[2] = 0; /* the crowd has no scale */
    assert_ok(nps_fit_room(&d, &same, &same, &err), &err);
    assert_ok(nps_fit_room(&d, &same, &twice, &err), &err);
    assert_near(twice.room, 2 * same.room, 1e-9, 1e-9);
    nps_fit_data_done(&d); /* no question: nothing changes */
    twice.room = 7;
    assert_ok(nps_fit_room(&d, &same, &twice, &err), &err);
    assert_near(twice.room, 7, 0, 0);
}

/* --- lone peaks -------------------------------------------------------------------------------------------------------------- */

static void lone_peaks_are_told_of_open_references_only(void **state)
{
    (void)state;
    const double mz[] = {50, 77, 105, 122, 182}, query_mz[] = {50, 77, 105, 133, 182};
    const float y[] = {200, 700, 1000, 300, 400};
    for (int closed = 0; closed < 2; closed++) {
        nps_builder *b = synth_builder(NULL, NULL);
        nps_err err;
        NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, 5);
        NPS_AUTO(nps_spectrum) q = synth_peaks(NPS_TECH_EI, 0, query_mz, y, 5);
        synth_label(s, 1, 0);
        assert_ok(nps_builder_source(b, "synth.msp", closed ? NPS_VISIBLE_MATCH_ONLY : NPS_VISIBLE_PUBLIC, NULL, 0, &err), &err);
        assert_ok(nps_builder_add(b, s, NULL, &err), &err);
        NPS_AUTO_LIBRARY lib = synth_finish(b);
        NPS_AUTO(nps_verdict) v = ask(lib, q, NULL);
        assert_int_equal(v->n_unexplained, closed ? 0 : 1);
        assert_int_equal(v->n_missing, closed ? 0 : 1);
        if (closed)
            continue;
        assert_near(v->unexplained[0].mz, 133, 0, 0);
        assert_near(v->unexplained[0].share, 300. / 2600, 1e-6, 0);
        assert_near(v->missing[0].mz, 122, 0, 0);
    }
}

/* --- context ------------------------------------------------------------------------------------------------------------------- */

static void date_of(nps_spectrum *s, const char *key, const char *value)
{
    nps_err err;
    assert_ok(nps_spectrum_add_meta(s, nps_span_of(key), nps_span_of(value), &err), &err);
}

/* Substances of one class with EI, every third also with infrared and MS/MS. */
static nps_library *dated_library(nps_spectrum *ret_query[1])
{
    static const struct {
        const char *key, *value;
    } dates[] = {{"DATE", "12.05.2021"}, {"LONG DATE", "2024/03/01 10:11"}, {"Comment date", "2030"}, {"date", "99"}, {"Record-Date", "2019.01.02"}, {"DATE", ""}};
    uint64_t r = 11;
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < 6; i++) {
        NPS_AUTO(nps_spectrum) s = synth_ei(&r);
        synth_label(s, i, 0);
        synth_text(s, NPS_TEXT_CLASS, "testamines");
        date_of(s, dates[i].key, dates[i].value);
        synth_add(b, s);
        if (!i)
            *ret_query = synth_replicate(s, 0.01, &r);
        if (i % 3)
            continue;
        NPS_AUTO(nps_spectrum) ir = synth_ir(&r);
        synth_label(ir, i, 0);
        synth_add(b, ir);
        for (unsigned k = 0; k < 3; k++) {
            NPS_AUTO(nps_spectrum) ms = synth_msms(&r);
            synth_label(ms, i, 0);
            synth_text(ms, NPS_TEXT_ENERGY, k ? "20 eV" : "40 eV");
            synth_add(b, ms);
        }
    }
    return synth_finish(b);
}

static void the_coverage_of_a_class_and_its_newest_entry_are_told(void **state)
{
    (void)state;
    nps_spectrum *query;
    NPS_AUTO_LIBRARY lib = dated_library(&query);
    NPS_AUTO(nps_spectrum) q = query;
    static const unsigned years[] = {2021, 2024, 0, 0, 2019, 0};
    for (uint32_t s = 0; s < 6; s++)
        assert_int_equal(nps_entry_year(lib, lib->sub_entry[lib->sub_entry_at[s]]), years[s]);
    NPS_AUTO(nps_verdict) v = ask(lib, q, NULL);
    assert_int_equal(v->n_covered, 1);
    assert_string_equal(nps_library_text(lib, v->covered[0].class_name), "testamines");
    assert_int_equal(v->covered[0].substances, 6);
    assert_int_equal(v->covered[0].newest_year, 2024);
}

static void the_measurement_with_most_references_is_advised_first(void **state)
{
    (void)state;
    nps_spectrum *query;
    NPS_AUTO_LIBRARY lib = dated_library(&query);
    NPS_AUTO(nps_spectrum) q = query;
    nps_match_options o = nps_match_options_default();
    NPS_AUTO(nps_verdict) v = ask(lib, q, &o);
    assert_true(set_holds(v, 0));
    assert_int_equal(v->advice[0].technique, NPS_TECH_IR);
    assert_int_equal(v->advice[1].technique, NPS_TECH_MSMS);
    assert_near(v->advice[1].energy_ev, 20, 0, 0);
    for (size_t i = 0; i < v->n_advice; i++) {
        assert_int_equal(v->advice[i].of, v->n_set);
        assert_true(v->advice[i].technique != NPS_TECH_EI && v->advice[i].substances <= v->advice[i].of);
        assert_true(!i || v->advice[i].substances <= v->advice[i - 1].substances);
    }
    NPS_AUTO(nps_spectrum) foreign = synth_ei(&(uint64_t){99});
    foreign->technique = NPS_TECH_MSMS;
    foreign->precursor_mz = 777.7;
    NPS_AUTO(nps_verdict) novel = ask(lib, foreign, &o);
    assert_near(novel->mass, 777.7, 0, 0);
    assert_int_equal(novel->mass_entries, 0);
    NPS_AUTO(nps_spectrum) near = synth_msms(&(uint64_t){99});
    near->precursor_mz = lib->precursor_mz[4];
    NPS_AUTO(nps_verdict) known = ask(lib, near, &o);
    assert_true(known->mass_entries >= 1);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_of_coefficients_keeps_to_its_signs),
        cmocka_unit_test(energies_are_read_as_files_write_them),
        cmocka_unit_test(worse_measures_never_give_more_evidence),
        cmocka_unit_test(a_retention_index_counts_where_both_have_one),
        cmocka_unit_test(contributions_add_up_to_the_evidence),
        cmocka_unit_test(a_threshold_is_that_of_the_querys_own_kind_where_there_are_enough_pairs),
        cmocka_unit_test(a_kind_with_few_pairs_is_promised_no_more_than_they_show),
        cmocka_unit_test(kinds_are_told_by_the_query_alone),
        cmocka_unit_test(doubts_about_a_calibration_are_told),
        cmocka_unit_test(the_room_of_a_refit_follows_the_scale_of_its_evidence),
        cmocka_unit_test(lone_peaks_are_told_of_open_references_only),
        cmocka_unit_test(the_coverage_of_a_class_and_its_newest_entry_are_told),
        cmocka_unit_test(the_measurement_with_most_references_is_advised_first),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
