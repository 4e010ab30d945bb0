/* PostgreSQL below db.h: the one user of libpq. Values travel in binary, so that blobs are not blown up and numbers need no
 * text. A connection that was lost is made anew by mend(); statements are then prepared again when they are next run. */
#include "service/db_driver.h"

#include "core/mem.h"
#include "service/clock.h"

#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Types of pg_type.dat that we send or read. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25 };
enum { WAIT_FIRST_MS = 100, WAIT_MOST_MS = 5000 }; /* between tries to connect */
/* All writers of a store hold this while they write. Any number that no other program uses in the same database: "npsw". */
#define WRITER_LOCK "1852863351"

typedef struct {
    nps_db base;
    PGconn *conn; /* NULL or bad: lost */
    char *url;
    nps_db_role role;
    unsigned session, names; /* of the connections made so far; of the statements */
    int64_t next_try_ms, wait_ms;
    nps_err why; /* of the last try */
} pg_db;

typedef struct {
    char *sql; /* with $1, $2 ... */
    char name[16];
    unsigned session; /* that it is prepared in; 0: none */
    int n;            /* parameters */
    Oid type[NPS_DB_MAX_PARAMETERS];
    const char *value[NPS_DB_MAX_PARAMETERS];
    int length[NPS_DB_MAX_PARAMETERS], binary[NPS_DB_MAX_PARAMETERS];
    uint64_t number[NPS_DB_MAX_PARAMETERS]; /* in network order */
    PGresult *result;
    int row;
    bool streams, running; /* running: libpq has more results for us */
} pg_stmt;

static pg_db *pg_of(nps_db *db)
{
    return (pg_db *)(void *)db;
}

/* --- failures -------------------------------------------------------------------------------------------------------------- */

/* One line of libpq's text, which may have several; never with the password. */
static nps_status fail_text(nps_err *err, const char *text, const char *code, const char *password)
{
    char line[200];
    size_t n = 0;
    const char *hit = password && *password ? strstr(text, password) : NULL;
    for (const char *p = text; *p && n + 4 < sizeof line; p++) {
        if (p == hit) {
            memcpy(line + n, "***", 3);
            n += 3;
            p += strlen(password) - 1;
            hit = strstr(p + 1, password);
        } else {
            line[n++] = (unsigned char)*p < 32 || *p == 127 ? ' ' : *p;
        }
    }
    while (n && line[n - 1] == ' ')
        n--;
    line[n] = '\0';
    return nps_fail(err, NPS_E_IO, "store: %s%s%s%s", n ? line : "the connection is lost", code ? " (" : "", code ? code : "",
                    code ? ")" : "");
}

static nps_status fail_result(const pg_db *db, const PGresult *r, nps_err *err)
{
    const char *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (text)
        return fail_text(err, text, PQresultErrorField(r, PG_DIAG_SQLSTATE), PQpass(db->conn));
    return fail_text(err, db->conn ? PQerrorMessage(db->conn) : "", NULL, PQpass(db->conn));
}

static void say_nothing(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

/* --- connecting -------------------------------------------------------------------------------------------------------------- */

/* libpq's own complaints about an address may quote pieces of it, and so of a password whose special characters were not
 * escaped; a misread address shows itself by '@' in places where none belongs. */
static nps_status check_url(const char *url, nps_err *err)
{
    char *text = NULL;
    bool good = false;
    PQconninfoOption *o = PQconninfoParse(url, &text);
    if (o) {
        good = true;
        for (const PQconninfoOption *p = o; p->keyword; p++) {
            const char *value = p->val ? p->val : "";
            bool place = strcmp(p->keyword, "host") == 0 || strcmp(p->keyword, "dbname") == 0;
            if ((place && strchr(value, '@')) ||
                (strcmp(p->keyword, "port") == 0 && value[strspn(value, "0123456789,")]))
                good = false;
        }
    }
    PQconninfoFree(o);
    PQfreemem(text);
    return good ? NPS_OK
                : nps_fail(err, NPS_E_RANGE, "store: the postgresql:// address is not valid; special characters of user and"
                                             " password must be written as %%XX");
}

static nps_status run(nps_db *base, const char *sql, nps_err *err)
{
    pg_db *db = pg_of(base);
    PGresult *r = db->conn ? PQexec(db->conn, sql) : NULL;
    ExecStatusType s = PQresultStatus(r);
    nps_status st = s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK ? NPS_OK : fail_result(db, r, err);
    PQclear(r);
    return st;
}

/* What would let an acknowledged commit be lost is refused, or set right where the session can. */
static nps_status check_server(pg_db *db, nps_err *err)
{
    PGresult *r = PQexec(db->conn, "SELECT current_setting('fsync'), current_setting('server_encoding'),"
                                   " set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit')"
                                   " IN ('on','remote_apply') THEN current_setting('synchronous_commit') ELSE 'on' END, false)");
    nps_status st = NPS_OK;
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        st = fail_result(db, r, err);
    else if (strcmp(PQgetvalue(r, 0, 0), "on") != 0)
        st = nps_fail(err, NPS_E_UNSUPPORTED, "store: the PostgreSQL server runs with fsync=off and could lose what it confirmed");
    else if (strcmp(PQgetvalue(r, 0, 1), "UTF8") != 0)
        st = nps_fail(err, NPS_E_UNSUPPORTED, "store: the database has another encoding than UTF8");
    PQclear(r);
    return st;
}

static nps_status set_up(pg_db *db, nps_err *err)
{
    static const char *const by_role[] = {
        /* A replica that hangs within a transaction would stop all others: the server ends it. */
        [NPS_DB_WRITER] = "SET statement_timeout='30s'; SET idle_in_transaction_session_timeout='30s'",
        [NPS_DB_READER] = "SET statement_timeout='30s'; SET idle_in_transaction_session_timeout='60s';"
                          "SET default_transaction_read_only=on",
        [NPS_DB_TOOL] = "SET statement_timeout=0; SET idle_in_transaction_session_timeout=0",
        [NPS_DB_SOURCE] = "SET statement_timeout=0; SET idle_in_transaction_session_timeout=0;"
                          "SET default_transaction_read_only=on"};
    nps_status st = run(&db->base, by_role[db->role], err);
    return st == NPS_OK && (db->role == NPS_DB_WRITER || db->role == NPS_DB_TOOL) ? check_server(db, err) : st;
}

static nps_status connect_now(pg_db *db, nps_err *err)
{
    /* A later word wins: the address may change those before it, not those behind. */
    static const char *const words[] = {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count",
                                        "tcp_user_timeout", "target_session_attrs", "dbname", "application_name",
                                        "client_encoding", NULL};
    const char *const values[] = {"5", "30", "10", "3", "30000", "read-write", db->url, "npswatch", "UTF8", NULL};
    PQfinish(db->conn);
    db->conn = PQconnectdbParams(words, values, 1);
    if (!db->conn)
        return nps_fail_nomem(err);
    db->session++;
    PQsetNoticeProcessor(db->conn, say_nothing, NULL);
    nps_status st = PQstatus(db->conn) == CONNECTION_OK
                        ? set_up(db, err)
                        : fail_text(err, PQerrorMessage(db->conn), NULL, PQpass(db->conn));
    if (st != NPS_OK) {
        PQfinish(db->conn);
        db->conn = NULL;
    }
    return st;
}

static bool is_lost(const nps_db *base)
{
    const pg_db *db = (const pg_db *)(const void *)base;
    return !db->conn || PQstatus(db->conn) != CONNECTION_OK;
}

/* A server that went away has closed its end, which nobody sees before reading. */
static bool has_ended(pg_db *db)
{
    for (int i = 0; i < 4 && !is_lost(&db->base); i++) {
        struct pollfd p = {.fd = PQsocket(db->conn), .events = POLLIN};
        if (poll(&p, 1, 0) <= 0)
            break;
        if (!PQconsumeInput(db->conn))
            return true;
    }
    return is_lost(&db->base);
}

static nps_status mend(nps_db *base, nps_err *err)
{
    pg_db *db = pg_of(base);
    if (!has_ended(db))
        return NPS_OK;
    if (nps_clock_mono_ms() < db->next_try_ms)
        return nps_fail(err, db->why.code, "%s", db->why.msg);
    nps_status st = connect_now(db, &db->why);
    if (st == NPS_OK) {
        db->wait_ms = 0;
        return NPS_OK;
    }
    db->wait_ms = !db->wait_ms ? WAIT_FIRST_MS : 2 * db->wait_ms < WAIT_MOST_MS ? 2 * db->wait_ms : WAIT_MOST_MS;
    db->next_try_ms = nps_clock_mono_ms() + db->wait_ms;
    return nps_fail(err, st, "%s", db->why.msg);
}

static void close_db(nps_db *base)
{
    pg_db *db = pg_of(base);
    PQfinish(db->conn);
    free(db->url);
    free(db);
}

/* --- transactions ---------------------------------------------------------------------------------------------------------- */

static nps_status begin(nps_db *base, bool reading, nps_err *err)
{
    /* READ COMMITTED: every statement sees all that was committed before the lock was had. */
    const char *sql = reading ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                              : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(" WRITER_LOCK ")";
    nps_status st = mend(base, err);
    if (st == NPS_OK)
        st = run(base, sql, err);
    /* The server had gone unnoticed: nothing was done yet, so this may be repeated. */
    if (st != NPS_OK && is_lost(base)) {
        st = mend(base, err);
        if (st == NPS_OK)
            st = run(base, sql, err);
    }
    if (st != NPS_OK)
        nps_db_rollback(base);
    return st;
}

/* A transaction in which something has failed is undone by COMMIT, which does not call that a failure. */
static nps_status commit(nps_db *base, nps_err *err)
{
    pg_db *db = pg_of(base);
    PGresult *r = db->conn ? PQexec(db->conn, "COMMIT") : NULL;
    nps_status st = PQresultStatus(r) != PGRES_COMMAND_OK ? fail_result(db, r, err)
                    : strcmp(PQcmdStatus(r), "COMMIT") != 0
                        ? nps_fail(err, NPS_E_IO, "store: the transaction had failed")
                        : NPS_OK;
    PQclear(r);
    return st;
}

static bool in_transaction(const nps_db *base)
{
    const pg_db *db = (const pg_db *)(const void *)base;
    PGTransactionStatusType s = PQtransactionStatus(db->conn);
    return s == PQTRANS_ACTIVE || s == PQTRANS_INTRANS || s == PQTRANS_INERROR;
}

/* --- statements ------------------------------------------------------------------------------------------------------------ */

/* `?` outside of quotes becomes $1, $2 ... */
static char *number_places(const char *sql)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(65536);
    int n = 0;
    bool quoted = false;
    for (const char *p = sql; *p; p++) {
        quoted ^= *p == '\'';
        if (*p == '?' && !quoted)
            nps_buf_printf(&b, "$%d", ++n);
        else
            nps_buf_putc(&b, *p);
    }
    return nps_buf_check(&b, NULL) == NPS_OK ? nps_buf_detach(&b) : NULL;
}

static nps_status prepare(nps_db *base, const char *sql, void **ret_stmt, nps_err *err)
{
    pg_db *db = pg_of(base);
    pg_stmt *s = nps_array(1, sizeof *s);
    if (s)
        s->sql = number_places(sql);
    if (!s || !s->sql) {
        free(s);
        return nps_fail_nomem(err);
    }
    snprintf(s->name, sizeof s->name, "s%u", ++db->names);
    *ret_stmt = s;
    return NPS_OK;
}

static nps_status bind(nps_db *base, void *stmt, int place, const nps_db_value *v, nps_err *err)
{
    static const Oid types[] = {[NPS_DB_INT] = OID_INT8, [NPS_DB_TEXT] = OID_TEXT, [NPS_DB_BLOB] = OID_BYTEA};
    pg_stmt *s = stmt;
    int i = place - 1;
    /* The types belong to the prepared statement; a place that changes its type is our own mistake. */
    NPS_ASSERT(!s->session || s->session != pg_of(base)->session || (i < s->n && s->type[i] == types[v->type]));
    if (v->bytes.n > INT32_MAX)
        return nps_fail(err, NPS_E_LIMIT, "store: a value is longer than 2 GiB");
    s->n = place > s->n ? place : s->n;
    s->type[i] = types[v->type];
    s->binary[i] = 1;
    s->number[i] = htobe64((uint64_t)v->i64);
    s->value[i] = v->is_null ? NULL : v->type == NPS_DB_INT ? (const char *)&s->number[i] : v->bytes.p;
    s->length[i] = v->type == NPS_DB_INT ? (int)sizeof s->number[i] : (int)v->bytes.n;
    return NPS_OK;
}

static void stream(void *stmt)
{
    ((pg_stmt *)stmt)->streams = true;
}

static nps_status prepare_in_session(pg_db *db, pg_stmt *s, nps_err *err)
{
    if (s->session == db->session)
        return NPS_OK;
    PGresult *r = PQprepare(db->conn, s->name, s->sql, s->n, s->type);
    nps_status st = PQresultStatus(r) == PGRES_COMMAND_OK ? NPS_OK : fail_result(db, r, err);
    PQclear(r);
    if (st == NPS_OK)
        s->session = db->session;
    return st;
}

static nps_status start(pg_db *db, pg_stmt *s, nps_err *err)
{
    if (!db->conn)
        return nps_fail(err, NPS_E_IO, "store: the connection is lost");
    nps_status st = prepare_in_session(db, s, err);
    if (st != NPS_OK)
        return st;
    if (!s->streams) {
        s->result = PQexecPrepared(db->conn, s->name, s->n, s->value, s->length, s->binary, 1);
        return NPS_OK;
    }
    s->running = true;
    if (!PQsendQueryPrepared(db->conn, s->name, s->n, s->value, s->length, s->binary, 1) || !PQsetSingleRowMode(db->conn))
        return fail_result(db, NULL, err);
    s->result = PQgetResult(db->conn);
    return NPS_OK;
}

static nps_status step(nps_db *base, void *stmt, bool *ret_row, nps_err *err)
{
    pg_db *db = pg_of(base);
    pg_stmt *s = stmt;
    if (!s->result) {
        nps_status st = start(db, s, err);
        if (st != NPS_OK)
            return st;
        s->row = 0;
    } else if (s->running && PQresultStatus(s->result) == PGRES_SINGLE_TUPLE) {
        PQclear(s->result);
        s->result = PQgetResult(db->conn);
    } else {
        s->row++;
    }
    ExecStatusType status = PQresultStatus(s->result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE)
        return fail_result(db, s->result, err);
    *ret_row = s->row < PQntuples(s->result);
    if (!*ret_row)
        base->changes = strtoll(PQcmdTuples(s->result), NULL, 10);
    return NPS_OK;
}

static bool is_null(void *stmt, int column)
{
    const pg_stmt *s = stmt;
    return s->row >= PQntuples(s->result) || PQgetisnull(s->result, s->row, column);
}

static nps_status get_i64(void *stmt, int column, int64_t *ret_v, nps_err *err)
{
    const pg_stmt *s = stmt;
    const char *p = PQgetvalue(s->result, s->row, column);
    uint64_t eight;
    uint32_t four;
    uint16_t two;
    switch (PQftype(s->result, column)) {
    case OID_INT8:
        memcpy(&eight, p, sizeof eight);
        *ret_v = (int64_t)be64toh(eight);
        return NPS_OK;
    case OID_INT4:
        memcpy(&four, p, sizeof four);
        *ret_v = (int32_t)be32toh(four);
        return NPS_OK;
    case OID_INT2:
        memcpy(&two, p, sizeof two);
        *ret_v = (int16_t)be16toh(two);
        return NPS_OK;
    case OID_BOOL: *ret_v = *p != 0; return NPS_OK;
    default: return nps_fail(err, NPS_E_IO, "store: column %d holds no integer", column);
    }
}

static nps_span get_bytes(void *stmt, int column)
{
    const pg_stmt *s = stmt;
    return (nps_span){PQgetvalue(s->result, s->row, column), (size_t)PQgetlength(s->result, s->row, column)};
}

static void reset(nps_db *base, void *stmt)
{
    pg_stmt *s = stmt;
    PQclear(s->result);
    s->result = NULL;
    /* What nobody wanted to see must be read all the same before the next statement. */
    while (s->running && (s->result = PQgetResult(pg_of(base)->conn)))
        PQclear(s->result);
    s->result = NULL;
    s->running = s->streams = false;
}

static void finalize(void *stmt)
{
    pg_stmt *s = stmt;
    free(s->sql);
    free(s);
}

static const nps_db_driver driver = {.engine = NPS_DB_POSTGRESQL,
                                     .close = close_db,
                                     .mend = mend,
                                     .is_lost = is_lost,
                                     .begin = begin,
                                     .commit = commit,
                                     .in_transaction = in_transaction,
                                     .run = run,
                                     .prepare = prepare,
                                     .bind = bind,
                                     .stream = stream,
                                     .step = step,
                                     .is_null = is_null,
                                     .get_i64 = get_i64,
                                     .get_bytes = get_bytes,
                                     .reset = reset,
                                     .finalize = finalize};

nps_status nps_db_open_pg(const char *url, nps_db_role role, nps_db **ret_db, nps_err *err)
{
    nps_status st = check_url(url, err);
    pg_db *db = st == NPS_OK ? nps_array(1, sizeof *db) : NULL;
    if (!db)
        return st == NPS_OK ? nps_fail_nomem(err) : st;
    db->base.driver = &driver;
    db->role = role;
    db->url = nps_strndup(url, strlen(url));
    st = db->url ? connect_now(db, err) : nps_fail_nomem(err);
    if (st != NPS_OK) {
        nps_db_close(&db->base);
        return st;
    }
    *ret_db = &db->base;
    return NPS_OK;
}
