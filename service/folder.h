/* The data folder: one service at a time, and a name of its own among those that share a store. */
#ifndef NPS_SERVICE_FOLDER_H
#define NPS_SERVICE_FOLDER_H

#include "service/crypt.h"

#include "core/err.h"

/* Makes the folder when missing and takes DIR/lock, until *ret_fd is closed or the process ends.
 * Errors: NPS_E_IO; NPS_E_RANGE for a name that is too long; NPS_E_CONFLICT when another process has it. */
NPS_MUST_CHECK nps_status nps_folder_take(const char *dir, int *ret_fd, nps_err *err);

/* Random name of this folder, made at first and kept in DIR/name. Only for the one that has taken the folder. Errors: NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_folder_name(const char *dir, char ret_name[static NPS_UUID_TEXT], nps_err *err);

#endif
