/* The files of the page (service/web) and the description of the interface (service/openapi.json), compiled into the program. */
#ifndef NPS_SERVICE_ASSETS_H
#define NPS_SERVICE_ASSETS_H

#include <stddef.h>

typedef struct {
    const char *name, *type; /* "app.js", "text/javascript; charset=utf-8" */
    const unsigned char *data;
    size_t len;
} nps_asset;

/* NULL when there is none of that name. */
const nps_asset *nps_asset_find(const char *name);

#endif
