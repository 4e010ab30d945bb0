#include "service/calibration_file.h"
#include "tests/support/synth.h"

static char path[300];

static void put(const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(text, 1, len, f) == len && fclose(f) == 0);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = 3, .substances = 2, .labs = 1, .ei = true});
    double ei[] = {-0.5, 0, 0.123456789, 0.123456789, 1}, ir[] = {0.25};
    nps_calibration_set out = {0}, in = {0};
    out.technique[NPS_TECH_EI] = (nps_calibration){.source = NPS_CALIBRATION_OWN, .n = 5, .conformity = ei};
    out.technique[NPS_TECH_IR] = (nps_calibration){.source = NPS_CALIBRATION_OWN, .n = 1, .conformity = ir};
    NPS_AUTO_BUF b = NPS_BUF_INIT(100000);
    nps_err err;
    nps_calibration_file_write(&b, set.lib, &out, "2026-11-23T12:00:00Z");
    assert_ok(nps_buf_check(&b, &err), &err);
    assert_non_null(strstr(b.data, set.lib->generation));
    put(b.data, b.len);
    assert_ok(nps_calibration_file_read(path, &in, &err), &err);
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        assert_int_equal(in.technique[t].n, out.technique[t].n);
        for (uint64_t i = 0; i < in.technique[t].n; i++)
            assert_true(in.technique[t].conformity[i] == out.technique[t].conformity[i]);
    }
    assert_int_equal(in.technique[NPS_TECH_EI].source, NPS_CALIBRATION_OWN);
    assert_null(in.technique[NPS_TECH_EI].preparation);
    assert_string_equal(in.technique[NPS_TECH_IR].preparation, "mask=2280-2400");
    nps_calibration_set_done(&in);
}

#define HEAD "{\"npswatch_calibration\":1,\"ruleset\":3,\"techniques\":"
static void files_that_are_no_calibration_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        nps_status st;
        const char *msg;
    } cases[] = {
        {"", NPS_E_FORMAT, "not valid JSON"},
        {"[]", NPS_E_FORMAT, "this is no npswatch calibration"},
        {"{}", NPS_E_FORMAT, "this is no npswatch calibration"},
        {"{\"npswatch_calibration\":2,\"ruleset\":3}", NPS_E_FORMAT, "this is no npswatch calibration"},
        {"{\"npswatch_calibration\":\"1\",\"ruleset\":3}", NPS_E_FORMAT, "this is no npswatch calibration"},
        {"{\"npswatch_calibration\":1,\"ruleset\":1,\"techniques\":{}}", NPS_E_UNSUPPORTED, "another ruleset than 3"},
        {"{\"npswatch_calibration\":1,\"techniques\":{}}", NPS_E_UNSUPPORTED, "another ruleset than 3"},
        {HEAD "{\"ei\":{\"conformity\":[0.5,0.4]}}}", NPS_E_FORMAT, "ei: conformity 1 is no number or out of order"},
        {HEAD "{\"ei\":{\"conformity\":[0.5,\"0.6\"]}}}", NPS_E_FORMAT, "ei: conformity 1 is no number or out of order"},
        {HEAD "{\"ei\":{\"conformity\":[0.5]},\"ir\":{\"conformity\":[null]}}}", NPS_E_FORMAT, "ir: conformity 0"},
        {HEAD "{\"ei\":{\"conformity\":\"0.5\"}}}", NPS_E_FORMAT, "ei: no conformity"},
        {HEAD "{\"ei\":{}}}", NPS_E_FORMAT, "ei: no conformity"},
        {HEAD "{\"ei\":{\"conformity\":[]}}}", NPS_E_FORMAT, "ei: no conformity"},
        {HEAD "{\"ei\":{\"pairs\":3,\"conformity\":[0.5,0.6]}}}", NPS_E_FORMAT, "ei: 2 conformities where 3 are stated"},
        {"{\"npswatch_calibration\":1,\"ruleset\":3}", NPS_E_FORMAT, "no techniques"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_calibration_set set = {0};
        nps_err err = {0};
        put(cases[i].text, strlen(cases[i].text));
        nps_status st = nps_calibration_file_read(path, &set, &err);
        if (st != cases[i].st || !strstr(err.msg, cases[i].msg))
            print_error("%s: %s: %s\n", cases[i].text, nps_status_name(st), err.msg);
        assert_int_equal(st, cases[i].st);
        assert_non_null(strstr(err.msg, cases[i].msg));
        for (size_t t = 0; t < NPS_TECH_COUNT; t++)
            assert_true(set.technique[t].n == 0 && !set.technique[t].conformity);
    }
}

static void a_file_that_is_not_there_is_named_as_such(void **state)
{
    (void)state;
    nps_calibration_set set;
    nps_err err;
    assert_int_equal(nps_calibration_file_read("/nonexistent/cal.json", &set, &err), NPS_E_NOT_FOUND);
}

int main(void)
{
    nps_core_init();
    snprintf(path, sizeof path, "%s/cal.json", nps_temp_dir());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(files_that_are_no_calibration_are_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_named_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
