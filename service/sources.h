/* Where the spectra of a command come from: files, folders and zip archives, walked record by record.
 *
 * A folder is walked with what lies in it, names in byte order; hidden files and symbolic links to folders are passed over.
 * A zip archive is walked like a folder of the same content. In both, files that no reader knows are no failures: they are
 * told in one line a kind. Everything else that fails is told on standard error and counted. */
#ifndef NPS_SERVICE_SOURCES_H
#define NPS_SERVICE_SOURCES_H

#include "spectra/read.h"

enum { NPS_SOURCES_DEPTH_MAX = 16 }; /* folders in folders */

/* One spectrum's origin; valid during the call. */
typedef struct {
    const char *name;     /* for people: "own/lab/a.spa", "own.zip:lab/a.spa"; clean UTF-8 */
    const char *relative; /* path in the folder or archive that was given; of a single file its last part; clean UTF-8 */
    size_t file;          /* number of the file in the walk, from 1 */
    size_t record;        /* number of the record in the file, from 1; broken ones count */
} nps_source;

typedef struct {
    /* Gets every spectrum and may keep it (then it sets *s to NULL). A failure ends the walk. */
    nps_status (*take)(void *arg, const nps_source *from, nps_spectrum **s, nps_err *err);
    /* May be NULL. After the last spectrum of a file on disk (an archive counts as one) with its bytes as they lie there. A
     * failure ends the walk. */
    nps_status (*done)(void *arg, const char *name, const void *data, size_t len, nps_err *err);
    void *arg;
} nps_source_visitor;

/* Walks files ("-": standard input), folders and zip archives. A spectrum whose file gives it no name gets that of the file,
 * without folders and extension. *ret_failed: records, files and folders that were complained about; a folder or an archive
 * without a single spectrum is one of them. Errors: those of the visitor; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_sources_walk(char **paths, int n_paths, const nps_read_limits *limits,
                                           const nps_source_visitor *v, size_t *ret_failed, nps_err *err);

/* The same for callers who want no more than the name of each spectrum's file. */
typedef nps_status nps_sources_take(void *arg, const char *file, nps_spectrum **s, nps_err *err);
NPS_MUST_CHECK nps_status nps_sources_each(char **paths, int n_paths, const nps_read_limits *limits,
                                           nps_sources_take *take, void *arg, size_t *ret_failed, nps_err *err);

/* Last part of a path; a slash at its end is left out. */
nps_span nps_source_base(nps_span path);
/* A path without ".gz" and without its extension: up to eight letters and digits behind the last dot. */
nps_span nps_source_stem(nps_span path);

#endif
