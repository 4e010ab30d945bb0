/* The printed report: one self-contained page for the case folder. */
#include "service/explain.h"
#include "service/facts.h"
#include "service/report.h"
#include "service/report_impl.h"
#include "service/report_plot.h"

#include <math.h>
#include <string.h>

static const char style[] =
    "@page{size:A4;margin:16mm 15mm}"
    "body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "h1{font-size:1.5rem}h2{font-size:1.2rem;overflow-wrap:anywhere}h3{font-size:1rem;margin:1.1rem 0 .3rem;break-after:avoid}"
    "table{border-collapse:collapse;margin:.4rem 0;width:100%}th,td{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;"
    "border-bottom:1px solid #ccc}td.n,th.n{text-align:right}td.n{font-variant-numeric:tabular-nums}"
    "tbody{break-inside:avoid}.hits tbody tr:first-child td{border:0;padding-bottom:0}.why td{color:#444;font-size:.9rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.3rem 0}dt{color:#555}dd{margin:0;"
    "overflow-wrap:anywhere}code{font-size:.9em;overflow-wrap:anywhere}"
    ".demo{background:#fff3cd;border:2px solid #b58900;padding:.6rem}.v{font-size:1.3rem;font-weight:600;margin:.3rem 0}"
    ".v::first-letter{text-transform:uppercase}.small{color:#555;font-size:.85rem}"
    "article+article{break-before:page}svg{width:100%;height:auto;break-inside:avoid}"
    ".sign{break-inside:avoid;margin-top:2.5rem}.sign td{height:2.6rem;border-bottom:1px solid #333}.sign th{border:0}"
    "@media print{html{font-size:10pt}body{margin:0;padding:0;max-width:none;font-size:1rem}}";

/* A sentence of explain.h between two pieces of markup; nothing where there is none. Empties the sentence. */
static void put_sentence(nps_buf *b, const char *before, nps_buf *sentence, const char *after)
{
    nps_buf_fail_with(b, sentence);
    if (sentence->len) {
        nps_buf_puts(b, before);
        nps_buf_put_xml(b, sentence->data);
        nps_buf_puts(b, after);
    }
    nps_buf_clear(sentence);
}

static void put_fact(void *arg, const char *name, const char *value)
{
    nps_buf *b = arg;
    nps_buf_puts(b, "<dt>");
    nps_buf_put_xml(b, name);
    nps_buf_puts(b, "<dd>");
    nps_buf_put_xml(b, value);
}

static void put_code(nps_buf *b, const char *name, const char *value)
{
    nps_buf_printf(b, "<dt>%s<dd><code>%s</code>", name, value);
}

void nps_report_html_begin(nps_buf *b, const nps_library *lib, const char *created)
{
    nps_buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>npswatch report</title><style>");
    nps_buf_puts(b, style);
    nps_buf_puts(b, "</style></head><body><h1>npswatch report</h1><dl>");
    put_fact(b, "Made", created);
    put_fact(b, "By", "npswatch " NPS_VERSION);
    nps_buf_printf(b, "<dt>Ruleset<dd>%d", NPS_RULESET);
    put_fact(b, "Library", lib->name);
    put_code(b, "Generation", lib->generation);
    put_code(b, "Digest", lib->digest);
    put_fact(b, "Library made", lib->created);
    nps_buf_puts(b, "</dl>\n");
    if (lib->generated)
        nps_buf_puts(b, "<p class=\"demo\"><strong>Generated, not measured.</strong> The substances of this library are "
                        "invented; this is a demonstration, never casework.</p>\n");
}

/* --- one spectrum --------------------------------------------------------------------------------------------------------- */

static void html_step(void *arg, const char *key, const char *sentence)
{
    (void)key;
    nps_buf_puts(arg, "<li>");
    nps_buf_put_xml(arg, sentence);
}

static void html_remark(void *arg, const char *key, const char *sentence)
{
    nps_buf_printf(arg, "<li>%s: ", key);
    nps_buf_put_xml(arg, sentence);
}

static void html_preparation(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(1024);
    if (nps_technique_is_mass(v->technique))
        return;
    nps_buf_puts(b, "<h3>How the spectrum was prepared</h3><ol>");
    nps_report_preparation(v, html_step, b);
    nps_buf_puts(b, "</ol>");
    nps_trace_prep_text(&text, &v->trace_prep);
    nps_buf_fail_with(b, &text);
    if (text.data && strcmp(text.data, lib->trace_prep_text[v->technique]) != 0) {
        nps_buf_puts(b, "<p>The library was prepared otherwise: <code>");
        nps_buf_put_xml(b, lib->trace_prep_text[v->technique]);
        nps_buf_puts(b, "</code></p>");
    }
    nps_buf_putc(b, '\n');
}

/* The file's facts, and what its reader remarked and repaired. */
static void html_query(nps_buf *b, const nps_verdict *v, const nps_spectrum *query)
{
    NPS_AUTO_BUF remarks = NPS_BUF_INIT((size_t)1 << 16);
    nps_buf_puts(b, "<h3>The spectrum, as its file describes it</h3><dl>");
    put_code(b, "Input digest", v->input_digest);
    nps_spectrum_facts(query, put_fact, b);
    nps_buf_puts(b, "</dl>");
    nps_report_reading(v, html_remark, &remarks);
    nps_buf_fail_with(b, &remarks);
    if (remarks.len)
        nps_buf_printf(b, "<h3>How it was read</h3><ul>%s</ul>", remarks.data);
    nps_buf_putc(b, '\n');
}

static void html_left(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_explain_unexplained(&text, lib, v);
    put_sentence(b, "<h3>What is left unexplained</h3><p>", &text, "</p>\n");
}

static void html_context(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    if (v->n_classes)
        nps_buf_puts(b, "<h3>Class</h3><p>");
    for (size_t i = 0; i < v->n_classes && i < 3; i++) {
        nps_buf_puts(b, i ? ", " : "");
        nps_buf_put_xml(b, nps_library_text(lib, v->classes[i].class_name));
        nps_buf_printf(b, " %.0f %%", 100 * v->classes[i].p);
    }
    nps_buf_puts(b, v->n_classes ? "</p>" : "");
    nps_explain_blindness(&text, lib, v);
    put_sentence(b, "<h3>How far the library sees here</h3><p>", &text, "</p>");
    if (v->n_advice)
        nps_buf_puts(b, "<h3>What to measure next</h3><ul>");
    for (size_t i = 0; i < v->n_advice; i++) {
        nps_explain_advice(&text, v, i);
        put_sentence(b, "<li>", &text, "");
    }
    nps_buf_puts(b, v->n_advice ? "</ul>\n" : "\n");
}

static void html_calibration(nps_buf *b, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(2000);
    nps_buf_puts(b, "<h3>What the error rate rests on</h3><p>Calibrated ");
    nps_explain_basis(&text, v);
    put_sentence(b, "", &text, "");
    if (isfinite(v->threshold))
        nps_buf_printf(b, "; conformity asked for: %.4f", v->threshold);
    nps_buf_printf(b, "; error rate asked for: %.3g %%; coverage %.3f to %.3f with 90 %% confidence. ", 100 * v->alpha,
                   v->coverage_low, v->coverage_high);
    nps_explain_model(&text, v);
    put_sentence(b, "", &text, "</p>");
    nps_buf_putc(b, '\n');
}

static void html_plot(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_spectrum *query, const char *today)
{
    if (!v->n_hits || !nps_library_entry_is_open(lib, v->hits[0].entry, today))
        return;
    if (nps_technique_is_mass(v->technique))
        nps_report_mirror_plot(b, lib, query, &v->hits[0]);
    else
        nps_report_trace_plot(b, lib, v, query, &v->hits[0]);
}

void nps_report_html_verdict(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_spectrum *query,
                             const char *name, const char *today)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_buf_puts(b, "<article><h2>");
    nps_buf_put_xml(b, *name ? name : "unnamed spectrum");
    nps_buf_printf(b, " (%s)</h2><p class=\"v\">%s</p>", nps_technique_name(v->technique),
                   nps_explain_headline(v->outcome, false));
    nps_report_verdict_statement(&text, lib, v);
    put_sentence(b, "<p>", &text, "</p>\n");
    html_query(b, v, query);
    html_plot(b, lib, v, query, today);
    html_left(b, lib, v);
    nps_report_html_set(b, lib, v->set, v->n_set, v->control);
    nps_report_html_control(b, lib, v->set, v->n_set, v->n_classes ? v->classes[0].class_name : 0, v->control);
    if (v->mixture)
        nps_report_html_mixture(b, lib, v->mixture, query, today);
    nps_report_html_hits(b, lib, v);
    nps_report_html_analogs(b, lib, v);
    html_context(b, lib, v);
    html_preparation(b, lib, v);
    html_calibration(b, v);
    nps_buf_puts(b, "</article>\n");
}

/* --- one sample --------------------------------------------------------------------------------------------------------------- */

static void html_scheme(nps_buf *b, const nps_sample_verdict *v)
{
    nps_buf_printf(b, "<p><strong>The minimum scheme of SWGDRUG and ASTM E2329 is %smet.</strong>", v->minimum_scheme ? "" : "not ");
    if (*v->missing) {
        nps_buf_puts(b, " Missing: ");
        nps_buf_put_xml(b, v->missing);
        nps_buf_putc(b, '.');
    }
    nps_buf_puts(b, "</p>\n");
}

/* What each spectrum leaves by itself. */
static void html_spectra(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v, const nps_spectrum *const *spectra)
{
    enum { NAMED = 3 };
    nps_buf_puts(b, "<h3>What each spectrum says by itself</h3><table><tr><th>Technique<th>Spectrum<th>Outcome<th>Leaves</tr>");
    for (size_t i = 0; i < v->n_spectra; i++) {
        const nps_verdict *one = v->spectra[i];
        nps_buf_printf(b, "<tr><td>%s<td>", nps_technique_name(one->technique));
        nps_buf_put_xml(b, nps_report_title(spectra[i]));
        nps_buf_printf(b, "<td>%s<td>", nps_explain_headline(one->outcome, false));
        for (size_t k = 0; k < one->n_set && k < NAMED; k++) {
            nps_buf_puts(b, k ? ", " : "");
            nps_buf_put_xml(b, nps_report_name(lib, one->set[k].substance));
        }
        if (one->n_set > NAMED)
            nps_buf_printf(b, " and %zu more", one->n_set - NAMED);
        else if (!one->n_set)
            nps_buf_puts(b, one->outcome == NPS_UNUSABLE ? "no statement" : "nothing of this library");
        nps_buf_puts(b, "</tr>");
    }
    nps_buf_puts(b, "</table>\n");
}

static void html_candidates(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v)
{
    NPS_AUTO_BUF why = NPS_BUF_INIT((size_t)1 << 16);
    uint32_t candidate[NPS_EXPLAIN_CANDIDATES];
    size_t n = nps_explain_candidates(v, candidate);
    nps_buf_puts(b, n ? "<h3>Why each candidate is in or out</h3><dl>" : "");
    for (size_t i = 0; i < n; i++) {
        nps_explain_candidate(&why, lib, v, candidate[i]);
        nps_buf_fail_with(b, &why);
        put_fact(b, nps_report_name(lib, candidate[i]), why.data ? why.data : "");
        nps_buf_clear(&why);
    }
    nps_buf_puts(b, n ? "</dl>\n" : "");
}

void nps_report_html_sample(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v, const nps_spectrum *const *spectra,
                            const char *today)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_buf_printf(b, "<article><h2>Sample of %zu spectr%s</h2><p class=\"v\">%s</p>", v->n_spectra, v->n_spectra == 1 ? "um" : "a",
                   nps_explain_headline(v->outcome, v->minimum_scheme));
    nps_report_sample_statement(&text, lib, v);
    put_sentence(b, "<p>", &text, "</p>\n");
    html_scheme(b, v);
    nps_report_html_set(b, lib, v->set, v->n_set, v->control);
    nps_report_html_control(b, lib, v->set, v->n_set, nps_control_class_of(v), v->control);
    html_spectra(b, lib, v, spectra);
    html_candidates(b, lib, v);
    nps_buf_puts(b, "</article>\n");
    for (size_t i = 0; i < v->n_spectra; i++)
        nps_report_html_verdict(b, lib, v->spectra[i], spectra[i], nps_report_title(spectra[i]), today);
}

void nps_report_html_end(nps_buf *b)
{
    nps_buf_puts(b, "<table class=\"sign\"><tr><th><th>Name<th>Date<th>Signature</tr><tr><th>Analyst<td><td><td></tr>"
                    "<tr><th>Reviewer<td><td><td></tr></table></body></html>\n");
}
