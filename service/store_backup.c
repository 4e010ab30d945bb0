#include "service/store_backup.h"

#include "service/db_url.h"
#include "service/folder.h"
#include "service/schema.h"
#include "service/store_copy.h"
#include "service/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what both ways need -------------------------------------------------------------------------------------------------------- */

static nps_status check_integrity(nps_db *db, nps_err *err)
{
    char first[80] = "";
    nps_query q = nps_query_begin(db, "PRAGMA integrity_check");
    if (nps_query_next(&q))
        nps_query_get_text(&q, 0, first, sizeof first);
    nps_status st = nps_query_end(&q, err);
    if (st == NPS_OK && strcmp(first, "ok") != 0)
        return nps_fail(err, NPS_E_CORRUPT, "the file is damaged: %s", nps_quote(first, strlen(first)).s);
    if (st != NPS_OK)
        return st;
    q = nps_query_begin(db, "PRAGMA foreign_key_check");
    bool broken = nps_query_next(&q);
    if (broken)
        nps_query_get_text(&q, 0, first, sizeof first);
    st = nps_query_end(&q, err);
    return st == NPS_OK && broken ? nps_fail(err, NPS_E_CORRUPT, "a row of table '%s' refers to none", first) : st;
}

/* The version of a store to copy from; none is an error of `what`. */
static nps_status version_of(nps_db *db, const char *what, int64_t *ret_version, nps_err *err)
{
    int64_t version;
    nps_status st = nps_schema_version(db, &version, err);
    if (st != NPS_OK)
        return st;
    if (version < 1)
        return nps_fail(err, NPS_E_FORMAT, "%s holds no store of npswatch", what);
    if (version > nps_schema_newest())
        return nps_fail(err, NPS_E_UNSUPPORTED, "%s has version %lld, this program knows %lld", what, (long long)version,
                        (long long)nps_schema_newest());
    *ret_version = version;
    return NPS_OK;
}

/* --- backup ---------------------------------------------------------------------------------------------------------------------- */

static nps_status vacuum_into(nps_db *from, const char *path, nps_err *err)
{
    nps_query q = nps_query_begin(from, "VACUUM INTO ?");
    nps_query_text(&q, path);
    return nps_query_run(&q, err);
}

static nps_status fill_file(nps_db *from, const char *path, nps_store_copied *copied, nps_err *err)
{
    nps_db *to;
    nps_copy_plan p = {0};
    nps_status st = nps_db_open(path, NPS_DB_TOOL, &to, err);
    if (st != NPS_OK)
        return st;
    st = nps_schema_migrate(to, copied->version, err);
    if (st == NPS_OK)
        st = nps_db_begin(to, err);
    if (st == NPS_OK)
        st = nps_copy_all(from, to, true, &p, &copied->rows, err);
    if (st == NPS_OK)
        st = nps_db_commit(to, err);
    nps_db_rollback(to);
    if (st == NPS_OK)
        st = nps_db_run(to, "PRAGMA journal_mode=DELETE", err); /* one file, without a log beside it */
    nps_db_close(to);
    nps_copy_plan_done(&p);
    return st;
}

/* Opens the finished file anew and counts what is in it. */
static nps_status check_file(const char *path, nps_store_copied *copied, nps_err *err)
{
    nps_db *db;
    nps_copy_plan p = {0};
    nps_store_copied found = {0};
    nps_status st = nps_db_open(path, NPS_DB_SOURCE, &db, err);
    if (st != NPS_OK)
        return st;
    st = check_integrity(db, err);
    if (st == NPS_OK)
        st = version_of(db, "the copy", &found.version, err);
    if (st == NPS_OK)
        st = nps_copy_count(db, &p, &found.rows, err);
    found.tables = (int64_t)p.tables.n;
    nps_db_close(db);
    nps_copy_plan_done(&p);
    if (st == NPS_OK && found.version != copied->version)
        st = nps_fail(err, NPS_E_CORRUPT, "the copy has version %lld instead of %lld", (long long)found.version,
                      (long long)copied->version);
    if (st == NPS_OK)
        *copied = found;
    return st;
}

static nps_status sync_path(const char *path, nps_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    nps_status st = rc == 0 ? NPS_OK : nps_fail(err, NPS_E_IO, "'%s' cannot be synced: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return st;
}

static nps_status put_in_place(const char *temp, const char *file, nps_err *err)
{
    char folder[NPS_STORE_WHERE];
    const char *slash = strrchr(file, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
    nps_status st = sync_path(temp, err);
    if (st == NPS_OK && rename(temp, file) != 0)
        st = nps_fail(err, NPS_E_IO, "'%s' cannot be written: %s", file, strerror(errno));
    return st == NPS_OK ? sync_path(folder, err) : st;
}

/* An empty file that only we may read; `stem` and a random end. */
static nps_status make_temp(const char *stem, char path[static NPS_STORE_WHERE], nps_err *err)
{
    if (snprintf(path, NPS_STORE_WHERE, "%s.partial-XXXXXX", stem) >= NPS_STORE_WHERE)
        return nps_fail(err, NPS_E_RANGE, "the file's name is too long");
    int fd = mkstemp(path);
    if (fd < 0)
        return nps_fail(err, NPS_E_IO, "'%s' cannot be made: %s", path, strerror(errno));
    close(fd);
    return NPS_OK;
}

static void remove_temp(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char one[NPS_STORE_WHERE + 16];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(one, sizeof one, "%s%s", path, ends[i]);
        unlink(one);
    }
}

nps_status nps_store_backup(const char *where, const char *file, nps_store_copied *ret_copied, nps_err *err)
{
    char source[NPS_STORE_WHERE], temp[NPS_STORE_WHERE];
    nps_store_copied copied = {0};
    nps_db *from;
    nps_status st = nps_store_where(where, source, err);
    if (st == NPS_OK)
        st = nps_db_open(source, NPS_DB_SOURCE, &from, err);
    if (st != NPS_OK)
        return st;
    st = make_temp(file, temp, err);
    if (st != NPS_OK) {
        nps_db_close(from);
        return st;
    }
    if (nps_db_engine_of(from) == NPS_DB_SQLITE) {
        st = version_of(from, "the folder", &copied.version, err);
        if (st == NPS_OK)
            st = vacuum_into(from, temp, err);
    } else {
        st = nps_db_begin_reading(from, err);
        if (st == NPS_OK)
            st = version_of(from, "the database", &copied.version, err);
        if (st == NPS_OK)
            st = fill_file(from, temp, &copied, err);
    }
    nps_db_close(from);
    if (st == NPS_OK)
        st = check_file(temp, &copied, err);
    if (st == NPS_OK)
        st = put_in_place(temp, file, err);
    if (st == NPS_OK)
        *ret_copied = copied;
    else
        remove_temp(temp);
    return st;
}

/* --- restore ------------------------------------------------------------------------------------------------------------------- */

/* A running service would go on with the identity that it has read. */
static nps_status check_unused(nps_db *to, nps_err *err)
{
    int64_t n = 0;
    if (nps_db_engine_of(to) == NPS_DB_SQLITE)
        return NPS_OK; /* the folder's lock says so */
    nps_status st = nps_db_number(to, "SELECT count(*) FROM pg_stat_activity WHERE datname=current_database()"
                            " AND application_name='npswatch' AND pid<>pg_backend_pid()", &n, err);
    return st == NPS_OK && n ? nps_fail(err, NPS_E_CONFLICT, "the store is in use by %lld connections of npswatch", (long long)n)
                             : st;
}

static nps_status fill_store(nps_db *from, nps_db *to, nps_copy_plan *p, nps_store_copied *copied, nps_err *err)
{
    int64_t before = 0;
    nps_status st = check_unused(to, err);
    if (st == NPS_OK)
        st = nps_schema_version(to, &before, err);
    if (st == NPS_OK)
        st = nps_schema_migrate(to, nps_schema_newest(), err);
    if (st == NPS_OK)
        st = nps_db_begin_reading(from, err);
    if (st == NPS_OK)
        st = nps_db_begin(to, err);
    if (st == NPS_OK)
        st = nps_copy_all(from, to, before == 0, p, &copied->rows, err);
    if (st == NPS_OK)
        st = nps_db_commit(to, err);
    nps_db_rollback(from);
    nps_db_rollback(to);
    if (st == NPS_OK && nps_db_engine_of(to) == NPS_DB_SQLITE)
        st = check_integrity(to, err);
    copied->tables = (int64_t)p->tables.n;
    return st;
}

/* An older backup is migrated in a copy of its own. */
static nps_status open_current(const char *file, nps_store_copied *copied, char temp[static NPS_STORE_WHERE], nps_db **ret_db,
                               nps_err *err)
{
    nps_db *db;
    const char *folder = getenv("TMPDIR");
    char stem[NPS_STORE_WHERE];
    *temp = '\0';
    nps_status st = nps_db_open(file, NPS_DB_SOURCE, &db, err);
    if (st != NPS_OK)
        return st;
    st = check_integrity(db, err);
    if (st == NPS_OK)
        st = version_of(db, "the backup", &copied->version, err);
    if (st == NPS_OK && copied->version == nps_schema_newest()) {
        *ret_db = db;
        return NPS_OK;
    }
    snprintf(stem, sizeof stem, "%s/npswatch", folder && *folder ? folder : "/tmp");
    if (st == NPS_OK)
        st = make_temp(stem, temp, err);
    if (st == NPS_OK)
        st = vacuum_into(db, temp, err);
    nps_db_close(db);
    if (st == NPS_OK)
        st = nps_db_open(temp, NPS_DB_TOOL, &db, err);
    if (st != NPS_OK)
        return st;
    st = nps_schema_migrate(db, nps_schema_newest(), err);
    if (st == NPS_OK) {
        copied->version = nps_schema_newest();
        *ret_db = db;
    } else {
        nps_db_close(db);
    }
    return st;
}

nps_status nps_store_restore(const char *file, const char *where, nps_store_copied *ret_copied, nps_err *err)
{
    char target[NPS_STORE_WHERE], temp[NPS_STORE_WHERE] = "";
    nps_store_copied copied = {0};
    nps_db *from = NULL, *to = NULL;
    nps_copy_plan p = {0};
    int lock = -1;
    nps_status st = nps_store_where(where, target, err);
    if (st == NPS_OK)
        st = open_current(file, &copied, temp, &from, err);
    if (st == NPS_OK && !nps_db_is_url(where))
        st = nps_folder_take(where, &lock, err);
    if (st == NPS_OK)
        st = nps_db_open(target, NPS_DB_TOOL, &to, err);
    if (st == NPS_OK)
        st = fill_store(from, to, &p, &copied, err);
    nps_db_close(to);
    nps_db_close(from);
    nps_copy_plan_done(&p);
    if (lock >= 0)
        close(lock);
    if (*temp)
        remove_temp(temp);
    if (st == NPS_OK)
        *ret_copied = copied;
    return st;
}
