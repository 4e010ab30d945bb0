/* A table of what a laboratory knows about its spectra beside their files: which substance, which sample, which instrument.
 *
 * UTF-8 text set off by tabs, commas or semicolons (as the first line has them), cells in "quotes" where need be ("" for a
 * quote inside). The first line holds the heads: "file", then perhaps "record", then keys that nps_spectrum_take_pair knows
 * (Name, InChIKey, CAS, Instrument ...) or any other, which is kept as metadata. A row goes to every spectrum of the file that
 * its first cell names - path in the folder or archive, whole path, or base name; each with or without extension - or, with a
 * number in "record", to that record of it; a row of a record goes before one of the whole file, and a longer name before a
 * shorter one. What a cell says replaces what the file says; an empty cell, or one of "NA", "none" and the like, says
 * nothing. One thread. */
#ifndef NPS_SERVICE_METADATA_TABLE_H
#define NPS_SERVICE_METADATA_TABLE_H

#include "service/sources.h"

enum { NPS_METADATA_HEADS_MAX = 200, NPS_METADATA_ROWS_MAX = 1000000 };

typedef struct nps_metadata_table nps_metadata_table;

/* Something to be told. @param fault  the table is wrong there (a row or a cell is left out); otherwise a remark: a row that
 * fits no file, or several; a file without a row. @param line  of the table, 1-based; 0 where it is about a file. */
typedef void nps_metadata_tell(void *arg, bool fault, size_t line, const char *text);

/* Reads a table (copied). Faults of single rows and cells are told: another number of columns than the heads, a file (and
 * record) named twice, text that is no UTF-8, a value that its key cannot mean. `tell` is kept for the functions below.
 * Errors: NPS_E_FORMAT with the line for heads that are no heads; NPS_E_LIMIT; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_metadata_table_read(const char *text, size_t len, nps_metadata_tell *tell, void *arg,
                                                  nps_metadata_table **ret_table, nps_err *err);

/* Gives a spectrum what its rows say. To be called for every spectrum of a walk, in its order, so that files without a row
 * can be told. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_metadata_table_apply(nps_metadata_table *t, const nps_source *from, nps_spectrum *s, nps_err *err);

/* After the walk: tells of rows that were not used. */
void nps_metadata_table_finish(nps_metadata_table *t);

typedef struct {
    size_t rows, rows_unused, faults, spectra, files_without;
} nps_metadata_counts; /* spectra: that were given something */
nps_metadata_counts nps_metadata_table_counts(const nps_metadata_table *t);

void nps_metadata_table_free(nps_metadata_table *t);
NPS_DEFINE_FREEP(nps_metadata_table)

#endif
