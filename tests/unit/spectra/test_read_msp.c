#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

typedef struct {
    const char *title, *text;
    size_t n;             /* peaks */
    double mz, intensity; /* of the last one */
    const char *note;     /* of the last one */
} peak_case;

static void every_layout_of_peaks_is_read(void **state)
{
    (void)state;
    static const peak_case cases[] = {
        {"one a line", "Name: a\nNum Peaks: 2\n41 20\n43 999\n", 2, 43, 999, NULL},
        {"tabs", "Name: a\nNum Peaks: 2\n41\t20\n43.25\t1e3\n", 2, 43.25, 1000, NULL},
        {"semicolons", "Name: a\nNum Peaks: 4\n41 20; 43 999;\n44 5; 45 1.5e-1; \n", 4, 45, 0.15f, NULL},
        {"a semicolon a line", "Name: a\nNum Peaks: 2\n  41  20;\n  43 999;\n", 2, 43, 999, NULL},
        {"pairs in columns", "NAME:a\nNum Peaks:4\n41.10   20    43.10    999\n  44.00 1   45.00  2\n", 4, 45, 2, NULL},
        {"brackets", "Name: a\nNum Peaks: 3\n(41,20) [43 5]{44:7}\n", 0, 0, 0, NULL},
        {"round brackets", "Name: a\nNum Peaks: 2\n(41 20) (43 7)\n", 2, 43, 7, NULL},
        {"colons", "Name: a\nNum Peaks: 2\n41:20 43:7\n", 2, 43, 7, NULL},
        {"quoted note", "Name: a\nNum Peaks: 2\n41 20\n43 9 \"C3H7+ -1.2 ppm\"\n", 2, 43, 9, "C3H7+ -1.2 ppm"},
        {"quotes in a note", "Name: a\nNum Peaks: 1\n43\t9\t\"a \"\"b\"\" c\"\n", 1, 43, 9, "a \"b\" c"},
        {"notes between peaks", "Name: a\nNum Peaks: 2\n41 20 \"x\"; 43 9 \"y\";\n", 2, 43, 9, "y"},
        {"bare note", "Name: a\nNum Peaks: 1\n43 9 propyl ion\n", 1, 43, 9, "propyl ion"},
        {"bare note with a digit", "Name: a\nNum Peaks: 1\n43 9 3-methyl\n", 1, 43, 9, "3-methyl"},
        {"bare note in brackets", "Name: a\nNum Peaks: 1\n43 9 [M+H]+\n", 1, 43, 9, "[M+H]+"},
        {"a quote that does not end", "Name: a\nNum Peaks: 1\n43 9 \"open\n", 1, 43, 9, "\"open"},
        {"Latin-1 in a note", "Name: a\nNum Peaks: 1\n43 9 \"\xb5\"\n", 1, 43, 9, "\xc2\xb5"},
        {"header after the count", "Name: a\nNum Peaks: 1\nSMILES: CC\nInChI: x\n43 9\n", 1, 43, 9, NULL},
        {"blank lines among peaks", "Name: a\nNum Peaks: 2\n\n41 20\n\n43 9\n", 2, 43, 9, NULL},
        {"CRLF", "Name: a\r\nNum Peaks: 2\r\n41 20\r\n43 9\r\n\r\n", 2, 43, 9, NULL},
        {"lone CR", "Name: a\rNum Peaks: 2\r41 20\r43 9\r", 2, 43, 9, NULL},
        {"no line end", "Name: a\nNum Peaks: 1\n43 9", 1, 43, 9, NULL},
        {"Ctrl-Z", "Name: a\nNum Peaks: 1\n43 9\r\n\x1a\r\n", 1, 43, 9, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const peak_case *c = &cases[i];
        print_message("%s\n", c->title);
        AUTO_READING r = read_text(c->text);
        assert_string_equal(r.format, "msp");
        assert_int_equal(r.n, c->n ? 1 : 0);
        assert_int_equal(r.n_err, c->n ? 0 : 1);
        if (!c->n)
            continue;
        const nps_peaks *p = &r.s[0]->peaks;
        assert_int_equal(p->n, c->n);
        assert_true(p->mz[p->n - 1] == c->mz && p->intensity[p->n - 1] == (float)c->intensity);
        const char *note = p->note ? p->note[p->n - 1] : NULL;
        assert_true(note ? c->note && strcmp(note, c->note) == 0 : !c->note);
        assert_int_equal(r.repairs[NPS_REPAIR_PEAK_COUNT], 0);
    }
}

static void every_spelling_of_the_count_is_known(void **state)
{
    (void)state;
    static const char *const keys[] = {"Num Peaks", "NUM PEAKS", "Num peaks",      "NumPeaks",
                                       "Num_Peaks", "num-peak",  "Number of peaks"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char text[100];
        snprintf(text, sizeof text, "Name: a\n%s:  1\n43 9\n", keys[i]);
        AUTO_READING r = read_text(text);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.s[0]->n_meta, 0);
    }
}

static void records_need_no_blank_line_between_them(void **state)
{
    (void)state;
    AUTO_READING r = read_text("NAME: a\nNum Peaks: 1\n20 1\nNAME: b\nNum Peaks: 2\n14 1; 28 1;\nFORMULA: O2\nNAME: c\n"
                               "Num Peaks: 1\n32 1\n");
    assert_int_equal(r.n, 3);
    assert_int_equal(r.n_err, 0);
    assert_string_equal(r.s[1]->text[NPS_TEXT_NAME], "b");
    assert_int_equal(r.s[1]->line, 4);
    assert_int_equal(r.s[1]->offset, 26);
    assert_string_equal(r.s[2]->text[NPS_TEXT_FORMULA], "O2");
    assert_string_equal(r.s[2]->text[NPS_TEXT_NAME], "c");
}

static void known_keys_fill_fields_and_others_stay_verbatim(void **state)
{
    (void)state;
    AUTO_READING r = read_text(
        "Name: Alpha\nSynon: A1\nSynon: $:00in-source\nSynon: A2\nDB#: X1\nInChIKey: ABCDEFGHIJKLMN-OPQRSTUVWX-Y\n"
        "CAS#: 1-2-3;  NIST#: 77\nMW: 120\nExactMass: 120.05\nPrecursorMZ: 121.06\nPrecursor_type: [M+H]+\nIon_mode: "
        "P\n"
        "RetentionIndex: 1234.5\nInstrument_type: LC-ESI-QTOF\nCollision_energy: 30 eV\nParent_mass: 120.1\n"
        "Comments: \"computed x=1\" contributor=Lab X, Town ; Parent=3\nNum Peaks: 1\n43 9\n");
    assert_int_equal(r.n, 1);
    const nps_spectrum *s = r.s[0];
    assert_string_equal(s->text[NPS_TEXT_NAME], "Alpha");
    assert_int_equal(s->n_synonym, 2);
    assert_string_equal(s->synonym[1], "A2");
    assert_string_equal(s->text[NPS_TEXT_ID], "X1");
    assert_string_equal(s->text[NPS_TEXT_CAS], "1-2-3");
    assert_string_equal(meta_value(s, "NIST#"), "77");
    assert_string_equal(meta_value(s, "Synon"), "$:00in-source");
    assert_string_equal(meta_value(s, "Parent_mass"), "120.1");
    assert_string_equal(s->text[NPS_TEXT_CONTRIBUTOR], "Lab X, Town");
    assert_string_equal(s->text[NPS_TEXT_COMMENT], "\"computed x=1\" contributor=Lab X, Town ; Parent=3");
    assert_int_equal(s->nominal_mass, 120);
    assert_true(s->exact_mass == 120.05 && s->precursor_mz == 121.06 && s->retention_index == 1234.5);
    assert_int_equal(s->polarity, 1);
    assert_int_equal(s->technique, NPS_TECH_MSMS);
}

static void repairs_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        nps_repair repair;
        size_t count;
    } cases[] = {
        {"Name: a\nINSTRUMENT x\nNum Peaks: 1\n43 9\n", NPS_REPAIR_HEADER, 1},
        {"Name: a\nNum Peaks: 3\n43 9\nName: b\nNum Peaks: 1\n43 9\n", NPS_REPAIR_PEAK_COUNT, 1},
        {"Name: a\nNum Peaks: 1\n43 9\n44 9\n", NPS_REPAIR_PEAK_COUNT, 1},
        {"Name: a\nNum Peaks: 0\n43 9\n", NPS_REPAIR_PEAK_COUNT, 1},
        {"Name: a\nNum Peaks: 3\n43 9\n41 9\n42 9\n", NPS_REPAIR_UNSORTED, 2},
        {"Name: a\nNum Peaks: 2\n43 9\n43 1\n", NPS_REPAIR_DUPLICATE, 1},
        {"Name: a\nNum Peaks: 2\n43 9\n44 0\n", NPS_REPAIR_ZERO, 1},
        {"Name: a\nInChIKey: no\nNum Peaks: 1\n43 9\n", NPS_REPAIR_INVALID_KEY, 1},
        {"Name: \xe4\nNum Peaks: 1\n43 9\n", NPS_REPAIR_ENCODING, 1},
        {"\xef\xbb\xbfName: a\nNum Peaks: 1\n43 9\n", NPS_REPAIR_BOM, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_READING r = read_text(cases[i].text);
        assert_int_equal(r.n_err, 0);
        for (size_t k = 0; k < NPS_REPAIR_COUNT; k++)
            assert_int_equal(r.repairs[k], k == cases[i].repair ? cases[i].count : 0);
    }
}

static void a_broken_record_does_not_stop_the_next(void **state)
{
    (void)state;
    AUTO_READING r =
        read_text("Name: a\nNum Peaks: 1\n4x 9\n45 1\n\nName: b\nNum Peaks: 1\n43 9\n"
                  "Name: c\n\nName: d\nNum Peaks: many\n1 2\nName: e\n41 3\nName: f\nNum Peaks: 1\n44 -1\n\n"
                  "FORMULA: C\nNAME: g\nNum Peaks: 1\n7 7\n");
    assert_int_equal(r.n, 2);
    assert_string_equal(r.s[0]->text[NPS_TEXT_NAME], "b");
    assert_string_equal(r.s[1]->text[NPS_TEXT_NAME], "g");
    static const size_t lines[] = {3, 9, 12, 15, 18};
    assert_int_equal(r.n_err, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < r.n_err; i++)
        assert_int_equal(r.err[i].line, lines[i]);
}

/* The peaks of one substance must never get the name of another. */
static void a_record_without_peaks_lends_its_name_to_no_other(void **state)
{
    (void)state;
    AUTO_READING r = read_text("Name: a\nFormula: C\nName: b\nNum Peaks: 1\n43 9\n\nCOMPOUND_NAME: c\nFormula: C\n\n"
                               "COMPOUND_NAME: d\nNum Peaks: 1\n43 9\n");
    assert_int_equal(r.n, 2);
    assert_int_equal(r.n_err, 2);
    assert_string_equal(r.s[0]->text[NPS_TEXT_NAME], "b");
    assert_null(r.s[0]->text[NPS_TEXT_FORMULA]);
    assert_string_equal(r.s[1]->text[NPS_TEXT_NAME], "d");
}

static void a_claim_allocates_nothing(void **state)
{
    (void)state;
    AUTO_READING r = read_text("Name: a\nNum Peaks: 18446744073709551615\n43 9\nName: b\nNum Peaks: 1\n43 9\n");
    assert_int_equal(r.n, 2);
    assert_true(r.s[0]->peaks.cap < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_of_peaks_is_read),
        cmocka_unit_test(every_spelling_of_the_count_is_known),
        cmocka_unit_test(records_need_no_blank_line_between_them),
        cmocka_unit_test(known_keys_fill_fields_and_others_stay_verbatim),
        cmocka_unit_test(repairs_are_counted),
        cmocka_unit_test(a_broken_record_does_not_stop_the_next),
        cmocka_unit_test(a_record_without_peaks_lends_its_name_to_no_other),
        cmocka_unit_test(a_claim_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
