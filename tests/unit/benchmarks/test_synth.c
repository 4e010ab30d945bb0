/* The made-up spectra of the benchmarks have the figures of the generator that they follow. The reference figures are those
 * of synth_reference.py beside this file (which says with what it is run), the middle ones of the seeds 1, 2 and 3 with
 * 20,000 spectra, 2,000 queries and 2,000 traces. Between those seeds they differ by less than half the tolerances below. */
#include "benchmarks/synth.h"
#include "core/mem.h"
#include "tests/support/nps_test.h"

#include <math.h>

enum { ROWS = 20000, QUERIES = 2000, TRACES = 2000 };

static bench_spectra ei, ei_queries, msms, msms_queries;
static bench_traces ir, ir_queries;

static int set_up(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    ei = bench_synth_ei(ROWS, seed);
    ei_queries = bench_synth_ei_queries(&ei, QUERIES, seed);
    msms = bench_synth_msms(ROWS, seed);
    msms_queries = bench_synth_msms_queries(&msms, QUERIES, seed);
    ir = bench_synth_ir(TRACES, seed);
    ir_queries = bench_synth_ir_queries(&ir, QUERIES, seed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bench_spectra_done(&ei);
    bench_spectra_done(&ei_queries);
    bench_spectra_done(&msms);
    bench_spectra_done(&msms_queries);
    bench_traces_done(&ir);
    bench_traces_done(&ir_queries);
    return 0;
}

/* --- figures ----------------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef struct {
    double at, want; /* share of the values below; value there */
} quantile;

/* Sorts v. */
static void assert_quantiles(double *v, size_t n, const quantile *q, size_t n_q, double rtol, double atol)
{
    qsort(v, n, sizeof *v, ascending);
    for (size_t i = 0; i < n_q; i++)
        assert_near(v[(size_t)(q[i].at * (double)(n - 1))], q[i].want, rtol, atol);
}
#define ASSERT_QUANTILES(v, n, rtol, atol, ...)                                                            \
    do {                                                                                                   \
        const quantile q_[] = __VA_ARGS__;                                                                 \
        assert_quantiles((v), (n), q_, sizeof q_ / sizeof *q_, (rtol), (atol));                            \
    } while (0)

static double *numbers(size_t n)
{
    double *v = calloc(n, sizeof *v);
    assert_non_null(v);
    return v;
}

static double *peak_counts(const bench_spectra *s)
{
    double *v = numbers(s->n);
    for (size_t i = 0; i < s->n; i++)
        v[i] = (double)(s->off[i + 1] - s->off[i]);
    return v;
}

static double *copy(const double *from, size_t n)
{
    double *v = numbers(n);
    memcpy(v, from, n * sizeof *v);
    return v;
}

/* How many spectra of `s` have a peak in each bin of the given width. */
static double *bin_counts(const bench_spectra *s, double width, size_t bins)
{
    double *v = numbers(bins);
    for (uint64_t k = 0; k < s->off[s->n]; k++)
        v[(size_t)(s->mz[k] / width)]++;
    return v;
}

/* --- laws --------------------------------------------------------------------------------------------------------------- */

static void assert_lawful(const bench_spectra *s, double low, double high)
{
    assert_int_equal(s->off[0], 0);
    for (size_t i = 0; i < s->n; i++) {
        assert_true(s->off[i + 1] > s->off[i]);
        for (uint64_t k = s->off[i]; k < s->off[i + 1]; k++) {
            assert_true(s->mz[k] >= low && s->mz[k] <= high);
            assert_true(s->intensity[k] > 0 && isfinite(s->intensity[k]));
            if (k > s->off[i])
                assert_true(s->mz[k] > s->mz[k - 1]);
        }
    }
}

static void every_row_has_ascending_mz_and_positive_intensities(void **state)
{
    (void)state;
    assert_lawful(&ei, 40, 600);
    assert_lawful(&ei_queries, 40, 629);
    assert_lawful(&msms, 40, 1600);
    assert_lawful(&msms_queries, 40, 1800);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(ei.source[i] < (int64_t)i && msms.source[i] < (int64_t)i);
        assert_true(ei.off[i + 1] - ei.off[i] <= 150 && msms.off[i + 1] - msms.off[i] <= 60);
    }
}

static void assert_same_start(const bench_spectra *some, const bench_spectra *all)
{
    size_t n = some->n, peaks = some->off[n];
    assert_memory_equal(some->off, all->off, (n + 1) * sizeof *some->off);
    assert_memory_equal(some->mz, all->mz, peaks * sizeof *some->mz);
    assert_memory_equal(some->intensity, all->intensity, peaks * sizeof *some->intensity);
    assert_memory_equal(some->precursor, all->precursor, n * sizeof *some->precursor);
    assert_memory_equal(some->source, all->source, n * sizeof *some->source);
}

static void a_seed_gives_the_same_rows_in_a_library_of_any_size(void **state)
{
    (void)state;
    enum { FEWER = 500 };
    uint64_t seed = nps_test_seed();
    bench_spectra e = bench_synth_ei(FEWER, seed), m = bench_synth_msms(FEWER, seed);
    bench_spectra eq = bench_synth_ei_queries(&ei, FEWER, seed), mq = bench_synth_msms_queries(&msms, FEWER, seed);
    bench_traces t = bench_synth_ir(FEWER, seed), tq = bench_synth_ir_queries(&ir, FEWER, seed);
    assert_same_start(&e, &ei);
    assert_same_start(&m, &msms);
    assert_same_start(&eq, &ei_queries);
    assert_same_start(&mq, &msms_queries);
    assert_memory_equal(t.y, ir.y, sizeof(float) * FEWER * BENCH_IR_POINTS);
    assert_memory_equal(tq.y, ir_queries.y, sizeof(float) * FEWER * BENCH_IR_POINTS);
    bench_spectra_done(&e);
    bench_spectra_done(&m);
    bench_spectra_done(&eq);
    bench_spectra_done(&mq);
    bench_traces_done(&t);
    bench_traces_done(&tq);
}

static void another_seed_gives_other_rows(void **state)
{
    (void)state;
    bench_spectra e = bench_synth_ei(100, nps_test_seed() + 1), m = bench_synth_msms(100, nps_test_seed() + 1);
    assert_memory_not_equal(e.precursor, ei.precursor, 100 * sizeof *e.precursor);
    assert_memory_not_equal(m.precursor, msms.precursor, 100 * sizeof *m.precursor);
    bench_spectra_done(&e);
    bench_spectra_done(&m);
}

static void empty_libraries_are_possible(void **state)
{
    (void)state;
    bench_spectra e = bench_synth_ei(0, 1), m = bench_synth_msms(0, 1);
    bench_traces t = bench_synth_ir(0, 1);
    assert_int_equal(e.off[0] + m.off[0] + t.n, 0);
    bench_spectra_done(&e);
    bench_spectra_done(&m);
    bench_traces_done(&t);
}

/* --- EI ------------------------------------------------------------------------------------------------------------------ */

static void ei_peaks_are_as_many_and_as_strong(void **state)
{
    (void)state;
    NPS_AUTO_MEM(double *) n = peak_counts(&ei);
    ASSERT_QUANTILES(n, ROWS, 0.03, 1, {{0.01, 22}, {0.1, 32}, {0.5, 49}, {0.9, 72}, {0.99, 97}});
    NPS_AUTO_MEM(double *) mass = copy(ei.precursor, ROWS);
    ASSERT_QUANTILES(mass, ROWS, 0.03, 0, {{0.1, 134}, {0.5, 231}, {0.9, 394}});
    size_t peaks = ei.off[ROWS];
    NPS_AUTO_MEM(double *) intensity = numbers(peaks);
    for (size_t k = 0; k < peaks; k++)
        intensity[k] = (double)ei.intensity[k];
    ASSERT_QUANTILES(intensity, peaks, 0.03, 1, {{0.25, 5}, {0.5, 19}, {0.75, 77}, {0.9, 240}});
    NPS_AUTO_MEM(double *) q = peak_counts(&ei_queries);
    ASSERT_QUANTILES(q, QUERIES, 0.04, 2, {{0.01, 23}, {0.1, 31}, {0.5, 46}, {0.9, 67}, {0.99, 87}});
}

static void ei_bins_are_as_popular(void **state)
{
    (void)state;
    static const struct {
        size_t mz;
        double share;
    } want[] = {{41, 0.586},  {43, 0.658},  {57, 0.658},  {77, 0.607},  {91, 0.499},
                {105, 0.466}, {147, 0.283}, {207, 0.106}, {250, 0.0373}, {350, 0.0101}};
    NPS_AUTO_MEM(double *) bin = bin_counts(&ei, 1, 640);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_near(bin[want[i].mz] / ROWS, want[i].share, 0.03, 0.005);
    double postings = 0;
    for (uint64_t k = 0; k < ei_queries.off[QUERIES]; k++)
        postings += bin[(size_t)ei_queries.mz[k]];
    assert_near(postings / QUERIES / ROWS, 15.75, 0.03, 0);
}

enum { EI_WORDS = 10, EI_TWINS_AMONG = 4000 };

/* A twin: an earlier row with which it has 70 % of all their m/z in common. */
static void ei_isomers_are_as_common(void **state)
{
    (void)state;
    uint64_t(*has)[EI_WORDS] = calloc(EI_TWINS_AMONG, sizeof *has);
    assert_non_null(has);
    for (size_t i = 0; i < EI_TWINS_AMONG; i++)
        for (uint64_t k = ei.off[i]; k < ei.off[i + 1]; k++)
            has[i][(size_t)ei.mz[k] / 64] |= (uint64_t)1 << (size_t)ei.mz[k] % 64;
    size_t twins = 0, isomers = 0;
    for (size_t i = 0; i < EI_TWINS_AMONG; i++) {
        bool twin = false;
        for (size_t j = 0; j < i && !twin; j++) {
            int both = 0, either = 0;
            for (size_t w = 0; w < EI_WORDS; w++) {
                both += __builtin_popcountll(has[i][w] & has[j][w]);
                either += __builtin_popcountll(has[i][w] | has[j][w]);
            }
            twin = 10 * both >= 7 * either;
        }
        twins += twin;
        isomers += ei.source[i] >= 0;
    }
    free(has);
    assert_near((double)twins / EI_TWINS_AMONG, 0.211, 0, 0.02);
    assert_near((double)isomers / EI_TWINS_AMONG, 0.25, 0, 0.02);
}

/* --- MS/MS --------------------------------------------------------------------------------------------------------------- */

static void msms_peaks_are_as_many_and_as_strong(void **state)
{
    (void)state;
    NPS_AUTO_MEM(double *) n = peak_counts(&msms);
    ASSERT_QUANTILES(n, ROWS, 0.03, 1, {{0.01, 5}, {0.1, 9}, {0.5, 20}, {0.9, 43}, {0.99, 60}});
    NPS_AUTO_MEM(double *) precursor = copy(msms.precursor, ROWS);
    ASSERT_QUANTILES(precursor, ROWS, 0.03, 0, {{0.01, 124}, {0.1, 197}, {0.5, 341}, {0.9, 586}, {0.99, 911}});
    size_t peaks = msms.off[ROWS];
    NPS_AUTO_MEM(double *) mz = copy(msms.mz, peaks);
    ASSERT_QUANTILES(mz, peaks, 0.04, 0, {{0.1, 88}, {0.5, 177}, {0.9, 352}});
    NPS_AUTO_MEM(double *) intensity = numbers(peaks);
    for (size_t k = 0; k < peaks; k++)
        intensity[k] = log10((double)msms.intensity[k]);
    ASSERT_QUANTILES(intensity, peaks, 0, 0.03, {{0.1, 2.44}, {0.25, 2.965}, {0.5, 3.54}, {0.75, 4.112}});
    NPS_AUTO_MEM(double *) q = peak_counts(&msms_queries);
    ASSERT_QUANTILES(q, QUERIES, 0.05, 1, {{0.01, 8}, {0.1, 13}, {0.5, 23}, {0.9, 44}, {0.99, 61}});
}

/* The pool of fragments is one draw; the reference has another. Draws differ much in their few most popular fragments, on
 * which the cost of a search depends (first rank 0.16 .. 0.47), so one like the reference was chosen. */
static void msms_fragments_are_as_popular(void **state)
{
    (void)state;
    enum { BINS = 100000 };
    static const struct {
        size_t ranks;
        double mean;
    } want[] = {{1, 0.463}, {10, 0.1525}, {100, 0.0454}, {1000, 0.0152}};
    NPS_AUTO_MEM(double *) bin = bin_counts(&msms, 0.02, BINS);
    qsort(bin, BINS, sizeof *bin, ascending);
    double sum = 0;
    for (size_t i = 0, rank = 0; i < sizeof want / sizeof *want; i++) {
        for (; rank < want[i].ranks; rank++)
            sum += bin[BINS - 1 - rank] / ROWS;
        assert_near(sum / (double)want[i].ranks, want[i].mean, 0.08, 0);
    }
}

/* Index of the first of the ascending v[n] that is >= x. */
static size_t first_from(const double *v, size_t n, double x)
{
    size_t low = 0;
    while (low < n) {
        size_t middle = (low + n) / 2;
        if (v[middle] < x)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

static void msms_queries_meet_as_many_postings(void **state)
{
    (void)state;
    size_t peaks = msms.off[ROWS], postings = 0;
    NPS_AUTO_MEM(double *) mz = copy(msms.mz, peaks);
    qsort(mz, peaks, sizeof *mz, ascending);
    for (uint64_t k = 0; k < msms_queries.off[QUERIES]; k++)
        postings += first_from(mz, peaks, msms_queries.mz[k] + 0.02) - first_from(mz, peaks, msms_queries.mz[k] - 0.02);
    assert_near((double)postings / QUERIES / ROWS, 0.742, 0.06, 0);
}

static bool has_near(const bench_spectra *s, size_t row, double mz)
{
    const double *v = s->mz + s->off[row];
    size_t n = s->off[row + 1] - s->off[row];
    size_t i = first_from(v, n, mz * (1 - 2e-5));
    return i < n && v[i] <= mz * (1 + 2e-5);
}

/* Peaks of row i of `a` that row j of `b` has too, as they are or moved by the difference of the precursors. */
static size_t agreeing(const bench_spectra *a, size_t i, const bench_spectra *b, size_t j)
{
    size_t agree = 0;
    double change = a->precursor[i] - b->precursor[j];
    for (uint64_t k = a->off[i]; k < a->off[i + 1]; k++)
        agree += has_near(b, j, a->mz[k]) || has_near(b, j, a->mz[k] - change);
    return agree;
}

static bool of_one_family(const bench_spectra *s, size_t i, size_t j)
{
    size_t n = s->off[i + 1] - s->off[i];
    return n >= 5 && 10 * agreeing(s, i, s, j) >= 6 * n;
}

static void msms_families_are_as_common(void **state)
{
    (void)state;
    enum { AMONG = 5000 };
    static const double change[] = {0,        14.01565, 15.99491, 2.01565,  28.0313,   12.0,      18.01056, 27.99491, 42.01056,
                                    30.01056, 43.98983, 162.05282, 132.04226, 79.95682, 176.03209, 17.02655, 56.0626};
    size_t members = 0, told = 0;
    for (size_t i = 0; i < AMONG; i++) {
        bool member = false;
        for (size_t j = 0; j < i && !member; j++) {
            double d = msms.precursor[i] - msms.precursor[j];
            for (size_t c = 0; c < sizeof change / sizeof *change && !member; c++)
                member = fabs(fabs(d) - change[c]) <= 1e-5 * msms.precursor[j] && of_one_family(&msms, i, j);
        }
        members += member;
        told += msms.source[i] >= 0;
    }
    assert_near((double)members / AMONG, 0.158, 0, 0.016);
    assert_near((double)told / AMONG, 0.2, 0, 0.018);
}

static void queries_come_from_their_sources(void **state)
{
    (void)state;
    size_t moved = 0;
    double foreign = 0;
    for (size_t i = 0; i < QUERIES; i++) {
        size_t from = (size_t)msms_queries.source[i], n = msms_queries.off[i + 1] - msms_queries.off[i];
        assert_near(ei_queries.precursor[i], ei.precursor[(size_t)ei_queries.source[i]], 0, 1e-9);
        if (fabs(msms_queries.precursor[i] / msms.precursor[from] - 1) > 2e-5) {
            moved++;
            continue;
        }
        size_t agree = agreeing(&msms_queries, i, &msms, from);
        assert_true(agree + 8 >= n); /* 2 .. 8 foreign peaks; some meet a peak by chance */
        foreign += (double)(n - agree);
    }
    assert_near((double)moved / QUERIES, 0.3, 0, 0.035);
    assert_near(foreign / (double)(QUERIES - moved), 5, 0, 0.3);
}

/* --- infrared ------------------------------------------------------------------------------------------------------------ */

static double correlation(const float *a, const float *b, size_t n)
{
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0, m = (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = (double)a[i], y = (double)b[i];
        sa += x;
        sb += y;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    return (ab - sa * sb / m) / sqrt((aa - sa * sa / m) * (bb - sb * sb / m));
}

static const float *trace(const bench_traces *t, size_t i)
{
    return t->y + i * BENCH_IR_POINTS;
}

static void traces_are_as_high_as_alike_and_as_noisy(void **state)
{
    (void)state;
    NPS_AUTO_MEM(double *) top = numbers(TRACES);
    NPS_AUTO_MEM(double *) alike = numbers(TRACES - 1);
    NPS_AUTO_MEM(double *) noise = numbers(TRACES);
    NPS_AUTO_MEM(double *) share = numbers((size_t)TRACES / 10 * BENCH_IR_POINTS);
    double bend[BENCH_IR_POINTS - 2];
    for (size_t i = 0; i < TRACES; i++) {
        const float *y = trace(&ir, i);
        for (size_t k = 0; k < BENCH_IR_POINTS; k++)
            top[i] = fmax(top[i], (double)y[k]);
        for (size_t k = 0; k < BENCH_IR_POINTS - 2; k++)
            bend[k] = fabs((double)y[k] - 2 * (double)y[k + 1] + (double)y[k + 2]);
        qsort(bend, BENCH_IR_POINTS - 2, sizeof *bend, ascending);
        noise[i] = bend[(BENCH_IR_POINTS - 2) / 2] / top[i];
        for (size_t k = 0; i % 10 == 0 && k < BENCH_IR_POINTS; k++)
            share[i / 10 * BENCH_IR_POINTS + k] = (double)y[k] / top[i];
        if (i > 0)
            alike[i - 1] = correlation(trace(&ir, i - 1), y, BENCH_IR_POINTS);
    }
    ASSERT_QUANTILES(top, TRACES, 0.09, 0, {{0.1, 2.79}, {0.5, 5.37}, {0.9, 10.24}});
    ASSERT_QUANTILES(share, (size_t)TRACES / 10 * BENCH_IR_POINTS, 0.1, 0.004, {{0.1, 0.0064}, {0.5, 0.0477}, {0.9, 0.21}});
    ASSERT_QUANTILES(alike, TRACES - 1, 0, 0.045, {{0.1, -0.062}, {0.5, 0.1166}, {0.9, 0.406}});
    ASSERT_QUANTILES(noise, TRACES, 0.02, 0, {{0.1, 0.00652}, {0.5, 0.00682}, {0.9, 0.00713}});
}

static void trace_queries_are_their_sources_moved_by_the_shift(void **state)
{
    (void)state;
    int seen[11] = {0};
    for (size_t i = 0; i < QUERIES; i++) {
        int d = ir_queries.shift[i];
        assert_in_range(d + 5, 0, 10);
        seen[d + 5]++;
        const float *from = trace(&ir, (size_t)ir_queries.source[i]), *y = trace(&ir_queries, i);
        assert_true(correlation(d < 0 ? from - d : from, d > 0 ? y + d : y, (size_t)(BENCH_IR_POINTS - abs(d))) > 0.7);
    }
    for (size_t k = 0; k < 11; k++)
        assert_in_range(seen[k], QUERIES / 11 * 2 / 3, QUERIES / 11 * 4 / 3);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_ascending_mz_and_positive_intensities),
        cmocka_unit_test(a_seed_gives_the_same_rows_in_a_library_of_any_size),
        cmocka_unit_test(another_seed_gives_other_rows),
        cmocka_unit_test(empty_libraries_are_possible),
        cmocka_unit_test(ei_peaks_are_as_many_and_as_strong),
        cmocka_unit_test(ei_bins_are_as_popular),
        cmocka_unit_test(ei_isomers_are_as_common),
        cmocka_unit_test(msms_peaks_are_as_many_and_as_strong),
        cmocka_unit_test(msms_fragments_are_as_popular),
        cmocka_unit_test(msms_queries_meet_as_many_postings),
        cmocka_unit_test(msms_families_are_as_common),
        cmocka_unit_test(queries_come_from_their_sources),
        cmocka_unit_test(traces_are_as_high_as_alike_and_as_noisy),
        cmocka_unit_test(trace_queries_are_their_sources_moved_by_the_shift),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
