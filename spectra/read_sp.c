/* Reads PerkinElmer .sp files of Spectrum: "PEPE", a description of 40 bytes, then blocks (sp_data_set.h); each data
 * set is one record.
 *
 * The units are known by the labels of the axes. The layout of the instrument's history is not published: texts in it
 * are found by their type code and kept as metadata without names. */
#include "spectra/read_impl.h"

#include "core/bytes.h"
#include "spectra/sp_data_set.h"
#include "spectra/trace_unit.h"

#include <math.h>
#include <stdlib.h>

enum { SIGNATURE = 4, DESCRIPTION = 40, HISTORY_TEXTS_MAX = 100, HISTORY_TEXT_LENGTH_MAX = 255 };

enum { BLOCK_DATA_SET = 120, BLOCK_IMAGE = 5100 };

static nps_status x_unit_of(const nps_sp_data_set *d, bool *ret_raman, nps_x_unit *ret_unit, nps_err *err)
{
    char folded[32];
    nps_unit_fold(d->x_label, folded, sizeof folded);
    *ret_raman = strncmp(folded, "RAMANSHIFT", 10) == 0;
    if (!nps_x_unit_find(d->x_label, ret_unit))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->x_label_at,
                             "abscissa in '%s' is neither wavenumber nor wavelength",
                             nps_quote(d->x_label.p, d->x_label.n).s);
    double low_nm = fmin(d->first, d->last) * (*ret_unit == NPS_X_MICROMETRE ? 1e3 : 1);
    if (*ret_unit != NPS_X_CM1 && low_nm < NPS_INFRARED_FROM_NM)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->x_label_at,
                             "wavelengths from %g nm are ultraviolet or visible light, not infrared", low_nm);
    return NPS_OK;
}

static bool is_intensity(nps_span label)
{
    return nps_span_is(label, "INT") || nps_span_is(label, "INTENSITY") || nps_span_is(label, "COUNTS");
}

static nps_status y_unit_of(const nps_sp_data_set *d, bool raman, const double *y, nps_y_unit *ret_unit, nps_err *err)
{
    bool unsaid = false;
    *ret_unit = NPS_Y_COUNTS;
    if (raman ? !is_intensity(d->y_label) : !nps_y_unit_find(d->y_label, ret_unit, &unsaid))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->y_label_at, "ordinate in '%s' is not known for %s spectra",
                             nps_quote(d->y_label.p, d->y_label.n).s, raman ? "Raman" : "infrared");
    double largest = nps_trace_largest(y, d->n);
    if (unsaid && !nps_trace_scale(largest, ret_unit))
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, d->y_label_at, "'%s' up to %g may be parts or per cent",
                             nps_quote(d->y_label.p, d->y_label.n).s, largest);
    return NPS_OK;
}

static nps_status set_trace(const nps_sp_data_set *d, size_t max_points, nps_spectrum *s, nps_err *err)
{
    size_t n = d->n;
    if (n > max_points)
        return NPS_FAIL_BYTE(err, NPS_E_LIMIT, d->data_at, "%zu points are more than the limit of %zu", n, max_points);
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
        if (nps_bytes_u16(h, at) != NPS_SP_TYPE_TEXT || n > HISTORY_TEXT_LENGTH_MAX || !nps_bytes_has(h, at + 4, n))
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

static nps_status take_fields(const nps_sp_data_set *d, nps_spectrum *s, nps_err *err)
{
    const char *description = d->all.p + SIGNATURE, *nul = memchr(description, '\0', DESCRIPTION);
    const struct {
        const char *key;
        nps_span value;
    } others[] = {
        {"Ordinate", d->y_label},
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

static nps_status read_data_set(nps_reader *r, nps_span all, const nps_sp_block *b, nps_spectrum **ret_spectrum,
                                nps_err *err)
{
    nps_sp_data_set d;
    nps_status st = nps_sp_data_set_read(all, b, &d, err);
    NPS_AUTO(nps_spectrum) s = NULL;
    if (st == NPS_OK)
        st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    s->offset = b->at;
    st = set_trace(&d, r->limits.max_points, s, err);
    nps_err why = {0};
    if (st != NPS_OK)
        return st;
    if ((st = take_fields(&d, s, &why)) != NPS_OK)
        return NPS_FAIL_BYTE(err, st, b->at, "%s", why.msg);
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

/* The first data set from `*at` on, which goes behind it; b->id is 0 when there is none. */
static nps_status find_data_set(nps_span all, size_t *at, nps_sp_block *ret_block, nps_err *err)
{
    while (*at < all.n) {
        nps_sp_block b;
        nps_status st = nps_sp_block_take(all, *at, all.n, &b, err);
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
    *ret_block = (nps_sp_block){0};
    return NPS_OK;
}

static nps_status sp_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_span all = {r->scan.start, (size_t)(r->scan.end - r->scan.start)};
    bool first = r->scan.p == r->scan.start;
    size_t at = first ? SIGNATURE + DESCRIPTION : nps_scan_offset(&r->scan, r->scan.p);
    nps_sp_block b = {0}, more = {0};
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
