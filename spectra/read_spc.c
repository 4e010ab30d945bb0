/* Reads Galactic SPC: each subfile is one record. The layout is in spc_file.h, the meaning of its codes in spc_kind.h.
 *
 * The memo is the name, as the programs of Galactic show it. The log is a text of lines "key = value", taken as pairs
 * of any text format; other lines of it are kept as metadata "Log". */
#include "spectra/read_impl.h"

#include "core/bytes.h"
#include "spectra/spc_kind.h"
#include "spectra/trace_unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A log is repeated in the spectrum of every subfile. */
enum { LOG_LINES_MAX = 500, LOG_BYTES_MAX = 32 << 10 };

typedef struct {
    nps_spc_file file;
    size_t i, at;  /* next subfile, and where the last one ended */
    size_t walked; /* bytes of all subfiles so far */
    double z0, z_step;
    double largest; /* ordinate of the file, where its unit depends on it */
} spc_state;

typedef struct {
    nps_reader *r;
    const spc_state *state;
    const nps_spc_file *file;
    nps_spc_sub sub;
    size_t i;
    double *x, *y; /* [sub.n], owned by build() */
    nps_spc_kind kind;
    nps_spectrum *s;
} record;

/* Over all subfiles, so that those of one file are not read in two units. Broken ones are told later. */
static nps_status find_largest(const nps_spc_file *f, size_t max_points, double *ret_largest, nps_err *err)
{
    double max = -INFINITY;
    size_t at = f->sub_at, walked = 0;
    for (size_t i = 0; i < f->n_sub && walked <= f->all.n; i++) {
        nps_spc_sub sub;
        nps_err ignored;
        if (nps_spc_find(f, i, at, &sub, &ignored) != NPS_OK)
            continue;
        at = sub.end;
        walked += sub.end - sub.at;
        if (sub.n > max_points)
            continue;
        NPS_AUTO_MEM(double *) y = nps_array(sub.n, sizeof *y);
        if (!y)
            return nps_fail_nomem(err);
        nps_spc_points(f, &sub, NULL, y);
        max = fmax(max, nps_trace_largest(y, sub.n));
    }
    *ret_largest = max;
    return NPS_OK;
}

static nps_status open_file(nps_reader *r, nps_err *err)
{
    spc_state *state = nps_array(1, sizeof *state);
    r->state = state;
    if (!state)
        return nps_fail_nomem(err);
    nps_status st = nps_spc_open((nps_span){r->scan.start, (size_t)(r->scan.end - r->scan.start)}, &state->file, err);
    if (st != NPS_OK)
        return st;
    const nps_spc_file *f = &state->file;
    nps_spc_sub first;
    nps_err ignored;
    state->at = f->sub_at;
    if (nps_spc_find(f, 0, state->at, &first, &ignored) == NPS_OK) {
        state->z0 = first.z;
        state->z_step = f->z_step != 0 ? f->z_step : first.z_next - first.z;
    }
    return nps_spc_needs_largest(f) ? find_largest(f, r->limits.max_points, &state->largest, err) : NPS_OK;
}

static nps_status add_meta(nps_spectrum *s, const char *key, nps_span value, nps_err *err)
{
    return value.n ? nps_spectrum_add_meta(s, nps_span_of(key), value, err) : NPS_OK;
}

static nps_status add_number(nps_spectrum *s, const char *key, double value, const char *unit, nps_err *err)
{
    char text[96];
    snprintf(text, sizeof text, "%.9g%s%s", value, unit ? " " : "", unit ? unit : "");
    return add_meta(s, key, nps_span_of(text), err);
}

static nps_status take_log(const nps_spc_file *f, nps_spectrum *s, nps_err *err)
{
    nps_scan scan = nps_scan_init(f->log.p, f->log.n < LOG_BYTES_MAX ? f->log.n : LOG_BYTES_MAX);
    nps_status st = NPS_OK;
    size_t lines = 0;
    for (nps_span line; st == NPS_OK && lines < LOG_LINES_MAX && nps_scan_line(&scan, &line);) {
        nps_span key, value;
        line = nps_span_trim(line);
        lines += line.n > 0;
        if (nps_span_split(line, '=', &key, &value) && key.n)
            st = nps_spectrum_take_pair(s, key, value, err);
        else
            st = add_meta(s, "Log", line, err);
    }
    return st;
}

/* Place of the subfile along z, which is the time of its scan in a chromatogram. */
static nps_status take_z(const record *c, nps_err *err)
{
    static const struct {
        unsigned code;
        double seconds;
    } times[] = {{4, 1}, {5, 60}, {23, 1e-3}, {24, 1e-6}, {25, 1e-9}, {30, 3600}};
    const nps_spc_file *f = c->file;
    bool uneven = f->flags & (NPS_SPC_ORDERED | NPS_SPC_RANDOM);
    double z = uneven ? c->sub.z : c->state->z0 + (double)c->i * c->state->z_step;
    if (!(f->flags & NPS_SPC_MULTI) || !isfinite(z))
        return NPS_OK;
    for (size_t i = 0; c->kind == NPS_SPC_MASS && i < sizeof times / sizeof *times; i++) {
        double t = z * times[i].seconds;
        if (times[i].code == f->z_type && t >= 1e-6 && t < 1e6) {
            c->s->retention_time_s = t;
            return NPS_OK;
        }
    }
    return add_number(c->s, "Z", z, f->z_type ? nps_spc_axis_name(f->z_type) : NULL, err);
}

static nps_status take_numbers(const record *c, nps_err *err)
{
    const nps_spc_file *f = c->file;
    nps_status st = NPS_OK;
    char text[64];
    if (f->flags & NPS_SPC_MULTI) {
        snprintf(text, sizeof text, "%zu of %zu", c->i + 1, f->n_sub);
        st = add_meta(c->s, "Subfile", nps_span_of(text), err);
    }
    if (st == NPS_OK && f->year) {
        snprintf(text, sizeof text, "%04u-%02u-%02u %02u:%02u", f->year, f->month, f->day, f->hour, f->minute);
        st = add_meta(c->s, "Date", nps_span_of(text), err);
    }
    if (st == NPS_OK && c->sub.scans)
        st = add_number(c->s, "Scans", (double)c->sub.scans, NULL, err);
    double factor = f->concentration_factor;
    if (st == NPS_OK && isfinite(factor) && factor != 0 && factor != 1)
        st = add_number(c->s, "Concentration factor", factor, NULL, err);
    if (st == NPS_OK && isfinite(c->sub.w) && c->sub.w != 0)
        st = add_number(c->s, "W", c->sub.w, NULL, err);
    return st == NPS_OK ? take_z(c, err) : st;
}

static nps_status take_fields(const record *c, nps_err *err)
{
    static const char *const label_keys[3] = {"X label", "Y label", "Z label"};
    const nps_spc_file *f = c->file;
    nps_spectrum *s = c->s;
    nps_status st = nps_spectrum_set_text(s, NPS_TEXT_NAME, NPS_SPAN("Memo"), f->memo, err);
    if (st == NPS_OK)
        st = nps_spectrum_set_text(s, NPS_TEXT_INSTRUMENT, NPS_SPAN("Source"), f->source, err);
    if (st == NPS_OK && f->experiment)
        st = add_meta(s, "Experiment", nps_span_of(nps_spc_experiment_name(f->experiment)), err);
    if (st == NPS_OK)
        st = add_meta(s, "Ordinate", nps_span_of(nps_spc_ordinate_name(f->y_type)), err);
    if (st == NPS_OK)
        st = add_meta(s, "Resolution", f->resolution, err);
    if (st == NPS_OK)
        st = add_meta(s, "Method", f->method, err);
    for (size_t i = 0; i < 3 && st == NPS_OK; i++)
        st = add_meta(s, label_keys[i], f->label[i], err);
    if (st == NPS_OK)
        st = take_numbers(c, err);
    return st == NPS_OK ? take_log(f, s, err) : st;
}

static nps_status set_peaks(const record *c, nps_err *err)
{
    size_t n = c->sub.n;
    if (!c->sub.x_at && nps_is_profile(c->x, n))
        return nps_spectrum_push_profile(c->s, c->x, c->y, n, c->r->limits.max_points, err);
    for (size_t i = 0; i < n; i++) {
        nps_status st = nps_spectrum_push_peak(c->s, c->x[i], c->y[i], (nps_span){"", 0}, c->r->limits.max_points, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

static nps_status set_data(const record *c, nps_err *err)
{
    if (c->kind == NPS_SPC_MASS)
        return set_peaks(c, err);
    nps_y_unit unit = NPS_Y_COUNTS;
    nps_status st = nps_spc_y_unit(c->file, c->state->largest, &unit, err);
    if (st != NPS_OK)
        return st;
    c->s->technique = c->kind == NPS_SPC_RAMAN ? NPS_TECH_RAMAN : NPS_TECH_IR;
    return nps_spectrum_set_trace(c->s, c->x, c->y, c->sub.n, nps_spc_x_unit(c->file), unit, c->r->limits.max_points,
                                  NULL, err);
}

static nps_status settle(const record *c, nps_err *err)
{
    nps_status st = nps_spectrum_settle(c->s, err);
    if (st == NPS_OK && c->kind == NPS_SPC_MASS && !c->s->peaks.n)
        return nps_fail(err, NPS_E_FORMAT, "no peak of positive intensity");
    return st;
}

/* What a record says of itself is blamed on its header, unless a code of the file is at fault. */
static nps_status blame(const record *c, const nps_err *why, nps_status st, nps_err *err)
{
    size_t at = why->offset ? why->offset : c->sub.at;
    if (c->file->flags & NPS_SPC_MULTI)
        return NPS_FAIL_BYTE(err, st, at, "%s (subfile %zu of %zu)", why->msg, c->i + 1, c->file->n_sub);
    return NPS_FAIL_BYTE(err, st, at, "%s", why->msg);
}

static nps_status check_kind(record *c, nps_err *err)
{
    const nps_spc_file *f = c->file;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < c->sub.n; i++) {
        low = fmin(low, c->x[i]);
        high = fmax(high, c->x[i]);
    }
    nps_status st = nps_spc_kind_of(f, low, high, &c->kind, err);
    nps_y_unit unit;
    if (st == NPS_OK && c->kind != NPS_SPC_MASS)
        st = nps_spc_y_unit(f, c->state->largest, &unit, err);
    /* It would be the same for every subfile, but for wavelengths of their own. */
    if (st != NPS_OK && !(f->flags & NPS_SPC_OWN_X && nps_spc_x_unit(f) != NPS_X_CM1))
        c->r->at_end = true;
    return st;
}

static nps_status build(record *c, nps_spectrum **ret_spectrum, nps_err *err)
{
    nps_err why = {0};
    if (c->sub.n > c->r->limits.max_points)
        return NPS_FAIL_BYTE(err, NPS_E_LIMIT, c->sub.at, "%zu points are more than the limit of %zu", c->sub.n,
                             c->r->limits.max_points);
    NPS_AUTO_MEM(double *) x = nps_array(c->sub.n, sizeof *x);
    NPS_AUTO_MEM(double *) y = nps_array(c->sub.n, sizeof *y);
    if (!x || !y)
        return nps_fail_nomem(err);
    c->x = x;
    c->y = y;
    nps_spc_points(c->file, &c->sub, x, y);
    nps_status st = check_kind(c, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO(nps_spectrum) s = NULL;
    st = nps_spectrum_new(&s, err);
    if (st != NPS_OK)
        return st;
    c->s = s;
    s->offset = c->file->flags & NPS_SPC_MULTI ? c->sub.at : 0;
    st = set_data(c, &why);
    if (st == NPS_OK)
        st = take_fields(c, &why);
    if (st == NPS_OK)
        st = settle(c, &why);
    if (nps_reader_refuse(c->r, s, st) != NPS_OK)
        return blame(c, &why, st, err);
    *ret_spectrum = nps_steal(s);
    return NPS_OK;
}

/* The next subfile; the state is behind it whatever comes of it. */
static nps_status next_sub(nps_reader *r, spc_state *state, record *c, nps_err *err)
{
    const nps_spc_file *f = &state->file;
    *c = (record){.r = r, .state = state, .file = f, .i = state->i++};
    r->at_end = state->i == f->n_sub;
    nps_status st = nps_spc_find(f, c->i, state->at, &c->sub, err);
    if (st != NPS_OK) {
        /* Without a directory the next one cannot be found either. */
        r->at_end = r->at_end || !f->directory;
        return st;
    }
    state->at = c->sub.end;
    state->walked += c->sub.end - c->sub.at;
    r->scan.p = r->scan.start + c->sub.end;
    if (state->walked > f->all.n) {
        r->at_end = true;
        return NPS_FAIL_BYTE(err, NPS_E_FORMAT, f->directory, "the subfiles of the directory overlap");
    }
    return NPS_OK;
}

static nps_status spc_next(nps_reader *r, nps_spectrum **ret_spectrum, nps_err *err)
{
    if (!r->state) {
        nps_status st = open_file(r, err);
        if (st != NPS_OK) {
            r->at_end = true;
            return st;
        }
    }
    record c;
    nps_status st = next_sub(r, r->state, &c, err);
    return st == NPS_OK ? build(&c, ret_spectrum, err) : st;
}

static void spc_done(nps_reader *r)
{
    free(r->state);
}

/* The version is one letter, so what follows must make sense: no text has such counts, no archive such flags. */
static int spc_sniff(nps_span head)
{
    if (head.n < 256)
        return 0;
    unsigned flags = nps_bytes_u8(head, 0), version = nps_bytes_u8(head, 1);
    unsigned stored = NPS_SPC_OWN_X | NPS_SPC_UNEVEN_X;
    if ((flags & stored) == NPS_SPC_OWN_X)
        return 0;
    if (version == 0x4B || version == 0x4C) {
        uint32_t n_sub = version == 0x4B ? nps_bytes_u32(head, 24) : nps_bytes_u32be(head, 24);
        unsigned x_type = nps_bytes_u8(head, 28);
        return n_sub < 1U << 24 && (x_type < 32 || x_type == 255) && nps_bytes_u8(head, 2) < 32 ? 90 : 0;
    }
    if (version != 0x4D || flags & stored)
        return 0;
    double count = (double)nps_bytes_float(head, 4);
    bool date = nps_bytes_u8(head, 20) <= 12 && nps_bytes_u8(head, 21) <= 31 && nps_bytes_u8(head, 22) <= 23;
    return date && nps_bytes_u8(head, 16) < 32 && count >= 1 && count < 1e7 ? 80 : 0;
}

const nps_format nps_format_spc = {
    .name = "spc", .sniff = spc_sniff, .next = spc_next, .done = spc_done, .binary = true};
