/* The store: opening, the writer, the readers, its state. The verbs are in store_*.c. */
#include "service/store_impl.h"

#include "service/clock.h"
#include "service/crypt.h"
#include "service/db_url.h"
#include "service/schema.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { READERS = 8 }; /* connections of a process, besides its writer's */
#define ROOM_NEEDED ((uint64_t)256 << 20) /* bytes that must be free on the disk to be ready */

struct nps_store {
    nps_writer *writer;
    char where[NPS_STORE_WHERE], dir[NPS_STORE_WHERE]; /* dir: of SQLite; "" otherwise */
    char uuid[NPS_UUID_TEXT];
    pthread_mutex_t lock;
    pthread_cond_t given;
    nps_db *idle[READERS]; /* connections that nobody reads with at the moment */
    size_t n_idle, n_taken;
};

/* --- opening --------------------------------------------------------------------------------------------------------------- */

nps_status nps_store_where(const char *where, char ret_where[static NPS_STORE_WHERE], nps_err *err)
{
    int n = snprintf(ret_where, NPS_STORE_WHERE, "%s%s", where, nps_db_is_url(where) ? "" : "/npswatch.db");
    return n >= NPS_STORE_WHERE ? nps_fail(err, NPS_E_RANGE, "the store's address is too long") : NPS_OK;
}

static nps_status take_identity(nps_db *db, char uuid[static NPS_UUID_TEXT], nps_err *err)
{
    char fresh[NPS_UUID_TEXT];
    nps_random_uuid(fresh);
    nps_query q = nps_query_begin(db, "INSERT INTO store(id,uuid,created_ms) VALUES(1,?,?) ON CONFLICT DO NOTHING");
    nps_query_text(&q, fresh);
    nps_query_i64(&q, nps_clock_wall_ms());
    nps_status st = nps_query_run(&q, err);
    if (st != NPS_OK)
        return st;
    q = nps_query_begin(db, "SELECT uuid FROM store");
    if (nps_query_next(&q))
        nps_query_get_text(&q, 0, uuid, NPS_UUID_TEXT);
    return nps_query_end(&q, err);
}

/* By a connection of its own: a migration may take longer than the writer's statements. */
static nps_status prepare(nps_store *s, nps_err *err)
{
    nps_db *db;
    nps_status st = nps_db_open(s->where, NPS_DB_TOOL, &db, err);
    if (st != NPS_OK)
        return st;
    st = nps_schema_migrate(db, nps_schema_newest(), err);
    if (st == NPS_OK)
        st = take_identity(db, s->uuid, err);
    nps_db_close(db);
    return st;
}

nps_status nps_store_open(const char *where, nps_store **ret_store, nps_err *err)
{
    nps_store *s = nps_array(1, sizeof *s);
    nps_db *db;
    if (!s)
        return nps_fail_nomem(err);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->given, NULL);
    nps_status st = nps_store_where(where, s->where, err);
    if (st == NPS_OK && !nps_db_is_url(where))
        snprintf(s->dir, sizeof s->dir, "%s", where);
    if (st == NPS_OK)
        st = prepare(s, err);
    if (st == NPS_OK)
        st = nps_db_open(s->where, NPS_DB_WRITER, &db, err);
    if (st == NPS_OK)
        st = nps_writer_start(db, &s->writer, err);
    if (st != NPS_OK) {
        nps_store_close(s);
        return st;
    }
    *ret_store = s;
    return NPS_OK;
}

nps_status nps_store_open_reading(const char *where, nps_store **ret_store, nps_err *err)
{
    nps_store *s = nps_array(1, sizeof *s);
    nps_db *db = NULL;
    int64_t version = 0;
    if (!s)
        return nps_fail_nomem(err);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->given, NULL);
    nps_status st = nps_store_where(where, s->where, err);
    if (st == NPS_OK)
        st = nps_db_open(s->where, NPS_DB_READER, &db, err);
    if (st == NPS_OK)
        st = nps_schema_version(db, &version, err);
    if (st == NPS_OK && version != nps_schema_newest())
        st = nps_fail(err, NPS_E_UNSUPPORTED, "the store has version %lld, this program reads %lld", (long long)version,
                      (long long)nps_schema_newest());
    nps_db_close(db);
    if (st != NPS_OK) {
        nps_store_close(s);
        return st;
    }
    *ret_store = s;
    return NPS_OK;
}

void nps_store_close(nps_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_idle; i++)
        nps_db_close(s->idle[i]);
    nps_writer_stop(s->writer);
    pthread_cond_destroy(&s->given);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *nps_store_uuid(const nps_store *s)
{
    return s->uuid;
}

/* --- writing and reading ----------------------------------------------------------------------------------------------------- */

nps_status nps_store_write(nps_store *s, nps_writer_job *job, void *arg, nps_err *err)
{
    if (!s->writer)
        return nps_fail(err, NPS_E_UNSUPPORTED, "the store is open for reading only");
    return nps_writer_run(s->writer, job, arg, err);
}

nps_status nps_store_take_reader(nps_store *s, nps_db **ret_db, nps_err *err)
{
    nps_db *db = NULL;
    pthread_mutex_lock(&s->lock);
    while (s->n_taken == READERS)
        pthread_cond_wait(&s->given, &s->lock);
    s->n_taken++;
    if (s->n_idle)
        db = s->idle[--s->n_idle];
    pthread_mutex_unlock(&s->lock);
    nps_status st = db ? nps_db_mend(db, err) : nps_db_open(s->where, NPS_DB_READER, &db, err);
    if (st == NPS_OK)
        *ret_db = db;
    else
        nps_store_give_reader(s, db);
    return st;
}

void nps_store_give_reader(nps_store *s, nps_db *db)
{
    if (db)
        nps_db_rollback(db);
    pthread_mutex_lock(&s->lock);
    /* A lost one stays: it knows when its next try is due, which a new one would not. */
    if (db)
        s->idle[s->n_idle++] = db;
    s->n_taken--;
    pthread_cond_signal(&s->given);
    pthread_mutex_unlock(&s->lock);
}

nps_status nps_store_read(nps_store *s, nps_writer_job *job, void *arg, nps_err *err)
{
    nps_db *db;
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    st = job(db, arg, err);
    nps_store_give_reader(s, db);
    return st;
}

/* --- state ------------------------------------------------------------------------------------------------------------------- */

nps_status nps_store_count(nps_store *s, nps_store_counts *ret_counts, nps_err *err)
{
    nps_db *db;
    nps_store_counts c = {0};
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_query_begin(db, "SELECT (SELECT count(*) FROM samples),(SELECT count(*) FROM cases),"
                                      "(SELECT count(*) FROM outbox WHERE state='pending'),"
                                      "(SELECT count(*) FROM outbox WHERE state='dead')");
    if (nps_query_next(&q))
        c = (nps_store_counts){nps_query_get_i64(&q, 0), nps_query_get_i64(&q, 1), nps_query_get_i64(&q, 2),
                               nps_query_get_i64(&q, 3)};
    st = nps_query_end(&q, err);
    nps_store_give_reader(s, db);
    if (st == NPS_OK)
        *ret_counts = c;
    return st;
}

static nps_status write_nothing_new(nps_db *db, void *arg, nps_err *err)
{
    (void)arg;
    return nps_db_run(db, "UPDATE store SET created_ms=created_ms", err);
}

/* A server may be gone without any commit having noticed. */
static nps_status read_something(nps_store *s, nps_err *err)
{
    nps_db *db;
    nps_status st = nps_store_take_reader(s, &db, err);
    if (st != NPS_OK)
        return st;
    nps_query q = nps_query_begin(db, "SELECT id FROM store");
    st = nps_query_run(&q, err);
    nps_store_give_reader(s, db);
    return st;
}

nps_status nps_store_health(nps_store *s, nps_err *err)
{
    struct statvfs v;
    nps_status st = nps_writer_health(s->writer, err);
    /* After a failure only a commit can tell that the disk is back. */
    if (st != NPS_OK)
        st = nps_store_write(s, write_nothing_new, NULL, err);
    if (st == NPS_OK)
        st = read_something(s, err);
    if (st != NPS_OK || !*s->dir)
        return st;
    if (statvfs(s->dir, &v) != 0 || (uint64_t)v.f_bavail * v.f_frsize < ROOM_NEEDED)
        return nps_fail(err, NPS_E_IO, "less than %llu MiB are free for the store", (unsigned long long)(ROOM_NEEDED >> 20));
    return NPS_OK;
}
