/* One control table from its bytes: rows with their cells checked, faults with line and byte. */
#include "reference-lib/control_impl.h"

#include "core/day.h"
#include "core/utf8.h"
#include "spectra/spectrum.h"

#include <string.h>

enum { COLUMNS_MAX = 11, CELL_MAX = 2000 };

#define LISTS(l) (1U << (l))

typedef enum {
    LIST, SCHEDULE, SINCE, UNTIL, NAME, INCHIKEY, FORMULA, LEVEL, SEEN, SOURCE, NOTE, CLASS, COUNTRY, CLAUSE
} column;

static const char *const column_name[] = {[LIST] = "list", [SCHEDULE] = "schedule", [SINCE] = "since", [UNTIL] = "until",
    [NAME] = "name", [INCHIKEY] = "inchikey", [FORMULA] = "formula", [LEVEL] = "level", [SEEN] = "seen", [SOURCE] = "source",
    [NOTE] = "note", [CLASS] = "class", [COUNTRY] = "country", [CLAUSE] = "clause"};

static const column of_substances[] = {LIST, SCHEDULE, SINCE, UNTIL, NAME, INCHIKEY, FORMULA, LEVEL, SEEN, SOURCE, NOTE};
/* The title of a rule is its name. */
static const column of_rules[] = {CLASS, COUNTRY, CLAUSE, NAME, SINCE, UNTIL, LEVEL, SEEN, SOURCE, NOTE};

static const struct {
    const char *name;
    unsigned lists; /* that it may hold */
} tables[NPS_CONTROL_TABLES] = {
    {"conventions.tsv", LISTS(NPS_CONTROL_1961) | LISTS(NPS_CONTROL_1971)},
    {"precursors.tsv", LISTS(NPS_CONTROL_1988)},
    {"no_legitimate_use.tsv", LISTS(NPS_CONTROL_NO_LEGITIMATE_USE)},
    {"surveillance.tsv", LISTS(NPS_CONTROL_SURVEILLANCE)},
    {"looked_up.tsv", LISTS(NPS_CONTROL_LOOKED_UP)},
    {"class_rules.tsv", LISTS(NPS_CONTROL_CLASS_RULE)},
};

const char *nps_control_table_name(size_t i)
{
    return tables[i].name;
}

/* What a table of this kind is cut into. */
typedef struct {
    const nps_control_table *t;
    char *own; /* copy of t->data, where cells are terminated */
    const char *file;
    unsigned lists;
    const column *order;
    size_t n_column;
    size_t line, offset; /* of the cell or row in question */
} table;

#define QUOTED(span) nps_quote((span).p, (span).n).s

/* --- cells ----------------------------------------------------------------------------------------------------------------- */

static bool span_equals(nps_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* DATE, DATE/DATE (some day from the one to the other), ../DATE (by then). */
static bool parse_date(nps_span s, nps_control_date *ret)
{
    nps_span from = s, to = s;
    const char *slash = memchr(s.p, '/', s.n);
    uint32_t first = 0, last, unused;
    if (slash) {
        from = (nps_span){s.p, (size_t)(slash - s.p)};
        to = (nps_span){slash + 1, s.n - from.n - 1};
    }
    bool open = slash && span_equals(from, "..");
    if ((!open && !nps_day_parse_span(from, &first, &unused)) || !nps_day_parse_span(to, &unused, &last) || first > last)
        return false;
    ret->first = first;
    ret->last = last;
    return true;
}

static bool is_formula(nps_span s)
{
    size_t i = 0;
    while (i < s.n) {
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
        i++;
        i += i < s.n && s.p[i] >= 'a' && s.p[i] <= 'z';
        if (i < s.n && s.p[i] == '0')
            return false;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
            i++;
    }
    return true;
}

static bool is_schedule(nps_control_list list, nps_span s)
{
    static const char *const known[NPS_CONTROL_LISTS][6] = {
        [NPS_CONTROL_1961] = {"I", "II", "III", "IV", "I and IV"},
        [NPS_CONTROL_1971] = {"I", "II", "III", "IV"},
        [NPS_CONTROL_1988] = {"Table I", "Table II"},
    };
    if (!known[list][0])
        return s.n == 0;
    for (size_t i = 0; known[list][i]; i++)
        if (span_equals(s, known[list][i]))
            return true;
    return false;
}

static bool parse_seen(nps_span s, nps_control_seen *ret)
{
    static const char *const names[] = {"", "recommendation", "press", "decision", "list", "law"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_equals(s, names[i])) {
            *ret = (nps_control_seen)i;
            return true;
        }
    return false;
}

static nps_status bad_cell(const table *t, column c, nps_span cell, nps_err *err)
{
    static const char *const want[] = {
        [LIST] = "a list of this table", [SCHEDULE] = "a schedule of this list",
        [SINCE] = "YEAR, YEAR-MONTH, YEAR-MONTH-DAY, two of them with '/' between, or ../DAY",
        [UNTIL] = "YEAR, YEAR-MONTH, YEAR-MONTH-DAY, two of them with '/' between, or ../DAY", [NAME] = "a name",
        [INCHIKEY] = "an InChIKey of 27 characters", [FORMULA] = "a molecular formula", [LEVEL] = "A, B or C",
        [SEEN] = "recommendation, press, decision, list, law or empty", [SOURCE] = "a source", [NOTE] = "a note",
        [CLASS] = "a class", [COUNTRY] = "an ISO 3166-1 alpha-2 code like DE", [CLAUSE] = "a clause"};
    return nps_fail_at(err, NPS_E_FORMAT, t->line, t->offset, "%s '%s' is not %s", column_name[c], QUOTED(cell), want[c]);
}

/* Puts a cell into its row. `text` is the same, terminated. */
static bool take_cell(const table *t, column c, nps_span cell, const char *text, nps_control_row *r)
{
    switch (c) {
    case LIST: return nps_control_list_parse(cell, &r->list) && (t->lists & LISTS(r->list));
    case SCHEDULE: r->schedule = text; return is_schedule(r->list, cell);
    case SINCE: r->since = (nps_control_date){0, NPS_DAY_NEVER, text}; return !cell.n || parse_date(cell, &r->since);
    case UNTIL:
        r->until = (nps_control_date){NPS_DAY_NEVER, NPS_DAY_NEVER, text};
        return !cell.n || parse_date(cell, &r->until);
    case NAME: r->name = text; return cell.n > 0;
    case INCHIKEY: r->inchikey = text; return !cell.n || nps_inchikey_is_valid(cell);
    case FORMULA: r->formula = text; return is_formula(cell);
    case LEVEL: r->level = *text; return cell.n == 1 && *text >= 'A' && *text <= 'C';
    case SEEN: return parse_seen(cell, &r->seen);
    case SOURCE: r->source = text; return cell.n > 0;
    case NOTE: r->note = text; return true;
    case CLASS: r->class_name = text; return cell.n > 0;
    case COUNTRY:
        r->country = text;
        return cell.n == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
    case CLAUSE: r->clause = text; return cell.n > 0;
    }
    return false;
}

/* --- lines ----------------------------------------------------------------------------------------------------------------- */

static size_t offset_of(const table *t, const char *p)
{
    return (size_t)(p - (const char *)t->t->data);
}

/* Cuts a line at its tabs; *ret_n counts those above COLUMNS_MAX, too. */
static void split(nps_span line, nps_span cell[static COLUMNS_MAX], size_t *ret_n)
{
    const char *p = line.p, *end = line.p + line.n;
    size_t n = 0;
    for (bool more = true; more; n++) {
        const char *tab = p < end ? memchr(p, '\t', (size_t)(end - p)) : NULL;
        if (n < COLUMNS_MAX)
            cell[n] = (nps_span){p, (size_t)((tab ? tab : end) - p)};
        more = tab != NULL;
        p = tab ? tab + 1 : end;
    }
    *ret_n = n;
}

static nps_status cut_line(table *t, nps_span line, nps_span cell[static COLUMNS_MAX], nps_err *err)
{
    size_t n;
    split(line, cell, &n);
    t->offset = offset_of(t, line.p);
    if (n != t->n_column)
        return nps_fail_at(err, NPS_E_FORMAT, t->line, t->offset, "%zu column%s, not %zu", n, n == 1 ? "" : "s", t->n_column);
    for (size_t i = 0; i < n; i++) {
        t->offset = offset_of(t, cell[i].p);
        if (cell[i].n > CELL_MAX)
            return nps_fail_at(err, NPS_E_LIMIT, t->line, t->offset, "a cell of more than %d bytes", CELL_MAX);
        if (!nps_utf8_is_clean(cell[i]))
            return nps_fail_at(err, NPS_E_FORMAT, t->line, t->offset, "'%s' is no clean UTF-8 text", QUOTED(cell[i]));
    }
    return NPS_OK;
}

static nps_status read_head(table *t, nps_span line, nps_err *err)
{
    nps_span cell[COLUMNS_MAX] = {0};
    nps_status st = cut_line(t, line, cell, err);
    for (size_t i = 0; st == NPS_OK && i < t->n_column; i++) {
        const char *want = t->order == of_rules && t->order[i] == NAME ? "title" : column_name[t->order[i]];
        if (!span_equals(cell[i], want))
            st = nps_fail_at(err, NPS_E_FORMAT, t->line, offset_of(t, cell[i].p), "head %zu is '%s', not '%s'", i + 1,
                             QUOTED(cell[i]), want);
    }
    return st;
}

/* What must fit together in a row. */
static nps_status check_row(const table *t, const nps_control_row *r, nps_err *err)
{
    if (r->level == 'A' && r->seen == NPS_SEEN_NOTHING)
        return nps_fail_at(err, NPS_E_FORMAT, t->line, r->offset, "level A, but nothing is said to have been seen");
    if (r->until.last <= r->since.first)
        return nps_fail_at(err, NPS_E_FORMAT, t->line, r->offset, "until '%s' is not after since '%s'", r->until.text,
                           r->since.text);
    return NPS_OK;
}

static nps_status read_row(nps_control *c, table *t, nps_span line, nps_err *err)
{
    nps_span cell[COLUMNS_MAX] = {0};
    nps_control_row r = {.list = NPS_CONTROL_CLASS_RULE, .name = "", .inchikey = "", .formula = "", .schedule = "",
                         .class_name = "", .country = "", .clause = "", .file = t->file, .line = t->line,
                         .offset = offset_of(t, line.p), .number = (uint32_t)c->n_row};
    nps_status st = cut_line(t, line, cell, err);
    for (size_t i = 0; st == NPS_OK && i < t->n_column; i++) {
        nps_span v = nps_span_trim(cell[i]);
        char *text = t->own + offset_of(t, v.p);
        text[v.n] = '\0';
        t->offset = offset_of(t, cell[i].p);
        if (!take_cell(t, t->order[i], v, text, &r))
            st = bad_cell(t, t->order[i], v, err);
    }
    if (st == NPS_OK)
        st = check_row(t, &r, err);
    if (st == NPS_OK)
        st = nps_grow(&c->row, &c->cap_row, c->n_row + 1, sizeof *c->row, NPS_CONTROL_ROWS_MAX, err);
    if (st == NPS_OK)
        c->row[c->n_row++] = r;
    return st;
}

nps_status nps_control_read_table(nps_control *c, size_t i, const nps_control_table *t, nps_err *err)
{
    if (t->len > NPS_CONTROL_TABLE_BYTES)
        return nps_fail(err, NPS_E_LIMIT, "more than %d bytes", NPS_CONTROL_TABLE_BYTES);
    c->text[i] = nps_array(t->len + 1, 1);
    if (!c->text[i])
        return nps_fail_nomem(err);
    if (t->len)
        memcpy(c->text[i], t->data, t->len);
    bool rules = tables[i].lists == LISTS(NPS_CONTROL_CLASS_RULE);
    table in = {.t = t, .own = c->text[i], .file = tables[i].name, .lists = tables[i].lists,
                .order = rules ? of_rules : of_substances,
                .n_column = rules ? sizeof of_rules / sizeof *of_rules : sizeof of_substances / sizeof *of_substances};
    nps_scan scan = nps_scan_init(t->data, t->len);
    bool headed = false;
    if (t->len >= 3 && memcmp(t->data, "\xef\xbb\xbf", 3) == 0)
        scan.p += 3;
    for (nps_span line; nps_scan_line(&scan, &line);) {
        if (!nps_span_trim(line).n || *line.p == '#')
            continue;
        in.line = scan.line;
        nps_status st = headed ? read_row(c, &in, line, err) : read_head(&in, line, err);
        if (st != NPS_OK)
            return st;
        headed = true;
    }
    return headed ? NPS_OK : nps_fail_at(err, NPS_E_FORMAT, 1, 0, "there is no head");
}
