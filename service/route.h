/* What the service answers: one static table. */
#ifndef NPS_SERVICE_ROUTE_H
#define NPS_SERVICE_ROUTE_H

#include "service/message.h"

#include <stdbool.h>

struct nps_app;

/* Handlers know no HTTP library. Success leaves the whole answer in *reply; a failure becomes a problem (problem.h). */
typedef nps_status nps_handler(struct nps_app *app, const nps_request *req, nps_reply *reply, nps_err *err);

enum {
    NPS_OPEN_TO_ALL = 1,    /* nobody has to say who he is */
    NPS_OPEN_BY_CONFIG = 2, /* the same where anonymous_identify is on */
    NPS_OPEN_LOCALLY = 4,   /* the same for this machine directly */
    NPS_NOT_COUNTED = 8     /* and calls count against no budget (limiter.h) */
};

typedef struct nps_route {
    const char *method, *pattern; /* "{}" stands for one path segment */
    nps_handler *handler;
    unsigned open;       /* NPS_OPEN_*, NPS_NOT_COUNTED */
    unsigned roles;      /* NPS_ROLE_*: who may call it, of those who say who they are */
    unsigned sees_all;   /* of these, who sees what belongs to other organisations too; the others see their own */
    unsigned scope;      /* NPS_SCOPE_* that a token needs; 0: none */
    size_t max_body;
    const char *parameters; /* names of query parameters and form fields, with blanks between them */
} nps_route;

/* Whether the caller may use the route. Errors: NPS_E_DENIED with the reason. */
NPS_MUST_CHECK nps_status nps_route_check(const nps_route *route, const nps_principal *by, bool anonymous_identify, bool is_local,
                                          nps_err *err);

/* Whose things the request sees: the id of the caller's organisation, or "" for everybody's. */
const char *nps_request_owner(const nps_request *req);

/* Finds the route and fills param. HEAD is answered as GET. NULL when there is none; *ret_allow is then the list of
 * methods that the path knows, or "" for an unknown path; it holds until the thread asks again. */
const nps_route *nps_route_find(const char *method, const char *path, char param[2][NPS_PARAM_MAX],
                                const char **ret_allow);

bool nps_route_knows(const nps_route *route, const char *parameter);

/* The table, for tests and metrics. */
const nps_route *nps_route_table(size_t *ret_n);

#endif
