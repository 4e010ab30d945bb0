/* Exact searches of one generation by one similarity each. Results are entries with their score, best first, ties by entry
 * number; the k best are the same that comparing with every entry would give, for any number of threads. Upper bounds from
 * rounded-up postings (core/posting.h) say which entries can still be among them; only those are compared in full. */
#ifndef NPS_REFERENCE_LIB_SEARCH_H
#define NPS_REFERENCE_LIB_SEARCH_H

#include "core/similarity.h"
#include "reference-lib/prepare.h"
#include "reference-lib/workspace.h"

/* Which entries count. */
typedef struct {
    int polarity;         /* +1, -1: entries known to be of the other polarity are skipped; 0: all count */
    uint32_t self;        /* an entry to leave out; UINT32_MAX: none */
    uint32_t substance;   /* entries of this substance are left out; UINT32_MAX: of none ... */
    uint32_t contributor; /* ... those by this contributor (text id); UINT32_MAX: by any */
} nps_filter;
static inline nps_filter nps_filter_all(void)
{
    return (nps_filter){.self = UINT32_MAX, .substance = UINT32_MAX, .contributor = UINT32_MAX};
}
bool nps_filter_passes(const nps_library *lib, const nps_filter *f, uint32_t entry);

/* Scores, all in [0, 1]; ei on nominal-mass bins (spectra/clean.h), msms and dart on cleaned peaks (index.h). */
typedef enum {
    NPS_SCORE_WEIGHTED_COSINE, /* of m/z * sqrt(intensity) */
    NPS_SCORE_COSINE,          /* of sqrt(intensity) */
    NPS_SCORE_ENTROPY,         /* spectral entropy similarity, weighted (Li et al. 2021) */
    NPS_SCORE_COMPOSITE        /* ei: Stein & Scott 1994, m/z * sqrt(intensity) with neighbour ratios; compares with all */
} nps_score;
const char *nps_score_name(nps_score s); /* "weighted-cosine", "cosine", "entropy", "composite" */

typedef enum {
    NPS_MODE_OPEN,   /* every entry of the technique; msms and dart count as one */
    NPS_MODE_WINDOW, /* msms, dart: entries whose precursor lies within tol_precursor; also those without any common peak */
    NPS_MODE_ANALOG, /* msms, dart, precursor known: a query peak matches directly or at the precursor difference. entropy: the
                      * direct match wins, as in ms_entropy's hybrid search; cosines: greedy over both, as the modified
                      * cosine (Watrous et al. 2012). For ei: lag.h */
    NPS_MODE_LOSS    /* msms, dart, precursor known: neutral losses instead of m/z */
} nps_search_mode;

typedef struct {
    nps_search_mode mode;
    nps_score score;
    bool reverse;         /* the same score over the query's peaks that the entry has too (compares with all entries, but
                           * for the cosines of ei, which have a bound) */
    double tol_mz;        /* Da, (0, NPS_TOL_MZ_MAX]; ei ignores it */
    double tol_precursor; /* Th, NPS_MODE_WINDOW */
    size_t k;
} nps_search_options;

/* NPS_E_RANGE outside (0, NPS_TOL_MZ_MAX]. */
NPS_MUST_CHECK nps_status nps_check_tol_mz(double tol_mz, nps_err *err);

/* Unit-resolution data: every m/z is a multiple of 0.1 (within 1e-6), as from quadrupoles and ion traps. In a precursor
 * window, pairs with such a list are matched within NPS_UNIT_TOL instead of tol_mz; so are precursors. */
#define NPS_UNIT_TOL 0.4
bool nps_is_unit_mass(double mz);
bool nps_is_unit_resolution(nps_peak_view p);
/* Whether the two are matched so: a (the query's peaks) or b is of unit resolution, and the precursors lie within NPS_UNIT_TOL. */
bool nps_is_coarse_pair(const nps_prepared *q, double other_precursor, nps_peak_view a, nps_peak_view b);
/* Th; how far two precursors may lie apart: ppm of the query's, or NPS_UNIT_TOL where one of them is only known to that. */
double nps_precursor_tolerance(const nps_prepared *q, double ppm, double other);

/* The k best entries of the query's technique with a score above 0 (window: from 0 on) into w->top.
 * Errors: NPS_E_UNSUPPORTED for a technique, mode and score that do not go together (the message says which);
 * NPS_E_RANGE where a mode needs a precursor and the query has none, or for a tolerance outside its range; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_search(const nps_library *lib, const nps_prepared *q, const nps_search_options *o,
                                     const nps_filter *f, nps_workspace *w, nps_err *err);

/* The same for n queries of one technique at once: threads share the work of all, and a part of the library is used for every
 * query while it is in the cache. @param ret_top  [n] results; each is reset, the caller inits and frees it */
NPS_MUST_CHECK nps_status nps_search_batch(const nps_library *lib, const nps_prepared *q, size_t n,
                                           const nps_search_options *o, const nps_filter *f, nps_workspace *w,
                                           nps_topk *ret_top, nps_err *err);

/* Similarity of one pair by hybrid matching (NPS_MODE_ANALOG, entropy); *opt_direct and *opt_shifted get the numbers of
 * pairs. Weighted views. */
double nps_hybrid_similarity(nps_peak_view q, nps_peak_view r, double shift, double tol_mz, uint32_t *opt_direct,
                             uint32_t *opt_shifted);

#endif
