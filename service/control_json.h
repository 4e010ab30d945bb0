/* Control status in JSON: one contract for the program, the HTTP interface and the page. */
#ifndef NPS_SERVICE_CONTROL_JSON_H
#define NPS_SERVICE_CONTROL_JSON_H

#include "reference-lib/control_view.h"
#include "service/json.h"

/* "control": what the tables say of a substance, one object a row, empty where it is not in them; "control_text": the same in short. Nothing for a NULL view. */
void nps_jw_control_of(nps_jw *w, const nps_control_view *view, const nps_library *lib, uint32_t substance);

/* "control" of a verdict: day, tables, digest, whether the members of the set differ, and the statement. `left_out`: hits and
 * analogues that the filter does not list. Nothing for a NULL view. */
void nps_jw_control(nps_jw *w, const nps_control_view *view, const nps_library *lib, const nps_member *set, size_t n_set,
                    uint32_t class_name, size_t left_out);

/* One row as an object of an array, with everything that the table holds. */
void nps_jw_control_row(nps_jw *w, const nps_control_view *view, const nps_control_row *r, const char *inchikey);

/* "day", "tables" and "digest" of the object that is open. */
void nps_jw_control_basis(nps_jw *w, const nps_control_view *view);

#endif
