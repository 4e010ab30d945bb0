/* Peak list of a centroided mass spectrum.
 *
 * Invariant (nps_peaks_check): mz finite, > 0, strictly ascending; intensity finite and > 0. Readers build lists with
 * nps_peaks_push in any order and call nps_peaks_settle once, which sorts, merges and counts what it had to repair.
 */
#ifndef NPS_SPECTRA_PEAKS_H
#define NPS_SPECTRA_PEAKS_H

#include "core/err.h"
#include "core/mem.h"

#include <stdint.h>

typedef struct {
    size_t n, cap;
    double *mz;       /* [n] Th */
    float *intensity; /* [n] any positive scale */
    char **note;      /* [n] peak comments as written, single entries may be NULL; NULL when there is none at all */
} nps_peaks;

/* What nps_peaks_settle changed. */
typedef struct {
    size_t unsorted;  /* peaks that came after a larger m/z */
    size_t duplicate; /* peaks merged into an equal m/z (intensities added, first note kept) */
    size_t zero;      /* peaks of zero intensity that were left out */
} nps_peaks_repairs;

void nps_peaks_done(nps_peaks *p); /* frees the arrays and notes; leaves an empty list */

/* Appends a peak; takes no ownership of `note` (copied; NULL or note_n = 0 for none). `max` is the caller's limit.
 * Errors: NPS_E_RANGE for m/z not in (0, 1e6] or intensity not in [0, 3e38]; NPS_E_LIMIT, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_peaks_push(nps_peaks *p, double mz, double intensity, const char *note, size_t note_n,
                                         size_t max, nps_err *err);

/* Establishes the invariant; stable, O(n log n), O(n) when already sorted. Adds to *repairs (may be NULL).
 * Errors: NPS_E_RANGE when intensities at one m/z add up beyond 3e38; NPS_E_NOMEM. Then the list is fit for nps_peaks_done only. */
NPS_MUST_CHECK nps_status nps_peaks_settle(nps_peaks *p, nps_peaks_repairs *repairs, nps_err *err);

/* NPS_E_RANGE with the index of the first peak that breaks the invariant. */
NPS_MUST_CHECK nps_status nps_peaks_check(const nps_peaks *p, nps_err *err);

#endif
