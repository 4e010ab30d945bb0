/* Proving the audit log from its records alone. */
#include "service/audit.h"
#include "service/checkpoint.h"
#include "service/cli.h"
#include "service/store_impl.h"
#include "service/store_sql.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t size;
    char *note;
    const char *from; /* what to call it */
} checkpoint_row;

typedef struct {
    checkpoint_row *item;
    size_t n;
} checkpoint_rows;

static int by_size(const void *a, const void *b)
{
    int64_t x = ((const checkpoint_row *)a)->size, y = ((const checkpoint_row *)b)->size;
    return (x > y) - (x < y);
}

static void to_hex(const uint8_t *p, char hex[static 65])
{
    for (size_t i = 0; i < NPS_MERKLE_HASH; i++)
        snprintf(hex + 2 * i, 3, "%02x", p[i]);
}

static nps_status take_checkpoint(checkpoint_rows *rows, const char *text, size_t len, const char *from, const nps_note_key *key, nps_err *err)
{
    nps_checkpoint c;
    nps_note note;
    nps_err why;
    nps_status st = key ? nps_checkpoint_verify(text, len, key, NULL, &c, &why) : nps_checkpoint_parse(text, len, &note, &c, &why);
    if (st != NPS_OK)
        return nps_fail(err, st == NPS_E_DENIED || st == NPS_E_NOT_FOUND ? NPS_E_DENIED : NPS_E_CORRUPT, "%s: %s", from, why.msg);
    st = nps_list_grow(&rows->item, rows->n, sizeof *rows->item, err);
    char *copy = st == NPS_OK ? nps_strndup(text, len) : NULL;
    if (st == NPS_OK && !copy)
        st = nps_fail_nomem(err);
    if (st == NPS_OK)
        rows->item[rows->n++] = (checkpoint_row){(int64_t)c.size, copy, from};
    return st;
}

static nps_status load_checkpoints(nps_db *db, checkpoint_rows *rows, const nps_note_key *key, nps_err *err)
{
    nps_status st = NPS_OK;
    nps_query q = nps_query_begin(db, "SELECT note FROM checkpoints ORDER BY size");
    while (st == NPS_OK && nps_query_next(&q)) {
        nps_span note = nps_query_get_bytes(&q, 0);
        st = take_checkpoint(rows, note.p, note.n, "a checkpoint of the store", key, err);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    return st == NPS_OK ? end : st;
}

static nps_status load_files(const char *const *file, size_t n, checkpoint_rows *rows, const nps_note_key *key, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        nps_file f;
        nps_err why;
        st = nps_file_open(file[i], NPS_NOTE_MAX, &f, &why);
        if (st != NPS_OK)
            return nps_fail(err, st, "%s: %s", file[i], why.msg);
        st = take_checkpoint(rows, f.data, f.len, file[i], key, err);
        nps_file_close(&f);
    }
    return st;
}

static nps_status compare(const checkpoint_row *row, const nps_merkle *tree, nps_err *err)
{
    nps_checkpoint c;
    nps_note note;
    uint8_t root[NPS_MERKLE_HASH];
    nps_status st = nps_checkpoint_parse(row->note, strlen(row->note), &note, &c, err);
    if (st != NPS_OK)
        return st;
    nps_merkle_root(tree, root);
    if (memcmp(root, c.root, sizeof root) != 0)
        return nps_fail(err, NPS_E_CORRUPT, "%s of %lld records has another root: a record before it was changed", row->from, (long long)row->size);
    return NPS_OK;
}

/* One walk over the records: each hash, and each checkpoint where its size is reached. */
static nps_status walk(nps_db *db, const checkpoint_rows *rows, nps_audit_verified *v, nps_err *err)
{
    nps_merkle tree;
    size_t next = 0;
    nps_status st = NPS_OK;
    nps_merkle_init(&tree);
    nps_query q = nps_query_begin(db, "SELECT seq,record,hash FROM audit ORDER BY seq");
    while (st == NPS_OK) {
        for (; next < rows->n && rows->item[next].size == (int64_t)tree.size && st == NPS_OK; next++)
            st = compare(&rows->item[next], &tree, err);
        if (st != NPS_OK || !nps_query_next(&q))
            break;
        uint8_t hash[NPS_MERKLE_HASH];
        char hex[65];
        nps_span record = nps_query_get_bytes(&q, 1);
        if (nps_query_get_i64(&q, 0) != (int64_t)tree.size)
            st = nps_fail(err, NPS_E_CORRUPT, "record %llu is missing", (unsigned long long)tree.size);
        nps_merkle_leaf(record.p, record.n, hash);
        to_hex(hash, hex);
        nps_span stored = nps_query_get_bytes(&q, 2);
        if (st == NPS_OK && !nps_span_is(stored, hex))
            st = nps_fail(err, NPS_E_CORRUPT, "record %llu was changed", (unsigned long long)tree.size);
        nps_merkle_add(&tree, hash);
    }
    nps_status end = nps_query_end(&q, st == NPS_OK ? err : NULL);
    st = st == NPS_OK ? end : st;
    if (st == NPS_OK && next < rows->n)
        st = nps_fail(err, NPS_E_CORRUPT, "the end was cut off: %s has %lld records, the log %llu", rows->item[next].from,
                      (long long)rows->item[next].size, (unsigned long long)tree.size);
    if (st != NPS_OK)
        return st;
    uint8_t root[NPS_MERKLE_HASH];
    nps_merkle_root(&tree, root);
    to_hex(root, v->root);
    v->records = (int64_t)tree.size;
    v->checkpoints = (int64_t)rows->n;
    q = nps_query_begin(db, "SELECT frontier FROM audit_tree WHERE id=1");
    uint8_t packed[NPS_MERKLE_BYTES];
    size_t n = nps_merkle_pack(&tree, packed);
    bool same = !tree.size;
    if (nps_query_next(&q)) {
        nps_span kept = nps_query_get_bytes(&q, 0);
        same = kept.n == n && memcmp(kept.p, packed, n) == 0;
    }
    st = nps_query_end(&q, err);
    return st == NPS_OK && !same ? nps_fail(err, NPS_E_CORRUPT, "the tree that the store keeps is not that of its records") : st;
}

nps_status nps_audit_verify(const char *where, const char *opt_key, const char *const *file, size_t n_file, nps_audit_verified *ret_verified,
                            nps_err *err)
{
    char path[NPS_STORE_WHERE];
    nps_db *db = NULL;
    nps_note_key key;
    checkpoint_rows rows = {0};
    nps_audit_verified v = {0};
    nps_status st = nps_store_where(where, path, err);
    if (st == NPS_OK && opt_key)
        st = nps_note_key_parse(opt_key, strlen(opt_key), &key, err);
    if (st == NPS_OK)
        st = nps_db_open(path, NPS_DB_READER, &db, err);
    if (st == NPS_OK)
        st = nps_db_begin_reading(db, err);
    if (st == NPS_OK)
        st = load_checkpoints(db, &rows, opt_key ? &key : NULL, err);
    if (st == NPS_OK)
        st = load_files(file, n_file, &rows, opt_key ? &key : NULL, err);
    if (st == NPS_OK && rows.n)
        qsort(rows.item, rows.n, sizeof *rows.item, by_size);
    if (st == NPS_OK)
        st = walk(db, &rows, &v, err);
    for (size_t i = 0; i < rows.n; i++)
        free(rows.item[i].note);
    free(rows.item);
    nps_db_close(db);
    if (st == NPS_OK)
        *ret_verified = v;
    return st;
}
