/* The k best entries when each has an upper bound of its score: full comparison of only those that can still be among
 * them. Private to reference-lib. */
#ifndef NPS_REFERENCE_LIB_BOUNDED_H
#define NPS_REFERENCE_LIB_BOUNDED_H

#include "reference-lib/workspace.h"

/* Exact score of an entry if it reaches floor_score; anything else may come as 0. May set the scratch's st and err. */
typedef double (*nps_entry_compare)(void *arg, unsigned thread, uint32_t entry, double floor_score);

/* Makes room for n bounds in w->bound. */
NPS_MUST_CHECK nps_status nps_bounded_fit(nps_workspace *w, uint64_t n, nps_err *err);

/* w->top gets the k best scores above 0, ties to the smaller entry; w->scored how many entries were compared.
 * @param w  nps_workspace_ready(w, 1, k) was called; w->bound[0 .. n - 1] holds the bounds, negative where an entry does not
 *   count; they are spent. Uses w->threads threads, compare gets the number of its own.
 * Errors: NPS_E_NOMEM, and what compare left in a scratch. */
NPS_MUST_CHECK nps_status nps_bounded_top(nps_workspace *w, uint64_t n, size_t k, nps_entry_compare compare, void *arg,
                                          nps_err *err);

#endif
