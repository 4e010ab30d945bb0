#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

static const char record[] = "ACCESSION: TEST-1\nRECORD_TITLE: Alpha; EI-B; MS\nDATE: 2020.01.02\nAUTHORS: A. Body\n"
                             "LICENSE: CC0\nCH$NAME: Alpha\nCH$NAME: Beta\nCH$COMPOUND_CLASS: N/A\nCH$FORMULA: C2H6\n"
                             "CH$EXACT_MASS: 30.04695\nCH$SMILES: CC\nCH$IUPAC: InChI=1S/C2H6/c1-2/h1-2H3\n"
                             "CH$LINK: CAS 74-84-0\nCH$LINK: INCHIKEY OTMSDBZUPAUEDD-UHFFFAOYSA-N\n"
                             "AC$INSTRUMENT: Box\nAC$INSTRUMENT_TYPE: EI-B\nAC$MASS_SPECTROMETRY: MS_TYPE MS\n"
                             "AC$MASS_SPECTROMETRY: ION_MODE POSITIVE\nAC$CHROMATOGRAPHY: KOVATS_RTINDEX 201.5\n"
                             "MS$FOCUSED_ION: PRECURSOR_M/Z 30.5\nMS$FOCUSED_ION: PRECURSOR_TYPE [M]+*\n"
                             "PK$SPLASH: none-here\nPK$ANNOTATION: m/z formula\n  15.02 CH3\n  30.04 C2H6\n"
                             "PK$NUM_PEAK: 2\nPK$PEAK: m/z int. rel.int.\n  15.02 1234.5 100\n  30.04 12345 999\n//\n";

static void a_record_is_read_whole(void **state)
{
    (void)state;
    AUTO_READING r = read_text(record);
    assert_string_equal(r.format, "massbank");
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 0);
    const nps_spectrum *s = r.s[0];
    static const struct {
        nps_text_field field;
        const char *value;
    } texts[] = {{NPS_TEXT_ID, "TEST-1"},
                 {NPS_TEXT_NAME, "Alpha"},
                 {NPS_TEXT_CONTRIBUTOR, "A. Body"},
                 {NPS_TEXT_LICENCE, "CC0"},
                 {NPS_TEXT_FORMULA, "C2H6"},
                 {NPS_TEXT_SMILES, "CC"},
                 {NPS_TEXT_INCHI, "InChI=1S/C2H6/c1-2/h1-2H3"},
                 {NPS_TEXT_CAS, "74-84-0"},
                 {NPS_TEXT_INCHIKEY, "OTMSDBZUPAUEDD-UHFFFAOYSA-N"},
                 {NPS_TEXT_INSTRUMENT, "Box"},
                 {NPS_TEXT_INSTRUMENT_TYPE, "EI-B"},
                 {NPS_TEXT_ADDUCT, "[M]+*"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(s->text[texts[i].field], texts[i].value);
    assert_null(s->text[NPS_TEXT_CLASS]);
    assert_int_equal(s->n_synonym, 1);
    assert_string_equal(s->synonym[0], "Beta");
    assert_string_equal(meta_value(s, "DATE"), "2020.01.02");
    assert_string_equal(meta_value(s, "AC$MASS_SPECTROMETRY: MS_TYPE"), "MS");
    assert_string_equal(meta_value(s, "PK$ANNOTATION"), "m/z formula; 15.02 CH3; 30.04 C2H6");
    assert_true(s->exact_mass == 30.04695 && s->retention_index == 201.5 && s->precursor_mz == 30.5);
    assert_int_equal(s->polarity, 1);
    assert_int_equal(s->technique, NPS_TECH_EI);
    assert_int_equal(s->peaks.n, 2);
    assert_true(s->peaks.mz[1] == 30.04 && s->peaks.intensity[0] == 1234.5f);
}

static void a_count_that_differs_is_a_repair(void **state)
{
    (void)state;
    AUTO_READING r = read_text("ACCESSION: X\nPK$NUM_PEAK: 7\nPK$PEAK: m/z int. rel.int.\n  15 2 3\n//\n");
    assert_int_equal(r.n, 1);
    assert_int_equal(r.repairs[NPS_REPAIR_PEAK_COUNT], 1);
}

static void a_broken_record_does_not_stop_the_next(void **state)
{
    (void)state;
    AUTO_READING r =
        read_text("ACCESSION: A\nPK$NUM_PEAK: x\n  1 2 3\n//\nACCESSION: B\nPK$PEAK: m/z\n  15 2 3 4\n//\n"
                  "ACCESSION: C\nPK$PEAK: m/z\n  15 2 3\nACCESSION: D\nPK$PEAK: m/z\n  x 2 3\n//\n"
                  "ACCESSION: E\nno separator\nPK$PEAK: m/z\n  15 2 3\n//\nACCESSION: F\n//\nACCESSION: G\n");
    assert_int_equal(r.n, 1);
    assert_string_equal(r.s[0]->text[NPS_TEXT_ID], "E");
    assert_int_equal(r.repairs[NPS_REPAIR_HEADER], 1);
    static const size_t lines[] = {2, 7, 12, 14, 21, 23};
    assert_int_equal(r.n_err, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < r.n_err; i++)
        assert_int_equal(r.err[i].line, lines[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_whole),
        cmocka_unit_test(a_count_that_differs_is_a_repair),
        cmocka_unit_test(a_broken_record_does_not_stop_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
