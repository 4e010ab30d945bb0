#include "tests/support/nps_test.h"
#include "tests/support/opus_file.h"
#include "tests/support/reading.h"

#include <math.h>

static const float five[] = {0.5F, 0.25F, 1.5F, 0.125F, 2};
static const opus_status plain = {5, 4000, 3992, 1, "WN", 1};
static const uint32_t AB = OPUS_RATIO | OPUS_KIND(4), SCSM = OPUS_SAMPLE | OPUS_KIND(1),
                      SCRF = OPUS_REFERENCE | OPUS_KIND(1);

static reading read_file(const byte_file *f)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(f->p, f->n, &limits);
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

/* A data block of `five` with its status block behind it. */
static opus_places add(byte_file *f, uint32_t type, opus_status status)
{
    opus_add_data(f, type, five, 5);
    return opus_add_status(f, type, status);
}

static opus_places make(byte_file *f, uint32_t type, opus_status status)
{
    opus_begin(f);
    return add(f, type, status);
}

static void add_measurement(byte_file *f)
{
    size_t at = f->n;
    opus_put_text(f, "SNM", 2, "Sample 7");
    opus_put_text(f, "CNM", 2, "");
    opus_put_end(f);
    opus_enter(f, 0xa0, at);
    at = f->n;
    opus_put_text(f, "INS", 2, "Alpha");
    opus_put_double(f, "RES", 4);
    opus_put_int(f, "ASS", 64);
    opus_put_text(f, "BMS", 4, "ZnSe");
    opus_put_text(f, "Q\x01Z", 3, "\xe9t\xe9");
    opus_put_head(f, "NEW", 9, 0);
    opus_put_end(f);
    opus_enter(f, 0x20, at);
    at = f->n;
    opus_put_text(f, "INS", 2, "Alpha");
    opus_put_end(f);
    opus_enter(f, 0x28, at);
}

static void a_file_is_a_spectrum(void **state)
{
    (void)state;
    byte_file f;
    make(&f, AB, plain);
    add_measurement(&f);
    AUTO_READING r = read_file(&f);
    assert_string_equal(r.format, "opus");
    assert_int_equal(r.n_err, 0);
    assert_int_equal(r.n, 1);
    const nps_spectrum *s = r.s[0];
    assert_int_equal(s->technique, NPS_TECH_IR);
    assert_int_equal(s->trace.n, 5);
    assert_true(s->trace.x0_cm1 == 3992 && s->trace.dx_cm1 == 2);
    for (size_t i = 0; i < 5; i++)
        assert_true(s->trace.y[i] == five[4 - i]);
    assert_string_equal(s->text[NPS_TEXT_NAME], "Sample 7");
    assert_string_equal(s->text[NPS_TEXT_INSTRUMENT], "Alpha");
    assert_string_equal(meta_value(s, "Spectrum read"), "absorbance");
    assert_null(meta_value(s, "Stored beside the spectrum"));
    assert_string_equal(meta_value(s, "Resolution (1/cm), RES"), "4");
    assert_string_equal(meta_value(s, "Number of sample scans, ASS"), "64");
    assert_string_equal(meta_value(s, "Beamsplitter, BMS"), "ZnSe");
    assert_string_equal(meta_value(s, "Q?Z"), "\xc3\xa9t\xc3\xa9");
    assert_string_equal(meta_value(s, "Date of measurement, DAT"), "06/11/2015");
    assert_string_equal(meta_value(s, "Reference: Instrument, INS"), "Alpha");
    assert_null(meta_value(s, "Operator, CNM"));
    assert_true(s->line == 0 && s->offset == 0);
}

static void every_result_is_read(void **state)
{
    (void)state;
    /* Of the stored 0.5: log10(1/0.5); of Kubelka-Munk f = 0.5, R = 1 + f - sqrt(f^2 + 2 f). */
    static const struct {
        unsigned kind;
        double y;
        const char *name;
        nps_technique technique;
    } cases[] = {
        {4, 0.5, "absorbance", NPS_TECH_IR},
        {16, 0.5, "ATR", NPS_TECH_IR},
        {5, 0.30102999566, "transmittance", NPS_TECH_IR},
        {12, 0.30102999566, "reflectance", NPS_TECH_IR},
        {15, 0.5, "log reflectance", NPS_TECH_IR},
        {6, 0.4179752805, "Kubelka-Munk", NPS_TECH_IR},
        {10, 0.5, "Raman spectrum", NPS_TECH_RAMAN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f;
        make(&f, OPUS_RATIO | OPUS_KIND(cases[i].kind), plain);
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 1);
        assert_near(r.s[0]->trace.y[4], cases[i].y, 1e-7, 0);
        assert_string_equal(meta_value(r.s[0], "Spectrum read"), cases[i].name);
        assert_int_equal(r.s[0]->technique, cases[i].technique);
    }
}

static void what_is_no_result_is_refused_by_its_name(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        const char *name;
    } cases[] = {
        {OPUS_SAMPLE | OPUS_KIND(1), "holds: single-channel spectrum of the sample"},
        {OPUS_REFERENCE | OPUS_KIND(1), "holds: single-channel spectrum of the reference"},
        {OPUS_SAMPLE | OPUS_KIND(2), "holds: interferogram of the sample"},
        {OPUS_SAMPLE | OPUS_KIND(3), "holds: phase spectrum of the sample"},
        {OPUS_RATIO | OPUS_KIND(7), "holds: intensity over time"},
        {OPUS_RATIO | OPUS_KIND(8), "holds: series of interferograms"},
        {OPUS_RATIO | OPUS_KIND(9), "holds: series of spectra"},
        {OPUS_SAMPLE | OPUS_KIND(11), "holds: emission spectrum of the sample"},
        {OPUS_SAMPLE | OPUS_KIND(14), "holds: power spectrum of the sample"},
        {OPUS_RATIO | OPUS_KIND(17), "holds: photoacoustic spectrum"},
        {OPUS_RATIO | OPUS_KIND(18), "holds: result of arithmetic (like transmittance)"},
        {OPUS_RATIO | OPUS_KIND(22), "holds: data of the unknown kind 22"},
        {OPUS_RATIO | OPUS_KIND(36), "holds: absorbance (detector channel 2)"},
        {OPUS_RATIO | OPUS_KIND(4) | 1 << 17, "holds: first derivative of absorbance"},
        {OPUS_RATIO | OPUS_KIND(4) | 2 << 19, "holds: series: absorbance"},
        {OPUS_RATIO | OPUS_KIND(4) | 1 << 25, "holds: absorbance (of an unknown variant)"},
        {0xd | OPUS_KIND(4), "holds: real part of absorbance"},
        {OPUS_REFERENCE | OPUS_KIND(4), "holds: absorbance of the reference"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f;
        make(&f, cases[i].type, plain);
        expect_error(&f, NPS_E_UNSUPPORTED, OPUS_DIRECTORY_AT, cases[i].name);
    }
    byte_file f;
    make(&f, AB | 1 << 19, plain); /* a peak table hangs on absorbance that is not there */
    expect_error(&f, NPS_E_FORMAT, OPUS_DIRECTORY_AT, "holds no data");
}

static void absorbance_comes_first_and_the_others_are_named(void **state)
{
    (void)state;
    byte_file f;
    opus_begin(&f);
    add(&f, OPUS_RATIO | OPUS_KIND(5), plain);
    add(&f, SCSM, plain);
    opus_status shifted = plain;
    shifted.first_x = 4008;
    shifted.last_x = 4000;
    add(&f, AB | OPUS_ORIGINAL, plain);
    add(&f, AB, shifted);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_true(r.s[0]->trace.x0_cm1 == 4000);
    assert_string_equal(meta_value(r.s[0], "Spectrum read"), "absorbance");
    assert_string_equal(
        meta_value(r.s[0], "Stored beside the spectrum"),
        "transmittance, single-channel spectrum of the sample, absorbance (of the original measurement)");
}

static void absorbance_is_computed_from_sample_and_reference(void **state)
{
    (void)state;
    const float sample[] = {5, 20, 100, 0, 7, 99}, reference[] = {1, 1, 50, 200, 100, 10, 0, 3};
    byte_file f;
    opus_begin(&f);
    opus_add_data(&f, SCSM, sample, 6);
    opus_add_status(&f, SCSM, (opus_status){5, 4000, 3992, 1, "WN", 1});
    opus_add_data(&f, SCRF, reference, 8);
    opus_add_status(&f, SCRF, (opus_status){8, 4004, 3990, 1, "WN", 1});
    add_measurement(&f);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    const nps_spectrum *s = r.s[0];
    /* Point 3 passes no light, point 4 had none to pass. */
    const double want[] = {1, 1, 0, 6, 6};
    assert_int_equal(s->trace.n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_near(s->trace.y[4 - i], want[i], 1e-7, 1e-12);
    assert_int_equal(r.repairs[NPS_REPAIR_CLIPPED], 2);
    assert_int_equal(s->technique, NPS_TECH_IR);
    assert_non_null(strstr(meta_value(s, "Spectrum read"), "computed as -log10"));
    assert_null(meta_value(s, "Stored beside the spectrum"));
}

static void channels_of_different_axes_make_no_absorbance(void **state)
{
    (void)state;
    static const opus_status others[] = {
        {5, 4000, 3991, 1, "WN", 1}, /* another step */
        {5, 4001, 3993, 1, "WN", 1}, /* between the points */
        {5, 4002, 3994, 1, "WN", 1}, /* too short behind */
        {5, 3998, 3990, 1, "WN", 1}, /* begins later */
        {5, 3992, 4000, 1, "WN", 1}, /* backwards */
        {5, 4000, 3992, 1, "MI", 1},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        byte_file f;
        opus_begin(&f);
        add(&f, SCSM, plain);
        add(&f, SCRF, others[i]);
        expect_error(&f, NPS_E_UNSUPPORTED, opus_entry_at(2), "different axes");
    }
}

static void intensities_are_scaled(void **state)
{
    (void)state;
    byte_file f;
    opus_status s = plain;
    s.scale = 0.25;
    make(&f, AB, s);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_true(r.s[0]->trace.y[0] == 0.5F);
}

static void every_unit_of_the_axis_is_read_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        double low;
        const char *refused;
    } cases[] = {
        {"WN", 2.5, NULL},          {"MI", 1e4 / 2.5078125, NULL}, {"LGW", 0, "logarithm of the wavenumber"},
        {"MIN", 0, "over minutes"}, {"PNT", 0, "over points"},     {"XYZ", 0, "unknown unit 'XYZ'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f;
        opus_places at = make(&f, AB, (opus_status){5, 2.5, 2.5078125, 1, cases[i].unit, 1});
        if (cases[i].refused) {
            expect_error(&f, NPS_E_UNSUPPORTED, at.unit, cases[i].refused);
            continue;
        }
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 1);
        assert_near(r.s[0]->trace.x0_cm1, cases[i].low, 1e-12, 0);
        assert_int_equal(r.repairs[NPS_REPAIR_X_UNIT], i == 1);
    }
}

static void faults_of_the_status_block_are_told_with_their_byte(void **state)
{
    (void)state;
    byte_file f;
    opus_status s = plain;
    opus_places at;
#define WITH(member, value) (s = plain, s.member = (value), at = make(&f, AB, s))
    WITH(points, 6);
    expect_error(&f, NPS_E_FORMAT, at.points, "6 points are stated, but only 5 are stored");
    WITH(points, 1);
    expect_error(&f, NPS_E_FORMAT, at.points, "1 points make no spectrum");
    WITH(points, -5);
    expect_error(&f, NPS_E_FORMAT, at.points, "-5 points make no spectrum");
    WITH(points, INT32_MAX);
    expect_error(&f, NPS_E_LIMIT, at.points, "more than the limit");
    WITH(format, 2);
    expect_error(&f, NPS_E_UNSUPPORTED, at.format, "data format 2");
    WITH(first_x, (double)NAN);
    expect_error(&f, NPS_E_FORMAT, at.first_x, "an axis from");
    WITH(last_x, 4000);
    expect_error(&f, NPS_E_FORMAT, at.first_x, "an axis from 4000 to 4000");
    WITH(scale, 0);
    expect_error(&f, NPS_E_FORMAT, at.scale, "scaled by 0");
    WITH(unit, NULL);
    expect_error(&f, NPS_E_FORMAT, at.block, "no unit of the axis");
#undef WITH
    at = make(&f, AB, plain);
    put_text_at(&f, at.points - 8, "NPX"); /* a parameter of another name */
    expect_error(&f, NPS_E_FORMAT, at.block, "no number NPT (Number of points)");
    at = make(&f, OPUS_RATIO | OPUS_KIND(10), (opus_status){5, 9394, 5400, 1, "WN", 1});
    expect_error(&f, NPS_E_UNSUPPORTED, at.first_x, "is not over Raman shifts");
}

static void faults_of_the_directory_are_told_with_their_byte(void **state)
{
    (void)state;
    byte_file f;
    make(&f, AB, plain);
    put_int_at(&f, 20, 1001, 4);
    expect_error(&f, NPS_E_LIMIT, 20, "1001 blocks");
    make(&f, AB, plain);
    put_int_at(&f, 12, (uint32_t)f.n - 8, 4);
    expect_error(&f, NPS_E_FORMAT, 12, "inside its directory of 2 blocks");
    make(&f, AB, plain);
    put_int_at(&f, opus_entry_at(0) + 8, (uint32_t)f.n, 4);
    expect_error(&f, NPS_E_FORMAT, opus_entry_at(0) + 8, "intensities");
    make(&f, AB, plain);
    put_int_at(&f, opus_entry_at(1) + 8, (uint32_t)f.n, 4);
    expect_error(&f, NPS_E_FORMAT, opus_entry_at(1) + 8, "status of its absorbance");
    make(&f, AB, plain);
    put_int_at(&f, opus_entry_at(1), OPUS_STATUS, 4);
    expect_error(&f, NPS_E_FORMAT, opus_entry_at(0), "no status block");
    opus_begin(&f);
    expect_error(&f, NPS_E_FORMAT, OPUS_DIRECTORY_AT, "holds no data");
}

static void intensities_that_are_not_finite_are_told(void **state)
{
    (void)state;
    byte_file f;
    make(&f, AB, plain);
    put_float_at(&f, OPUS_DATA_AT + 4, NAN);
    expect_error(&f, NPS_E_RANGE, OPUS_DATA_AT, "point 2 is not finite");
}

static void parameters_that_many_blocks_claim_are_no_bomb(void **state)
{
    (void)state;
    byte_file f;
    make(&f, AB, plain);
    size_t at = f.n;
    for (size_t i = 0; i < 1000; i++)
        opus_put_text(&f, "CNM", 2, "");
    for (size_t i = 0; i < 3; i++)
        opus_enter(&f, 0xa0, at);
    expect_error(&f, NPS_E_FORMAT, opus_entry_at(3) + 4, "claim more bytes");
}

static void parameters_beyond_the_limit_are_left_out(void **state)
{
    (void)state;
    byte_file f;
    make(&f, AB, plain);
    size_t at = f.n;
    for (int32_t i = 0; i < 1200; i++)
        opus_put_int(&f, "ABC", i);
    opus_enter(&f, 0xa0, at);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.s[0]->n_meta, 901);
}

static void no_prefix_of_a_file_does_harm(void **state)
{
    (void)state;
    byte_file f;
    make(&f, AB, plain);
    nps_read_limits limits = nps_read_limits_for_upload();
    for (size_t n = 4; n < f.n; n++) {
        char *cut = malloc(n);
        assert_non_null(cut);
        memcpy(cut, f.p, n);
        AUTO_READING r = read_bytes(cut, n, &limits);
        assert_int_equal(r.n, 0);
        assert_int_equal(r.n_err, 1);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_a_spectrum),
        cmocka_unit_test(every_result_is_read),
        cmocka_unit_test(what_is_no_result_is_refused_by_its_name),
        cmocka_unit_test(absorbance_comes_first_and_the_others_are_named),
        cmocka_unit_test(absorbance_is_computed_from_sample_and_reference),
        cmocka_unit_test(channels_of_different_axes_make_no_absorbance),
        cmocka_unit_test(intensities_are_scaled),
        cmocka_unit_test(every_unit_of_the_axis_is_read_or_refused),
        cmocka_unit_test(faults_of_the_status_block_are_told_with_their_byte),
        cmocka_unit_test(faults_of_the_directory_are_told_with_their_byte),
        cmocka_unit_test(intensities_that_are_not_finite_are_told),
        cmocka_unit_test(parameters_that_many_blocks_claim_are_no_bomb),
        cmocka_unit_test(parameters_beyond_the_limit_are_left_out),
        cmocka_unit_test(no_prefix_of_a_file_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
