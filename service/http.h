/* The HTTP/1.1 server: the one user of libmicrohttpd. One thread a connection, a limit on everything, requests with
 * ambiguous framing refused before anybody else sees them, total deadlines (not idle ones) for headers, body and reply. */
#ifndef NPS_SERVICE_HTTP_H
#define NPS_SERVICE_HTTP_H

#include "core/mem.h"
#include "service/message.h"

typedef struct nps_http nps_http;

/* Called from many threads at a time; the request and the reply belong to the call. */
typedef struct {
    void *arg;
    /* With the headers alone, before a byte of the body is read. Either sets *ret_max_body and returns true, or fills
     * *reply and returns false: the body is then not read and the connection closed. */
    bool (*admit)(void *arg, nps_request *req, size_t *ret_max_body, nps_reply *reply);
    /* With the whole body. */
    void (*handle)(void *arg, nps_request *req, nps_reply *reply);
    /* The server itself has refused a request (framing, sizes); for logs and counters. */
    void (*refused)(void *arg, const nps_request *req, int status);
} nps_http_handler;

typedef struct {
    const char *listen;         /* as for nps_listen_parse; port 0 takes a free one */
    const char *tls_certificate, *tls_key; /* PEM texts; NULL: plain HTTP. With them TLS 1.2 and 1.3 only, and HSTS */
    bool trust_forwarded; /* a proxy on this machine says who the client is: X-Forwarded-For, its last element */
    unsigned max_connections;
    int64_t header_timeout_ms;  /* from the connection, or the end of the last reply, to the last header byte */
    int64_t body_timeout_ms;    /* from there to the last byte of the body */
    int64_t reply_timeout_ms;   /* for the client to take the reply */
    nps_http_handler handler;
} nps_http_options;

/* Whether the text is an address that nps_http_open takes. */
bool nps_http_address_is_valid(const char *listen);

/* Takes the address; nobody is answered yet. Errors: NPS_E_RANGE for the address; NPS_E_IO when it cannot be had, with the
 * system's reason. */
NPS_MUST_CHECK nps_status nps_http_open(const nps_http_options *o, nps_http **ret_http, nps_err *err);

/* Begins to serve. To be called once; the texts of certificate and key are needed until it returns and not after.
 * Errors: NPS_E_UNSUPPORTED for TLS with a libmicrohttpd that was built without it; NPS_E_IO, with the library's reason. */
NPS_MUST_CHECK nps_status nps_http_start(nps_http *h, nps_err *err);

/* "http://127.0.0.1:34567", the same with https, or "unix:/path": where it really listens. */
const char *nps_http_address(const nps_http *h);

size_t nps_http_connections(nps_http *h);

/* Takes no more connections, lets requests in flight end (at most timeout_ms), closes everything and frees. */
void nps_http_close(nps_http *h, int64_t timeout_ms);

#endif
