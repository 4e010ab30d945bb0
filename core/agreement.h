/* What two mass spectra say about being of one substance: measures of one pair, from which evidence is made. A pair's measures
 * depend on nothing but the pair. Both lists: m/z ascending, intensity > 0. Pure apart from the scratch; any thread, each with
 * its own. */
#ifndef NPS_CORE_AGREEMENT_H
#define NPS_CORE_AGREEMENT_H

#include "core/similarity.h"

enum { NPS_TOP_MAX = 20 };

/* Peaks of both lists side by side, m/z ascending; 0 where one has no partner. */
typedef struct {
    double *mz, *a, *b; /* [cap] */
    double *left, *right;
    size_t n, cap;
    float *dense_a, *dense_b; /* [NPS_NOMINAL_BINS + 2 * 60] by whole mass, zero between calls */
} nps_agreement_scratch;
void nps_agreement_scratch_done(nps_agreement_scratch *s);

/* Measures of a query a and a reference b. "Common range": from the higher of the two lowest m/z on, as scans begin at different
 * masses. Shares are of a list's own sum. */
typedef struct {
    double entropy;       /* [0, 1] entropy similarity (Li et al. 2021) over the common range */
    double upper_entropy; /* [0, 1] the same over the upper half of the m/z that either reaches */
    double linear_cosine; /* [0, 1] of m/z * intensity */
    double heavy_cosine;  /* [0, 1] of (m/z)^2 * sqrt(intensity) */
    double unexplained;   /* [0, 1] share of a that b lacks, weighted with m/z, common range */
    double missing;       /* [0, 1] share of b that a lacks, likewise */
    double ratio_difference; /* >= 0 median of |ln| of the intensity ratios of strong peaks, weighted towards heavy ones */
    double top[3];        /* [0, 1] part of the 5, 10, 20 strongest (intensity * sqrt(m/z)) of a that belong to those of b */
    double base_peaks; /* [0, 1] a's intensity at b's base peak times b's at a's */
    double end_difference; /* Th, 0 .. 30: difference of the highest m/z with 1 % of the base peak */
    double highest;       /* Th: that m/z of a */
    double peaks;         /* number of peaks of a */
    /* Of nominal lists. */
    double above_mass; /* [0, 1] signal above b's molecular ion and its isotopes, in units of the base peak; b's own less */
    double molecular_difference; /* >= 0 |lg| of the ratio of the intensities at b's molecular mass */
    double isotope_difference; /* [0, 1] disagreement of the pattern two masses above strong peaks: chlorine, bromine, sulfur */
    double lag_one;       /* [0, 1] cosine of m/z * sqrt(intensity) at a shift of one mass, the better of both */
    double lag_mean;      /* [0, 1] mean of these over all shifts of 1 .. 60: background */
} nps_agreement;

/* Nominal-mass lists (nps_clean_nominal).
 * @param molecular_mass  nominal, of b's substance; 0: not known, then what is told of it is 0
 * Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_nominal_agreement(nps_peak_view a, nps_peak_view b, int32_t molecular_mass,
                                                nps_agreement_scratch *s, nps_agreement *ret, nps_err *err);

/* Lists of accurate mass (nps_index_clean): peaks pair in one walk within tol_mz. What nominal lists tell beyond is 0. */
NPS_MUST_CHECK nps_status nps_fragment_agreement(nps_peak_view a, nps_peak_view b, double tol_mz, nps_agreement_scratch *s,
                                                 nps_agreement *ret, nps_err *err);

#endif
