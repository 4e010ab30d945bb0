/* One spectrum with what its file said about it. Readers fill it, everything else reads it. */
#ifndef NPS_SPECTRA_SPECTRUM_H
#define NPS_SPECTRA_SPECTRUM_H

#include "core/buf.h"
#include "core/scan.h"
#include "spectra/peaks.h"
#include "spectra/trace.h"

typedef enum {
    NPS_TECH_UNKNOWN, /* a mass spectrum whose file says neither EI nor a precursor */
    NPS_TECH_EI,
    NPS_TECH_MSMS,
    NPS_TECH_DART,
    NPS_TECH_IR,
    NPS_TECH_RAMAN,
    NPS_TECH_COUNT
} nps_technique;

/* "ei", "msms", "dart", "ir", "raman", "unknown". */
const char *nps_technique_name(nps_technique t);
/* False when the name is none of them. */
bool nps_technique_parse(nps_span name, nps_technique *ret_t);
static inline bool nps_technique_is_mass(nps_technique t) { return t < NPS_TECH_IR; }
/* Of a gentle ionisation: peaks of accurate mass, often with a precursor. */
static inline bool nps_technique_is_fragment(nps_technique t) { return t == NPS_TECH_MSMS || t == NPS_TECH_DART; }

/* Whether spectra of the two are compared: msms and dart are searched as one. */
static inline bool nps_technique_compares(nps_technique a, nps_technique b)
{
    return a == b || (nps_technique_is_fragment(a) && nps_technique_is_fragment(b));
}

/* Text fields with a meaning that we use; each at most once in a spectrum. */
typedef enum {
    NPS_TEXT_NAME,
    NPS_TEXT_ID, /* the record's own identifier (ID, DB#, ACCESSION, NISTNO) */
    NPS_TEXT_INCHIKEY,
    NPS_TEXT_INCHI,
    NPS_TEXT_SMILES,
    NPS_TEXT_FORMULA,
    NPS_TEXT_CAS,     /* digits as in the file */
    NPS_TEXT_CLASS,
    NPS_TEXT_ADDUCT,  /* [M+H]+ */
    NPS_TEXT_INSTRUMENT,
    NPS_TEXT_INSTRUMENT_TYPE,
    NPS_TEXT_IONIZATION, /* EI, ESI, DART ... */
    NPS_TEXT_ENERGY,     /* collision energy as written */
    NPS_TEXT_CONTRIBUTOR,
    NPS_TEXT_LICENCE,
    NPS_TEXT_COMMENT,
    NPS_TEXT_COUNT
} nps_text_field;

/* "name", "id", "inchikey", ...: the name in JSON and in messages. */
const char *nps_text_field_name(nps_text_field f);

/* What readers repaired; each count stands for one kind with one sentence (nps_repair_text). */
typedef enum {
    NPS_REPAIR_BOM,
    NPS_REPAIR_DECIMAL_COMMA,
    NPS_REPAIR_UNSORTED,
    NPS_REPAIR_DUPLICATE,
    NPS_REPAIR_ZERO,
    NPS_REPAIR_PEAK_COUNT, /* stated number of peaks or points differs from what follows */
    NPS_REPAIR_X_UNIT,
    NPS_REPAIR_Y_UNIT,
    NPS_REPAIR_CLIPPED,
    NPS_REPAIR_RESAMPLED,
    NPS_REPAIR_ENCODING,    /* Latin-1 bytes read as such and kept as UTF-8 */
    NPS_REPAIR_INVALID_KEY, /* InChIKey that does not have the form of one: kept as metadata, not used */
    NPS_REPAIR_CHECKPOINT,  /* JCAMP abscissa or ordinate checks that disagree within the format's tolerance */
    NPS_REPAIR_MISSING_POINT, /* '?' ordinates in JCAMP data: interpolated */
    NPS_REPAIR_HEADER,      /* header lines without the separator that the format asks for */
    NPS_REPAIR_FURTHER_TABLE, /* tables of a JCAMP block after its first: left out */
    NPS_REPAIR_CENTROIDED,  /* a mass spectrum given as a profile */
    NPS_REPAIR_NO_MZ,       /* peaks or points at m/z 0, where no ion is: left out */
    NPS_REPAIR_COUNT
} nps_repair;

typedef struct {
    char *key, *value; /* owned; as in the file, apart from surrounding blanks */
} nps_meta;

typedef struct {
    nps_technique technique;
    bool technique_told; /* the technique is what the file says, also where it says NPS_TECH_UNKNOWN */
    nps_peaks peaks; /* mass spectra; otherwise empty */
    nps_trace trace; /* ir, raman; otherwise n = 0 */
    char *text[NPS_TEXT_COUNT]; /* owned UTF-8; NULL where the file says nothing */
    char **synonym;             /* [n_synonym], owned */
    size_t n_synonym, cap_synonym;
    nps_meta *meta; /* [n_meta] keys that no field above takes, verbatim, in file order */
    size_t n_meta, cap_meta;
    double precursor_mz;    /* Th; 0: not given */
    double exact_mass;      /* Da; 0: not given */
    int nominal_mass;       /* Da (MW of MSP); 0: not given */
    double retention_index; /* Kovats-like, dimensionless; 0: not given */
    double retention_time_s;/* s; 0: not given */
    int polarity;           /* +1, -1; 0: not given */
    size_t repairs[NPS_REPAIR_COUNT];
    size_t line, offset; /* where the record begins in its (uncompressed) file; line 1-based, 0 in a binary file */
} nps_spectrum;

nps_status nps_spectrum_new(nps_spectrum **ret_spectrum, nps_err *err) NPS_MUST_CHECK;
void nps_spectrum_free(nps_spectrum *s);
/* Bytes that its points, peaks and texts take. NULL: 0. */
size_t nps_spectrum_size(const nps_spectrum *s);
NPS_DEFINE_FREEP(nps_spectrum)

/* Sets a text field from a span of the input: trimmed; bytes that are no UTF-8 are taken as Latin-1 (counted as a
 * repair), control bytes become blanks. A value that is empty, or one of "NA", "N/A", "null", "none", "unknown" (any
 * case), leaves the field unset. A second value for a field goes to the metadata under `key`. */
NPS_MUST_CHECK nps_status nps_spectrum_set_text(nps_spectrum *s, nps_text_field f, nps_span key, nps_span value,
                                                nps_err *err);
NPS_MUST_CHECK nps_status nps_spectrum_add_synonym(nps_spectrum *s, nps_span name, nps_err *err);
/* Keeps key and value verbatim (same treatment of bytes). At most 1,000 a spectrum: NPS_E_LIMIT. */
NPS_MUST_CHECK nps_status nps_spectrum_add_meta(nps_spectrum *s, nps_span key, nps_span value, nps_err *err);

/* Appends a peak, its note treated like any text; otherwise as nps_peaks_push. */
NPS_MUST_CHECK nps_status nps_spectrum_push_peak(nps_spectrum *s, double mz, double intensity, nps_span note, size_t max,
                                                 nps_err *err);

/* Makes the trace from points as nps_trace_from_points does, and counts what that repaired. *opt_resampled (may be NULL):
 * whether the points were uneven. */
NPS_MUST_CHECK nps_status nps_spectrum_set_trace(nps_spectrum *s, const double *x, const double *y, size_t n,
                                                 nps_x_unit x_unit, nps_y_unit y_unit, size_t max_points,
                                                 bool *opt_resampled, nps_err *err);

/* The treatment of bytes by itself: a trimmed, terminated UTF-8 copy that the caller frees; NULL when memory is short. */
char *nps_spectrum_clean_text(nps_spectrum *s, nps_span v);
/* Whether a value is empty or one of the words that leave a field unset. */
bool nps_text_says_nothing(nps_span v);

/* Takes one "key, value" pair of any of the text formats: known spellings (case, blanks, '_', '-' and '#' in the key
 * ignored: "PRECURSORMZ", "PrecursorMZ", "precursor_mz", "PEPMASS" ...) fill the fields above, others go to the metadata.
 * Values that do not parse as what their key promises, or say more than it, stay in the metadata. The key
 * "npswatch-metadata" with a value of the form "key" "value" (quotes inside doubled) adds that pair to the metadata
 * whatever it looks like. This is the one table of key names. */
NPS_MUST_CHECK nps_status nps_spectrum_take_pair(nps_spectrum *s, nps_span key, nps_span value, nps_err *err);

/* Whether the key is one that nps_spectrum_take_pair gives a meaning. */
bool nps_spectrum_knows_key(nps_span key);

/* Forgets what a key stands for - the field, all synonyms, or the metadata under that key - so that the pair taken next
 * replaces it. The technique stays what it is. */
void nps_spectrum_forget_key(nps_spectrum *s, nps_span key);

/* Whether nps_spectrum_take_pair on `s` would keep the pair as metadata and change nothing else: what a writer asks
 * before it writes metadata plainly. */
bool nps_spectrum_keeps_pair(const nps_spectrum *s, nps_span key, nps_span value);

/* The peaks of a profile (nps_centroid), counted as a repair; points at m/z 0 or below are left out.
 * @param mz, intensity  [n], sorted by m/z; turned round in place when m/z descends, as magnets scan
 * Errors: NPS_E_RANGE for values that are not finite; those of nps_centroid. */
NPS_MUST_CHECK nps_status nps_spectrum_push_profile(nps_spectrum *s, double *mz, double *intensity, size_t n, size_t max,
                                                    nps_err *err);
/* Whether evenly spaced points of a mass spectrum sample the shape of its peaks. */
bool nps_is_profile(const double *mz, size_t n);

/* To be called once by every reader at the end of a record: settles the peaks and folds what that repaired into
 * s->repairs, takes a contributor that only the comment names ("contributor=..."), checks the InChIKey's form, and decides
 * the technique where the reader has not and none is told (precursor -> msms; EI in ionisation or instrument type -> ei; otherwise ei when
 * there is no precursor and no sign of MS/MS, as in every plain MSP). */
NPS_MUST_CHECK nps_status nps_spectrum_settle(nps_spectrum *s, nps_err *err);

/* First block of the InChIKey (14 letters) or an empty span. */
nps_span nps_spectrum_block(const nps_spectrum *s);
/* Whether text has the form XXXXXXXXXXXXXX-XXXXXXXXXX-X (InChI Technical Manual, IUPAC). */
bool nps_inchikey_is_valid(nps_span key);

/* "3 decimal commas read as points": the sentence for a repair made `count` times, appended to b. */
void nps_repair_text(nps_buf *b, nps_repair r, size_t count);
/* Stable name: "decimal_comma". */
const char *nps_repair_name(nps_repair r);

#endif
