#include "reference-lib/verdict.h"

#include <stdlib.h>

const char *nps_outcome_name(nps_outcome o)
{
    static const char *const names[] = {"identified", "ambiguous", "novel", "unusable"};
    return o <= NPS_UNUSABLE ? names[o] : "unknown";
}

const char *nps_support_name(unsigned bit)
{
    return bit == NPS_SUPPORT_MASS       ? "mass spectrometry"
           : bit == NPS_SUPPORT_INFRARED ? "infrared spectroscopy"
           : bit == NPS_SUPPORT_RAMAN    ? "Raman spectroscopy"
                                         : "gas chromatography (retention index)";
}

const char *nps_doubt_text(unsigned bit)
{
    switch (bit) {
    case NPS_DOUBT_FEW: return "there are too few replicate pairs to exclude anything at this error rate";
    case NPS_DOUBT_GENERAL: return "the replicate pairs are public ones, not of this library";
    case NPS_DOUBT_GENERATION: return "the library has changed since the calibration was made: calibrate again";
    case NPS_DOUBT_DRIFT: return "the laboratory's replicates agree with this library otherwise than its own spectra do";
    }
    return "unknown";
}

void nps_mixture_free(nps_mixture *m)
{
    if (!m)
        return;
    free(m->residual_y);
    nps_peaks_done(&m->residual);
    free(m);
}

void nps_verdict_free(nps_verdict *v)
{
    if (!v)
        return;
    free(v->set);
    free(v->hits);
    free(v->analogs);
    free(v->classes);
    nps_mixture_free(v->mixture);
    free(v);
}

void nps_sample_verdict_free(nps_sample_verdict *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->n_spectra; i++)
        nps_verdict_free(v->spectra[i]);
    free(v->spectra);
    free(v->set);
    free(v);
}
