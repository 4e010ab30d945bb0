#include "service/report.h"
#include "service/verdict_json.h"
#include "spectra/quality.h"
#include "tests/support/synth.h"

#include <jansson.h>
#include <math.h>

static const char evil[] = "<script>alert(\"x\")</script> & 'co'";

/* Substance 0 has a name that no page must take at its word; 1 is under embargo, 2 match-only. */
static nps_library *hostile_library(nps_spectrum *s[3], uint8_t flags)
{
    uint64_t r = 9;
    nps_builder *b = synth_builder(NULL, NULL);
    nps_err err;
    for (unsigned i = 0; i < 3; i++) {
        s[i] = synth_ei(&r);
        synth_label(s[i], i, i);
        if (i == 0) {
            synth_text(s[i], NPS_TEXT_NAME, evil);
            synth_text(s[i], NPS_TEXT_INCHIKEY, "<b>AAAAAAAAAAA-UHFFFAOYSA-N");
            synth_text(s[i], NPS_TEXT_CLASS, "class <i>");
        }
        assert_ok(nps_builder_source(b, "x", i == 2 ? NPS_VISIBLE_MATCH_ONLY : NPS_VISIBLE_PUBLIC,
                                     i == 1 ? "2026-12-01" : NULL, flags, &err), &err);
        synth_add(b, s[i]);
    }
    return synth_finish(b);
}

static void done(nps_spectrum *s[3], nps_library *lib)
{
    for (size_t i = 0; i < 3; i++)
        nps_spectrum_free(s[i]);
    nps_library_release(lib);
}

static void statements_say_what_the_rule_says(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    nps_member set[2] = {{1, 0.5}, {2, 0.4}};
    const struct {
        nps_outcome o;
        size_t n;
        nps_calibration_source c;
        unsigned doubts;
        const char *text;
    } cases[] = {
        {NPS_IDENTIFIED, 1, NPS_CALIBRATION_LIBRARY, 0,
         "Presumptive: substance 1 is the only substance of this library that fits. A substance of the library is missing "
         "from such a set in at most 5 % of cases."},
        {NPS_AMBIGUOUS, 2, NPS_CALIBRATION_GENERAL, 0,
         "Presumptive: one of 2 substances that this measurement cannot tell apart. A substance of the library is missing "
         "from such a set in at most 5 % of cases."},
        {NPS_NOVEL, 0, NPS_CALIBRATION_OWN, 0,
         "Nothing in this library fits: the substance may be new to it. A substance that is in the library gets this answer "
         "in at most 5 % of cases."},
        {NPS_NOVEL, 0, NPS_CALIBRATION_NONE, 0,
         "Nothing in this library fits: the substance may be new to it. No error rate can be stated: there are no "
         "replicates, compared in this way, to calibrate on."},
        {NPS_UNUSABLE, 0, NPS_CALIBRATION_LIBRARY, 0, "The measurement is too poor for a verdict."},
        {NPS_UNUSABLE, 0, NPS_CALIBRATION_NONE, 0, "The measurement is too poor for a verdict."},
        {NPS_NOVEL, 0, NPS_CALIBRATION_OWN, NPS_DOUBT_GENERATION | NPS_DOUBT_DRIFT,
         "Nothing in this library fits: the substance may be new to it. A substance that is in the library gets this answer "
         "in at most 5 % of cases. Reservations about the error rate: the library has changed since the calibration was made: "
         "calibrate again; the laboratory's replicates agree with this library otherwise than its own spectra do."},
        {NPS_UNUSABLE, 0, NPS_CALIBRATION_OWN, NPS_DOUBT_DRIFT, "The measurement is too poor for a verdict."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(4096);
        nps_verdict v = {.outcome = cases[i].o, .technique = NPS_TECH_EI, .set = set, .n_set = cases[i].n, .alpha = 0.05,
                         .calibration = cases[i].c, .doubts = cases[i].doubts}, *one = &v;
        nps_sample_verdict sample = {.outcome = cases[i].o, .set = set, .n_set = cases[i].n, .alpha = 0.05, .spectra = &one,
                                     .n_spectra = 1};
        nps_report_verdict_statement(&b, lib, &v);
        assert_string_equal(b.data, cases[i].text);
        nps_buf_clear(&b);
        nps_report_sample_statement(&b, lib, &sample);
        assert_string_equal(b.data, cases[i].text);
    }
    done(s, lib);
}

static void a_generated_library_is_called_so_everywhere(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, NPS_ENTRY_GENERATED);
    NPS_AUTO(nps_verdict) v = synth_verdict(lib, s[0]);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_text(&b, lib, v, "q");
    assert_non_null(strstr(b.data, "generated, not measured"));
    nps_buf_clear(&b);
    nps_report_html_begin(&b, lib, "2026-11-23T12:00:00Z");
    assert_non_null(strstr(b.data, "Generated, not measured."));
    done(s, lib);
}

static json_t *verdict_json(nps_buf *b, const nps_library *lib, const nps_verdict *v, const char *today)
{
    json_error_t why;
    nps_jw w = nps_jw_init(b);
    nps_jw_verdict(&w, NULL, lib, v, &(nps_verdict_json_options){.query = "q", .today = today});
    json_t *doc = json_loadb(b->data, b->len, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(doc);
    return doc;
}

/* No line between the two places is longer. */
static void assert_columns(const char *from, const char *to, size_t most)
{
    assert_true(from && to && from < to);
    for (const char *line = from; line < to; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= most);
}

static void analogues_of_accurate_mass_fit_the_terminal(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    nps_analog a = {.entry = 1, .substance = 1, .score = 0.9, .delta_mass = -123.0456, .shifted = 8, .n_formula = 4, .n_pair = 8};
    for (size_t i = 0; i < 4; i++)
        a.formula[i] = (nps_formula_change){"+OCH3 -H, +NO2 -H", 1};
    for (size_t i = 0; i < 8; i++)
        a.pair[i] = (nps_analog_pair){1100 + (double)i + 0.12345, 1223 + (double)i + 0.16905, 0.1};
    nps_verdict v = {.outcome = NPS_NOVEL, .technique = NPS_TECH_MSMS, .analogs = &a, .n_analogs = 1};
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_text(&b, lib, &v, "q");
    assert_columns(strstr(b.data, "  resembles"), strstr(b.data, "  library "), 100);
    assert_non_null(strstr(b.data, "carried by 1223.169 -> 1100.123, 1224.169 -> 1101.123"));
    assert_null(strstr(b.data, "molecular mass"));
    nps_buf_clear(&b);
    nps_report_html_verdict(&b, lib, &v, s[0], "q", "2026-11-23");
    assert_null(strstr(b.data, "Agrees on mass"));
    nps_buf_clear(&b);
    json_t *doc = verdict_json(&b, lib, &v, "2026-11-23");
    assert_null(json_object_get(doc, "molecular_mass"));
    assert_null(json_object_get(json_array_get(json_object_get(doc, "analogs"), 0), "mass_agrees"));
    json_decref(doc);
    done(s, lib);
}

static void an_analogue_is_told_with_what_it_rests_on(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    nps_analog analogs[2] = {{.entry = 0, .substance = 0, .score = 0.91, .plain = 0.4, .delta_mass = 14, .mass_agrees = true,
                              .n_formula = 2,
                              .formula = {{"+CH2", 14.01565}, {"+N", 14.00307}}, .n_pair = 2,
                              .pair = {{105, 91, 0.2}, {58, 44, 0.1}}},
                             {.entry = 2, .substance = 2, .score = 0.8, .delta_mass = -1.9793}};
    nps_verdict v = {.outcome = NPS_NOVEL, .technique = NPS_TECH_EI, .alpha = 0.05, .analogs = analogs, .n_analogs = 2,
                     .molecular_mass = 272, .mass_support = 9};
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_text(&b, lib, &v, "q");
    assert_non_null(strstr(b.data, "molecular mass of the unknown, estimated: 272 (proposed by 9 substances; = agrees)"));
    assert_non_null(strstr(b.data, "0.9100 =      +14 Da  +CH2 ")); /* nominal: no decimals */
    assert_non_null(strstr(b.data, "        or +N\n        carried by 91 -> 105, 44 -> 58\n"));
    assert_non_null(strstr(b.data, "0.8000     -1.979 Da"));
    assert_non_null(strstr(b.data, "carrying peaks: none\n"));
    assert_columns(strstr(b.data, "  resembles"), strstr(b.data, "  library "), 100);
    nps_buf_clear(&b);
    nps_report_html_verdict(&b, lib, &v, s[0], "q", "2026-11-23");
    assert_non_null(strstr(b.data, "estimated: 272, proposed by 9"));
    assert_non_null(strstr(b.data, "m/z of the reference &#8594; m/z of the query"));
    assert_non_null(strstr(b.data, "<th>Agrees on mass<th>Peaks that carry it</tr>"));
    assert_non_null(strstr(b.data, "+14<td><strong>+CH2</strong> or +N<td class=\"n\">0.9100<td class=\"n\">0.4000<td>yes<td>"
                                   "91 &#8594; 105, 44 &#8594; 58</tr>"));
    assert_non_null(strstr(b.data, "-1.979<td><strong>no common one</strong><td class=\"n\">0.8000<td class=\"n\">0.0000<td>no"
                                   "<td>none</tr>"));
    nps_buf_clear(&b);
    json_t *doc = verdict_json(&b, lib, &v, "2026-11-23"), *first = json_array_get(json_object_get(doc, "analogs"), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(doc, "molecular_mass"), "nominal")), 272);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(doc, "molecular_mass"), "proposed_by")), 9);
    assert_true(json_is_true(json_object_get(first, "mass_agrees")));
    json_t *change = json_array_get(json_object_get(first, "delta_formulas"), 1);
    assert_string_equal(json_string_value(json_object_get(change, "formula")), "+N");
    assert_near(json_number_value(json_object_get(change, "mass")), 14.00307, 0, 1e-9);
    assert_near(json_number_value(json_object_get(change, "error")), -0.00307, 0, 1e-9);
    json_t *pair = json_array_get(json_object_get(first, "shifted_peaks"), 1);
    assert_near(json_number_value(json_object_get(pair, "query")), 58, 0, 0);
    assert_near(json_number_value(json_object_get(pair, "reference")), 44, 0, 0);
    assert_near(json_number_value(json_object_get(pair, "share")), 0.1, 0, 1e-9);
    assert_near(json_number_value(json_object_get(first, "score_direct")), 0.4, 0, 1e-9);
    json_decref(doc);
    done(s, lib);
}

/* One reference of substance 0 and, as the query, the same with its heavier half moved by 14 Da. */
static nps_library *one_relative(nps_visibility visibility, const char *embargo, nps_spectrum **ret_query)
{
    static const double mz[] = {44, 58, 77, 91, 133, 145, 159, 181};
    static const float y[] = {100, 90, 60, 50, 80, 70, 60, 40};
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    NPS_AUTO(nps_spectrum) s = synth_peaks(NPS_TECH_EI, 0, mz, y, 8);
    nps_spectrum *q = synth_peaks(NPS_TECH_EI, 0, mz, y, 8);
    synth_label(s, 0, 0);
    s->nominal_mass = 181;
    for (size_t i = 4; i < 8; i++)
        q->peaks.mz[i] += 14;
    assert_ok(nps_builder_source(b, "x", visibility, embargo, 0, &err), &err);
    synth_add(b, s);
    *ret_query = q;
    return synth_finish(b);
}

static void peaks_that_carry_a_shift_are_told_of_open_entries_only(void **state)
{
    (void)state;
    static const struct {
        nps_visibility visibility;
        const char *embargo;
        bool told;
    } cases[] = {{NPS_VISIBLE_PUBLIC, NULL, true},
                 {NPS_VISIBLE_PUBLIC, "2026-12-01", false},
                 {NPS_VISIBLE_MEMBERS, NULL, false},
                 {NPS_VISIBLE_MATCH_ONLY, NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_spectrum *q;
        nps_library *lib = one_relative(cases[i].visibility, cases[i].embargo, &q);
        NPS_AUTO(nps_verdict) v = synth_verdict(lib, q);
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        assert_int_equal(v->n_analogs, 1);
        assert_int_equal(v->molecular_mass, 195);
        nps_report_text(&b, lib, v, "q");
        assert_non_null(strstr(b.data, "+14 Da  +CH2")); /* named all the same */
        assert_int_equal(strstr(b.data, " -> 195") != NULL, cases[i].told);
        assert_int_equal(strstr(b.data, "carrying peaks: not shown\n") != NULL, !cases[i].told);
        nps_buf_clear(&b);
        nps_report_html_verdict(&b, lib, v, q, "q", "2026-11-23");
        assert_int_equal(strstr(b.data, "&#8594; 195") != NULL, cases[i].told);
        assert_int_equal(strstr(b.data, "<td>not shown</tr>") != NULL, !cases[i].told);
        nps_buf_clear(&b);
        json_t *doc = verdict_json(&b, lib, v, "2026-11-23"), *a = json_array_get(json_object_get(doc, "analogs"), 0);
        assert_int_equal(json_integer_value(json_object_get(a, "matched_shifted")), 4);
        assert_int_equal(json_array_size(json_object_get(a, "shifted_peaks")), cases[i].told ? 4 : 0);
        assert_int_equal(json_is_true(json_object_get(a, "peaks_available")), cases[i].told);
        json_decref(doc);
        nps_spectrum_free(q);
        nps_library_release(lib);
    }
}

static void names_from_files_never_become_markup(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    for (size_t i = 0; i < 3; i++) {
        NPS_AUTO(nps_verdict) v = synth_verdict(lib, s[i]);
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        nps_report_html_begin(&b, lib, "2026-11-23T12:00:00Z");
        nps_report_html_verdict(&b, lib, v, s[i], evil, "2026-11-23");
        nps_report_html_end(&b);
        assert_null(strstr(b.data, "<script"));
        assert_null(strstr(b.data, "<b>A"));
        assert_null(strstr(b.data, "<i>"));
        assert_non_null(strstr(b.data, "&lt;script&gt;alert(&quot;x&quot;)"));
        assert_non_null(strstr(b.data, v->input_digest));
        assert_null(strstr(b.data, "http")); /* self-contained */
    }
    done(s, lib);
}

static void peaks_that_may_not_be_shown_are_not_drawn(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    static const struct {
        size_t q;
        const char *today;
        bool drawn;
    } cases[] = {{0, "2026-11-23", true}, {1, "2026-11-23", false}, {1, "2026-12-01", true}, {2, "2099-01-01", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO(nps_verdict) v = synth_verdict(lib, s[cases[i].q]);
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        assert_int_equal(v->hits[0].entry, cases[i].q);
        nps_report_html_verdict(&b, lib, v, s[cases[i].q], "q", cases[i].today);
        assert_int_equal(strstr(b.data, "<svg") != NULL, cases[i].drawn);
        /* The same in JSON: no contributor, and it is said. */
        NPS_AUTO_BUF j = NPS_BUF_INIT(1 << 20);
        nps_jw w = nps_jw_init(&j);
        nps_jw_verdict(&w, NULL, lib, v, &(nps_verdict_json_options){.query = "q", .today = cases[i].today});
        json_error_t why;
        json_t *doc = json_loadb(j.data, j.len, JSON_REJECT_DUPLICATES, &why);
        assert_non_null(doc);
        json_t *hit = json_array_get(json_object_get(doc, "hits"), 0);
        assert_int_equal(json_is_true(json_object_get(hit, "peaks_available")), cases[i].drawn);
        assert_int_equal(json_object_get(hit, "contributor") != NULL, cases[i].drawn);
        json_decref(doc);
    }
    done(s, lib);
}

/* Two references of absorbance, the first one open as told; the query is the first one, 6 1/cm lower and steeper. */
static nps_library *two_traces(nps_visibility visibility, const char *embargo, nps_spectrum *s[2], nps_spectrum **ret_query)
{
    uint64_t r = 31;
    nps_err err;
    nps_builder *b = synth_builder(NULL, NULL);
    for (unsigned i = 0; i < 2; i++) {
        s[i] = synth_ir(&r);
        synth_label(s[i], i, i);
        assert_ok(nps_builder_source(b, "x", i ? NPS_VISIBLE_PUBLIC : visibility, i ? NULL : embargo, 0, &err), &err);
        synth_add(b, s[i]);
    }
    synth_text(s[0], NPS_TEXT_NAME, evil);
    *ret_query = synth_replicate(s[0], 0.001, &r);
    (*ret_query)->trace.x0_cm1 -= 6;
    return synth_finish(b);
}

static nps_verdict *verdict_of_trace(const nps_library *lib, const nps_spectrum *q, const nps_trace_prep *prep)
{
    nps_err err;
    NPS_AUTO(nps_workspace) w = NULL;
    nps_match_options o = nps_match_options_default();
    nps_verdict *v = NULL;
    o.trace_prep = prep;
    o.max_lag_cm1 = 20;
    assert_ok(nps_workspace_new(&w, &err), &err);
    assert_ok(nps_match(lib, q, &o, w, &v, &err), &err);
    return v;
}

static void a_trace_is_drawn_as_it_was_compared_and_its_preparation_told(void **state)
{
    (void)state;
    static const struct {
        const char *prepare, *axis, *step;
        bool other;
    } cases[] = {{"", ">absorbance<", "<li>not compared: 2280 to 2400 1/cm", false},
                 {"atr,baseline=als,mask=co2+below-650", ">absorbance<", "<li>ATR correction: absorbance times", true},
                 {"derivative=1", ">1st derivative of absorbance<", "<li>Savitzky-Golay first derivative", true},
                 {"derivative=2:11,mask=none", ">2nd derivative of absorbance<", "<li>no region left out", true}};
    nps_spectrum *s[2], *q;
    nps_library *lib = two_traces(NPS_VISIBLE_PUBLIC, NULL, s, &q);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_err err;
        nps_trace_prep prep;
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        assert_ok(nps_trace_prep_parse(nps_span_of(cases[i].prepare), &prep, &err), &err);
        NPS_AUTO(nps_verdict) v = verdict_of_trace(lib, q, &prep);
        assert_int_equal(v->hits[0].entry, 0);
        nps_report_html_verdict(&b, lib, v, q, "q", "2026-11-24");
        assert_non_null(strstr(b.data, "query and best hit over wavenumber, high to low"));
        assert_non_null(strstr(b.data, "query, as compared, moved by +6 1/cm"));
        assert_non_null(strstr(b.data, ">wavenumber, 1/cm<"));
        assert_non_null(strstr(b.data, cases[i].axis));
        assert_non_null(strstr(b.data, cases[i].step));
        assert_non_null(strstr(b.data, "<li>the query may be moved by up to 20 1/cm either way"));
        assert_int_equal(strstr(b.data, "The library was prepared otherwise: <code>mask=2280-2400</code>") != NULL, cases[i].other);
        assert_non_null(strstr(b.data, "Compared, 1/cm<th class=\"n\">Points<th class=\"n\">Query moved by, 1/cm</tr>"));
        assert_non_null(strstr(b.data, "<td class=\"n\">+6</tr>"));
        assert_null(strstr(b.data, "Reverse"));
        assert_null(strstr(b.data, "nan"));
        assert_null(strstr(b.data, "<script"));
    }
    for (size_t i = 0; i < 2; i++)
        nps_spectrum_free(s[i]);
    nps_spectrum_free(q);
    nps_library_release(lib);
}

/* Scale and offset of the query do not matter: the least squares bring the reference onto it. */
static void the_reference_lies_on_the_query(void **state)
{
    (void)state;
    nps_spectrum *s[2], *q;
    nps_library *lib = two_traces(NPS_VISIBLE_PUBLIC, NULL, s, &q);
    for (size_t i = 0; i < q->trace.n; i++)
        q->trace.y[i] = 3 * q->trace.y[i] + 0.5F;
    NPS_AUTO(nps_verdict) v = verdict_of_trace(lib, q, NULL);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_html_verdict(&b, lib, v, q, "q", "2026-11-24");
    const char *query = strstr(b.data, "stroke=\"#0b5394\" stroke-width=\"1.4\" d=\"M"),
               *reference = strstr(b.data, "stroke-dasharray=\"6 3\" d=\"M");
    assert_true(query && reference);
    query = strchr(query, 'M');
    reference = strchr(reference, 'M');
    size_t n = 0;
    double before = 1e9, x, y, rx, ry;
    /* The query, moved up by 6, begins at 500 as the reference does, which is the right end of the axis. */
    while (sscanf(query + 1, "%lf %lf", &x, &y) == 2 && sscanf(reference + 1, "%lf %lf", &rx, &ry) == 2) {
        assert_near(x, rx, 0.06, 0);
        assert_near(y, ry, 3, 0);
        assert_true(x < before);
        before = x;
        n++;
        query += 1 + strcspn(query + 1, "L\"");
        reference += 1 + strcspn(reference + 1, "L\"");
        if (*query == '"' || *reference == '"')
            break;
    }
    assert_true(n > 1600);
    for (size_t i = 0; i < 2; i++)
        nps_spectrum_free(s[i]);
    nps_spectrum_free(q);
    nps_library_release(lib);
}

static void a_trace_that_may_not_be_shown_is_not_drawn(void **state)
{
    (void)state;
    static const struct {
        nps_visibility visibility;
        const char *embargo, *today;
        bool drawn;
    } cases[] = {{NPS_VISIBLE_PUBLIC, NULL, "2026-11-24", true},
                 {NPS_VISIBLE_PUBLIC, "2026-12-01", "2026-11-24", false},
                 {NPS_VISIBLE_PUBLIC, "2026-12-01", "2026-12-01", true},
                 {NPS_VISIBLE_MEMBERS, NULL, "2099-01-01", false},
                 {NPS_VISIBLE_MATCH_ONLY, NULL, "2099-01-01", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_spectrum *s[2], *q;
        nps_library *lib = two_traces(cases[i].visibility, cases[i].embargo, s, &q);
        NPS_AUTO(nps_verdict) v = verdict_of_trace(lib, q, NULL);
        NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
        assert_int_equal(v->hits[0].entry, 0);
        nps_report_html_verdict(&b, lib, v, q, "q", cases[i].today);
        assert_int_equal(strstr(b.data, "<svg") != NULL, cases[i].drawn);
        for (size_t k = 0; k < 2; k++)
            nps_spectrum_free(s[k]);
        nps_spectrum_free(q);
        nps_library_release(lib);
    }
}

static void a_mixture_is_told_with_what_is_left(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    float left[NPS_IR_GRID_N];
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        left[i] = i < 100 ? NAN : i == 700 ? -0.25F : 0.01F;
    double mz[] = {50, 91, 145};
    float y[] = {1, 400, 20}, residual_y[] = {1, 40, 2};
    NPS_AUTO(nps_spectrum) q = synth_peaks(NPS_TECH_EI, 0, mz, y, 3);
    nps_mixture m = {.n = 2, .explained = 0.987, .single = 0.7, .residual = {.mz = mz, .intensity = residual_y, .n = 3},
                     .component = {{.entry = 0, .substance = 0, .share = 0.6, .worth = 0.98},
                                   {.entry = 0, .substance = 2, .share = 0.4, .worth = 0.5, .alike = {0, 1}, .n_alike = 2}}};
    nps_verdict v = {.outcome = NPS_NOVEL, .technique = NPS_TECH_EI, .alpha = 0.05, .mixture = &m};
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_html_verdict(&b, lib, &v, q, "q", "2026-11-24");
    assert_non_null(strstr(b.data, "(60 %) and substance 2 (40 %) together explain 99 % of the signal"));
    assert_non_null(strstr(b.data, "60.0 %<td>explains 98 % of what the others leave<td>none</tr>"));
    assert_non_null(strstr(b.data, "40.0 %<td>explains 50 % of what the others leave<td>&lt;script&gt;"));
    assert_non_null(strstr(b.data, ", substance 1</tr>"));
    assert_non_null(strstr(b.data, "The components leave 1.3 % of the signal. Its strongest peaks, of the query's strongest: "
                                   "m/z 91 (10.0 %), m/z 145 (0.5 %), m/z 50 (0.2 %)</p>"));
    assert_null(strstr(b.data, "<script"));
    nps_buf_clear(&b);
    m.residual_y = left;
    v.technique = m.technique = NPS_TECH_IR;
    nps_report_html_verdict(&b, lib, &v, q, "q", "2026-11-24");
    assert_non_null(strstr(b.data, "The largest difference is -0.25 at 1800 1/cm."));
    nps_buf_clear(&b);
    m.component[1].entry = 2; /* match-only */
    nps_report_html_verdict(&b, lib, &v, q, "q", "2026-11-24");
    assert_non_null(strstr(b.data, "What is left is not shown: the spectrum of a component is not open to all"));
    assert_null(strstr(b.data, "largest difference"));
    v.mixture = NULL;
    nps_buf_clear(&b);
    nps_report_html_verdict(&b, lib, &v, q, "q", "2026-11-24");
    assert_null(strstr(b.data, "mixture"));
    done(s, lib);
}

static void text_and_json_tell_the_reasons_of_an_unusable_spectrum(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    NPS_AUTO(nps_spectrum) empty = synth_peaks(NPS_TECH_EI, 0, NULL, NULL, 0);
    empty->repairs[NPS_REPAIR_ZERO] = 3;
    NPS_AUTO(nps_verdict) v = synth_verdict(lib, empty);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_text(&b, lib, v, "");
    assert_non_null(strstr(b.data, "unnamed spectrum (ei): unusable"));
    assert_non_null(strstr(b.data, "quality: no peak at all"));
    assert_non_null(strstr(b.data, "repaired: 3 "));
    nps_buf_clear(&b);
    nps_report_html_verdict(&b, lib, v, empty, "", "2026-11-23");
    assert_non_null(strstr(b.data, "unnamed spectrum"));
    nps_buf_clear(&b);
    nps_jw w = nps_jw_init(&b);
    nps_jw_verdict(&w, NULL, lib, v, &(nps_verdict_json_options){.query = "", .today = "2026-11-23", .spectrum = empty});
    json_error_t why;
    json_t *doc = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(doc);
    json_t *q = json_object_get(doc, "quality");
    assert_true(json_is_false(json_object_get(q, "usable")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(q, "reasons"), 0)), "no peak at all");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(q, "repairs"), 0), "count")), 3);
    json_decref(doc);
    done(s, lib);
}

static void a_sample_report_holds_the_joint_verdict_and_each_spectrum(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    NPS_AUTO(nps_workspace) w = NULL;
    NPS_AUTO(nps_sample_verdict) v = NULL;
    nps_match_options o = nps_match_options_default();
    const nps_spectrum *q[] = {s[1], s[2]};
    nps_err err;
    assert_ok(nps_workspace_new(&w, &err), &err);
    assert_ok(nps_match_sample(lib, q, 2, &o, w, &v, &err), &err);
    assert_true(v->conflict);
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_sample_text(&b, lib, v, q);
    assert_non_null(strstr(b.data, "sample of 2 spectra: ambiguous"));
    assert_non_null(strstr(b.data, "A mixture, or spectra of different samples."));
    assert_non_null(strstr(b.data, "minimum: not met; missing: "));
    assert_non_null(strstr(b.data, "substance 1 (ei)"));
    nps_buf_clear(&b);
    nps_jw jw = nps_jw_init(&b);
    nps_jw_sample_verdict(&jw, NULL, lib, v, "S1", "2026-11-23", q, false);
    json_error_t why;
    json_t *doc = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(doc);
    assert_int_equal(json_array_size(json_object_get(doc, "spectra")), 2);
    assert_non_null(json_object_get(doc, "conflict"));
    assert_true(json_is_false(json_object_get(json_object_get(doc, "minimum_scheme"), "met")));
    json_decref(doc);
    done(s, lib);
}

/* Everything that a case folder asks for, on one page that asks for nothing else. */
static void a_report_holds_what_a_case_folder_needs(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    NPS_AUTO(nps_verdict) v = synth_verdict(lib, s[0]);
    synth_text(s[0], NPS_TEXT_INSTRUMENT, "GC <5977>");
    v->repairs[NPS_REPAIR_ZERO] = 3;
    v->doubts = NPS_DOUBT_GENERAL;
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_html_begin(&b, lib, "2026-11-24T12:00:00Z");
    nps_report_html_verdict(&b, lib, v, s[0], "q", "2026-11-24");
    nps_report_html_end(&b);
    const char *const parts[] = {"2026-11-24T12:00:00Z", "npswatch " NPS_VERSION, lib->generation, lib->digest, "<dt>Ruleset<dd>",
                                 v->input_digest, "<dt>Instrument<dd>GC &lt;5977&gt;", "<li>repaired: 3 ", "<h3>Hits</h3>",
                                 "What is left unexplained", "How far the library sees here", "What to measure next",
                                 "Calibrated ", "fitted on replicates of", "Reservations about the error rate: ", "<svg",
                                 "<th>Analyst<td>", "<th>Reviewer<td>", "@page{size:A4"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(b.data, parts[i]))
            fail_msg("'%s' is missing", parts[i]);
    static const char *const outside[] = {"http", "src=", "url(", "@import", "<link", "<script"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_null(strstr(b.data, outside[i]));
    size_t hits = 0;
    for (const char *p = b.data; (p = strstr(p, "<tr class=\"why\">")); p++)
        hits++;
    assert_int_equal(hits, v->n_hits);
    done(s, lib);
}

static void a_page_of_a_sample_says_whether_the_minimum_scheme_is_met(void **state)
{
    (void)state;
    nps_spectrum *s[3];
    nps_library *lib = hostile_library(s, 0);
    NPS_AUTO(nps_verdict) one = synth_verdict(lib, s[0]);
    NPS_AUTO(nps_verdict) two = synth_verdict(lib, s[1]);
    nps_verdict *spectra[] = {one, two};
    const nps_spectrum *q[] = {s[0], s[1]};
    nps_member set = {1, 0.9};
    nps_sample_verdict v = {.outcome = NPS_IDENTIFIED, .alpha = 0.05, .set = &set, .n_set = 1, .spectra = spectra, .n_spectra = 2,
                            .support = NPS_SUPPORT_MASS, .missing = "a second <technique>"};
    NPS_AUTO_BUF b = NPS_BUF_INIT(1 << 20);
    nps_report_html_sample(&b, lib, &v, q, "2026-11-24");
    assert_non_null(strstr(b.data, "<h2>Sample of 2 spectra</h2><p class=\"v\">presumptive identification</p>"));
    assert_non_null(strstr(b.data, "is not met.</strong> Missing: a second &lt;technique&gt;."));
    assert_null(strstr(b.data, "identified"));
    assert_null(strstr(b.data, "<script"));
    size_t articles = 0;
    for (const char *p = b.data; (p = strstr(p, "<article>")); p++)
        articles++;
    assert_int_equal(articles, 3);
    nps_buf_clear(&b);
    v.minimum_scheme = true;
    v.support |= NPS_SUPPORT_INFRARED;
    v.missing[0] = '\0';
    nps_report_html_sample(&b, lib, &v, q, "2026-11-24");
    assert_non_null(strstr(b.data, "<p class=\"v\">identified</p>"));
    assert_non_null(strstr(b.data, "E2329 is met.</strong></p>"));
    done(s, lib);
}

int main(void)
{
    nps_core_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_say_what_the_rule_says),
        cmocka_unit_test(a_generated_library_is_called_so_everywhere),
        cmocka_unit_test(an_analogue_is_told_with_what_it_rests_on),
        cmocka_unit_test(analogues_of_accurate_mass_fit_the_terminal),
        cmocka_unit_test(peaks_that_carry_a_shift_are_told_of_open_entries_only),
        cmocka_unit_test(names_from_files_never_become_markup),
        cmocka_unit_test(peaks_that_may_not_be_shown_are_not_drawn),
        cmocka_unit_test(a_trace_is_drawn_as_it_was_compared_and_its_preparation_told),
        cmocka_unit_test(the_reference_lies_on_the_query),
        cmocka_unit_test(a_trace_that_may_not_be_shown_is_not_drawn),
        cmocka_unit_test(a_mixture_is_told_with_what_is_left),
        cmocka_unit_test(text_and_json_tell_the_reasons_of_an_unusable_spectrum),
        cmocka_unit_test(a_sample_report_holds_the_joint_verdict_and_each_spectrum),
        cmocka_unit_test(a_report_holds_what_a_case_folder_needs),
        cmocka_unit_test(a_page_of_a_sample_says_whether_the_minimum_scheme_is_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
