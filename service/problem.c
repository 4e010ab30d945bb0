#include "service/problem.h"

static const int http_of[] = {
    [NPS_OK] = 200,        [NPS_E_NOMEM] = 503,       [NPS_E_IO] = 500,      [NPS_E_FORMAT] = 422, [NPS_E_UNSUPPORTED] = 415,
    [NPS_E_RANGE] = 400,   [NPS_E_LIMIT] = 422,       [NPS_E_NOT_FOUND] = 404, [NPS_E_CONFLICT] = 409, [NPS_E_DENIED] = 403,
    [NPS_E_BUSY] = 503,    [NPS_E_NUMERIC] = 500,     [NPS_E_CORRUPT] = 500,
    [NPS_E_PRECONDITION] = 428, [NPS_E_STALE] = 412, [NPS_E_QUOTA] = 429};

int nps_problem_http(nps_status st)
{
    return (size_t)st < sizeof http_of / sizeof *http_of ? http_of[st] : 500;
}

const char *nps_problem_title(int http_status)
{
    switch (http_status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Error";
    }
}

void nps_reply_problem_begin(nps_reply *reply, nps_jw *w, const nps_request *req, int http_status, const char *code,
                             const nps_err *err)
{
    nps_reply_done(reply);
    nps_reply_init(reply);
    reply->status = http_status;
    reply->content_type = "application/problem+json";
    if (http_status == 503)
        nps_reply_header(reply, "Retry-After", "2");
    if (http_status == 401)
        nps_reply_header(reply, "WWW-Authenticate", "Bearer realm=\"npswatch\"");
    char type[80];
    snprintf(type, sizeof type, "urn:npswatch:problem:%s", code);
    *w = nps_jw_init(&reply->body);
    nps_jw_object(w, NULL);
    nps_jw_str(w, "type", type);
    nps_jw_str(w, "title", nps_problem_title(http_status));
    nps_jw_i64(w, "status", http_status);
    nps_jw_str(w, "detail", err->msg);
    nps_jw_str(w, "code", code);
    if (err->line)
        nps_jw_i64(w, "line", (int64_t)err->line);
    if (err->line || err->offset)
        nps_jw_i64(w, "offset", (int64_t)err->offset);
    nps_jw_str(w, "request_id", req->id);
}

void nps_reply_problem(nps_reply *reply, const nps_request *req, int http_status, const char *code, const nps_err *err)
{
    nps_jw w;
    nps_reply_problem_begin(reply, &w, req, http_status, code, err);
    nps_jw_end(&w);
}

void nps_reply_status(nps_reply *reply, const nps_request *req, const nps_err *err)
{
    int http_status = nps_problem_http(err->code);
    if (http_status != 500) {
        nps_reply_problem(reply, req, http_status, nps_status_name(err->code), err);
        return;
    }
    nps_err hidden = {0};
    nps_fail(&hidden, err->code, "the service failed; its log has more under this request_id");
    nps_reply_problem(reply, req, 500, "internal", &hidden);
}
