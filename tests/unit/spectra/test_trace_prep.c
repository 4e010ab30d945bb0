/* Preparation of traces: the text form, each step by a law or a known answer, what is refused. */
#include "tests/support/nps_test.h"

#include "spectra/trace_prep.h"

#include <math.h>

static nps_trace_prep parse(const char *text)
{
    nps_trace_prep p;
    nps_err err;
    assert_ok(nps_trace_prep_parse(nps_span_of(text), &p, &err), &err);
    return p;
}

static void the_text_form_is_complete_and_reads_back(void **state)
{
    (void)state;
    static const struct {
        const char *text, *full;
    } cases[] = {
        {"", "mask=2280-2400"},
        {"none", "mask=2280-2400"},
        {" atr , baseline=als ", "atr,baseline=als:1000000:0.001,mask=2280-2400"},
        {"baseline=als:1e4:0.01,normalise=snv", "baseline=als:10000:0.01,normalise=snv,mask=2280-2400"},
        {"baseline=rubber-band,smooth=11", "baseline=rubber-band,smooth=11,mask=2280-2400"},
        {"derivative=1", "derivative=1:9,mask=2280-2400"},
        {"derivative=2:13,mask=none", "derivative=2:13,mask=none"},
        {"MASK=co2+diamond+ 900-910.5", "mask=2280-2400+1900-2300+900-910.5"},
        {"mask=water-vapour+below-650", "mask=1350-1900+3550-3950+0-650"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_trace_prep p = parse(cases[i].text), again = parse(cases[i].full);
        NPS_AUTO_BUF b = NPS_BUF_INIT(1000);
        NPS_AUTO_BUF c = NPS_BUF_INIT(1000);
        nps_trace_prep_text(&b, &p);
        nps_trace_prep_text(&c, &again);
        assert_string_equal(b.data, cases[i].full);
        assert_string_equal(c.data, cases[i].full);
    }
}

static void steps_that_make_no_sense_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"polish", "none of atr"},
        {"atr,smooth=5,atr", "named twice"},
        {"baseline=als:1e3,baseline=als", "named twice"},
        {"normalise=snv,normalise=area", "named twice"},
        {"mask=co2,mask=none", "named twice"},
        {"atr=1", "none of atr"},
        {"baseline=spline", "the baseline is"},
        {"baseline=als:0:0.1", "LAMBDA"},
        {"baseline=als:nan:0.1", "LAMBDA"},
        {"baseline=als:1e5:0.5", "P is outside"},
        {"baseline=als:1e5:0.1:7", "the baseline is"},
        {"baseline=rubber-band:3", "the baseline is"},
        {"smooth=8", "POINTS is odd"},
        {"smooth=3", "POINTS is odd"},
        {"smooth=103", "POINTS is odd"},
        {"derivative=3", "the derivative is"},
        {"derivative=1:4", "the derivative is"},
        {"smooth=9,derivative=1", "smooths already"},
        {"normalise=max", "none of atr"},
        {"mask=", "no region"},
        {"mask=co3", "regions are"},
        {"mask=900-800", "LOW-HIGH"},
        {"mask=1-2+3-4+5-6+7-8+9-10+11-12+13-14+15-16+17-18", "at most 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_trace_prep p;
        nps_err err = {0};
        assert_int_equal(nps_trace_prep_parse(nps_span_of(cases[i].text), &p, &err), NPS_E_RANGE);
        if (!strstr(err.msg, cases[i].part))
            fail_msg("'%s' does not hold '%s'", err.msg, cases[i].part);
    }
}

static void add_step(void *arg, const char *key, const char *sentence)
{
    nps_buf_printf(arg, "[%s] %s\n", key, sentence);
}

static void every_step_is_told_in_a_sentence(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(2000);
    nps_trace_prep p = parse("atr,baseline=als:1e5:0.01,derivative=1,normalise=vector,mask=co2+700-720");
    nps_trace_prep_describe(&p, add_step, &b);
    assert_string_equal(b.data, "[atr] ATR correction: absorbance times wavenumber / 1000 1/cm\n"
                                "[baseline] baseline by asymmetric least squares taken off (lambda 100000 at 2 1/cm, p 0.01)\n"
                                "[derivative] Savitzky-Golay first derivative, quadratic, 9 points\n"
                                "[normalise] scaled to a sum of squares of 1\n"
                                "[mask] not compared: 2280 to 2400 1/cm, 700 to 720 1/cm\n");
}

enum { N = 601 };
static float y[N];
static nps_trace t;

/* Two bands on a slope, 600 to 1800 1/cm. */
static void make(double dx)
{
    t = (nps_trace){.n = N, .x0_cm1 = 600, .dx_cm1 = dx, .y = y};
    for (size_t i = 0; i < N; i++) {
        double x = nps_trace_x(&t, i), a = (x - 900) / 8, b = (x - 1000) / 12;
        y[i] = (float)(0.2 + 2e-4 * (x - 600) + 0.8 * exp(-a * a) + 0.4 * exp(-b * b));
    }
}

static void apply(const char *text)
{
    nps_trace_prep p = parse(text);
    nps_err err;
    assert_ok(nps_trace_prepare(&t, &p, &err), &err);
}

static void atr_grows_with_the_wavenumber_and_leaves_1000_alone(void **state)
{
    (void)state;
    make(2);
    float before[N];
    memcpy(before, y, sizeof y);
    apply("atr");
    for (size_t i = 0; i < N; i++)
        assert_near((double)y[i], (double)before[i] * nps_trace_x(&t, i) / 1000, 1e-6, 0);
    assert_near((double)y[200], (double)before[200], 0, 0);
}

static void baselines_leave_the_bands_and_do_not_hang_on_the_step(void **state)
{
    (void)state;
    double peak[2];
    static const double dx[] = {1, 2};
    for (int i = 0; i < 2; i++) {
        make(dx[i]);
        apply("baseline=als");
        peak[i] = (double)y[(size_t)(300 / dx[i])];
        assert_near(peak[i], 0.8, 0.03, 0);
        assert_near((double)y[(size_t)(550 / dx[i])], 0, 0, 0.01);
    }
    assert_near(peak[0], peak[1], 0.01, 0);
    make(2);
    apply("baseline=rubber-band");
    assert_near((double)y[150], 0.8, 1e-3, 0);
    assert_near((double)y[0] + (double)y[N - 1], 0, 0, 1e-6);
}

/* Steps so fine that the equations of the baseline would have no digits left. */
static void a_baseline_does_not_hang_on_a_very_fine_step(void **state)
{
    (void)state;
    static const double dx[] = {2, 0.1, 0.01, 0.004};
    double peak[4], between[4];
    for (size_t k = 0; k < 4; k++) {
        size_t n = (size_t)(2000 / dx[k]) + 1;
        nps_trace fine = {.n = n, .x0_cm1 = 500, .dx_cm1 = dx[k], .y = calloc(n, sizeof(float))};
        assert_non_null(fine.y);
        for (size_t i = 0; i < n; i++) {
            double x = nps_trace_x(&fine, i);
            fine.y[i] = (float)(0.1 + 1e-4 * x + 0.8 * exp(-pow((x - 1500) / 20, 2)) + 0.3 * exp(-pow((x - 2000) / 40, 2)));
        }
        nps_trace_prep p = parse("baseline=als:1e5");
        nps_err err;
        assert_ok(nps_trace_prepare(&fine, &p, &err), &err);
        peak[k] = (double)fine.y[(size_t)(1000 / dx[k])];
        between[k] = (double)fine.y[(size_t)(500 / dx[k])];
        free(fine.y);
        assert_near(peak[k], peak[0], 0, 1e-3);
        assert_near(between[k], between[0], 0, 1e-3);
    }
    assert_near(peak[0], 0.8, 0, 0.05);
}

static void filters_follow_the_definition(void **state)
{
    (void)state;
    make(2);
    float before[N];
    memcpy(before, y, sizeof y);
    apply("derivative=1:5");
    for (size_t i = 2; i + 2 < N; i++)
        assert_near((double)y[i],
                    (-2 * (double)before[i - 2] - (double)before[i - 1] + (double)before[i + 1] + 2 * (double)before[i + 2]) / 10,
                    1e-5, 1e-7);
}

static void normalisations_reach_what_they_promise(void **state)
{
    (void)state;
    static const char *const norms[] = {"normalise=minmax", "normalise=vector", "normalise=snv", "normalise=area"};
    for (int k = 0; k < 4; k++) {
        make(2);
        apply(norms[k]);
        double low = INFINITY, high = -INFINITY, sum = 0, squares = 0, absolute = 0;
        for (size_t i = 0; i < N; i++) {
            double v = (double)y[i];
            low = fmin(low, v);
            high = fmax(high, v);
            sum += v;
            squares += v * v;
            absolute += fabs(v);
        }
        if (k == 0)
            assert_true(low == 0 && high == 1);
        if (k == 1)
            assert_near(squares, 1, 1e-5, 0);
        if (k == 2) {
            assert_near(sum / N, 0, 0, 1e-6);
            assert_near(squares / N, 1, 1e-5, 0);
        }
        if (k == 3)
            assert_near(absolute / N, 1, 1e-5, 0);
    }
    for (size_t i = 0; i < N; i++)
        y[i] = 0;
    apply("normalise=snv"); /* flat stays flat */
    assert_true(y[7] == 0);
}

static void a_trace_shorter_than_the_window_is_refused_and_unchanged(void **state)
{
    (void)state;
    make(2);
    t.n = 8;
    float first = y[0];
    nps_trace_prep p = parse("atr,smooth=9");
    nps_err err;
    assert_int_equal(nps_trace_prepare(&t, &p, &err), NPS_E_RANGE);
    assert_true(y[0] == first);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_form_is_complete_and_reads_back),
        cmocka_unit_test(steps_that_make_no_sense_are_refused_by_name),
        cmocka_unit_test(every_step_is_told_in_a_sentence),
        cmocka_unit_test(atr_grows_with_the_wavenumber_and_leaves_1000_alone),
        cmocka_unit_test(baselines_leave_the_bands_and_do_not_hang_on_the_step),
        cmocka_unit_test(a_baseline_does_not_hang_on_a_very_fine_step),
        cmocka_unit_test(filters_follow_the_definition),
        cmocka_unit_test(normalisations_reach_what_they_promise),
        cmocka_unit_test(a_trace_shorter_than_the_window_is_refused_and_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
