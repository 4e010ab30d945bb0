/* Reads mzML files that others publish as test files of their programs. Numbers of spectra and peaks and the sums of the
 * intensities of centroided files were found by an independent program as well (XML, base64, zlib and struct modules of
 * another language's standard library). */
#include "tests/support/nps_test.h"
#include "spectra/read.h"

typedef struct {
    const char *path; /* below data/formats/mzml */
    size_t read, refused, peaks;
    size_t repaired; /* all repairs together */
    double sum;      /* of all intensities */
    size_t msms;
    const char *first_refusal; /* part of it */
} file_case;

static const file_case files[] = {
    {"msdk--5peptideFT.mzML", 7, 0, 9162, 2, 22481316.5, 5, ""},
    {"msdk--MzMLFile_7_uncompressed.mzML", 3, 0, 297, 3, 14851, 0, ""},
    {"msdk--RawCentriodCidWithMsLevelInRefParamGroup.mzML", 102, 0, 2696, 1, 7720777, 51, ""},
    {"msdk--SRM.mzML", 0, 1, 0, 0, 0, 0, "the file holds no mass spectrum with peaks, only 0 empty scans and 37 "},
    {"msdk--centroided10.mzML", 51, 0, 1038, 0, 4378585, 0, ""},
    {"msdk--centroided11.mzML", 25, 0, 21571, 0, 1.34976591e+10, 0, ""},
    {"msdk--centroided12.mzML", 100, 0, 20826, 100, 859340926, 0, ""},
    {"msdk--centroided13.mzML", 88, 0, 38244, 0, 58148201.6, 0, ""},
    {"msdk--centroided4.mzML", 60, 0, 9029, 0, 618025496, 0, ""},
    {"msdk--centroided7.mzML", 100, 0, 89825, 100, 677226.684, 0, ""},
    {"msdk--centroided9.mzML", 100, 0, 36700, 100, 834354108, 0, ""},
    {"msdk--emptyScan.mzML", 0, 1, 0, 0, 0, 0, "the file holds no mass spectrum with peaks, only 1 empty scans and 1 c"},
    {"msdk--msms.mzML", 275, 0, 14414, 0, 489342227, 195, ""},
    {"msdk--mzML_with_UV.mzML", 27, 101, 35221, 0, 128831166, 0, "this is no mass spectrum to search but: electromagnetic radiation spec"},
    {"msdk--profile10.mzML", 0, 1, 0, 0, 0, 0, "an array of the spectrum does not say whether it is m/z or intensity"},
    {"msdk--profile_single_spectrum.mzML", 1, 0, 430, 1, 2136821.23, 0, ""},
    {"msdk--sample_small.mzML", 3, 0, 37, 3, 300, 1, ""},
    {"msdk--thresholded2.mzML", 1, 0, 18337, 1, 35431559.8, 0, ""},
    {"msdk--thresholded4.mzML", 0, 1, 0, 0, 0, 0, "an array of the spectrum does not say whether it is m/z or intensity"},
    {"msdk--tiny.pwiz.err.idx.mzML", 3, 0, 37, 3, 300, 1, ""},
    {"msdk--tiny.pwiz.idx.mzML", 3, 0, 37, 3, 300, 1, ""},
    {"msdk--truncated.mzML", 0, 1, 0, 0, 0, 0, "the XML ends in the middle"},
    {"mzML-hupo--1min.mzML", 0, 39, 0, 0, 0, 0, "m/z -1.98819e+17 is not in (0, 1000000]"},
    {"mzML-hupo--tiny.msdata.mzML0.99.10.mzML", 2, 0, 28, 2, 235, 1, ""},
    {"mzML-hupo--tiny.pwiz.1.1.mzML", 3, 0, 37, 4, 300, 1, ""},
    {"mzML-hupo--tiny.pwiz.mzML0.99.10.mzML", 2, 0, 23, 2, 195, 1, ""},
    {"mzML-hupo--tiny.pwiz.mzML0.99.9.mzML", 2, 0, 23, 2, 195, 1, ""},
    {"mzML-hupo--tiny2_SRM.mzML0.99.0.mzML", 0, 2, 0, 0, 0, 0, "this is no mass spectrum to search but: SRM spectrum"},
    {"mzML-hupo--tiny2_SRM.mzML0.99.1.mzML", 0, 2, 0, 0, 0, 0, "this is no mass spectrum to search but: SRM spectrum"},
    {"mzML-hupo--tiny4_LTQ-FT.mzML0.99.0.mzML", 1, 1, 43, 0, 764637, 1, "the m/z array holds 2626 values instead of the stated 1313"},
    {"mzML-hupo--tiny4_LTQ-FT.mzML0.99.1.mzML", 1, 1, 43, 0, 764637, 1, "the m/z array holds 2626 values instead of the stated 1313"},
    {"pyteomics--test.mzML", 2, 0, 3504, 2, 33681678.7, 0, ""},
};

typedef struct {
    size_t read, refused, peaks, repaired, msms;
    double sum;
    nps_err first;
} totals;

static void add(totals *t, const nps_spectrum *s)
{
    nps_err err;
    assert_ok(nps_peaks_check(&s->peaks, &err), &err);
    t->read++;
    t->peaks += s->peaks.n;
    t->msms += s->technique == NPS_TECH_MSMS;
    assert_true(s->technique == NPS_TECH_MSMS || s->technique == NPS_TECH_UNKNOWN);
    for (size_t k = 0; k < NPS_REPAIR_COUNT; k++)
        t->repaired += s->repairs[k];
    for (size_t i = 0; i < s->peaks.n; i++)
        t->sum += (double)s->peaks.intensity[i];
}

static totals walk(const char *data, size_t len)
{
    totals t = {0};
    nps_read_limits limits = nps_read_limits_for_library();
    nps_err err;
    NPS_AUTO(nps_reader) r = NULL;
    assert_ok(nps_reader_open(data, len, &limits, &r, &err), &err);
    assert_string_equal(nps_reader_format(r), "mzml");
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        if (nps_reader_next(r, &s, &err) != NPS_OK) {
            if (!t.refused++)
                t.first = err;
        } else if (s) {
            add(&t, s);
        } else {
            return t;
        }
    }
}

static void real_files_are_read_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const file_case *f = &files[i];
        char relative[512];
        snprintf(relative, sizeof relative, "data/formats/mzml/%s", f->path);
        const char *path = nps_shared_path(relative);
        if (!path)
            skip();
        size_t len;
        char *data = nps_slurp(path, &len);
        assert_non_null(data);
        totals t = walk(data, len);
        free(data);
        print_message("%s: %s\n", f->path, t.first.msg);
        assert_int_equal(t.read, f->read);
        assert_int_equal(t.refused, f->refused);
        assert_int_equal(t.peaks, f->peaks);
        assert_int_equal(t.repaired, f->repaired);
        assert_int_equal(t.msms, f->msms);
        assert_near(t.sum, f->sum, 1e-8, 0);
        assert_non_null(strstr(t.first.msg, f->first_refusal));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_files_are_read_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
