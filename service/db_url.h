/* Addresses of PostgreSQL stores as texts: telling them from folders, and showing them without their password. */
#ifndef NPS_SERVICE_DB_URL_H
#define NPS_SERVICE_DB_URL_H

#include "core/buf.h"

#include <stdbool.h>

/* Whether it begins with postgresql:// or postgres://. */
bool nps_db_is_url(const char *where);

/* Appends the address with "***" for its password; of parameters only those that cannot hold one. Any text is fine: what is not
 * understood is left out rather than shown. */
void nps_db_url_show(const char *where, nps_buf *out);

#endif
