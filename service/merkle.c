#include "service/merkle.h"

#include "service/crypt.h"

#include <string.h>

_Static_assert((int)NPS_MERKLE_HASH == (int)NPS_SHA256, "the tree is made of SHA-256 hashes");

void nps_merkle_leaf(const void *p, size_t n, uint8_t ret_hash[static NPS_MERKLE_HASH])
{
    static const uint8_t prefix = 0;
    const nps_bytes piece[] = {{&prefix, 1}, {n ? p : &prefix, n}};
    nps_sha256(piece, 2, ret_hash);
}

/* ret_hash may be left or right. */
static void join(const uint8_t *left, const uint8_t *right, uint8_t *ret_hash)
{
    static const uint8_t prefix = 1;
    const nps_bytes piece[] = {{&prefix, 1}, {left, NPS_MERKLE_HASH}, {right, NPS_MERKLE_HASH}};
    nps_sha256(piece, 3, ret_hash);
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, NPS_MERKLE_HASH) == 0;
}

/* --- a tree that grows ---------------------------------------------------------------------------------------------------- */

void nps_merkle_init(nps_merkle *m)
{
    *m = (nps_merkle){0};
}

void nps_merkle_add(nps_merkle *m, const uint8_t leaf[static NPS_MERKLE_HASH])
{
    NPS_ASSERT(m->size < UINT64_MAX);
    uint8_t h[NPS_MERKLE_HASH];
    unsigned level = 0;
    memcpy(h, leaf, sizeof h);
    /* As a carry runs through the bits of size: two full subtrees of a level make one of the next. */
    for (; m->size >> level & 1; level++)
        join(m->node[level], h, h);
    memcpy(m->node[level], h, sizeof h);
    m->size++;
}

void nps_merkle_root(const nps_merkle *m, uint8_t ret_root[static NPS_MERKLE_HASH])
{
    if (!m->size) {
        nps_sha256(NULL, 0, ret_root);
        return;
    }
    uint8_t h[NPS_MERKLE_HASH];
    bool begun = false;
    for (unsigned level = 0; level < NPS_MERKLE_LEVELS; level++) {
        if (!(m->size >> level & 1))
            continue;
        if (begun)
            join(m->node[level], h, h);
        else
            memcpy(h, m->node[level], sizeof h);
        begun = true;
    }
    memcpy(ret_root, h, sizeof h);
}

size_t nps_merkle_pack(const nps_merkle *m, uint8_t ret_bytes[static NPS_MERKLE_BYTES])
{
    size_t n = 0;
    for (; n < 8; n++)
        ret_bytes[n] = (uint8_t)(m->size >> (56 - 8 * n));
    for (unsigned level = NPS_MERKLE_LEVELS; level-- > 0;)
        if (m->size >> level & 1) {
            memcpy(ret_bytes + n, m->node[level], NPS_MERKLE_HASH);
            n += NPS_MERKLE_HASH;
        }
    return n;
}

nps_status nps_merkle_unpack(const void *p, size_t n, nps_merkle *ret_m, nps_err *err)
{
    const uint8_t *at = p;
    nps_merkle m = {0};
    if (n < 8)
        return nps_fail(err, NPS_E_CORRUPT, "tree of %zu bytes has no size", n);
    for (size_t i = 0; i < 8; i++)
        m.size = m.size << 8 | *at++;
    size_t want = 8 + (size_t)__builtin_popcountll(m.size) * NPS_MERKLE_HASH;
    if (n != want)
        return nps_fail(err, NPS_E_CORRUPT, "tree of %llu leaves takes %zu bytes, not %zu", (unsigned long long)m.size, want,
                        n);
    for (unsigned level = NPS_MERKLE_LEVELS; level-- > 0;)
        if (m.size >> level & 1) {
            memcpy(m.node[level], at, NPS_MERKLE_HASH);
            at += NPS_MERKLE_HASH;
        }
    *ret_m = m;
    return NPS_OK;
}

/* --- proofs ------------------------------------------------------------------------------------------------------------------ */

nps_status nps_merkle_range(const nps_merkle_source *s, uint64_t from, uint64_t to,
                            uint8_t ret_root[static NPS_MERKLE_HASH], nps_err *err)
{
    nps_merkle m;
    uint8_t leaf[NPS_MERKLE_HASH];
    nps_merkle_init(&m);
    for (uint64_t i = from; i < to; i++) {
        if (!s->leaf(s->arg, i, leaf))
            return nps_fail(err, NPS_E_IO, "leaf %llu of the tree cannot be read", (unsigned long long)i);
        nps_merkle_add(&m, leaf);
    }
    nps_merkle_root(&m, ret_root);
    return NPS_OK;
}

/* The largest power of two below n; n >= 2. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

static void put(nps_merkle_proof *p, const uint8_t *hash)
{
    NPS_ASSERT(p->n < NPS_MERKLE_PROOF);
    memcpy(p->hash[p->n++], hash, NPS_MERKLE_HASH);
}

/* PATH of RFC 9162 over the n leaves from `from`. The left part is read before the right one, whichever is gone into, so
 * that leaves are asked for in order; the recursion is as deep as the tree, 64 at most. */
static nps_status path(const nps_merkle_source *s, uint64_t index, uint64_t from, uint64_t n, nps_merkle_proof *p,
                       nps_err *err)
{
    uint8_t other[NPS_MERKLE_HASH];
    if (n == 1)
        return NPS_OK;
    uint64_t k = split(n);
    bool left = index < k;
    nps_status st = left ? path(s, index, from, k, p, err) : nps_merkle_range(s, from, from + k, other, err);
    if (st == NPS_OK)
        st = left ? nps_merkle_range(s, from + k, from + n, other, err) : path(s, index - k, from + k, n - k, p, err);
    if (st == NPS_OK)
        put(p, other);
    return st;
}

nps_status nps_merkle_prove_inclusion(const nps_merkle_source *s, uint64_t index, uint64_t size,
                                      nps_merkle_proof *ret_proof, nps_err *err)
{
    nps_merkle_proof p = {0};
    if (index >= size)
        return nps_fail(err, NPS_E_RANGE, "leaf %llu is not in a tree of %llu", (unsigned long long)index,
                        (unsigned long long)size);
    nps_status st = path(s, index, 0, size, &p, err);
    if (st == NPS_OK)
        *ret_proof = p;
    return st;
}

/* SUBPROOF of RFC 9162 over the n leaves from `from`, of which m are old; `whole` where these are the old tree itself,
 * whose root the checker has. */
static nps_status subproof(const nps_merkle_source *s, uint64_t m, uint64_t from, uint64_t n, bool whole,
                           nps_merkle_proof *p, nps_err *err)
{
    uint8_t other[NPS_MERKLE_HASH];
    nps_status st = NPS_OK;
    if (m == n && whole)
        return NPS_OK;
    if (m == n) {
        st = nps_merkle_range(s, from, from + n, other, err);
    } else {
        uint64_t k = split(n);
        bool left = m <= k;
        st = left ? subproof(s, m, from, k, whole, p, err) : nps_merkle_range(s, from, from + k, other, err);
        if (st == NPS_OK)
            st = left ? nps_merkle_range(s, from + k, from + n, other, err)
                      : subproof(s, m - k, from + k, n - k, false, p, err);
    }
    if (st == NPS_OK)
        put(p, other);
    return st;
}

nps_status nps_merkle_prove_consistency(const nps_merkle_source *s, uint64_t old_size, uint64_t size,
                                        nps_merkle_proof *ret_proof, nps_err *err)
{
    nps_merkle_proof p = {0};
    if (old_size > size)
        return nps_fail(err, NPS_E_RANGE, "a tree of %llu does not hold one of %llu", (unsigned long long)size,
                        (unsigned long long)old_size);
    nps_status st = old_size ? subproof(s, old_size, 0, size, true, &p, err) : NPS_OK;
    if (st == NPS_OK)
        *ret_proof = p;
    return st;
}

/* --- checks ------------------------------------------------------------------------------------------------------------------ */
/* fn and sn are the RFC's: the place of the node in hand within its level, and that of the level's last node. */

/* Skips the levels on which the node in hand is the last one and has no sibling. */
static void climb(uint64_t *fn, uint64_t *sn)
{
    while (!(*fn & 1) && *fn) {
        *fn >>= 1;
        *sn >>= 1;
    }
}

bool nps_merkle_inclusion_holds(const nps_merkle_proof *p, const uint8_t leaf[static NPS_MERKLE_HASH], uint64_t index,
                                uint64_t size, const uint8_t root[static NPS_MERKLE_HASH])
{
    if (index >= size || p->n > NPS_MERKLE_PROOF)
        return false;
    uint64_t fn = index, sn = size - 1;
    uint8_t r[NPS_MERKLE_HASH];
    memcpy(r, leaf, sizeof r);
    for (size_t i = 0; i < p->n; i++) {
        if (!sn)
            return false;
        if (fn & 1 || fn == sn) {
            join(p->hash[i], r, r);
            climb(&fn, &sn);
        } else {
            join(r, p->hash[i], r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return !sn && same(r, root);
}

bool nps_merkle_consistency_holds(const nps_merkle_proof *p, uint64_t old_size,
                                  const uint8_t old_root[static NPS_MERKLE_HASH], uint64_t size,
                                  const uint8_t root[static NPS_MERKLE_HASH])
{
    uint8_t fr[NPS_MERKLE_HASH], sr[NPS_MERKLE_HASH];
    if (old_size > size || p->n > NPS_MERKLE_PROOF)
        return false;
    if (old_size == size)
        return !p->n && same(old_root, root);
    if (!old_size) {
        nps_sha256(NULL, 0, fr);
        return !p->n && same(old_root, fr);
    }
    /* A full old tree is a node of the new one: its root is where the proof begins, and is not repeated in it. */
    bool full = !(old_size & (old_size - 1));
    if (!full && !p->n)
        return false;
    uint64_t fn = old_size - 1, sn = size - 1;
    for (; fn & 1; fn >>= 1)
        sn >>= 1;
    memcpy(fr, full ? old_root : p->hash[0], sizeof fr);
    memcpy(sr, fr, sizeof sr);
    for (size_t i = full ? 0 : 1; i < p->n; i++) {
        if (!sn)
            return false;
        if (fn & 1 || fn == sn) {
            join(p->hash[i], fr, fr);
            join(p->hash[i], sr, sr);
            climb(&fn, &sn);
        } else {
            join(sr, p->hash[i], sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return !sn && same(fr, old_root) && same(sr, root);
}
