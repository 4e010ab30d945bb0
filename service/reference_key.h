/* What an answer rested on, by a name that outlives library generations: a reference spectrum's key. */
#ifndef NPS_SERVICE_REFERENCE_KEY_H
#define NPS_SERVICE_REFERENCE_KEY_H

#include "service/shelf.h"

enum { NPS_REFERENCE_KEY = 33 };

/* Of an entry of a contribution, the contribution's id; of the operator's library "x" and 31 hex digits made of its structure key (its
 * name where it has none), technique, precursor, and peaks or trace: a spectrum that is corrected, or put under another structure, has
 * another key. */
void nps_reference_key(const nps_library *lib, uint32_t entry, char ret_key[static NPS_REFERENCE_KEY]);

/* Whether a key is of the operator's library. */
static inline bool nps_reference_is_base(const char *key) { return *key == 'x'; }

/* All keys of the operator's library in a generation. */
typedef struct {
    char (*key)[NPS_REFERENCE_KEY]; /* [n] ascending */
    size_t n;
} nps_reference_keys;
NPS_MUST_CHECK nps_status nps_reference_keys_make(const nps_holding *h, nps_reference_keys *ret_keys, nps_err *err);
void nps_reference_keys_done(nps_reference_keys *k);
bool nps_reference_keys_hold(const nps_reference_keys *k, const char *key);

#endif
