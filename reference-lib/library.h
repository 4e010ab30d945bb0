/* One immutable library generation, as plain arrays.
 *
 * The arrays lie in the mapped library file (FORMAT.md) or in memory that the builder owns; nobody writes to them after
 * nps_library_open. Any number of threads may read. Reference-counted: nps_library_acquire/release.
 */
#ifndef NPS_REFERENCE_LIB_LIBRARY_H
#define NPS_REFERENCE_LIB_LIBRARY_H

#include "core/err.h"
#include "core/mem.h"
#include "core/similarity.h"
#include "reference-lib/calibration.h"
#include "spectra/spectrum.h"
#include "spectra/trace_prep.h"

#include <stdint.h>

typedef enum { NPS_VISIBLE_PUBLIC, NPS_VISIBLE_MEMBERS, NPS_VISIBLE_MATCH_ONLY } nps_visibility;
const char *nps_visibility_name(nps_visibility v); /* "public", "members", "match-only" */

enum { NPS_ENTRY_GENERATED = 1 }; /* entry_flags: made by a program, not measured */

/* Which entry a posting belongs to, and its weight for each score, rounded up (core/posting.h). */
typedef struct {
    uint64_t n;
    const uint16_t *row;                       /* entry - shard * NPS_SHARD_ROWS */
    const uint8_t *weighted, *cosine, *entropy; /* codes of the scores of search.h */
} nps_posting_codes;

/* Neutral losses down to minus this many Da have keys of their own; smaller ones share one. */
#define NPS_LOSS_OFFSET 1000.0

typedef struct nps_library {
    char generation[33]; /* 32 hex digits, from the content's digest */
    char digest[65];     /* BLAKE2b-256 tree digest of the file's content, hex */
    char created[24];    /* UTC, RFC 3339 */
    const char *name, *builder;
    bool generated; /* every entry is generated, not measured */
    const char *licence; /* of the whole library where the builder was told one; "" otherwise */

    /* Text: id 0 is "". Text i is the terminated UTF-8 string heap + text_at[i]. */
    uint64_t n_text, heap_size;
    const uint64_t *text_at;
    const char *heap;

    /* Substances, one per InChIKey first block (or per name where no InChIKey is known). */
    uint64_t n_substance;
    const uint32_t *sub_name, *sub_inchikey, *sub_formula, *sub_smiles, *sub_cas, *sub_class; /* text ids */
    const double *sub_mass;      /* monoisotopic, Da; 0 unknown */
    const int32_t *sub_nominal;  /* nominal molecular mass, Da; 0 unknown */
    const uint64_t *sub_entry_at; /* [n_substance + 1] */
    const uint32_t *sub_entry;    /* [n_entry] entries by substance, ascending within one */

    /* Entries: one spectrum each, in the order of the sources. */
    uint64_t n_entry;
    const uint32_t *entry_substance;
    const uint32_t *entry_name, *entry_inchikey, *entry_id, *entry_contributor, *entry_licence, *entry_instrument,
        *entry_instrument_type, *entry_adduct, *entry_energy, *entry_source; /* text ids; source = file it came from */
    const uint8_t *entry_technique, *entry_visibility, *entry_flags;
    const int8_t *entry_polarity;
    const double *entry_precursor, *entry_ri; /* 0: none */
    const uint32_t *entry_embargo;            /* text id of a date (RFC 3339 full-date), 0: none */

    /* Every peak as read, end to end. Row of entry e: peak_at[e] .. peak_at[e + 1]. */
    uint64_t n_peak;
    const uint64_t *peak_at;
    const double *peak_mz;
    const float *peak_intensity;

    /* Metadata that no field above takes, verbatim: pairs of text ids. Row of entry e: meta_at[e] .. meta_at[e + 1]. */
    uint64_t n_meta;
    const uint64_t *meta_at;
    const uint32_t *meta_key, *meta_value;
    /* Synonyms of entries: text ids. */
    uint64_t n_synonym;
    const uint64_t *synonym_at;
    const uint32_t *synonym;

    /* Infrared and Raman traces on the common grid (NPS_IR_GRID_*), absorbance, NaN outside the measured range; prepared by
     * these steps, apart from a derivative, which searches take. Queries are prepared alike. */
    nps_trace_prep trace_prep[NPS_TECH_COUNT]; /* of ir and raman */
    const char *trace_prep_text[NPS_TECH_COUNT]; /* nps_trace_prep_text of them */
    uint64_t n_ir;
    const uint32_t *ir_entry; /* ascending */
    const float *ir_y; /* [n_ir][NPS_IR_GRID_N] */
    /* Derived: coarse codes that bound correlations (ir_code.h). */
    const uint8_t *ir_code;                               /* [n_ir][NPS_IR_CODE_N] */
    const float *ir_step, *ir_zero, *ir_error, *ir_norm;  /* [n_ir] */
    const uint32_t *ir_range;                             /* [n_ir][2] grid points from .. to of the measured range */

    /* Sources: name, digest, format, counts as one text line each (text ids). */
    uint64_t n_source;
    const uint32_t *source_line;

    /* Derived by index.c: stored because making them takes longer than mapping them (benchmarks/README.md). Postings are
     * explained in core/posting.h; entries are their rows, entry e in shard e / NPS_SHARD_ROWS. */
    uint64_t n_shard;
    /* ei entries by nominal mass: cell s * NPS_NOMINAL_BINS + b holds the entries of shard s with a peak in bin b. */
    uint64_t n_ei_cell;            /* n_shard * NPS_NOMINAL_BINS */
    const uint64_t *ei_cell_at;    /* [n_ei_cell + 1] */
    nps_posting_codes ei;          /* rows ascending within a cell */
    /* ei entries for the all-lag correlation (core/lag_scan.h): row of entry e is lag_at[e] .. lag_at[e + 1]. */
    uint64_t n_lag_group;
    const uint64_t *lag_at;        /* [n_entry + 1] */
    const uint16_t *lag_group;     /* [n_lag_group] */
    const uint32_t *lag_code;      /* [n_lag_group] */
    const float *lag_scale;        /* [n_entry]; 0 for other techniques */
    /* Cleaned peaks of the msms and dart entries: rows by entry ... */
    uint64_t n_clean;
    const uint64_t *clean_at;      /* [n_entry + 1]; empty rows for other techniques */
    const double *clean_mz;        /* [n_clean] */
    const float *clean_intensity;  /* [n_clean] shares, sum to 1 a row */
    const float *clean_weight;     /* [n_clean] the same entropy-weighted */
    /* ... the same peaks by m/z, and by neutral loss where the entry has a precursor: key = nps_mz_key(mz, 0) or
     * nps_mz_key(precursor - mz, NPS_LOSS_OFFSET), ascending within a shard, ties by row. */
    const uint64_t *fragment_at;   /* [n_shard + 1] */
    const uint32_t *fragment_key;  /* [fragment.n] */
    nps_posting_codes fragment;
    const uint64_t *loss_at;
    const uint32_t *loss_key;
    nps_posting_codes loss;
    /* msms and dart entries by precursor. */
    uint64_t n_precursor;
    const double *precursor_mz;    /* [n_precursor] ascending */
    const uint32_t *precursor_entry;

    /* Calibration: conformity of replicate pairs, technique after technique. */
    uint64_t n_calibration_technique; /* NPS_TECH_COUNT */
    const uint64_t *calibration_at;   /* [NPS_TECH_COUNT + 1] */
    const uint8_t *calibration_source;
    uint64_t n_conformity;
    const double *conformity;
    const uint8_t *conformity_kind;   /* [n_conformity] nps_kind of the pair's query */
    nps_calibration calibration[NPS_TECH_COUNT]; /* views into the above */

    bool for_members; /* it is asked by members only, so that what is visible to them is open; set by its first owner */

    struct nps_library_backing *backing; /* private: mapping or memory, reference count */
} nps_library;

enum { NPS_IR_GRID_N = 1801, NPS_IR_CODE_N = 512 };
#define NPS_IR_GRID_X0 400.0 /* cm-1 */
#define NPS_IR_GRID_DX 2.0   /* cm-1; last point 4000 */

typedef enum {
    NPS_OPEN_TRUST_MARK, /* skip the digest when this very file (device, inode, size, times) was verified before */
    NPS_OPEN_VERIFY      /* compute it in any case */
} nps_open_mode;

/* Opens a generation: size and digest first, then HDF5 describes the arrays, which are mapped, not read.
 * Errors: NPS_E_IO; NPS_E_FORMAT when it is no library file; NPS_E_CORRUPT when digest, shape, order or finiteness do
 * not hold (the message names the first dataset); NPS_E_UNSUPPORTED for another schema version;
 * NPS_E_BUSY when the file is replaced by another without end. */
NPS_MUST_CHECK nps_status nps_library_open(const char *path, nps_open_mode mode, nps_library **ret_library, nps_err *err);

nps_library *nps_library_acquire(nps_library *lib); /* one more owner; returns lib */
void nps_library_release(nps_library *lib);         /* the last one unmaps; NULL is fine. Any thread. */
static inline void nps_library_releasep(nps_library **lib) { nps_library_release(*lib); }
#define NPS_AUTO_LIBRARY __attribute__((cleanup(nps_library_releasep))) nps_library *

/* Terminated text of an id; "" for id 0. */
static inline const char *nps_library_text(const nps_library *lib, uint32_t id) { return lib->heap + lib->text_at[id]; }

/* Molecular formula of an entry's substance; "" where it is not known. */
static inline const char *nps_library_formula(const nps_library *lib, uint32_t entry)
{
    return nps_library_text(lib, lib->sub_formula[lib->entry_substance[entry]]);
}

/* Whether a spectrum of the substance can be compared with one of this technique. */
static inline bool nps_library_has_technique(const nps_library *lib, uint32_t substance, nps_technique t)
{
    for (uint64_t i = lib->sub_entry_at[substance]; i < lib->sub_entry_at[substance + 1]; i++)
        if (nps_technique_compares((nps_technique)lib->entry_technique[lib->sub_entry[i]], t))
            return true;
    return false;
}

/* Rows of an entry as views. */
static inline nps_peak_view nps_library_share_row(const nps_library *lib, uint32_t e) /* cleaned, shares of their sum */
{
    uint64_t at = lib->clean_at[e];
    return (nps_peak_view){lib->clean_mz + at, lib->clean_intensity + at, lib->clean_at[e + 1] - at};
}
static inline nps_peak_view nps_library_clean_row(const nps_library *lib, uint32_t e) /* cleaned, entropy-weighted */
{
    uint64_t at = lib->clean_at[e];
    return (nps_peak_view){lib->clean_mz + at, lib->clean_weight + at, lib->clean_at[e + 1] - at};
}
static inline nps_peak_view nps_library_peak_row(const nps_library *lib, uint32_t e) /* as read */
{
    uint64_t at = lib->peak_at[e];
    return (nps_peak_view){lib->peak_mz + at, lib->peak_intensity + at, lib->peak_at[e + 1] - at};
}

/* The entry as a spectrum with all its metadata (for export and plots); a trace without a point on the grid is empty (n = 0).
 * The caller frees it. */
NPS_MUST_CHECK nps_status nps_library_spectrum(const nps_library *lib, uint32_t entry, nps_spectrum **ret_spectrum,
                                               nps_err *err);

/* Whether the entry is public without any embargo, so that it is open whatever day it is. */
static inline bool nps_library_entry_is_public(const nps_library *lib, uint32_t entry)
{
    return lib->entry_visibility[entry] == NPS_VISIBLE_PUBLIC && !lib->entry_embargo[entry];
}
/* Whether peaks of the entry may leave the service: public (or visible to members, in a library for them), and no embargo after
 * `today` (RFC 3339 full-date). */
bool nps_library_entry_is_open(const nps_library *lib, uint32_t entry, const char *today);

#endif
