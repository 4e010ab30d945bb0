#include "service/report.h"

#include "service/control_text.h"
#include "service/explain.h"
#include "service/report_impl.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the error rate of an answer rests on. */
typedef struct {
    double alpha;
    nps_calibration_source calibration;
    unsigned doubts; /* NPS_DOUBT_* bits */
} basis;

static void put_error_rate(nps_buf *b, const nps_library *lib, nps_outcome outcome, basis on)
{
    if (outcome != NPS_UNUSABLE && on.calibration == NPS_CALIBRATION_NONE)
        nps_buf_puts(b, " No error rate can be stated: there are no replicates, compared in this way, to calibrate on.");
    else if (outcome == NPS_NOVEL)
        nps_buf_printf(b, " A substance that is in the library gets this answer in at most %.3g %% of cases.", 100 * on.alpha);
    else if (outcome != NPS_UNUSABLE)
        nps_buf_printf(b, " A substance of the library is missing from such a set in at most %.3g %% of cases.",
                       100 * on.alpha);
    if (outcome != NPS_UNUSABLE && on.doubts) {
        nps_buf_putc(b, ' ');
        nps_explain_doubts(b, on.doubts);
    }
    if (lib->generated)
        nps_buf_puts(b, " The library is generated, not measured: this is a demonstration, not casework.");
}

/* What is said of an outcome; one technique alone is presumptive. */
static void put_statement(nps_buf *b, const nps_library *lib, nps_outcome outcome, const nps_member *set, size_t n_set, basis on)
{
    switch (outcome) {
    case NPS_IDENTIFIED:
        nps_buf_printf(b, "Presumptive: %s is the only substance of this library that fits.",
                       nps_report_name(lib, set[0].substance));
        break;
    case NPS_AMBIGUOUS:
        nps_buf_printf(b, "Presumptive: one of %zu substances that this measurement cannot tell apart.", n_set);
        break;
    case NPS_NOVEL: nps_buf_puts(b, "Nothing in this library fits: the substance may be new to it."); break;
    case NPS_UNUSABLE: nps_buf_puts(b, "The measurement is too poor for a verdict."); break;
    }
    put_error_rate(b, lib, outcome, on);
}

/* Words set off by blanks, in lines of at most 100 columns that begin with `indent` blanks. A number keeps its "%". */
static void put_wrapped(nps_buf *b, size_t indent, const char *words)
{
    enum { COLUMNS = 100 };
    size_t column = 0;
    while (*words) {
        size_t n = strcspn(words, " ");
        if (words[n] == ' ' && words[n + 1] == '%')
            n += 1 + strcspn(words + n + 1, " ");
        if (column && column + 1 + n > COLUMNS) {
            nps_buf_putc(b, '\n');
            column = 0;
        }
        nps_buf_printf(b, "%*s%.*s", column ? 1 : (int)indent, "", (int)n, words);
        column += n + (column ? 1 : indent);
        words += n;
        words += strspn(words, " ");
    }
    nps_buf_putc(b, '\n');
}

/* What the control tables say of a substance, as a paragraph. */
static void text_control(nps_buf *b, const nps_library *lib, uint32_t substance, const nps_control_view *view, size_t indent)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 16);
    if (!view)
        return;
    nps_buf_puts(&text, "control: ");
    nps_control_put_cell(&text, view, lib, substance);
    nps_buf_fail_with(b, &text);
    put_wrapped(b, indent, text.data ? text.data : "");
}

static void text_control_statement(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n, uint32_t class_name,
                                   const nps_control_view *view)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    if (!view)
        return;
    nps_control_put_statement(&text, view, lib, set, n, class_name);
    if (view->filter) {
        nps_buf_putc(&text, ' ');
        nps_control_put_filter(&text, view);
    }
    nps_buf_fail_with(b, &text);
    put_wrapped(b, 2, text.data ? text.data : "");
}

void nps_report_reading(const nps_verdict *v, nps_report_line_fn *line, void *arg)
{
    for (unsigned bit = 1; bit && bit <= v->quality; bit <<= 1)
        if (v->quality & bit)
            line(arg, "quality", nps_quality_text((nps_quality_bit)bit));
    for (nps_repair r = 0; r < NPS_REPAIR_COUNT; r++) {
        NPS_AUTO_BUF text = NPS_BUF_INIT(200);
        nps_repair_text(&text, r, v->repairs[r]);
        if (v->repairs[r])
            line(arg, "repaired", text.data ? text.data : "");
    }
}

void nps_report_preparation(const nps_verdict *v, nps_report_line_fn *line, void *arg)
{
    char moved[80];
    if (nps_technique_is_mass(v->technique))
        return;
    nps_trace_prep_describe(&v->trace_prep, line, arg);
    snprintf(moved, sizeof moved, "the query may be moved by up to %g 1/cm either way", v->max_lag_cm1);
    if (v->max_lag_cm1 >= NPS_IR_GRID_DX)
        line(arg, "max_lag", moved);
}

static void text_set(nps_buf *b, const nps_library *lib, const nps_member *set, size_t n, const nps_control_view *control)
{
    for (size_t i = 0; i < n && i < 20; i++) {
        nps_buf_printf(b, "    %5.1f %%  %s  %s\n", 100 * set[i].p, nps_report_name(lib, set[i].substance),
                       nps_library_text(lib, lib->sub_inchikey[set[i].substance]));
        text_control(b, lib, set[i].substance, control, 14);
    }
    if (n > 20)
        nps_buf_printf(b, "    ... and %zu more\n", n - 20);
}

void nps_report_put_carriers(nps_buf *b, const nps_analog *a, const char *arrow, size_t most)
{
    if (!a->n_pair)
        nps_buf_puts(b, a->shifted ? "not shown" : "none");
    for (size_t i = 0; i < a->n_pair && i < most; i++) {
        double q = a->pair[i].query_mz, r = a->pair[i].reference_mz;
        int digits = nps_explain_decimals(q) || nps_explain_decimals(r) ? 3 : 0;
        nps_buf_printf(b, "%s%.*f%s%.*f", i ? ", " : "", digits, r, arrow, digits, q);
    }
}

void nps_report_put_changes(nps_buf *b, const nps_analog *a, size_t first)
{
    for (size_t i = first; i < a->n_formula; i++)
        nps_buf_printf(b, "%s%s", i == first ? "" : " or ", a->formula[i].text);
}

static void text_analog(nps_buf *b, const nps_library *lib, const nps_analog *a, size_t rank)
{
    nps_buf_printf(b, "    %2zu  %.4f %c%+9.*f Da  %-16s %s\n", rank, a->score, a->mass_agrees ? '=' : ' ',
                   nps_explain_decimals(a->delta_mass), a->delta_mass, nps_analog_formula(a), nps_report_name(lib, a->substance));
    if (a->n_formula > 1) {
        nps_buf_puts(b, "        or ");
        nps_report_put_changes(b, a, 1);
        nps_buf_putc(b, '\n');
    }
    nps_buf_puts(b, a->n_pair ? "        carried by " : "        carrying peaks: ");
    nps_report_put_carriers(b, a, " -> ", a->n_pair && nps_explain_decimals(a->pair[0].query_mz) ? 3 : 5); /* within 100 columns */
    nps_buf_putc(b, '\n');
}

static void text_analogs(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    if (!v->n_analogs)
        return;
    nps_buf_puts(b, "  resembles, moved by a mass (query minus reference; peaks: m/z of reference -> of query):\n");
    if (v->molecular_mass)
        nps_buf_printf(b, "    molecular mass of the unknown, estimated: %d (proposed by %u substance%s; = agrees)\n",
                       v->molecular_mass, v->mass_support, nps_report_plural(v->mass_support));
    for (size_t i = 0, told = 0; i < v->n_analogs && told < 5; i++) {
        if (!nps_control_passes(v->control, lib, v->analogs[i].substance))
            continue;
        text_analog(b, lib, &v->analogs[i], i + 1);
        text_control(b, lib, v->analogs[i].substance, v->control, 8);
        told++;
    }
}

void nps_report_mixture_statement(nps_buf *b, const nps_library *lib, const nps_mixture *m)
{
    if (m->n < 2) {
        if (m->n)
            nps_buf_printf(b, "No mixture was found: %s alone explains %.0f %% of the signal, and nothing more is worth it.",
                           nps_report_name(lib, m->component[0].substance), 100 * m->explained);
        else
            nps_buf_puts(b, "No mixture was found: nothing of the library explains any of the signal.");
        return;
    }
    nps_buf_puts(b, "It may be a mixture: ");
    for (size_t i = 0; i < m->n; i++)
        nps_buf_printf(b, "%s%s (%.0f %%)", !i ? "" : i + 1 == m->n ? " and " : ", ",
                       nps_report_name(lib, m->component[i].substance), 100 * m->component[i].share);
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
                       nps_report_name(lib, c->substance), 100 * c->worth);
        for (size_t k = 0; k < c->n_alike; k++)
            nps_buf_printf(b, "%s%s%s", k ? ", " : "        nearly as well: ", nps_report_name(lib, c->alike[k]),
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
    put_statement(b, lib, v->outcome, v->set, v->n_set, (basis){v->alpha, v->calibration, v->doubts});
    if (v->mixture) {
        nps_buf_puts(b, " This takes the sample for one substance. ");
        nps_report_mixture_statement(b, lib, v->mixture);
    }
}

/* A sentence of explain.h as a paragraph. */
static void put_paragraph(nps_buf *b, size_t indent, nps_buf *sentence)
{
    nps_buf_fail_with(b, sentence);
    if (sentence->len)
        put_wrapped(b, indent, sentence->data);
    nps_buf_clear(sentence);
}

static void text_hits(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF why = NPS_BUF_INIT((size_t)1 << 20);
    bool mass = nps_technique_is_mass(v->technique);
    if (v->n_hits)
        nps_buf_puts(b, mass ? "  hits: evidence score reverse explained  name\n"
                             : "  hits: evidence score  compared, 1/cm  moved  name\n");
    for (size_t i = 0; i < v->n_hits; i++) {
        const nps_hit *h = &v->hits[i];
        if (!nps_control_passes(v->control, lib, h->substance))
            continue;
        nps_buf_printf(b, "    %2zu  %+7.2f  %.4f  ", i + 1, h->evidence, h->score);
        if (mass)
            nps_buf_printf(b, "%.4f    %.3f    ", h->reverse, h->explained);
        else
            nps_buf_printf(b, "%4.0f to %4.0f   %+5.0f  ", h->first_cm1, h->last_cm1, h->moved_cm1);
        nps_buf_printf(b, "%s\n", nps_report_name(lib, h->substance));
        nps_explain_hit(&why, lib, v, i);
        put_paragraph(b, 8, &why);
        text_control(b, lib, h->substance, v->control, 8);
    }
}

/* What is left of the query, how blind the library is, what would help. */
static void text_context(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    NPS_AUTO_BUF text = NPS_BUF_INIT((size_t)1 << 20);
    nps_explain_unexplained(&text, lib, v);
    put_paragraph(b, 2, &text);
    nps_explain_blindness(&text, lib, v);
    put_paragraph(b, 2, &text);
    for (size_t i = 0; i < v->n_advice; i++) {
        nps_explain_advice(&text, v, i);
        put_paragraph(b, 2, &text);
    }
}

static void text_line(void *arg, const char *key, const char *sentence)
{
    nps_buf_printf(arg, "  %s: %s\n", key, sentence);
}

static void text_step(void *arg, const char *key, const char *sentence)
{
    (void)key;
    text_line(arg, "prepared", sentence);
}

static void text_basis(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    nps_buf_printf(b, "  library %s, generation %.12s, ruleset %d; calibrated ", lib->name, lib->generation, NPS_RULESET);
    nps_explain_basis(b, v);
    nps_buf_putc(b, '\n');
}

void nps_report_text(nps_buf *b, const nps_library *lib, const nps_verdict *v, const char *query)
{
    nps_buf_printf(b, "%s (%s): %s\n", *query ? query : "unnamed spectrum", nps_technique_name(v->technique),
                   nps_explain_headline(v->outcome, false));
    nps_buf_puts(b, "  ");
    nps_report_verdict_statement(b, lib, v);
    nps_buf_putc(b, '\n');
    nps_report_reading(v, text_line, b);
    if (v->n_set) {
        nps_buf_puts(b, "  set:\n");
        text_set(b, lib, v->set, v->n_set, v->control);
    }
    text_control_statement(b, lib, v->set, v->n_set, v->n_classes ? v->classes[0].class_name : 0, v->control);
    text_hits(b, lib, v);
    text_analogs(b, lib, v);
    for (size_t i = 0; i < v->n_classes && i < 3; i++)
        nps_buf_printf(b, "  class: %s %.0f %%\n", nps_library_text(lib, v->classes[i].class_name),
                       100 * v->classes[i].p);
    if (v->mixture) {
        nps_buf_puts(b, "  mixture:\n");
        nps_report_mixture_text(b, lib, v->mixture);
    }
    text_context(b, lib, v);
    nps_report_preparation(v, text_step, b);
    text_basis(b, lib, v);
}

void nps_report_sample_statement(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v)
{
    basis on = {v->alpha, NPS_CALIBRATION_LIBRARY, 0};
    if (v->outcome == NPS_UNUSABLE) {
        nps_buf_puts(b, v->n_spectra == 1 ? "" : "No spectrum of this sample gives a verdict. ");
        nps_report_verdict_statement(b, lib, v->spectra[0]);
        return;
    }
    for (size_t i = 0; i < v->n_spectra; i++) {
        const nps_verdict *one = v->spectra[i];
        if (one->outcome == NPS_UNUSABLE)
            continue;
        on.doubts |= one->doubts;
        on.calibration = one->calibration == NPS_CALIBRATION_NONE ? NPS_CALIBRATION_NONE : on.calibration;
    }
    if (v->conflict)
        nps_buf_puts(b, "The spectra contradict each other: each fits something in this library, but no substance fits "
                        "them all. A mixture, or spectra of different samples.");
    else if (v->minimum_scheme) {
        nps_buf_printf(b, "%s is the only substance of this library that fits, by", nps_report_name(lib, v->set[0].substance));
        for (unsigned bit = 1, first = 1; bit <= NPS_SUPPORT_RETENTION; bit <<= 1)
            if (v->support & bit) {
                nps_buf_printf(b, "%s %s", first ? "" : " and", nps_support_name(bit));
                first = 0;
            }
        nps_buf_puts(b, ": the minimum scheme of SWGDRUG and ASTM E2329 is met.");
        put_error_rate(b, lib, v->outcome, on);
    } else {
        put_statement(b, lib, v->outcome, v->set, v->n_set, on);
    }
    size_t mixed = 0;
    for (size_t i = 0; i < v->n_spectra; i++)
        mixed += v->spectra[i]->mixture != NULL;
    if (mixed)
        nps_buf_printf(b, " This takes the sample for one substance, but %zu of %zu spectra may be of a mixture.", mixed,
                       v->n_spectra);
}

static void text_candidates(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v)
{
    NPS_AUTO_BUF why = NPS_BUF_INIT((size_t)1 << 16);
    uint32_t candidate[NPS_EXPLAIN_CANDIDATES];
    size_t n = nps_explain_candidates(v, candidate);
    nps_buf_puts(b, n ? "  candidates:\n" : "");
    for (size_t i = 0; i < n; i++) {
        nps_buf_printf(b, "    %s\n", nps_report_name(lib, candidate[i]));
        nps_explain_candidate(&why, lib, v, candidate[i]);
        put_paragraph(b, 8, &why);
    }
}

const char *nps_report_title(const nps_spectrum *s)
{
    return s->text[NPS_TEXT_NAME] ? s->text[NPS_TEXT_NAME] : s->text[NPS_TEXT_ID] ? s->text[NPS_TEXT_ID] : "";
}

void nps_report_sample_text(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v,
                            const nps_spectrum *const *spectra)
{
    nps_buf_printf(b, "sample of %zu spectra: %s\n", v->n_spectra, nps_explain_headline(v->outcome, v->minimum_scheme));
    nps_buf_puts(b, "  ");
    nps_report_sample_statement(b, lib, v);
    nps_buf_putc(b, '\n');
    text_set(b, lib, v->set, v->n_set, v->control);
    text_control_statement(b, lib, v->set, v->n_set, nps_control_class_of(v), v->control);
    text_candidates(b, lib, v);
    nps_buf_printf(b, "  SWGDRUG / ASTM E2329 minimum: %s%s%s\n\n", v->minimum_scheme ? "met" : "not met",
                   *v->missing ? "; missing: " : "", v->missing);
    for (size_t i = 0; i < v->n_spectra; i++) {
        nps_report_text(b, lib, v->spectra[i], nps_report_title(spectra[i]));
        nps_buf_putc(b, '\n');
    }
}
