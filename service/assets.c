#include "service/assets.h"

#include <string.h>

/* static const unsigned char asset_I[] = {...}; ... static const nps_asset assets[] = {...}; by service/web/embed.sh */
#include "assets.inc"

const nps_asset *nps_asset_find(const char *name)
{
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
        if (strcmp(assets[i].name, name) == 0)
            return &assets[i];
    return NULL;
}
