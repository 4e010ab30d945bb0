/* What changed between two answers about one sample. */
#ifndef NPS_SERVICE_DIFFERENCE_H
#define NPS_SERVICE_DIFFERENCE_H

#include "service/json.h"

/* Members of the open object: "changed", "before" and "after" (outcomes), "generation_before", "generation_after", "added" and
 * "removed" (substances of the set that only one of them has, as {"name","inchikey"}).
 * @param before, after  the JSON of two sample verdicts. Errors: NPS_E_CORRUPT when one is none; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_jw_difference(nps_jw *w, const char *before, const char *after, nps_err *err);

#endif
