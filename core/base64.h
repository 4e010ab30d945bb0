/* Undoing base64 (RFC 4648, section 4). */
#ifndef NPS_CORE_BASE64_H
#define NPS_CORE_BASE64_H

#include "core/scan.h"

/* Most bytes that `n` characters can stand for. */
static inline size_t nps_base64_room(size_t n) { return n / 4 * 3 + 3; }

/* Decodes the text into out [nps_base64_room(text.n)]; blanks and line ends anywhere are passed over, padding may be
 * missing. False, with the place of the first faulty character (text.n: the text ends early) in *ret_fault; *ret_n is
 * then untouched. O(n). */
bool nps_base64_unpack(nps_span text, char *out, size_t *ret_n, size_t *ret_fault);

#endif
