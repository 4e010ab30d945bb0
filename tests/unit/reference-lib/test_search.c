#include "reference-lib/index.h"
#include "reference-lib/ir.h"
#include "reference-lib/search.h"
#include "spectra/clean.h"
#include "spectra/read.h"
#include "tests/support/synth.h"

#include <math.h>

/* Each search against a slow plain version: every entry compared by itself, everything sorted. */

static nps_library *lib;
static nps_workspace *w;
static uint64_t rng;

/* 3 x 80 spectra of all kinds and polarities; every ninth is stored again under another name, so that scores tie. */
static int setup(void **state)
{
    (void)state;
    nps_err err;
    rng = nps_test_seed();
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < 240; i++) {
        static const nps_technique kinds[] = {NPS_TECH_EI, NPS_TECH_MSMS, NPS_TECH_IR};
        NPS_AUTO(nps_spectrum) s = synth_of(kinds[i % 3], &rng);
        s->polarity = (int)(nps_test_random(&rng) % 3) - 1;
        if (i % 3 == 1 && i % 5 == 0)
            s->technique = NPS_TECH_DART;
        synth_label(s, i, i % 4);
        synth_add(b, s);
        NPS_AUTO(nps_spectrum) again = synth_replicate(s, 0.3, &rng);
        synth_label(again, i, (i + 1) % 4);
        synth_add(b, again);
        if (i % 9 == 0) {
            synth_label(s, 1000 + i, i % 4);
            synth_add(b, s);
        }
    }
    lib = synth_finish(b);
    assert_ok(nps_workspace_new(&w, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nps_library_release(lib);
    nps_workspace_free(w);
    return 0;
}

/* --- the slow side ---------------------------------------------------------------------------------------------------- */

typedef struct {
    nps_ranked *item;
    size_t n;
} ranking;

static int best_first(const void *a, const void *b)
{
    const nps_ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Scores below `at_least` do not count; NAN marks entries that the search does not look at. */
static ranking rank(const nps_library *l, const nps_filter *f, const double *score, double at_least)
{
    ranking r = {calloc(l->n_entry, sizeof *r.item), 0};
    assert_non_null(r.item);
    for (uint32_t e = 0; e < l->n_entry; e++) {
        bool other_polarity = f->polarity && l->entry_polarity[e] == -f->polarity;
        bool left_out = l->entry_substance[e] == f->substance && l->entry_contributor[e] == f->contributor;
        if (e != f->self && !other_polarity && !left_out && score[e] >= at_least)
            r.item[r.n++] = (nps_ranked){score[e], e};
    }
    qsort(r.item, r.n, sizeof *r.item, best_first);
    return r;
}

/* Entries of scores that agree within rounding may change places. */
static void assert_top(const char *what, const nps_ranked *got, size_t n, size_t k, ranking want)
{
    size_t expected = want.n < k ? want.n : k;
    if (n != expected)
        print_error("%s: %zu hits, expected %zu\n", what, n, expected);
    assert_int_equal(n, expected);
    for (size_t i = 0; i < n; i++) {
        assert_near(got[i].score, want.item[i].score, 0, 1e-9);
        if (got[i].index != want.item[i].index) {
            size_t j = 0;
            while (j < want.n && want.item[j].index != got[i].index)
                j++;
            assert_true(j < want.n);
            assert_near(want.item[j].score, got[i].score, 0, 1e-9);
        }
        if (i && got[i].score == got[i - 1].score)
            assert_true(got[i].index > got[i - 1].index);
    }
    free(want.item);
}

static bool has_technique(const nps_library *l, uint32_t e, nps_technique a, nps_technique b)
{
    return l->entry_technique[e] == a || l->entry_technique[e] == b;
}

static void plain_ei(const nps_library *l, const uint32_t *bin, const float *weight, size_t n, double *score)
{
    nps_err err;
    for (uint32_t e = 0; e < l->n_entry; e++) {
        score[e] = NAN;
        if (l->entry_technique[e] != NPS_TECH_EI)
            continue;
        nps_peaks p;
        uint32_t rb[2048];
        float rw[2048];
        assert_ok(nps_clean_nominal(nps_library_peak_row(l, e), &p, &err), &err);
        size_t m = nps_index_ei_weights(&p, rb, rw);
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m; j++)
                if (bin[i] == rb[j])
                    sum += (double)weight[i] * (double)rw[j];
        score[e] = fmin(sum, 1);
        nps_peaks_done(&p);
    }
}

typedef enum { OPEN, WINDOW, HYBRID } msms_kind;

static double gain(float x, float y)
{
    return 0.5 * (nps_xlog2x((double)x + (double)y) - nps_xlog2x((double)x) - nps_xlog2x((double)y));
}

static double plain_hybrid(nps_peak_view q, nps_peak_view r, double shift, double tol)
{
    double sum = 0;
    for (size_t i = 0; i < q.n; i++) {
        size_t direct = r.n, shifted = r.n;
        for (size_t j = r.n; j-- > 0;) {
            if (fabs(q.mz[i] - r.mz[j]) <= tol)
                direct = j;
            if (fabs(shift) > tol && fabs(q.mz[i] - r.mz[j] - shift) <= tol)
                shifted = j;
        }
        if (direct < r.n || shifted < r.n)
            sum += gain(q.intensity[i], r.intensity[direct < r.n ? direct : shifted]);
    }
    return fmin(fmax(sum, 0), 1);
}

/* From the peaks as read, cleaned anew: nothing of the index is used. */
static void plain_msms(const nps_library *l, msms_kind kind, nps_peak_view q, double precursor, double window, double tol,
                       double *score)
{
    nps_err err;
    for (uint32_t e = 0; e < l->n_entry; e++) {
        double other = l->entry_precursor[e];
        score[e] = NAN;
        if (!has_technique(l, e, NPS_TECH_MSMS, NPS_TECH_DART) || (kind != OPEN && !(other > 0)) ||
            (kind == WINDOW && fabs(other - precursor) > window))
            continue;
        nps_peaks c;
        assert_ok(nps_index_clean(nps_library_peak_row(l, e), other, &c, &err), &err);
        nps_peak_view r = nps_peaks_view(&c);
        bool unit = kind == WINDOW && (nps_is_unit_resolution(q) || nps_is_unit_resolution(r));
        score[e] = kind == HYBRID ? plain_hybrid(q, r, precursor - other, tol)
                                  : nps_entropy_similarity(q, r, unit ? NPS_UNIT_TOL : tol, NULL);
        nps_peaks_done(&c);
    }
}

/* --- queries and filters ------------------------------------------------------------------------------------------------ */

static const size_t ks[] = {1, 5, 10000};

static nps_filter filter_number(int i, uint32_t entry)
{
    nps_filter f = nps_filter_all();
    if (i == 1)
        f.polarity = 1;
    if (i == 2)
        f.polarity = -1;
    if (i == 3)
        f.self = entry;
    if (i == 4) {
        f.substance = lib->entry_substance[entry];
        f.contributor = lib->entry_contributor[entry];
    }
    return f;
}

/* A query near an entry: the entry measured again. */
static nps_spectrum *query_near(uint32_t e)
{
    nps_spectrum *s = NULL;
    nps_err err;
    assert_ok(nps_library_spectrum(lib, e, &s, &err), &err);
    nps_spectrum *q = synth_replicate(s, 0.5, &rng);
    nps_spectrum_free(s);
    return q;
}

static void the_ei_search_equals_comparing_with_every_entry(void **state)
{
    (void)state;
    nps_err err;
    double *score = calloc(lib->n_entry, sizeof *score);
    for (uint32_t e = 0; e < lib->n_entry; e += 7) {
        if (lib->entry_technique[e] != NPS_TECH_EI)
            continue;
        NPS_AUTO(nps_spectrum) s = query_near(e);
        nps_peaks p;
        uint32_t bin[2048];
        float weight[2048];
        assert_ok(nps_clean_nominal(nps_peaks_view(&s->peaks), &p, &err), &err);
        size_t n = nps_index_ei_weights(&p, bin, weight);
        nps_peaks_done(&p);
        plain_ei(lib, bin, weight, n, score);
        for (int i = 0; i < 5; i++)
            for (size_t k = 0; k < 3; k++) {
                nps_filter f = filter_number(i, e);
                assert_ok(nps_search_ei(lib, bin, weight, n, &f, ks[k], w, &err), &err);
                assert_top("ei", w->top.item, w->top.n, ks[k], rank(lib, &f, score, 1e-300));
            }
    }
    free(score);
}

static void check_msms(const nps_library *l, nps_peak_view q, double precursor, double tol, const nps_filter *f, size_t k,
                       double *score)
{
    nps_err err;
    plain_msms(l, OPEN, q, 0, 0, tol, score);
    assert_ok(nps_search_open(l, q, tol, f, k, w, &err), &err);
    assert_top("open", w->top.item, w->top.n, k, rank(l, f, score, 1e-300));
    static const double windows[] = {0.005, 0.4, 30};
    for (size_t i = 0; i < 3; i++) {
        plain_msms(l, WINDOW, q, precursor, windows[i], tol, score);
        assert_ok(nps_search_window(l, q, precursor, windows[i], tol, f, k, w, &err), &err);
        assert_top("window", w->top.item, w->top.n, k, rank(l, f, score, 0));
    }
    plain_msms(l, HYBRID, q, precursor, 0, tol, score);
    assert_ok(nps_search_hybrid(l, q, precursor, tol, f, k, w, &err), &err);
    assert_top("hybrid", w->top.item, w->top.n, k, rank(l, f, score, 1e-300));
}

static void the_msms_searches_equal_comparing_with_every_entry(void **state)
{
    (void)state;
    static const double tols[] = {0.001, 0.02, 0.025};
    nps_err err;
    double *score = calloc(lib->n_entry, sizeof *score);
    for (uint32_t e = 0; e < lib->n_entry; e += 5) {
        if (!has_technique(lib, e, NPS_TECH_MSMS, NPS_TECH_DART))
            continue;
        NPS_AUTO(nps_spectrum) s = query_near(e);
        nps_peaks c;
        /* Half of the queries as an analogue: another precursor, every second peak moved with it. */
        double shift = e % 2 ? 14.01565 : 0;
        for (size_t i = 1; i < s->peaks.n && shift > 0; i += 2)
            s->peaks.mz[i] += shift;
        nps_peaks_repairs repairs = {0};
        assert_ok(nps_peaks_settle(&s->peaks, &repairs, &err), &err);
        s->precursor_mz += shift;
        assert_ok(nps_index_clean(nps_peaks_view(&s->peaks), s->precursor_mz, &c, &err), &err);
        for (int i = 0; i < 5; i++) {
            nps_filter f = filter_number(i, e);
            check_msms(lib, nps_peaks_view(&c), s->precursor_mz, tols[e % 3], &f, ks[(size_t)i % 3], score);
        }
        nps_peaks_done(&c);
    }
    free(score);
}

static double plain_correlation(const float *a, const float *b)
{
    double sa = 0, sb = 0, n = 0, aa = 0, bb = 0, ab = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
            double x = 400 + 2 * (double)i;
            if ((x >= 2280 && x < 2400) || isnan(a[i]) || isnan(b[i]))
                continue;
            if (pass == 0) {
                sa += (double)a[i];
                sb += (double)b[i];
                n++;
            } else {
                double da = (double)a[i] - sa / n, db = (double)b[i] - sb / n;
                aa += da * da;
                bb += db * db;
                ab += da * db;
            }
        }
    return n >= 200 && aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static void the_infrared_search_equals_comparing_with_every_entry(void **state)
{
    (void)state;
    nps_err err;
    double *score = calloc(lib->n_entry, sizeof *score);
    float *grid = calloc(NPS_IR_GRID_N, sizeof *grid);
    for (uint32_t e = 0; e < lib->n_entry; e += 4) {
        if (lib->entry_technique[e] != NPS_TECH_IR)
            continue;
        NPS_AUTO(nps_spectrum) s = query_near(e);
        assert_ok(nps_ir_grid(&s->trace, grid, &err), &err);
        for (uint32_t i = 0; i < lib->n_entry; i++)
            score[i] = NAN;
        for (uint64_t i = 0; i < lib->n_ir; i++)
            score[lib->ir_entry[i]] = fmin(1, plain_correlation(grid, lib->ir_y + i * NPS_IR_GRID_N));
        for (int i = 0; i < 5; i++) {
            nps_filter f = filter_number(i, e);
            size_t k = ks[(size_t)i % 3];
            assert_ok(nps_search_ir(lib, grid, NPS_TECH_IR, &f, k, w, &err), &err);
            assert_top("ir", w->top.item, w->top.n, k, rank(lib, &f, score, 1e-300));
            assert_ok(nps_search_ir(lib, grid, NPS_TECH_RAMAN, &f, k, w, &err), &err);
            assert_int_equal(w->top.n, 0);
        }
    }
    free(score);
    free(grid);
}

/* The walk over all entries gives each the score that core gives the pair. */
static void the_plain_scores_are_those_of_core(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) ei = synth_ei(&rng);
    nps_peaks q;
    nps_err err;
    nps_filter f = nps_filter_all();
    assert_ok(nps_clean_nominal(nps_peaks_view(&ei->peaks), &q, &err), &err);
    assert_ok(nps_search_plain(lib, nps_peaks_view(&q), NPS_SCORE_COMPOSITE, 0, 0.02, &f, lib->n_entry, w, &err), &err);
    assert_true(w->top.n > 0);
    for (size_t i = 0; i < w->top.n; i++) {
        nps_peaks r;
        assert_int_equal(lib->entry_technique[w->top.item[i].index], NPS_TECH_EI);
        assert_ok(nps_clean_nominal(nps_library_peak_row(lib, w->top.item[i].index), &r, &err), &err);
        assert_near(w->top.item[i].score, nps_nominal_compare(nps_peaks_view(&q), nps_peaks_view(&r), 1, 0.5).composite, 0, 0);
        assert_true(!i || w->top.item[i].score <= w->top.item[i - 1].score);
        nps_peaks_done(&r);
    }
    nps_peaks_done(&q);
    NPS_AUTO(nps_spectrum) msms = synth_of(NPS_TECH_MSMS, &rng);
    nps_peak_view v = nps_peaks_view(&msms->peaks);
    for (int shifted = 0; shifted < 2; shifted++) {
        assert_ok(nps_search_plain(lib, v, shifted ? NPS_SCORE_MODIFIED_COSINE : NPS_SCORE_COSINE, msms->precursor_mz, 0.02,
                                   &f, lib->n_entry, w, &err), &err);
        nps_pair_scratch scratch = {0};
        for (size_t i = 0; i < w->top.n; i++) {
            uint32_t e = w->top.item[i].index, matched;
            double score, away = msms->precursor_mz - lib->entry_precursor[e];
            nps_cosine_options o = {.tol_mz = 0.02, .intensity_power = 0.5, .shift = shifted ? away : 0};
            assert_ok(nps_cosine_greedy(v, nps_library_peak_row(lib, e), &o, &scratch, &score, &matched, &err), &err);
            assert_near(w->top.item[i].score, score, 0, 0);
        }
        nps_pair_scratch_done(&scratch);
    }
}

static void an_empty_query_finds_nothing(void **state)
{
    (void)state;
    nps_filter f = nps_filter_all();
    nps_peak_view none = {NULL, NULL, 0};
    nps_err err;
    assert_ok(nps_search_ei(lib, NULL, NULL, 0, &f, 5, w, &err), &err);
    assert_int_equal(w->top.n, 0);
    assert_ok(nps_search_open(lib, none, 0.02, &f, 5, w, &err), &err);
    assert_int_equal(w->top.n, 0);
    assert_ok(nps_search_hybrid(lib, none, 300, 0.02, &f, 5, w, &err), &err);
    assert_int_equal(w->top.n, 0);
    float *nowhere = calloc(NPS_IR_GRID_N, sizeof *nowhere);
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        nowhere[i] = NAN;
    assert_ok(nps_search_ir(lib, nowhere, NPS_TECH_IR, &f, 5, w, &err), &err);
    assert_int_equal(w->top.n, 0);
    free(nowhere);
}

static void a_search_leaves_nothing_behind_for_the_next(void **state)
{
    (void)state;
    nps_filter f = nps_filter_all();
    nps_err err;
    /* Weights so far apart that rounding can make the gain of a pair fall below zero. */
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        nps_peak_view r = nps_library_clean_row(lib, e);
        for (size_t i = 0; i < r.n; i++) {
            float tiny = 3e-17F * (float)(1 + nps_test_uniform(&rng));
            assert_ok(nps_search_open(lib, (nps_peak_view){&r.mz[i], &tiny, 1}, 0.02, &f, 5, w, &err), &err);
        }
        for (uint32_t j = 0; j < lib->n_entry; j++)
            assert_true(w->score[j] == 0);
    }
}

static void unit_masses_are_multiples_of_a_tenth(void **state)
{
    (void)state;
    assert_true(nps_is_unit_mass(182));
    assert_true(nps_is_unit_mass(182.1));
    assert_true(nps_is_unit_mass(0.1 + 0.2));
    assert_false(nps_is_unit_mass(182.08));
    assert_false(nps_is_unit_mass(182.0812));
    const double mz[] = {58, 91.1, 119.08};
    assert_true(nps_is_unit_resolution((nps_peak_view){mz, NULL, 2}));
    assert_false(nps_is_unit_resolution((nps_peak_view){mz, NULL, 3}));
}

/* --- real spectra --------------------------------------------------------------------------------------------------------- */

static nps_reader *open_shared(const char *name, char **data)
{
    const char *file = nps_shared_path(name);
    nps_read_limits limits = nps_read_limits_for_library();
    nps_reader *r = NULL;
    nps_err err;
    size_t len;
    if (!file)
        return NULL;
    *data = nps_slurp(file, &len);
    assert_non_null(*data);
    assert_ok(nps_reader_open(*data, len, &limits, &r, &err), &err);
    return r;
}

static void the_msms_searches_are_exact_on_real_spectra(void **state)
{
    (void)state;
    NPS_AUTO_MEM(char *) data = NULL;
    NPS_AUTO_MEM(char *) query_data = NULL;
    nps_err err;
    NPS_AUTO(nps_reader) r = open_shared("data/msms/massbank-library.msp.gz", &data);
    if (!r)
        skip();
    nps_builder *b = synth_builder(NULL, NULL);
    for (int i = 0; i < 2500; i++) {
        NPS_AUTO(nps_spectrum) s = NULL;
        assert_ok(nps_reader_next(r, &s, &err), &err);
        assert_non_null(s);
        synth_add(b, s);
    }
    NPS_AUTO_LIBRARY real = synth_finish(b);
    double *score = calloc(real->n_entry, sizeof *score);
    NPS_AUTO(nps_reader) qr = open_shared("data/msms/queries.msp.gz", &query_data);
    nps_filter f = nps_filter_all();
    for (int i = 0; i < 20; i++) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_peaks c;
        assert_ok(nps_reader_next(qr, &s, &err), &err);
        assert_ok(nps_index_clean(nps_peaks_view(&s->peaks), s->precursor_mz, &c, &err), &err);
        /* 0.0203 is no difference of two m/z with the decimals of these files: no pair lies on the edge. */
        check_msms(real, nps_peaks_view(&c), s->precursor_mz, 0.0203000007, &f, 50, score);
        nps_peaks_done(&c);
    }
    free(score);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ei_search_equals_comparing_with_every_entry),
        cmocka_unit_test(the_msms_searches_equal_comparing_with_every_entry),
        cmocka_unit_test(the_infrared_search_equals_comparing_with_every_entry),
        cmocka_unit_test(the_plain_scores_are_those_of_core),
        cmocka_unit_test(an_empty_query_finds_nothing),
        cmocka_unit_test(a_search_leaves_nothing_behind_for_the_next),
        cmocka_unit_test(unit_masses_are_multiples_of_a_tenth),
        cmocka_unit_test(the_msms_searches_are_exact_on_real_spectra),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
