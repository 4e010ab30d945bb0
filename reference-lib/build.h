/* Builds a library generation in memory from spectra: joins them to substances, reports what is odd, makes the indexes and
 * the calibration. nps_library_publish (backing.h) writes it to a file. One thread a builder. */
#ifndef NPS_REFERENCE_LIB_BUILD_H
#define NPS_REFERENCE_LIB_BUILD_H

#include "reference-lib/library.h"

typedef struct nps_builder nps_builder;

/* What the build has to tell; texts are valid during the call only. */
typedef enum {
    NPS_NOTE_DUPLICATE,  /* same substance, same peaks as an earlier entry: left out */
    NPS_NOTE_CONFLICT,   /* same peaks as an entry of another substance: kept, one of them is mislabelled */
    NPS_NOTE_UNUSABLE,   /* kept for completeness, but too poor to be searched, or not to be prepared */
    NPS_NOTE_NO_KEY,     /* no InChIKey: joined by its name with others that have none either */
    NPS_NOTE_CLASS       /* row of the class table that fits no entry, or fits one of another name */
} nps_note_kind;
typedef struct {
    nps_note_kind kind;
    const char *source; /* file */
    size_t line;        /* of the record, 1-based; 0 in a binary file */
    const char *text;   /* "same peaks as entry 17 'Foo'" */
} nps_build_note;
typedef void nps_note_fn(void *arg, const nps_build_note *note);
const char *nps_note_kind_name(nps_note_kind k); /* "duplicate", ... */

typedef struct {
    const char *name, *builder, *created, *licence; /* attributes; created is RFC 3339 UTC, given by the caller */
    const nps_trace_prep *infrared_prep, *raman_prep; /* steps for every trace; NULL: nps_trace_prep_default, _raman */
    nps_note_fn *note; /* may be NULL */
    void *note_arg;
} nps_build_options;

NPS_MUST_CHECK nps_status nps_builder_new(const nps_build_options *o, nps_builder **ret_builder, nps_err *err);
void nps_builder_free(nps_builder *b);
NPS_DEFINE_FREEP(nps_builder)

/* What holds for the spectra that follow: file name (shown in entries and notes), visibility, embargo date or NULL,
 * NPS_ENTRY_* flags. */
NPS_MUST_CHECK nps_status nps_builder_source(nps_builder *b, const char *file, nps_visibility visibility,
                                             const char *embargo, uint8_t flags, nps_err *err);

/* Adds one spectrum (copied). Substances join by the first block of the InChIKey (stereoisomers count as one) and the nominal
 * mass (isotopically labelled standards do not), never by a name when there is a key. *opt_added (may be NULL) is false for a duplicate that was left out.
 * A trace that its preparation does not suit (fewer points than the window) is kept without a value, and told of.
 * Errors: NPS_E_RANGE when the invariants of the peaks do not hold; NPS_E_LIMIT above 2^32 - 2 items; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_builder_add(nps_builder *b, const nps_spectrum *s, bool *opt_added, nps_err *err);

/* Adds entries of a library as they are, in its order: metadata, visibility, embargo, flags and source travel along, traces stay as
 * they were prepared there. Sources that follow must be named again.
 * Errors: as nps_builder_add; NPS_E_RANGE when this builder prepares traces otherwise than the library's did. */
NPS_MUST_CHECK nps_status nps_builder_add_entries(nps_builder *b, const nps_library *lib, nps_err *err);

/* Text of a class table: lines "id <tab> name <tab> class" with a header line. A row gives its class to the substance of
 * the entry with that id, when the name is the same too. Errors: NPS_E_FORMAT with the line. */
NPS_MUST_CHECK nps_status nps_builder_classes(nps_builder *b, const char *text, size_t len, nps_err *err);

/* Adds one text line about a source file (name, digest, format, counts). */
NPS_MUST_CHECK nps_status nps_builder_source_line(nps_builder *b, const char *line, nps_err *err);

/* Completes the generation; the builder is empty afterwards and only to be freed. Calibrates by replicate pairs
 * (calibrate.h). @param threads  1 .. 16. */
NPS_MUST_CHECK nps_status nps_builder_finish(nps_builder *b, unsigned threads, nps_library **ret_library, nps_err *err);

#endif
