/* The service's Ed25519 key pair, kept in one file: what signs checkpoints of the audit log and released advisories.
 *
 * The file is one line in the form of Go's golang.org/x/mod/sumdb/note, "PRIVATE+KEY+name+hex key id+base64(0x01 || seed)",
 * readable by its owner only. It is not in the database and never in a log or reply. Losing it means a new key, which
 * everybody who checks signatures must be told of; so it belongs into the backup, apart from the data.
 */
#ifndef NPS_SERVICE_SIGNING_KEY_H
#define NPS_SERVICE_SIGNING_KEY_H

#include "core/mem.h"
#include "service/signed_note.h"

typedef struct nps_signing_key nps_signing_key;

/* Reads the key; where no file is, makes one (mode 0600) with this name, whole or not at all, and never over another: of
 * two processes that begin at once one makes it and both have the same. A key that is there keeps the name in its file.
 * @param name  of a new key, as the origin of our checkpoints: "nps.example.org/audit"
 * Errors: NPS_E_RANGE for a name that is none; NPS_E_DENIED when others may read the file; NPS_E_FORMAT; NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_signing_key_open(const char *path, const char *name, nps_signing_key **ret_key, nps_err *err);

/* Wipes it from memory; NULL is fine. */
void nps_signing_key_free(nps_signing_key *k);
NPS_DEFINE_FREEP(nps_signing_key)

/* Name, id and public half, for everybody to know (nps_note_key_put writes it). Lives as long as the key. */
const nps_note_key *nps_signing_key_public(const nps_signing_key *k);

/* Signs bytes as they are: what is signed must not be confusable with a checkpoint's text, if it is none. Any thread. */
void nps_signing_key_sign(const nps_signing_key *k, nps_bytes message, uint8_t ret_signature[static NPS_SIGNATURE]);

#endif
