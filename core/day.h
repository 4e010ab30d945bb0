/* Days of the Gregorian calendar as numbers yyyymmdd, so that they compare as numbers do. */
#ifndef NPS_CORE_DAY_H
#define NPS_CORE_DAY_H

#include "core/scan.h"

/* "2026-11-23" (RFC 3339 full-date) with a month and a day that exist. False, and *ret_day untouched, otherwise. */
bool nps_day_parse(nps_span s, uint32_t *ret_day);

/* The same, or a year or a month alone ("2026", "2026-11"), of which the first and the last day are given. */
bool nps_day_parse_span(nps_span s, uint32_t *ret_first, uint32_t *ret_last);

#endif
