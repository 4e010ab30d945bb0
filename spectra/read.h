/* Reading spectra from bytes: the format is sniffed from the content, never from a name; gzip is undone first.
 *
 * One reader walks a file record by record. A broken record is reported with its line and byte and does not stop the
 * walk: the next call goes on with the next record. Survives any input; memory stays under limits->max_bytes plus one
 * record. A reader belongs to one thread.
 */
#ifndef NPS_SPECTRA_READ_H
#define NPS_SPECTRA_READ_H

#include "spectra/spectrum.h"

typedef struct {
    size_t max_bytes;   /* after decompression */
    size_t max_records; /* in one file */
    size_t max_points;  /* peaks or points in one spectrum */
    size_t max_line;    /* bytes in one line */
    double max_gzip_ratio; /* decompressed over compressed; a larger one is refused as a bomb */
} nps_read_limits;

/* What a file says once may count for many spectra, and repeat counts make points of nothing: the spectra of one file may
 * take 16 MiB and 20 times its (uncompressed) size. */
enum { NPS_READ_UNFOLD_FREE = 16 << 20, NPS_READ_UNFOLD_RATIO = 20 };

nps_read_limits nps_read_limits_for_upload(void);  /* 32 MiB, 10,000 records, 1,000,000 points, 1 MiB lines, ratio 200 */
nps_read_limits nps_read_limits_for_library(void); /* 8 GiB, 20 million records, 1,000,000 points, 1 MiB lines, ratio 200 */

typedef struct nps_reader nps_reader;

/* Looks at the content and prepares to walk it.
 * @param data  [len]; must stay alive and unchanged until nps_reader_free
 * Errors: NPS_E_UNSUPPORTED names what the content looks like where that can be told (PDF, zip, HDF5, JCAMP NMR ...);
 * NPS_E_FORMAT for an empty file or broken gzip; NPS_E_LIMIT for too many bytes or a gzip bomb. */
NPS_MUST_CHECK nps_status nps_reader_open(const void *data, size_t len, const nps_read_limits *limits,
                                          nps_reader **ret_reader, nps_err *err);

/* What well-known thing that is no spectrum the content looks like ("a PDF document"); NULL where that cannot be told. */
const char *nps_reader_stranger(const void *data, size_t len);

/* Next spectrum, or NULL at the end of the file. A failure is about one record and names the line and byte of its first
 * fault; call again for the next one. The caller frees the spectrum. After NPS_E_LIMIT on the number of records or
 * on what they unfold to, and after NPS_E_NOMEM, the reader is at its end. */
NPS_MUST_CHECK nps_status nps_reader_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err);

/* "msp", "mgf", "massbank", "mzspeclib", "mzml", "mzxml", "andi-ms", "jcamp-dx", "spc", "omnic", "opus", "perkinelmer-sp",
 * "csv". */
const char *nps_reader_format(const nps_reader *r);
/* Bytes walked so far and in all, uncompressed: for progress. */
void nps_reader_progress(const nps_reader *r, size_t *ret_done, size_t *ret_all);

void nps_reader_free(nps_reader *r);
NPS_DEFINE_FREEP(nps_reader)

#endif
