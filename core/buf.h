/* Growing byte buffer with a hard cap that is stated when it is made.
 *
 * Invariant: data is NULL only while cap is 0; otherwise data[len] == 0, so the content can be used as text.
 * Failure sticks: after one, further appends do nothing and `failed` says why, so that a long run of appends needs
 * a single check at its end (nps_buf_check).
 */
#ifndef NPS_CORE_BUF_H
#define NPS_CORE_BUF_H

#include "core/err.h"

typedef struct {
    char *data; /* [len + 1], owned */
    size_t len, cap, max;
    nps_status failed; /* NPS_OK, NPS_E_LIMIT or NPS_E_NOMEM */
} nps_buf;

#define NPS_BUF_INIT(max_bytes) ((nps_buf){.max = (max_bytes)})

void nps_buf_done(nps_buf *b);  /* frees; leaves an empty buffer with the same cap */
void nps_buf_clear(nps_buf *b); /* empties, keeps memory, forgets a failure */
void nps_buf_add(nps_buf *b, const void *p, size_t n);
void nps_buf_puts(nps_buf *b, const char *text);
void nps_buf_putc(nps_buf *b, char c);
void nps_buf_printf(nps_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Shortest decimal text that reads back as the same double / the same float, read as a float or as a double; always with
 * '.' as the decimal sign. */
void nps_buf_put_double(nps_buf *b, double v);
void nps_buf_put_float(nps_buf *b, float v);

/* Text with the five XML specials escaped and bytes that XML 1.0 forbids dropped. */
void nps_buf_put_xml(nps_buf *b, const char *text);

/* Makes b fail where `part`, which a piece of its content came from, has: a text that was cut must not pass for a whole one. */
void nps_buf_fail_with(nps_buf *b, const nps_buf *part);

NPS_MUST_CHECK nps_status nps_buf_check(const nps_buf *b, nps_err *err);

/* Takes the memory (NULL for an empty buffer that never grew is replaced by ""); the buffer is empty afterwards. */
char *nps_buf_detach(nps_buf *b);

#define NPS_AUTO_BUF __attribute__((cleanup(nps_buf_done))) nps_buf

#endif
