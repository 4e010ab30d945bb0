/* The library generation in use. A request acquires it once and keeps that one for its life; a swap leaves running
 * requests alone. Any thread. */
#ifndef NPS_SERVICE_SLOT_H
#define NPS_SERVICE_SLOT_H

#include "reference-lib/library.h"

typedef struct nps_slot nps_slot;

/* Opens the library file. Errors: those of nps_library_open. */
NPS_MUST_CHECK nps_status nps_slot_open(const char *path, nps_slot **ret_slot, nps_err *err);
void nps_slot_close(nps_slot *s);

/* The current generation; the caller releases it (NPS_AUTO_LIBRARY). */
nps_library *nps_slot_acquire(nps_slot *s);

/* Loads the file again when it is another one by now, beside the one in use; swaps when it holds another generation.
 * A file that does not open changes nothing. Errors: NPS_E_BUSY while another reload runs; those of nps_library_open. */
NPS_MUST_CHECK nps_status nps_slot_reload(nps_slot *s, bool *ret_changed, nps_err *err);

#endif
