/* The audit log in the store: its records, the tree over them, its checkpoints. */
#include "service/audit.h"

#include "service/clock.h"
#include "service/json.h"
#include "service/merkle.h"
#include "service/store_impl.h"
#include "service/store_sql.h"

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
