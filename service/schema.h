/* The tables of the store and their history: migrations, written once for both engines. */
#ifndef NPS_SERVICE_SCHEMA_H
#define NPS_SERVICE_SCHEMA_H

#include "service/db.h"

/* The version that this program makes. */
int64_t nps_schema_newest(void);

/* Statements of the migration to `version` (1 .. newest), as the engine takes them; appended to out. */
void nps_schema_text(int64_t version, nps_db_engine engine, nps_buf *out);

/* Version of the store behind a connection; 0 for an empty database. */
NPS_MUST_CHECK nps_status nps_schema_version(nps_db *db, int64_t *ret_version, nps_err *err);

/* Takes the store up to `version` where it is below, one transaction a step; several processes may do so at once.
 * Errors: NPS_E_UNSUPPORTED for a store that is newer than this program. */
NPS_MUST_CHECK nps_status nps_schema_migrate(nps_db *db, int64_t version, nps_err *err);

#endif
