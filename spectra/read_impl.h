/* What the readers of single formats share. Private to spectra/read*.c. */
#ifndef NPS_SPECTRA_READ_IMPL_H
#define NPS_SPECTRA_READ_IMPL_H

#include "spectra/read.h"

typedef struct nps_format nps_format;

struct nps_reader {
    const nps_format *format;
    nps_read_limits limits;
    nps_scan scan;    /* over the uncompressed text, BOM skipped */
    char *owned;      /* decompressed text, or NULL */
    size_t n_records; /* returned or refused so far */
    bool had_bom;
    bool at_end;
    size_t unfolded; /* bytes of all spectra so far, those refused when complete among them */
    void *state; /* of the format, freed by format->done */
};

struct nps_format {
    const char *name;
    /* How sure the format is that this is its text, 0 (no) to 100, from at most the first 64 KiB. */
    int (*sniff)(nps_span head);
    /* As nps_reader_next, the record counting done by the caller. On failure the scan must stand where the next record
     * can begin, and at least one line further than before. */
    nps_status (*next)(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err);
    void (*done)(nps_reader *r); /* may be NULL */
    /* Not text: asked before well-known strangers are named, given every byte, no BOM or Ctrl-Z taken off. Its errors and
     * spectra have line 0 and say the byte; it sets r->at_end with its last record. */
    bool binary;
    /* XML: asked, instead of the other text formats, whenever the file begins like XML. */
    bool xml;
};

extern const nps_format nps_format_msp, nps_format_mgf, nps_format_massbank, nps_format_mzspeclib, nps_format_mzml,
    nps_format_mzxml, nps_format_andi, nps_format_jcamp, nps_format_spc, nps_format_omnic, nps_format_opus, nps_format_sp,
    nps_format_csv;

/* Fails at the line last returned by the scan, at byte `at` of the input (a pointer into it). */
#define NPS_FAIL_LINE(r, err, code, at, ...)                                                                           \
    nps_fail_at((err), (code), (r)->scan.line, nps_scan_offset(&(r)->scan, (at)), __VA_ARGS__)

/* Fails at a byte of a binary format. */
#define NPS_FAIL_BYTE(err, code, at, ...) nps_fail_at((err), (code), 0, (at), __VA_ARGS__)

/* Gives an error that knows no place yet the place `at` in the line last returned; passes the status on. */
static inline nps_status nps_reader_place(const nps_reader *r, nps_err *err, nps_status st, const char *at)
{
    if (st != NPS_OK && err && !err->line) {
        err->line = r->scan.line;
        err->offset = nps_scan_offset(&r->scan, at);
    }
    return st;
}

/* To be called with a spectrum that is refused late: what it took counts as if it had been read. */
static inline nps_status nps_reader_refuse(nps_reader *r, const nps_spectrum *s, nps_status st)
{
    if (st != NPS_OK)
        r->unfolded += nps_spectrum_size(s);
    return st;
}

/* As nps_reader_open, but without sniffing and gunzipping: for fuzzers and tests that drive one format. */
NPS_MUST_CHECK nps_status nps_reader_open_as(const nps_format *format, const void *data, size_t len,
                                             const nps_read_limits *limits, nps_reader **ret_reader, nps_err *err);

/* Next line, with the limit on its length: NPS_E_LIMIT there; *ret_any false at the end. */
NPS_MUST_CHECK nps_status nps_reader_line(nps_reader *r, nps_span *ret_line, bool *ret_any, nps_err *err);

/* Stands before the first line that is not blank; false at the end of the file. */
bool nps_reader_skip_blank(nps_reader *r);

/* How a record of a line format begins: blank lines are skipped and *ret_spectrum is new and knows its place, or NULL at
 * the end of the file. */
NPS_MUST_CHECK nps_status nps_reader_begin(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err);

#endif
