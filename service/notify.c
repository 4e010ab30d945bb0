#include "service/notify.h"

#include "core/buf.h"
#include "core/scan.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* "/path", or "@name" in the abstract name space, whose addresses begin with a NUL. */
static bool address_of(const char *name, struct sockaddr_un *ret_a, socklen_t *ret_len)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = name ? strlen(name) : 0;
    if (n < 2 || n >= sizeof a.sun_path || (name[0] != '/' && name[0] != '@'))
        return false;
    memcpy(a.sun_path, name, n);
    if (name[0] == '@')
        a.sun_path[0] = '\0';
    *ret_a = a;
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'));
    return true;
}

static bool tell(const char *what, const char *status)
{
    struct sockaddr_un a;
    socklen_t len;
    if (!address_of(getenv("NOTIFY_SOCKET"), &a, &len))
        return false;
    NPS_AUTO_BUF text = NPS_BUF_INIT(4096);
    nps_buf_printf(&text, "%s\nSTATUS=", what);
    /* A line feed would begin another assignment. */
    for (const char *p = status; *p; p++)
        nps_buf_putc(&text, *p == '\n' ? ' ' : *p);
    int fd = text.failed ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool good = sendto(fd, text.data, text.len, MSG_NOSIGNAL, (const struct sockaddr *)&a, len) == (ssize_t)text.len;
    close(fd);
    return good;
}

bool nps_notify_ready(const char *status)
{
    return tell("READY=1", status);
}

bool nps_notify_reloading(const char *status)
{
    char what[64];
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(what, sizeof what, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    return tell(what, status);
}

bool nps_notify_stopping(const char *status)
{
    return tell("STOPPING=1", status);
}

bool nps_notify_alive(const char *status)
{
    return tell("WATCHDOG=1", status);
}

int64_t nps_notify_watchdog_ms(void)
{
    uint64_t us, pid;
    const char *whose = getenv("WATCHDOG_PID");
    if (!nps_span_u64(nps_span_of(getenv("WATCHDOG_USEC")), &us) || us < 1000 || us / 1000 > INT64_MAX)
        return 0;
    /* A variable that came through another process of the unit is not for us. */
    if (whose && (!nps_span_u64(nps_span_of(whose), &pid) || pid != (uint64_t)getpid()))
        return 0;
    return (int64_t)(us / 1000);
}
