#include "spectra/gunzip.h"
#include "tests/support/nps_test.h"
#include "tests/support/reading.h"

#include <time.h>
#include <zlib.h>

static const char msp[] = "Name: a\nNum Peaks: 1\n43 9\n";

/* gzip of n bytes; the caller frees. */
static unsigned char *pack(const void *data, size_t n, size_t *ret_n)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, n);
    unsigned char *out = malloc(room), *in = malloc(n + 1);
    assert_true(out && in);
    memcpy(in, data, n);
    z.next_in = in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *ret_n = room - z.avail_out;
    deflateEnd(&z);
    free(in);
    return out;
}

static void the_format_is_told_by_the_content(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text;
    } cases[] = {
        {"msp", msp},
        {"msp", "\n\nFORMULA: C\nNUM PEAKS: 1\n43 9\n"},
        {"msp", "ACCESSION: x\nName: a\nNum Peaks: 1\n43 9\n"},
        {"msp", "Name: a\nMW: 3\n"},
        {"mgf", "BEGIN IONS\nNUM PEAKS=1\n43 9\nEND IONS\n"},
        {"mgf", "# x\nCOM=Name: y\n\nBEGIN IONS\n43 9\nEND IONS\n"},
        {"massbank", "ACCESSION: x\nRECORD_TITLE: y\nPK$NUM_PEAK: 1\nPK$PEAK: z\n  43 9 9\n//\n"},
        {"csv", "m/z,intensity\n43,9\n"},
        {"csv", "43 9\n44 8\n55 1\n"},
        {"csv", "# Name: a\n43 9\n44 8\n55 1\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_READING r = read_text(cases[i].text);
        assert_string_equal(r.format, cases[i].format);
    }
}

static void strangers_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *name;
    } cases[] = {
        {"%PDF-1.4 rest", 13, "PDF"},
        {"PK\3\4rest", 8, "zip"},
        {"\x89HDF\r\n\x1a\n", 8, "HDF5"},
        {"<?xml version='1.0'?>", 21, "XML"},
        {"<!DOCTYPE html>", 15, "web page"},
        {"\xff\xfeN\0a\0", 6, "UTF-16"},
        {"CDF\005", 4, "netCDF"},
        {"once upon a time", 16, "none of the formats"},
        {"\n\n\n", 3, "none of the formats"},
    };
    nps_read_limits limits = nps_read_limits_for_upload();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_READING r = read_bytes(cases[i].bytes, cases[i].n, &limits);
        assert_int_equal(r.open, NPS_E_UNSUPPORTED);
        assert_non_null(strstr(r.err[0].msg, cases[i].name));
    }
}

static void an_empty_file_is_refused(void **state)
{
    (void)state;
    nps_read_limits limits = nps_read_limits_for_upload();
    AUTO_READING r = read_bytes("", 0, &limits);
    assert_int_equal(r.open, NPS_E_FORMAT);
    size_t n;
    unsigned char *packed = pack("", 0, &n);
    AUTO_READING q = read_bytes(packed, n, &limits);
    assert_int_equal(q.open, NPS_E_FORMAT);
    free(packed);
}

static void gzip_is_undone_first(void **state)
{
    (void)state;
    nps_read_limits limits = nps_read_limits_for_upload();
    size_t n;
    unsigned char *one = pack(msp, strlen(msp), &n);
    AUTO_READING r = read_bytes(one, n, &limits);
    assert_string_equal(r.format, "msp");
    assert_int_equal(r.n, 1);
    unsigned char *two = malloc(2 * n + 5);
    assert_non_null(two);
    memcpy(two, one, n);
    memcpy(two + n, one, n);
    memset(two + 2 * n, 0, 5);
    AUTO_READING members = read_bytes(two, 2 * n + 5, &limits);
    assert_int_equal(members.n, 2);
    for (size_t cut = 3; cut < n; cut++) {
        AUTO_READING part = read_bytes(one, cut, &limits);
        assert_int_equal(part.open, NPS_E_FORMAT);
        assert_non_null(strstr(part.err[0].msg, "ends in the middle"));
    }
    one[n - 6] ^= 1;
    AUTO_READING damaged = read_bytes(one, n, &limits);
    assert_int_equal(damaged.open, NPS_E_FORMAT);
    assert_non_null(strstr(damaged.err[0].msg, "damaged"));
    free(one);
    free(two);
}

static void zlib_streams_inflate_up_to_their_cap(void **state)
{
    (void)state;
    static uint8_t plain[3 << 20], packed[1 << 16];
    NPS_AUTO_BUF out = NPS_BUF_INIT(0);
    nps_err err = {0};
    uLongf n = sizeof packed;
    assert_int_equal(compress(packed, &n, plain, 1000), Z_OK);
    nps_span all = {(const char *)packed, n};
    assert_ok(nps_inflate(all, 1000, 200, &out, &err), &err);
    assert_int_equal(out.len, 1000);
    assert_memory_equal(out.data, plain, 1000);
    assert_int_equal(nps_inflate(all, 999, 200, &out, &err), NPS_E_LIMIT);
    assert_int_equal(nps_inflate((nps_span){all.p, n - 1}, 1000, 200, &out, &err), NPS_E_FORMAT);
    assert_int_equal(nps_inflate((nps_span){all.p, 0}, 1000, 200, &out, &err), NPS_E_FORMAT);
    assert_int_equal(nps_inflate((nps_span){"no zlib", 7}, 1000, 200, &out, &err), NPS_E_FORMAT);
    n = sizeof packed;
    assert_int_equal(compress(packed, &n, plain, sizeof plain), Z_OK);
    all.n = n;
    assert_int_equal(nps_inflate(all, sizeof plain, 200, &out, &err), NPS_E_LIMIT);
    assert_ok(nps_inflate(all, sizeof plain, 2000, &out, &err), &err);
    assert_int_equal(out.len, sizeof plain);
}

static void a_gzip_bomb_is_refused_before_it_unfolds(void **state)
{
    (void)state;
    size_t big = (size_t)20 << 20, n;
    char *zeros = calloc(big, 1);
    assert_non_null(zeros);
    unsigned char *packed = pack(zeros, big, &n);
    nps_read_limits limits = nps_read_limits_for_upload();
    AUTO_READING ratio = read_bytes(packed, n, &limits);
    assert_int_equal(ratio.open, NPS_E_LIMIT);
    assert_non_null(strstr(ratio.err[0].msg, "200 times"));
    limits.max_gzip_ratio = 1e9;
    limits.max_bytes = 1 << 20;
    AUTO_READING size = read_bytes(packed, n, &limits);
    assert_int_equal(size.open, NPS_E_LIMIT);
    assert_non_null(strstr(size.err[0].msg, "inflates to more"));
    free(zeros);
    free(packed);
}

static void every_limit_holds(void **state)
{
    (void)state;
    const char *text =
        "Name: a\nNum Peaks: 2\n43 9\n44 9\n\nName: b\nNum Peaks: 1\n43 9\n\nName: ccccccccccccccccccccccccccc\n"
        "Num Peaks: 1\n43 9\n";
    nps_read_limits ok = nps_read_limits_for_upload(), limits = ok;
    limits.max_bytes = 10;
    AUTO_READING bytes = read_bytes(text, strlen(text), &limits);
    assert_int_equal(bytes.open, NPS_E_LIMIT);
    limits = ok;
    limits.max_records = 2;
    AUTO_READING records = read_bytes(text, strlen(text), &limits);
    assert_int_equal(records.n, 2);
    assert_int_equal(records.n_err, 1);
    assert_int_equal(records.err[0].code, NPS_E_LIMIT);
    limits = ok;
    limits.max_points = 1;
    AUTO_READING points = read_bytes(text, strlen(text), &limits);
    assert_int_equal(points.n, 2);
    assert_int_equal(points.err[0].code, NPS_E_LIMIT);
    assert_int_equal(points.err[0].line, 4);
    limits = ok;
    limits.max_line = 20;
    AUTO_READING lines = read_bytes(text, strlen(text), &limits);
    assert_int_equal(lines.n, 2);
    assert_int_equal(lines.err[0].code, NPS_E_LIMIT);
    assert_int_equal(lines.err[0].line, 10);
}

static void records_at_the_limit_are_no_failure(void **state)
{
    (void)state;
    nps_read_limits limits = nps_read_limits_for_upload();
    limits.max_records = 1;
    AUTO_READING r = read_bytes(msp, strlen(msp), &limits);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.n_err, 0);
}

static void progress_goes_from_start_to_end(void **state)
{
    (void)state;
    nps_read_limits limits = nps_read_limits_for_upload();
    NPS_AUTO(nps_reader) r = NULL;
    nps_err err;
    assert_ok(nps_reader_open(msp, strlen(msp), &limits, &r, &err), &err);
    size_t done, all;
    nps_reader_progress(r, &done, &all);
    assert_int_equal(done, 0);
    assert_int_equal(all, strlen(msp));
    NPS_AUTO(nps_spectrum) s = NULL;
    assert_ok(nps_reader_next(r, &s, &err), &err);
    nps_reader_progress(r, &done, &all);
    assert_int_equal(done, all);
}

static void hostile_texts_take_linear_time(void **state)
{
    (void)state;
    static const struct {
        const char *start, *piece;
    } cases[] = {
        {"Name: a\nNum Peaks: 1\n", "x"},
        {"Name: a\nNum Peaks: 1\n", "\n"},
        {"Name: a\nNum Peaks: 1\n", "\r"},
        {"Num Peaks: 1\n", "Name:\n\n"},
        {"Num Peaks: 1\n", "1\n"},
        {"Num Peaks: 1\n", "1 1 \"\"\"\""},
        {"Name: a\nNum Peaks: 1\n", "9 1\n8 1\n"},
        {"BEGIN IONS\n", "BEGIN IONS\n"},
        {"A=b\nBEGIN IONS\n", "END IONS\n"},
        {"BEGIN IONS\n", "A=b\n"},
        {"ACCESSION: a\nPK$PEAK: x\n", "ACCESSION: a\n"},
        {"ACCESSION: a\nPK$ANNOTATION: x\n", "  1\n"},
        {"1 2\n3 4\n5 6\n", "7 8\n"},
        {"1 2\n3 4\n5 6\n", "# a: b\n"},
    };
    size_t len = (size_t)32 << 20;
    char *text = malloc(len);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].start), piece = strlen(cases[i].piece);
        memcpy(text, cases[i].start, n);
        for (; n + piece <= len; n += piece)
            memcpy(text + n, cases[i].piece, piece);
        nps_read_limits limits = nps_read_limits_for_upload();
        limits.max_records = 20000000;
        struct timespec a, b;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        AUTO_READING r = read_bytes(text, n, &limits);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        double s = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
        print_message("case %zu: %.2f s, %zu read, %zu refused\n", i, s, r.n, r.n_err);
        assert_int_equal(r.open, NPS_OK);
        /* Generous for sanitizers; a quadratic walk would take hours. */
        assert_true(s < 60);
    }
    free(text);
}

static void pages_beyond_the_limit_are_told(void **state)
{
    (void)state;
    static const char text[] = "##TITLE=x\n##DATA TYPE=INFRARED SPECTRUM\n##NTUPLES=IR\n##SYMBOL=X,Y,T\n"
                               "##UNITS=1/CM,ABSORBANCE,SECONDS\n##PAGE=T=1\n##DATA TABLE=(XY..XY),XYDATA\n1,1 2,2\n"
                               "##PAGE=T=2\n##DATA TABLE=(XY..XY),XYDATA\n1,1 2,2\n##END NTUPLES=\n##END=\n";
    nps_read_limits limits = nps_read_limits_for_upload();
    for (limits.max_records = 1; limits.max_records < 3; limits.max_records++) {
        AUTO_READING r = read_bytes(text, sizeof text - 1, &limits);
        assert_int_equal(r.n, limits.max_records);
        assert_int_equal(r.n_err, limits.max_records == 1);
        if (r.n_err)
            assert_int_equal(r.err[0].line, 9);
    }
}

static void files_that_unfold_to_many_times_their_size_are_stopped(void **state)
{
    (void)state;
    static const char flat[] = "##TITLE=x\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=%s\n##FIRSTX=1\n"
                               "##LASTX=19999\n##XYDATA=(X++(Y..Y))\n1@S9999\n##END=\n";
    static const char head[] = "<mzSpecLib>\n<AttributeSet Spectrum=all>\nMS:1000001|a=%.*s\n";
    static const char record[] = "<Spectrum=1>\n<Peaks>\n1\t%d\n";
    char *long_text = malloc(100001);
    assert_non_null(long_text);
    memset(long_text, 'v', 100000);
    for (int i = 0; i < 4; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        if (i < 2)
            for (int k = 0; k < 2000; k++)
                nps_buf_printf(&b, flat, i == 0 ? "ABSORBANCE" : "VOLTS");
        else
            nps_buf_printf(&b, head, 100000, long_text);
        for (int k = 0; i >= 2 && k < 2000; k++)
            nps_buf_printf(&b, record, i == 2 ? 1 : 0);
        nps_read_limits limits = nps_read_limits_for_upload();
        AUTO_READING r = read_bytes(b.data, b.len, &limits);
        size_t n = r.n + r.n_err;
        const nps_err *last = &r.err[r.n_err < READING_MAX ? r.n_err - 1 : READING_MAX - 1];
        print_message("case %d: %zu read, %zu refused: %s\n", i, r.n, r.n_err, r.n_err ? last->msg : "");
        assert_true(n > 20 && n < 250);
        if (r.n_err == 1)
            assert_string_equal(r.err[0].msg, "the spectra unfold to more than 20 times the size of the file");
    }
    free(long_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_format_is_told_by_the_content),
        cmocka_unit_test(strangers_are_named),
        cmocka_unit_test(an_empty_file_is_refused),
        cmocka_unit_test(gzip_is_undone_first),
        cmocka_unit_test(zlib_streams_inflate_up_to_their_cap),
        cmocka_unit_test(a_gzip_bomb_is_refused_before_it_unfolds),
        cmocka_unit_test(every_limit_holds),
        cmocka_unit_test(records_at_the_limit_are_no_failure),
        cmocka_unit_test(progress_goes_from_start_to_end),
        cmocka_unit_test(hostile_texts_take_linear_time),
        cmocka_unit_test(pages_beyond_the_limit_are_told),
        cmocka_unit_test(files_that_unfold_to_many_times_their_size_are_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
