/* The listening socket: address in words to an open socket. */
#ifndef NPS_SERVICE_LISTEN_H
#define NPS_SERVICE_LISTEN_H

#include "core/err.h"

#include <stdbool.h>
#include <sys/socket.h>

typedef struct {
    struct sockaddr_storage addr;
    socklen_t len;
    bool is_passed;   /* "systemd": which address it is shows when it is opened */
    bool is_loopback; /* 127.0.0.0/8 or ::1; not a unix socket, behind which a proxy may stand for the world */
} nps_listen_address;

/* "127.0.0.1:8080", "[::1]:8080" (numbers only, no names), "unix:/path", or "systemd": the socket that the service manager
 * has opened and passes on (sd_listen_fds(3)). Errors: NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_listen_parse(const char *text, nps_listen_address *ret_address, nps_err *err);

/* Opens, binds and listens; a passed socket is taken over, once. An old unix socket file that nobody answers on is replaced. The caller closes the socket.
 * @param ret_url "http://127.0.0.1:34567" with the real port, or "unix:/path"
 * Errors: NPS_E_IO with the system's reason. */
NPS_MUST_CHECK nps_status nps_listen_open(const nps_listen_address *a, int *ret_fd, char *ret_url, size_t url_size,
                                          nps_err *err);

#endif
