/* npswatch serve: starts the service, waits for signals, stops it gracefully. */
#include "service/app.h"
#include "service/cli.h"
#include "service/clock.h"
#include "service/first_accounts.h"
#include "service/log.h"
#include "service/notify.h"
#include "service/publish.h"
#include "service/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: npswatch serve [--config FILE] [--KEY VALUE...]\n\n"
    "  --config FILE    lines of 'key = value'; what the command line says wins\n"
    "  --check-config   read and check the configuration, then end\n"
    "  --print-config   print the whole configuration as a file, then end\n\n"
    "keys (on the command line with two dashes; '-' serves as '_'):\n";

static int complain(const char *subject, const nps_err *err)
{
    nps_cli_complain(subject, err);
    return NPS_EXIT_INPUT;
}

static int read_config_file(nps_config *c, const char *path)
{
    nps_file f;
    nps_err err = {0};
    if (nps_file_open(path, (size_t)1 << 20, &f, &err) != NPS_OK)
        return complain(path, &err);
    nps_status st = nps_config_parse(c, f.data, f.len, &err);
    nps_file_close(&f);
    return st == NPS_OK ? NPS_EXIT_DONE : complain(path, &err);
}

static const char *config_path(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--config") == 0)
            return argv[i + 1];
    return NULL;
}

static void print_help(void)
{
    NPS_AUTO_BUF b = NPS_BUF_INIT(65536);
    nps_config_help(&b);
    fputs(usage, stdout);
    fputs(b.data ? b.data : "", stdout);
}

/* -1: go on; otherwise the exit status. */
static int take_options(int argc, char **argv, nps_config *c, bool *only_check, bool *print)
{
    const char *path = config_path(argc, argv);
    nps_err err = {0};
    int rc = path ? read_config_file(c, path) : NPS_EXIT_DONE;
    if (rc != NPS_EXIT_DONE)
        return rc;
    for (int i = 1; i < argc; i++) {
        char key[64];
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            return NPS_EXIT_DONE;
        }
        if (strcmp(argv[i], "--check-config") == 0) {
            *only_check = true;
            continue;
        }
        if (strcmp(argv[i], "--print-config") == 0) {
            *print = true;
            continue;
        }
        if (strncmp(argv[i], "--", 2) != 0 || strlen(argv[i]) >= sizeof key || i + 1 >= argc)
            return nps_cli_usage("serve", "'%s' is no option with a value", argv[i]);
        snprintf(key, sizeof key, "%s", argv[i] + 2);
        for (char *p = key; *p; p++)
            if (*p == '-')
                *p = '_';
        const char *value = argv[++i];
        if (strcmp(key, "config") != 0 && nps_config_set(c, key, value, &err) != NPS_OK)
            return nps_cli_usage("serve", "%s", err.msg);
    }
    return -1;
}

/* Blocked before any thread begins, so that all of them inherit it and only sigwait gets these. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static void reload_control(nps_app *app)
{
    bool changed = false;
    nps_err err = {0};
    if (nps_control_slot_reload(app->control, &changed, &err) != NPS_OK) {
        nps_log_err(NPS_LOG_ERROR, "control-reload-failed", &err);
        return;
    }
    if (changed && nps_app_keep_control(app, &err) != NPS_OK)
        nps_log_err(NPS_LOG_ERROR, "control-not-kept", &err);
    NPS_AUTO_CONTROL c = nps_control_slot_acquire(app->control);
    nps_log l;
    nps_log_begin(&l, NPS_LOG_INFO, "control-reload");
    nps_jw_bool(&l.w, "changed", changed);
    nps_jw_str(&l.w, "digest", nps_control_digest(c));
    nps_log_end(&l);
}

static void reload(nps_app *app)
{
    bool changed;
    nps_err err = {0};
    reload_control(app);
    const nps_actor by = {.member = "", .organisation = "", .now_ms = nps_clock_wall_ms()};
    if (nps_publish_reload(app, &by, &changed, &err) != NPS_OK) {
        nps_log_err(NPS_LOG_ERROR, "reload-failed", &err);
        return;
    }
    NPS_AUTO_HOLDING held = nps_shelf_acquire(app->shelf);
    nps_log l;
    nps_log_begin(&l, NPS_LOG_INFO, "reload");
    nps_jw_bool(&l.w, "changed", changed);
    nps_jw_str(&l.w, "generation", held->open->generation);
    nps_log_end(&l);
}

/* A store that cannot write is told in the status and by /readyz, and does not stop the pings: a new process would find the
 * same full disk, and this one still answers questions. What a new one can cure is a service that has got stuck, here or in
 * any of these calls. */
static bool is_alive(void *arg, char *ret_status, size_t status_size)
{
    nps_err err = {0};
    nps_health health = nps_app_health(arg, &err);
    snprintf(ret_status, status_size, "%s%s", health == NPS_HEALTHY ? "serving" : "not ready: ", err.msg);
    return health != NPS_STUCK;
}

static int run(const nps_config *c)
{
    nps_app *app = NULL;
    nps_watchdog *watchdog = NULL;
    nps_err err = {0};
    sigset_t set;
    block_signals(&set);
    nps_status st = nps_app_open(c, &app, &err);
    if (st == NPS_OK)
        st = nps_first_accounts(app->store, c->demo_accounts, stdout, &err);
    if (st == NPS_OK)
        st = nps_app_listen(app, &err);
    if (st == NPS_OK)
        st = nps_watchdog_start((nps_watchdog_question){.arg = app, .ask = is_alive}, &watchdog, &err);
    if (st != NPS_OK) {
        nps_app_close(app);
        return complain("serve", &err);
    }
    printf("npswatch: listening on %s\n", nps_http_address(app->http));
    fflush(stdout);
    nps_notify_ready("serving");
    for (int sig = SIGHUP; sig == SIGHUP;) {
        if (sigwait(&set, &sig) == 0 && sig == SIGHUP) {
            nps_notify_reloading("reading the library again");
            reload(app);
            nps_notify_ready("serving");
        }
    }
    nps_notify_stopping("waiting for requests in flight");
    nps_log l;
    nps_log_begin(&l, NPS_LOG_INFO, "stopping");
    nps_log_end(&l);
    nps_watchdog_stop(watchdog);
    nps_app_close(app);
    return NPS_EXIT_DONE;
}

int nps_cmd_serve(int argc, char **argv)
{
    nps_config c;
    nps_err err = {0};
    bool only_check = false, print = false;
    nps_config_init(&c);
    int rc = take_options(argc, argv, &c, &only_check, &print);
    if (rc >= 0)
        return rc;
    if (nps_config_settle(&c, &err) != NPS_OK)
        return nps_cli_usage("serve", "%s", err.msg);
    if (print) {
        NPS_AUTO_BUF b = NPS_BUF_INIT(65536);
        nps_config_print(&c, &b);
        fputs(b.data ? b.data : "", stdout);
    }
    return only_check || print ? NPS_EXIT_DONE : run(&c);
}
