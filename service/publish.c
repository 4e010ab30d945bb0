#include "service/publish.h"

#include "service/cli.h"
#include "service/clock.h"
#include "service/generation.h"
#include "service/log.h"

#include <string.h>

/* Others wait for their turn no longer than this. */
static nps_status make(nps_app *app, const nps_actor *by, char id[static NPS_HOLDING_ID], bool *ret_good, nps_err *err)
{
    char today[11];
    if (pthread_mutex_trylock(&app->publishing) != 0)
        return nps_fail(err, NPS_E_BUSY, "a generation is being made already");
    NPS_AUTO_LIBRARY base = nps_slot_acquire(app->base);
    nps_cli_today(today);
    nps_generation_task t = {.store = app->store,
                             .generations = app->generations,
                             .base = base,
                             .today = today,
                             .by = by,
                             .threads = nps_cli_cores()};
    nps_status st = nps_generation_make(&t, id, ret_good, err);
    pthread_mutex_unlock(&app->publishing);
    return st;
}

/* Makes it the one in use when `expected` still is. When the operator's library is another than before, what rested on references that
 * it has no more is found by their keys. */
static nps_status use(nps_app *app, const nps_actor *by, const char *id, const char *expected, nps_err *err)
{
    char before[33];
    NPS_AUTO_HOLDING was = NULL;
    NPS_AUTO_HOLDING now = NULL;
    nps_reference_keys keys = {0};
    nps_err ignored;
    nps_status st = nps_store_generation_active(app->store, before, err);
    if (st == NPS_OK)
        st = nps_holding_open(app->generations, id, NPS_OPEN_TRUST_MARK, &now, err);
    if (st != NPS_OK)
        return st;
    bool known = *before && nps_holding_open(app->generations, before, NPS_OPEN_TRUST_MARK, &was, &ignored) == NPS_OK;
    bool same_base = known && strcmp(was->base, now->base) == 0;
    if (!same_base)
        st = nps_reference_keys_make(now, &keys, err);
    if (st == NPS_OK)
        st = nps_store_generation_activate(app->store, by, id, expected, same_base ? NULL : &keys, err);
    nps_reference_keys_done(&keys);
    return st;
}

static nps_status make_and_use(nps_app *app, const nps_actor *by, char id[static NPS_HOLDING_ID], nps_err *err)
{
    char before[33];
    bool good = false;
    nps_status st = nps_store_generation_active(app->store, before, err);
    if (st == NPS_OK)
        st = make(app, by, id, &good, err);
    if (st == NPS_OK && !good)
        st = nps_fail(err, NPS_E_CORRUPT, "generation %s failed its self-check and is not used (GET /v1/generations/%s)", id, id);
    return st == NPS_OK ? use(app, by, id, before, err) : st;
}

nps_status nps_publish_first(nps_app *app, nps_err *err)
{
    char id[33];
    nps_holding *h = NULL;
    const nps_actor by = {.member = "", .organisation = "", .now_ms = nps_clock_wall_ms()};
    nps_holding_sweep(app->generations);
    nps_status st = nps_store_generation_active(app->store, id, err);
    nps_err why = {0};
    if (st == NPS_OK && *id)
        st = nps_holding_open(app->generations, id, NPS_OPEN_TRUST_MARK, &h, &why);
    /* Files that are not there, as after a restore without them, are made again: the same, when the library is. */
    if (st == NPS_E_NOT_FOUND && *id) {
        nps_log_err(NPS_LOG_WARN, "generation-missing", &why);
        st = NPS_OK;
    } else if (st != NPS_OK && *why.msg) {
        nps_fail(err, st, "%s", why.msg);
    }
    if (st != NPS_OK)
        return st;
    NPS_AUTO_LIBRARY base = nps_slot_acquire(app->base);
    if (h && strcmp(h->base, base->generation) == 0)
        return nps_shelf_new(h, &app->shelf, err);
    nps_holding_release(h);
    h = NULL;
    st = make_and_use(app, &by, id, err);
    if (st == NPS_OK)
        st = nps_holding_open(app->generations, id, NPS_OPEN_TRUST_MARK, &h, err);
    return st == NPS_OK ? nps_shelf_new(h, &app->shelf, err) : st;
}

nps_status nps_publish_follow(nps_app *app, bool *ret_changed, nps_err *err)
{
    char id[33];
    nps_holding *next = NULL;
    nps_status st = nps_store_generation_active(app->store, id, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO_HOLDING now = nps_shelf_acquire(app->shelf);
    *ret_changed = strcmp(now->id, id) != 0;
    if (!*ret_changed)
        return NPS_OK;
    st = nps_holding_open(app->generations, id, NPS_OPEN_TRUST_MARK, &next, err);
    if (st != NPS_OK)
        return st;
    nps_shelf_swap(app->shelf, next);
    nps_log l;
    nps_log_begin(&l, NPS_LOG_INFO, "generation");
    nps_jw_str(&l.w, "generation", id);
    nps_log_end(&l);
    return NPS_OK;
}

nps_status nps_publish_build(nps_app *app, const nps_actor *by, bool *ret_changed, nps_err *err)
{
    char id[NPS_HOLDING_ID];
    nps_status st = make_and_use(app, by, id, err);
    return st == NPS_OK ? nps_publish_follow(app, ret_changed, err) : st;
}

nps_status nps_publish_activate(nps_app *app, const nps_actor *by, const char *id, nps_err *err)
{
    NPS_AUTO_HOLDING h = NULL;
    bool changed;
    /* Looked at in full before anybody relies on it. */
    nps_status st = nps_holding_open(app->generations, id, NPS_OPEN_VERIFY, &h, err);
    if (st == NPS_OK)
        st = use(app, by, id, "", err);
    return st == NPS_OK ? nps_publish_follow(app, &changed, err) : st;
}

nps_status nps_publish_reload(nps_app *app, const nps_actor *by, bool *ret_changed, nps_err *err)
{
    bool changed;
    nps_status st = nps_slot_reload(app->base, &changed, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO_HOLDING now = nps_shelf_acquire(app->shelf);
    NPS_AUTO_LIBRARY base = nps_slot_acquire(app->base);
    if (strcmp(now->base, base->generation) != 0)
        return nps_publish_build(app, by, ret_changed, err);
    *ret_changed = false;
    return NPS_OK;
}
