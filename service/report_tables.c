/* Tables of the printed report. */
#include "service/control_text.h"
#include "service/explain.h"
#include "service/report.h"
#include "service/report_impl.h"

#include <math.h>

/* What the control tables say of a substance, after `before`. */
static void html_control(nps_buf *b, const char *before, const nps_library *lib, uint32_t substance, const nps_control_view *view)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 16);
    if (!view)
        return;
    nps_control_put_cell(&text, view, lib, substance);
    nps_buf_fail_with(b, &text);
    nps_buf_puts(b, before);
    nps_buf_put_xml(b, text.data ? text.data : "");
}

void nps_report_html_control(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n, uint32_t class_name,
                             const nps_control_view *control)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    if (!control)
        return;
    nps_control_put_statement(&text, control, lib, set, n, class_name);
    if (control->filter) {
        nps_buf_putc(&text, ' ');
        nps_control_put_filter(&text, control);
    }
    nps_buf_fail_with(b, &text);
    nps_buf_puts(b, "<h3>Control status</h3><p>");
    nps_buf_put_xml(b, text.data ? text.data : "");
    nps_buf_printf(b, "</p><p class=\"small\">Digest of the control tables: <code>%s</code></p>\n",
                   nps_control_digest(control->tables));
}

void nps_report_html_set(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n, const nps_control_view *control)
{
    if (!n)
        return;
    nps_buf_printf(b, "<h3>Set</h3><table><tr><th>Substance<th>InChIKey<th class=\"n\">Probability%s</tr>",
                   control ? "<th>Control status" : "");
    for (size_t i = 0; i < n; i++) {
        nps_buf_puts(b, "<tr><td>");
        nps_buf_put_xml(b, nps_report_name(lib, set[i].substance));
        nps_buf_puts(b, "<td><code>");
        nps_buf_put_xml(b, nps_library_text(lib, lib->sub_inchikey[set[i].substance]));
        nps_buf_printf(b, "</code><td class=\"n\">%.3f", set[i].p);
        html_control(b, "<td>", lib, set[i].substance, control);
        nps_buf_puts(b, "</tr>");
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

void nps_report_html_hits(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF why = NPS_BUF_INIT((size_t)1 << 20);
    bool mass = nps_technique_is_mass(v->technique);
    if (!v->n_hits)
        return;
    nps_buf_puts(b, "<h3>Hits</h3><table class=\"hits\"><tr><th>#<th>Name<th class=\"n\">Evidence<th class=\"n\">Score");
    nps_buf_puts(b, mass ? "<th class=\"n\">Reverse<th class=\"n\">Explained<th class=\"n\">Peaks</tr>"
                         : "<th class=\"n\">Compared, 1/cm<th class=\"n\">Points<th class=\"n\">Query moved by, 1/cm</tr>");
    for (size_t i = 0; i < v->n_hits; i++) {
        if (!nps_control_passes(v->control, lib, v->hits[i].substance))
            continue;
        nps_buf_printf(b, "<tbody><tr><td>%zu<td>", i + 1);
        nps_buf_put_xml(b, nps_report_name(lib, v->hits[i].substance));
        nps_buf_printf(b, "<td class=\"n\">%+.2f", v->hits[i].evidence);
        (mass ? html_mass_hit : html_trace_hit)(b, &v->hits[i]);
        nps_explain_hit(&why, lib, v, i);
        nps_buf_fail_with(b, &why);
        nps_buf_puts(b, "<tr class=\"why\"><td><td colspan=\"6\">");
        nps_buf_put_xml(b, why.data ? why.data : "");
        html_control(b, "<br>Control: ", lib, v->hits[i].substance, v->control);
        nps_buf_puts(b, "</tr></tbody>");
        nps_buf_clear(&why);
    }
    nps_buf_printf(b, "</table><p class=\"small\">%s</p>\n", nps_explain_legend);
}

/* --- mixture ---------------------------------------------------------------------------------------------------------------- */

static void html_component(nps_buf *b, const nps_library *lib, const nps_component *c, size_t rank)
{
    nps_buf_printf(b, "<tr><td>%zu<td>", rank);
    nps_buf_put_xml(b, nps_report_name(lib, c->substance));
    nps_buf_puts(b, "<td><code>");
    nps_buf_put_xml(b, nps_library_text(lib, lib->sub_inchikey[c->substance]));
    nps_buf_printf(b, "</code><td class=\"n\">%.1f %%<td>explains %.0f %% of what the others leave<td>", 100 * c->share,
                   100 * c->worth);
    for (size_t k = 0; k < c->n_alike; k++) {
        nps_buf_puts(b, k ? ", " : "");
        nps_buf_put_xml(b, nps_report_name(lib, c->alike[k]));
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
                       nps_explain_decimals(mz), mz, 100 * (double)(below / base));
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

void nps_report_html_mixture(nps_buf *b, const nps_library *lib, const nps_mixture *m, const nps_spectrum *query, const char *today)
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

/* --- analogues -------------------------------------------------------------------------------------------------------------- */

static void html_analog(nps_buf *b, const nps_library *lib, const nps_analog *a, size_t rank, bool with_mass,
                        const nps_control_view *control)
{
    nps_buf_printf(b, "<tr><td>%zu<td>", rank);
    nps_buf_put_xml(b, nps_report_name(lib, a->substance));
    nps_buf_printf(b, "<td class=\"n\">%+.*f<td>", nps_explain_decimals(a->delta_mass), a->delta_mass);
    nps_buf_printf(b, "<strong>%s</strong>", a->n_formula ? nps_analog_formula(a) : "no common one");
    if (a->n_formula > 1) {
        nps_buf_puts(b, " or ");
        nps_report_put_changes(b, a, 1);
    }
    nps_buf_printf(b, "<td class=\"n\">%.4f<td class=\"n\">%.4f", a->score, a->plain);
    if (with_mass)
        nps_buf_puts(b, a->mass_agrees ? "<td>yes" : "<td>no");
    nps_buf_puts(b, "<td>");
    nps_report_put_carriers(b, a, " &#8594; ", 6);
    html_control(b, "<td>", lib, a->substance, control);
    nps_buf_puts(b, "</tr>");
}

void nps_report_html_analogs(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    if (!v->n_analogs)
        return;
    nps_buf_puts(b, "<h3>Resembles, moved by a mass</h3><p>");
    if (v->molecular_mass)
        nps_buf_printf(b, "Molecular mass of the unknown, estimated: %d, proposed by %u related substance%s and the query's "
                          "own heaviest peaks. Relatives that agree with it come first. ",
                       v->molecular_mass, v->mass_support, nps_report_plural(v->mass_support));
    nps_buf_printf(b, "The shift is query minus reference; the peaks that carry it are given as m/z of the reference &#8594; "
                      "m/z of the query.</p><table><tr><th>#<th>Name<th class=\"n\">Shift, Da<th>Likely change"
                      "<th class=\"n\">Score<th class=\"n\">Unmoved%s"
                      "<th>Peaks that carry it%s</tr>",
                   v->molecular_mass ? "<th>Agrees on mass" : "", v->control ? "<th>Control status" : "");
    for (size_t i = 0, told = 0; i < v->n_analogs && told < 5; i++) {
        if (!nps_control_passes(v->control, lib, v->analogs[i].substance))
            continue;
        html_analog(b, lib, &v->analogs[i], i + 1, v->molecular_mass != 0, v->control);
        told++;
    }
    nps_buf_puts(b, "</table>\n");
}

