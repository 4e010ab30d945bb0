/* Reads mzSpecLib text, the spectral library format of HUPO-PSI: each <Spectrum=...> is a record.
 *
 * Attributes that have a field fill it, others become metadata under their name, with their unit. What attribute sets
 * of the header say holds for records that claim the set, or for all ("all"), unless something nearer says it. Fields
 * are of the first analyte; further ones stay metadata. Clusters are passed over: they hold no spectrum. */
#include "spectra/mzspeclib_fields.h"
#include "spectra/read_impl.h"

#include "core/mem.h"

#include <stdlib.h>

typedef nps_mzspeclib_attribute attribute;

typedef struct {
    bool past_header;
    nps_mzspeclib_library lib;
} walk;

typedef struct {
    nps_reader *r;
    nps_spectrum *s;
    nps_mzspeclib_library *lib;
    nps_mzspeclib_section section;
    nps_mzspeclib_said said;
    bool had_peaks;
    size_t seen; /* peaks */
} record;

static nps_status fail_line(nps_reader *r, nps_span line, nps_err *err)
{
    if (line.p[0] == '<')
        return NPS_FAIL_LINE(r, err, NPS_E_FORMAT, line.p, "the section '%s' is unknown", nps_quote(line.p, line.n).s);
    return NPS_FAIL_LINE(r, err, NPS_E_FORMAT, line.p,
                         "neither an attribute (ACCESSION|name=value) nor a section: '%s'",
                         nps_quote(line.p, line.n).s);
}

static bool is_tag_of(nps_span line, nps_mzspeclib_section section)
{
    nps_mzspeclib_tag tag;
    return nps_mzspeclib_parse_tag(line, &tag) && !tag.is_set && tag.section == section;
}

/* To before the next <Spectrum=...> or the end. */
static void skip_to_spectrum(nps_reader *r)
{
    nps_span line;
    for (nps_scan mark = r->scan; nps_scan_line(&r->scan, &line); mark = r->scan)
        if (is_tag_of(nps_span_trim(line), NPS_MZSPECLIB_SPECTRUM)) {
            r->scan = mark;
            return;
        }
}

static nps_status add_set(nps_reader *r, nps_mzspeclib_library *lib, nps_mzspeclib_section section, nps_span name,
                          nps_err *err)
{
    if (lib->n_set == NPS_MZSPECLIB_SET_MAX)
        return NPS_FAIL_LINE(r, err, NPS_E_LIMIT, name.p, "more than %d attribute sets", NPS_MZSPECLIB_SET_MAX - 1);
    lib->set[lib->n_set++] = (nps_mzspeclib_set){.section = section, .name = name, .first = lib->n_set_attribute};
    return NPS_OK;
}

static nps_status take_header_line(nps_reader *r, nps_mzspeclib_library *lib, nps_span line, nps_err *err)
{
    nps_mzspeclib_tag tag;
    if (nps_mzspeclib_parse_tag(line, &tag) && tag.is_set)
        return add_set(r, lib, tag.section, tag.key, err);
    attribute a;
    if (!nps_mzspeclib_parse_attribute(line, &a))
        return fail_line(r, line, err);
    if (lib->n_set_attribute == NPS_MZSPECLIB_SET_ATTRIBUTE_MAX)
        return NPS_FAIL_LINE(r, err, NPS_E_LIMIT, line.p, "more than %d attributes before the first spectrum",
                             NPS_MZSPECLIB_SET_ATTRIBUTE_MAX);
    nps_mzspeclib_set *set = &lib->set[lib->n_set - 1];
    a.section = set->section;
    a.number = 1;
    lib->set_attribute[lib->n_set_attribute++] = a;
    set->n++;
    return NPS_OK;
}

/* From <mzSpecLib> to before the first spectrum or cluster. */
static nps_status read_header(nps_reader *r, nps_mzspeclib_library *lib, nps_err *err)
{
    nps_span line;
    bool any = nps_reader_skip_blank(r);
    nps_status st = nps_reader_line(r, &line, &any, err);
    if (st != NPS_OK || !any)
        return st;
    if (!is_tag_of(nps_span_trim(line), NPS_MZSPECLIB_LIBRARY))
        return NPS_FAIL_LINE(r, err, NPS_E_FORMAT, line.p, "the text does not begin with <mzSpecLib>");
    st = add_set(r, lib, NPS_MZSPECLIB_LIBRARY, line, err);
    while (st == NPS_OK) {
        nps_scan mark = r->scan;
        if ((st = nps_reader_line(r, &line, &any, err)) != NPS_OK || !any)
            break;
        line = nps_span_trim(line);
        if (is_tag_of(line, NPS_MZSPECLIB_SPECTRUM) || is_tag_of(line, NPS_MZSPECLIB_CLUSTER)) {
            r->scan = mark;
            break;
        }
        if (line.n)
            st = take_header_line(r, lib, line, err);
    }
    return st;
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static nps_status take_peak(record *c, nps_span line, nps_err *err)
{
    const char *end = line.p + line.n, *q;
    double mz, intensity;
    const char *p = nps_scan_number(line.p, end, &mz);
    if (!p || (p < end && *p != ' ' && *p != '\t'))
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, line.p, "m/z expected instead of '%s'",
                             nps_quote(line.p, line.n).s);
    p = skip_blanks(p, end);
    if (p == end)
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, p, "no intensity stands behind the m/z");
    q = nps_scan_number(p, end, &intensity);
    if (!q || (q < end && *q != ' ' && *q != '\t'))
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, p, "intensity expected instead of '%s'",
                             nps_quote(p, (size_t)(end - p)).s);
    q = skip_blanks(q, end);
    nps_span note = {q, (size_t)(end - q)};
    /* '?' says that nobody knows the fragment. */
    if (nps_span_is(note, "?"))
        note.n = 0;
    c->seen++;
    nps_status st = nps_spectrum_push_peak(c->s, mz, intensity, note, c->r->limits.max_points, err);
    return nps_reader_place(c->r, err, st, line.p);
}

static nps_status take_attribute(record *c, nps_span line, nps_err *err)
{
    attribute a;
    nps_mzspeclib_library *lib = c->lib;
    if (!nps_mzspeclib_parse_attribute(line, &a))
        return fail_line(c->r, line, err);
    a.section = c->section;
    a.number = c->section == NPS_MZSPECLIB_SPECTRUM  ? 1
               : c->section == NPS_MZSPECLIB_ANALYTE ? c->said.n_analyte
                                                     : c->said.n_interpretation;
    nps_status st =
        nps_grow(&lib->own, &lib->cap_own, lib->n_own + 1, sizeof *lib->own, NPS_MZSPECLIB_ATTRIBUTE_MAX, NULL);
    if (st == NPS_E_LIMIT)
        return NPS_FAIL_LINE(c->r, err, st, line.p, "more than %d attributes in one spectrum",
                             NPS_MZSPECLIB_ATTRIBUTE_MAX);
    if (st != NPS_OK)
        return nps_reader_place(c->r, err, nps_fail_nomem(err), line.p);
    lib->own[lib->n_own++] = a;
    return NPS_OK;
}

static nps_status take_tag(record *c, const nps_mzspeclib_tag *tag, nps_span line, nps_err *err)
{
    if (tag->is_set || tag->section == NPS_MZSPECLIB_LIBRARY || (tag->section == NPS_MZSPECLIB_PEAKS && c->had_peaks))
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, line.p, "the section '%s' has no place here",
                             nps_quote(line.p, line.n).s);
    c->section = tag->section;
    c->had_peaks = c->had_peaks || tag->section == NPS_MZSPECLIB_PEAKS;
    c->said.n_analyte += tag->section == NPS_MZSPECLIB_ANALYTE;
    c->said.n_interpretation += tag->section == NPS_MZSPECLIB_INTERPRETATION;
    return NPS_OK;
}

/* From behind <Spectrum=...> to before the next spectrum or cluster. */
static nps_status read_lines(record *c, nps_err *err)
{
    nps_status st = NPS_OK;
    while (st == NPS_OK) {
        nps_scan mark = c->r->scan;
        nps_span line;
        bool any;
        nps_mzspeclib_tag tag;
        if ((st = nps_reader_line(c->r, &line, &any, err)) != NPS_OK || !any)
            break;
        line = nps_span_trim(line);
        if (!line.n)
            continue;
        bool is_tag = nps_mzspeclib_parse_tag(line, &tag);
        if (is_tag && !tag.is_set && (tag.section == NPS_MZSPECLIB_SPECTRUM || tag.section == NPS_MZSPECLIB_CLUSTER)) {
            c->r->scan = mark;
            break;
        }
        if (is_tag)
            st = take_tag(c, &tag, line, err);
        else if (c->section == NPS_MZSPECLIB_PEAKS)
            st = take_peak(c, line, err);
        else
            st = take_attribute(c, line, err);
    }
    return st;
}

static nps_status finish(record *c, nps_err *err)
{
    nps_status st = NPS_OK;
    if (!c->s->peaks.n)
        st = nps_fail(err, NPS_E_FORMAT, "the spectrum has no peaks");
    if (st == NPS_OK)
        st = nps_mzspeclib_apply(c->lib, &c->said, c->r->limits.max_line, c->s, err);
    if (st == NPS_OK)
        st = nps_spectrum_settle(c->s, err);
    if (st == NPS_OK && !c->s->peaks.n)
        st = nps_fail(err, NPS_E_FORMAT, "the spectrum has no peaks above zero");
    if (c->said.has_count && c->said.count != c->seen)
        c->s->repairs[NPS_REPAIR_PEAK_COUNT]++;
    if (st != NPS_OK && err && !err->line) {
        err->line = c->s->line;
        err->offset = c->s->offset;
    }
    return st;
}

/* Behind the next <Spectrum=...>; *ret_tag is empty at the end of the file. */
static nps_status find_spectrum(nps_reader *r, nps_span *ret_line, nps_mzspeclib_tag *ret_tag, nps_err *err)
{
    nps_span line;
    bool any;
    for (;;) {
        nps_status st = nps_reader_line(r, &line, &any, err);
        if (st != NPS_OK)
            return st;
        *ret_line = line = nps_span_trim(line);
        if (!any)
            return NPS_OK;
        if (is_tag_of(line, NPS_MZSPECLIB_CLUSTER))
            skip_to_spectrum(r);
        else if (is_tag_of(line, NPS_MZSPECLIB_SPECTRUM) && nps_mzspeclib_parse_tag(line, ret_tag))
            return NPS_OK;
        else if (line.n)
            return NPS_FAIL_LINE(r, err, NPS_E_FORMAT, line.p, "<Spectrum=...> expected instead of '%s'",
                                 nps_quote(line.p, line.n).s);
    }
}

static nps_status read_record(record *c, nps_span line, const nps_mzspeclib_tag *tag, nps_err *err)
{
    c->s->line = c->r->scan.line;
    c->s->offset = nps_scan_offset(&c->r->scan, line.p);
    c->lib->n_own = 0;
    nps_status st = nps_spectrum_set_text(c->s, NPS_TEXT_ID, NPS_SPAN("Spectrum"), tag->key, err);
    if (st != NPS_OK)
        return nps_reader_place(c->r, err, st, line.p);
    st = read_lines(c, err);
    if (st == NPS_OK)
        return finish(c, err);
    skip_to_spectrum(c->r);
    return st;
}

static nps_status mzspeclib_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (!r->state && !(r->state = nps_array(1, sizeof(walk))))
        return nps_reader_place(r, err, nps_fail_nomem(err), r->scan.p);
    walk *w = r->state;
    nps_span line = {NULL, 0};
    nps_mzspeclib_tag tag = {0};
    nps_status st = w->past_header ? NPS_OK : read_header(r, &w->lib, err);
    w->past_header = true;
    if (st == NPS_OK)
        st = find_spectrum(r, &line, &tag, err);
    if (st != NPS_OK) {
        skip_to_spectrum(r);
        return st;
    }
    if (!line.n) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    NPS_AUTO(nps_spectrum) s = NULL;
    st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return nps_reader_place(r, err, st, line.p);
    record c = {.r = r, .s = s, .lib = &w->lib, .section = NPS_MZSPECLIB_SPECTRUM};
    st = nps_reader_refuse(r, s, read_record(&c, line, &tag, err));
    if (st == NPS_OK)
        *ret_spectrum = nps_steal(s);
    return st;
}

static void mzspeclib_done(nps_reader *r)
{
    walk *w = r->state;
    if (w)
        free(w->lib.own);
    free(w);
}

static int mzspeclib_sniff(nps_span head)
{
    nps_scan scan = nps_scan_init(head.p, head.n);
    nps_span line = {NULL, 0};
    while (nps_scan_line(&scan, &line) && !nps_span_trim(line).n)
        ;
    return is_tag_of(nps_span_trim(line), NPS_MZSPECLIB_LIBRARY) ? 100 : 0;
}

const nps_format nps_format_mzspeclib = {
    .name = "mzspeclib", .sniff = mzspeclib_sniff, .next = mzspeclib_next, .done = mzspeclib_done};
