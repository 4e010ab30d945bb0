/* A query, or an entry asked as one, in the form that its technique is searched in. Private to reference-lib and its
 * callers that search without a verdict. */
#ifndef NPS_REFERENCE_LIB_PREPARE_H
#define NPS_REFERENCE_LIB_PREPARE_H

#include "core/similarity.h"
#include "reference-lib/library.h"

typedef struct {
    nps_technique technique;
    double precursor; /* m/z, 0: none */
    int polarity;
    double energy_ev;       /* collision energy (nps_energy_ev), 0: not known */
    double retention_index; /* 0: not given */
    nps_peak_view measured; /* mass spectra: peaks as read, of the spectrum or the library, which must outlive this */
    nps_peaks nominal;    /* ei: nps_clean_nominal */
    nps_peaks clean;      /* msms, dart: nps_index_clean */
    float *weight;        /* [clean.n] */
    float *grid;          /* ir, raman: [NPS_IR_GRID_N] */
} nps_prepared;

/* @param prep  steps for a trace; NULL: none. A derivative is left to the search, which takes it of both sides.
 * Errors: NPS_E_RANGE for a trace shorter than its smoothing window; NPS_E_NOMEM, NPS_E_NUMERIC. The caller calls
 * nps_prepared_done after success. */
NPS_MUST_CHECK nps_status nps_prepare(const nps_spectrum *s, const nps_trace_prep *prep, nps_prepared *ret, nps_err *err);

/* A trace on the grid of the library after the steps but the derivative. @param ret_y  [NPS_IR_GRID_N]. Errors as above. */
NPS_MUST_CHECK nps_status nps_prepare_trace(const nps_trace *t, const nps_trace_prep *prep, float *ret_y, nps_err *err);
/* Fills the peaks of *p, whose technique, precursor and polarity are set; `peaks` must outlive it. */
NPS_MUST_CHECK nps_status nps_prepare_peaks(nps_peak_view peaks, nps_prepared *p, nps_err *err);
/* The same from an entry of the library itself. */
NPS_MUST_CHECK nps_status nps_prepare_entry(const nps_library *lib, uint32_t entry, nps_prepared *ret, nps_err *err);
void nps_prepared_done(nps_prepared *p);

/* Cleaned peaks with entropy weights. */
static inline nps_peak_view nps_prepared_weighted(const nps_prepared *p)
{
    return (nps_peak_view){p->clean.mz, p->weight, p->clean.n};
}

#endif
