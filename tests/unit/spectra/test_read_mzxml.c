#include "tests/support/ms_xml.h"
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

static const double PAIRS[] = {50.5, 10, 77.25, 999, 105.0625, 250};

static void put_open(nps_buf *out, const char *instrument)
{
    nps_buf_printf(out, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<mzXML xmlns=\"http://sashimi.sourceforge.net/schema_revision/mzXML_3.2\">\n"
                        "<msRun scanCount=\"2\">%s\n", instrument);
}

static void put_close(nps_buf *out)
{
    nps_buf_puts(out, "</msRun><index name=\"scan\"><offset id=\"1\">17</offset></index><sha1>0</sha1></mzXML>\n");
}

static void put_peaks(nps_buf *out, const char *attributes, char kind, bool zlib)
{
    nps_buf_printf(out, "<peaks %s>", attributes);
    ms_put_values(out, PAIRS, 6, kind, true, zlib);
    nps_buf_puts(out, "</peaks>");
}

static reading read_buf(const nps_buf *b)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(b->data, b->len, &limits);
}

static reading read_scan(const char *instrument, const char *scan_attributes, const char *peaks_attributes, char kind, bool zlib)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, instrument);
    nps_buf_printf(&b, "<scan num='1' %s>", scan_attributes);
    put_peaks(&b, peaks_attributes, kind, zlib);
    nps_buf_puts(&b, "</scan>");
    put_close(&b);
    return read_buf(&b);
}

static void check_peaks(const nps_spectrum *s)
{
    assert_int_equal(s->peaks.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_near(s->peaks.mz[i], PAIRS[2 * i], 0, 0);
        assert_near((double)s->peaks.intensity[i], PAIRS[2 * i + 1], 0, 0);
    }
}

static const char instrument[] =
    "<msInstrument><msManufacturer category='msManufacturer' value='Agilent'/><msModel category='msModel' value='7890'/>"
    "<msIonisation category='msIonisation' value='EI'/><msMassAnalyzer category='msMassAnalyzer' value='Quadrupole'/></msInstrument>";

static void nested_scans_are_spectra_of_their_own(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, instrument);
    nps_buf_puts(&b, "<scan num='1' msLevel='1' peaksCount='3' polarity='+' retentionTime='PT12.5S' lowMz='50' scanType='Full'>\n");
    put_peaks(&b, "precision='32' byteOrder='network' pairOrder='m/z-int'", 'f', false);
    nps_buf_puts(&b, "\n<scan num='2' msLevel='2' peaksCount='3' polarity='-' collisionEnergy='35' retentionTime='PT1M2.5S' centroided='1'>"
                     "<precursorMz precursorIntensity='12' precursorCharge='2' activationMethod='CID'> 445.34\n</precursorMz>");
    put_peaks(&b, "precision='64' byteOrder='network' contentType='m/z-int' compressionType='zlib' compressedLen='77'", 'd', true);
    nps_buf_puts(&b, "<nameValue name='note' value='kept'/></scan>\n</scan>\n<scan num='3' msLevel='1' peaksCount='3'>");
    put_peaks(&b, "", 'f', false);
    nps_buf_puts(&b, "</scan>");
    put_close(&b);
    AUTO_READING r = read_buf(&b);
    if (r.n_err)
        fail_msg("%s", r.err[0].msg);
    assert_int_equal(r.n, 3);
    assert_string_equal(r.format, "mzxml");
    for (size_t i = 0; i < 3; i++)
        check_peaks(r.s[i]);
    const nps_spectrum *first = r.s[0], *second = r.s[1];
    assert_int_equal(first->technique, NPS_TECH_EI);
    assert_int_equal(first->polarity, 1);
    assert_int_equal(first->line, 4);
    assert_near(first->retention_time_s, 12.5, 0, 0);
    assert_string_equal(first->text[NPS_TEXT_ID], "1");
    assert_string_equal(first->text[NPS_TEXT_INSTRUMENT], "7890");
    assert_string_equal(first->text[NPS_TEXT_IONIZATION], "EI");
    assert_string_equal(meta_value(first, "lowMz"), "50");
    assert_string_equal(meta_value(first, "mass analyzer"), "Quadrupole");
    assert_int_equal(second->technique, NPS_TECH_MSMS);
    assert_int_equal(second->polarity, -1);
    assert_int_equal(second->line, 6);
    assert_near(second->precursor_mz, 445.34, 0, 0);
    assert_near(second->retention_time_s, 62.5, 0, 0);
    assert_string_equal(second->text[NPS_TEXT_ENERGY], "35");
    assert_string_equal(meta_value(second, "precursorCharge"), "2");
    assert_string_equal(meta_value(second, "activationMethod"), "CID");
    assert_string_equal(meta_value(second, "note"), "kept");
}

static void the_source_decides_the_technique_of_first_scans(void **state)
{
    (void)state;
    const struct {
        const char *source;
        nps_technique want;
    } cases[] = {{"EI", NPS_TECH_EI}, {"ESI", NPS_TECH_UNKNOWN}, {"NSI", NPS_TECH_UNKNOWN}, {"DART", NPS_TECH_DART}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF head = NPS_BUF_INIT(1000);
        nps_buf_printf(&head, "<msInstrument><msIonisation value='%s'/></msInstrument>", cases[i].source);
        AUTO_READING r = read_scan(head.data, "msLevel='1' peaksCount='3'", "precision='32'", 'f', false);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.s[0]->technique, cases[i].want);
    }
}

static void times_are_durations(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double want; /* 0: kept as it is */
    } cases[] = {{"PT0.5S", 0.5}, {"PT2M", 120}, {"PT1H1M1S", 3661}, {"P0Y0M1DT0H0M1S", 86401}, {"P1D", 86400},
                 {"12.5", 0},     {"P1Y", 0},    {"PT", 0},          {"PT1S1M", 0},             {"PT-1S", 0},
                 {"", 0},         {"PT5", 0},    {"PT1X", 0},        {"P1S", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF a = NPS_BUF_INIT(1000);
        nps_buf_printf(&a, "peaksCount='3' retentionTime='%s'", cases[i].text);
        AUTO_READING r = read_scan("", a.data, "precision='32'", 'f', false);
        assert_int_equal(r.n, 1);
        print_message("%s\n", cases[i].text);
        assert_near(r.s[0]->retention_time_s, cases[i].want, 1e-15, 0);
        if (cases[i].want == 0)
            assert_string_equal(meta_value(r.s[0], "retentionTime"), cases[i].text);
    }
}

static void profiles_are_centroided(void **state)
{
    (void)state;
    const struct {
        const char *head, *attribute;
        size_t want;
    } cases[] = {{"<dataProcessing centroided='1'/>", "", 0},
                 {"<dataProcessing centroided='0'/>", "", 1},
                 {"<dataProcessing centroided='1'/>", "centroided='0'", 1},
                 {"", "centroided='true'", 0},
                 {"", "", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF a = NPS_BUF_INIT(1000);
        nps_buf_printf(&a, "peaksCount='3' %s", cases[i].attribute);
        AUTO_READING r = read_scan(cases[i].head, a.data, "precision='32'", 'f', false);
        assert_int_equal(r.n, 1);
        check_peaks(r.s[0]);
        assert_int_equal(r.repairs[NPS_REPAIR_CENTROIDED], cases[i].want);
    }
}

static void faults_are_named(void **state)
{
    (void)state;
    const struct {
        const char *scan, *peaks, *part;
        nps_status want;
    } cases[] = {
        {"peaksCount='2'", "precision='32'", "the peaks array holds 6 values instead of the stated 4", NPS_E_FORMAT},
        {"peaksCount='3'", "precision='64'", "the peaks array holds 3 values instead of the stated 6", NPS_E_FORMAT},
        {"peaksCount='3'", "precision='16'", "precision '16'", NPS_E_UNSUPPORTED},
        {"peaksCount='3'", "byteOrder='little'", "byte order 'little'", NPS_E_UNSUPPORTED},
        {"peaksCount='3'", "contentType='m/z ruler'", "content 'm/z ruler'", NPS_E_UNSUPPORTED},
        {"peaksCount='3'", "compressionType='lzma'", "compression 'lzma'", NPS_E_UNSUPPORTED},
        {"peaksCount='3'", "compressionType='zlib'", "zlib", NPS_E_FORMAT},
        {"peaksCount='x'", "", "peaksCount 'x' is no count", NPS_E_FORMAT},
        {"", "", "does not state its peaksCount", NPS_E_FORMAT},
        {"peaksCount='3' msLevel='0'", "", "MS level '0'", NPS_E_FORMAT},
        {"peaksCount='3' scanType='SRM'", "", "SRM scan", NPS_E_UNSUPPORTED},
        {"peaksCount='3'", "/><peaks precision='32'", "several arrays", NPS_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_READING r = read_scan("", cases[i].scan, cases[i].peaks, 'f', false);
        assert_int_equal(r.n, 0);
        assert_int_equal(r.n_err, 1);
        print_message("%s\n", r.err[0].msg);
        assert_non_null(strstr(r.err[0].msg, cases[i].part));
        assert_int_equal(r.err[0].code, cases[i].want);
        assert_int_equal(r.err[0].line, 4);
    }
}

static void scans_without_peaks_are_passed_over(void **state)
{
    (void)state;
    AUTO_READING r = read_text("<mzXML><msRun><scan num='1' msLevel='1' peaksCount='0'><peaks precision='32'>AAAAAAAAAAA=</peaks>"
                               "<scan num='2' peaksCount='1'><peaks precision='32'>QkgAAEEgAAA=</peaks></scan></scan>"
                               "<scan num='3' peaksCount='2'></scan></msRun></mzXML>");
    assert_int_equal(r.n, 1);
    assert_near(r.s[0]->peaks.mz[0], 50, 0, 0);
    assert_int_equal(r.n_err, 1);
    assert_non_null(strstr(r.err[0].msg, "has none"));
}

static void no_cut_crashes(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, instrument);
    nps_buf_puts(&b, "<scan num='1' msLevel='1' peaksCount='3'>");
    put_peaks(&b, "precision='32'", 'f', false);
    nps_buf_puts(&b, "<scan num='2' msLevel='2' peaksCount='3'><precursorMz>99</precursorMz>");
    put_peaks(&b, "precision='64' compressionType='zlib'", 'd', true);
    nps_buf_puts(&b, "</scan></scan>");
    put_close(&b);
    nps_read_limits limits = nps_read_limits_for_upload();
    for (size_t n = 60; n + 1 < b.len; n++) {
        char *copy = malloc(n);
        memcpy(copy, b.data, n);
        AUTO_READING r = read_bytes(copy, n, &limits);
        assert_true(r.n <= 2);
        assert_int_equal(r.n_err, 1);
        assert_true(r.err[0].offset <= n);
        free(copy);
    }
}

static void faults_in_the_peaks_are_told_in_their_line(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, "");
    nps_buf_puts(&b, "<scan num='1' msLevel='2' peaksCount='1'>\n<peaks precision='32'\n byteOrder='network'\n"
                     " contentType='m/z-int'>QkgA\n*AA=</peaks></scan>");
    put_close(&b);
    AUTO_READING r = read_buf(&b);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].offset, strchr(b.data, '*') - b.data);
    size_t line = 1;
    for (const char *p = b.data; p < strchr(b.data, '*'); p++)
        line += *p == '\n';
    assert_int_equal(r.err[0].line, line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_scans_are_spectra_of_their_own),
        cmocka_unit_test(the_source_decides_the_technique_of_first_scans),
        cmocka_unit_test(times_are_durations),
        cmocka_unit_test(profiles_are_centroided),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(scans_without_peaks_are_passed_over),
        cmocka_unit_test(no_cut_crashes),
        cmocka_unit_test(faults_in_the_peaks_are_told_in_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
