/* Exact searches of one generation by one similarity each: every entry is taken into account, indexes only skip what
 * scores zero. Results are entries with their score, best first, ties by entry number. */
#ifndef NPS_REFERENCE_LIB_SEARCH_H
#define NPS_REFERENCE_LIB_SEARCH_H

#include "core/similarity.h"
#include "reference-lib/workspace.h"

/* Which entries count. */
typedef struct {
    int polarity;         /* +1, -1: entries known to be of the other polarity are skipped; 0: all count */
    uint32_t self;        /* an entry to leave out; UINT32_MAX: none */
    uint32_t substance;   /* together with contributor: entries of this substance by this contributor are left out ... */
    uint32_t contributor; /* ... text id; UINT32_MAX: none */
} nps_filter;
static inline nps_filter nps_filter_all(void)
{
    return (nps_filter){.self = UINT32_MAX, .substance = UINT32_MAX, .contributor = UINT32_MAX};
}
bool nps_filter_passes(const nps_library *lib, const nps_filter *f, uint32_t entry);

/* EI, nominal mass: cosine of the weights of index.h. w->top gets the k best with a score above 0.
 * @param bin, weight  [n] as nps_index_ei_weights gives them
 * Scores are summed bin by bin in double. Errors: NPS_E_NOMEM. O(postings of the query's bins + entries). */
NPS_MUST_CHECK nps_status nps_search_ei(const nps_library *lib, const uint32_t *bin, const float *weight, size_t n,
                                        const nps_filter *f, size_t k, nps_workspace *w, nps_err *err);

/* MS/MS, whole library: spectral entropy similarity summed over all pairs within tol_mz (Li & Fiehn 2023, Nature
 * Methods 20, 1475-1478: exact because cleaning leaves gaps above twice the tolerance).
 * @param q  cleaned and weighted (nps_index_clean); tol_mz in (0, 0.025] Da */
NPS_MUST_CHECK nps_status nps_search_open(const nps_library *lib, nps_peak_view q, double tol_mz, const nps_filter *f,
                                          size_t k, nps_workspace *w, nps_err *err);

/* Unit-resolution data: every m/z is a multiple of 0.1 (within 1e-6), as from quadrupoles and ion traps. Pairs with such a
 * list are matched within NPS_UNIT_TOL instead of the accurate tolerance; so are precursors. */
#define NPS_UNIT_TOL 0.4
bool nps_is_unit_mass(double mz);
bool nps_is_unit_resolution(nps_peak_view p);

/* MS/MS, entries whose precursor lies within tol_precursor (Th) of `precursor`. As above otherwise, but with NPS_UNIT_TOL
 * where query or entry is of unit resolution; entries in the window without any common peak score 0 and are listed. */
NPS_MUST_CHECK nps_status nps_search_window(const nps_library *lib, nps_peak_view q, double precursor,
                                            double tol_precursor, double tol_mz, const nps_filter *f, size_t k,
                                            nps_workspace *w, nps_err *err);

/* MS/MS, analogues with a known precursor: for each entry the entropy similarity where a query peak matches directly or,
 * when it does not, at the library peak moved by the precursor difference ("direct wins", as ms_entropy's hybrid search). */
NPS_MUST_CHECK nps_status nps_search_hybrid(const nps_library *lib, nps_peak_view q, double precursor, double tol_mz,
                                            const nps_filter *f, size_t k, nps_workspace *w, nps_err *err);

/* Other published scores, by a plain walk over every entry of the query's technique: slower than the indexes above, for
 * comparison with other programs. Scores of core/similarity.h. */
typedef enum {
    NPS_SCORE_COMPOSITE,      /* ei, nominal mass: Stein & Scott 1994, m/z^1 sqrt(intensity) */
    NPS_SCORE_NOMINAL_ENTROPY,/* ei, nominal mass: spectral entropy */
    NPS_SCORE_COSINE,         /* msms: greedy cosine of sqrt(intensity) over the peaks as read */
    NPS_SCORE_MODIFIED_COSINE /* msms: the same, also at the precursor difference */
} nps_plain_score;
/* @param q  ei: nominal (nps_clean_nominal); msms: peaks as read. precursor: Th, for the modified cosine */
NPS_MUST_CHECK nps_status nps_search_plain(const nps_library *lib, nps_peak_view q, nps_plain_score score,
                                           double precursor, double tol_mz, const nps_filter *f, size_t k,
                                           nps_workspace *w, nps_err *err);

/* Cleaned row of an entry as a view. */
static inline nps_peak_view nps_library_clean_row(const nps_library *lib, uint32_t e)
{
    uint64_t at = lib->clean_at[e];
    return (nps_peak_view){lib->clean_mz + at, lib->clean_weight + at, lib->clean_at[e + 1] - at};
}
static inline nps_peak_view nps_library_peak_row(const nps_library *lib, uint32_t e)
{
    uint64_t at = lib->peak_at[e];
    return (nps_peak_view){lib->peak_mz + at, lib->peak_intensity + at, lib->peak_at[e + 1] - at};
}

/* Similarity of one pair by hybrid matching; *opt_direct and *opt_shifted get the numbers of pairs. */
double nps_hybrid_similarity(nps_peak_view q, nps_peak_view r, double shift, double tol_mz, uint32_t *opt_direct,
                             uint32_t *opt_shifted);

#endif
