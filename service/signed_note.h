/* Signed notes: a text with Ed25519 signatures of named keys under it, as transparency logs and their witnesses use.
 *
 * C2SP signed-note (https://c2sp.org/signed-note). The text ends in a newline; an empty line parts it from signature lines
 * "EM DASH, space, key name, space, base64(key id || signature)"; the last empty line of the note counts. The key id is the
 * first four bytes of SHA-256(name || LF || 0x01 || public key). What is signed is the text with its final newline.
 * Verifier keys are written "name+hex key id+base64(0x01 || public key)", as by Go's golang.org/x/mod/sumdb/note.
 */
#ifndef NPS_SERVICE_SIGNED_NOTE_H
#define NPS_SERVICE_SIGNED_NOTE_H

#include "core/buf.h"
#include "core/scan.h"
#include "service/crypt.h"

enum {
    NPS_NOTE_NAME = 128,       /* longest key name with its end */
    NPS_NOTE_SIGNATURES = 32,  /* most signatures of one note; the specification asks for 16 */
    NPS_NOTE_LINE = 8192,      /* longest signature, in bytes of base64: post-quantum ones come near 5 kB */
    NPS_NOTE_MAX = 512 << 10   /* longest note */
};

/* A public key that a note may be signed with. */
typedef struct {
    char name[NPS_NOTE_NAME];
    uint8_t id[4];
    uint8_t public_key[NPS_SIGN_PUBLIC];
} nps_note_key;

/* A key name: 1 to 127 bytes of clean UTF-8 without spaces of any kind and without '+'. */
bool nps_note_name_is_valid(nps_span name);

/* @param name  valid */
void nps_note_key_make(const char *name, const uint8_t public_key[static NPS_SIGN_PUBLIC], nps_note_key *ret_key);
/* One line without its end. Errors: NPS_E_FORMAT with the byte; NPS_E_UNSUPPORTED for a key that is not Ed25519. */
NPS_MUST_CHECK nps_status nps_note_key_parse(const char *text, size_t len, nps_note_key *ret_key, nps_err *err);
void nps_note_key_put(const nps_note_key *k, nps_buf *out);

/* A note taken apart; its spans point into the caller's memory. Nothing in it can be relied on before nps_note_verify. */
typedef struct {
    nps_span text; /* with its final newline: what is signed */
    struct nps_note_signature {
        nps_span name;
        uint8_t id[4];
        uint8_t signature[NPS_SIGNATURE];
        bool sized; /* it has the size of an Ed25519 signature; otherwise it is of another kind and `signature` is empty */
    } signature[NPS_NOTE_SIGNATURES];
    size_t n_signature; /* at least 1 */
} nps_note;

/* Strict. Errors: NPS_E_FORMAT and NPS_E_LIMIT with line and byte. */
NPS_MUST_CHECK nps_status nps_note_parse(const char *p, size_t len, nps_note *ret_note, nps_err *err);

/* NPS_OK when the key has signed the text. Signatures of other keys are passed over, as witnesses add theirs.
 * Errors: NPS_E_NOT_FOUND when it has not; NPS_E_DENIED when a signature bears the key's name and id and does not hold. */
NPS_MUST_CHECK nps_status nps_note_verify(const nps_note *note, const nps_note_key *key, nps_err *err);

/* One signature line, appended to out. @param name  valid */
void nps_note_put_signature(const char *name, const uint8_t id[static 4],
                            const uint8_t signature[static NPS_SIGNATURE], nps_buf *out);

#endif
