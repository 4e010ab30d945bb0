/* Whether a spectrum is good enough to be judged, with reasons in words. */
#ifndef NPS_SPECTRA_QUALITY_H
#define NPS_SPECTRA_QUALITY_H

#include "core/similarity.h"
#include "spectra/spectrum.h"

typedef enum {
    NPS_QUALITY_EMPTY = 1 << 0,          /* no peak at all */
    NPS_QUALITY_FEW_PEAKS = 1 << 1,      /* too few peaks above 1 % of the base peak for this technique */
    NPS_QUALITY_NO_FINGERPRINT = 1 << 2, /* infrared range misses the fingerprint region */
    NPS_QUALITY_FLAT = 1 << 3,           /* trace without a band above its noise */
    NPS_QUALITY_SATURATED = 1 << 4,      /* some bands, or peaks, cut off at the top */
    NPS_QUALITY_NOISE = 1 << 5,          /* intensities without structure: hundreds of peaks of like height */
    NPS_QUALITY_TECHNIQUE = 1 << 6,      /* it cannot be told which technique this is */
    NPS_QUALITY_BACKGROUND = 1 << 7,     /* air, column bleed or solvent only */
    NPS_QUALITY_WEAK = 1 << 8,           /* trace whose noise is more than a 40th of its height */
    NPS_QUALITY_FRINGES = 1 << 9,        /* trace with a wave where molecules have no bands: interference in a thin layer */
    NPS_QUALITY_NEGATIVE = 1 << 10,      /* infrared trace with strong bands below its baseline */
    /* What only a comparison finds (nps_match). */
    NPS_QUALITY_UNCOMPARABLE = 1 << 11,  /* preparation and masks leave too little of a trace to compare */
    NPS_QUALITY_NO_REFERENCE = 1 << 12,  /* the library has no spectrum of this technique, polarity and range */
    NPS_QUALITY_OVERLOADED = 1 << 13,    /* so much is cut off at the top that heights say nothing any more */
    NPS_QUALITY_NO_FRAGMENT = 1 << 14    /* MS/MS: hardly anything beside the precursor: leaves all of that mass in the set, is never novel */
} nps_quality_bit;

/* Bits of all faults of the spectrum itself; 0 for a good one. Any thread. */
unsigned nps_quality_check(const nps_spectrum *s);
/* The same of a mass spectrum by its peaks alone. @param precursor_mz  0: none */
unsigned nps_quality_check_peaks(nps_technique t, double precursor_mz, nps_peak_view peaks);
/* Whether these bits make a verdict impossible (others are only remarked). */
bool nps_quality_is_usable(unsigned bits);
/* The first of those that make it impossible; 0 when there is none. */
unsigned nps_quality_obstacle(unsigned bits);
/* One sentence for one bit: "fewer than 3 peaks above 1 % of the base peak". */
const char *nps_quality_text(nps_quality_bit bit);

#endif
