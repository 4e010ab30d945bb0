#include "service/listen.h"

#include "core/scan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static bool parse_inet(const char *text, nps_listen_address *a)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    uint64_t port;
    if (!colon || !nps_span_u64(nps_span_of(colon + 1), &port) || port > 65535)
        return false;
    bool six = text[0] == '[' && colon > text && colon[-1] == ']';
    const char *from = six ? text + 1 : text;
    size_t n = (size_t)(colon - from) - six;
    if (n >= sizeof host)
        return false;
    memcpy(host, from, n);
    host[n] = '\0';
    if (six) {
        struct sockaddr_in6 s = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        if (inet_pton(AF_INET6, host, &s.sin6_addr) != 1)
            return false;
        memcpy(&a->addr, &s, sizeof s);
        a->len = sizeof s;
        a->is_loopback = IN6_IS_ADDR_LOOPBACK(&s.sin6_addr);
    } else {
        struct sockaddr_in s = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        if (inet_pton(AF_INET, host, &s.sin_addr) != 1)
            return false;
        memcpy(&a->addr, &s, sizeof s);
        a->len = sizeof s;
        a->is_loopback = (ntohl(s.sin_addr.s_addr) >> 24) == 127;
    }
    return true;
}

nps_status nps_listen_parse(const char *text, nps_listen_address *ret_address, nps_err *err)
{
    nps_listen_address a = {0};
    if (strcmp(text, "systemd") == 0) {
        a.is_passed = true;
    } else if (strncmp(text, "unix:/", 6) == 0) {
        struct sockaddr_un s = {.sun_family = AF_UNIX};
        size_t n = strlen(text + 5);
        if (n >= sizeof s.sun_path)
            return nps_fail(err, NPS_E_RANGE, "socket path is longer than %zu bytes", sizeof s.sun_path - 1);
        memcpy(s.sun_path, text + 5, n + 1);
        memcpy(&a.addr, &s, sizeof s);
        a.len = sizeof s;
    } else if (!parse_inet(text, &a)) {
        return nps_fail(err, NPS_E_RANGE, "'%s' is no address like 127.0.0.1:8080, [::1]:8080, unix:/path or systemd",
                        nps_quote(text, strlen(text)).s);
    }
    *ret_address = a;
    return NPS_OK;
}

/* A socket file on which nobody answers is left over from a process that was killed. */
static void remove_stale(const nps_listen_address *a)
{
    const struct sockaddr_un *s = (const struct sockaddr_un *)(const void *)&a->addr;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&a->addr, a->len) != 0 && errno == ECONNREFUSED)
        unlink(s->sun_path);
    close(fd);
}

static void describe(int fd, char *url, size_t url_size)
{
    struct sockaddr_storage real = {0};
    socklen_t len = sizeof real;
    char host[64] = "";
    getsockname(fd, (struct sockaddr *)&real, &len);
    if (real.ss_family == AF_INET) {
        const struct sockaddr_in *s = (const struct sockaddr_in *)(const void *)&real;
        inet_ntop(AF_INET, &s->sin_addr, host, sizeof host);
        snprintf(url, url_size, "http://%s:%u", host, ntohs(s->sin_port));
    } else if (real.ss_family == AF_INET6) {
        const struct sockaddr_in6 *s = (const struct sockaddr_in6 *)(const void *)&real;
        inet_ntop(AF_INET6, &s->sin6_addr, host, sizeof host);
        snprintf(url, url_size, "http://[%s]:%u", host, ntohs(s->sin6_port));
    } else {
        snprintf(url, url_size, "unix:%s", ((const struct sockaddr_un *)(const void *)&real)->sun_path);
    }
}

/* The protocol of sd_listen_fds(3): LISTEN_FDS descriptors from 3 on, for the process LISTEN_PID. */
static nps_status take_passed(int *ret_fd, char *ret_url, size_t url_size, nps_err *err)
{
    enum { FIRST = 3 };
    uint64_t pid, n;
    int type = 0, listens = 0;
    socklen_t len = sizeof type;
    if (!nps_span_u64(nps_span_of(getenv("LISTEN_PID")), &pid) || pid != (uint64_t)getpid() ||
        !nps_span_u64(nps_span_of(getenv("LISTEN_FDS")), &n))
        return nps_fail(err, NPS_E_IO, "no socket was passed on: 'listen = systemd' needs a socket unit");
    if (n != 1)
        return nps_fail(err, NPS_E_IO, "%llu sockets were passed on, one is needed", (unsigned long long)n);
    if (getsockopt(FIRST, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM ||
        getsockopt(FIRST, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 || !listens)
        return nps_fail(err, NPS_E_IO, "the socket that was passed on is no listening stream socket");
    fcntl(FIRST, F_SETFD, FD_CLOEXEC);
    describe(FIRST, ret_url, url_size);
    *ret_fd = FIRST;
    return NPS_OK;
}

nps_status nps_listen_open(const nps_listen_address *a, int *ret_fd, char *ret_url, size_t url_size, nps_err *err)
{
    int one = 1;
    if (a->is_passed)
        return take_passed(ret_fd, ret_url, url_size, err);
    if (a->addr.ss_family == AF_UNIX)
        remove_stale(a);
    int fd = socket(a->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0;
    if (good && a->addr.ss_family != AF_UNIX)
        good = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0;
    good = good && bind(fd, (const struct sockaddr *)&a->addr, a->len) == 0 && listen(fd, 511) == 0;
    if (!good) {
        nps_status st = nps_fail(err, NPS_E_IO, "cannot listen: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return st;
    }
    describe(fd, ret_url, url_size);
    *ret_fd = fd;
    return NPS_OK;
}
