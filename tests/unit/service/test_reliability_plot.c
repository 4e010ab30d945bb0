#include "service/reliability_plot.h"

#include "reference-lib/evidence_fit.h"
#include "tests/support/nps_test.h"

static void answers_fall_into_bins_by_what_they_state(void **state)
{
    (void)state;
    static const nps_fit_answer a[] = {
        {.p = 0, .known = 0.5, .weight = 1},
        {.p = 0.95, .right = true, .known = 0.96, .is_known = true, .weight = 1},
        {.p = 0.97, .right = true, .known = 0.98, .is_known = true, .weight = 1},
        {.p = 1, .right = false, .known = 1, .is_known = true, .weight = 2},
        {.p = 0.1, .right = true, .known = 0.2, .is_known = false, .weight = 0.5},
    };
    nps_reliability_bin b[NPS_RELIABILITY_BINS];
    nps_reliability_bins(a, 5, false, b);
    assert_true(b[0].n == 1 && b[1].n == 1 && b[9].n == 3);
    assert_near(b[9].stated, (0.95 + 0.97 + 2) / 4, 1e-12, 0);
    assert_near(b[9].observed, 0.5, 1e-12, 0);
    assert_near(b[9].weight, 4, 0, 0);
    assert_near(b[1].observed, 1, 0, 0);
    assert_near(b[1].low, 0.05, 1e-9, 0); /* one of one at 90 % */
    assert_near(b[1].high, 1, 0, 0);
    assert_near(b[0].high, 0.95, 1e-9, 0);
    for (size_t k = 2; k < 9; k++)
        assert_true(b[k].n == 0 && b[k].stated == 0 && b[k].low == 0 && b[k].high == 0);
    double gap = (1 * 0 + 0.5 * 0.9 + 4 * (3.92 / 4 - 0.5)) / 5.5;
    assert_near(nps_reliability_gap(b), gap, 1e-12, 0);
    nps_reliability_bins(a, 5, true, b);
    assert_true(b[2].n == 1 && b[5].n == 1 && b[9].n == 3);
    assert_near(b[9].observed, 1, 0, 0);
    assert_near(b[5].observed, 0, 0, 0);
}

static void no_answer_is_no_gap(void **state)
{
    (void)state;
    nps_reliability_bin b[NPS_RELIABILITY_BINS];
    nps_reliability_bins(NULL, 0, true, b);
    assert_near(nps_reliability_gap(b), 0, 0, 0);
}

/* Weights of one half tell less than as many whole ones; equal ones tell as much, whatever they are. */
static void the_interval_knows_what_weights_are_worth(void **state)
{
    (void)state;
    enum { N = 40 };
    nps_fit_answer a[N];
    nps_reliability_bin one[NPS_RELIABILITY_BINS], half[NPS_RELIABILITY_BINS], mixed[NPS_RELIABILITY_BINS];
    for (int i = 0; i < N; i++)
        a[i] = (nps_fit_answer){.p = 0.55, .right = i % 2, .weight = 1};
    nps_reliability_bins(a, N, false, one);
    for (int i = 0; i < N; i++)
        a[i].weight = 0.5;
    nps_reliability_bins(a, N, false, half);
    for (int i = 0; i < N; i++)
        a[i].weight = i < 20 ? 1 : 0.1;
    nps_reliability_bins(a, N, false, mixed);
    assert_near(one[5].low, half[5].low, 1e-12, 0);
    assert_near(one[5].high, half[5].high, 1e-12, 0);
    assert_true(mixed[5].low < one[5].low && mixed[5].high > one[5].high);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
        n++;
    return n;
}

/* Well-formed by its tags: each one opened is closed in turn. */
static bool is_nested(const char *text)
{
    char open[32][16];
    int depth = 0;
    for (const char *p = text; (p = strchr(p, '<')); p++) {
        const char *end = strchr(p, '>');
        if (!end)
            return false;
        char name[16];
        bool closes = p[1] == '/';
        if (sscanf(p + 1 + closes, "%15[a-z]", name) != 1)
            return false;
        if (closes && (!depth || strcmp(open[--depth], name) != 0))
            return false;
        if (!closes && end[-1] != '/') {
            if (depth == 32)
                return false;
            memcpy(open[depth++], name, sizeof name);
        }
    }
    return depth == 0;
}

static void the_diagram_shows_each_technique_with_what_it_says(void **state)
{
    (void)state;
    nps_fit_answer before[] = {{.p = 0.9, .right = true, .known = 0.9, .is_known = true, .weight = 1},
                               {.p = 0.2, .right = false, .known = 0.3, .is_known = false, .weight = 0.5}};
    nps_fit_answer after[] = {{.p = 0.99, .right = true, .known = 0.99, .is_known = true, .weight = 1},
                              {.p = 0.02, .right = false, .known = 0.03, .is_known = false, .weight = 0.5}};
    nps_own_calibration own = {0};
    own.technique[NPS_TECH_EI].n_answers = 2;
    own.technique[NPS_TECH_EI].before = before;
    own.technique[NPS_TECH_EI].after = after;
    own.technique[NPS_TECH_IR].n_answers = 2;
    own.technique[NPS_TECH_IR].before = before;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_err err;
    nps_reliability_plot(&b, &own, "drugs <&> more");
    assert_ok(nps_buf_check(&b, &err), &err);
    assert_true(strncmp(b.data, "<svg xmlns=", 11) == 0);
    assert_true(is_nested(b.data));
    assert_int_equal(count(b.data, "drugs &lt;&amp;&gt; more"), 2);
    assert_int_equal(count(b.data, "<desc"), 1);
    assert_int_equal(count(b.data, "The best candidate is right"), 2);
    assert_int_equal(count(b.data, "The substance is in the library"), 2);
    assert_int_equal(count(b.data, "<circle"), 8); /* two techniques, two panels, two bins */
    assert_int_equal(count(b.data, "<rect"), 4);   /* one of them refitted */
    assert_non_null(strstr(b.data, "ei: 2 answers about replicates that the refit has not seen"));
    assert_non_null(strstr(b.data, "ir: 2 answers about replicates that nothing was fitted on"));
    assert_non_null(strstr(b.data, "stated 0.990, observed 1.000 (90 % interval 0.050 to 1.000), 1 answers"));
    assert_null(strstr(b.data, "nan"));
    assert_null(strstr(b.data, "msms"));
    nps_buf_clear(&b);
    nps_reliability_plot(&b, &(nps_own_calibration){0}, "none");
    assert_true(is_nested(b.data));
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_fall_into_bins_by_what_they_state),
        cmocka_unit_test(no_answer_is_no_gap),
        cmocka_unit_test(the_interval_knows_what_weights_are_worth),
        cmocka_unit_test(the_diagram_shows_each_technique_with_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
