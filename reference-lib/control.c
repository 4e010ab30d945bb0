#include "reference-lib/control.h"

#include "reference-lib/control_impl.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 14, LAYER_AT = 15, LAYER = 8 };
static const char open_layer[] = "UHFFFAOY"; /* of an InChIKey without stereochemistry and isotopes */

static const char *const list_names[NPS_CONTROL_LISTS] = {
    [NPS_CONTROL_1961] = "1961", [NPS_CONTROL_1971] = "1971", [NPS_CONTROL_1988] = "1988",
    [NPS_CONTROL_NO_LEGITIMATE_USE] = "no-legitimate-use", [NPS_CONTROL_SURVEILLANCE] = "surveillance",
    [NPS_CONTROL_LOOKED_UP] = "looked-up", [NPS_CONTROL_CLASS_RULE] = "class-rule"};

const char *nps_control_list_name(nps_control_list l)
{
    return list_names[l];
}

bool nps_control_list_parse(nps_span name, nps_control_list *ret_list)
{
    for (size_t i = 0; i < NPS_CONTROL_LISTS; i++)
        if (name.n == strlen(list_names[i]) && memcmp(name.p, list_names[i], name.n) == 0) {
            *ret_list = (nps_control_list)i;
            return true;
        }
    return false;
}

bool nps_control_is_verified(const nps_control_row *r)
{
    return r->level == 'A' && r->seen >= NPS_SEEN_DECISION;
}

nps_control_status nps_control_status_on(const nps_control_row *r, uint32_t day)
{
    if (r->list == NPS_CONTROL_LOOKED_UP)
        return NPS_CONTROL_NOT_LISTED;
    if (day < r->since.first)
        return NPS_CONTROL_NOT_YET;
    if (day >= r->until.last)
        return NPS_CONTROL_ENDED;
    return day < r->since.last || day >= r->until.first ? NPS_CONTROL_UNCLEAR : NPS_CONTROL_IN_FORCE;
}

/* --- order ----------------------------------------------------------------------------------------------------------------- */

static int by_place(const nps_control_row *x, const nps_control_row *y)
{
    if (x->list != y->list)
        return x->list < y->list ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static const nps_control_row *at(const void *p)
{
    return *(const nps_control_row *const *)p;
}

static int by_key(const void *a, const void *b)
{
    int c = memcmp(at(a)->inchikey, at(b)->inchikey, BLOCK);
    return c ? c : by_place(at(a), at(b));
}

static int by_formula(const void *a, const void *b)
{
    int c = strcmp(at(a)->formula, at(b)->formula);
    return c ? c : by_place(at(a), at(b));
}

static int by_class(const void *a, const void *b)
{
    int c = strcmp(at(a)->class_name, at(b)->class_name);
    return c ? c : by_place(at(a), at(b));
}

/* What makes two rows the same. */
static int compare_content(const nps_control_row *x, const nps_control_row *y)
{
    int c = (x->list > y->list) - (x->list < y->list);
    c = c ? c : strcmp(x->inchikey, y->inchikey);
    c = c ? c : strcmp(x->name, y->name);
    c = c ? c : strcmp(x->schedule, y->schedule);
    c = c ? c : strcmp(x->class_name, y->class_name);
    c = c ? c : strcmp(x->country, y->country);
    c = c ? c : strcmp(x->clause, y->clause);
    return c ? c : strcmp(x->until.text, y->until.text);
}

static int by_content(const void *a, const void *b)
{
    int c = compare_content(at(a), at(b));
    return c ? c : by_place(at(a), at(b));
}

/* --- making ---------------------------------------------------------------------------------------------------------------- */

typedef bool row_filter(const nps_control_row *r);

static bool has_key(const nps_control_row *r) { return *r->inchikey != '\0'; }
static bool has_formula(const nps_control_row *r) { return *r->formula != '\0'; }
static bool has_class(const nps_control_row *r) { return *r->class_name != '\0'; }

static nps_status make_index(const nps_control *c, row_filter *take, int (*order)(const void *, const void *),
                             nps_control_index *ret, nps_err *err)
{
    ret->row = nps_array(c->n_row, sizeof *ret->row);
    if (!ret->row)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < c->n_row; i++)
        if (!take || take(&c->row[i]))
            ret->row[ret->n++] = &c->row[i];
    if (order && ret->n)
        qsort(ret->row, ret->n, sizeof *ret->row, order);
    return NPS_OK;
}

static nps_status refuse(const nps_control_row *r, const nps_control_row *other, const char *what, nps_err *err)
{
    return nps_fail_at(err, NPS_E_FORMAT, r->line, r->offset, "%s: '%s' %s line %zu of %s", r->file,
                       nps_quote(r->name, strlen(r->name)).s, what, other->line, other->file);
}

static nps_status check_doubles(const nps_control *c, nps_err *err)
{
    nps_control_index sorted = {0};
    nps_status st = make_index(c, NULL, by_content, &sorted, err);
    for (size_t i = 1; st == NPS_OK && i < sorted.n; i++)
        if (compare_content(sorted.row[i - 1], sorted.row[i]) == 0)
            st = refuse(sorted.row[i], sorted.row[i - 1], "is listed already in", err);
    free(sorted.row);
    return st;
}

/* One skeleton has one formula: a row whose key and formula disagree was put together from two substances. */
static nps_status check_formulae(const nps_control *c, nps_err *err)
{
    const nps_control_index *k = &c->by_key;
    for (size_t i = 1; i < k->n; i++) {
        const nps_control_row *a = k->row[i - 1], *b = k->row[i];
        if (memcmp(a->inchikey, b->inchikey, BLOCK) == 0 && *a->formula && *b->formula && strcmp(a->formula, b->formula) != 0)
            return refuse(b, a, "has the InChIKey block, but not the formula of", err);
    }
    return NPS_OK;
}

static nps_status read_tables(nps_control *c, const nps_control_table *table, size_t n_table, nps_err *err)
{
    for (size_t t = 0; t < n_table; t++) {
        nps_err why = {0};
        size_t i = 0;
        while (i < NPS_CONTROL_TABLES && strcmp(table[t].name, nps_control_table_name(i)) != 0)
            i++;
        if (i == NPS_CONTROL_TABLES)
            return nps_fail(err, NPS_E_NOT_FOUND, "'%s' is none of the control tables",
                            nps_quote(table[t].name, strlen(table[t].name)).s);
        if (c->text[i])
            return nps_fail(err, NPS_E_FORMAT, "%s is given twice", table[t].name);
        nps_status st = nps_control_read_table(c, i, &table[t], &why);
        if (st != NPS_OK)
            return nps_fail_at(err, st, why.line, why.offset, "%s: %s", table[t].name, why.msg);
    }
    return NPS_OK;
}

static void digest_tables(nps_control *c, const nps_control_table *table, size_t n_table)
{
    nps_digest_state s;
    nps_digest_init(&s);
    /* In our order, whatever the caller's: the same tables have the same digest. */
    for (size_t k = 0; k < NPS_CONTROL_TABLES * n_table; k++) {
        size_t t = k % n_table;
        if (strcmp(table[t].name, nps_control_table_name(k / n_table)) != 0)
            continue;
        uint64_t len = table[t].len;
        unsigned char size[8];
        for (size_t i = 0; i < sizeof size; i++)
            size[i] = (unsigned char)(len >> (8 * i));
        nps_digest_add(&s, table[t].name, strlen(table[t].name) + 1);
        nps_digest_add(&s, size, sizeof size);
        nps_digest_add(&s, table[t].data, table[t].len);
    }
    nps_digest_end(&s, c->digest);
}

nps_status nps_control_new(const char *name, const nps_control_table *table, size_t n_table, nps_control **ret_control,
                           nps_err *err)
{
    NPS_AUTO_CONTROL c = nps_array(1, sizeof *c);
    if (!c)
        return nps_fail_nomem(err);
    atomic_init(&c->owners, 1);
    c->name = nps_strndup(name, strlen(name));
    if (!c->name)
        return nps_fail_nomem(err);
    nps_status st = read_tables(c, table, n_table, err);
    if (st == NPS_OK)
        st = check_doubles(c, err);
    if (st == NPS_OK)
        st = make_index(c, NULL, NULL, &c->all, err);
    if (st == NPS_OK)
        st = make_index(c, has_key, by_key, &c->by_key, err);
    if (st == NPS_OK)
        st = make_index(c, has_formula, by_formula, &c->by_formula, err);
    if (st == NPS_OK)
        st = make_index(c, has_class, by_class, &c->by_class, err);
    if (st == NPS_OK)
        st = check_formulae(c, err);
    if (st != NPS_OK)
        return st;
    digest_tables(c, table, n_table);
    *ret_control = nps_steal(c);
    return NPS_OK;
}

nps_control *nps_control_acquire(nps_control *c)
{
    atomic_fetch_add(&c->owners, 1);
    return c;
}

void nps_control_release(nps_control *c)
{
    if (!c || atomic_fetch_sub(&c->owners, 1) != 1)
        return;
    for (size_t i = 0; i < NPS_CONTROL_TABLES; i++)
        free(c->text[i]);
    free(c->all.row);
    free(c->by_key.row);
    free(c->by_formula.row);
    free(c->by_class.row);
    free(c->row);
    free(c->name);
    free(c);
}

const char *nps_control_name(const nps_control *c)
{
    return c->name;
}

const char *nps_control_digest(const nps_control *c)
{
    return c->digest;
}

/* --- looking up ------------------------------------------------------------------------------------------------------------ */

/* The part of an index whose texts begin (whole: are) the key. */
typedef const char *row_text(const nps_control_row *r);

static const char *key_of(const nps_control_row *r) { return r->inchikey; }
static const char *formula_of(const nps_control_row *r) { return r->formula; }
static const char *class_of(const nps_control_row *r) { return r->class_name; }

static int compare(const char *text, nps_span key, bool whole)
{
    size_t n = strlen(text), least = n < key.n ? n : key.n;
    int c = memcmp(text, key.p, least);
    return c ? c : n < key.n ? -1 : whole && n > key.n;
}

static nps_control_rows find(const nps_control_index *index, row_text *text, nps_span key, bool whole)
{
    size_t from = 0, to = index->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (compare(text(index->row[mid]), key, whole) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    size_t end = from;
    while (end < index->n && compare(text(index->row[end]), key, whole) == 0)
        end++;
    return (nps_control_rows){index->row + from, end - from};
}

nps_control_rows nps_control_all(const nps_control *c)
{
    return (nps_control_rows){c->all.row, c->all.n};
}

nps_control_rows nps_control_of_key(const nps_control *c, nps_span inchikey)
{
    bool good = inchikey.n == BLOCK || (inchikey.n > BLOCK && inchikey.p[BLOCK] == '-');
    for (size_t i = 0; good && i < BLOCK; i++)
        good = inchikey.p[i] >= 'A' && inchikey.p[i] <= 'Z';
    return good ? find(&c->by_key, key_of, (nps_span){inchikey.p, BLOCK}, false) : (nps_control_rows){0};
}

nps_control_rows nps_control_of_formula(const nps_control *c, nps_span formula)
{
    return formula.n ? find(&c->by_formula, formula_of, formula, true) : (nps_control_rows){0};
}

nps_control_rows nps_control_of_class(const nps_control *c, nps_span class_name)
{
    return class_name.n ? find(&c->by_class, class_of, class_name, true) : (nps_control_rows){0};
}

nps_control_layer nps_control_compare_layer(const nps_control_row *r, nps_span inchikey)
{
    const char *row = r->inchikey + LAYER_AT;
    const char *substance = inchikey.n >= LAYER_AT + LAYER ? inchikey.p + LAYER_AT : open_layer;
    if (memcmp(row, substance, LAYER) == 0)
        return NPS_LAYER_SAME;
    if (memcmp(row, open_layer, LAYER) == 0)
        return NPS_LAYER_ROW_OPEN;
    return memcmp(substance, open_layer, LAYER) == 0 ? NPS_LAYER_SUBSTANCE_OPEN : NPS_LAYER_OTHER;
}

/* --- counts ---------------------------------------------------------------------------------------------------------------- */

/* Rows that say what a substance is under, now. */
static bool counts_for_isomers(const nps_control_row *r)
{
    bool list = r->list == NPS_CONTROL_1961 || r->list == NPS_CONTROL_1971 || r->list == NPS_CONTROL_1988 ||
                r->list == NPS_CONTROL_LOOKED_UP;
    return list && !*r->until.text;
}

void nps_control_count(const nps_control *c, nps_control_counts *ret_counts)
{
    nps_control_counts n = {0};
    for (size_t i = 0; i < c->n_row; i++) {
        const nps_control_row *r = &c->row[i];
        n.rows[r->list]++;
        n.joined += has_key(r);
        n.without_key += !has_key(r) && r->list != NPS_CONTROL_CLASS_RULE;
    }
    const nps_control_index *f = &c->by_formula;
    for (size_t from = 0, to; from < f->n; from = to) {
        const nps_control_row *first = NULL;
        bool shared = false, differing = false;
        for (to = from; to < f->n && strcmp(f->row[to]->formula, f->row[from]->formula) == 0; to++) {
            const nps_control_row *r = f->row[to];
            if (!counts_for_isomers(r))
                continue;
            first = first ? first : r;
            shared |= strcmp(r->inchikey, first->inchikey) != 0 || strcmp(r->name, first->name) != 0;
            differing |= r->list != first->list || strcmp(r->schedule, first->schedule) != 0;
        }
        n.formulae_shared += shared;
        n.formulae_differing += shared && differing;
    }
    *ret_counts = n;
}
