/* Which library generation the service uses: made from the operator's library and the accepted contributions, recorded in the
 * store, followed by every process that shares it. */
#ifndef NPS_SERVICE_PUBLISH_H
#define NPS_SERVICE_PUBLISH_H

#include "service/app.h"

/* At the start: the generation in use when it was made from this library, otherwise a new one. Sets app->shelf.
 * Files of the one in use that are missing are made again. Errors: NPS_E_CORRUPT when a new generation fails its self-check. */
NPS_MUST_CHECK nps_status nps_publish_first(nps_app *app, nps_err *err);

/* Makes a generation, and uses it when its self-check holds. *ret_changed: another one is in use now.
 * Errors: NPS_E_CORRUPT for a failed self-check (the report is in the store); NPS_E_BUSY while this process makes another one. */
NPS_MUST_CHECK nps_status nps_publish_build(nps_app *app, const nps_actor *by, bool *ret_changed, nps_err *err);

/* Uses an older or newer generation that is known: roll-back. Errors: NPS_E_NOT_FOUND; NPS_E_CORRUPT when its files are not as they
 * were. */
NPS_MUST_CHECK nps_status nps_publish_activate(nps_app *app, const nps_actor *by, const char *id, nps_err *err);

/* Loads the generation that the store says is in use, when it is another than this process has. */
NPS_MUST_CHECK nps_status nps_publish_follow(nps_app *app, bool *ret_changed, nps_err *err);

/* Reads the operator's library file again and publishes when it is another one. */
NPS_MUST_CHECK nps_status nps_publish_reload(nps_app *app, const nps_actor *by, bool *ret_changed, nps_err *err);

#endif
