#include "reference-lib/ir.h"
#include "reference-lib/ir_bound.h"
#include "reference-lib/ir_code.h"
#include "spectra/read.h"
#include "tests/support/synth.h"

#include <math.h>

/* The search of traces against a plain double loop over every entry and lag, on traces that are meant to be hard: partial
 * ranges, gaps, flat and tiny ones, copies that tie, noise, extreme scales. */

#if defined(__SANITIZE_THREAD__) /* some forty times slower: enough traces for several threads, fewer questions */
enum { TRACES = 300, QUERIES = 3, N = NPS_IR_GRID_N };
#elif defined(__SANITIZE_ADDRESS__)
enum { TRACES = 300, QUERIES = 9, N = NPS_IR_GRID_N };
#else
enum { TRACES = 520, QUERIES = 18, N = NPS_IR_GRID_N };
#endif

static nps_library lib;
static nps_trace_prep prep;
static nps_workspace *w;
static uint64_t rng;

static double uniform(double low, double high)
{
    return low + (high - low) * nps_test_uniform(&rng);
}

static void make_trace(float *y)
{
    double sharp = uniform(0, 1), noise = nps_test_random(&rng) % 4 ? 0.003 : 0.3, offset = uniform(-0.5, 0.5);
    for (size_t i = 0; i < N; i++)
        y[i] = (float)(offset + noise * uniform(-1, 1));
    for (int bands = 3 + (int)uniform(0, 20); bands--;) {
        /* Few places, so that traces resemble each other. */
        double at = 60 * (double)(nps_test_random(&rng) % 30) + uniform(-3, 3), width = sharp < 0.3 ? uniform(0.5, 2) : uniform(3, 40);
        double height = uniform(0.1, 2);
        for (size_t i = 0; i < N; i++) {
            double d = ((double)i - at) / width;
            y[i] += (float)(height / (1 + d * d));
        }
    }
}

static void cut(float *y, size_t from, size_t to)
{
    for (size_t i = 0; i < N; i++)
        if (i < from || i >= to)
            y[i] = NAN;
}

static void deform(float *y, size_t i, const float *before)
{
    switch (i % 25) {
    case 3: memcpy(y, before, N * sizeof *y); break; /* ties */
    case 5: cut(y, 125, N); break;
    case 7: cut(y, nps_test_random(&rng) % 600, 900 + nps_test_random(&rng) % 900); break;
    case 9: cut(y, 500, 500 + nps_test_random(&rng) % 400); break; /* often less than is comparable */
    case 11: /* gaps */
        for (size_t k = 700; k < 760; k++)
            y[k] = NAN;
        break;
    case 13:
        for (size_t k = 0; k < N; k++)
            y[k] = 0.1F;
        break;
    case 14: cut(y, 0, 0); break;
    case 15:
        for (size_t k = 0; k < N; k++)
            y[k] *= i % 2 ? 1e-30F : 1e30F;
        break;
    case 17: /* all but flat where most queries are: a spike at the end */
        for (size_t k = 0; k < N; k++)
            y[k] = k < 60 ? 1000 * y[k] : y[k];
        break;
    case 19: /* the one before, moved */
        for (size_t k = 0; k < N; k++)
            y[k] = k < 4 || isnan(before[k - 4]) ? NAN : before[k - 4] + (float)uniform(-0.002, 0.002);
        break;
    case 21: y[0] = y[N - 1] = NAN; break;
    default: break;
    }
}

static void library_of(uint64_t n, float *y)
{
    nps_err err;
    uint32_t *entry = calloc(n, sizeof *entry), *substance = calloc(2 * n, sizeof *substance),
             *contributor = calloc(2 * n, sizeof *contributor);
    uint8_t *technique = calloc(2 * n, 1);
    int8_t *polarity = calloc(2 * n, 1);
    for (uint32_t i = 0; i < n; i++) {
        entry[i] = 2 * i + 1;
        technique[2 * i + 1] = i % 10 == 8 ? NPS_TECH_RAMAN : NPS_TECH_IR;
        substance[2 * i + 1] = i % 5;
        contributor[2 * i + 1] = i % 3;
    }
    lib = (nps_library){.n_entry = 2 * n, .n_ir = n, .ir_y = y, .ir_entry = entry, .entry_technique = technique,
                        .entry_polarity = polarity, .entry_substance = substance, .entry_contributor = contributor};
    assert_ok(nps_ir_code_build(&lib, 2, &err), &err);
}

static void drop_library(void)
{
    const void *owned[] = {lib.ir_y, lib.ir_entry, lib.entry_technique, lib.entry_polarity, lib.entry_substance,
                           lib.entry_contributor, lib.ir_code, lib.ir_step, lib.ir_zero, lib.ir_error, lib.ir_norm,
                           lib.ir_range};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free((void *)(uintptr_t)owned[i]);
}

static int setup(void **state)
{
    (void)state;
    nps_err err;
    rng = nps_test_seed();
    prep = nps_trace_prep_default();
    float *y = calloc((size_t)TRACES * N, sizeof *y);
    for (size_t i = 0; i < TRACES; i++) {
        make_trace(y + i * N);
        if (i)
            deform(y + i * N, i, y + (i - 1) * N);
    }
    library_of(TRACES, y);
    assert_ok(nps_workspace_new(&w, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    drop_library();
    nps_workspace_free(w);
    return 0;
}

/* --- the slow side ------------------------------------------------------------------------------------------------------ */

static bool is_in(const nps_ir_mask *m, int i)
{
    for (size_t k = 0; k < m->n; k++)
        if (i >= m->region[k].from && i < m->region[k].to)
            return true;
    return false;
}

/* Sums over 9 points, one by one; the weights of Savitzky and Golay 1964 in closed form. */
static void plain_derivative(const float *y, unsigned derivative, float *ret)
{
    for (int i = 0; i < N; i++) {
        double sum = i < 4 || i + 4 >= N ? NAN : 0;
        for (int k = -4; k <= 4 && i >= 4 && i + 4 < N; k++)
            sum += ((double)y[i + k] - (double)y[i]) * (derivative == 1 ? k / 60.0 : (3 * k * k - 20) / 462.0);
        ret[i] = (float)sum;
    }
}

/* Hit quality from sums of squares and products. */
static double quality(nps_ir_score score, double ab, double aa, double bb)
{
    double c = aa > 0 && bb > 0 ? fmax(-1, fmin(1, ab / sqrt(aa) / sqrt(bb))) : 0;
    return score == NPS_IR_ANGLE ? 1 - 2 * acos(c) / M_PI : score == NPS_IR_EUCLID ? fmax(0, 1 - sqrt(1 - c)) : c;
}

/* Two passes, the pairs (i, i + lag) one by one. */
static double plain(const float *q, const float *r, int lag, nps_ir_score score, const nps_ir_mask *m, nps_ir_hit *ret)
{
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0, ra = 0, rb = 0;
    *ret = (nps_ir_hit){.lag = lag};
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < N; i++) {
            int j = i + lag;
            if (j < 0 || j >= N || isnan(q[i]) || isnan(r[j]) || is_in(m, i) || is_in(m, j))
                continue;
            if (pass == 0) {
                sa += (double)q[i];
                sb += (double)r[j];
                ret->first_cm1 = ret->common++ ? ret->first_cm1 : 400 + 2.0 * j;
                ret->last_cm1 = 400 + 2.0 * j;
            } else {
                bool centred = score == NPS_IR_CORRELATION;
                double a = (double)q[i] - (centred ? sa / ret->common : 0), b = (double)r[j] - (centred ? sb / ret->common : 0);
                aa += a * a;
                bb += b * b;
                ab += a * b;
                ra = fmax(ra, fabs(a));
                rb = fmax(rb, fabs(b));
            }
        }
    bool flat = score == NPS_IR_CORRELATION && (ra <= 1e-9 * fabs(sa / ret->common) || rb <= 1e-9 * fabs(sb / ret->common));
    return ret->score = ret->common >= 200 && !flat ? quality(score, ab, aa, bb) : 0;
}

static nps_ir_hit plain_best(const float *q, const float *r, const nps_ir_options *o)
{
    nps_ir_hit best = {.score = -2}, at;
    for (int i = 0; i <= (int)o->max_lag; i++)
        for (int sign = -1; sign <= 1; sign += 2)
            if (plain(q, r, sign * i, o->score, &o->mask, &at) > best.score + 1e-14)
                best = at;
    return best;
}

static int best_first(const void *a, const void *b)
{
    const nps_ir_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static nps_ir_hit *rank(const float *q, const nps_ir_options *o, const nps_filter *f, size_t *ret_n)
{
    nps_ir_hit *all = calloc(lib.n_ir, sizeof *all);
    float own[N], other[N];
    if (o->derivative)
        plain_derivative(q, o->derivative, own);
    *ret_n = 0;
    for (uint64_t r = 0; r < lib.n_ir; r++) {
        uint32_t e = lib.ir_entry[r];
        if (lib.entry_technique[e] != o->technique || e == f->self ||
            (lib.entry_substance[e] == f->substance && lib.entry_contributor[e] == f->contributor))
            continue;
        if (o->derivative)
            plain_derivative(lib.ir_y + r * N, o->derivative, other);
        nps_ir_hit h = plain_best(o->derivative ? own : q, o->derivative ? other : lib.ir_y + r * N, o);
        h.entry = e;
        if (h.score > 0)
            all[(*ret_n)++] = h;
    }
    qsort(all, *ret_n, sizeof *all, best_first);
    return all;
}

/* The angle and the distance of rows that are nearly alike hang on the last half of the digits of their cosine; derivatives
 * are rounded to float after sums in another order. */
static double tolerance = 1e-12;

static bool is_same(const nps_ir_hit *a, const nps_ir_hit *b)
{
    return a->score == b->score && a->entry == b->entry && a->lag == b->lag && a->common == b->common &&
           a->first_cm1 == b->first_cm1 && a->last_cm1 == b->last_cm1;
}

static void assert_hits(const float *q, const nps_ir_options *o, const nps_ir_hit *got, size_t n, size_t k, const nps_ir_hit *want, size_t n_want)
{
    assert_int_equal(n, n_want < k ? n_want : k);
    for (size_t i = 0; i < n; i++) {
        assert_near(got[i].score, want[i].score, 0, tolerance);
        /* Only entries that agree to the last digits may change places. */
        size_t j = 0;
        while (j < n_want && want[j].entry != got[i].entry)
            j++;
        assert_true(j < n_want);
        assert_near(want[j].score, got[i].score, 0, tolerance);
        assert_int_equal(got[i].lag, want[j].lag);
        assert_int_equal(got[i].common, want[j].common);
        assert_true(got[i].first_cm1 == want[j].first_cm1 && got[i].last_cm1 == want[j].last_cm1);
        nps_ir_options how = *o;
        nps_ir_hit alone;
        assert_ok(nps_ir_compare(&lib, q, &how, got[i].entry, &alone, NULL), &(nps_err){0});
        assert_true(is_same(&alone, &got[i]));
        if (i && got[i].score == got[i - 1].score)
            assert_true(got[i].entry > got[i - 1].entry);
    }
}

/* --- queries and options ----------------------------------------------------------------------------------------------- */

static nps_ir_mask mask_number(size_t i)
{
    nps_ir_mask none = {0}, two = {.n = 2, .region = {{0, 131}, {760, 833}}}, most = {.n = 1, .region = {{300, 1500}}};
    nps_ir_mask masks[] = {nps_ir_mask_of(&prep), none, two, most};
    return masks[i % 4];
}

static void make_query(float *q, size_t i)
{
    if (i % 5 == 4) {
        make_trace(q);
    } else {
        const float *y = lib.ir_y + nps_test_random(&rng) % lib.n_ir * N;
        double noise = i % 5 == 0 ? 0 : 0.01;
        for (size_t k = 0; k < N; k++)
            q[k] = y[k] + (float)(noise * uniform(-1, 1));
    }
    if (i % 3 == 1)
        cut(q, 125, N);
    if (i % 7 == 6)
        cut(q, nps_test_random(&rng) % 900, 1100 + nps_test_random(&rng) % 700);
    if (i % 11 == 7)
        for (size_t k = 400; k < 420; k++)
            q[k] = NAN;
}

static void the_search_equals_comparing_with_every_entry_at_every_lag(void **state)
{
    (void)state;
    enum { K_MAX = 1000 };
    static const size_t ks[] = {10, 1, 400, K_MAX};
    static const struct {
        nps_technique technique;
        nps_ir_score score;
        unsigned derivative, lag;
    } rounds[] = {{NPS_TECH_IR, NPS_IR_CORRELATION, 0, 0}, {NPS_TECH_IR, NPS_IR_CORRELATION, 0, 0},
                  {NPS_TECH_IR, NPS_IR_CORRELATION, 0, 5}, {NPS_TECH_RAMAN, NPS_IR_CORRELATION, 0, 1},
                  {NPS_TECH_IR, NPS_IR_CORRELATION, 0, 10}, {NPS_TECH_IR, NPS_IR_CORRELATION, 1, 0},
                  {NPS_TECH_IR, NPS_IR_CORRELATION, 2, 1}, {NPS_TECH_IR, NPS_IR_ANGLE, 0, 0},
                  {NPS_TECH_IR, NPS_IR_EUCLID, 1, 2}};
    nps_err err;
    float *q = calloc(QUERIES * N, sizeof *q);
    nps_ir_hit *hits = calloc(QUERIES * (size_t)K_MAX, sizeof *hits), *again = calloc(QUERIES * (size_t)K_MAX, sizeof *again);
    nps_ir_hit *want[QUERIES];
    nps_filter f[QUERIES];
    size_t n[QUERIES], n_again[QUERIES], n_want[QUERIES];
    for (size_t round = 0; round < sizeof rounds / sizeof *rounds; round++) {
        nps_ir_options o = nps_ir_options_of(rounds[round].technique, &prep);
        o.score = rounds[round].score;
        o.derivative = rounds[round].derivative;
        o.window = 9;
        o.max_lag = rounds[round].lag;
        /* What has no bound takes no short cut: fewer questions show as much. */
        bool bounded = o.score == NPS_IR_CORRELATION && !o.derivative;
        size_t asked = bounded || QUERIES < 5 ? QUERIES : 5;
        tolerance = o.score != NPS_IR_CORRELATION ? 1e-7 : o.derivative ? 1e-8 : 1e-12;
        o.mask = mask_number(round);
        for (size_t i = 0; i < asked; i++) {
            make_query(q + i * N, i);
            f[i] = nps_filter_all();
            if (i % 3 == 1)
                f[i].self = lib.ir_entry[nps_test_random(&rng) % lib.n_ir];
            if (i % 3 == 2) {
                f[i].substance = 2;
                f[i].contributor = 1;
            }
            want[i] = rank(q + i * N, &o, &f[i], &n_want[i]);
        }
        for (size_t j = 0; j < 4; j++) {
            size_t k = ks[j];
            nps_workspace_set_threads(w, 1);
            assert_ok(nps_search_ir_many(&lib, q, asked, &o, f, k, w, hits, n, &err), &err);
            for (size_t i = 0; i < asked; i++)
                assert_hits(q + i * N, &o, hits + i * k, n[i], k, want[i], n_want[i]);
            for (unsigned threads = 2; threads <= (bounded ? 5 : 3); threads++) {
                nps_workspace_set_threads(w, threads);
                assert_ok(nps_search_ir_many(&lib, q, asked, &o, f, k, w, again, n_again, &err), &err);
                assert_memory_equal(n, n_again, asked * sizeof *n);
                for (size_t i = 0; i < asked; i++)
                    for (size_t h = 0; h < n[i]; h++)
                        assert_true(is_same(&hits[i * k + h], &again[i * k + h]));
            }
        }
        for (size_t i = 0; i < asked; i++)
            free(want[i]);
    }
    tolerance = 1e-12;
    free(q);
    free(hits);
    free(again);
}

static void the_bound_is_never_below_the_correlation(void **state)
{
    (void)state;
    nps_err err;
    float *q = calloc(N, sizeof *q);
    nps_ir_side *side = calloc(1, sizeof *side);
    float(*bound)[NPS_IR_BLOCK] = calloc(NPS_IR_LAGS_MAX, sizeof *bound);
    size_t pairs = 0, close = 0;
    for (size_t i = 0; i < 24; i++) {
        nps_ir_mask m = mask_number(i);
        unsigned max_lag = i % 3 == 0 ? 3 : 0;
        NPS_AUTO(nps_ir_plan) p = NULL;
        make_query(q, i);
        assert_ok(nps_ir_plan_new(q, max_lag, &m, &p, &err), &err);
        for (nps_simd level = NPS_SIMD_PLAIN; level < NPS_SIMD_COUNT; level++) {
            if (!nps_simd_runs(level))
                continue;
            for (uint64_t row = 0; row < lib.n_ir; row += NPS_IR_BLOCK - 1) {
                size_t n = lib.n_ir - row < NPS_IR_BLOCK - 1 ? lib.n_ir - row : NPS_IR_BLOCK - 1;
                nps_ir_side_of(level, &lib, &p->core, row, n, side);
                nps_ir_bounds(level, &lib, p, side, row, n, bound);
                for (size_t l = 0; l < p->n_lag; l++)
                    for (size_t r = 0; r < n; r++) {
                        nps_ir_hit h;
                        double c = plain(q, lib.ir_y + (row + r) * N, p->lag[l].lag, NPS_IR_CORRELATION, &m, &h);
                        assert_true(c <= 0 || (double)bound[l][r] >= c);
                        pairs += c > 0;
                        close += c > 0 && (double)bound[l][r] < c + 0.1;
                    }
            }
        }
    }
    /* A bound that is always large would hold too. */
    assert_true(close * 2 > pairs);
    free(q);
    free(side);
    free(bound);
}

static void options_outside_their_range_are_refused(void **state)
{
    (void)state;
    nps_err err;
    float *q = calloc(N, sizeof *q);
    nps_filter f = nps_filter_all();
    nps_ir_hit hit;
    size_t n;
    nps_ir_options o = nps_ir_options_of(NPS_TECH_IR, &prep);
    o.max_lag = 11;
    assert_int_equal(nps_search_ir_many(&lib, q, 1, &o, &f, 1, w, &hit, &n, &err), NPS_E_RANGE);
    assert_string_equal(err.msg, "lag of 11 points is outside 0..10");
    o.max_lag = 10;
    o.derivative = 1; /* with a window of 0 */
    assert_int_equal(nps_search_ir_many(&lib, q, 1, &o, &f, 1, w, &hit, &n, &err), NPS_E_RANGE);
    o.derivative = 3;
    assert_int_equal(nps_search_ir_many(&lib, q, 1, &o, &f, 1, w, &hit, &n, &err), NPS_E_RANGE);
    o.derivative = 0;
    o.mask.n = 9;
    assert_int_equal(nps_search_ir_many(&lib, q, 1, &o, &f, 1, w, &hit, &n, &err), NPS_E_RANGE);
    assert_string_equal(err.msg, "number of masked regions 9 is outside 0..8");
    o.mask.n = 1;
    o.mask.region[0].to = 1802;
    assert_int_equal(nps_search_ir_many(&lib, q, 1, &o, &f, 1, w, &hit, &n, &err), NPS_E_RANGE);
    assert_string_equal(err.msg, "masked region 940 to 1802 is not within the 1801 grid points");
    o.mask.region[0].to = 1801;
    assert_ok(nps_search_ir_many(&lib, q, 1, &o, &f, 1, w, &hit, &n, &err), &err); /* flat */
    assert_int_equal(n, 0);
    free(q);
}

/* --- real traces -------------------------------------------------------------------------------------------------------- */

static size_t read_folder(const char *prefix, float *ret_y, size_t max)
{
    size_t n = 0;
    nps_err err;
    nps_read_limits limits = nps_read_limits_for_library();
    for (int i = 0; i < 1000 && n < max; i++) {
        char name[80];
        size_t len;
        snprintf(name, sizeof name, "%s%03d.jdx", prefix, i);
        const char *folder = nps_shared_path("data/ir");
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        char *text = nps_slurp(path, &len);
        if (!text)
            continue;
        NPS_AUTO(nps_reader) r = NULL;
        NPS_AUTO(nps_spectrum) s = NULL;
        assert_ok(nps_reader_open(text, len, &limits, &r, &err), &err);
        assert_ok(nps_reader_next(r, &s, &err), &err);
        if (s && s->trace.n)
            assert_ok(nps_ir_grid(&s->trace, ret_y + n++ * N, &err), &err);
        free(text);
    }
    return n;
}

static void the_search_is_exact_on_real_traces(void **state)
{
    (void)state;
    if (!nps_shared_path("data/ir"))
        skip();
    enum { MAX = 300 };
    nps_err err;
    nps_library generated = lib;
    float *y = calloc((size_t)MAX * N, sizeof *y), *q = calloc((size_t)MAX * N, sizeof *q);
    size_t n_lib = read_folder("library/", y, MAX), n_query = read_folder("queries/ir-d", q, MAX), n[MAX];
    assert_true(n_lib > 0 && n_query > 0);
    library_of(n_lib, y);
    nps_ir_hit *hits = calloc(MAX * 10, sizeof *hits);
    nps_filter f[MAX];
    for (size_t i = 0; i < n_query; i++)
        f[i] = nps_filter_all();
    for (unsigned lag = 0; lag <= 10; lag += 5) {
        nps_ir_options o = nps_ir_options_of(NPS_TECH_IR, &prep);
        o.max_lag = lag;
        assert_ok(nps_search_ir_many(&lib, q, n_query, &o, f, 10, w, hits, n, &err), &err);
        for (size_t i = 0; i < n_query; i++) {
            size_t n_want;
            nps_ir_hit *want = rank(q + i * N, &o, &f[i], &n_want);
            assert_hits(q + i * N, &o, hits + i * 10, n[i], 10, want, n_want);
            free(want);
        }
    }
    free(hits);
    free(q);
    drop_library();
    lib = generated;
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_equals_comparing_with_every_entry_at_every_lag),
        cmocka_unit_test(the_bound_is_never_below_the_correlation),
        cmocka_unit_test(options_outside_their_range_are_refused),
        cmocka_unit_test(the_search_is_exact_on_real_traces),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
