/* Stored samples and contributions as JSON: in answers and exports alike. */
#ifndef NPS_SERVICE_SAMPLE_JSON_H
#define NPS_SERVICE_SAMPLE_JSON_H

#include "service/json.h"
#include "service/store_contributions.h"

void nps_jw_sample(nps_jw *w, const nps_stored_sample *s);
/* @param whole  with its checks */
void nps_jw_contribution(nps_jw *w, const nps_contribution *c, bool whole);

#endif
