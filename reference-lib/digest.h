/* Digests: BLAKE2b-256 (libsodium), plain and as a tree over 1 MiB leaves so that two cores can share a file. */
#ifndef NPS_REFERENCE_LIB_DIGEST_H
#define NPS_REFERENCE_LIB_DIGEST_H

#include "core/err.h"
#include "spectra/spectrum.h"

#include <stdint.h>

enum { NPS_DIGEST_BYTES = 32, NPS_DIGEST_HEX = 65 };

typedef struct nps_digest_state {
    _Alignas(64) unsigned char opaque[384];
} nps_digest_state;

void nps_digest_init(nps_digest_state *s);
void nps_digest_add(nps_digest_state *s, const void *p, size_t n);
void nps_digest_end(nps_digest_state *s, char ret_hex[static NPS_DIGEST_HEX]);

/* BLAKE2b-256 over the concatenated BLAKE2b-256 digests of consecutive 1 MiB leaves, by up to `threads` threads.
 * Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_digest_tree(const void *data, size_t n, unsigned threads,
                                          char ret_hex[static NPS_DIGEST_HEX], nps_err *err);

/* What identifies the spectrum as measured: technique, precursor, polarity and every peak or point; no metadata. */
void nps_digest_spectrum(const nps_spectrum *s, char ret_hex[static NPS_DIGEST_HEX]);

#endif
