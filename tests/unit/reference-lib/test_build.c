#include "reference-lib/digest.h"
#include "reference-lib/intern.h"
#include "spectra/quality.h"
#include "tests/support/synth.h"

#include <sodium.h>

/* --- notes ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    nps_note_kind kind;
    char source[32], text[160];
    size_t line;
} note_copy;
typedef struct {
    note_copy note[32];
    size_t n;
} note_list;

static void take_note(void *arg, const nps_build_note *note)
{
    note_list *l = arg;
    assert_true(l->n < 32);
    note_copy *c = &l->note[l->n++];
    *c = (note_copy){.kind = note->kind, .line = note->line};
    snprintf(c->source, sizeof c->source, "%s", note->source);
    snprintf(c->text, sizeof c->text, "%s", note->text);
}

static void assert_note(const note_list *l, size_t i, nps_note_kind kind, size_t line, const char *text)
{
    assert_true(i < l->n);
    assert_string_equal(l->note[i].source, "synth.msp");
    assert_string_equal(l->note[i].text, text);
    assert_int_equal(l->note[i].kind, kind);
    assert_int_equal(l->note[i].line, line);
}

static nps_spectrum *ei(unsigned substance, unsigned lab, uint64_t seed, size_t line)
{
    nps_spectrum *s = synth_ei(&seed);
    synth_label(s, substance, lab);
    s->line = line;
    return s;
}

static bool add(nps_builder *b, const nps_spectrum *s)
{
    bool added = true;
    nps_err err;
    assert_ok(nps_builder_add(b, s, &added, &err), &err);
    return added;
}

static void the_same_peaks_of_the_same_substance_are_left_out(void **state)
{
    (void)state;
    note_list notes = {0};
    nps_builder *b = synth_builder(take_note, &notes);
    NPS_AUTO(nps_spectrum) first = ei(1, 0, 11, 1);
    NPS_AUTO(nps_spectrum) same = ei(1, 1, 11, 30); /* another laboratory claims the very same numbers */
    NPS_AUTO(nps_spectrum) other = ei(1, 1, 12, 60);
    assert_true(add(b, first));
    assert_false(add(b, same));
    assert_true(add(b, other));
    assert_int_equal(notes.n, 1);
    assert_note(&notes, 0, NPS_NOTE_DUPLICATE, 30, "same peaks as entry 0 'substance 1'");
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_int_equal(lib->n_entry, 2);
    assert_int_equal(lib->n_substance, 1);
}

static void the_same_peaks_of_another_substance_are_a_conflict_and_kept(void **state)
{
    (void)state;
    note_list notes = {0};
    nps_builder *b = synth_builder(take_note, &notes);
    NPS_AUTO(nps_spectrum) first = ei(1, 0, 11, 1);
    NPS_AUTO(nps_spectrum) other = ei(2, 0, 11, 30);
    assert_true(add(b, first));
    assert_true(add(b, other));
    assert_int_equal(notes.n, 1);
    assert_note(&notes, 0, NPS_NOTE_CONFLICT, 30, "same peaks as entry 0 'substance 1'");
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_int_equal(lib->n_substance, 2);
}

static void peaks_that_differ_in_anything_are_no_duplicates(void **state)
{
    (void)state;
    note_list notes = {0};
    nps_builder *b = synth_builder(take_note, &notes);
    NPS_AUTO(nps_spectrum) s = ei(1, 0, 11, 1);
    assert_true(add(b, s));
    s->precursor_mz = 300;
    assert_true(add(b, s));
    s->technique = NPS_TECH_MSMS;
    assert_true(add(b, s));
    s->peaks.intensity[3] *= 1.0001F;
    assert_true(add(b, s));
    uint64_t r = 3;
    NPS_AUTO(nps_spectrum) ir = synth_ir(&r);
    synth_label(ir, 1, 0);
    assert_true(add(b, ir));
    assert_false(add(b, ir));
    ir->trace.x0_cm1 += 40; /* the same curve elsewhere */
    assert_true(add(b, ir));
    ir->trace.dx_cm1 = 2;
    assert_true(add(b, ir));
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_int_equal(lib->n_entry, 7);
    assert_int_equal(notes.n, 1);
}

static void thousands_of_entries_still_know_their_duplicates(void **state)
{
    (void)state;
    enum { N = 3000 };
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < N; i++) {
            const double mz[] = {50, 51, 60 + i};
            const float y[] = {1, 2, 3};
            NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, 3);
            synth_label(s, i, pass);
            assert_int_equal(add(b, s), pass == 0);
        }
    nps_builder_free(b);
}

static void a_spectrum_too_poor_is_kept_and_told(void **state)
{
    (void)state;
    note_list notes = {0};
    nps_builder *b = synth_builder(take_note, &notes);
    const double mz[] = {58};
    const float y[] = {1};
    NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, 1);
    synth_label(s, 1, 0);
    s->line = 7;
    assert_true(add(b, s));
    assert_note(&notes, 0, NPS_NOTE_UNUSABLE, 7, nps_quality_text(NPS_QUALITY_FEW_PEAKS));
    nps_builder_free(b);
}

static void the_note_tells_what_forbids_a_verdict_not_a_remark(void **state)
{
    (void)state;
    note_list notes = {0};
    nps_builder *b = synth_builder(take_note, &notes);
    double mz[200];
    float y[200];
    for (size_t i = 0; i < 200; i++) {
        mz[i] = 30 + (double)i;
        y[i] = 100; /* saturated, which is a remark, and noise */
    }
    NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, 200);
    synth_label(s, 1, 0);
    assert_true(add(b, s));
    assert_int_equal(notes.n, 1);
    assert_note(&notes, 0, NPS_NOTE_UNUSABLE, 0, nps_quality_text(NPS_QUALITY_NOISE));
    nps_builder_free(b);
}

static void a_trace_that_cannot_be_prepared_stops_no_library(void **state)
{
    (void)state;
    note_list notes = {0};
    uint64_t r = 3;
    nps_trace_prep prep;
    assert_ok(nps_trace_prep_parse(NPS_SPAN("smooth=101"), &prep, NULL), NULL);
    nps_build_options o = {.name = "x", .builder = "x", .created = "2026-11-23T12:00:00Z", .infrared_prep = &prep, .note = take_note, .note_arg = &notes};
    NPS_AUTO(nps_builder) b = NULL;
    NPS_AUTO_LIBRARY lib = NULL;
    nps_err err;
    assert_ok(nps_builder_new(&o, &b, &err), &err);
    assert_ok(nps_builder_source(b, "synth.msp", NPS_VISIBLE_PUBLIC, NULL, 0, &err), &err);
    for (unsigned i = 0; i < 3; i++) {
        NPS_AUTO(nps_spectrum) s = synth_ir(&r);
        synth_label(s, i, 0);
        if (i == 1) {
            s->trace.n = 60;
            s->trace.dx_cm1 = 30;
        }
        if (i == 2) {
            s->trace.n = 2; /* too short for the baseline of Raman spectra, too; told once */
            s->technique = NPS_TECH_RAMAN;
        }
        synth_add(b, s);
    }
    assert_int_equal(notes.n, 2);
    assert_note(&notes, 0, NPS_NOTE_UNUSABLE, 0, "60 points are fewer than the window of 101");
    assert_note(&notes, 1, NPS_NOTE_UNUSABLE, 0, nps_quality_text(NPS_QUALITY_EMPTY));
    assert_ok(nps_builder_finish(b, 1, &lib, &err), &err);
    assert_int_equal(lib->n_entry, 3);
    assert_int_equal(lib->n_ir, 3);
    for (uint32_t e = 0; e < 3; e++) {
        NPS_AUTO(nps_spectrum) s = NULL;
        assert_ok(nps_library_spectrum(lib, e, &s, &err), &err);
        assert_int_equal(s->trace.n, e ? 0 : 1701);
    }
}

/* --- substances -------------------------------------------------------------------------------------------------------------- */

static void substances_join_by_first_block_and_mass_never_by_name_beside_a_key(void **state)
{
    (void)state;
    static const struct {
        const char *name, *key;
        int mass;
        uint32_t substance;
    } cases[] = {
        {"Foo", "AAAAAAAAAAAAAA-UHFFFAOYSA-N", 180, 0},
        {"(S)-Foo", "AAAAAAAAAAAAAA-QWERTYUIOP-N", 180, 0}, /* stereoisomer */
        {"Foo-d5", "AAAAAAAAAAAAAA-LABELLEDXX-N", 185, 1},  /* labelled standard */
        {"Foo", "BBBBBBBBBBBBBB-UHFFFAOYSA-N", 180, 2},     /* the name of another */
        {"Foo", NULL, 180, 3},                              /* no key: apart from those that have one */
        {"FOO", NULL, 180, 3},                              /* case of names does not matter */
        {"Foo ", NULL, 0, 4},
        {NULL, NULL, 0, 5}, /* nothing to join by: each its own */
        {NULL, NULL, 0, 6},
        {"Foo-d5 again", "AAAAAAAAAAAAAA-UHFFFAOYSA-N", 185, 1},
    };
    enum { N = sizeof cases / sizeof *cases };
    note_list notes = {0};
    nps_builder *b = synth_builder(take_note, &notes);
    for (size_t i = 0; i < N; i++) {
        uint64_t seed = 100 + i;
        NPS_AUTO(nps_spectrum) s = synth_ei(&seed);
        synth_text(s, NPS_TEXT_NAME, cases[i].name);
        synth_text(s, NPS_TEXT_INCHIKEY, cases[i].key);
        s->nominal_mass = cases[i].mass;
        s->line = i;
        assert_true(add(b, s));
    }
    assert_int_equal(notes.n, 4);
    assert_note(&notes, 0, NPS_NOTE_NO_KEY, 4, "Foo");
    assert_note(&notes, 1, NPS_NOTE_NO_KEY, 6, "Foo ");
    assert_note(&notes, 2, NPS_NOTE_NO_KEY, 7, "(no name)");
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_int_equal(lib->n_substance, 7);
    for (uint32_t e = 0; e < N; e++)
        assert_int_equal(lib->entry_substance[e], cases[e].substance);
    /* The list of entries of each substance says the same. */
    for (uint32_t s = 0; s < 7; s++)
        for (uint64_t i = lib->sub_entry_at[s]; i < lib->sub_entry_at[s + 1]; i++) {
            assert_int_equal(lib->entry_substance[lib->sub_entry[i]], s);
            assert_true(i == lib->sub_entry_at[s] || lib->sub_entry[i] > lib->sub_entry[i - 1]);
        }
    assert_string_equal(nps_library_text(lib, lib->sub_name[0]), "Foo");
    assert_string_equal(nps_library_text(lib, lib->sub_inchikey[3]), "");
}

static void a_mass_from_the_exact_one_joins_with_the_nominal_one(void **state)
{
    (void)state;
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) a = ei(1, 0, 5, 1);
    NPS_AUTO(nps_spectrum) c = ei(1, 1, 6, 1);
    a->nominal_mass = 149;
    c->exact_mass = 149.12045;
    add(b, a);
    add(b, c);
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_int_equal(lib->n_substance, 1);
    assert_int_equal(lib->sub_nominal[0], 149);
    assert_near(lib->sub_mass[0], 149.12045, 0, 1e-9);
}

static void later_entries_fill_what_earlier_ones_left_open(void **state)
{
    (void)state;
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) a = ei(1, 0, 5, 1);
    NPS_AUTO(nps_spectrum) c = ei(1, 1, 6, 1);
    synth_text(a, NPS_TEXT_FORMULA, "C9H13N");
    synth_text(c, NPS_TEXT_FORMULA, "C1H1");
    synth_text(c, NPS_TEXT_SMILES, "CC(N)Cc1ccccc1");
    add(b, a);
    add(b, c);
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    assert_string_equal(nps_library_text(lib, lib->sub_formula[0]), "C9H13N");
    assert_string_equal(nps_library_text(lib, lib->sub_smiles[0]), "CC(N)Cc1ccccc1");
}

/* --- class table --------------------------------------------------------------------------------------------------------------- */

static void class_rows_reach_the_substance_of_their_entry(void **state)
{
    (void)state;
    note_list notes = {0};
    nps_builder *b = synth_builder(take_note, &notes);
    for (unsigned i = 0; i < 4; i++) {
        NPS_AUTO(nps_spectrum) s = ei(i, 0, 20 + i, 1);
        add(b, s);
    }
    static const char table[] = "id\tname\tclass\n"
                                "s0-lab 0\tSUBSTANCE 0\tcathinone\n" /* case of the name does not matter */
                                "\n"
                                "s1-lab 0\t\topioid\r\n"             /* no name given: the id decides */
                                "s2-lab 0\tsomething else\tcathinone\n"
                                "s9-lab 0\tsubstance 9\tcathinone\n"
                                "s3-lab 0\tsubstance 3\t\n";
    nps_err err;
    assert_ok(nps_builder_classes(b, table, sizeof table - 1, &err), &err);
    assert_int_equal(notes.n, 2);
    assert_note(&notes, 0, NPS_NOTE_CLASS, 5, "row of id 's2-lab 0' fits an entry of another name");
    assert_note(&notes, 1, NPS_NOTE_CLASS, 6, "row of id 's9-lab 0' fits no entry");
    NPS_AUTO_LIBRARY lib = synth_finish(b);
    const char *const want[] = {"cathinone", "opioid", "", ""};
    for (size_t s = 0; s < 4; s++)
        assert_string_equal(nps_library_text(lib, lib->sub_class[s]), want[s]);
}

static void a_class_line_without_its_columns_is_refused_with_its_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line;
    } cases[] = {{"id\tname\tclass\nx\ty\tz\nonly one column\n", 3}, {"x\ty\n", 1}, {"id\tname\tclass\n\n\nx\ty", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_builder *b = synth_builder(NULL, NULL);
        nps_err err = {0};
        assert_int_equal(nps_builder_classes(b, cases[i].text, strlen(cases[i].text), &err), NPS_E_FORMAT);
        assert_int_equal(err.line, cases[i].line);
        assert_string_equal(err.msg, "class table line without its three columns: id, name, class");
        nps_builder_free(b);
    }
}

/* --- refusals ------------------------------------------------------------------------------------------------------------------- */

static void what_no_library_can_be_made_of_is_refused(void **state)
{
    (void)state;
    char name[300];
    nps_err err = {0};
    nps_builder *b = NULL;
    nps_library *lib = NULL;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    nps_build_options o = {.name = name, .builder = "t", .created = "2026-11-23T12:00:00Z"};
    assert_int_equal(nps_builder_new(&o, &b, &err), NPS_E_LIMIT);
    assert_null(b);
    b = synth_builder(NULL, NULL);
    assert_int_equal(nps_builder_finish(b, 1, &lib, &err), NPS_E_FORMAT);
    assert_string_equal(err.msg, "no spectrum was added: a library needs at least one");
    NPS_AUTO(nps_spectrum) s = ei(1, 0, 4, 1);
    s->peaks.mz[1] = s->peaks.mz[0];
    assert_int_equal(nps_builder_add(b, s, NULL, &err), NPS_E_RANGE);
    nps_builder_free(b);
    nps_builder_free(NULL);
}

static void generation_names_content_not_time_or_threads(void **state)
{
    (void)state;
    char generation[3][33];
    for (unsigned threads = 1; threads <= 3; threads++) {
        uint64_t r = 17;
        nps_builder *b = synth_builder(NULL, NULL);
        nps_library *lib = NULL;
        nps_err err;
        for (unsigned i = 0; i < 140; i++) {
            NPS_AUTO(nps_spectrum) s = synth_ei(&r);
            NPS_AUTO(nps_spectrum) again = synth_replicate(s, 0.1, &r);
            synth_label(s, i, 0);
            synth_label(again, i, 1);
            add(b, s);
            add(b, again);
        }
        assert_ok(nps_builder_finish(b, threads, &lib, &err), &err);
        nps_builder_free(b);
        assert_int_equal(lib->calibration[NPS_TECH_EI].source, NPS_CALIBRATION_LIBRARY);
        assert_int_equal(lib->calibration[NPS_TECH_EI].n, 140);
        memcpy(generation[threads - 1], lib->generation, 33);
        nps_library_release(lib);
    }
    assert_string_equal(generation[0], generation[1]);
    assert_string_equal(generation[0], generation[2]);
    assert_int_equal(strspn(generation[0], "0123456789abcdef"), 32);
}

static void only_a_library_wholly_generated_says_so(void **state)
{
    (void)state;
    for (int measured = 0; measured < 2; measured++) {
        nps_builder *b = synth_builder(NULL, NULL);
        nps_err err;
        assert_ok(nps_builder_source(b, "g", NPS_VISIBLE_PUBLIC, NULL, NPS_ENTRY_GENERATED, &err), &err);
        NPS_AUTO(nps_spectrum) s = ei(1, 0, 4, 1);
        NPS_AUTO(nps_spectrum) t = ei(2, 0, 5, 1);
        add(b, s);
        assert_ok(nps_builder_source(b, "m", NPS_VISIBLE_PUBLIC, NULL, measured ? 0 : NPS_ENTRY_GENERATED, &err), &err);
        add(b, t);
        NPS_AUTO_LIBRARY lib = synth_finish(b);
        assert_int_equal(lib->generated, !measured);
    }
}

/* --- texts and digests -------------------------------------------------------------------------------------------------------------- */

static void texts_are_kept_once_and_keep_their_numbers(void **state)
{
    (void)state;
    enum { N = 20000 };
    nps_intern t;
    nps_err err;
    char text[32];
    uint32_t id;
    assert_ok(nps_intern_init(&t, &err), &err);
    assert_ok(nps_intern_put(&t, "", &id, &err), &err);
    assert_int_equal(id, 0);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < N; i++) {
            snprintf(text, sizeof text, "text %u", i * 2654435761U);
            assert_ok(nps_intern_put(&t, text, &id, &err), &err);
            assert_int_equal(id, i + 1);
        }
    assert_int_equal(t.n, N + 1);
    for (uint32_t i = 0; i < N; i++) {
        snprintf(text, sizeof text, "text %u", i * 2654435761U);
        assert_string_equal(nps_intern_text(&t, i + 1), text);
    }
    nps_intern_done(&t);
}

/* By libsodium alone, leaf after leaf. */
static void plain_tree(const unsigned char *data, size_t n, char hex[65])
{
    enum { LEAF = 1048576 };
    unsigned char leaf[8 * 32], root[32];
    size_t leaves = 0;
    for (size_t at = 0; at < n; at += LEAF, leaves++)
        crypto_generichash(leaf + 32 * leaves, 32, data + at, n - at < LEAF ? n - at : LEAF, NULL, 0);
    crypto_generichash(root, 32, leaf, 32 * leaves, NULL, 0);
    sodium_bin2hex(hex, 65, root, 32);
}

static void the_digest_tree_equals_a_plain_computation_for_any_threads(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1048575, 1048576, 1048577, 3145733, 5242880};
    uint64_t r = nps_test_seed();
    unsigned char *data = malloc(5242880);
    assert_non_null(data);
    for (size_t i = 0; i < 5242880; i++)
        data[i] = (unsigned char)(nps_test_random(&r) >> 56);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        char want[65], got[NPS_DIGEST_HEX];
        nps_err err;
        plain_tree(data, sizes[k], want);
        for (unsigned threads = 0; threads <= 3; threads++) {
            assert_ok(nps_digest_tree(data, sizes[k], threads, got, &err), &err);
            assert_string_equal(got, want);
        }
        assert_ok(nps_digest_tree(data, sizes[k], 1000, got, &err), &err);
        assert_string_equal(got, want);
    }
    free(data);
}

static void the_digest_of_a_spectrum_follows_peaks_not_words(void **state)
{
    (void)state;
    char a[NPS_DIGEST_HEX], b[NPS_DIGEST_HEX];
    NPS_AUTO(nps_spectrum) s = ei(1, 0, 4, 1);
    nps_digest_spectrum(s, a);
    synth_text(s, NPS_TEXT_NAME, "another name");
    nps_digest_spectrum(s, b);
    assert_string_equal(a, b);
    s->peaks.intensity[0] *= 1.001F;
    nps_digest_spectrum(s, b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_peaks_of_the_same_substance_are_left_out),
        cmocka_unit_test(the_same_peaks_of_another_substance_are_a_conflict_and_kept),
        cmocka_unit_test(peaks_that_differ_in_anything_are_no_duplicates),
        cmocka_unit_test(thousands_of_entries_still_know_their_duplicates),
        cmocka_unit_test(a_spectrum_too_poor_is_kept_and_told),
        cmocka_unit_test(the_note_tells_what_forbids_a_verdict_not_a_remark),
        cmocka_unit_test(a_trace_that_cannot_be_prepared_stops_no_library),
        cmocka_unit_test(substances_join_by_first_block_and_mass_never_by_name_beside_a_key),
        cmocka_unit_test(a_mass_from_the_exact_one_joins_with_the_nominal_one),
        cmocka_unit_test(later_entries_fill_what_earlier_ones_left_open),
        cmocka_unit_test(class_rows_reach_the_substance_of_their_entry),
        cmocka_unit_test(a_class_line_without_its_columns_is_refused_with_its_number),
        cmocka_unit_test(what_no_library_can_be_made_of_is_refused),
        cmocka_unit_test(generation_names_content_not_time_or_threads),
        cmocka_unit_test(only_a_library_wholly_generated_says_so),
        cmocka_unit_test(texts_are_kept_once_and_keep_their_numbers),
        cmocka_unit_test(the_digest_tree_equals_a_plain_computation_for_any_threads),
        cmocka_unit_test(the_digest_of_a_spectrum_follows_peaks_not_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
