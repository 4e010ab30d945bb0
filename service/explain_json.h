/* The JSON of explain.h: the numbers behind the sentences, and the sentences themselves. Each writes members of an open object. */
#ifndef NPS_SERVICE_EXPLAIN_JSON_H
#define NPS_SERVICE_EXPLAIN_JSON_H

#include "reference-lib/verdict.h"
#include "service/json.h"

/* "evidence", "conformity", "in_set", "explanation"; "contributions" (of every feature of the model) of entries that are open to
 * all only. */
void nps_jw_explanation(nps_jw *w, const nps_library *lib, const nps_verdict *v, size_t hit);
void nps_jw_unexplained(nps_jw *w, const nps_library *lib, const nps_verdict *v);
void nps_jw_blindness(nps_jw *w, const nps_library *lib, const nps_verdict *v);
void nps_jw_advice(nps_jw *w, const nps_verdict *v);
void nps_jw_calibration(nps_jw *w, const nps_verdict *v);
/* "facts": what the query's file says of its measurement, [{"name", "value"}]. */
void nps_jw_facts(nps_jw *w, const nps_spectrum *s);

#endif
