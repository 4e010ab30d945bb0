/* Reads MSP, the text format of NIST's MS Search, in its many dialects (NIST, MoNA, RIKEN, SWGDRUG, matchms, xcms).
 *
 * A record is header lines "key: value", among them "Num Peaks: n", then the peaks. It ends where a header line follows
 * peaks; blank lines need not be there. A blank line in the header, before "Num Peaks", ends it as well: reading on
 * would give the peaks of one substance the name of another. */
#include "spectra/read_impl.h"

#include "spectra/dquote.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    nps_reader *r;
    nps_spectrum *s;
    bool named;       /* "Name" has been read */
    bool counted;     /* "Num Peaks" has been read */
    bool in_peaks;    /* a line that begins with a number has been met */
    bool after_blank; /* the last line was blank */
    bool ended;       /* the next record, or the end of the file, has been met */
    uint64_t claim, seen;
    size_t count_line, count_offset;
} record;

/* Letters of a key, ignoring case, blanks, '_' and '-'. */
static bool key_folds_to(nps_span key, const char *want)
{
    for (size_t i = 0; i < key.n; i++) {
        char c = key.p[i];
        if (c == ' ' || c == '_' || c == '-' || c == '\t')
            continue;
        if (!*want || (c | 32) != *want)
            return false;
        want++;
    }
    return !*want;
}

static bool is_count_key(nps_span key)
{
    return key.n && (key.p[0] | 32) == 'n' &&
           (key_folds_to(key, "numpeaks") || key_folds_to(key, "numpeak") || key_folds_to(key, "numberofpeaks"));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether the line can only be a line of peaks. */
static bool starts_number(nps_span line)
{
    if (!line.n)
        return false;
    char c = line.p[0];
    return is_digit(c) ||
           ((c == '.' || c == '-' || c == '+') && line.n > 1 && (is_digit(line.p[1]) || line.p[1] == '.'));
}

static bool is_separator(char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case ',':
    case ';':
    case ':':
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}': return true;
    default: return false;
    }
}

static const char *skip_separators(const char *p, const char *end)
{
    while (p < end && is_separator(*p))
        p++;
    return p;
}

/* A number that a separator or the end follows; a comma between digits does not end it, for it may be a decimal one. */
static const char *whole_number(const char *p, const char *end, double *ret_v)
{
    const char *q = nps_scan_number(p, end, ret_v);
    if (!q || q == end)
        return q;
    if (!is_separator(*q) && *q != '"')
        return NULL;
    return *q == ',' && q + 1 < end && is_digit(q[1]) ? NULL : q;
}

static nps_status not_a_number(record *c, const char *p, const char *end, const char *what, nps_err *err)
{
    double v;
    const char *q = nps_scan_number(p, end, &v);
    if (q && q < end && *q == ',')
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, q,
                             "a comma between digits may be a decimal comma or a separator; write points and blanks");
    if (p == end)
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, p, "%s expected at the end of the line", what);
    return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, p, "%s expected instead of '%s'", what,
                         nps_quote(p, (size_t)(end - p)).s);
}

/* What follows an intensity and is no further peak: "quoted", or up to the end of the line. */
static nps_status push_with_note(record *c, double mz, double intensity, nps_span *rest, nps_err *err)
{
    double v;
    nps_span note = nps_span_trim(*rest);
    const char *end = note.p + note.n, *p = skip_separators(note.p, end);
    bool more = p == end || *note.p == ';' || *note.p == ',' || (*note.p != '"' && whole_number(p, end, &v));
    if (more)
        return nps_spectrum_push_peak(c->s, mz, intensity, (nps_span){NULL, 0}, c->r->limits.max_points, err);
    nps_dquote quoted = {0};
    nps_span after = note;
    nps_status st = nps_dquote_take(&after, &quoted, err);
    if (st != NPS_OK)
        return st;
    if (quoted.text)
        note = (nps_span){quoted.text, quoted.n};
    else
        after.n = 0;
    st = nps_spectrum_push_peak(c->s, mz, intensity, note, c->r->limits.max_points, err);
    free(quoted.text);
    *rest = after;
    return st;
}

static nps_status take_peaks(record *c, nps_span line, nps_err *err)
{
    const char *p = line.p, *end = line.p + line.n;
    c->in_peaks = true;
    while ((p = skip_separators(p, end)) < end) {
        const char *start = p;
        double mz, intensity;
        const char *q = whole_number(p, end, &mz);
        if (!q)
            return not_a_number(c, p, end, "m/z", err);
        p = skip_separators(q, end);
        q = whole_number(p, end, &intensity);
        if (!q)
            return not_a_number(c, p, end, "intensity", err);
        nps_span rest = {q, (size_t)(end - q)};
        nps_status st = rest.n ? push_with_note(c, mz, intensity, &rest, err)
                               : nps_peaks_push(&c->s->peaks, mz, intensity, NULL, 0, c->r->limits.max_points, err);
        if (st != NPS_OK)
            return nps_reader_place(c->r, err, st, start);
        p = rest.n ? rest.p : end;
        c->seen++;
    }
    return NPS_OK;
}

static nps_status take_count(record *c, nps_span value, nps_err *err)
{
    if (!nps_span_u64(value, &c->claim))
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, value.p, "number of peaks '%s' is not a whole number",
                             nps_quote(value.p, value.n).s);
    c->counted = true;
    c->count_line = c->r->scan.line;
    c->count_offset = nps_scan_offset(&c->r->scan, value.p);
    return NPS_OK;
}

/* "CAS#: 1-2-3;  NIST#: 4" packs several pairs into a line; a last empty piece is only a stray semicolon. */
static nps_status take_packed(record *c, nps_span key, nps_span value, nps_err *err)
{
    nps_span left, right = value, sub, sub_value;
    while (nps_span_split(value, ';', &left, &right) && (!right.n || nps_span_split(right, ':', &sub, &sub_value))) {
        nps_status st = nps_spectrum_take_pair(c->s, key, left, err);
        if (st != NPS_OK || !right.n)
            return st;
        key = sub;
        value = sub_value;
    }
    return nps_spectrum_take_pair(c->s, key, value, err);
}

static nps_status take_header(record *c, nps_span line, nps_err *err)
{
    nps_span key, value;
    nps_status st;
    if (!nps_span_split(line, ':', &key, &value)) {
        c->s->repairs[NPS_REPAIR_HEADER]++;
        st = nps_spectrum_add_meta(c->s, NPS_SPAN(""), line, err);
    } else if (is_count_key(key))
        st = take_count(c, value, err);
    else if (key.n && key.p[key.n - 1] == '#')
        st = take_packed(c, key, value, err);
    else
        st = nps_spectrum_take_pair(c->s, key, value, err);
    return nps_reader_place(c->r, err, st, line.p);
}

static bool is_header(nps_span line)
{
    return !starts_number(line) && line.n && memchr(line.p, ':', line.n);
}

static bool is_name(nps_span line)
{
    nps_span key, value;
    return nps_span_starts(line, "name") && nps_span_split(line, ':', &key, &value) && nps_span_is(key, "name");
}

static bool begins_next(const record *c, nps_span line)
{
    nps_span key, value;
    if (!c->counted)
        return c->named && is_name(line);
    bool complete = c->seen || !c->claim;
    if (!is_header(line))
        return complete && c->after_blank && !starts_number(line);
    return complete || (c->named && is_name(line)) || (nps_span_split(line, ':', &key, &value) && is_count_key(key));
}

static nps_status take_line(record *c, nps_span line, nps_err *err)
{
    if (c->counted && (c->in_peaks || !is_header(line)))
        return take_peaks(c, line, err);
    if (!starts_number(line)) {
        c->named = c->named || is_name(line);
        return take_header(c, line, err);
    }
    c->in_peaks = true;
    return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, line.p, "peaks come before a line 'Num Peaks: n'");
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
        line = nps_span_trim(line);
        if (!any || (!line.n && !c->counted)) {
            c->ended = true;
        } else if (!line.n) {
            c->after_blank = true;
        } else if (!first && begins_next(c, line)) {
            c->r->scan = mark;
            c->ended = true;
        } else {
            if ((st = take_line(c, line, err)) != NPS_OK)
                return st;
            c->after_blank = false;
        }
    }
    return NPS_OK;
}

static nps_status finish(record *c, nps_err *err)
{
    if (!c->counted)
        return nps_fail_at(err, NPS_E_FORMAT, c->s->line, c->s->offset, "the record has no line 'Num Peaks: n'");
    if (c->seen < c->claim && c->r->scan.p == c->r->scan.end)
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, c->r->scan.end, "the file ends after %llu of %llu peaks",
                             (unsigned long long)c->seen, (unsigned long long)c->claim);
    if (c->seen != c->claim)
        c->s->repairs[NPS_REPAIR_PEAK_COUNT]++;
    nps_status st = nps_spectrum_settle(c->s, err);
    if (st == NPS_OK && !c->s->peaks.n)
        st = nps_fail(err, NPS_E_FORMAT, "the record has no peaks");
    if (st != NPS_OK && err && !err->line) {
        err->line = c->count_line;
        err->offset = c->count_offset;
    }
    return st;
}

/* To where the next record can begin: a blank line or a name in a header, any header line after peaks. */
static void skip_rest(record *c)
{
    nps_span line;
    for (nps_scan mark = c->r->scan; nps_scan_line(&c->r->scan, &line); mark = c->r->scan) {
        line = nps_span_trim(line);
        if (starts_number(line))
            c->in_peaks = true;
        else if (!line.n && !c->in_peaks)
            return;
        else if (is_name(line) || (c->in_peaks && is_header(line))) {
            c->r->scan = mark;
            return;
        }
    }
}

static nps_status msp_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_reader_begin(r, &s, err);
    if (st != NPS_OK)
        return st;
    if (!s) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    record c = {.r = r, .s = s};
    st = read_lines(&c, err);
    if (st == NPS_OK)
        st = finish(&c, err);
    if (st != NPS_OK) {
        if (!c.ended)
            skip_rest(&c);
        return st;
    }
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

static int msp_sniff(nps_span head)
{
    nps_scan scan = nps_scan_init(head.p, head.n);
    nps_span line, key, value;
    bool named = false, any = false;
    while (nps_scan_line(&scan, &line)) {
        line = nps_span_trim(line);
        if (!any)
            named = is_name(line);
        any = any || line.n;
        if (nps_span_split(line, ':', &key, &value) && is_count_key(key))
            return 90;
    }
    return named ? 40 : 0;
}

const nps_format nps_format_msp = {.name = "msp", .sniff = msp_sniff, .next = msp_next};
