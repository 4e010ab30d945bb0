#include "service/tally.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096 };

struct nps_tally {
    pthread_mutex_t lock;
    size_t n;
    nps_use use[ROOM];
};

nps_status nps_tally_new(nps_tally **ret_tally, nps_err *err)
{
    nps_tally *t = nps_array(1, sizeof *t);
    if (!t)
        return nps_fail_nomem(err);
    pthread_mutex_init(&t->lock, NULL);
    *ret_tally = t;
    return NPS_OK;
}

void nps_tally_free(nps_tally *t)
{
    if (t)
        pthread_mutex_destroy(&t->lock);
    free(t);
}

void nps_tally_add(nps_tally *t, const char *contribution, const char *day)
{
    pthread_mutex_lock(&t->lock);
    size_t i = 0;
    while (i < t->n && (strcmp(t->use[i].contribution, contribution) != 0 || strcmp(t->use[i].day, day) != 0))
        i++;
    if (i == t->n && t->n < ROOM) {
        t->n++;
        snprintf(t->use[i].contribution, sizeof t->use[i].contribution, "%s", contribution);
        snprintf(t->use[i].day, sizeof t->use[i].day, "%s", day);
        t->use[i].hits = 0;
    }
    if (i < t->n)
        t->use[i].hits++;
    pthread_mutex_unlock(&t->lock);
}

nps_status nps_tally_flush(nps_tally *t, nps_store *s, nps_err *err)
{
    pthread_mutex_lock(&t->lock);
    size_t n = t->n;
    nps_use *use = n ? nps_array(n, sizeof *use) : NULL;
    if (use) {
        memcpy(use, t->use, n * sizeof *use);
        t->n = 0;
    }
    pthread_mutex_unlock(&t->lock);
    nps_status st = use ? nps_store_uses_add(s, use, n, err) : NPS_OK;
    free(use);
    return st;
}
