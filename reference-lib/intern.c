#include "reference-lib/intern.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

uint64_t nps_hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *b = p;
    uint64_t h = UINT64_C(14695981039346656037) ^ seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(1099511628211);
    h ^= h >> 32;
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

nps_status nps_intern_init(nps_intern *t, nps_err *err)
{
    *t = (nps_intern){.heap = NPS_BUF_INIT((size_t)1 << 40)};
    t->n_slot = 1024;
    t->slot = nps_array(t->n_slot, sizeof *t->slot);
    nps_status st = t->slot ? nps_grow(&t->at, &t->at_cap, 2, sizeof *t->at, SIZE_MAX / 8, err) : nps_fail_nomem(err);
    if (st != NPS_OK) {
        nps_intern_done(t);
        return st;
    }
    t->at[0] = 0;
    uint32_t id;
    return nps_intern_put(t, "", &id, err);
}

void nps_intern_done(nps_intern *t)
{
    nps_buf_done(&t->heap);
    free(t->at);
    free(t->slot);
    *t = (nps_intern){0};
}

static size_t find_slot(const nps_intern *t, const char *text, size_t n)
{
    size_t mask = t->n_slot - 1, i = nps_hash_bytes(text, n, 0) & mask;
    while (t->slot[i] && strcmp(nps_intern_text(t, t->slot[i] - 1), text) != 0)
        i = (i + 1) & mask;
    return i;
}

static nps_status double_slots(nps_intern *t, nps_err *err)
{
    uint32_t *old = t->slot;
    uint32_t *slot = nps_array(2 * t->n_slot, sizeof *slot);
    if (!slot)
        return nps_fail_nomem(err);
    t->slot = slot;
    t->n_slot *= 2;
    for (uint32_t id = 0; id < t->n; id++) {
        const char *text = nps_intern_text(t, id);
        t->slot[find_slot(t, text, strlen(text))] = id + 1;
    }
    free(old);
    return NPS_OK;
}

nps_status nps_intern_put(nps_intern *t, const char *text, uint32_t *ret_id, nps_err *err)
{
    size_t n = strlen(text), i = find_slot(t, text, n);
    if (t->slot[i]) {
        *ret_id = t->slot[i] - 1;
        return NPS_OK;
    }
    if (t->n >= UINT32_MAX - 1)
        return nps_fail(err, NPS_E_LIMIT, "more texts than a library can hold");
    nps_status st = nps_grow(&t->at, &t->at_cap, t->n + 2, sizeof *t->at, SIZE_MAX / 8, err);
    if (st != NPS_OK)
        return st;
    nps_buf_add(&t->heap, text, n + 1);
    st = nps_buf_check(&t->heap, err);
    if (st != NPS_OK)
        return st;
    uint32_t id = (uint32_t)t->n++;
    t->at[t->n] = t->heap.len;
    t->slot[i] = id + 1;
    if (t->n * 2 > t->n_slot)
        st = double_slots(t, err);
    if (st == NPS_OK)
        *ret_id = id;
    return st;
}
