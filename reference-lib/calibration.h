/* What a technique's threshold rests on: the sorted conformity scores of genuine replicate pairs. */
#ifndef NPS_REFERENCE_LIB_CALIBRATION_H
#define NPS_REFERENCE_LIB_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    NPS_CALIBRATION_NONE,    /* nothing to calibrate on: no set can be promised a coverage */
    NPS_CALIBRATION_GENERAL, /* the table that comes with the program, for lack of replicates */
    NPS_CALIBRATION_LIBRARY, /* replicate pairs inside the library, across contributors */
    NPS_CALIBRATION_WITHIN,  /* replicate pairs inside the library, of one contributor: more alike than those of two
                                laboratories, so the threshold is taken with 80 % confidence, not on average */
    NPS_CALIBRATION_OWN      /* a laboratory's own replicates (npswatch calibrate) */
} nps_calibration_source;
const char *nps_calibration_source_name(nps_calibration_source s); /* "none", "general", "library", "library-within", "own" */

/* Kinds of spectra that agree differently with their replicates: a threshold is taken from pairs of the query's own kind where
 * there are enough (Mondrian conformal prediction: Vovk, Gammerman & Shafer 2005, ch. 4.5). */
typedef enum {
    NPS_KIND_ANY,
    NPS_KIND_SPARSE, NPS_KIND_RICH,       /* ei: below 20 nominal peaks, and from there on */
    NPS_KIND_UNIT,                        /* msms, dart: precursor known to a unit mass only ... */
    NPS_KIND_POSITIVE, NPS_KIND_NEGATIVE, /* ... others by polarity */
    NPS_KIND_COUNT
} nps_kind;
const char *nps_kind_name(nps_kind k); /* "any", "sparse", "rich", "unit-mass", "positive", "negative" */

struct nps_evidence_model;

typedef struct {
    nps_calibration_source source;
    uint64_t n;          /* pairs */
    const uint8_t *kind; /* [n] nps_kind of each pair's query; NULL: not told */
    const struct nps_evidence_model *model; /* refitted coefficients that these pairs were compared with; NULL: the ruleset's */
    const char *generation; /* of own pairs: the library that they were compared with; NULL: this one */
    bool drift;          /* own pairs: conformities differ from the library's own (two-sample test) */
    const double *conformity; /* [n] ascending: conformity of the true substance of each pair, see verdict.h */
    const char *preparation;  /* of own pairs of traces: nps_trace_prep_text of how they were compared; NULL: as the library */
} nps_calibration;

/* The table that comes with the program: quantiles of the conformity of replicate pairs of public spectra, for libraries
 * without replicates of their own. `technique` is an nps_technique; source NONE where there is no table. */
nps_calibration nps_calibration_general(int technique);

#endif
