#include "service/metadata_table.h"

#include "service/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TELL_MAX = 600 };

typedef struct {
    nps_span key;     /* file, slashes forward */
    size_t record;    /* 0: all of the file */
    size_t line;
    const nps_span *cell; /* [n_head] */
    size_t last_file; /* of the walk that used it; 0: none */
    char *first_name; /* of the first file that used it; owned */
    size_t outdone;   /* line of the row that was preferred to it */
} table_row;

struct nps_metadata_table {
    char *text; /* owned; cells lie in it, quotes undone */
    nps_span *head; /* [n_head] keys; "file" and "record" left out */
    nps_span *cell; /* [n_row][n_head] */
    table_row *row; /* [n_row] by key and record */
    size_t n_head, n_row, cap_cell, cap_row;
    bool *is_inchikey; /* [n_head] */
    bool has_record;
    char separator;
    nps_metadata_tell *tell;
    void *tell_arg;
    nps_metadata_counts counts;
    /* The file that the walk is in. */
    size_t file;
    char *file_name;
    bool file_has_row;
};

static void tell(nps_metadata_table *t, bool fault, size_t line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void tell(nps_metadata_table *t, bool fault, size_t line, const char *fmt, ...)
{
    char text[TELL_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    t->counts.faults += fault;
    t->tell(t->tell_arg, fault, line, text);
}

#define QUOTED(span) nps_quote((span).p, (span).n).s

/* --- cells ----------------------------------------------------------------------------------------------------------------- */

/* Undoes the quotes of the cell at *p, in place, and stands behind it. False for a quote that does not end. */
static bool take_quoted(char **p, char *end, nps_span *ret_cell)
{
    char *from = *p + 1, *to = from, *start = from;
    while (from < end) {
        if (*from == '"' && (from + 1 == end || from[1] != '"')) {
            *ret_cell = (nps_span){start, (size_t)(to - start)};
            *p = from + 1;
            return true;
        }
        from += *from == '"';
        *to++ = *from++;
    }
    return false;
}

/* Cuts a line into cells; *ret_n counts those above `max`, too. False for quotes that are wrong. */
static bool split_line(char *p, char *end, char separator, nps_span *cell, size_t max, size_t *ret_n)
{
    size_t n = 0;
    for (bool more = true; more; n++) {
        nps_span v;
        while (p < end && *p == ' ')
            p++;
        if (p < end && *p == '"') {
            if (!take_quoted(&p, end, &v))
                return false;
            while (p < end && *p == ' ')
                p++;
            if (p < end && *p != separator)
                return false;
        } else {
            char *stop = memchr(p, separator, (size_t)(end - p));
            v = (nps_span){p, (size_t)((stop ? stop : end) - p)};
            p = stop ? stop : end;
        }
        if (n < max)
            cell[n] = nps_span_trim(v);
        more = p < end;
        p += more;
    }
    *ret_n = n;
    return true;
}

static char find_separator(nps_span heads)
{
    size_t commas = 0, semicolons = 0;
    if (memchr(heads.p, '\t', heads.n))
        return '\t';
    for (size_t i = 0; i < heads.n; i++) {
        commas += heads.p[i] == ',';
        semicolons += heads.p[i] == ';';
    }
    return semicolons > commas ? ';' : ',';
}

/* --- reading ----------------------------------------------------------------------------------------------------------------- */

/* The scanner hands out read-only spans of the table's own text. */
static char *own(const nps_metadata_table *t, const char *p)
{
    return t->text + (p - t->text);
}

/* Which heads stand for the InChIKey, whatever they are called. */
static nps_status find_inchikeys(nps_metadata_table *t, nps_err *err)
{
    for (size_t h = 0; h < t->n_head; h++) {
        NPS_AUTO(nps_spectrum) probe = NULL;
        nps_status st = nps_spectrum_new(&probe, err);
        if (st == NPS_OK)
            st = nps_spectrum_take_pair(probe, t->head[h], NPS_SPAN("X"), err);
        if (st != NPS_OK)
            return st;
        t->is_inchikey[h] = probe->text[NPS_TEXT_INCHIKEY] != NULL;
    }
    return NPS_OK;
}

static nps_status read_heads(nps_metadata_table *t, const nps_scan *scan, nps_span line, nps_err *err)
{
    nps_span cell[NPS_METADATA_HEADS_MAX] = {0};
    size_t n, offset = nps_scan_offset(scan, line.p);
    t->separator = find_separator(line);
    char *p = own(t, line.p);
    if (!split_line(p, p + line.n, t->separator, cell, NPS_METADATA_HEADS_MAX, &n))
        return nps_fail_at(err, NPS_E_FORMAT, scan->line, offset, "a quote of the heads is not closed");
    if (n > NPS_METADATA_HEADS_MAX)
        return nps_fail_at(err, NPS_E_LIMIT, scan->line, offset, "more than %d columns", NPS_METADATA_HEADS_MAX);
    for (size_t i = 0; i < n; i++)
        if (!cell[i].n || !nps_text_is_clean(cell[i]))
            return nps_fail_at(err, NPS_E_FORMAT, scan->line, offset, "head %zu '%s' is empty or no UTF-8 text", i + 1,
                               QUOTED(cell[i]));
    if (!nps_span_is(cell[0], "file"))
        return nps_fail_at(err, NPS_E_FORMAT, scan->line, offset, "the first head is '%s', not 'file'", QUOTED(cell[0]));
    t->has_record = n > 1 && nps_span_is(cell[1], "record");
    size_t keys = t->has_record ? 2 : 1;
    t->n_head = n - keys;
    if (!t->n_head)
        return nps_fail_at(err, NPS_E_FORMAT, scan->line, offset, "no head says what the table gives to its files");
    t->head = nps_array(t->n_head, sizeof *t->head);
    t->is_inchikey = nps_array(t->n_head, sizeof *t->is_inchikey);
    if (!t->head || !t->is_inchikey)
        return nps_fail_nomem(err);
    memcpy(t->head, cell + keys, t->n_head * sizeof *t->head);
    return find_inchikeys(t, err);
}

/* "sub\a.spa" and "./sub/a.spa" mean sub/a.spa. */
static nps_span settle_key(nps_metadata_table *t, nps_span key)
{
    for (char *p = own(t, key.p), *end = p + key.n; p < end; p++)
        if (*p == '\\')
            *p = '/';
    return nps_span_starts(key, "./") ? (nps_span){key.p + 2, key.n - 2} : key;
}

/* Empties a cell whose key cannot mean it. */
static void check_cell(nps_metadata_table *t, size_t line, size_t h, nps_span *cell)
{
    static const nps_spectrum nothing;
    if (nps_text_says_nothing(*cell)) {
        cell->n = 0;
        return;
    }
    nps_span bare = *cell;
    if (t->is_inchikey[h] && nps_span_starts(bare, "InChIKey="))
        bare = (nps_span){bare.p + 9, bare.n - 9};
    bool known = nps_spectrum_knows_key(t->head[h]);
    if ((t->is_inchikey[h] && !nps_inchikey_is_valid(bare)) ||
        (known && nps_spectrum_keeps_pair(&nothing, t->head[h], *cell))) {
        tell(t, true, line, "'%s' is no %s: left out", QUOTED(*cell), QUOTED(t->head[h]));
        bare.n = 0;
    }
    *cell = bare;
}

static nps_status add_row(nps_metadata_table *t, size_t line, nps_span *cell, nps_err *err)
{
    table_row row = {.key = settle_key(t, cell[0]), .line = line};
    uint64_t record = 0;
    if (t->has_record && cell[1].n && (!nps_span_u64(cell[1], &record) || !record || record > SIZE_MAX)) {
        tell(t, true, line, "'%s' is no number of a record, from 1: the row is left out", QUOTED(cell[1]));
        return NPS_OK;
    }
    if (!row.key.n) {
        tell(t, true, line, "the row names no file and is left out");
        return NPS_OK;
    }
    row.record = (size_t)record;
    nps_status st = nps_grow(&t->row, &t->cap_row, t->n_row + 1, sizeof *t->row, NPS_METADATA_ROWS_MAX, err);
    if (st == NPS_OK)
        st = nps_grow(&t->cell, &t->cap_cell, (t->n_row + 1) * t->n_head, sizeof *t->cell, SIZE_MAX / sizeof *t->cell, err);
    if (st != NPS_OK)
        return st;
    nps_span *to = t->cell + t->n_row * t->n_head;
    for (size_t h = 0; h < t->n_head; h++) {
        to[h] = cell[h + (t->has_record ? 2 : 1)];
        check_cell(t, line, h, &to[h]);
    }
    t->row[t->n_row++] = row;
    return NPS_OK;
}

static nps_status read_row(nps_metadata_table *t, size_t number, nps_span line, nps_err *err)
{
    nps_span cell[NPS_METADATA_HEADS_MAX];
    size_t n, want = t->n_head + (t->has_record ? 2 : 1);
    char *p = own(t, line.p);
    if (!split_line(p, p + line.n, t->separator, cell, NPS_METADATA_HEADS_MAX, &n)) {
        tell(t, true, number, "a quote is not closed: the row is left out");
        return NPS_OK;
    }
    if (n != want) {
        tell(t, true, number, "%zu columns where the heads have %zu: the row is left out", n, want);
        return NPS_OK;
    }
    for (size_t i = 0; i < n; i++)
        if (cell[i].n && !nps_text_is_clean(cell[i])) {
            tell(t, true, number, "'%s' is no UTF-8 text: the row is left out", QUOTED(cell[i]));
            return NPS_OK;
        }
    return add_row(t, number, cell, err);
}

static int compare_key(nps_span a, size_t a_record, nps_span b, size_t b_record)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c == 0)
        c = a.n < b.n ? -1 : a.n > b.n;
    return c ? c : a_record < b_record ? -1 : a_record > b_record;
}

static int by_key(const void *a, const void *b)
{
    const table_row *x = a, *y = b;
    int c = compare_key(x->key, x->record, y->key, y->record);
    return c ? c : x->line < y->line ? -1 : x->line > y->line;
}

/* Sorts the rows; of several about the same the first is kept. */
static void settle_rows(nps_metadata_table *t)
{
    for (size_t i = 0; i < t->n_row; i++)
        t->row[i].cell = t->cell + i * t->n_head;
    if (t->n_row)
        qsort(t->row, t->n_row, sizeof *t->row, by_key);
    size_t kept = 0;
    for (size_t i = 0; i < t->n_row; i++) {
        const table_row *r = &t->row[i], *before = kept ? &t->row[kept - 1] : NULL;
        if (before && compare_key(before->key, before->record, r->key, r->record) == 0)
            tell(t, true, r->line, "'%s' is named in line %zu already: the row is left out", QUOTED(r->key), before->line);
        else
            t->row[kept++] = *r;
    }
    t->n_row = t->counts.rows = kept;
}

static nps_status read_lines(nps_metadata_table *t, size_t len, nps_err *err)
{
    nps_scan scan = nps_scan_init(t->text, len);
    nps_span line;
    if (len >= 3 && memcmp(t->text, "\xef\xbb\xbf", 3) == 0)
        scan.p += 3;
    nps_status st = NPS_OK;
    while (st == NPS_OK && nps_scan_line(&scan, &line))
        if (nps_span_trim(line).n)
            st = t->head ? read_row(t, scan.line, line, err) : read_heads(t, &scan, line, err);
    if (st == NPS_OK && !t->head)
        st = nps_fail_at(err, NPS_E_FORMAT, 1, 0, "the table is empty");
    return st;
}

nps_status nps_metadata_table_read(const char *text, size_t len, nps_metadata_tell *tell_fn, void *arg,
                                   nps_metadata_table **ret_table, nps_err *err)
{
    NPS_AUTO(nps_metadata_table) t = nps_array(1, sizeof *t);
    if (!t)
        return nps_fail_nomem(err);
    t->tell = tell_fn;
    t->tell_arg = arg;
    t->text = nps_array(len + 1, 1);
    if (!t->text)
        return nps_fail_nomem(err);
    if (len)
        memcpy(t->text, text, len);
    nps_status st = read_lines(t, len, err);
    if (st != NPS_OK)
        return st;
    settle_rows(t);
    *ret_table = nps_steal(t);
    return NPS_OK;
}

/* --- use --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    nps_span name;
    size_t record;
} row_key;

static int by_row_key(const void *key, const void *row)
{
    const row_key *k = key;
    const table_row *r = row;
    return compare_key(k->name, k->record, r->key, r->record);
}

static table_row *find_row(nps_metadata_table *t, nps_span name, size_t record)
{
    row_key key = {name, record};
    return t->n_row ? bsearch(&key, t->row, t->n_row, sizeof *t->row, by_row_key) : NULL;
}

/* The row of the longest name, or NULL. */
static table_row *pick_row(nps_metadata_table *t, const nps_source *from, size_t record)
{
    nps_span relative = nps_span_of(from->relative), name = nps_span_of(from->name), base = nps_source_base(relative);
    const nps_span names[] = {relative, nps_source_stem(relative), name, nps_source_stem(name), base, nps_source_stem(base)};
    table_row *best = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        table_row *r = find_row(t, names[i], record);
        if (r && best && r != best)
            r->outdone = best->line;
        best = best ? best : r;
    }
    return best;
}

static nps_status use_row(nps_metadata_table *t, table_row *r, const nps_source *from, nps_err *err)
{
    if (r->last_file && r->last_file != from->file)
        tell(t, false, r->line, "'%s' fits more than one file: '%s', then '%s'", QUOTED(r->key), r->first_name, from->name);
    r->last_file = from->file;
    t->file_has_row = true;
    if (!r->first_name)
        r->first_name = nps_strndup(from->name, strlen(from->name));
    return r->first_name ? NPS_OK : nps_fail_nomem(err);
}

/* A technique of the table goes with peaks, or with a trace, as the spectrum has them. */
static void settle_technique(nps_metadata_table *t, const table_row *r, nps_technique before, nps_spectrum *s)
{
    nps_technique said = s->technique;
    if (said != NPS_TECH_UNKNOWN && nps_technique_is_mass(said) == nps_technique_is_mass(before))
        return;
    s->technique = before;
    if (said != NPS_TECH_UNKNOWN)
        tell(t, true, r->line, "technique '%s' does not go with %s: left out", nps_technique_name(said),
             nps_technique_is_mass(before) ? "a mass spectrum" : "an infrared or Raman trace");
}

static nps_status give(nps_metadata_table *t, const table_row *r, nps_spectrum *s, nps_err *err)
{
    nps_technique before = s->technique;
    nps_status st = NPS_OK;
    for (size_t h = 0; h < t->n_head; h++)
        if (r->cell[h].n)
            nps_spectrum_forget_key(s, t->head[h]);
    s->technique = NPS_TECH_UNKNOWN;
    for (size_t h = 0; h < t->n_head && st == NPS_OK; h++)
        if (r->cell[h].n)
            st = nps_spectrum_take_pair(s, t->head[h], r->cell[h], err);
    settle_technique(t, r, before, s);
    if (st == NPS_E_LIMIT) {
        tell(t, true, r->line, "a spectrum has no room for all of the row: the rest of it is left out");
        return NPS_OK;
    }
    return st;
}

static void finish_file(nps_metadata_table *t)
{
    if (t->file && !t->file_has_row) {
        t->counts.files_without++;
        tell(t, false, 0, "'%s' has no row", t->file_name);
    }
    free(t->file_name);
    t->file_name = NULL;
    t->file = 0;
}

static nps_status begin_file(nps_metadata_table *t, const nps_source *from, nps_err *err)
{
    finish_file(t);
    t->file_name = nps_strndup(from->name, strlen(from->name));
    if (!t->file_name)
        return nps_fail_nomem(err);
    t->file = from->file;
    t->file_has_row = false;
    return NPS_OK;
}

nps_status nps_metadata_table_apply(nps_metadata_table *t, const nps_source *from, nps_spectrum *s, nps_err *err)
{
    nps_status st = from->file != t->file ? begin_file(t, from, err) : NPS_OK;
    table_row *rows[] = {pick_row(t, from, 0), pick_row(t, from, from->record)};
    for (size_t i = 0; i < 2; i++) {
        if (st == NPS_OK && rows[i])
            st = use_row(t, rows[i], from, err);
        if (st == NPS_OK && rows[i])
            st = give(t, rows[i], s, err);
    }
    t->counts.spectra += st == NPS_OK && (rows[0] || rows[1]);
    return st;
}

static int by_line(const void *a, const void *b)
{
    const table_row *x = *(const table_row *const *)a, *y = *(const table_row *const *)b;
    return x->line < y->line ? -1 : x->line > y->line;
}

void nps_metadata_table_finish(nps_metadata_table *t)
{
    finish_file(t);
    NPS_AUTO_MEM(table_row **) unused = nps_array(t->n_row, sizeof *unused);
    size_t n = 0;
    for (size_t i = 0; i < t->n_row; i++)
        if (!t->row[i].last_file) {
            t->counts.rows_unused++;
            if (unused)
                unused[n++] = &t->row[i];
        }
    if (n)
        qsort(unused, n, sizeof(table_row *), by_line);
    for (size_t i = 0; i < n; i++) {
        const table_row *r = unused[i];
        if (r->outdone)
            tell(t, false, r->line, "'%s' is not used: line %zu names the same file", QUOTED(r->key), r->outdone);
        else if (r->record)
            tell(t, false, r->line, "'%s', record %zu fits no spectrum", QUOTED(r->key), r->record);
        else
            tell(t, false, r->line, "'%s' fits no file with spectra", QUOTED(r->key));
    }
}

nps_metadata_counts nps_metadata_table_counts(const nps_metadata_table *t)
{
    return t->counts;
}

void nps_metadata_table_free(nps_metadata_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n_row; i++)
        free(t->row[i].first_name);
    free(t->file_name);
    free(t->is_inchikey);
    free(t->row);
    free(t->cell);
    free(t->head);
    free(t->text);
    free(t);
}
