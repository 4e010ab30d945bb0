#include "service/message.h"

#include "reference-lib/digest.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

const char *nps_request_header(const nps_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_header; i++)
        if (strcasecmp(req->header[i].key, name) == 0)
            return req->header[i].value;
    return NULL;
}

const char *nps_request_query(const nps_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_query; i++)
        if (strcmp(req->query[i].key, name) == 0)
            return req->query[i].value;
    return NULL;
}

void nps_reply_init(nps_reply *reply)
{
    *reply = (nps_reply){.status = 200,
                         .content_type = "application/json",
                         .cache = "no-store",
                         .body = NPS_BUF_INIT(NPS_MAX_REPLY)};
}

void nps_reply_done(nps_reply *reply)
{
    nps_buf_done(&reply->body);
}

void nps_reply_header(nps_reply *reply, const char *name, const char *fmt, ...)
{
    NPS_ASSERT(reply->n_header < sizeof reply->header / sizeof *reply->header);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reply->header[reply->n_header].value, sizeof reply->header[0].value, fmt, ap);
    va_end(ap);
    reply->header[reply->n_header++].name = name;
}

void nps_reply_etag(nps_reply *reply)
{
    nps_digest_state s;
    char hex[NPS_DIGEST_HEX];
    nps_digest_init(&s);
    nps_digest_add(&s, reply->body.data ? reply->body.data : "", reply->body.len);
    nps_digest_end(&s, hex);
    snprintf(reply->etag, sizeof reply->etag, "\"%.32s\"", hex);
}
