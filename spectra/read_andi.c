/* Reads ANDI-MS, mass spectra of a chromatogram in netCDF classic: each scan with peaks is one record.
 *
 * Source: ASTM E2077 and E2078 (analytical data interchange protocol for mass spectrometric data), as their variables
 * and attributes appear in the readers PyMS, OpenMS and cheminfo/netcdf-gcms. -9999 stands for no value. Empty scans
 * are left out; the first record says how many there are. */
#include "spectra/read_impl.h"

#include "core/bytes.h"
#include "spectra/netcdf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The attributes of the file are repeated in each spectrum. */
enum { ATTRIBUTES_MAX = 200, ATTRIBUTE_BYTES_MAX = 32 << 10, VARIABLE_TEXT_MAX = 255 };

static const double NO_VALUE = -9999;

/* Numbers of each scan, and texts of the instrument, that are kept under their names. */
static const char *const number_names[] = {"actual_scan_number", "total_intensity", "a_d_sampling_rate",
                                           "scan_duration", "resolution"};
static const char *const text_names[] = {"instrument_name",       "instrument_mfr",        "instrument_model",
                                         "instrument_serial_no",  "instrument_id",         "instrument_sw_version",
                                         "instrument_fw_version", "instrument_os_version", "instrument_comments"};
enum { N_NUMBERS = sizeof number_names / sizeof *number_names, N_TEXTS = sizeof text_names / sizeof *text_names };

typedef struct {
    const nps_nc_var *var;
    double scale, offset;
} quantity;

typedef struct {
    nps_nc nc;
    quantity mass, intensity;
    const nps_nc_var *index, *count, *time; /* index or count may be NULL, time too */
    size_t n_scans, n_empty, end;           /* end: behind the last scan with peaks */
    size_t i, walked, next_point;
    nps_technique technique;
    int polarity;
    bool said_empty;
    bool profile; /* "Continuum Mass Spectrum" */
    nps_span title, mode;
    const nps_nc_var *number[N_NUMBERS]; /* NULL where the file has none */
    nps_span text[N_TEXTS];
} andi_state;

typedef struct {
    size_t i, from, n;
} scan;

/* Lists the names of up to four variables: what the file holds instead. */
static nps_status refuse_others(const nps_nc *nc, nps_err *err)
{
    const nps_nc_var *detector = nps_nc_find_var(nc, "ordinate_values");
    if (detector)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, detector->at,
                             "an ANDI chromatogram of a single detector holds no mass spectra");
    if (!nc->n_var)
        return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, 0, "a netCDF file without variables holds no mass spectra");
    NPS_AUTO_BUF names = NPS_BUF_INIT(256);
    for (size_t i = 0; i < nc->n_var && i < 4; i++)
        nps_buf_printf(&names, "%s'%s'", i ? ", " : "", nps_quote(nc->var[i].name.p, nc->var[i].name.n).s);
    return NPS_FAIL_BYTE(err, NPS_E_UNSUPPORTED, nc->var[0].at, "a netCDF file of %s%s holds no mass spectra",
                         names.data ? names.data : "", nc->n_var > 4 ? " and more" : "");
}

static nps_status find_numbers(const nps_nc *nc, const char *name, const nps_nc_var **ret_var, nps_err *err)
{
    const nps_nc_var *v = nps_nc_find_var(nc, name);
    *ret_var = v;
    if (!v)
        return NPS_OK;
    if (v->type == NPS_NC_CHAR)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, v->at, "variable '%s' holds text instead of numbers", name);
    return nps_nc_check(nc, v, err);
}

static nps_status find_quantity(const nps_nc *nc, const char *name, quantity *q, nps_err *err)
{
    nps_status st = find_numbers(nc, name, &q->var, err);
    if (st != NPS_OK || !q->var)
        return st;
    q->scale = 1;
    const nps_nc_att *scale = nps_nc_find_att(nc, q->var, "scale_factor");
    const nps_nc_att *offset = nps_nc_find_att(nc, q->var, "add_offset");
    if (scale)
        nps_nc_att_number(nc, scale, &q->scale);
    if (offset)
        nps_nc_att_number(nc, offset, &q->offset);
    if (!isfinite(q->scale) || !(q->scale > 0) || !isfinite(q->offset))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT,
                             scale    ? scale->at
                             : offset ? offset->at
                                      : q->var->at,
                             "scale %g or offset %g of '%s' make no sense", q->scale, q->offset, name);
    return NPS_OK;
}

static nps_span file_text(const nps_nc *nc, const char *name)
{
    const nps_nc_att *a = nps_nc_find_att(nc, NULL, name);
    return a ? nps_nc_att_text(nc, a) : (nps_span){"", 0};
}

/* Every ionisation but that by electrons is gentle; where the file names none, the common rule decides. */
static nps_technique technique_of(nps_span mode)
{
    if (nps_text_says_nothing(mode) || nps_span_starts(mode, "other"))
        return NPS_TECH_UNKNOWN;
    if (nps_span_starts(mode, "electron impact") || nps_span_starts(mode, "electron ioni") || nps_span_is(mode, "EI"))
        return NPS_TECH_EI;
    return NPS_TECH_MSMS;
}

static void take_file_facts(andi_state *a)
{
    nps_span type = file_text(&a->nc, "experiment_type"), sign = file_text(&a->nc, "test_ionization_polarity");
    a->profile = nps_span_starts(type, "continuum");
    a->title = file_text(&a->nc, "experiment_title");
    a->mode = file_text(&a->nc, "test_ionization_mode");
    a->technique = technique_of(a->mode);
    a->polarity = nps_span_starts(sign, "pos") ? 1 : nps_span_starts(sign, "neg") ? -1 : 0;
}

/* Points of scan i by what the file says of it; n = 0 for an empty one. */
static nps_status find_scan(andi_state *a, size_t i, scan *ret_scan, nps_err *err)
{
    const nps_nc *nc = &a->nc;
    size_t n_points = a->mass.var->n;
    double from = a->index ? nps_nc_value(nc, a->index, i) : (double)a->next_point, n;
    if (a->count)
        n = nps_nc_value(nc, a->count, i);
    else
        n = (i + 1 < a->n_scans ? nps_nc_value(nc, a->index, i + 1) : (double)n_points) - from;
    *ret_scan = (scan){.i = i};
    if (n == 0 || n == NO_VALUE)
        return NPS_OK;
    if (!(from >= 0 && n > 0 && from <= (double)n_points && n <= (double)n_points - from) || from != floor(from) ||
        n != floor(n))
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, nps_nc_value_at(nc, a->count ? a->count : a->index, i),
                             "scan %zu of %zu has points %.9g to %.9g of %zu", i + 1, a->n_scans, from + 1, from + n,
                             n_points);
    ret_scan->from = (size_t)from;
    ret_scan->n = (size_t)n;
    return NPS_OK;
}

static void count_empty(andi_state *a)
{
    for (size_t i = 0; i < a->n_scans; i++) {
        scan s;
        bool empty = find_scan(a, i, &s, NULL) == NPS_OK && !s.n;
        a->n_empty += empty;
        a->end = empty ? a->end : i + 1;
        a->next_point += s.n;
    }
    a->next_point = 0;
}

static nps_status find_scans(andi_state *a, nps_err *err)
{
    const nps_nc *nc = &a->nc;
    nps_status st = find_numbers(nc, "scan_index", &a->index, err);
    if (st == NPS_OK)
        st = find_numbers(nc, "point_count", &a->count, err);
    if (st == NPS_OK)
        st = find_numbers(nc, "scan_acquisition_time", &a->time, err);
    if (st != NPS_OK)
        return st;
    if (!a->index && !a->count)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, a->mass.var->at, "neither scan_index nor point_count parts the scans");
    if (a->index && a->count && a->index->n != a->count->n)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, a->count->at, "scan_index has %zu values, but point_count %zu",
                             a->index->n, a->count->n);
    a->n_scans = a->index ? a->index->n : a->count->n;
    count_empty(a);
    if (!a->end)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, a->mass.var->at, "none of the %zu scans has any peaks", a->n_scans);
    return NPS_OK;
}

/* Broken ones are left out: no spectrum depends on them. */
static void find_remarks(andi_state *a)
{
    for (size_t k = 0; k < N_NUMBERS; k++) {
        const nps_nc_var *v = nps_nc_find_var(&a->nc, number_names[k]);
        a->number[k] = v && v->type != NPS_NC_CHAR && nps_nc_check(&a->nc, v, NULL) == NPS_OK ? v : NULL;
    }
    for (size_t k = 0; k < N_TEXTS; k++) {
        /* An array of texts, one for each instrument: the first is taken. */
        const nps_nc_var *v = nps_nc_find_var(&a->nc, text_names[k]);
        a->text[k] = (nps_span){"", 0};
        if (!v || v->type != NPS_NC_CHAR || !v->n || v->n_per_record || nps_nc_check(&a->nc, v, NULL) != NPS_OK)
            continue;
        nps_span text = {a->nc.all.p + v->begin, v->n_last < VARIABLE_TEXT_MAX ? v->n_last : VARIABLE_TEXT_MAX};
        const char *nul = memchr(text.p, '\0', text.n);
        a->text[k] = nps_span_trim((nps_span){text.p, nul ? (size_t)(nul - text.p) : text.n});
    }
}

static nps_status open_file(nps_reader *r, nps_err *err)
{
    andi_state *a = nps_array(1, sizeof *a);
    r->state = a;
    if (!a)
        return nps_fail_nomem(err);
    nps_status st = nps_nc_open((nps_span){r->scan.start, (size_t)(r->scan.end - r->scan.start)}, &a->nc, err);
    if (st != NPS_OK)
        return st;
    if (!nps_nc_find_var(&a->nc, "mass_values"))
        return refuse_others(&a->nc, err);
    st = find_quantity(&a->nc, "mass_values", &a->mass, err);
    if (st == NPS_OK)
        st = find_quantity(&a->nc, "intensity_values", &a->intensity, err);
    if (st != NPS_OK)
        return st;
    if (!a->intensity.var || a->intensity.var->n != a->mass.var->n)
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, a->mass.var->at, "mass_values has %zu values, but intensity_values %zu",
                             a->mass.var->n, a->intensity.var ? a->intensity.var->n : 0);
    find_remarks(a);
    take_file_facts(a);
    return find_scans(a, err);
}

static nps_status push_peaks(const andi_state *a, const scan *sc, size_t max, nps_spectrum *s, nps_err *err)
{
    const nps_nc *nc = &a->nc;
    for (size_t k = sc->from; k < sc->from + sc->n; k++) {
        double mz = nps_nc_value(nc, a->mass.var, k), intensity = nps_nc_value(nc, a->intensity.var, k);
        if (mz == NO_VALUE || intensity == NO_VALUE)
            continue;
        nps_err why = {0};
        nps_status st = nps_peaks_push(&s->peaks, mz * a->mass.scale + a->mass.offset,
                                       intensity * a->intensity.scale + a->intensity.offset, NULL, 0, max, &why);
        if (st != NPS_OK)
            return NPS_FAIL_BYTE(err, st, nps_nc_value_at(nc, a->mass.var, k), "%s (scan %zu of %zu)", why.msg,
                                 sc->i + 1, a->n_scans);
    }
    return NPS_OK;
}

static nps_status push_profile(const andi_state *a, const scan *sc, size_t max, nps_spectrum *s, nps_err *err)
{
    const nps_nc *nc = &a->nc;
    size_t n = 0;
    if (sc->n > max)
        return NPS_FAIL_BYTE(err, NPS_E_LIMIT, nps_nc_value_at(nc, a->mass.var, sc->from),
                             "%zu points are more than the limit of %zu (scan %zu of %zu)", sc->n, max, sc->i + 1,
                             a->n_scans);
    NPS_AUTO_MEM(double *) mz = nps_array(sc->n, sizeof *mz);
    NPS_AUTO_MEM(double *) y = nps_array(sc->n, sizeof *y);
    if (!mz || !y)
        return nps_fail_nomem(err);
    for (size_t k = sc->from; k < sc->from + sc->n; k++) {
        double m = nps_nc_value(nc, a->mass.var, k), v = nps_nc_value(nc, a->intensity.var, k);
        if (m == NO_VALUE || v == NO_VALUE)
            continue;
        mz[n] = m * a->mass.scale + a->mass.offset;
        y[n++] = v * a->intensity.scale + a->intensity.offset;
    }
    nps_err why = {0};
    nps_status st = nps_spectrum_push_profile(s, mz, y, n, max, &why);
    return st == NPS_OK ? st
                        : NPS_FAIL_BYTE(err, st, nps_nc_value_at(nc, a->mass.var, sc->from), "%s (scan %zu of %zu)",
                                        why.msg, sc->i + 1, a->n_scans);
}

static nps_status add_number(nps_spectrum *s, const char *key, double v, nps_err *err)
{
    char text[40];
    snprintf(text, sizeof text, "%.9g", v);
    return nps_spectrum_add_meta(s, nps_span_of(key), nps_span_of(text), err);
}

static nps_status take_scan_numbers(const andi_state *a, const scan *sc, nps_spectrum *s, nps_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "%zu of %zu", sc->i + 1, a->n_scans);
    nps_status st = nps_spectrum_add_meta(s, NPS_SPAN("Scan"), nps_span_of(text), err);
    for (size_t k = 0; k < N_NUMBERS && st == NPS_OK; k++) {
        const nps_nc_var *v = a->number[k];
        double value = v && sc->i < v->n ? nps_nc_value(&a->nc, v, sc->i) : 0;
        if (isfinite(value) && value != 0 && value != NO_VALUE)
            st = add_number(s, number_names[k], value, err);
    }
    double t = a->time && sc->i < a->time->n ? nps_nc_value(&a->nc, a->time, sc->i) : 0;
    if (t >= 1e-6 && t < 1e6)
        s->retention_time_s = t;
    return st;
}

static nps_status take_attributes(const andi_state *a, nps_spectrum *s, nps_err *err)
{
    nps_status st = nps_spectrum_set_text(s, NPS_TEXT_NAME, NPS_SPAN("experiment_title"), a->title, err);
    if (st == NPS_OK)
        st = nps_spectrum_set_text(s, NPS_TEXT_IONIZATION, NPS_SPAN("test_ionization_mode"), a->mode, err);
    size_t bytes = 0;
    for (size_t k = 0; k < a->nc.n_file_att && k < ATTRIBUTES_MAX && st == NPS_OK; k++) {
        const nps_nc_att *att = &a->nc.att[k];
        nps_span text = nps_nc_att_text(&a->nc, att);
        double v = 0;
        bytes += att->name.n + text.n;
        if (bytes > ATTRIBUTE_BYTES_MAX)
            break;
        if (nps_span_is(att->name, "experiment_title") || nps_span_is(att->name, "test_ionization_mode") ||
            (a->polarity && nps_span_is(att->name, "test_ionization_polarity")))
            continue;
        if (text.n)
            st = nps_spectrum_take_pair(s, att->name, text, err);
        else if (nps_nc_att_number(&a->nc, att, &v) && isfinite(v)) {
            char number[40];
            snprintf(number, sizeof number, "%.9g", v);
            st = nps_spectrum_take_pair(s, att->name, nps_span_of(number), err);
        }
    }
    return st;
}

static nps_status take_instrument(const andi_state *a, nps_spectrum *s, nps_err *err)
{
    nps_status st = nps_spectrum_set_text(s, NPS_TEXT_INSTRUMENT, nps_span_of(text_names[0]), a->text[0], err);
    for (size_t k = 1; k < N_TEXTS && st == NPS_OK; k++)
        if (!nps_text_says_nothing(a->text[k]))
            st = nps_spectrum_add_meta(s, nps_span_of(text_names[k]), a->text[k], err);
    return st;
}

static nps_status take_fields(andi_state *a, const scan *sc, nps_spectrum *s, nps_err *err)
{
    s->technique = a->technique;
    s->polarity = a->polarity;
    nps_status st = take_instrument(a, s, err);
    if (st == NPS_OK)
        st = take_attributes(a, s, err);
    if (st == NPS_OK)
        st = take_scan_numbers(a, sc, s, err);
    if (st == NPS_OK && a->n_empty && !a->said_empty)
        st = add_number(s, "Empty scans left out", (double)a->n_empty, err);
    a->said_empty = a->said_empty || st == NPS_OK;
    return st == NPS_OK ? nps_spectrum_settle(s, err) : st;
}

static nps_status read_scan(nps_reader *r, const scan *sc, nps_spectrum **ret_spectrum, nps_err *err)
{
    andi_state *a = r->state;
    NPS_AUTO(nps_spectrum) s = NULL;
    nps_status st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    s->offset = nps_nc_value_at(&a->nc, a->mass.var, sc->from);
    st = a->profile ? push_profile(a, sc, r->limits.max_points, s, err)
                    : push_peaks(a, sc, r->limits.max_points, s, err);
    nps_err why = {0};
    if (st != NPS_OK)
        return st;
    st = take_fields(a, sc, s, &why);
    if (st == NPS_OK && !s->peaks.n)
        st = nps_fail(&why, NPS_E_FORMAT, "no peak of positive intensity");
    if (nps_reader_refuse(r, s, st) != NPS_OK)
        return NPS_FAIL_BYTE(err, st, s->offset, "%s (scan %zu of %zu)", why.msg, sc->i + 1, a->n_scans);
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

static nps_status andi_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (!r->state) {
        nps_status st = open_file(r, err);
        if (st != NPS_OK) {
            r->at_end = true;
            return st;
        }
    }
    andi_state *a = r->state;
    scan sc = {0};
    nps_status st = NPS_OK;
    while (st == NPS_OK && !sc.n && a->i < a->end)
        st = find_scan(a, a->i++, &sc, err);
    a->walked += sc.n;
    a->next_point += sc.n;
    r->at_end = a->i >= a->end;
    r->scan.p = r->scan.start + (r->at_end ? a->nc.all.n : a->nc.all.n / a->end * a->i);
    if (st == NPS_OK && a->walked > a->mass.var->n) {
        r->at_end = true;
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, nps_nc_value_at(&a->nc, a->index, sc.i),
                             "the scans overlap: scan %zu of %zu leads back to point %zu", sc.i + 1, a->n_scans,
                             sc.from + 1);
    }
    return st == NPS_OK ? read_scan(r, &sc, ret_spectrum, err) : st;
}

static void andi_done(nps_reader *r)
{
    andi_state *a = r->state;
    if (a)
        nps_nc_done(&a->nc);
    free(a);
}

static int andi_sniff(nps_span head)
{
    return head.n >= 4 && memcmp(head.p, "CDF", 3) == 0 && (head.p[3] == 1 || head.p[3] == 2) ? 95 : 0;
}

const nps_format nps_format_andi = {
    .name = "andi-ms", .sniff = andi_sniff, .next = andi_next, .done = andi_done, .binary = true};
