/* Sentences about verdicts: they agree with the numbers, are the same everywhere, and give no closed reference away. */
#include "service/explain.h"
#include "service/facts.h"
#include "service/report.h"
#include "service/verdict_json.h"
#include "spectra/quality.h"
#include "tests/support/synth.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>

static const char today[] = "2026-11-24";

/* Substances in two laboratories each; the entries of every third substance are match-only, of the next under an embargo. */
enum { SUBSTANCES = 24 };
typedef struct {
    nps_library *lib;
    nps_spectrum *query[SUBSTANCES + 2]; /* the last two are of no substance of the library */
} bench;

static bench make_bench(nps_technique t, bool closed)
{
    bench x = {0};
    uint64_t r = nps_test_seed() + 40;
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < SUBSTANCES + 2; i++) {
        NPS_AUTO(nps_spectrum) pure = synth_of(t, &r);
        x.query[i] = synth_replicate(pure, t == NPS_TECH_IR ? 0.004 : 0.2, &r);
        for (unsigned lab = 0; lab < 2 && i < SUBSTANCES; lab++) {
            NPS_AUTO(nps_spectrum) s = synth_replicate(pure, t == NPS_TECH_IR ? 0.004 : 0.2, &r);
            synth_label(s, i, lab);
            synth_text(s, NPS_TEXT_CLASS, i % 2 ? "odd" : "even");
            assert_ok(nps_builder_source(b, "x", closed && i % 3 == 0 ? NPS_VISIBLE_MATCH_ONLY : NPS_VISIBLE_PUBLIC,
                                         closed && i % 3 == 1 ? "2020-01-01" : NULL, 0, &err), &err);
            synth_add(b, s);
        }
    }
    x.lib = synth_finish(b);
    return x;
}

static void bench_done(bench *x)
{
    for (size_t i = 0; i < SUBSTANCES + 2; i++)
        nps_spectrum_free(x->query[i]);
    nps_library_release(x->lib);
}
#define AUTO_BENCH __attribute__((cleanup(bench_done))) bench

static json_t *json_of(const nps_library *lib, const nps_verdict *v, const nps_spectrum *s)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)4 << 20);
    nps_jw w = nps_jw_init(&b);
    nps_jw_verdict(&w, NULL, lib, v, &(nps_verdict_json_options){.query = "q", .today = today, .spectrum = s});
    json_t *doc = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    return doc;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    assert_non_null(text);
    return text;
}

/* Runs of blanks and line ends become one blank, so that broken lines can be searched. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *p = text; *p; p++)
        if (!isspace((unsigned char)*p))
            *to++ = *p;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    *to = '\0';
}

static void assert_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%.3000s'", part, text);
}

static const nps_technique techniques[] = {NPS_TECH_EI, NPS_TECH_MSMS, NPS_TECH_IR};
enum { N_TECHNIQUES = sizeof techniques / sizeof *techniques };

static void each_hit_says_in_or_out_as_the_set_says(void **state)
{
    (void)state;
    size_t in = 0, behind = 0, unlike = 0;
    for (size_t t = 0; t < N_TECHNIQUES; t++) {
        AUTO_BENCH x = make_bench(techniques[t], true);
        for (size_t i = 0; i < SUBSTANCES + 2; i++) {
            NPS_AUTO(nps_verdict) v = synth_verdict(x.lib, x.query[i]);
            for (size_t k = 0; k < v->n_hits; k++) {
                NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
                nps_explain_hit(&b, x.lib, v, k);
                assert_int_equal(strncmp(b.data, v->hits[k].in_set ? "In" : "Out: ", v->hits[k].in_set ? 2 : 5), 0);
                assert_int_equal(b.data[b.len - 1], '.');
                in += v->hits[k].in_set;
                behind += strstr(b.data, "below that of the best") != NULL;
                unlike += strstr(b.data, "even the best entry") != NULL;
                assert_int_equal(strstr(b.data, "even the best entry") != NULL, v->n_set == 0);
            }
        }
    }
    assert_true(in > 0 && behind > 0 && unlike > 0);
}

/* The numbers of a sentence about distance: what is allowed is less than what is there. */
static void a_hit_that_is_behind_is_further_behind_than_allowed(void **state)
{
    (void)state;
    size_t seen = 0;
    for (size_t t = 0; t < N_TECHNIQUES; t++) {
        AUTO_BENCH x = make_bench(techniques[t], false);
        for (size_t i = 0; i < SUBSTANCES; i++) {
            NPS_AUTO(nps_verdict) v = synth_verdict(x.lib, x.query[i]);
            for (size_t k = 1; k < v->n_hits; k++) {
                NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
                double evidence, distance, allowed;
                nps_explain_hit(&b, x.lib, v, k);
                const char *at = strstr(b.data, "but its evidence, "), *more = strstr(b.data, "more than the ");
                if (!at)
                    continue;
                assert_int_equal(sscanf(at, "but its evidence, %lf, is %lf below", &evidence, &distance), 2);
                assert_true(more && sscanf(more, "more than the %lf", &allowed) == 1);
                assert_near(evidence, v->hits[k].evidence, 0, 0.006);
                assert_near(distance, v->hits[0].evidence - v->hits[k].evidence, 0, 0.006);
                assert_true(allowed <= distance);
                assert_near(allowed, nps_evidence_model_of(techniques[t])->room - v->threshold, 0, 0.006); /* evidence.h */
                assert_non_null(strstr(at, nps_library_text(x.lib, x.lib->sub_name[v->hits[0].substance])));
                seen++;
            }
        }
    }
    assert_true(seen > 20);
}

/* A verdict about entry 0 with these contributions; evidence falls by one a hit. */
static nps_verdict made_up(nps_technique t, nps_hit *hits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hits[i].evidence = 2 - (double)i;
        hits[i].conformity = 1 - (double)i;
        hits[i].explained = 0.5;
    }
    return (nps_verdict){.outcome = NPS_IDENTIFIED, .technique = t, .hits = hits, .n_hits = n, .threshold = 0.25, .n_set = 1,
                         .calibration = NPS_CALIBRATION_LIBRARY};
}

/* That the features named are the largest, in order, apart from those of the query and tiny ones; values[] are told. */
static void assert_largest_named(const char *sentence, nps_technique t, const double *value, bool compared)
{
    size_t n, named = 0, worth = 0;
    double least = INFINITY, largest_left = 0;
    const nps_feature *f = nps_evidence_features(t, &n);
    for (size_t i = 0; i < n; i++) {
        char part[200];
        bool counts = !f[i].of_query && fabs(value[i]) >= NPS_EXPLAIN_LEAST;
        worth += counts;
        snprintf(part, sizeof part, "%s (%+.1f)", compared ? f[i].topic : value[i] > 0 ? f[i].pro : f[i].con, value[i]);
        const char *at = strstr(sentence, part);
        if (at && counts) {
            const char *group = NULL;
            for (const char *p = sentence; p < at; p++)
                group = strncmp(p, "for it: ", 8) == 0 || strncmp(p, "against it: ", 12) == 0 ? p : group;
            assert_true(group && (*group == 'f') == (value[i] > 0));
            named++;
            least = fmin(least, fabs(value[i]));
        } else if (counts) {
            largest_left = fmax(largest_left, fabs(value[i]));
        } else {
            assert_null(at);
        }
    }
    assert_int_equal(named, worth < 3 ? worth : 3);
    assert_true(largest_left <= least);
}

static void the_contributions_named_are_the_largest(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_EI, false);
    uint64_t r = nps_test_seed();
    for (int turn = 0; turn < 400; turn++) {
        nps_technique t = turn % 2 ? NPS_TECH_EI : NPS_TECH_MSMS;
        nps_hit hits[2] = {{.entry = 0, .substance = 0, .in_set = true}, {.entry = 3, .substance = 1}};
        double difference[NPS_FEATURE_MAX];
        size_t n, few = (size_t)turn % 8; /* of some only few are worth naming */
        nps_evidence_features(t, &n);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < 2; k++)
                hits[k].contribution[i] = (nps_test_uniform(&r) - 0.5) * (few && i >= few ? 0.09 : 4);
        for (size_t i = 0; i < NPS_FEATURE_MAX; i++)
            difference[i] = hits[1].contribution[i] - hits[0].contribution[i];
        nps_verdict v = made_up(t, hits, 2);
        NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
        nps_explain_hit(&b, x.lib, &v, 0);
        assert_largest_named(b.data, t, hits[0].contribution, false);
        nps_buf_clear(&b);
        nps_explain_hit(&b, x.lib, &v, 1);
        assert_largest_named(b.data, t, difference, true);
        v.n_set = 0;
        nps_buf_clear(&b);
        nps_explain_hit(&b, x.lib, &v, 1);
        assert_largest_named(b.data, t, hits[1].contribution, false);
    }
}

static void an_entry_that_is_in_by_its_substance_says_so(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_EI, false);
    nps_hit hits[2] = {{.entry = 0, .in_set = true}, {.entry = 1, .in_set = true}};
    nps_verdict v = made_up(NPS_TECH_EI, hits, 2);
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    nps_explain_hit(&b, x.lib, &v, 0);
    assert_string_equal(b.data, "In: it explains 50 % of the query's signal; evidence +2.00.");
    nps_buf_clear(&b);
    nps_explain_hit(&b, x.lib, &v, 1);
    assert_string_equal(b.data, "In, by a better spectrum of its substance: it explains 50 % of the query's signal; evidence "
                                "+1.00.");
}

/* What the JSON says stands in the text and on the page, word for word. */
static void json_text_and_page_use_the_same_words(void **state)
{
    (void)state;
    for (size_t t = 0; t < N_TECHNIQUES; t++) {
        AUTO_BENCH x = make_bench(techniques[t], true);
        for (size_t i = 0; i < SUBSTANCES + 2; i++) {
            NPS_AUTO(nps_verdict) v = synth_verdict(x.lib, x.query[i]);
            NPS_AUTO_BUF text = NPS_BUF_INIT(1 << 20);
            NPS_AUTO_BUF page = NPS_BUF_INIT(1 << 20);
            v->doubts = NPS_DOUBT_DRIFT;
            nps_report_text(&text, x.lib, v, "q");
            nps_report_html_verdict(&page, x.lib, v, x.query[i], "q", today);
            squeeze(text.data);
            json_t *doc = json_of(x.lib, v, NULL), *hit, *advice;
            size_t k;
            NPS_AUTO_BUF said = NPS_BUF_INIT(1 << 20);
            json_array_foreach(json_object_get(doc, "hits"), k, hit)
                nps_buf_printf(&said, "%s\n", text_of(hit, "explanation"));
            json_array_foreach(json_object_get(doc, "advice"), k, advice)
                nps_buf_printf(&said, "%s\n", text_of(advice, "statement"));
            nps_buf_printf(&said, "%s\n%s\n%s\n%s\n", text_of(json_object_get(doc, "unexplained"), "statement"),
                           text_of(json_object_get(doc, "blindness"), "statement"), text_of(doc, "headline"),
                           nps_doubt_text(NPS_DOUBT_DRIFT));
            assert_int_equal(json_array_size(json_object_get(json_object_get(doc, "calibration"), "doubts")), 1);
            for (char *line = said.data, *end; *line; line = end + 1) {
                end = line + strcspn(line, "\n");
                *end = '\0';
                NPS_AUTO_BUF escaped = NPS_BUF_INIT(1 << 16);
                nps_buf_put_xml(&escaped, line);
                assert_in(text.data, line);
                assert_in(page.data, escaped.data);
            }
            assert_in(page.data, text_of(json_object_get(doc, "calibration"), "model"));
            json_decref(doc);
        }
    }
}

static void references_that_are_not_open_leak_no_contribution(void **state)
{
    (void)state;
    size_t closed = 0, open = 0;
    for (size_t t = 0; t < N_TECHNIQUES; t++) {
        AUTO_BENCH x = make_bench(techniques[t], true);
        for (size_t i = 0; i < SUBSTANCES + 2; i++) {
            NPS_AUTO(nps_verdict) v = synth_verdict(x.lib, x.query[i]);
            json_t *doc = json_of(x.lib, v, NULL), *hit;
            size_t k;
            json_array_foreach(json_object_get(doc, "hits"), k, hit) {
                bool is_open = nps_library_entry_is_public(x.lib, v->hits[k].entry),
                     best_open = nps_library_entry_is_public(x.lib, v->hits[0].entry);
                const char *why = text_of(hit, "explanation");
                bool untold = !is_open || (!best_open && strstr(why, "below that of the best"));
                assert_int_equal(json_object_get(hit, "contributions") != NULL, is_open);
                assert_false(untold && strstr(why, "for it: "));
                assert_false(untold && strstr(why, "against it: "));
                closed += !is_open;
                open += is_open;
            }
            if (v->n_hits && techniques[t] != NPS_TECH_IR && !nps_library_entry_is_public(x.lib, v->hits[0].entry)) {
                json_t *left = json_object_get(doc, "unexplained");
                assert_int_equal(json_array_size(json_object_get(left, "peaks")), 0);
                assert_int_equal(json_array_size(json_object_get(left, "missing")), 0);
                assert_in(text_of(left, "statement"), "is withheld: its spectrum is not open to all.");
                assert_null(strstr(text_of(left, "statement"), "m/z"));
            }
            json_decref(doc);
        }
    }
    assert_true(closed > 20 && open > 20);
}

static void the_contributions_of_the_json_add_up_to_the_evidence(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_EI, false);
    NPS_AUTO(nps_verdict) v = synth_verdict(x.lib, x.query[0]);
    const nps_evidence_model *m = nps_evidence_model_of(NPS_TECH_EI);
    double typical = nps_evidence_sum(m, m->typical);
    json_t *doc = json_of(x.lib, v, NULL), *hit, *c;
    size_t k, i;
    json_array_foreach(json_object_get(doc, "hits"), k, hit) {
        double sum = typical;
        json_array_foreach(json_object_get(hit, "contributions"), i, c)
            sum += json_number_value(json_object_get(c, "contribution"));
        assert_near(sum, json_number_value(json_object_get(hit, "evidence")), 0, 2e-3);
    }
    json_decref(doc);
}

static void one_technique_alone_never_says_identified(void **state)
{
    (void)state;
    size_t identified = 0;
    for (size_t t = 0; t < N_TECHNIQUES; t++) {
        AUTO_BENCH x = make_bench(techniques[t], false);
        for (size_t i = 0; i < SUBSTANCES + 2; i++) {
            NPS_AUTO(nps_verdict) v = synth_verdict(x.lib, x.query[i]);
            nps_verdict *spectra[] = {v};
            const nps_spectrum *query[] = {x.query[i]};
            nps_sample_verdict sample = {.outcome = v->outcome, .alpha = 0.05, .set = v->set, .n_set = v->n_set, .spectra = spectra,
                                         .n_spectra = 1, .missing = "a second technique"};
            NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
            nps_report_text(&b, x.lib, v, "q");
            nps_report_sample_text(&b, x.lib, &sample, query);
            nps_report_html_begin(&b, x.lib, "2026-11-24T12:00:00Z");
            nps_report_html_sample(&b, x.lib, &sample, query, today);
            nps_report_html_end(&b);
            nps_report_verdict_statement(&b, x.lib, v);
            nps_report_sample_statement(&b, x.lib, &sample);
            assert_ok(nps_buf_check(&b, NULL), NULL);
            for (char *p = b.data; *p; p++)
                *p = (char)tolower((unsigned char)*p);
            assert_null(strstr(b.data, "identified"));
            assert_int_equal(strstr(b.data, "presumptive identification") != NULL, v->outcome == NPS_IDENTIFIED);
            identified += v->outcome == NPS_IDENTIFIED;
        }
    }
    assert_true(identified > SUBSTANCES);
    for (nps_outcome o = NPS_IDENTIFIED; o <= NPS_UNUSABLE; o++) {
        assert_string_not_equal(nps_explain_headline(o, false), "identified");
        assert_string_equal(nps_explain_headline(o, true), nps_outcome_name(o));
    }
}

static void blindness_advice_and_doubts_are_told_as_they_are(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_MSMS, false);
    uint32_t odd = x.lib->sub_class[1], even = x.lib->sub_class[0];
    nps_verdict v = {.outcome = NPS_AMBIGUOUS, .technique = NPS_TECH_MSMS, .n_covered = 2, .mass = 412.2, .n_advice = 3,
                     .calibration = NPS_CALIBRATION_LIBRARY, .calibration_n = 245, .kind = NPS_KIND_RICH,
                     .covered = {{odd, 31, 2024}, {even, 1, 0}},
                     .advice = {{NPS_TECH_IR, 0, 3, 4}, {NPS_TECH_MSMS, 20, 1, 1}, {NPS_TECH_IR, 0, 0, 4}}};
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    nps_explain_blindness(&b, x.lib, &v);
    assert_string_equal(b.data, "By this technique the library holds 31 substances of class odd (newest of 2024), 1 substance of "
                                "class even (undated). No entry of the library is near precursor m/z 412.200.");
    nps_buf_clear(&b);
    v.n_covered = 0;
    v.mass = 0;
    nps_explain_blindness(&b, x.lib, &v);
    assert_string_equal(b.data, "How well the library covers the class of the query cannot be told: no class is near. The "
                                "precursor of the query is not known.");
    nps_buf_clear(&b);
    for (size_t i = 0; i < 3; i++)
        nps_explain_advice(&b, &v, i);
    assert_string_equal(b.data, "Infrared would narrow the set down: the library has references of 3 of the 4 substances in "
                                "question."
                                "MS/MS near 20 eV would narrow the set down: the library has a reference of the substance."
                                "Infrared: the minimum scheme asks for a second technique; the library has no references by it.");
    nps_buf_clear(&b);
    nps_explain_doubts(&b, v.doubts);
    assert_int_equal(b.len, 0);
    nps_explain_basis(&b, &v);
    assert_string_equal(b.data, "on 245 replicate pairs of rich spectra (library)");
    nps_buf_clear(&b);
    v.doubts = NPS_DOUBT_GENERATION | NPS_DOUBT_DRIFT;
    nps_explain_doubts(&b, v.doubts);
    assert_in(b.data, "Reservations about the error rate: the library has changed");
    assert_in(b.data, nps_doubt_text(NPS_DOUBT_DRIFT));
}

static void peaks_without_partner_are_told_with_their_share(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_EI, false);
    nps_hit hit = {.entry = 1, .substance = 0, .explained = 0.84};
    nps_verdict v = {.outcome = NPS_NOVEL, .technique = NPS_TECH_EI, .hits = &hit, .n_hits = 1, .n_unexplained = 3,
                     .unexplained = {{145, 0.12}, {91, 0.03}, {30, 0.0001}}};
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    nps_explain_unexplained(&b, x.lib, &v);
    assert_string_equal(b.data, "The best hit, substance 0, explains 84.0 % of the query's signal. Unexplained peaks: m/z 145 "
                                "(12.0 %), m/z 91 (3.0 %) and weaker ones. Peaks of the reference that the query lacks: none.");
    nps_buf_clear(&b);
    v.n_hits = 0;
    nps_explain_unexplained(&b, x.lib, &v);
    assert_string_equal(b.data, "No entry of the library explains any of the query's signal.");
    nps_buf_clear(&b);
    v.outcome = NPS_UNUSABLE;
    nps_explain_unexplained(&b, x.lib, &v);
    assert_int_equal(b.len, 0);
}

static void a_hit_that_is_in_by_its_mass_alone_says_so(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_MSMS, false);
    nps_hit hits[2] = {{.entry = 0, .in_set = true, .conformity = 1}, {.entry = 3, .substance = 1, .in_set = true, .conformity = -1}};
    nps_verdict v = made_up(NPS_TECH_MSMS, hits, 2);
    v.quality = NPS_QUALITY_NO_FRAGMENT;
    NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
    nps_explain_hit(&b, x.lib, &v, 0);
    assert_int_equal(strncmp(b.data, "In: ", 4), 0);
    nps_buf_clear(&b);
    nps_explain_hit(&b, x.lib, &v, 1);
    assert_int_equal(strncmp(b.data, "In, as hardly more than a mass could exclude it: ", 48), 0);
}

static void the_model_tells_what_it_was_not_fitted_on(void **state)
{
    (void)state;
    for (nps_technique t = NPS_TECH_EI; t < NPS_TECH_COUNT; t++)
        for (int refitted = 0; refitted < 2; refitted++) {
            nps_verdict v = {.technique = t, .refitted = refitted};
            NPS_AUTO_BUF b = NPS_BUF_INIT(1000);
            nps_explain_model(&b, &v);
            assert_int_equal(strstr(b.data, "none by DART") != NULL, t == NPS_TECH_DART);
            assert_int_equal(strstr(b.data, "refitted") != NULL, refitted);
            assert_int_equal(strstr(b.data, "fitted on rep") != NULL, nps_technique_is_mass(t));
        }
}

static nps_sample_verdict two_spectra(nps_verdict *spectra[2], nps_verdict *one, nps_verdict *two, nps_member *joint, size_t n)
{
    spectra[0] = one;
    spectra[1] = two;
    return (nps_sample_verdict){.outcome = n == 1 ? NPS_IDENTIFIED : NPS_AMBIGUOUS, .set = joint, .n_set = n, .spectra = spectra,
                                .n_spectra = 2, .alpha = 0.05};
}

static void assert_candidate(const nps_library *lib, const nps_sample_verdict *v, uint32_t substance, const char *sentence)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(1000);
    nps_explain_candidate(&b, lib, v, substance);
    assert_string_equal(b.data, sentence);
}

static void candidates_of_a_sample_are_told_by_spectrum(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_EI, false); /* by infrared it has nothing */
    nps_member both[] = {{3, 0.5}, {5, 0.4}}, last[] = {{5, 0.9}, {7, 0.1}}, joint[] = {{5, 0.9}, {7, 0.05}, {3, 0.05}};
    nps_verdict ei = {.outcome = NPS_AMBIGUOUS, .technique = NPS_TECH_EI, .set = both, .n_set = 2},
                ir = {.outcome = NPS_AMBIGUOUS, .technique = NPS_TECH_IR, .set = last, .n_set = 2}, *spectra[2];
    uint32_t all[NPS_EXPLAIN_CANDIDATES];
    nps_sample_verdict v = two_spectra(spectra, &ei, &ir, joint, 2);
    assert_int_equal(nps_explain_candidates(&v, all), 3);
    assert_true(all[0] == 5 && all[1] == 7 && all[2] == 3);
    assert_candidate(x.lib, &v, 5, "In: it is in the set of spectrum 1 (ei), spectrum 2 (ir).");
    assert_candidate(x.lib, &v, 7, "In: it is in the set of spectrum 2 (ir), but not in that of spectrum 1 (ei).");
    assert_candidate(x.lib, &v, 3, "Out: it is in the set of spectrum 1 (ei); for want of a reference nothing is said by spectrum 2 (ir).");
    v.conflict = true;
    v.n_set = 3;
    assert_candidate(x.lib, &v, 3, "Listed, as the spectra contradict each other: it is in the set of spectrum 1 (ei); for want of a "
                            "reference nothing is said by spectrum 2 (ir).");
    ir.outcome = NPS_UNUSABLE;
    assert_candidate(x.lib, &v, 3, "Listed, as the spectra contradict each other: it is in the set of spectrum 1 (ei).");
    v.n_spectra = 1;
    assert_int_equal(nps_explain_candidates(&v, all), 0);
}

/* The joint verdict as it is made: who is in by the sentence is in by the set, and all three forms tell it. */
static void candidates_are_in_as_the_joint_set_says(void **state)
{
    (void)state;
    AUTO_BENCH x = make_bench(NPS_TECH_EI, false);
    NPS_AUTO(nps_workspace) w = NULL;
    nps_match_options o = nps_match_options_default();
    nps_err err;
    assert_ok(nps_workspace_new(&w, &err), &err);
    o.alpha = 0.5;
    for (size_t i = 0; i + 1 < SUBSTANCES; i++) {
        NPS_AUTO(nps_sample_verdict) v = NULL;
        const nps_spectrum *q[] = {x.query[i], x.query[i + i % 2]};
        uint32_t all[NPS_EXPLAIN_CANDIDATES];
        assert_ok(nps_match_sample(x.lib, q, 2, &o, w, &v, &err), &err);
        size_t n = nps_explain_candidates(v, all);
        assert_true(n >= v->n_set);
        NPS_AUTO_BUF text = NPS_BUF_INIT(1 << 20);
        NPS_AUTO_BUF page = NPS_BUF_INIT(1 << 20);
        NPS_AUTO_BUF json = NPS_BUF_INIT(1 << 20);
        nps_jw jw = nps_jw_init(&json);
        nps_report_sample_text(&text, x.lib, v, q);
        squeeze(text.data);
        nps_report_html_sample(&page, x.lib, v, q, today);
        nps_jw_sample_verdict(&jw, NULL, x.lib, v, "s", today, q, false);
        for (size_t k = 0; k < n; k++) {
            NPS_AUTO_BUF b = NPS_BUF_INIT(1000);
            nps_explain_candidate(&b, x.lib, v, all[k]);
            assert_int_equal(strncmp(b.data, "Out", 3) != 0, k < v->n_set);
            assert_in(text.data, b.data);
            assert_in(page.data, b.data);
            assert_in(json.data, b.data);
        }
    }
}

static void put_fact(void *arg, const char *name, const char *value)
{
    nps_buf_printf(arg, "%s=%s|", name, value);
}

static void facts_are_those_of_the_file(void **state)
{
    (void)state;
    static const double mz[] = {50, 145.5};
    static const float y[] = {1, 2};
    nps_err err;
    NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_MSMS, 300.25, mz, y, 2);
    synth_text(s, NPS_TEXT_INSTRUMENT, "Orbi <1>");
    synth_text(s, NPS_TEXT_ENERGY, "20 eV");
    s->polarity = -1;
    s->retention_index = 1234;
    for (size_t i = 0; i < NPS_FACTS_META + 2; i++)
        assert_ok(nps_spectrum_add_meta(s, NPS_SPAN("key"), NPS_SPAN("value"), &err), &err);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 16);
    nps_spectrum_facts(s, put_fact, &b);
    assert_in(b.data, "Instrument=Orbi <1>|Collision energy=20 eV|Precursor m/z=300.25|Polarity=negative|Retention index=1234|"
                      "Peaks=2, m/z 50 to 145.5|key=value|");
    assert_in(b.data, "|Metadata=2 more in the file|");
    AUTO_BENCH x = make_bench(NPS_TECH_MSMS, false);
    NPS_AUTO(nps_verdict) v = synth_verdict(x.lib, s);
    NPS_AUTO_BUF page = NPS_BUF_INIT(1 << 20);
    nps_report_html_verdict(&page, x.lib, v, s, "q", today);
    assert_in(page.data, "<dt>Instrument<dd>Orbi &lt;1&gt;<dt>Collision energy<dd>20 eV");
    json_t *doc = json_of(x.lib, v, s);
    assert_string_equal(text_of(json_array_get(json_object_get(doc, "facts"), 0), "name"), "Instrument");
    json_decref(doc);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hit_says_in_or_out_as_the_set_says),
        cmocka_unit_test(a_hit_that_is_behind_is_further_behind_than_allowed),
        cmocka_unit_test(the_contributions_named_are_the_largest),
        cmocka_unit_test(an_entry_that_is_in_by_its_substance_says_so),
        cmocka_unit_test(json_text_and_page_use_the_same_words),
        cmocka_unit_test(references_that_are_not_open_leak_no_contribution),
        cmocka_unit_test(the_contributions_of_the_json_add_up_to_the_evidence),
        cmocka_unit_test(one_technique_alone_never_says_identified),
        cmocka_unit_test(blindness_advice_and_doubts_are_told_as_they_are),
        cmocka_unit_test(peaks_without_partner_are_told_with_their_share),
        cmocka_unit_test(a_hit_that_is_in_by_its_mass_alone_says_so),
        cmocka_unit_test(the_model_tells_what_it_was_not_fitted_on),
        cmocka_unit_test(candidates_of_a_sample_are_told_by_spectrum),
        cmocka_unit_test(candidates_are_in_as_the_joint_set_says),
        cmocka_unit_test(facts_are_those_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
