#include "reference-lib/lag.h"
#include "spectra/clean.h"
#include "spectra/formula.h"
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

/* --- the slow version: every lag by a double loop ---------------------------------------------------------------------- */

typedef struct {
    nps_lag_hit hit;
    double rank;
} plain_hit;

static void roots(const nps_peaks *p, double *out)
{
    double sum = 0;
    memset(out, 0, BINS * sizeof *out);
    for (size_t i = 0; i < p->n; i++)
        sum += (double)p->intensity[i];
    for (size_t i = 0; i < p->n; i++)
        out[(size_t)p->mz[i]] = sqrt((double)p->intensity[i] / sum);
}

static void correlate(const nps_peaks *q, const nps_peaks *r, double c[static RANGE])
{
    static double a[BINS], b[BINS];
    roots(q, a);
    roots(r, b);
    memset(c, 0, RANGE * sizeof *c);
    for (size_t i = 0; i < q->n; i++)
        for (size_t j = 0; j < r->n; j++) {
            double lag = q->mz[i] - r->mz[j];
            if (fabs(lag) <= NPS_LAG_MAX)
                c[(size_t)(lag + NPS_LAG_MAX)] += a[(size_t)q->mz[i]] * b[(size_t)r->mz[j]];
        }
}

static plain_hit compare(const nps_peaks *q, const nps_peaks *r, uint32_t e, nps_pair_scratch *scratch)
{
    double c[RANGE], sum = 0, best = 0;
    plain_hit h = {.hit = {.entry = e}};
    nps_err err;
    correlate(q, r, c);
    for (int i = 0; i < RANGE; i++) {
        if (i == NPS_LAG_MAX)
            continue;
        sum += c[i];
        best = fmax(best, c[i]);
    }
    h.rank = c[NPS_LAG_MAX] + best - 2 * sum / (RANGE - 1);
    c[NPS_LAG_MAX] = 0;
    double direct;
    uint32_t direct_pairs;
    nps_cosine_options unmoved = {.tol_mz = 0.1, .intensity_power = 0.5};
    assert_ok(nps_cosine_greedy(nps_peaks_view(q), nps_peaks_view(r), &unmoved, scratch, &direct, &direct_pairs, &err), &err);
    for (int k = 0; k < 3; k++) {
        int at = 0;
        for (int i = 0; i < RANGE; i++)
            if (c[i] > c[at])
                at = i;
        if (!(c[at] > 0))
            break;
        c[at] = 0;
        nps_cosine_options o = {.tol_mz = 0.1, .intensity_power = 0.5, .shift = at - NPS_LAG_MAX};
        double score;
        uint32_t pairs;
        assert_ok(nps_cosine_greedy(nps_peaks_view(q), nps_peaks_view(r), &o, scratch, &score, &pairs, &err), &err);
        if (score > h.hit.score && score >= direct + NPS_LAG_GAIN) {
            h.hit.score = score;
            h.hit.lag = at - NPS_LAG_MAX;
            h.hit.shifted = pairs; /* all pairs: direct and shifted together */
        }
    }
    return h;
}

static int by_rank(const void *a, const void *b)
{
    const plain_hit *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return x->hit.entry < y->hit.entry ? -1 : 1;
}

static int by_score(const void *a, const void *b)
{
    const plain_hit *x = a, *y = b;
    if (x->hit.score != y->hit.score)
        return x->hit.score > y->hit.score ? -1 : 1;
    return x->hit.entry < y->hit.entry ? -1 : 1;
}

static size_t plain_search(const nps_library *lib, const nps_peaks *q, size_t k, plain_hit *ret)
{
    plain_hit *all = calloc(lib->n_entry, sizeof *all);
    nps_pair_scratch scratch = {0};
    nps_err err;
    size_t n = 0, found = 0;
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        nps_peaks r;
        if (lib->entry_technique[e] != NPS_TECH_EI)
            continue;
        assert_ok(nps_clean_nominal(nps_library_peak_row(lib, e), &r, &err), &err);
        all[n++] = compare(q, &r, e, &scratch);
        nps_peaks_done(&r);
    }
    qsort(all, n, sizeof *all, by_rank);
    size_t kept = 4 * k < 64 ? 64 : 4 * k;
    n = n < kept ? n : kept;
    qsort(all, n, sizeof *all, by_score);
    for (size_t i = 0; i < n && found < k; i++)
        if (all[i].hit.lag)
            ret[found++] = all[i];
    free(all);
    nps_pair_scratch_done(&scratch);
    return found;
}

/* --- the tests ------------------------------------------------------------------------------------------------------------- */

static size_t search(const nps_library *lib, const nps_peaks *q, size_t k, nps_lag_hit *hits)
{
    NPS_AUTO(nps_workspace) w = NULL;
    nps_filter f = nps_filter_all();
    nps_err err;
    size_t n = 0;
    assert_ok(nps_workspace_new(&w, &err), &err);
    assert_ok(nps_search_lag(lib, q, &f, k, w, hits, &n, &err), &err);
    return n;
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
        nps_lag_hit hits[20];
        plain_hit want[20];
        size_t k = q % 2 ? 5 : 20, n = search(set.lib, &p, k, hits), m = plain_search(set.lib, &p, k, want);
        assert_int_equal(n, m);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(hits[i].entry, want[i].hit.entry);
            assert_int_equal(hits[i].lag, want[i].hit.lag);
            assert_near(hits[i].score, want[i].hit.score, 0, 1e-12);
            assert_int_equal(hits[i].direct + hits[i].shifted, want[i].hit.shifted);
        }
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
        char formula[NPS_FORMULA_MAX];
        assert_true(search(set.lib, &p, 3, hits) >= 1);
        assert_int_equal(hits[0].entry, q);
        assert_int_equal(hits[0].lag, 14);
        assert_near(hits[0].score, 1, 0, 1e-6);
        assert_true(nps_formula_change(hits[0].lag, 0.11, NULL, formula));
        assert_string_equal(formula, "+CH2");
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
        {1, 300, true},      {1, 301, false},     {1, 600, false},     {1, 601, false},    {1, 2000, false},
        {301, -300, true},   {302, -301, false},  {900, -899, false},  {900, -600, false}, {900, 299, true},
        {900, 301, false},   {900, 902, false},   {900, 1201, false},  {2037, 300, true},  {2037, 301, false},
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
        bool found = n == 1 && hit.lag == (int)cases[k].moved && fabs(hit.score - 1) < 1e-6;
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
        cmocka_unit_test(a_spectrum_moved_by_14_is_found_there_as_a_methylene),
        cmocka_unit_test(correlation_does_not_wrap_around_at_the_ends_of_the_range),
        cmocka_unit_test(nothing_asked_and_nothing_there_give_no_hit),
        cmocka_unit_test(one_two_and_four_threads_give_the_same_answer_to_the_last_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
