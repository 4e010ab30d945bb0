/* Migrations: the released one stays as it is, old files come up with all that is in them, and addresses of stores. */
#include "tests/support/store_fixture.h"

#include "service/db_tables.h"
#include "service/db_url.h"
#include "service/schema.h"
#include "service/store_impl.h"

#include <sodium.h>
#include <sqlite3.h>

/* Version 1 as it was released. */
static const char version_1[] =
    "CREATE TABLE store(id INTEGER PRIMARY KEY CHECK(id=1), uuid TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE cases(seq INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, uuid TEXT NOT NULL UNIQUE,"
    "  opened_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, samples INTEGER NOT NULL, summary TEXT NOT NULL) STRICT;"
    "CREATE TABLE case_number(year INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;"
    "CREATE TABLE case_spectrum(digest TEXT PRIMARY KEY, case_seq INTEGER NOT NULL REFERENCES cases(seq)) STRICT;"
    "CREATE TABLE samples(id TEXT PRIMARY KEY, received_ms INTEGER NOT NULL, outcome TEXT NOT NULL,"
    "  generation TEXT NOT NULL, verdict TEXT NOT NULL, country TEXT, date TEXT, reference TEXT, form TEXT,"
    "  case_seq INTEGER REFERENCES cases(seq)) STRICT;"
    "CREATE INDEX samples_by_case ON samples(case_seq, country) WHERE case_seq IS NOT NULL;"
    "CREATE TABLE files(sample TEXT NOT NULL REFERENCES samples(id), position INTEGER NOT NULL, name TEXT NOT NULL,"
    "  type TEXT NOT NULL, digest TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(sample, position)) STRICT;"
    "CREATE TABLE idempotency(key TEXT PRIMARY KEY, digest TEXT NOT NULL, sample TEXT NOT NULL REFERENCES samples(id),"
    "  created_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX idempotency_by_age ON idempotency(created_ms);"
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
    "  subject TEXT NOT NULL, created_ms INTEGER NOT NULL, data TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK(state IN ('pending','done','dead')), attempts INTEGER NOT NULL,"
    "  due_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX outbox_due ON outbox(due_ms, id) WHERE state='pending';"
    "CREATE TABLE deliveries(outbox INTEGER NOT NULL REFERENCES outbox(id), attempt INTEGER NOT NULL,"
    "  at_ms INTEGER NOT NULL, http INTEGER NOT NULL, fault TEXT, PRIMARY KEY(outbox, attempt)) STRICT;";

static const char rows_1[] =
    "INSERT INTO store VALUES(1,'11111111-2222-4333-8444-555555555555',1700000000000);"
    "INSERT INTO cases VALUES(7,'NPS-2025-0003','c0ffee00-0000-4000-8000-000000000001',10,20,1,'{\"title\":\"t\"}');"
    "INSERT INTO case_number VALUES(2025,3);"
    "INSERT INTO case_spectrum VALUES('dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',7);"
    "INSERT INTO samples VALUES('s1',15,'novel','g','{}','DE',NULL,'ref',NULL,7);"
    "INSERT INTO files VALUES('s1',0,'a.msp','text/plain','x',x'00ff');"
    "INSERT INTO idempotency VALUES('k','r','s1',1763999999999);"
    "INSERT INTO outbox VALUES(4,'c0ffee00-0000-4000-8000-000000000001','org.npswatch.case.opened','NPS-2025-0003',10,'{}',"
    "'pending',1,30);"
    "INSERT INTO deliveries VALUES(4,1,11,500,NULL);";

static void the_released_migration_is_unchanged(void **state)
{
    (void)state;
    NPS_AUTO_BUF b = NPS_BUF_INIT(65536);
    nps_schema_text(1, NPS_DB_SQLITE, &b);
    assert_string_equal(b.data, version_1);
}

static void every_migration_is_written_out_for_both_engines(void **state)
{
    (void)state;
    for (int64_t v = 1; v <= nps_schema_newest(); v++)
        for (int e = 0; e < 2; e++) {
            NPS_AUTO_BUF b = NPS_BUF_INIT(65536);
            nps_schema_text(v, (nps_db_engine)e, &b);
            assert_non_null(b.data);
            assert_null(strchr(b.data, '@'));
        }
}

static void an_old_file_comes_up_with_all_its_rows(void **state)
{
    const place *p = *state;
    char path[NPS_STORE_WHERE];
    sqlite3 *db;
    nps_store_event e;
    NPS_AUTO(nps_stored_sample) got = NULL;
    NPS_AUTO_BUF bytes = NPS_BUF_INIT(100);
    nps_err err = {0};
    nps_db *look;
    int64_t version;
    assert_ok(nps_store_where(p->where, path, &err), &err);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, version_1, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows_1, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    nps_store *s = store_at(state);
    assert_string_equal(nps_store_uuid(s), "11111111-2222-4333-8444-555555555555");
    assert_ok(nps_store_sample_get(s, "", "s1", &got, &err), &err);
    assert_string_equal(got->case_code, "NPS-2025-0003");
    assert_string_equal(got->country, "DE");
    assert_ok(nps_store_sample_file(s, "", "s1", 0, &bytes, &err), &err);
    assert_memory_equal(bytes.data, "\0\xff", 2);
    assert_true(next_event(s, 30, &e));
    assert_int_equal(e.id, 4);
    assert_int_equal(e.attempts, 1);
    nps_store_event_done(&e);
    draft d;
    make_draft(&d, 'd');
    assert_string_equal(add(s, &d).case_code, "NPS-2025-0003");
    make_draft(&d, 'e');
    assert_string_equal(add(s, &d).case_code, "NPS-2025-0004");
    nps_store_close(s);
    assert_ok(nps_db_open(path, NPS_DB_SOURCE, &look, &err), &err);
    assert_ok(nps_schema_version(look, &version, &err), &err);
    assert_int_equal(version, nps_schema_newest());
    nps_db_close(look);
}

/* Backups rely on it: the same tables, columns, types and serial keys. */
static void both_engines_get_the_same_tables(void **state)
{
    nps_db_tables t[2];
    nps_err err = {0};
    place places[2] = {{.pg = false}, {.pg = true}};
    (void)state;
    const char *dir = nps_temp_dir();
    for (int i = 0; i < 2; i++) {
        char where[NPS_STORE_WHERE];
        nps_db *db;
        fresh_place(&places[i], dir, "one");
        assert_ok(nps_store_where(places[i].where, where, &err), &err);
        assert_ok(nps_db_open(where, NPS_DB_TOOL, &db, &err), &err);
        assert_ok(nps_schema_migrate(db, nps_schema_newest(), &err), &err);
        assert_ok(nps_schema_migrate(db, nps_schema_newest(), &err), &err);
        assert_ok(nps_db_tables_read(db, &t[i], &err), &err);
        nps_db_close(db);
    }
    assert_true(t[0].n >= 9);
    assert_ok(nps_db_tables_same(&t[0], &t[1], &err), &err);
    size_t serial = 0;
    for (size_t i = 0; i < t[0].n; i++)
        for (size_t c = 0; c < t[0].item[i].n_column; c++)
            serial += t[0].item[i].column[c].serial;
    assert_true(serial >= 2);
    /* The comparison sees a column of another name or type, and a table that is not there. */
    t[1].item[3].column[0].name[0] = 'Z';
    assert_int_equal(nps_db_tables_same(&t[0], &t[1], &err), NPS_E_UNSUPPORTED);
    t[1].item[3].column[0] = t[0].item[3].column[0];
    t[1].item[2].column[1].type = NPS_DB_BLOB;
    assert_int_equal(nps_db_tables_same(&t[0], &t[1], &err), NPS_E_UNSUPPORTED);
    t[1].item[2] = t[0].item[2];
    assert_ok(nps_db_tables_same(&t[0], &t[1], &err), &err);
    t[1].n--;
    assert_int_equal(nps_db_tables_same(&t[0], &t[1], &err), NPS_E_UNSUPPORTED);
    assert_int_equal(nps_db_tables_same(&t[1], &t[0], &err), NPS_E_UNSUPPORTED);
    nps_db_tables_done(&t[0]);
    nps_db_tables_done(&t[1]);
}

static void an_address_is_shown_without_its_password(void **state)
{
    (void)state;
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"/var/lib/npswatch", "/var/lib/npswatch"},
        {"postgresql://h/db", "postgresql://h/db"},
        {"postgres://me@h:5433/db?sslmode=verify-full", "postgres://me@h:5433/db?sslmode=verify-full"},
        {"postgresql://me:secret@h/db", "postgresql://me:***@h/db"},
        {"postgresql://me:se@cret@h/db", "postgresql://me:***@h/db"},
        {"postgresql://me:se/cret@h/db", "postgresql://me:***@h/db"},
        {"postgresql://me:se?cret@h/db", "postgresql://me:***@h/db"},
        {"postgresql://me:@h/db", "postgresql://me:***@h/db"},
        {"postgresql://me@h/db?password=secret&sslmode=require", "postgresql://me@h/db?***&sslmode=require"},
        {"postgresql://h/db?sslmode=require&PassWord=secret", "postgresql://h/db?sslmode=require&***"},
        {"postgresql://h/db?pass%77ord=secret", "postgresql://h/db?***"},
        {"postgresql://h/db?sslpassword=secret&passfile=/etc/npswatch.pgpass", "postgresql://h/db?***&passfile=/etc/npswatch.pgpass"},
        {"postgresql://h/db?secret", "postgresql://h/db?***"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(1000);
        nps_db_url_show(cases[i].url, &b);
        assert_string_equal(b.data, cases[i].shown);
        assert_int_equal(nps_db_is_url(cases[i].url), i > 0);
    }
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_released_migration_is_unchanged),
                                       cmocka_unit_test(every_migration_is_written_out_for_both_engines),
                                       {"an_old_file_comes_up_with_all_its_rows", an_old_file_comes_up_with_all_its_rows,
                                        set_up_place, NULL, &on_sqlite},
                                       cmocka_unit_test(both_engines_get_the_same_tables),
                                       cmocka_unit_test(an_address_is_shown_without_its_password)};
    return cmocka_run_group_tests(tests, store_servers_start, store_servers_stop);
}
