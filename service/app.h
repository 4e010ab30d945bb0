/* The service as one object: owns library, gate, store, relay and HTTP server, and takes requests to their handlers. */
#ifndef NPS_SERVICE_APP_H
#define NPS_SERVICE_APP_H

#include "reference-lib/match.h"
#include "service/calibration_file.h"
#include "service/config.h"
#include "service/control_files.h"
#include "service/gate.h"
#include "service/http.h"
#include "service/limiter.h"
#include "service/metrics.h"
#include "service/relay.h"
#include "service/shelf.h"
#include "service/signing_key.h"
#include "service/slot.h"
#include "service/store.h"
#include "service/tally.h"
#include "service/worker.h"

#include <pthread.h>

typedef struct nps_app {
    nps_config config;
    char base_url[256]; /* public_url, or where the server listens */
    int lock_fd;        /* DATA/lock: one service a folder */
    char name[NPS_UUID_TEXT];  /* of this process among those that share a store */
    char generations[600];     /* folder of library generations */
    nps_slot *base;            /* the operator's library, what generations are made from */
    nps_shelf *shelf;          /* the generation in use */
    pthread_mutex_t publishing; /* held while one is made */
    nps_control_slot *control;
    nps_calibration_set own;
    char own_digest[65];       /* of the calibration file's text; "" without one */
    nps_signing_key *signing_key;
    nps_tally *tally;
    nps_worker *worker;        /* NULL before nps_app_listen */
    nps_gate *gate;       /* before everything that searches */
    nps_gate *login_gate; /* before password hashes: two at a time */
    nps_workspace *workspace[64]; /* [config.search_slots], by slot of the gate */
    nps_store *store;
    nps_limiter *limiter;
    nps_relay *relay; /* NULL without webhook_url */
    nps_http *http;   /* NULL before nps_app_listen */
    nps_metrics metrics;
    atomic_bool stopping;
} nps_app;

/* Opens everything but the HTTP server; makes the data folder. `config` has been settled.
 * Errors: NPS_E_CONFLICT when another service uses the folder; the failures of the parts, with their subject. */
NPS_MUST_CHECK nps_status nps_app_open(const nps_config *config, nps_app **ret_app, nps_err *err);

/* Starts the relay, the worker and the HTTP server. */
NPS_MUST_CHECK nps_status nps_app_listen(nps_app *app, nps_err *err);

/* Keeps the control tables in use in the store, so that answers that rest on them can be given again. */
NPS_MUST_CHECK nps_status nps_app_keep_control(nps_app *app, nps_err *err);

/* Stops gracefully: not ready any more, requests in flight end, the relay ends its try, everything is closed. NULL is
 * fine, and so is one that never listened. */
void nps_app_close(nps_app *app);

/* Whether the service can do its work now, for /readyz and the watchdog. Stuck: every search slot has been taken for
 * NPS_STUCK_MS and none given back. What is wrong is said in err. Any thread. */
typedef enum { NPS_HEALTHY, NPS_STOPPING, NPS_STUCK, NPS_STORE_FAILS } nps_health;
NPS_MUST_CHECK nps_health nps_app_health(nps_app *app, nps_err *err);

/* The way of one request without any HTTP library: what the server calls, and tests. Any thread. */
bool nps_app_admit(nps_app *app, nps_request *req, size_t *ret_max_body, nps_reply *reply);
void nps_app_handle(nps_app *app, nps_request *req, nps_reply *reply);

#endif
