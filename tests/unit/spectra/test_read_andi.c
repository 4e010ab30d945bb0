/* Reads ANDI-MS files that are built here with the variables of ASTM E2077. */
#include "tests/support/netcdf_file.h"
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <math.h>

enum { INDEX, COUNT, TIME, TOTAL, MASS, INTENSITY }; /* order of the variables below */

/* Four scans of 2, 0, 3 and 0 points. */
static cdf chromatogram(int version, bool points_are_records)
{
    static const double index[] = {0, 2, 2, 5}, count[] = {2, 0, 3, 0}, time[] = {60.5, 61, 61.5, 62},
                        total[] = {30, 0, 600, 0}, mass[] = {41, 43, 77, 51, 50}, intensity[] = {10, 20, 300, 200, 100};
    cdf c = {.version = version, .n_records = points_are_records ? 5 : 0};
    int scan = cdf_dim(&c, "scan_number", 4), point = cdf_dim(&c, "point_number", points_are_records ? 0 : 5);
    cdf_text(&c, -1, "experiment_title", "Oil of lemon");
    cdf_text(&c, -1, "test_ionization_mode", "Electron Impact");
    cdf_text(&c, -1, "test_ionization_polarity", "Positive Polarity");
    cdf_text(&c, -1, "experiment_type", "Centroided Mass Spectrum");
    cdf_number(&c, -1, "number_of_times_processed", CDF_INT, 1);
    cdf_numbers(&c, "scan_index", CDF_INT, scan, index, 4);
    cdf_numbers(&c, "point_count", CDF_INT, scan, count, 4);
    cdf_numbers(&c, "scan_acquisition_time", CDF_DOUBLE, scan, time, 4);
    cdf_numbers(&c, "total_intensity", CDF_DOUBLE, scan, total, 4);
    cdf_numbers(&c, "mass_values", CDF_FLOAT, point, mass, 5);
    cdf_numbers(&c, "intensity_values", CDF_INT, point, intensity, 5);
    int one = cdf_dim(&c, "instrument_number", 1), length = cdf_dim(&c, "_32_byte_string", 32);
    for (int i = 0; i < 2; i++)
        c.var[c.n_var++] = (cdf_var){.name = i ? "instrument_model" : "instrument_name",
                                     .type = CDF_CHAR,
                                     .dim = {one, length},
                                     .n_dim = 2,
                                     .text = i ? "5973" : "Trap of the cellar"};
    return c;
}

static reading read_cdf(cdf *c)
{
    byte_file f = cdf_build(c);
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(f.p, f.n, &limits);
}

static void scans_with_peaks_are_records(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        cdf c = chromatogram(1 + k % 2, k / 2);
        AUTO_READING r = read_cdf(&c);
        assert_string_equal(r.format, "andi-ms");
        assert_int_equal(r.n_err, 0);
        assert_int_equal(r.n, 2);
        const nps_spectrum *s = r.s[0], *t = r.s[1];
        assert_int_equal(s->technique, NPS_TECH_EI);
        assert_int_equal(s->polarity, 1);
        assert_int_equal(s->peaks.n, 2);
        assert_near(s->peaks.mz[1], 43, 0, 0);
        assert_near((double)s->peaks.intensity[1], 20, 0, 0);
        assert_near(s->retention_time_s, 60.5, 0, 0);
        assert_string_equal(s->text[NPS_TEXT_NAME], "Oil of lemon");
        assert_string_equal(s->text[NPS_TEXT_IONIZATION], "Electron Impact");
        assert_string_equal(s->text[NPS_TEXT_INSTRUMENT], "Trap of the cellar");
        assert_string_equal(meta_value(s, "instrument_model"), "5973");
        assert_string_equal(meta_value(s, "number_of_times_processed"), "1");
        assert_string_equal(meta_value(s, "Scan"), "1 of 4");
        assert_string_equal(meta_value(s, "Empty scans left out"), "2");
        assert_int_equal(t->peaks.n, 3);
        assert_near(t->peaks.mz[0], 50, 0, 0);
        assert_near((double)t->peaks.intensity[0], 100, 0, 0);
        assert_near(t->retention_time_s, 61.5, 0, 0);
        assert_int_equal(t->repairs[NPS_REPAIR_UNSORTED], 2);
        assert_string_equal(meta_value(t, "total_intensity"), "600");
        assert_null(meta_value(t, "Empty scans left out"));
        assert_int_equal(t->line, 0);
        assert_true(t->offset > s->offset);
    }
}

static void values_are_scaled_and_shifted(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    c.var[MASS].type = CDF_SHORT;
    cdf_number(&c, MASS, "scale_factor", CDF_DOUBLE, 0.5);
    cdf_number(&c, INTENSITY, "scale_factor", CDF_FLOAT, 4);
    cdf_number(&c, INTENSITY, "add_offset", CDF_FLOAT, 1);
    AUTO_READING r = read_cdf(&c);
    assert_int_equal(r.n, 2);
    assert_near(r.s[0]->peaks.mz[0], 20.5, 0, 0);
    assert_near((double)r.s[0]->peaks.intensity[0], 41, 0, 0);
}

static void index_or_count_alone_will_do(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        cdf c = chromatogram(1, false);
        c.var[k ? INDEX : COUNT].name = "other";
        AUTO_READING r = read_cdf(&c);
        assert_int_equal(r.n_err, 0);
        assert_int_equal(r.n, 2);
        assert_int_equal(r.s[1]->peaks.n, 3);
        assert_near(r.s[1]->peaks.mz[2], 77, 0, 0);
    }
}

static void technique_and_polarity_follow_the_attributes(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *sign;
        nps_technique technique;
        int polarity;
    } cases[] = {
        {"Electron Impact", "Positive Polarity", NPS_TECH_EI, 1},
        {"Electron Ionization", "", NPS_TECH_EI, 0},
        {"Electrospray Ionization", "Negative Polarity", NPS_TECH_MSMS, -1},
        {"Chemical Ionization", "Negative Polarity", NPS_TECH_MSMS, -1},
        {"Other Ionization", "Positive Polarity", NPS_TECH_EI, 1},
        {"", "", NPS_TECH_EI, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cdf c = chromatogram(1, false);
        c.att[1].text = cases[i].mode;
        c.att[2].text = cases[i].sign;
        AUTO_READING r = read_cdf(&c);
        assert_int_equal(r.n, 2);
        assert_int_equal(r.s[0]->technique, cases[i].technique);
        assert_int_equal(r.s[0]->polarity, cases[i].polarity);
    }
}

static void missing_values_are_left_out(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    c.var[INTENSITY].value[0] = -9999;
    c.var[TIME].value[0] = -9999;
    AUTO_READING r = read_cdf(&c);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.s[0]->peaks.n, 1);
    assert_near(r.s[0]->retention_time_s, 0, 0, 0);
}

static void a_bad_scan_stops_nothing(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    c.var[INTENSITY].value[1] = -5;
    AUTO_READING r = read_cdf(&c);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].code, NPS_E_RANGE);
    assert_non_null(strstr(r.err[0].msg, "-5 is negative or not finite (scan 1 of 4)"));
    c = chromatogram(1, false);
    c.var[COUNT].value[0] = 100;
    AUTO_READING far = read_cdf(&c);
    assert_int_equal(far.n, 1);
    assert_non_null(strstr(far.err[0].msg, "scan 1 of 4 has points 1 to 100 of 5"));
    c = chromatogram(1, false);
    c.var[INDEX].value[0] = -1;
    AUTO_READING before = read_cdf(&c);
    assert_int_equal(before.n, 1);
    assert_int_equal(before.n_err, 1);
}

static void overlapping_scans_end_the_walk(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    for (size_t i = 0; i < 4; i++) {
        c.var[INDEX].value[i] = 0;
        c.var[COUNT].value[i] = 3;
    }
    AUTO_READING r = read_cdf(&c);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 1);
    assert_non_null(strstr(r.err[0].msg, "overlap"));
}

static void continuum_spectra_are_centroided(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    AUTO_READING sticks = read_cdf(&c);
    c.att[3].text = "Continuum Mass Spectrum";
    AUTO_READING profile = read_cdf(&c);
    assert_int_equal(profile.n_err, 0);
    assert_int_equal(profile.n, sticks.n);
    assert_int_equal(profile.repairs[NPS_REPAIR_CENTROIDED], sticks.n);
    /* Points that lie far apart are peaks of their own, also where m/z descends. */
    for (size_t i = 0; i < sticks.n; i++)
        assert_int_equal(profile.s[i]->peaks.n, sticks.s[i]->peaks.n);
}

static void what_is_no_mass_spectrum_is_refused_by_name(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    c.var[MASS].name = "ordinate_values";
    AUTO_READING detector = read_cdf(&c);
    assert_int_equal(detector.err[0].code, NPS_E_UNSUPPORTED);
    assert_non_null(strstr(detector.err[0].msg, "ANDI chromatogram"));
    c.var[MASS].name = "wind";
    AUTO_READING wind = read_cdf(&c);
    assert_int_equal(wind.err[0].code, NPS_E_UNSUPPORTED);
    assert_non_null(strstr(wind.err[0].msg, "'scan_index', 'point_count'"));
    assert_non_null(strstr(wind.err[0].msg, "and more holds no mass spectra"));
    cdf empty = {.version = 1};
    AUTO_READING nothing = read_cdf(&empty);
    assert_non_null(strstr(nothing.err[0].msg, "without variables"));
}

static void faults_of_the_whole_file_are_told_once(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    c.var[INTENSITY].name = "other";
    AUTO_READING no_intensity = read_cdf(&c);
    assert_int_equal(no_intensity.n_err, 1);
    assert_non_null(strstr(no_intensity.err[0].msg, "mass_values has 5 values, but intensity_values 0"));
    c = chromatogram(1, false);
    c.var[INDEX].name = "a";
    c.var[COUNT].name = "b";
    AUTO_READING no_scans = read_cdf(&c);
    assert_non_null(strstr(no_scans.err[0].msg, "neither scan_index nor point_count"));
    c = chromatogram(1, false);
    c.var[COUNT].value[0] = c.var[COUNT].value[2] = 0;
    AUTO_READING all_empty = read_cdf(&c);
    assert_int_equal(all_empty.n_err, 1);
    assert_non_null(strstr(all_empty.err[0].msg, "none of the 4 scans has any peaks"));
    c = chromatogram(1, false);
    cdf_number(&c, MASS, "scale_factor", CDF_DOUBLE, 0);
    AUTO_READING scale = read_cdf(&c);
    assert_int_equal(scale.n_err, 1);
    assert_non_null(strstr(scale.err[0].msg, "scale 0 or offset 0 of 'mass_values'"));
}

static void the_limits_hold(void **state)
{
    (void)state;
    cdf c = chromatogram(1, false);
    byte_file f = cdf_build(&c);
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_points = 2;
    AUTO_READING points = read_bytes(f.p, f.n, &limits);
    assert_int_equal(points.n, 1);
    assert_int_equal(points.err[0].code, NPS_E_LIMIT);
    limits = nps_read_limits_for_upload();
    limits.max_records = 2; /* the empty scan at the end does not count */
    AUTO_READING exact = read_bytes(f.p, f.n, &limits);
    assert_int_equal(exact.n_err, 0);
    limits.max_records = 1;
    AUTO_READING fewer = read_bytes(f.p, f.n, &limits);
    assert_int_equal(fewer.err[0].code, NPS_E_LIMIT);
}

static void every_cut_is_refused_or_read_without_harm(void **state)
{
    (void)state;
    nps_read_limits limits = nps_read_limits_for_upload();
    for (int k = 0; k < 4; k++) {
        cdf c = chromatogram(1 + k % 2, k / 2);
        byte_file f = cdf_build(&c);
        for (size_t n = 4; n < f.n; n++) {
            char *cut = malloc(n);
            memcpy(cut, f.p, n);
            AUTO_READING r = read_bytes(cut, n, &limits);
            assert_int_equal(r.open, NPS_OK);
            assert_true(r.n_err > 0 || r.n == 2); /* only remarks were cut */
            for (size_t i = 0; i < r.n_err && i < READING_MAX; i++)
                assert_true(r.err[i].offset <= n);
            free(cut);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans_with_peaks_are_records),
        cmocka_unit_test(values_are_scaled_and_shifted),
        cmocka_unit_test(index_or_count_alone_will_do),
        cmocka_unit_test(technique_and_polarity_follow_the_attributes),
        cmocka_unit_test(missing_values_are_left_out),
        cmocka_unit_test(a_bad_scan_stops_nothing),
        cmocka_unit_test(overlapping_scans_end_the_walk),
        cmocka_unit_test(continuum_spectra_are_centroided),
        cmocka_unit_test(what_is_no_mass_spectrum_is_refused_by_name),
        cmocka_unit_test(faults_of_the_whole_file_are_told_once),
        cmocka_unit_test(the_limits_hold),
        cmocka_unit_test(every_cut_is_refused_or_read_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
