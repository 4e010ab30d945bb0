/* Reads the MassBank record format (version 2): tags "TAG: value", some with a subtag as the first word of the value,
 * then "PK$PEAK:" with lines of m/z, intensity and relative intensity, then "//". The absolute intensity is taken. */
#include "spectra/read_impl.h"

#include <string.h>

typedef enum { IN_TAGS, IN_ANNOTATION, IN_PEAKS } section;

typedef struct {
    nps_reader *r;
    nps_spectrum *s;
    section section;
    bool ended;
    bool claimed;
    uint64_t claim, seen;
    nps_buf annotation; /* its lines, joined */
} record;

static bool is_end(nps_span line)
{
    return line.n == 2 && memcmp(line.p, "//", 2) == 0;
}

static bool is_start(nps_span line)
{
    return nps_span_starts(line, "ACCESSION:");
}

/* Tags whose value begins with a word that belongs to the key. */
static bool has_subtag(nps_span tag)
{
    static const char *const tags[] = {"AC$MASS_SPECTROMETRY", "AC$CHROMATOGRAPHY", "MS$FOCUSED_ION",
                                       "MS$DATA_PROCESSING",   "CH$LINK",           "SP$LINK"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (nps_span_is(tag, tags[i]))
            return true;
    return false;
}

static nps_status take_count(record *c, nps_span value, nps_err *err)
{
    if (!nps_span_u64(value, &c->claim))
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, value.p, "number of peaks '%s' is not a whole number",
                             nps_quote(value.p, value.n).s);
    c->claimed = true;
    return NPS_OK;
}

static nps_status take_tag(record *c, nps_span tag, nps_span value, nps_err *err)
{
    c->section = IN_TAGS;
    if (nps_span_is(tag, "PK$NUM_PEAK"))
        return take_count(c, value, err);
    if (nps_span_is(tag, "PK$PEAK")) {
        c->section = IN_PEAKS;
        return NPS_OK;
    }
    if (nps_span_is(tag, "PK$ANNOTATION")) {
        c->section = IN_ANNOTATION;
        nps_buf_add(&c->annotation, value.p, value.n);
        return NPS_OK;
    }
    if (nps_span_is(tag, "CH$NAME") && !c->s->text[NPS_TEXT_NAME])
        return nps_spectrum_set_text(c->s, NPS_TEXT_NAME, tag, value, err);
    nps_span word, rest = value;
    if (!has_subtag(tag) || !nps_span_token(&rest, " \t", &word))
        return nps_spectrum_take_pair(c->s, tag, value, err);
    /* Tag, separator and subtag lie side by side in the text. */
    nps_span key = {tag.p, (size_t)(word.p + word.n - tag.p)};
    return nps_spectrum_take_pair(c->s, key, nps_span_trim(rest), err);
}

static nps_status take_peak(record *c, nps_span line, nps_err *err)
{
    nps_span rest = line, word[4];
    size_t n = 0;
    while (n < 4 && nps_span_token(&rest, " \t", &word[n]))
        n++;
    double mz, intensity;
    if (!nps_span_double(word[0], &mz))
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, word[0].p, "m/z expected instead of '%s'",
                             nps_quote(word[0].p, word[0].n).s);
    if (n < 2 || n > 3 || !nps_span_double(word[1], &intensity))
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, word[0].p + word[0].n,
                             "m/z, intensity and relative intensity expected: '%s'", nps_quote(line.p, line.n).s);
    c->seen++;
    return nps_peaks_push(&c->s->peaks, mz, intensity, NULL, 0, c->r->limits.max_points, err);
}

static nps_status take_line(record *c, nps_span raw, nps_err *err)
{
    nps_span line = nps_span_trim(raw), tag, value;
    bool indented = line.p > raw.p;
    if (c->section == IN_PEAKS && (indented || !nps_span_split(line, ':', &tag, &value)))
        return take_peak(c, line, err);
    if (c->section == IN_ANNOTATION && indented) {
        nps_buf_puts(&c->annotation, "; ");
        nps_buf_add(&c->annotation, line.p, line.n);
        return NPS_OK;
    }
    if (nps_span_split(line, ':', &tag, &value))
        return take_tag(c, tag, value, err);
    c->s->repairs[NPS_REPAIR_HEADER]++;
    return nps_spectrum_add_meta(c->s, NPS_SPAN(""), line, err);
}

static nps_status read_lines(record *c, nps_err *err)
{
    for (bool first = true; !c->ended; first = false) {
        nps_scan mark = c->r->scan;
        nps_span line;
        bool any;
        nps_status st = nps_reader_line(c->r, &line, &any, err);
        if (st != NPS_OK)
            return st;
        if (!any)
            return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, c->r->scan.end,
                                 "the file ends before the '//' of the record");
        if (!first && is_start(line)) {
            st = NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, line.p, "ACCESSION comes before the '//' of the last record");
            c->r->scan = mark;
            c->ended = true;
            return st;
        }
        c->ended = is_end(nps_span_trim(line));
        if (!c->ended && nps_span_trim(line).n && (st = take_line(c, line, err)) != NPS_OK)
            return nps_reader_place(c->r, err, st, nps_span_trim(line).p);
    }
    return NPS_OK;
}

static nps_status finish(record *c, nps_err *err)
{
    if (c->claimed && c->claim != c->seen)
        c->s->repairs[NPS_REPAIR_PEAK_COUNT]++;
    nps_status st = nps_buf_check(&c->annotation, err);
    if (st == NPS_OK && c->annotation.len)
        st = nps_spectrum_add_meta(c->s, NPS_SPAN("PK$ANNOTATION"), (nps_span){c->annotation.data, c->annotation.len},
                                   err);
    if (st == NPS_OK)
        st = nps_spectrum_settle(c->s, err);
    if (st == NPS_OK && !c->s->peaks.n)
        st = nps_fail(err, NPS_E_FORMAT, "the record has no peaks");
    if (st != NPS_OK && err && !err->line) {
        err->line = c->s->line;
        err->offset = c->s->offset;
    }
    return st;
}

/* To behind the next '//' or before the next ACCESSION. */
static void skip_rest(nps_reader *r)
{
    nps_span line;
    for (nps_scan mark = r->scan; nps_scan_line(&r->scan, &line); mark = r->scan) {
        if (is_end(nps_span_trim(line)))
            return;
        if (is_start(line)) {
            r->scan = mark;
            return;
        }
    }
}

static nps_status read_record(record *c, nps_err *err)
{
    nps_status st = read_lines(c, err);
    if (st == NPS_OK)
        return finish(c, err);
    if (!c->ended)
        skip_rest(c->r);
    return st;
}

static nps_status massbank_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_reader_begin(r, &s, err);
    if (st != NPS_OK)
        return st;
    if (!s) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    record c = {.r = r, .s = s, .annotation = NPS_BUF_INIT(r->limits.max_bytes)};
    st = read_record(&c, err);
    nps_buf_done(&c.annotation);
    if (st == NPS_OK)
        *ret_spectrum = nps_steal(s);
    return st;
}

static int massbank_sniff(nps_span head)
{
    nps_scan scan = nps_scan_init(head.p, head.n);
    nps_span line;
    bool started = false;
    while (nps_scan_line(&scan, &line)) {
        if (is_start(line))
            started = true;
        else if (started && (nps_span_starts(line, "RECORD_TITLE:") || nps_span_starts(line, "PK$")))
            return 95;
    }
    return 0;
}

const nps_format nps_format_massbank = {.name = "massbank", .sniff = massbank_sniff, .next = massbank_next};
