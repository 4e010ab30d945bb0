/* Where control tables come from: built into the program, or a folder of the site; and the ones in use by the service. */
#ifndef NPS_SERVICE_CONTROL_FILES_H
#define NPS_SERVICE_CONTROL_FILES_H

#include "core/buf.h"
#include "reference-lib/control.h"

/* @param folder  holds the tables by their names (nps_control_table_name), and then the built-in ones do not count; NULL or "":
 *                the built-in ones. Answers call the tables "built-in", or after the folder's last part.
 * Errors: those of nps_control_new; NPS_E_IO; NPS_E_NOT_FOUND for a folder without a table, or with a .tsv file that is none. */
NPS_MUST_CHECK nps_status nps_control_load(const char *folder, nps_control **ret_control, nps_err *err);

/* All tables as one text, and back: what an answer rested on, to be kept by nps_control_digest. */
NPS_MUST_CHECK nps_status nps_control_pack(const char *folder, nps_buf *out, nps_err *err);
/* Errors: NPS_E_CORRUPT; those of nps_control_new. */
NPS_MUST_CHECK nps_status nps_control_unpack(const char *text, size_t len, nps_control **ret_control, nps_err *err);

/* The tables in use. A request acquires them once and keeps them for its life. Any thread. */
typedef struct nps_control_slot nps_control_slot;
NPS_MUST_CHECK nps_status nps_control_slot_open(const char *folder, nps_control_slot **ret_slot, nps_err *err);
void nps_control_slot_close(nps_control_slot *s); /* NULL is fine */
nps_control *nps_control_slot_acquire(nps_control_slot *s); /* the caller releases it (NPS_AUTO_CONTROL) */

/* Reads the folder again and swaps where the tables have changed. Tables that do not read change nothing.
 * Errors: those of nps_control_load. */
NPS_MUST_CHECK nps_status nps_control_slot_reload(nps_control_slot *s, bool *ret_changed, nps_err *err);

#endif
