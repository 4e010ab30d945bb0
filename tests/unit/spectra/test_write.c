#include "spectra/read_impl.h"
#include "spectra/write.h"
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"
#include "tests/support/spectrum_same.h"

#include <dirent.h>
#include <float.h>
#include <math.h>

static const struct {
    nps_write_format format;
    const nps_format *reader;
} formats[] = {{NPS_WRITE_MSP, &nps_format_msp}, {NPS_WRITE_MGF, &nps_format_mgf}};

enum { N_FORMATS = sizeof formats / sizeof *formats };

static void assert_comes_back(const nps_spectrum *s)
{
    nps_read_limits limits = nps_read_limits_for_library();
    for (size_t f = 0; f < N_FORMATS; f++) {
        nps_err err;
        NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)64 << 20);
        assert_ok(nps_write_spectrum(&text, formats[f].format, s, &err), &err);
        NPS_AUTO(nps_reader) r = NULL;
        assert_ok(nps_reader_open_as(formats[f].reader, text.data, text.len, &limits, &r, &err), &err);
        NPS_AUTO(nps_spectrum) back = NULL;
        assert_ok(nps_reader_next(r, &back, &err), &err);
        assert_non_null(back);
        const char *difference = nps_spectrum_difference(s, back);
        if (difference)
            fail_msg("%s differs after writing\n%s", difference, text.data);
        for (size_t k = 0; k < NPS_REPAIR_COUNT; k++)
            assert_int_equal(back->repairs[k], 0);
    }
}

/* Text of words that formats give a meaning to, so that odd things meet. */
static void random_text(uint64_t *seed, char *out, size_t size)
{
    static const char *const parts[] = {"Num Peaks", ": ",       "=",           "\"",         "\"\"",
                                        "; ",        "#",        "Name",        "BEGIN IONS", "1.5",
                                        "NA",        "x",        " ",           "-",          "\xc3\xa4",
                                        "CAS#",      "END IONS", "contributor", "PEPMASS",    "Synon",
                                        "$:",        "/",        "title",       "technique",  "npswatch-metadata"};
    size_t n = 1 + nps_test_random(seed) % 4;
    char *p = out;
    *p = '\0';
    for (size_t i = 0; i < n; i++)
        p += snprintf(p, size - (size_t)(p - out), "%s", parts[nps_test_random(seed) % (sizeof parts / sizeof *parts)]);
}

static double random_number(uint64_t *seed, double low, double high)
{
    return exp(log(low) + nps_test_uniform(seed) * (log(high) - log(low)));
}

static void add_random_texts(nps_spectrum *s, uint64_t *seed)
{
    nps_err err;
    char key[128], value[128];
    for (unsigned f = 0; f < NPS_TEXT_COUNT; f++) {
        random_text(seed, value, sizeof value);
        if (f != NPS_TEXT_INCHIKEY && nps_test_random(seed) % 2)
            assert_ok(nps_spectrum_set_text(s, (nps_text_field)f, NPS_SPAN("k"), nps_span_of(value), &err), &err);
    }
    for (size_t i = nps_test_random(seed) % 4; i > 0; i--) {
        random_text(seed, value, sizeof value);
        if (strncmp(value, "$:", 2) != 0 && strncmp(value, " $:", 3) != 0)
            assert_ok(nps_spectrum_add_synonym(s, nps_span_of(value), &err), &err);
    }
    for (size_t i = nps_test_random(seed) % 8; i > 0; i--) {
        random_text(seed, key, sizeof key);
        random_text(seed, value, sizeof value);
        assert_ok(nps_spectrum_add_meta(s, nps_span_of(key), nps_span_of(value), &err), &err);
    }
}

static void add_random_peaks(nps_spectrum *s, uint64_t *seed)
{
    nps_err err;
    char note[128];
    for (size_t i = 1 + nps_test_random(seed) % 40; i > 0; i--) {
        random_text(seed, note, sizeof note);
        double mz = random_number(seed, 1e-3, 1e6), intensity = random_number(seed, 1e-44, 3e38);
        nps_span text = nps_test_random(seed) % 3 ? NPS_SPAN("") : nps_span_of(note);
        assert_ok(nps_spectrum_push_peak(s, mz, intensity, text, 100, &err), &err);
    }
}

static nps_spectrum *random_spectrum(uint64_t *seed)
{
    nps_err err;
    nps_spectrum *s = NULL;
    assert_ok(nps_spectrum_new(&s, &err), &err);
    add_random_texts(s, seed);
    add_random_peaks(s, seed);
    if (nps_test_random(seed) % 2)
        s->precursor_mz = random_number(seed, 1e-3, 1e6);
    if (nps_test_random(seed) % 2)
        s->exact_mass = random_number(seed, 1e-3, 1e6);
    if (nps_test_random(seed) % 2)
        s->nominal_mass = 1 + (int)(nps_test_random(seed) % 1000);
    if (nps_test_random(seed) % 2)
        s->retention_index = random_number(seed, 1e-3, 1e5);
    if (nps_test_random(seed) % 2)
        s->retention_time_s = random_number(seed, 1e-6, 1e6);
    s->polarity = (int)(nps_test_random(seed) % 3) - 1;
    s->technique = (nps_technique)(nps_test_random(seed) % NPS_TECH_IR);
    assert_ok(nps_spectrum_settle(s, &err), &err);
    memset(s->repairs, 0, sizeof s->repairs);
    return s;
}

static void random_spectra_come_back_bit_for_bit(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    for (int i = 0; i < 5000; i++) {
        NPS_AUTO(nps_spectrum) s = random_spectrum(&seed);
        assert_comes_back(s);
    }
}

static void numbers_at_the_ends_of_their_range_come_back(void **state)
{
    (void)state;
    static const double mz[] = {DBL_MIN, 0x1p-1074, 0.1 + 0.2, 100.00000000000001, 1e6};
    static const float intensity[] = {FLT_TRUE_MIN, FLT_MIN, 3e38f, 0.1f, 16777217.f};
    nps_err err;
    NPS_AUTO(nps_spectrum) s = NULL;
    assert_ok(nps_spectrum_new(&s, &err), &err);
    for (size_t i = 0; i < 5; i++)
        assert_ok(nps_peaks_push(&s->peaks, mz[i], (double)intensity[i], NULL, 0, 10, &err), &err);
    assert_ok(nps_spectrum_settle(s, &err), &err);
    memset(s->repairs, 0, sizeof s->repairs);
    assert_comes_back(s);
}

static void what_a_format_cannot_carry_is_refused(void **state)
{
    (void)state;
    float y[2] = {1, 2};
    char line_break[] = "a\nb", empty[] = "", code[] = "$:00", *synonym[] = {code};
    nps_meta meta = {line_break, empty};
    double mz = 41;
    float intensity = 2;
    char *note[] = {line_break};
    nps_peaks one = {.n = 1, .mz = &mz, .intensity = &intensity}, noted = one;
    noted.note = note;
    const struct {
        nps_status status;
        nps_spectrum s;
    } cases[] = {
        {NPS_E_RANGE, {.technique = NPS_TECH_EI}},
        {NPS_E_UNSUPPORTED, {.technique = NPS_TECH_IR, .trace = {.n = 2, .x0_cm1 = 400, .dx_cm1 = 1, .y = y}}},
        {NPS_E_RANGE, {.technique = NPS_TECH_EI, .peaks = one, .text = {[NPS_TEXT_NAME] = line_break}}},
        {NPS_E_RANGE, {.technique = NPS_TECH_EI, .peaks = one, .text = {[NPS_TEXT_CAS] = empty}}},
        {NPS_E_RANGE, {.technique = NPS_TECH_EI, .peaks = one, .synonym = synonym, .n_synonym = 1}},
        {NPS_E_RANGE, {.technique = NPS_TECH_EI, .peaks = one, .meta = &meta, .n_meta = 1}},
        {NPS_E_RANGE, {.technique = NPS_TECH_EI, .peaks = one, .precursor_mz = 1e9}},
        {NPS_E_RANGE, {.technique = NPS_TECH_EI, .peaks = noted}},
        {NPS_OK, {.technique = NPS_TECH_EI, .peaks = one}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t f = 0; f < N_FORMATS; f++) {
            NPS_AUTO_BUF text = NPS_BUF_INIT(10000);
            assert_int_equal(nps_write_spectrum(&text, formats[f].format, &cases[i].s, NULL), cases[i].status);
        }
    NPS_AUTO_BUF small = NPS_BUF_INIT(10);
    assert_int_equal(nps_write_spectrum(&small, NPS_WRITE_MSP, &cases[8].s, NULL), NPS_E_LIMIT);
}

static void format_names_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        nps_write_format format;
    } cases[] = {{"msp", NPS_WRITE_MSP},
                 {"MGF", NPS_WRITE_MGF},
                 {"jcamp-dx", NPS_WRITE_JCAMP},
                 {"jdx", NPS_WRITE_JCAMP},
                 {"dx", NPS_WRITE_JCAMP}};
    nps_write_format f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(nps_write_format_parse(nps_span_of(cases[i].name), &f));
        assert_int_equal(f, cases[i].format);
    }
    assert_false(nps_write_format_parse(NPS_SPAN("csv"), &f));
}

static void file_comes_back(const char *path)
{
    size_t len;
    char *data = nps_slurp(path, &len);
    assert_non_null(data);
    nps_read_limits limits = nps_read_limits_for_library();
    NPS_AUTO(nps_reader) r = NULL;
    nps_err err;
    assert_ok(nps_reader_open(data, len, &limits, &r, &err), &err);
    for (;;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        assert_ok(nps_reader_next(r, &s, &err), &err);
        if (!s)
            break;
        assert_comes_back(s);
    }
    free(data);
}

static void real_files_come_back_bit_for_bit(void **state)
{
    (void)state;
    static const char *const folders[] = {"data/formats/msp", "data/formats/mgf"};
    for (size_t i = 0; i < 2; i++) {
        const char *shared = nps_shared_path(folders[i]);
        if (!shared)
            skip();
        char folder[1024], path[2048];
        snprintf(folder, sizeof folder, "%s", shared);
        DIR *d = opendir(folder);
        assert_non_null(d);
        for (struct dirent *e; (e = readdir(d));)
            if (e->d_name[0] != '.') {
                snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
                file_comes_back(path);
            }
        closedir(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_spectra_come_back_bit_for_bit),
        cmocka_unit_test(numbers_at_the_ends_of_their_range_come_back),
        cmocka_unit_test(what_a_format_cannot_carry_is_refused),
        cmocka_unit_test(format_names_are_known),
        cmocka_unit_test(real_files_come_back_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
