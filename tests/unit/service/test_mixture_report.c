/* What is told of a mixture: the sentence, the components, and the residual only where no reference could be read from it. */
#include "reference-lib/ir.h"
#include "reference-lib/prepare.h"
#include "service/case_summary.h"
#include "service/report.h"
#include "service/verdict_json.h"
#include "tests/support/synth.h"

#include <jansson.h>
#include <math.h>

enum { SUBSTANCES = 8 };

/* Traces; substance 7 is match-only. */
static nps_library *make_library(nps_spectrum *s[SUBSTANCES])
{
    uint64_t r = 17;
    nps_builder *b = synth_builder(NULL, NULL);
    nps_err err;
    for (unsigned i = 0; i < SUBSTANCES; i++) {
        s[i] = synth_ir(&r);
        synth_label(s[i], i, 0);
        assert_ok(nps_builder_source(b, "x", i == 7 ? NPS_VISIBLE_MATCH_ONLY : NPS_VISIBLE_PUBLIC, NULL, 0, &err), &err);
        synth_add(b, s[i]);
    }
    return synth_finish(b);
}

static nps_spectrum *mix(const nps_spectrum *a, const nps_spectrum *b)
{
    uint64_t r = 3;
    nps_spectrum *s = synth_replicate(a, 0, &r);
    for (size_t i = 0; i < s->trace.n; i++)
        s->trace.y[i] = 0.5F * a->trace.y[i] + 0.5F * b->trace.y[i];
    return s;
}

static json_t *json_of(const nps_library *lib, const nps_verdict *v, const nps_spectrum *s)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)4 << 20);
    nps_jw w = nps_jw_init(&b);
    nps_jw_verdict(&w, NULL, lib, v, &(nps_verdict_json_options){.query = "q", .today = "2026-11-24", .spectrum = s});
    json_t *doc = json_loads(b.data, 0, NULL);
    assert_non_null(doc);
    return doc;
}

static void a_residual_is_shown_only_where_it_gives_no_reference_away(void **state)
{
    (void)state;
    nps_spectrum *s[SUBSTANCES];
    NPS_AUTO_LIBRARY lib = make_library(s);
    for (int closed = 0; closed < 2; closed++) {
        NPS_AUTO(nps_spectrum) q = mix(s[2], s[closed ? 7 : 5]);
        NPS_AUTO(nps_verdict) v = synth_verdict(lib, q);
        assert_true(v->mixture && v->mixture->n == 2);
        json_t *doc = json_of(lib, v, q), *m = json_object_get(doc, "mixture");
        assert_int_equal(json_is_true(json_object_get(m, "residual_available")), !closed);
        assert_int_equal(json_object_get(m, "residual") != NULL, !closed);
        assert_int_equal(json_array_size(json_object_get(m, "components")), 2);
        const char *statement = json_string_value(json_object_get(doc, "statement"));
        assert_non_null(strstr(statement, " This takes the sample for one substance. It may be a mixture: substance "));
        json_decref(doc);
        /* Without spectra asked for there is none at all. */
        doc = json_of(lib, v, NULL);
        assert_null(json_object_get(json_object_get(doc, "mixture"), "residual"));
        json_decref(doc);
    }
    for (size_t i = 0; i < SUBSTANCES; i++)
        nps_spectrum_free(s[i]);
}

static void text_and_case_tell_of_a_mixture(void **state)
{
    (void)state;
    nps_spectrum *s[SUBSTANCES];
    NPS_AUTO_LIBRARY lib = make_library(s);
    NPS_AUTO(nps_spectrum) q = mix(s[2], s[5]);
    NPS_AUTO(nps_verdict) v = synth_verdict(lib, q);
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_report_text(&text, lib, v, "powder");
    assert_non_null(strstr(text.data, "  2 components explain "));
    assert_non_null(strstr(text.data, "substance 2 (explains "));
    assert_non_null(strstr(text.data, "substance 5 (explains "));
    assert_non_null(strstr(text.data, "prepared: not compared: 2280 to 2400 1/cm"));
    nps_workspace *w = NULL;
    nps_sample_verdict *sample = NULL;
    nps_err err;
    nps_match_options o = nps_match_options_default();
    const nps_spectrum *all[] = {q};
    assert_ok(nps_workspace_new(&w, &err), &err);
    assert_ok(nps_match_sample(lib, all, 1, &o, w, &sample, &err), &err);
    NPS_AUTO_BUF summary = NPS_BUF_INIT((size_t)1 << 20);
    nps_case_summary(&summary, lib, sample);
    assert_non_null(strstr(summary.data, "It may be a mixture: substance "));
    NPS_AUTO_BUF joint = NPS_BUF_INIT((size_t)1 << 16);
    nps_report_sample_statement(&joint, lib, sample);
    assert_non_null(strstr(joint.data, "1 of 1 spectra may be of a mixture"));
    nps_sample_verdict_free(sample);
    nps_workspace_free(w);
    for (size_t i = 0; i < SUBSTANCES; i++)
        nps_spectrum_free(s[i]);
}

static void one_component_or_none_is_called_no_mixture(void **state)
{
    (void)state;
    nps_spectrum *s[SUBSTANCES];
    NPS_AUTO_LIBRARY lib = make_library(s);
    nps_mixture m = {.technique = NPS_TECH_IR};
    NPS_AUTO_BUF none = NPS_BUF_INIT(1000);
    NPS_AUTO_BUF one = NPS_BUF_INIT(1000);
    nps_report_mixture_statement(&none, lib, &m);
    assert_string_equal(none.data, "No mixture was found: nothing of the library explains any of the signal.");
    m.n = 1;
    m.explained = m.single = 0.96;
    m.component[0] = (nps_component){.entry = 2, .substance = 2, .share = 1};
    nps_report_mixture_statement(&one, lib, &m);
    assert_string_equal(one.data, "No mixture was found: substance 2 alone explains 96 % of the signal, and nothing more is worth it.");
    for (size_t i = 0; i < SUBSTANCES; i++)
        nps_spectrum_free(s[i]);
}

/* Of any magnitude: a second derivative of a weak spectrum is far below a millionth. */
static void a_prepared_trace_has_its_digits_and_the_grid_of_the_comparison(void **state)
{
    (void)state;
    nps_spectrum *s[SUBSTANCES];
    NPS_AUTO_LIBRARY lib = make_library(s);
    NPS_AUTO(nps_spectrum) q = mix(s[2], s[2]);
    for (size_t i = 0; i < q->trace.n; i++)
        q->trace.y[i] *= 1e-6F;
    NPS_AUTO(nps_workspace) w = NULL;
    NPS_AUTO(nps_verdict) v = NULL;
    nps_trace_prep prep;
    nps_match_options o = nps_match_options_default();
    nps_err err;
    o.trace_prep = &prep;
    assert_ok(nps_trace_prep_parse(NPS_SPAN("derivative=2"), &prep, &err), &err);
    assert_ok(nps_workspace_new(&w, &err), &err);
    assert_ok(nps_match(lib, q, &o, w, &v, &err), &err);
    json_t *doc = json_of(lib, v, q), *prepared = json_object_get(doc, "prepared");
    assert_near(json_number_value(json_object_get(prepared, "x0_cm1")), 508, 0, 0);
    assert_near(json_number_value(json_object_get(prepared, "dx_cm1")), 2, 0, 0);
    json_t *y = json_object_get(prepared, "absorbance");
    assert_int_equal(json_array_size(y), 1701 - 8);
    float row[NPS_IR_GRID_N], derivative[NPS_IR_GRID_N];
    assert_ok(nps_prepare_trace(&q->trace, &prep, row, &err), &err);
    assert_ok(nps_ir_derivative(row, 2, 9, derivative, &err), &err);
    for (size_t i = 0; i < json_array_size(y); i++)
        assert_near(json_number_value(json_array_get(y, i)), (double)derivative[54 + i], 1e-6, 0);
    json_decref(doc);
    for (size_t i = 0; i < SUBSTANCES; i++)
        nps_spectrum_free(s[i]);
}

static void names_however_long_cut_no_statement(void **state)
{
    (void)state;
    nps_spectrum *s[SUBSTANCES];
    NPS_AUTO_LIBRARY lib = make_library(s);
    static char name[5000];
    memset(name, 'n', sizeof name - 1);
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        synth_text(s[i], NPS_TEXT_NAME, name);
        synth_add(b, s[i]);
    }
    NPS_AUTO_LIBRARY wordy = synth_finish(b);
    NPS_AUTO(nps_spectrum) q = mix(s[0], s[1]);
    NPS_AUTO(nps_workspace) w = NULL;
    nps_sample_verdict *sample = NULL;
    nps_match_options o = nps_match_options_default();
    const nps_spectrum *all[] = {q};
    nps_err err;
    assert_ok(nps_workspace_new(&w, &err), &err);
    assert_ok(nps_match_sample(wordy, all, 1, &o, w, &sample, &err), &err);
    assert_true(sample->spectra[0]->mixture && sample->spectra[0]->mixture->n == 2);
    NPS_AUTO_BUF summary = NPS_BUF_INIT((size_t)1 << 20);
    nps_case_summary(&summary, wordy, sample);
    assert_ok(nps_buf_check(&summary, &err), &err);
    assert_non_null(strstr(summary.data, "Shares are of the signal, not of the weight."));
    nps_sample_verdict_free(sample);
    for (size_t i = 0; i < SUBSTANCES; i++)
        nps_spectrum_free(s[i]);
}

static void why_there_is_no_verdict_is_told(void **state)
{
    (void)state;
    nps_spectrum *s[SUBSTANCES];
    NPS_AUTO_LIBRARY lib = make_library(s);
    uint64_t r = 9;
    NPS_AUTO(nps_spectrum) ei = synth_ei(&r);
    NPS_AUTO(nps_verdict) v = synth_verdict(lib, ei);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1000);
    nps_report_verdict_statement(&b, lib, v);
    assert_string_equal(b.data, "No verdict: the library has no spectrum of this technique, polarity and range to compare with.");
    nps_verdict *all[] = {v, v};
    nps_sample_verdict sample = {.outcome = NPS_UNUSABLE, .spectra = all, .n_spectra = 2};
    nps_buf_clear(&b);
    nps_report_sample_statement(&b, lib, &sample);
    assert_string_equal(b.data, "No spectrum of this sample gives a verdict. No verdict: the library has no spectrum of this technique, "
                                "polarity and range to compare with.");
    for (size_t i = 0; i < SUBSTANCES; i++)
        nps_spectrum_free(s[i]);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_residual_is_shown_only_where_it_gives_no_reference_away),
        cmocka_unit_test(text_and_case_tell_of_a_mixture),
        cmocka_unit_test(one_component_or_none_is_called_no_mixture),
        cmocka_unit_test(a_prepared_trace_has_its_digits_and_the_grid_of_the_comparison),
        cmocka_unit_test(names_however_long_cut_no_statement),
        cmocka_unit_test(why_there_is_no_verdict_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
