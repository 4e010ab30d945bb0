#include "service/pem.h"

#include "service/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX = 1 << 20 };

void nps_pem_done(nps_pem *p)
{
    if (p->text)
        nps_secret_wipe(p->text, p->len);
    free(p->text);
    *p = (nps_pem){0};
}

/* "-----BEGIN <anything> label-----" */
static bool has_block(const char *text, const char *label)
{
    size_t n = strlen(label);
    for (const char *at = text; (at = strstr(at, "-----BEGIN ")) != NULL; at++) {
        const char *from = at + 11, *end = strstr(from, "-----");
        if (end && (size_t)(end - from) >= n && memcmp(end - n, label, n) == 0)
            return true;
    }
    return false;
}

nps_status nps_pem_read(const char *path, const char *label, nps_pem *ret_pem, nps_err *err)
{
    NPS_AUTO_PEM p = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return nps_fail(err, NPS_E_IO, "'%s' cannot be read: %s", path, strerror(errno));
    p.text = nps_array(MAX + 2, 1);
    ssize_t n = 1;
    /* One byte more than allowed, to see a file that is longer. */
    while (p.text && n > 0 && p.len <= MAX) {
        n = read(fd, p.text + p.len, MAX + 1 - p.len);
        p.len += n > 0 ? (size_t)n : 0;
    }
    int why = errno;
    close(fd);
    if (!p.text)
        return nps_fail_nomem(err);
    if (n < 0)
        return nps_fail(err, NPS_E_IO, "'%s' cannot be read: %s", path, strerror(why));
    if (p.len > MAX)
        return nps_fail(err, NPS_E_LIMIT, "'%s' is larger than 1 MiB", path);
    if (!has_block(p.text, label))
        return nps_fail(err, NPS_E_FORMAT, "'%s' holds no PEM block '%s'", path, label);
    ret_pem->len = p.len;
    ret_pem->text = nps_steal(p.text);
    return NPS_OK;
}
