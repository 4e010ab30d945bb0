#include "service/folder.h"

#include "service/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

nps_status nps_folder_take(const char *dir, int *ret_fd, nps_err *err)
{
    char path[600];
    if (snprintf(path, sizeof path, "%s/lock", dir) >= (int)sizeof path)
        return nps_fail(err, NPS_E_RANGE, "the data folder's name is too long");
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return nps_fail(err, NPS_E_IO, "data folder '%s' cannot be made: %s", dir, strerror(errno));
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

nps_status nps_folder_name(const char *dir, char ret_name[static NPS_UUID_TEXT], nps_err *err)
{
    char path[600];
    nps_file f;
    snprintf(path, sizeof path, "%s/name", dir);
    if (access(path, F_OK) == 0) {
        nps_status st = nps_file_open(path, 100, &f, err);
        if (st != NPS_OK)
            return st;
        bool whole = f.len >= NPS_UUID_TEXT - 1;
        if (whole)
            snprintf(ret_name, NPS_UUID_TEXT, "%.*s", NPS_UUID_TEXT - 1, f.data);
        nps_file_close(&f);
        if (whole)
            return NPS_OK;
    }
    /* Also over a file that a crash left empty. */
    char fresh[NPS_UUID_TEXT];
    NPS_AUTO_BUF b = NPS_BUF_INIT(100);
    nps_random_uuid(fresh);
    nps_buf_printf(&b, "%s\n", fresh);
    nps_status st = nps_file_write(path, &b, err);
    if (st == NPS_OK)
        snprintf(ret_name, NPS_UUID_TEXT, "%s", fresh);
    return st;
}
