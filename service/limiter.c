#include "service/limiter.h"

#include "service/crypt.h"
#include "service/store_accounts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, SETS = NPS_LIMITER_SUBJECTS / WAYS, BLOCKS = 10, KEY = 33 };

typedef struct {
    char key[KEY]; /* "": free */
    nps_budget_kind kind;
    bool asks;   /* a thread is at the store for it: not to be reused, others wait */
    bool spent;  /* the store has no more of this window */
    int64_t window, got, used; /* got: what may be used so far */
    uint64_t seen; /* place in the order of use */
} entry;

struct nps_limiter {
    int64_t limit[NPS_BUDGETS];
    nps_store *store;
    char purpose[80];
    pthread_mutex_t lock;
    pthread_cond_t answered;
    entry *table; /* [SETS * WAYS] */
    uint64_t clock;
    atomic_uint_fast64_t refused[NPS_BUDGETS];
};

static const char *store_kind(nps_budget_kind k)
{
    static const char *const names[NPS_BUDGETS] = {"rate default", "rate anonymous", "rate login"};
    return names[k];
}

nps_status nps_limiter_new(const int64_t limit[NPS_BUDGETS], nps_store *opt_store, nps_limiter **ret_limiter, nps_err *err)
{
    char salt[65];
    nps_limiter *l = nps_array(1, sizeof *l);
    entry *table = l ? nps_array((size_t)SETS * WAYS, sizeof *table) : NULL;
    if (!table) {
        free(l);
        return nps_fail_nomem(err);
    }
    memcpy(l->limit, limit, sizeof l->limit);
    l->store = opt_store;
    l->table = table;
    /* Processes of one store must agree; one that is alone is better off with what nobody knows. */
    nps_random_hex(32, salt);
    snprintf(l->purpose, sizeof l->purpose, "caller %s", opt_store ? nps_store_uuid(opt_store) : salt);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->answered, NULL);
    *ret_limiter = l;
    return NPS_OK;
}

void nps_limiter_free(nps_limiter *l)
{
    if (!l)
        return;
    pthread_cond_destroy(&l->answered);
    pthread_mutex_destroy(&l->lock);
    free(l->table);
    free(l);
}

/* --- the table: sets of a few places, in each the one seen longest ago makes room ----------------------------------------------- */

static entry *set_of(nps_limiter *l, const char *key)
{
    char head[5] = {key[0], key[1], key[2], key[3], '\0'};
    return l->table + strtoul(head, NULL, 16) % SETS * WAYS;
}

/* NULL when every place of the set is at the store at the moment. */
static entry *find(nps_limiter *l, nps_budget_kind kind, const char *key)
{
    entry *set = set_of(l, key), *oldest = NULL;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].kind == kind && strcmp(set[i].key, key) == 0)
            return &set[i];
        if (!set[i].asks && (!oldest || set[i].seen < oldest->seen))
            oldest = &set[i];
    }
    if (oldest) {
        *oldest = (entry){.kind = kind, .window = -1};
        memcpy(oldest->key, key, KEY);
    }
    return oldest;
}

static void begin_window(const nps_limiter *l, entry *e, int64_t window)
{
    e->window = window;
    e->used = 0;
    e->got = l->store ? 0 : l->limit[e->kind];
    e->spent = !l->store;
}

/* Takes a block from the store; called and left with the lock held, which is given up meanwhile. */
static void ask_store(nps_limiter *l, entry *e)
{
    int64_t limit = l->limit[e->kind], got = 0, window = e->window;
    char key[KEY];
    memcpy(key, e->key, KEY);
    e->asks = true;
    pthread_mutex_unlock(&l->lock);
    nps_status st = nps_store_quota_take(l->store, key, store_kind(e->kind), &window, limit, (limit + BLOCKS - 1) / BLOCKS, &got, NULL);
    pthread_mutex_lock(&l->lock);
    e->asks = false;
    if (st != NPS_OK) {
        /* Alone until the next window: the limit holds for this process. */
        e->got = limit;
        e->spent = true;
    } else {
        if (window != e->window)
            begin_window(l, e, window); /* the others are in a later one already */
        e->got += got;
        e->spent = got == 0;
    }
    pthread_cond_broadcast(&l->answered);
}

/* With the lock held. Others may have used the entry for someone else, or spent a block, while this thread waited. */
static bool spend(nps_limiter *l, nps_budget_kind kind, const char *key, int64_t window, nps_budget *b, int64_t *ret_window)
{
    for (;;) {
        entry *e = find(l, kind, key);
        if (!e || e->asks) {
            pthread_cond_wait(&l->answered, &l->lock);
            continue;
        }
        if (window > e->window || window < e->window - NPS_QUOTA_BEHIND)
            begin_window(l, e, window);
        e->seen = ++l->clock;
        if (e->used == e->got && !e->spent) {
            ask_store(l, e);
            continue;
        }
        bool allowed = e->used < e->got;
        e->used += allowed;
        b->left = e->spent ? e->got - e->used : l->limit[kind] - e->used;
        *ret_window = e->window;
        return allowed;
    }
}

nps_budget nps_limiter_take(nps_limiter *l, nps_budget_kind kind, const char *subject, int64_t now_ms)
{
    nps_budget b = {.counted = true, .kind = kind, .limit = l->limit[kind]};
    int64_t window = 0;
    char hash[65];
    if (!b.limit)
        return (nps_budget){.allowed = true};
    nps_secret_hash(l->purpose, subject, hash);
    hash[KEY - 1] = '\0';
    pthread_mutex_lock(&l->lock);
    b.allowed = spend(l, kind, hash, now_ms / NPS_WINDOW_MS, &b, &window);
    pthread_mutex_unlock(&l->lock);
    b.reset_s = ((window + 1) * NPS_WINDOW_MS - now_ms + 999) / 1000;
    if (!b.allowed)
        atomic_fetch_add(&l->refused[kind], 1);
    return b;
}

uint64_t nps_limiter_refused(nps_limiter *l, nps_budget_kind kind)
{
    return atomic_load(&l->refused[kind]);
}

nps_status nps_limiter_clean(nps_limiter *l, int64_t now_ms, nps_err *err)
{
    nps_status st = NPS_OK;
    for (nps_budget_kind k = 0; l->store && k < NPS_BUDGETS && st == NPS_OK; k++)
        st = nps_store_quota_forget(l->store, store_kind(k), now_ms / NPS_WINDOW_MS - 1, err);
    return st;
}
