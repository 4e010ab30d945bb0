/* The audit log in the store: its records, the tree over them, its checkpoints. */
#include "service/audit.h"

#include "service/checkpoint.h"
#include "service/cli.h"
#include "service/clock.h"
#include "service/json.h"
#include "service/merkle.h"
#include "service/store_impl.h"
#include "service/store_sql.h"

#include <stdlib.h>
#include <string.h>

static void to_hex(const uint8_t *p, size_t n, char *hex)
{
    for (size_t i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", p[i]);
}

static nps_status get_tree(nps_db *db, nps_merkle *ret_tree, nps_err *err)
{
    nps_status st = NPS_OK;
    nps_merkle_init(ret_tree);
    nps_query q = nps_query_begin(db, "SELECT frontier FROM audit_tree WHERE id=1");
    if (nps_query_next(&q)) {
        nps_span bytes = nps_query_get_bytes(&q, 0);
        st = nps_merkle_unpack(bytes.p, bytes.n, ret_tree, err);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

static nps_status put_tree(nps_db *db, const nps_merkle *tree, nps_err *err)
{
    uint8_t bytes[NPS_MERKLE_BYTES];
    size_t n = nps_merkle_pack(tree, bytes);
    nps_query q = nps_query_begin(db, "INSERT INTO audit_tree(id,size,frontier) VALUES(1,?,?) ON CONFLICT(id)"
                                      " DO UPDATE SET size=excluded.size, frontier=excluded.frontier");
    nps_query_i64(&q, (int64_t)tree->size);
    nps_query_blob(&q, (nps_span){(const char *)bytes, n});
    return nps_query_run(&q, err);
}

nps_status nps_audit_add(nps_db *db, const nps_actor *by, const char *action, const char *subject, const char *detail, nps_err *err)
{
    nps_merkle tree;
    uint8_t hash[NPS_MERKLE_HASH];
    char hex[2 * NPS_MERKLE_HASH + 1], at[NPS_TIME_TEXT];
    NPS_AUTO_BUF record = NPS_BUF_INIT((size_t)1 << 16);
    nps_status st = get_tree(db, &tree, err);
    if (st != NPS_OK)
        return st;
    nps_clock_text(by->now_ms, at);
    nps_jw w = nps_jw_init(&record);
    nps_jw_object(&w, NULL);
    nps_jw_i64(&w, "seq", (int64_t)tree.size);
    nps_jw_str(&w, "at", at);
    nps_jw_str(&w, "member", by->member);
    nps_jw_str(&w, "organisation", by->organisation);
    nps_jw_str(&w, "action", action);
    nps_jw_str(&w, "subject", subject);
    nps_jw_str(&w, "detail", detail);
    nps_jw_end(&w);
    st = nps_buf_check(&record, err);
    if (st != NPS_OK)
        return st;
    nps_merkle_leaf(record.data, record.len, hash);
    to_hex(hash, sizeof hash, hex);
    st = nps_tell(db, err, "INSERT INTO audit(seq,at_ms,record,hash) VALUES(?,?,?,?)", "iitt", (int64_t)tree.size, by->now_ms, record.data, hex);
    nps_merkle_add(&tree, hash);
    return st == NPS_OK ? put_tree(db, &tree, err) : st;
}

/* --- reading --------------------------------------------------------------------------------------------------------------------- */

void nps_audit_records_done(nps_audit_records *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->item[i].record);
    free(r->item);
    *r = (nps_audit_records){0};
}

typedef struct {
    int64_t from, now_ms;
    size_t limit;
    const nps_signing_key *key;
    nps_audit_records *records;
    nps_buf *out;
    uint64_t a, b;
    nps_merkle_proof *proof;
} job;

static nps_status list_records(nps_db *db, void *arg, nps_err *err)
{
    job *j = arg;
    nps_query q = nps_ask(db, "SELECT seq,record,hash FROM audit WHERE seq>=? ORDER BY seq LIMIT ?", "ii", j->from, (int64_t)j->limit + 1);
    while (nps_query_next(&q)) {
        j->records->more = j->records->n == j->limit;
        if (j->records->more)
            continue;
        nps_audit_record *r = &j->records->item[j->records->n++];
        r->seq = nps_query_get_i64(&q, 0);
        r->record = nps_query_get_copy(&q, 1);
        NPS_GET_TEXT(&q, 2, r->hash);
    }
    return nps_query_end(&q, err);
}

nps_status nps_audit_list(nps_store *s, int64_t from, size_t limit, nps_audit_records *ret_records, nps_err *err)
{
    nps_audit_records r = {.item = nps_array(limit, sizeof *r.item)};
    if (!r.item)
        return nps_fail_nomem(err);
    nps_status st = nps_store_read(s, list_records, &(job){.from = from, .limit = limit, .records = &r}, err);
    if (st == NPS_OK)
        *ret_records = r;
    else
        nps_audit_records_done(&r);
    return st;
}

/* --- checkpoints ----------------------------------------------------------------------------------------------------------------- */

static nps_status add_checkpoint(nps_db *db, void *arg, nps_err *err)
{
    job *j = arg;
    nps_merkle tree;
    uint8_t root[NPS_MERKLE_HASH];
    bool there;
    NPS_AUTO_BUF note = NPS_BUF_INIT(NPS_NOTE_MAX);
    nps_status st = get_tree(db, &tree, err);
    if (st == NPS_OK)
        st = nps_ask_exists(db, &there, err, "SELECT 1 FROM checkpoints WHERE size=?", "i", (int64_t)tree.size);
    if (st != NPS_OK || there || !tree.size)
        return st;
    nps_merkle_root(&tree, root);
    st = nps_checkpoint_sign(tree.size, root, j->key, &note, err);
    if (st == NPS_OK)
        st = nps_buf_check(&note, err);
    return st == NPS_OK ? nps_tell(db, err, "INSERT INTO checkpoints(size,at_ms,note) VALUES(?,?,?)", "iit", (int64_t)tree.size, j->now_ms, note.data)
                        : st;
}

nps_status nps_audit_checkpoint(nps_store *s, const nps_signing_key *key, int64_t now_ms, nps_err *err)
{
    return nps_store_write(s, add_checkpoint, &(job){.key = key, .now_ms = now_ms}, err);
}

static nps_status get_checkpoint(nps_db *db, void *arg, nps_err *err)
{
    job *j = arg;
    nps_query q = nps_query_begin(db, "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1");
    bool found = nps_query_next(&q);
    if (found) {
        nps_span note = nps_query_get_bytes(&q, 0);
        nps_buf_add(j->out, note.p, note.n);
    }
    nps_status st = nps_query_end(&q, err);
    return st == NPS_OK && !found ? nps_fail(err, NPS_E_NOT_FOUND, "no checkpoint has been signed yet") : st;
}

nps_status nps_audit_last_checkpoint(nps_store *s, nps_buf *out, nps_err *err)
{
    nps_status st = nps_store_read(s, get_checkpoint, &(job){.out = out}, err);
    return st == NPS_OK ? nps_buf_check(out, err) : st;
}

/* --- proofs ---------------------------------------------------------------------------------------------------------------------- */

static bool from_hex(nps_span hex, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned v;
        if (hex.n != 2 * n || sscanf(hex.p + 2 * i, "%2x", &v) != 1)
            return false;
        out[i] = (uint8_t)v;
    }
    return true;
}

/* Leaf hashes in ascending order from one cursor. */
typedef struct {
    nps_query q;
    uint64_t at; /* seq of the row that comes next */
} cursor;

static bool next_leaf(void *arg, uint64_t i, uint8_t ret_hash[static NPS_MERKLE_HASH])
{
    cursor *c = arg;
    while (nps_query_next(&c->q)) {
        bool wanted = c->at++ == i;
        if (wanted)
            return (uint64_t)nps_query_get_i64(&c->q, 0) == i && from_hex(nps_query_get_bytes(&c->q, 1), ret_hash, NPS_MERKLE_HASH);
    }
    return false;
}

static nps_status prove(nps_db *db, void *arg, nps_err *err)
{
    job *j = arg;
    nps_merkle tree;
    nps_status st = get_tree(db, &tree, err);
    if (st == NPS_OK && j->b > tree.size)
        st = nps_fail(err, NPS_E_RANGE, "the log has %llu records", (unsigned long long)tree.size);
    if (st != NPS_OK)
        return st;
    cursor c = {.q = nps_ask(db, "SELECT seq,hash FROM audit WHERE seq<? ORDER BY seq", "i", (int64_t)j->b)};
    nps_merkle_source source = {next_leaf, &c};
    st = j->from ? nps_merkle_prove_consistency(&source, j->a, j->b, j->proof, err) : nps_merkle_prove_inclusion(&source, j->a, j->b, j->proof, err);
    nps_status end = nps_query_end(&c.q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

nps_status nps_audit_inclusion(nps_store *s, uint64_t index, uint64_t size, nps_merkle_proof *ret_proof, nps_err *err)
{
    return nps_store_read(s, prove, &(job){.a = index, .b = size, .proof = ret_proof}, err);
}

nps_status nps_audit_consistency(nps_store *s, uint64_t old_size, uint64_t size, nps_merkle_proof *ret_proof, nps_err *err)
{
    return nps_store_read(s, prove, &(job){.a = old_size, .b = size, .from = 1, .proof = ret_proof}, err);
}
