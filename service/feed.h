/* Feed documents from stored cases. Pure: cases in, text out. */
#ifndef NPS_SERVICE_FEED_H
#define NPS_SERVICE_FEED_H

#include "service/store.h"

typedef struct {
    const char *title, *base_url, *uuid; /* base_url without '/' at its end; uuid of the store */
    const nps_stored_cases *cases;       /* newest first */
} nps_feed;

/* Atom (RFC 4287). Entry ids are urn:uuid of the case, the same for ever. `updated` of an empty feed is the epoch. */
NPS_MUST_CHECK nps_status nps_feed_atom(nps_buf *out, const nps_feed *f, nps_err *err);

/* JSON Feed 1.1 (jsonfeed.org), with the whole summary as extension "_npswatch". */
NPS_MUST_CHECK nps_status nps_feed_json(nps_buf *out, const nps_feed *f, nps_err *err);

#endif
