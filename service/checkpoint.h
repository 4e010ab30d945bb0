/* Checkpoints: the size and root of the audit log at one moment, signed, so that whoever keeps one can prove later that
 * nothing before it was changed or cut off.
 *
 * C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint), the text of a signed note: origin, size in decimal, root in base64,
 * each on its line, then optional extension lines. We write none of these and read what others write.
 */
#ifndef NPS_SERVICE_CHECKPOINT_H
#define NPS_SERVICE_CHECKPOINT_H

#include "service/merkle.h"
#include "service/signed_note.h"
#include "service/signing_key.h"

typedef struct {
    nps_span origin;    /* not empty; what identifies the log: our key's name */
    uint64_t size;
    uint8_t root[NPS_MERKLE_HASH];
    nps_span extension; /* whole lines with their ends, none empty; usually none at all */
} nps_checkpoint;

/* The text to be signed, appended to out. Errors: NPS_E_RANGE for an origin or extension that would read back as something
 * else. */
NPS_MUST_CHECK nps_status nps_checkpoint_put(const nps_checkpoint *c, nps_buf *out, nps_err *err);

/* The whole note with the key's signature, appended to out; its origin is the key's name. */
NPS_MUST_CHECK nps_status nps_checkpoint_sign(uint64_t size, const uint8_t root[static NPS_MERKLE_HASH],
                                              const nps_signing_key *key, nps_buf *out, nps_err *err);

/* Takes a note apart, strictly; the spans point into p. Nothing is verified yet.
 * Errors: NPS_E_FORMAT and NPS_E_LIMIT with line and byte. */
NPS_MUST_CHECK nps_status nps_checkpoint_parse(const char *p, size_t len, nps_note *ret_note,
                                               nps_checkpoint *ret_checkpoint, nps_err *err);

/* What a reader of a note calls that has come back to us or from elsewhere: parses it, checks the key's signature and that
 * it is of the log meant. @param origin  of that log; NULL: the key's name, as in ours
 * Errors: those of nps_checkpoint_parse and nps_note_verify; NPS_E_DENIED for a checkpoint of another log. */
NPS_MUST_CHECK nps_status nps_checkpoint_verify(const char *p, size_t len, const nps_note_key *key, const char *origin,
                                                nps_checkpoint *ret_checkpoint, nps_err *err);

#endif
