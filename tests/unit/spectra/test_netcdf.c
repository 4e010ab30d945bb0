#include "tests/support/netcdf_file.h"
#include "tests/support/nps_test.h"

#include "spectra/netcdf.h"

static nps_span span_of(const byte_file *f)
{
    return (nps_span){(const char *)f->p, f->n};
}

/* Values of every type, fixed and over records. */
static cdf mixed(int version)
{
    static const double small[] = {1, -2, 3}, wide[] = {100000, -200000}, parts[] = {0.5, -1.5, 2.5, 3.5, 4.5, 5.5};
    cdf c = {.version = version, .n_records = 3};
    int point = cdf_dim(&c, "point", 0), two = cdf_dim(&c, "two", 2), three = cdf_dim(&c, "three", 3);
    cdf_text(&c, -1, "title", "a test");
    cdf_number(&c, -1, "count", CDF_SHORT, -7);
    cdf_numbers(&c, "bytes", CDF_BYTE, three, small, 3);
    cdf_numbers(&c, "shorts", CDF_SHORT, point, small, 3);
    cdf_numbers(&c, "wide", CDF_INT, two, wide, 2);
    int pair = cdf_numbers(&c, "pairs", CDF_FLOAT, point, parts, 6);
    c.var[pair].dim[1] = two;
    c.var[pair].n_dim = 2;
    cdf_number(&c, pair, "scale_factor", CDF_DOUBLE, 0.25);
    int scalar = cdf_numbers(&c, "scalar", CDF_DOUBLE, 0, parts, 1);
    c.var[scalar].n_dim = 0;
    return c;
}

static void check_values(const nps_nc *nc, const char *name, const double *want, size_t n)
{
    nps_err err;
    const nps_nc_var *v = nps_nc_find_var(nc, name);
    assert_non_null(v);
    assert_ok(nps_nc_check(nc, v, &err), &err);
    assert_int_equal(v->n, n);
    for (size_t i = 0; i < n; i++)
        assert_near(nps_nc_value(nc, v, i), want[i], 0, 0);
}

static void values_of_every_type_are_read(void **state)
{
    (void)state;
    for (int version = 1; version <= 2; version++) {
        cdf c = mixed(version);
        byte_file f = cdf_build(&c);
        nps_err err;
        nps_nc nc;
        assert_ok(nps_nc_open(span_of(&f), &nc, &err), &err);
        for (int i = 0; i < c.n_var; i++)
            check_values(&nc, c.var[i].name, c.var[i].value, c.var[i].n);
        double v = 0;
        assert_true(nps_nc_att_number(&nc, nps_nc_find_att(&nc, NULL, "count"), &v));
        assert_near(v, -7, 0, 0);
        const nps_nc_att *title = nps_nc_find_att(&nc, NULL, "title");
        assert_false(nps_nc_att_number(&nc, title, &v));
        assert_int_equal(nps_nc_att_text(&nc, title).n, 6);
        assert_non_null(nps_nc_find_att(&nc, nps_nc_find_var(&nc, "pairs"), "scale_factor"));
        assert_null(nps_nc_find_att(&nc, NULL, "scale_factor"));
        assert_null(nps_nc_find_att(&nc, nps_nc_find_var(&nc, "wide"), "title"));
        assert_null(nps_nc_find_var(&nc, "wid"));
        nps_nc_done(&nc);
    }
}

static void one_record_variable_alone_is_not_padded(void **state)
{
    (void)state;
    static const double small[] = {1, -2, 3};
    cdf c = {.version = 1, .n_records = 3};
    cdf_numbers(&c, "shorts", CDF_SHORT, cdf_dim(&c, "point", 0), small, 3);
    byte_file f = cdf_build(&c);
    nps_err err;
    nps_nc nc;
    assert_ok(nps_nc_open(span_of(&f), &nc, &err), &err);
    check_values(&nc, "shorts", small, 3);
    nps_nc_done(&nc);
    put_int_at(&f, 4, 0xFFFFFFFF, 4); /* streaming: as many as there are */
    assert_ok(nps_nc_open(span_of(&f), &nc, &err), &err);
    check_values(&nc, "shorts", small, 3);
    nps_nc_done(&nc);
}

static void faults_of_the_header_are_told_at_their_byte(void **state)
{
    (void)state;
    cdf c = mixed(1);
    byte_file good = cdf_build(&c);
    const struct {
        size_t at, value, offset;
        nps_status code;
        const char *words;
    } cases[] = {
        {0, 0, 0, NPS_E_FORMAT, "signature"},
        {0, 0x43444605, 3, NPS_E_UNSUPPORTED, "version 5"},
        {4, 0x7FFFFFFF, 4, NPS_E_FORMAT, "2147483647 records do not fit"},
        {8, 11, 8, NPS_E_FORMAT, "tag 11 instead of 10"},
        {16, 0x7FFFFFFF, 0, NPS_E_FORMAT, "ends in the header"},
        {c.begin[0] - 8, 7, c.begin[0] - 8, NPS_E_FORMAT, "7 is no type"},
        {c.begin[0] - 20, 9, c.begin[0] - 20, NPS_E_FORMAT, "9 is not a dimension of variable 'bytes'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        byte_file f = good;
        put_int_at(&f, cases[i].at, cases[i].value, 4);
        nps_err err = {0};
        nps_nc nc;
        assert_int_equal(nps_nc_open(span_of(&f), &nc, &err), cases[i].code);
        print_message("byte %zu: %s\n", err.offset, err.msg);
        assert_non_null(strstr(err.msg, cases[i].words));
        assert_int_equal(err.offset, cases[i].offset ? cases[i].offset : i ? f.n : 0);
    }
}

static void data_outside_the_file_is_told_of_its_variable(void **state)
{
    (void)state;
    cdf c = mixed(2);
    byte_file f = cdf_build(&c);
    nps_err err = {0};
    nps_nc nc;
    for (int i = 0; i < c.n_var; i++) {
        byte_file broken = f;
        put_int_at(&broken, c.begin[i], UINT64_MAX - 3, 8);
        assert_ok(nps_nc_open(span_of(&broken), &nc, &err), &err);
        const nps_nc_var *v = nps_nc_find_var(&nc, c.var[i].name);
        assert_int_equal(nps_nc_check(&nc, v, &err), NPS_E_FORMAT);
        assert_int_equal(err.offset, v->at);
        nps_nc_done(&nc);
    }
}

static void cuts_of_the_header_are_refused(void **state)
{
    (void)state;
    cdf c = mixed(1);
    byte_file f = cdf_build(&c);
    for (size_t n = 0; n < c.begin[c.n_var - 1] + 4; n++) {
        char *cut = malloc(n + 1);
        memcpy(cut, f.p, n);
        nps_err err = {0};
        nps_nc nc;
        assert_int_equal(nps_nc_open((nps_span){cut, n}, &nc, &err), NPS_E_FORMAT);
        assert_true(err.offset <= n);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_type_are_read),
        cmocka_unit_test(one_record_variable_alone_is_not_padded),
        cmocka_unit_test(faults_of_the_header_are_told_at_their_byte),
        cmocka_unit_test(data_outside_the_file_is_told_of_its_variable),
        cmocka_unit_test(cuts_of_the_header_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
