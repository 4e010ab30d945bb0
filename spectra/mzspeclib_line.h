/* Lines of an mzSpecLib text: sections in angle brackets and attributes "[group]ACCESSION|name=value".
 * After HUPO-PSI, mzSpecLib specification 1.0 (2024), section 4.1: the text serialization. */
#ifndef NPS_SPECTRA_MZSPECLIB_LINE_H
#define NPS_SPECTRA_MZSPECLIB_LINE_H

#include "core/scan.h"

typedef enum {
    NPS_MZSPECLIB_LIBRARY,
    NPS_MZSPECLIB_SPECTRUM,
    NPS_MZSPECLIB_ANALYTE,
    NPS_MZSPECLIB_INTERPRETATION,
    NPS_MZSPECLIB_MEMBER, /* of an interpretation */
    NPS_MZSPECLIB_PEAKS,
    NPS_MZSPECLIB_CLUSTER
} nps_mzspeclib_section;

typedef struct {
    nps_mzspeclib_section section;
    bool is_set;  /* <AttributeSet Spectrum=...>: of which section, and its name */
    nps_span key; /* behind '=' */
} nps_mzspeclib_tag;

/* What an attribute means for us. */
typedef enum {
    NPS_MZSPECLIB_OTHER,
    NPS_MZSPECLIB_TEXT, /* + field */
    NPS_MZSPECLIB_PRECURSOR,
    NPS_MZSPECLIB_RT,
    NPS_MZSPECLIB_EXACT_MASS,
    NPS_MZSPECLIB_POLARITY,
    NPS_MZSPECLIB_CHARGE,
    NPS_MZSPECLIB_ENERGY,
    NPS_MZSPECLIB_NORMALIZED_ENERGY,
    NPS_MZSPECLIB_IONIZATION,
    NPS_MZSPECLIB_LEVEL,
    NPS_MZSPECLIB_DISSOCIATION,
    NPS_MZSPECLIB_PEAK_COUNT,
    NPS_MZSPECLIB_SET_NAME,
    NPS_MZSPECLIB_FREE_NAME, /* a name of its own; the value follows as NPS_MZSPECLIB_FREE_VALUE of the same group */
    NPS_MZSPECLIB_FREE_VALUE,
    NPS_MZSPECLIB_UNIT
} nps_mzspeclib_role;

typedef struct {
    const char *accession;
    nps_mzspeclib_role role;
    int field; /* nps_text_field of a text; of a precursor the order of preference, best first */
} nps_mzspeclib_term;

typedef struct {
    uint64_t group; /* 0: none */
    nps_span accession, name, value;
    nps_mzspeclib_section section;
    size_t number;                  /* of its analyte or interpretation in the record, from 1 */
    const nps_mzspeclib_term *term; /* never NULL */
} nps_mzspeclib_attribute;

/* Whether the trimmed line is a section's head; false also for a name that the specification does not know. */
bool nps_mzspeclib_parse_tag(nps_span line, nps_mzspeclib_tag *ret_tag);
/* False for a line that is no attribute; section and number are the caller's. */
bool nps_mzspeclib_parse_attribute(nps_span line, nps_mzspeclib_attribute *ret_attribute);
/* The value without the accession in front of a controlled term: "positive scan" of "MS:1000130|positive scan". */
nps_span nps_mzspeclib_value_name(nps_span value);
/* Whether the value is this controlled term, "MS:1000130" or "MS:1000130|...". */
bool nps_mzspeclib_value_is(nps_span value, const char *accession);

#endif
