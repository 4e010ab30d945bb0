/* Private to db.c and the two drivers: what an engine has to provide. db.c keeps the statements and the failures that stick. */
#ifndef NPS_SERVICE_DB_DRIVER_H
#define NPS_SERVICE_DB_DRIVER_H

#include "service/db.h"

/* A value on its way in. */
typedef struct {
    nps_db_type type;
    bool is_null;
    int64_t i64;    /* NPS_DB_INT */
    nps_span bytes; /* otherwise; lives until reset */
} nps_db_value;

typedef struct {
    nps_db_engine engine;
    void (*close)(nps_db *db); /* after its statements; frees db */
    nps_status (*mend)(nps_db *db, nps_err *err);
    bool (*is_lost)(const nps_db *db);
    nps_status (*begin)(nps_db *db, bool reading, nps_err *err);
    nps_status (*commit)(nps_db *db, nps_err *err);
    bool (*in_transaction)(const nps_db *db);
    nps_status (*run)(nps_db *db, const char *sql, nps_err *err);

    /* A statement: prepared once, then bind (places from 1), stream?, step, get ..., reset, over and over. */
    nps_status (*prepare)(nps_db *db, const char *sql, void **ret_stmt, nps_err *err);
    nps_status (*bind)(nps_db *db, void *stmt, int place, const nps_db_value *v, nps_err *err);
    void (*stream)(void *stmt);
    nps_status (*step)(nps_db *db, void *stmt, bool *ret_row, nps_err *err);
    bool (*is_null)(void *stmt, int column);
    nps_status (*get_i64)(void *stmt, int column, int64_t *ret_v, nps_err *err); /* not NULL */
    nps_span (*get_bytes)(void *stmt, int column);                               /* not NULL */
    void (*reset)(nps_db *db, void *stmt);
    void (*finalize)(void *stmt);
} nps_db_driver;

struct nps_db { /* the first member of the driver's own structure */
    const nps_db_driver *driver;
    struct nps_db_kept {
        const char *text; /* address of the literal */
        void *stmt;
        bool busy;
    } *kept;
    size_t n_kept, cap_kept;
    int64_t changes; /* set by step */
};

nps_status nps_db_open_sqlite(const char *path, nps_db_role role, nps_db **ret_db, nps_err *err);
nps_status nps_db_open_pg(const char *url, nps_db_role role, nps_db **ret_db, nps_err *err);

#endif
