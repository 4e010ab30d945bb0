/* Control status in words: the same in text, JSON, page and report. Pure; each function appends to b, without a line's end.
 *
 * Whatever rests on a row that was not seen in a source says "to be confirmed"; a substance without a row is "not in these
 * tables", never "not controlled"; every statement about a verdict ends by saying that it is no legal advice. */
#ifndef NPS_SERVICE_CONTROL_TEXT_H
#define NPS_SERVICE_CONTROL_TEXT_H

#include "core/buf.h"
#include "reference-lib/control_view.h"

extern const char nps_control_no_advice[]; /* "This is a look-up in tables and no legal advice." */

/* A row's status on a day as a key for programs: "controlled" (1961, 1971, 1988), "listed" (other lists), "in-force" (class
 * rules), "not-yet", "unclear", "ended", "not-listed". */
const char *nps_control_status_name(const nps_control_row *r, uint32_t day);

/* "Single Convention of 1961, Schedule I", "GB: Misuse of Drugs Act 1971, ... (... Class A)". */
void nps_control_put_list(nps_buf *b, const nps_control_row *r);

/* All that a row says on a day (of the view), of a substance with this InChIKey ("": none in particular), in one clause. */
void nps_control_put_row(nps_buf *b, const char *day, uint32_t day_number, const nps_control_row *r, const char *inchikey);

/* "1971, II, to be confirmed"; "not in these tables". Without class rules. */
void nps_control_put_short(nps_buf *b, const nps_control_view *view, const nps_library *lib, uint32_t substance);

/* "1961 I; class rules: GB, CN (to be confirmed)": for tables where room is short. */
void nps_control_put_cell(nps_buf *b, const nps_control_view *view, const nps_library *lib, uint32_t substance);

/* What holds for a set (or, where it is empty, for the likeliest class, a text of the library, 0: none): status of its
 * members, where they differ, listed isomers; then day, tables, and that it is no legal advice. */
void nps_control_put_statement(nps_buf *b, const nps_control_view *view, const nps_library *lib, const nps_member *set,
                               size_t n_set, uint32_t class_name);

/* Only hits that ... are listed: nothing where nothing is filtered. */
void nps_control_put_filter(nps_buf *b, const nps_control_view *view);

#endif
