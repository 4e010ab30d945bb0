#include "spectra/spectrum.h"
#include "tests/support/nps_test.h"

static nps_spectrum *fresh(void)
{
    nps_err err;
    nps_spectrum *s = NULL;
    assert_ok(nps_spectrum_new(&s, &err), &err);
    return s;
}

static void take(nps_spectrum *s, const char *key, const char *value)
{
    nps_err err;
    assert_ok(nps_spectrum_take_pair(s, nps_span_of(key), nps_span_of(value), &err), &err);
}

static void spellings_of_a_key_mean_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        nps_text_field field;
    } cases[] = {
        {"Name", NPS_TEXT_NAME},
        {"COMPOUND_NAME", NPS_TEXT_NAME},
        {"DB#", NPS_TEXT_ID},
        {"CAS No.", NPS_TEXT_COUNT},
        {"CASNO", NPS_TEXT_CAS},
        {"CAS#", NPS_TEXT_CAS},
        {"inchi_key", NPS_TEXT_INCHIKEY},
        {"STDINCHI", NPS_TEXT_INCHI},
        {"PRECURSORTYPE", NPS_TEXT_ADDUCT},
        {"precursor_type", NPS_TEXT_ADDUCT},
        {"ADDUCT", NPS_TEXT_ADDUCT},
        {"Instrument-Type", NPS_TEXT_INSTRUMENT_TYPE},
        {"LICENSE", NPS_TEXT_LICENCE},
        {"Licence", NPS_TEXT_LICENCE},
        {"AUTHORS", NPS_TEXT_CONTRIBUTOR},
        {"Comments", NPS_TEXT_COMMENT},
        {"Ontology", NPS_TEXT_CLASS},
        {"CH$FORMULA", NPS_TEXT_FORMULA},
        {"AC$MASS_SPECTROMETRY: COLLISION_ENERGY", NPS_TEXT_ENERGY},
        {"", NPS_TEXT_COUNT},
        {"a key that is much longer than any key that is known to anyone", NPS_TEXT_COUNT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) s = fresh();
        take(s, cases[i].key, "value");
        for (size_t f = 0; f < NPS_TEXT_COUNT; f++)
            assert_int_equal(s->text[f] != NULL, f == cases[i].field);
        assert_int_equal(s->n_meta, cases[i].field == NPS_TEXT_COUNT);
    }
}

static void numbers_are_taken_whole_or_kept(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        double precursor, exact, ri, rt;
        int nominal, polarity;
        size_t kept;
    } cases[] = {
        {"PrecursorMZ", "121.5", 121.5, 0, 0, 0, 0, 0, 0},
        {"PEPMASS", "121.5 1000", 121.5, 0, 0, 0, 0, 0, 1},
        {"PrecursorMZ", "0", 0, 0, 0, 0, 0, 0, 1},
        {"PrecursorMZ", "121,5", 0, 0, 0, 0, 0, 0, 1},
        {"PARENT_MASS", "120", 0, 0, 0, 0, 0, 0, 1},
        {"ExactMass", "120.5", 0, 120.5, 0, 0, 0, 0, 0},
        {"MW", "120", 0, 0, 0, 0, 120, 0, 0},
        {"MW", "120.5", 0, 0, 0, 0, 0, 0, 1},
        {"RI", "1200.5", 0, 0, 1200.5, 0, 0, 0, 0},
        {"RI", "-1", 0, 0, 0, 0, 0, 0, 1},
        {"RTINSECONDS", "30", 0, 0, 0, 30, 0, 0, 0},
        {"RETENTIONTIME", "30", 0, 0, 0, 0, 0, 0, 1},
        {"Ion_mode", "NEGATIVE", 0, 0, 0, 0, 0, -1, 0},
        {"IONMODE", "P", 0, 0, 0, 0, 0, 1, 0},
        {"CHARGE", "2+", 0, 0, 0, 0, 0, 1, 1},
        {"CHARGE", "-1", 0, 0, 0, 0, 0, -1, 1},
        {"CHARGE", "2", 0, 0, 0, 0, 0, 0, 1},
        {"Formula", "N/A", 0, 0, 0, 0, 0, 0, 0},
        {"anything", "none", 0, 0, 0, 0, 0, 0, 0},
        {"Synon", "$:00in-source", 0, 0, 0, 0, 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) s = fresh();
        take(s, cases[i].key, cases[i].value);
        assert_true(s->precursor_mz == cases[i].precursor && s->exact_mass == cases[i].exact);
        assert_true(s->retention_index == cases[i].ri && s->retention_time_s == cases[i].rt);
        assert_int_equal(s->nominal_mass, cases[i].nominal);
        assert_int_equal(s->polarity, cases[i].polarity);
        assert_int_equal(s->n_meta, cases[i].kept);
        assert_int_equal(s->n_synonym, 0);
    }
}

static void a_second_value_goes_to_the_metadata(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = fresh();
    take(s, "Name", "a");
    take(s, "Compound name", "b");
    take(s, "PrecursorMZ", "100");
    take(s, "PEPMASS", "200");
    assert_string_equal(s->text[NPS_TEXT_NAME], "a");
    assert_true(s->precursor_mz == 100);
    assert_int_equal(s->n_meta, 2);
    assert_string_equal(s->meta[0].key, "Compound name");
    assert_string_equal(s->meta[1].value, "200");
}

static void verbatim_metadata_is_unpacked(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = fresh();
    take(s, "npswatch-metadata", "\"Name\" \"\"\"quoted\"\": x\"");
    take(s, "npswatch-metadata", "\"\" \"NA\"");
    take(s, "npswatch-metadata", "\"half");
    assert_null(s->text[NPS_TEXT_NAME]);
    assert_int_equal(s->n_meta, 3);
    assert_string_equal(s->meta[0].key, "Name");
    assert_string_equal(s->meta[0].value, "\"quoted\": x");
    assert_string_equal(s->meta[1].key, "");
    assert_string_equal(s->meta[1].value, "NA");
    assert_string_equal(s->meta[2].key, "npswatch-metadata");
}

static void keeping_a_pair_is_foretold(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        bool empty, filled; /* whether a spectrum with, and without, these fields keeps it */
    } cases[] = {{"Name", "x", false, true},          {"PrecursorMZ", "5", false, true},
                 {"PrecursorMZ", "5 6", false, true}, {"PrecursorMZ", "x", true, true},
                 {"Synon", "x", false, false},        {"Synon", "$:1", true, true},
                 {"CHARGE", "1+", false, true},       {"other", "x", true, true},
                 {"other", "NA", false, false},       {"npswatch-metadata", "x", false, false},
                 {"technique", "ei", false, true}};
    NPS_AUTO(nps_spectrum) empty = fresh();
    NPS_AUTO(nps_spectrum) filled = fresh();
    take(filled, "Name", "a");
    take(filled, "PrecursorMZ", "100");
    take(filled, "Ion_mode", "P");
    take(filled, "Technique", "msms");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_span key = nps_span_of(cases[i].key), value = nps_span_of(cases[i].value);
        assert_int_equal(nps_spectrum_keeps_pair(empty, key, value), cases[i].empty);
        assert_int_equal(nps_spectrum_keeps_pair(filled, key, value), cases[i].filled);
    }
}

static void bytes_become_clean_text(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
        size_t repaired;
    } cases[] = {
        {"  plain\t", "plain", 0},
        {"a\tb\x01"
         "c\x7f",
         "a b c", 0},
        {"\xc3\xa4", "\xc3\xa4", 0},
        {"\xe4", "\xc3\xa4", 1},
        {"\xc3\xa4 \xe4", "\xc3\x83\xc2\xa4 \xc3\xa4", 1},
        {"\xc0\x80", "\xc3\x80\xc2\x80", 1},
        {"\xed\xa0\x80", "\xc3\xad\xc2\xa0\xc2\x80", 1},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 0},
        {"\xf5\x80\x80\x80", "\xc3\xb5\xc2\x80\xc2\x80\xc2\x80", 1},
        {"\xe2\x82", "\xc3\xa2\xc2\x82", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) s = fresh();
        char *text = nps_spectrum_clean_text(s, nps_span_of(cases[i].bytes));
        assert_non_null(text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(s->repairs[NPS_REPAIR_ENCODING], cases[i].repaired);
        free(text);
    }
}

static void text_that_cleans_to_nothing_sets_nothing(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = fresh();
    take(s, "Name", "\x01");
    take(s, "Synon", "\x01\x02");
    assert_null(s->text[NPS_TEXT_NAME]);
    assert_int_equal(s->n_synonym, 0);
}

static void metadata_and_synonyms_are_bounded(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = fresh();
    for (int i = 0; i < 1000; i++) {
        take(s, "key", "value");
        take(s, "Synon", "name");
    }
    assert_int_equal(nps_spectrum_take_pair(s, NPS_SPAN("key"), NPS_SPAN("value"), NULL), NPS_E_LIMIT);
    assert_int_equal(nps_spectrum_take_pair(s, NPS_SPAN("Synon"), NPS_SPAN("name"), NULL), NPS_E_LIMIT);
}

static void the_technique_is_settled(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        nps_technique technique;
    } cases[] = {{"x", "y", NPS_TECH_EI},
                 {"PrecursorMZ", "100", NPS_TECH_MSMS},
                 {"Instrument_type", "LC-ESI-QTOF", NPS_TECH_MSMS},
                 {"Instrument_type", "GC-EI-TOF", NPS_TECH_EI},
                 {"Instrument_type", "REIN", NPS_TECH_EI},
                 {"Ionization", "ESI+", NPS_TECH_MSMS},
                 {"Instrument_type", "DART-TOF", NPS_TECH_DART},
                 {"Adduct", "[M+H]+", NPS_TECH_MSMS},
                 {"Technique", "dart", NPS_TECH_DART},
                 {"Technique", "raman", NPS_TECH_EI}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) s = fresh();
        take(s, cases[i].key, cases[i].value);
        assert_ok(nps_spectrum_push_peak(s, 41, 1, NPS_SPAN(""), 10, NULL), NULL);
        assert_ok(nps_spectrum_settle(s, NULL), NULL);
        assert_int_equal(s->technique, cases[i].technique);
    }
}

static void the_contributor_is_found_in_the_comment(void **state)
{
    (void)state;
    static const struct {
        const char *comment, *contributor;
    } cases[] = {{"contributor=Lab", "Lab"},
                 {"\"a=b\" \"contributor=Lab A\" \"c=d\"", "Lab A"},
                 {"x=1; Contributor=Lab B; y=2", "Lab B"},
                 {"Parent=3 contributor=Lab C Spec=x", "Lab C"},
                 {"noncontributor=Lab", NULL},
                 {"contributor=", NULL},
                 {"DEA SWL", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) s = fresh();
        take(s, "Comment", cases[i].comment);
        assert_ok(nps_spectrum_settle(s, NULL), NULL);
        const char *got = s->text[NPS_TEXT_CONTRIBUTOR];
        assert_true(got ? cases[i].contributor && strcmp(got, cases[i].contributor) == 0 : !cases[i].contributor);
        assert_string_equal(s->text[NPS_TEXT_COMMENT], cases[i].comment);
    }
}

static void only_inchikeys_of_the_right_form_are_used(void **state)
{
    (void)state;
    static const struct {
        const char *key, *block;
    } cases[] = {{"ABCDEFGHIJKLMN-OPQRSTUVWX-Y", "ABCDEFGHIJKLMN"},
                 {"InChIKey=ABCDEFGHIJKLMN-OPQRSTUVWX-Y", "ABCDEFGHIJKLMN"},
                 {"ABCDEFGHIJKLMN-OPQRSTUVWX", ""},
                 {"abcdefghijklmn-opqrstuvwx-y", ""},
                 {"ABCDEFGHIJKLMN_OPQRSTUVWX_Y", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_spectrum) s = fresh();
        take(s, "InChIKey", cases[i].key);
        assert_ok(nps_spectrum_settle(s, NULL), NULL);
        nps_span block = nps_spectrum_block(s);
        assert_int_equal(block.n, strlen(cases[i].block));
        assert_memory_equal(block.p, cases[i].block, block.n);
        assert_int_equal(s->repairs[NPS_REPAIR_INVALID_KEY], !block.n);
        assert_int_equal(s->n_meta, !block.n);
    }
}

static void every_name_is_there(void **state)
{
    (void)state;
    for (unsigned t = 0; t < NPS_TECH_COUNT; t++) {
        nps_technique back;
        assert_true(nps_technique_parse(nps_span_of(nps_technique_name((nps_technique)t)), &back));
        assert_int_equal(back, t);
    }
    for (unsigned f = 0; f < NPS_TEXT_COUNT; f++)
        assert_true(strlen(nps_text_field_name((nps_text_field)f)) > 1);
    for (unsigned k = 0; k < NPS_REPAIR_COUNT; k++) {
        NPS_AUTO_BUF one = NPS_BUF_INIT(200), many = NPS_BUF_INIT(200);
        assert_true(strlen(nps_repair_name((nps_repair)k)) > 1);
        nps_repair_text(&one, (nps_repair)k, 1);
        nps_repair_text(&many, (nps_repair)k, 3);
        assert_true(one.len > 10 && many.len > 10);
    }
}

static void a_profile_without_points_is_no_peak_and_no_repair(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_err err;
    assert_ok(nps_spectrum_new(&s, &err), &err);
    assert_ok(nps_spectrum_push_profile(s, NULL, NULL, 0, 10, &err), &err);
    assert_int_equal(s->peaks.n, 0);
    assert_int_equal(s->repairs[NPS_REPAIR_CENTROIDED], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_without_points_is_no_peak_and_no_repair),
        cmocka_unit_test(spellings_of_a_key_mean_the_same),
        cmocka_unit_test(numbers_are_taken_whole_or_kept),
        cmocka_unit_test(a_second_value_goes_to_the_metadata),
        cmocka_unit_test(verbatim_metadata_is_unpacked),
        cmocka_unit_test(keeping_a_pair_is_foretold),
        cmocka_unit_test(bytes_become_clean_text),
        cmocka_unit_test(text_that_cleans_to_nothing_sets_nothing),
        cmocka_unit_test(metadata_and_synonyms_are_bounded),
        cmocka_unit_test(the_technique_is_settled),
        cmocka_unit_test(the_contributor_is_found_in_the_comment),
        cmocka_unit_test(only_inchikeys_of_the_right_form_are_used),
        cmocka_unit_test(every_name_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
