/* OMNIC files. No measured .spg was at hand: the groups here are built after the published layout. */
#include "tests/support/nps_test.h"
#include "tests/support/omnic_file.h"
#include "tests/support/reading.h"

#include <math.h>

static const float five[] = {0.5F, 0.25F, 1.5F, 0.125F, 2};
static const omnic_head absorbance = {5, 1, 17, 4000, 3992, 32, 64};
static const uint32_t DATE = 3737043778u;

static reading read_file(const byte_file *f)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(f->p, f->n, &limits);
}

/* One spectrum of absorbance; head at OMNIC_DATA_AT. */
static void make(byte_file *f, omnic_head head)
{
    omnic_begin(f, "Sample 7", DATE);
    omnic_add_head(f, head);
    omnic_add_floats(f, 3, five, head.points < 5 ? head.points : 5);
}

static void expect_error(const byte_file *f, nps_status status, size_t offset, const char *part)
{
    AUTO_READING r = read_file(f);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].code, status);
    assert_int_equal(r.err[0].line, 0);
    if (!strstr(r.err[0].msg, part))
        fail_msg("'%s' does not hold '%s'", r.err[0].msg, part);
    assert_int_equal(r.err[0].offset, offset);
}

static void a_file_is_a_spectrum(void **state)
{
    (void)state;
    byte_file f;
    make(&f, absorbance);
    omnic_add_text(&f, 4, "found in a drawer");
    omnic_add_text(&f, 27, "Collect Sample\r\n\t Final format:\tAbsorbance");
    omnic_add_floats(&f, 102, five, 5);
    AUTO_READING r = read_file(&f);
    assert_string_equal(r.format, "omnic");
    assert_int_equal(r.n_err, 0);
    assert_int_equal(r.n, 1);
    const nps_spectrum *s = r.s[0];
    assert_int_equal(s->technique, NPS_TECH_IR);
    assert_int_equal(s->trace.n, 5);
    assert_true(s->trace.x0_cm1 == 3992 && s->trace.dx_cm1 == 2);
    for (size_t i = 0; i < 5; i++)
        assert_true(s->trace.y[i] == five[4 - i]);
    assert_string_equal(s->text[NPS_TEXT_NAME], "Sample 7");
    assert_string_equal(s->text[NPS_TEXT_COMMENT], "found in a drawer");
    assert_string_equal(meta_value(s, "History"), "Collect Sample    Final format: Absorbance");
    assert_string_equal(meta_value(s, "Acquisition date"), "2018-06-02 19:42:58 UTC");
    assert_string_equal(meta_value(s, "Scans"), "32");
    assert_string_equal(meta_value(s, "Background scans"), "64");
    assert_string_equal(meta_value(s, "Axis"), "wavenumbers (1/cm)");
    assert_string_equal(meta_value(s, "Intensities"), "absorbance");
    assert_string_equal(meta_value(s, "Stored beside the spectrum"), "interferogram of the sample");
    assert_int_equal(s->line, 0);
    assert_int_equal(s->offset, omnic_entry_at(0));
    for (size_t k = 0; k < NPS_REPAIR_COUNT; k++)
        assert_int_equal(r.repairs[k], 0);
}

static void every_ordinate_is_read_or_refused_by_its_name(void **state)
{
    (void)state;
    /* y of the stored 0.5 in absorbance: log10(1/0.5), log10(100/0.5); of Kubelka-Munk f = 0.5, R = 1 + f - sqrt(f^2 +
     * 2 f). */
    static const struct {
        unsigned code;
        double y;
        const char *refused;
    } cases[] = {
        {17, 0.5, NULL},          {16, 2.3010299956639813, NULL}, {11, 2.3010299956639813, NULL},
        {12, 0.5, NULL},          {20, 0.4179752805, NULL},       {15, 0, "single-beam"},
        {22, 0, "interferogram"}, {26, 0, "photoacoustic"},       {31, 0, "Raman intensity over wavenumbers"},
        {99, 0, "code 99"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f;
        omnic_head head = absorbance;
        head.y_unit = cases[i].code;
        make(&f, head);
        if (cases[i].refused) {
            expect_error(&f, NPS_E_UNSUPPORTED, OMNIC_DATA_AT + (cases[i].code == 31 ? 8 : 12), cases[i].refused);
            continue;
        }
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 1);
        assert_near(r.s[0]->trace.y[4], cases[i].y, 1e-7, 0);
        assert_int_equal(r.repairs[NPS_REPAIR_Y_UNIT], cases[i].code != 17 && cases[i].code != 12);
    }
}

static void every_axis_is_read_or_refused_by_its_name(void **state)
{
    (void)state;
    static const struct {
        unsigned code, y_unit;
        float first, last;
        double low, high; /* 1/cm */
        const char *refused;
    } cases[] = {
        {1, 17, 400, 404, 400, 404, NULL},
        {3, 17, 2500, 2500.5F, 1e7 / 2500.5, 4000, NULL},
        {4, 17, 2.5F, 2.5078125F, 1e4 / 2.5078125, 4000, NULL},
        {32, 31, 100, 3500, 100, 3500, NULL},
        {32, 17, 100, 3500, 0, 0, "absorbance over Raman shift"},
        {2, 17, 0, 4, 0, 0, "over data points"},
        {77, 17, 0, 4, 0, 0, "code 77"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f;
        make(&f, (omnic_head){5, cases[i].code, cases[i].y_unit, cases[i].first, cases[i].last, 1, 1});
        if (cases[i].refused) {
            expect_error(&f, NPS_E_UNSUPPORTED, OMNIC_DATA_AT + 8, cases[i].refused);
            continue;
        }
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 1);
        const nps_trace *t = &r.s[0]->trace;
        assert_near(t->x0_cm1, cases[i].low, 1e-12, 0);
        assert_near(nps_trace_x(t, t->n - 1), cases[i].high, 1e-12, 0);
        assert_int_equal(r.s[0]->technique, cases[i].code == 32 ? NPS_TECH_RAMAN : NPS_TECH_IR);
        assert_int_equal(r.repairs[NPS_REPAIR_X_UNIT], cases[i].code == 3 || cases[i].code == 4);
    }
}

static void make_group(byte_file *f)
{
    omnic_begin(f, "group.spg", 0);
    for (unsigned i = 0; i < 3; i++) {
        float v[4] = {1, 2, 3, (float)i};
        omnic_add_head(f, (omnic_head){4, 1, i == 1 ? 15 : 17, 403, 400, 1 + i, 1});
        omnic_add_title(f, i == 0 ? "first" : i == 1 ? "second" : "third", DATE + i);
        omnic_add_floats(f, 3, v, 4);
    }
}

static void each_spectrum_of_a_group_has_its_own_title(void **state)
{
    (void)state;
    byte_file f;
    make_group(&f);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 2);
    assert_string_equal(r.s[0]->text[NPS_TEXT_NAME], "first");
    assert_string_equal(r.s[1]->text[NPS_TEXT_NAME], "third");
    assert_string_equal(meta_value(r.s[1], "Acquisition date"), "2018-06-02 19:43:00 UTC");
    assert_string_equal(meta_value(r.s[1], "Scans"), "3");
    assert_true(r.s[0]->trace.y[0] == 0 && r.s[1]->trace.y[0] == 2);
    assert_int_equal(r.s[1]->offset, omnic_entry_at(6));
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].code, NPS_E_UNSUPPORTED);
}

static void the_limit_on_records_holds_for_a_group(void **state)
{
    (void)state;
    byte_file f;
    make_group(&f);
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_records = 2;
    AUTO_READING r = read_bytes(f.p, f.n, &limits);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 2);
    assert_int_equal(r.err[1].code, NPS_E_LIMIT);
    assert_int_equal(r.err[1].offset, omnic_entry_at(6));
}

static void blanked_points_are_bridged_and_blank_ends_left_out(void **state)
{
    (void)state;
    byte_file f;
    const float v[] = {NAN, 1, NAN, 3, NAN};
    omnic_begin(&f, "blanked", DATE);
    omnic_add_head(&f, absorbance);
    size_t at = omnic_add_floats(&f, 3, v, 5);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.s[0]->trace.n, 3);
    assert_true(r.s[0]->trace.x0_cm1 == 3994 && r.s[0]->trace.y[1] == 2);
    assert_int_equal(r.repairs[NPS_REPAIR_MISSING_POINT], 1);
    for (size_t i = 0; i < 5; i++)
        put_float_at(&f, at + 4 * i, NAN);
    expect_error(&f, NPS_E_FORMAT, at, "all intensities are blanked");
    put_float_at(&f, at + 4, 1);
    put_float_at(&f, at + 8, INFINITY);
    expect_error(&f, NPS_E_RANGE, at, "not finite");
}

static void more_intensities_than_points_are_told(void **state)
{
    (void)state;
    byte_file f;
    omnic_head head = absorbance;
    head.points = 3;
    omnic_begin(&f, "more", DATE);
    omnic_add_head(&f, head);
    omnic_add_floats(&f, 3, five, 5);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.s[0]->trace.n, 3);
    assert_int_equal(r.repairs[NPS_REPAIR_PEAK_COUNT], 1);
}

static void faults_are_told_with_their_byte(void **state)
{
    (void)state;
    static const struct {
        size_t at; /* what is overwritten, and how */
        uint32_t v;
        nps_status status;
        size_t offset;
        const char *part;
    } cases[] = {
        {304 + 2, 1 << 20, NPS_E_FORMAT, 306, "header of a spectrum"},
        {OMNIC_DATA_AT + 4, 6, NPS_E_FORMAT, 320 + 6, "5 intensities for 6 points"},
        {OMNIC_DATA_AT + 4, 1, NPS_E_FORMAT, OMNIC_DATA_AT + 4, "1 points make no spectrum"},
        {OMNIC_DATA_AT + 4, 0xffffffff, NPS_E_LIMIT, OMNIC_DATA_AT + 4, "more than the limit"},
        {OMNIC_DATA_AT + 16, 0x7f800000, NPS_E_FORMAT, OMNIC_DATA_AT + 16, "an axis from inf"},
        {OMNIC_DATA_AT + 20, 0x457a0000, NPS_E_FORMAT, OMNIC_DATA_AT + 16, "an axis from 4000 to 4000"},
        {320 + 2, 0xfffffff0, NPS_E_FORMAT, 322, "intensities"},
        {320 + 6, 0xfffffff0, NPS_E_FORMAT, 322, "intensities"},
        {304, 0, NPS_E_FORMAT, 304, "names no spectrum"},
        {320, 0x00010001, NPS_E_FORMAT, OMNIC_DATA_AT, "has no intensities"},
        {294, 0xffff, NPS_E_FORMAT, 294, "65535 entries"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f;
        make(&f, absorbance);
        put_int_at(&f, cases[i].at, cases[i].v, cases[i].at == 294 || cases[i].at == 320 ? 2 : 4);
        expect_error(&f, cases[i].status, cases[i].offset, cases[i].part);
    }
}

static void a_series_is_refused_by_its_name(void **state)
{
    (void)state;
    byte_file f;
    make(&f, absorbance);
    put_text_at(&f, 0, "Spectral Exte File\r\n");
    expect_error(&f, NPS_E_UNSUPPORTED, 0, ".srs");
}

static void a_title_beyond_the_end_is_told(void **state)
{
    (void)state;
    byte_file f;
    make_group(&f);
    put_int_at(&f, omnic_entry_at(1) + 2, (uint32_t)f.n - 200, 4);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.err[0].offset, omnic_entry_at(1) + 2);
    assert_non_null(strstr(r.err[0].msg, "title"));
}

static void a_region_that_many_spectra_claim_is_no_bomb(void **state)
{
    (void)state;
    byte_file f;
    omnic_begin(&f, "bomb", DATE);
    size_t head = omnic_add_head(&f, absorbance);
    size_t at = omnic_add_floats(&f, 3, five, 5);
    for (size_t i = 0; i < 7; i++) {
        omnic_add_entry(&f, 2, head, 140);
        omnic_add_entry(&f, 3, at, f.n - at);
    }
    put_text_at(&f, f.n + 2000, "end");
    for (size_t i = 1; i < omnic_entries(&f); i += 2)
        put_int_at(&f, omnic_entry_at(i) + 6, (uint32_t)(f.n - at), 4);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 7);
    assert_non_null(strstr(r.err[0].msg, "claim more bytes"));
}

static void no_prefix_of_a_file_does_harm(void **state)
{
    (void)state;
    byte_file f;
    make_group(&f);
    nps_read_limits limits = nps_read_limits_for_upload();
    for (size_t n = 18; n < f.n; n++) {
        char *cut = malloc(n);
        assert_non_null(cut);
        memcpy(cut, f.p, n);
        AUTO_READING r = read_bytes(cut, n, &limits);
        assert_true(r.n < 2 && r.n_err > 0);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_a_spectrum),
        cmocka_unit_test(every_ordinate_is_read_or_refused_by_its_name),
        cmocka_unit_test(every_axis_is_read_or_refused_by_its_name),
        cmocka_unit_test(each_spectrum_of_a_group_has_its_own_title),
        cmocka_unit_test(the_limit_on_records_holds_for_a_group),
        cmocka_unit_test(blanked_points_are_bridged_and_blank_ends_left_out),
        cmocka_unit_test(more_intensities_than_points_are_told),
        cmocka_unit_test(faults_are_told_with_their_byte),
        cmocka_unit_test(a_series_is_refused_by_its_name),
        cmocka_unit_test(a_title_beyond_the_end_is_told),
        cmocka_unit_test(a_region_that_many_spectra_claim_is_no_bomb),
        cmocka_unit_test(no_prefix_of_a_file_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
