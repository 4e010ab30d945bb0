#include "service/report.h"

#include "service/report_plot.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_error_rate(nps_buf *b, const nps_library *lib, nps_outcome outcome, double alpha,
                           nps_calibration_source calibration)
{
    if (outcome != NPS_UNUSABLE && calibration == NPS_CALIBRATION_NONE)
        nps_buf_puts(b, " No error rate can be stated: there are no replicates, compared in this way, to calibrate on.");
    else if (outcome == NPS_NOVEL)
        nps_buf_printf(b, " A substance that is in the library gets this answer in at most %.3g %% of cases.", 100 * alpha);
    else if (outcome != NPS_UNUSABLE)
        nps_buf_printf(b, " A substance of the library is missing from such a set in at most %.3g %% of cases.",
                       100 * alpha);
    if (lib->generated)
        nps_buf_puts(b, " The library is generated, not measured: this is a demonstration, not casework.");
}

void nps_report_statement(nps_buf *b, const nps_library *lib, nps_outcome outcome, const nps_member *set, size_t n_set,
                          double alpha, nps_calibration_source calibration)
{
    switch (outcome) {
    case NPS_IDENTIFIED:
        nps_buf_printf(b, "Presumptive: %s is the only substance of this library that fits.",
                       nps_library_text(lib, lib->sub_name[set[0].substance]));
        break;
    case NPS_AMBIGUOUS:
        nps_buf_printf(b, "Presumptive: one of %zu substances that this measurement cannot tell apart.", n_set);
        break;
    case NPS_NOVEL: nps_buf_puts(b, "Nothing in this library fits: the substance may be new to it."); break;
    case NPS_UNUSABLE: nps_buf_puts(b, "The measurement is too poor for a verdict."); break;
    }
    put_error_rate(b, lib, outcome, alpha, calibration);
}

static const char *sub_name(const nps_library *lib, uint32_t s)
{
    return nps_library_text(lib, lib->sub_name[s]);
}

static void text_quality(nps_buf *b, const nps_verdict *v)
{
    for (unsigned bit = 1; bit && bit <= v->quality; bit <<= 1)
        if (v->quality & bit)
            nps_buf_printf(b, "  quality: %s\n", nps_quality_text((nps_quality_bit)bit));
    for (nps_repair r = 0; r < NPS_REPAIR_COUNT; r++)
        if (v->repairs[r]) {
            nps_buf_puts(b, "  repaired: ");
            nps_repair_text(b, r, v->repairs[r]);
            nps_buf_putc(b, '\n');
        }
}

static void put_basis(nps_buf *b, const nps_verdict *v)
{
    if (v->calibration == NPS_CALIBRATION_NONE)
        nps_buf_puts(b, "on nothing: no error rate can be stated");
    else if (v->calibration == NPS_CALIBRATION_GENERAL)
        nps_buf_puts(b, "by the general table of the program, for lack of replicates in the library");
    else
        nps_buf_printf(b, "on %llu replicate pairs (%s)", (unsigned long long)v->calibration_n,
                       nps_calibration_source_name(v->calibration));
}

static void text_set(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n)
{
    for (size_t i = 0; i < n && i < 20; i++)
        nps_buf_printf(b, "    %5.1f %%  %s  %s\n", 100 * set[i].p, sub_name(lib, set[i].substance),
                       nps_library_text(lib, lib->sub_inchikey[set[i].substance]));
    if (n > 20)
        nps_buf_printf(b, "    ... and %zu more\n", n - 20);
}

int nps_report_decimals(double mass)
{
    return mass == floor(mass) ? 0 : 3;
}

/* Peaks that carry an analogue's shift, reference -> query. */
static void put_carriers(nps_buf *b, const nps_analog *a, const char *arrow, size_t most)
{
    if (!a->n_pair)
        nps_buf_puts(b, a->shifted ? "not shown" : "none");
    for (size_t i = 0; i < a->n_pair && i < most; i++) {
        double q = a->pair[i].query_mz, r = a->pair[i].reference_mz;
        int digits = nps_report_decimals(q) || nps_report_decimals(r) ? 3 : 0;
        nps_buf_printf(b, "%s%.*f%s%.*f", i ? ", " : "", digits, r, arrow, digits, q);
    }
}

/* Changes from `first` on. */
static void put_changes(nps_buf *b, const nps_analog *a, size_t first)
{
    for (size_t i = first; i < a->n_formula; i++)
        nps_buf_printf(b, "%s%s", i == first ? "" : " or ", a->formula[i].text);
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

static void text_analog(nps_buf *b, const nps_library *lib, const nps_analog *a, size_t rank)
{
    nps_buf_printf(b, "    %2zu  %.4f %c%+9.*f Da  %-16s %s\n", rank, a->score, a->mass_agrees ? '=' : ' ',
                   nps_report_decimals(a->delta_mass), a->delta_mass, nps_analog_formula(a), sub_name(lib, a->substance));
    if (a->n_formula > 1) {
        nps_buf_puts(b, "        or ");
        put_changes(b, a, 1);
        nps_buf_putc(b, '\n');
    }
    nps_buf_puts(b, a->n_pair ? "        carried by " : "        carrying peaks: ");
    put_carriers(b, a, " -> ", a->n_pair && nps_report_decimals(a->pair[0].query_mz) ? 3 : 5); /* within 100 columns */
    nps_buf_putc(b, '\n');
}

static void text_analogs(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    if (!v->n_analogs)
        return;
    nps_buf_puts(b, "  resembles, moved by a mass (query minus reference; peaks: m/z of reference -> of query):\n");
    if (v->molecular_mass)
        nps_buf_printf(b, "    molecular mass of the unknown, estimated: %d (proposed by %u substance%s; = agrees)\n",
                       v->molecular_mass, v->mass_support, plural(v->mass_support));
    for (size_t i = 0; i < v->n_analogs && i < 5; i++)
        text_analog(b, lib, &v->analogs[i], i + 1);
}

void nps_report_mixture_statement(nps_buf *b, const nps_library *lib, const nps_mixture *m)
{
    if (m->n < 2) {
        if (m->n)
            nps_buf_printf(b, "No mixture was found: %s alone explains %.0f %% of the signal, and nothing more is worth it.",
                           sub_name(lib, m->component[0].substance), 100 * m->explained);
        else
            nps_buf_puts(b, "No mixture was found: nothing of the library explains any of the signal.");
        return;
    }
    nps_buf_puts(b, "It may be a mixture: ");
    for (size_t i = 0; i < m->n; i++)
        nps_buf_printf(b, "%s%s (%.0f %%)", !i ? "" : i + 1 == m->n ? " and " : ", ",
                       sub_name(lib, m->component[i].substance), 100 * m->component[i].share);
    nps_buf_printf(b, " together explain %.0f %% of the signal, the best one alone %.0f %%. Shares are of the signal, not of the "
                      "weight.", 100 * m->explained, 100 * m->single);
}

void nps_report_mixture_text(nps_buf *b, const nps_library *lib, const nps_mixture *m)
{
    nps_buf_printf(b, "  %zu component%s explain%s %.1f %% of the signal; the best one alone %.1f %%\n", m->n,
                   m->n == 1 ? "" : "s", m->n == 1 ? "s" : "", 100 * m->explained, 100 * m->single);
    for (size_t i = 0; i < m->n; i++) {
        const nps_component *c = &m->component[i];
        nps_buf_printf(b, "    %5.1f %% of the signal  %s (explains %.0f %% of what the others leave)\n", 100 * c->share,
                       sub_name(lib, c->substance), 100 * c->worth);
        for (size_t k = 0; k < c->n_alike; k++)
            nps_buf_printf(b, "%s%s%s", k ? ", " : "        nearly as well: ", sub_name(lib, c->alike[k]),
                           k + 1 == c->n_alike ? "\n" : "");
    }
}

void nps_report_verdict_statement(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    unsigned obstacle = nps_quality_obstacle(v->quality);
    if (obstacle & (NPS_QUALITY_UNCOMPARABLE | NPS_QUALITY_NO_REFERENCE)) {
        nps_buf_printf(b, "No verdict: %s.", nps_quality_text((nps_quality_bit)obstacle));
        return;
    }
    nps_report_statement(b, lib, v->outcome, v->set, v->n_set, v->alpha, v->calibration);
    if (v->mixture) {
        nps_buf_puts(b, " This takes the sample for one substance. ");
        nps_report_mixture_statement(b, lib, v->mixture);
    }
}

static void text_hits(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    bool mass = nps_technique_is_mass(v->technique);
    if (v->n_hits)
        nps_buf_puts(b, mass ? "  hits:  score reverse explained  name\n" : "  hits:  score  compared, 1/cm  moved  name\n");
    for (size_t i = 0; i < v->n_hits; i++) {
        const nps_hit *h = &v->hits[i];
        nps_buf_printf(b, "    %2zu  %.4f  ", i + 1, h->score);
        if (mass)
            nps_buf_printf(b, "%.4f    %.3f    ", h->reverse, h->explained);
        else
            nps_buf_printf(b, "%4.0f to %4.0f   %+5.0f  ", h->first_cm1, h->last_cm1, h->moved_cm1);
        nps_buf_printf(b, "%s\n", sub_name(lib, h->substance));
    }
}

static void text_step(void *arg, const char *key, const char *sentence)
{
    (void)key;
    nps_buf_printf(arg, "  prepared: %s\n", sentence);
}

static void text_preparation(nps_buf *b, const nps_verdict *v)
{
    nps_trace_prep_describe(&v->trace_prep, text_step, b);
    if (v->max_lag_cm1 >= NPS_IR_GRID_DX)
        nps_buf_printf(b, "  prepared: the query may be moved by up to %g 1/cm\n", v->max_lag_cm1);
}

void nps_report_text(nps_buf *b, const nps_library *lib, const nps_verdict *v, const char *query)
{
    nps_buf_printf(b, "%s (%s): %s\n", *query ? query : "unnamed spectrum", nps_technique_name(v->technique),
                   nps_outcome_name(v->outcome));
    nps_buf_puts(b, "  ");
    nps_report_verdict_statement(b, lib, v);
    nps_buf_putc(b, '\n');
    text_quality(b, v);
    if (v->n_set) {
        nps_buf_puts(b, "  set:\n");
        text_set(b, lib, v->set, v->n_set);
    }
    text_hits(b, lib, v);
    text_analogs(b, lib, v);
    for (size_t i = 0; i < v->n_classes && i < 3; i++)
        nps_buf_printf(b, "  class: %s %.0f %%\n", nps_library_text(lib, v->classes[i].class_name),
                       100 * v->classes[i].p);
    if (v->mixture) {
        nps_buf_puts(b, "  mixture:\n");
        nps_report_mixture_text(b, lib, v->mixture);
    }
    if (!nps_technique_is_mass(v->technique))
        text_preparation(b, v);
    nps_buf_printf(b, "  library %s, generation %.12s, ruleset %d; calibrated ", lib->name, lib->generation, NPS_RULESET);
    put_basis(b, v);
    nps_buf_putc(b, '\n');
}

void nps_report_sample_statement(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v)
{
    nps_calibration_source source = NPS_CALIBRATION_LIBRARY;
    if (v->outcome == NPS_UNUSABLE) {
        nps_buf_puts(b, v->n_spectra == 1 ? "" : "No spectrum of this sample gives a verdict. ");
        nps_report_verdict_statement(b, lib, v->spectra[0]);
        return;
    }
    for (size_t i = 0; i < v->n_spectra; i++)
        if (v->spectra[i]->outcome != NPS_UNUSABLE && v->spectra[i]->calibration == NPS_CALIBRATION_NONE)
            source = NPS_CALIBRATION_NONE;
    if (v->conflict)
        nps_buf_puts(b, "The spectra contradict each other: each fits something in this library, but no substance fits "
                        "them all. A mixture, or spectra of different samples.");
    else if (v->minimum_scheme) {
        nps_buf_printf(b, "%s is the only substance of this library that fits, by", sub_name(lib, v->set[0].substance));
        for (unsigned bit = 1, first = 1; bit <= NPS_SUPPORT_RETENTION; bit <<= 1)
            if (v->support & bit) {
                nps_buf_printf(b, "%s %s", first ? "" : " and", nps_support_name(bit));
                first = 0;
            }
        nps_buf_puts(b, ": the minimum scheme of SWGDRUG and ASTM E2329 is met.");
        put_error_rate(b, lib, v->outcome, v->alpha, source);
    } else {
        nps_report_statement(b, lib, v->outcome, v->set, v->n_set, v->alpha, source);
    }
    size_t mixed = 0;
    for (size_t i = 0; i < v->n_spectra; i++)
        mixed += v->spectra[i]->mixture != NULL;
    if (mixed)
        nps_buf_printf(b, " This takes the sample for one substance, but %zu of %zu spectra may be of a mixture.", mixed,
                       v->n_spectra);
}

void nps_report_sample_text(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v,
                            const nps_spectrum *const *spectra)
{
    nps_buf_printf(b, "sample of %zu spectra: %s\n", v->n_spectra, nps_outcome_name(v->outcome));
    nps_buf_puts(b, "  ");
    nps_report_sample_statement(b, lib, v);
    nps_buf_putc(b, '\n');
    text_set(b, lib, v->set, v->n_set);
    nps_buf_printf(b, "  SWGDRUG / ASTM E2329 minimum: %s%s%s\n\n", v->minimum_scheme ? "met" : "not met",
                   *v->missing ? "; missing: " : "", v->missing);
    for (size_t i = 0; i < v->n_spectra; i++) {
        const char *name = spectra[i]->text[NPS_TEXT_NAME];
        nps_report_text(b, lib, v->spectra[i], name ? name : "");
        nps_buf_putc(b, '\n');
    }
}

/* --- HTML --------------------------------------------------------------------------------------------------------------- */

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:.5rem 0;width:100%}th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px "
    "solid #ccc}td.n,th.n{text-align:right}td.n{font-variant-numeric:tabular-nums}article{break-inside:avoid;margin:2rem 0}"
    ".demo{background:#fff3cd;border:2px solid #b58900;padding:.6rem}.v{font-size:1.3rem;font-weight:600}"
    "svg{width:100%;height:auto}footer{color:#555;font-size:.85rem}";

void nps_report_html_begin(nps_buf *b, const nps_library *lib, const char *created)
{
    nps_buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>npswatch report</title><style>");
    nps_buf_puts(b, style);
    nps_buf_puts(b, "</style></head><body><h1>npswatch report</h1><p>Made ");
    nps_buf_put_xml(b, created);
    nps_buf_puts(b, " with library ");
    nps_buf_put_xml(b, lib->name);
    nps_buf_printf(b, ", generation <code>%s</code>, ruleset %d, npswatch %s.</p>\n", lib->generation, NPS_RULESET,
                   NPS_VERSION);
    if (lib->generated)
        nps_buf_puts(b, "<p class=\"demo\"><strong>Generated, not measured.</strong> The substances of this library are "
                        "invented; this is a demonstration, never casework.</p>\n");
}

static void html_members(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    if (!v->n_set)
        return;
    nps_buf_puts(b, "<h3>Set</h3><table><tr><th>Substance<th>InChIKey<th>p</tr>");
    for (size_t i = 0; i < v->n_set; i++) {
        nps_buf_puts(b, "<tr><td>");
        nps_buf_put_xml(b, sub_name(lib, v->set[i].substance));
        nps_buf_puts(b, "<td><code>");
        nps_buf_put_xml(b, nps_library_text(lib, lib->sub_inchikey[v->set[i].substance]));
        nps_buf_printf(b, "</code><td class=\"n\">%.3f</tr>", v->set[i].p);
    }
    nps_buf_puts(b, "</table>\n");
}

static void html_mass_hit(nps_buf *b, const nps_hit *h)
{
    nps_buf_printf(b, "<td class=\"n\">%.4f<td class=\"n\">%.4f<td class=\"n\">%.3f<td class=\"n\">%u</tr>", h->score,
                   h->reverse, h->explained, h->matched);
}

static void html_trace_hit(nps_buf *b, const nps_hit *h)
{
    nps_buf_printf(b, "<td class=\"n\">%.4f<td class=\"n\">%.0f to %.0f<td class=\"n\">%u<td class=\"n\">%s%.0f</tr>", h->score,
                   h->last_cm1, h->first_cm1, h->matched, h->moved_cm1 > 0 ? "+" : "", h->moved_cm1);
}

static void html_hits(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    bool mass = nps_technique_is_mass(v->technique);
    if (!v->n_hits)
        return;
    nps_buf_puts(b, "<h3>Hits</h3><table><tr><th>#<th>Name<th class=\"n\">Score");
    nps_buf_puts(b, mass ? "<th class=\"n\">Reverse<th class=\"n\">Explained<th class=\"n\">Peaks</tr>"
                         : "<th class=\"n\">Compared, 1/cm<th class=\"n\">Points<th class=\"n\">Query moved by, 1/cm</tr>");
    for (size_t i = 0; i < v->n_hits; i++) {
        nps_buf_printf(b, "<tr><td>%zu<td>", i + 1);
        nps_buf_put_xml(b, sub_name(lib, v->hits[i].substance));
        (mass ? html_mass_hit : html_trace_hit)(b, &v->hits[i]);
    }
    nps_buf_puts(b, "</table>\n");
}

static void html_step(void *arg, const char *key, const char *sentence)
{
    (void)key;
    nps_buf_puts(arg, "<li>");
    nps_buf_put_xml(arg, sentence);
}

static void html_preparation(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT(1024);
    nps_buf_puts(b, "<h3>How the spectrum was prepared</h3><ol>");
    nps_trace_prep_describe(&v->trace_prep, html_step, b);
    if (v->max_lag_cm1 >= NPS_IR_GRID_DX)
        nps_buf_printf(b, "<li>the query may be moved by up to %g 1/cm either way", v->max_lag_cm1);
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

/* --- HTML: mixture ---------------------------------------------------------------------------------------------------------- */

static void html_component(nps_buf *b, const nps_library *lib, const nps_component *c, size_t rank)
{
    nps_buf_printf(b, "<tr><td>%zu<td>", rank);
    nps_buf_put_xml(b, sub_name(lib, c->substance));
    nps_buf_puts(b, "<td><code>");
    nps_buf_put_xml(b, nps_library_text(lib, lib->sub_inchikey[c->substance]));
    nps_buf_printf(b, "</code><td class=\"n\">%.1f %%<td>explains %.0f %% of what the others leave<td>", 100 * c->share,
                   100 * c->worth);
    for (size_t k = 0; k < c->n_alike; k++) {
        nps_buf_puts(b, k ? ", " : "");
        nps_buf_put_xml(b, sub_name(lib, c->alike[k]));
    }
    nps_buf_puts(b, c->n_alike ? "</tr>" : "none</tr>");
}

/* The strongest peaks of what is left, in parts of the query's strongest. */
static void put_peaks_left(nps_buf *b, const nps_mixture *m, const nps_spectrum *query)
{
    enum { TOLD = 5 };
    float base = 0, below = INFINITY;
    for (size_t i = 0; i < query->peaks.n; i++)
        base = fmaxf(base, query->peaks.intensity[i]);
    for (size_t told = 0; told < TOLD && base > 0; told++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < m->residual.n; i++)
            if (m->residual.intensity[i] < below && (best == SIZE_MAX || m->residual.intensity[i] > m->residual.intensity[best]))
                best = i;
        if (best == SIZE_MAX)
            return;
        below = m->residual.intensity[best];
        double mz = m->residual.mz[best];
        nps_buf_printf(b, "%s m/z %.*f (%.1f %%)", told ? "," : " Its strongest peaks, of the query's strongest:",
                       nps_report_decimals(mz), mz, 100 * (double)(below / base));
    }
}

static void put_trace_left(nps_buf *b, const float *y)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < NPS_IR_GRID_N; i++)
        if (!isnan(y[i]) && (best == SIZE_MAX || fabsf(y[i]) > fabsf(y[best])))
            best = i;
    if (best != SIZE_MAX)
        nps_buf_printf(b, " The largest difference is %.3g at %.0f 1/cm.", (double)y[best],
                       NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)best);
}

static void html_mixture(nps_buf *b, const nps_library *lib, const nps_mixture *m, const nps_spectrum *query, const char *today)
{
    NPS_AUTO_BUF statement = NPS_BUF_INIT((size_t)1 << 20);
    nps_report_mixture_statement(&statement, lib, m);
    nps_buf_fail_with(b, &statement);
    nps_buf_puts(b, "<h3>A mixture?</h3><p>");
    nps_buf_put_xml(b, statement.data ? statement.data : "");
    nps_buf_puts(b, "</p><table><tr><th>#<th>Component<th>InChIKey<th class=\"n\">Share of the signal<th>Worth<th>Nearly as good in "
                    "its place</tr>");
    for (size_t i = 0; i < m->n; i++)
        html_component(b, lib, &m->component[i], i + 1);
    nps_buf_printf(b, "</table><p>The components leave %.1f %% of the signal.", 100 * fmax(0, 1 - m->explained));
    if (!nps_mixture_is_open(m, lib, today))
        nps_buf_puts(b, " What is left is not shown: the spectrum of a component is not open to all, and the difference would give "
                        "it away.");
    else if (m->residual_y)
        put_trace_left(b, m->residual_y);
    else
        put_peaks_left(b, m, query);
    nps_buf_puts(b, "</p>\n");
}

static void html_analog(nps_buf *b, const nps_library *lib, const nps_analog *a, size_t rank, bool with_mass)
{
    nps_buf_printf(b, "<tr><td>%zu<td>", rank);
    nps_buf_put_xml(b, sub_name(lib, a->substance));
    nps_buf_printf(b, "<td class=\"n\">%+.*f<td>", nps_report_decimals(a->delta_mass), a->delta_mass);
    nps_buf_printf(b, "<strong>%s</strong>", a->n_formula ? nps_analog_formula(a) : "no common one");
    if (a->n_formula > 1) {
        nps_buf_puts(b, " or ");
        put_changes(b, a, 1);
    }
    nps_buf_printf(b, "<td class=\"n\">%.4f<td class=\"n\">%.4f", a->score, a->plain);
    if (with_mass)
        nps_buf_puts(b, a->mass_agrees ? "<td>yes" : "<td>no");
    nps_buf_puts(b, "<td>");
    put_carriers(b, a, " &#8594; ", 6);
    nps_buf_puts(b, "</tr>");
}

static void html_analogs(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    if (!v->n_analogs)
        return;
    nps_buf_puts(b, "<h3>Resembles, moved by a mass</h3><p>");
    if (v->molecular_mass)
        nps_buf_printf(b, "Molecular mass of the unknown, estimated: %d, proposed by %u related substance%s and the query's "
                          "own heaviest peaks. Relatives that agree with it come first. ",
                       v->molecular_mass, v->mass_support, plural(v->mass_support));
    nps_buf_printf(b, "The shift is query minus reference; the peaks that carry it are given as m/z of the reference &#8594; "
                      "m/z of the query.</p><table><tr><th>#<th>Name<th class=\"n\">Shift, Da<th>Likely change"
                      "<th class=\"n\">Score<th class=\"n\">Unmoved%s"
                      "<th>Peaks that carry it</tr>",
                   v->molecular_mass ? "<th>Agrees on mass" : "");
    for (size_t i = 0; i < v->n_analogs && i < 5; i++)
        html_analog(b, lib, &v->analogs[i], i + 1, v->molecular_mass != 0);
    nps_buf_puts(b, "</table>\n");
}

void nps_report_html_verdict(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_spectrum *query,
                             const char *name, const char *today)
{
    bool mass = nps_technique_is_mass(v->technique);
    nps_buf_puts(b, "<article><h2>");
    nps_buf_put_xml(b, *name ? name : "unnamed spectrum");
    nps_buf_printf(b, " (%s)</h2><p class=\"v\">%s</p><p>", nps_technique_name(v->technique), nps_outcome_name(v->outcome));
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_report_verdict_statement(&text, lib, v);
    nps_buf_fail_with(b, &text);
    nps_buf_put_xml(b, text.data ? text.data : "");
    nps_buf_puts(b, "</p><pre>");
    nps_buf_clear(&text);
    text_quality(&text, v);
    nps_buf_fail_with(b, &text);
    nps_buf_put_xml(b, text.data ? text.data : "");
    nps_buf_puts(b, "</pre>\n");
    bool drawn = v->n_hits && nps_library_entry_is_open(lib, v->hits[0].entry, today);
    if (drawn && mass)
        nps_report_mirror_plot(b, lib, query, &v->hits[0]);
    else if (drawn)
        nps_report_trace_plot(b, lib, v, query, &v->hits[0]);
    html_members(b, lib, v);
    if (v->mixture)
        html_mixture(b, lib, v->mixture, query, today);
    html_hits(b, lib, v);
    html_analogs(b, lib, v);
    if (!mass)
        html_preparation(b, lib, v);
    nps_buf_puts(b, "<footer>Calibrated ");
    put_basis(b, v);
    nps_buf_printf(b,
                   "; threshold %.4f; coverage %.3f to %.3f with 90 %% confidence. Input digest <code>%s</code>."
                   "</footer></article>\n",
                   v->threshold, v->coverage_low, v->coverage_high, v->input_digest);
}

void nps_report_html_end(nps_buf *b)
{
    nps_buf_puts(b, "</body></html>\n");
}
