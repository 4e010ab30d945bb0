/* Reads the spectra that others publish as test files of their own programs, and expects of each file what is in it. */
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

typedef struct {
    const char *path; /* below data/formats */
    size_t read, refused, peaks;
    size_t repaired; /* all repairs together */
} file_case;

static const file_case files[] = {
    {"msp/MsBackendMsp--fail_2_spectrum.msp", 1, 0, 86, 1},
    {"msp/MsBackendMsp--minimona.msp", 30, 0, 754, 438},
    {"msp/MsBackendMsp--small-export-LipidBlast.msp", 5, 0, 28, 0},
    {"msp/MsBackendMsp--spectrum2.msp", 2, 0, 111, 0},
    {"msp/chemclipse--Lib1.msp", 5, 0, 35, 0},
    {"msp/chemclipse--Lib2.msp", 2, 0, 26, 0},
    {"msp/chemclipse--Lib3.MSP", 1, 0, 65, 0},
    {"msp/chemclipse--MassBank.msp", 1, 0, 8, 0},
    {"msp/chemclipse--Peaks2.MSP", 3, 0, 141, 0},
    {"msp/chemclipse--Peaks3.MSP", 1, 0, 87, 0},
    {"msp/chemclipse--Peaks6.MSP", 3, 0, 376, 274},
    {"msp/chemclipse--Peaks7.MSP", 3, 0, 78, 0},
    {"msp/chemclipse--Synonyms.MSP", 1, 0, 5, 0},
    {"msp/recetox-galaxytools--0.msp", 1, 0, 75, 0},
    {"msp/recetox-galaxytools--1-NITROPYRENE.msp", 1, 0, 75, 0},
    {"msp/recetox-galaxytools--1.msp", 1, 0, 64, 0},
    {"msp/recetox-galaxytools--2.msp", 1, 0, 36, 0},
    {"msp/recetox-galaxytools--23-DICHLOROPHENOL.msp", 1, 0, 42, 0},
    {"msp/recetox-galaxytools--24-DICHLOROPHENOL.msp", 1, 0, 37, 0},
    {"msp/recetox-galaxytools--4.msp", 1, 0, 33, 0},
    {"msp/recetox-galaxytools--6.msp", 1, 0, 37, 0},
    {"msp/recetox-galaxytools--8.msp", 1, 0, 65, 0},
    {"msp/recetox-galaxytools--RECETOX_Exposome_pesticides_HR_MS_20220323.msp", 170, 0, 3148, 0},
    {"msp/recetox-galaxytools--RECETOX_Exposome_pesticides_HR_MS_normalized_20220323.msp", 170, 0, 3148, 0},
    {"msp/recetox-galaxytools--add_key_test2.msp", 2, 0, 8, 0},
    {"msp/recetox-galaxytools--add_key_test2_out.msp", 2, 0, 8, 0},
    {"msp/recetox-galaxytools--chunk_0.msp", 4, 0, 219, 0},
    {"msp/recetox-galaxytools--chunk_1.msp", 5, 0, 248, 0},
    {"msp/recetox-galaxytools--chunk_2.msp", 2, 0, 131, 0},
    {"msp/recetox-galaxytools--default_filters.msp", 5, 0, 162, 0},
    {"msp/recetox-galaxytools--esi_spectra.msp", 11, 0, 213, 0},
    {"msp/recetox-galaxytools--fill2.msp", 51, 0, 2759, 0},
    {"msp/recetox-galaxytools--filtered_ions.msp", 11, 0, 22, 0},
    {"msp/recetox-galaxytools--harmonized_msp_out.msp", 170, 0, 3148, 0},
    {"msp/recetox-galaxytools--harmonized_msp_peakcomments_out.msp", 170, 0, 3148, 0},
    {"msp/recetox-galaxytools--inp_filtered_library.msp", 133, 0, 1412, 0},
    {"msp/recetox-galaxytools--inp_filtered_spectra.msp", 51, 0, 600, 0},
    {"msp/recetox-galaxytools--input.msp", 3, 0, 207, 0},
    {"msp/recetox-galaxytools--ms_lima_output.msp", 170, 0, 3148, 0},
    {"msp/recetox-galaxytools--msp_out.msp", 170, 0, 3148, 0},
    {"msp/recetox-galaxytools--mz_range.msp", 5, 0, 97, 0},
    {"msp/recetox-galaxytools--nist_ei_ms_2mols_input.msp", 2, 0, 21, 0},
    {"msp/recetox-galaxytools--nist_ei_ms_3mols_input.msp", 3, 0, 35, 0},
    {"msp/recetox-galaxytools--nist_ei_ms_3mols_output.msp", 3, 0, 35, 0},
    {"msp/recetox-galaxytools--normalise_intensities.msp", 5, 0, 162, 0},
    {"msp/recetox-galaxytools--out.msp", 1, 0, 84, 0},
    {"msp/recetox-galaxytools--out_matchms_add_key.msp", 5, 0, 162, 0},
    {"msp/recetox-galaxytools--output.msp", 1, 0, 49, 0},
    {"msp/recetox-galaxytools--output_plus_no_annotated.msp", 3, 0, 207, 0},
    {"msp/recetox-galaxytools--rcx_gc-ei_ms_subset.msp", 7, 0, 142, 0},
    {"msp/recetox-galaxytools--reduce_to_top_n_peaks.msp", 5, 0, 25, 0},
    {"msp/recetox-galaxytools--require_compound_name.msp", 4, 0, 53, 0},
    {"msp/recetox-galaxytools--require_filter.msp", 5, 0, 56, 0},
    {"msp/recetox-galaxytools--require_formula.msp", 3, 0, 37, 0},
    {"msp/recetox-galaxytools--require_inchi.msp", 1, 0, 14, 0},
    {"msp/recetox-galaxytools--require_inchi_removed_spectra.msp", 4, 0, 42, 0},
    {"msp/recetox-galaxytools--require_inchikey.msp", 1, 0, 3, 0},
    {"msp/recetox-galaxytools--require_retention_time.msp", 1, 0, 16, 0},
    {"msp/recetox-galaxytools--sample_out.msp", 6, 0, 28, 0},
    {"msp/recetox-galaxytools--sample_output.msp", 3, 0, 154, 0},
    {"msp/recetox-galaxytools--subsetting_output2.msp", 2, 0, 46, 0},
    {"msp/recetox-galaxytools--test1_fill_xcms_1.msp", 174, 0, 947, 454},
    {"msp/recetox-galaxytools--test2_fill_xcms_2.msp", 982, 0, 5701, 3157},
    {"msp/recetox-galaxytools--test2_out.msp", 1, 0, 84, 0},
    {"msp/recetox-galaxytools--test3.msp", 23, 0, 78, 0},
    {"msp/recetox-galaxytools--test4.msp", 23, 0, 102, 0},
    {"msp/recetox-galaxytools--test4_spectra_csv_2.msp", 38, 0, 202, 101},
    {"msp/recetox-galaxytools--test5_spectra.msp", 1495, 0, 5201, 2423},
    {"msp/recetox-galaxytools--test7.msp", 23, 0, 122, 0},
    {"msp/recetox-galaxytools--test8.msp", 177, 0, 427, 0},
    {"msp/recetox-galaxytools--test_log.msp", 2, 0, 23, 0},
    {"mgf/matchms--pesticides.mgf", 76, 0, 4721, 0},
    {"mgf/matchms--save_as_msp_from_mgf.mgf", 1, 0, 5, 0},
    {"mgf/matchms--testdata.mgf", 30, 0, 902, 0},
    {"mgf/pyteomics--example.mgf", 1, 0, 41, 0},
    {"mgf/pyteomics--test.mgf", 2, 0, 12, 0},
    {"mgf/recetox-galaxytools--clean_spectra.mgf", 76, 0, 4721, 0},
    {"mgf/recetox-galaxytools--fill.mgf", 6, 0, 181, 0},
};

typedef struct {
    size_t read, refused, peaks, repaired;
} totals;

static totals walk(const char *data, size_t len)
{
    totals t = {0};
    nps_read_limits limits = nps_read_limits_for_library();
    nps_err err;
    NPS_AUTO(nps_reader) r = NULL;
    assert_ok(nps_reader_open(data, len, &limits, &r, &err), &err);
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        if (nps_reader_next(r, &s, &err) != NPS_OK) {
            print_message("line %zu: %s\n", err.line, err.msg);
            t.refused++;
            continue;
        }
        if (!s)
            return t;
        assert_ok(nps_peaks_check(&s->peaks, &err), &err);
        t.read++;
        t.peaks += s->peaks.n;
        for (size_t k = 0; k < NPS_REPAIR_COUNT; k++)
            t.repaired += s->repairs[k];
    }
}

static void real_files_are_read_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const file_case *f = &files[i];
        char relative[512];
        snprintf(relative, sizeof relative, "data/formats/%s", f->path);
        const char *path = nps_shared_path(relative);
        if (!path)
            skip();
        size_t len;
        char *data = nps_slurp(path, &len);
        assert_non_null(data);
        print_message("%s\n", f->path);
        totals t = walk(data, len);
        free(data);
        assert_int_equal(t.read, f->read);
        assert_int_equal(t.refused, f->refused);
        assert_int_equal(t.peaks, f->peaks);
        assert_int_equal(t.repaired, f->repaired);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_files_are_read_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
