/* Verdicts of infrared and Raman traces: preparation, range, move, and what cannot be compared. */
#include "reference-lib/candidates.h"
#include "spectra/quality.h"
#include "tests/support/match_fixture.h"

#include <math.h>

static void raman_spectra_are_judged_without_their_fluorescence(void **state)
{
    (void)state;
    uint64_t r = 91;
    nps_builder *b = synth_builder(NULL, NULL);
    nps_spectrum *s[6];
    for (unsigned i = 0; i < 6; i++) {
        s[i] = synth_ir(&r);
        s[i]->technique = NPS_TECH_RAMAN;
        synth_label(s[i], i, 0);
        synth_add(b, s[i]);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_string_equal(lib->trace_prep_text[NPS_TECH_RAMAN], "baseline=als:100000:0.001,mask=none");
    assert_string_equal(lib->trace_prep_text[NPS_TECH_IR], "mask=2280-2400");
    NPS_AUTO(nps_spectrum) q = synth_replicate(s[3], 0.01, &r);
    for (size_t i = 0; i < q->trace.n; i++) {
        double x = (nps_trace_x(&q->trace, i) - 1500) / 1200;
        q->trace.y[i] += (float)(6 * exp(-x * x));
    }
    nps_match_options o = nps_match_options_default();
    nps_trace_prep none = nps_trace_prep_default();
    NPS_AUTO(nps_verdict) v = NULL;
    NPS_AUTO(nps_verdict) raw = NULL;
    nps_err err;
    assert_ok(nps_match(lib, q, &o, w, &v, &err), &err);
    o.trace_prep = &none;
    assert_ok(nps_match(lib, q, &o, w, &raw, &err), &err);
    assert_string_equal(nps_library_text(lib, lib->sub_name[v->hits[0].substance]), "substance 3");
    assert_true(v->hits[0].score > 0.95 && raw->hits[0].score < 0.7);
    assert_int_equal(v->trace_prep.baseline, NPS_BASELINE_ALS);
    assert_int_equal(raw->trace_prep.baseline, NPS_BASELINE_NONE);
    for (unsigned i = 0; i < 6; i++)
        nps_spectrum_free(s[i]);
}

static void hits_of_traces_say_what_was_compared_and_moved(void **state)
{
    (void)state;
    uint64_t r = 92;
    nps_spectrum *s[4];
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < 4; i++) {
        s[i] = synth_ir(&r);
        synth_label(s[i], i, 0);
        synth_add(b, s[i]);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    /* Measured from 650 1/cm on, its axis 6 1/cm too low. */
    NPS_AUTO(nps_spectrum) q = synth_replicate(s[2], 0, &r);
    enum { CUT = 39 };
    memmove(q->trace.y, q->trace.y + CUT, (q->trace.n - CUT) * sizeof *q->trace.y);
    q->trace.n -= CUT;
    q->trace.x0_cm1 += 4 * CUT - 6;
    nps_match_options o = nps_match_options_default();
    o.max_lag_cm1 = 10;
    NPS_AUTO(nps_verdict) v = NULL;
    nps_err err;
    assert_ok(nps_match(lib, q, &o, w, &v, &err), &err);
    const nps_hit *h = &v->hits[0];
    assert_string_equal(nps_library_text(lib, lib->sub_name[h->substance]), "substance 2");
    assert_near(h->moved_cm1, 6, 0, 0);
    assert_near(h->first_cm1, 656, 0, 0);
    assert_near(h->last_cm1, 3900, 0, 0);
    assert_true(h->score > 0.9999);
    /* 1,623 points less those over carbon dioxide on the query's axis and on the library's. */
    assert_int_equal(h->matched, 1623 - 64);
    assert_int_equal(v->calibration, NPS_CALIBRATION_NONE);
    /* One's own pairs were not moved either. */
    static const double pairs[] = {0.5, 0.6, 0.7};
    nps_calibration own[NPS_TECH_COUNT] = {[NPS_TECH_IR] = {.source = NPS_CALIBRATION_OWN, .n = 3, .conformity = pairs}};
    o.own_calibration = own;
    NPS_AUTO(nps_verdict) also = NULL;
    assert_ok(nps_match(lib, q, &o, w, &also, &err), &err);
    assert_int_equal(also->calibration, NPS_CALIBRATION_NONE);
    o.max_lag_cm1 = 0;
    NPS_AUTO(nps_verdict) unmoved = NULL;
    assert_ok(nps_match(lib, q, &o, w, &unmoved, &err), &err);
    assert_int_equal(unmoved->calibration, NPS_CALIBRATION_OWN);
    own[NPS_TECH_IR].preparation = "atr,mask=2280-2400"; /* made with another library */
    NPS_AUTO(nps_verdict) foreign = NULL;
    assert_ok(nps_match(lib, q, &o, w, &foreign, &err), &err);
    assert_int_equal(foreign->calibration, NPS_CALIBRATION_NONE);
    o.max_lag_cm1 = 20.1;
    NPS_AUTO(nps_verdict) far = NULL;
    assert_int_equal(nps_match(lib, q, &o, w, &far, &err), NPS_E_RANGE);
    for (unsigned i = 0; i < 4; i++)
        nps_spectrum_free(s[i]);
}

static void a_range_that_no_reference_has_is_no_novel_substance(void **state)
{
    (void)state;
    uint64_t r = 93;
    nps_spectrum *s[3];
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        s[i] = synth_ir(&r);
        synth_label(s[i], i, 0);
        s[i]->trace.x0_cm1 = 1500; /* 1500 to 4900 1/cm */
        synth_add(b, s[i]);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    NPS_AUTO(nps_spectrum) q = synth_ir(&r);
    for (size_t points = 349; points <= 351; points++) { /* to 1892, 1896 and 1900 1/cm: 197, 199, 201 points of 2 in common */
        q->trace.n = points;
        NPS_AUTO(nps_verdict) v = synth_verdict(lib, q);
        assert_int_equal(v->outcome, points < 351 ? NPS_UNUSABLE : NPS_NOVEL);
        assert_int_equal((v->quality & NPS_QUALITY_NO_REFERENCE) != 0, points < 351);
    }
    for (unsigned i = 0; i < 3; i++)
        nps_spectrum_free(s[i]);
}

static void a_trace_of_which_nothing_is_left_to_compare_gives_no_verdict(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .ir = true});
    static const struct {
        const char *steps;
        size_t points; /* of the query, every 4 1/cm from 648 1/cm on */
        bool judged;
    } cases[] = {
        {"mask=0-20000", 800, false},
        {"mask=0-700+800-4000", 800, false},
        {"smooth=101", 102, true},
        {"mask=none", 102, true},
        {"derivative=1", 102, false},    /* 203 points, less 8 */
        {"derivative=1", 105, true},     /* 209 points, less 8 */
        {"derivative=2:101", 150, false}, /* 299 points, less 100 */
        {"derivative=2:101", 151, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) q = synth_replicate(set.s[2], 0, &r);
        q->trace.n = cases[i].points;
        q->trace.x0_cm1 = 648;
        nps_trace_prep prep;
        nps_err err;
        assert_ok(nps_trace_prep_parse(nps_span_of(cases[i].steps), &prep, &err), &err);
        nps_match_options o = nps_match_options_default();
        o.trace_prep = &prep;
        NPS_AUTO(nps_verdict) v = ask(set.lib, q, &o);
        if ((v->outcome != NPS_UNUSABLE) != cases[i].judged)
            print_error("case %zu: %s\n", i, nps_outcome_name(v->outcome));
        assert_int_equal(v->outcome != NPS_UNUSABLE, cases[i].judged);
        assert_int_equal(v->quality & NPS_QUALITY_UNCOMPARABLE, cases[i].judged ? 0 : NPS_QUALITY_UNCOMPARABLE);
    }
    /* Fewer points than the window: the trace cannot even be prepared. */
    NPS_AUTO(nps_spectrum) few = synth_replicate(set.s[2], 0, &r);
    few->trace.n = 60;
    few->trace.x0_cm1 = 650;
    few->trace.dx_cm1 = 20;
    nps_trace_prep prep;
    nps_match_options o = nps_match_options_default();
    o.trace_prep = &prep;
    assert_ok(nps_trace_prep_parse(NPS_SPAN("smooth=101"), &prep, NULL), NULL);
    NPS_AUTO(nps_verdict) v = ask(set.lib, few, &o);
    assert_int_equal(v->outcome, NPS_UNUSABLE);
    assert_true(v->quality & NPS_QUALITY_UNCOMPARABLE);
}

static void a_move_is_told_in_whole_steps_of_the_grid(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .ir = true});
    static const double asked[] = {0, 1.9, 2, 3.9, 20}, told[] = {0, 0, 2, 2, 20};
    for (size_t i = 0; i < 5; i++) {
        nps_match_options o = nps_match_options_default();
        o.max_lag_cm1 = asked[i];
        NPS_AUTO(nps_verdict) v = ask(set.lib, set.s[1], &o);
        assert_near(v->max_lag_cm1, told[i], 0, 0);
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raman_spectra_are_judged_without_their_fluorescence),
        cmocka_unit_test(hits_of_traces_say_what_was_compared_and_moved),
        cmocka_unit_test(a_range_that_no_reference_has_is_no_novel_substance),
        cmocka_unit_test(a_trace_of_which_nothing_is_left_to_compare_gives_no_verdict),
        cmocka_unit_test(a_move_is_told_in_whole_steps_of_the_grid),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
