/* A request and a reply as plain data, without any HTTP library: what handlers see and tests can make. */
#ifndef NPS_SERVICE_MESSAGE_H
#define NPS_SERVICE_MESSAGE_H

#include "core/buf.h"
#include "core/scan.h"
#include "service/access.h"
#include "service/budget.h"
#include "service/limits.h"

#include <stdint.h>

typedef struct {
    const char *key, *value; /* terminated, no control bytes */
} nps_field;

enum { NPS_REQUEST_ID = 33, NPS_PARAM_MAX = 80 };

/* Everything is borrowed and lives as long as the request. */
typedef struct {
    const char *method;      /* "GET", "HEAD", "POST" ... */
    const char *path;        /* decoded, begins with '/' */
    const nps_field *query;  /* [n_query] decoded; no key twice */
    size_t n_query;
    const nps_field *header; /* [n_header] */
    size_t n_header;
    nps_span body;
    bool is_local;           /* straight from this machine: loopback and not forwarded by a proxy */
    char peer[46];           /* address of the client; of a proxy, what it says where it is trusted; "" on a local socket */
    char trace[56];          /* W3C traceparent that goes on from here; "" when none came */
    char id[NPS_REQUEST_ID]; /* random; in the log, in X-Request-Id and in problems */
    /* Filled by the router. */
    const struct nps_route *route;
    char param[2][NPS_PARAM_MAX]; /* what stood for {} in the pattern */
    nps_principal by;
    nps_budget budget; /* what this request counted against */
} nps_request;

/* Value of a header (name in any case) or NULL. */
const char *nps_request_header(const nps_request *req, const char *name);
/* Value of a query parameter or NULL. */
const char *nps_request_query(const nps_request *req, const char *name);

typedef struct {
    int status;               /* of HTTP */
    const char *content_type; /* static text */
    const char *cache;        /* Cache-Control, static text */
    nps_buf body;
    char etag[72];            /* with its quotes; "" for none */
    struct {
        const char *name; /* static text */
        char value[240];
    } header[12];
    size_t n_header;
    bool close;               /* end the connection after this reply */
} nps_reply;

/* 200, no body yet, JSON, never to be stored by caches. */
void nps_reply_init(nps_reply *reply);
void nps_reply_done(nps_reply *reply);

/* Adds a header; the value is cut at its space and must hold no control bytes. */
void nps_reply_header(nps_reply *reply, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Sets a strong validator made from the body. */
void nps_reply_etag(nps_reply *reply);

#endif
