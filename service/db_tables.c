#include "service/db_tables.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

enum { TABLES_MAX = 500 };

static const char *const list[] = {
    [NPS_DB_SQLITE] = "SELECT m.name, c.name, c.type, CASE WHEN c.pk=1 AND m.sql LIKE '%AUTOINCREMENT%' THEN 1 ELSE 0 END"
                      " FROM sqlite_master m JOIN pragma_table_info(m.name) c"
                      " WHERE m.type='table' AND substr(m.name,1,7)<>'sqlite_' ORDER BY m.name, c.cid",
    [NPS_DB_POSTGRESQL] = "SELECT t.table_name::text COLLATE \"C\", c.column_name::text, c.data_type::text,"
                          " CASE WHEN c.is_identity='YES' THEN 1 ELSE 0 END"
                          " FROM information_schema.tables t JOIN information_schema.columns c"
                          " ON c.table_schema=t.table_schema AND c.table_name=t.table_name"
                          " WHERE t.table_schema=current_schema() AND t.table_type='BASE TABLE'"
                          " AND t.table_name<>'schema_version' ORDER BY 1, c.ordinal_position"};

static bool take_type(const char *name, nps_db_type *ret_type)
{
    static const struct {
        const char *name;
        nps_db_type type;
    } types[] = {{"INTEGER", NPS_DB_INT}, {"bigint", NPS_DB_INT}, {"TEXT", NPS_DB_TEXT},
                 {"text", NPS_DB_TEXT},   {"BLOB", NPS_DB_BLOB},  {"bytea", NPS_DB_BLOB}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(name, types[i].name) == 0) {
            *ret_type = types[i].type;
            return true;
        }
    return false;
}

static nps_status take_row(nps_query *q, nps_db_tables *t, size_t *cap, nps_err *err)
{
    char table[NPS_DB_NAME], type[NPS_DB_NAME];
    nps_query_get_text(q, 0, table, sizeof table);
    nps_query_get_text(q, 2, type, sizeof type);
    if (!t->n || strcmp(t->item[t->n - 1].name, table) != 0) {
        nps_status st = nps_grow(&t->item, cap, t->n + 1, sizeof *t->item, TABLES_MAX, err);
        if (st != NPS_OK)
            return st;
        t->item[t->n++] = (nps_db_table){0};
        memcpy(t->item[t->n - 1].name, table, sizeof table);
    }
    nps_db_table *now = &t->item[t->n - 1];
    if (now->n_column == NPS_DB_MAX_PARAMETERS)
        return nps_fail(err, NPS_E_UNSUPPORTED, "table '%s' has more than %d columns", table, NPS_DB_MAX_PARAMETERS);
    struct nps_db_column *c = &now->column[now->n_column++];
    nps_query_get_text(q, 1, c->name, sizeof c->name);
    c->serial = nps_query_get_i64(q, 3) != 0;
    if (!take_type(type, &c->type))
        return nps_fail(err, NPS_E_UNSUPPORTED, "column '%s' of table '%s' has the unknown type '%s'", c->name, table, type);
    return NPS_OK;
}

void nps_db_tables_done(nps_db_tables *t)
{
    free(t->item);
    *t = (nps_db_tables){0};
}

nps_status nps_db_tables_read(nps_db *db, nps_db_tables *ret_tables, nps_err *err)
{
    nps_db_tables t = {0};
    size_t cap = 0;
    nps_status taken = NPS_OK;
    nps_query q = nps_query_begin(db, list[nps_db_engine_of(db)]);
    while (taken == NPS_OK && nps_query_next(&q))
        taken = take_row(&q, &t, &cap, err);
    nps_status st = nps_query_end(&q, taken == NPS_OK ? err : NULL);
    st = taken == NPS_OK ? st : taken;
    if (st != NPS_OK) {
        nps_db_tables_done(&t);
        return st;
    }
    *ret_tables = t;
    return NPS_OK;
}

nps_status nps_db_tables_same(const nps_db_tables *a, const nps_db_tables *b, nps_err *err)
{
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        const nps_db_table *x = i < a->n ? &a->item[i] : NULL, *y = i < b->n ? &b->item[i] : NULL;
        if (!x || !y || strcmp(x->name, y->name) != 0)
            return nps_fail(err, NPS_E_UNSUPPORTED, "table '%s' is on one side only",
                            !y || (x && strcmp(x->name, y->name) < 0) ? x->name : y->name);
        bool same = x->n_column == y->n_column;
        for (size_t c = 0; c < x->n_column && same; c++)
            same = strcmp(x->column[c].name, y->column[c].name) == 0 && x->column[c].type == y->column[c].type &&
                   x->column[c].serial == y->column[c].serial;
        if (!same)
            return nps_fail(err, NPS_E_UNSUPPORTED, "table '%s' has other columns on the two sides", x->name);
    }
    return NPS_OK;
}
