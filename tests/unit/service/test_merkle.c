#include "tests/support/nps_test.h"

#include "core/mem.h"
#include "service/crypt.h"
#include "service/merkle.h"

#include <sodium.h>

enum { MOST = 300, HASH = NPS_MERKLE_HASH };

static uint8_t leaves[MOST][HASH];
static uint64_t asked_last;
static size_t n_asked;

/* Counts, and refuses to go back: the promise of nps_merkle_source. */
static bool give(void *arg, uint64_t i, uint8_t ret_hash[static HASH])
{
    (void)arg;
    assert_true(i < MOST && (!n_asked || i > asked_last));
    asked_last = i;
    n_asked++;
    memcpy(ret_hash, leaves[i], HASH);
    return true;
}

static const nps_merkle_source all = {give, NULL};

static bool give_but_7(void *arg, uint64_t i, uint8_t ret_hash[static HASH])
{
    (void)arg;
    memcpy(ret_hash, leaves[i], HASH);
    return i != 7;
}

static void make_leaves(uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < MOST; i++) {
        uint64_t r = nps_test_random(&state);
        nps_merkle_leaf(&r, sizeof r, leaves[i]);
    }
}

static const char *hex(const uint8_t *h, char out[static 65])
{
    return sodium_bin2hex(out, 65, h, HASH);
}

/* Straight from the definition, recursive and without any reuse. */
static void plain_root(size_t from, size_t n, uint8_t *ret)
{
    uint8_t both[1 + 2 * HASH] = {1};
    size_t k = 1;
    if (n <= 1) {
        if (n)
            memcpy(ret, leaves[from], HASH);
        else
            crypto_hash_sha256(ret, NULL, 0);
        return;
    }
    while (2 * k < n)
        k *= 2;
    plain_root(from, k, both + 1);
    plain_root(from + k, n - k, both + 1 + HASH);
    crypto_hash_sha256(ret, both, sizeof both);
}

static nps_merkle_proof inclusion(uint64_t index, uint64_t size)
{
    nps_merkle_proof p;
    nps_err err = {0};
    n_asked = 0;
    assert_ok(nps_merkle_prove_inclusion(&all, index, size, &p, &err), &err);
    assert_int_equal(n_asked, size - 1);
    return p;
}

static nps_merkle_proof consistency(uint64_t old_size, uint64_t size)
{
    nps_merkle_proof p;
    nps_err err = {0};
    n_asked = 0;
    assert_ok(nps_merkle_prove_consistency(&all, old_size, size, &p, &err), &err);
    assert_true(n_asked <= size);
    return p;
}

/* --- the vectors of Certificate Transparency ---------------------------------------------------------------------------------- */
/* Leaves, roots and paths of the log server of the project that wrote RFC 6962, since then in every implementation of it. */

static const char *const ct_entry[] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                       "606162636465666768696a6b6c6d6e6f"};
static const char *const ct_root[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void make_ct_leaves(void)
{
    for (size_t i = 0; i < 8; i++) {
        unsigned char raw[16];
        size_t n;
        assert_int_equal(sodium_hex2bin(raw, sizeof raw, ct_entry[i], strlen(ct_entry[i]), NULL, &n, NULL), 0);
        nps_merkle_leaf(raw, n, leaves[i]);
    }
}

static void the_roots_are_the_published_ones(void **state)
{
    (void)state;
    char text[65];
    uint8_t root[HASH];
    nps_merkle m;
    nps_merkle_init(&m);
    make_ct_leaves();
    for (size_t n = 0; n <= 8; n++) {
        nps_merkle_root(&m, root);
        assert_string_equal(hex(root, text), ct_root[n]);
        if (n < 8)
            nps_merkle_add(&m, leaves[n]);
    }
}

static void the_proofs_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        bool consistency;
        uint64_t a, size; /* leaf or old size */
        size_t n;
        const char *hash[4];
    } cases[] = {
        {false, 0, 1, 0, {NULL}},
        {false, 0, 8, 3, {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {false, 5, 8, 3, {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {false, 2, 3, 1, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
        {false, 1, 5, 3, {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
        {true, 1, 1, 0, {NULL}},
        {true, 1, 8, 3, {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                         "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                         "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {true, 6, 8, 3, {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                         "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {true, 2, 5, 2, {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                         "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    };
    make_ct_leaves();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nps_merkle_proof p = cases[i].consistency ? consistency(cases[i].a, cases[i].size)
                                                  : inclusion(cases[i].a, cases[i].size);
        assert_int_equal(p.n, cases[i].n);
        for (size_t k = 0; k < p.n; k++) {
            char text[65];
            assert_string_equal(hex(p.hash[k], text), cases[i].hash[k]);
        }
    }
}

/* --- laws ------------------------------------------------------------------------------------------------------------------------ */

static uint8_t root_of[MOST + 1][HASH]; /* by size, the plain way */

static void make_tree(uint64_t seed)
{
    make_leaves(seed);
    for (size_t n = 0; n <= MOST; n++)
        plain_root(0, n, root_of[n]);
}

static void a_growing_tree_has_the_root_of_the_plain_one_and_survives_packing(void **state)
{
    (void)state;
    nps_merkle m, back;
    nps_merkle_init(&m);
    make_tree(nps_test_seed());
    for (size_t n = 0; n <= MOST; n++) {
        uint8_t root[HASH], bytes[NPS_MERKLE_BYTES];
        nps_err err = {0};
        nps_merkle_root(&m, root);
        assert_memory_equal(root, root_of[n], HASH);
        size_t len = nps_merkle_pack(&m, bytes);
        assert_int_equal(len, 8 + HASH * (size_t)__builtin_popcountll(n));
        assert_ok(nps_merkle_unpack(bytes, len, &back, &err), &err);
        nps_merkle_root(&back, root);
        assert_memory_equal(root, root_of[n], HASH);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(nps_merkle_unpack(bytes, cut, &m, NULL), NPS_E_CORRUPT);
        m = back;
        if (n < MOST)
            nps_merkle_add(&m, leaves[n]);
    }
}

static void a_range_has_the_root_of_a_tree_of_its_own(void **state)
{
    (void)state;
    make_leaves(nps_test_seed() + 1);
    for (size_t from = 0; from < 40; from++)
        for (size_t to = from; to < MOST; to += 7) {
            uint8_t want[HASH], got[HASH];
            n_asked = 0;
            assert_ok(nps_merkle_range(&all, from, to, got, NULL), NULL);
            assert_int_equal(n_asked, to - from);
            plain_root(from, to - from, want);
            assert_memory_equal(got, want, HASH);
        }
}

static void every_leaf_is_proved_in_every_tree(void **state)
{
    (void)state;
    make_tree(nps_test_seed() + 2);
    for (uint64_t size = 1; size <= MOST; size += size < 48 ? 1 : 42)
        for (uint64_t i = 0; i < size; i++) {
            nps_merkle_proof p = inclusion(i, size);
            assert_true(nps_merkle_inclusion_holds(&p, leaves[i], i, size, root_of[size]));
            /* Another place in the same tree, and other trees with their own roots. */
            for (uint64_t j = 0; j < size; j++)
                assert_true(j == i || !nps_merkle_inclusion_holds(&p, leaves[i], j, size, root_of[size]));
            for (uint64_t n = 0; n <= 48; n++)
                assert_true(n == size || !nps_merkle_inclusion_holds(&p, leaves[i], i, n, root_of[n]));
        }
}

static void every_tree_is_proved_to_hold_every_older_one(void **state)
{
    (void)state;
    make_tree(nps_test_seed() + 3);
    for (uint64_t size = 0; size <= MOST; size += size < 48 ? 1 : 42)
        for (uint64_t old = 0; old <= size; old++) {
            nps_merkle_proof p = consistency(old, size);
            assert_true(nps_merkle_consistency_holds(&p, old, root_of[old], size, root_of[size]));
            for (uint64_t other = 1; other <= size && old; other++)
                assert_true(other == old || !nps_merkle_consistency_holds(&p, other, root_of[other], size, root_of[size]));
            for (uint64_t n = old; n <= 48 && old; n++)
                assert_true(n == size || !nps_merkle_consistency_holds(&p, old, root_of[old], n, root_of[n]));
        }
}

static void every_changed_byte_is_found(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 5, 8, 13, 64, 100, 255, 300};
    uint64_t random = nps_test_seed() + 4;
    size_t n_change = 0;
    make_tree(nps_test_seed() + 5);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int round = 0; round < 6; round++) {
            uint64_t size = sizes[k], i = nps_test_random(&random) % size, old = 1 + nps_test_random(&random) % size;
            nps_merkle_proof in = inclusion(i, size), con = consistency(old, size);
            uint8_t leaf[HASH], a[HASH], b[HASH];
            memcpy(leaf, leaves[i], HASH);
            memcpy(a, root_of[old], HASH);
            memcpy(b, root_of[size], HASH);
            uint8_t *const piece[] = {in.hash[0], con.hash[0], leaf, a, b};
            const size_t len[] = {in.n * HASH, con.n * HASH, HASH, HASH, HASH};
            for (size_t what = 0; what < 5; what++)
                for (size_t at = 0; at < len[what]; at++) {
                    uint8_t bit = (uint8_t)(1 << nps_test_random(&random) % 8);
                    piece[what][at] ^= bit;
                    bool in_holds = nps_merkle_inclusion_holds(&in, leaf, i, size, b);
                    bool con_holds = nps_merkle_consistency_holds(&con, old, a, size, b);
                    piece[what][at] ^= bit;
                    assert_int_equal(in_holds, what == 1 || what == 3);
                    assert_int_equal(con_holds, what == 0 || what == 2);
                    n_change++;
                }
            /* A hash too few, a hash too many. */
            for (int more = -1; more <= 1; more += 2) {
                nps_merkle_proof p = in, q = con;
                p.n = p.n || more > 0 ? p.n + (size_t)more : SIZE_MAX;
                q.n = q.n || more > 0 ? q.n + (size_t)more : SIZE_MAX;
                assert_false(nps_merkle_inclusion_holds(&p, leaf, i, size, b));
                assert_false(nps_merkle_consistency_holds(&q, old, a, size, b));
            }
        }
    print_message("%zu changed bytes found\n", n_change);
}

/* What an auditor holds is an old checkpoint: size and root. */
static void a_cut_tail_a_dropped_and_a_changed_record_are_found(void **state)
{
    (void)state;
    uint64_t seed = nps_test_seed() + 6;
    make_tree(seed);
    static uint8_t kept[MOST + 1][HASH];
    memcpy(kept, root_of, sizeof kept);
    /* The log is shorter than the checkpoint. */
    nps_merkle_proof p;
    assert_int_equal(nps_merkle_prove_consistency(&all, 200, 150, &p, NULL), NPS_E_RANGE);
    for (uint64_t victim = 0; victim < 200; victim += 13) {
        for (int drop = 0; drop < 2; drop++) {
            make_leaves(seed);
            if (drop)
                memmove(leaves[victim], leaves[victim + 1], (MOST - 1 - victim) * HASH);
            else
                leaves[victim][31] ^= 1;
            uint8_t now[HASH];
            n_asked = 0;
            assert_ok(nps_merkle_range(&all, 0, 200, now, NULL), NULL);
            assert_memory_not_equal(now, kept[200], HASH);
            n_asked = 0;
            assert_ok(nps_merkle_range(&all, 0, MOST - 1, now, NULL), NULL);
            p = consistency(200, MOST - 1);
            assert_false(nps_merkle_consistency_holds(&p, 200, kept[200], MOST - 1, now));
        }
    }
}

static void bad_questions_and_missing_leaves_are_named(void **state)
{
    (void)state;
    nps_err err = {0};
    nps_merkle_proof p = {.n = 99};
    uint8_t root[HASH];
    const nps_merkle_source hole = {give_but_7, NULL};
    make_leaves(1);
    assert_int_equal(nps_merkle_prove_inclusion(&all, 8, 8, &p, &err), NPS_E_RANGE);
    assert_string_equal(err.msg, "leaf 8 is not in a tree of 8");
    assert_int_equal(nps_merkle_prove_consistency(&all, 9, 8, &p, &err), NPS_E_RANGE);
    assert_string_equal(err.msg, "a tree of 8 does not hold one of 9");
    assert_int_equal(nps_merkle_prove_inclusion(&hole, 3, 20, &p, &err), NPS_E_IO);
    assert_string_equal(err.msg, "leaf 7 of the tree cannot be read");
    assert_int_equal(nps_merkle_prove_consistency(&hole, 3, 20, &p, &err), NPS_E_IO);
    assert_int_equal(nps_merkle_range(&hole, 0, 20, root, &err), NPS_E_IO);
    assert_int_equal(p.n, 99);
    assert_false(nps_merkle_inclusion_holds(&p, leaves[0], 0, 0, root));
    assert_int_equal(nps_merkle_unpack("\0\0\0\0\0\0\0\1", 8, &(nps_merkle){0}, &err), NPS_E_CORRUPT);
    assert_string_equal(err.msg, "tree of 1 leaves takes 40 bytes, not 8");
    assert_int_equal(nps_merkle_unpack("\0", 1, &(nps_merkle){0}, &err), NPS_E_CORRUPT);
    assert_string_equal(err.msg, "tree of 1 bytes has no size");
}

static void proofs_of_the_largest_sizes_have_room(void **state)
{
    (void)state;
    /* Nobody can make one, but a stranger can claim one. */
    nps_merkle_proof p = {.n = NPS_MERKLE_PROOF};
    uint8_t h[HASH] = {0};
    assert_false(nps_merkle_inclusion_holds(&p, h, UINT64_MAX - 1, UINT64_MAX, h));
    assert_false(nps_merkle_consistency_holds(&p, UINT64_MAX - 1, h, UINT64_MAX, h));
    assert_false(nps_merkle_consistency_holds(&p, (uint64_t)1 << 63, h, UINT64_MAX, h));
    p.n++;
    assert_false(nps_merkle_inclusion_holds(&p, h, 0, UINT64_MAX, h));
    assert_false(nps_merkle_consistency_holds(&p, 1, h, UINT64_MAX, h));
}

int main(void)
{
    nps_core_init();
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roots_are_the_published_ones),
        cmocka_unit_test(the_proofs_are_the_published_ones),
        cmocka_unit_test(a_growing_tree_has_the_root_of_the_plain_one_and_survives_packing),
        cmocka_unit_test(a_range_has_the_root_of_a_tree_of_its_own),
        cmocka_unit_test(every_leaf_is_proved_in_every_tree),
        cmocka_unit_test(every_tree_is_proved_to_hold_every_older_one),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(a_cut_tail_a_dropped_and_a_changed_record_are_found),
        cmocka_unit_test(bad_questions_and_missing_leaves_are_named),
        cmocka_unit_test(proofs_of_the_largest_sizes_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
