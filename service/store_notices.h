/* The store's verbs about what organisations are told: notices, and how often their contributions were of use. As in store.h. */
#ifndef NPS_SERVICE_STORE_NOTICES_H
#define NPS_SERVICE_STORE_NOTICES_H

#include "service/access.h"
#include "service/store.h"

enum { NPS_CONTRIBUTION_ID = 33 };

typedef struct {
    int64_t id, created_ms, read_ms; /* read_ms 0: not read */
    char kind[32], subject[NPS_CONTRIBUTION_ID];
    char *data; /* JSON object; owned */
} nps_notice;
typedef struct {
    nps_notice *item;
    size_t n;
    bool more;
} nps_notices;
void nps_notices_done(nps_notices *n);

/* Oldest first, behind `after`. @param limit  1 .. NPS_MAX_PAGE */
NPS_MUST_CHECK nps_status nps_store_notices(nps_store *s, const char *organisation, int64_t after, size_t limit, nps_notices *ret_notices,
                                            nps_err *err);
/* Errors: NPS_E_NOT_FOUND, also for what belongs to another. */
NPS_MUST_CHECK nps_status nps_store_notice_read(nps_store *s, const char *organisation, int64_t id, int64_t now_ms, nps_err *err);

typedef struct {
    char contribution[NPS_CONTRIBUTION_ID], day[11];
    int64_t hits;
} nps_use;
typedef struct {
    nps_use *item; /* free() it */
    size_t n;
} nps_uses;
/* Adds counts; those of contributions that are not known are passed over. */
NPS_MUST_CHECK nps_status nps_store_uses_add(nps_store *s, const nps_use *use, size_t n, nps_err *err);
/* Of an organisation's contributions from a day on, by day. */
NPS_MUST_CHECK nps_status nps_store_uses(nps_store *s, const char *organisation, const char *since, nps_uses *ret_uses, nps_err *err);

#endif
