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

/* Entries of scores that agree within rounding (of the plain side's weights, which are floats) may change places. */
static void assert_top(const char *what, const nps_ranked *got, size_t n, size_t k, ranking want)
{
    size_t expected = want.n < k ? want.n : k;
    if (n != expected)
        print_error("%s: %zu hits, expected %zu\n", what, n, expected);
    assert_int_equal(n, expected);
    for (size_t i = 0; i < n; i++) {
        if (fabs(got[i].score - want.item[i].score) > 2e-7)
            print_error("%s: hit %zu is entry %u, expected %u\n", what, i, got[i].index, want.item[i].index);
        assert_near(got[i].score, want.item[i].score, 0, 2e-7);
        if (got[i].index != want.item[i].index) {
            size_t j = 0;
            while (j < want.n && want.item[j].index != got[i].index)
                j++;
            assert_true(j < want.n);
            assert_near(want.item[j].score, got[i].score, 0, 2e-7);
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

/* The score of one pair by core's plain functions, from the peaks as read: nothing of the index is used. NAN: not of the
 * query's technique. */
static double plain_ei(const nps_library *l, uint32_t e, const nps_peaks *q, nps_score score, bool reverse)
{
    nps_err err;
    nps_peaks r;
    double result;
    if (l->entry_technique[e] != NPS_TECH_EI)
        return NAN;
    assert_ok(nps_clean_nominal(nps_library_peak_row(l, e), &r, &err), &err);
    if (score == NPS_SCORE_ENTROPY) {
        float *wq = calloc(q->n, sizeof *wq), *wr = calloc(r.n, sizeof *wr);
        nps_entropy_weight(q->intensity, q->n, wq);
        nps_entropy_weight(r.intensity, r.n, wr);
        double common = 0;
        for (size_t i = 0; i < q->n && reverse; i++)
            for (size_t j = 0; j < r.n; j++)
                common += q->mz[i] == r.mz[j] ? (double)wq[i] : 0;
        float *part = calloc(q->n, sizeof *part);
        double *mz = calloc(q->n, sizeof *mz);
        size_t n = 0;
        for (size_t i = 0; i < q->n; i++) {
            bool has = !reverse;
            for (size_t j = 0; j < r.n; j++)
                has = has || q->mz[i] == r.mz[j];
            if (!has)
                continue;
            mz[n] = q->mz[i];
            part[n++] = reverse ? (float)((double)wq[i] / common) : wq[i];
        }
        result = nps_entropy_similarity((nps_peak_view){mz, part, n}, (nps_peak_view){r.mz, wr, r.n}, 0.1, NULL);
        free(wq);
        free(wr);
        free(part);
        free(mz);
    } else {
        nps_nominal_similarity s =
            nps_nominal_compare(nps_peaks_view(q), nps_peaks_view(&r), score == NPS_SCORE_COSINE ? 0 : 1, 0.5);
        result = reverse ? s.reverse : score == NPS_SCORE_COMPOSITE ? s.composite : s.cosine;
    }
    nps_peaks_done(&r);
    return fmin(result, 1);
}

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

static nps_peak_view view(const double *mz, const float *intensity, size_t n)
{
    return (nps_peak_view){mz, intensity, n};
}

/* Query peaks within tol of a peak of r, shares again where `shares`. */
static size_t plain_common(nps_peak_view q, nps_peak_view r, double tol, bool shares, double *mz, float *intensity)
{
    size_t n = 0;
    double sum = 0;
    for (size_t i = 0; i < q.n; i++)
        for (size_t j = 0; j < r.n; j++)
            if (fabs(q.mz[i] - r.mz[j]) <= tol) {
                mz[n] = q.mz[i];
                sum += (double)(intensity[n++] = q.intensity[i]);
                break;
            }
    for (size_t i = 0; i < n && shares; i++)
        intensity[i] = (float)((double)intensity[i] / sum);
    return n;
}

/* The same for MS/MS, cleaned anew. */
static double plain_msms(const nps_library *l, uint32_t e, const nps_prepared *q, const nps_search_options *o)
{
    nps_err err;
    double other = l->entry_precursor[e], tol = o->tol_mz, score;
    if (!has_technique(l, e, NPS_TECH_MSMS, NPS_TECH_DART) || (o->mode != NPS_MODE_OPEN && !(other > 0)) ||
        (o->mode == NPS_MODE_WINDOW && fabs(other - q->precursor) > o->tol_precursor))
        return NAN;
    nps_peaks c;
    float *weight = NULL;
    assert_ok(nps_index_clean(nps_library_peak_row(l, e), other, &c, &weight, &err), &err);
    bool entropy = o->score == NPS_SCORE_ENTROPY;
    nps_peak_view a = entropy ? nps_prepared_weighted(q) : nps_peaks_view(&q->clean);
    nps_peak_view b = view(c.mz, entropy ? weight : c.intensity, c.n);
    if (o->mode == NPS_MODE_WINDOW && (nps_is_unit_resolution(a) || nps_is_unit_resolution(b)))
        tol = NPS_UNIT_TOL;
    double shift = q->precursor - other;
    /* Weights belong to the masses as measured. */
    double mz_power = o->score == NPS_SCORE_WEIGHTED_COSINE ? 1 : 0;
    float *weights_a = calloc(a.n, sizeof *weights_a);
    for (size_t i = 0; i < a.n; i++)
        weights_a[i] = entropy ? a.intensity[i] : (float)(pow(a.mz[i], mz_power) * sqrt((double)a.intensity[i]));
    a.intensity = weights_a;
    for (size_t i = 0; i < c.n; i++) {
        if (!entropy)
            c.intensity[i] = (float)(pow(c.mz[i], mz_power) * sqrt((double)c.intensity[i]));
        c.mz[i] += o->mode == NPS_MODE_LOSS ? shift : 0;
    }
    double *mz = calloc(a.n, sizeof *mz);
    float *part = calloc(a.n, sizeof *part);
    if (o->reverse)
        a = view(mz, part, plain_common(a, b, tol, entropy, mz, part));
    if (entropy) {
        score = o->mode == NPS_MODE_ANALOG ? plain_hybrid(a, b, shift, tol) : nps_entropy_similarity(a, b, tol, NULL);
    } else {
        nps_pair_scratch scratch = {0};
        uint32_t matched;
        nps_cosine_options co = {.tol_mz = tol, .intensity_power = 1, .shift = o->mode == NPS_MODE_ANALOG ? shift : 0};
        assert_ok(nps_cosine_greedy(a, b, &co, &scratch, &score, &matched, &err), &err);
        nps_pair_scratch_done(&scratch);
    }
    free(weights_a);
    free(mz);
    free(part);
    free(weight);
    nps_peaks_done(&c);
    return fmin(score, 1);
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

static nps_prepared prepared(const nps_spectrum *s)
{
    nps_prepared q;
    nps_err err;
    assert_ok(nps_prepare(s, NULL, &q, &err), &err);
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
        nps_prepared q = prepared(s);
        for (int how = 0; how < 8; how++) {
            nps_search_options o = {.score = (nps_score)(how % 4), .reverse = how >= 4};
            for (uint32_t i = 0; i < lib->n_entry; i++)
                score[i] = plain_ei(lib, i, &q.nominal, o.score, o.reverse);
            for (int i = 0; i < 5; i++)
                for (size_t k = 0; k < 3; k++) {
                    nps_filter f = filter_number(i, e);
                    o.k = ks[k];
                    assert_ok(nps_search(lib, &q, &o, &f, w, &err), &err);
                    assert_top(nps_score_name(o.score), w->top.item, w->top.n, ks[k], rank(lib, &f, score, 1e-300));
                }
        }
        nps_prepared_done(&q);
    }
    free(score);
}

static void check_msms(const nps_library *l, const nps_prepared *q, double tol, const nps_filter *f, size_t k, double *score)
{
    static const struct {
        nps_search_mode mode;
        const char *name;
        double window;
        bool reverse;
    } ways[] = {{NPS_MODE_OPEN, "open", 0, false},       {NPS_MODE_OPEN, "open, reverse", 0, true},
                {NPS_MODE_WINDOW, "window", 0.005, false}, {NPS_MODE_WINDOW, "window", 0.4, false},
                {NPS_MODE_WINDOW, "window", 30, true},   {NPS_MODE_ANALOG, "analog", 0, false},
                {NPS_MODE_LOSS, "loss", 0, false}};
    nps_err err;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (int s = 0; s < 3; s++) {
            nps_search_options o = {ways[i].mode, (nps_score)s, ways[i].reverse, tol, ways[i].window, k};
            for (uint32_t e = 0; e < l->n_entry; e++)
                score[e] = plain_msms(l, e, q, &o);
            assert_ok(nps_search(l, q, &o, f, w, &err), &err);
            char what[80];
            snprintf(what, sizeof what, "%s, %s", ways[i].name, nps_score_name(o.score));
            assert_top(what, w->top.item, w->top.n, k, rank(l, f, score, o.mode == NPS_MODE_WINDOW ? 0 : 1e-300));
        }
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
        /* Half of the queries as an analogue: another precursor, every second peak moved with it. */
        double shift = e % 2 ? 14.01565 : 0;
        for (size_t i = 1; i < s->peaks.n && shift > 0; i += 2)
            s->peaks.mz[i] += shift;
        nps_peaks_repairs repairs = {0};
        assert_ok(nps_peaks_settle(&s->peaks, &repairs, &err), &err);
        s->precursor_mz += shift;
        nps_prepared q = prepared(s);
        for (int i = 0; i < 5; i++) {
            nps_filter f = filter_number(i, e);
            check_msms(lib, &q, tols[e % 3], &f, ks[(size_t)i % 3], score);
        }
        nps_prepared_done(&q);
    }
    free(score);
}

static double plain_correlation(const float *a, const float *b)
{
    double sa = 0, sb = 0, n = 0, aa = 0, bb = 0, ab = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < NPS_IR_GRID_N; i++) {
            double x = 400 + 2 * (double)i;
            if ((x >= 2280 && x <= 2400) || isnan(a[i]) || isnan(b[i]))
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
    nps_ir_options ir = nps_ir_options_of(NPS_TECH_IR, &lib->trace_prep[NPS_TECH_IR]), raman = nps_ir_options_of(NPS_TECH_RAMAN, &lib->trace_prep[NPS_TECH_RAMAN]);
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
            assert_ok(nps_search_ir(lib, grid, &ir, &f, k, w, &err), &err);
            assert_top("ir", w->top.item, w->top.n, k, rank(lib, &f, score, 1e-300));
            assert_ok(nps_search_ir(lib, grid, &raman, &f, k, w, &err), &err);
            assert_int_equal(w->top.n, 0);
        }
    }
    free(score);
    free(grid);
}

static void an_empty_query_finds_nothing(void **state)
{
    (void)state;
    nps_filter f = nps_filter_all();
    nps_err err;
    nps_prepared ei = {.technique = NPS_TECH_EI}, msms = {.technique = NPS_TECH_MSMS, .precursor = 300};
    static const nps_search_mode modes[] = {NPS_MODE_OPEN, NPS_MODE_ANALOG, NPS_MODE_LOSS};
    for (int s = 0; s < 3; s++) {
        nps_search_options o = {.score = (nps_score)s, .tol_mz = 0.02, .k = 5};
        assert_ok(nps_search(lib, &ei, &o, &f, w, &err), &err);
        assert_int_equal(w->top.n, 0);
        for (size_t m = 0; m < 3; m++) {
            o.mode = modes[m];
            assert_ok(nps_search(lib, &msms, &o, &f, w, &err), &err);
            assert_int_equal(w->top.n, 0);
        }
    }
    nps_ir_options ir = nps_ir_options_of(NPS_TECH_IR, &lib->trace_prep[NPS_TECH_IR]);
    float *nowhere = calloc(NPS_IR_GRID_N, sizeof *nowhere);
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        nowhere[i] = NAN;
    assert_ok(nps_search_ir(lib, nowhere, &ir, &f, 5, w, &err), &err);
    assert_int_equal(w->top.n, 0);
    free(nowhere);
}

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    static const struct {
        nps_technique technique;
        double precursor;
        nps_search_options o;
        nps_status status;
        const char *text;
    } cases[] = {
        {NPS_TECH_IR, 0, {.k = 1}, NPS_E_UNSUPPORTED, "ir spectra have no peaks to search by"},
        {NPS_TECH_EI, 0, {.mode = NPS_MODE_LOSS, .k = 1}, NPS_E_UNSUPPORTED, "ei spectra have no precursor to search by"},
        {NPS_TECH_MSMS, 300, {.score = NPS_SCORE_COMPOSITE, .k = 1}, NPS_E_UNSUPPORTED, "the composite score is for ei spectra"},
        {NPS_TECH_MSMS, 300, {.mode = NPS_MODE_ANALOG, .reverse = true, .k = 1}, NPS_E_UNSUPPORTED,
         "a reverse search goes with direct matches only"},
        {NPS_TECH_MSMS, 0, {.mode = NPS_MODE_LOSS, .k = 1}, NPS_E_RANGE,
         "this search needs a precursor m/z and the file gives none"},
        {NPS_TECH_MSMS, 300, {.tol_mz = 0, .k = 1}, NPS_E_RANGE, "m/z tolerance 0 Da is outside (0, 0.025]"},
        {NPS_TECH_MSMS, 300, {.tol_mz = 0.0251, .k = 1}, NPS_E_RANGE, "m/z tolerance 0.0251 Da is outside (0, 0.025]"},
        {NPS_TECH_DART, 0, {.tol_mz = NAN, .k = 1}, NPS_E_RANGE, "m/z tolerance nan Da is outside (0, 0.025]"},
    };
    nps_filter f = nps_filter_all();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_err err = {0};
        nps_prepared q = {.technique = cases[i].technique, .precursor = cases[i].precursor};
        assert_int_equal(nps_search(lib, &q, &cases[i].o, &f, w, &err), cases[i].status);
        assert_string_equal(err.msg, cases[i].text);
    }
}

static void a_search_leaves_nothing_behind_for_the_next(void **state)
{
    (void)state;
    nps_filter f = nps_filter_all();
    nps_err err;
    nps_search_options o = {.score = NPS_SCORE_ENTROPY, .tol_mz = 0.02, .k = 5};
    /* Weights so far apart that rounding can make the gain of a pair fall below zero. */
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        nps_peak_view r = nps_library_clean_row(lib, e);
        for (size_t i = 0; i < r.n; i++) {
            float tiny = 3e-17F * (float)(1 + nps_test_uniform(&rng));
            double mz = r.mz[i];
            nps_prepared q = {.technique = NPS_TECH_MSMS, .clean = {.mz = &mz, .intensity = &tiny, .n = 1}, .weight = &tiny};
            assert_ok(nps_search(lib, &q, &o, &f, w, &err), &err);
        }
        for (uint32_t j = 0; j < NPS_SHARD_ROWS; j++)
            assert_true(w->scratch[0]->sum[j] == 0);
    }
}

/* More entries than a shard holds: threads, batches and single queries give the same, to the last digit. */
static void threads_and_batches_change_nothing(void **state)
{
    (void)state;
    enum { N = NPS_SHARD_ROWS + 3000, QUERIES = 6 };
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < N; i++) {
        const double mz[] = {50 + i % 37, 90 + i % 71 + 0.03, 200 + i % 11};
        const float intensity[] = {(float)(1 + i % 13), (float)(1 + i % 29), (float)(1 + i % 7)};
        NPS_AUTO(nps_spectrum) s = synth_peaks(i % 2 ? NPS_TECH_EI : NPS_TECH_MSMS, i % 2 ? 0 : 300 + i % 5, mz, intensity, 3);
        synth_label(s, i, 1);
        synth_add(b, s);
    }
    NPS_AUTO_LIBRARY big = synth_finish(b);
    assert_int_equal(big->n_shard, 2);
    nps_filter f = nps_filter_all();
    for (int ei = 0; ei < 2; ei++) {
        nps_prepared q[QUERIES];
        nps_topk one[QUERIES] = {{0}}, many[QUERIES] = {{0}};
        nps_search_options o = {.score = NPS_SCORE_ENTROPY, .tol_mz = 0.02, .k = 40};
        for (uint32_t i = 0; i < QUERIES; i++) {
            assert_ok(nps_prepare_entry(big, 2 * (i * 3000) + (uint32_t)ei, &q[i], &err), &err);
            assert_ok(nps_topk_init(&one[i], o.k, &err), &err);
            assert_ok(nps_topk_init(&many[i], o.k, &err), &err);
            nps_workspace_set_threads(w, 1);
            assert_ok(nps_search_batch(big, &q[i], 1, &o, &f, w, &one[i], &err), &err);
            assert_int_equal(one[i].n, o.k);
        }
        for (unsigned threads = 1; threads <= 5; threads += 2) {
            nps_workspace_set_threads(w, threads);
            assert_ok(nps_search_batch(big, q, QUERIES, &o, &f, w, many, &err), &err);
            for (int i = 0; i < QUERIES; i++) {
                assert_int_equal(many[i].n, one[i].n);
                assert_memory_equal(many[i].item, one[i].item, one[i].n * sizeof *one[i].item);
            }
        }
        for (int i = 0; i < QUERIES; i++) {
            nps_prepared_done(&q[i]);
            nps_topk_done(&one[i]);
            nps_topk_done(&many[i]);
        }
    }
    nps_workspace_set_threads(w, 1);
}

/* Keys are cut at 4,294 Da and sums have 16 bits: dense lists, heavy fragments and peaks at the edge of two tolerances must
 * not make a bound overflow and lose the best entry. */
static void no_bound_overflows(void **state)
{
    (void)state;
    enum { KINDS = 3, N = 3000 };
    nps_err err;
    double *mz = calloc(N, sizeof *mz);
    float *intensity = calloc(N, sizeof *intensity);
    for (int kind = 0; kind < KINDS; kind++) {
        static const size_t n[KINDS] = {54, 2800, 400};
        static const double step[KINDS] = {3, 0.1, 0.0500005};
        nps_builder *b = synth_builder(NULL, NULL);
        for (unsigned e = 0; e < 12; e++) {
            double at = kind == 0 ? 4290 : 60;
            for (size_t i = 0; i < n[kind]; i++) {
                mz[i] = at += step[kind];
                intensity[i] = (float)(1 + nps_test_uniform(&rng) * (e == 7 ? 1 : 100));
            }
            NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_MSMS, mz[n[kind] - 1] + 10, mz, intensity, n[kind]);
            synth_label(s, e, 1);
            synth_add(b, s);
        }
        NPS_AUTO_LIBRARY l = synth_finish(b);
        nps_filter f = nps_filter_all();
        for (uint32_t e = 0; e < l->n_entry; e += 7) {
            nps_prepared q;
            assert_ok(nps_prepare_entry(l, e, &q, &err), &err);
            for (int s = 0; s < 3; s++)
                for (nps_search_mode mode = NPS_MODE_OPEN; mode <= NPS_MODE_LOSS; mode++) {
                    nps_search_options o = {.mode = mode, .score = (nps_score)s, .tol_mz = 0.025, .k = 1, .tol_precursor = 1};
                    assert_ok(nps_search(l, &q, &o, &f, w, &err), &err);
                    assert_int_equal(w->top.n, 1);
                    assert_int_equal(w->top.item[0].index, e);
                    assert_near(w->top.item[0].score, 1, 0, 1e-4);
                }
            nps_prepared_done(&q);
        }
    }
    free(mz);
    free(intensity);
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
        assert_ok(nps_reader_next(qr, &s, &err), &err);
        nps_prepared q = prepared(s);
        /* 0.0203 is no difference of two m/z with the decimals of these files: no pair lies on the edge. */
        check_msms(real, &q, 0.0203000007, &f, 50, score);
        nps_prepared_done(&q);
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
        cmocka_unit_test(an_empty_query_finds_nothing),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(a_search_leaves_nothing_behind_for_the_next),
        cmocka_unit_test(threads_and_batches_change_nothing),
        cmocka_unit_test(no_bound_overflows),
        cmocka_unit_test(unit_masses_are_multiples_of_a_tenth),
        cmocka_unit_test(the_msms_searches_are_exact_on_real_spectra),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
