/* What tables a database has, read from the database itself. */
#ifndef NPS_SERVICE_DB_TABLES_H
#define NPS_SERVICE_DB_TABLES_H

#include "service/db.h"

enum { NPS_DB_NAME = 64 };

typedef struct {
    char name[NPS_DB_NAME];
    struct nps_db_column {
        char name[NPS_DB_NAME];
        nps_db_type type;
        bool serial; /* the engine gives it */
    } column[NPS_DB_MAX_PARAMETERS];
    size_t n_column;
} nps_db_table;

typedef struct {
    nps_db_table *item; /* [n], by name */
    size_t n;
} nps_db_tables;
void nps_db_tables_done(nps_db_tables *t);

/* All but those of the engine and of its schema version. Errors: NPS_E_UNSUPPORTED for what schema.c would not make. */
NPS_MUST_CHECK nps_status nps_db_tables_read(nps_db *db, nps_db_tables *ret_tables, nps_err *err);

/* Whether both have the same tables with the same columns in the same order. Errors: NPS_E_UNSUPPORTED with the first
 * difference. */
NPS_MUST_CHECK nps_status nps_db_tables_same(const nps_db_tables *a, const nps_db_tables *b, nps_err *err);

#endif
