#include "reference-lib/index.h"
#include "reference-lib/lag.h"
#include "spectra/clean.h"
#include "spectra/read.h"
#include "tests/support/synth.h"

#include <math.h>
#include <pthread.h>

enum { RANGE = 2 * NPS_LAG_MAX + 1, BINS = 4096 };

static nps_peaks nominal(const nps_spectrum *s)
{
    nps_peaks p;
    nps_err err;
    assert_ok(nps_clean_nominal((nps_peak_view){s->peaks.mz, s->peaks.intensity, s->peaks.n}, &p, &err), &err);
    return p;
}

/* --- the slow version: every lag of every entry ------------------------------------------------------------------------- */

static void set_row(nps_nominal_row *row, nps_peak_view p)
{
    nps_nominal_row_set(row, p.mz, p.intensity, p.n, NPS_LAG_MZ_POWER, NPS_LAG_INTENSITY_POWER, NPS_LAG_LOWEST_BIN);
}

static nps_shift_scratch walk;

static int by_score(const void *a, const void *b)
{
    const nps_lag_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : 1;
}

static size_t plain_search(const nps_library *lib, const nps_peaks *q, size_t k, nps_lag_hit *ret)
{
    static nps_nominal_row a, b;
    nps_lag_hit *all = calloc(lib->n_entry, sizeof *all);
    size_t n = 0;
    set_row(&a, nps_peaks_view(q));
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        if (lib->entry_technique[e] != NPS_TECH_EI)
            continue;
        set_row(&b, nps_library_peak_row(lib, e));
        nps_lag_hit h = {.entry = e, .plain = nps_nominal_dot(&a, &b)};
        /* 1, -1, 2, -2, ...: the first of equal scores is the one that counts. */
        for (int i = 2; i < NPS_LAGS + 1; i++) {
            int lag = i % 2 ? -(i / 2) : i / 2;
            double score = nps_shift_match(&a, &b, lag, &walk);
            if (score > h.score && score >= h.plain + NPS_LAG_GAIN) {
                h.score = score;
                h.lag = lag;
            }
        }
        if (h.lag)
            all[n++] = h;
    }
    if (n)
        qsort(all, n, sizeof *all, by_score);
    n = n < k ? n : k;
    memcpy(ret, all, n * sizeof *all);
    free(all);
    return n;
}

/* --- the tests ------------------------------------------------------------------------------------------------------------- */

static size_t search_by(const nps_library *lib, const nps_peaks *q, size_t k, nps_lag_method method, unsigned threads,
                        nps_lag_hit *hits)
{
    NPS_AUTO(nps_workspace) w = NULL;
    nps_filter f = nps_filter_all();
    nps_err err;
    size_t n = 0;
    assert_ok(nps_workspace_new(&w, &err), &err);
    nps_workspace_set_threads(w, threads);
    assert_ok(nps_search_lag_by(lib, q, &f, k, method, w, hits, &n, &err), &err);
    return n;
}

static size_t search(const nps_library *lib, const nps_peaks *q, size_t k, nps_lag_hit *hits)
{
    return search_by(lib, q, k, nps_lag_method_best(), 1, hits);
}

static const nps_lag_method methods[] = {NPS_LAG_FFT, NPS_LAG_AVX2, NPS_LAG_AVX512};

/* Every method of this machine, with one thread and three, against the slow version. */
static void check(const nps_library *lib, const nps_peaks *p, size_t k)
{
    nps_lag_hit hits[64], want[64];
    size_t m = plain_search(lib, p, k, want);
    for (int i = 0; i < 6; i++) {
        if (!nps_lag_method_works(methods[i / 2]))
            continue;
        assert_int_equal(search_by(lib, p, k, methods[i / 2], i % 2 ? 3 : 1, hits), m);
        for (size_t h = 0; h < m; h++) {
            assert_int_equal(hits[h].entry, want[h].entry);
            assert_int_equal(hits[h].lag, want[h].lag);
            assert_true(hits[h].score == want[h].score && hits[h].plain == want[h].plain);
        }
    }
}

/* An analogue: part of the peaks moved by `lag`, the rest kept. */
static nps_spectrum *analogue(const nps_spectrum *s, int lag, unsigned one_in, uint64_t *r)
{
    nps_spectrum *c = synth_replicate(s, 0.2, r);
    nps_err err;
    for (size_t i = 0; i < c->peaks.n; i++)
        if (nps_test_random(r) % one_in == 0 && c->peaks.mz[i] + lag > 1)
            c->peaks.mz[i] += lag;
    assert_ok(nps_peaks_settle(&c->peaks, NULL, &err), &err);
    return c;
}

static void every_lag_is_tried_as_by_a_double_loop(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(
        &(synth_plan){.seed = r, .substances = 250, .labs = 1, .ei = true, .msms = true});
    for (size_t q = 0; q < 40; q++) {
        static const int lags[] = {1, -1, 14, -14, 28, 77, -150, 299};
        NPS_AUTO(nps_spectrum) s = analogue(set.s[q * 6], lags[q % 8], 2, &r);
        nps_peaks p = nominal(s);
        check(set.lib, &p, q % 2 ? 5 : 60);
        nps_peaks_done(&p);
    }
}

/* The shared file's first `n` EI spectra as a library, and every `step`-th spectrum of the other file as a query. */
static void real_spectra_give_the_same_by_every_method(void **state)
{
    (void)state;
    enum { ENTRIES = 1200, STEP = 30 };
    nps_err err;
    nps_read_limits limits = nps_read_limits_for_library();
    const char *path = nps_shared_path("data/ei/swgdrug-3.3.msp");
    if (!path)
        skip();
    size_t len;
    NPS_AUTO_MEM(char *) lib_text = nps_slurp(path, &len);
    NPS_AUTO(nps_reader) reader = NULL;
    assert_ok(nps_reader_open(lib_text, len, &limits, &reader, &err), &err);
    nps_builder *b = synth_builder(NULL, NULL);
    for (int i = 0; i < ENTRIES; i++) {
        NPS_AUTO(nps_spectrum) s = NULL;
        assert_ok(nps_reader_next(reader, &s, &err), &err);
        synth_add(b, s);
    }
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    NPS_AUTO_MEM(char *) query_text = nps_slurp(nps_shared_path("data/ei/timetravel-queries.msp"), &len);
    NPS_AUTO(nps_reader) queries = NULL;
    assert_ok(nps_reader_open(query_text, len, &limits, &queries, &err), &err);
    for (int i = 0;; i++) {
        NPS_AUTO(nps_spectrum) s = NULL;
        assert_ok(nps_reader_next(queries, &s, &err), &err);
        if (!s)
            break;
        if (i % STEP)
            continue;
        nps_peaks p = nominal(s);
        check(lib, &p, 10);
        nps_peaks_done(&p);
    }
}

static void a_spectrum_moved_by_14_is_found_there_as_a_methylene(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 100, .labs = 1, .ei = true});
    for (size_t q = 0; q < 100; q += 9) {
        nps_peaks p = nominal(set.s[q]);
        for (size_t i = 0; i < p.n; i++)
            p.mz[i] += 14;
        nps_lag_hit hits[3];
        assert_true(search(set.lib, &p, 3, hits) >= 1);
        assert_int_equal(hits[0].entry, q);
        assert_int_equal(hits[0].lag, 14);
        assert_true(hits[0].score > 0.9); /* peaks below m/z 40 count once they are moved there */
        nps_peaks_done(&p);
    }
}

static nps_library *library_of(const double *mz, size_t n)
{
    const float y[] = {10, 20, 30, 40};
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, n);
    synth_label(s, 1, 1);
    synth_add(b, s);
    return synth_finish(b);
}

static void correlation_does_not_wrap_around_at_the_ends_of_the_range(void **state)
{
    (void)state;
    static const struct {
        double low;  /* first peak of the library spectrum */
        double moved; /* of the query against it */
        bool found;
    } cases[] = {
        {41, 300, true},     {41, 301, false},    {41, 600, false},    {41, 601, false},   {41, 2000, false},
        {341, -300, true},   {342, -301, false},  {900, -899, false},  {900, -600, false}, {900, 299, true},
        {900, 301, false},   {900, 902, false},   {900, 1201, false},  {1700, 300, true},  {1700, 301, false},
        {2037, -300, true},  {2037, -301, false}, {2037, 9000, false}, {2037, 600, false}, {600, -599, false},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        /* 1, 2, 4, 7: no distance comes twice, and the lags beside the right one are up to 6 away. */
        const double low = cases[k].low, mz[] = {low, low + 1, low + 3, low + 6};
        const float y[] = {10, 20, 30, 40};
        NPS_AUTO_LIBRARY lib = library_of(mz, 4);
        double moved[4];
        for (size_t i = 0; i < 4; i++)
            moved[i] = mz[i] + cases[k].moved;
        NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, moved, y, 4);
        nps_peaks p = nominal(s);
        nps_lag_hit hit = {0};
        size_t n = search(lib, &p, 1, &hit);
        bool found = n == 1 && hit.lag == (int)cases[k].moved && hit.score > 0.99; /* weights follow the mass that a peak is at */
        if (found != cases[k].found)
            print_error("m/z %g moved by %g: lag %d, score %g\n", low, cases[k].moved, hit.lag, hit.score);
        assert_int_equal(found, cases[k].found);
        /* Beyond the range only lags that single pairs have by chance may be left, never a lag past the range. */
        assert_true(abs(hit.lag) <= NPS_LAG_MAX);
        if (fabs(cases[k].moved) > NPS_LAG_MAX + 6)
            assert_int_equal(n, 0);
        nps_peaks_done(&p);
    }
}

static void nothing_asked_and_nothing_there_give_no_hit(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET ei = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .ei = true});
    AUTO_SYNTH_SET msms = synth_library(&(synth_plan){.seed = r, .substances = 5, .labs = 1, .msms = true});
    nps_lag_hit hits[5];
    nps_peaks none = {0}, p = nominal(ei.s[0]);
    assert_int_equal(search(ei.lib, &none, 5, hits), 0);
    assert_int_equal(search(msms.lib, &p, 5, hits), 0);
    nps_peaks_done(&p);
}

/* The length of the transforms follows the largest m/z: odd and even numbers of bins, rows at every alignment. */
static void libraries_of_every_length_are_transformed(void **state)
{
    (void)state;
    const float y[] = {10, 20, 30, 40};
    for (double top = 60; top < 1940; top += 17) {
        nps_builder *b = synth_builder(NULL, NULL);
        for (unsigned e = 0; e < 4; e++) {
            const double mz[] = {42 + e, 44 + 2 * e, 49 + e, top};
            NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, 4);
            synth_label(s, e, 1);
            synth_add(b, s);
        }
        NPS_AUTO_LIBRARY lib = synth_finish(b);
        const double moved[] = {42 + 3 + 100, 44 + 6 + 100, 49 + 3 + 100, top + 100};
        NPS_AUTO(nps_spectrum) q = synth_peaks(NPS_TECH_EI, 0, moved, y, 4);
        nps_peaks p = nominal(q);
        nps_lag_hit hit = {0};
        assert_int_equal(search(lib, &p, 1, &hit), 1);
        assert_int_equal(hit.entry, 3);
        assert_int_equal(hit.lag, 100);
        nps_peaks_done(&p);
    }
}

/* --- threads ------------------------------------------------------------------------------------------------------------------ */

enum { QUERIES = 12, K = 10 };
typedef struct {
    nps_library *lib;
    const nps_peaks *q;
    nps_lag_hit hits[QUERIES][K];
    size_t n[QUERIES];
    nps_status st;
} job;

static void *run_job(void *arg)
{
    job *j = arg;
    NPS_AUTO(nps_workspace) w = NULL;
    nps_filter f = nps_filter_all();
    j->st = nps_workspace_new(&w, NULL);
    for (size_t i = 0; i < QUERIES && j->st == NPS_OK; i++)
        j->st = nps_search_lag(j->lib, &j->q[i], &f, K, w, j->hits[i], &j->n[i], NULL);
    return NULL;
}

static void one_two_and_four_threads_give_the_same_answer_to_the_last_bit(void **state)
{
    (void)state;
    enum { MOST = 4 };
    uint64_t r = nps_test_seed();
    job *jobs = calloc(MOST, sizeof *jobs), *first = calloc(1, sizeof *first);
    nps_peaks q[QUERIES];
    assert_true(jobs && first);
    for (size_t threads = 1; threads <= MOST; threads *= 2) {
        /* A fresh library each time: its index is made by whoever comes first. */
        AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = r, .substances = 120, .labs = 1, .ei = true});
        uint64_t qr = 99;
        for (size_t i = 0; i < QUERIES; i++) {
            NPS_AUTO(nps_spectrum) s = analogue(set.s[i * 10], 16, 2, &qr);
            q[i] = nominal(s);
        }
        pthread_t thread[MOST];
        for (size_t t = 0; t < threads; t++) {
            jobs[t] = (job){.lib = set.lib, .q = q};
            assert_int_equal(pthread_create(&thread[t], NULL, run_job, &jobs[t]), 0);
        }
        for (size_t t = 0; t < threads; t++)
            pthread_join(thread[t], NULL);
        if (threads == 1)
            *first = jobs[0];
        for (size_t t = 0; t < threads; t++) {
            assert_int_equal(jobs[t].st, NPS_OK);
            assert_memory_equal(jobs[t].n, first->n, sizeof first->n);
            for (size_t i = 0; i < QUERIES; i++)
                for (size_t h = 0; h < first->n[i]; h++) {
                    assert_int_equal(jobs[t].hits[i][h].entry, first->hits[i][h].entry);
                    assert_int_equal(jobs[t].hits[i][h].lag, first->hits[i][h].lag);
                    assert_true(jobs[t].hits[i][h].score == first->hits[i][h].score);
                }
        }
        for (size_t i = 0; i < QUERIES; i++)
            nps_peaks_done(&q[i]);
    }
    free(jobs);
    free(first);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lag_is_tried_as_by_a_double_loop),
        cmocka_unit_test(real_spectra_give_the_same_by_every_method),
        cmocka_unit_test(a_spectrum_moved_by_14_is_found_there_as_a_methylene),
        cmocka_unit_test(correlation_does_not_wrap_around_at_the_ends_of_the_range),
        cmocka_unit_test(nothing_asked_and_nothing_there_give_no_hit),
        cmocka_unit_test(libraries_of_every_length_are_transformed),
        cmocka_unit_test(one_two_and_four_threads_give_the_same_answer_to_the_last_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
