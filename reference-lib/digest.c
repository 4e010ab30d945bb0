#include "reference-lib/digest.h"

#include "core/mem.h"
#include "core/parallel.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { LEAF = 1 << 20 };

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(nps_digest_state), "state fits");

static crypto_generichash_state *inside(nps_digest_state *s)
{
    return (crypto_generichash_state *)(void *)s->opaque;
}

void nps_digest_init(nps_digest_state *s)
{
    crypto_generichash_init(inside(s), NULL, 0, NPS_DIGEST_BYTES);
}

void nps_digest_add(nps_digest_state *s, const void *p, size_t n)
{
    crypto_generichash_update(inside(s), p, n);
}

void nps_digest_end(nps_digest_state *s, char ret_hex[static NPS_DIGEST_HEX])
{
    unsigned char raw[NPS_DIGEST_BYTES];
    crypto_generichash_final(inside(s), raw, sizeof raw);
    sodium_bin2hex(ret_hex, NPS_DIGEST_HEX, raw, sizeof raw);
}

typedef struct {
    const unsigned char *data;
    size_t n;
    unsigned char *digest; /* [leaves][NPS_DIGEST_BYTES] */
} leaf_job;

static void hash_leaf(void *arg, unsigned thread, size_t i)
{
    (void)thread;
    const leaf_job *j = arg;
    size_t at = i * LEAF, len = j->n - at < LEAF ? j->n - at : LEAF;
    crypto_generichash(j->digest + i * NPS_DIGEST_BYTES, NPS_DIGEST_BYTES, j->data + at, len, NULL, 0);
}

nps_status nps_digest_tree(const void *data, size_t n, unsigned threads, char ret_hex[static NPS_DIGEST_HEX],
                           nps_err *err)
{
    size_t leaves = n / LEAF + (n % LEAF != 0);
    NPS_AUTO_MEM(unsigned char *) digest = nps_array(leaves, NPS_DIGEST_BYTES);
    if (!digest)
        return nps_fail_nomem(err);
    nps_parallel(threads, leaves, hash_leaf, &(leaf_job){data, n, digest});
    nps_digest_state s;
    nps_digest_init(&s);
    nps_digest_add(&s, digest, leaves * NPS_DIGEST_BYTES);
    nps_digest_end(&s, ret_hex);
    return NPS_OK;
}

void nps_digest_spectrum(const nps_spectrum *s, char ret_hex[static NPS_DIGEST_HEX])
{
    nps_digest_state d;
    nps_digest_init(&d);
    int32_t head[2] = {(int32_t)s->technique, s->polarity};
    uint64_t n[2] = {s->peaks.n, s->trace.n};
    nps_digest_add(&d, head, sizeof head);
    nps_digest_add(&d, n, sizeof n);
    nps_digest_add(&d, &s->precursor_mz, sizeof s->precursor_mz);
    if (s->peaks.n) {
        nps_digest_add(&d, s->peaks.mz, s->peaks.n * sizeof *s->peaks.mz);
        nps_digest_add(&d, s->peaks.intensity, s->peaks.n * sizeof *s->peaks.intensity);
    }
    if (s->trace.n) {
        nps_digest_add(&d, &s->trace.x0_cm1, sizeof s->trace.x0_cm1);
        nps_digest_add(&d, &s->trace.dx_cm1, sizeof s->trace.dx_cm1);
        nps_digest_add(&d, s->trace.y, s->trace.n * sizeof *s->trace.y);
    }
    nps_digest_end(&d, ret_hex);
}
