/* The one admin token: nps_<id>_<secret>, 256 random bits. Only its BLAKE2b-256 is kept, in DATA/admin-token; the file is
 * read at every check, so that a new token (npswatch admin token) replaces the old one at once. */
#ifndef NPS_SERVICE_AUTH_H
#define NPS_SERVICE_AUTH_H

#include "core/err.h"

#include <stdbool.h>

enum { NPS_TOKEN_TEXT = 4 + 16 + 1 + 64 + 1 };

/* Whether the folder has a token. */
bool nps_auth_exists(const char *data_dir);

/* Makes a token and keeps its hash: whole or not at all, mode 0600. The old one is void. The caller shows the text once and
 * wipes it. Errors: NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_auth_create(const char *data_dir, char ret_token[static NPS_TOKEN_TEXT], nps_err *err);

/* Checks an Authorization header's value ("Bearer nps_...", NULL when there is none) in constant time.
 * Errors: NPS_E_DENIED; NPS_E_IO when the file cannot be read. */
NPS_MUST_CHECK nps_status nps_auth_check(const char *data_dir, const char *authorization, nps_err *err);

#endif
