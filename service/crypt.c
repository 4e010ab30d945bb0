#include "service/crypt.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void nps_random_hex(size_t n, char *ret_hex)
{
    unsigned char raw[64];
    NPS_ASSERT(n <= sizeof raw);
    randombytes_buf(raw, n);
    sodium_bin2hex(ret_hex, 2 * n + 1, raw, n);
    sodium_memzero(raw, sizeof raw);
}

void nps_random_uuid(char ret_uuid[static NPS_UUID_TEXT])
{
    unsigned char r[16];
    randombytes_buf(r, sizeof r);
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
    r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
    snprintf(ret_uuid, NPS_UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1],
             r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

uint32_t nps_random_below(uint32_t bound)
{
    return randombytes_uniform(bound);
}

bool nps_secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void nps_secret_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

void nps_sha256(const nps_bytes *piece, size_t n_piece, uint8_t ret_hash[static NPS_SHA256])
{
    crypto_hash_sha256_state s;
    crypto_hash_sha256_init(&s);
    for (size_t i = 0; i < n_piece; i++)
        crypto_hash_sha256_update(&s, piece[i].p, piece[i].n);
    crypto_hash_sha256_final(&s, ret_hash);
}

/* libsodium's secret key is the seed with the public key behind it; we keep the seed alone and make the rest when needed. */
static void expand(const uint8_t *seed, uint8_t *ret_public, uint8_t *ret_secret)
{
    crypto_sign_seed_keypair(ret_public, ret_secret, seed);
}

void nps_sign_seed(uint8_t ret_seed[static NPS_SIGN_SEED])
{
    randombytes_buf(ret_seed, NPS_SIGN_SEED);
}

void nps_sign_public(const uint8_t seed[static NPS_SIGN_SEED], uint8_t ret_public[static NPS_SIGN_PUBLIC])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    expand(seed, ret_public, secret);
    sodium_memzero(secret, sizeof secret);
}

void nps_sign(const uint8_t seed[static NPS_SIGN_SEED], nps_bytes message, uint8_t ret_signature[static NPS_SIGNATURE])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES], public_key[NPS_SIGN_PUBLIC];
    expand(seed, public_key, secret);
    crypto_sign_detached(ret_signature, NULL, message.p, message.n, secret);
    sodium_memzero(secret, sizeof secret);
}

bool nps_signature_holds(const uint8_t public_key[static NPS_SIGN_PUBLIC], nps_bytes message,
                         const uint8_t signature[static NPS_SIGNATURE])
{
    return crypto_sign_verify_detached(signature, message.p, message.n, public_key) == 0;
}

bool nps_password_hash(const char *password, char ret_hash[static NPS_PASSWORD_HASH])
{
    _Static_assert(NPS_PASSWORD_HASH >= crypto_pwhash_STRBYTES, "a hash has its place");
    return crypto_pwhash_str(ret_hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

bool nps_password_verify(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

void nps_secret_hash(const char *purpose, const char *secret, char ret_hex[static 65])
{
    crypto_generichash_state s;
    unsigned char out[32];
    crypto_generichash_init(&s, NULL, 0, sizeof out);
    crypto_generichash_update(&s, (const unsigned char *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&s, (const unsigned char *)secret, strlen(secret));
    crypto_generichash_final(&s, out, sizeof out);
    sodium_memzero(&s, sizeof s);
    sodium_bin2hex(ret_hex, 65, out, sizeof out);
}

void nps_hmac_sha256_base64(nps_bytes key, const nps_bytes *piece, size_t n_piece, nps_buf *out)
{
    crypto_auth_hmacsha256_state s;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&s, key.p, key.n);
    for (size_t i = 0; i < n_piece; i++)
        crypto_auth_hmacsha256_update(&s, piece[i].p, piece[i].n);
    crypto_auth_hmacsha256_final(&s, mac);
    sodium_memzero(&s, sizeof s);
    nps_base64_put((nps_bytes){mac, sizeof mac}, out);
}

void nps_base64_put(nps_bytes bytes, nps_buf *out)
{
    /* A multiple of three, so that only the last piece is padded. */
    enum { PIECE = 96 };
    char text[sodium_base64_ENCODED_LEN(PIECE, sodium_base64_VARIANT_ORIGINAL)];
    for (size_t at = 0; at < bytes.n; at += PIECE) {
        size_t n = bytes.n - at < PIECE ? bytes.n - at : PIECE;
        nps_buf_puts(out, sodium_bin2base64(text, sizeof text, (const unsigned char *)bytes.p + at, n,
                                            sodium_base64_VARIANT_ORIGINAL));
    }
}

/* libsodium 1.0.18 takes some bytes above 127 for digits: its comparisons are made for characters that are not negative.
 * Looks at every byte, so that the time tells nothing of a secret. */
static bool is_ascii(const char *text, size_t len)
{
    unsigned char any = 0;
    for (size_t i = 0; i < len; i++)
        any |= (unsigned char)text[i];
    return any < 0x80;
}

bool nps_base64_parse(const char *text, size_t len, uint8_t *out, size_t out_size, size_t *ret_len)
{
    const char *end;
    size_t n;
    if (!is_ascii(text, len) || sodium_base642bin(out, out_size, text, len, NULL, &n, &end, sodium_base64_VARIANT_ORIGINAL) != 0 || end != text + len)
        return false;
    *ret_len = n;
    return true;
}

bool nps_secret_from_base64(const char *text, size_t len, unsigned char *out, size_t out_size, size_t *ret_len)
{
    const char *end;
    size_t n;
    if (!is_ascii(text, len) || sodium_base642bin(out, out_size, text, len, " \t\r\n", &n, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + len)
        return false;
    *ret_len = n;
    return true;
}
