#include "reference-lib/index.h"
#include "reference-lib/shift.h"
#include "spectra/clean.h"
#include "tests/support/synth.h"

#include <math.h>

static uint64_t rng;

static nps_prepared prepared(const nps_spectrum *s)
{
    nps_prepared q;
    nps_err err;
    assert_ok(nps_prepare(s, NULL, &q, &err), &err);
    return q;
}

/* Every difference of every entry, one by one. */
static int best_first(const void *a, const void *b)
{
    const nps_shift_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : 1;
}

static double cosine(nps_peak_view q, nps_peak_view r, double tol, double shift, nps_pair_scratch *scratch)
{
    nps_cosine_options o = {.tol_mz = tol, .intensity_power = 0.5, .shift = shift};
    double score;
    uint32_t pairs;
    nps_err err;
    assert_ok(nps_cosine_greedy(q, r, &o, scratch, &score, &pairs, &err), &err);
    return score;
}

static size_t plain_search(const nps_library *lib, const nps_prepared *q, double tol, size_t k, nps_shift_hit *ret)
{
    nps_shift_hit *all = calloc(lib->n_entry, sizeof *all);
    nps_pair_scratch scratch = {0};
    nps_peak_view a = nps_peaks_view(&q->clean);
    size_t n = 0;
    nps_err err;
    for (uint32_t e = 0; e < lib->n_entry; e++) {
        if (lib->entry_technique[e] != NPS_TECH_MSMS && lib->entry_technique[e] != NPS_TECH_DART)
            continue;
        nps_peaks c;
        float *weight = NULL;
        assert_ok(nps_index_clean(nps_library_peak_row(lib, e), lib->entry_precursor[e], &c, &weight, &err), &err);
        nps_peak_view b = nps_peaks_view(&c);
        nps_shift_hit h = {.entry = e, .plain = cosine(a, b, tol, 0, &scratch)};
        for (size_t i = 0; i < a.n; i++)
            for (size_t j = 0; j < b.n; j++) {
                double d = a.mz[i] - b.mz[j];
                if (fabs(d) < 2 * tol || fabs(d) > NPS_SHIFT_MAX)
                    continue;
                double score = cosine(a, b, tol, d, &scratch);
                if (score >= h.plain + NPS_SHIFT_GAIN && score > h.score)
                    h.score = score;
            }
        if (h.score > 0)
            all[n++] = h;
        free(weight);
        nps_peaks_done(&c);
    }
    qsort(all, n, sizeof *all, best_first);
    n = n < k ? n : k;
    memcpy(ret, all, n * sizeof *all);
    free(all);
    nps_pair_scratch_done(&scratch);
    return n;
}

static nps_spectrum *analogue(const nps_spectrum *s, double shift)
{
    nps_spectrum *c = synth_replicate(s, 0.2, &rng);
    nps_err err;
    for (size_t i = 0; i < c->peaks.n; i += 2)
        c->peaks.mz[i] += shift * (1 + 2e-6 * (nps_test_uniform(&rng) - 0.5));
    assert_ok(nps_peaks_settle(&c->peaks, NULL, &err), &err);
    c->precursor_mz = 0; /* nobody tells the mass */
    return c;
}

/* Pairs beyond those listed say the rest of the score, with the direct ones. */
static void assert_pairs(const nps_shift_hit *h, double tol)
{
    double shares = 0;
    for (size_t i = 0; i < h->shifted && i < NPS_ANALOG_PAIRS; i++) {
        const nps_analog_pair *p = &h->pair[i];
        assert_near(p->query_mz - p->reference_mz, h->shift, 0, 2 * tol + 1e-9);
        assert_true(p->share > 0 && (!i || p->share <= p[-1].share));
        for (size_t k = 0; k < i; k++)
            assert_true(p->query_mz != h->pair[k].query_mz && p->reference_mz != h->pair[k].reference_mz);
        shares += p->share;
    }
    if (!h->direct && h->shifted <= NPS_ANALOG_PAIRS)
        assert_near(shares, 1, 1e-6, 0); /* shares are floats */
    else
        assert_true(shares < 1 + 1e-6);
}

static void every_difference_is_tried_as_one_by_one(void **state)
{
    (void)state;
    rng = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = rng, .substances = 60, .labs = 1, .ei = true, .msms = true});
    NPS_AUTO(nps_workspace) w = NULL;
    nps_err err;
    nps_filter f = nps_filter_all();
    assert_ok(nps_workspace_new(&w, &err), &err);
    size_t asked = 0;
    for (size_t i = 0; i < set.n && asked < 14; i++) {
        if (set.s[i]->technique != NPS_TECH_MSMS)
            continue;
        static const double shifts[] = {14.01565, -17.99058, 77.91051, 200.3};
        static const double tols[] = {0.001, 0.02, 0.025};
        NPS_AUTO(nps_spectrum) s = analogue(set.s[i], shifts[asked % 4]);
        nps_prepared q = prepared(s);
        nps_shift_hit hits[40], want[40];
        size_t k = asked % 2 ? 5 : 40, n;
        double tol = tols[asked++ % 3];
        size_t m = plain_search(set.lib, &q, tol, k, want);
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            nps_workspace_set_threads(w, threads);
            assert_ok(nps_search_shift(set.lib, &q, tol, &f, k, w, hits, &n, &err), &err);
            assert_int_equal(n, m);
            for (size_t h = 0; h < n; h++) {
                assert_true(hits[h].score == want[h].score && hits[h].plain == want[h].plain);
                assert_int_equal(hits[h].entry, want[h].entry);
                assert_true(hits[h].shifted > 0);
                assert_pairs(&hits[h], tol);
            }
        }
        nps_prepared_done(&q);
    }
    assert_true(asked == 14);
}

static void an_analogue_is_found_with_its_shift_to_a_few_ppm(void **state)
{
    (void)state;
    rng = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = rng, .substances = 80, .labs = 1, .msms = true});
    NPS_AUTO(nps_workspace) w = NULL;
    nps_err err;
    nps_filter f = nps_filter_all();
    assert_ok(nps_workspace_new(&w, &err), &err);
    for (size_t i = 0; i < set.n; i += 9) {
        NPS_AUTO(nps_spectrum) s = analogue(set.s[i], 33.96103);
        nps_prepared q = prepared(s);
        nps_shift_hit hit;
        size_t n;
        assert_ok(nps_search_shift(set.lib, &q, 0.02, &f, 1, w, &hit, &n, &err), &err);
        assert_int_equal(n, 1);
        assert_int_equal(hit.entry, i);
        assert_near(hit.shift, 33.96103, 0, 0.0004);
        nps_prepared_done(&q);
    }
}

static void nothing_asked_and_nothing_there_give_no_hit(void **state)
{
    (void)state;
    rng = nps_test_seed();
    AUTO_SYNTH_SET ei = synth_library(&(synth_plan){.seed = rng, .substances = 5, .labs = 1, .ei = true});
    AUTO_SYNTH_SET msms = synth_library(&(synth_plan){.seed = rng, .substances = 5, .labs = 1, .msms = true});
    NPS_AUTO(nps_workspace) w = NULL;
    nps_err err;
    nps_filter f = nps_filter_all();
    nps_shift_hit hits[3];
    size_t n = 7;
    assert_ok(nps_workspace_new(&w, &err), &err);
    nps_prepared none = {.technique = NPS_TECH_MSMS}, q = prepared(msms.s[0]);
    assert_ok(nps_search_shift(msms.lib, &none, 0.02, &f, 3, w, hits, &n, &err), &err);
    assert_int_equal(n, 0);
    assert_ok(nps_search_shift(ei.lib, &q, 0.02, &f, 3, w, hits, &n, &err), &err);
    assert_int_equal(n, 0);
    nps_prepared_done(&q);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_difference_is_tried_as_one_by_one),
        cmocka_unit_test(an_analogue_is_found_with_its_shift_to_a_few_ppm),
        cmocka_unit_test(nothing_asked_and_nothing_there_give_no_hit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
