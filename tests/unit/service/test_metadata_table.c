#include "service/metadata_table.h"
#include "core/mem.h"
#include "tests/support/nps_test.h"

/* --- tables -------------------------------------------------------------------------------------------------------------- */

#define KEY "NIPNHDKCZKOCTR-UHFFFAOYSA-N"

typedef struct {
    char text[4000]; /* a line each: "!" for a fault, the line, what is told */
} told;

static void tell(void *arg, bool fault, size_t line, const char *text)
{
    told *t = arg;
    size_t n = strlen(t->text);
    snprintf(t->text + n, sizeof t->text - n, "%s%zu %s\n", fault ? "!" : "", line, text);
}

static nps_metadata_table *table_of(const char *text, told *t)
{
    nps_metadata_table *table = NULL;
    nps_err err;
    *t = (told){0};
    assert_ok(nps_metadata_table_read(text, strlen(text), tell, t, &table, &err), &err);
    return table;
}

static nps_spectrum *apply_to(nps_metadata_table *t, nps_spectrum *s, const char *name, const char *relative, size_t file,
                              size_t record)
{
    nps_source from = {name, relative, file, record};
    nps_err err;
    assert_ok(nps_metadata_table_apply(t, &from, s, &err), &err);
    return s;
}

static nps_spectrum *spectrum(void)
{
    nps_spectrum *s = NULL;
    nps_err err;
    assert_ok(nps_spectrum_new(&s, &err), &err);
    s->technique = NPS_TECH_EI;
    return s;
}

static nps_spectrum *apply(nps_metadata_table *t, const char *relative, size_t file, size_t record)
{
    return apply_to(t, spectrum(), relative, relative, file, record);
}

static void pair(nps_spectrum *s, const char *key, const char *value)
{
    nps_err err;
    assert_ok(nps_spectrum_take_pair(s, nps_span_of(key), nps_span_of(value), &err), &err);
}

static const char *name_of(const nps_spectrum *s)
{
    return s->text[NPS_TEXT_NAME] ? s->text[NPS_TEXT_NAME] : "(none)";
}

/* Name that the table gives to record 1 of a file; forgets the spectrum. */
static void assert_named(nps_metadata_table *t, const char *relative, size_t file, const char *want)
{
    NPS_AUTO(nps_spectrum) s = apply(t, relative, file, 1);
    if (strcmp(name_of(s), want) != 0)
        print_error("%s\n", relative);
    assert_string_equal(name_of(s), want);
}

/* --- tests --------------------------------------------------------------------------------------------------------------- */

static void a_row_replaces_what_the_file_says_and_leaves_the_rest(void **state)
{
    (void)state;
    told said;
    NPS_AUTO(nps_metadata_table) t = table_of("file\tName\tInChIKey\tCAS\tSynonym\tRI\tMW\tIon mode\tPEPMASS\tExact mass\tSampling procedure\tInstrument\n"
                                              "a.jdx\tcocaine\tInChIKey=" KEY "\tNA\tsnow\t1500\t303\tnegative\t304.5\t303.15\tone piece\t\n",
                                              &said);
    NPS_AUTO(nps_spectrum) s = spectrum();
    pair(s, "Name", "file 1");
    pair(s, "InChIKey", "AAAAAAAAAAAAAA-UHFFFAOYSA-N");
    pair(s, "CAS", "50-36-2");
    pair(s, "Synonym", "x");
    pair(s, "Synonym", "y");
    pair(s, "RI", "9");
    pair(s, "MW", "12");
    pair(s, "ion_mode", "P");
    pair(s, "PrecursorMZ", "100");
    pair(s, "exact mass", "99");
    pair(s, "sampling_procedure", "of the file");
    pair(s, "Operator", "N. N.");
    pair(s, "Instrument", "GC 1");
    apply_to(t, s, "own/a.jdx", "a.jdx", 1, 1);
    assert_string_equal(s->text[NPS_TEXT_NAME], "cocaine");
    assert_string_equal(s->text[NPS_TEXT_INCHIKEY], KEY);
    assert_string_equal(s->text[NPS_TEXT_CAS], "50-36-2");
    assert_string_equal(s->text[NPS_TEXT_INSTRUMENT], "GC 1");
    assert_int_equal(s->n_synonym, 1);
    assert_string_equal(s->synonym[0], "snow");
    assert_near(s->retention_index, 1500, 0, 0);
    assert_int_equal(s->nominal_mass, 303);
    assert_int_equal(s->polarity, -1);
    assert_near(s->precursor_mz, 304.5, 0, 0);
    assert_near(s->exact_mass, 303.15, 0, 0);
    assert_int_equal(s->n_meta, 2);
    assert_string_equal(s->meta[0].key, "Operator");
    assert_string_equal(s->meta[1].key, "Sampling procedure");
    assert_string_equal(s->meta[1].value, "one piece");
    assert_int_equal(s->technique, NPS_TECH_EI);
    nps_metadata_table_finish(t);
    assert_string_equal(said.text, "");
    nps_metadata_counts c = nps_metadata_table_counts(t);
    assert_int_equal(c.rows, 1);
    assert_int_equal(c.spectra, 1);
    assert_int_equal(c.rows_unused + c.files_without + c.faults, 0);
}

static void files_are_named_by_path_or_base_name_with_or_without_extension(void **state)
{
    (void)state;
    told said;
    NPS_AUTO(nps_metadata_table) t = table_of("File\tName\n"
                                              "x\tbase without\n"
                                              "y.spa\tbase with\n"
                                              ".\\lab\\x.spa\tpath with\n"
                                              "lab/z\tpath without\n"
                                              "own.zip:q/w.spa\twhole path\n"
                                              "only\tnot there\n"
                                              "y\tnever\n",
                                              &said);
    assert_named(t, "lab/x.spa", 1, "path with");
    assert_named(t, "x.spa", 2, "base without");
    assert_named(t, "deep/er/y.spa", 3, "base with");
    assert_named(t, "lab/z.0", 4, "path without");
    assert_named(t, "X.spa", 5, "(none)");
    NPS_AUTO(nps_spectrum) s = apply_to(t, spectrum(), "own.zip:q/w.spa", "q/w.spa", 6, 1);
    assert_string_equal(name_of(s), "whole path");
    nps_metadata_table_finish(t);
    assert_string_equal(said.text, "0 'X.spa' has no row\n"
                                   "7 'only' fits no file with spectra\n"
                                   "8 'y' is not used: line 3 names the same file\n");
    nps_metadata_counts c = nps_metadata_table_counts(t);
    assert_int_equal(c.rows, 7);
    assert_int_equal(c.rows_unused, 2);
    assert_int_equal(c.files_without, 1);
    assert_int_equal(c.spectra, 5);
    assert_int_equal(c.faults, 0);
}

static void a_row_that_fits_several_files_goes_to_all_and_is_told(void **state)
{
    (void)state;
    told said;
    NPS_AUTO(nps_metadata_table) t = table_of("file,Name\nx,one\n", &said);
    assert_named(t, "a/x.spa", 1, "one");
    assert_named(t, "a/x.spa", 1, "one");
    assert_named(t, "b/x.spa", 2, "one");
    assert_named(t, "b/x.spa", 2, "one");
    assert_string_equal(said.text, "2 'x' fits more than one file: 'a/x.spa', then 'b/x.spa'\n");
}

static void a_record_is_selected_by_its_number(void **state)
{
    (void)state;
    told said;
    NPS_AUTO(nps_metadata_table) t = table_of("file\trecord\tName\tClass\n"
                                              "a.msp\t\tall\tc\n"
                                              "a.msp\t2\tsecond\t\n"
                                              "b\t1\tfirst of b\t\n"
                                              "b\t9\tninth\t\n",
                                              &said);
    NPS_AUTO(nps_spectrum) one = apply(t, "a.msp", 1, 1);
    NPS_AUTO(nps_spectrum) two = apply(t, "a.msp", 1, 2);
    NPS_AUTO(nps_spectrum) b = apply(t, "b.msp", 2, 1);
    NPS_AUTO(nps_spectrum) b2 = apply(t, "b.msp", 2, 2);
    assert_string_equal(name_of(one), "all");
    assert_string_equal(name_of(two), "second");
    assert_string_equal(two->text[NPS_TEXT_CLASS], "c");
    assert_string_equal(name_of(b), "first of b");
    assert_string_equal(name_of(b2), "(none)");
    nps_metadata_table_finish(t);
    assert_string_equal(said.text, "5 'b', record 9 fits no spectrum\n");
}

static void separators_quotes_and_line_ends_are_those_of_spreadsheets(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "file,Name,Note\r\nx.spa,\"a, \"\"b\"\"; c\",1\r\n",
        "file;Name;Note\nx.spa;\"a, \"\"b\"\"; c\";1",
        "file\tName\tNote\nx.spa\t\"a, \"\"b\"\"; c\"\t1\n",
        "\xef\xbb\xbf" "file\tName\tNote\n\n \nx.spa\t  a, \"b\"; c \t1\n",
        "\"file\", \"Name\" ,Note\n\"x.spa\" , \"a, \"\"b\"\"; c\" , \"1\"\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        told said;
        NPS_AUTO(nps_metadata_table) t = table_of(texts[i], &said);
        NPS_AUTO(nps_spectrum) s = apply(t, "x.spa", 1, 1);
        if (strcmp(name_of(s), "a, \"b\"; c") != 0)
            print_error("table %zu\n", i);
        assert_string_equal(name_of(s), "a, \"b\"; c");
        assert_int_equal(s->n_meta, 1);
        assert_string_equal(s->meta[0].value, "1");
        assert_string_equal(said.text, "");
    }
}

static void faulty_rows_are_told_with_their_line_and_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *row, *says;
    } cases[] = {
        {"a.spa\t1\tx", "!2 3 columns where the heads have 5: the row is left out\n"},
        {"a.spa\t1\tx\t\t\t", "!2 6 columns where the heads have 5: the row is left out\n"},
        {"\t1\tx\t\t", "!2 the row names no file and is left out\n"},
        {"a.spa\t0\tx\t\t", "!2 '0' is no number of a record, from 1: the row is left out\n"},
        {"a.spa\tone\tx\t\t", "!2 'one' is no number of a record, from 1: the row is left out\n"},
        {"a.spa\t99999999999999999999\tx\t\t", "!2 '99999999999999999999' is no number of a record, from 1: the row is left out\n"},
        {"a.spa\t\t\"x\t\t", "!2 a quote is not closed: the row is left out\n"},
        {"a.spa\t\t\"x\"y\t\t", "!2 a quote is not closed: the row is left out\n"},
        {"a.spa\t\tm\xe4h\t\t", "!2 'm?h' is no UTF-8 text: the row is left out\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        told said;
        snprintf(text, sizeof text, "file\trecord\tName\tInChIKey\tRI\n%s\n", cases[i].row);
        NPS_AUTO(nps_metadata_table) t = table_of(text, &said);
        assert_string_equal(said.text, cases[i].says);
        assert_int_equal(nps_metadata_table_counts(t).faults, 1);
        assert_named(t, "a.spa", 1, "(none)");
    }
}

static void faulty_cells_are_told_and_the_file_keeps_its_own_value(void **state)
{
    (void)state;
    told said;
    NPS_AUTO(nps_metadata_table) t = table_of("file\tName\tInChIKey\tRI\tTechnique\n"
                                              "a.spa\tx\tRUBBISH\tsoon\tsmell\n"
                                              "b.spa\ty\t\t\tir\n"
                                              "c.spa\tz\t\t\tdart\n",
                                              &said);
    NPS_AUTO(nps_spectrum) s = spectrum();
    pair(s, "InChIKey", KEY);
    pair(s, "RI", "1000");
    apply_to(t, s, "a.spa", "a.spa", 1, 1);
    assert_string_equal(name_of(s), "x");
    assert_string_equal(s->text[NPS_TEXT_INCHIKEY], KEY);
    assert_near(s->retention_index, 1000, 0, 0);
    assert_int_equal(s->n_meta, 0);
    NPS_AUTO(nps_spectrum) b = apply(t, "b.spa", 2, 1);
    NPS_AUTO(nps_spectrum) c = apply(t, "c.spa", 3, 1);
    assert_int_equal(b->technique, NPS_TECH_EI);
    assert_int_equal(c->technique, NPS_TECH_DART);
    assert_string_equal(said.text, "!2 'RUBBISH' is no InChIKey: left out\n"
                                   "!2 'soon' is no RI: left out\n"
                                   "!2 'smell' is no Technique: left out\n"
                                   "!3 technique 'ir' does not go with a mass spectrum: left out\n");
}

static void a_file_named_twice_is_told(void **state)
{
    (void)state;
    told said;
    NPS_AUTO(nps_metadata_table) t = table_of("file\trecord\tName\nb\t\tother\na.spa\t\tx\na.spa\t1\tr\n./a.spa\t\ty\na.spa\t1\tq\n", &said);
    assert_string_equal(said.text, "!5 'a.spa' is named in line 3 already: the row is left out\n"
                                   "!6 'a.spa' is named in line 4 already: the row is left out\n");
    assert_named(t, "a.spa", 1, "r");
    NPS_AUTO(nps_spectrum) s = apply(t, "a.spa", 1, 2);
    assert_string_equal(name_of(s), "x");
}

static void heads_that_are_no_heads_are_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        size_t line;
    } cases[] = {
        {"", "the table is empty", 1},
        {"\n\n", "the table is empty", 1},
        {"Name\tfile\nx\ty\n", "the first head is 'Name', not 'file'", 1},
        {"\nfile\n", "no head says what the table gives to its files", 2},
        {"file\trecord\nx\t1\n", "no head says what the table gives to its files", 1},
        {"file\tName\t\n", "head 3 '' is empty or no UTF-8 text", 1},
        {"file\tN\xe4me\n", "head 2 'N?me' is empty or no UTF-8 text", 1},
        {"\xff\xfe" "f\x01", "head 1 '??f?' is empty or no UTF-8 text", 1},
        {"file,\"Name\n", "a quote of the heads is not closed", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        told said = {0};
        nps_metadata_table *t = NULL;
        nps_err err = {0};
        assert_int_equal(nps_metadata_table_read(cases[i].text, strlen(cases[i].text), tell, &said, &t, &err), NPS_E_FORMAT);
        assert_string_equal(err.msg, cases[i].says);
        assert_int_equal(err.line, cases[i].line);
        assert_null(t);
    }
    char wide[1000] = "file";
    for (unsigned i = 0; i < NPS_METADATA_HEADS_MAX; i++)
        memcpy(wide + 4 + 2 * i, "\ta", 3);
    told said = {0};
    nps_metadata_table *t = NULL;
    nps_err err = {0};
    assert_int_equal(nps_metadata_table_read(wide, strlen(wide), tell, &said, &t, &err), NPS_E_LIMIT);
    assert_string_equal(err.msg, "more than 200 columns");
    wide[strlen(wide) - 2] = '\0';
    assert_ok(nps_metadata_table_read(wide, strlen(wide), tell, &said, &t, &err), &err);
    nps_metadata_table_free(t);
}

/* Any bytes: an error or a table, never a crash. */
static void any_table_can_be_read(void **state)
{
    (void)state;
    static const char good[] = "file,record,Name,InChIKey,\"a \"\"b\"\"\"\nx.spa,1,\"y, z\"," KEY ",\n\"q\",,\"\",,1\r\nx,2,a,,b\n";
    static const char bytes[] = "\",\t;\n\r\\a1 \xff\0";
    uint64_t r = nps_test_seed() * UINT64_C(0x9E3779B97F4A7C15);
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof good];
        size_t n = nps_test_random(&r) % sizeof good;
        memcpy(text, good, sizeof good);
        for (unsigned k = 0; k < 3; k++)
            text[nps_test_random(&r) % sizeof text] = bytes[nps_test_random(&r) % sizeof bytes];
        told said = {0};
        NPS_AUTO(nps_metadata_table) t = NULL;
        NPS_AUTO_MEM(char *) exact = nps_array(n + (n == 0), 1);
        memcpy(exact, text, n);
        nps_err err = {0};
        if (nps_metadata_table_read(exact, n, tell, &said, &t, &err) != NPS_OK)
            continue;
        nps_spectrum_free(apply(t, "x.spa", 1, 1));
        nps_spectrum_free(apply(t, "q", 2, 1));
        nps_metadata_table_finish(t);
    }
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_replaces_what_the_file_says_and_leaves_the_rest),
        cmocka_unit_test(files_are_named_by_path_or_base_name_with_or_without_extension),
        cmocka_unit_test(a_row_that_fits_several_files_goes_to_all_and_is_told),
        cmocka_unit_test(a_record_is_selected_by_its_number),
        cmocka_unit_test(separators_quotes_and_line_ends_are_those_of_spreadsheets),
        cmocka_unit_test(faulty_rows_are_told_with_their_line_and_left_out),
        cmocka_unit_test(faulty_cells_are_told_and_the_file_keeps_its_own_value),
        cmocka_unit_test(a_file_named_twice_is_told),
        cmocka_unit_test(heads_that_are_no_heads_are_an_error),
        cmocka_unit_test(any_table_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
