/* UTF-8 (RFC 3629): shortest forms, no surrogates, at most U+10FFFF. */
#ifndef NPS_CORE_UTF8_H
#define NPS_CORE_UTF8_H

#include "core/scan.h"

/* Bytes of the character at p, of which n > 0 bytes are there; 0 when it is none. */
size_t nps_utf8_length(const unsigned char *p, size_t n);

/* Well-formed, without control bytes (0-31, 127). */
bool nps_utf8_is_clean(nps_span s);

#endif
