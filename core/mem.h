/* Memory: overflow-checked allocation, scope-end freeing and hand-over of ownership. Nothing here aborts. */
#ifndef NPS_CORE_MEM_H
#define NPS_CORE_MEM_H

#include "core/err.h"

#include <stdbool.h>

/* n objects of `size` bytes, zeroed; NULL when memory is short or the product overflows. n = 0 gives one object's
 * worth, so that NULL always means failure. Release with free(). */
void *nps_array(size_t n, size_t size) __attribute__((malloc));

/* Makes room for `need` elements of `elem` bytes in *items (capacity *cap), growing by half; `max` is the caller's
 * limit in elements. The new part is not zeroed. Errors: NPS_E_LIMIT, NPS_E_NOMEM; then nothing has changed. */
NPS_MUST_CHECK nps_status nps_grow(void *items, size_t *cap, size_t need, size_t elem, size_t max, nps_err *err);

/* Terminated copy of n bytes; NULL when memory is short. NUL bytes inside end the text for its readers. */
char *nps_strndup(const char *p, size_t n) __attribute__((malloc));

/* NPS_AUTO(type) x = NULL; calls type_freep(&x) when the scope ends; `return nps_steal(x)` hands x over.
 * NPS_DEFINE_FREEP(type) makes type_freep from type_free, which must accept NULL and half-built objects. */
#define NPS_AUTO(type) __attribute__((cleanup(type##_freep))) type *
#define NPS_DEFINE_FREEP(type)                                \
    static inline void type##_freep(type **p) { type##_free(*p); }

#define nps_steal(p)                  \
    __extension__({                   \
        __typeof__(p) steal_ = (p);   \
        (p) = NULL;                   \
        steal_;                       \
    })

/* Plain char * or any malloc'd pointer freed at scope end: NPS_AUTO_MEM(char *) s = NULL; */
#define NPS_AUTO_MEM(type) __attribute__((cleanup(nps_mem_freep))) type
void nps_mem_freep(void *pp);

#endif
