/* The data folder belongs to one process at a time. */
#ifndef NPS_SERVICE_DATA_FOLDER_H
#define NPS_SERVICE_DATA_FOLDER_H

#include "core/err.h"

/* Makes the folder (0700) when it is missing and takes its lock, which closing *ret_fd gives back, as does the process's end.
 * Errors: NPS_E_CONFLICT while another process has it; NPS_E_IO. */
NPS_MUST_CHECK nps_status nps_data_folder_take(const char *dir, int *ret_fd, nps_err *err);

#endif
