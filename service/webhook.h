/* One signed delivery to the configured address (Standard Webhooks 1.0): the one user of libcurl. */
#ifndef NPS_SERVICE_WEBHOOK_H
#define NPS_SERVICE_WEBHOOK_H

#include "core/buf.h"
#include "core/scan.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { NPS_WEBHOOK_SECRET_MAX = 64 };

typedef struct {
    unsigned char key[NPS_WEBHOOK_SECRET_MAX];
    size_t n;
} nps_webhook_secret;

/* Takes "whsec_<base64 of 24 to 64 bytes>" with blanks around it. Errors: NPS_E_FORMAT. */
NPS_MUST_CHECK nps_status nps_webhook_secret_parse(nps_span text, nps_webhook_secret *ret_secret, nps_err *err);

/* "v1,<base64 of HMAC-SHA-256 over id.timestamp.body>". */
void nps_webhook_sign(const nps_webhook_secret *secret, const char *id, int64_t timestamp_s, nps_span body, nps_buf *out);

typedef struct {
    const char *url;
    const nps_webhook_secret *secret;
    bool allow_private; /* plain http and addresses that are not public */
    int64_t timeout_ms;
    const char *trace;  /* traceparent to send along; NULL or "": none */
    const atomic_bool *stop; /* ends the try when it becomes true */
} nps_webhook;

typedef struct {
    int http;              /* status; 0: no answer */
    int64_t retry_after_s; /* 0: not given */
    char fault[160];       /* why there is no answer; "" otherwise */
} nps_webhook_answer;

/* Makes one try. Every outcome is an answer; no redirect is followed, no proxy used, the reply's body thrown away, and the
 * address really connected to is checked. Any thread. */
void nps_webhook_send(const nps_webhook *w, const char *id, nps_span body, int64_t now_s, nps_webhook_answer *ret_answer);

#endif
