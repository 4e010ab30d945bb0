/* Text scanner over (pointer, length): lines with their number and byte offset, tokens, numbers. Knows no locale and
 * needs no terminator. A span points into the caller's memory and owns nothing. */
#ifndef NPS_CORE_SCAN_H
#define NPS_CORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *p;
    size_t n;
} nps_span;

#define NPS_SPAN(literal) ((nps_span){(literal), sizeof(literal) - 1})

typedef struct {
    const char *start, *p, *end;
    size_t line;         /* number of the line last returned, 1-based; 0 before the first */
    const char *next_lf; /* private */
} nps_scan;

nps_scan nps_scan_init(const void *data, size_t len);

/* Next line without its end (LF, CRLF or lone CR). False at the end of the input. */
bool nps_scan_line(nps_scan *s, nps_span *ret_line);

/* Byte offset of a place inside the scanned input. */
static inline size_t nps_scan_offset(const nps_scan *s, const char *at) { return (size_t)(at - s->start); }

nps_span nps_span_of(const char *text); /* of a terminated text; NULL gives an empty span */
nps_span nps_span_trim(nps_span s);     /* without blanks and tabs at both ends */
bool nps_span_is(nps_span s, const char *text);        /* equal, ASCII case ignored */
bool nps_span_starts(nps_span s, const char *text);    /* begins with, ASCII case ignored */

/* Cuts the next token off *rest: skips bytes of `separators`, then takes up to the next one. False when none is left. */
bool nps_span_token(nps_span *rest, const char *separators, nps_span *ret_token);

/* Splits at the first `at`; false, and nothing changed, when it is not there. Both halves trimmed. */
bool nps_span_split(nps_span s, char at, nps_span *ret_left, nps_span *ret_right);

/* Longest decimal number (sign, digits, one '.', exponent) at the front of [p, end); correctly rounded, as strtod in
 * the C locale would. Returns the byte after it, or NULL when there is none, it is longer than 63 bytes or not
 * finite. No hex, no inf, no nan, no leading blanks. */
const char *nps_scan_number(const char *p, const char *end, double *ret_v);

/* The whole trimmed span as one number. False, and *ret untouched, otherwise. */
bool nps_span_double(nps_span s, double *ret_v);
bool nps_span_u64(nps_span s, uint64_t *ret_v); /* digits only, no sign, no overflow */

#endif
