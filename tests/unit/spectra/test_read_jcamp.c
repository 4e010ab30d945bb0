/* JCAMP-DX: packed forms, checks, blocks, pages, units, fields, refusals. */
#include "tests/support/nps_test.h"

#include "spectra/read_jcamp.h"

#include <math.h>

static nps_reader *reader;
static nps_spectrum *spectrum;
static nps_err err;
static nps_read_limits limits;

static int set_up(void **state)
{
    (void)state;
    limits = nps_read_limits_for_upload();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nps_spectrum_free(spectrum);
    spectrum = NULL;
    nps_reader_free(reader);
    reader = NULL;
    return 0;
}

static void open_text(const char *text)
{
    nps_reader_free(reader);
    reader = NULL;
    assert_ok(nps_reader_open(text, strlen(text), &limits, &reader, &err), &err);
    assert_string_equal(nps_reader_format(reader), "jcamp-dx");
}

static nps_status next(void)
{
    nps_spectrum_free(spectrum);
    spectrum = NULL;
    err = (nps_err){0};
    return nps_reader_next(reader, &spectrum, &err);
}

static void expect_spectrum(void)
{
    nps_status st = next();
    assert_ok(st, &err);
    assert_non_null(spectrum);
}

static void expect_end(void)
{
    assert_int_equal(next(), NPS_OK);
    assert_null(spectrum);
}

static void expect_fault(nps_status want, size_t line, const char *text)
{
    nps_status st = next();
    if (st != want || err.line != line || !strstr(err.msg, text))
        fail_msg("got %s, line %zu: %s", nps_status_name(st), err.line, err.msg);
}

/* One infrared block with these settings and data lines; the data begin on line 9. */
static const char *infrared(const char *first, const char *last, const char *n, const char *data)
{
    static char text[8192];
    snprintf(text, sizeof text,
             "##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##XUNITS= 1/CM\n##YUNITS= ABSORBANCE\n##FIRSTX= %s\n"
             "##LASTX= %s\n##NPOINTS= %s\n##XYDATA= (X++(Y..Y))\n%s##END=\n",
             first, last, n, data);
    return text;
}

static void expect_trace(const char *text, size_t n, const float *want)
{
    open_text(text);
    expect_spectrum();
    assert_int_equal(spectrum->trace.n, n);
    for (size_t i = 0; i < n; i++)
        assert_near(spectrum->trace.y[i], want[i], 1e-6, 0);
}

/* The pseudo-digit tables of the 1988 paper, table IV ff.: the same twelve ordinates in every form. */
static void packed_forms_of_the_same_data_are_equal(void **state)
{
    (void)state;
    static const char *const data[] = {
        "400 1 2 3 3 2 1\n406 0 -1 -2 -3 10 123\n",               /* AFFN */
        "400 1.0 2e+00 3 .3E+01 2 1\n406 0 -1 -2 -3 10 123\n",    /* AFFN with points and exponents */
        "400+1+2+3+3+2+1\n406+0-1-2-3+10+123\n",                  /* PAC */
        "400 1+2+3 3+2 1 $$ a comment\n\n406 0-1-2-3 10 123\n",   /* mixed, comment, empty line */
        "400ABCCBA\n406@abcA0A23\n",                              /* SQZ */
        "400ABCTBA\n406@abcA0A23\n",                              /* SQZ with DUP */
        "400AJJ%jj\n405Ajjjj\n409cJ3J13\n411A23\n",                /* DIF with checks */
        "400AJT%jT\n405AjV\n409cJ3J13\n411A23\n",                  /* DIFDUP with checks */
        "400 A J T % j T\n405 A j V\n409 c J3 J13\n",              /* the same with blanks, no last check */
    };
    static const float want[] = {1, 2, 3, 3, 2, 1, 0, -1, -2, -3, 10, 123};
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        expect_trace(infrared("400", "411", "12", data[i]), 12, want);
        assert_true(spectrum->trace.x0_cm1 == 400 && spectrum->trace.dx_cm1 == 1);
        assert_int_equal(spectrum->repairs[NPS_REPAIR_CHECKPOINT], 0);
        assert_int_equal(spectrum->repairs[NPS_REPAIR_PEAK_COUNT], 0);
    }
}

static void every_pseudo_digit_means_its_digit(void **state)
{
    (void)state;
    static const float squeezed[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3, -4, -5, -6, -7, -8, -9};
    expect_trace(infrared("1", "19", "19", "1@ABCDEFGHIabcdefghi\n"), 19, squeezed);
    static const float differences[] = {0, 0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 44, 42, 39, 35, 30, 24, 17, 9, 0};
    expect_trace(infrared("1", "20", "20", "1@%JKLMNOPQRjklmnopqr\n20@\n"), 20, differences);
    static const char *const counts = "STUVWXYZs";
    for (size_t i = 0; i < 9; i++) {
        char data[32], n[8], last[8];
        snprintf(data, sizeof data, "1A%cB\n", counts[i]);
        snprintf(n, sizeof n, "%zu", i + 2);
        snprintf(last, sizeof last, "%zu", i + 2);
        open_text(infrared("1", last, n, data));
        expect_spectrum();
        assert_int_equal(spectrum->trace.n, i + 2);
        assert_true(spectrum->trace.y[i] == 1 && spectrum->trace.y[i + 1] == 2);
    }
}

static void random_data_survive_difference_form(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed();
    for (int round = 0; round < 50; round++) {
        char data[4096];
        int y[60], len = 0, last = 0;
        for (int i = 0; i < 60; i++)
            y[i] = (int)(nps_test_random(&seed) % 2001) - 1000;
        for (int i = 0; i < 60; i++) {
            int first = i % 10 == 0, d = y[i] - last;
            if (first) /* a line begins with its check value, apart from the first */
                len += snprintf(data + len, sizeof data - (size_t)len, "%s%d ", i ? "\n" : "", i ? i - 1 : i);
            if (first && i)
                len += snprintf(data + len, sizeof data - (size_t)len, "%+d", last);
            char digits[16];
            snprintf(digits, sizeof digits, "%d", i ? abs(d) : abs(y[0]));
            int lead = digits[0] - '0', negative = i ? d < 0 : y[0] < 0;
            char letter = i ? (char)(lead == 0 ? '%' : (negative ? 'i' : 'I') + lead)
                            : (char)(lead == 0 ? '@' : (negative ? 'a' - 1 : '@') + lead);
            len += snprintf(data + len, sizeof data - (size_t)len, "%c%s", letter, digits + 1);
            last = y[i];
        }
        snprintf(data + len, sizeof data - (size_t)len, "\n");
        open_text(infrared("0", "59", "60", data));
        expect_spectrum();
        for (int i = 0; i < 60; i++)
            assert_true(spectrum->trace.y[i] == (float)y[i]);
    }
}

static void ordinate_checks_that_disagree_are_refused(void **state)
{
    (void)state;
    open_text(infrared("400", "405", "6", "400AJJ\n402EJJJ\n405H\n"));
    expect_fault(NPS_E_FORMAT, 10, "ordinate check 5 differs from 3");
    expect_end();
    /* One unit is rounding by the writer: counted. */
    open_text(infrared("400", "405", "6", "400AJJ\n402DJJJ\n405G\n"));
    expect_spectrum();
    assert_int_equal(spectrum->repairs[NPS_REPAIR_CHECKPOINT], 1);
    assert_int_equal(spectrum->trace.n, 6);
}

static void abscissa_checks_that_disagree_are_refused(void **state)
{
    (void)state;
    open_text(infrared("400", "405", "6", "400 1 2 3\n450 4 5 6\n"));
    expect_fault(NPS_E_FORMAT, 10, "abscissa check: the line begins at 450");
    open_text(infrared("400", "410", "6", "400 1 2 3\n405.5 4 5 6\n"));
    expect_spectrum();
    assert_int_equal(spectrum->repairs[NPS_REPAIR_CHECKPOINT], 0); /* within half a step of 406 */
    open_text(infrared("400", "410", "6", "400 1 2 3\n404.5 4 5 6\n"));
    expect_spectrum();
    assert_int_equal(spectrum->repairs[NPS_REPAIR_CHECKPOINT], 1); /* within a step */
}

static void wrong_point_counts_are_told_and_the_lines_decide(void **state)
{
    (void)state;
    static const float want[] = {1, 2, 3, 4, 5, 6};
    /* Cut off: six of eleven points; the step is that of the header. */
    expect_trace(infrared("400", "410", "11", "400 1 2 3\n403 4 5 6\n"), 6, want);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_PEAK_COUNT], 1);
    assert_true(spectrum->trace.dx_cm1 == 1);
    /* The count itself is wrong: the points fit the range. */
    expect_trace(infrared("400", "405", "60", "400 1 2 3\n403 4 5 6\n"), 6, want);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_PEAK_COUNT], 1);
    assert_true(spectrum->trace.dx_cm1 == 1);
}

static void missing_points_are_interpolated(void **state)
{
    (void)state;
    static const float want[] = {1, 2, 3, 4, 5};
    expect_trace(infrared("400", "406", "7", "400 ? 1 ? ? 4 5 ?\n"), 5, want);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_MISSING_POINT], 4);
    assert_true(spectrum->trace.x0_cm1 == 401);
    open_text(infrared("400", "403", "4", "400A?J\n"));
    expect_fault(NPS_E_FORMAT, 9, "difference follows a missing ordinate");
    open_text(infrared("400", "403", "4", "400????\n"));
    expect_fault(NPS_E_RANGE, 8, "0 points make no trace");
}

static void decimal_commas_are_read_as_points(void **state)
{
    (void)state;
    static const float want[] = {0.5f, 0.25f, 0.125f, 1};
    /* The header has them, too. */
    expect_trace(infrared("400,5", "403,5", "4", "400,5 0,5 0,25\n402,5 0,125 1\n"), 4, want);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_DECIMAL_COMMA], 7);
    assert_true(spectrum->trace.x0_cm1 == 400.5);
    /* Only the data have them: the number of points decides. */
    expect_trace(infrared("400", "403", "4", "400 0,5 0,25 0,125 1\n"), 4, want);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_DECIMAL_COMMA], 3);
    /* Separators they are where that fits. */
    expect_trace(infrared("400", "403", "4", "400 .5,.25,.125,1\n"), 4, want);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_DECIMAL_COMMA], 0);
    open_text("##TITLE= m\n##DATA TYPE= MASS SPECTRUM\n##NPOINTS= 2\n##PEAK TABLE= (XY..XY)\n41,1 100,5; 43,2 7,5\n##END=\n");
    expect_spectrum();
    assert_int_equal(spectrum->peaks.n, 2);
    assert_true(spectrum->peaks.mz[1] == 43.2 && spectrum->peaks.intensity[0] == 100.5f);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_DECIMAL_COMMA], 4);
}

static void repeat_bombs_are_refused(void **state)
{
    (void)state;
    open_text(infrared("400", "405", "6", "400AS99999999999999999999999\n"));
    expect_fault(NPS_E_LIMIT, 9, "repeat count");
    open_text(infrared("400", "405", "6", "400AY999999\n"));
    expect_fault(NPS_E_LIMIT, 9, "more than 1000000 points");
    limits.max_points = 5;
    open_text(infrared("400", "405", "6", "400 1 2 3 4 5 6\n"));
    expect_fault(NPS_E_LIMIT, 9, "more than 5 points");
}

static void broken_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *data, *text;
        size_t line;
    } cases[] = {{"400 1 2\n402 3 !\n", "'!' is no number", 10},
                 {"400\n", "without ordinates", 9},
                 {"400T\n", "repeat count has no ordinate", 9},
                 {"400J\n", "begins with a difference", 9},
                 {"400AS0\n401JJ\n", "", 10},
                 {"400AJ\n401JJ\n", "begins with a difference", 10},
                 {"A12 1 2\n", "is no number", 9},
                 {"400 1..2\n", "is no number", 9},
                 {"400A1.2.3 4\n", "is no number", 9},
                 {"400 1111111111111111111111111111111111111111111111111111111111111111111111\n", "is no number", 9},
                 {"400A1111111111111111111111111111111111111111111111111111111111111111111111\n", "digits", 9},
                 {"", "no points in 'XYDATA'", 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_text(infrared("400", "403", "4", cases[i].data));
        nps_status st = next();
        if (cases[i].text[0] && (st != NPS_E_FORMAT || err.line != cases[i].line || !strstr(err.msg, cases[i].text)))
            fail_msg("case %zu: %s line %zu: %s", i, nps_status_name(st), err.line, err.msg);
    }
}

static void header_faults_are_named(void **state)
{
    (void)state;
    open_text("##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##FIRSTX= abc\n##XYDATA= (X++(Y..Y))\n1 2\n##END=\n");
    expect_fault(NPS_E_FORMAT, 3, "'abc' of 'FIRSTX' is no number");
    open_text("##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##END=\n");
    expect_fault(NPS_E_FORMAT, 1, "no table of data");
    open_text("##TITLE= t\n##XYDATA= (X++(Y..Y))\n1 2\n##END=\n");
    expect_fault(NPS_E_FORMAT, 1, "no DATA TYPE");
    open_text("##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##XYDATA= (X++(Y..Y))\n1 2 3\n##END=\n");
    expect_fault(NPS_E_FORMAT, 3, "how far apart");
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##PEAK ASSIGNMENTS= (XYA)\n(1, 2, <a>)\n##END=\n");
    expect_fault(NPS_E_UNSUPPORTED, 3, "of the form '(XYA)'");
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n1 2\n3 4 5\n##END=\n");
    expect_fault(NPS_E_FORMAT, 5, "ends inside a point of 2 numbers");
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n1 2\n3 -4\n##END=\n");
    expect_fault(NPS_E_RANGE, 5, "");
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n1 0\n3 0\n##END=\n");
    expect_fault(NPS_E_FORMAT, 3, "no peak of positive intensity");
}

static void units_decide_and_unknown_ones_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type, *x, *y, *what;
        double x0, y0;
    } cases[] = {{"INFRARED SPECTRUM", "1/CM", "ABSORBANCE", "", 2, 0.1},
                 {"infrared-spectrum", "cm-1", "Absorbance units", "", 2, 0.1},
                 {"INFRARED SPECTRUM", "CM^-1", "TRANSMITTANCE", "", 2, 1},
                 {"INFRARED SPECTRUM", "Wavenumbers (cm-1)", "% T", "", 2, 3},
                 {"INFRARED SPECTRUM", "1/CM", "PERCENT TRANSMITTANCE", "", 2, 3},
                 {"INFRARED SPECTRUM", "1/CM", "REFLECTANCE", "", 2, 1},
                 {"INFRARED SPECTRUM", "1/CM", "%R", "", 2, 3},
                 {"INFRARED SPECTRUM", "1/CM", "KUBELKA-MUNK", "", 2, 0.192639246582985},
                 {"INFRARED SPECTRUM", "MICROMETERS", "LOG(1/R)", "", 2500, 0.4},
                 {"INFRARED SPECTRUM", "\xc2\xb5m", "ABSORBANCE", "", 2500, 0.4},
                 {"INFRARED SPECTRUM", "nm", "ABSORBANCE", "", 2.5e6, 0.4},
                 {"RAMAN SPECTRUM", "1/CM", "COUNTS", "", 2, 0.1},
                 {"INFRARED SPECTRUM", "HZ", "ABSORBANCE", "abscissa in 'HZ'", 0, 0},
                 {"INFRARED SPECTRUM", "", "ABSORBANCE", "abscissa in ''", 0, 0},
                 {"INFRARED SPECTRUM", "1/CM", "ARBITRARY UNITS", "ordinate in 'ARBITRARY UNITS'", 0, 0},
                 {"MASS SPECTRUM", "SECONDS", "COUNTS", "a mass spectrum over 'SECONDS'", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "##TITLE= t\n##DATA TYPE= %s\n##XUNITS= %s\n##YUNITS= %s\n##XYPOINTS= (XY..XY)\n2 .1; 3 .1; 4 .4\n##END=\n",
                 cases[i].type, cases[i].x, cases[i].y);
        open_text(text);
        if (cases[i].what[0]) {
            expect_fault(NPS_E_UNSUPPORTED, 5, cases[i].what);
            continue;
        }
        expect_spectrum();
        assert_near(spectrum->trace.x0_cm1, cases[i].x0, 1e-12, 0);
        assert_near(spectrum->trace.y[0], cases[i].y0, 1e-6, 0);
    }
}

static void transmittance_that_means_per_cent_is_seen(void **state)
{
    (void)state;
    open_text("##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##XUNITS= 1/CM\n##YUNITS= TRANSMITTANCE\n"
              "##XYPOINTS= (XY..XY)\n400 10 401 100 402 1\n##END=\n");
    expect_spectrum();
    assert_near(spectrum->trace.y[0], 1, 1e-6, 0);
    assert_near(spectrum->trace.y[1], 0, 0, 1e-7);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_Y_UNIT], 1);
    open_text("##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##XUNITS= 1/CM\n##YUNITS= TRANSMITTANCE\n"
              "##XYPOINTS= (XY..XY)\n400 1 401 2.7 402 1\n##END=\n");
    expect_fault(NPS_E_UNSUPPORTED, 5, "'TRANSMITTANCE' up to 2.7 may be parts or per cent");
}

static void linked_blocks_are_read_one_by_one_and_others_refused_by_name(void **state)
{
    (void)state;
    open_text("##TITLE= compound file\n##JCAMP-DX= 5.01\n##DATA TYPE= LINK\n##BLOCKS= 6\n"
              "##TITLE= structure\n##JCAMP-CS= 3.7\n##$ATOMS= 1\n##END=\n"                                /* 5-8 */
              "##TITLE= proton\n##DATA TYPE= NMR SPECTRUM\n##XYDATA= (X++(Y..Y))\n1 2 3\n##END=\n"       /* 9-13 */
              "##TITLE= broken\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n41 x\n##END=\n"      /* 14-18 */
              "##TITLE= good\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n41 7\n##END=\n"        /* 19-23 */
              "##TITLE= inner\n##DATA TYPE= LINK\n"                                                      /* 24-25 */
              "##TITLE= uv\n##DATA TYPE= UV/VIS SPECTRUM\n##XYPOINTS= (XY..XY)\n1 2\n##END=\n##END=\n"   /* 26-31 */
              "##DATE= 99/12/31\n##END=\n"
              "##TITLE= after\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n42 7\n");
    expect_fault(NPS_E_UNSUPPORTED, 6, "JCAMP-CS");
    expect_fault(NPS_E_UNSUPPORTED, 10, "'NMR SPECTRUM'");
    expect_fault(NPS_E_FORMAT, 17, "'x' is no number");
    assert_int_equal(err.offset, strlen("41 ") + (size_t)(strstr(reader->scan.start, "41 x") - reader->scan.start));
    expect_spectrum();
    assert_string_equal(spectrum->text[NPS_TEXT_NAME], "good");
    assert_int_equal(spectrum->line, 19);
    expect_fault(NPS_E_UNSUPPORTED, 27, "'UV/VIS SPECTRUM'");
    expect_spectrum();
    assert_string_equal(spectrum->text[NPS_TEXT_NAME], "after");
    expect_end();
    expect_end();
}

static void every_page_of_ntuples_is_a_spectrum(void **state)
{
    (void)state;
    open_text("##TITLE= run\n##DATA TYPE= MASS SPECTRUM\n##NTUPLES= MASS SPECTRUM\n##VAR_NAME= MASS, INTENSITY, TIME\n"
              "##SYMBOL= X, Y, T\n##FACTOR= 0.5, 10, 1\n##UNITS= M/Z, RELATIVE ABUNDANCE, MINUTES\n##OWNER= lab\n"
              "##PAGE= T= 1.5\n##NPOINTS= 2\n##DATA TABLE= (XY..XY), PEAKS\n100, 2; 102, 3\n"
              "##PAGE= T= 2\n##DATA TABLE= (XY..XY), PEAKS\nbroken\n"
              "##PAGE= X= 3\n##NPOINTS= 7\n##DATA TABLE= (XY..XY), PEAKS\n50, 1\n##END NTUPLES= MASS SPECTRUM\n##END=\n");
    expect_spectrum();
    assert_int_equal(spectrum->peaks.n, 2);
    assert_true(spectrum->peaks.mz[0] == 50 && spectrum->peaks.mz[1] == 51 && spectrum->peaks.intensity[1] == 30);
    assert_true(spectrum->retention_time_s == 90);
    assert_string_equal(spectrum->text[NPS_TEXT_CONTRIBUTOR], "lab");
    assert_int_equal(spectrum->line, 9);
    expect_fault(NPS_E_FORMAT, 15, "'broken' is no number");
    expect_spectrum();
    assert_int_equal(spectrum->repairs[NPS_REPAIR_PEAK_COUNT], 1);
    assert_true(spectrum->retention_time_s == 0);
    assert_string_equal(spectrum->meta[0].key, "PAGE");
    assert_string_equal(spectrum->meta[0].value, "X= 3");
    expect_end();
}

static void labels_are_normalised_and_fields_taken(void **state)
{
    (void)state;
    open_text("$$ made by hand\n\n  ##title= Amphetamine $$ base\n##Jcamp_DX= 5.00\n##data-type= mass spectrum\n"
              "##NAMES= 1-phenylpropan-2-amine\nalpha-methylphenethylamine\n"
              "##MOLFORM= C9 H13 N\n##CAS REGISTRY NO= 300-62-9\n##MW= 135\n"
              "##$InChIKey= KWTSXDURSIMDCE-UHFFFAOYSA-N\n##OWNER= lab\n##ORIGIN= none\n"
              "##SPECTROMETER/DATA SYSTEM= QMS\n##.IONIZATION MODE= EI+\n##.RETENTION TIME= 312.5\n"
              "##SAMPLE DESCRIPTION= white\npowder $$ a comment\n##CLASS= 2\n##$ENFSI No= 17\n##=a comment\n"
              "##X UNITS= m/z\n##PEAK-TABLE= (XYW..XYW)\n44,100,1 91,5,2\n##END\n");
    expect_spectrum();
    assert_int_equal(spectrum->technique, NPS_TECH_EI);
    assert_string_equal(spectrum->text[NPS_TEXT_NAME], "Amphetamine");
    assert_string_equal(spectrum->text[NPS_TEXT_FORMULA], "C9 H13 N");
    assert_string_equal(spectrum->text[NPS_TEXT_CAS], "300-62-9");
    assert_string_equal(spectrum->text[NPS_TEXT_INCHIKEY], "KWTSXDURSIMDCE-UHFFFAOYSA-N");
    assert_string_equal(spectrum->text[NPS_TEXT_CONTRIBUTOR], "lab");
    assert_string_equal(spectrum->text[NPS_TEXT_INSTRUMENT], "QMS");
    assert_string_equal(spectrum->text[NPS_TEXT_IONIZATION], "EI+");
    assert_null(spectrum->text[NPS_TEXT_CLASS]);
    assert_int_equal(spectrum->polarity, 1);
    assert_int_equal(spectrum->nominal_mass, 135);
    assert_true(spectrum->retention_time_s == 312.5);
    assert_int_equal(spectrum->n_synonym, 2);
    assert_string_equal(spectrum->synonym[1], "alpha-methylphenethylamine");
    static const char *const meta[][2] = {
        {"ORIGIN", "none"}, {"SAMPLE DESCRIPTION", "white powder"}, {"CLASS", "2"}, {"$ENFSI No", "17"}};
    assert_int_equal(spectrum->n_meta, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(spectrum->meta[i].key, meta[i][0]);
        assert_string_equal(spectrum->meta[i].value, meta[i][1]);
    }
    assert_int_equal(spectrum->peaks.n, 2);
    assert_int_equal(spectrum->line, 3);
    expect_end();
}

static void line_ends_of_all_kinds_are_equal(void **state)
{
    (void)state;
    static const char *const text[] = {
        "##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n41 7\n##END=\n",
        "##TITLE= t\r##DATA TYPE= MASS SPECTRUM\r##PEAK TABLE= (XY..XY)\r41 7\r##END=\r\xff",
        "##TITLE= t\r\n##DATA TYPE= MASS SPECTRUM\r\n##PEAK TABLE= (XY..XY)\r\n41 7\r\n##END=",
        "##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n41 7"};
    for (size_t i = 0; i < 4; i++) {
        open_text(text[i]);
        expect_spectrum();
        assert_int_equal(spectrum->peaks.n, 1);
        expect_end();
    }
}

static void first_points_at_zero_and_missing_peaks_are_left_out(void **state)
{
    (void)state;
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##NPOINTS= 4\n##PEAK TABLE= (XY..XY)\n0,0 41,7 42,? 43,2\n##END=\n");
    expect_spectrum();
    assert_int_equal(spectrum->peaks.n, 2);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_ZERO], 1);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_MISSING_POINT], 1);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_PEAK_COUNT], 0);
}

static void mass_data_on_an_even_grid_are_peaks_or_a_profile(void **state)
{
    (void)state;
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##FIRSTX= 40\n##LASTX= 44\n##NPOINTS= 5\n##XYDATA= (X++(Y..Y))\n"
              "40@A0@0A1B\n##END=\n"
              "##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##FIRSTX= 40\n##LASTX= 40.4\n##NPOINTS= 5\n##XYDATA= (X++(Y..Y))\n"
              "40@A0@0A1B\n##END=\n"
              "##TITLE= t\n##DATA TYPE= CONTINUOUS MASS SPECTRUM\n##XYDATA= (X++(Y..Y))\n##END=\n");
    expect_spectrum();
    assert_int_equal(spectrum->peaks.n, 3);
    assert_true(spectrum->peaks.mz[0] == 41 && spectrum->peaks.intensity[0] == 10);
    assert_true(spectrum->peaks.mz[2] == 44 && spectrum->peaks.intensity[2] == 2);
    expect_spectrum();
    assert_int_equal(spectrum->repairs[NPS_REPAIR_CENTROIDED], 1);
    assert_int_equal(spectrum->peaks.n, 2);
    assert_near(spectrum->peaks.mz[0], 40.1, 0, 1e-9);
    assert_near(spectrum->peaks.mz[1], 40.3 + 0.2 / 13, 0, 1e-9);
    expect_fault(NPS_E_FORMAT, 19, "no points in 'XYDATA'");
    open_text("##TITLE= t\n##DATA TYPE= CONTINUOUS MASS SPECTRUM\n##XUNITS= SECONDS\n##XYPOINTS= (XY..XY)\n1 2\n##END=\n");
    expect_fault(NPS_E_UNSUPPORTED, 4, "a mass spectrum over 'SECONDS' instead of m/z");
}

static void infrared_radata_and_peak_tables(void **state)
{
    (void)state;
    open_text("##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##RUNITS= 1/CM\n##AUNITS= ABSORBANCE\n##FIRSTR= 10\n##LASTR= 14\n"
              "##RFACTOR= 2\n##AFACTOR= .5\n##NPOINTS= 3\n##RADATA= (R++(A..A))\n5ABC\n##END=\n"
              "##TITLE= t\n##DATA TYPE= INFRARED INTERFEROGRAM\n##RADATA= (R++(A..A))\n5ABC\n##END=\n"
              "##TITLE= t\n##DATA TYPE= INFRARED SPECTRUM\n##PEAK TABLE= (XY..XY)\n5 1\n##END=\n");
    expect_spectrum();
    assert_true(spectrum->trace.x0_cm1 == 10 && spectrum->trace.dx_cm1 == 2 && spectrum->trace.y[2] == 1.5f);
    expect_fault(NPS_E_UNSUPPORTED, 14, "'INFRARED INTERFEROGRAM'");
    expect_fault(NPS_E_UNSUPPORTED, 20, "peak table");
}

static void limits_hold(void **state)
{
    (void)state;
    limits.max_line = 40;
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##COMMENT= 0123456789012345678901234567890123456789\n"
              "##PEAK TABLE= (XY..XY)\n41 7\n##END=\n"
              "##TITLE= u\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n41 7\n##END=\n");
    expect_fault(NPS_E_LIMIT, 3, "longer than the limit of 40");
    expect_spectrum();
    assert_string_equal(spectrum->text[NPS_TEXT_NAME], "u");
    expect_end();
}

static void too_many_records_in_a_block_are_refused(void **state)
{
    (void)state;
    size_t n = 100001, len = 0;
    char *text = malloc(8 * n + 200);
    assert_non_null(text);
    len += (size_t)snprintf(text, 100, "##TITLE= t\n");
    for (size_t i = 0; i < n; i++) {
        memcpy(text + len, "##A=b\n", 6);
        len += 6;
    }
    len += (size_t)snprintf(text + len, 150, "##END=\n##TITLE= u\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n41 7\n");
    open_text(text);
    expect_fault(NPS_E_LIMIT, 100001, "more than 100000 labelled records");
    expect_spectrum();
    expect_end();
    free(text);
}

static void long_heads_of_ntuples_are_refused(void **state)
{
    (void)state;
    enum { SIZE = 90000 };
    char *text = malloc(SIZE);
    assert_non_null(text);
    size_t len = (size_t)snprintf(text, SIZE, "##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##SYMBOL= X, Y\n##ORIGIN= ");
    memset(text + len, 'a', 70000);
    len += 70000;
    snprintf(text + len, SIZE - len, "\n##PAGE= N=1\n##DATA TABLE= (XY..XY), PEAKS\n41 7\n##END=\n");
    open_text(text);
    expect_fault(NPS_E_LIMIT, 4, "65536 bytes of text before the first page");
    len = (size_t)snprintf(text, SIZE, "##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##SYMBOL= X, Y\n");
    for (int i = 0; i < 1000; i++)
        len += (size_t)snprintf(text + len, SIZE - len, "##$A=b\n");
    snprintf(text + len, SIZE - len, "##PAGE= N=1\n##DATA TABLE= (XY..XY), PEAKS\n41 7\n##END=\n");
    open_text(text);
    expect_fault(NPS_E_LIMIT, 1002, "more than 1000 records before the first page");
    free(text);
}

static void a_further_table_of_a_block_is_told(void **state)
{
    (void)state;
    open_text("##TITLE=x\n##JCAMP-DX=4.24\n##DATA TYPE=MASS SPECTRUM\n##PEAK TABLE=(XY..XY)\n50,10 60,20\n"
              "##PEAK TABLE=(XY..XY)\n70,10\n##END=\n");
    expect_spectrum();
    assert_int_equal(spectrum->peaks.n, 2);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_FURTHER_TABLE], 1);
    expect_end();
}

static void sniffing_knows_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int low, high;
    } cases[] = {{"##TITLE= x\n", 100, 100},
                 {"\n  $$ c\n ## title =x\n", 100, 100},
                 {"From: me\n\n##TITLE=x\n", 80, 80},
                 {"##ORIGIN= a\n##TITLE=x\n", 100, 100},
                 {"##JCAMP-DX= 4.24\n", 80, 80},
                 {"NAME: x\nNum Peaks: 1\n1 2\n", 0, 0},
                 {"## a heading\n", 0, 0},
                 {"", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int sure = nps_format_jcamp.sniff(nps_span_of(cases[i].text));
        assert_in_range(sure, cases[i].low, cases[i].high);
    }
}

static void data_types_and_units_of_infrared_have_many_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *type, *x, *y;
        double y0; /* absorbance at 400 cm-1 */
    } cases[] = {
        {"INFRARED SPECTRUM", "cm-\xb9", "A", 10},
        {"INFRARED TRANSFORMED SPECTRUM", "cm\xe2\x81\xbb\xc2\xb9", "Absorbance Units", 10},
        {"NEAR INFRARED SPECTRUM", "Frequency (cm-1)", "LOG(1/R)", 10},
        {"NIR SPECTRUM", "RECIPROCAL CENTIMETERS", "-log(R)", 10},
        {"ATR-IR SPECTRUM", "inverse cm", "%", 0},
        {"FTIR", "1/CM", "T", 1},
        {"IR", "CM**-1", "R", 1},
        {"FT-IR SPECTRUM", "1/CM", "KM", 1.341523},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char text[400];
        snprintf(text, sizeof text, "##TITLE= t\n##DATA TYPE= %s\n##XUNITS= %s\n##YUNITS= %s\n"
                 "##XYPOINTS= (XY..XY)\n400 10 401 100\n##END=\n", cases[i].type, cases[i].x, cases[i].y);
        open_text(text);
        if (!(cases[i].y0 > 0)) {
            expect_fault(NPS_E_UNSUPPORTED, 5, "ordinate in '%' is neither");
            continue;
        }
        expect_spectrum();
        assert_near((double)spectrum->trace.y[0], cases[i].y0, 1e-4, 0);
    }
}

static void a_last_line_of_a_zero_alone_checks_nothing(void **state)
{
    (void)state;
    open_text(infrared("1", "4", "4", "1A0JJJ\n4@\n\n"));
    expect_spectrum();
    assert_int_equal(spectrum->trace.n, 4);
    assert_near((double)spectrum->trace.y[3], 13, 0, 0);
    assert_int_equal(spectrum->repairs[NPS_REPAIR_CHECKPOINT], 1);
    /* Not in the middle, not with a point behind it, and no other number. */
    open_text(infrared("1", "4", "4", "1A0JJ\n3@\n4A4\n"));
    expect_fault(NPS_E_FORMAT, 10, "ordinate check 0 differs from 12");
    open_text(infrared("1", "5", "5", "1A0JJJ\n4@@\n"));
    expect_fault(NPS_E_FORMAT, 10, "ordinate check 0 differs from 13");
    open_text(infrared("1", "4", "4", "1A0JJJ\n4A9\n"));
    expect_fault(NPS_E_FORMAT, 10, "ordinate check 19 differs from 13");
}

static void impossible_retention_times_are_metadata(void **state)
{
    (void)state;
    open_text("##TITLE= t\n##DATA TYPE= MASS SPECTRUM\n##.RETENTION TIME= 155555555555555555552.5\n"
              "##PEAK TABLE= (XY..XY)\n41 7\n##END=\n");
    expect_spectrum();
    assert_near(spectrum->retention_time_s, 0, 0, 0);
    assert_int_equal(spectrum->n_meta, 1);
}

int main(void)
{
    nps_core_init();
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(packed_forms_of_the_same_data_are_equal),
        T(every_pseudo_digit_means_its_digit),
        T(random_data_survive_difference_form),
        T(ordinate_checks_that_disagree_are_refused),
        T(abscissa_checks_that_disagree_are_refused),
        T(wrong_point_counts_are_told_and_the_lines_decide),
        T(missing_points_are_interpolated),
        T(decimal_commas_are_read_as_points),
        T(repeat_bombs_are_refused),
        T(broken_lines_are_named),
        T(header_faults_are_named),
        T(units_decide_and_unknown_ones_are_refused),
        T(transmittance_that_means_per_cent_is_seen),
        T(linked_blocks_are_read_one_by_one_and_others_refused_by_name),
        T(every_page_of_ntuples_is_a_spectrum),
        T(labels_are_normalised_and_fields_taken),
        T(line_ends_of_all_kinds_are_equal),
        T(first_points_at_zero_and_missing_peaks_are_left_out),
        T(mass_data_on_an_even_grid_are_peaks_or_a_profile),
        T(infrared_radata_and_peak_tables),
        T(limits_hold),
        T(too_many_records_in_a_block_are_refused),
        T(long_heads_of_ntuples_are_refused),
        T(a_further_table_of_a_block_is_told),
        T(sniffing_knows_its_own),
        T(data_types_and_units_of_infrared_have_many_spellings),
        T(a_last_line_of_a_zero_alone_checks_nothing),
        T(impossible_retention_times_are_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
