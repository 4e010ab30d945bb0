/* What the terms of an mzML file mean: groups of parameters, instruments, and the parameters of spectra. Private to the
 * mzML reader. */
#ifndef NPS_SPECTRA_MZML_PARAMS_H
#define NPS_SPECTRA_MZML_PARAMS_H

#include "spectra/ms_scan.h"

/* The element that holds a parameter. */
typedef enum {
    MZML_ELSEWHERE,
    MZML_FILE_CONTENT,
    MZML_GROUP,
    MZML_INSTRUMENT,
    MZML_SOURCE,
    MZML_ANALYZER,
    MZML_SPECTRUM,
    MZML_SCAN,
    MZML_SCAN_WINDOW,
    MZML_PRECURSOR,
    MZML_ISOLATION,
    MZML_SELECTED_ION,
    MZML_ACTIVATION,
    MZML_ARRAY
} nps_mzml_place;

/* A cvParam, or a userParam (accession ""). No text is NULL. */
typedef struct {
    const char *accession, *name, *value, *unit_accession, *unit_name;
} nps_mzml_param;

typedef struct {
    char *id, *model, *source, *analyzer; /* owned; all but id may be NULL */
    nps_ms_source kind;
} nps_mzml_instrument;

typedef struct {
    char *id;               /* owned */
    nps_mzml_param *param;  /* [n], their texts owned */
    size_t n, cap;
} nps_mzml_group;

typedef struct {
    nps_ms_array a;
    enum { MZML_ARRAY_UNSAID, MZML_ARRAY_MZ, MZML_ARRAY_INTENSITY, MZML_ARRAY_OTHER } kind;
    bool packing_said;
} nps_mzml_array;

typedef struct {
    nps_ms_walk walk; /* first: the handlers get its address */
    nps_mzml_place place[NPS_XML_DEPTH_MAX + 1]; /* of the open elements; [0] is outside the root */
    nps_mzml_group *group;
    size_t n_groups, cap_groups;
    nps_mzml_instrument *instrument;
    size_t n_instruments, cap_instruments;
    char *default_instrument; /* owned id, or NULL */
    nps_ms_shape file_shape;  /* of all spectra, where the file says that */
    bool file_shapes_differ;
    /* Of the spectrum at hand. */
    const char *instrument_used; /* id inside `instrument`, or NULL */
    size_t scans, precursors, ions; /* begun so far */
    size_t length;                  /* stated number of points */
    double isolated_mz;             /* centre of the first isolation window; 0: none */
    double isolated_width_mz;       /* of that window; 0: not given */
    bool scans_precursors;          /* said to be a "precursor ion spectrum" */
    size_t binary_from;
    nps_mzml_array array;
} nps_mzml;

void nps_mzml_params_done(nps_mzml *m);

void nps_mzml_begin_group(nps_mzml *m, const char *id);
/* All parameters of a group, as if they stood here. */
void nps_mzml_take_group(nps_mzml *m, nps_mzml_place place, const char *id);
void nps_mzml_take_param(nps_mzml *m, nps_mzml_place place, const nps_mzml_param *p);
void nps_mzml_take_level(nps_mzml *m, const char *text);

void nps_mzml_begin_instrument(nps_mzml *m, const char *id);
void nps_mzml_set_default_instrument(nps_mzml *m, const char *const *run_attr);
/* The instrument that the attributes of a scan name, or the default one (opt_scan_attr NULL, or without a name). */
void nps_mzml_use_instrument(nps_mzml *m, const char *const *opt_scan_attr);
void nps_mzml_describe_instrument(nps_mzml *m);

#endif
