#include "reference-lib/calibrate.h"
#include "reference-lib/match_impl.h"
#include "core/stats.h"
#include "spectra/quality.h"
#include "tests/support/synth.h"

#include <math.h>
#include <pthread.h>

static nps_workspace *w;

static int setup(void **state)
{
    (void)state;
    return nps_workspace_new(&w, NULL);
}

static int teardown(void **state)
{
    (void)state;
    nps_workspace_free(w);
    return 0;
}

static nps_verdict *ask(const nps_library *lib, const nps_spectrum *q, const nps_match_options *o)
{
    nps_match_options standard = nps_match_options_default();
    nps_verdict *v = NULL;
    nps_err err;
    assert_ok(nps_match(lib, q, o ? o : &standard, w, &v, &err), &err);
    return v;
}

static bool set_holds(const nps_verdict *v, uint32_t substance)
{
    for (size_t i = 0; i < v->n_set; i++)
        if (v->set[i].substance == substance)
            return true;
    return false;
}

/* --- outcomes ---------------------------------------------------------------------------------------------------------- */

static void a_replicate_is_identified_whatever_its_technique(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){
        .seed = r, .substances = 70, .labs = 2, .noise = 0.1, .ei = true, .msms = true, .ir = true});
    for (size_t i = 0; i < set.n; i += 13) {
        NPS_AUTO(nps_spectrum) q = synth_replicate(set.s[i], 0.02, &r);
        NPS_AUTO(nps_verdict) v = ask(set.lib, q, NULL);
        uint32_t truth = set.lib->entry_substance[i];
        if (v->outcome != NPS_IDENTIFIED)
            print_error("%s: %zu in the set, threshold %g (%s), best %g, next %g\n", nps_technique_name(q->technique),
                        v->n_set, v->threshold, nps_calibration_source_name(v->calibration), v->hits[0].score,
                        v->hits[2].score);
        assert_int_equal(v->outcome, NPS_IDENTIFIED);
        assert_int_equal(v->n_set, 1);
        assert_int_equal(v->set[0].substance, truth);
        assert_int_equal(v->hits[0].substance, truth);
        assert_true(v->p_known > 0.5 && v->p_known <= 1);
        assert_true(v->set[0].p > 0 && v->set[0].p <= v->p_known + 1e-12);
        assert_int_equal(v->technique, q->technique);
        assert_int_equal(strlen(v->input_digest), 64);
        assert_true(v->n_hits <= 10 && v->n_analogs <= 10);
        for (size_t h = 1; h < v->n_hits; h++)
            assert_true(v->hits[h].score <= v->hits[h - 1].score);
        for (size_t h = 0; h < v->n_hits; h++) {
            const nps_hit *x = &v->hits[h];
            assert_true(x->score >= 0 && x->score <= 1 && x->reverse >= 0 && x->reverse <= 1 + 1e-6 &&
                        x->explained >= 0 && x->explained <= 1 + 1e-6);
        }
    }
}

static void twins_that_cannot_be_told_apart_are_ambiguous(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) s = synth_ei(&r);
    for (unsigned twin = 0; twin < 2; twin++) {
        synth_label(s, twin, 0);
        synth_add(b, s);
    }
    for (unsigned i = 2; i < 20; i++) {
        NPS_AUTO(nps_spectrum) other = synth_ei(&r);
        synth_label(other, i, 0);
        synth_add(b, other);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    NPS_AUTO(nps_verdict) v = ask(lib, s, NULL);
    assert_int_equal(v->outcome, NPS_AMBIGUOUS);
    assert_int_equal(v->n_set, 2);
    assert_true(set_holds(v, 0) && set_holds(v, 1));
    assert_near(v->set[0].p, v->set[1].p, 1e-12, 0);
}

static void what_resembles_nothing_is_novel(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set =
        synth_library(&(synth_plan){.seed = r, .substances = 30, .labs = 1, .ei = true, .msms = true, .ir = true});
    r = 777;
    for (int i = 0; i < 9; i++) {
        static const nps_technique kinds[] = {NPS_TECH_EI, NPS_TECH_MSMS};
        NPS_AUTO(nps_spectrum) q = synth_of(kinds[i % 2], &r);
        NPS_AUTO(nps_verdict) v = ask(set.lib, q, NULL);
        assert_int_equal(v->outcome, NPS_NOVEL);
        assert_int_equal(v->n_set, 0);
        assert_true(v->p_known < 0.5);
    }
}

static void a_poor_spectrum_is_unusable_with_its_reasons(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .ei = true});
    static const struct {
        nps_technique t;
        double mz[4];
        float y[4];
        size_t n;
        unsigned bit;
    } cases[] = {{NPS_TECH_EI, {0}, {0}, 0, NPS_QUALITY_EMPTY},
                 {NPS_TECH_EI, {58}, {1}, 1, NPS_QUALITY_FEW_PEAKS},
                 {NPS_TECH_EI, {18, 28, 32, 44}, {5, 4, 2, 1}, 4, NPS_QUALITY_BACKGROUND},
                 {NPS_TECH_UNKNOWN, {58, 91, 120}, {5, 4, 2}, 3, NPS_QUALITY_TECHNIQUE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) q = synth_peaks(cases[i].t, 0, cases[i].mz, cases[i].y, cases[i].n);
        NPS_AUTO(nps_verdict) v = ask(set.lib, q, NULL);
        assert_int_equal(v->outcome, NPS_UNUSABLE);
        assert_int_equal(v->quality, cases[i].bit);
        assert_int_equal(v->n_set + v->n_hits + v->n_analogs, 0);
    }
}

/* Novel cases are published: they must not come from a library that could not have known. */
static void a_technique_or_polarity_that_the_library_lacks_gives_no_verdict(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .ei = true});
    NPS_AUTO(nps_spectrum) ir = synth_ir(&r);
    NPS_AUTO(nps_spectrum) msms = synth_msms(&r);
    NPS_AUTO(nps_verdict) a = ask(set.lib, ir, NULL);
    NPS_AUTO(nps_verdict) b = ask(set.lib, msms, NULL);
    assert_int_equal(a->outcome, NPS_UNUSABLE);
    assert_int_equal(a->quality, NPS_QUALITY_NO_REFERENCE);
    assert_int_equal(a->n_hits, 0);
    assert_int_equal(b->outcome, NPS_UNUSABLE);
    assert_int_equal(b->quality, NPS_QUALITY_NO_REFERENCE);
    assert_int_equal(b->n_hits, 0);
    assert_true(a->p_known == 0 && b->p_known == 0);
    AUTO_SYNTH_SET positive = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .msms = true});
    msms->polarity = -1;
    NPS_AUTO(nps_verdict) c = ask(positive.lib, msms, NULL);
    assert_int_equal(c->quality, NPS_QUALITY_NO_REFERENCE);
    msms->polarity = 1;
    NPS_AUTO(nps_verdict) d = ask(positive.lib, msms, NULL);
    assert_int_equal(d->outcome, NPS_NOVEL);
    /* DART spectra are searched among those of MS/MS, too. */
    msms->technique = NPS_TECH_DART;
    NPS_AUTO(nps_verdict) e = ask(positive.lib, msms, NULL);
    assert_int_equal(e->quality, 0);
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

static void an_analogue_is_listed_with_its_formula_change(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set =
        synth_library(&(synth_plan){.seed = r, .substances = 30, .labs = 1, .ei = true, .msms = true});
    NPS_AUTO(nps_spectrum) ei = synth_replicate(set.s[4], 0, &r);
    NPS_AUTO(nps_spectrum) msms = synth_replicate(set.s[34], 0, &r);
    for (size_t i = 0; i < ei->peaks.n; i++)
        ei->peaks.mz[i] += 14;
    for (size_t i = 0; i < msms->peaks.n; i++)
        msms->peaks.mz[i] += 14.01565;
    msms->precursor_mz += 14.01565;
    NPS_AUTO(nps_verdict) a = ask(set.lib, ei, NULL);
    NPS_AUTO(nps_verdict) b = ask(set.lib, msms, NULL);
    assert_int_equal(a->analogs[0].entry, 4);
    assert_near(a->analogs[0].delta_mass, 14, 0, 0);
    assert_string_equal(nps_analog_formula(&a->analogs[0]), "+CH2");
    assert_int_equal(b->analogs[0].entry, 34);
    assert_near(b->analogs[0].delta_mass, 14.01565, 0, 1e-9);
    assert_string_equal(nps_analog_formula(&b->analogs[0]), "+CH2");
    nps_match_options o = nps_match_options_default();
    o.with_analogs = false;
    NPS_AUTO(nps_verdict) c = ask(set.lib, ei, &o);
    assert_int_equal(c->n_analogs, 0);
}

/* --- laws --------------------------------------------------------------------------------------------------------------------- */

static void a_smaller_alpha_never_gives_a_smaller_set(void **state)
{
    (void)state;
    static const double alphas[] = {0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001};
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){
        .seed = r, .substances = 80, .labs = 2, .noise = 0.8, .ei = true, .msms = true, .ir = true});
    for (size_t i = 0; i < set.n; i += 11) {
        NPS_AUTO(nps_spectrum) q = synth_replicate(set.s[i], 0.8, &r);
        NPS_AUTO(nps_verdict) last = NULL;
        for (size_t k = 0; k < sizeof alphas / sizeof *alphas; k++) {
            nps_match_options o = nps_match_options_default();
            o.alpha = alphas[k];
            nps_verdict *v = ask(set.lib, q, &o);
            for (size_t m = 0; last && m < last->n_set; m++)
                assert_true(set_holds(v, last->set[m].substance));
            nps_verdict_free(last);
            last = v;
        }
    }
}

/* Score of the best entry of a substance by name, or -1. */
static double score_of(const nps_library *lib, const nps_verdict *v, const char *name)
{
    for (size_t i = 0; i < v->n_hits; i++)
        if (strcmp(nps_library_text(lib, lib->sub_name[v->hits[i].substance]), name) == 0)
            return v->hits[i].score;
    return -1;
}

static void the_score_of_a_pair_does_not_depend_on_the_rest_of_the_library(void **state)
{
    (void)state;
    enum { N = 120 };
    uint64_t r = nps_test_seed();
    nps_spectrum *s[N];
    for (unsigned i = 0; i < N; i++) {
        s[i] = i % 2 ? synth_ei(&r) : synth_msms(&r);
        synth_label(s[i], i, 0);
    }
    /* The whole, its two halves, and a tenth. */
    nps_library *lib[4];
    for (unsigned part = 0; part < 4; part++) {
        nps_builder *b = synth_builder(NULL, NULL);
        for (unsigned i = 0; i < N; i++)
            if (part == 0 || (part == 3 ? i % 10 < 2 : i / 2 % 2 == part - 1))
                synth_add(b, s[i]);
        lib[part] = synth_finish(b);
    }
    nps_match_options o = nps_match_options_default();
    o.top = 1000;
    size_t compared = 0;
    for (unsigned i = 0; i < N; i += 7) {
        NPS_AUTO(nps_spectrum) q = synth_replicate(s[i], 0.4, &r);
        NPS_AUTO(nps_verdict) whole = ask(lib[0], q, &o);
        for (unsigned part = 1; part < 4; part++) {
            NPS_AUTO(nps_verdict) v = ask(lib[part], q, &o);
            for (size_t h = 0; h < v->n_hits; h++) {
                const char *name = nps_library_text(lib[part], lib[part]->sub_name[v->hits[h].substance]);
                assert_true(score_of(lib[0], whole, name) == v->hits[h].score);
                compared++;
            }
        }
    }
    assert_true(compared > 500);
    for (unsigned part = 0; part < 4; part++)
        nps_library_release(lib[part]);
    for (unsigned i = 0; i < N; i++)
        nps_spectrum_free(s[i]);
}

enum { ASKED = 24 };
typedef struct {
    const synth_set *set;
    nps_verdict *v[ASKED];
} thread_job;

static void *ask_all(void *arg)
{
    thread_job *j = arg;
    NPS_AUTO(nps_workspace) own = NULL;
    nps_match_options o = nps_match_options_default();
    if (nps_workspace_new(&own, NULL) != NPS_OK)
        return NULL;
    for (size_t i = 0; i < ASKED; i++)
        if (nps_match(j->set->lib, j->set->s[i * j->set->n / ASKED], &o, own, &j->v[i], NULL) != NPS_OK)
            break;
    return NULL;
}

static bool same_verdict(const nps_verdict *a, const nps_verdict *b)
{
    bool same = a && b && a->outcome == b->outcome && a->p_known == b->p_known && a->threshold == b->threshold &&
                a->n_set == b->n_set && a->n_hits == b->n_hits && a->n_analogs == b->n_analogs;
    for (size_t i = 0; same && i < a->n_set; i++)
        same = a->set[i].substance == b->set[i].substance && a->set[i].p == b->set[i].p;
    for (size_t i = 0; same && i < a->n_hits; i++)
        same = a->hits[i].entry == b->hits[i].entry && a->hits[i].score == b->hits[i].score;
    for (size_t i = 0; same && i < a->n_analogs; i++)
        same = a->analogs[i].entry == b->analogs[i].entry && a->analogs[i].score == b->analogs[i].score;
    return same;
}

static void verdicts_are_the_same_in_every_thread(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = nps_test_seed(), .substances = 40, .labs = 2, .noise = 0.5,
                                                     .ei = true, .msms = true, .ir = true});
    thread_job job[THREADS] = {{.set = &set}, {.set = &set}, {.set = &set}};
    pthread_t thread[THREADS];
    for (size_t t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&thread[t], NULL, ask_all, &job[t]), 0);
    for (size_t t = 0; t < THREADS; t++)
        pthread_join(thread[t], NULL);
    for (size_t i = 0; i < ASKED; i++) {
        NPS_AUTO(nps_verdict) alone = ask(set.lib, set.s[i * set.n / ASKED], NULL);
        for (size_t t = 0; t < THREADS; t++) {
            assert_true(same_verdict(alone, job[t].v[i]));
            nps_verdict_free(job[t].v[i]);
        }
    }
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 3, .labs = 1, .ei = true});
    const nps_match_options good = nps_match_options_default();
    nps_match_options bad[13];
    for (size_t i = 0; i < 13; i++)
        bad[i] = good;
    bad[0].alpha = 0;
    bad[1].alpha = 0.5000001;
    bad[2].alpha = NAN;
    bad[3].alpha = -0.05;
    bad[4].top = 0;
    bad[5].top = 1001;
    bad[6].tol_mz = 0;
    bad[7].tol_mz = 0.0250001;
    bad[8].tol_mz = NAN;
    bad[9].tol_precursor_ppm = 0;
    bad[10].tol_precursor_ppm = 1000.1;
    bad[11].tol_precursor_ppm = NAN;
    bad[12].alpha = INFINITY;
    const nps_spectrum *two[] = {set.s[0], set.s[1]};
    for (size_t i = 0; i < 13; i++) {
        nps_verdict *v = NULL;
        nps_sample_verdict *sv = NULL;
        nps_err err = {0};
        assert_int_equal(nps_match(set.lib, set.s[0], &bad[i], w, &v, &err), NPS_E_RANGE);
        assert_null(v);
        assert_non_null(strstr(err.msg, "outside"));
        assert_int_equal(nps_match_sample(set.lib, two, 2, &bad[i], w, &sv, &err), NPS_E_RANGE);
        assert_null(sv);
    }
}

/* --- traces ---------------------------------------------------------------------------------------------------------------------- */

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

/* --- samples -------------------------------------------------------------------------------------------------------------------- */

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

/* --- calibration ------------------------------------------------------------------------------------------------------------------ */

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
        cmocka_unit_test(a_replicate_is_identified_whatever_its_technique),
        cmocka_unit_test(twins_that_cannot_be_told_apart_are_ambiguous),
        cmocka_unit_test(what_resembles_nothing_is_novel),
        cmocka_unit_test(a_poor_spectrum_is_unusable_with_its_reasons),
        cmocka_unit_test(a_technique_or_polarity_that_the_library_lacks_gives_no_verdict),
        cmocka_unit_test(a_trace_of_which_nothing_is_left_to_compare_gives_no_verdict),
        cmocka_unit_test(a_move_is_told_in_whole_steps_of_the_grid),
        cmocka_unit_test(traces_with_nothing_to_compare_do_not_calibrate),
        cmocka_unit_test(an_analogue_is_listed_with_its_formula_change),
        cmocka_unit_test(a_smaller_alpha_never_gives_a_smaller_set),
        cmocka_unit_test(the_score_of_a_pair_does_not_depend_on_the_rest_of_the_library),
        cmocka_unit_test(verdicts_are_the_same_in_every_thread),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(raman_spectra_are_judged_without_their_fluorescence),
        cmocka_unit_test(hits_of_traces_say_what_was_compared_and_moved),
        cmocka_unit_test(a_range_that_no_reference_has_is_no_novel_substance),
        cmocka_unit_test(the_spectra_of_a_sample_narrow_each_other_down),
        cmocka_unit_test(a_technique_that_the_library_lacks_for_a_substance_does_not_exclude_it),
        cmocka_unit_test(a_sample_has_1_to_64_spectra),
        cmocka_unit_test(the_source_of_the_calibration_follows_the_replicates),
        cmocka_unit_test(the_stated_coverage_holds_on_fresh_replicates),
        cmocka_unit_test(an_own_calibration_replaces_that_of_the_library),
        cmocka_unit_test(an_own_case_is_not_judged_by_the_labelled_standard_of_its_substance),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
