/* All-lag correlation of EI spectra: the query against every library spectrum over all mass shifts at once, by FFT. */
#ifndef NPS_REFERENCE_LIB_LAG_H
#define NPS_REFERENCE_LIB_LAG_H

#include "reference-lib/search.h"

enum { NPS_LAG_MAX = 300 }; /* Da: largest shift looked for, to both sides */
/* What the shifted pairs must add to the score of the direct ones: less is isotopes and chance. */
#define NPS_LAG_GAIN 0.02

/* One library spectrum that resembles the query, moved by a mass. */
typedef struct {
    uint32_t entry;
    int lag;            /* Da, query minus reference; never 0 */
    double score;       /* [0, 1] cosine of square roots of intensity over direct and shifted pairs, each peak used once */
    uint32_t direct, shifted; /* pairs */
} nps_lag_hit;

/* The k best entries by combined score. First every entry is ranked by its correlation at lag 0 plus the best one at
 * another lag, the mean over all lags subtracted; then the best 4 k (at least 64) at their three best lags are scored
 * with each peak used once; entries that no shift improves by NPS_LAG_GAIN are left out.
 * @param q  nominal (nps_clean_nominal)
 * @param ret_hits  [k]; *ret_n of them, best first, ties by entry
 * The transforms of the library are made at the first call and kept with it (any thread; one makes, others wait).
 * Errors: NPS_E_NOMEM. One forward and n inverse transforms. */
NPS_MUST_CHECK nps_status nps_search_lag(const nps_library *lib, const nps_peaks *q, const nps_filter *f, size_t k,
                                         nps_workspace *w, nps_lag_hit *ret_hits, size_t *ret_n, nps_err *err);

#endif
