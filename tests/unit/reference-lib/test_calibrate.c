/* Calibration by a library's own replicates and by a laboratory's. */
#include "core/stats.h"
#include "reference-lib/calibrate.h"
#include "reference-lib/evidence_fit.h"
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
        {79, 2, true, NPS_TECH_EI, NPS_CALIBRATION_GENERAL, 199},
        {80, 2, true, NPS_TECH_EI, NPS_CALIBRATION_WITHIN, 80},
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
        o.with_analogs = o.with_mixture = false;
        for (unsigned i = 0; i < N; i++) {
            NPS_AUTO(nps_verdict) v = ask(lib, fresh[i], &o);
            low = v->coverage_low;
            high = v->coverage_high;
            threshold = v->threshold;
            nps_prepared q;
            nps_candidates c;
            nps_err err;
            nps_filter f = nps_filter_all();
            f.substance = i;
            f.contributor = lib->entry_contributor[2 * i + 1];
            assert_ok(nps_prepare(fresh[i], &lib->trace_prep[fresh[i]->technique], &q, &err), &err);
            assert_ok(nps_find_candidates(lib, &q, &o, &f, w, &c, &err), &err);
            for (size_t k = 0; k < c.n; k++)
                covered += c.item[k].substance == i && c.item[k].conformity >= threshold;
            nps_candidates_done(&c);
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

/* --- a laboratory's own ------------------------------------------------------------------------------------------------------- */

/* What a lab has: replicates of the substances of a library, as cases by their keys. */
enum { LAB_MAX = 320 };
typedef struct {
    nps_library *lib;
    nps_spectrum *pure[LAB_MAX], *q[LAB_MAX];
    nps_calibration_case cases[LAB_MAX];
    char key[LAB_MAX][28];
    size_t n, n_pure;
    nps_own_calibration own;
} own_lab;

static void own_lab_done(own_lab *l)
{
    for (size_t i = 0; i < l->n; i++)
        nps_spectrum_free(l->q[i]);
    for (size_t i = 0; i < l->n_pure; i++)
        nps_spectrum_free(l->pure[i]);
    nps_library_release(l->lib);
    nps_own_calibration_done(&l->own);
}
#define AUTO_OWN_LAB __attribute__((cleanup(own_lab_done))) own_lab

typedef struct {
    uint64_t seed;
    nps_technique t;
    unsigned substances, labs, each; /* entries and own replicates of a substance */
    double noise, own_noise;         /* of both */
} lab_plan;

static void measure(own_lab *l, const lab_plan *p)
{
    uint64_t r = p->seed;
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < p->substances; i++) {
        nps_spectrum *pure = l->pure[l->n_pure++] = synth_of(p->t, &r);
        for (unsigned lab = 0; lab < p->labs; lab++) {
            NPS_AUTO(nps_spectrum) s = synth_replicate(pure, p->noise, &r);
            synth_label(s, i, lab);
            synth_add(b, s);
        }
        for (unsigned k = 0; k < p->each; k++) {
            assert_true(l->n < LAB_MAX);
            l->q[l->n] = synth_replicate(pure, p->own_noise, &r);
            snprintf(l->key[l->n], sizeof l->key[0], "%s", synth_inchikey(i));
            l->key[l->n][k ? 27 : 14] = '\0'; /* a whole key, or its first block: one substance */
            l->cases[l->n] = (nps_calibration_case){l->q[l->n], l->key[l->n]};
            l->n++;
        }
    }
    l->lib = synth_finish(b);
    assert_ok(nps_calibrate_cases(l->lib, l->cases, l->n, &l->own, &err), &err);
}

/* As a file would give it. */
static void use(const own_lab *l, nps_calibration ret[NPS_TECH_COUNT])
{
    memset(ret, 0, NPS_TECH_COUNT * sizeof *ret);
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        const nps_own_technique *x = &l->own.technique[t];
        if (x->n)
            ret[t] = (nps_calibration){.source = NPS_CALIBRATION_OWN,
                                       .n = x->n,
                                       .conformity = x->conformity,
                                       .kind = x->kind,
                                       .model = x->refitted ? x->model : NULL,
                                       .generation = l->lib->generation,
                                       .drift = x->drift};
    }
}

static void an_own_calibration_replaces_that_of_the_library(void **state)
{
    (void)state;
    enum { N = 30 };
    AUTO_OWN_LAB l = {0};
    measure(&l, &(lab_plan){nps_test_seed(), NPS_TECH_EI, N, 1, 1, 0, 0.2});
    const nps_own_technique *x = &l.own.technique[NPS_TECH_EI];
    nps_calibration own[NPS_TECH_COUNT];
    use(&l, own);
    assert_int_equal(x->n, N);
    assert_int_equal(x->substances, N);
    assert_int_equal(l.own.technique[NPS_TECH_MSMS].n, 0);
    for (size_t i = 1; i < N; i++)
        assert_true(x->conformity[i] >= x->conformity[i - 1]);
    nps_match_options o = nps_match_options_default();
    o.own_calibration = own;
    NPS_AUTO(nps_verdict) a = ask(l.lib, l.q[0], &o);
    assert_int_equal(a->calibration, NPS_CALIBRATION_OWN);
    assert_int_equal(a->calibration_n, N);
    assert_true(a->threshold == x->conformity[0]); /* rank floor(0.05 * 31) = 1 */
    assert_int_equal(a->doubts, 0);
    uint64_t r = 1;
    NPS_AUTO(nps_spectrum) msms = synth_msms(&r);
    NPS_AUTO(nps_verdict) b = ask(l.lib, msms, &o); /* none of its own: the general one */
    assert_int_equal(b->calibration, NPS_CALIBRATION_GENERAL);
    assert_int_equal(b->doubts, NPS_DOUBT_GENERAL);
}

static void cases_that_the_library_lacks_or_that_are_too_poor_are_left_out(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 4, .labs = 1, .ei = true});
    NPS_AUTO(nps_spectrum) empty = synth_peaks(NPS_TECH_EI, 0, NULL, NULL, 0);
    char key[28];
    snprintf(key, sizeof key, "%s", synth_inchikey(0));
    const nps_calibration_case cases[] = {{set.s[0], key}, {set.s[0], "ZZZZZZZZZZZZZZ"}, {set.s[0], "AAAA"}, {empty, key}};
    nps_own_calibration own;
    nps_err err;
    assert_ok(nps_calibrate_cases(set.lib, cases, 4, &own, &err), &err);
    assert_int_equal(own.left_out, 3);
    assert_int_equal(own.technique[NPS_TECH_EI].n, 1);
    nps_own_calibration_done(&own);
    assert_ok(nps_calibrate_cases(set.lib, cases, 0, &own, &err), &err);
    assert_int_equal(own.technique[NPS_TECH_EI].n, 0);
    nps_own_calibration_done(&own);
}

/* A verdict can say that its pairs are of another generation, drifted, or too few. */
static void a_verdict_tells_why_its_calibration_may_not_fit(void **state)
{
    (void)state;
    AUTO_OWN_LAB l = {0};
    measure(&l, &(lab_plan){nps_test_seed(), NPS_TECH_EI, 10, 1, 1, 0, 0.2});
    nps_calibration own[NPS_TECH_COUNT];
    nps_match_options o = nps_match_options_default();
    use(&l, own);
    o.own_calibration = own;
    own[NPS_TECH_EI].generation = "another";
    own[NPS_TECH_EI].drift = true;
    NPS_AUTO(nps_verdict) v = ask(l.lib, l.q[0], &o);
    assert_int_equal(v->doubts, NPS_DOUBT_FEW | NPS_DOUBT_GENERATION | NPS_DOUBT_DRIFT);
    assert_true(isinf(v->threshold) && v->n_set > 1);
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
    nps_own_calibration own;
    nps_err err;
    char key[15];
    snprintf(key, sizeof key, "%s", synth_inchikey(1));
    assert_ok(nps_calibrate_cases(lib, &(nps_calibration_case){parent, key}, 1, &own, &err), &err);
    const nps_own_technique *x = &own.technique[NPS_TECH_EI];
    NPS_AUTO(nps_verdict) v = ask(lib, parent, NULL);
    assert_int_equal(x->n, 1);
    assert_near(x->conformity[0], v->hits[0].conformity, 1e-12, 0); /* of the best, which is the parent */
    assert_true(v->hits[0].score > 0.999);
    nps_own_calibration_done(&own);
}

/* --- refitting ------------------------------------------------------------------------------------------------- */

static double loss_of(const nps_fit_answer *a, size_t n)
{
    double loss = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        double p = a[i].is_known ? (a[i].right ? a[i].p : 1 - a[i].p) : 1 - a[i].known;
        loss -= a[i].weight * log(fmax(p, 1e-9));
        total += a[i].weight;
    }
    return total > 0 ? loss / total : 0;
}

/* With enough substances half are fitted on; what is told of the other half comes from them alone. */
static void a_refit_is_tested_on_substances_that_it_has_not_seen(void **state)
{
    (void)state;
    enum { N = NPS_REFIT_SUBSTANCES, EACH = 2 };
    AUTO_OWN_LAB l = {0};
    measure(&l, &(lab_plan){nps_test_seed(), NPS_TECH_EI, N, 1, EACH, 0.1, 0.9});
    const nps_own_technique *x = &l.own.technique[NPS_TECH_EI];
    assert_int_equal(x->substances, N);
    assert_non_null(x->model);
    assert_non_null(x->after);
    /* Each held-out replicate once as it is, where it was found, and once as if it were not there. */
    size_t known = 0, novel = 0;
    for (size_t i = 0; i < x->n_answers; i++) {
        known += x->before[i].is_known;
        novel += !x->before[i].is_known;
        assert_true(x->before[i].is_known == x->after[i].is_known && x->before[i].weight == x->after[i].weight);
    }
    assert_int_equal(novel, N / 2 * EACH);
    assert_true(known <= novel && known > novel / 2);
    printf("loss %.4f before, %.4f after; refitted %d; best candidate: %.4f, %.4f\n", x->loss_before, x->loss_after, x->refitted,
           loss_of(x->before, x->n_answers), loss_of(x->after, x->n_answers));
    assert_int_equal(x->refitted, x->loss_after < x->loss_before - 0.01);
    assert_int_equal(x->n, x->refitted ? N / 2 : N); /* one pair a substance */
    size_t n;
    const nps_feature *f = nps_evidence_features(NPS_TECH_EI, &n);
    for (size_t i = 0; i < n; i++)
        assert_true(f[i].sign * x->model->weight[i] >= 0);
}

/* The two halves do not touch: what stands in one of them does not change when the other one is measured anew. */
static void the_coefficients_do_not_depend_on_what_is_held_out(void **state)
{
    (void)state;
    enum { N = NPS_REFIT_SUBSTANCES };
    AUTO_OWN_LAB l = {0};
    measure(&l, &(lab_plan){5, NPS_TECH_EI, N, 1, 1, 0, 0.5});
    nps_own_calibration again;
    nps_err err;
    uint64_t r = 77;
    /* Substances stand in the library in the order of their numbers; the second, fourth ... are held out. */
    for (size_t i = 1; i < N; i += 2) {
        nps_spectrum_free(l.q[i]);
        l.q[i] = synth_replicate(l.pure[i], 1.5, &r);
        l.cases[i].query = l.q[i];
    }
    assert_ok(nps_calibrate_cases(l.lib, l.cases, l.n, &again, &err), &err);
    const nps_own_technique *a = &l.own.technique[NPS_TECH_EI], *b = &again.technique[NPS_TECH_EI];
    assert_memory_equal(a->model->weight, b->model->weight, sizeof a->model->weight);
    assert_true(a->model->intercept == b->model->intercept);
    assert_true(a->loss_before != b->loss_before);
    nps_own_calibration_done(&again);
}

static void a_refit_that_helps_is_used_and_one_that_does_not_is_not(void **state)
{
    (void)state;
    enum { N = NPS_REFIT_SUBSTANCES };
    static const struct {
        double noise;
        nps_technique t;
    } cases[] = {{0.02, NPS_TECH_EI}, {1.2, NPS_TECH_EI}, {1.2, NPS_TECH_MSMS}};
    size_t used = 0, left = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_OWN_LAB l = {0};
        measure(&l, &(lab_plan){11 + i, cases[i].t, N, 1, 1, 0, cases[i].noise});
        const nps_own_technique *x = &l.own.technique[cases[i].t];
        nps_calibration own[NPS_TECH_COUNT];
        nps_match_options o = nps_match_options_default();
        printf("%s, noise %g: loss %.4f, %.4f\n", nps_technique_name(cases[i].t), cases[i].noise, x->loss_before, x->loss_after);
        assert_int_equal(x->refitted, x->loss_after < x->loss_before - 0.01);
        assert_int_equal(x->n, x->refitted ? N / 2 : N);
        use(&l, own);
        o.own_calibration = own;
        NPS_AUTO(nps_verdict) with = ask(l.lib, l.q[1], &o);
        NPS_AUTO(nps_verdict) without = ask(l.lib, l.q[1], NULL);
        size_t of_kind = 0;
        for (size_t k = 0; k < x->n; k++)
            of_kind += with->kind == NPS_KIND_ANY || x->kind[k] == with->kind;
        assert_int_equal(with->calibration_n, of_kind);
        assert_int_equal(with->p_known != without->p_known, x->refitted);
        used += x->refitted;
        left += !x->refitted;
    }
    assert_true(used > 0 && left > 0);
}

static void too_few_substances_are_not_fitted_on_and_all_are_shown(void **state)
{
    (void)state;
    static const struct {
        unsigned substances, each;
    } cases[] = {{NPS_REFIT_SUBSTANCES - 1, 1}, {50, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_OWN_LAB l = {0};
        measure(&l, &(lab_plan){3, NPS_TECH_EI, cases[i].substances, 1, cases[i].each, 0, 0.3});
        const nps_own_technique *x = &l.own.technique[NPS_TECH_EI];
        size_t novel = 0;
        assert_int_equal(x->substances, cases[i].substances);
        assert_true(!x->model && !x->after && !x->refitted && x->loss_after == 0);
        for (size_t k = 0; k < x->n_answers; k++)
            novel += !x->before[k].is_known;
        assert_int_equal(novel, l.n);
        assert_int_equal(x->n, cases[i].substances);
    }
}

/* --- drift, kinds ----------------------------------------------------------------------------------------------- */

/* Own replicates find one reference more than the library's pairs did; that alone is no drift. */
static void drift_is_seen_where_replicates_are_noisier_than_the_librarys(void **state)
{
    (void)state;
    static const struct {
        unsigned labs;
        double noise;
        bool drift;
    } cases[] = {{2, 0.4, false}, {3, 0.4, false}, {2, 1.2, true}, {3, 1.2, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_OWN_LAB l = {0};
        measure(&l, &(lab_plan){nps_test_seed(), NPS_TECH_EI, NPS_CALIBRATION_MIN, cases[i].labs, 1, 0.4, cases[i].noise});
        const nps_own_technique *x = &l.own.technique[NPS_TECH_EI];
        printf("%u laboratories, noise %g: p %.3g\n", cases[i].labs, cases[i].noise, x->drift_p);
        assert_int_equal(l.lib->calibration[NPS_TECH_EI].source, NPS_CALIBRATION_LIBRARY);
        assert_int_equal(x->drift, cases[i].drift);
        assert_int_equal(x->drift, x->drift_p < NPS_DRIFT_LEVEL);
    }
    /* Nothing to compare with: no replicates inside the library. */
    AUTO_OWN_LAB l = {0};
    measure(&l, &(lab_plan){2, NPS_TECH_EI, 30, 1, 1, 0, 2});
    assert_true(l.own.technique[NPS_TECH_EI].drift_p == 1 && !l.own.technique[NPS_TECH_EI].drift);
}

static void pairs_know_the_kind_of_their_query(void **state)
{
    (void)state;
    enum { N = 12 };
    uint64_t r = 9;
    nps_builder *b = synth_builder(NULL, NULL);
    nps_spectrum *s[N];
    nps_calibration_case cases[N];
    char key[N][15];
    size_t sparse = 0;
    for (unsigned i = 0; i < N; i++) {
        nps_prepared q;
        nps_err err;
        s[i] = synth_ei(&r);
        if (i % 3 == 0) /* a third is cut to a few peaks */
            s[i]->peaks.n = s[i]->peaks.n < 8 ? s[i]->peaks.n : 8;
        synth_label(s[i], i, 0);
        synth_add(b, s[i]);
        snprintf(key[i], sizeof key[i], "%s", synth_inchikey(i));
        cases[i] = (nps_calibration_case){s[i], key[i]};
        assert_ok(nps_prepare(s[i], &(nps_trace_prep){0}, &q, &err), &err);
        sparse += nps_kind_of(&q) == NPS_KIND_SPARSE;
        nps_prepared_done(&q);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    nps_own_calibration own;
    nps_err err;
    assert_ok(nps_calibrate_cases(lib, cases, N, &own, &err), &err);
    const nps_own_technique *x = &own.technique[NPS_TECH_EI];
    size_t told = 0;
    for (size_t i = 0; i < x->n; i++) {
        assert_true(x->kind[i] == NPS_KIND_SPARSE || x->kind[i] == NPS_KIND_RICH);
        told += x->kind[i] == NPS_KIND_SPARSE;
    }
    assert_true(sparse >= N / 3 && sparse < N);
    assert_int_equal(told, sparse);
    nps_own_calibration_done(&own);
    for (unsigned i = 0; i < N; i++)
        nps_spectrum_free(s[i]);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_with_nothing_to_compare_do_not_calibrate),
        cmocka_unit_test(the_source_of_the_calibration_follows_the_replicates),
        cmocka_unit_test(the_stated_coverage_holds_on_fresh_replicates),
        cmocka_unit_test(an_own_calibration_replaces_that_of_the_library),
        cmocka_unit_test(cases_that_the_library_lacks_or_that_are_too_poor_are_left_out),
        cmocka_unit_test(a_verdict_tells_why_its_calibration_may_not_fit),
        cmocka_unit_test(an_own_case_is_not_judged_by_the_labelled_standard_of_its_substance),
        cmocka_unit_test(a_refit_is_tested_on_substances_that_it_has_not_seen),
        cmocka_unit_test(the_coefficients_do_not_depend_on_what_is_held_out),
        cmocka_unit_test(a_refit_that_helps_is_used_and_one_that_does_not_is_not),
        cmocka_unit_test(too_few_substances_are_not_fitted_on_and_all_are_shown),
        cmocka_unit_test(drift_is_seen_where_replicates_are_noisier_than_the_librarys),
        cmocka_unit_test(pairs_know_the_kind_of_their_query),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
