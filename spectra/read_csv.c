/* Reads one spectrum from two columns of numbers, separated by tabs, semicolons, commas or blanks, with or without a
 * head. Lines before the numbers are metadata: "# key: value", "key,value". What the columns mean is decided in
 * csv_kind.c. */
#include "spectra/read_impl.h"

#include "spectra/csv_kind.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    nps_reader *r;
    nps_spectrum *s;
    nps_csv_words words;
    char separator;   /* ' ' stands for blanks and tabs; 0: no line of numbers yet */
    nps_span pending; /* last line before the numbers: a head, or metadata */
    size_t pending_line;
    nps_span wide; /* first line of three numbers or more, before the numbers */
    size_t wide_line;
    double *x, *y; /* [n] */
    size_t n, cap_x, cap_y;
    bool comma_proven;               /* one of the decimal commas cannot set off thousands */
    size_t first_line, first_offset; /* of the numbers */
} table;

typedef struct {
    double v;
    bool comma, proven;
} number;

static nps_span unquote(nps_span f)
{
    f = nps_span_trim(f);
    if (f.n >= 2 && f.p[0] == '"' && f.p[f.n - 1] == '"')
        f = nps_span_trim((nps_span){f.p + 1, f.n - 2});
    return f;
}

/* One number; with a decimal comma where the separator leaves room for it. */
static bool take_number(nps_span f, char separator, number *ret)
{
    nps_span bare = unquote(f);
    separator = bare.n < nps_span_trim(f).n ? 0 : separator; /* none inside quotes */
    f = bare;
    *ret = (number){0};
    if (nps_span_double(f, &ret->v))
        return true;
    const char *comma = f.n ? memchr(f.p, ',', f.n) : NULL;
    char text[64];
    if (!comma || separator == ',' || f.n >= sizeof text || memchr(f.p, '.', f.n))
        return false;
    size_t at = (size_t)(comma - f.p), digits = 0;
    memcpy(text, f.p, f.n);
    text[at] = '.';
    while (at + 1 + digits < f.n && text[at + 1 + digits] >= '0' && text[at + 1 + digits] <= '9')
        digits++;
    if (!digits)
        return false;
    const char *whole = text + (text[0] == '-' || text[0] == '+');
    size_t n_whole = (size_t)(text + at - whole);
    ret->comma = true;
    ret->proven = digits != 3 || n_whole == 0 || n_whole > 3 || whole[0] == '0';
    return nps_span_double((nps_span){text, f.n}, &ret->v);
}

/* As nps_span_split, but a field in quotes may hold separators. */
static bool split_field(nps_span line, char separator, nps_span *ret_field, nps_span *ret_rest)
{
    line = nps_span_trim(line);
    const char *close = line.n && line.p[0] == '"' ? memchr(line.p + 1, '"', line.n - 1) : NULL;
    size_t quoted = close ? (size_t)(close - line.p) + 1 : 0;
    nps_span more;
    if (!nps_span_split((nps_span){line.p + quoted, line.n - quoted}, separator, &more, ret_rest))
        return false;
    *ret_field = nps_span_trim((nps_span){line.p, (size_t)(more.p + more.n - line.p)});
    return true;
}

/* Two fields; a separator at the end of the line makes no third one. */
static bool split_row(nps_span line, char separator, nps_span *ret_a, nps_span *ret_b)
{
    nps_span rest = nps_span_trim(line), more;
    if (separator == ' ')
        return nps_span_token(&rest, " \t", ret_a) && nps_span_token(&rest, " \t", ret_b) &&
               !nps_span_token(&rest, " \t", &more);
    if (!split_field(rest, separator, ret_a, &rest))
        return false;
    if (!split_field(rest, separator, ret_b, &more)) {
        *ret_b = rest;
        return true;
    }
    return !more.n;
}

static bool take_row(nps_span line, char separator, number *ret_x, number *ret_y)
{
    nps_span a, b;
    return split_row(line, separator, &a, &b) && take_number(a, separator, ret_x) && take_number(b, separator, ret_y);
}

/* The separator under which the line is two numbers, or 0. "1,5 2,5" has blanks, "1, 2" a comma. */
static char find_separator(nps_span line)
{
    static const char order[] = {'\t', ';', ' ', ','};
    number x, y;
    for (size_t i = 0; i < sizeof order; i++)
        if (take_row(line, order[i], &x, &y))
            return order[i];
    return 0;
}

/* Whether the line is three numbers or more. */
static bool is_wide(nps_span line)
{
    static const char order[] = {'\t', ';', ' ', ','};
    for (size_t i = 0; i < sizeof order; i++) {
        nps_span rest = nps_span_trim(line), field;
        number v;
        size_t n = 0;
        while (n < 3 && (order[i] == ' ' ? nps_span_token(&rest, " \t", &field) : split_field(rest, order[i], &field, &rest)) &&
               take_number(field, order[i], &v))
            n++;
        if (n == 3 || (n == 2 && order[i] != ' ' && take_number(rest, order[i], &v)))
            return true;
    }
    return false;
}

static nps_span without_hash(nps_span line)
{
    while (line.n && line.p[0] == '#')
        line = (nps_span){line.p + 1, line.n - 1};
    return nps_span_trim(line);
}

static nps_status take_metadata(table *t, nps_span line, nps_err *err)
{
    static const char separators[] = "\t;,:=";
    line = without_hash(line);
    size_t at = 0;
    while (at < line.n && (!line.p[at] || !strchr(separators, line.p[at])))
        at++;
    if (!line.n)
        return NPS_OK;
    if (at == line.n) {
        t->s->repairs[NPS_REPAIR_HEADER]++;
        return nps_spectrum_add_meta(t->s, NPS_SPAN(""), line, err);
    }
    nps_span key = unquote((nps_span){line.p, at}), value = unquote((nps_span){line.p + at + 1, line.n - at - 1});
    if (nps_span_is(key, "xunits"))
        nps_csv_words_add(&t->words, value, 0);
    if (nps_span_is(key, "yunits"))
        nps_csv_words_add(&t->words, value, 1);
    return nps_spectrum_take_pair(t->s, key, value, err);
}

/* Whether the line names the columns; if so its words are noted. */
static bool take_head(table *t, nps_span line)
{
    nps_span a, b;
    double v;
    line = without_hash(line);
    if (!split_row(line, t->separator, &a, &b) && !split_row(line, '\t', &a, &b) && !split_row(line, ',', &a, &b) &&
        !split_row(line, ';', &a, &b)) {
        if (t->separator != ' ')
            return false;
        a = b = line;
    }
    if (nps_span_double(unquote(b), &v))
        return false;
    bool x = nps_csv_words_add(&t->words, a, 0), y = nps_csv_words_add(&t->words, b, 1);
    return x || y;
}

/* A head of two lines, quantities above and units below: the upper one counts where it names both columns. */
static bool take_upper_head(table *t, nps_span line)
{
    nps_span a, b;
    nps_csv_words words = t->words;
    for (const char *separator = "\t;,"; *separator; separator++)
        if (split_row(without_hash(line), *separator, &a, &b) && nps_csv_words_add(&words, a, 0) &&
            nps_csv_words_add(&words, b, 1)) {
            t->words = words;
            return true;
        }
    return false;
}

static nps_status flush_pending(table *t, bool may_be_head, nps_err *err)
{
    nps_span line = t->pending;
    t->pending.n = 0;
    if (!line.n || (may_be_head && take_head(t, line)) || (!may_be_head && take_upper_head(t, line)))
        return NPS_OK;
    nps_status st = take_metadata(t, line, err);
    if (st != NPS_OK && err && !err->line) {
        err->line = t->pending_line;
        err->offset = nps_scan_offset(&t->r->scan, line.p);
    }
    return st;
}

static nps_status add_row(table *t, nps_span line, nps_err *err)
{
    number x, y;
    nps_reader *r = t->r;
    if (!take_row(line, t->separator, &x, &y))
        return NPS_FAIL_LINE(r, err, NPS_E_FORMAT, line.p, "two numbers expected: '%s'", nps_quote(line.p, line.n).s);
    if (t->n == r->limits.max_points)
        return NPS_FAIL_LINE(r, err, NPS_E_LIMIT, line.p, "more than %zu points", r->limits.max_points);
    nps_status st = nps_grow(&t->x, &t->cap_x, t->n + 1, sizeof *t->x, r->limits.max_points, err);
    if (st == NPS_OK)
        st = nps_grow(&t->y, &t->cap_y, t->n + 1, sizeof *t->y, r->limits.max_points, err);
    if (st != NPS_OK)
        return nps_reader_place(r, err, st, line.p);
    t->x[t->n] = x.v;
    t->y[t->n++] = y.v;
    t->s->repairs[NPS_REPAIR_DECIMAL_COMMA] += (size_t)x.comma + y.comma;
    t->comma_proven = t->comma_proven || x.proven || y.proven;
    return NPS_OK;
}

static nps_status take_line(table *t, nps_span line, nps_err *err)
{
    nps_status st;
    if (t->separator)
        return line.p[0] == '#' ? nps_reader_place(t->r, err, take_metadata(t, line, err), line.p)
                                : add_row(t, line, err);
    t->separator = find_separator(line);
    if ((st = flush_pending(t, t->separator != 0, err)) != NPS_OK)
        return st;
    if (t->separator) {
        t->first_line = t->r->scan.line;
        t->first_offset = nps_scan_offset(&t->r->scan, line.p);
        return add_row(t, line, err);
    }
    t->pending = line;
    t->pending_line = t->r->scan.line;
    if (!t->wide.n && is_wide(line)) {
        t->wide = line;
        t->wide_line = t->r->scan.line;
    }
    return NPS_OK;
}

static nps_status read_lines(table *t, nps_err *err)
{
    for (;;) {
        nps_span line;
        bool any;
        nps_status st = nps_reader_line(t->r, &line, &any, err);
        if (st != NPS_OK)
            return st;
        line = nps_span_trim(line);
        if (!any && !t->n && t->wide.n)
            return nps_fail_at(err, NPS_E_FORMAT, t->wide_line, nps_scan_offset(&t->r->scan, t->wide.p),
                               "more than two columns of numbers: '%s'; keep the two of one spectrum",
                               nps_quote(t->wide.p, t->wide.n).s);
        if (!any && !t->n)
            return NPS_FAIL_LINE(t->r, err, NPS_E_FORMAT, t->r->scan.end, "the file has no line of two numbers");
        if (!any)
            return NPS_OK;
        if (line.n && (st = take_line(t, line, err)) != NPS_OK)
            return st;
    }
}

static nps_status make_peaks(table *t, nps_err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        nps_status st = nps_peaks_push(&t->s->peaks, t->x[i], t->y[i], NULL, 0, t->r->limits.max_points, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

static nps_status interpret(table *t, nps_err *err)
{
    if (t->s->repairs[NPS_REPAIR_DECIMAL_COMMA] && !t->comma_proven)
        return nps_fail(err, NPS_E_FORMAT,
                        "the commas in the numbers may be decimal or set off thousands; write points");
    nps_csv_kind kind;
    nps_status st = nps_csv_decide(&t->words, t->s->technique, t->x, t->y, t->n, &kind, err);
    if (st != NPS_OK)
        return st;
    t->s->technique = kind.technique;
    bool mass = nps_technique_is_mass(kind.technique);
    st = mass ? make_peaks(t, err) : nps_spectrum_set_trace(t->s, t->x, t->y, t->n, kind.x_unit, kind.y_unit,
                                                                t->r->limits.max_points, NULL, err);
    if (st == NPS_OK)
        st = nps_spectrum_settle(t->s, err);
    if (st == NPS_OK && mass && !t->s->peaks.n)
        st = nps_fail(err, NPS_E_FORMAT, "the spectrum has no peaks");
    return st;
}

static nps_status read_table(table *t, nps_err *err)
{
    nps_status st = read_lines(t, err);
    if (st != NPS_OK)
        return st;
    st = interpret(t, err);
    if (st != NPS_OK && err && !err->line) {
        err->line = t->first_line;
        err->offset = t->first_offset;
    }
    return st;
}

static nps_status csv_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_reader_begin(r, &s, err);
    if (st != NPS_OK)
        return st;
    if (!s) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    table t = {.r = r, .s = s};
    st = read_table(&t, err);
    free(t.x);
    free(t.y);
    /* The file is one record, so nothing is left to read after a fault in it. */
    r->scan.p = r->scan.end;
    if (st == NPS_OK)
        *ret_spectrum = nps_steal(s);
    return st;
}

static int csv_sniff(nps_span head)
{
    nps_scan scan = nps_scan_init(head.p, head.n);
    nps_span line;
    table t = {0};
    size_t rows = 0, others = 0, wide = 0;
    while (nps_scan_line(&scan, &line)) {
        number x, y;
        line = nps_span_trim(line);
        if (!line.n || (t.separator && line.p[0] == '#'))
            continue;
        if (!t.separator)
            t.separator = find_separator(line);
        if (!t.separator) {
            t.pending = line;
            wide += is_wide(line);
        } else if (take_row(line, t.separator, &x, &y))
            rows++;
        else
            others++;
    }
    if (wide > 2 && !rows) /* to be refused with a word on its columns */
        return 10;
    bool headed = t.pending.n && take_head(&t, t.pending);
    return rows > others && (rows > 2 || headed) ? 30 : 0;
}

const nps_format nps_format_csv = {.name = "csv", .sniff = csv_sniff, .next = csv_next};
