/* Whether two spectra say the same, bit for bit: what writing and reading again must keep. Repairs, line and offset belong
 * to a file and do not count. Header only, because fuzz targets link without the test support. */
#ifndef NPS_TESTS_SUPPORT_SPECTRUM_SAME_H
#define NPS_TESTS_SUPPORT_SPECTRUM_SAME_H

#include "spectra/spectrum.h"

static inline bool nps_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline const char *nps_peaks_difference(const nps_peaks *a, const nps_peaks *b)
{
    if (a->n != b->n)
        return "number of peaks";
    if (a->n && memcmp(a->mz, b->mz, a->n * sizeof *a->mz) != 0)
        return "m/z";
    if (a->n && memcmp(a->intensity, b->intensity, a->n * sizeof *a->intensity) != 0)
        return "intensity";
    for (size_t i = 0; i < a->n; i++)
        if (!nps_same_text(a->note ? a->note[i] : NULL, b->note ? b->note[i] : NULL))
            return "peak note";
    return NULL;
}

static inline const char *nps_trace_difference(const nps_trace *a, const nps_trace *b)
{
    if (a->n != b->n)
        return "number of trace points";
    if (memcmp(&a->x0_cm1, &b->x0_cm1, sizeof a->x0_cm1) != 0 || memcmp(&a->dx_cm1, &b->dx_cm1, sizeof a->dx_cm1) != 0)
        return "trace grid";
    return a->n && memcmp(a->y, b->y, a->n * sizeof *a->y) != 0 ? "trace" : NULL;
}

static inline const char *nps_numbers_difference(const nps_spectrum *a, const nps_spectrum *b)
{
    if (a->technique != b->technique)
        return "technique";
    if (memcmp(&a->precursor_mz, &b->precursor_mz, sizeof a->precursor_mz) != 0)
        return "precursor";
    if (memcmp(&a->exact_mass, &b->exact_mass, sizeof a->exact_mass) != 0 || a->nominal_mass != b->nominal_mass)
        return "mass";
    if (memcmp(&a->retention_index, &b->retention_index, sizeof a->retention_index) != 0 ||
        memcmp(&a->retention_time_s, &b->retention_time_s, sizeof a->retention_time_s) != 0)
        return "retention";
    return a->polarity != b->polarity ? "polarity" : NULL;
}

/* NULL when they are the same, otherwise the name of what differs first. */
static inline const char *nps_spectrum_difference(const nps_spectrum *a, const nps_spectrum *b)
{
    for (unsigned f = 0; f < NPS_TEXT_COUNT; f++)
        if (!nps_same_text(a->text[f], b->text[f]))
            return nps_text_field_name((nps_text_field)f);
    if (a->n_synonym != b->n_synonym || a->n_meta != b->n_meta)
        return "number of synonyms or metadata";
    for (size_t i = 0; i < a->n_synonym; i++)
        if (!nps_same_text(a->synonym[i], b->synonym[i]))
            return "synonym";
    for (size_t i = 0; i < a->n_meta; i++)
        if (!nps_same_text(a->meta[i].key, b->meta[i].key) || !nps_same_text(a->meta[i].value, b->meta[i].value))
            return "metadata";
    const char *d = nps_numbers_difference(a, b);
    d = d ? d : nps_peaks_difference(&a->peaks, &b->peaks);
    return d ? d : nps_trace_difference(&a->trace, &b->trace);
}

#endif
