/* What the service answers: one static table. */
#ifndef NPS_SERVICE_ROUTE_H
#define NPS_SERVICE_ROUTE_H

#include "service/message.h"

#include <stdbool.h>

struct nps_app;

/* Handlers know no HTTP library. Success leaves the whole answer in *reply; a failure becomes a problem (problem.h). */
typedef nps_status nps_handler(struct nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err);

typedef enum {
    NPS_MAY_ANYONE,
    NPS_MAY_IDENTIFY, /* anyone when anonymous_identify is on, otherwise the token */
    NPS_MAY_LOCAL,    /* this machine directly, or the token */
    NPS_MAY_ADMIN     /* the token */
} nps_access;

typedef struct nps_route {
    const char *method, *pattern; /* "{}" stands for one path segment */
    nps_handler *handler;
    nps_access access;
    size_t max_body;
    const char *parameters; /* names of query parameters and form fields, with blanks between them */
} nps_route;

/* Finds the route and fills param. HEAD is answered as GET. NULL when there is none; *ret_allow is then the list of
 * methods that the path knows, or "" for an unknown path. */
const nps_route *nps_route_find(const char *method, const char *path, char param[2][NPS_PARAM_MAX],
                                const char **ret_allow);

bool nps_route_knows(const nps_route *route, const char *parameter);

/* The table, for tests and metrics. */
const nps_route *nps_route_table(size_t *ret_n);

#endif
