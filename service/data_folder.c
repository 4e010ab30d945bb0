#include "service/data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

nps_status nps_data_folder_take(const char *dir, int *ret_fd, nps_err *err)
{
    char path[600];
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return nps_fail(err, NPS_E_IO, "data folder '%s' cannot be made: %s", dir, strerror(errno));
    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return nps_fail(err, NPS_E_IO, "data folder '%s' cannot be written: %s", dir, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return nps_fail(err, NPS_E_CONFLICT, "data folder '%s' is in use by another npswatch", dir);
    }
    *ret_fd = fd;
    return NPS_OK;
}
