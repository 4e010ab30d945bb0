/* Decoding of public JCAMP-DX files, whatever their DATA TYPE, against what another program reads from them. Where the two
 * differ, the papers decide; every such table is named here with the reason. */
#include "tests/support/nps_test.h"

#include "spectra/read_jcamp.h"

#include <jansson.h>
#include <math.h>

enum { TABLES_MAX = 4096 };

typedef struct {
    double n, first_x, last_x, first_y, last_y, min_y, max_y, sum_y;
    char error[240];
} summary;

/* Fields of the golden record that differ for a reason. */
enum { N = 1, FIRST_X = 2, LAST_X = 4, FIRST_Y = 8, LAST_Y = 16, MIN_Y = 32, MAX_Y = 64, SUM_Y = 128, ALL = 255 };

static const char hertz[] = "the file says Hz, the other program divides by the spectrometer's frequency and may shift";
static const char assignments[] = "peak assignments are text about peaks, not data: not read here";
static const char check[] = "an ordinate check disagrees, by which the 1988 paper knows damaged data: refused";
static const char glued[] = "packed lines of another file are spliced in, which the abscissa check finds: refused";
static const char widths[] = "the other program reads no point of (XYW..XYW), which the paper defines";

static const struct {
    const char *file;
    int differs;
    const char *why;
} exceptions[] = {
    {"jcamp-iupac--BRUKAFFN.DX", FIRST_X | LAST_X, hertz},
    {"jcamp-iupac--BRUKNTUP.DX", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--BRUKSQZ.DX", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--brukdif.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--o01.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--o02.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--o04.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--o05.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--o06.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--o09.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--o10.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-nzhagen--sqzdec1.jdx", FIRST_X | LAST_X, hertz},
    {"jcampconverter--13c.jcamp", FIRST_X | LAST_X, hertz},
    {"jcampconverter--1h.jcamp", FIRST_X | LAST_X, hertz},
    {"jcampconverter--1h.jdx", FIRST_X | LAST_X, hertz},
    {"jcampconverter--jcamp-1024.jdx", FIRST_X | LAST_X, hertz},
    {"jcampconverter--jcamp-difdup.dx", FIRST_X | LAST_X, hertz},
    {"jcampconverter--jcamp-difdup.jdx", FIRST_X | LAST_X, hertz},
    {"jcampconverter--jcamp-packed.dx", FIRST_X | LAST_X, hertz},
    {"jcampconverter--jcamp-squeezed.dx", FIRST_X | LAST_X, hertz},
    {"jcampconverter--mestrec.jdx", FIRST_X | LAST_X, hertz},
    {"jcamp-iupac--ISAS_CDX.DX", ALL, assignments},
    {"jcamp-nzhagen--ISAS_CDX.DX", ALL, assignments},
    {"jcamp-nzhagen--SPECFILE.DX", ALL, check},
    {"jcamp-nzhagen--xyinc2.jdx", ALL, glued},
    {"jcampconverter--assigned.jdx", ALL, widths},
    {NULL, 0, NULL},
};

static int excepted(const char *file)
{
    for (size_t i = 0; exceptions[i].file; i++)
        if (strcmp(exceptions[i].file, file) == 0)
            return exceptions[i].differs;
    return 0;
}

static summary summarise(const nps_jcamp_points *p)
{
    summary s = {(double)p->n, p->x[0], p->x[p->n - 1], p->y[0], p->y[p->n - 1], INFINITY, -INFINITY, 0, ""};
    for (size_t i = 0; i < p->n; i++) {
        s.min_y = fmin(s.min_y, p->y[i]);
        s.max_y = fmax(s.max_y, p->y[i]);
        s.sum_y += p->y[i];
    }
    return s;
}

static void decode_block(const nps_jcamp_block *b, summary *table, size_t *n)
{
    size_t from = 0;
    for (bool any = true; any && *n < TABLES_MAX;) {
        nps_jcamp_table t;
        nps_jcamp_points p = {0};
        nps_err err = {0};
        nps_status st = nps_jcamp_table_next(b, &from, &t, &any, &err);
        if (st == NPS_OK && !any)
            break;
        if (st == NPS_OK)
            st = nps_jcamp_table_read(b, &t, 10000000, &p, &err);
        summary *s = &table[(*n)++];
        *s = (summary){0};
        if (st == NPS_OK)
            *s = summarise(&p);
        else
            nps_err_text(&err, s->error, sizeof s->error);
        nps_jcamp_points_done(&p);
    }
}

static size_t decode_file(const char *path, summary *table)
{
    size_t len = 0, n = 0;
    char *data = nps_slurp(path, &len);
    assert_non_null(data);
    nps_read_limits limits = nps_read_limits_for_upload();
    nps_reader *r = NULL;
    nps_err err;
    assert_ok(nps_reader_open(data, len, &limits, &r, &err), &err);
    nps_jcamp_block b = {0};
    for (bool any = true; any;) {
        any = false;
        assert_ok(nps_jcamp_block_read(r, &b, &any, &err), &err);
        if (any)
            decode_block(&b, table, &n);
    }
    nps_jcamp_block_done(&b);
    nps_reader_free(r);
    free(data);
    return n;
}

static int differences(const summary *s, json_t *want)
{
    const struct {
        const char *key;
        double got;
        int bit;
    } field[] = {{"n", s->n, N},
                 {"first_x", s->first_x, FIRST_X},
                 {"last_x", s->last_x, LAST_X},
                 {"first_y", s->first_y, FIRST_Y},
                 {"last_y", s->last_y, LAST_Y},
                 {"min_y", s->min_y, MIN_Y},
                 {"max_y", s->max_y, MAX_Y},
                 {"sum_y", s->sum_y, SUM_Y}};
    double span = fmax(fabs(json_number_value(json_object_get(want, "first_x"))),
                       fabs(json_number_value(json_object_get(want, "last_x"))));
    double mass = s->n * fmax(fabs(s->max_y), fabs(s->min_y));
    int bits = 0;
    for (size_t i = 0; i < sizeof field / sizeof *field; i++) {
        double w = json_number_value(json_object_get(want, field[i].key));
        /* Abscissae near zero and sums that cancel are judged by the size of what they come from. */
        double scale = field[i].bit & (FIRST_X | LAST_X) ? span : field[i].bit == SUM_Y ? mass * 1e-3 : 0;
        if (!(fabs(field[i].got - w) <= 1e-6 * fmax(fabs(w), scale)))
            bits |= field[i].bit;
    }
    return bits;
}

static size_t compare_file(const char *file, json_t *record, summary *table, size_t n, size_t *agreed,
                           size_t *compared)
{
    size_t k = 0, bad = 0, b, i;
    json_t *block, *spectrum;
    json_array_foreach(json_object_get(record, "blocks"), b, block)
    {
        json_array_foreach(json_object_get(block, "spectra"), i, spectrum)
        {
            int bits = k < n && !table[k].error[0] ? differences(&table[k], spectrum) : ALL;
            if (bits & ~excepted(file)) {
                bad++;
                char *text = json_dumps(spectrum, JSON_COMPACT);
                print_error("%s, table %zu differs in %#x: %s\n", file, k, (unsigned)bits, text);
                free(text);
                if (k < n && table[k].error[0])
                    print_error("   %s\n", table[k].error);
                else if (k < n)
                    print_error("   read: n %g x %.9g..%.9g y %.9g..%.9g min %.9g max %.9g sum %.9g\n", table[k].n,
                                table[k].first_x, table[k].last_x, table[k].first_y, table[k].last_y, table[k].min_y,
                                table[k].max_y, table[k].sum_y);
            }
            *agreed += !bits;
            *compared += 1;
            k++;
        }
    }
    return bad;
}

static void public_files_are_decoded_as_another_program_does(void **state)
{
    (void)state;
    const char *golden = nps_shared_path("golden/jcamp.jsonl");
    if (!golden)
        skip();
    FILE *f = fopen(golden, "r");
    assert_non_null(f);
    static summary table[TABLES_MAX];
    size_t files = 0, tables = 0, agreed = 0, compared = 0, bad = 0;
    for (json_t *record; (record = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL)); json_decref(record)) {
        const char *file = json_string_value(json_object_get(record, "file"));
        char relative[300];
        snprintf(relative, sizeof relative, "data/formats/jcamp-dx/%s", file);
        size_t n = decode_file(nps_shared_path(relative), table);
        files++;
        tables += n;
        bad += compare_file(file, record, table, n, &agreed, &compared);
    }
    fclose(f);
    printf("%zu files, %zu tables, %zu compared, %zu agree in every number; exceptions:\n", files, tables, compared, agreed);
    for (size_t i = 0; exceptions[i].file; i++)
        printf("  %s: %s\n", exceptions[i].file, exceptions[i].why);
    assert_true(files > 100);
    assert_int_equal(bad, 0);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(public_files_are_decoded_as_another_program_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
