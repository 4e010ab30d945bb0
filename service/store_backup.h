/* Backup and restore: all of a store, of either engine, into one SQLite file and back. A file that was written from one engine
 * can be restored into the other. What is copied is read from the databases, so that new tables are covered by themselves. */
#ifndef NPS_SERVICE_STORE_BACKUP_H
#define NPS_SERVICE_STORE_BACKUP_H

#include "core/err.h"

#include <stdint.h>

typedef struct {
    int64_t version; /* of the schema */
    int64_t tables, rows;
} nps_store_copied;

/* Writes one state of the store, which may be in use, as a whole new file: under another name first, checked, synced, renamed.
 * @param where  as nps_store_open takes it
 * Errors: NPS_E_IO; NPS_E_UNSUPPORTED for a store of a newer version; NPS_E_CORRUPT when the check fails. */
NPS_MUST_CHECK nps_status nps_store_backup(const char *where, const char *file, nps_store_copied *ret_copied, nps_err *err);

/* Fills an empty store, made when missing, from a backup: all of it or nothing. Its identity becomes that of the backup, an
 * older backup is brought up to this program's version, and serial numbers go on where they were.
 * Errors: NPS_E_CONFLICT when the store is not empty or in use; NPS_E_FORMAT when the file is no backup; NPS_E_UNSUPPORTED
 * when it is newer than this program; NPS_E_CORRUPT when it is damaged. */
NPS_MUST_CHECK nps_status nps_store_restore(const char *file, const char *where, nps_store_copied *ret_copied, nps_err *err);

#endif
