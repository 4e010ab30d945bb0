/* Reads mzML 0.99 to 1.1, plain and indexed (Martens et al., Mol. Cell. Proteomics 10 (2011) R110.000133; terms by their
 * accessions in the PSI-MS controlled vocabulary). The index is not used, chromatograms are passed over, and a spectrum
 * that is no mass spectrum is refused by name. */
#include "spectra/mzml_params.h"

#include <stdlib.h>
#include <string.h>

/* Of an isolation window around one precursor and its isotopes. */
static const double ISOLATION_WIDTH_MAX_MZ = 10;

static const struct {
    const char *name;
    nps_mzml_place place;
} places[] = {
    {"spectrum", MZML_SPECTRUM},
    {"spectrumDescription", MZML_SPECTRUM},
    {"scan", MZML_SCAN},
    {"scanWindow", MZML_SCAN_WINDOW},
    {"selectionWindow", MZML_SCAN_WINDOW},
    {"isolationWindow", MZML_ISOLATION},
    {"precursor", MZML_PRECURSOR},
    {"selectedIon", MZML_SELECTED_ION},
    {"ionSelection", MZML_SELECTED_ION},
    {"activation", MZML_ACTIVATION},
    {"binaryDataArray", MZML_ARRAY},
    {"fileContent", MZML_FILE_CONTENT},
    {"referenceableParamGroup", MZML_GROUP},
    {"instrumentConfiguration", MZML_INSTRUMENT},
    {"instrument", MZML_INSTRUMENT},
    {"source", MZML_SOURCE},
    {"analyzer", MZML_ANALYZER},
};

static nps_mzml_place place_of(const char *name)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(name, places[i].name) == 0)
            return places[i].place;
    return MZML_ELSEWHERE;
}

static const char *attr_or_empty(const char *const *attr, const char *name)
{
    const char *value = nps_xml_attr(attr, name);
    return value ? value : "";
}

static bool count_attr(nps_mzml *m, const char *const *attr, const char *name, size_t *ret_n)
{
    uint64_t n;
    const char *text = nps_xml_attr(attr, name);
    if (!text)
        return false;
    if (!nps_span_u64(nps_span_of(text), &n) || n > SIZE_MAX)
        nps_ms_refuse(&m->walk, NPS_E_FORMAT, "%s '%s' is no count", name, nps_quote(text, strlen(text)).s);
    else
        *ret_n = (size_t)n;
    return true;
}

/* --- spectra and arrays ----------------------------------------------------------------------------------------- */

static void begin_spectrum(nps_mzml *m, const char *const *attr)
{
    nps_ms_begin(&m->walk);
    m->scans = m->precursors = m->ions = m->length = 0;
    m->isolated_mz = m->isolated_width_mz = 0;
    m->scans_precursors = false;
    nps_mzml_use_instrument(m, NULL);
    if (!nps_ms_inside(&m->walk))
        return;
    m->walk.current.shape = m->file_shape;
    nps_ms_set_text(&m->walk, NPS_TEXT_ID, "id", attr_or_empty(attr, "id"));
    count_attr(m, attr, "defaultArrayLength", &m->length);
    /* Version 0.99 had it here. */
    const char *level = nps_xml_attr(attr, "msLevel");
    if (level)
        nps_mzml_take_level(m, level);
}

static void end_spectrum(nps_mzml *m)
{
    nps_ms_scan *c = &m->walk.current;
    if (!nps_ms_inside(&m->walk))
        return;
    nps_mzml_describe_instrument(m);
    /* Some programs name only the window. A wide one, as of SWATH and all-ion scans, chooses no precursor. */
    if (!(c->s->precursor_mz > 0) && m->isolated_mz >= 1e-3 && m->isolated_mz <= 1e6 &&
        m->isolated_width_mz <= ISOLATION_WIDTH_MAX_MZ)
        c->s->precursor_mz = m->isolated_mz;
    /* ChromaTOF calls so its spectra without fragmentation, of MS level 1. */
    if (m->scans_precursors && (c->level != 1 || c->s->precursor_mz > 0))
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "this is no mass spectrum to search but: precursor ion spectrum");
    if (m->length && !c->has_mz && !c->has_intensity)
        nps_ms_refuse(&m->walk, NPS_E_FORMAT, "the spectrum states %zu points and has no arrays", m->length);
}

static void begin_array(nps_mzml *m, const char *const *attr)
{
    m->array = (nps_mzml_array){.a.claim = m->length};
    count_attr(m, attr, "arrayLength", &m->array.a.claim);
}

static void keep_array(nps_mzml *m, nps_ms_array *to, bool *has, const char *what)
{
    if (*has)
        nps_ms_refuse(&m->walk, NPS_E_FORMAT, "the spectrum has two %s arrays", what);
    else if (!m->array.packing_said)
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "the %s array does not say whether and how it is compressed", what);
    *to = m->array.a;
    *has = true;
}

static void end_array(nps_mzml *m)
{
    nps_ms_scan *c = &m->walk.current;
    if (!nps_ms_inside(&m->walk))
        return;
    switch (m->array.kind) {
    case MZML_ARRAY_MZ: keep_array(m, &c->mz, &c->has_mz, "m/z"); break;
    case MZML_ARRAY_INTENSITY: keep_array(m, &c->intensity, &c->has_intensity, "intensity"); break;
    case MZML_ARRAY_OTHER: break;
    case MZML_ARRAY_UNSAID:
        nps_ms_refuse(&m->walk, NPS_E_UNSUPPORTED, "an array of the spectrum does not say whether it is m/z or intensity");
    }
}

static void begin_binary(nps_mzml *m)
{
    m->binary_from = nps_xml_behind(m->walk.xml);
}

static void end_binary(nps_mzml *m)
{
    m->array.a.text = nps_xml_inner(m->walk.xml, m->binary_from);
    m->array.a.offset = m->binary_from;
    /* Of the closing tag, set back by the line ends inside. */
    size_t line = nps_xml_line(m->walk.xml);
    for (const char *p = m->array.a.text.p, *end = p + m->array.a.text.n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        line--;
    m->array.a.line = line;
}

/* --- tags ------------------------------------------------------------------------------------------------------- */

static void on_param(nps_mzml *m, const char *const *attr, bool user)
{
    nps_mzml_param p = {.accession = user ? "" : attr_or_empty(attr, "accession"),
                        .name = attr_or_empty(attr, "name"),
                        .value = attr_or_empty(attr, "value"),
                        .unit_accession = attr_or_empty(attr, "unitAccession"),
                        .unit_name = attr_or_empty(attr, "unitName")};
    nps_mzml_take_param(m, m->place[nps_xml_depth(m->walk.xml) - 1], &p);
}

static void on_other(nps_mzml *m, const char *name, const char *const *attr)
{
    if (strcmp(name, "chromatogram") == 0)
        m->walk.chromatograms++;
    else if (strcmp(name, "run") == 0)
        nps_mzml_set_default_instrument(m, attr);
}

static void mzml_start(void *user, nps_xml *x, const char *name, const char *const *attr)
{
    nps_mzml *m = user;
    size_t depth = nps_xml_depth(x);
    bool inside = nps_ms_inside(&m->walk);
    m->place[depth] = m->place[depth - 1];
    if (strcmp(name, "cvParam") == 0 || strcmp(name, "userParam") == 0) {
        on_param(m, attr, name[0] == 'u');
        return;
    }
    if (strcmp(name, "referenceableParamGroupRef") == 0 || strcmp(name, "paramGroupRef") == 0) {
        nps_mzml_take_group(m, m->place[depth - 1], attr_or_empty(attr, "ref"));
        return;
    }
    if (strcmp(name, "binary") == 0) {
        begin_binary(m);
        return;
    }
    nps_mzml_place place = m->place[depth] = place_of(name);
    if (place == MZML_ELSEWHERE)
        on_other(m, name, attr);
    else if (place == MZML_SPECTRUM && strcmp(name, "spectrum") == 0)
        begin_spectrum(m, attr);
    else if (place == MZML_GROUP)
        nps_mzml_begin_group(m, attr_or_empty(attr, "id"));
    else if (place == MZML_INSTRUMENT)
        nps_mzml_begin_instrument(m, attr_or_empty(attr, "id"));
    else if (place == MZML_ARRAY && inside)
        begin_array(m, attr);
    else if (place == MZML_SCAN && inside && ++m->scans == 1)
        nps_mzml_use_instrument(m, attr);
    else if (place == MZML_PRECURSOR)
        m->precursors++;
    else if (place == MZML_SELECTED_ION)
        m->ions++;
}

static void mzml_end(void *user, nps_xml *x, const char *name)
{
    nps_mzml *m = user;
    nps_mzml_place place = m->place[nps_xml_depth(x)];
    if (place == MZML_ARRAY && strcmp(name, "binary") == 0 && nps_ms_inside(&m->walk))
        end_binary(m);
    else if (place == MZML_ARRAY && strcmp(name, "binaryDataArray") == 0)
        end_array(m);
    else if (strcmp(name, "spectrum") == 0) {
        end_spectrum(m);
        nps_ms_end(&m->walk);
    }
}

/* --- the format ------------------------------------------------------------------------------------------------- */

static nps_status mzml_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    static const nps_xml_handlers handlers = {.start = mzml_start, .end = mzml_end};
    return nps_ms_next(r, sizeof(nps_mzml), &handlers, ret_spectrum, err);
}

static void mzml_done(nps_reader *r)
{
    nps_mzml *m = r->state;
    if (!m)
        return;
    nps_ms_done(&m->walk);
    nps_mzml_params_done(m);
    free(m);
}

static int mzml_sniff(nps_span head)
{
    nps_span root = nps_ms_root(head);
    return nps_span_is(root, "mzML") || nps_span_is(root, "indexedmzML") ? 100 : 0;
}

const nps_format nps_format_mzml = {
    .name = "mzml", .sniff = mzml_sniff, .next = mzml_next, .done = mzml_done, .xml = true};
