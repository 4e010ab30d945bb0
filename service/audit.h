/* The audit log: what was done, by whom, in the order in which it was committed. Append-only; each record is a leaf of a
 * Merkle tree (service/merkle.h), whose signed checkpoints show that nothing was changed or cut since.
 *
 * A record is one JSON object: "seq", "at", "member", "organisation", "action", "subject", "detail". It holds ids and words of
 * ours, never names of people, free text of users or measurements. */
#ifndef NPS_SERVICE_AUDIT_H
#define NPS_SERVICE_AUDIT_H

#include "service/db.h"
#include "service/merkle.h"
#include "service/signing_key.h"
#include "service/store_accounts.h"

/* Adds a record in the transaction of what it tells. For jobs of the writer only. */
NPS_MUST_CHECK nps_status nps_audit_add(nps_db *db, const nps_actor *by, const char *action, const char *subject,
                                        const char *detail, nps_err *err);

/* --- reading and proving --------------------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t seq;
    char *record; /* owned */
    char hash[65];
} nps_audit_record;
typedef struct {
    nps_audit_record *item;
    size_t n;
    bool more;
} nps_audit_records;
void nps_audit_records_done(nps_audit_records *r);

/* In their order, from `from` on. @param limit  1 .. NPS_MAX_PAGE */
NPS_MUST_CHECK nps_status nps_audit_list(nps_store *s, int64_t from, size_t limit, nps_audit_records *ret_records, nps_err *err);

/* Signs size and root of the log as they are and keeps the note, when the log has grown since the last one. */
NPS_MUST_CHECK nps_status nps_audit_checkpoint(nps_store *s, const nps_signing_key *key, int64_t now_ms, nps_err *err);
/* The last one, appended to out. Errors: NPS_E_NOT_FOUND before the first. */
NPS_MUST_CHECK nps_status nps_audit_last_checkpoint(nps_store *s, nps_buf *out, nps_err *err);

/* That record `index` is in the tree of `size` records, and that the tree of old_size is its beginning: proofs of RFC 9162, for who
 * keeps checkpoints. Errors: NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_audit_inclusion(nps_store *s, uint64_t index, uint64_t size, nps_merkle_proof *ret_proof, nps_err *err);
NPS_MUST_CHECK nps_status nps_audit_consistency(nps_store *s, uint64_t old_size, uint64_t size, nps_merkle_proof *ret_proof, nps_err *err);

typedef struct {
    int64_t records, checkpoints;
    char root[65];
} nps_audit_verified;

/* Recomputes everything from the records: each hash, the tree, every checkpoint in the store and in the files. Reads only, also
 * while a service runs.
 * @param where  as nps_store_open; @param opt_key  public key (signed_note.h) that must have signed every checkpoint
 * @param file   [n_file] paths of checkpoints that were kept elsewhere: what shows that the end was cut off
 * Errors: NPS_E_CORRUPT naming the first record or checkpoint that does not hold; NPS_E_DENIED for a signature; NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_audit_verify(const char *where, const char *opt_key, const char *const *file, size_t n_file,
                                           nps_audit_verified *ret_verified, nps_err *err);

#endif
