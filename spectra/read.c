#include "spectra/read_impl.h"

#include "spectra/gunzip.h"

#include <stdlib.h>
#include <string.h>

static const nps_format *const formats[] = {
    &nps_format_jcamp, &nps_format_massbank, &nps_format_mgf,   &nps_format_msp,  &nps_format_csv,
    &nps_format_spc,   &nps_format_sp,       &nps_format_omnic, &nps_format_opus, &nps_format_andi,
    &nps_format_mzml,  &nps_format_mzxml,    &nps_format_mzspeclib,
};

nps_read_limits nps_read_limits_for_upload(void)
{
    return (nps_read_limits){.max_bytes = (size_t)32 << 20,
                             .max_records = 10000,
                             .max_points = 1000000,
                             .max_line = (size_t)1 << 20,
                             .max_gzip_ratio = 200};
}

nps_read_limits nps_read_limits_for_library(void)
{
    return (nps_read_limits){.max_bytes = (size_t)8 << 30,
                             .max_records = 20000000,
                             .max_points = 1000000,
                             .max_line = (size_t)1 << 20,
                             .max_gzip_ratio = 200};
}

/* Well-known things that people send by mistake; named so that the answer helps. */
static const struct {
    const char *magic;
    size_t n;
    const char *what;
} strangers[] = {
    {"%PDF-", 5, "a PDF document"},
    {"PK\003\004", 4, "a zip archive (unpack it first) or an office document"},
    {"\x89HDF\r\n\x1a\n", 8, "an HDF5 file"},
    {"\x89PNG", 4, "a PNG picture"},
    {"\xff\xd8\xff", 3, "a JPEG picture"},
    {"CDF\005", 4, "a netCDF file of 64-bit counts (CDF-5)"},
    {"\xd0\xcf\x11\xe0", 4, "an old office document"},
    {"<?xml", 5, "an XML file"},
    {"<html", 5, "a web page"},
    {"<!DOCTYPE", 9, "a web page"},
    {"BZh", 3, "a bzip2 file"},
    {"\xfd"
     "7zXZ",
     5, "an xz file"},
    {"\x28\xb5\x2f\xfd", 4, "a Zstandard file"},
    {"\xff\xfe", 2, "text in UTF-16 (save it as UTF-8)"},
    {"\xfe\xff", 2, "text in UTF-16 (save it as UTF-8)"},
};

/* Surest format of one kind for the head of a file, or NULL. */
static const nps_format *sniff(nps_span head, bool binary, bool xml)
{
    const nps_format *found = NULL;
    int best = 0;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        int sure = formats[i]->binary == binary && formats[i]->xml == xml ? formats[i]->sniff(head) : 0;
        if (sure > best) {
            best = sure;
            found = formats[i];
        }
    }
    return found;
}

const char *nps_reader_stranger(const void *data, size_t len)
{
    const char *p = data;
    size_t bom = len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        if (len - bom >= strangers[i].n && memcmp(p + bom, strangers[i].magic, strangers[i].n) == 0)
            return strangers[i].what;
    return NULL;
}

static void start(nps_reader *r, const char *data, size_t len)
{
    if (r->format->binary) {
        r->scan = nps_scan_init(data, len);
        return;
    }
    /* DOS programs ended their texts with Ctrl-Z. */
    size_t last = len;
    while (last && (data[last - 1] == '\n' || data[last - 1] == '\r'))
        last--;
    if (last && data[last - 1] == 0x1a)
        len = last - 1;
    r->scan = nps_scan_init(data, len);
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        r->scan.p += 3;
        r->had_bom = true;
    }
}

nps_status nps_reader_open_as(const nps_format *format, const void *data, size_t len, const nps_read_limits *limits,
                              nps_reader **ret_reader, nps_err *err)
{
    nps_reader *r = nps_array(1, sizeof *r);
    if (!r)
        return nps_fail_nomem(err);
    r->limits = *limits;
    r->format = format;
    start(r, data, len);
    *ret_reader = r;
    return NPS_OK;
}

static nps_span head_of(const char *p, size_t n)
{
    return (nps_span){p, n < (size_t)64 << 10 ? n : (size_t)64 << 10};
}

/* Settles r->format and r->scan. */
static nps_status choose_format(nps_reader *r, const char *data, size_t len, nps_err *err)
{
    r->format = sniff(head_of(data, len), true, false);
    if (r->format) {
        start(r, data, len);
        return NPS_OK;
    }
    size_t bom = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    r->format = sniff(head_of(data + bom, len - bom), false, true);
    if (r->format) {
        start(r, data, len);
        return NPS_OK;
    }
    const char *stranger = nps_reader_stranger(data, len);
    if (stranger)
        return nps_fail(err, NPS_E_UNSUPPORTED, "this is %s, not a spectrum that can be read here", stranger);
    r->format = sniff(head_of(data + bom, len - bom), false, false);
    if (!r->format)
        return nps_fail(err, NPS_E_UNSUPPORTED,
                        "this looks like none of the formats read here (see README.md for the list)");
    start(r, data, len);
    return NPS_OK;
}

nps_status nps_reader_open(const void *data, size_t len, const nps_read_limits *limits, nps_reader **ret_reader,
                           nps_err *err)
{
    if (!len)
        return nps_fail_at(err, NPS_E_FORMAT, 1, 0, "the file is empty");
    if (len > limits->max_bytes)
        return nps_fail(err, NPS_E_LIMIT, "%zu bytes are more than the limit of %zu", len, limits->max_bytes);
    NPS_AUTO(nps_reader) r = nps_array(1, sizeof *r);
    if (!r)
        return nps_fail_nomem(err);
    r->limits = *limits;
    nps_status st = NPS_OK;
    if (nps_gunzip_is(data, len)) {
        st = nps_gunzip(data, len, limits, &r->owned, &len, err);
        if (st != NPS_OK)
            return st;
        data = r->owned;
        if (!len)
            return nps_fail_at(err, NPS_E_FORMAT, 1, 0, "the compressed file is empty");
    }
    st = choose_format(r, data, len, err);
    if (st != NPS_OK)
        return st;
    *ret_reader = nps_steal(r);
    return NPS_OK;
}

static bool has_unfolded(const nps_reader *r)
{
    return r->unfolded > NPS_READ_UNFOLD_FREE &&
           r->unfolded / NPS_READ_UNFOLD_RATIO > (size_t)(r->scan.end - r->scan.start);
}

/* Whether there is a record more is known only when it has been read. */
static nps_status stop_at_limit(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_err place = {0};
    nps_status st = r->format->next(r, &s, &place);
    r->at_end = true;
    if (st == NPS_OK && !s) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    if (s)
        nps_fail_at(&place, NPS_E_LIMIT, s->line, s->offset, "%s", "");
    if (has_unfolded(r))
        return nps_fail_at(err, NPS_E_LIMIT, place.line, place.offset,
                           "the spectra unfold to more than %d times the size of the file", NPS_READ_UNFOLD_RATIO);
    return nps_fail_at(err, NPS_E_LIMIT, place.line, place.offset, "more than %zu records", r->limits.max_records);
}

nps_status nps_reader_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (r->at_end) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    if (r->n_records == r->limits.max_records || has_unfolded(r))
        return stop_at_limit(r, ret_spectrum, err);
    nps_spectrum *s = NULL;
    nps_status st = r->format->next(r, &s, err);
    if (st == NPS_E_NOMEM || (st == NPS_OK && !s))
        r->at_end = true;
    else
        r->n_records++;
    if (st != NPS_OK)
        return st;
    r->unfolded += nps_spectrum_size(s);
    if (s && r->had_bom) {
        s->repairs[NPS_REPAIR_BOM]++;
        r->had_bom = false;
    }
    *ret_spectrum = s;
    return NPS_OK;
}

nps_status nps_reader_line(nps_reader *r, nps_span *ret_line, bool *ret_any, nps_err *err)
{
    nps_span line = {NULL, 0};
    bool any = nps_scan_line(&r->scan, &line);
    if (any && line.n > r->limits.max_line)
        return NPS_FAIL_LINE(r, err, NPS_E_LIMIT, line.p, "a line of %zu bytes is longer than the limit of %zu", line.n,
                             r->limits.max_line);
    *ret_line = line;
    *ret_any = any;
    return NPS_OK;
}

bool nps_reader_skip_blank(nps_reader *r)
{
    nps_span line;
    for (nps_scan mark = r->scan; nps_scan_line(&r->scan, &line); mark = r->scan)
        if (nps_span_trim(line).n) {
            r->scan = mark;
            return true;
        }
    return false;
}

nps_status nps_reader_begin(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_spectrum *s = NULL;
    if (nps_reader_skip_blank(r)) {
        nps_status st = nps_spectrum_new(&s, err);
        if (st != NPS_OK)
            return nps_reader_place(r, err, st, r->scan.p);
        s->line = r->scan.line + 1;
        s->offset = nps_scan_offset(&r->scan, r->scan.p);
    }
    *ret_spectrum = s;
    return NPS_OK;
}

const char *nps_reader_format(const nps_reader *r)
{
    return r->format->name;
}

void nps_reader_progress(const nps_reader *r, size_t *ret_done, size_t *ret_all)
{
    *ret_done = (size_t)(r->scan.p - r->scan.start);
    *ret_all = (size_t)(r->scan.end - r->scan.start);
}

void nps_reader_free(nps_reader *r)
{
    if (!r)
        return;
    if (r->format && r->format->done)
        r->format->done(r);
    free(r->owned);
    free(r);
}
