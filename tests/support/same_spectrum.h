/* Whether two spectra are the same, bit for bit: for round trips in tests and fuzzers. */
#ifndef NPS_TESTS_SUPPORT_SAME_SPECTRUM_H
#define NPS_TESTS_SUPPORT_SAME_SPECTRUM_H

#include "spectra/spectrum.h"

#include <string.h>

static inline bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool same_bits(const void *a, const void *b, size_t n)
{
    return !n || memcmp(a, b, n) == 0;
}

static inline const char *different_peaks(const nps_peaks *a, const nps_peaks *b)
{
    if (a->n != b->n)
        return "number of peaks";
    if (!same_bits(a->mz, b->mz, a->n * sizeof *a->mz))
        return "m/z";
    if (!same_bits(a->intensity, b->intensity, a->n * sizeof *a->intensity))
        return "intensity";
    for (size_t i = 0; i < a->n; i++)
        if (!same_text(a->note ? a->note[i] : NULL, b->note ? b->note[i] : NULL))
            return "peak note";
    return NULL;
}

static inline const char *different_texts(const nps_spectrum *a, const nps_spectrum *b)
{
    for (size_t f = 0; f < NPS_TEXT_COUNT; f++)
        if (!same_text(a->text[f], b->text[f]))
            return nps_text_field_name((nps_text_field)f);
    if (a->n_synonym != b->n_synonym)
        return "number of synonyms";
    for (size_t i = 0; i < a->n_synonym; i++)
        if (!same_text(a->synonym[i], b->synonym[i]))
            return "synonym";
    if (a->n_meta != b->n_meta)
        return "number of metadata";
    for (size_t i = 0; i < a->n_meta; i++)
        if (!same_text(a->meta[i].key, b->meta[i].key) || !same_text(a->meta[i].value, b->meta[i].value))
            return "metadata";
    return NULL;
}

/* NULL when they are the same, apart from repairs, line and offset; otherwise what differs first. */
static inline const char *spectrum_difference(const nps_spectrum *a, const nps_spectrum *b)
{
    const char *text = different_texts(a, b), *peaks = different_peaks(&a->peaks, &b->peaks);
    if (text || peaks)
        return text ? text : peaks;
    if (a->trace.n != b->trace.n || a->trace.x0_cm1 != b->trace.x0_cm1 || a->trace.dx_cm1 != b->trace.dx_cm1 ||
        !same_bits(a->trace.y, b->trace.y, a->trace.n * sizeof *a->trace.y))
        return "trace";
    if (a->technique != b->technique)
        return "technique";
    if (a->polarity != b->polarity)
        return "polarity";
    if (a->precursor_mz != b->precursor_mz || a->exact_mass != b->exact_mass || a->nominal_mass != b->nominal_mass)
        return "mass";
    if (a->retention_index != b->retention_index || a->retention_time_s != b->retention_time_s)
        return "retention";
    return NULL;
}

#endif
