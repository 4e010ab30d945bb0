/* Texts kept once each, by number: id 0 is "". For the builder. */
#ifndef NPS_REFERENCE_LIB_INTERN_H
#define NPS_REFERENCE_LIB_INTERN_H

#include "core/buf.h"
#include "core/err.h"

#include <stdint.h>

typedef struct {
    nps_buf heap;      /* all texts with their terminators */
    uint64_t *at;      /* [n + 1] */
    size_t n, at_cap;
    uint32_t *slot;    /* open addressing; id + 1, 0 free */
    size_t n_slot;     /* a power of two */
} nps_intern;

NPS_MUST_CHECK nps_status nps_intern_init(nps_intern *t, nps_err *err);
void nps_intern_done(nps_intern *t);
/* Id of the text, new or old. Errors: NPS_E_LIMIT, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_intern_put(nps_intern *t, const char *text, uint32_t *ret_id, nps_err *err);
static inline const char *nps_intern_text(const nps_intern *t, uint32_t id) { return t->heap.data + t->at[id]; }

/* FNV-1a, 64 bit (Fowler, Noll, Vo), finished by a multiply-shift mix. */
uint64_t nps_hash_bytes(const void *p, size_t n, uint64_t seed);

#endif
