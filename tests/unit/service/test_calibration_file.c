#include "service/calibration_file.h"

#include "reference-lib/verdict.h"
#include "service/cli.h"
#include "tests/support/synth.h"

#include <math.h>

static char path[300];

static void put(const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(text, 1, len, f) == len && fclose(f) == 0);
}

/* A refitted model with numbers of many digits. */
static nps_evidence_model odd_model(nps_technique t, uint64_t *r)
{
    size_t n;
    const nps_feature *f = nps_evidence_features(t, &n);
    nps_evidence_model m = *nps_evidence_model_of(t);
    m.intercept = -10 * nps_test_uniform(r);
    m.room = 3 * nps_test_uniform(r);
    for (size_t i = 0; i < n; i++) {
        m.weight[i] = (f[i].sign ? f[i].sign : i % 2 ? 1 : -1) * nps_test_uniform(r) * 1e-3;
        m.typical[i] = nps_test_uniform(r) / 3;
    }
    for (size_t i = 0; i < 3; i++)
        m.known[i] = nps_test_uniform(r);
    return m;
}

static void assert_same_model(const nps_evidence_model *a, const nps_evidence_model *b)
{
    assert_memory_equal(a->weight, b->weight, sizeof a->weight);
    assert_memory_equal(a->typical, b->typical, sizeof a->typical);
    assert_memory_equal(a->known, b->known, sizeof a->known);
    assert_true(a->intercept == b->intercept && a->novelty == b->novelty && a->room == b->room);
    assert_true(a->uncalibrated == b->uncalibrated);
}

static void what_is_written_is_read_back_to_the_last_bit(void **state)
{
    (void)state;
    enum { N = 300 };
    uint64_t r = nps_test_seed();
    AUTO_SYNTH_SET set = synth_library(&(synth_plan){.seed = 3, .substances = 2, .labs = 1, .ei = true});
    double ei[N], ir[] = {-1000, 0.25};
    uint8_t kind[N], any[] = {NPS_KIND_ANY, NPS_KIND_ANY};
    ei[0] = -1000 / 3.0;
    for (size_t i = 0; i < N; i++) {
        ei[i] = i ? ei[i - 1] + (i % 7 ? nps_test_uniform(&r) * 1e-5 : 0) : ei[0];
        kind[i] = (uint8_t)(nps_test_random(&r) % NPS_KIND_COUNT);
    }
    nps_evidence_model model = odd_model(NPS_TECH_EI, &r);
    nps_own_calibration out = {0};
    out.technique[NPS_TECH_EI] = (nps_own_technique){
        .n = N, .conformity = ei, .kind = kind, .substances = 120, .refitted = true, .model = &model, .drift_p = 0.3};
    /* A model that is no gain is not written. */
    out.technique[NPS_TECH_IR] = (nps_own_technique){.n = 2, .conformity = ir, .kind = any, .model = &model, .drift_p = 0.001};
    NPS_AUTO_BUF b = NPS_BUF_INIT(100000);
    nps_calibration_set in = {0};
    nps_err err;
    nps_calibration_file_write(&b, set.lib, &out, "2026-11-23T12:00:00Z");
    assert_ok(nps_buf_check(&b, &err), &err);
    put(b.data, b.len);
    assert_ok(nps_calibration_file_read(path, &in, &err), &err);
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        const nps_calibration *c = &in.technique[t];
        const nps_own_technique *x = &out.technique[t];
        assert_int_equal(c->n, x->n);
        if (!c->n)
            continue;
        assert_memory_equal(c->conformity, x->conformity, x->n * sizeof *x->conformity);
        assert_memory_equal(c->kind, x->kind, x->n);
        assert_int_equal(c->source, NPS_CALIBRATION_OWN);
        assert_string_equal(c->generation, set.lib->generation);
    }
    assert_same_model(in.technique[NPS_TECH_EI].model, &model);
    assert_string_equal(in.technique[NPS_TECH_EI].model->provenance, "own replicates");
    assert_null(in.technique[NPS_TECH_IR].model);
    assert_false(in.technique[NPS_TECH_EI].drift);
    assert_true(in.technique[NPS_TECH_IR].drift);
    assert_null(in.technique[NPS_TECH_EI].preparation);
    assert_string_equal(in.technique[NPS_TECH_IR].preparation, "mask=2280-2400");
    nps_calibration_set_done(&in);
}

#define HEAD "{\"npswatch_calibration\":2,\"ruleset\":4,\"library\":\"ab\",\"techniques\":"
#define PAIR "\"pairs\":1,\"drift_p\":1,\"conformity\":[0.5],\"kind\":[\"rich\"]"
#define IR "{\"ir\":{\"pairs\":1,\"drift_p\":1,\"conformity\":[0.5],\"kind\":[\"any\"]"
#define CORRELATION "{\"name\":\"correlation\",\"weight\":1,\"typical\":1}"

static const struct {
    const char *text;
    nps_status st;
    const char *msg;
} refused[] = {
    {"", NPS_E_FORMAT, "not valid JSON"},
    {"[]", NPS_E_FORMAT, "this is no npswatch calibration"},
    {"{}", NPS_E_FORMAT, "this is no npswatch calibration"},
    {"{\"npswatch_calibration\":\"2\",\"ruleset\":4}", NPS_E_FORMAT, "this is no npswatch calibration"},
    {"{\"npswatch_calibration\":1,\"ruleset\":3}", NPS_E_UNSUPPORTED, "calibration of version 1, not 2: calibrate again"},
    {"{\"npswatch_calibration\":3,\"ruleset\":4}", NPS_E_UNSUPPORTED, "calibration of version 3, not 2"},
    {"{\"npswatch_calibration\":2,\"ruleset\":3,\"techniques\":{}}", NPS_E_UNSUPPORTED, "another ruleset than 4: calibrate again"},
    {"{\"npswatch_calibration\":2,\"techniques\":{}}", NPS_E_UNSUPPORTED, "another ruleset than 4"},
    {"{\"npswatch_calibration\":2,\"ruleset\":4}", NPS_E_FORMAT, "no technique that is known here"},
    {HEAD "{}}", NPS_E_FORMAT, "no technique that is known here"},
    {HEAD "[]}", NPS_E_FORMAT, "no technique that is known here"},
    {HEAD "{\"EI\":{" PAIR "}}}", NPS_E_FORMAT, "no technique that is known here"},
    /* pairs */
    {HEAD "{\"ei\":{}}}", NPS_E_FORMAT, "ei: no conformity"},
    {HEAD "{\"ei\":7}}", NPS_E_FORMAT, "ei: no conformity"},
    {HEAD "{\"ei\":{\"conformity\":[]}}}", NPS_E_FORMAT, "ei: no conformity"},
    {HEAD "{\"ei\":{\"conformity\":\"0.5\"}}}", NPS_E_FORMAT, "ei: no conformity"},
    {HEAD "{\"ei\":{\"conformity\":[0.5]}}}", NPS_E_FORMAT, "ei: 'pairs' is no number"},
    {HEAD "{\"ei\":{\"pairs\":\"1\",\"conformity\":[0.5]}}}", NPS_E_FORMAT, "ei: 'pairs' is no number"},
    {HEAD "{\"ei\":{\"pairs\":3,\"conformity\":[0.5,0.6]}}}", NPS_E_FORMAT, "ei: 2 conformities where 3 are stated"},
    {HEAD "{\"ei\":{\"pairs\":2,\"conformity\":[0.5,0.4],\"kind\":[\"any\",\"any\"]}}}", NPS_E_FORMAT,
     "ei: conformity 1 is no number or out of order"},
    {HEAD "{\"ei\":{\"pairs\":2,\"conformity\":[0.5,\"0.6\"],\"kind\":[\"any\",\"any\"]}}}", NPS_E_FORMAT,
     "ei: conformity 1 is no number or out of order"},
    {HEAD "{\"ei\":{" PAIR "},\"ir\":{\"pairs\":1,\"conformity\":[null],\"kind\":[\"any\"]}}}", NPS_E_FORMAT, "ir: conformity 0"},
    {HEAD "{\"ei\":{\"pairs\":1,\"conformity\":[0.5]}}}", NPS_E_FORMAT, "ei: 0 kinds of 1 pairs"},
    {HEAD "{\"ei\":{\"pairs\":1,\"conformity\":[0.5],\"kind\":[\"rich\",\"rich\"]}}}", NPS_E_FORMAT, "ei: 2 kinds of 1 pairs"},
    {HEAD "{\"ei\":{\"pairs\":1,\"conformity\":[0.5],\"kind\":[\"poor\"]}}}", NPS_E_FORMAT, "ei: kind 0 is no kind of spectrum"},
    {HEAD "{\"ei\":{\"pairs\":1,\"conformity\":[0.5],\"kind\":[2]}}}", NPS_E_FORMAT, "ei: kind 0 is no kind of spectrum"},
    /* the rest of a technique */
    {HEAD "{\"msms\":{\"pairs\":1,\"conformity\":[0.5],\"kind\":[\"rich\"]}}}", NPS_E_FORMAT,
     "msms: 'drift_p' is no number in 0 .. 1"},
    {HEAD "{\"msms\":{\"pairs\":1,\"drift_p\":1.5,\"conformity\":[0.5],\"kind\":[\"rich\"]}}}", NPS_E_FORMAT, "msms: 'drift_p'"},
    {HEAD "{\"msms\":{\"pairs\":1,\"drift_p\":-1,\"conformity\":[0.5],\"kind\":[\"rich\"]}}}", NPS_E_FORMAT, "msms: 'drift_p'"},
    {"{\"npswatch_calibration\":2,\"ruleset\":4,\"techniques\":{\"ei\":{" PAIR "}}}", NPS_E_FORMAT, "'library' is no text"},
    {"{\"npswatch_calibration\":2,\"ruleset\":4,\"library\":7,\"techniques\":{\"ei\":{" PAIR "}}}", NPS_E_FORMAT,
     "'library' is no text"},
    {HEAD IR "}}}", NPS_E_FORMAT, "ir: 'preparation' is no text"},
    {HEAD IR ",\"preparation\":[]}}}", NPS_E_FORMAT, "ir: 'preparation' is no text"},
    /* the model; a trace has one feature */
    {HEAD IR ",\"preparation\":\"\",\"model\":7}}}", NPS_E_FORMAT, "ir: the intercept of the model is no number"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1e7}}}}", NPS_E_FORMAT, "ir: the intercept of the model is no number"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"known\":[1,2,3]}}}}", NPS_E_FORMAT, "ir: the room of the model is no number"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2]}}}}", NPS_E_FORMAT,
     "ir: 'known' of the model has not 3"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2,\"3\"]}}}}", NPS_E_FORMAT, "ir: number 2 of 'known'"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,-2,3]}}}}", NPS_E_FORMAT, "would speak against"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2,3],\"features\":[]}}}}", NPS_E_FORMAT,
     "ir: the model has 0 features, not 1"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2,3],\"features\":[" CORRELATION "," CORRELATION "]}}}}",
     NPS_E_FORMAT, "ir: the model has 2 features, not 1"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2,3],\"features\":[{\"name\":\"entropy\"}]}}}}",
     NPS_E_FORMAT, "ir: feature 0 of the model is not 'correlation'"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2,3],\"features\":[{\"name\":\"correlation\"}]}}}}",
     NPS_E_FORMAT, "ir: the weight of 'correlation' is no number"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2,3],\"features\":[{\"name\":\"correlation\","
             "\"weight\":1,\"typical\":null}]}}}}",
     NPS_E_FORMAT, "ir: the typical value of 'correlation' is no number"},
    {HEAD IR ",\"preparation\":\"\",\"model\":{\"intercept\":1,\"room\":1,\"known\":[1,2,3],\"features\":[{\"name\":\"correlation\","
             "\"weight\":-1,\"typical\":1}]}}}}",
     NPS_E_FORMAT, "ir: the weight of 'correlation' has the wrong sign"},
};

static void files_that_are_no_calibration_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        nps_calibration_set set = {0};
        nps_err err = {0};
        nps_status st = nps_calibration_file_parse(refused[i].text, strlen(refused[i].text), &set, &err);
        if (st != refused[i].st || !strstr(err.msg, refused[i].msg))
            print_error("%s: %s: %s\n", refused[i].text, nps_status_name(st), err.msg);
        assert_int_equal(st, refused[i].st);
        assert_non_null(strstr(err.msg, refused[i].msg));
        for (size_t t = 0; t < NPS_TECH_COUNT; t++)
            assert_true(set.technique[t].n == 0 && !set.technique[t].conformity);
    }
}

/* What the cases above have wrong is all that is wrong with them. */
static void the_least_calibration_is_read(void **state)
{
    (void)state;
    static const char text[] = HEAD "{\"ei\":{" PAIR "},\"raman\":{" PAIR ",\"preparation\":\"x\",\"model\":{\"intercept\":1,\"room\":1,"
                                    "\"known\":[1,0,-3],\"features\":[" CORRELATION "]}}}}";
    nps_calibration_set set = {0};
    nps_err err;
    assert_ok(nps_calibration_file_parse(text, sizeof text - 1, &set, &err), &err);
    assert_int_equal(set.technique[NPS_TECH_EI].n, 1);
    assert_int_equal(set.technique[NPS_TECH_EI].kind[0], NPS_KIND_RICH);
    assert_non_null(set.technique[NPS_TECH_RAMAN].model);
    assert_string_equal(set.technique[NPS_TECH_RAMAN].generation, "ab");
    nps_calibration_set_done(&set);
    assert_null(set.technique[NPS_TECH_RAMAN].model);
    assert_int_equal(NPS_RULESET, 4); /* the texts above */
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
        cmocka_unit_test(what_is_written_is_read_back_to_the_last_bit),
        cmocka_unit_test(files_that_are_no_calibration_are_refused),
        cmocka_unit_test(the_least_calibration_is_read),
        cmocka_unit_test(a_file_that_is_not_there_is_named_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
