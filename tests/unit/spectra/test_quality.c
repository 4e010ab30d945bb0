#include "spectra/quality.h"
#include "tests/support/synth.h"

#include <math.h>

static unsigned of_peaks(nps_technique t, const double *mz, const float *y, size_t n)
{
    NPS_AUTO(nps_spectrum) s = synth_peaks(t, t == NPS_TECH_MSMS ? 300.1 : 0, mz, y, n);
    return nps_quality_check(s);
}

static void peak_lists_are_judged_by_technique(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        nps_technique t;
        double mz[8];
        float y[8];
        size_t n;
        unsigned bits;
    } cases[] = {
        {"no peak", NPS_TECH_EI, {0}, {0}, 0, NPS_QUALITY_EMPTY},
        {"no peak and no technique", NPS_TECH_UNKNOWN, {0}, {0}, 0, NPS_QUALITY_EMPTY},
        {"technique unknown", NPS_TECH_UNKNOWN, {50, 60, 70}, {1, 2, 3}, 3, NPS_QUALITY_TECHNIQUE},
        {"two peaks are too few for EI", NPS_TECH_EI, {58, 91}, {100, 30}, 2, NPS_QUALITY_FEW_PEAKS},
        {"the third is below 1 %", NPS_TECH_EI, {58, 91, 120}, {100, 30, 0.9F}, 3, NPS_QUALITY_FEW_PEAKS},
        {"the third is at 1 %", NPS_TECH_EI, {58, 91, 120}, {100, 30, 1}, 3, 0},
        {"one peak is enough for MS/MS", NPS_TECH_MSMS, {119.09}, {100}, 1, 0},
        {"four peaks at the top", NPS_TECH_EI, {58, 91, 120, 130, 140}, {100, 100, 100, 100, 5}, 5, NPS_QUALITY_OVERLOADED},
        {"three peaks at the top", NPS_TECH_EI, {58, 91, 120, 130, 140}, {100, 100, 100, 50, 5}, 5, NPS_QUALITY_SATURATED},
        {"two peaks at the top", NPS_TECH_EI, {58, 91, 120, 130, 140}, {100, 100, 90, 50, 5}, 5, 0},
        {"air and water only", NPS_TECH_EI, {17, 18, 28, 32, 40, 44}, {20, 90, 999, 230, 10, 30}, 6, NPS_QUALITY_BACKGROUND},
        {"column bleed only", NPS_TECH_EI, {73, 133, 191, 207, 208, 281}, {50, 10, 9, 100, 22, 40}, 6,
         NPS_QUALITY_BACKGROUND},
        {"water in MS/MS is no background", NPS_TECH_MSMS, {18.03, 28.02}, {5, 4}, 2, 0},
        {"a good spectrum over bleed", NPS_TECH_EI, {58, 91, 207, 281}, {100, 30, 40, 10}, 4, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned bits = of_peaks(cases[i].t, cases[i].mz, cases[i].y, cases[i].n);
        if (bits != cases[i].bits)
            print_error("%s: bits %u, expected %u\n", cases[i].what, bits, cases[i].bits);
        assert_int_equal(bits, cases[i].bits);
    }
}

static void a_precursor_alone_is_remarked(void **state)
{
    (void)state;
    const double mz[] = {105.03, 299.8, 301.2};
    const float strong[] = {20, 1, 1000}, dust[] = {2, 1, 1000};
    for (size_t from = 0; from < 2; from++) {
        NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_MSMS, 301.2, mz, from ? dust : strong, 3);
        assert_int_equal(nps_quality_check(s), from ? NPS_QUALITY_NO_FRAGMENT : 0);
    }
}

static void many_peaks_of_like_height_are_noise(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    double mz[400];
    float flat[400], steep[400];
    for (size_t i = 0; i < 400; i++) {
        double u = nps_test_uniform(&r);
        mz[i] = 30 + (double)i;
        flat[i] = (float)(50 + 50 * u);
        steep[i] = (float)(1 + 1000 * u * u * u * u);
    }
    assert_int_equal(of_peaks(NPS_TECH_EI, mz, flat, 400), NPS_QUALITY_NOISE);
    assert_int_equal(of_peaks(NPS_TECH_EI, mz, flat, 60), NPS_QUALITY_NOISE);
    assert_int_equal(of_peaks(NPS_TECH_EI, mz, flat, 59), 0); /* too few peaks to say so */
    assert_int_equal(of_peaks(NPS_TECH_EI, mz, steep, 400), 0);
}

/* A trace by a function of the wavenumber. */
static unsigned of_trace(double x0, double dx, size_t n, double (*f)(double x))
{
    uint64_t r = nps_test_seed();
    NPS_AUTO(nps_spectrum) s = synth_ir(&r);
    free(s->trace.y);
    s->trace = (nps_trace){n, x0, dx, calloc(n, sizeof(float))};
    assert_non_null(s->trace.y);
    for (size_t i = 0; i < n; i++)
        s->trace.y[i] = (float)f(nps_trace_x(&s->trace, i));
    return nps_quality_check(s);
}

static double bands(double x) { return exp(-pow((x - 1100) / 40, 2)) + 0.6 * exp(-pow((x - 1700) / 20, 2)); }
static double level(double x) { return 0.3 + 0 * x; }
static double saw(double x) { return fmod(x, 8) < 4 ? 0.01 : -0.01; }
static double cut(double x) { return fmin(6, 40 * bands(x)); }

static void traces_are_judged_by_range_and_bands(void **state)
{
    (void)state;
    assert_int_equal(of_trace(400, 4, 901, bands), 0);
    assert_int_equal(of_trace(600, 1300, 2, bands), NPS_QUALITY_EMPTY); /* a straight line */
    assert_int_equal(of_trace(400, 4, 901, level), NPS_QUALITY_FLAT);
    assert_int_equal(of_trace(400, 4, 901, saw), NPS_QUALITY_FLAT);
    assert_int_equal(of_trace(400, 4, 901, cut), NPS_QUALITY_SATURATED);
    assert_int_equal(of_trace(1404, 4, 600, bands), NPS_QUALITY_NO_FINGERPRINT); /* 396 1/cm of it */
    assert_int_equal(of_trace(1396, 4, 600, bands), 0);                          /* 404 1/cm */
    assert_int_equal(of_trace(2000, 4, 400, bands) & NPS_QUALITY_NO_FINGERPRINT, NPS_QUALITY_NO_FINGERPRINT);
}

static uint64_t noise_state = 5;
static double noise(double height)
{
    return height * (nps_test_uniform(&noise_state) + nps_test_uniform(&noise_state) + nps_test_uniform(&noise_state) - 1.5) / 0.5;
}

static double weak(double x) { return 0.1 * bands(x) + noise(0.0042); }       /* standard deviation about a 25th of the band */
static double strong(double x) { return 0.1 * bands(x) + noise(0.0008); }
static double fringed(double x) { return bands(x) + 0.03 * sin(2 * M_PI * x / 25) + noise(0.002); }
static double long_waved(double x) { return bands(x) + 0.03 * sin(2 * M_PI * x / 300); } /* a baseline, not fringes */
static double wall(double x) { return x < 1500 ? 6 + 0.001 * x : bands(x); } /* no light comes through for a third of it */
static double nitrile(double x) { return bands(x) + 0.5 * exp(-(x - 2225) * (x - 2225) / 50); }
static double upside_down(double x) { return 0.3 - bands(x); }
static double flat_topped(double x) { return fmin(bands(x), 0.5); }

static void faults_that_traces_show_are_named(void **state)
{
    (void)state;
    assert_int_equal(of_trace(600, 2, 1701, weak), NPS_QUALITY_WEAK);
    assert_int_equal(of_trace(600, 2, 1701, strong), 0);
    assert_int_equal(of_trace(600, 2, 1701, fringed), NPS_QUALITY_FRINGES);
    assert_int_equal(of_trace(600, 0.5, 6801, fringed), NPS_QUALITY_FRINGES);
    assert_int_equal(of_trace(600, 2, 1701, long_waved), 0);
    assert_int_equal(of_trace(600, 2, 1701, nitrile), 0);
    assert_int_equal(of_trace(600, 2, 1701, upside_down), NPS_QUALITY_NEGATIVE);
    assert_int_equal(of_trace(600, 2, 1701, flat_topped), NPS_QUALITY_SATURATED);
    assert_int_equal(of_trace(600, 2, 1701, wall), NPS_QUALITY_OVERLOADED);
}

static void remarks_do_not_forbid_a_verdict(void **state)
{
    (void)state;
    assert_true(nps_quality_is_usable(0));
    assert_true(nps_quality_is_usable(NPS_QUALITY_SATURATED));
    const unsigned remarks = NPS_QUALITY_SATURATED | NPS_QUALITY_WEAK | NPS_QUALITY_FRINGES | NPS_QUALITY_NEGATIVE |
                             NPS_QUALITY_NO_FRAGMENT;
    for (unsigned bit = 1; bit <= NPS_QUALITY_NO_FRAGMENT; bit <<= 1) {
        assert_int_equal(nps_quality_is_usable(bit), (bit & remarks) != 0);
        assert_int_equal(nps_quality_is_usable(bit | NPS_QUALITY_SATURATED), (bit & remarks) != 0);
        assert_int_equal(nps_quality_obstacle(bit | remarks), bit & ~remarks);
        assert_string_not_equal(nps_quality_text((nps_quality_bit)bit), "unknown reason");
    }
}

static void generated_spectra_are_good(void **state)
{
    (void)state;
    uint64_t r = nps_test_seed();
    for (int k = 0; k < 200; k++) {
        NPS_AUTO(nps_spectrum) a = synth_ei(&r);
        NPS_AUTO(nps_spectrum) b = synth_msms(&r);
        NPS_AUTO(nps_spectrum) c = synth_ir(&r);
        assert_true(nps_quality_is_usable(nps_quality_check(a)));
        assert_true(nps_quality_is_usable(nps_quality_check(b)));
        assert_true(nps_quality_is_usable(nps_quality_check(c)));
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peak_lists_are_judged_by_technique),
        cmocka_unit_test(a_precursor_alone_is_remarked),
        cmocka_unit_test(many_peaks_of_like_height_are_noise),
        cmocka_unit_test(traces_are_judged_by_range_and_bands),
        cmocka_unit_test(faults_that_traces_show_are_named),
        cmocka_unit_test(remarks_do_not_forbid_a_verdict),
        cmocka_unit_test(generated_spectra_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
