#include "service/slot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct nps_slot {
    pthread_mutex_t lock;
    nps_library *current;
    bool loading;
    char path[]; /* terminated */
};

nps_status nps_slot_open(const char *path, nps_slot **ret_slot, nps_err *err)
{
    nps_library *lib;
    nps_status st = nps_library_open(path, NPS_OPEN_TRUST_MARK, &lib, err);
    if (st != NPS_OK)
        return st;
    nps_slot *s = nps_array(1, sizeof *s + strlen(path) + 1);
    if (!s) {
        nps_library_release(lib);
        return nps_fail_nomem(err);
    }
    pthread_mutex_init(&s->lock, NULL);
    s->current = lib;
    memcpy(s->path, path, strlen(path) + 1);
    *ret_slot = s;
    return NPS_OK;
}

void nps_slot_close(nps_slot *s)
{
    if (!s)
        return;
    nps_library_release(s->current);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

nps_library *nps_slot_acquire(nps_slot *s)
{
    pthread_mutex_lock(&s->lock);
    nps_library *lib = nps_library_acquire(s->current);
    pthread_mutex_unlock(&s->lock);
    return lib;
}

static bool begin_loading(nps_slot *s)
{
    pthread_mutex_lock(&s->lock);
    bool free_to_load = !s->loading;
    s->loading = true;
    pthread_mutex_unlock(&s->lock);
    return free_to_load;
}

nps_status nps_slot_reload(nps_slot *s, bool *ret_changed, nps_err *err)
{
    if (!begin_loading(s))
        return nps_fail(err, NPS_E_BUSY, "the library is being loaded already");
    nps_library *lib = NULL, *old = NULL;
    nps_status st = nps_library_open(s->path, NPS_OPEN_TRUST_MARK, &lib, err);
    pthread_mutex_lock(&s->lock);
    s->loading = false;
    bool changed = st == NPS_OK && strcmp(lib->generation, s->current->generation) != 0;
    if (changed) {
        old = s->current;
        s->current = nps_steal(lib);
    }
    pthread_mutex_unlock(&s->lock);
    nps_library_release(old);
    nps_library_release(lib);
    if (st == NPS_OK)
        *ret_changed = changed;
    return st;
}
