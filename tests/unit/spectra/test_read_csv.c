#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <math.h>

static void separators_and_decimal_signs_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double x, y;   /* of the second row */
        size_t commas; /* decimal ones */
    } cases[] = {
        {"m/z,intensity\n41,20\n43.5,99.25\n", 43.5, 99.25, 0},
        {"m/z, intensity\n41, 20\n43.5, 99.25,\n", 43.5, 99.25, 0},
        {"m/z;intensity\n41;20\n43,5;99,25\n", 43.5, 99.25, 2},
        {"m/z\tintensity\n41\t20\n43,5\t99,25\n", 43.5, 99.25, 2},
        {"m/z intensity\n41 20\n43,5  99,25\n", 43.5, 99.25, 2},
        {"\"m/z\",\"intensity\"\n\"41\",\"20\"\n\"43.5\",\"99.25\"\n", 43.5, 99.25, 0},
        {"mass;abundance\n41;1e2\n43,5;1,5e2\n", 43.5, 150, 2},
        {"m/z\tintensity\n41\t20\n1,234\t0,567\n43\t1\n", 41, 20, 2},
        {"m/z,intensity\r\n41,20\r\n43.5,99.25\r\n", 43.5, 99.25, 0},
        {"# m/z, intensity\n41 20\n43.5 99.25\n", 43.5, 99.25, 0},
        {"41 20\n43.5 99.25\n57 1\n", 43.5, 99.25, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_READING r = read_text(cases[i].text);
        print_message("case %zu: %s\n", i, r.open || r.n_err ? r.err[0].msg : "read");
        assert_string_equal(r.format, "csv");
        assert_int_equal(r.n, 1);
        assert_int_equal(r.n_err, 0);
        assert_int_equal(r.s[0]->technique, NPS_TECH_EI);
        assert_true(r.s[0]->peaks.mz[1] == cases[i].x && r.s[0]->peaks.intensity[1] == (float)cases[i].y);
        assert_int_equal(r.repairs[NPS_REPAIR_DECIMAL_COMMA], cases[i].commas);
    }
}

static void lines_before_the_numbers_are_metadata(void **state)
{
    (void)state;
    AUTO_READING r =
        read_text("# name: Alpha, pure\n#\n# operator = me\ntechnique,msms\nPrecursor m/z;no\nnote without value\n"
                  "m/z,intensity\n41,20\n# later: yes\n43,5\n");
    assert_int_equal(r.n, 1);
    const nps_spectrum *s = r.s[0];
    assert_string_equal(s->text[NPS_TEXT_NAME], "Alpha, pure");
    assert_string_equal(meta_value(s, "operator"), "me");
    assert_string_equal(meta_value(s, "Precursor m/z"), "no");
    assert_string_equal(meta_value(s, ""), "note without value");
    assert_string_equal(meta_value(s, "later"), "yes");
    assert_int_equal(s->technique, NPS_TECH_MSMS);
    assert_int_equal(s->repairs[NPS_REPAIR_HEADER], 1);
    assert_int_equal(s->peaks.n, 2);
}

/* Two columns x0 + i dx, y(i), under a head. */
static void write_rows(nps_buf *b, const char *head, size_t n, double x0, double dx, double base, double depth)
{
    nps_buf_puts(b, head);
    for (size_t i = 0; i < n; i++) {
        double band = depth * exp(-0.001 * ((double)i - 150) * ((double)i - 150));
        nps_buf_printf(b, "%.6f,%.6f\n", x0 + dx * (double)i, base + band);
    }
}

static void heads_and_shapes_decide_what_the_columns_mean(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        double x0, dx, base, depth;
        nps_technique technique; /* NPS_TECH_UNKNOWN: refused */
        size_t y_converted, x_converted;
    } cases[] = {
        {"wavenumber,absorbance\n", 400, 2, 0.01, 1, NPS_TECH_IR, 0, 0},
        {"Wavenumber (cm-1),%T\n", 400, 2, 99, -60, NPS_TECH_IR, 1, 0},
        {"1/CM,Transmittance\n", 400, 2, 0.99, -0.6, NPS_TECH_IR, 1, 0},
        {"cm-1,Transmittance [%]\n", 400, 2, 1.2, -0.6, NPS_TECH_IR, 1, 0},
        {"cm-1,Reflectance\n", 400, 2, 0.99, -0.6, NPS_TECH_IR, 1, 0},
        {"Wavelength (um),Absorbance\n", 2.5, 0.05, 0.01, 1, NPS_TECH_IR, 0, 1},
        {"nm,Absorbance\n", 900, 4, 0.01, 1, NPS_TECH_IR, 0, 1},
        {"x,Absorbance\n", 400, 10, 0.01, 1, NPS_TECH_IR, 0, 0},
        {"xunits: 1/CM\nyunits: ABSORBANCE\n", 400, 2, 0.01, 1, NPS_TECH_IR, 0, 0},
        {"Raman shift (cm-1),Intensity\n", 100, 2, 200, 5000, NPS_TECH_RAMAN, 0, 0},
        {"# technique: raman\ncm-1,counts\n", 100, 2, 200, 5000, NPS_TECH_RAMAN, 0, 0},
        {"m/z,intensity\n", 400, 2, 0.01, 1, NPS_TECH_EI, 0, 0},
        {"", 400.5, 2, 0.01, 1, NPS_TECH_IR, 0, 0},
        {"", 400.5, 2, 98, -60, NPS_TECH_IR, 1, 0},
        {"", 400.5, 2, 4000, 90000, NPS_TECH_UNKNOWN, 0, 0},
        {"", 40, 1, 0.01, 1, NPS_TECH_UNKNOWN, 0, 0},
        {"cm-1,intensity\n", 400, 2, 4000, 90000, NPS_TECH_UNKNOWN, 0, 0},
        {"cm-1,Transmittance\n", 400, 2, 2, 1, NPS_TECH_UNKNOWN, 0, 0},
        {"x,Absorbance\n", 100, 1, 0.01, 1, NPS_TECH_UNKNOWN, 0, 0},
        {"Wavelength,Absorbance\n", 900, 4, 0.01, 1, NPS_TECH_UNKNOWN, 0, 0},
        {"m/z,absorbance\n", 400, 2, 0.01, 1, NPS_TECH_UNKNOWN, 0, 0},
        {"Raman shift,absorbance\n", 400, 2, 0.01, 1, NPS_TECH_UNKNOWN, 0, 0},
        {"# technique: ei\ncm-1,absorbance\n", 400, 2, 0.01, 1, NPS_TECH_UNKNOWN, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        write_rows(&b, cases[i].head, 300, cases[i].x0, cases[i].dx, cases[i].base, cases[i].depth);
        AUTO_READING r = read_text(b.data);
        print_message("case %zu: %s\n", i, r.n_err ? r.err[0].msg : "read");
        assert_string_equal(r.format, "csv");
        if (cases[i].technique == NPS_TECH_UNKNOWN) {
            assert_int_equal(r.n, 0);
            assert_int_equal(r.err[0].code, NPS_E_FORMAT);
            assert_true(r.err[0].line > 0);
            continue;
        }
        assert_int_equal(r.n, 1);
        assert_int_equal(r.s[0]->technique, cases[i].technique);
        assert_int_equal(r.repairs[NPS_REPAIR_Y_UNIT], cases[i].y_converted);
        assert_int_equal(r.repairs[NPS_REPAIR_X_UNIT], cases[i].x_converted);
        assert_int_equal(nps_technique_is_mass(r.s[0]->technique) ? r.s[0]->peaks.n > 0 : r.s[0]->trace.n > 2, 1);
    }
}

static void sparse_masses_without_a_head_are_a_mass_spectrum(void **state)
{
    (void)state;
    AUTO_READING r = read_text("41 20\n42 3\n43 99\n58 1000\n77 12\n105 80\n");
    assert_int_equal(r.n, 1);
    assert_int_equal(r.s[0]->technique, NPS_TECH_EI);
    assert_int_equal(r.s[0]->peaks.n, 6);
}

/* 300 points: 4000, 9; 3998, 8; 3996, 9 ... */
static void put_rows(nps_buf *b, const char *before, const char *between, const char *after)
{
    for (int i = 0; i < 300; i++)
        nps_buf_printf(b, "%s%d%s%d%s", before, 4000 - 2 * i, between, 9 - i % 2, after);
}

static void heads_are_understood_in_the_spellings_of_spreadsheets(void **state)
{
    (void)state;
    static const struct {
        const char *head, *before, *between, *after;
        double lowest; /* absorbance of the point at 3402 cm-1 */
    } cases[] = {
        {"cm-\xc2\xb9,Absorbance\n", "", ",0.", "\n", 0.8},                            /* raised 1, UTF-8 */
        {"Wellenzahl [cm-\xb9];Absorbanz\r", "", ",0;0,", "\r", 0.8},                  /* Latin-1, lone CR */
        {"X (cm\xe2\x88\x92" "1),Absorbance\n", "", ",0.", "\n", 0.8},                 /* minus sign */
        {"\"cm-1\",\"Absorbance\"\n", "\"", ",0\",\"0,", "\"\n", 0.8},                 /* commas inside quotes */
        {"\"cm-1\";\"Absorbance\"\n", "\"", ",0\";\"0,", "\"\n", 0.8},
        {"Wavenumber,Transmittance\ncm-1,%\n", "", ",1", "\n", 0.744727495},          /* quantities, then units; 18 % */
        {"\xef\xbb\xbf" "Wavenumber [cm-1];Transmission [%]\n", "", ";1", "\n", 0.744727495},
        {"note: a, b\nWavenumber;Absorbance\ncm-1;\n", "", ";0,", "\n", 0.8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        nps_buf_puts(&b, cases[i].head);
        put_rows(&b, cases[i].before, cases[i].between, cases[i].after);
        AUTO_READING r = read_text(b.data);
        print_message("case %zu: %s\n", i, r.open || r.n_err ? r.err[0].msg : "read");
        assert_int_equal(r.n, 1);
        assert_int_equal(r.s[0]->technique, NPS_TECH_IR);
        assert_int_equal(r.s[0]->trace.n, 300);
        assert_near(r.s[0]->trace.x0_cm1, 3402, 0, 0);
        assert_near((double)r.s[0]->trace.y[0], cases[i].lowest, 1e-6, 0);
    }
}

static void micrometres_in_latin_1_are_known(void **state)
{
    (void)state;
    AUTO_READING r = read_text("Wellenl\xe4nge [\xb5m];Absorbanz\n4,0;0,1\n5,0;0,2\n6,0;0,1\n7,5;0,3\n");
    assert_int_equal(r.n, 1);
    assert_int_equal(r.repairs[NPS_REPAIR_X_UNIT], 1);
    assert_near(nps_trace_x(&r.s[0]->trace, 0), 1e4 / 7.5, 1e-12, 0);
}

static void more_columns_are_refused_with_a_word_on_them(void **state)
{
    (void)state;
    static const struct {
        const char *head, *row;
        size_t line;
    } cases[] = {{"cm-1,absorbance,%T\n", "400,0.1,90\n", 2},
                 {"", "400;0,1;90;7\n", 1},
                 {"# a\ncm-1\tA\tB\n", "400\t0.1\t90\n", 3},
                 {"", "400 0.1 90\n", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        nps_buf_puts(&b, cases[i].head);
        for (int k = 0; k < 5; k++)
            nps_buf_puts(&b, cases[i].row);
        AUTO_READING r = read_text(b.data);
        assert_int_equal(r.n, 0);
        assert_int_equal(r.n_err, 1);
        assert_int_equal(r.err[0].line, cases[i].line);
        assert_int_equal(r.err[0].offset, strlen(cases[i].head));
        assert_non_null(strstr(r.err[0].msg, "more than two columns of numbers"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separators_and_decimal_signs_are_told_apart),
        cmocka_unit_test(lines_before_the_numbers_are_metadata),
        cmocka_unit_test(heads_and_shapes_decide_what_the_columns_mean),
        cmocka_unit_test(sparse_masses_without_a_head_are_a_mass_spectrum),
        cmocka_unit_test(heads_are_understood_in_the_spellings_of_spreadsheets),
        cmocka_unit_test(micrometres_in_latin_1_are_known),
        cmocka_unit_test(more_columns_are_refused_with_a_word_on_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
