#include "service/http.h"

#include "service/clock.h"
#include "service/crypt.h"
#include "service/listen.h"
#include "service/peer.h"
#include "service/problem.h"
#include "service/reaper.h"
#include "service/text.h"
#include "service/trace.h"
#include "service/uri.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct nps_http {
    nps_http_options o;
    nps_reaper *reaper;
    struct MHD_Daemon *daemon;
    int listen_fd;
    bool tls;
    char address[160];
    atomic_size_t in_flight, upload_bytes;
    atomic_bool draining, started, fault_taken;
    char start_fault[120]; /* what the library says while it starts */
};

/* One request from its first line to the end of its reply. */
typedef struct {
    nps_http *http;
    nps_request req;
    char *uri; /* owned; NULL when memory was short */
    nps_field query[NPS_MAX_QUERY], header[NPS_MAX_HEADERS];
    size_t seen;         /* bytes of the body that have come */
    size_t counted;      /* of these, in memory and in http->upload_bytes */
    size_t max_body;
    nps_buf body;
    bool begun;
    int refuse;          /* HTTP status to answer with once the body is drained, 0: none */
    nps_err why;
    nps_status uri_status;
} exchange;

static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    nps_http *h = cls;
    exchange *x = nps_array(1, sizeof *x);
    (void)connection;
    if (!x)
        return NULL;
    x->http = h;
    x->body = NPS_BUF_INIT(NPS_MAX_BODY);
    nps_random_hex(16, x->req.id);
    x->req.method = x->req.path = "";
    x->uri = nps_strndup(uri, strlen(uri));
    x->uri_status = x->uri ? nps_uri_parse(x->uri, &x->req.path, x->query, &x->req.n_query, &x->why)
                           : nps_fail_nomem(&x->why);
    x->req.query = x->query;
    x->req.header = x->header;
    atomic_fetch_add(&h->in_flight, 1);
    return x;
}

static size_t count_upload(exchange *x, size_t n)
{
    x->counted += n;
    return atomic_fetch_add(&x->http->upload_bytes, n) + n;
}

static void forget_body(exchange *x)
{
    atomic_fetch_sub(&x->http->upload_bytes, x->counted);
    x->counted = 0;
    nps_buf_done(&x->body);
}

static nps_reaper_seat *seat_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode why)
{
    nps_http *h = cls;
    exchange *x = *con_cls;
    (void)why;
    nps_reaper_set(h->reaper, seat_of(connection), nps_clock_mono_ms() + h->o.header_timeout_ms);
    if (!x)
        return;
    forget_body(x);
    atomic_fetch_sub(&h->in_flight, 1);
    free(x->uri);
    free(x);
    *con_cls = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    nps_http *h = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = info ? nps_reaper_sit(h->reaper, info->connect_fd,
                                                nps_clock_mono_ms() + h->o.header_timeout_ms)
                               : NULL;
    } else {
        nps_reaper_leave(h->reaper, *socket_context);
        *socket_context = NULL;
    }
}

/* --- the guard: what libmicrohttpd 0.9.75 lets through --------------------------------------------------------------- */
/* A NUL inside a header's value cannot be seen here: the library has cut the value there. nginx in front refuses it. */

typedef struct {
    exchange *x;
    int n_host, n_length, n_encoding, n_single;
    bool encoding_bad, forwarded, too_many, dirty;
    const char *forwarded_for; /* the last one */
    uint64_t length;
} guard;

static bool is_token(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c <= 32 || c >= 127 || strchr("()<>@,;:\\\"/[]?={}", c))
            return false;
    }
    return n > 0;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n, const char *value,
                                   size_t value_n)
{
    guard *g = cls;
    exchange *x = g->x;
    (void)kind;
    if (!is_token(key, key_n) || !nps_text_is_clean((nps_span){value ? value : "", value_n})) {
        g->dirty = true;
        return MHD_NO;
    }
    if (x->req.n_header == NPS_MAX_HEADERS) {
        g->too_many = true;
        return MHD_NO;
    }
    x->header[x->req.n_header++] = (nps_field){key, value ? value : ""};
    if (strcasecmp(key, "Host") == 0)
        g->n_host++;
    if (strcasecmp(key, "Content-Length") == 0) {
        g->n_length++;
        if (!nps_span_u64((nps_span){value, value_n}, &g->length) || value_n > 18)
            g->dirty = true;
    }
    if (strcasecmp(key, "Transfer-Encoding") == 0) {
        g->n_encoding++;
        g->encoding_bad |= strcasecmp(value ? value : "", "chunked") != 0;
    }
    static const char *const single[] = {"Authorization", "Idempotency-Key", "Content-Type", "If-None-Match"};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (strcasecmp(key, single[i]) == 0)
            g->n_single |= g->n_single & (1 << i) ? 1 << 8 : 1 << i;
    static const char *const proxy[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
    for (size_t i = 0; i < sizeof proxy / sizeof *proxy; i++)
        g->forwarded |= strcasecmp(key, proxy[i]) == 0;
    if (strcasecmp(key, "X-Forwarded-For") == 0)
        g->forwarded_for = value;
    return MHD_YES;
}

/* A proxy is believed only when it runs on this machine, so that nobody else can pass for somebody. */
static void take_peer(exchange *x, const struct sockaddr *a, const guard *g)
{
    bool loopback = nps_peer_is_loopback(a);
    x->req.is_local = loopback && !g->forwarded;
    nps_peer_text(a, x->req.peer);
    if (x->http->o.trust_forwarded && g->forwarded_for && (loopback || !*x->req.peer))
        (void)!nps_peer_forwarded(nps_span_of(g->forwarded_for), x->req.peer);
}

/* 0, or the HTTP status to refuse with and the reason in x->why. */
static int check_framing(exchange *x, struct MHD_Connection *connection, const char *version, uint64_t *ret_length)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    guard g = {.x = x};
    bool known = false;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header, &g);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        known |= strcmp(x->req.method, methods[i]) == 0;
    const union MHD_ConnectionInfo *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    take_peer(x, peer ? peer->client_addr : NULL, &g);
    nps_trace_of_request(&x->req, x->req.trace);
    *ret_length = g.length;
    if (x->uri_status != NPS_OK)
        return x->uri_status == NPS_E_LIMIT ? 414 : x->uri_status == NPS_E_NOMEM ? 503 : 400;
    const char *fault = NULL;
    if (g.dirty)
        fault = "a header with control bytes, a malformed name or a malformed length";
    else if (g.n_length > 1 || g.n_encoding > 1 || (g.n_length && g.n_encoding))
        fault = "ambiguous framing: Content-Length and Transfer-Encoding must come once and not together";
    else if (g.encoding_bad || (g.n_encoding && strcmp(version, "HTTP/1.1") != 0))
        fault = "Transfer-Encoding must be chunked, in HTTP/1.1";
    else if (g.n_host > 1 || (g.n_host == 0 && strcmp(version, "HTTP/1.1") == 0))
        fault = "exactly one Host header is needed";
    else if (g.n_single >> 8)
        fault = "a header that must come once is given twice";
    else if (!known)
        fault = "unknown method";
    if (fault)
        nps_fail(&x->why, NPS_E_RANGE, "%s", fault);
    else if (g.too_many)
        nps_fail(&x->why, NPS_E_LIMIT, "more than %d header fields", NPS_MAX_HEADERS);
    return fault ? 400 : g.too_many ? 431 : 0;
}

/* --- replies ---------------------------------------------------------------------------------------------------------- */

static bool add_budget(struct MHD_Response *r, const nps_budget *b)
{
    char policy[NPS_BUDGET_TEXT], state[NPS_BUDGET_TEXT];
    if (!b->counted)
        return true;
    nps_budget_text(b, policy, state);
    return MHD_add_response_header(r, "RateLimit-Policy", policy) && MHD_add_response_header(r, "RateLimit", state);
}

static enum MHD_Result send_reply(exchange *x, struct MHD_Connection *connection, nps_reply *reply)
{
    nps_http *h = x->http;
    nps_err err = {0};
    if (nps_buf_check(&reply->body, &err) != NPS_OK)
        nps_reply_status(reply, &x->req, &err);
    size_t len = reply->body.len;
    struct MHD_Response *r =
        MHD_create_response_from_buffer(len, len ? nps_buf_detach(&reply->body) : NULL,
                                        len ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!r)
        return MHD_NO;
    bool good = true;
    if (len)
        good = MHD_add_response_header(r, "Content-Type", reply->content_type);
    good = good && MHD_add_response_header(r, "Cache-Control", reply->cache) &&
           MHD_add_response_header(r, "X-Request-Id", x->req.id);
    if (*x->req.trace)
        good = good && MHD_add_response_header(r, "traceparent", x->req.trace);
    good = good && add_budget(r, &x->req.budget);
    if (*reply->etag)
        good = good && MHD_add_response_header(r, "ETag", reply->etag);
    for (size_t i = 0; i < reply->n_header; i++)
        good = good && MHD_add_response_header(r, reply->header[i].name, reply->header[i].value);
    static const nps_field always[] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
         "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        good = good && MHD_add_response_header(r, always[i].key, always[i].value);
    if (h->tls)
        good = good && MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
    if (reply->close || atomic_load(&h->draining))
        good = good && MHD_add_response_header(r, "Connection", "close");
    nps_reaper_set(h->reaper, seat_of(connection), nps_clock_mono_ms() + h->o.reply_timeout_ms);
    enum MHD_Result rc = good ? MHD_queue_response(connection, (unsigned)reply->status, r) : MHD_NO;
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result send_refusal(exchange *x, struct MHD_Connection *connection, int status)
{
    static const struct {
        int status;
        const char *code;
    } codes[] = {{400, "malformed"}, {413, "limit"}, {414, "limit"}, {431, "limit"}, {503, "busy"}};
    const char *code = "malformed";
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status)
            code = codes[i].code;
    nps_reply reply;
    nps_reply_init(&reply);
    nps_reply_problem(&reply, &x->req, status, code, &x->why);
    reply.close = true;
    x->http->o.handler.refused(x->http->o.handler.arg, &x->req, status);
    enum MHD_Result rc = send_reply(x, connection, &reply);
    nps_reply_done(&reply);
    return rc;
}

static int refuse_size(exchange *x)
{
    nps_fail(&x->why, NPS_E_LIMIT, "the body is larger than the limit of %zu bytes here", x->max_body);
    return 413;
}

/* --- the steps of a request ------------------------------------------------------------------------------------------- */

static enum MHD_Result begin_request(exchange *x, struct MHD_Connection *connection, const char *method,
                                     const char *version)
{
    nps_http *h = x->http;
    uint64_t length;
    x->begun = true;
    x->req.method = method;
    int status = check_framing(x, connection, version, &length);
    if (status)
        return send_refusal(x, connection, status);
    nps_reply reply;
    nps_reply_init(&reply);
    bool admitted = h->o.handler.admit(h->o.handler.arg, &x->req, &x->max_body, &reply);
    enum MHD_Result rc = MHD_YES;
    if (!admitted) {
        reply.close = length > 0 || nps_request_header(&x->req, "Transfer-Encoding");
        rc = send_reply(x, connection, &reply);
    } else if (length > x->max_body) {
        rc = send_refusal(x, connection, refuse_size(x));
    } else {
        nps_reaper_set(h->reaper, seat_of(connection), nps_clock_mono_ms() + h->o.body_timeout_ms);
    }
    nps_reply_done(&reply);
    return rc;
}

/* libmicrohttpd can answer only at the end of a body, so the rest of one that is refused on its way is read and thrown
 * away, up to four times the largest limit; the deadline holds meanwhile. */
static enum MHD_Result take_body(exchange *x, const char *data, size_t n)
{
    x->seen += n;
    if (x->refuse)
        return x->seen > 4 * NPS_MAX_BODY ? MHD_NO : MHD_YES;
    if (x->seen > x->max_body) {
        x->refuse = refuse_size(x);
    } else if (count_upload(x, n) > NPS_MAX_UPLOADS) {
        nps_fail(&x->why, NPS_E_BUSY, "too many uploads at a time");
        x->refuse = 503;
    } else {
        nps_buf_add(&x->body, data, n);
        if (nps_buf_check(&x->body, &x->why) != NPS_OK)
            x->refuse = 503;
    }
    if (x->refuse)
        forget_body(x);
    return MHD_YES;
}

static enum MHD_Result end_request(exchange *x, struct MHD_Connection *connection)
{
    nps_http *h = x->http;
    nps_reaper_set(h->reaper, seat_of(connection), 0);
    if (x->refuse)
        return send_refusal(x, connection, x->refuse);
    nps_reply reply;
    nps_reply_init(&reply);
    x->req.body = (nps_span){x->body.data ? x->body.data : "", x->body.len};
    h->o.handler.handle(h->o.handler.arg, &x->req, &reply);
    enum MHD_Result rc = send_reply(x, connection, &reply);
    nps_reply_done(&reply);
    return rc;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *data, size_t *data_n, void **con_cls)
{
    exchange *x = *con_cls;
    (void)cls;
    (void)url;
    if (!x)
        return MHD_NO;
    if (!x->begun)
        return begin_request(x, connection, method, version);
    if (*data_n) {
        size_t n = *data_n;
        *data_n = 0;
        return take_body(x, data, n);
    }
    return end_request(x, connection);
}

/* --- life --------------------------------------------------------------------------------------------------------------- */

bool nps_http_address_is_valid(const char *listen)
{
    nps_listen_address a;
    return nps_listen_parse(listen, &a, NULL) == NPS_OK;
}

static void free_http(nps_http *h)
{
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    else if (h->listen_fd >= 0)
        close(h->listen_fd);
    nps_reaper_free(h->reaper);
    free(h);
}

nps_status nps_http_open(const nps_http_options *o, nps_http **ret_http, nps_err *err)
{
    nps_http *h = nps_array(1, sizeof *h);
    if (!h)
        return nps_fail_nomem(err);
    h->o = *o;
    h->tls = o->tls_certificate;
    h->listen_fd = -1;
    nps_listen_address a;
    nps_status st = nps_listen_parse(o->listen, &a, err);
    if (st == NPS_OK)
        st = nps_listen_open(&a, &h->listen_fd, h->address, sizeof h->address, err);
    if (st == NPS_OK)
        st = nps_reaper_new(o->max_connections, &h->reaper, err);
    if (st != NPS_OK) {
        free_http(h);
        return st;
    }
    if (h->tls && strncmp(h->address, "http:", 5) == 0) {
        char plain[sizeof h->address];
        memcpy(plain, h->address, sizeof plain);
        snprintf(h->address, sizeof h->address, "https%.*s", (int)sizeof plain - 6, plain + 4);
    }
    *ret_http = h;
    return NPS_OK;
}

/* The library's log is taken while it starts, for the reason of a failure; later lines quote what clients send. */
static void on_log(void *cls, const char *fmt, va_list args)
{
    nps_http *h = cls;
    if (atomic_load(&h->started) || atomic_exchange(&h->fault_taken, true))
        return;
    vsnprintf(h->start_fault, sizeof h->start_fault, fmt, args);
    h->start_fault[strcspn(h->start_fault, "\n")] = '\0';
}

/* TLS 1.2 and 1.3 with forward secrecy only (RFC 9325, section 4). */
static const char tls_priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-SHA1:%SERVER_PRECEDENCE";

nps_status nps_http_start(nps_http *h, nps_err *err)
{
    bool tls = h->tls;
    if (tls && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return nps_fail(err, NPS_E_UNSUPPORTED, "libmicrohttpd was built without TLS here");
    const struct MHD_OptionItem with_tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)h->o.tls_certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)h->o.tls_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem without[] = {{MHD_OPTION_END, 0, NULL}};
    /* No MHD_OPTION_CONNECTION_TIMEOUT: it counts idle time, also that of a handler at work; the reaper's total deadlines
     * cover every state, a TLS handshake too. */
    h->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG |
            (tls ? MHD_USE_TLS : 0u),
        0, NULL, NULL, on_access, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, h, MHD_OPTION_LISTEN_SOCKET, h->listen_fd,
        MHD_OPTION_ARRAY, tls ? with_tls : without, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, h,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
        MHD_OPTION_CONNECTION_LIMIT, h->o.max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, NPS_MAX_HEADER_BYTES,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)1 << 20, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    atomic_store(&h->started, true);
    h->o.tls_certificate = h->o.tls_key = NULL;
    return h->daemon ? NPS_OK
                     : nps_fail(err, NPS_E_IO, "the HTTP server cannot start on '%s': %s", h->o.listen,
                                *h->start_fault ? h->start_fault : "no reason given");
}

const char *nps_http_address(const nps_http *h)
{
    return h->address;
}

size_t nps_http_connections(nps_http *h)
{
    return nps_reaper_count(h->reaper);
}

void nps_http_close(nps_http *h, int64_t timeout_ms)
{
    if (!h)
        return;
    atomic_store(&h->draining, true);
    MHD_socket fd = h->daemon ? MHD_quiesce_daemon(h->daemon) : MHD_INVALID_SOCKET;
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    int64_t until = nps_clock_mono_ms() + timeout_ms;
    while (atomic_load(&h->in_flight) && nps_clock_mono_ms() < until)
        usleep(10000);
    free_http(h);
}
