#include "spectra/jcamp_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 60 };

typedef enum { ITEM_NONE, ITEM_VALUE, ITEM_DIFFERENCE, ITEM_MISSING } item_kind;

/* State of one table while its lines go by. */
typedef struct {
    const nps_jcamp_block *block;
    nps_jcamp_number_rules rules;
    nps_jcamp_points *p;
    size_t line;
    double last, step;  /* last ordinate and last difference */
    item_kind kind;     /* of the last item: what a repeat count repeats */
    bool differences;   /* the line before ended in a difference: a check value comes */
    bool need_check;
    bool closing; /* the line at hand is the last one and ends in a packed 0 */
} unpacker;

#define FAIL(u, code, at, ...) \
    nps_fail_at(err, (code), (u)->line, (size_t)((at) - (u)->block->base), __VA_ARGS__)

void nps_jcamp_points_done(nps_jcamp_points *p)
{
    free(p->x);
    free(p->y);
    free(p->mark);
    *p = (nps_jcamp_points){0};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *after_exponent(const char *q, const char *end, bool packed)
{
    if (q >= end || (*q != 'E' && *q != 'e'))
        return q;
    const char *e = q + 1;
    bool sign = e < end && (*e == '+' || *e == '-');
    if (sign)
        e++;
    else if (packed)
        return q; /* 'E' is the packed digit +5 */
    if (e >= end || !is_digit(*e))
        return q;
    while (e < end && is_digit(*e))
        e++;
    return e;
}

const char *nps_jcamp_number(const char *p, const char *end, bool packed, bool decimal_comma, bool *ret_comma,
                             double *ret_v)
{
    char text[NUMBER_MAX + 1];
    const char *q = p, *comma = NULL;
    bool point = false;
    if (q < end && (*q == '+' || *q == '-'))
        q++;
    for (; q < end; q++) {
        if (*q == '.' && !point)
            point = true;
        else if (*q == ',' && decimal_comma && !point && q > p && is_digit(q[-1]) && q + 1 < end && is_digit(q[1])) {
            point = true;
            comma = q;
        } else if (!is_digit(*q))
            break;
    }
    q = after_exponent(q, end, packed);
    size_t n = (size_t)(q - p);
    if (n == 0 || n > NUMBER_MAX)
        return NULL;
    memcpy(text, p, n);
    if (comma)
        text[comma - p] = '.';
    if (nps_scan_number(text, text + n, ret_v) != text + n)
        return NULL;
    *ret_comma = comma;
    return q;
}

static nps_status grow_points(unpacker *u, size_t need, bool with_x, const char *at, nps_err *err)
{
    nps_jcamp_points *p = u->p;
    nps_status st = nps_grow(&p->y, &p->cap_y, need, sizeof *p->y, u->rules.max_points, NULL);
    if (st == NPS_OK && with_x)
        st = nps_grow(&p->x, &p->cap_x, need, sizeof *p->x, u->rules.max_points, NULL);
    if (st == NPS_E_LIMIT)
        return FAIL(u, st, at, "more than %zu points in one table", u->rules.max_points);
    return st == NPS_OK ? st : nps_fail_nomem(err);
}

/* One unit of the last digit of a number as written: an abscissa may be off by that much through rounding. */
static double last_digit(const char *p, const char *end)
{
    double decimals = 0, exponent = 0;
    bool point = false;
    for (; p < end && *p != 'E' && *p != 'e'; p++) {
        decimals += point;
        point |= *p == '.' || *p == ',';
    }
    if (p < end && !nps_span_double((nps_span){p + 1, (size_t)(end - p) - 1}, &exponent))
        exponent = 0;
    return pow(10, exponent - decimals);
}

static nps_status add_mark(unpacker *u, const char *at, double x, double unit, nps_err *err)
{
    nps_jcamp_points *p = u->p;
    nps_status st = nps_grow(&p->mark, &p->cap_mark, p->n_mark + 1, sizeof *p->mark, SIZE_MAX / 2, NULL);
    if (st != NPS_OK)
        return nps_fail_nomem(err);
    p->mark[p->n_mark++] = (nps_jcamp_mark){at, u->line, p->n, x, unit};
    return NPS_OK;
}

/* The ordinate check: the same point again, so no new one. Counting on from the check value keeps a rounding fault of
 * one line out of the next. */
static nps_status check_value(unpacker *u, double v, const char *at, nps_err *err)
{
    /* A last line of a 0 alone checks nothing: SPECFILE.DX of the JCAMP test data ends so. */
    if (v == 0 && u->last != 0 && u->closing) {
        u->p->bad_checks++;
        u->p->n_mark--;
        return NPS_OK;
    }
    double off = fabs(v - u->last), rounding = 1e-9 * fmax(fabs(v), fabs(u->last));
    if (off > 1 + rounding)
        return FAIL(u, NPS_E_FORMAT, at, "ordinate check %g differs from %g, the last ordinate of the line before", v,
                    u->last);
    u->p->bad_checks += off > rounding;
    u->p->mark[u->p->n_mark - 1].first--;
    u->last = v;
    return NPS_OK;
}

static nps_status add_ordinate(unpacker *u, double v, const char *at, nps_err *err)
{
    nps_status st = grow_points(u, u->p->n + 1, false, at, err);
    if (st != NPS_OK)
        return st;
    u->p->y[u->p->n++] = v;
    return NPS_OK;
}

static nps_status take_value(unpacker *u, double v, const char *at, nps_err *err)
{
    bool check = u->need_check;
    u->need_check = false;
    u->kind = ITEM_VALUE;
    if (check)
        return check_value(u, v, at, err);
    u->last = v;
    return add_ordinate(u, v, at, err);
}

static nps_status take_difference(unpacker *u, double d, const char *at, nps_err *err)
{
    if (u->need_check || u->kind == ITEM_NONE)
        return FAIL(u, NPS_E_FORMAT, at, "a line begins with a difference instead of an ordinate");
    if (u->kind == ITEM_MISSING)
        return FAIL(u, NPS_E_FORMAT, at, "a difference follows a missing ordinate");
    u->kind = ITEM_DIFFERENCE;
    u->step = d;
    u->last += d;
    return add_ordinate(u, u->last, at, err);
}

static nps_status take_missing(unpacker *u, const char *at, nps_err *err)
{
    u->kind = ITEM_MISSING;
    if (u->need_check) { /* a check that says nothing */
        u->need_check = false;
        return NPS_OK;
    }
    u->p->missing++;
    return add_ordinate(u, NAN, at, err);
}

/* `count` includes the item that is repeated. */
static nps_status repeat(unpacker *u, uint64_t count, const char *at, nps_err *err)
{
    if (u->kind == ITEM_NONE || u->need_check)
        return FAIL(u, NPS_E_FORMAT, at, "a repeat count has no ordinate before it");
    if (count == 0)
        return FAIL(u, NPS_E_FORMAT, at, "a repeat count of zero");
    if (count - 1 > u->rules.max_points - u->p->n)
        return FAIL(u, NPS_E_LIMIT, at, "a repeat count of %llu makes more than %zu points", (unsigned long long)count,
                    u->rules.max_points);
    nps_status st = NPS_OK;
    item_kind kind = u->kind;
    for (uint64_t i = 1; i < count && st == NPS_OK; i++)
        st = kind == ITEM_DIFFERENCE ? take_difference(u, u->step, at, err)
             : kind == ITEM_VALUE    ? add_ordinate(u, u->last, at, err)
                                     : take_missing(u, at, err);
    return st;
}

/* First digit that a packed letter stands for, with its sign; *ret_kind ITEM_NONE for any other byte. */
static int packed_digit(char c, item_kind *ret_kind)
{
    *ret_kind = ITEM_VALUE;
    if (c >= '@' && c <= 'I')
        return c - '@';
    if (c >= 'a' && c <= 'i')
        return -(c - 'a' + 1);
    *ret_kind = ITEM_DIFFERENCE;
    if (c == '%')
        return 0;
    if (c >= 'J' && c <= 'R')
        return c - 'J' + 1;
    if (c >= 'j' && c <= 'r')
        return -(c - 'j' + 1);
    *ret_kind = ITEM_NONE;
    return 0;
}

static int repeat_digit(char c)
{
    return c >= 'S' && c <= 'Z' ? c - 'S' + 1 : c == 's' ? 9 : 0;
}

/* A number whose first digit is a letter: digits, perhaps a point, no sign and no exponent. */
static nps_status packed_number(unpacker *u, const char *p, const char *end, int digit, const char **ret_stop,
                                double *ret_v, nps_err *err)
{
    char text[NUMBER_MAX + 3];
    const char *q = p + 1;
    while (q < end && (is_digit(*q) || *q == '.'))
        q++;
    size_t n = (size_t)(q - p) - 1;
    if (n > NUMBER_MAX)
        return FAIL(u, NPS_E_FORMAT, p, "a number of %zu digits", n + 1);
    text[0] = digit < 0 ? '-' : '+';
    text[1] = (char)('0' + abs(digit));
    memcpy(text + 2, p + 1, n);
    if (nps_scan_number(text, text + n + 2, ret_v) != text + n + 2)
        return FAIL(u, NPS_E_FORMAT, p, "'%s' is no number", nps_quote(p, n + 1).s);
    *ret_stop = q;
    return NPS_OK;
}

static nps_status take_repeat(unpacker *u, const char *p, const char *end, const char **ret_stop, nps_err *err)
{
    uint64_t count = (uint64_t)repeat_digit(*p);
    const char *q = p + 1;
    for (; q < end && is_digit(*q); q++)
        if (count < UINT64_MAX / 100)
            count = count * 10 + (uint64_t)(*q - '0');
    nps_status st = repeat(u, count, p, err);
    *ret_stop = q;
    return st;
}

static nps_status plain_number(unpacker *u, const char *p, const char *end, bool packed, const char **ret_stop,
                               double *ret_v, nps_err *err)
{
    bool comma = false;
    const char *q = nps_jcamp_number(p, end, packed, u->rules.decimal_comma, &comma, ret_v);
    if (!q || (q < end && *q == '.'))
        return FAIL(u, NPS_E_FORMAT, p, "'%s' is no number", nps_quote(p, (size_t)(end - p)).s);
    u->p->commas += comma;
    if (q + 1 < end && *q == ',' && is_digit(q[-1]) && is_digit(q[1]))
        u->p->bare_commas++;
    *ret_stop = q;
    return NPS_OK;
}

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';';
}

static nps_status take_item(unpacker *u, const char *p, const char *end, const char **ret_stop, nps_err *err)
{
    item_kind kind;
    int digit = packed_digit(*p, &kind);
    double v = 0;
    if (*p == '?') {
        *ret_stop = p + 1;
        return take_missing(u, p, err);
    }
    if (repeat_digit(*p))
        return take_repeat(u, p, end, ret_stop, err);
    nps_status st = kind == ITEM_NONE ? plain_number(u, p, end, true, ret_stop, &v, err)
                                      : packed_number(u, p, end, digit, ret_stop, &v, err);
    if (st != NPS_OK)
        return st;
    return kind == ITEM_DIFFERENCE ? take_difference(u, v, p, err) : take_value(u, v, p, err);
}

static bool is_blank_to_end(nps_scan s)
{
    nps_span line = {"", 0};
    while (!line.n && nps_jcamp_value_line(&s, &line))
        ;
    return !line.n;
}

static nps_status ordinate_line(unpacker *u, nps_span line, nps_err *err)
{
    const char *p = line.p, *end = line.p + line.n;
    double x = 0;
    nps_status st = plain_number(u, p, end, true, &p, &x, err);
    if (st == NPS_OK)
        st = add_mark(u, line.p, x, last_digit(line.p, p), err);
    u->need_check = u->differences;
    u->kind = ITEM_NONE;
    bool any = false;
    while (st == NPS_OK && p < end) {
        if (is_separator(*p)) {
            p++;
            continue;
        }
        any = true;
        st = take_item(u, p, end, &p, err);
    }
    if (st == NPS_OK && !any)
        return FAIL(u, NPS_E_FORMAT, line.p, "a line of data without ordinates");
    u->differences = u->kind == ITEM_DIFFERENCE;
    return st;
}

nps_status nps_jcamp_unpack_ordinates(const nps_jcamp_block *b, const nps_jcamp_ldr *table, nps_jcamp_number_rules rules,
                                      nps_jcamp_points *p, nps_err *err)
{
    unpacker u = {.block = b, .rules = rules, .p = p, .line = table->line};
    nps_scan s = nps_scan_init(table->value.p, table->value.n);
    nps_span line;
    if (!nps_jcamp_value_line(&s, &line)) /* the variable list */
        return NPS_OK;
    for (u.line++; nps_jcamp_value_line(&s, &line); u.line++) {
        if (!line.n)
            continue;
        u.closing = line.n > 1 && line.p[line.n - 1] == '@' && is_digit(line.p[line.n - 2]) && is_blank_to_end(s);
        nps_status st = ordinate_line(&u, line, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

/* The numbers of one line of tuples. A tuple does not go over the end of its line. */
static nps_status tuple_line(unpacker *u, nps_span line, size_t width, nps_err *err)
{
    const char *p = line.p, *end = line.p + line.n;
    nps_jcamp_points *out = u->p;
    size_t k = 0;
    while (p < end) {
        if (is_separator(*p)) {
            p++;
            continue;
        }
        double v = NAN;
        nps_status st = NPS_OK;
        if (*p == '?' && k != 0)
            p++;
        else
            st = plain_number(u, p, end, false, &p, &v, err);
        if (st == NPS_OK && k == 0)
            st = grow_points(u, out->n + 1, true, p, err);
        if (st != NPS_OK)
            return st;
        if (k == 0)
            out->x[out->n] = v;
        if (k == 1) {
            out->y[out->n++] = v;
            out->missing += isnan(v) ? 1 : 0;
        }
        k = (k + 1) % width;
    }
    return k ? FAIL(u, NPS_E_FORMAT, line.p, "a line of data ends inside a point of %zu numbers", width) : NPS_OK;
}

nps_status nps_jcamp_unpack_tuples(const nps_jcamp_block *b, const nps_jcamp_ldr *table, size_t width,
                                   nps_jcamp_number_rules rules, nps_jcamp_points *p, nps_err *err)
{
    unpacker u = {.block = b, .rules = rules, .p = p, .line = table->line};
    nps_scan s = nps_scan_init(table->value.p, table->value.n);
    nps_span line;
    if (!nps_jcamp_value_line(&s, &line))
        return NPS_OK;
    for (u.line++; nps_jcamp_value_line(&s, &line); u.line++) {
        if (!line.n)
            continue;
        nps_status st = add_mark(&u, line.p, 0, 0, err);
        if (st == NPS_OK)
            st = tuple_line(&u, line, width, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

const nps_jcamp_mark *nps_jcamp_mark_of(const nps_jcamp_points *p, size_t i)
{
    const nps_jcamp_mark *found = NULL;
    size_t low = 0, high = p->n_mark;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (p->mark[mid].first <= i) {
            found = &p->mark[mid];
            low = mid + 1;
        } else
            high = mid;
    }
    return found;
}
