/* Can a closed spectrum be found out by asking? Somebody without the right climbs hills on all that an answer tells of the libraries
 * of partners - whether there is a match, of which class, and a score of one digit - with as many questions as ten days' quotas allow,
 * from a start that is better than he would have: every second peak of the secret spectrum. The same climbing on full scores shows that
 * he knows how to. */
#include "tests/support/nps_test.h"

#include "reference-lib/build.h"
#include "reference-lib/demo.h"
#include "service/judge.h"

#include <math.h>
#include <sodium.h>

enum { LOW = 41, HIGH = 300, MASSES = HIGH - LOW, SECRET_PEAKS = 24, QUOTA = 200, DAYS = 10, QUESTIONS = QUOTA * DAYS };

static char generations[400];
static nps_holding *with_secret, *without;
static nps_control *control;
static nps_workspace *w;
static double secret[MASSES];

static nps_spectrum *make_spectrum(const double *y)
{
    nps_spectrum *s = NULL;
    nps_err err = {0};
    assert_ok(nps_spectrum_new(&s, &err), &err);
    s->technique = NPS_TECH_EI;
    for (int i = 0; i < MASSES; i++)
        if (y[i] > 0)
            assert_ok(nps_peaks_push(&s->peaks, LOW + i, y[i], NULL, 0, SIZE_MAX, &err), &err);
    return s;
}

static double cosine(const double *a, const double *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < MASSES; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* --- what the attacker is told -------------------------------------------------------------------------------------------------- */

static double told(const double *y)
{
    NPS_AUTO(nps_spectrum) s = make_spectrum(y);
    nps_judgement j;
    nps_err err = {0};
    nps_question q = {.match = nps_match_options_default(), .is_member = true, .asks_closed = true, .organisation = "0000000000000002"};
    nps_judge_means means = {.held = with_secret, .control = control};
    const nps_spectrum *one = s;
    q.match.with_analogs = q.match.with_mixture = false;
    assert_ok(nps_judge_spectra(&means, &q, &one, 1, "2026-11-24", w, &j, &err), &err);
    double score = j.n_match ? j.match[0].score : 0;
    assert_near(score * 10, floor(score * 10 + 0.5), 0, 1e-9);
    assert_null(j.own);
    nps_judgement_done(&j);
    return score;
}

/* The oracle that there is not: the score of the pair. */
static double full_score(const double *y)
{
    NPS_AUTO(nps_spectrum) s = make_spectrum(y);
    NPS_AUTO(nps_verdict) v = NULL;
    nps_match_options o = nps_match_options_default();
    nps_err err = {0};
    o.with_analogs = o.with_mixture = false;
    assert_ok(nps_match(with_secret->closed[0].lib, s, &o, w, &v, &err), &err);
    return v->n_hits ? v->hits[0].score : 0;
}

/* Changes one mass at a time and keeps what is told to be no worse. */
static double climb(double (*ask)(const double *), double *y, uint64_t seed)
{
    double best = ask(y);
    for (int i = 1; i < QUESTIONS; i++) {
        int k = (int)(nps_test_random(&seed) % MASSES);
        double was = y[k], kind = nps_test_uniform(&seed);
        y[k] = kind < 0.3 ? 0 : kind < 0.7 ? was * (0.5 + nps_test_uniform(&seed)) : 1000 * nps_test_uniform(&seed);
        double now = ask(y);
        if (now >= best)
            best = now;
        else
            y[k] = was;
    }
    return cosine(y, secret);
}

static void begin(double *y)
{
    int n = 0;
    for (int i = 0; i < MASSES; i++)
        y[i] = secret[i] > 0 && n++ % 2 == 0 ? secret[i] : 0;
}

static void what_is_told_of_a_closed_spectrum_does_not_give_it_away(void **state)
{
    (void)state;
    double coarse[MASSES], full[MASSES], start[MASSES];
    begin(start);
    begin(coarse);
    begin(full);
    double from = cosine(start, secret), by_answers = climb(told, coarse, nps_test_seed() + 4), by_scores = climb(full_score, full, nps_test_seed() + 4);
    printf("%d questions from a start of cosine %.3f: %.3f by what is told, %.3f by full scores\n", QUESTIONS, from, by_answers, by_scores);
    assert_true(by_scores > 0.9); /* the attack works where there is something to climb on */
    assert_true(by_answers < 0.85);
    assert_true(by_answers < from + 0.1);
}

static void the_open_answer_is_the_same_with_and_without_the_closed_part(void **state)
{
    (void)state;
    double y[MASSES];
    uint64_t seed = nps_test_seed() + 9;
    for (int round = 0; round < 8; round++) {
        NPS_AUTO_BUF a = NPS_BUF_INIT(1 << 22);
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 22);
        NPS_AUTO(nps_intake) in = NULL;
        nps_err err = {0};
        for (int i = 0; i < MASSES; i++)
            y[i] = round == 0 ? secret[i] : nps_test_uniform(&seed) < 0.1 ? 1000 * nps_test_uniform(&seed) : 0;
        assert_ok(nps_intake_new(&in, &err), &err);
        in->spectrum[in->n_spectrum++] = make_spectrum(y);
        for (int k = 0; k < 2; k++) {
            nps_judgement j;
            nps_question q = {.match = nps_match_options_default(), .is_member = true, .organisation = "0000000000000002"};
            nps_judge_means means = {.held = k ? with_secret : without, .control = control};
            nps_jw jw = nps_jw_init(k ? &b : &a);
            assert_ok(nps_judge_spectra(&means, &q, (const nps_spectrum *const *)in->spectrum, 1, "2026-11-24", w, &j, &err), &err);
            nps_judgement_put(&jw, NULL, &j, in, "s");
            nps_judgement_done(&j);
        }
        assert_string_equal(a.data, b.data);
        assert_null(strstr(b.data, "secret substance"));
    }
}

static void the_owner_is_told_all_but_the_peaks(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = make_spectrum(secret);
    NPS_AUTO(nps_intake) in = NULL;
    NPS_AUTO_BUF a = NPS_BUF_INIT(1 << 22);
    nps_judgement j;
    nps_err err = {0};
    nps_question q = {.match = nps_match_options_default(), .is_member = true, .organisation = "0000000000000001"};
    nps_judge_means means = {.held = with_secret, .control = control};
    nps_jw jw = nps_jw_init(&a);
    assert_ok(nps_intake_new(&in, &err), &err);
    in->spectrum[in->n_spectrum++] = nps_steal(s);
    assert_ok(nps_judge_spectra(&means, &q, (const nps_spectrum *const *)in->spectrum, 1, "2026-11-24", w, &j, &err), &err);
    nps_judgement_put(&jw, NULL, &j, in, "s");
    assert_non_null(j.own);
    assert_non_null(strstr(a.data, "\"own_library\":{"));
    assert_non_null(strstr(a.data, "secret substance"));
    nps_judgement_done(&j);
}

/* --- setting up ------------------------------------------------------------------------------------------------------------------ */

static nps_library *secret_library(void)
{
    NPS_AUTO(nps_builder) b = NULL;
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_library *lib = NULL;
    uint64_t seed = nps_test_seed() + 77;
    nps_err err = {0};
    nps_build_options o = {.name = "n", .builder = "b", .created = "2026-11-24T00:00:00Z", .licence = "l"};
    for (int n = 0; n < SECRET_PEAKS;) {
        int i = (int)(nps_test_random(&seed) % MASSES);
        n += !(secret[i] > 0);
        secret[i] = 30 + 970 * nps_test_uniform(&seed) * nps_test_uniform(&seed);
    }
    s = make_spectrum(secret);
    assert_ok(nps_spectrum_set_text(s, NPS_TEXT_NAME, nps_span_of("name"), nps_span_of("secret substance"), &err), &err);
    assert_ok(nps_builder_new(&o, &b, &err), &err);
    assert_ok(nps_builder_source(b, "contribution:00000000000000000000000000000001", NPS_VISIBLE_MATCH_ONLY, NULL, 0, &err), &err);
    assert_ok(nps_builder_add(b, s, NULL, &err), &err);
    assert_ok(nps_builder_finish(b, 1, &lib, &err), &err);
    return lib;
}

static nps_library *open_library(void)
{
    NPS_AUTO(nps_demo) demo = NULL;
    nps_library *lib = NULL;
    nps_err err = {0};
    assert_ok(nps_demo_new(&demo, &err), &err);
    assert_ok(nps_demo_library(demo, "b", "2026-11-24T00:00:00Z", 1, &lib, &err), &err);
    return lib;
}

static nps_holding *publish(const nps_library *open, const nps_closed_part *closed)
{
    char id[NPS_HOLDING_ID];
    nps_holding *h = NULL;
    nps_err err = {0};
    nps_holding_parts p = {.open = open, .closed = closed, .n_closed = closed != NULL, .base = open->generation};
    assert_ok(nps_holding_write(generations, &p, id, NULL, &err), &err);
    assert_ok(nps_holding_open(generations, id, NPS_OPEN_VERIFY, &h, &err), &err);
    return h;
}

static int set_up(void **state)
{
    (void)state;
    nps_err err = {0};
    snprintf(generations, sizeof generations, "%s/generations", nps_temp_dir());
    NPS_AUTO_LIBRARY open = open_library();
    nps_closed_part closed = {.organisation = "0000000000000001", .lib = secret_library()};
    without = publish(open, NULL);
    with_secret = publish(open, &closed);
    nps_library_release(closed.lib);
    assert_ok(nps_control_load(NULL, &control, &err), &err);
    return nps_workspace_new(&w, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    nps_workspace_free(w);
    nps_control_release(control);
    nps_holding_release(with_secret);
    nps_holding_release(without);
    return 0;
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_told_of_a_closed_spectrum_does_not_give_it_away),
                                       cmocka_unit_test(the_open_answer_is_the_same_with_and_without_the_closed_part),
                                       cmocka_unit_test(the_owner_is_told_all_but_the_peaks)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
