#include "tests/support/ms_xml.h"
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <math.h>

#define CV(accession, name, value) "<cvParam cvRef='MS' accession='MS:" accession "' name='" name "' value='" value "'/>"
#define CENTROID CV("1000127", "centroid spectrum", "")
#define PROFILE CV("1000128", "profile spectrum", "")
#define LEVEL(n) CV("1000511", "ms level", n)
#define PLAIN CV("1000576", "no compression", "")
#define ZLIB CV("1000574", "zlib compression", "")
#define F32 CV("1000521", "32-bit float", "")
#define F64 CV("1000523", "64-bit float", "")
#define IS_MZ CV("1000514", "m/z array", "")
#define IS_INTENSITY CV("1000515", "intensity array", "")

static const double MZ[] = {50.5, 77.25, 105.0625}, Y[] = {10, 999, 250};

static void put_array(nps_buf *out, const char *terms, const double *v, size_t n, char kind, bool zlib)
{
    nps_buf_printf(out, "<binaryDataArray encodedLength='0'>%s<binary>", terms);
    ms_put_values(out, v, n, kind, false, zlib);
    nps_buf_puts(out, "</binary></binaryDataArray>");
}

static void put_open(nps_buf *out, const char *head)
{
    nps_buf_printf(out, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<mzML version='1.1.0'>\n%s\n<run id='r'><spectrumList count='1'>\n",
                   head);
}

static void put_close(nps_buf *out)
{
    nps_buf_puts(out, "</spectrumList></run></mzML>\n");
}

static void put_spectrum(nps_buf *out, const char *id, const char *inside)
{
    nps_buf_printf(out, "<spectrum index='0' id='%s' defaultArrayLength='3'>%s\n<binaryDataArrayList count='2'>", id, inside);
    put_array(out, F64 PLAIN IS_MZ, MZ, 3, 'd', false);
    put_array(out, F32 ZLIB IS_INTENSITY, Y, 3, 'f', true);
    nps_buf_puts(out, "</binaryDataArrayList></spectrum>\n");
}

static reading read_buf(const nps_buf *b)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    return read_bytes(b->data, b->len, &limits);
}

/* A file of one spectrum with these arrays. */
static reading read_arrays(const char *inside, size_t n, const char *mz_terms, char mz_kind, bool mz_zlib, const char *y_terms,
                           char y_kind, bool y_zlib)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, "");
    nps_buf_printf(&b, "<spectrum id='s' defaultArrayLength='%zu'>%s", n, inside);
    put_array(&b, mz_terms, MZ, 3, mz_kind, mz_zlib);
    put_array(&b, y_terms, Y, 3, y_kind, y_zlib);
    nps_buf_puts(&b, "</spectrum>");
    put_close(&b);
    return read_buf(&b);
}

static void check_peaks(const reading *r)
{
    if (r->n_err)
        fail_msg("%s", r->err[0].msg);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->s[0]->peaks.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_near(r->s[0]->peaks.mz[i], MZ[i], 0, 0);
        assert_near((double)r->s[0]->peaks.intensity[i], Y[i], 0, 0);
    }
}

#define INSTRUMENT(source)                                                                                             \
    "<instrumentConfigurationList><instrumentConfiguration id='IC1'>" CV("1000449", "LTQ Orbitrap", "")                 \
        CV("1000529", "instrument serial number", "1062B") "<componentList><source order='1'>" CV(                    \
            "1000057", "electrospray inlet", "") source "</source><analyzer order='2'>" CV("1000484", "orbitrap", "") "</analyzer></componentList>"    \
    "</instrumentConfiguration></instrumentConfigurationList>"
#define ESI CV("1000073", "electrospray ionization", "")
#define EI CV("1000389", "electron ionization", "")
#define DART "<userParam name='direct analysis in real time'/>"

static void a_whole_fragment_spectrum_is_read(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, "<referenceableParamGroupList><referenceableParamGroup id='g'>" CENTROID
                 CV("1000130", "positive scan", "") "</referenceableParamGroup></referenceableParamGroupList>" INSTRUMENT(ESI));
    put_spectrum(&b, "scan=7",
                 "<referenceableParamGroupRef ref='g'/>" LEVEL("2") CV("1000580", "MSn spectrum", "") CV(
                     "1000796", "spectrum title", "caf\xe9") "<userParam name='note' value='kept &amp; seen'/>"
                     "<scanList><scan><cvParam accession='MS:1000016' name='scan start time' value='1.5' unitAccession='UO:0000031' "
                     "unitName='minute'/><cvParam accession='MS:1000927' name='ion injection time' value='100' "
                     "unitAccession='UO:0000028' unitName='millisecond'/></scan></scanList><precursorList><precursor><selectedIonList>"
                     "<selectedIon>" CV("1000744", "selected ion m/z", "195.0877") CV("1000041", "charge state", "1")
                     "</selectedIon></selectedIonList><activation>" CV("1000133", "collision-induced dissociation", "")
                     "<cvParam accession='MS:1000045' name='collision energy' value='35' unitAccession='UO:0000266' "
                     "unitName='electronvolt'/></activation></precursor></precursorList>");
    put_close(&b);
    AUTO_READING r = read_buf(&b);
    check_peaks(&r);
    const nps_spectrum *s = r.s[0];
    assert_string_equal(r.format, "mzml");
    assert_int_equal(s->technique, NPS_TECH_MSMS);
    assert_int_equal(s->polarity, 1);
    assert_int_equal(s->line, 5);
    assert_string_equal(s->text[NPS_TEXT_ID], "scan=7");
    assert_string_equal(s->text[NPS_TEXT_NAME], "caf\xc3\xa9");
    assert_string_equal(s->text[NPS_TEXT_INSTRUMENT], "LTQ Orbitrap");
    assert_string_equal(s->text[NPS_TEXT_IONIZATION], "electrospray ionization");
    assert_string_equal(s->text[NPS_TEXT_ENERGY], "35 eV");
    assert_near(s->precursor_mz, 195.0877, 0, 0);
    assert_near(s->retention_time_s, 90, 0, 0);
    assert_string_equal(meta_value(s, "charge state"), "1");
    assert_string_equal(meta_value(s, "activation"), "collision-induced dissociation");
    assert_string_equal(meta_value(s, "note"), "kept & seen");
    assert_string_equal(meta_value(s, "ion injection time"), "100 millisecond");
    assert_string_equal(meta_value(s, "mass analyzer"), "orbitrap");
}

static void the_source_decides_the_technique_of_first_scans(void **state)
{
    (void)state;
    const struct {
        const char *head, *inside;
        nps_technique want;
        int polarity;
    } cases[] = {
        {INSTRUMENT(EI), LEVEL("1"), NPS_TECH_EI, 0},
        {INSTRUMENT(EI), LEVEL("2"), NPS_TECH_MSMS, 0},
        {INSTRUMENT(DART), LEVEL("1") CV("1000129", "negative scan", ""), NPS_TECH_DART, -1},
        {INSTRUMENT(ESI), LEVEL("1"), NPS_TECH_UNKNOWN, 0},
        {INSTRUMENT(ESI), LEVEL("3"), NPS_TECH_MSMS, 0},
        {"", LEVEL("1"), NPS_TECH_UNKNOWN, 0},
        {"", "", NPS_TECH_UNKNOWN, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        put_open(&b, cases[i].head);
        put_spectrum(&b, "s", cases[i].inside);
        put_close(&b);
        AUTO_READING r = read_buf(&b);
        check_peaks(&r);
        assert_int_equal(r.s[0]->technique, cases[i].want);
        assert_int_equal(r.s[0]->polarity, cases[i].polarity);
    }
}

static void every_kind_of_number_is_read(void **state)
{
    (void)state;
    const double whole[] = {50, 77, 105};
    const struct {
        const char *term;
        char kind;
    } kinds[] = {{CV("1000521", "", ""), 'f'}, {CV("1000523", "", ""), 'd'}, {CV("1000519", "", ""), 'i'}, {CV("1000522", "", ""), 'l'}};
    for (size_t i = 0; i < 8; i++) {
        bool zlib = i % 2;
        NPS_AUTO_BUF terms = NPS_BUF_INIT(1000), b = NPS_BUF_INIT(1 << 20);
        nps_buf_printf(&terms, "%s%s", kinds[i / 2].term, zlib ? ZLIB : PLAIN);
        put_open(&b, "");
        nps_buf_puts(&b, "<spectrum id='s' defaultArrayLength='3'>");
        NPS_AUTO_BUF mz = NPS_BUF_INIT(1000), y = NPS_BUF_INIT(1000);
        nps_buf_printf(&mz, "%s" IS_MZ, terms.data);
        nps_buf_printf(&y, "%s" IS_INTENSITY, terms.data);
        put_array(&b, mz.data, whole, 3, kinds[i / 2].kind, zlib);
        put_array(&b, y.data, Y, 3, kinds[i / 2].kind, zlib);
        nps_buf_puts(&b, "</spectrum>");
        put_close(&b);
        AUTO_READING got = read_buf(&b);
        assert_int_equal(got.n, 1);
        for (size_t k = 0; k < 3; k++) {
            assert_near(got.s[0]->peaks.mz[k], whole[k], 0, 0);
            assert_near((double)got.s[0]->peaks.intensity[k], Y[k], 0, 0);
        }
    }
}

/* Linear, scale 2: 100, 101, 103; pic: 0, 100, 2^32 - 1 (see test_numpress.c). */
static void numpress_is_undone_also_under_zlib(void **state)
{
    (void)state;
    static const char linear[] = "\x40\x00\x00\x00\x00\x00\x00\x00\xc8\x00\x00\x00\xca\x00\x00\x00\x72", pic[] = "\x86\x46\xff";
    const struct {
        const char *mz, *y;
        bool zlib;
    } cases[] = {
        {CV("1002312", "MS-Numpress linear prediction compression", ""), CV("1002313", "pic", ""), false},
        {CV("1002746", "linear and zlib", ""), CV("1002747", "pic and zlib", ""), true},
        {CV("1002312", "linear", "") ZLIB, ZLIB CV("1002313", "pic", ""), true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        put_open(&b, "");
        nps_buf_printf(&b, "<spectrum id='s' defaultArrayLength='3'><binaryDataArray>" IS_MZ "%s<binary>", cases[i].mz);
        ms_put_bytes(&b, linear, 17, cases[i].zlib);
        nps_buf_printf(&b, "</binary></binaryDataArray><binaryDataArray>" IS_INTENSITY "%s<binary>", cases[i].y);
        ms_put_bytes(&b, pic, 3, cases[i].zlib);
        nps_buf_puts(&b, "</binary></binaryDataArray></spectrum>");
        put_close(&b);
        AUTO_READING r = read_buf(&b);
        if (r.n_err)
            fail_msg("%s", r.err[0].msg);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.s[0]->peaks.n, 2);
        assert_near(r.s[0]->peaks.mz[0], 101, 0, 0);
        assert_near(r.s[0]->peaks.mz[1], 103, 0, 0);
        assert_near((double)r.s[0]->peaks.intensity[0], 100, 0, 0);
        assert_int_equal(r.repairs[NPS_REPAIR_ZERO], 1);
    }
}

static void a_profile_is_centroided_and_told(void **state)
{
    (void)state;
    static double mz[100], y[100];
    for (size_t i = 0; i < 100; i++) {
        mz[i] = 99.5 + 0.01 * (double)i;
        y[i] = 500 * exp(-(mz[i] - 100.003) * (mz[i] - 100.003) / (2 * 0.03 * 0.03));
    }
    const char *heads[] = {"", "<fileDescription><fileContent>" PROFILE "</fileContent></fileDescription>", ""};
    const char *insides[] = {PROFILE, "", CENTROID};
    for (size_t i = 0; i < 3; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        put_open(&b, heads[i]);
        nps_buf_printf(&b, "<spectrum id='s' defaultArrayLength='100'>%s", insides[i]);
        put_array(&b, F64 ZLIB IS_MZ, mz, 100, 'd', true);
        put_array(&b, F64 PLAIN IS_INTENSITY, y, 100, 'd', false);
        nps_buf_puts(&b, "</spectrum>");
        put_close(&b);
        AUTO_READING r = read_buf(&b);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.repairs[NPS_REPAIR_CENTROIDED], i < 2);
        if (i == 2)
            continue;
        assert_int_equal(r.s[0]->peaks.n, 1);
        assert_near(r.s[0]->peaks.mz[0], 100.003, 0, 1e-9);
        assert_near((double)r.s[0]->peaks.intensity[0], 500, 1e-6, 0);
    }
}

static void old_versions_are_read(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_buf_puts(&b, "<mzML version='0.99.1'><instrumentList><instrument id='I'>" CV("1000447", "LTQ", "") "<componentList><source>" ESI
                     "</source></componentList></instrument></instrumentList><run instrumentRef='I'><spectrumList>"
                     "<spectrum id='S1' scanNumber='1' msLevel='2'><spectrumDescription>" CENTROID
                     "<precursorList><precursor><ionSelection>" CV("1000040", "m/z", "445.34") "</ionSelection></precursor></precursorList>"
                     "<scan instrumentRef='I'><cvParam accession='MS:1000016' name='scan time' value='2' "
                     "unitAccession='MS:1000038' unitName='minute'/></scan></spectrumDescription>");
    nps_buf_puts(&b, "<binaryDataArray arrayLength='3'>" F64 PLAIN IS_MZ "<binary>");
    ms_put_values(&b, MZ, 3, 'd', false, false);
    nps_buf_puts(&b, "\n</binary></binaryDataArray><binaryDataArray arrayLength='3'>" F32 PLAIN IS_INTENSITY "<binary> ");
    ms_put_values(&b, Y, 3, 'f', false, false);
    nps_buf_puts(&b, "</binary></binaryDataArray></spectrum></spectrumList></run></mzML>");
    AUTO_READING r = read_buf(&b);
    check_peaks(&r);
    assert_near(r.s[0]->precursor_mz, 445.34, 0, 0);
    assert_near(r.s[0]->retention_time_s, 120, 0, 0);
    assert_int_equal(r.s[0]->technique, NPS_TECH_MSMS);
    assert_string_equal(r.s[0]->text[NPS_TEXT_INSTRUMENT], "LTQ");
}

static void a_bad_spectrum_stops_nothing_and_empty_ones_are_passed_over(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, "");
    put_spectrum(&b, "good", "");
    put_spectrum(&b, "uv", CV("1000804", "electromagnetic radiation spectrum", ""));
    nps_buf_puts(&b, "<spectrum id='none' defaultArrayLength='0'/><spectrum id='none' defaultArrayLength='0'></spectrum>\n");
    put_spectrum(&b, "srm", CV("1000583", "SRM spectrum", ""));
    put_spectrum(&b, "good", "");
    nps_buf_puts(&b, "</spectrumList><chromatogramList><chromatogram id='tic' defaultArrayLength='1'>");
    put_array(&b, F64 PLAIN CV("1000595", "time array", ""), MZ, 1, 'd', false);
    nps_buf_puts(&b, "</chromatogram></chromatogramList></run></mzML>");
    AUTO_READING r = read_buf(&b);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.n_err, 2);
    assert_int_equal(r.err[0].code, NPS_E_UNSUPPORTED);
    assert_non_null(strstr(r.err[0].msg, "electromagnetic radiation spectrum"));
    assert_int_equal(r.err[0].line, 7);
    assert_non_null(strstr(r.err[1].msg, "SRM spectrum"));
    assert_int_equal(r.err[1].line, 10);
}

static void a_file_without_any_spectrum_says_so(void **state)
{
    (void)state;
    AUTO_READING r = read_text("<mzML><run><chromatogramList><chromatogram/><chromatogram/></chromatogramList></run></mzML>");
    assert_int_equal(r.n, 0);
    assert_int_equal(r.n_err, 1);
    assert_int_equal(r.err[0].code, NPS_E_UNSUPPORTED);
    assert_non_null(strstr(r.err[0].msg, "2 chromatograms"));
}

static void faults_of_arrays_are_named(void **state)
{
    (void)state;
    const struct {
        size_t n;
        const char *mz, *y, *part;
        nps_status want;
    } cases[] = {
        {4, F64 PLAIN IS_MZ, F64 PLAIN IS_INTENSITY, "the m/z array holds 3 values instead of the stated 4", NPS_E_FORMAT},
        {2, F64 PLAIN IS_MZ, F64 PLAIN IS_INTENSITY, "the m/z array holds 3 values instead of the stated 2", NPS_E_FORMAT},
        {3, F32 PLAIN IS_MZ, F64 PLAIN IS_INTENSITY, "the m/z array holds 6 values", NPS_E_FORMAT},
        {3, F64 PLAIN IS_MZ, PLAIN IS_INTENSITY, "the intensity array does not say its kind of numbers", NPS_E_UNSUPPORTED},
        {3, F64 PLAIN IS_MZ, F64 IS_INTENSITY, "does not say whether and how it is compressed", NPS_E_UNSUPPORTED},
        {3, F64 PLAIN, F64 PLAIN IS_INTENSITY, "does not say whether it is m/z or intensity", NPS_E_UNSUPPORTED},
        {3, F64 PLAIN IS_MZ, F64 PLAIN IS_MZ, "two m/z arrays", NPS_E_FORMAT},
        {3, F64 PLAIN IS_MZ, F64 PLAIN CV("1000516", "charge array", ""), "has no intensity array", NPS_E_FORMAT},
        {3, F64 ZLIB IS_MZ, F64 PLAIN IS_INTENSITY, "the zlib data are damaged", NPS_E_FORMAT},
        {3, CV("1002312", "linear", "") IS_MZ, F64 PLAIN IS_INTENSITY, "the numpress data end", NPS_E_FORMAT},
        {3, F64 CV("1003089", "truncation and zlib compression", "") IS_MZ, F64 PLAIN IS_INTENSITY,
         "compression 'truncation and zlib compression' is not read here", NPS_E_UNSUPPORTED},
        {3, F64 PLAIN IS_MZ "<cvParam cvRef='IMS' accession='IMS:1000101' name='external data' value='true'/>",
         F64 PLAIN IS_INTENSITY, "imzML", NPS_E_UNSUPPORTED},
        {99999999, F64 PLAIN IS_MZ, F64 PLAIN IS_INTENSITY, "99999999 points are more than the limit", NPS_E_LIMIT},
        {999999, F64 PLAIN IS_MZ, F64 PLAIN IS_INTENSITY, "too few for the stated 999999 values", NPS_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_READING r = read_arrays("", cases[i].n, cases[i].mz, 'd', false, cases[i].y, 'd', false);
        assert_int_equal(r.n, 0);
        assert_int_equal(r.n_err, 1);
        print_message("%s\n", r.err[0].msg);
        assert_non_null(strstr(r.err[0].msg, cases[i].part));
        assert_int_equal(r.err[0].code, cases[i].want);
        assert_int_equal(r.err[0].line, 5);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, "");
    for (int i = 0; i < 3; i++)
        put_spectrum(&b, "s", "");
    put_close(&b);
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_records = 3;
    AUTO_READING all = read_bytes(b.data, b.len, &limits);
    assert_int_equal(all.n, 3);
    assert_int_equal(all.n_err, 0);
    limits.max_records = 2;
    AUTO_READING two = read_bytes(b.data, b.len, &limits);
    assert_int_equal(two.n, 2);
    assert_int_equal(two.n_err, 1);
    assert_int_equal(two.err[0].code, NPS_E_LIMIT);
    assert_int_equal(two.err[0].line, 9);
    limits.max_points = 2;
    AUTO_READING none = read_bytes(b.data, b.len, &limits);
    assert_int_equal(none.n, 0);
    assert_int_equal(none.err[0].code, NPS_E_LIMIT);
}

static void no_cut_crashes_and_whole_spectra_before_it_are_read(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    put_open(&b, INSTRUMENT(ESI));
    put_spectrum(&b, "a", LEVEL("1"));
    size_t first = b.len - 1;
    put_spectrum(&b, "b", LEVEL("1"));
    size_t second = b.len - 1;
    put_close(&b);
    nps_read_limits limits = nps_read_limits_for_upload();
    for (size_t n = 80; n + 1 < b.len; n++) {
        /* A copy of just this size, for the sanitizer. */
        char *copy = malloc(n);
        memcpy(copy, b.data, n);
        AUTO_READING r = read_bytes(copy, n, &limits);
        assert_int_equal(r.n, n < first ? 0 : n < second ? 1 : 2);
        assert_int_equal(r.n_err, 1);
        assert_int_equal(r.err[0].code, NPS_E_FORMAT);
        assert_true(r.err[0].offset <= n);
        free(copy);
    }
}

static void other_xml_stays_a_stranger(void **state)
{
    (void)state;
    const char *texts[] = {"<?xml version='1.0'?><mzData></mzData>", "<?xml version='1.0'?>\nName: x\nNum Peaks: 1\n1 1\n",
                           "<?xml version='1.0'?><!-- <mzML> --><svg/>", "<?xml version='1.0'?>"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        AUTO_READING r = read_text(texts[i]);
        assert_int_equal(r.open, NPS_E_UNSUPPORTED);
        assert_non_null(strstr(r.err[0].msg, "an XML file"));
    }
    const char *ours[] = {"\xef\xbb\xbf<?xml version='1.0'?><!-- hello --><mzML/>", "<indexedmzML/>", "<m:mzML xmlns:m='u'/>",
                          "<!DOCTYPE mzML><mzML/>"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        AUTO_READING r = read_text(ours[i]);
        assert_int_equal(r.open, NPS_OK);
        assert_string_equal(r.format, "mzml");
        assert_int_equal(r.n_err, 1);
    }
}

static void points_at_mz_0_are_left_out_and_counted(void **state)
{
    (void)state;
    static const double mz[] = {0, 50, 60}, y[] = {15, 10, 20};
    const char *shapes[] = {CENTROID, PROFILE};
    for (size_t i = 0; i < 2; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        put_open(&b, "");
        nps_buf_printf(&b, "<spectrum id='s' defaultArrayLength='3'>%s", shapes[i]);
        put_array(&b, F64 PLAIN IS_MZ, mz, 3, 'd', false);
        put_array(&b, F64 PLAIN IS_INTENSITY, y, 3, 'd', false);
        nps_buf_puts(&b, "</spectrum>");
        put_close(&b);
        AUTO_READING r = read_buf(&b);
        if (r.n_err)
            fail_msg("%s", r.err[0].msg);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.s[0]->peaks.n, 2);
        assert_near(r.s[0]->peaks.mz[0], 50, 0, 0);
        assert_int_equal(r.repairs[NPS_REPAIR_NO_MZ], 1);
        assert_int_equal(r.repairs[NPS_REPAIR_ZERO], 0);
    }
}

#define WINDOW(mz) "<isolationWindow>" CV("1000827", "isolation window target m/z", mz) "</isolationWindow>"
#define OFFSETS(mz) \
    "<isolationWindow>" CV("1000828", "isolation window lower offset", mz) CV("1000829", "isolation window upper offset", mz) \
    "</isolationWindow>"
#define ION(mz) "<selectedIonList><selectedIon>" CV("1000744", "selected ion m/z", mz) "</selectedIon></selectedIonList>"
#define PRECURSOR(inside) "<precursorList><precursor>" inside "</precursor></precursorList>"

static void the_isolation_window_stands_for_a_precursor_that_is_not_named(void **state)
{
    (void)state;
    static const struct {
        const char *inside;
        double mz;
    } cases[] = {
        {LEVEL("2") PRECURSOR(WINDOW("350.2")), 350.2},
        {LEVEL("2") PRECURSOR(WINDOW("350.2") ION("350.7")), 350.7},
        {LEVEL("2") PRECURSOR(WINDOW("350.2")) PRECURSOR(WINDOW("99")), 350.2},
        {LEVEL("2") PRECURSOR(WINDOW("0")), 0},
        {LEVEL("2") PRECURSOR(WINDOW("350.2") OFFSETS("0.5")), 350.2},
        {LEVEL("2") PRECURSOR(WINDOW("350.2") OFFSETS("250")), 0},
        {LEVEL("2") PRECURSOR(WINDOW("350.2")) "<productList><product>" WINDOW("99") "</product></productList>", 350.2},
        {LEVEL("2") "<productList><product>" WINDOW("99") "</product></productList>", 0},
        {LEVEL("2"), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        put_open(&b, "");
        put_spectrum(&b, "s", cases[i].inside);
        put_close(&b);
        AUTO_READING r = read_buf(&b);
        assert_int_equal(r.n, 1);
        assert_near(r.s[0]->precursor_mz, cases[i].mz, 0, 0);
        assert_int_equal(r.s[0]->technique, NPS_TECH_MSMS);
    }
}

static void a_precursor_ion_spectrum_of_level_1_is_one_without_fragmentation(void **state)
{
    (void)state;
    const char *insides[] = {LEVEL("1") CV("1000341", "precursor ion spectrum", ""),
                             CV("1000341", "precursor ion spectrum", "") LEVEL("1"),
                             LEVEL("2") CV("1000341", "precursor ion spectrum", ""),
                             CV("1000341", "precursor ion spectrum", "")};
    for (size_t i = 0; i < 4; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        put_open(&b, "");
        put_spectrum(&b, "s", insides[i]);
        put_close(&b);
        AUTO_READING r = read_buf(&b);
        assert_int_equal(r.n, i < 2);
        assert_int_equal(r.n_err, i >= 2);
        if (i >= 2)
            assert_string_equal(r.err[0].msg, "this is no mass spectrum to search but: precursor ion spectrum");
    }
}

static void scan_times_are_read_in_their_unit(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        double s;
    } cases[] = {{"unitAccession='UO:0000010' unitName='second'", 90},
                 {"unitAccession='UO:0000031' unitName='minute'", 5400},
                 {"unitAccession='UO:0000032' unitName='hour'", 324000},
                 {"unitAccession='UO:0000028' unitName='millisecond'", 0.09},
                 {"unitAccession='UO:0000003' unitName='time unit'", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        char scan[300];
        snprintf(scan, sizeof scan,
                 "<scanList><scan><cvParam accession='MS:1000016' name='scan start time' value='90' %s/></scan></scanList>",
                 cases[i].unit);
        put_open(&b, "");
        put_spectrum(&b, "s", scan);
        put_close(&b);
        AUTO_READING r = read_buf(&b);
        assert_int_equal(r.n, 1);
        assert_near(r.s[0]->retention_time_s, cases[i].s, 1e-12, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_fragment_spectrum_is_read),
        cmocka_unit_test(the_source_decides_the_technique_of_first_scans),
        cmocka_unit_test(every_kind_of_number_is_read),
        cmocka_unit_test(numpress_is_undone_also_under_zlib),
        cmocka_unit_test(a_profile_is_centroided_and_told),
        cmocka_unit_test(old_versions_are_read),
        cmocka_unit_test(a_bad_spectrum_stops_nothing_and_empty_ones_are_passed_over),
        cmocka_unit_test(a_file_without_any_spectrum_says_so),
        cmocka_unit_test(faults_of_arrays_are_named),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(no_cut_crashes_and_whole_spectra_before_it_are_read),
        cmocka_unit_test(other_xml_stays_a_stranger),
        cmocka_unit_test(points_at_mz_0_are_left_out_and_counted),
        cmocka_unit_test(the_isolation_window_stands_for_a_precursor_that_is_not_named),
        cmocka_unit_test(a_precursor_ion_spectrum_of_level_1_is_one_without_fragmentation),
        cmocka_unit_test(scan_times_are_read_in_their_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
