#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

static void a_block_is_a_spectrum(void **state)
{
    (void)state;
    AUTO_READING r = read_text("# made by hand\nBEGIN IONS\nTITLE=scan 1\nPEPMASS=121.5\nCHARGE=1-\nRTINSECONDS=25.5\n"
                               "NAME=Alpha\nUNKNOWN=kept = whole\n; comment\n41.5 20\n43\t1e2\nEND IONS\n");
    assert_string_equal(r.format, "mgf");
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 0);
    const nps_spectrum *s = r.s[0];
    assert_string_equal(s->text[NPS_TEXT_NAME], "Alpha");
    assert_string_equal(meta_value(s, "TITLE"), "scan 1");
    assert_string_equal(meta_value(s, "UNKNOWN"), "kept = whole");
    assert_string_equal(meta_value(s, "CHARGE"), "1-");
    assert_int_equal(s->polarity, -1);
    assert_true(s->precursor_mz == 121.5 && s->retention_time_s == 25.5);
    assert_int_equal(s->technique, NPS_TECH_MSMS);
    assert_int_equal(s->peaks.n, 2);
    assert_int_equal(s->line, 2);
    assert_int_equal(s->offset, 15);
}

static void a_title_is_the_name_where_there_is_no_other(void **state)
{
    (void)state;
    AUTO_READING r = read_text("BEGIN IONS\nTITLE=scan 1\nPEPMASS=121.5 300\n41 2\nEND IONS\n");
    assert_int_equal(r.n, 1);
    assert_string_equal(r.s[0]->text[NPS_TEXT_NAME], "scan 1");
    assert_true(r.s[0]->precursor_mz == 121.5);
    assert_string_equal(meta_value(r.s[0], "PEPMASS"), "121.5 300");
}

static void parameters_before_the_first_block_hold_for_all_that_lack_them(void **state)
{
    (void)state;
    AUTO_READING r = read_text("COM=run 7\nCHARGE=2+ and 3+\n\nBEGIN IONS\nTITLE=a\ncharge=1+\n41 2\nEND IONS\n"
                               "BEGIN IONS\nTITLE=b\n41 2\nEND IONS\n");
    assert_int_equal(r.n, 2);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(meta_value(r.s[i], "COM"), "run 7");
    assert_null(meta_value(r.s[0], "CHARGE"));
    assert_string_equal(meta_value(r.s[0], "charge"), "1+");
    assert_string_equal(meta_value(r.s[1], "CHARGE"), "2+ and 3+");
}

static void a_third_column_is_the_note_of_its_peak(void **state)
{
    (void)state;
    AUTO_READING r = read_text("BEGIN IONS\nTITLE=a\n41 2 1+\n42 3\n43 4 \"a \"\"b\"\"\"\nEND IONS\n");
    assert_int_equal(r.n, 1);
    char **note = r.s[0]->peaks.note;
    assert_non_null(note);
    assert_string_equal(note[0], "1+");
    assert_null(note[1]);
    assert_string_equal(note[2], "a \"b\"");
}

static void a_stated_count_is_checked(void **state)
{
    (void)state;
    AUTO_READING r = read_text("BEGIN IONS\nNUM PEAKS=2\n41 2\nEND IONS\nBEGIN IONS\nNUM_PEAKS=1\n41 2\nEND IONS\n");
    assert_int_equal(r.n, 2);
    assert_int_equal(r.s[0]->repairs[NPS_REPAIR_PEAK_COUNT], 1);
    assert_int_equal(r.s[1]->repairs[NPS_REPAIR_PEAK_COUNT], 0);
    assert_int_equal(r.s[0]->n_meta, 0);
}

static void a_broken_block_does_not_stop_the_next(void **state)
{
    (void)state;
    AUTO_READING r =
        read_text("BEGIN IONS\nTITLE=a\n41\nEND IONS\nstray\nstray\nBEGIN IONS\nTITLE=b\n41 2\n"
                  "BEGIN IONS\nTITLE=c\nno equals sign\n41 2\nEND IONS\nBEGIN IONS\n41 2\nnot a peak\nEND IONS\n"
                  "BEGIN IONS\nEND IONS\nBEGIN IONS\nTITLE=d\n41 2\n");
    assert_int_equal(r.n, 1);
    assert_string_equal(r.s[0]->text[NPS_TEXT_NAME], "c");
    assert_int_equal(r.s[0]->repairs[NPS_REPAIR_HEADER], 1);
    static const size_t lines[] = {3, 5, 10, 17, 19, 23};
    assert_int_equal(r.n_err, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < r.n_err; i++)
        assert_int_equal(r.err[i].line, lines[i]);
}

static void parameters_for_all_are_bounded(void **state)
{
    (void)state;
    char text[2000] = "", *p = text;
    for (int i = 0; i < 101; i++)
        p += snprintf(p, (size_t)(text + sizeof text - p), "K%d=v\n", i);
    snprintf(p, (size_t)(text + sizeof text - p), "BEGIN IONS\n41 2\nEND IONS\n");
    AUTO_READING r = read_text(text);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].code, NPS_E_LIMIT);
    assert_int_equal(r.err[0].line, 101);
    assert_int_equal(r.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_is_a_spectrum),
        cmocka_unit_test(a_title_is_the_name_where_there_is_no_other),
        cmocka_unit_test(parameters_before_the_first_block_hold_for_all_that_lack_them),
        cmocka_unit_test(a_third_column_is_the_note_of_its_peak),
        cmocka_unit_test(a_stated_count_is_checked),
        cmocka_unit_test(a_broken_block_does_not_stop_the_next),
        cmocka_unit_test(parameters_for_all_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
