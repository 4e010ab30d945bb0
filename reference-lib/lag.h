/* All-lag search of EI spectra: the entries that resemble the query when one of the two is moved by a mass, found without
 * knowing the query's molecular mass. */
#ifndef NPS_REFERENCE_LIB_LAG_H
#define NPS_REFERENCE_LIB_LAG_H

#include "core/lag_scan.h"
#include "reference-lib/search.h"

/* What the shifted pairs must add to the score of the direct ones: less is isotopes and chance. */
#define NPS_LAG_GAIN 0.02

/* One library spectrum that resembles the query, moved by a mass. */
typedef struct {
    uint32_t entry;
    int lag;            /* Da, query minus reference; never 0 */
    double score;       /* [0, 1] combined score (core/shift_match.h): direct and shifted pairs, each peak used once */
    double plain;       /* [0, 1] the direct pairs alone: the cosine */
} nps_lag_hit;

/* The k best entries by their combined score at their best lag, exactly: the same that trying every lag with every entry
 * would give. A lag counts where its score exceeds the entry's plain cosine by NPS_LAG_GAIN; entries without such a lag are
 * left out. Among lags of the same score the smaller shift counts, then the positive one; among entries the lower number.
 * @param q  nominal (nps_clean_nominal)
 * @param ret_hits  [k]; *ret_n of them, best first
 * Uses w->threads threads. Errors: NPS_E_NOMEM. One bound an entry (core/lag_scan.h), then full comparison of those that can
 * still be among the k best; w->scored says how many. */
NPS_MUST_CHECK nps_status nps_search_lag(const nps_library *lib, const nps_peaks *q, const nps_filter *f, size_t k,
                                         nps_workspace *w, nps_lag_hit *ret_hits, size_t *ret_n, nps_err *err);

/* The same by a method of one's own choice, for tests and benchmarks. */
NPS_MUST_CHECK nps_status nps_search_lag_by(const nps_library *lib, const nps_peaks *q, const nps_filter *f, size_t k,
                                            nps_lag_method method, nps_workspace *w, nps_lag_hit *ret_hits, size_t *ret_n,
                                            nps_err *err);

/* Weights of the search, unit norm, of peaks as read or nominal ones. */
void nps_lag_row_set(nps_nominal_row *row, nps_peak_view p);

/* The pairs behind a hit, by ascending query bin: what carries the shift. @param ret_pairs [NPS_NOMINAL_BINS] */
size_t nps_lag_pairs(const nps_library *lib, const nps_peaks *q, const nps_lag_hit *hit, nps_workspace *w,
                     nps_shift_pair *ret_pairs);

#endif
