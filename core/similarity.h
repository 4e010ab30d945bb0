/* Similarities of two peak lists, after published definitions. Plain arrays in, numbers out.
 *
 * Lists are views: mz ascending (Th), intensity > 0. Sums run in double, in a fixed order. Every function is pure apart
 * from the scratch it is given; scratch belongs to one thread.
 */
#ifndef NPS_CORE_SIMILARITY_H
#define NPS_CORE_SIMILARITY_H

#include "core/err.h"

#include <stdint.h>

typedef struct {
    const double *mz;       /* [n] ascending */
    const float *intensity; /* [n] > 0 */
    size_t n;
} nps_peak_view;

/* Pairs found while matching greedily, afterwards all pairs within tolerance by falling product; grows as needed. */
typedef struct {
    struct nps_pair {
        double product;
        uint32_t a, b;
    } *pair;
    size_t n, cap;
    uint8_t *used; /* [used_cap] */
    size_t used_cap;
} nps_pair_scratch;
void nps_pair_scratch_done(nps_pair_scratch *s);

/* x log2 x, 0 at 0. */
double nps_xlog2x(double x);

/* Shannon entropy by the natural logarithm of intensities taken as shares of their sum. 0 for n = 0. */
double nps_entropy(const float *intensity, size_t n);

/* Intensities as ms_entropy weights them: shares of the sum; where their entropy S < 3, raised to 0.25 + 0.25 S and
 * normalised again. @param ret_w [n] sums to 1; may be the input array.
 * Source: Li et al. 2021, Nature Methods 18, 1524-1531. */
void nps_entropy_weight(const float *intensity, size_t n, float *ret_w);

/* Spectral entropy similarity of two lists whose intensities each sum to 1 (weighted beforehand where wanted):
 * 1 - (2 S_ab - S_a - S_b) / ln 4, computed as half the sum over matched pairs of f(a + b) - f(a) - f(b), f = x log2 x.
 * Peaks pair in one walk by rising m/z when |difference| <= tol_mz (inclusive), each once.
 * @return [0, 1]; *opt_matched (may be NULL) gets the number of pairs. O(a.n + b.n). Source: as above. */
double nps_entropy_similarity(nps_peak_view a, nps_peak_view b, double tol_mz, uint32_t *opt_matched);

typedef struct {
    double tol_mz;          /* Th, inclusive */
    double mz_power;        /* weight = mz^mz_power * intensity^intensity_power */
    double intensity_power;
    double shift;           /* Th: b's peaks also match at b.mz + shift; 0 for the plain cosine */
} nps_cosine_options;

/* Cosine over a greedy assignment: all pairs within tolerance (direct, and shifted where shift is more than tol_mz from
 * 0), taken by falling product of weights, each peak used once; equal products go to the pair with the larger indices,
 * as in matchms. With a shift this is the modified cosine (Watrous et al. 2012, PNAS 109, E1743); weights as in
 * Stein & Scott 1994, J. Am. Soc. Mass Spectrom. 5, 859-866.
 * @return [0, 1] in *ret_score; pairs in *ret_matched. Errors: NPS_E_NOMEM. O(p log p) for p pairs. */
NPS_MUST_CHECK nps_status nps_cosine_greedy(nps_peak_view a, nps_peak_view b, const nps_cosine_options *o,
                                            nps_pair_scratch *scratch, double *ret_score, uint32_t *ret_matched,
                                            nps_err *err);

/* What two nominal-mass spectra have in common. */
typedef struct {
    double cosine;    /* [0, 1] weighted */
    double reverse;   /* [0, 1] weighted, over the bins of the reference only (Stein & Scott: reverse search) */
    double ratio;     /* [0, 1] agreement of neighbouring matched peaks, F_R of Stein & Scott 1994, eq. 3 */
    double composite; /* [0, 1] (N_q cosine + N_qr ratio) / (N_q + N_qr), their eq. 4; N counts peaks */
    double explained; /* [0, 1] share of the query's intensity in bins that the reference has too */
    uint32_t matched; /* common bins */
} nps_nominal_similarity;

/* Both lists binned to nominal mass (nps_nominal_bin), intensities of one bin added by the caller: mz must be whole.
 * Weights mz^mz_power * intensity^intensity_power. O(q.n + r.n). */
nps_nominal_similarity nps_nominal_compare(nps_peak_view q, nps_peak_view r, double mz_power, double intensity_power);

enum { NPS_NOMINAL_BINS = 2048 }; /* nominal m/z 0 .. 2047; larger ones have no bin */

/* Nominal mass of a measured m/z: floor(mz + 0.38), which keeps mass defects from -0.38 to +0.62 in their bin. */
static inline uint32_t nps_nominal_bin(double mz) { return (uint32_t)(mz + 0.38); }

#endif
