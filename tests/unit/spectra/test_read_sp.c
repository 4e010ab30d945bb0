/* Reads PerkinElmer .sp files that are built here after the layout published in "spload" (PerkinElmer 2007) and specio;
 * no file of the instruments themselves stands behind these tests. */
#include "tests/support/byte_file.h"
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <math.h>

enum {
    DATA_SET = 120,
    RANGE = -29838,
    INTERVAL = -29836,
    N_POINTS = -29835,
    X_LABEL = -29833,
    Y_LABEL = -29832,
    DATA = -29828,
    NAME = -29827,
    CHECKSUM = -29826,
    HISTORY = -29825,
    ALIAS = -29823
};

enum { LONG = 29995, TEXT = 29987, COORDINATES = 29981, COORDINATE = 29979, ULONG = 29978, ARRAY = 29974 };

typedef struct {
    double first, last, step;
    const char *x, *y;
    double value[3];
} sample;

static const sample film = {4000, 3996, -2, "cm-1", "A", {0.25, 1, 0.5}};

static void put_block(byte_file *f, int id, size_t size)
{
    put_int(f, (uint16_t)id, 2);
    put_int(f, size, 4);
}

static void put_text(byte_file *f, int id, const char *text)
{
    size_t n = strlen(text);
    put_block(f, id, 4 + n);
    put_int(f, TEXT, 2);
    put_int(f, n, 2);
    put_bytes(f, text, n);
}

static void put_signature(byte_file *f)
{
    put_bytes(f, "PEPE", 4);
    put_field(f, "2D constant interval DataSet file", 40);
}

/* Where the parts of the last data set begin. */
static size_t range_at, interval_at, count_at, data_at, x_at, y_at;

static void put_numbers(byte_file *f, const sample *s)
{
    range_at = f->n;
    put_block(f, RANGE, 18);
    put_int(f, COORDINATES, 2);
    put_double(f, s->first);
    put_double(f, s->last);
    interval_at = f->n;
    put_block(f, INTERVAL, 10);
    put_int(f, COORDINATE, 2);
    put_double(f, s->step);
    count_at = f->n;
    put_block(f, N_POINTS, 6);
    put_int(f, LONG, 2);
    put_int(f, 3, 4);
}

static void put_data_set(byte_file *f, const sample *s)
{
    size_t at = f->n;
    put_block(f, DATA_SET, 0);
    put_numbers(f, s);
    x_at = f->n;
    put_text(f, X_LABEL, s->x);
    y_at = f->n;
    put_text(f, Y_LABEL, s->y);
    put_text(f, NAME, "C:\\film.sp");
    put_text(f, ALIAS, "Film of wax");
    put_block(f, CHECKSUM, 6);
    put_int(f, ULONG, 2);
    put_int(f, 7, 4);
    put_block(f, HISTORY, 2 + 6 + 4 + 5 + 3 + 4 + 2);
    put_int(f, 122, 2);
    put_zeros(f, 6);
    put_int(f, TEXT, 2);
    put_int(f, 5, 2);
    put_bytes(f, "Smith", 5);
    put_zeros(f, 3);
    put_int(f, TEXT, 2);
    put_int(f, 2, 2);
    put_bytes(f, "\001\002", 2);
    data_at = f->n;
    put_block(f, DATA, 2 + 4 + 24);
    put_int(f, ARRAY, 2);
    put_int(f, 24, 4);
    for (size_t i = 0; i < 3; i++)
        put_double(f, s->value[i]);
    put_int_at(f, at + 2, f->n - at - 6, 4);
}

static byte_file file_of(const sample *s)
{
    byte_file f = {0};
    put_signature(&f);
    put_data_set(&f, s);
    return f;
}

static reading read_file(const byte_file *f)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(f->p, f->n, &limits);
}

static void a_data_set_is_read_with_its_texts(void **state)
{
    (void)state;
    byte_file f = file_of(&film);
    AUTO_READING r = read_file(&f);
    assert_string_equal(r.format, "perkinelmer-sp");
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 0);
    const nps_spectrum *s = r.s[0];
    assert_int_equal(s->technique, NPS_TECH_IR);
    assert_int_equal(s->trace.n, 3);
    assert_near(s->trace.x0_cm1, 3996, 0, 0);
    assert_near(s->trace.dx_cm1, 2, 0, 0);
    assert_near((double)s->trace.y[0], 0.5, 0, 0);
    assert_near((double)s->trace.y[2], 0.25, 0, 0);
    assert_int_equal(s->line, 0);
    assert_int_equal(s->offset, 44);
    assert_string_equal(s->text[NPS_TEXT_NAME], "Film of wax");
    assert_string_equal(meta_value(s, "Original name"), "C:\\film.sp");
    assert_string_equal(meta_value(s, "Description"), "2D constant interval DataSet file");
    assert_string_equal(meta_value(s, "Ordinate"), "A");
    assert_string_equal(meta_value(s, "History"), "Smith");
}

static void units_are_taken_from_the_labels(void **state)
{
    (void)state;
    static const struct {
        sample s;
        double y0;         /* of the lowest wavenumber */
        const char *words; /* of the refusal, or NULL */
    } cases[] = {
        {{400, 404, 2, "cm-1", "%T", {10, 100, 50}}, 1, NULL},
        {{400, 404, 2, "cm-1", "%R", {10, 100, 50}}, 1, NULL},
        {{400, 404, 2, "cm-1", "T", {0.1, 1, 1}}, 1, NULL},
        {{400, 404, 2, "cm-1", "R", {0.1, 1, 1}}, 1, NULL},
        {{400, 404, 2, "1/cm", "Absorbance", {0.5, 1, 1}}, 0.5, NULL},
        {{400, 404, 2, "cm-1", "log(1/R)", {0.5, 1, 1}}, 0.5, NULL},
        {{400, 404, 2, "cm-1", "K-M", {0.5, 1, 1}}, 0.417975, NULL},
        {{1000, 1004, 2, "nm", "A", {1, 1, 0.5}}, 0.5, NULL},
        {{10, 14, 2, "um", "A", {1, 1, 0.5}}, 0.5, NULL},
        {{10, 14, 2, "\xB5m", "A", {1, 1, 0.5}}, 0.5, NULL},
        {{400, 404, 2, "Raman shift / cm-1", "INT", {7, 1, 0.5}}, 7, NULL},
        {{400, 404, 2, "nm", "A", {1, 1, 0.5}}, 0, "from 400 nm are ultraviolet or visible"},
        {{400, 404, 2, "s", "A", {1, 1, 0.5}}, 0, "abscissa in 's'"},
        {{400, 404, 2, "cm-1", "SSB", {1, 1, 0.5}}, 0, "ordinate in 'SSB' is not known for infrared"},
        {{400, 404, 2, "Raman shift", "A", {1, 1, 0.5}}, 0, "ordinate in 'A' is not known for Raman"},
        {{400, 404, 2, "cm-1", "T", {10, 1, 80}}, 1, NULL},
        {{400, 404, 2, "cm-1", "T", {1, 1, 3}}, 0, "'T' up to 3 may be parts or per cent"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f = file_of(&cases[i].s);
        AUTO_READING r = read_file(&f);
        if (!cases[i].words) {
            assert_int_equal(r.n, 1);
            assert_near((double)r.s[0]->trace.y[0], cases[i].y0, 1e-5, 0);
            continue;
        }
        assert_int_equal(r.n, 0);
        assert_int_equal(r.err[0].code, NPS_E_UNSUPPORTED);
        assert_true(r.err[0].offset == x_at || r.err[0].offset == y_at);
        if (!strstr(r.err[0].msg, cases[i].words))
            fail_msg("'%s' does not hold '%s'", r.err[0].msg, cases[i].words);
    }
}

static void each_data_set_is_a_record_and_a_bad_one_stops_nothing(void **state)
{
    (void)state;
    byte_file f = file_of(&film);
    put_data_set(&f, &film);
    put_int_at(&f, count_at + 8, 4, 4);
    put_block(&f, 123, 2);
    put_zeros(&f, 2);
    put_data_set(&f, &film);
    put_block(&f, 124, 0);
    AUTO_READING r = read_file(&f);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.n_err, 1);
    assert_non_null(strstr(r.err[0].msg, "4 points are stated, but 3 follow"));
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_records = 3;
    AUTO_READING exact = read_bytes(f.p, f.n, &limits);
    assert_int_equal(exact.n_err, 1);
    limits.max_records = 2;
    AUTO_READING fewer = read_bytes(f.p, f.n, &limits);
    assert_int_equal(fewer.err[1].code, NPS_E_LIMIT);
}

static void faults_are_told_at_their_byte(void **state)
{
    (void)state;
    byte_file good = file_of(&film);
    const struct {
        size_t at;
        uint64_t value;
        size_t size, offset;
        nps_status code;
        const char *words;
    } cases[] = {
        {46, 9999, 4, 44, NPS_E_FORMAT, "block 120 of 9999 bytes"},
        {44, 121, 2, 44, NPS_E_FORMAT, "no data set"},
        {44, 5100, 2, 44, NPS_E_UNSUPPORTED, "image"},
        {range_at, 1, 2, 44, NPS_E_FORMAT, "no range"},
        {range_at + 6, 1, 2, range_at + 6, NPS_E_UNSUPPORTED, "unknown type 1"},
        {range_at + 12, 0x7FF00000, 4, range_at + 8, NPS_E_FORMAT, "no numbers"},
        {interval_at + 12, 0x40000000, 4, interval_at + 8, NPS_E_FORMAT, "steps of 2 do not lead from 4000 to 3996"},
        {count_at + 8, 2, 4, count_at + 8, NPS_E_FORMAT, "2 points are stated"},
        {data_at, 1, 2, 44, NPS_E_FORMAT, "no ordinates"},
        {data_at + 8, 32, 4, data_at + 8, NPS_E_FORMAT, "32 bytes of ordinates"},
        {data_at + 8, 23, 4, data_at + 8, NPS_E_FORMAT, "23 bytes of ordinates"},
        {data_at + 16, 0x7FF00000, 4, data_at + 12, NPS_E_RANGE, "not finite"},
        {x_at + 8, 900, 2, x_at + 8, NPS_E_FORMAT, "a text of 900 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f = good;
        put_int_at(&f, cases[i].at, cases[i].value, cases[i].size);
        AUTO_READING r = read_file(&f);
        print_message("%s\n", r.err[0].msg);
        assert_int_equal(r.n, 0);
        assert_int_equal(r.n_err, 1);
        assert_int_equal(r.err[0].code, cases[i].code);
        assert_int_equal(r.err[0].line, 0);
        assert_int_equal(r.err[0].offset, cases[i].offset);
        assert_non_null(strstr(r.err[0].msg, cases[i].words));
    }
}

static void more_points_than_the_limit_are_refused(void **state)
{
    (void)state;
    byte_file f = file_of(&film);
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_points = 2;
    AUTO_READING r = read_bytes(f.p, f.n, &limits);
    assert_int_equal(r.err[0].code, NPS_E_LIMIT);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    byte_file f = file_of(&film);
    nps_read_limits limits = nps_read_limits_for_upload();
    for (size_t n = 4; n < f.n; n++) {
        char *cut = malloc(n);
        memcpy(cut, f.p, n);
        AUTO_READING r = read_bytes(cut, n, &limits);
        assert_int_equal(r.n, 0);
        assert_int_equal(r.n_err, 1);
        assert_int_equal(r.err[0].code, NPS_E_FORMAT);
        assert_true(r.err[0].offset <= n);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_data_set_is_read_with_its_texts),
        cmocka_unit_test(units_are_taken_from_the_labels),
        cmocka_unit_test(each_data_set_is_a_record_and_a_bad_one_stops_nothing),
        cmocka_unit_test(faults_are_told_at_their_byte),
        cmocka_unit_test(more_points_than_the_limit_are_refused),
        cmocka_unit_test(every_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
