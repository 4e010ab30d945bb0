#include "service/schema.h"

#include <stdio.h>
#include <string.h>

/* Each entry takes the schema one version up; never changed once released. What the engines call differently:
 *
 *     @int     64-bit integer                          @serial  key of that type, given by the engine, ascending
 *     @text    UTF-8, compared byte by byte            @strict  behind the closing bracket of every table
 *     @blob    bytes
 *
 * A table has a primary key, and columns of these three types only; backups (store_copy.c) learn all else from the
 * database. New columns of an old table: ALTER TABLE t ADD COLUMN c ..., with NULL or a DEFAULT. */
static const char *const migrations[] = {
    "CREATE TABLE store(id @int PRIMARY KEY CHECK(id=1), uuid @text NOT NULL, created_ms @int NOT NULL)@strict;"
    "CREATE TABLE cases(seq @serial, code @text NOT NULL UNIQUE, uuid @text NOT NULL UNIQUE,"
    "  opened_ms @int NOT NULL, updated_ms @int NOT NULL, samples @int NOT NULL, summary @text NOT NULL)@strict;"
    "CREATE TABLE case_number(year @int PRIMARY KEY, last @int NOT NULL)@strict;"
    "CREATE TABLE case_spectrum(digest @text PRIMARY KEY, case_seq @int NOT NULL REFERENCES cases(seq))@strict;"
    "CREATE TABLE samples(id @text PRIMARY KEY, received_ms @int NOT NULL, outcome @text NOT NULL,"
    "  generation @text NOT NULL, verdict @text NOT NULL, country @text, date @text, reference @text, form @text,"
    "  case_seq @int REFERENCES cases(seq))@strict;"
    "CREATE INDEX samples_by_case ON samples(case_seq, country) WHERE case_seq IS NOT NULL;"
    "CREATE TABLE files(sample @text NOT NULL REFERENCES samples(id), position @int NOT NULL, name @text NOT NULL,"
    "  type @text NOT NULL, digest @text NOT NULL, bytes @blob NOT NULL, PRIMARY KEY(sample, position))@strict;"
    "CREATE TABLE idempotency(key @text PRIMARY KEY, digest @text NOT NULL, sample @text NOT NULL REFERENCES samples(id),"
    "  created_ms @int NOT NULL)@strict;"
    "CREATE INDEX idempotency_by_age ON idempotency(created_ms);"
    "CREATE TABLE outbox(id @serial, event @text NOT NULL UNIQUE, type @text NOT NULL,"
    "  subject @text NOT NULL, created_ms @int NOT NULL, data @text NOT NULL,"
    "  state @text NOT NULL CHECK(state IN ('pending','done','dead')), attempts @int NOT NULL,"
    "  due_ms @int NOT NULL)@strict;"
    "CREATE INDEX outbox_due ON outbox(due_ms, id) WHERE state='pending';"
    "CREATE TABLE deliveries(outbox @int NOT NULL REFERENCES outbox(id), attempt @int NOT NULL,"
    "  at_ms @int NOT NULL, http @int NOT NULL, fault @text, PRIMARY KEY(outbox, attempt))@strict;",
    /* Claims of several relays; 0: nobody's. */
    "ALTER TABLE outbox ADD COLUMN claimed_by @text;"
    "ALTER TABLE outbox ADD COLUMN claimed_until_ms @int NOT NULL DEFAULT 0;",
    /* Accounts, quotas, audit. */
    "CREATE TABLE organisations(id @text PRIMARY KEY, name @text NOT NULL UNIQUE, country @text NOT NULL, state @text NOT NULL,"
    "  created_ms @int NOT NULL, version @int NOT NULL)@strict;"
    "CREATE TABLE members(id @text PRIMARY KEY, organisation @text NOT NULL REFERENCES organisations(id), login @text NOT NULL UNIQUE,"
    "  roles @int NOT NULL, password @text, state @text NOT NULL, created_ms @int NOT NULL, failed @int NOT NULL,"
    "  locked_until_ms @int NOT NULL, version @int NOT NULL)@strict;"
    "CREATE INDEX members_by_organisation ON members(organisation);"
    "CREATE TABLE tokens(id @text PRIMARY KEY, member @text NOT NULL REFERENCES members(id), hash @text NOT NULL, label @text NOT NULL,"
    "  scopes @int NOT NULL, created_ms @int NOT NULL, expires_ms @int NOT NULL, used_day @text NOT NULL)@strict;"
    "CREATE INDEX tokens_by_member ON tokens(member);"
    "CREATE TABLE sessions(id @text PRIMARY KEY, member @text NOT NULL REFERENCES members(id), hash @text NOT NULL,"
    "  created_ms @int NOT NULL, seen_ms @int NOT NULL)@strict;"
    "CREATE INDEX sessions_by_member ON sessions(member);"
    "CREATE TABLE memoranda(reference @text PRIMARY KEY, organisation @text NOT NULL REFERENCES organisations(id), title @text NOT NULL,"
    "  valid_from @text NOT NULL, valid_until @text NOT NULL)@strict;"
    "CREATE TABLE quotas(subject @text NOT NULL, kind @text NOT NULL, time_window @int NOT NULL, used @int NOT NULL,"
    "  PRIMARY KEY(subject, kind))@strict;"
    "CREATE TABLE audit(seq @int PRIMARY KEY, at_ms @int NOT NULL, record @text NOT NULL, hash @text NOT NULL)@strict;"
    "CREATE TABLE audit_tree(id @int PRIMARY KEY CHECK(id=1), size @int NOT NULL, frontier @blob NOT NULL)@strict;"
    "CREATE TABLE checkpoints(size @int PRIMARY KEY, at_ms @int NOT NULL, note @text NOT NULL)@strict;",
    /* Samples of organisations; verdicts apart from them, as a sample can be judged again. */
    "CREATE TABLE evaluations(sample @text NOT NULL REFERENCES samples(id), n @int NOT NULL, at_ms @int NOT NULL,"
    "  reason @text NOT NULL, holding @text NOT NULL, generation @text NOT NULL, ruleset @int NOT NULL, program @text NOT NULL,"
    "  calibration @text NOT NULL, control @text NOT NULL, today @text NOT NULL, options @text NOT NULL, outcome @text NOT NULL,"
    "  verdict @text NOT NULL, PRIMARY KEY(sample, n))@strict;"
    "INSERT INTO evaluations(sample,n,at_ms,reason,holding,generation,ruleset,program,calibration,control,today,options,outcome,"
    "  verdict) SELECT id,0,received_ms,'submission','',generation,0,'','','','','',outcome,verdict FROM samples;"
    "ALTER TABLE samples DROP COLUMN verdict;"
    "ALTER TABLE samples DROP COLUMN generation;"
    "ALTER TABLE samples ADD COLUMN organisation @text NOT NULL DEFAULT '';"
    "ALTER TABLE samples ADD COLUMN member @text NOT NULL DEFAULT '';"
    "ALTER TABLE samples ADD COLUMN state @text NOT NULL DEFAULT 'kept';"
    "ALTER TABLE samples ADD COLUMN region @text;"
    "ALTER TABLE samples ADD COLUMN packaging @text;"
    "ALTER TABLE samples ADD COLUMN circumstances @text;"
    "ALTER TABLE samples ADD COLUMN note @text;"
    "ALTER TABLE samples ADD COLUMN quantity @text;"
    "ALTER TABLE samples ADD COLUMN tlp @text NOT NULL DEFAULT 'amber';"
    "ALTER TABLE samples ADD COLUMN purge_ms @int NOT NULL DEFAULT 0;"
    "ALTER TABLE samples ADD COLUMN last_evaluation @int NOT NULL DEFAULT 0;"
    "CREATE INDEX samples_by_organisation ON samples(organisation, received_ms, id);"
    "CREATE INDEX samples_by_purge ON samples(purge_ms) WHERE purge_ms>0;"
    "ALTER TABLE outbox ADD COLUMN trace @text;"
    "CREATE TABLE notices(id @serial, organisation @text NOT NULL REFERENCES organisations(id), kind @text NOT NULL,"
    "  subject @text NOT NULL, created_ms @int NOT NULL, read_ms @int NOT NULL, data @text NOT NULL)@strict;"
    "CREATE INDEX notices_by_organisation ON notices(organisation, id);",
    /* Reference spectra of partners, the generations that hold them, and the verdicts that rest on them. */
    "CREATE TABLE contributions(id @text PRIMARY KEY, organisation @text NOT NULL REFERENCES organisations(id),"
    "  member @text NOT NULL, created_ms @int NOT NULL, state @text NOT NULL, visibility @text NOT NULL, embargo @text NOT NULL,"
    "  licence @text NOT NULL, memorandum @text NOT NULL, credit @text NOT NULL, spectra @int NOT NULL, checks @text NOT NULL,"
    "  decided_by @text NOT NULL, decided_ms @int NOT NULL, reason @text NOT NULL, version @int NOT NULL,"
    "  terms_ms @int NOT NULL)@strict;"
    "CREATE INDEX contributions_by_organisation ON contributions(organisation, created_ms, id);"
    "CREATE INDEX contributions_by_state ON contributions(state, created_ms, id);"
    "CREATE TABLE contribution_files(contribution @text NOT NULL REFERENCES contributions(id), position @int NOT NULL,"
    "  name @text NOT NULL, type @text NOT NULL, digest @text NOT NULL, bytes @blob NOT NULL,"
    "  PRIMARY KEY(contribution, position))@strict;"
    "CREATE TABLE uses(contribution @text NOT NULL REFERENCES contributions(id), day @text NOT NULL, hits @int NOT NULL,"
    "  PRIMARY KEY(contribution, day))@strict;"
    "CREATE TABLE relied(sample @text NOT NULL REFERENCES samples(id), n @int NOT NULL, reference @text NOT NULL,"
    "  PRIMARY KEY(sample, n, reference))@strict;"
    "CREATE INDEX relied_by_reference ON relied(reference);"
    "CREATE TABLE generations(id @text PRIMARY KEY, seq @int NOT NULL UNIQUE, created_ms @int NOT NULL, member @text NOT NULL,"
    "  parent @text NOT NULL, base @text NOT NULL, manifest @text NOT NULL, report @text NOT NULL)@strict;"
    "CREATE TABLE generation_parts(generation @text NOT NULL REFERENCES generations(id), contribution @text NOT NULL,"
    "  PRIMARY KEY(generation, contribution))@strict;"
    "CREATE TABLE active_generation(id @int PRIMARY KEY CHECK(id=1), generation @text NOT NULL REFERENCES generations(id),"
    "  since_ms @int NOT NULL)@strict;"
    "CREATE TABLE artifacts(digest @text PRIMARY KEY, kind @text NOT NULL, bytes @blob NOT NULL)@strict;",
    /* Work that is done in the background, and outlives the process. */
    "CREATE TABLE jobs(id @serial, kind @text NOT NULL, subject @text NOT NULL, data @text NOT NULL, state @text NOT NULL,"
    "  created_ms @int NOT NULL, due_ms @int NOT NULL, attempts @int NOT NULL, claimed_by @text, claimed_until_ms @int NOT NULL,"
    "  fault @text NOT NULL)@strict;"
    "CREATE INDEX jobs_due ON jobs(due_ms, id) WHERE state='waiting';"
    "CREATE INDEX jobs_by_subject ON jobs(subject);"
    "CREATE TABLE batches(id @text PRIMARY KEY, organisation @text NOT NULL REFERENCES organisations(id), member @text NOT NULL,"
    "  created_ms @int NOT NULL, total @int NOT NULL, options @text NOT NULL)@strict;"
    "CREATE TABLE batch_items(batch @text NOT NULL REFERENCES batches(id), position @int NOT NULL, name @text NOT NULL,"
    "  bytes @blob NOT NULL, state @text NOT NULL, sample @text NOT NULL, outcome @text NOT NULL, fault @text NOT NULL,"
    "  PRIMARY KEY(batch, position))@strict;",
};
enum { NEWEST = sizeof migrations / sizeof *migrations };

static const struct {
    const char *macro, *in[2]; /* by nps_db_engine */
} macros[] = {{"@int", {"INTEGER", "BIGINT"}},
              {"@text", {"TEXT", "TEXT COLLATE \"C\""}},
              {"@blob", {"BLOB", "BYTEA"}},
              {"@serial", {"INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"}},
              {"@strict", {" STRICT", ""}}};

int64_t nps_schema_newest(void)
{
    return NEWEST;
}

void nps_schema_text(int64_t version, nps_db_engine engine, nps_buf *out)
{
    NPS_ASSERT(version >= 1 && version <= NEWEST);
    for (const char *p = migrations[version - 1]; *p;) {
        size_t plain = strcspn(p, "@"), m = 0;
        nps_buf_add(out, p, plain);
        p += plain;
        if (!*p)
            break;
        while (strncmp(p, macros[m].macro, strlen(macros[m].macro)) != 0)
            NPS_ASSERT(++m < sizeof macros / sizeof *macros);
        nps_buf_puts(out, macros[m].in[engine]);
        p += strlen(macros[m].macro);
    }
}

nps_status nps_schema_version(nps_db *db, int64_t *ret_version, nps_err *err)
{
    int64_t there = 0;
    if (nps_db_engine_of(db) == NPS_DB_SQLITE)
        return nps_db_number(db, "PRAGMA user_version", ret_version, err);
    nps_status st = nps_db_number(db, "SELECT count(*) FROM pg_tables WHERE schemaname=current_schema()"
                                   " AND tablename='schema_version'", &there, err);
    if (st != NPS_OK)
        return st;
    if (there)
        return nps_db_number(db, "SELECT version FROM schema_version", ret_version, err);
    *ret_version = 0;
    return NPS_OK;
}

/* Foreign keys of PostgreSQL can then be checked at the commit, where store_copy.c asks for it; SQLite's always can. */
#define DEFERRABLE                                                                                            \
    "DO $$ DECLARE r record; BEGIN FOR r IN SELECT conrelid::regclass AS t, conname AS c FROM pg_constraint"  \
    " WHERE contype='f' AND NOT condeferrable AND connamespace=current_schema()::regnamespace LOOP"           \
    " EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY IMMEDIATE', r.t, r.c);"         \
    " END LOOP; END $$;"

static nps_status apply(nps_db *db, int64_t version, nps_err *err)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(65536);
    nps_db_engine engine = nps_db_engine_of(db);
    if (engine == NPS_DB_POSTGRESQL && version == 1)
        nps_buf_puts(&b, "CREATE TABLE schema_version(version BIGINT PRIMARY KEY); INSERT INTO schema_version VALUES(0);");
    nps_schema_text(version, engine, &b);
    if (engine == NPS_DB_POSTGRESQL)
        nps_buf_printf(&b, "%sUPDATE schema_version SET version=%lld", DEFERRABLE, (long long)version);
    else
        nps_buf_printf(&b, "PRAGMA user_version=%lld", (long long)version);
    nps_status st = nps_buf_check(&b, err);
    return st == NPS_OK ? nps_db_run(db, b.data, err) : st;
}

nps_status nps_schema_migrate(nps_db *db, int64_t version, nps_err *err)
{
    int64_t now = -1;
    nps_status st = NPS_OK;
    while (st == NPS_OK && now < version) {
        st = nps_db_begin(db, err);
        /* Within the transaction, as another process may have come first. */
        if (st == NPS_OK)
            st = nps_schema_version(db, &now, err);
        if (st == NPS_OK && now > NEWEST)
            st = nps_fail(err, NPS_E_UNSUPPORTED, "the store has version %lld, this program knows %d", (long long)now, NEWEST);
        if (st == NPS_OK && now < version)
            st = apply(db, ++now, err);
        if (st == NPS_OK)
            st = nps_db_commit(db, err);
    }
    nps_db_rollback(db);
    return st;
}
