/* Two nominal-mass spectra of which one may be moved by a mass: the evidence for an analogue.
 *
 * A query peak can stand for the library peak at its own mass (the part of the molecule that did not change) or for the one
 * `lag` below it (the part that carries the change). The score is the largest sum of weight products over an assignment in
 * which each peak of either spectrum is used at most once: the optimum, not a greedy guess. Over one lag the possible
 * pairs form paths, so the optimum takes one walk over the query's peaks. */
#ifndef NPS_CORE_SHIFT_MATCH_H
#define NPS_CORE_SHIFT_MATCH_H

#include "core/similarity.h"

#include <stddef.h>
#include <stdint.h>

enum { NPS_LAG_MAX = 300 }; /* Da: largest shift looked for, to both sides */

/* One spectrum, dense and sparse at once. Invariant: the weight of a bin is > 0 exactly for the bins listed. Room of a lag on
 * either side lets shifted reads go without a test. */
typedef struct {
    double padded[NPS_LAG_MAX + NPS_NOMINAL_BINS + NPS_LAG_MAX];
    uint16_t bin[NPS_NOMINAL_BINS]; /* [n] ascending */
    size_t n;
} nps_nominal_row;

/* Weight of bin -NPS_LAG_MAX .. NPS_NOMINAL_BINS + NPS_LAG_MAX - 1; 0 where there is no peak. */
static inline double nps_bin_weight(const nps_nominal_row *row, int bin) { return row->padded[NPS_LAG_MAX + bin]; }

/* Weights m^mz_power * intensity^intensity_power of a peak list, scaled to a sum of squares of 1, into *row, which must be
 * zeroed or hold another spectrum (it is emptied first, in O(its peaks)). Peaks of one nominal bin (similarity.h) are
 * added up before weighting; those below bin `lowest` and above the last bin do not count.
 * @param mz  [n] ascending; intensity [n] > 0 */
void nps_nominal_row_set(nps_nominal_row *row, const double *mz, const float *intensity, size_t n, double mz_power,
                         double intensity_power, unsigned lowest);

/* sum over bins of q r: the plain cosine. */
double nps_nominal_dot(const nps_nominal_row *q, const nps_nominal_row *r);

/* Cross-correlation at one lag: sum over m of q[m] r[m - lag]. |lag| <= NPS_LAG_MAX. */
double nps_nominal_correlation(const nps_nominal_row *q, const nps_nominal_row *r, int lag);

/* Best sums of a path up to a bin: of the part that ends with the query's peak there, or with the reference's. */
typedef struct {
    double with_q, with_r;
} nps_path_state;

/* Scratch of one thread; all zero before the first call and after each. */
typedef struct {
    nps_path_state state[NPS_LAG_MAX + NPS_NOMINAL_BINS];
} nps_shift_scratch;

/* The combined score at one lag, -NPS_LAG_MAX <= lag <= NPS_LAG_MAX, lag != 0. O(q->n). At least the plain cosine and the
 * correlation at the lag, at most their sum. */
double nps_shift_match(const nps_nominal_row *q, const nps_nominal_row *r, int lag, nps_shift_scratch *s);

/* Upper bound of it at a third of the cost: each query peak takes the larger of its two partners, whoever else uses it. */
double nps_shift_bound(const nps_nominal_row *q, const nps_nominal_row *r, int lag);

/* The pairs behind it. */
typedef struct {
    uint16_t q, r;  /* bins; q - r is 0 or the lag */
    double product; /* what it adds to the score */
} nps_shift_pair;
/* @param ret_pairs  [q->n]; returns their number, by ascending q */
size_t nps_shift_pairs(const nps_nominal_row *q, const nps_nominal_row *r, int lag, nps_shift_scratch *s,
                       nps_shift_pair *ret_pairs);

#endif
