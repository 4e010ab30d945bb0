/* Writing JCAMP-DX: what is read back is the same, bit for bit; the form is what other programs expect. */
#include "tests/support/nps_test.h"
#include "tests/support/spectrum_same.h"

#include "spectra/read.h"
#include "spectra/write_impl.h"

#include <dirent.h>
#include <math.h>

static nps_err err;

static nps_spectrum *read_one(const char *text, size_t len)
{
    nps_read_limits limits = nps_read_limits_for_upload();
    NPS_AUTO(nps_reader) r = NULL;
    nps_spectrum *s = NULL;
    assert_ok(nps_reader_open(text, len, &limits, &r, &err), &err);
    assert_ok(nps_reader_next(r, &s, &err), &err);
    assert_non_null(s);
    return s;
}

static void expect_same_again(const nps_spectrum *s)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)64 << 20);
    assert_ok(nps_write_jcamp(&text, s, &err), &err);
    NPS_AUTO(nps_spectrum) again = read_one(text.data, text.len);
    const char *difference = nps_spectrum_difference(s, again);
    if (difference)
        fail_msg("%s lost by\n%s", difference, text.data);
    for (int i = 0; i < NPS_REPAIR_COUNT; i++)
        assert_int_equal(again->repairs[i], 0);
}

static nps_spectrum *new_spectrum(nps_technique t)
{
    nps_spectrum *s = NULL;
    assert_ok(nps_spectrum_new(&s, &err), &err);
    s->technique = t;
    return s;
}

static void set(nps_spectrum *s, nps_text_field f, const char *text)
{
    assert_ok(nps_spectrum_set_text(s, f, NPS_SPAN("key"), nps_span_of(text), &err), &err);
}

static void meta(nps_spectrum *s, const char *key, const char *value)
{
    assert_ok(nps_spectrum_add_meta(s, nps_span_of(key), nps_span_of(value), &err), &err);
}

static void push(nps_spectrum *s, double mz, double intensity, const char *note)
{
    assert_ok(nps_peaks_push(&s->peaks, mz, intensity, note, note ? strlen(note) : 0, 1000000, &err), &err);
}

static void the_form_is_what_other_programs_expect(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = new_spectrum(NPS_TECH_EI);
    set(s, NPS_TEXT_NAME, "Amphetamine");
    set(s, NPS_TEXT_CONTRIBUTOR, "lab");
    set(s, NPS_TEXT_IONIZATION, "EI+");
    s->polarity = 1;
    s->nominal_mass = 135;
    assert_ok(nps_spectrum_add_synonym(s, NPS_SPAN("one"), &err), &err);
    assert_ok(nps_spectrum_add_synonym(s, NPS_SPAN("two"), &err), &err);
    meta(s, "ORIGIN", "bench 2");
    push(s, 44, 999, NULL);
    push(s, 91.25, 0.1f, NULL);
    NPS_AUTO_BUF text = NPS_BUF_INIT(10000);
    assert_ok(nps_write_jcamp(&text, s, &err), &err);
    assert_string_equal(text.data, "##TITLE= Amphetamine\n##JCAMP-DX= 5.01\n##DATA TYPE= MASS SPECTRUM\n"
                                   "##DATA CLASS= PEAK TABLE\n##$TECHNIQUE= ei\n##MW= 135\n##$POLARITY= positive\n"
                                   "##.IONIZATION MODE= EI+\n##OWNER= lab\n##NAMES= one\ntwo\n##ORIGIN= bench 2\n"
                                   "##XUNITS= M/Z\n##YUNITS= RELATIVE ABUNDANCE\n##XFACTOR= 1\n##YFACTOR= 1\n"
                                   "##FIRSTX= 44\n##LASTX= 91.25\n##NPOINTS= 2\n##PEAK TABLE= (XY..XY)\n"
                                   "44, 999\n91.25, 0.1\n##END=\n");
    expect_same_again(s);
}

static void every_field_survives(void **state)
{
    (void)state;
    NPS_AUTO(nps_spectrum) s = new_spectrum(NPS_TECH_MSMS);
    for (unsigned f = 0; f < NPS_TEXT_COUNT; f++)
        if (f != NPS_TEXT_INCHIKEY) {
            char text[64];
            snprintf(text, sizeof text, "%s \xc3\xa9 = $ %% %u", nps_text_field_name((nps_text_field)f), f);
            set(s, (nps_text_field)f, text);
        }
    set(s, NPS_TEXT_INCHIKEY, "KWTSXDURSIMDCE-UHFFFAOYSA-N");
    s->precursor_mz = 136.11207500000001;
    s->exact_mass = 135.10480000000001;
    s->nominal_mass = 135;
    s->retention_index = 1123.4000000000001;
    s->retention_time_s = 312.45999999999998;
    s->polarity = -1;
    push(s, 91.054230000000004, 1e-30, "C7H7+ (tropylium) = 100 %");
    push(s, 119.0855, 3.4e37, NULL);
    push(s, 136.1121, 0.333333343, "$$ ## \xc3\xa9 100 %20");
    expect_same_again(s);
}

static void awkward_texts_survive(void **state)
{
    (void)state;
    static const char *const texts[] = {"a $$ b", "##END=", "$$", "x##y", "= =", "%24%24", "100 %", "##TITLE= x", "a,b;c", "\\"};
    NPS_AUTO(nps_spectrum) s = new_spectrum(NPS_TECH_EI);
    push(s, 44, 1, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (i < NPS_TEXT_COUNT && i != NPS_TEXT_INCHIKEY)
            set(s, (nps_text_field)i, texts[i]);
        assert_ok(nps_spectrum_add_synonym(s, nps_span_of(texts[i]), &err), &err);
        meta(s, texts[i], texts[i]);
        meta(s, "ORIGIN", texts[i]);
        meta(s, "Name", texts[i]);
        meta(s, "", texts[i]);
        meta(s, texts[i], "");
    }
    static const char *const keys[] = {"TITLE", "END", "XYDATA", "MW", "DATA TYPE", "Origin", "DATE ", "$NPSMETA", "NAMES", "na"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        meta(s, keys[i], "17");
        meta(s, keys[i], "none");
    }
    expect_same_again(s);
}

static void a_sign_in_the_ionization_does_not_become_a_polarity(void **state)
{
    (void)state;
    for (int polarity = -1; polarity <= 1; polarity++) {
        NPS_AUTO(nps_spectrum) s = new_spectrum(NPS_TECH_EI);
        set(s, NPS_TEXT_IONIZATION, "EI+");
        s->polarity = polarity;
        push(s, 44, 1, NULL);
        expect_same_again(s);
    }
}

static nps_spectrum *random_trace(uint64_t *seed, nps_technique t)
{
    nps_spectrum *s = new_spectrum(t);
    size_t n = 2 + nps_test_random(seed) % 400;
    s->trace.y = nps_array(n, sizeof *s->trace.y);
    assert_non_null(s->trace.y);
    s->trace.n = n;
    s->trace.x0_cm1 = 400 + 1000 * nps_test_uniform(seed);
    s->trace.dx_cm1 = 0.01 + 4 * nps_test_uniform(seed);
    for (size_t i = 0; i < n; i++)
        s->trace.y[i] = (float)((nps_test_uniform(seed) - 0.3) * pow(10, (double)(nps_test_random(seed) % 60) - 30));
    return s;
}

static void random_traces_survive_bit_for_bit(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    for (int i = 0; i < 200; i++) {
        NPS_AUTO(nps_spectrum) s = random_trace(&seed, i % 2 ? NPS_TECH_IR : NPS_TECH_RAMAN);
        expect_same_again(s);
    }
}

static void random_peak_lists_survive_bit_for_bit(void **state)
{
    (void)state;
    static const nps_technique techniques[] = {NPS_TECH_EI, NPS_TECH_MSMS, NPS_TECH_DART};
    uint64_t seed = nps_test_seed();
    for (int i = 0; i < 200; i++) {
        NPS_AUTO(nps_spectrum) s = new_spectrum(techniques[i % 3]);
        double mz = 10;
        size_t n = 1 + nps_test_random(&seed) % 200;
        for (size_t k = 0; k < n; k++) {
            mz += 0.001 + 5 * nps_test_uniform(&seed);
            char note[32];
            snprintf(note, sizeof note, "n%llu", (unsigned long long)(nps_test_random(&seed) % 1000));
            double intensity = (nps_test_uniform(&seed) + 1e-3) * pow(10, (double)(nps_test_random(&seed) % 60) - 30);
            push(s, mz, intensity, nps_test_random(&seed) % 4 ? NULL : note);
        }
        s->precursor_mz = i % 3 == 1 ? 100 + 900 * nps_test_uniform(&seed) : 0;
        s->exact_mass = 100 + 900 * nps_test_uniform(&seed);
        s->retention_time_s = 1e4 * nps_test_uniform(&seed);
        expect_same_again(s);
    }
}

/* Floats whose short decimal text lies so close to the middle of two floats that rounding it to a double first moves it:
 * rounding twice must give the float back all the same. */
static void floats_are_read_back_by_way_of_double(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    NPS_AUTO(nps_spectrum) s = new_spectrum(NPS_TECH_EI);
    for (size_t i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)nps_test_random(&seed) & 0x7fffffff;
        float v;
        memcpy(&v, &bits, sizeof v);
        if (isfinite(v) && v > 0 && v < 1e37f)
            push(s, (double)(i + 1), (double)v, NULL);
    }
    expect_same_again(s);
}

static void what_cannot_be_written_is_refused(void **state)
{
    (void)state;
    NPS_AUTO_BUF text = NPS_BUF_INIT(1000);
    NPS_AUTO(nps_spectrum) s = new_spectrum(NPS_TECH_EI);
    assert_int_equal(nps_write_jcamp(&text, s, &err), NPS_E_RANGE);
    assert_non_null(strstr(err.msg, "without peaks"));
    push(s, 44, 1, NULL);
    s->text[NPS_TEXT_NAME] = nps_strndup("a\nb", 3);
    assert_int_equal(nps_write_jcamp(&text, s, &err), NPS_E_RANGE);
    assert_non_null(strstr(err.msg, "name 'a?b' holds a control byte"));
    s->text[NPS_TEXT_NAME][1] = ' ';
    meta(s, "k", "v");
    s->meta[0].value[0] = '\r';
    assert_int_equal(nps_write_jcamp(&text, s, &err), NPS_E_RANGE);
    assert_non_null(strstr(err.msg, "metadata"));
    s->meta[0].value[0] = 'v';
    text.max = 100;
    assert_int_equal(nps_write_jcamp(&text, s, &err), NPS_E_LIMIT);
    s->technique = NPS_TECH_IR;
    assert_int_equal(nps_write_jcamp(&text, s, &err), NPS_E_RANGE);
}

static size_t round_trip_file(const char *path)
{
    size_t len = 0, n = 0;
    char *data = nps_slurp(path, &len);
    assert_non_null(data);
    nps_read_limits limits = nps_read_limits_for_upload();
    NPS_AUTO(nps_reader) r = NULL;
    assert_ok(nps_reader_open(data, len, &limits, &r, &err), &err);
    for (bool more = true; more;) {
        NPS_AUTO(nps_spectrum) s = NULL;
        nps_status st = nps_reader_next(r, &s, &err);
        if (st != NPS_OK) {
            assert_true(err.line > 0);
            continue;
        }
        more = s;
        if (s) {
            expect_same_again(s);
            n++;
        }
    }
    free(data);
    return n;
}

static void public_files_survive_bit_for_bit(void **state)
{
    (void)state;
    static const char *const folders[] = {"data/formats/jcamp-dx", "data/ir/library", "data/ir/queries"};
    size_t files = 0, spectra = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *shared = nps_shared_path(folders[i]);
        if (!shared)
            skip();
        DIR *d = opendir(shared);
        assert_non_null(d);
        for (struct dirent *e; (e = readdir(d));) {
            char relative[600];
            if (e->d_name[0] == '.')
                continue;
            snprintf(relative, sizeof relative, "%s/%s", folders[i], e->d_name);
            spectra += round_trip_file(nps_shared_path(relative));
            files++;
        }
        closedir(d);
    }
    printf("%zu spectra of %zu files written and read again\n", spectra, files);
    assert_true(files > 250 && spectra > 250);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_what_other_programs_expect),
        cmocka_unit_test(every_field_survives),
        cmocka_unit_test(awkward_texts_survive),
        cmocka_unit_test(a_sign_in_the_ionization_does_not_become_a_polarity),
        cmocka_unit_test(random_traces_survive_bit_for_bit),
        cmocka_unit_test(random_peak_lists_survive_bit_for_bit),
        cmocka_unit_test(floats_are_read_back_by_way_of_double),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(public_files_survive_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
