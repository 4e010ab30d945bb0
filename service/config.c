#include "service/config.h"

#include "core/scan.h"
#include "service/cli.h"
#include "service/db_url.h"
#include "service/listen.h"
#include "service/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef enum { TEXT, ADDRESS, URL, STORE, SWITCH, NUMBER, WAITS } kind;

static const struct {
    const char *key;
    kind kind;
    size_t at, size; /* place in nps_config; bytes of a text */
    int64_t low, high;
    const char *standard, *help;
} keys[] = {
#define PLACE(member) offsetof(nps_config, member), sizeof((nps_config *)0)->member
    {"listen", ADDRESS, PLACE(listen), 0, 0, "127.0.0.1:8080", "address and port, unix:/path, or systemd; port 0 takes a free one"},
    {"tls_certificate", TEXT, PLACE(tls_certificate), 0, 0, "", "PEM file with certificate and chain: https; read at start"},
    {"tls_key", TEXT, PLACE(tls_key), 0, 0, "", "PEM file with its private key"},
    {"data", TEXT, PLACE(data), 0, 0, "", "folder of this process: store, token (made when missing)"},
    {"store", STORE, PLACE(store), 0, 0, "", "postgresql://USER@HOST/DATABASE shared by several; default: SQLite in data"},
    {"library", TEXT, PLACE(library), 0, 0, "", "library file (npswatch library build)"},
    {"calibration", TEXT, PLACE(calibration), 0, 0, "", "own calibration (npswatch calibrate)"},
    {"control", TEXT, PLACE(control), 0, 0, "", "folder of control tables (npswatch control --check); default: built-in ones"},
    {"generations", TEXT, PLACE(generations), 0, 0, "", "folder of library generations, shared by processes of one store; default: in data"},
    {"signing_key", TEXT, PLACE(signing_key), 0, 0, "", "file of the key that signs the audit log (made when missing); default: in data"},
    {"public_url", URL, PLACE(public_url), 0, 0, "", "how others reach the service, in feeds and links; default: listen"},
    {"title", TEXT, PLACE(title), 0, 0, "npswatch: new psychoactive substances", "title of the feeds"},
    {"anonymous_identify", SWITCH, PLACE(anonymous_identify), 0, 0, "", "identify without token; default: yes on loopback"},
    {"demo_accounts", SWITCH, PLACE(demo_accounts), 0, 0, "no", "at the first start an account of every role, with tokens"},
    {"trust_forwarded", SWITCH, PLACE(trust_forwarded), 0, 0, "no", "a proxy on this machine names the client (X-Forwarded-For)"},
    {"rate_limit", NUMBER, PLACE(rate_limit), 0, 1000000, "1200", "requests a minute of an organisation; 0: any number"},
    {"rate_limit_anonymous", NUMBER, PLACE(rate_limit_anonymous), 0, 1000000, "240", "the same of an address that nobody has signed in from"},
    {"rate_limit_login", NUMBER, PLACE(rate_limit_login), 0, 1000000, "20", "tries to sign in, of an address"},
    {"closed_quota", NUMBER, PLACE(closed_quota), 0, 1000000, "200", "questions to closed libraries of others, for an organisation a day"},
    {"retain_days", NUMBER, PLACE(retain_days), 0, 3650, "1825", "after which samples are purged when they say nothing else; 0: never"},
    {"checkpoint_s", NUMBER, PLACE(checkpoint_s), 1, 86400, "300", "seconds between signed checkpoints of the audit log"},
    {"max_connections", NUMBER, PLACE(max_connections), 4, 4096, "256", "connections at a time"},
    {"search_slots", NUMBER, PLACE(search_slots), 0, 64, "0", "samples judged at a time; 0: one a core"},
    {"search_queue", NUMBER, PLACE(search_queue), 0, 10000, "64", "requests that may wait for that"},
    {"search_wait_ms", NUMBER, PLACE(search_wait_ms), 1, 600000, "10000", "how long they may wait"},
    {"header_timeout_ms", NUMBER, PLACE(header_timeout_ms), 50, 600000, "15000", "from connection to the last header byte"},
    {"body_timeout_ms", NUMBER, PLACE(body_timeout_ms), 50, 600000, "60000", "from there to the last byte of the body"},
    {"reply_timeout_ms", NUMBER, PLACE(reply_timeout_ms), 50, 600000, "60000", "for a client to take its reply"},
    {"stop_timeout_ms", NUMBER, PLACE(stop_timeout_ms), 0, 600000, "10000", "for requests in flight at the stop"},
    {"webhook_url", URL, PLACE(webhook_url), 0, 0, "", "where novel cases are sent; none: feed only"},
    {"webhook_secret_file", TEXT, PLACE(webhook_secret_file), 0, 0, "", "file with the signing secret, whsec_<base64>"},
    {"webhook_allow_private", SWITCH, PLACE(webhook_allow_private), 0, 0, "no", "allow http and private addresses there"},
    {"webhook_timeout_ms", NUMBER, PLACE(webhook_timeout_ms), 100, 120000, "20000", "for one try"},
    {"webhook_retry_s", WAITS, PLACE(webhook_retry_ms), 0, 0, "0 5 300 1800 7200 18000 36000 50400 72000 86400",
     "wait before each try, in seconds; after the last one a delivery is dead"},
};
enum { N_KEY = sizeof keys / sizeof *keys };

static nps_status set_waits(nps_config *c, nps_span value, nps_err *err)
{
    nps_span token;
    size_t n = 0;
    double s;
    int64_t ms[NPS_RETRY_MAX];
    while (nps_span_token(&value, " \t,", &token)) {
        if (n == NPS_RETRY_MAX || !nps_span_double(token, &s) || s < 0 || s > 7 * 86400)
            return nps_fail(err, NPS_E_RANGE, "'webhook_retry_s' takes 1 to %d waits of 0 to 604800 seconds",
                            NPS_RETRY_MAX);
        ms[n++] = (int64_t)(s * 1000 + 0.5);
    }
    if (!n)
        return nps_fail(err, NPS_E_RANGE, "'webhook_retry_s' is empty");
    memcpy(c->webhook_retry_ms, ms, n * sizeof *ms);
    c->n_webhook_retry = n;
    return NPS_OK;
}

static bool is_url(nps_span v)
{
    size_t host = nps_span_starts(v, "https://") ? 8 : nps_span_starts(v, "http://") ? 7 : v.n;
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] <= 32 || (unsigned char)v.p[i] >= 127 || strchr("\"<>\\^`{|}#", v.p[i]))
            return false;
    return host < v.n && !strchr("/?:@", v.p[host]);
}

static nps_status set_key(nps_config *c, size_t k, nps_span value, nps_err *err)
{
    char *place = (char *)c + keys[k].at;
    uint64_t number;
    nps_listen_address address;
    switch (keys[k].kind) {
    case ADDRESS:
    case URL:
    case STORE:
    case TEXT:
        if (value.n >= keys[k].size || !nps_text_is_clean(value))
            return nps_fail(err, NPS_E_RANGE, "'%s' is longer than %zu bytes or holds control bytes", keys[k].key,
                            keys[k].size - 1);
        if (keys[k].kind == URL && value.n && !is_url(value))
            return nps_fail(err, NPS_E_RANGE, "'%s' is no http or https address", keys[k].key);
        memcpy(place, value.p ? value.p : "", value.n);
        place[value.n] = '\0';
        if (keys[k].kind == STORE && *place && !nps_db_is_url(place))
            return nps_fail(err, NPS_E_RANGE, "'%s' is no postgresql:// address", keys[k].key);
        return keys[k].kind == ADDRESS ? nps_listen_parse(place, &address, err) : NPS_OK;
    case SWITCH:
        if (!nps_span_is(value, "yes") && !nps_span_is(value, "no"))
            return nps_fail(err, NPS_E_RANGE, "'%s' takes yes or no", keys[k].key);
        *(bool *)(void *)place = nps_span_is(value, "yes");
        return NPS_OK;
    case NUMBER:
        if (!nps_span_u64(value, &number) || number > INT64_MAX || (int64_t)number < keys[k].low ||
            (int64_t)number > keys[k].high)
            return nps_fail(err, NPS_E_RANGE, "'%s' is outside %lld..%lld", keys[k].key, (long long)keys[k].low,
                            (long long)keys[k].high);
        *(int64_t *)(void *)place = (int64_t)number;
        return NPS_OK;
    case WAITS: return set_waits(c, value, err);
    }
    return NPS_OK;
}

void nps_config_init(nps_config *c)
{
    *c = (nps_config){0};
    for (size_t k = 0; k < N_KEY; k++)
        if (*keys[k].standard)
            NPS_ASSERT(set_key(c, k, nps_span_of(keys[k].standard), NULL) == NPS_OK);
}

static nps_status find_key(nps_span name, size_t *ret_k, nps_err *err)
{
    for (size_t k = 0; k < N_KEY; k++)
        if (name.n == strlen(keys[k].key) && memcmp(name.p, keys[k].key, name.n) == 0) {
            *ret_k = k;
            return NPS_OK;
        }
    return nps_fail(err, NPS_E_NOT_FOUND, "unknown key '%s'", nps_quote(name.p, name.n).s);
}

nps_status nps_config_parse(nps_config *c, const char *text, size_t len, nps_err *err)
{
    nps_scan s = nps_scan_init(text, len);
    uint64_t seen = 0;
    for (nps_span line; nps_scan_line(&s, &line);) {
        nps_span key, value, trimmed = nps_span_trim(line);
        size_t at = nps_scan_offset(&s, line.p), k;
        nps_err why = {0};
        if (!trimmed.n || *trimmed.p == '#')
            continue;
        if (!nps_span_split(line, '=', &key, &value))
            return nps_fail_at(err, NPS_E_FORMAT, s.line, at, "a line is neither 'key = value' nor a comment");
        nps_status st = find_key(key, &k, &why);
        if (st == NPS_OK && seen & (uint64_t)1 << k)
            st = nps_fail(&why, NPS_E_FORMAT, "key '%s' is given twice", keys[k].key);
        if (st == NPS_OK)
            st = set_key(c, k, value, &why);
        if (st != NPS_OK)
            return nps_fail_at(err, st == NPS_E_NOT_FOUND ? NPS_E_FORMAT : st, s.line, at, "%s", why.msg);
        seen |= (uint64_t)1 << k;
    }
    c->given |= seen;
    return NPS_OK;
}

nps_status nps_config_set(nps_config *c, const char *key, const char *value, nps_err *err)
{
    size_t k;
    nps_status st = find_key(nps_span_of(key), &k, err);
    if (st == NPS_OK)
        st = set_key(c, k, nps_span_trim(nps_span_of(value)), err);
    if (st == NPS_OK)
        c->given |= (uint64_t)1 << k;
    return st;
}

static bool was_given(const nps_config *c, const char *key)
{
    size_t k;
    NPS_ASSERT(find_key(nps_span_of(key), &k, NULL) == NPS_OK);
    return c->given >> k & 1;
}

nps_status nps_config_settle(nps_config *c, nps_err *err)
{
    nps_listen_address a;
    nps_status st = nps_listen_parse(c->listen, &a, err);
    if (st != NPS_OK)
        return st;
    if (!was_given(c, "anonymous_identify"))
        c->anonymous_identify = a.is_loopback;
    if (!c->search_slots)
        c->search_slots = nps_cli_cores();
    for (size_t n = strlen(c->public_url); n && c->public_url[n - 1] == '/'; n--)
        c->public_url[n - 1] = '\0';
    if (!*c->data)
        return nps_fail(err, NPS_E_RANGE, "no 'data' folder is given");
    if (!*c->library)
        return nps_fail(err, NPS_E_RANGE, "no 'library' file is given");
    if (!*c->tls_certificate != !*c->tls_key)
        return nps_fail(err, NPS_E_RANGE, "'tls_certificate' and 'tls_key' go together");
    if (*c->tls_certificate && a.addr.ss_family == AF_UNIX)
        return nps_fail(err, NPS_E_RANGE, "'tls_certificate' is of no use on a unix socket");
    if (*c->webhook_url && !*c->webhook_secret_file)
        return nps_fail(err, NPS_E_RANGE, "'webhook_url' needs 'webhook_secret_file': deliveries are always signed");
    if (nps_span_starts(nps_span_of(c->webhook_url), "http://") && !c->webhook_allow_private)
        return nps_fail(err, NPS_E_RANGE, "'webhook_url' must be https (or set webhook_allow_private = yes)");
    return NPS_OK;
}

void nps_config_print(const nps_config *c, nps_buf *out)
{
    for (size_t k = 0; k < N_KEY; k++) {
        const char *place = (const char *)c + keys[k].at;
        nps_buf_printf(out, "# %s\n%s = ", keys[k].help, keys[k].key);
        switch (keys[k].kind) {
        case ADDRESS:
        case URL:
        case TEXT: nps_buf_puts(out, place); break;
        case STORE: nps_db_url_show(place, out); break;
        case SWITCH: nps_buf_puts(out, *(const bool *)(const void *)place ? "yes" : "no"); break;
        case NUMBER: nps_buf_printf(out, "%lld", (long long)*(const int64_t *)(const void *)place); break;
        case WAITS:
            for (size_t i = 0; i < c->n_webhook_retry; i++) {
                nps_buf_puts(out, i ? " " : "");
                nps_buf_put_double(out, (double)c->webhook_retry_ms[i] / 1000);
            }
            break;
        }
        nps_buf_putc(out, '\n');
    }
}

void nps_config_help(nps_buf *out)
{
    for (size_t k = 0; k < N_KEY; k++) {
        nps_buf_printf(out, "  %-22s %s", keys[k].key, keys[k].help);
        if (*keys[k].standard && keys[k].kind != WAITS)
            nps_buf_printf(out, " (%s)", keys[k].standard);
        nps_buf_putc(out, '\n');
    }
}
