#include "service/store_copy.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* --- one table ----------------------------------------------------------------------------------------------------------------- */

struct nps_copy_texts {
    const nps_db_table *table;
    char *select, *insert, *count, *clear;
};

static nps_status make_texts(const nps_db_table *t, struct nps_copy_texts *x, nps_err *err)
{
    char **const to[] = {&x->select, &x->insert, &x->count, &x->clear};
    nps_buf b[4];
    nps_status st = NPS_OK;
    x->table = t;
    for (int i = 0; i < 4; i++)
        b[i] = NPS_BUF_INIT(16384);
    nps_buf_puts(&b[0], "SELECT ");
    nps_buf_printf(&b[1], "INSERT INTO \"%s\"(", t->name);
    nps_buf_printf(&b[2], "SELECT count(*) FROM \"%s\"", t->name);
    nps_buf_printf(&b[3], "DELETE FROM \"%s\"", t->name);
    for (size_t i = 0; i < t->n_column; i++) {
        nps_buf_printf(&b[0], "%s\"%s\"", i ? "," : "", t->column[i].name);
        nps_buf_printf(&b[1], "%s\"%s\"", i ? "," : "", t->column[i].name);
    }
    nps_buf_printf(&b[0], " FROM \"%s\"", t->name);
    for (size_t i = 0; i < t->n_column; i++)
        nps_buf_puts(&b[1], i ? ",?" : ") VALUES(?");
    nps_buf_putc(&b[1], ')');
    for (int i = 0; i < 4; i++) {
        if (st == NPS_OK)
            st = nps_buf_check(&b[i], err);
        *to[i] = nps_buf_detach(&b[i]);
    }
    return st;
}

static void pass_on(nps_query *from, nps_query *to, const nps_db_table *t)
{
    for (size_t i = 0; i < t->n_column; i++) {
        int c = (int)i;
        if (nps_query_is_null(from, c))
            nps_query_null(to, t->column[i].type);
        else if (t->column[i].type == NPS_DB_INT)
            nps_query_i64(to, nps_query_get_i64(from, c));
        else if (t->column[i].type == NPS_DB_TEXT)
            nps_query_span(to, nps_query_get_bytes(from, c));
        else
            nps_query_blob(to, nps_query_get_bytes(from, c));
    }
}

static nps_status copy_rows(nps_db *from, nps_db *to, const struct nps_copy_texts *x, int64_t *ret_rows, nps_err *err)
{
    int64_t rows = 0, here = 0, there = 0;
    nps_status st = NPS_OK;
    nps_err why = {0};
    nps_query q = nps_query_begin(from, x->select);
    nps_query_stream(&q);
    while (st == NPS_OK && nps_query_next(&q)) {
        nps_query put = nps_query_begin(to, x->insert);
        pass_on(&q, &put, x->table);
        st = nps_query_run(&put, &why);
        rows++;
    }
    nps_status read = nps_query_end(&q, err);
    if (st != NPS_OK)
        return nps_fail(err, st, "table '%s', row %lld: %s", x->table->name, (long long)rows, why.msg);
    if (read == NPS_OK)
        read = nps_db_number(from, x->count, &here, err);
    if (read == NPS_OK)
        read = nps_db_number(to, x->count, &there, err);
    if (read != NPS_OK)
        return read;
    if (here != rows || there != rows)
        return nps_fail(err, NPS_E_CORRUPT, "table '%s' has %lld rows, %lld were copied and %lld arrived", x->table->name,
                        (long long)here, (long long)rows, (long long)there);
    *ret_rows += rows;
    return NPS_OK;
}

/* A number that was given once is not given again, even when its row is gone. */
static nps_status copy_serial(nps_db *from, nps_db *to, const char *table, const char *column, nps_err *err)
{
    bool from_sqlite = nps_db_engine_of(from) == NPS_DB_SQLITE;
    nps_query q = nps_query_begin(
        from, from_sqlite ? "SELECT seq FROM sqlite_sequence WHERE name=?"
                          : "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(?,?)::regclass),0)");
    nps_query_text(&q, table);
    if (!from_sqlite)
        nps_query_text(&q, column);
    int64_t last = nps_query_next(&q) ? nps_query_get_i64(&q, 0) : 0;
    nps_status st = nps_query_end(&q, err);
    if (st != NPS_OK || !last)
        return st;
    if (nps_db_engine_of(to) == NPS_DB_POSTGRESQL) {
        q = nps_query_begin(to, "SELECT setval(pg_get_serial_sequence(?,?)::regclass,?)");
        nps_query_text(&q, table);
        nps_query_text(&q, column);
        nps_query_i64(&q, last);
        return nps_query_run(&q, err);
    }
    q = nps_query_begin(to, "DELETE FROM sqlite_sequence WHERE name=?");
    nps_query_text(&q, table);
    st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    q = nps_query_begin(to, "INSERT INTO sqlite_sequence(name,seq) VALUES(?,?)");
    nps_query_text(&q, table);
    nps_query_i64(&q, last);
    return nps_query_run(&q, err);
}

/* --- all tables ------------------------------------------------------------------------------------------------------------------- */

void nps_copy_plan_done(nps_copy_plan *p)
{
    for (size_t i = 0; p->text && i < p->tables.n; i++) {
        free(p->text[i].select);
        free(p->text[i].insert);
        free(p->text[i].count);
        free(p->text[i].clear);
    }
    free(p->text);
    nps_db_tables_done(&p->tables);
}

/* Refuses when the two sides differ: nothing may be left behind unnoticed. */
static nps_status make_plan(nps_db *from, nps_db *to, nps_copy_plan *p, nps_err *err)
{
    nps_db_tables there = {0};
    nps_status st = nps_db_tables_read(from, &p->tables, err);
    if (st == NPS_OK)
        st = nps_db_tables_read(to, &there, err);
    if (st == NPS_OK)
        st = nps_db_tables_same(&p->tables, &there, err);
    nps_db_tables_done(&there);
    if (st == NPS_OK && !(p->text = nps_array(p->tables.n, sizeof *p->text)))
        st = nps_fail_nomem(err);
    for (size_t i = 0; i < p->tables.n && st == NPS_OK; i++)
        st = make_texts(&p->tables.item[i], &p->text[i], err);
    return st;
}

/* A new store has its identity at most; a store that was made just now holds what its migrations put there. */
static nps_status make_empty(nps_db *to, const nps_copy_plan *p, bool is_new, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < p->tables.n && st == NPS_OK; i++) {
        int64_t rows = 0;
        st = nps_db_number(to, p->text[i].count, &rows, err);
        if (st == NPS_OK && rows && !is_new && strcmp(p->tables.item[i].name, "store") != 0)
            st = nps_fail(err, NPS_E_CONFLICT, "the store is not empty: table '%s' has %lld rows", p->tables.item[i].name,
                          (long long)rows);
    }
    for (size_t i = 0; i < p->tables.n && st == NPS_OK; i++) {
        nps_query q = nps_query_begin(to, p->text[i].clear);
        st = nps_query_run(&q, err);
    }
    return st;
}

nps_status nps_copy_all(nps_db *from, nps_db *to, bool is_new, nps_copy_plan *p, int64_t *ret_rows, nps_err *err)
{
    int64_t rows = 0;
    /* Tables come by name, so that references are complete at the end only. */
    nps_status st = nps_db_run(to, nps_db_engine_of(to) == NPS_DB_SQLITE ? "PRAGMA defer_foreign_keys=ON"
                                                                        : "SET CONSTRAINTS ALL DEFERRED", err);
    if (st == NPS_OK)
        st = make_plan(from, to, p, err);
    if (st == NPS_OK)
        st = make_empty(to, p, is_new, err);
    for (size_t i = 0; i < p->tables.n && st == NPS_OK; i++) {
        const nps_db_table *t = &p->tables.item[i];
        st = copy_rows(from, to, &p->text[i], &rows, err);
        for (size_t c = 0; c < t->n_column && st == NPS_OK; c++)
            if (t->column[c].serial)
                st = copy_serial(from, to, t->name, t->column[c].name, err);
    }
    if (st == NPS_OK)
        *ret_rows = rows;
    return st;
}

nps_status nps_copy_count(nps_db *db, nps_copy_plan *p, int64_t *ret_rows, nps_err *err)
{
    int64_t rows = 0;
    nps_status st = make_plan(db, db, p, err);
    for (size_t i = 0; i < p->tables.n && st == NPS_OK; i++) {
        int64_t some = 0;
        st = nps_db_number(db, p->text[i].count, &some, err);
        rows += some;
    }
    if (st == NPS_OK)
        *ret_rows = rows;
    return st;
}
