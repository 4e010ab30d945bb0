/* Backup and restore: every row of every table, from and to both engines, also under load; and what is refused. */
#include "tests/support/store_fixture.h"

#include "service/db_tables.h"
#include "service/folder.h"
#include "service/schema.h"
#include "service/store_backup.h"
#include "service/store_impl.h"

#include <dirent.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <unistd.h>

static nps_db *open_at(const char *where, nps_db_role role)
{
    char path[NPS_STORE_WHERE];
    nps_db *db;
    nps_err err = {0};
    assert_ok(nps_store_where(where, path, &err), &err);
    assert_ok(nps_db_open(path, role, &db, &err), &err);
    return db;
}

static void run_at(const char *where, const char *sql)
{
    nps_err err = {0};
    nps_db *db = open_at(where, NPS_DB_TOOL);
    assert_ok(nps_db_run(db, sql, &err), &err);
    nps_db_close(db);
}

/* --- all of a store as one text --------------------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each value as type and hex, so that a NULL, an empty text and an empty blob differ. */
static char *row_text(nps_query *q, const nps_db_table *t)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT((size_t)16 << 20);
    nps_buf_puts(&b, t->name);
    for (size_t c = 0; c < t->n_column; c++) {
        nps_buf_printf(&b, " %s=", t->column[c].name);
        if (nps_query_is_null(q, (int)c)) {
            nps_buf_puts(&b, "null");
        } else if (t->column[c].type == NPS_DB_INT) {
            nps_buf_printf(&b, "%lld", (long long)nps_query_get_i64(q, (int)c));
        } else {
            nps_span s = nps_query_get_bytes(q, (int)c);
            nps_buf_putc(&b, t->column[c].type == NPS_DB_TEXT ? 't' : 'b');
            for (size_t i = 0; i < s.n; i++)
                nps_buf_printf(&b, "%02x", (unsigned char)s.p[i]);
        }
    }
    nps_buf_putc(&b, '\n');
    return nps_buf_detach(&b);
}

static void dump(const char *where, nps_buf *out)
{
    enum { MOST = 20000 };
    static char *rows[MOST];
    static char sql[100][4000]; /* statements are kept by address */
    nps_db_tables t;
    nps_err err = {0};
    size_t n = 0;
    nps_db *db = open_at(where, NPS_DB_SOURCE);
    assert_ok(nps_db_tables_read(db, &t, &err), &err);
    for (size_t i = 0; i < t.n; i++) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(4000);
        for (size_t c = 0; c < t.item[i].n_column; c++)
            nps_buf_printf(&b, "%s\"%s\"", c ? "," : "SELECT ", t.item[i].column[c].name);
        snprintf(sql[i], sizeof sql[i], "%s FROM \"%s\"", b.data, t.item[i].name);
        nps_query q = nps_query_begin(db, sql[i]);
        while (nps_query_next(&q)) {
            assert_true(n < MOST);
            rows[n++] = row_text(&q, &t.item[i]);
        }
        assert_ok(nps_query_end(&q, &err), &err);
    }
    qsort(rows, n, sizeof *rows, by_bytes);
    for (size_t i = 0; i < n; i++) {
        nps_buf_puts(out, rows[i]);
        free(rows[i]);
    }
    nps_db_tables_done(&t);
    nps_db_close(db);
    assert_ok(nps_buf_check(out, &err), &err);
}

static bool same_rows(const char *a, const char *b)
{
    NPS_AUTO_BUF x = NPS_BUF_INIT((size_t)64 << 20), y = NPS_BUF_INIT((size_t)64 << 20);
    dump(a, &x);
    dump(b, &y);
    return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

/* Samples, files, cases, keys, events in all states; the newest event and case removed, so that the next number is not the
 * largest one that is there, plus one. */
static void fill(const char *where)
{
    nps_store *s;
    nps_store_event e;
    nps_err err = {0};
    static char large[400000];
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(i * 31 + i / 1000);
    assert_ok(nps_store_open(where, &s, &err), &err);
    for (int i = 0; i < 40; i++) {
        draft d;
        char key[20];
        make_draft(&d, 'x');
        snprintf(key, sizeof key, "key %d", i);
        snprintf(d.digest[0], sizeof d.digest[0], "%064d", i / 3);
        d.n.n_digest = (size_t)i % 2;
        d.facts.country = i % 3 ? "DE" : NULL;
        d.facts.reference = i % 4 ? "\xc3\xa4'\"\\" : "";
        d.n.idempotency_key = i % 5 ? NULL : key;
        d.file.bytes = (nps_span){large, i == 7 ? sizeof large : (size_t)i};
        add(s, &d);
    }
    int64_t now = 1764000000000;
    for (int i = 0; i < 3; i++) {
        assert_true(next_event(s, now, &e));
        assert_ok(nps_store_event_tried(s, &e, now, i ? 204 : 0, i ? NULL : "no route",
                                        i ? NPS_EVENT_DONE : NPS_EVENT_DEAD, now, &err), &err);
        nps_store_event_done(&e);
    }
    assert_true(next_event(s, now, &e)); /* stays claimed */
    nps_store_event_done(&e);
    nps_store_close(s);
    run_at(where, "DELETE FROM outbox WHERE id=(SELECT max(id) FROM outbox)");
}

static int64_t last_number(const char *where)
{
    nps_db *db = open_at(where, NPS_DB_SOURCE);
    nps_err err = {0};
    nps_query q = nps_query_begin(db, "SELECT max(id) FROM outbox");
    assert_true(nps_query_next(&q));
    int64_t v = nps_query_get_i64(&q, 0);
    assert_ok(nps_query_end(&q, &err), &err);
    nps_db_close(db);
    return v;
}

static int64_t tables_of(const char *where)
{
    nps_db *db = open_at(where, NPS_DB_SOURCE);
    nps_err err = {0};
    nps_query q = nps_query_begin(db, nps_db_engine_of(db) == NPS_DB_SQLITE
                                          ? "SELECT count(*) FROM sqlite_master WHERE type='table' AND name<>'sqlite_sequence'"
                                          : "SELECT count(*)-1 FROM pg_tables WHERE schemaname='public'");
    assert_true(nps_query_next(&q));
    int64_t v = nps_query_get_i64(&q, 0);
    assert_ok(nps_query_end(&q, &err), &err);
    nps_db_close(db);
    return v;
}

/* --- there and back ------------------------------------------------------------------------------------------------------------ */

static void everything_comes_back_in_either_engine(void **state)
{
    const char *dir = nps_temp_dir();
    (void)state;
    for (int way = 0; way < 4; way++) {
        place from = {.pg = way & 1}, to = {.pg = way & 2};
        char name[20], file[400];
        nps_store_copied out = {0}, in = {0};
        nps_store *s;
        draft d;
        nps_err err = {0};
        snprintf(name, sizeof name, "from%d", way);
        fresh_place(&from, dir, name);
        snprintf(name, sizeof name, "to%d", way);
        fresh_place(&to, dir, name);
        snprintf(file, sizeof file, "%s/backup%d.db", dir, way);
        fill(from.where);
        assert_ok(nps_store_backup(from.where, file, &out, &err), &err);
        assert_ok(nps_store_restore(file, to.where, &in, &err), &err);
        assert_int_equal(out.version, nps_schema_newest());
        assert_int_equal(out.tables, tables_of(from.where));
        assert_int_equal(in.tables, tables_of(to.where));
        assert_int_equal(in.rows, out.rows);
        assert_true(same_rows(from.where, to.where));
        int64_t before = last_number(from.where);
        assert_ok(nps_store_open(to.where, &s, &err), &err);
        make_draft(&d, 'z');
        assert_true(add(s, &d).case_opened);
        nps_store_close(s);
        assert_int_equal(last_number(to.where), before + 2);
        assert_false(same_rows(from.where, to.where));
    }
}

/* One value of one row, a NULL made a text: the comparison must see it. */
static void the_comparison_sees_a_single_changed_value(void **state)
{
    static const char *const changes[] = {
        "UPDATE files SET bytes=(SELECT bytes FROM files WHERE length(bytes)=3)"
        " WHERE length(bytes)=4",
        "UPDATE samples SET form='' WHERE id=(SELECT min(id) FROM samples)",
        "DELETE FROM deliveries WHERE outbox=(SELECT min(outbox) FROM deliveries)",
        "UPDATE outbox SET due_ms=due_ms+1 WHERE id=(SELECT min(id) FROM outbox)"};
    const char *dir = nps_temp_dir();
    place from = {.pg = false};
    (void)state;
    fresh_place(&from, dir, "from");
    fill(from.where);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        place to = {.pg = true};
        char file[400];
        nps_store_copied c;
        nps_err err = {0};
        fresh_place(&to, dir, "to");
        snprintf(file, sizeof file, "%s/backup.db", dir);
        assert_ok(nps_store_backup(from.where, file, &c, &err), &err);
        assert_ok(nps_store_restore(file, to.where, &c, &err), &err);
        assert_true(same_rows(from.where, to.where));
        run_at(to.where, changes[i]);
        assert_false(same_rows(from.where, to.where));
    }
}

typedef struct {
    nps_store *s;
    atomic_bool *stop;
    atomic_int *stored, *faults;
} writer;

static void *write_on(void *arg)
{
    writer *w = arg;
    for (int i = 0; !atomic_load(w->stop); i++) {
        draft d;
        nps_store_receipt r;
        make_draft(&d, 'x');
        snprintf(d.digest[0], sizeof d.digest[0], "%.32s%.32s", d.id, d.id);
        if (nps_store_sample_add(w->s, &d.n, 0, &r, NULL) != NPS_OK)
            atomic_fetch_add(w->faults, 1);
        atomic_fetch_add(w->stored, 1);
    }
    return NULL;
}

static bool is_alone(const char *dir, const char *prefix, size_t want)
{
    DIR *d = opendir(dir);
    size_t n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    closedir(d);
    return n == want;
}

/* Each backup is one state: as many cases and events as samples, none of the acknowledged ones missing. */
static void a_backup_under_load_is_one_state_of_the_store(void **state)
{
    enum { N = 4 };
    const place *p = *state;
    nps_store *s = store_at(state), *copy;
    atomic_bool stop = false;
    atomic_int stored = 0, faults = 0;
    pthread_t t[N];
    writer w = {s, &stop, &stored, &faults};
    char dir[300], file[400], folder[400];
    snprintf(dir, sizeof dir, "/tmp/npswatch-backup-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/b.db", dir);
    snprintf(folder, sizeof folder, "%s/copy", dir);
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&t[i], NULL, write_on, &w), 0);
    for (int i = 0; i < 4; i++) {
        nps_store_copied c;
        nps_err err = {0};
        usleep(50000);
        int before = atomic_load(&stored);
        assert_ok(nps_store_backup(p->where, file, &c, &err), &err);
        int after = atomic_load(&stored);
        assert_true(is_alone(dir, "b.db", 1));
        assert_ok(nps_store_restore(file, folder, &c, &err), &err);
        assert_ok(nps_store_open(folder, &copy, &err), &err);
        nps_store_counts n = counts_of(copy);
        nps_store_close(copy);
        assert_true(n.samples >= before && n.samples <= after + N);
        assert_int_equal(n.cases, n.samples);
        assert_int_equal(n.pending, n.samples);
        char shell[500];
        snprintf(shell, sizeof shell, "rm -r '%s'", folder);
        assert_int_equal(system(shell), 0); /* NOLINT: a folder of our own */
    }
    atomic_store(&stop, true);
    for (int i = 0; i < N; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(faults, 0);
    nps_store_close(s);
    char shell[500];
    snprintf(shell, sizeof shell, "rm -r '%s'", dir);
    assert_int_equal(system(shell), 0); /* NOLINT */
}

/* --- refused --------------------------------------------------------------------------------------------------------------------- */

static void refuse(const char *file, const char *where, nps_status st, const char *says)
{
    nps_store_copied c;
    nps_err err = {0};
    nps_status got = nps_store_restore(file, where, &c, &err);
    if (got != st || !strstr(err.msg, says))
        print_error("status %s, '%s'; expected '%s'\n", nps_status_name(got), err.msg, says);
    assert_int_equal(got, st);
    assert_non_null(strstr(err.msg, says));
}

static void only_an_empty_and_unused_store_is_filled(void **state)
{
    const place *p = *state;
    char file[600];
    nps_store_copied c;
    nps_store *s;
    nps_err err = {0};
    char dir[300];
    snprintf(dir, sizeof dir, "%.299s", p->pg ? nps_temp_dir() : p->where);
    snprintf(file, sizeof file, "%s/backup.db", dir);
    fill(p->where);
    assert_ok(nps_store_backup(p->where, file, &c, &err), &err);
    refuse(file, p->where, NPS_E_CONFLICT, "the store is not empty: table 'audit' has 40 rows");
    /* One that a service has started on, and nothing else, is empty. */
    place fresh = {.pg = p->pg};
    fresh_place(&fresh, dir, "fresh");
    assert_ok(nps_store_open(fresh.where, &s, &err), &err);
    int lock = -1;
    if (!fresh.pg)
        assert_ok(nps_folder_take(fresh.where, &lock, &err), &err);
    refuse(file, fresh.where, NPS_E_CONFLICT, "in use by");
    nps_store_close(s);
    if (lock >= 0)
        close(lock);
    for (int i = 0; i < 200 && nps_store_restore(file, fresh.where, &c, &err) == NPS_E_CONFLICT; i++)
        usleep(10000); /* the server takes a moment to see that a connection is gone */
    assert_true(same_rows(p->where, fresh.where));
}

static void what_is_no_sound_backup_is_refused(void **state)
{
    const char *dir = nps_temp_dir();
    place from = {.pg = false}, to = {.pg = true};
    char file[400], other[600];
    nps_store_copied c;
    nps_err err = {0};
    (void)state;
    fresh_place(&from, dir, "from");
    fresh_place(&to, dir, "to");
    fill(from.where);
    snprintf(file, sizeof file, "%s/backup.db", dir);
    snprintf(other, sizeof other, "%s/npswatch.db", from.where);
    assert_int_equal(nps_store_backup(to.where, file, &c, &err), NPS_E_FORMAT); /* no store is there yet */
    assert_true(is_alone(dir, "backup", 0));
    refuse(file, to.where, NPS_E_IO, "");
    assert_ok(nps_store_backup(from.where, file, &c, &err), &err);
    /* A page in the middle is overwritten. */
    size_t len;
    char *bytes = nps_slurp(file, &len);
    assert_true(bytes && len > 300000);
    FILE *f = fopen(file, "r+b");
    assert_non_null(f);
    for (size_t at = 8192; at + 4096 < len; at += 40960) {
        fseek(f, (long)at, SEEK_SET);
        for (int i = 0; i < 512; i++)
            fputs("garbage!", f);
    }
    fclose(f);
    free(bytes);
    nps_store_copied none;
    assert_int_not_equal(nps_store_restore(file, to.where, &none, &err), NPS_OK);
    f = fopen(file, "wb");
    assert_non_null(f);
    fclose(f);
    refuse(file, to.where, NPS_E_FORMAT, "the backup holds no store of npswatch");
    unlink(file);
    assert_ok(nps_store_backup(from.where, file, &c, &err), &err);
    nps_db *db;
    assert_ok(nps_db_open(file, NPS_DB_TOOL, &db, &err), &err);
    assert_ok(nps_db_run(db, "PRAGMA user_version=99", &err), &err);
    nps_db_close(db);
    refuse(file, to.where, NPS_E_UNSUPPORTED, "the backup has version 99, this program knows");
    run_at(from.where, "PRAGMA user_version=99");
    assert_int_equal(nps_store_backup(from.where, file, &c, &err), NPS_E_UNSUPPORTED);
}

static void a_table_that_one_side_lacks_is_never_passed_over(void **state)
{
    const char *dir = nps_temp_dir();
    place from = {.pg = true}, to = {.pg = false};
    char file[400];
    nps_store_copied c;
    nps_err err = {0};
    (void)state;
    fresh_place(&from, dir, "from");
    fresh_place(&to, dir, "to");
    snprintf(file, sizeof file, "%s/backup.db", dir);
    fill(from.where);
    run_at(from.where, "CREATE TABLE mine(x BIGINT)");
    assert_int_equal(nps_store_backup(from.where, file, &c, &err), NPS_E_UNSUPPORTED);
    assert_string_equal(err.msg, "table 'mine' is on one side only");
    assert_true(is_alone(dir, "backup", 0));
}

static void an_older_backup_is_brought_up(void **state)
{
    const place *p = *state;
    char file[600];
    nps_db *db;
    nps_store_copied c;
    nps_store_event e;
    nps_err err = {0};
    snprintf(file, sizeof file, "%s/old.db", p->pg ? nps_temp_dir() : p->where);
    assert_ok(nps_db_open(file, NPS_DB_TOOL, &db, &err), &err);
    assert_ok(nps_schema_migrate(db, 1, &err), &err);
    assert_ok(nps_db_run(db, "INSERT INTO store VALUES(1,'11111111-2222-4333-8444-555555555555',1);"
                             "INSERT INTO outbox VALUES(9,'e','t','s',1,'{}','pending',0,5)", &err), &err);
    nps_db_close(db);
    assert_ok(nps_store_restore(file, p->where, &c, &err), &err);
    assert_int_equal(c.version, nps_schema_newest());
    nps_store *s = store_at(state);
    assert_string_equal(nps_store_uuid(s), "11111111-2222-4333-8444-555555555555");
    assert_true(next_event(s, 5, &e));
    assert_int_equal(e.id, 9);
    nps_store_event_done(&e);
    nps_store_close(s);
    assert_ok(nps_db_open(file, NPS_DB_SOURCE, &db, &err), &err);
    int64_t version;
    assert_ok(nps_schema_version(db, &version, &err), &err);
    assert_int_equal(version, 1); /* the backup itself is left alone */
    nps_db_close(db);
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_comes_back_in_either_engine),
                                       cmocka_unit_test(the_comparison_sees_a_single_changed_value),
                                       ON_BOTH(a_backup_under_load_is_one_state_of_the_store),
                                       ON_BOTH(only_an_empty_and_unused_store_is_filled),
                                       cmocka_unit_test(what_is_no_sound_backup_is_refused),
                                       cmocka_unit_test(a_table_that_one_side_lacks_is_never_passed_over),
                                       ON_BOTH(an_older_backup_is_brought_up)};
    return cmocka_run_group_tests(tests, store_servers_start, store_servers_stop);
}
