/* Preparation of infrared and Raman traces before they are compared. Each step is optional, has its parameters in the
 * options, and is written down: the text form names exactly what was done and reads back as the same options.
 *
 * Order: ATR correction, baseline, smoothing or derivative, normalisation. Masked regions do not change the trace; whoever
 * compares leaves them out.
 */
#ifndef NPS_SPECTRA_TRACE_PREP_H
#define NPS_SPECTRA_TRACE_PREP_H

#include "core/buf.h"
#include "core/scan.h"
#include "spectra/trace.h"

typedef enum { NPS_BASELINE_NONE, NPS_BASELINE_ALS, NPS_BASELINE_RUBBER_BAND } nps_baseline;
typedef enum {
    NPS_NORM_NONE,
    NPS_NORM_MINMAX, /* least value 0, largest 1 */
    NPS_NORM_VECTOR, /* sum of squares 1 */
    NPS_NORM_SNV,    /* mean 0, standard deviation 1 (standard normal variate) */
    NPS_NORM_AREA    /* mean of the absolute values 1 */
} nps_norm;

enum { NPS_MASK_MAX = 8 };
typedef struct {
    double low_cm1, high_cm1;
} nps_mask_region;

typedef struct {
    bool atr;              /* absorbance times wavenumber / 1000 1/cm, see nps_trace_prepare */
    nps_baseline baseline;
    double als_lambda;     /* [1, 1e12], for a step of 2 1/cm: scaled with the fourth power of the trace's own;
                            * on traces too fine for that in doubles, of means of neighbours */
    double als_p;          /* [1e-6, 0.5) */
    unsigned window;       /* points of the Savitzky-Golay window, odd, 5 .. 101; 0: no smoothing and no derivative */
    unsigned derivative;   /* 0 .. 2 */
    nps_norm norm;
    size_t n_mask;
    nps_mask_region mask[NPS_MASK_MAX];
} nps_trace_prep;

/* Nothing but the mask over carbon dioxide, 2280 to 2400 1/cm: what the text form starts from. */
nps_trace_prep nps_trace_prep_default(void);
/* What suits Raman spectra: nearly all stand on fluorescence, which asymmetric least squares takes off; the laser's line leaves no
 * carbon dioxide to mask. */
nps_trace_prep nps_trace_prep_raman(void);

/* Reads the text form: steps set off by commas, blanks ignored:
 *     atr
 *     baseline=als  baseline=als:LAMBDA:P (default 1e6:0.001)  baseline=rubber-band
 *     smooth=POINTS   derivative=1  derivative=2  derivative=ORDER:POINTS (default 9 points); quadratic
 *     normalise=minmax|vector|snv|area
 *     mask=REGION+REGION...   co2, water-vapour, diamond, below-650 or LOW-HIGH in 1/cm; "mask=none" for no mask at all
 * Each step at most once. "none" or an empty text: only the default mask. Errors: NPS_E_RANGE naming the step. */
NPS_MUST_CHECK nps_status nps_trace_prep_parse(nps_span text, nps_trace_prep *ret, nps_err *err);

/* The text form, complete with parameters: the same for the same options. */
void nps_trace_prep_text(nps_buf *b, const nps_trace_prep *p);

/* One sentence a step, for people: calls `step` with the step's key ("atr", "baseline", "smooth", "derivative",
 * "normalise", "mask") and the sentence. */
void nps_trace_prep_describe(const nps_trace_prep *p, void (*step)(void *arg, const char *key, const char *sentence),
                             void *arg);

/* Applies the steps in place.
 * ATR: the depth that the evanescent wave reaches is proportional to the wavelength (Harrick 1967), so absorbance measured by
 * attenuated total reflection times the wavenumber is proportional to that of transmission, apart from the shift of strong
 * bands by anomalous dispersion, which this does not undo. 1000 1/cm is where nothing changes.
 * Errors: NPS_E_RANGE when the trace has fewer points than the window; NPS_E_NUMERIC; NPS_E_NOMEM; the trace is unchanged then. */
NPS_MUST_CHECK nps_status nps_trace_prepare(nps_trace *t, const nps_trace_prep *p, nps_err *err);

#endif
