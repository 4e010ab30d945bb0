/* Reads MGF, the Mascot generic format: blocks "BEGIN IONS" ... "END IONS" of parameters KEY=VALUE and peaks.
 *
 * Parameters before the first block hold for every block that does not give its own. A third column (a charge, or any
 * text) is kept as the note of its peak. */
#include "spectra/read_impl.h"

#include "spectra/dquote.h"

#include <stdlib.h>
#include <strings.h>

enum { GLOBAL_MAX = 100, GLOBAL_BYTES_MAX = 65536 };

typedef struct {
    nps_span key, value;
    bool overridden; /* by the block being read */
} parameter;

typedef struct {
    bool past_globals;
    size_t n, bytes;
    parameter global[GLOBAL_MAX];
} mgf_state;

typedef struct {
    nps_reader *r;
    nps_spectrum *s;
    mgf_state *state;
    nps_span title; /* kept back: a NAME makes a better name */
    bool ended;
    uint64_t claim, seen;
    bool claimed;
} record;

static bool is_comment(nps_span line)
{
    return line.n && (line.p[0] == '#' || line.p[0] == ';' || line.p[0] == '!' || line.p[0] == '/');
}

static bool is_begin(nps_span line)
{
    return nps_span_is(line, "BEGIN IONS");
}

static bool is_end(nps_span line)
{
    return nps_span_is(line, "END IONS");
}

static bool is_count_key(nps_span key)
{
    return nps_span_is(key, "NUM PEAKS") || nps_span_is(key, "NUM_PEAKS") || nps_span_is(key, "NUMPEAKS");
}

static bool starts_number(nps_span line)
{
    char c = line.n ? line.p[0] : 0;
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A number that a blank or the end follows, and the blanks after it. */
static const char *whole_number(const char *p, const char *end, double *ret_v)
{
    const char *q = nps_scan_number(p, end, ret_v);
    if (!q || (q < end && !is_blank(*q)))
        return NULL;
    while (q < end && is_blank(*q))
        q++;
    return q;
}

static nps_status take_peak(record *c, nps_span line, nps_err *err)
{
    const char *end = line.p + line.n;
    double mz, intensity;
    const char *p = whole_number(line.p, end, &mz);
    if (!p)
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, line.p, "m/z expected instead of '%s'",
                             nps_quote(line.p, line.n).s);
    const char *q = whole_number(p, end, &intensity);
    if (!q)
        return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, p, "intensity expected instead of '%s'",
                             nps_quote(p, (size_t)(end - p)).s);
    nps_span note = {q, (size_t)(end - q)}, rest = note;
    nps_dquote quoted = {0};
    nps_status st = nps_dquote_take(&rest, &quoted, err);
    if (st == NPS_OK && quoted.text && !rest.n)
        note = (nps_span){quoted.text, quoted.n};
    if (st == NPS_OK)
        st = nps_spectrum_push_peak(c->s, mz, intensity, note, c->r->limits.max_points, err);
    free(quoted.text);
    c->seen++;
    return nps_reader_place(c->r, err, st, line.p);
}

static nps_status take_parameter(record *c, nps_span key, nps_span value, nps_err *err)
{
    if (is_count_key(key) && nps_span_u64(value, &c->claim)) {
        c->claimed = true;
        return NPS_OK;
    }
    if (nps_span_is(key, "TITLE")) {
        if (c->s->text[NPS_TEXT_NAME] || c->title.n)
            return nps_text_says_nothing(value) ? NPS_OK : nps_spectrum_add_meta(c->s, key, value, err);
        c->title = value;
        return NPS_OK;
    }
    return nps_spectrum_take_pair(c->s, key, value, err);
}

static bool same_key(nps_span a, nps_span b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static nps_status take_line(record *c, nps_span line, nps_err *err)
{
    nps_span key, value;
    if (starts_number(line))
        return take_peak(c, line, err);
    if (!nps_span_split(line, '=', &key, &value)) {
        if (c->seen)
            return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, line.p, "m/z expected instead of '%s'",
                                 nps_quote(line.p, line.n).s);
        c->s->repairs[NPS_REPAIR_HEADER]++;
        return nps_reader_place(c->r, err, nps_spectrum_add_meta(c->s, NPS_SPAN(""), line, err), line.p);
    }
    for (size_t i = 0; i < c->state->n; i++) {
        parameter *g = &c->state->global[i];
        g->overridden = g->overridden || same_key(g->key, key);
    }
    return nps_reader_place(c->r, err, take_parameter(c, key, value, err), line.p);
}

/* From behind BEGIN IONS to behind END IONS. */
static nps_status read_block(record *c, nps_err *err)
{
    while (!c->ended) {
        nps_scan mark = c->r->scan;
        nps_span line;
        bool any;
        nps_status st = nps_reader_line(c->r, &line, &any, err);
        if (st != NPS_OK)
            return st;
        line = nps_span_trim(line);
        if (!any)
            return NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, c->r->scan.end, "the file ends before END IONS");
        if (is_begin(line)) {
            st = NPS_FAIL_LINE(c->r, err, NPS_E_FORMAT, line.p, "BEGIN IONS comes before END IONS of the last block");
            c->r->scan = mark;
            c->ended = true;
            return st;
        }
        c->ended = is_end(line);
        if (!c->ended && line.n && !is_comment(line) && (st = take_line(c, line, err)) != NPS_OK)
            return st;
    }
    return NPS_OK;
}

static nps_status finish(record *c, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < c->state->n && st == NPS_OK; i++) {
        const parameter *g = &c->state->global[i];
        if (!g->overridden)
            st = take_parameter(c, g->key, g->value, err);
    }
    if (st == NPS_OK && c->title.n)
        st = nps_spectrum_set_text(c->s, NPS_TEXT_NAME, NPS_SPAN("TITLE"), c->title, err);
    if (st == NPS_OK)
        st = nps_spectrum_settle(c->s, err);
    if (st == NPS_OK && !c->s->peaks.n)
        st = nps_fail(err, NPS_E_FORMAT, "the block has no peaks");
    if (c->claimed && c->claim != c->seen)
        c->s->repairs[NPS_REPAIR_PEAK_COUNT]++;
    if (st != NPS_OK && err && !err->line) {
        err->line = c->s->line;
        err->offset = c->s->offset;
    }
    return st;
}

static nps_status take_global(nps_reader *r, mgf_state *state, nps_span line, nps_err *err)
{
    nps_span key, value;
    if (!nps_span_split(line, '=', &key, &value))
        return NPS_FAIL_LINE(r, err, NPS_E_FORMAT, line.p, "neither KEY=VALUE nor BEGIN IONS: '%s'",
                             nps_quote(line.p, line.n).s);
    state->bytes += line.n;
    if (state->n == GLOBAL_MAX || state->bytes > GLOBAL_BYTES_MAX)
        return NPS_FAIL_LINE(r, err, NPS_E_LIMIT, line.p, "more than %d parameters or %d bytes before the first block",
                             GLOBAL_MAX, GLOBAL_BYTES_MAX);
    state->global[state->n++] = (parameter){.key = key, .value = value};
    return NPS_OK;
}

/* To behind the next END IONS or before the next BEGIN IONS. */
static void skip_block(nps_reader *r, bool inside)
{
    nps_span line;
    for (nps_scan mark = r->scan; nps_scan_line(&r->scan, &line); mark = r->scan) {
        line = nps_span_trim(line);
        if (is_begin(line)) {
            r->scan = mark;
            return;
        }
        if (inside && is_end(line))
            return;
    }
}

/* To behind the next BEGIN IONS; *ret_line has no bytes at the end of the file. */
static nps_status find_block(nps_reader *r, mgf_state *state, nps_span *ret_line, nps_err *err)
{
    for (;;) {
        nps_span line;
        bool any;
        nps_status st = nps_reader_line(r, &line, &any, err);
        if (st != NPS_OK)
            return st;
        *ret_line = line = nps_span_trim(line);
        if (!any || is_begin(line)) {
            state->past_globals = true;
            return NPS_OK;
        }
        if (!line.n || is_comment(line))
            continue;
        if (state->past_globals)
            return NPS_FAIL_LINE(r, err, NPS_E_FORMAT, line.p, "text outside BEGIN IONS and END IONS: '%s'",
                                 nps_quote(line.p, line.n).s);
        if ((st = take_global(r, state, line, err)) != NPS_OK)
            return st;
    }
}

static nps_status read_record(record *c, nps_span begin, nps_err *err)
{
    c->s->line = c->r->scan.line;
    c->s->offset = nps_scan_offset(&c->r->scan, begin.p);
    for (size_t i = 0; i < c->state->n; i++)
        c->state->global[i].overridden = false;
    nps_status st = read_block(c, err);
    if (st == NPS_OK)
        return finish(c, err);
    if (!c->ended)
        skip_block(c->r, true);
    return st;
}

static nps_status mgf_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (!r->state && !(r->state = nps_array(1, sizeof(mgf_state))))
        return nps_reader_place(r, err, nps_fail_nomem(err), r->scan.p);
    nps_span begin;
    nps_status st = find_block(r, r->state, &begin, err);
    if (st != NPS_OK) {
        skip_block(r, false);
        return st;
    }
    if (!begin.n) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    NPS_AUTO(nps_spectrum) s = NULL;
    st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return nps_reader_place(r, err, st, begin.p);
    record c = {.r = r, .s = s, .state = r->state};
    st = read_record(&c, begin, err);
    if (st == NPS_OK)
        *ret_spectrum = nps_steal(s);
    return st;
}

static void mgf_done(nps_reader *r)
{
    free(r->state);
}

static int mgf_sniff(nps_span head)
{
    nps_scan scan = nps_scan_init(head.p, head.n);
    nps_span line;
    while (nps_scan_line(&scan, &line))
        if (is_begin(nps_span_trim(line)))
            return 95;
    return 0;
}

const nps_format nps_format_mgf = {.name = "mgf", .sniff = mgf_sniff, .next = mgf_next, .done = mgf_done};
