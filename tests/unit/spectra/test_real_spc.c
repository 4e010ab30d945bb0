/* Reads SPC files that Galactic's programs and instruments wrote. Numbers of points, ends and extremes come from the
 * files by plain arithmetic after SPC.H outside this program; those of DOERNER, nir and m_ordz agree with the text
 * exports that rohanisaac/spc publishes of them. */
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <math.h>

typedef struct {
    const char *name; /* below data/formats/spc */
    nps_technique technique;
    size_t read, n;             /* records; points of the first */
    double low, high, min, max; /* of the first: cm-1 and ordinate, converted where SPC has no absorbance */
    double tolerance;
} trace_case;

static const trace_case traces[] = {
    {"spc-rohanisaac--DOERNER.spc", NPS_TECH_RAMAN, 1, 1602, 100, 1800, -295.106812, 11209.5908, 1e-7},
    /* 100 % and 3.307271 % of transmission */
    {"spc-rohanisaac--Ft-ir.spc", NPS_TECH_IR, 1, 1776, 450, 4000, 0, 1.48053024, 1e-7},
    {"spc-rohanisaac--m_ordz.spc", NPS_TECH_IR, 10, 857, 698.229736328125, 4000.354736328125, -1.29351818, 4.81608933,
     1e-7},
    /* 1e7 / 2498 and 1e7 / 1100; Kubelka-Munk of 0.000200483948 and 4.04197788, which the spline over an even grid in
     * 1/cm passes closely */
    {"spc-rohanisaac--nir.spc", NPS_TECH_IR, 20, 824, 4003.20256, 9090.90909, 0.00869640, 0.99924, 1e-4},
    {"spc-rohanisaac--s_evenx.spc", NPS_TECH_IR, 1, 1844, 447.48406982421875, 4002.28173828125, -0.00979753025,
     0.464891672, 1e-7},
    {"spectrochempy_data--BENZENE.SPC", NPS_TECH_IR, 1, 1842, 449.4299621582031, 4000.5, 0, 1.5, 1e-7},
    {"spectrochempy_data--CONTOUR.SPC", NPS_TECH_IR, 19, 179, 2789.059814453125, 3132.38818359375, 3.86977918e-05,
     0.011805417, 1e-7},
    /* "transmission" of 8.30999947 % and 1.28999984 % */
    {"spectrochempy_data--KKSAM.SPC", NPS_TECH_IR, 1, 751, 600, 3600, 1.08039900, 1.88941034, 1e-7},
    {"spectrochempy_data--POLYS.SPC", NPS_TECH_IR, 1, 1844, 447.48406982421864, 4002.28173828125, -0.00979753025,
     0.464891672, 1e-7},
    {"spectrochempy_data--SINGLE_POLYMER_FILM.SPC", NPS_TECH_IR, 1, 1844, 447.48406982421864, 4002.28173828125,
     0.0464842953, 0.307979107, 1e-7},
    {"spectrochempy_data--TUMIX.SPC", NPS_TECH_IR, 1, 1775, 452, 4000, 9.99732874e-05, 0.999700248, 1e-7},
};

typedef struct {
    const char *name;
    size_t read, peaks; /* of all records */
    double sum, low, high, first_time_s;
} mass_case;

static const mass_case masses[] = {
    {"spc-rohanisaac--m_xyxy.spc", 512, 4344, 30063509, 20.4500008, 198.199997, 65.2000022},
    {"spectrochempy_data--BARBITUATES.SPC", 286, 5206, 32978769, 25.9500008, 244.050003, 241.631011},
    {"spectrochempy_data--DRUG_SAMPLE.SPC", 400, 9185, 142797339, 37.8499985, 398.850006, 241.996994},
    {"spectrochempy_data--DRUG_SAMPLE_PEAKS.SPC", 6, 1072, 54426260, 37.8499985, 372.100006, 285.506001},
};

static const struct {
    const char *name, *words;
} refused[] = {
    {"spc-rohanisaac--CAthickyellow_try4_17_ZSCAN.spc", "ultraviolet or visible light"},
    {"spc-rohanisaac--CAthickyellow_try4_18.spc", "does not say it is infrared"},
    {"spc-rohanisaac--HENE25.SPC", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--HENE27.SPC", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--KRY3.SPC", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--KRY4.SPC", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--KRY5.SPC", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--MERC.SPC", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--NMR_FID.SPC", "abscissa in 'seconds'"},
    {"spc-rohanisaac--NMR_SPC.SPC", "parts per million (NMR)"},
    {"spc-rohanisaac--RUBY18.SPC", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--TS01.SPC", "labelled 'Wavelength (nm)'"},
    {"spc-rohanisaac--kry2.spc", "labelled 'Wavenumber (cm-1)'"},
    {"spc-rohanisaac--s_xy.spc", "abscissa in 'minutes'"},
    {"spc-rohanisaac--test_input.spc", "ordinate in 'arbitrary intensity'"},
    {"spectrochempy_data--FID.SPC", "abscissa in 'seconds'"},
    {"spectrochempy_data--HOLMIUM.SPC", "from 250 to 700 nm are ultraviolet"},
    {"spectrochempy_data--IG_MULTI.SPC", "ordinate in 'interferogram'"},
    {"spectrochempy_data--IG_SAMP.SPC", "ordinate in 'interferogram'"},
    {"spectrochempy_data--SPECTRUM_WITH_BAD_BASELINE.SPC", "from 255.05 to 325 nm are ultraviolet"},
    {"spectrochempy_data--XYTRACE.SPC", "does not say it is infrared"},
};

/* A reader over a whole file; *ret_data is to be freed after it. NULL where there are no such files. */
static nps_reader *open_real(const char *name, char **ret_data)
{
    char relative[512];
    snprintf(relative, sizeof relative, "data/formats/spc/%s", name);
    const char *path = nps_shared_path(relative);
    if (!path)
        return NULL;
    print_message("%s\n", name);
    size_t len;
    *ret_data = nps_slurp(path, &len);
    assert_non_null(*ret_data);
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_err err;
    nps_reader *r = NULL;
    assert_ok(nps_reader_open(*ret_data, len, &limits, &r, &err), &err);
    assert_string_equal(nps_reader_format(r), "spc");
    return r;
}

static void check_trace(const nps_spectrum *s, const trace_case *c)
{
    double min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < s->trace.n; i++) {
        min = fmin(min, (double)s->trace.y[i]);
        max = fmax(max, (double)s->trace.y[i]);
    }
    assert_int_equal(s->trace.n, c->n);
    assert_near(s->trace.x0_cm1, c->low, 1e-8, 0);
    assert_near(nps_trace_x(&s->trace, c->n - 1), c->high, c->tolerance > 1e-6 ? 1e-3 : 1e-12, 0);
    assert_near(min, c->min, c->tolerance, c->tolerance);
    assert_near(max, c->max, c->tolerance, c->tolerance);
}

static void infrared_and_raman_files_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        const trace_case *c = &traces[i];
        NPS_AUTO_MEM(char *) data = NULL;
        NPS_AUTO(nps_reader) r = open_real(c->name, &data);
        if (!r)
            skip();
        nps_err err;
        size_t n = 0;
        for (;; n++) {
            NPS_AUTO(nps_spectrum) s = NULL;
            assert_ok(nps_reader_next(r, &s, &err), &err);
            if (!s)
                break;
            assert_int_equal(s->technique, c->technique);
            if (n == 0)
                check_trace(s, c);
        }
        assert_int_equal(n, c->read);
    }
}

static void mass_files_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof masses / sizeof *masses; i++) {
        const mass_case *c = &masses[i];
        NPS_AUTO_MEM(char *) data = NULL;
        NPS_AUTO(nps_reader) r = open_real(c->name, &data);
        if (!r)
            skip();
        nps_err err;
        size_t n = 0, peaks = 0;
        double sum = 0, low = INFINITY, high = 0;
        for (;; n++) {
            NPS_AUTO(nps_spectrum) s = NULL;
            assert_ok(nps_reader_next(r, &s, &err), &err);
            if (!s)
                break;
            assert_int_equal(s->technique, NPS_TECH_EI);
            if (n == 0)
                assert_near(s->retention_time_s, c->first_time_s, 1e-8, 0);
            peaks += s->peaks.n;
            for (size_t k = 0; k < s->peaks.n; k++)
                sum += (double)s->peaks.intensity[k];
            low = fmin(low, s->peaks.mz[0]);
            high = fmax(high, s->peaks.mz[s->peaks.n - 1]);
        }
        assert_int_equal(n, c->read);
        assert_int_equal(peaks, c->peaks);
        assert_near(sum, c->sum, 1e-8, 0);
        assert_near(low, c->low, 1e-8, 0);
        assert_near(high, c->high, 1e-8, 0);
    }
}

static void other_files_are_refused_once_and_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        NPS_AUTO_MEM(char *) data = NULL;
        NPS_AUTO(nps_reader) r = open_real(refused[i].name, &data);
        if (!r)
            skip();
        nps_err err;
        nps_spectrum *s = NULL;
        assert_int_equal(nps_reader_next(r, &s, &err), NPS_E_UNSUPPORTED);
        if (!strstr(err.msg, refused[i].words))
            fail_msg("'%s' does not hold '%s'", err.msg, refused[i].words);
        assert_ok(nps_reader_next(r, &s, &err), &err);
        assert_null(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infrared_and_raman_files_are_read),
        cmocka_unit_test(mass_files_are_read),
        cmocka_unit_test(other_files_are_refused_once_and_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
