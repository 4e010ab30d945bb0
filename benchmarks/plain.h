/* The searches written down plainly, one library row after the other: the honest slow version that the engine is compared
 * with, in speed and in answers. No index, no pruning, no transform; only the weights are made beforehand.
 *
 * `best` must have been reset to the wanted k; it is left sorted, best first, ties by row. Rows that score 0 are left out.
 * Any thread; nothing is written but `best`. */
#ifndef NPS_BENCHMARKS_PLAIN_H
#define NPS_BENCHMARKS_PLAIN_H

#include "benchmarks/synth.h"

#include "core/shift_match.h"
#include "core/similarity.h"
#include "core/topk.h"

/* Row i; intensities are what the last of the functions below has made of them. */
static inline nps_peak_view bench_spectra_row(const bench_spectra *s, size_t i)
{
    return (nps_peak_view){s->mz + s->off[i], s->intensity + s->off[i], (size_t)(s->off[i + 1] - s->off[i])};
}

/* In place, for MS/MS: of neighbours closer than min_gap (Th) the stronger stays; then weighted as nps_entropy_weight does. */
void bench_plain_entropy_weights(bench_spectra *s, double min_gap);
/* In place, for EI: mz^mz_power * intensity^intensity_power, sum of squares 1. */
void bench_plain_cosine_weights(bench_spectra *s, double mz_power, double intensity_power);

/* Spectral entropy similarity (nps_entropy_similarity). O(peaks of the library). */
void bench_plain_entropy(const bench_spectra *lib, nps_peak_view q, double tol_mz, nps_topk *best);

/* The same where a query peak that meets none may meet one moved by the difference of the precursors. */
void bench_plain_hybrid(const bench_spectra *lib, nps_peak_view q, double precursor, double tol_mz, nps_topk *best);

/* Weighted cosine at whole m/z. */
void bench_plain_cosine(const bench_spectra *lib, nps_peak_view q, nps_topk *best);

enum { BENCH_PLAIN_LAG_MAX = 300 };

/* Products of the weights by difference of m/z, query minus row: ret_c[BENCH_PLAIN_LAG_MAX + lag]. Whole m/z. */
void bench_plain_correlation(nps_peak_view q, nps_peak_view r, double ret_c[2 * BENCH_PLAIN_LAG_MAX + 1]);

/* All lags by a double loop over the peaks, and the combined score (core/shift_match.h) at every lag where direct and
 * shifted products together exceed the best so far: the definition of reference-lib/lag.h. */
#define BENCH_PLAIN_LAG_GAIN 0.02
void bench_plain_lags(const bench_spectra *lib, nps_peak_view q, nps_topk *best);

#endif
