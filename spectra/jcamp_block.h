/* Blocks and labelled data records (LDRs) of JCAMP-DX (McDonald and Wilks, Appl. Spectrosc. 42 (1988) 151, 4.24).
 * Finds where records begin and end; what they mean is for jcamp_fields and jcamp_table. Private to the JCAMP reader. */
#ifndef NPS_SPECTRA_JCAMP_BLOCK_H
#define NPS_SPECTRA_JCAMP_BLOCK_H

#include "core/scan.h"
#include "spectra/read_impl.h"

typedef struct {
    nps_span label; /* as written, without ## and = */
    char key[32];   /* in capitals, without blanks, '-', '/' and '_'; "" when empty or longer */
    nps_span value; /* from the = to the next record, comments and line ends included */
    size_t line;    /* of the label, 1-based */
} nps_jcamp_ldr;

/* A block from its first record to its ##END= (or to the next ##TITLE=, as in a LINK, or to the end of the file). */
typedef struct {
    nps_jcamp_ldr *ldr; /* [n] in file order, without ##END= */
    size_t n, cap;
    size_t line, offset; /* where it begins; offset in bytes */
    const char *base;    /* start of the whole input: byte offsets count from here */
    size_t missing_signs;/* labels without their = */
} nps_jcamp_block;

void nps_jcamp_block_done(nps_jcamp_block *b);

/* Reads the next block into *b, whose former content is dropped; *ret_any is false at the end of the input. After a
 * failure the scan stands behind the broken block. Spans point into the reader's input.
 * Errors: NPS_E_LIMIT for a line that is too long or more than 100,000 records in a block; NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_jcamp_block_read(nps_reader *r, nps_jcamp_block *b, bool *ret_any, nps_err *err);

/* Section 5 of the 1988 paper: blanks, dashes, slashes and underlines do not count in a label, nor does case. Writes
 * capitals; "" when there are `size` bytes or more. */
void nps_jcamp_normalise(nps_span label, char *key, size_t size);

/* First record with this normalised key at or after index `from`, before index `end`; NULL when there is none. */
const nps_jcamp_ldr *nps_jcamp_find(const nps_jcamp_block *b, size_t from, size_t end, const char *key);

/* First line of a value without its comment, trimmed; empty for ldr = NULL. */
nps_span nps_jcamp_first_line(const nps_jcamp_ldr *ldr);

/* Walks the lines of a value, comments cut off and trimmed: start with nps_scan_init(value.p, value.n). */
bool nps_jcamp_value_line(nps_scan *s, nps_span *ret_line);

/* The whole value, comments cut off, lines joined by LF, appended to b. */
void nps_jcamp_value_text(const nps_jcamp_ldr *ldr, nps_buf *b);

#endif
