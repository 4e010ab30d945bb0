/* Reads mzXML 2 and 3 (Pedrioli et al., Nat. Biotechnol. 22 (2004) 1459; schemas mzXML_2.0 to mzXML_3.2 of the
 * Seattle Proteome Center): scans, also nested in each other, their peaks as base64 of numbers in network byte order. The
 * index is not used. */
#include "spectra/ms_scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
    nps_ms_walk walk; /* first: the handlers get its address */
    nps_ms_source source;
    nps_ms_shape file_shape;
    char *model, *ionisation, *analyzer; /* owned, or NULL: of the first instrument */
    bool instrument_seen, in_instrument;
    bool counted; /* the scan at hand has its peaksCount */
    size_t content_from, content_line; /* of <peaks> or <precursorMz> */
    bool in_precursor, in_peaks;
} mzxml;

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* --- the instrument --------------------------------------------------------------------------------------------- */

static void keep_copy(mzxml *m, char **to, const char *value)
{
    nps_err err;
    if (*to || !value || !*value)
        return;
    if (!(*to = nps_strndup(value, strlen(value)))) {
        nps_fail_nomem(&err);
        nps_xml_fail(m->walk.xml, &err);
    }
}

static void on_instrument(mzxml *m, const char *name, const char *const *attr)
{
    const char *value = nps_xml_attr(attr, "value");
    if (is(name, "msModel"))
        keep_copy(m, &m->model, value);
    else if (is(name, "msMassAnalyzer"))
        keep_copy(m, &m->analyzer, value);
    else if (is(name, "msIonisation") && value && !m->ionisation) {
        keep_copy(m, &m->ionisation, value);
        if (strcasecmp(value, "EI") == 0 || strcasecmp(value, "electron ionization") == 0)
            m->source = NPS_MS_EI;
        else if (strcasecmp(value, "DART") == 0 || strcasestr(value, "direct analysis in real time"))
            m->source = NPS_MS_DART;
    }
}

/* --- scans ------------------------------------------------------------------------------------------------------ */

static bool is_true(const char *text)
{
    return is(text, "1") || is(text, "true");
}

static nps_ms_shape shape_of(const char *centroided)
{
    return !centroided ? NPS_MS_UNSAID : is_true(centroided) ? NPS_MS_CENTROID : NPS_MS_PROFILE;
}

/* A duration of XML Schema: PT12.3S, PT1M2.5S, P0Y0M0DT0H1M0S; years, months and days only if they are 0. */
static bool duration(const char *text, double *ret_s)
{
    static const char units[] = "YMDHMS";
    static const double seconds[] = {0, 0, 86400, 3600, 60, 1};
    const char *p = text, *end = text + strlen(text);
    size_t next = 0; /* unit that may come */
    double sum = 0, v;
    if (*p++ != 'P')
        return false;
    while (p < end) {
        if (*p == 'T' && next <= 3) {
            next = 3;
            p++;
            continue;
        }
        const char *q = nps_scan_number(p, end, &v);
        if (!q || q == end || v < 0)
            return false;
        const char *unit = strchr(units + next, *q);
        if (!unit || (next < 3 && unit - units >= 3) || (v > 0 && unit - units < 2))
            return false;
        next = (size_t)(unit - units) + 1;
        sum += v * seconds[unit - units];
        p = q + 1;
    }
    *ret_s = sum;
    return next > 0;
}

static void take_time(mzxml *m, const char *text)
{
    double t;
    if (duration(text, &t) && t >= 1e-6 && t <= 1e6)
        m->walk.current.s->retention_time_s = t;
    else
        nps_ms_add_meta(&m->walk, "retentionTime", text);
}

static void take_level(mzxml *m, const char *text)
{
    uint64_t level;
    if (nps_span_u64(nps_span_of(text), &level) && level >= 1 && level <= 100)
        m->walk.current.level = (unsigned)level;
    else
        nps_ms_refuse(&m->walk, NPS_E_FORMAT, "MS level '%s' is not in 1..100", nps_quote(text, strlen(text)).s);
}

static void take_scan_type(mzxml *m, const char *text)
{
    static const char *const foreign[] = {"SRM", "SIM", "MRM", "CRM"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strcasecmp(text, foreign[i]) == 0)
            nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "this is no mass spectrum to search but: %s scan", foreign[i]);
    if (strcasecmp(text, "full") != 0)
        nps_ms_add_meta(&m->walk, "scanType", text);
}

static void take_scan_attribute(mzxml *m, const char *name, const char *value)
{
    uint64_t n;
    nps_ms_scan *c = &m->walk.current;
    if (is(name, "num"))
        nps_ms_set_text(&m->walk, NPS_TEXT_ID, name, value);
    else if (is(name, "msLevel"))
        take_level(m, value);
    else if (is(name, "peaksCount")) {
        m->counted = true;
        if (nps_span_u64(nps_span_of(value), &n) && n <= SIZE_MAX / 2)
            c->mz.claim = 2 * (size_t)n;
        else
            nps_ms_refuse(&m->walk, NPS_E_FORMAT, "peaksCount '%s' is no count", nps_quote(value, strlen(value)).s);
    } else if (is(name, "polarity") && (value[0] == '+' || value[0] == '-'))
        c->s->polarity = value[0] == '+' ? 1 : -1;
    else if (is(name, "retentionTime"))
        take_time(m, value);
    else if (is(name, "collisionEnergy"))
        nps_ms_set_text(&m->walk, NPS_TEXT_ENERGY, name, value);
    else if (is(name, "centroided"))
        c->shape = shape_of(value);
    else if (is(name, "scanType"))
        take_scan_type(m, value);
    else
        nps_ms_add_meta(&m->walk, name, value);
}

static void describe_instrument(mzxml *m)
{
    if (m->model)
        nps_ms_set_text(&m->walk, NPS_TEXT_INSTRUMENT, "instrument", m->model);
    if (m->ionisation)
        nps_ms_set_text(&m->walk, NPS_TEXT_IONIZATION, "ionization", m->ionisation);
    if (m->analyzer)
        nps_ms_add_meta(&m->walk, "mass analyzer", m->analyzer);
    m->walk.current.source = m->source;
}

static void begin_scan(mzxml *m, const char *const *attr)
{
    m->in_peaks = m->in_precursor = m->counted = false;
    nps_ms_begin(&m->walk);
    if (!nps_ms_inside(&m->walk))
        return;
    m->walk.current.pairs = true;
    m->walk.current.shape = m->file_shape;
    for (; attr[0] && nps_ms_inside(&m->walk); attr += 2)
        take_scan_attribute(m, attr[0], attr[1]);
    describe_instrument(m);
}

static void begin_precursor(mzxml *m, const char *const *attr)
{
    m->in_precursor = true;
    m->content_from = nps_xml_behind(m->walk.xml);
    for (; attr[0]; attr += 2)
        nps_ms_add_meta(&m->walk, attr[0], attr[1]);
}

static void end_precursor(mzxml *m)
{
    nps_err err = {0};
    nps_span value = nps_xml_inner(m->walk.xml, m->content_from);
    while (value.n && strchr(" \t\r\n", value.p[0]) && value.p[0]) {
        value.p++;
        value.n--;
    }
    while (value.n && strchr(" \t\r\n", value.p[value.n - 1]) && value.p[value.n - 1])
        value.n--;
    if (nps_ms_inside(&m->walk))
        nps_ms_check(&m->walk, nps_spectrum_take_pair(m->walk.current.s, NPS_SPAN("precursor_mz"), value, &err), &err);
}

static void begin_peaks(mzxml *m, const char *const *attr)
{
    nps_ms_scan *c = &m->walk.current;
    const char *precision = nps_xml_attr(attr, "precision"), *order = nps_xml_attr(attr, "byteOrder");
    const char *content = nps_xml_attr(attr, "contentType"), *packing = nps_xml_attr(attr, "compressionType");
    content = content ? content : nps_xml_attr(attr, "pairOrder");
    if (!m->counted)
        nps_ms_refuse(&m->walk, NPS_E_FORMAT, "the scan does not state its peaksCount");
    if (c->has_mz)
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "the scan has its peaks in several arrays");
    if (order && !is(order, "network"))
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "byte order '%s' is not read here", nps_quote(order, strlen(order)).s);
    if (content && !is(content, "m/z-int"))
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "peaks of content '%s' are not read here",
                      nps_quote(content, strlen(content)).s);
    if (packing && !is(packing, "none") && !is(packing, "zlib"))
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "compression '%s' is not read here",
                      nps_quote(packing, strlen(packing)).s);
    if (precision && !is(precision, "32") && !is(precision, "64"))
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "precision '%s' is not read here",
                      nps_quote(precision, strlen(precision)).s);
    /* The schema's own default. */
    c->mz.type = precision && is(precision, "64") ? NPS_NUMBER_F64 : NPS_NUMBER_F32;
    c->mz.zlib = packing && is(packing, "zlib");
    c->mz.big_endian = true;
    m->in_peaks = true;
    m->content_from = nps_xml_behind(m->walk.xml);
    /* The attributes often stand on lines of their own. */
    size_t tag = nps_xml_offset(m->walk.xml);
    m->content_line = nps_xml_line(m->walk.xml);
    for (const char *p = m->walk.r->scan.start + tag; p < m->walk.r->scan.start + m->content_from; p++)
        m->content_line += *p == '\n';
}

static void end_peaks(mzxml *m)
{
    nps_ms_array *a = &m->walk.current.mz;
    a->text = nps_xml_inner(m->walk.xml, m->content_from);
    a->offset = m->content_from;
    a->line = m->content_line;
    /* Some writers give a scan without peaks one pair of zeros. */
    m->walk.current.has_mz = m->walk.current.has_intensity = a->claim > 0;
}

/* --- tags ------------------------------------------------------------------------------------------------------- */

static void mzxml_start(void *user, nps_xml *x, const char *name, const char *const *attr)
{
    (void)x;
    mzxml *m = user;
    bool inside = nps_ms_inside(&m->walk);
    if (is(name, "scan"))
        begin_scan(m, attr);
    else if (is(name, "msInstrument")) {
        m->in_instrument = !m->instrument_seen;
        m->instrument_seen = true;
    } else if (m->in_instrument)
        on_instrument(m, name, attr);
    else if (is(name, "dataProcessing") && m->file_shape == NPS_MS_UNSAID)
        m->file_shape = shape_of(nps_xml_attr(attr, "centroided"));
    else if (inside && is(name, "precursorMz"))
        begin_precursor(m, attr);
    else if (inside && is(name, "peaks"))
        begin_peaks(m, attr);
    else if (inside && is(name, "nameValue") && nps_xml_attr(attr, "name") && nps_xml_attr(attr, "value"))
        nps_ms_add_meta(&m->walk, nps_xml_attr(attr, "name"), nps_xml_attr(attr, "value"));
}

static void mzxml_end(void *user, nps_xml *x, const char *name)
{
    (void)x;
    mzxml *m = user;
    if (is(name, "scan"))
        nps_ms_end(&m->walk);
    else if (is(name, "msInstrument"))
        m->in_instrument = false;
    else if (is(name, "precursorMz") && m->in_precursor) {
        m->in_precursor = false;
        end_precursor(m);
    } else if (is(name, "peaks") && m->in_peaks) {
        m->in_peaks = false;
        if (nps_ms_inside(&m->walk))
            end_peaks(m);
    }
}

/* --- the format ------------------------------------------------------------------------------------------------- */

static nps_status mzxml_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    static const nps_xml_handlers handlers = {.start = mzxml_start, .end = mzxml_end};
    return nps_ms_next(r, sizeof(mzxml), &handlers, ret_spectrum, err);
}

static void mzxml_done(nps_reader *r)
{
    mzxml *m = r->state;
    if (!m)
        return;
    nps_ms_done(&m->walk);
    free(m->model);
    free(m->ionisation);
    free(m->analyzer);
    free(m);
}

static int mzxml_sniff(nps_span head)
{
    nps_span root = nps_ms_root(head);
    return nps_span_is(root, "mzXML") || nps_span_is(root, "msRun") ? 100 : 0;
}

const nps_format nps_format_mzxml = {
    .name = "mzxml", .sniff = mzxml_sniff, .next = mzxml_next, .done = mzxml_done, .xml = true};
