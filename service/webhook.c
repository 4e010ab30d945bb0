#include "service/webhook.h"

#include "service/address.h"
#include "service/crypt.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 65536 }; /* bytes of the receiver's answer that are read */

nps_status nps_webhook_secret_parse(nps_span text, nps_webhook_secret *ret_secret, nps_err *err)
{
    static const char prefix[] = "whsec_";
    while (text.n && strchr("\r\n \t", text.p[text.n - 1]))
        text.n--;
    nps_webhook_secret s = {0};
    bool good = text.n > sizeof prefix - 1 && memcmp(text.p, prefix, sizeof prefix - 1) == 0 &&
                nps_secret_from_base64(text.p + sizeof prefix - 1, text.n - (sizeof prefix - 1), s.key, sizeof s.key, &s.n) &&
                s.n >= 24;
    if (good)
        *ret_secret = s;
    nps_secret_wipe(&s, sizeof s);
    return good ? NPS_OK : nps_fail(err, NPS_E_FORMAT, "the webhook secret is not whsec_<base64 of 24 to 64 bytes>");
}

void nps_webhook_sign(const nps_webhook_secret *secret, const char *id, int64_t timestamp_s, nps_span body, nps_buf *out)
{
    char head[160];
    int n = snprintf(head, sizeof head, "%s.%lld.", id, (long long)timestamp_s);
    NPS_ASSERT(n > 0 && (size_t)n < sizeof head);
    const nps_bytes piece[] = {{head, (size_t)n}, {body.p, body.n}};
    nps_buf_puts(out, "v1,");
    nps_hmac_sha256_base64((nps_bytes){secret->key, secret->n}, piece, 2, out);
}

typedef struct {
    const nps_webhook *w;
    size_t read;
    bool refused;
} transfer;

static curl_socket_t open_checked(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *t = arg;
    (void)purpose;
    if (!t->w->allow_private && !nps_address_is_public(&address->addr)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t throw_away(char *data, size_t size, size_t n, void *arg)
{
    transfer *t = arg;
    (void)data;
    t->read += size * n;
    return t->read > ANSWER_MAX ? 0 : size * n;
}

static int check_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const transfer *t = arg;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(t->w->stop);
}

static struct curl_slist *make_headers(const nps_webhook *w, const char *id, nps_span body, int64_t now_s)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(1024);
    struct curl_slist *list = NULL;
    const char *fixed[] = {"Content-Type: application/cloudevents+json; charset=utf-8", "Expect:"};
    bool good = true;
    int n = w->trace && *w->trace ? 6 : 5;
    for (int i = 0; i < n && good; i++) {
        nps_buf_clear(&b);
        if (i < 2)
            nps_buf_puts(&b, fixed[i]);
        else if (i == 2)
            nps_buf_printf(&b, "webhook-id: %s", id);
        else if (i == 3)
            nps_buf_printf(&b, "webhook-timestamp: %lld", (long long)now_s);
        else if (i == 5)
            nps_buf_printf(&b, "traceparent: %s", w->trace);
        else {
            nps_buf_puts(&b, "webhook-signature: ");
            nps_webhook_sign(w->secret, id, now_s, body, &b);
        }
        struct curl_slist *longer = b.failed ? NULL : curl_slist_append(list, b.data);
        good = longer != NULL;
        list = good ? longer : list;
    }
    if (good)
        return list;
    curl_slist_free_all(list);
    return NULL;
}

static bool set_options(CURL *c, transfer *t, nps_span body, struct curl_slist *headers)
{
    const nps_webhook *w = t->w;
    const char *protocols = w->allow_private ? "http,https" : "https";
    long timeout = (long)w->timeout_ms;
    return curl_easy_setopt(c, CURLOPT_URL, w->url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, timeout < 10000L ? timeout : 10000L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "npswatch/" NPS_VERSION) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, throw_away) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_checked) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, check_stop) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFODATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

void nps_webhook_send(const nps_webhook *w, const char *id, nps_span body, int64_t now_s, nps_webhook_answer *ret_answer)
{
    nps_webhook_answer a = {0};
    transfer t = {.w = w};
    CURL *c = curl_easy_init();
    struct curl_slist *headers = make_headers(w, id, body, now_s);
    if (!c || !headers || !set_options(c, &t, body, headers)) {
        snprintf(a.fault, sizeof a.fault, "the request cannot be made");
    } else {
        CURLcode rc = curl_easy_perform(c);
        long http = 0;
        curl_off_t retry = 0;
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &http);
        curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &retry);
        /* An answer longer than we read is an answer. */
        if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && t.read > ANSWER_MAX)) {
            a.http = (int)http;
            a.retry_after_s = retry;
        } else {
            snprintf(a.fault, sizeof a.fault, "%s",
                     t.refused ? "the address is not public" : curl_easy_strerror(rc));
        }
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    *ret_answer = a;
}
