#include "spectra/jcamp_table.h"

#include <math.h>
#include <string.h>

/* Labels of the plain forms by the letters of their variables: X and Y, or R and A in ##RADATA=. */
static const struct {
    const char *data, *first, *last, *delta, *x_factor, *y_factor, *x_units, *y_units;
    bool peaks;
} plain_forms[] = {
    {"XYDATA", "FIRSTX", "LASTX", "DELTAX", "XFACTOR", "YFACTOR", "XUNITS", "YUNITS", false},
    {"XYPOINTS", "FIRSTX", "LASTX", "DELTAX", "XFACTOR", "YFACTOR", "XUNITS", "YUNITS", false},
    {"PEAKTABLE", "FIRSTX", "LASTX", "DELTAX", "XFACTOR", "YFACTOR", "XUNITS", "YUNITS", true},
    {"RADATA", "FIRSTR", "LASTR", "DELTAR", "RFACTOR", "AFACTOR", "RUNITS", "AUNITS", false},
};

enum { PLAIN_FORMS = sizeof plain_forms / sizeof *plain_forms, HEAD_MAX = 1000, COLUMNS_MAX = 64 };

#define FAIL_LDR(b, ldr, code, ...) \
    nps_fail_at(err, (code), (ldr)->line, (size_t)((ldr)->label.p - (b)->base) - 2, __VA_ARGS__)

static nps_status header_number(const nps_jcamp_block *b, const nps_jcamp_ldr *ldr, nps_span text, double fallback,
                                double *ret_v, size_t *commas, nps_err *err)
{
    *ret_v = fallback;
    if (!text.n)
        return NPS_OK;
    bool comma = false;
    double v = 0;
    const char *stop = nps_jcamp_number(text.p, text.p + text.n, false, true, &comma, &v);
    if (!stop || (stop < text.p + text.n && *stop != ' ' && *stop != '\t'))
        return FAIL_LDR(b, ldr, NPS_E_FORMAT, "'%s' of '%s' is no number", nps_quote(text.p, text.n).s,
                        nps_quote(ldr->label.p, ldr->label.n).s);
    *commas += comma;
    *ret_v = v;
    return NPS_OK;
}

static nps_status plain_number(const nps_jcamp_block *b, const char *key, double fallback, double *ret_v, size_t *commas,
                               nps_err *err)
{
    const nps_jcamp_ldr *ldr = nps_jcamp_find(b, 0, b->n, key);
    return header_number(b, ldr, nps_jcamp_first_line(ldr), fallback, ret_v, commas, err);
}

/* NPOINTS within [from, end); a claim, so nothing is allocated by it. */
static size_t claimed_points(const nps_jcamp_block *b, size_t from, size_t end)
{
    uint64_t n = 0;
    const nps_jcamp_ldr *ldr = nps_jcamp_find(b, from, end, "NPOINTS");
    double v = 0;
    nps_span text = nps_jcamp_first_line(ldr);
    if (nps_span_u64(text, &n))
        return n < SIZE_MAX ? (size_t)n : 0;
    return nps_span_double(text, &v) && v >= 1 && v < 1e15 ? (size_t)v : 0;
}

static nps_status read_plain_header(const nps_jcamp_block *b, size_t form, nps_jcamp_table *t, nps_err *err)
{
    const struct {
        const char *key;
        double fallback, *ret;
    } number[] = {{plain_forms[form].first, NAN, &t->first_x},    {plain_forms[form].last, NAN, &t->last_x},
                  {plain_forms[form].delta, NAN, &t->delta_x},    {plain_forms[form].x_factor, 1, &t->x_factor},
                  {plain_forms[form].y_factor, 1, &t->y_factor}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        nps_status st = plain_number(b, number[i].key, number[i].fallback, number[i].ret, &t->commas, err);
        if (st != NPS_OK)
            return st;
    }
    t->x_units = nps_jcamp_first_line(nps_jcamp_find(b, 0, b->n, plain_forms[form].x_units));
    t->y_units = nps_jcamp_first_line(nps_jcamp_find(b, 0, b->n, plain_forms[form].y_units));
    t->n_points = claimed_points(b, 0, b->n);
    t->peaks = plain_forms[form].peaks;
    t->head_end = b->n;
    return NPS_OK;
}

/* Item i of a comma-separated list, trimmed; empty when the list is shorter. */
static nps_span list_item(nps_span list, size_t i)
{
    if (i >= COLUMNS_MAX)
        return (nps_span){"", 0};
    nps_span left, right;
    while (nps_span_split(list, ',', &left, &right)) {
        if (i-- == 0)
            return left;
        list = right;
    }
    return i == 0 ? nps_span_trim(list) : (nps_span){"", 0};
}

/* Column of a variable in ##SYMBOL=; SIZE_MAX when it is not there. */
static size_t symbol_column(nps_span symbols, nps_span name)
{
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        nps_span s = list_item(symbols, i);
        if (s.n == name.n && s.n && memcmp(s.p, name.p, s.n) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* Where the description of a table of ##NTUPLES= stands: in the head, before the first page, and in its own page. */
typedef struct {
    const nps_jcamp_block *b;
    size_t head_end, page, at;
} tuple_place;

/* Every page looks into the head again, so its length is bounded. */
static nps_status find_place(const nps_jcamp_block *b, size_t at, tuple_place *ret_place, nps_err *err)
{
    size_t end = 0, page = at;
    while (strcmp(b->ldr[end].key, "PAGE") != 0 && strcmp(b->ldr[end].key, "DATATABLE") != 0)
        if (++end > HEAD_MAX)
            return FAIL_LDR(b, &b->ldr[end], NPS_E_LIMIT, "more than %d records before the first page", HEAD_MAX);
    while (page > end && strcmp(b->ldr[page].key, "PAGE") != 0 && strcmp(b->ldr[page - 1].key, "DATATABLE") != 0)
        page--;
    *ret_place = (tuple_place){b, end, page, at};
    return NPS_OK;
}

/* The attribute `key` of a column: a list in the page counts before the one in the head. */
static nps_span attribute(const tuple_place *w, const char *key, size_t column, const nps_jcamp_ldr **ret_ldr)
{
    *ret_ldr = nps_jcamp_find(w->b, w->page, w->at, key);
    nps_span item = list_item(nps_jcamp_first_line(*ret_ldr), column);
    if (item.n)
        return item;
    *ret_ldr = nps_jcamp_find(w->b, 0, w->head_end, key);
    return list_item(nps_jcamp_first_line(*ret_ldr), column);
}

static nps_status tuple_number(const tuple_place *w, const char *key, size_t column, double fallback, double *ret_v,
                               nps_err *err)
{
    const nps_jcamp_ldr *ldr = NULL;
    size_t commas = 0; /* commas part the list here */
    nps_span text = attribute(w, key, column, &ldr);
    return header_number(w->b, ldr, text, fallback, ret_v, &commas, err);
}

static void name_page(const tuple_place *w, nps_span symbols, nps_jcamp_table *t)
{
    const nps_jcamp_ldr *ldr = &w->b->ldr[w->page];
    nps_span name, value;
    if (strcmp(ldr->key, "PAGE") != 0)
        return;
    t->page = ldr;
    if (nps_span_split(nps_jcamp_first_line(ldr), '=', &name, &value))
        t->page_units = attribute(w, "UNITS", symbol_column(symbols, name), &ldr);
}

static nps_status read_tuple_header(const nps_jcamp_block *b, size_t at, nps_span x, nps_span y, nps_jcamp_table *t,
                                    nps_err *err)
{
    tuple_place w = {0};
    nps_status st = find_place(b, at, &w, err);
    if (st != NPS_OK)
        return st;
    nps_span symbols = nps_jcamp_first_line(nps_jcamp_find(b, 0, w.head_end, "SYMBOL"));
    size_t cx = symbol_column(symbols, x), cy = symbol_column(symbols, y);
    double dim = NAN;
    const struct {
        const char *key;
        size_t column;
        double fallback, *ret;
    } number[] = {{"FIRST", cx, NAN, &t->first_x},
                  {"LAST", cx, NAN, &t->last_x},
                  {"FACTOR", cx, 1, &t->x_factor},
                  {"FACTOR", cy, 1, &t->y_factor},
                  {"VARDIM", cx, NAN, &dim}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        st = tuple_number(&w, number[i].key, number[i].column, number[i].fallback, number[i].ret, err);
        if (st != NPS_OK)
            return st;
    }
    const nps_jcamp_ldr *ldr = NULL;
    t->delta_x = NAN;
    t->x_units = attribute(&w, "UNITS", cx, &ldr);
    t->y_units = attribute(&w, "UNITS", cy, &ldr);
    t->n_points = claimed_points(b, w.page, at);
    if (!t->n_points && dim >= 1 && dim < 1e15)
        t->n_points = (size_t)dim;
    t->tuples = true;
    t->head_end = w.head_end;
    t->page_from = w.page;
    t->page_end = at;
    name_page(&w, symbols, t);
    return NPS_OK;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* One variable at *p: a letter with the digits that follow ("F2"). */
static bool take_symbol(const char **p, const char *end, nps_span *ret_symbol)
{
    const char *q = *p;
    if (q == end || !is_letter(*q))
        return false;
    for (q++; q < end && *q >= '0' && *q <= '9';)
        q++;
    *ret_symbol = (nps_span){*p, (size_t)(q - *p)};
    *p = q;
    return true;
}

/* "(X++(Y..Y))" or "(XY..XY)", "(XYW..XYW)": variables and, for tuples, how many. */
static bool parse_form(nps_span form, nps_jcamp_table *t, nps_span *ret_x, nps_span *ret_y)
{
    const char *p = form.p, *end = form.p + form.n;
    if (p == end || *p++ != '(' || !take_symbol(&p, end, ret_x))
        return false;
    t->even = end - p > 3 && memcmp(p, "++(", 3) == 0;
    if (t->even) {
        p += 3;
        return take_symbol(&p, end, ret_y) && end - p > 2 && memcmp(p, "..", 2) == 0;
    }
    nps_span more;
    if (!take_symbol(&p, end, ret_y))
        return false;
    for (t->width = 2; take_symbol(&p, end, &more); t->width++)
        ;
    return end - p > 2 && memcmp(p, "..", 2) == 0;
}

static size_t plain_form(const nps_jcamp_ldr *ldr)
{
    size_t i = 0;
    while (i < PLAIN_FORMS && strcmp(ldr->key, plain_forms[i].data) != 0)
        i++;
    return i;
}

static bool is_table(const nps_jcamp_ldr *ldr)
{
    return plain_form(ldr) < PLAIN_FORMS || strcmp(ldr->key, "DATATABLE") == 0 ||
           strcmp(ldr->key, "PEAKASSIGNMENTS") == 0;
}

size_t nps_jcamp_count_tables(const nps_jcamp_block *b, size_t from)
{
    size_t n = 0;
    for (size_t i = from; i < b->n; i++)
        n += is_table(&b->ldr[i]);
    return n;
}

nps_status nps_jcamp_table_next(const nps_jcamp_block *b, size_t *from, nps_jcamp_table *ret_table, bool *ret_any,
                                nps_err *err)
{
    size_t at = *from;
    while (at < b->n && !is_table(&b->ldr[at]))
        at++;
    *ret_any = at < b->n;
    *from = at + 1;
    if (at >= b->n)
        return NPS_OK;
    const nps_jcamp_ldr *ldr = &b->ldr[at];
    nps_jcamp_table t = {.data = ldr, .x_factor = 1, .y_factor = 1, .page_units = {"", 0}};
    nps_span form = nps_jcamp_first_line(ldr), x, y;
    if (!parse_form(form, &t, &x, &y))
        return FAIL_LDR(b, ldr, NPS_E_UNSUPPORTED, "'%s' data of the form '%s' are not read here",
                        nps_quote(ldr->label.p, ldr->label.n).s, nps_quote(form.p, form.n).s);
    size_t plain = plain_form(ldr);
    nps_status st = plain < PLAIN_FORMS ? read_plain_header(b, plain, &t, err)
                                        : read_tuple_header(b, at, x, y, &t, err);
    if (st == NPS_OK)
        *ret_table = t;
    return st;
}

/* Index of the first line whose abscissa is off by more than a step; n_mark when all agree. *ret_off counts lines that
 * are off by more than half a step. */
static size_t check_abscissae(const nps_jcamp_points *p, double factor, double first, double step, size_t *ret_off)
{
    size_t off = 0, i = 0;
    for (; i < p->n_mark; i++) {
        const nps_jcamp_mark *m = &p->mark[i];
        double d = fabs(m->x * factor - (first + (double)m->first * step)), r = m->unit * fabs(factor) + 1e-9 * fabs(m->x * factor);
        if (!(d <= fabs(step) + r))
            break;
        off += d > fabs(step) / 2 + r;
    }
    *ret_off = off;
    return i;
}

static double first_abscissa(const nps_jcamp_table *t, const nps_jcamp_points *p)
{
    return isnan(t->first_x) ? p->mark[0].x * t->x_factor : t->first_x;
}

/* Steps that the header offers, the surest first; NAN for those it does not. Where it offers none, that of the lines. */
static void offered_steps(const nps_jcamp_table *t, const nps_jcamp_points *p, double step[static 4])
{
    double range = t->last_x - first_abscissa(t, p);
    const nps_jcamp_mark *m = &p->mark[p->n_mark - 1];
    double sign = range < 0 ? -1 : 1;
    step[0] = t->n_points > 1 ? range / (double)(t->n_points - 1) : NAN;
    step[1] = p->n > 1 ? range / (double)(p->n - 1) : NAN;
    step[2] = isnan(range) ? t->delta_x : sign * fabs(t->delta_x);
    bool none = isnan(step[0]) && isnan(step[1]) && isnan(step[2]);
    step[3] = none && m->first ? (m->x * t->x_factor - p->mark[0].x * t->x_factor) / (double)m->first : NAN;
}

static nps_status lay_abscissae(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_jcamp_points *p, nps_err *err)
{
    double step[4], first = first_abscissa(t, p);
    size_t worst = 0, off = 0;
    double used = NAN;
    bool any = false;
    offered_steps(t, p, step);
    for (size_t i = 0; i < 4; i++) {
        if (!isfinite(step[i]) || (step[i] == 0 && p->n > 1))
            continue;
        size_t reached = check_abscissae(p, t->x_factor, first, step[i], &off);
        if (reached == p->n_mark) {
            used = step[i];
            break;
        }
        if (!any)
            worst = reached;
        any = true;
    }
    if (isnan(used) && !any && p->n > 1)
        return FAIL_LDR(b, t->data, NPS_E_FORMAT, "nothing says how far apart the points lie");
    if (isnan(used) && any) {
        const nps_jcamp_mark *m = &p->mark[worst];
        return nps_fail_at(err, NPS_E_FORMAT, m->line, (size_t)(m->at - b->base),
                           "abscissa check: the line begins at %g, but %zu points from %g lead elsewhere",
                           m->x * t->x_factor, m->first, first);
    }
    nps_status st = nps_grow(&p->x, &p->cap_x, p->n, sizeof *p->x, SIZE_MAX / 2, err);
    if (st != NPS_OK)
        return st;
    for (size_t i = 0; i < p->n; i++)
        p->x[i] = i ? first + (double)i * used : first;
    if (p->n > 1 && used == step[1] && isfinite(t->last_x))
        p->x[p->n - 1] = t->last_x;
    p->bad_checks += off;
    return NPS_OK;
}

static void apply_factors(const nps_jcamp_table *t, nps_jcamp_points *p)
{
    for (size_t i = 0; i < p->n; i++) {
        p->y[i] *= t->y_factor;
        if (!t->even)
            p->x[i] *= t->x_factor;
    }
}

static nps_status read_once(const nps_jcamp_block *b, const nps_jcamp_table *t, nps_jcamp_number_rules rules,
                            nps_jcamp_points *p, nps_err *err)
{
    nps_status st = t->even ? nps_jcamp_unpack_ordinates(b, t->data, rules, p, err)
                            : nps_jcamp_unpack_tuples(b, t->data, t->width, rules, p, err);
    if (st == NPS_OK && !p->n)
        return FAIL_LDR(b, t->data, NPS_E_FORMAT, "no points in '%s'", nps_quote(t->data->label.p, t->data->label.n).s);
    if (st == NPS_OK && t->even)
        st = lay_abscissae(b, t, p, err);
    if (st == NPS_OK)
        apply_factors(t, p);
    return st;
}

/* A comma parts numbers by the standard and is the decimal sign by the habit of half of Europe. The header's numbers
 * tell, or else the number of points and the checks: the reading is taken that satisfies them. */
nps_status nps_jcamp_table_read(const nps_jcamp_block *b, const nps_jcamp_table *t, size_t max_points,
                                nps_jcamp_points *p, nps_err *err)
{
    nps_jcamp_number_rules rules = {max_points, t->commas > 0};
    nps_err first = {0};
    nps_status st = read_once(b, t, rules, p, &first);
    bool fits = st == NPS_OK && (!t->n_points || p->n == t->n_points);
    if (!fits && st != NPS_E_NOMEM && (p->commas || p->bare_commas)) {
        nps_jcamp_points other = {0};
        rules.decimal_comma = !rules.decimal_comma;
        if (read_once(b, t, rules, &other, NULL) == NPS_OK && (st != NPS_OK || other.n == t->n_points)) {
            nps_jcamp_points was = *p;
            *p = other;
            other = was;
            st = NPS_OK;
        }
        nps_jcamp_points_done(&other);
    }
    if (st != NPS_OK && err)
        *err = first;
    return st;
}
