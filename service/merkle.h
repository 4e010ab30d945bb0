/* Merkle tree of the audit log with SHA-256: hashes, growth, proofs and their checks; knows no store.
 *
 * RFC 6962 section 2.1, the same tree as RFC 9162 section 2.1. Over n leaves with k the largest power of two below n:
 *     root of none = SHA-256("")     leaf = SHA-256(0x00 || bytes)     node = SHA-256(0x01 || left || right)
 *     root of n    = node(root of the first k, root of the other n - k)
 * The two prefixes keep a node from being passed off as a leaf.
 *
 * Nothing here allocates or locks; any thread with its own objects.
 */
#ifndef NPS_SERVICE_MERKLE_H
#define NPS_SERVICE_MERKLE_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    NPS_MERKLE_HASH = 32,
    NPS_MERKLE_LEVELS = 64,
    NPS_MERKLE_BYTES = 8 + NPS_MERKLE_LEVELS * NPS_MERKLE_HASH, /* the longest packed form */
    NPS_MERKLE_PROOF = NPS_MERKLE_LEVELS + 1                    /* the longest proof, in hashes */
};

/* Hash of a leaf with these n bytes. */
void nps_merkle_leaf(const void *p, size_t n, uint8_t ret_hash[static NPS_MERKLE_HASH]);

/* --- a tree that grows ---------------------------------------------------------------------------------------------------- */

/* What is needed of a tree to add leaves and to know its root. Invariant: node[k] is the root of a full subtree of 2^k
 * leaves where bit k of size is set, and unused elsewhere; the largest subtree holds the first leaves. */
typedef struct {
    uint64_t size;
    uint8_t node[NPS_MERKLE_LEVELS][NPS_MERKLE_HASH];
} nps_merkle;

void nps_merkle_init(nps_merkle *m);
/* Adds the next leaf: two hashes on average, 64 at most. */
void nps_merkle_add(nps_merkle *m, const uint8_t leaf[static NPS_MERKLE_HASH]);
/* Root of the size leaves so far: one hash for each set bit of size but one. */
void nps_merkle_root(const nps_merkle *m, uint8_t ret_root[static NPS_MERKLE_HASH]);

/* Bytes to keep: size as 8 bytes, big-endian, then the nodes in use, largest subtree first. Returns their number. */
size_t nps_merkle_pack(const nps_merkle *m, uint8_t ret_bytes[static NPS_MERKLE_BYTES]);
/* The same back. Errors: NPS_E_CORRUPT when the number of bytes does not belong to the size. Changed hashes cannot be seen
 * here: they show as a root that no checkpoint has. */
NPS_MUST_CHECK nps_status nps_merkle_unpack(const void *p, size_t n, nps_merkle *ret_m, nps_err *err);

/* --- proofs ------------------------------------------------------------------------------------------------------------------ */

/* Where the leaf hashes come from. Each is asked for at most once and in ascending order, so that a cursor over a table
 * serves. False: it cannot be had. */
typedef struct {
    bool (*leaf)(void *arg, uint64_t i, uint8_t ret_hash[static NPS_MERKLE_HASH]);
    void *arg;
} nps_merkle_source;

typedef struct {
    size_t n;
    uint8_t hash[NPS_MERKLE_PROOF][NPS_MERKLE_HASH]; /* [n], in the order of RFC 9162 */
} nps_merkle_proof;

/* Root of the leaves from, from + 1, .., to - 1 as a tree of their own: from 0 it is the root of the tree of size `to`.
 * Cost: to - from leaves and as many hashes. Errors: NPS_E_IO names the leaf that could not be had. */
NPS_MUST_CHECK nps_status nps_merkle_range(const nps_merkle_source *s, uint64_t from, uint64_t to,
                                           uint8_t ret_root[static NPS_MERKLE_HASH], nps_err *err);

/* That leaf `index` is in the tree of the first `size` leaves (RFC 9162, 2.1.3.1): at most 64 hashes. Cost: size - 1 leaves
 * and as many hashes, no memory. Errors: NPS_E_RANGE when index >= size; NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_merkle_prove_inclusion(const nps_merkle_source *s, uint64_t index, uint64_t size,
                                                     nps_merkle_proof *ret_proof, nps_err *err);

/* That the tree of the first `size` leaves is that of the first `old_size` with more behind (RFC 9162, 2.1.4.1); empty for
 * old_size 0 and for equal sizes. Cost: at most size leaves and as many hashes, no memory. Errors: NPS_E_RANGE when
 * old_size > size; NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_merkle_prove_consistency(const nps_merkle_source *s, uint64_t old_size, uint64_t size,
                                                       nps_merkle_proof *ret_proof, nps_err *err);

/* Whether a proof holds (RFC 9162, 2.1.3.2 and 2.1.4.2). Everything may come from a stranger. A proof with a hash too few or
 * too many does not hold. Size and root belong together - in trees of like shape a proof fits several sizes with one root -
 * so take both from one signed checkpoint. From size 0 to any other is consistent when the old root is that of no leaves and the proof
 * empty. */
bool nps_merkle_inclusion_holds(const nps_merkle_proof *p, const uint8_t leaf[static NPS_MERKLE_HASH], uint64_t index,
                                uint64_t size, const uint8_t root[static NPS_MERKLE_HASH]);
bool nps_merkle_consistency_holds(const nps_merkle_proof *p, uint64_t old_size,
                                  const uint8_t old_root[static NPS_MERKLE_HASH], uint64_t size,
                                  const uint8_t root[static NPS_MERKLE_HASH]);

#endif
