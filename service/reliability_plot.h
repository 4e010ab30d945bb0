/* Reliability diagram: what was stated against what was so, for the answers of a laboratory's own calibration. SVG as text. */
#ifndef NPS_SERVICE_RELIABILITY_PLOT_H
#define NPS_SERVICE_RELIABILITY_PLOT_H

#include "core/buf.h"
#include "reference-lib/calibrate.h"

enum { NPS_RELIABILITY_BINS = 10 }; /* of equal width, [0, 0.1) ... [0.9, 1] */

typedef struct {
    size_t n;                /* answers */
    double weight;           /* their sum of weights */
    double stated, observed; /* [0, 1] weighted means; 0 without an answer */
    double low, high;        /* 90 % interval of the observed fraction (Clopper-Pearson, of as many cases as the weights are worth) */
} nps_reliability_bin;

/* @param of_known  false: that the best candidate is right; true: that the library holds the substance */
void nps_reliability_bins(const struct nps_fit_answer *a, size_t n, bool of_known, nps_reliability_bin ret[NPS_RELIABILITY_BINS]);

/* Mean distance between stated and observed over the answers (expected calibration error), [0, 1]; 0 without answers. */
double nps_reliability_gap(const nps_reliability_bin bin[NPS_RELIABILITY_BINS]);

/* A whole SVG file: a row of two panels for each technique with answers, before and, where there is one, after the refit. Follows a
 * dark colour scheme of its viewer. @param library  name of the library */
void nps_reliability_plot(nps_buf *b, const nps_own_calibration *own, const char *library);

#endif
