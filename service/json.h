/* JSON out: a stream onto a buffer, so that running out of memory shows once, at the end (nps_buf_check). JSON in:
 * jansson, with limits on size and depth. */
#ifndef NPS_SERVICE_JSON_H
#define NPS_SERVICE_JSON_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { NPS_JSON_DEPTH = 32 };

typedef struct {
    nps_buf *out;
    int depth;
    char closing[NPS_JSON_DEPTH]; /* private: bracket that ends each open level */
    bool filled[NPS_JSON_DEPTH]; /* private: whether the open object or array at this depth has an item */
} nps_jw;

static inline nps_jw nps_jw_init(nps_buf *out) { return (nps_jw){.out = out}; }

/* `key` is NULL inside an array or at the top. Texts are UTF-8 and escaped (RFC 8259); NULL text writes null. */
void nps_jw_object(nps_jw *w, const char *key);
void nps_jw_array(nps_jw *w, const char *key);
void nps_jw_end(nps_jw *w); /* closes the innermost object or array */
/* Takes the last nps_jw_end back, so that members can be added to an object that another function wrote. */
void nps_jw_reopen(nps_jw *w);
void nps_jw_str(nps_jw *w, const char *key, const char *text);
void nps_jw_i64(nps_jw *w, const char *key, int64_t v);
void nps_jw_bool(nps_jw *w, const char *key, bool v);
void nps_jw_null(nps_jw *w, const char *key);
/* A text that was put together in a buffer; a failure of the buffer becomes one of the output. */
void nps_jw_text(nps_jw *w, const char *key, const nps_buf *text);
/* Up to so many significant digits: for values of any magnitude. null for what is not finite. */
void nps_jw_digits(nps_jw *w, const char *key, double v, int digits);
/* Rounded to `decimals` places, trailing zeros dropped; null when not finite. */
void nps_jw_num(nps_jw *w, const char *key, double v, int decimals);
/* A text that is JSON already. */
void nps_jw_raw(nps_jw *w, const char *key, const char *json);

#endif
