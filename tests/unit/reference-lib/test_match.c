/* Verdicts of single spectra: outcomes, and laws that hold for all of them. */
#include "reference-lib/candidates.h"
#include "spectra/quality.h"
#include "tests/support/match_fixture.h"

#include <math.h>
#include <pthread.h>

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
            assert_true(v->hits[h].evidence <= v->hits[h - 1].evidence);
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
/* A precursor without fragments can fit, but a mass alone is never called novel. */
static void a_precursor_alone_is_never_novel(void **state)
{
    (void)state;
    const double mz[] = {300.1234, 301.1268}, fragments[] = {105.03, 300.1234};
    const float y[] = {999, 180};
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_MSMS, 300.1234, mz, y, 2);
    synth_label(s, 1, 0);
    synth_add(b, s);
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    NPS_AUTO(nps_verdict) fits = ask(lib, s, NULL);
    assert_int_equal(fits->outcome, NPS_IDENTIFIED);
    assert_int_equal(fits->quality, NPS_QUALITY_NO_FRAGMENT);
    /* A second substance of that mass is left in the set too, however unlike its fragments are. */
    nps_builder *two = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) isomer = synth_peaks(NPS_TECH_MSMS, 300.1234, (const double[]){58.06, 121.03}, y, 2);
    synth_label(isomer, 2, 0);
    synth_add(two, s);
    synth_add(two, isomer);
    NPS_AUTO_LIBRARY both = synth_finish(two);
    NPS_AUTO(nps_verdict) open = ask(both, s, NULL);
    assert_int_equal(open->outcome, NPS_AMBIGUOUS);
    assert_int_equal(open->n_set, 2);
    NPS_AUTO(nps_spectrum) other = synth_peaks(NPS_TECH_MSMS, 200.5, (const double[]){200.5, 201.5}, y, 2);
    NPS_AUTO(nps_verdict) nothing = ask(lib, other, NULL);
    assert_int_equal(nothing->outcome, NPS_UNUSABLE);
    assert_true(nothing->quality & NPS_QUALITY_FEW_PEAKS);
    NPS_AUTO(nps_spectrum) fragmented = synth_peaks(NPS_TECH_MSMS, 450.5, fragments, y, 2);
    NPS_AUTO(nps_verdict) novel = ask(lib, fragmented, NULL);
    assert_int_equal(novel->outcome, NPS_NOVEL);
}

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
static const nps_hit *hit_of(const nps_library *lib, const nps_verdict *v, const char *name)
{
    for (size_t i = 0; i < v->n_hits; i++)
        if (strcmp(nps_library_text(lib, lib->sub_name[v->hits[i].substance]), name) == 0)
            return &v->hits[i];
    return NULL;
}

static void the_evidence_of_a_pair_does_not_depend_on_the_rest_of_the_library(void **state)
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
                const nps_hit *same = hit_of(lib[0], whole, name);
                if (!same) /* 128 substances are looked at: the least similar ones of the whole are not */
                    continue;
                assert_true(same->score == v->hits[h].score && same->evidence == v->hits[h].evidence);
                assert_memory_equal(same->feature, v->hits[h].feature, sizeof same->feature);
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

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replicate_is_identified_whatever_its_technique),
        cmocka_unit_test(twins_that_cannot_be_told_apart_are_ambiguous),
        cmocka_unit_test(what_resembles_nothing_is_novel),
        cmocka_unit_test(a_poor_spectrum_is_unusable_with_its_reasons),
        cmocka_unit_test(a_precursor_alone_is_never_novel),
        cmocka_unit_test(a_technique_or_polarity_that_the_library_lacks_gives_no_verdict),
        cmocka_unit_test(an_analogue_is_listed_with_its_formula_change),
        cmocka_unit_test(a_smaller_alpha_never_gives_a_smaller_set),
        cmocka_unit_test(the_evidence_of_a_pair_does_not_depend_on_the_rest_of_the_library),
        cmocka_unit_test(verdicts_are_the_same_in_every_thread),
        cmocka_unit_test(options_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
