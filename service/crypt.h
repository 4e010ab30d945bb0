/* Random identifiers, secrets and signatures: the service's one user of libsodium, which main() has started. */
#ifndef NPS_SERVICE_CRYPT_H
#define NPS_SERVICE_CRYPT_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { NPS_UUID_TEXT = 37 };

/* 2 n lower-case hex digits and an end from the system's random source; n <= 64. */
void nps_random_hex(size_t n, char *ret_hex);
/* Version 4 UUID (RFC 9562). */
void nps_random_uuid(char ret_uuid[static NPS_UUID_TEXT]);
/* Uniform in [0, bound); bound > 0. */
uint32_t nps_random_below(uint32_t bound);

/* Whether n bytes are equal, in a time that does not depend on where they differ. */
bool nps_secret_equal(const void *a, const void *b, size_t n);
/* Overwrites a secret that is no longer needed. */
void nps_secret_wipe(void *p, size_t n);

/* HMAC-SHA-256 (RFC 2104) of a message in pieces, as base64 (RFC 4648 with padding), appended to out. */
typedef struct {
    const void *p;
    size_t n;
} nps_bytes;
void nps_hmac_sha256_base64(nps_bytes key, const nps_bytes *piece, size_t n_piece, nps_buf *out);

/* Standard base64 (blanks around it allowed) to bytes, in a time that does not depend on them. False when it is none or does
 * not fit. */
bool nps_secret_from_base64(const char *text, size_t len, unsigned char *out, size_t out_size, size_t *ret_len);

#endif
