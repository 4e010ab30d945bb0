/* Checks of text that comes from outside. */
#ifndef NPS_SERVICE_TEXT_H
#define NPS_SERVICE_TEXT_H

#include "core/scan.h"

/* Well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, at most U+10FFFF) without control bytes (0-31, 127). */
bool nps_text_is_clean(nps_span s);

/* Characters (code points) of clean text. */
size_t nps_text_length(nps_span s);

/* "2026-11-23" with a month and a day that exist (RFC 3339 full-date). */
bool nps_text_is_date(nps_span s);

/* Two capital letters, the form of an ISO 3166-1 alpha-2 code. */
bool nps_text_is_country(nps_span s);

/* Lower-case hex digits only, exactly n. */
bool nps_text_is_hex(nps_span s, size_t n);

#endif
