/* Configuration of `npswatch serve`: a file of "key = value" lines, overridden by --key VALUE. An unknown key, a key given
 * twice and a value outside its range stop the start, with the line. */
#ifndef NPS_SERVICE_CONFIG_H
#define NPS_SERVICE_CONFIG_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { NPS_RETRY_MAX = 20 };

typedef struct {
    char listen[160];
    char data[512];
    char store[512]; /* "": SQLite in the data folder; otherwise a postgresql:// URL, which may hold a password */
    char library[512];
    char calibration[512];
    char control[512]; /* folder of control tables; "": built-in */
    char public_url[256];
    char title[128];
    char tls_certificate[512], tls_key[512];
    char generations[512], signing_key[512];
    bool anonymous_identify, demo_accounts, trust_forwarded;
    int64_t rate_limit, rate_limit_anonymous, rate_limit_login; /* requests a minute; 0: no limit */
    int64_t closed_quota, retain_days, checkpoint_s;
    int64_t max_connections, search_slots, search_queue, search_wait_ms;
    int64_t header_timeout_ms, body_timeout_ms, reply_timeout_ms, stop_timeout_ms;
    char webhook_url[512], webhook_secret_file[512];
    bool webhook_allow_private;
    int64_t webhook_timeout_ms;
    int64_t webhook_retry_ms[NPS_RETRY_MAX]; /* wait before try i */
    size_t n_webhook_retry;
    uint64_t given; /* private: bit of each key that was set */
} nps_config;

void nps_config_init(nps_config *c); /* the defaults */

/* Takes a file's text. `#` begins a comment line. Errors: NPS_E_FORMAT and NPS_E_RANGE with line and byte. */
NPS_MUST_CHECK nps_status nps_config_parse(nps_config *c, const char *text, size_t len, nps_err *err);

/* Sets one key as from the command line: again is fine, the last one holds. Errors: NPS_E_NOT_FOUND, NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_config_set(nps_config *c, const char *key, const char *value, nps_err *err);

/* To be called once after the last key: fills what depends on other keys (anonymous_identify is on by default on loopback
 * only; search_slots 0 becomes the number of cores) and checks what must fit together. Errors: NPS_E_RANGE. */
NPS_MUST_CHECK nps_status nps_config_settle(nps_config *c, nps_err *err);

/* The whole configuration as a file that gives it again; but for a password in the store's address, shown as ***. */
void nps_config_print(const nps_config *c, nps_buf *out);

/* One line of help a key, with its default. */
void nps_config_help(nps_buf *out);

#endif
