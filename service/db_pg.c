#include "service/db_driver.h"
nps_status nps_db_open_pg(const char *url, nps_db_role role, nps_db **ret_db, nps_err *err)
{
    (void)url; (void)role; (void)ret_db;
    return nps_fail(err, NPS_E_UNSUPPORTED, "PostgreSQL is not built in");
}
