/* Reads PerkinElmer .sp files of Spectrum: "PEPE", a description of 40 bytes, then blocks of a number (int16), a size
 * (int32) and content, all least significant byte first. A data set (block 120) holds members, whose content begins with
 * the code of its type; each data set is one record.
 *
 * Source: the numbers published in "spload" (PerkinElmer, Westlake and Green 2007), and the readers specio,
 * PerkinElmer2CSV and Bev.IO.PerkinElmerSP. The layout of the instrument's history is not published: texts in it are
 * found by their type code and kept as metadata without names. */
#include "spectra/read_impl.h"

#include "core/bytes.h"

#include <math.h>
#include <stdlib.h>

enum { SIGNATURE = 4, DESCRIPTION = 40, BLOCK_HEADER = 6, HISTORY_TEXTS_MAX = 100, HISTORY_TEXT_LENGTH_MAX = 255 };

enum { BLOCK_DATA_SET = 120, BLOCK_IMAGE = 5100 };

enum {
    MEMBER_RANGE = -29838,
    MEMBER_INTERVAL = -29836,
    MEMBER_N_POINTS = -29835,
    MEMBER_SAMPLING = -29834,
    MEMBER_X_LABEL = -29833,
    MEMBER_Y_LABEL = -29832,
    MEMBER_FILE_TYPE = -29829,
    MEMBER_DATA = -29828,
    MEMBER_NAME = -29827,
    MEMBER_HISTORY = -29825,
    MEMBER_ALIAS = -29823
};

enum { TYPE_LONG = 29995, TYPE_TEXT = 29987, TYPE_RANGE = 29981, TYPE_COORDINATE = 29979, TYPE_ARRAY = 29974 };

/* Wavelengths below are light that can be seen, or ultraviolet (CIE 17-21-004). */
static const double INFRARED_FROM_NM = 780;

typedef struct {
    int id;
    size_t at, from, end; /* header, content */
} block;

typedef struct {
    nps_reader *r;
    nps_span all;
    size_t at; /* of the data set */
    bool has_range, has_interval, has_count;
    double first, last, interval;
    size_t range_at, interval_at, n_at, n;
    size_t data_at, n_data; /* 0: none */
    nps_span x_label, y_label, alias, name, sampling, file_type, history;
    size_t x_label_at, y_label_at;
} data_set;

static int signed16(nps_span all, size_t at)
{
    int v = nps_bytes_u16(all, at);
    return v < 0x8000 ? v : v - 0x10000;
}

/* The block at `at`, inside what ends at `end`. */
static nps_status take_block(nps_span all, size_t at, size_t end, block *ret_block, nps_err *err)
{
    if (end - at < BLOCK_HEADER)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, at, "the file ends in the header of a block");
    size_t size = nps_bytes_u32(all, at + 2);
    if (size > end - at - BLOCK_HEADER)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, at, "block %d of %zu bytes is longer than what holds it",
                             signed16(all, at), size);
    *ret_block = (block){signed16(all, at), at, at + BLOCK_HEADER, at + BLOCK_HEADER + size};
    return NPS_OK;
}

/* Checks type and size of a member's value and returns where it begins behind the type code. */
static nps_status expect(const data_set *d, const block *b, int type, size_t size, size_t *ret_at, nps_err *err)
{
    if (b->end - b->from < 2 + size)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, b->at, "member %d of the data set is too short", b->id);
    if (nps_bytes_u16(d->all, b->from) != type)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, b->from, "member %d of the data set has the unknown type %d", b->id,
                             nps_bytes_u16(d->all, b->from));
    *ret_at = b->from + 2;
    return NPS_OK;
}

static nps_status take_text(const data_set *d, const block *b, nps_span *ret_text, nps_err *err)
{
    size_t at = 0;
    nps_status st = expect(d, b, TYPE_TEXT, 2, &at, err);
    if (st != NPS_OK)
        return st;
    size_t n = nps_bytes_u16(d->all, at);
    if (n > b->end - at - 2)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, at, "a text of %zu bytes is longer than its member %d", n, b->id);
    const char *p = d->all.p + at + 2, *nul = memchr(p, '\0', n);
    *ret_text = nps_span_trim((nps_span){p, nul ? (size_t)(nul - p) : n});
    return NPS_OK;
}

static nps_status take_range(data_set *d, const block *b, nps_err *err)
{
    nps_status st = expect(d, b, TYPE_RANGE, 16, &d->range_at, err);
    if (st != NPS_OK)
        return st;
    d->first = nps_bytes_double(d->all, d->range_at);
    d->last = nps_bytes_double(d->all, d->range_at + 8);
    if (!isfinite(d->first) || !isfinite(d->last) || !isfinite(d->last - d->first))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, d->range_at, "the ends of the abscissa are no numbers");
    d->has_range = true;
    return NPS_OK;
}

static nps_status take_interval(data_set *d, const block *b, nps_err *err)
{
    nps_status st = expect(d, b, TYPE_COORDINATE, 8, &d->interval_at, err);
    if (st != NPS_OK)
        return st;
    d->interval = nps_bytes_double(d->all, d->interval_at);
    d->has_interval = true;
    return NPS_OK;
}

static nps_status take_count(data_set *d, const block *b, nps_err *err)
{
    nps_status st = expect(d, b, TYPE_LONG, 4, &d->n_at, err);
    if (st != NPS_OK)
        return st;
    d->n = nps_bytes_u32(d->all, d->n_at);
    d->has_count = true;
    return NPS_OK;
}

static nps_status take_data(data_set *d, const block *b, nps_err *err)
{
    size_t at = 0;
    nps_status st = expect(d, b, TYPE_ARRAY, 4, &at, err);
    if (st != NPS_OK)
        return st;
    size_t size = nps_bytes_u32(d->all, at);
    if (size > b->end - at - 4 || size % 8)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, at, "%zu bytes of ordinates do not fit their member of %zu", size,
                             b->end - at - 4);
    d->data_at = at + 4;
    d->n_data = size / 8;
    return NPS_OK;
}

static nps_status take_member(data_set *d, const block *b, nps_err *err)
{
    switch (b->id) {
    case MEMBER_RANGE: return take_range(d, b, err);
    case MEMBER_INTERVAL: return take_interval(d, b, err);
    case MEMBER_N_POINTS: return take_count(d, b, err);
    case MEMBER_DATA: return take_data(d, b, err);
    case MEMBER_X_LABEL: d->x_label_at = b->at; return take_text(d, b, &d->x_label, err);
    case MEMBER_Y_LABEL: d->y_label_at = b->at; return take_text(d, b, &d->y_label, err);
    case MEMBER_ALIAS: return take_text(d, b, &d->alias, err);
    case MEMBER_NAME: return take_text(d, b, &d->name, err);
    case MEMBER_SAMPLING: return take_text(d, b, &d->sampling, err);
    case MEMBER_FILE_TYPE: return take_text(d, b, &d->file_type, err);
    case MEMBER_HISTORY: d->history = (nps_span){d->all.p + b->from, b->end - b->from}; return NPS_OK;
    default: return NPS_OK;
    }
}

/* Letters, digits and '%' in capitals; a micro sign, in whatever encoding, as U. */
static void fold_label(nps_span label, char folded[static 32])
{
    size_t m = 0;
    for (size_t i = 0; i < label.n && m < 31; i++) {
        unsigned char c = (unsigned char)label.p[i];
        if (c >= 'a' && c <= 'z')
            folded[m++] = (char)(c - 32);
        else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '%')
            folded[m++] = (char)c;
        else if (c == 0xB5 || c == 0xBC)
            folded[m++] = 'U';
    }
    folded[m] = '\0';
}

typedef struct {
    const char *label;
    int unit;
} label_row;

static bool find_label(const label_row *rows, size_t n, nps_span label, int *ret_unit)
{
    char folded[32];
    fold_label(label, folded);
    for (size_t i = 0; i < n; i++)
        if (strcmp(folded, rows[i].label) == 0) {
            *ret_unit = rows[i].unit;
            return true;
        }
    return false;
}

#define FIND_LABEL(rows, label, ret_unit) find_label((rows), sizeof(rows) / sizeof *(rows), (label), (ret_unit))

static nps_status x_unit_of(const data_set *d, bool *ret_raman, nps_x_unit *ret_unit, nps_err *err)
{
    static const label_row plain[] = {{"CM1", NPS_X_CM1},         {"1CM", NPS_X_CM1},
                                      {"WAVENUMBER", NPS_X_CM1},  {"WAVENUMBERCM1", NPS_X_CM1},
                                      {"NM", NPS_X_NANOMETRE},    {"NANOMETERS", NPS_X_NANOMETRE},
                                      {"UM", NPS_X_MICROMETRE},   {"MICROMETERS", NPS_X_MICROMETRE},
                                      {"MICRONS", NPS_X_MICROMETRE}};
    static const label_row shift[] = {{"RAMANSHIFT", NPS_X_CM1}, {"RAMANSHIFTCM1", NPS_X_CM1}};
    int unit = 0;
    *ret_raman = FIND_LABEL(shift, d->x_label, &unit);
    if (!*ret_raman && !FIND_LABEL(plain, d->x_label, &unit))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->x_label_at,
                             "abscissa in '%s' is neither wavenumber nor wavelength",
                             nps_quote(d->x_label.p, d->x_label.n).s);
    *ret_unit = (nps_x_unit)unit;
    double low_nm = fmin(d->first, d->last) * (unit == NPS_X_MICROMETRE ? 1e3 : 1);
    if (unit != NPS_X_CM1 && low_nm < INFRARED_FROM_NM)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->x_label_at,
                             "wavelengths from %g nm are ultraviolet or visible light, not infrared", low_nm);
    return NPS_OK;
}

static nps_status y_unit_of(const data_set *d, bool raman, const double *y, nps_y_unit *ret_unit, nps_err *err)
{
    static const label_row infrared[] = {
        {"A", NPS_Y_ABSORBANCE},       {"ABS", NPS_Y_ABSORBANCE},
        {"ABSORBANCE", NPS_Y_ABSORBANCE}, {"LOG1R", NPS_Y_ABSORBANCE},
        {"%T", NPS_Y_PERCENT_T},       {"%R", NPS_Y_PERCENT_R},
        {"T", NPS_Y_TRANSMITTANCE},    {"R", NPS_Y_REFLECTANCE},
        {"KM", NPS_Y_KUBELKA_MUNK},    {"KUBELKAMUNK", NPS_Y_KUBELKA_MUNK}};
    static const label_row intensity[] = {{"INT", NPS_Y_COUNTS}, {"INTENSITY", NPS_Y_COUNTS}, {"COUNTS", NPS_Y_COUNTS}};
    int unit = 0;
    bool found = raman ? FIND_LABEL(intensity, d->y_label, &unit) : FIND_LABEL(infrared, d->y_label, &unit);
    if (!found)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->y_label_at, "ordinate in '%s' is not known for %s spectra",
                             nps_quote(d->y_label.p, d->y_label.n).s, raman ? "Raman" : "infrared");
    double largest = -INFINITY;
    for (size_t i = 0; i < d->n_data; i++)
        largest = fmax(largest, y[i]);
    if ((unit == NPS_Y_TRANSMITTANCE || unit == NPS_Y_REFLECTANCE) && largest > 1.5)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->y_label_at, "'%s' up to %g is not in parts",
                             nps_quote(d->y_label.p, d->y_label.n).s, largest);
    *ret_unit = (nps_y_unit)unit;
    return NPS_OK;
}

static nps_status check(const data_set *d, size_t max_points, nps_err *err)
{
    if (!d->has_range)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, d->at, "the data set has no range of the abscissa");
    if (!d->data_at)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, d->at, "the data set has no ordinates");
    if (d->has_count && d->n != d->n_data)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, d->n_at, "%zu points are stated, but %zu follow", d->n, d->n_data);
    if (d->n_data > max_points)
        return NPS_FAIL_BYTE(err, NPS_E_LIMIT, d->data_at, "%zu points are more than the limit of %zu", d->n_data,
                             max_points);
    double missed = d->first + d->interval * ((double)d->n_data - 1) - d->last;
    if (d->has_interval && d->n_data > 1 && !(fabs(missed) <= fabs(d->interval) / 2))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, d->interval_at,
                             "steps of %g do not lead from %g to %g in %zu points", d->interval, d->first, d->last,
                             d->n_data);
    return NPS_OK;
}

static nps_status set_trace(const data_set *d, nps_spectrum *s, nps_err *err)
{
    size_t n = d->n_data, max_points = d->r->limits.max_points;
    NPS_AUTO_MEM(double *) x = nps_array(n, sizeof *x);
    NPS_AUTO_MEM(double *) y = nps_array(n, sizeof *y);
    if (!x || !y)
        return nps_fail_nomem(err);
    double step = n > 1 ? (d->last - d->first) / (double)(n - 1) : 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = i && i + 1 == n ? d->last : d->first + (double)i * step;
        y[i] = nps_bytes_double(d->all, d->data_at + 8 * i);
    }
    bool raman = false;
    nps_x_unit x_unit = NPS_X_CM1;
    nps_y_unit y_unit = NPS_Y_ABSORBANCE;
    nps_status st = x_unit_of(d, &raman, &x_unit, err);
    if (st == NPS_OK)
        st = y_unit_of(d, raman, y, &y_unit, err);
    if (st != NPS_OK)
        return st;
    s->technique = raman ? NPS_TECH_RAMAN : NPS_TECH_IR;
    nps_err why = {0};
    st = nps_spectrum_set_trace(s, x, y, n, x_unit, y_unit, max_points, NULL, &why);
    return st == NPS_OK ? st : NPS_FAIL_BYTE(err, st, d->data_at, "%s", why.msg);
}

static bool is_printable(nps_span text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 32 || text.p[i] == 127)
            return false;
    return text.n > 1;
}

static nps_status take_history(nps_span h, nps_spectrum *s, nps_err *err)
{
    nps_status st = NPS_OK;
    size_t found = 0;
    for (size_t at = 0; st == NPS_OK && found < HISTORY_TEXTS_MAX && nps_bytes_has(h, at, 4); at++) {
        size_t n = nps_bytes_u16(h, at + 2);
        if (nps_bytes_u16(h, at) != TYPE_TEXT || n > HISTORY_TEXT_LENGTH_MAX || !nps_bytes_has(h, at + 4, n))
            continue;
        nps_span text = nps_span_trim((nps_span){h.p + at + 4, n});
        if (!is_printable(text))
            continue;
        st = nps_spectrum_add_meta(s, NPS_SPAN("History"), text, err);
        at += 3 + n;
        found++;
    }
    return st;
}

static nps_status take_fields(const data_set *d, nps_spectrum *s, nps_err *err)
{
    const char *description = d->all.p + SIGNATURE, *nul = memchr(description, '\0', DESCRIPTION);
    const struct {
        const char *key;
        nps_span value;
    } others[] = {{"Ordinate", d->y_label},
                  {"Sampling method", d->sampling},
                  {"File type", d->file_type},
                  {"Description", nps_span_trim((nps_span){description, nul ? (size_t)(nul - description) : DESCRIPTION})}};
    nps_status st = nps_spectrum_set_text(s, NPS_TEXT_NAME, NPS_SPAN("Alias"), d->alias, err);
    if (st == NPS_OK)
        st = nps_spectrum_set_text(s, NPS_TEXT_NAME, NPS_SPAN("Original name"), d->name, err);
    for (size_t i = 0; i < sizeof others / sizeof *others && st == NPS_OK; i++)
        if (others[i].value.n)
            st = nps_spectrum_add_meta(s, nps_span_of(others[i].key), others[i].value, err);
    if (st == NPS_OK)
        st = take_history(d->history, s, err);
    return st == NPS_OK ? nps_spectrum_settle(s, err) : st;
}

static nps_status read_data_set(nps_reader *r, nps_span all, const block *b, nps_spectrum **ret_spectrum, nps_err *err)
{
    data_set d = {.r = r, .all = all, .at = b->at, .x_label_at = b->at, .y_label_at = b->at};
    nps_status st = NPS_OK;
    for (size_t at = b->from; at < b->end && st == NPS_OK;) {
        block member;
        st = take_block(all, at, b->end, &member, err);
        if (st == NPS_OK) {
            st = take_member(&d, &member, err);
            at = member.end;
        }
    }
    if (st == NPS_OK)
        st = check(&d, r->limits.max_points, err);
    NPS_AUTO(nps_spectrum) s = NULL;
    if (st == NPS_OK)
        st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    s->offset = b->at;
    st = set_trace(&d, s, err);
    nps_err why = {0};
    if (st != NPS_OK)
        return st;
    if ((st = take_fields(&d, s, &why)) != NPS_OK)
        return NPS_FAIL_BYTE(err, st, b->at, "%s", why.msg);
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

/* The first data set from `*at` on, which goes behind it; b->id is 0 when there is none. */
static nps_status find_data_set(nps_span all, size_t *at, block *ret_block, nps_err *err)
{
    while (*at < all.n) {
        block b;
        nps_status st = take_block(all, *at, all.n, &b, err);
        if (st != NPS_OK)
            return st;
        if (b.id == BLOCK_IMAGE)
            return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, b.at,
                                 "a PerkinElmer image of many spectra (.fsm) is not read here");
        *at = b.end;
        if (b.id == BLOCK_DATA_SET) {
            *ret_block = b;
            return NPS_OK;
        }
    }
    *ret_block = (block){0};
    return NPS_OK;
}

static nps_status sp_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_span all = {r->scan.start, (size_t)(r->scan.end - r->scan.start)};
    bool first = r->scan.p == r->scan.start;
    size_t at = first ? SIGNATURE + DESCRIPTION : nps_scan_offset(&r->scan, r->scan.p);
    block b = {0}, more = {0};
    nps_status st = NPS_OK;
    r->at_end = true;
    if (all.n < SIGNATURE + DESCRIPTION || memcmp(all.p, "PEPE", SIGNATURE) != 0)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, all.n < SIGNATURE + DESCRIPTION ? all.n : 0,
                             "the head of a PerkinElmer file is cut or has no signature");
    if ((st = find_data_set(all, &at, &b, err)) != NPS_OK)
        return st;
    if (!b.id && first)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, SIGNATURE + DESCRIPTION, "the file has no data set");
    if (!b.id) {
        *ret_spectrum = NULL;
        return NPS_OK;
    }
    r->scan.p = all.p + at;
    st = find_data_set(all, &at, &more, NULL);
    /* A fault in what follows is told by the next call. */
    r->at_end = st == NPS_OK && !more.id;
    return read_data_set(r, all, &b, ret_spectrum, err);
}

static int sp_sniff(nps_span head)
{
    return head.n >= SIGNATURE && memcmp(head.p, "PEPE", SIGNATURE) == 0 ? 95 : 0;
}

const nps_format nps_format_sp = {.name = "perkinelmer-sp", .sniff = sp_sniff, .next = sp_next, .binary = true};
