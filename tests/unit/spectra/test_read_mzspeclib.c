/* mzSpecLib text. No real file was at hand: the texts here follow the specification 1.0 of HUPO-PSI. */
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#define HEAD "<mzSpecLib>\nMS:1003186|library format version=1.0\nMS:1003188|library name=Lib\n"
#define PEAKS "<Peaks>\n41.5\t10\t?\n"

static void a_section_is_a_spectrum(void **state)
{
    (void)state;
    AUTO_READING r = read_text(
        HEAD "MS:1003197|license URI=https://example.org/zero\nMS:1000590|contact affiliation=Institute A\n"
             "MS:1003206|library creation log=long\n\n"
             "<Spectrum=7>\nMS:1003061|library spectrum name=Alpha [M+H]+\nMS:1000744|selected ion m/z=121.5\n"
             "MS:1003208|experimental precursor monoisotopic m/z=121.0284\n[1]MS:1000894|retention time=2.5\n"
             "[1]UO:0000000|unit=UO:0000031|minute\nMS:1000465|scan polarity=MS:1000130|positive scan\n"
             "[2]MS:1000045|collision energy=39.0\n[2]UO:0000000|unit=UO:0000266|electronvolt\n"
             "MS:1003059|number of peaks=3\nMS:1000008|ionization type=MS:1000073|electrospray ionization\n"
             "MS:1000031|instrument model=MS:1000855|LTQ Velos\n[4]MS:1003275|other attribute name=CAS\n"
             "[4]MS:1003276|other attribute value=50-00-0\n[5]MS:1003275|other attribute name=Status\n"
             "[5]MS:1003276|other attribute value=Normal\n[6]MS:1000285|total ion current=92.5\n"
             "[6]UO:0000000|unit=MS:1000131|number of detector counts\n"
             "<Analyte=1>\nMS:1000866|molecular formula=C7H4O2\nMS:1000868|SMILES formula=O=C1OC=CC=C1\n"
             "MS:1002894|InChIKey=AAAAAAAAAAAAAA-BBBBBBBBBB-N\nMS:1003403|InChI=InChI=1S/C7H4O2\n"
             "MS:1002813|adduct ion formula=[M+H]+\nMS:1001117|theoretical neutral mass=120.0211\n"
             "MS:1000041|charge state=1\n"
             "<Interpretation=1>\nMS:1002357|PSM-level probability=0.998\n"
             "<Peaks>\n41.5\t10\t?\n42.5\t20.5\ty1/-0.01\t0.5\n43\t7\n");
    assert_string_equal(r.format, "mzspeclib");
    assert_int_equal(r.n_err, 0);
    assert_int_equal(r.n, 1);
    const nps_spectrum *s = r.s[0];
    assert_int_equal(s->technique, NPS_TECH_MSMS);
    assert_true(s->precursor_mz == 121.0284 && s->retention_time_s == 150 && s->exact_mass == 120.0211);
    assert_int_equal(s->polarity, 1);
    static const struct {
        nps_text_field field;
        const char *value;
    } texts[] = {
        {NPS_TEXT_NAME, "Alpha [M+H]+"},
        {NPS_TEXT_ID, "7"},
        {NPS_TEXT_INCHIKEY, "AAAAAAAAAAAAAA-BBBBBBBBBB-N"},
        {NPS_TEXT_INCHI, "InChI=1S/C7H4O2"},
        {NPS_TEXT_SMILES, "O=C1OC=CC=C1"},
        {NPS_TEXT_FORMULA, "C7H4O2"},
        {NPS_TEXT_CAS, "50-00-0"},
        {NPS_TEXT_ADDUCT, "[M+H]+"},
        {NPS_TEXT_INSTRUMENT, "LTQ Velos"},
        {NPS_TEXT_IONIZATION, "ESI"},
        {NPS_TEXT_ENERGY, "39.0 eV"},
        {NPS_TEXT_CONTRIBUTOR, "Institute A"},
        {NPS_TEXT_LICENCE, "https://example.org/zero"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(s->text[texts[i].field], texts[i].value);
    assert_string_equal(meta_value(s, "selected ion m/z"), "121.5");
    assert_string_equal(meta_value(s, "Status"), "Normal");
    assert_string_equal(meta_value(s, "total ion current"), "92.5 number of detector counts");
    assert_string_equal(meta_value(s, "charge state"), "1");
    assert_string_equal(meta_value(s, "interpretation 1: PSM-level probability"), "0.998");
    assert_string_equal(meta_value(s, "library name"), "Lib");
    assert_null(meta_value(s, "library creation log"));
    assert_null(meta_value(s, "unit"));
    assert_int_equal(s->peaks.n, 3);
    assert_true(s->peaks.mz[1] == 42.5 && s->peaks.intensity[1] == 20.5F);
    assert_null(s->peaks.note[0]);
    assert_string_equal(s->peaks.note[1], "y1/-0.01 0.5");
    assert_null(s->peaks.note[2]);
    assert_int_equal(s->line, 8);
}

static void sets_hold_for_those_that_claim_them_and_for_all(void **state)
{
    (void)state;
    AUTO_READING r =
        read_text(HEAD "<AttributeSet Spectrum=all>\nMS:1000511|ms level=2\nMS:1003072|spectrum origin "
                       "type=MS:1003073|observed spectrum\n"
                       "[1]MS:1000045|collision energy=30\n[1]UO:0000000|unit=UO:0000266|electronvolt\n"
                       "<AttributeSet Spectrum=decoy>\nMS:1003072|spectrum origin type=MS:1003195|shuffled spectrum\n"
                       "<AttributeSet Analyte=all>\nMS:1000866|molecular formula=C2H6O\n"
                       "<AttributeSet Interpretation=all>\nMS:1002357|PSM-level probability=1\n"
                       "<Spectrum=1>\n" PEAKS
                       "<Spectrum=2>\nMS:1003212|library attribute set name=decoy\n[1]MS:1000045|collision energy=20\n"
                       "<Analyte=1>\nMS:1000868|SMILES formula=CCO\n" PEAKS
                       "<Spectrum=3>\n<Analyte=1>\nMS:1000866|molecular formula=CH4\n<Interpretation=1>\n" PEAKS);
    assert_int_equal(r.n_err, 0);
    assert_int_equal(r.n, 3);
    assert_string_equal(meta_value(r.s[0], "spectrum origin type"), "observed spectrum");
    assert_string_equal(r.s[0]->text[NPS_TEXT_ENERGY], "30 eV");
    assert_null(r.s[0]->text[NPS_TEXT_FORMULA]);
    assert_int_equal(r.s[0]->technique, NPS_TECH_MSMS);
    assert_string_equal(meta_value(r.s[1], "spectrum origin type"), "shuffled spectrum");
    assert_string_equal(meta_value(r.s[1], "ms level"), "2");
    assert_string_equal(r.s[1]->text[NPS_TEXT_ENERGY], "20");
    assert_string_equal(r.s[1]->text[NPS_TEXT_FORMULA], "C2H6O");
    assert_string_equal(r.s[1]->text[NPS_TEXT_SMILES], "CCO");
    assert_null(meta_value(r.s[1], "interpretation 1: PSM-level probability"));
    assert_string_equal(r.s[2]->text[NPS_TEXT_FORMULA], "CH4");
    assert_string_equal(meta_value(r.s[2], "interpretation 1: PSM-level probability"), "1");
}

static void the_best_precursor_is_taken_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        double mz;
    } cases[] = {
        {"MS:1003208|experimental precursor monoisotopic m/z=100.5\nMS:1000744|selected ion m/z=101\n", 100.5},
        {"MS:1000827|isolation window target m/z=102\nMS:1000744|selected ion m/z=101\n", 101},
        {"MS:1000827|isolation window target m/z=102\n<Analyte=1>\nMS:1003053|theoretical monoisotopic m/z=103\n", 102},
        {"<Analyte=1>\nMS:1003053|theoretical monoisotopic m/z=103\n", 103},
        {"<Analyte=1>\n<Analyte=2>\nMS:1003053|theoretical monoisotopic m/z=103\n", 0},
        {"MS:1003208|experimental precursor monoisotopic m/z=unsure\nMS:1000744|selected ion m/z=101\n", 101},
        {"MS:1000744|selected ion m/z=-5\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, HEAD "<Spectrum=1>\n%s" PEAKS, cases[i].lines);
        AUTO_READING r = read_text(text);
        assert_int_equal(r.n, 1);
        assert_true(r.s[0]->precursor_mz == cases[i].mz);
    }
}

static void the_technique_follows_the_ionization(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        nps_technique technique;
        const char *text;
    } cases[] = {
        {"MS:1000008|ionization type=MS:1000389|electron ionization", NPS_TECH_EI, "EI"},
        {"MS:1000008|ionization type=MS:1000073|electrospray ionization", NPS_TECH_MSMS, "ESI"},
        {"MS:1000008|ionization type=MS:1000075|matrix-assisted laser desorption ionization", NPS_TECH_MSMS,
         "matrix-assisted laser desorption ionization"},
        {"MS:1000044|dissociation method=MS:1000133|collision-induced dissociation", NPS_TECH_MSMS, NULL},
        {"MS:1000511|ms level=1", NPS_TECH_EI, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, HEAD "<Spectrum=1>\n%s\n" PEAKS, cases[i].line);
        AUTO_READING r = read_text(text);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.s[0]->technique, cases[i].technique);
        if (cases[i].text)
            assert_string_equal(r.s[0]->text[NPS_TEXT_IONIZATION], cases[i].text);
        else
            assert_null(r.s[0]->text[NPS_TEXT_IONIZATION]);
    }
}

static void energies_and_times_keep_their_unit(void **state)
{
    (void)state;
    AUTO_READING r = read_text(
        HEAD "<Spectrum=1>\n[1]MS:1000138|normalized collision energy=30\n[1]UO:0000000|unit=UO:0000187|percent\n"
             "[2]MS:1000894|retention time=12\n[2]UO:0000000|unit=UO:0000010|second\n" PEAKS
             "<Spectrum=2>\nMS:1000894|retention time=12\nUO:0000000|unit=UO:0000010|second\n"
             "MS:1000465|scan polarity=MS:1000129|negative scan\n" PEAKS);
    assert_int_equal(r.n, 2);
    assert_string_equal(r.s[0]->text[NPS_TEXT_ENERGY], "30 % (normalized)");
    assert_true(r.s[0]->retention_time_s == 12);
    /* Without a group the unit could be of anything. */
    assert_true(r.s[1]->retention_time_s == 0);
    assert_string_equal(meta_value(r.s[1], "retention time"), "12");
    assert_string_equal(meta_value(r.s[1], "unit"), "second");
    assert_int_equal(r.s[1]->polarity, -1);
}

static void further_analytes_stay_metadata(void **state)
{
    (void)state;
    AUTO_READING r = read_text(HEAD "<Spectrum=1>\n<Analyte=1>\nMS:1000866|molecular formula=CH4\n<Analyte=2>\n"
                                    "MS:1000866|molecular formula=C2H6\nMS:1000868|SMILES formula=CC\n" PEAKS);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.s[0]->text[NPS_TEXT_FORMULA], "CH4");
    assert_null(r.s[0]->text[NPS_TEXT_SMILES]);
    assert_string_equal(meta_value(r.s[0], "analyte 2: SMILES formula"), "CC");
}

static void a_stated_count_is_checked(void **state)
{
    (void)state;
    AUTO_READING r = read_text(HEAD "<Spectrum=1>\nMS:1003059|number of peaks=2\n" PEAKS "<Spectrum=2>\n"
                                    "MS:1003059|number of peaks=1\n" PEAKS);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.s[0]->repairs[NPS_REPAIR_PEAK_COUNT], 1);
    assert_int_equal(r.s[1]->repairs[NPS_REPAIR_PEAK_COUNT], 0);
}

static void clusters_are_passed_over(void **state)
{
    (void)state;
    AUTO_READING r =
        read_text(HEAD "<Spectrum=1>\n" PEAKS "<Cluster=1>\nMS:1003267|spectrum cluster key=1\n\n<Spectrum=2>\n" PEAKS
                       "<Cluster=2>\nanything\n");
    assert_int_equal(r.n, 2);
    assert_int_equal(r.n_err, 0);
}

static void a_library_without_spectra_is_no_fault(void **state)
{
    (void)state;
    AUTO_READING r = read_text("\n\n" HEAD);
    assert_string_equal(r.format, "mzspeclib");
    assert_int_equal(r.n + r.n_err, 0);
    AUTO_READING old = read_text("\xef\xbb\xbf<mzSpecLib 1.0>\r\n<Spectrum=1>\r\n<Peaks>\r\n1\t2\r\n");
    assert_int_equal(old.n, 1);
}

static void a_broken_spectrum_does_not_stop_the_next(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        size_t line; /* within the record, 1 for its tag */
        const char *part;
    } cases[] = {
        {"nonsense\n" PEAKS, 2, "neither an attribute"},
        {"MS:1000744 selected ion\n" PEAKS, 2, "neither an attribute"},
        {"[x]MS:1000744|selected ion m/z=5\n" PEAKS, 2, "neither an attribute"},
        {"MS:1000744|=5\n" PEAKS, 2, "neither an attribute"},
        {"<Nonsense=1>\n" PEAKS, 2, "section '<Nonsense=1>' is unknown"},
        {"<AttributeSet Spectrum=all>\n" PEAKS, 2, "no place here"},
        {"<mzSpecLib>\n" PEAKS, 2, "no place here"},
        {PEAKS PEAKS, 4, "no place here"},
        {"<Peaks>\nabc\t1\n", 3, "m/z expected"},
        {"<Peaks>\n41.5;1\n", 3, "m/z expected"},
        {"<Peaks>\n41.5\n", 3, "no intensity"},
        {"<Peaks>\n41.5\tx\n", 3, "intensity expected"},
        {"<Peaks>\n-1\t1\n", 3, "m/z"},
        {"<Peaks>\n1\t-1\n", 3, "intensity"},
        {"<Peaks>\n1\t0\n", 1, "no peaks above zero"},
        {"<Peaks>\n", 1, "has no peaks"},
        {"", 1, "has no peaks"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, HEAD "<Spectrum=1>\n" PEAKS "<Spectrum=2>\n%s<Spectrum=3>\n" PEAKS, cases[i].lines);
        AUTO_READING r = read_text(text);
        assert_int_equal(r.n, 2);
        assert_int_equal(r.n_err, 1);
        assert_int_equal(r.err[0].line, 6 + cases[i].line);
        if (!strstr(r.err[0].msg, cases[i].part))
            fail_msg("'%s' does not hold '%s'", r.err[0].msg, cases[i].part);
        assert_string_equal(r.s[1]->text[NPS_TEXT_ID], "3");
    }
}

static void a_broken_header_is_told_once(void **state)
{
    (void)state;
    AUTO_READING r = read_text("<mzSpecLib>\nnonsense\nmore\n<Spectrum=1>\n" PEAKS);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].line, 2);
    assert_int_equal(r.err[0].offset, 12);
}

static void limits_hold(void **state)
{
    (void)state;
    static char text[1 << 16];
    size_t n = (size_t)snprintf(text, sizeof text, HEAD);
    for (int i = 0; i < 100; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "<AttributeSet Spectrum=s%d>\n", i);
    snprintf(text + n, sizeof text - n, "<Spectrum=1>\n" PEAKS);
    AUTO_READING sets = read_text(text);
    assert_int_equal(sets.n, 1);
    assert_int_equal(sets.err[0].code, NPS_E_LIMIT);
    assert_int_equal(sets.err[0].line, 3 + 100);
    n = (size_t)snprintf(text, sizeof text, HEAD);
    for (int i = 0; i < 499; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "A:1|b=c\n");
    snprintf(text + n, sizeof text - n, "<Spectrum=1>\n" PEAKS);
    AUTO_READING attributes = read_text(text);
    assert_int_equal(attributes.err[0].code, NPS_E_LIMIT);
    assert_int_equal(attributes.err[0].line, 1 + 501);
    n = (size_t)snprintf(text, sizeof text, HEAD "<Spectrum=1>\n");
    for (int i = 0; i < 1001; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "A:1|b=c\n");
    snprintf(text + n, sizeof text - n, PEAKS);
    AUTO_READING own = read_text(text);
    assert_int_equal(own.n, 0);
    assert_int_equal(own.err[0].code, NPS_E_LIMIT);
    assert_int_equal(own.err[0].line, 4 + 1001);
}

static void no_prefix_of_a_text_does_harm(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "<AttributeSet Spectrum=all>\n[1]MS:1000045|collision energy=3\n"
             "[1]UO:0000000|unit=UO:0000266|electronvolt\n<Spectrum=1>\nMS:1000744|selected ion m/z=5\n"
             "<Analyte=1>\nMS:1000866|molecular formula=CH4\n" PEAKS "<Cluster=1>\n";
    nps_read_limits limits = nps_read_limits_for_upload();
    for (size_t n = 11; n < sizeof text; n++) {
        char *cut = malloc(n);
        assert_non_null(cut);
        memcpy(cut, text, n);
        AUTO_READING r = read_bytes(cut, n, &limits);
        assert_true(r.n <= 1 && r.n_err <= 1);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_section_is_a_spectrum),
        cmocka_unit_test(sets_hold_for_those_that_claim_them_and_for_all),
        cmocka_unit_test(the_best_precursor_is_taken_wherever_it_stands),
        cmocka_unit_test(the_technique_follows_the_ionization),
        cmocka_unit_test(energies_and_times_keep_their_unit),
        cmocka_unit_test(further_analytes_stay_metadata),
        cmocka_unit_test(a_stated_count_is_checked),
        cmocka_unit_test(clusters_are_passed_over),
        cmocka_unit_test(a_library_without_spectra_is_no_fault),
        cmocka_unit_test(a_broken_spectrum_does_not_stop_the_next),
        cmocka_unit_test(a_broken_header_is_told_once),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(no_prefix_of_a_text_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
