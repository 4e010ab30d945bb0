/* What the attributes of an mzSpecLib record mean: from its own ones, those of the sets that hold for it and those of
 * the library to the fields and the metadata of a spectrum. */
#ifndef NPS_SPECTRA_MZSPECLIB_FIELDS_H
#define NPS_SPECTRA_MZSPECLIB_FIELDS_H

#include "spectra/mzspeclib_line.h"
#include "spectra/spectrum.h"

enum { NPS_MZSPECLIB_SET_MAX = 100, NPS_MZSPECLIB_SET_ATTRIBUTE_MAX = 500, NPS_MZSPECLIB_ATTRIBUTE_MAX = 1000 };

/* Attributes that the header states once for many: spans of the text. */
typedef struct {
    nps_mzspeclib_section section;
    nps_span name;
    size_t first, n; /* of the attributes of all sets */
    bool claimed;    /* by the record being read */
} nps_mzspeclib_set;

typedef struct {
    size_t n_set, n_set_attribute;
    nps_mzspeclib_set set[NPS_MZSPECLIB_SET_MAX]; /* the first: what the header says of the library itself */
    nps_mzspeclib_attribute set_attribute[NPS_MZSPECLIB_SET_ATTRIBUTE_MAX];
    nps_mzspeclib_attribute *own; /* [n_own], of the record being read; owned */
    size_t n_own, cap_own;
} nps_mzspeclib_library;

/* In: the sections of the record. Out: the number of peaks that it states. */
typedef struct {
    size_t n_analyte, n_interpretation;
    uint64_t count;
    bool has_count;
} nps_mzspeclib_said;

/* Fills s, which has its peaks already. What a set says is left out where the record, or before the sets named "all" a
 * set that the record claims, has the same attribute in the same section. Errors: NPS_E_NOMEM, NPS_E_LIMIT. */
NPS_MUST_CHECK nps_status nps_mzspeclib_apply(nps_mzspeclib_library *lib, nps_mzspeclib_said *said, size_t max_line,
                                              nps_spectrum *s, nps_err *err);

#endif
