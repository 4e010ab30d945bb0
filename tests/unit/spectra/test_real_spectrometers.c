/* OMNIC and OPUS files that others publish as test files of their own programs: each is read with the points, the axis
 * and the intensities that another program (Python's struct, by the published layouts) finds in it, or refused by its
 * name. */
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <math.h>

typedef struct {
    const char *path; /* below data/formats */
    size_t points;
    double low_cm1, high_cm1, least, most; /* of the axis and of the absorbance */
    const char *refused;                   /* part of the message */
} file_case;

static const file_case omnic[] = {
    {"spa/OpenSpecy--ftir_polyethylene_reflectance_adjustment_not_working.spa", 1738, 649.9207, 3999.8086, -0.01231864,
     0.2110473, NULL},
    {"spa/spectrochempy_data--10-Z22-Si-S7_1.SPA", 11098, 649.904, 6000.041, 0.1212849, 2.562578, NULL},
    {"spa/spectrochempy_data--10-Z22-Si-S7_5.SPA", 11098, 649.904, 6000.041, 0.130862, 2.369619, NULL},
    {"spa/spectrochempy_data--11-Z25-CP_0.SPA", 11098, 649.904, 6000.041, 0.198568, 6, NULL},
    {"spa/spectrochempy_data--11-Z25-CP_1.SPA", 11098, 649.904, 6000.041, 0.1985563, 6, NULL},
    {"spa/spectrochempy_data--11-Z25-CP_2.SPA", 11098, 649.904, 6000.041, 0.04964798, 2.936771, NULL},
    {"spa/spectrochempy_data--11-Z25-CP_4.SPA", 11098, 649.904, 6000.041, 0.154806, 2.793601, NULL},
    {"spa/spectrochempy_data--11-Z25-CP_5.SPA", 11098, 649.904, 6000.041, 0.1482281, 2.696843, NULL},
    {"spa/spectrochempy_data--11-Z25-CP_6.SPA", 11098, 649.904, 6000.041, 0.1511679, 2.76669, NULL},
    {"spa/spectrochempy_data--12-Z25-S5_1.SPA", 11098, 649.904, 6000.041, 0.1683828, 3.322579, NULL},
    {"spa/spectrochempy_data--12-Z25-S5_3.SPA", 11098, 649.904, 6000.041, 0.1177436, 2.558321, NULL},
    {"spa/spectrochempy_data--12-Z25-S5_5.SPA", 11098, 649.904, 6000.041, 0.1135549, 2.526431, NULL},
    {"spa/spectrochempy_data--2-BaSO4_1.SPA", 11098, 649.904, 6000.041, 0.4885202, 6, NULL},
    {"spa/spectrochempy_data--2-BaSO4_3.SPA", 11098, 649.904, 6000.041, 0.473325, 6, NULL},
    {"spa/spectrochempy_data--2-BaSO4_4.SPA", 11098, 649.904, 6000.041, 0.4722088, 6, NULL},
    {"spa/spectrochempy_data--2-BaSO4_5.SPA", 11098, 649.904, 6000.041, 0.4724539, 6, NULL},
    {"spa/spectrochempy_data--3-SILICA_0.SPA", 11098, 649.904, 6000.041, 0.1377737, 2.829985, NULL},
    {"spa/spectrochempy_data--3-SILICA_1.SPA", 11098, 649.904, 6000.041, 0.1367258, 2.845581, NULL},
    {"spa/spectrochempy_data--3-SILICA_3.SPA", 11098, 649.904, 6000.041, 0.1096966, 2.488915, NULL},
    {"spa/spectrochempy_data--3-SILICA_5.SPA", 11098, 649.904, 6000.041, 0.1086317, 2.480985, NULL},
    {"spa/spectrochempy_data--4-Z22-Si-C_1.SPA", 11098, 649.904, 6000.041, 0.3161478, 3.125678, NULL},
    {"spa/spectrochempy_data--4-Z22-Si-C_3.SPA", 11098, 649.904, 6000.041, 0.1710652, 3.147339, NULL},
    {"spa/spectrochempy_data--4-Z22-Si-C_5.SPA", 11098, 649.904, 6000.041, 0.1621298, 3.389065, NULL},
    {"spa/spectrochempy_data--5-Z25-S7_0.SPA", 11098, 649.904, 6000.041, 0.1527741, 3.050055, NULL},
    {"spa/spectrochempy_data--5-Z25-S7_2.SPA", 11098, 649.904, 6000.041, 0.0137848, 2.801706, NULL},
    {"spa/spectrochempy_data--5-Z25-S7_3.SPA", 11098, 649.904, 6000.041, 0.1253805, 2.632333, NULL},
    {"spa/spectrochempy_data--5-Z25-S7_4.SPA", 11098, 649.904, 6000.041, 0.1240612, 2.60496, NULL},
    {"spa/spectrochempy_data--5-Z25-S7_5.SPA", 11098, 649.904, 6000.041, 0.1238804, 2.599974, NULL},
    {"spa/spectrochempy_data--6-Z22-Si-S5_3.SPA", 11098, 649.904, 6000.041, 0.187746, 2.862843, NULL},
    {"spa/spectrochempy_data--6-Z22-Si-S5_4.SPA", 11098, 649.904, 6000.041, 0.1843756, 2.825744, NULL},
    {"spa/spectrochempy_data--6-Z22-Si-S5_5.SPA", 11098, 649.904, 6000.041, 0.1826439, 2.820556, NULL},
    {"spa/spectrochempy_data--7-PSB3_0.SPA", 11098, 649.904, 6000.041, 0.3000195, 3.028068, NULL},
    {"spa/spectrochempy_data--7-PSB3_2.SPA", 11098, 649.904, 6000.041, 0.1797968, 2.676857, NULL},
    {"spa/spectrochempy_data--7-PSB3_3.SPA", 11098, 649.904, 6000.041, 0.238618, 2.565907, NULL},
    {"spa/spectrochempy_data--7-PSB3_5.SPA", 11098, 649.904, 6000.041, 0.2304048, 2.471118, NULL},
    {"spa/spectrochempy_data--7_CZ0-100_Pd_101.SPA", 5549, 649.9207, 5999.7134, 0.2318304, 6, NULL},
    {"spa/spectrochempy_data--7_CZ0-100_Pd_102.SPA", 5549, 649.9207, 5999.7134, 0.2558837, 6, NULL},
    {"spa/spectrochempy_data--7_CZ0-100_Pd_103.SPA", 5549, 649.9207, 5999.7134, 0.264289, 6, NULL},
    {"spa/spectrochempy_data--7_CZ0-100_Pd_21.SPA", 5549, 649.9207, 5999.7134, 0.2333216, 2.955163, NULL},
    {"spa/spectrochempy_data--7_CZ0-100_Pd_3.SPA", 5549, 649.9207, 5999.7134, 0.247611, 3.037297, NULL},
    {"spa/spectrochempy_data--7_CZ0-100_Pd_5.SPA", 5549, 649.9207, 5999.7134, 0.243015, 3.002149, NULL},
    {"spa/spectrochempy_data--8-Z22-Si-S6_0.SPA", 11098, 649.904, 6000.041, 0.1515366, 2.796219, NULL},
    {"spa/spectrochempy_data--8-Z22-Si-S6_2.SPA", 11098, 649.904, 6000.041, -0.005254259, 2.492239, NULL},
    {"spa/spectrochempy_data--8-Z22-Si-S6_3.SPA", 11098, 649.904, 6000.041, 0.1337427, 2.462412, NULL},
    {"spa/spectrochempy_data--8-Z22-Si-S6_4.SPA", 11098, 649.904, 6000.041, 0.1318086, 2.462601, NULL},
    {"spa/spectrochempy_data--8-Z22-Si-S6_5.SPA", 11098, 649.904, 6000.041, 0.1314263, 2.454304, NULL},
    {"spa/spectrochempy_data--9-Z25-S6_0.SPA", 11098, 649.904, 6000.041, 0.1812371, 3.690784, NULL},
    {"spa/spectrochempy_data--9-Z25-S6_1.SPA", 11098, 649.904, 6000.041, 0.1807967, 3.588426, NULL},
    {"spa/spectrochempy_data--9-Z25-S6_3.SPA", 11098, 649.904, 6000.041, 0.1291368, 2.673258, NULL},
    {"spa/spectrochempy_data--BG1-BCKG_2.SPA", .refused = "single-beam"},
    {"spa/spectrochempy_data--interfero.SPA", .refused = "interferogram"},
    {"spa/spectrochempy_data--spectre.SPA", .refused = "single-beam"},
};

/* The axes and extremes are also what the files say of themselves (FXV, LXV, MNY, MXY). */
static const file_case opus[] = {
    {"opus/OpenSpecy--ftir_ps.0", 2126, 399.2238918542862, 4497.5367913246155, 0.012989447, 0.6112140417, NULL},
    {"opus/brukeropus--file.0", 4927, 499.4039959572754, 9997.720922928467, -1.1767736673, 6, NULL},
    {"opus/opusreader2--617262_1TP_C-1_A5.0", 3578, 599.7386920933837, 7497.697861283203, 0.2845864892, 1.8526335955,
     NULL},
    {"opus/opusreader2--BF_lo_01_soil_cal.1", 1716, 499.6746013772461, 3997.396811017969, 0.10407082737, 1.4668512344,
     NULL},
    {"opus/opusreader2--issue82_Opus_test.0", 1112, 3600, 12488, 0.2813302279, 1.9914139509, NULL},
    {"opus/spectrochempy_data--background.0",
     .refused = "interferogram of the reference, single-channel spectrum of the reference"},
};

static char *slurp_shared(const char *file, size_t *ret_len)
{
    char relative[512];
    snprintf(relative, sizeof relative, "data/formats/%s", file);
    const char *path = nps_shared_path(relative);
    if (!path)
        skip();
    char *data = nps_slurp(path, ret_len);
    assert_non_null(data);
    return data;
}

static void extremes(const nps_trace *t, double *least, double *most)
{
    *least = *most = (double)t->y[0];
    for (size_t i = 1; i < t->n; i++) {
        *least = fmin(*least, (double)t->y[i]);
        *most = fmax(*most, (double)t->y[i]);
    }
}

static void check_read(const reading *r, const file_case *f)
{
    double least, most;
    if (r->n_err)
        fail_msg("%s", r->err[0].msg);
    assert_int_equal(r->n, 1);
    const nps_trace *t = &r->s[0]->trace;
    assert_int_equal(r->s[0]->technique, NPS_TECH_IR);
    assert_int_equal(t->n, f->points);
    assert_near(t->x0_cm1, f->low_cm1, 1e-6, 0);
    assert_near(nps_trace_x(t, t->n - 1), f->high_cm1, 1e-6, 0);
    extremes(t, &least, &most);
    assert_near(least, f->least, 1e-5, 1e-8);
    assert_near(most, f->most, 1e-5, 1e-8);
}

static void check_file(const file_case *f, const char *format)
{
    size_t len;
    char *data = slurp_shared(f->path, &len);
    nps_read_limits limits = nps_read_limits_for_upload();
    AUTO_READING r = read_bytes(data, len, &limits);
    print_message("%s: %s\n", f->path, r.n_err ? r.err[0].msg : "read");
    free(data);
    assert_string_equal(r.format, format);
    if (!f->refused) {
        check_read(&r, f);
        return;
    }
    assert_int_equal(r.n, 0);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].code, NPS_E_UNSUPPORTED);
    assert_non_null(strstr(r.err[0].msg, f->refused));
}

static void omnic_files_are_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof omnic / sizeof *omnic; i++)
        check_file(&omnic[i], "omnic");
}

static void opus_files_are_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof opus / sizeof *opus; i++)
        check_file(&opus[i], "opus");
}

/* OMNIC writes the range into its history, too: "Resolution: 4.000 from 649.9207 to 3999.8086". */
static void the_range_is_what_the_history_says(void **state)
{
    (void)state;
    size_t len, compared = 0;
    for (size_t i = 0; i < sizeof omnic / sizeof *omnic; i++) {
        if (omnic[i].refused)
            continue;
        char *data = slurp_shared(omnic[i].path, &len), range[64];
        nps_read_limits limits = nps_read_limits_for_upload();
        AUTO_READING r = read_bytes(data, len, &limits);
        free(data);
        const nps_trace *t = &r.s[0]->trace;
        const char *history = meta_value(r.s[0], "History");
        snprintf(range, sizeof range, "from %.4f to %.4f", t->x0_cm1, nps_trace_x(t, t->n - 1));
        if (history && strstr(history, " from ")) {
            assert_non_null(strstr(history, range));
            compared++;
        }
    }
    assert_int_equal(compared, 43);
}

/* Makes the result of a file unknown to the reader. */
static void hide_absorbance(char *data)
{
    size_t at = (unsigned char)data[12], n = (unsigned char)data[20];
    for (size_t i = 0; i < n; i++, at += 12)
        if ((unsigned char)data[at] == 0x0f && (unsigned char)data[at + 1] == 0x10)
            data[at + 1] = 0x58;
}

/* OPUS itself made the absorbance of these files from the two single-channel spectra. */
static void the_computed_absorbance_is_that_of_opus(void **state)
{
    (void)state;
    static const char *const files[] = {"opus/OpenSpecy--ftir_ps.0", "opus/opusreader2--BF_lo_01_soil_cal.1"};
    /* The second file's absorbance was corrected for water vapour afterwards. */
    static const double tolerance[] = {1e-6, 0.05};
    for (size_t k = 0; k < 2; k++) {
        size_t len;
        char *data = slurp_shared(files[k], &len);
        nps_read_limits limits = nps_read_limits_for_upload();
        AUTO_READING stored = read_bytes(data, len, &limits);
        hide_absorbance(data);
        AUTO_READING computed = read_bytes(data, len, &limits);
        free(data);
        assert_int_equal(computed.n, 1);
        assert_non_null(strstr(meta_value(computed.s[0], "Spectrum read"), "computed"));
        const nps_trace *a = &stored.s[0]->trace, *b = &computed.s[0]->trace;
        assert_int_equal(a->n, b->n);
        assert_true(a->x0_cm1 == b->x0_cm1 && a->dx_cm1 == b->dx_cm1);
        for (size_t i = 0; i < a->n; i++)
            assert_near(b->y[i], a->y[i], 0, tolerance[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(omnic_files_are_read_or_refused),
        cmocka_unit_test(opus_files_are_read_or_refused),
        cmocka_unit_test(the_range_is_what_the_history_says),
        cmocka_unit_test(the_computed_absorbance_is_that_of_opus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
