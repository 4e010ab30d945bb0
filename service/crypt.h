/* Random identifiers, secrets, hashes and signatures: the service's one user of libsodium, which main() has started. */
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

/* Password hashing with Argon2id (RFC 9106; libsodium's INTERACTIVE cost: 64 MiB, about 0.1 s). False when memory is short. */
enum { NPS_PASSWORD_HASH = 128 };
bool nps_password_hash(const char *password, char ret_hash[static NPS_PASSWORD_HASH]);
bool nps_password_verify(const char *hash, const char *password);

/* BLAKE2b-256 of a secret of a known purpose, as hex: what is kept of tokens and sessions, whose secrets are random. */
void nps_secret_hash(const char *purpose, const char *secret, char ret_hex[static 65]);

typedef struct {
    const void *p;
    size_t n;
} nps_bytes;

/* SHA-256 (FIPS 180-4) of a message in pieces. */
enum { NPS_SHA256 = 32 };
void nps_sha256(const nps_bytes *piece, size_t n_piece, uint8_t ret_hash[static NPS_SHA256]);

/* Ed25519 (RFC 8032). The seed is the secret half, 32 random bytes; the same seed and message give the same signature. */
enum { NPS_SIGN_SEED = 32, NPS_SIGN_PUBLIC = 32, NPS_SIGNATURE = 64 };
void nps_sign_seed(uint8_t ret_seed[static NPS_SIGN_SEED]);
void nps_sign_public(const uint8_t seed[static NPS_SIGN_SEED], uint8_t ret_public[static NPS_SIGN_PUBLIC]);
void nps_sign(const uint8_t seed[static NPS_SIGN_SEED], nps_bytes message, uint8_t ret_signature[static NPS_SIGNATURE]);
bool nps_signature_holds(const uint8_t public_key[static NPS_SIGN_PUBLIC], nps_bytes message,
                         const uint8_t signature[static NPS_SIGNATURE]);

/* HMAC-SHA-256 (RFC 2104) of a message in pieces, as base64 (RFC 4648 with padding), appended to out. */
void nps_hmac_sha256_base64(nps_bytes key, const nps_bytes *piece, size_t n_piece, nps_buf *out);

/* Standard base64 with padding (RFC 4648, section 4), appended to out. */
void nps_base64_put(nps_bytes bytes, nps_buf *out);
/* The same back, strictly: no blanks, padding as needed, no stray bits at the end, so that each value has one text. False
 * when it is none or does not fit. */
bool nps_base64_parse(const char *text, size_t len, uint8_t *out, size_t out_size, size_t *ret_len);

/* Standard base64 (blanks around it allowed) to bytes, in a time that does not depend on them. False when it is none or does
 * not fit. */
bool nps_secret_from_base64(const char *text, size_t len, unsigned char *out, size_t out_size, size_t *ret_len);

#endif
