#include "service/cli.h"

#include "core/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static nps_status read_all(int fd, size_t max_bytes, nps_file *ret_file, nps_err *err)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(max_bytes);
    char piece[65536];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return nps_fail(err, NPS_E_IO, "cannot be read: %s", strerror(errno));
        if (n == 0)
            break;
        nps_buf_add(&b, piece, (size_t)n);
    }
    nps_status st = nps_buf_check(&b, err);
    if (st != NPS_OK)
        return st;
    size_t len = b.len;
    char *data = nps_buf_detach(&b);
    if (!data)
        return nps_fail_nomem(err);
    *ret_file = (nps_file){data, len, false};
    return NPS_OK;
}

nps_status nps_file_open(const char *path, size_t max_bytes, nps_file *ret_file, nps_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return nps_fail(err, errno == ENOENT ? NPS_E_NOT_FOUND : NPS_E_IO, "cannot be opened: %s", strerror(errno));
    nps_status rc;
    if (S_ISDIR(st.st_mode)) {
        rc = nps_fail(err, NPS_E_IO, "is a folder, not a file");
    } else if (S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size <= max_bytes) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        rc = NPS_OK;
        if (map == MAP_FAILED)
            rc = nps_fail(err, NPS_E_IO, "cannot be mapped: %s", strerror(errno));
        else
            *ret_file = (nps_file){map, (size_t)st.st_size, true};
    } else {
        rc = read_all(fd, max_bytes, ret_file, err);
    }
    if (!standard)
        close(fd);
    return rc;
}

void nps_file_close(nps_file *f)
{
    if (f->mapped)
        munmap((void *)(uintptr_t)f->data, f->len);
    else
        free((void *)(uintptr_t)f->data);
    *f = (nps_file){0};
}

nps_status nps_file_write(const char *path, const nps_buf *content, nps_err *err)
{
    nps_status st = nps_buf_check(content, err);
    if (st != NPS_OK)
        return st;
    FILE *f = fopen(path, "we");
    bool good = f && fwrite(content->data, 1, content->len, f) == content->len;
    if (f && fclose(f) != 0)
        good = false;
    return good ? NPS_OK : nps_fail(err, NPS_E_IO, "'%s' cannot be written: %s", path, strerror(errno));
}

void nps_cli_complain(const char *file, const nps_err *err)
{
    char text[400];
    nps_err_text(err, text, sizeof text);
    fprintf(stderr, "npswatch: %s%s%s\n", file ? file : "", file ? ": " : "", text);
}

int nps_cli_usage(const char *command, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "npswatch %s: ", command);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "; try 'npswatch %s --help'\n", command);
    return NPS_EXIT_USAGE;
}

bool nps_cli_double(const char *text, double low, double high, double *ret_v)
{
    double v;
    if (!nps_span_double(nps_span_of(text), &v) || v < low || v > high)
        return false;
    *ret_v = v;
    return true;
}

bool nps_cli_size(const char *text, size_t low, size_t high, size_t *ret_v)
{
    uint64_t v;
    if (!nps_span_u64(nps_span_of(text), &v) || v < low || v > high)
        return false;
    *ret_v = (size_t)v;
    return true;
}

void nps_cli_today(char out[static 11])
{
    char now[24];
    nps_cli_now(now);
    memcpy(out, now, 10);
    out[10] = '\0';
}

void nps_cli_now(char out[static 24])
{
    time_t t = time(NULL);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

unsigned nps_cli_cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > 16 ? 16 : (unsigned)n;
}

nps_library *nps_cli_library(const char *command, const char *path)
{
    nps_library *lib = NULL;
    nps_err err = {0};
    if (!path) {
        nps_cli_usage(command, "no library given (--library LIB.h5)");
        return NULL;
    }
    if (nps_library_open(path, NPS_OPEN_TRUST_MARK, &lib, &err) != NPS_OK)
        nps_cli_complain(path, &err);
    return lib;
}
