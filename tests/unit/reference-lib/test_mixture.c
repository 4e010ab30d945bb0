/* Mixtures of generated spectra at known shares: what comes back, what is left, and that no other pair would do better. */
#include "reference-lib/mixture.h"
#include "tests/support/synth.h"

#include <math.h>

enum { SUBSTANCES = 40 };

static nps_library *lib;
static nps_spectrum *pure[3][SUBSTANCES]; /* ei, ir, dart */
static nps_workspace *w;
static uint64_t rng;
static const nps_technique techniques[3] = {NPS_TECH_EI, NPS_TECH_IR, NPS_TECH_DART};

static nps_spectrum *make(size_t t)
{
    nps_spectrum *s = techniques[t] == NPS_TECH_DART ? synth_msms(&rng) : synth_of(techniques[t], &rng);
    s->technique = techniques[t];
    if (techniques[t] == NPS_TECH_DART)
        s->precursor_mz = 0;
    return s;
}

static int setup(void **state)
{
    (void)state;
    nps_err err;
    rng = nps_test_seed();
    nps_builder *b = synth_builder(NULL, NULL);
    for (size_t t = 0; t < 3; t++)
        for (unsigned i = 0; i < SUBSTANCES; i++) {
            /* Substance 1 is the twin of substance 0. */
            pure[t][i] = i == 1 ? synth_replicate(pure[t][0], 0.02, &rng) : make(t);
            synth_label(pure[t][i], (unsigned)(100 * t + i), 0);
            synth_add(b, pure[t][i]);
        }
    lib = synth_finish(b);
    assert_ok(nps_workspace_new(&w, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 0; i < SUBSTANCES; i++)
            nps_spectrum_free(pure[t][i]);
    nps_library_release(lib);
    nps_workspace_free(w);
    return 0;
}

static double size_of(const nps_spectrum *s)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < s->peaks.n; i++)
        sum += (double)s->peaks.intensity[i];
    if (s->peaks.n)
        return sum;
    for (size_t i = 0; i < s->trace.n; i++) {
        sum += (double)s->trace.y[i];
        squares += (double)s->trace.y[i] * (double)s->trace.y[i];
    }
    return sqrt(squares - sum * sum / (double)s->trace.n);
}

/* Adds share times the spectrum, scaled to its ions or the norm of its bands. */
static void add_part(nps_spectrum *to, const nps_spectrum *s, double share)
{
    nps_err err;
    double by = 1000 * share / size_of(s);
    for (size_t i = 0; i < s->peaks.n; i++)
        assert_ok(nps_peaks_push(&to->peaks, s->peaks.mz[i], by * (double)s->peaks.intensity[i], NULL, 0, 100000, &err), &err);
    for (size_t i = 0; i < s->trace.n; i++)
        to->trace.y[i] += (float)(by / 1000 * (double)s->trace.y[i]);
}

static nps_spectrum *mix(const nps_spectrum *const *part, const double *share, size_t n)
{
    nps_spectrum *s = synth_replicate(part[0], 0, &rng);
    nps_err err;
    nps_peaks_done(&s->peaks);
    for (size_t i = 0; i < s->trace.n; i++)
        s->trace.y[i] = 0;
    for (size_t k = 0; k < n; k++)
        add_part(s, part[k], share[k]);
    assert_ok(nps_peaks_settle(&s->peaks, NULL, &err), &err);
    return s;
}

static nps_mixture *find(const nps_spectrum *s, size_t most)
{
    nps_prepared q;
    nps_mixture *m = NULL;
    nps_err err;
    nps_ir_options o = nps_ir_options_of(s->technique, &lib->trace_prep[s->technique]);
    assert_ok(nps_prepare(s, &lib->trace_prep[s->technique], &q, &err), &err);
    assert_ok(nps_find_mixture(lib, &q, &o, 0.02, most, w, &m, &err), &err);
    nps_prepared_done(&q);
    return m;
}

static double share_of(const nps_mixture *m, const nps_spectrum *s)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(nps_library_text(lib, lib->sub_name[m->component[i].substance]), s->text[NPS_TEXT_NAME]) == 0)
            return m->component[i].share;
    return 0;
}

static void shares_of_exact_mixtures_come_back(void **state)
{
    (void)state;
    static const double shares[][3] = {{0.5, 0.5, 0}, {0.9, 0.1, 0}, {0.6, 0.3, 0.1}};
    for (size_t t = 0; t < 3; t++) {
        /* Shares of traces are made over the whole range, masked region and slope included. Cleaning drops DART peaks below
         * 1 % of the base peak, most of them the weak component's, which may go unseen. */
        bool dart = techniques[t] == NPS_TECH_DART;
        double tolerance = dart ? 0.1 : 0.04;
        for (size_t c = 0; c < 3; c++)
            for (size_t trial = 0; trial < 5; trial++) {
                const nps_spectrum *part[3];
                for (size_t k = 0; k < 3; k++)
                    part[k] = pure[t][2 + (7 * trial + 11 * k) % (SUBSTANCES - 2)];
                size_t n = shares[c][2] > 0 ? 3 : 2;
                NPS_AUTO(nps_spectrum) s = mix(part, shares[c], n);
                NPS_AUTO(nps_mixture) m = find(s, NPS_MIXTURE_MAX);
                assert_true(m->n == n || (dart && m->n == n - 1));
                for (size_t k = 0; k < n; k++)
                    assert_near(share_of(m, part[k]), shares[c][k], 0, tolerance);
                assert_true(m->explained > (dart ? 0.8 : 0.999) && m->explained <= 1);
                assert_true(m->single <= m->explained);
                double sum = 0;
                for (size_t k = 0; k < m->n; k++) {
                    sum += m->component[k].share;
                    assert_true(m->component[k].gain > 0 && m->component[k].gain <= m->explained + 1e-9);
                    assert_true(m->component[k].worth > 0 && m->component[k].worth <= 1);
                    assert_true(!k || m->component[k].share <= m->component[k - 1].share);
                }
                assert_near(sum, 1, 0, 1e-9);
            }
    }
}

static void one_substance_stays_one_component(void **state)
{
    (void)state;
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 2; i < SUBSTANCES; i += 3) {
            NPS_AUTO(nps_spectrum) s = synth_replicate(pure[t][i], 0.1, &rng);
            NPS_AUTO(nps_mixture) m = find(s, NPS_MIXTURE_MAX);
            assert_int_equal(m->n, 1);
            assert_near(share_of(m, pure[t][i]), 1, 0, 0);
            assert_near(m->single, m->explained, 0, 1e-12);
        }
}

static void twins_are_named_as_nearly_as_good(void **state)
{
    (void)state;
    static const double shares[] = {0.6, 0.4};
    for (size_t t = 0; t < 3; t++) {
        const nps_spectrum *part[] = {pure[t][0], pure[t][9]};
        NPS_AUTO(nps_spectrum) s = mix(part, shares, 2);
        NPS_AUTO(nps_mixture) m = find(s, NPS_MIXTURE_MAX);
        assert_int_equal(m->n, 2);
        const nps_component *first = &m->component[0];
        assert_true(first->n_alike >= 1);
        bool twin_is_0 = strcmp(nps_library_text(lib, lib->sub_name[first->substance]), pure[t][0]->text[NPS_TEXT_NAME]) == 0;
        assert_string_equal(nps_library_text(lib, lib->sub_name[first->alike[0]]), pure[t][twin_is_0]->text[NPS_TEXT_NAME]);
    }
}

/* --- against trying every pair ------------------------------------------------------------------------------------------- */

/* Values that are compared, without their straight line. */
static size_t plain_values(const float *y, double *ret)
{
    size_t n = 0;
    double at[NPS_IR_GRID_N], sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
        double x = 400 + 2.0 * (double)i;
        if (x >= 500 && x <= 3900 && (x < 2280 || x > 2400)) {
            at[n] = x;
            ret[n++] = (double)y[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        sx += at[i];
        sy += ret[i];
    }
    for (size_t i = 0; i < n; i++) {
        sxx += (at[i] - sx / (double)n) * (at[i] - sx / (double)n);
        sxy += (at[i] - sx / (double)n) * ret[i];
    }
    for (size_t i = 0; i < n; i++)
        ret[i] -= sy / (double)n + sxy / sxx * (at[i] - sx / (double)n);
    return n;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Part of the squares that two non-negative components explain, in closed form. */
static double pair_fit(double aa, double bb, double ab, double aq, double bq, double qq)
{
    double det = aa * bb - ab * ab, x = (aq * bb - bq * ab) / det, y = (bq * aa - aq * ab) / det;
    if (det > 1e-9 * aa * bb && x >= 0 && y >= 0)
        return (x * aq + y * bq) / qq;
    double one = aq > 0 ? aq * aq / aa : 0, other = bq > 0 ? bq * bq / bb : 0;
    return fmax(one, other) / qq;
}

static void no_other_pair_explains_more(void **state)
{
    (void)state;
    enum { TRIALS = 12 };
    static double v[SUBSTANCES][NPS_IR_GRID_N], q[NPS_IR_GRID_N];
    size_t n = 0;
    for (size_t i = 0; i < SUBSTANCES; i++)
        n = plain_values(lib->ir_y + i * NPS_IR_GRID_N, v[i]);
    for (size_t trial = 0; trial < TRIALS; trial++) {
        const nps_spectrum *part[] = {pure[1][2 + trial], pure[1][20 + trial]};
        const double shares[] = {0.4 + 0.04 * (double)trial, 0.6 - 0.04 * (double)trial};
        NPS_AUTO(nps_spectrum) clean = mix(part, shares, 2);
        NPS_AUTO(nps_spectrum) s = synth_replicate(clean, 0.02, &rng);
        NPS_AUTO(nps_mixture) m = find(s, 2);
        nps_prepared p;
        nps_err err;
        assert_ok(nps_prepare(s, NULL, &p, &err), &err);
        plain_values(p.grid, q);
        nps_prepared_done(&p);
        double best = 0, qq = dot(q, q, n);
        for (size_t a = 0; a < SUBSTANCES; a++)
            for (size_t b = 0; b < a; b++)
                best = fmax(best, pair_fit(dot(v[a], v[a], n), dot(v[b], v[b], n), dot(v[a], v[b], n), dot(v[a], q, n),
                                           dot(v[b], q, n), qq));
        assert_int_equal(m->n, 2);
        assert_near(m->explained, best, 0, 1e-6);
    }
}

/* --- what is left ---------------------------------------------------------------------------------------------------------- */

static void what_is_left_is_the_part_that_the_library_lacks(void **state)
{
    (void)state;
    static const double shares[] = {0.55, 0.45};
    for (size_t t = 0; t < 3; t++) {
        NPS_AUTO(nps_spectrum) unknown = make(t);
        const nps_spectrum *part[] = {pure[t][5], unknown};
        NPS_AUTO(nps_spectrum) s = mix(part, shares, 2);
        NPS_AUTO(nps_mixture) m = find(s, NPS_MIXTURE_MAX);
        NPS_AUTO(nps_spectrum) left = NULL;
        nps_err err;
        assert_true(share_of(m, pure[t][5]) > 0.5);
        assert_ok(nps_mixture_residual(m, "it", &left, &err), &err);
        assert_string_equal(left->text[NPS_TEXT_NAME], "residual of it");
        assert_int_equal(left->technique, techniques[t]);
        /* The residual resembles the unknown; of peaks, more than the mixture does. */
        NPS_AUTO(nps_builder) b = synth_builder(NULL, NULL);
        synth_label(unknown, 999, 0);
        synth_add(b, unknown);
        NPS_AUTO_LIBRARY alone = NULL;
        assert_ok(nps_builder_finish(b, 1, &alone, &err), &err);
        NPS_AUTO(nps_verdict) before = synth_verdict(alone, s);
        NPS_AUTO(nps_verdict) after = synth_verdict(alone, left);
        assert_true(before->n_hits == 1 && after->n_hits == 1);
        assert_true(after->hits[0].score > (t == 1 ? 0.7 : before->hits[0].score));
    }
}

/* Also for DART, which is compared by shares. */
static void what_is_left_has_the_unit_of_the_query(void **state)
{
    (void)state;
    static const double shares[] = {0.55, 0.45};
    for (size_t t = 0; t < 3; t += 2) {
        NPS_AUTO(nps_spectrum) unknown = make(t);
        const nps_spectrum *part[] = {pure[t][5], unknown};
        NPS_AUTO(nps_spectrum) s = mix(part, shares, 2);
        NPS_AUTO(nps_mixture) m = find(s, 1);
        double left = 0, all = 0;
        for (size_t i = 0; i < m->residual.n; i++)
            left += (double)m->residual.intensity[i];
        for (size_t i = 0; i < s->peaks.n; i++)
            all += (double)s->peaks.intensity[i];
        assert_true(left > 0.1 * all && left < all);
    }
}

static void a_straight_line_is_a_mixture_of_nothing(void **state)
{
    (void)state;
    static const float slopes[] = {1e-3F, 3.3e-4F, -1e-3F, -7.7e-5F, 123.4F};
    for (size_t k = 0; k < 5; k++) {
        NPS_AUTO(nps_spectrum) s = synth_replicate(pure[1][3], 0, &rng);
        for (size_t i = 0; i < s->trace.n; i++)
            s->trace.y[i] = 0.2F + slopes[k] * (float)i;
        NPS_AUTO(nps_mixture) m = find(s, 3);
        assert_int_equal(m->n, 0);
        assert_true(m->explained == 0);
    }
}

static void the_answer_hangs_neither_on_threads_nor_on_chance(void **state)
{
    (void)state;
    static const double shares[] = {0.5, 0.3, 0.2};
    for (size_t t = 0; t < 3; t++) {
        const nps_spectrum *part[] = {pure[t][3], pure[t][14], pure[t][25]};
        NPS_AUTO(nps_spectrum) s = mix(part, shares, 3);
        NPS_AUTO(nps_mixture) one = find(s, NPS_MIXTURE_MAX);
        nps_workspace_set_threads(w, 4);
        NPS_AUTO(nps_mixture) four = find(s, NPS_MIXTURE_MAX);
        nps_workspace_set_threads(w, 1);
        assert_int_equal(one->n, four->n);
        for (size_t i = 0; i < one->n; i++)
            assert_true(one->component[i].entry == four->component[i].entry &&
                        one->component[i].share == four->component[i].share);
    }
}

static void a_verdict_tells_of_a_mixture_only_where_there_are_two(void **state)
{
    (void)state;
    static const double shares[] = {0.5, 0.5};
    const nps_spectrum *part[] = {pure[1][7], pure[1][8]};
    NPS_AUTO(nps_spectrum) s = mix(part, shares, 2);
    NPS_AUTO(nps_verdict) both = synth_verdict(lib, s);
    NPS_AUTO(nps_verdict) one = synth_verdict(lib, pure[1][7]);
    assert_true(both->mixture && both->mixture->n == 2);
    assert_null(one->mixture);
    assert_true(nps_mixture_is_open(both->mixture, lib, "2026-11-24"));
}

static void what_cannot_be_added_up_is_refused(void **state)
{
    (void)state;
    nps_err err;
    nps_mixture *m = NULL;
    NPS_AUTO(nps_spectrum) s = synth_msms(&rng);
    nps_prepared q;
    assert_ok(nps_prepare(s, NULL, &q, &err), &err);
    assert_int_equal(nps_find_mixture(lib, &q, NULL, 0.02, 3, w, &m, &err), NPS_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "do not add up"));
    nps_prepared_done(&q);
    assert_ok(nps_prepare(pure[0][0], NULL, &q, &err), &err);
    assert_int_equal(nps_find_mixture(lib, &q, NULL, 0.02, 0, w, &m, &err), NPS_E_RANGE);
    assert_int_equal(nps_find_mixture(lib, &q, NULL, 0.02, NPS_MIXTURE_MAX + 1, w, &m, &err), NPS_E_RANGE);
    assert_null(m);
    nps_prepared_done(&q);
    /* Nothing in common with anything: no component, nothing explained, all is left. */
    static const double mz[] = {1990, 1991, 1992};
    static const float y[] = {1, 2, 3};
    NPS_AUTO(nps_spectrum) alien = synth_peaks(NPS_TECH_EI, 0, mz, y, 3);
    NPS_AUTO(nps_mixture) none = find(alien, 3);
    assert_int_equal(none->n, 0);
    assert_int_equal(none->residual.n, 3);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_of_exact_mixtures_come_back),
        cmocka_unit_test(one_substance_stays_one_component),
        cmocka_unit_test(twins_are_named_as_nearly_as_good),
        cmocka_unit_test(no_other_pair_explains_more),
        cmocka_unit_test(what_is_left_is_the_part_that_the_library_lacks),
        cmocka_unit_test(what_is_left_has_the_unit_of_the_query),
        cmocka_unit_test(a_straight_line_is_a_mixture_of_nothing),
        cmocka_unit_test(the_answer_hangs_neither_on_threads_nor_on_chance),
        cmocka_unit_test(a_verdict_tells_of_a_mixture_only_where_there_are_two),
        cmocka_unit_test(what_cannot_be_added_up_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
