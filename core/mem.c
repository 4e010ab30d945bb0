#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *nps_array(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return calloc(n ? n : 1, size);
}

nps_status nps_grow(void *items, size_t *cap, size_t need, size_t elem, size_t max, nps_err *err)
{
    if (need <= *cap)
        return NPS_OK;
    if (need > max)
        return nps_fail(err, NPS_E_LIMIT, "more than %zu items", max);
    size_t want = *cap + *cap / 2 + 16;
    if (want < need)
        want = need;
    if (want > max)
        want = max;
    if (want > SIZE_MAX / elem)
        return nps_fail_nomem(err);
    void *old;
    memcpy(&old, items, sizeof old);
    void *grown = realloc(old, want * elem);
    if (!grown)
        return nps_fail_nomem(err);
    memcpy(items, &grown, sizeof grown);
    *cap = want;
    return NPS_OK;
}

char *nps_strndup(const char *p, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *s = malloc(n + 1);
    if (!s)
        return NULL;
    if (n)
        memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

void nps_mem_freep(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p);
    free(p);
}
