/* Paging of lists that are shown newest first: an opaque cursor of a moment and an id. */
#ifndef NPS_SERVICE_PAGE_H
#define NPS_SERVICE_PAGE_H

#include "service/json.h"
#include "service/message.h"

typedef struct {
    int64_t before_ms;
    char before_id[NPS_PARAM_MAX];
    size_t limit;
} nps_page;

/* Takes `cursor` and `limit` (1 .. NPS_MAX_PAGE, 50 when left out). Errors: NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_page_take(const nps_request *req, nps_page *ret_page, nps_err *err);

/* "next" in the open object, and the Link header (RFC 8288) with the parameters of the request. */
void nps_page_put_next(nps_jw *w, nps_reply *reply, const nps_request *req, int64_t last_ms, const char *last_id);

#endif
