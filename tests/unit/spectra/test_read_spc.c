/* Reads SPC files that are built here field by field after SPC.H, one for each variant, unit and fault. */
#include "tests/support/byte_file.h"
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include "spectra/spc_kind.h"

#include <math.h>

enum { SPREC = 1, CGRAM = 2, MULTI = 4, RANDM = 8, ORDRD = 16, ALABS = 32, XYXYS = 64, XVALS = 128 };
enum { FLOATS = -128, LSB = 0x4B, MSB = 0x4C };

typedef struct {
    unsigned version, flags, experiment, x, y, z, n_sub;
    int exponent;
    unsigned n_points; /* or the offset of the directory */
    double first, last;
    unsigned log_at;
    float z_step;
} head;

/* 1997-03-09 08:46 */
static const uint32_t DATE = 1997U << 20 | 3U << 16 | 9U << 11 | 8U << 6 | 46U;

static void put_head(byte_file *f, head h)
{
    f->big = h.version == MSB;
    put_int(f, h.flags, 1);
    put_int(f, h.version, 1);
    put_int(f, h.experiment, 1);
    put_int(f, (uint8_t)h.exponent, 1);
    put_int(f, h.n_points, 4);
    put_double(f, h.first);
    put_double(f, h.last);
    put_int(f, h.n_sub, 4);
    put_int(f, h.x, 1);
    put_int(f, h.y, 1);
    put_int(f, h.z, 1);
    put_int(f, 0, 1);
    put_int(f, DATE, 4);
    put_field(f, "4.0 CM-1", 9);
    put_field(f, "FTS 20", 9);
    put_zeros(f, 2 + 32);
    put_field(f, "Film of wax", 130);
    put_bytes(f, "Wave\0Light\0Clock", 17);
    put_zeros(f, 13);
    put_int(f, h.log_at, 4);
    put_zeros(f, 4 + 1 + 1 + 2);
    put_float(f, 2.5F);
    put_field(f, "SCAN.M", 48);
    put_float(f, h.z_step);
    put_zeros(f, 512 - f->n);
}

static void put_sub(byte_file *f, int exponent, unsigned index, float z, float z_next, unsigned n)
{
    put_int(f, 0, 1);
    put_int(f, (uint8_t)exponent, 1);
    put_int(f, index, 2);
    put_float(f, z);
    put_float(f, z_next);
    put_float(f, 0);
    put_int(f, n, 4);
    put_int(f, 16, 4);
    put_zeros(f, 8);
}

static void put_log(byte_file *f, const char *text)
{
    size_t n = strlen(text);
    put_int(f, 64 + n, 4);
    put_int(f, 4096, 4);
    put_int(f, 64, 4);
    put_zeros(f, 52);
    put_bytes(f, text, n);
}

static reading read_file(const byte_file *f)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(f->p, f->n, &limits);
}

/* Five points of 0.25, 0.5, -0.25, 1, 0 times 2^exponent / 2, as fractions of 32 bits. */
static const uint32_t FRACTIONS[5] = {0x20000000, 0x40000000, 0xE0000000, 0x7FFFFFFF, 0};

static void put_fractions(byte_file *f)
{
    for (size_t i = 0; i < 5; i++)
        put_int(f, FRACTIONS[i], 4);
}

static byte_file simple(head h)
{
    byte_file f = {0};
    h.n_points = 5;
    put_head(&f, h);
    put_sub(&f, 0, 0, 0, 0, 0);
    put_fractions(&f);
    return f;
}

static void check_simple(const nps_spectrum *s)
{
    assert_int_equal(s->technique, NPS_TECH_IR);
    assert_int_equal(s->trace.n, 5);
    assert_near(s->trace.x0_cm1, 1000, 0, 0);
    assert_near(s->trace.dx_cm1, 2, 0, 0);
    /* stored from 1008 down */
    static const double y[5] = {0, 1, -0.25, 0.5, 0.25};
    for (size_t i = 0; i < 5; i++)
        assert_near((double)s->trace.y[i], y[i], 1e-8, 0);
    assert_int_equal(s->line, 0);
    assert_int_equal(s->offset, 0);
}

static void one_evenly_spaced_spectrum_is_read_with_its_texts(void **state)
{
    (void)state;
    for (unsigned version = LSB; version <= MSB; version++) {
        byte_file f = simple((head){.version = version, .x = 1, .y = 2, .exponent = 1, .first = 1008, .last = 1000});
        AUTO_READING r = read_file(&f);
        assert_string_equal(r.format, "spc");
        assert_int_equal(r.n, 1);
        assert_int_equal(r.n_err, 0);
        check_simple(r.s[0]);
        assert_string_equal(r.s[0]->text[NPS_TEXT_NAME], "Film of wax");
        assert_string_equal(r.s[0]->text[NPS_TEXT_INSTRUMENT], "FTS 20");
        assert_string_equal(meta_value(r.s[0], "Resolution"), "4.0 CM-1");
        assert_string_equal(meta_value(r.s[0], "Method"), "SCAN.M");
        assert_string_equal(meta_value(r.s[0], "Date"), "1997-03-09 08:46");
        assert_string_equal(meta_value(r.s[0], "Ordinate"), "absorbance");
        assert_string_equal(meta_value(r.s[0], "Concentration factor"), "2.5");
        assert_string_equal(meta_value(r.s[0], "Scans"), "16");
        assert_null(meta_value(r.s[0], "Subfile"));
        assert_null(meta_value(r.s[0], "X label"));
    }
}

static void labels_count_only_with_their_flag(void **state)
{
    (void)state;
    byte_file f = simple((head){.version = LSB, .flags = ALABS, .x = 1, .y = 2, .exponent = 1, .first = 1, .last = 9});
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_string_equal(meta_value(r.s[0], "X label"), "Wave");
    assert_string_equal(meta_value(r.s[0], "Y label"), "Light");
    assert_string_equal(meta_value(r.s[0], "Z label"), "Clock");
}

static void words_and_floats_are_read_as_well_as_long_numbers(void **state)
{
    (void)state;
    static const uint16_t words[5] = {0x2000, 0x4000, 0xE000, 0x7FFF, 0};
    static const float floats[5] = {0.25F, 0.5F, -0.25F, 1, 0};
    for (unsigned version = LSB; version <= MSB; version++)
        for (unsigned flags = 0; flags <= SPREC; flags++)
            for (int k = 0; k < 2; k++) {
                bool as_float = k == 1;
                if (!as_float && !flags)
                    continue;
                byte_file f = {0};
                put_head(&f, (head){.version = version,
                                    .flags = flags,
                                    .x = 1,
                                    .y = 10,
                                    .n_points = 5,
                                    .exponent = as_float ? FLOATS : 1,
                                    .first = 1000,
                                    .last = 1008});
                put_sub(&f, 7, 0, 0, 0, 0); /* its exponent does not count in a single file */
                for (size_t i = 0; i < 5; i++)
                    if (as_float)
                        put_float(&f, floats[i]);
                    else
                        put_int(&f, words[i], 2);
                AUTO_READING r = read_file(&f);
                assert_int_equal(r.n, 1);
                for (size_t i = 0; i < 5; i++)
                    assert_near((double)r.s[0]->trace.y[i], (double)floats[i], 4e-5, 0);
            }
}

static void put_old_head(byte_file *f, unsigned flags, int exponent, float n, float first, float last, unsigned x,
                         unsigned y)
{
    put_int(f, flags, 1);
    put_int(f, 0x4D, 1);
    put_int(f, (uint16_t)exponent, 2);
    put_float(f, n);
    put_float(f, first);
    put_float(f, last);
    put_int(f, x, 1);
    put_int(f, y, 1);
    put_int(f, 5U << 12 | 92, 2); /* z in minutes; 1992 */
    put_int(f, 5, 1);
    put_int(f, 14, 1);
    put_int(f, 20, 1);
    put_int(f, 19, 1);
    put_field(f, "8. cm-1", 8);
    put_zeros(f, 32);
    put_field(f, "Old film", 130);
    put_zeros(f, 30);
}

static void put_swapped(byte_file *f)
{
    for (size_t i = 0; i < 5; i++) {
        put_int(f, FRACTIONS[i] >> 16, 2);
        put_int(f, FRACTIONS[i] & 0xFFFF, 2);
    }
}

static void old_files_swap_the_words_of_their_numbers(void **state)
{
    (void)state;
    byte_file f = {0};
    put_old_head(&f, 0, 1, 5, 1008, 1000, 1, 2);
    put_sub(&f, 9, 0, 0, 0, 0);
    put_swapped(&f);
    AUTO_READING r = read_file(&f);
    assert_string_equal(r.format, "spc");
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 0);
    check_simple(r.s[0]);
    assert_string_equal(r.s[0]->text[NPS_TEXT_NAME], "Old film");
    assert_string_equal(meta_value(r.s[0], "Date"), "1992-05-14 20:19");
}

static void old_files_of_several_go_on_to_the_end(void **state)
{
    (void)state;
    byte_file f = {0};
    put_old_head(&f, MULTI | ORDRD, -3, 5, 1000, 1008, 1, 2);
    for (unsigned i = 0; i < 3; i++) {
        put_sub(&f, (int)i - 1, i, 2.0F + (float)i, 0, 0);
        put_swapped(&f);
    }
    put_zeros(&f, 10); /* padding */
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.n_err, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_near((double)r.s[i]->trace.y[0], 0.0625 * (1 << i), 0, 0);
        assert_int_equal(r.s[i]->offset, 224 + i * 52);
    }
    assert_string_equal(meta_value(r.s[2], "Subfile"), "3 of 3");
    assert_string_equal(meta_value(r.s[2], "Z"), "4 minutes");
    f.p[f.n - 1] = 1;
    AUTO_READING cut = read_file(&f);
    assert_int_equal(cut.n, 3);
    assert_int_equal(cut.n_err, 1);
}

static byte_file common_x(unsigned version)
{
    static const float x[5] = {1000, 1002, 1004, 1006, 1008};
    byte_file f = {0};
    put_head(&f, (head){.version = version,
                        .flags = MULTI | XVALS,
                        .x = 1,
                        .y = 2,
                        .z = 4,
                        .n_sub = 2,
                        .n_points = 5,
                        .z_step = 10});
    for (size_t i = 0; i < 5; i++)
        put_float(&f, x[i]);
    for (unsigned i = 0; i < 2; i++) {
        put_sub(&f, 1, i, 3, 0, 0);
        put_fractions(&f);
    }
    return f;
}

static void subfiles_share_stored_abscissae(void **state)
{
    (void)state;
    for (unsigned version = LSB; version <= MSB; version++) {
        byte_file f = common_x(version);
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 2);
        for (size_t i = 0; i < 2; i++) {
            assert_near(r.s[i]->trace.x0_cm1, 1000, 0, 0);
            assert_near(r.s[i]->trace.dx_cm1, 2, 0, 0);
            assert_near((double)r.s[i]->trace.y[1], 0.5, 0, 0);
        }
        assert_string_equal(meta_value(r.s[1], "Z"), "13 seconds");
    }
}

/* A chromatogram of three mass spectra of i + 2 points, m/z 50, 51 ..., intensity 1, 2 ... times 2^exponent / 16. */
static byte_file masses(unsigned version, unsigned flags, bool directory)
{
    byte_file f = {0};
    size_t at[3];
    put_head(&f, (head){.version = version,
                        .flags = MULTI | ORDRD | XYXYS | XVALS | flags,
                        .x = 9,
                        .y = 0,
                        .z = 5,
                        .n_sub = 3,
                        .experiment = 9});
    for (unsigned i = 0; i < 3; i++) {
        at[i] = f.n;
        put_sub(&f, (int)i, i, 1.5F * (float)(i + 1), 0, i + 2);
        for (unsigned k = 0; k < i + 2; k++)
            put_float(&f, 50.0F + (float)k);
        for (unsigned k = 0; k < i + 2; k++)
            put_int(&f, (uint64_t)(k + 1) << (flags & SPREC ? 12 : 28), flags & SPREC ? 2 : 4);
    }
    if (directory) {
        put_int_at(&f, 4, f.n, 4);
        for (unsigned i = 0; i < 3; i++) {
            put_int(&f, at[2 - i], 4); /* any order will do */
            put_int(&f, 0, 4);
            put_float(&f, 0);
        }
    }
    return f;
}

static void mass_spectra_have_abscissae_of_their_own(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 8; k++) {
        bool directory = k & 2;
        byte_file f = masses(k & 1 ? MSB : LSB, k & 4 ? SPREC : 0, directory);
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 3);
        assert_int_equal(r.n_err, 0);
        for (unsigned i = 0; i < 3; i++) {
            const nps_spectrum *s = r.s[directory ? 2 - i : i];
            assert_int_equal(s->technique, NPS_TECH_EI);
            assert_int_equal(s->peaks.n, i + 2);
            assert_near(s->peaks.mz[0], 50, 0, 0);
            assert_near((double)s->peaks.intensity[1], 2.0 / 16 * (1 << i), 0, 0);
            assert_near(s->retention_time_s, 90 * (i + 1), 0, 0);
            assert_string_equal(meta_value(s, "Experiment"), "mass spectrum");
        }
    }
}

static void a_bad_entry_of_the_directory_stops_nothing(void **state)
{
    (void)state;
    byte_file f = masses(LSB, 0, true);
    size_t directory = f.n - 36;
    put_int_at(&f, directory + 12, 0x7FFFFFFF, 4);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].code, NPS_E_FORMAT);
    assert_int_equal(r.err[0].line, 0);
    assert_int_equal(r.err[0].offset, directory + 12);
}

static void overlapping_subfiles_end_the_walk(void **state)
{
    (void)state;
    byte_file f = {0};
    put_head(&f, (head){.version = LSB, .flags = MULTI | XYXYS | XVALS, .x = 9, .n_sub = 40});
    put_int_at(&f, 4, 544 + 800, 4);
    put_sub(&f, 8, 0, 0, 0, 100);
    for (unsigned i = 0; i < 100; i++)
        put_float(&f, 50.0F + (float)i);
    for (unsigned i = 0; i < 100; i++)
        put_int(&f, 1U << 24, 4);
    for (unsigned i = 0; i < 40; i++) {
        put_int(&f, 512, 4);
        put_zeros(&f, 8);
    }
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 2); /* 832 bytes each of 1824 */
    assert_int_equal(r.n_err, 1);
    assert_non_null(strstr(r.err[0].msg, "overlap"));
}

static void the_log_is_taken_as_pairs_and_lines(void **state)
{
    (void)state;
    byte_file f =
        simple((head){.version = LSB, .x = 1, .y = 2, .exponent = 1, .first = 1008, .last = 1000, .log_at = 564});
    put_log(&f, "MODEL = Spectrum 2000 \r\n\n\rSCANS = 16\n\r[END]\nComment=two films\n");
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 1);
    assert_string_equal(meta_value(r.s[0], "MODEL"), "Spectrum 2000");
    assert_string_equal(meta_value(r.s[0], "SCANS"), "16");
    assert_string_equal(meta_value(r.s[0], "Log"), "[END]");
    assert_string_equal(r.s[0]->text[NPS_TEXT_COMMENT], "two films");
    put_int_at(&f, 248, 100000, 4); /* a log beyond the end costs no spectrum */
    AUTO_READING lost = read_file(&f);
    assert_int_equal(lost.n, 1);
    assert_null(meta_value(lost.s[0], "MODEL"));
}

static void ordinates_become_absorbance(void **state)
{
    (void)state;
    static const struct {
        unsigned y;
        float stored, absorbance;
    } cases[] = {{2, 0.5F, 0.5F}, {10, 0.5F, 0.5F}, {128, 0.1F, 1}, {128, 10, 1},
                 {129, 0.01F, 2}, {129, 10, 1},     {11, 1, 2},     {3, 0.5F, 0.417975F /* R = 1.5 - sqrt(1.25) */}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f = {0};
        put_head(&f, (head){.version = LSB,
                            .x = 1,
                            .y = cases[i].y,
                            .n_points = 5,
                            .exponent = FLOATS,
                            .first = 1000,
                            .last = 1008});
        put_sub(&f, 0, 0, 0, 0, 0);
        for (size_t k = 0; k < 5; k++)
            put_float(&f, cases[i].stored);
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 1);
        assert_near((double)r.s[0]->trace.y[2], (double)cases[i].absorbance, 1e-5, 0);
        assert_int_equal(r.repairs[NPS_REPAIR_Y_UNIT], cases[i].y != 2 && cases[i].y != 10);
    }
}

static void parts_and_percent_are_told_by_the_whole_file(void **state)
{
    (void)state;
    byte_file f = {0};
    put_head(
        &f,
        (head){
            .version = LSB, .flags = MULTI, .x = 1, .y = 128, .n_sub = 2, .n_points = 5, .first = 1000, .last = 1008});
    for (unsigned i = 0; i < 2; i++) {
        put_sub(&f, FLOATS, i, 0, 1, 0);
        for (size_t k = 0; k < 5; k++)
            put_float(&f, i ? 100 : 1);
    }
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 2);
    assert_near((double)r.s[0]->trace.y[0], 2, 0, 0);
    assert_near((double)r.s[1]->trace.y[0], 0, 0, 0);
}

static void abscissae_are_taken_by_unit_range_and_experiment(void **state)
{
    (void)state;
    static const struct {
        unsigned x, y, experiment, flags;
        double first, last;
        nps_technique technique; /* NPS_TECH_UNKNOWN: refused with the words that follow */
        const char *words;
    } cases[] = {
        {1, 2, 0, 0, 4000, 400, NPS_TECH_IR, NULL},
        {1, 2, 4, 0, 4000, 400, NPS_TECH_IR, NULL},
        {1, 4, 11, 0, 3500, 100, NPS_TECH_RAMAN, NULL},
        {13, 0, 0, 0, 3500, 100, NPS_TECH_RAMAN, NULL},
        {13, 4, 4, 0, 3500, 100, NPS_TECH_RAMAN, NULL},
        {13, 12, 11, 0, 3500, 100, NPS_TECH_RAMAN, NULL},
        {2, 2, 0, 0, 2.5, 25, NPS_TECH_IR, NULL},
        {3, 2, 0, 0, 1100, 2498, NPS_TECH_IR, NULL},
        {3, 2, 5, 0, 400, 2498, NPS_TECH_IR, NULL},
        {3, 2, 0, 0, 400, 2498, NPS_TECH_UNKNOWN, "does not say it is infrared"},
        {3, 2, 5, 0, 250, 700, NPS_TECH_UNKNOWN, "visible light"},
        {3, 2, 7, 0, 1100, 2498, NPS_TECH_UNKNOWN, "UV-VIS spectrum"},
        {3, 2, 0, 0, 250, 700, NPS_TECH_UNKNOWN, "from 250 to 700 nm are ultraviolet"},
        {3, 4, 11, 0, 540, 700, NPS_TECH_UNKNOWN, "laser line"},
        {2, 2, 0, 0, 0.2, 0.7, NPS_TECH_UNKNOWN, "visible light"},
        {1, 0, 0, 0, 4000, 400, NPS_TECH_UNKNOWN, "'arbitrary intensity' is neither absorbance"},
        {1, 1, 0, 0, 4000, 400, NPS_TECH_UNKNOWN, "'interferogram' is neither"},
        {1, 77, 0, 0, 4000, 400, NPS_TECH_UNKNOWN, "unknown code 77"},
        {13, 2, 0, 0, 3500, 100, NPS_TECH_UNKNOWN, "'absorbance' is no Raman intensity"},
        {0, 0, 0, 0, 1, 9, NPS_TECH_UNKNOWN, "'arbitrary units'"},
        {0, 0, 0, ALABS, 1, 9, NPS_TECH_UNKNOWN, "labelled 'Wave'"},
        {4, 0, 0, 0, 0, 9, NPS_TECH_UNKNOWN, "'seconds'"},
        {5, 0, 0, 0, 0, 9, NPS_TECH_UNKNOWN, "'minutes'"},
        {10, 0, 0, 0, 200, 0, NPS_TECH_UNKNOWN, "parts per million (NMR)"},
        {18, 4, 0, 0, 5, 90, NPS_TECH_UNKNOWN, "'degrees'"},
        {14, 4, 0, 0, 5, 90, NPS_TECH_UNKNOWN, "'electronvolts'"},
        {255, 1, 0, 0, 0, 90, NPS_TECH_UNKNOWN, "double interferogram"},
        {31, 1, 0, 0, 0, 90, NPS_TECH_UNKNOWN, "unknown code 31"},
        {1, 2, 10, 0, 0, 90, NPS_TECH_UNKNOWN, "NMR spectrum"},
        {1, 2, 8, 0, 0, 90, NPS_TECH_UNKNOWN, "X-ray"},
        {1, 2, 12, 0, 0, 90, NPS_TECH_UNKNOWN, "fluorescence"},
        {1, 2, 6, 0, 0, 90, NPS_TECH_UNKNOWN, "unknown code 6"},
        {1, 2, 0, CGRAM, 0, 90, NPS_TECH_UNKNOWN, "chromatogram"},
        {5, 0, 9, 0, 0, 90, NPS_TECH_UNKNOWN, "mass spectrum over 'minutes'"},
        {9, 2, 0, 0, 50, 54, NPS_TECH_UNKNOWN, "'absorbance' is no abundance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f = simple((head){.version = LSB,
                                    .flags = cases[i].flags,
                                    .x = cases[i].x,
                                    .y = cases[i].y,
                                    .experiment = cases[i].experiment,
                                    .exponent = 1,
                                    .first = cases[i].first,
                                    .last = cases[i].last});
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.open, NPS_OK);
        if (cases[i].technique != NPS_TECH_UNKNOWN) {
            assert_int_equal(r.n, 1);
            assert_int_equal(r.s[0]->technique, cases[i].technique);
            continue;
        }
        assert_int_equal(r.n, 0);
        assert_int_equal(r.n_err, 1);
        assert_int_equal(r.err[0].code, NPS_E_UNSUPPORTED);
        if (!strstr(r.err[0].msg, cases[i].words))
            fail_msg("'%s' does not hold '%s'", r.err[0].msg, cases[i].words);
    }
}

static void mass_profiles_are_centroided_from_either_end(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        byte_file f = simple((head){.version = LSB, .x = 9, .exponent = 1, .first = i ? 50.4 : 50, .last = i ? 50 : 50.4});
        AUTO_READING r = read_file(&f);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.repairs[NPS_REPAIR_CENTROIDED], 1);
        assert_true(r.s[0]->peaks.n >= 1 && r.s[0]->peaks.n < 5);
    }
}

static void transmission_between_parts_and_percent_is_refused(void **state)
{
    (void)state;
    byte_file f = simple((head){.version = LSB, .x = 1, .y = 128, .exponent = 3, .first = 1000, .last = 1008});
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.err[0].code, NPS_E_UNSUPPORTED);
    assert_int_equal(r.err[0].offset, 29);
    assert_non_null(strstr(r.err[0].msg, "in parts or in per cent"));
}

static void one_fault_of_a_file_is_told_once(void **state)
{
    (void)state;
    byte_file f = common_x(LSB);
    put_int_at(&f, 28, 10, 1);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.n_err, 1);
}

static void limits_and_claims_are_checked(void **state)
{
    (void)state;
    byte_file f = common_x(LSB);
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_points = 4;
    AUTO_READING points = read_bytes(f.p, f.n, &limits);
    assert_int_equal(points.n, 0);
    assert_int_equal(points.n_err, 2);
    assert_int_equal(points.err[0].code, NPS_E_LIMIT);
    assert_int_equal(points.err[1].offset, 532 + 52);
    limits = nps_read_limits_for_upload();
    limits.max_records = 1;
    AUTO_READING records = read_bytes(f.p, f.n, &limits);
    assert_int_equal(records.n, 1);
    assert_int_equal(records.err[0].code, NPS_E_LIMIT);
    limits.max_records = 2;
    AUTO_READING exact = read_bytes(f.p, f.n, &limits);
    assert_int_equal(exact.n, 2);
    assert_int_equal(exact.n_err, 0);
    put_int_at(&f, 4, 0xFFFFFFFF, 4);
    AUTO_READING count = read_file(&f);
    assert_int_equal(count.err[0].code, NPS_E_FORMAT);
    assert_int_equal(count.err[0].offset, 4);
    put_int_at(&f, 24, 0xFFFFFF, 4);
    AUTO_READING subfiles = read_file(&f);
    assert_int_equal(subfiles.err[0].offset, 24);
    assert_non_null(strstr(subfiles.err[0].msg, "16777215 subfiles"));
}

static void not_a_number_is_refused_at_its_place(void **state)
{
    (void)state;
    byte_file f = simple((head){.version = LSB, .x = 1, .y = 2, .exponent = 1, .first = NAN, .last = 1000});
    AUTO_READING first = read_file(&f);
    assert_int_equal(first.err[0].offset, 8);
    byte_file g = simple((head){.version = LSB, .x = 1, .y = 2, .exponent = 1, .first = 1, .last = INFINITY});
    AUTO_READING last = read_file(&g);
    assert_int_equal(last.err[0].offset, 16);
    byte_file h = simple((head){.version = LSB, .x = 1, .y = 2, .exponent = FLOATS, .first = 1, .last = 9});
    put_int_at(&h, 548, 0x7FC00000, 4);
    AUTO_READING y = read_file(&h);
    assert_int_equal(y.err[0].code, NPS_E_RANGE);
    assert_int_equal(y.err[0].offset, 512);
    assert_non_null(strstr(y.err[0].msg, "point 2 is not finite"));
}

static void every_cut_is_refused_or_read_without_harm(void **state)
{
    (void)state;
    byte_file files[] = {masses(LSB, SPREC, true), masses(MSB, 0, false), common_x(LSB),
                         simple((head){.version = LSB, .x = 1, .y = 128, .first = 1, .last = 9})};
    for (size_t k = 0; k < sizeof files / sizeof *files; k++)
        for (size_t n = 1; n < files[k].n; n++) {
            nps_read_limits limits = nps_read_limits_for_upload();
            /* Its own memory, so that a sanitizer sees every byte too far. */
            char *cut = malloc(n);
            memcpy(cut, files[k].p, n);
            AUTO_READING r = read_bytes(cut, n, &limits);
            assert_true(r.open != NPS_OK || r.n_err > 0);
            for (size_t i = 0; i < r.n_err && i < READING_MAX; i++)
                assert_true(r.err[i].offset <= n);
            free(cut);
        }
}

static void names_of_codes_end_where_the_codes_end(void **state)
{
    (void)state;
    assert_string_equal(nps_spc_axis_name(30), "hours");
    assert_null(nps_spc_axis_name(31));
    assert_string_equal(nps_spc_ordinate_name(131), "emission");
    assert_null(nps_spc_ordinate_name(132));
    assert_null(nps_spc_ordinate_name(15));
    assert_string_equal(nps_spc_experiment_name(14), "diode array chromatogram");
    assert_null(nps_spc_experiment_name(15));
}

static void texts_and_archives_are_not_taken_for_spc(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'K', sizeof text);
    nps_read_limits limits = nps_read_limits_for_upload();
    AUTO_READING letters = read_bytes(text, sizeof text, &limits);
    assert_int_equal(letters.open, NPS_E_UNSUPPORTED);
    memset(text, 0, sizeof text);
    memcpy(text, "PK\003\004\024", 5);
    AUTO_READING zip = read_bytes(text, sizeof text, &limits);
    assert_non_null(strstr(zip.err[0].msg, "zip"));
    memset(text, 0, sizeof text);
    memcpy(text, "BM\066\020", 4);
    AUTO_READING picture = read_bytes(text, sizeof text, &limits);
    assert_int_equal(picture.open, NPS_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_evenly_spaced_spectrum_is_read_with_its_texts),
        cmocka_unit_test(labels_count_only_with_their_flag),
        cmocka_unit_test(words_and_floats_are_read_as_well_as_long_numbers),
        cmocka_unit_test(old_files_swap_the_words_of_their_numbers),
        cmocka_unit_test(old_files_of_several_go_on_to_the_end),
        cmocka_unit_test(subfiles_share_stored_abscissae),
        cmocka_unit_test(mass_spectra_have_abscissae_of_their_own),
        cmocka_unit_test(a_bad_entry_of_the_directory_stops_nothing),
        cmocka_unit_test(overlapping_subfiles_end_the_walk),
        cmocka_unit_test(the_log_is_taken_as_pairs_and_lines),
        cmocka_unit_test(ordinates_become_absorbance),
        cmocka_unit_test(parts_and_percent_are_told_by_the_whole_file),
        cmocka_unit_test(abscissae_are_taken_by_unit_range_and_experiment),
        cmocka_unit_test(transmission_between_parts_and_percent_is_refused),
        cmocka_unit_test(one_fault_of_a_file_is_told_once),
        cmocka_unit_test(limits_and_claims_are_checked),
        cmocka_unit_test(not_a_number_is_refused_at_its_place),
        cmocka_unit_test(every_cut_is_refused_or_read_without_harm),
        cmocka_unit_test(names_of_codes_end_where_the_codes_end),
        cmocka_unit_test(texts_and_archives_are_not_taken_for_spc),
        cmocka_unit_test(mass_profiles_are_centroided_from_either_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
