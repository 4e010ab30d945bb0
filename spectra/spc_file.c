#include "spectra/spc_file.h"

#include "core/bytes.h"

#include <math.h>

enum { NEW_HEADER = 512, OLD_HEADER = 256, SUB_HEADER = 32, DIRECTORY_ENTRY = 12, LOG_HEADER = 64 };

static unsigned get16(const nps_spc_file *f, size_t at)
{
    return f->big ? nps_bytes_u16be(f->all, at) : nps_bytes_u16(f->all, at);
}

static uint32_t get32(const nps_spc_file *f, size_t at)
{
    return f->big ? nps_bytes_u32be(f->all, at) : nps_bytes_u32(f->all, at);
}

static double get_float(const nps_spc_file *f, size_t at)
{
    return (double)nps_bits_float(get32(f, at));
}

static double get_double(const nps_spc_file *f, size_t at)
{
    return nps_bits_double(f->big ? nps_bytes_u64be(f->all, at) : nps_bytes_u64(f->all, at));
}

static int get_signed8(const nps_spc_file *f, size_t at)
{
    int v = nps_bytes_u8(f->all, at);
    return v < 128 ? v : v - 256;
}

/* A text field of fixed length, up to its first NUL. */
static nps_span text_at(nps_span all, size_t at, size_t n)
{
    const char *nul = memchr(all.p + at, '\0', n);
    return nps_span_trim((nps_span){all.p + at, nul ? (size_t)(nul - all.p) - at : n});
}

/* Three texts, each ended by a NUL, share the field. */
static void take_labels(nps_spc_file *f, size_t at)
{
    size_t from = at, end = at + 30;
    for (size_t i = 0; i < 3; i++) {
        f->label[i] = text_at(f->all, from, end - from);
        const char *nul = memchr(f->all.p + from, '\0', end - from);
        from = nul ? (size_t)(nul - f->all.p) + 1 : end;
    }
}

/* A log that does not lie inside the file is left out: no spectrum depends on it. */
static void take_log(nps_spc_file *f, size_t at)
{
    if (!at || !nps_bytes_has(f->all, at, LOG_HEADER))
        return;
    size_t size = get32(f, at), text = get32(f, at + 8);
    size_t room = f->all.n - at;
    size = size < room ? size : room;
    if (text >= LOG_HEADER && text < size)
        f->log = text_at(f->all, at + text, size - text);
}

static void take_date(nps_spc_file *f, uint32_t packed)
{
    f->minute = packed & 63;
    f->hour = packed >> 6 & 31;
    f->day = packed >> 11 & 31;
    f->month = packed >> 16 & 15;
    f->year = packed >> 20;
}

static nps_status check_range(const nps_spc_file *f, size_t first_at, size_t last_at, nps_err *err)
{
    if (!isfinite(f->first))
        return nps_fail_at(err, NPS_E_FORMAT, 0, first_at, "the first abscissa is not a number");
    if (!isfinite(f->last) || !isfinite(f->last - f->first))
        return nps_fail_at(err, NPS_E_FORMAT, 0, last_at, "the last abscissa is not a number");
    return NPS_OK;
}

/* Where the points lie, by flags and counts. */
static nps_status lay_out_new(nps_spc_file *f, size_t count, nps_err *err)
{
    bool own = f->flags & NPS_SPC_OWN_X, multi = f->flags & NPS_SPC_MULTI;
    size_t room = f->all.n - NEW_HEADER;
    f->n_sub = multi ? get32(f, 24) : 1;
    if (!f->n_sub)
        f->n_sub = 1;
    if (f->n_sub > room / SUB_HEADER)
        return nps_fail_at(err, NPS_E_FORMAT, 0, 24, "%zu subfiles do not fit into %zu bytes", f->n_sub, f->all.n);
    f->sub_at = NEW_HEADER;
    if (own) {
        f->directory = multi ? count : 0;
        if (f->directory &&
            (f->directory < NEW_HEADER || !nps_bytes_has(f->all, f->directory, f->n_sub * (size_t)DIRECTORY_ENTRY)))
            return nps_fail_at(err, NPS_E_FORMAT, 0, 4, "the directory of %zu subfiles at byte %zu is not in the file",
                               f->n_sub, f->directory);
        return NPS_OK;
    }
    f->n_points = count;
    if (!(f->flags & NPS_SPC_UNEVEN_X))
        return NPS_OK;
    if (count > room / 4)
        return nps_fail_at(err, NPS_E_FORMAT, 0, 4, "%zu abscissae do not fit into %zu bytes", count, f->all.n);
    f->x_at = NEW_HEADER;
    f->sub_at += 4 * count;
    return NPS_OK;
}

static nps_status open_new(nps_spc_file *f, nps_err *err)
{
    if (f->all.n < NEW_HEADER + SUB_HEADER)
        return nps_fail_at(err, NPS_E_FORMAT, 0, f->all.n, "the file ends in the header of an SPC file");
    f->experiment = nps_bytes_u8(f->all, 2);
    f->exponent = get_signed8(f, 3);
    f->first = get_double(f, 8);
    f->last = get_double(f, 16);
    f->x_type = nps_bytes_u8(f->all, 28);
    f->y_type = nps_bytes_u8(f->all, 29);
    f->z_type = nps_bytes_u8(f->all, 30);
    take_date(f, get32(f, 32));
    f->resolution = text_at(f->all, 36, 9);
    f->source = text_at(f->all, 45, 9);
    f->memo = text_at(f->all, 88, 130);
    if (f->flags & NPS_SPC_OWN_LABELS)
        take_labels(f, 218);
    f->concentration_factor = get_float(f, 260);
    f->method = text_at(f->all, 264, 48);
    f->z_step = get_float(f, 312);
    take_log(f, get32(f, 248));
    nps_status st = lay_out_new(f, get32(f, 4), err);
    if (st == NPS_OK && !(f->flags & (NPS_SPC_OWN_X | NPS_SPC_UNEVEN_X)))
        st = check_range(f, 8, 16, err);
    return st;
}

/* The old format counts no subfiles: they go on to the end of the file. */
static nps_status count_old(nps_spc_file *f, nps_err *err)
{
    size_t size = SUB_HEADER + f->n_points * (f->flags & NPS_SPC_WORDS ? 2 : 4), room = f->all.n - f->sub_at;
    f->n_sub = 1;
    if (!(f->flags & NPS_SPC_MULTI))
        return NPS_OK;
    f->n_sub = room / size;
    size_t rest = room % size, at = f->all.n - rest;
    for (size_t i = 0; i < rest; i++)
        if (f->all.p[at + i]) {
            f->n_sub++; /* cut off: to be refused when its turn comes */
            break;
        }
    if (!f->n_sub)
        return nps_fail_at(err, NPS_E_FORMAT, 0, f->all.n, "the file ends in its first subfile");
    return NPS_OK;
}

static nps_status open_old(nps_spc_file *f, nps_err *err)
{
    if (f->all.n < OLD_HEADER)
        return nps_fail_at(err, NPS_E_FORMAT, 0, f->all.n, "the file ends in the header of an SPC file");
    if (f->flags & (NPS_SPC_UNEVEN_X | NPS_SPC_OWN_X))
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, 0, "stored abscissae are unknown to the old SPC format");
    unsigned exponent = get16(f, 2);
    f->exponent = exponent < 0x8000 ? (int)exponent : (int)exponent - 0x10000;
    if (f->exponent >= 128 || f->exponent <= -128)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, 2, "exponent %d is unknown to the old SPC format", f->exponent);
    double count = get_float(f, 4);
    if (!(count >= 1 && count < 4294967296.0) || count != floor(count))
        return nps_fail_at(err, NPS_E_FORMAT, 0, 4, "%g is no number of points", count);
    f->n_points = (size_t)count;
    f->first = get_float(f, 8);
    f->last = get_float(f, 12);
    f->x_type = nps_bytes_u8(f->all, 16);
    f->y_type = nps_bytes_u8(f->all, 17);
    f->z_type = get16(f, 18) >> 12;
    f->year = get16(f, 18) & 0xFFF;
    f->year += f->year && f->year < 200 ? 1900 : 0;
    f->month = nps_bytes_u8(f->all, 20);
    f->day = nps_bytes_u8(f->all, 21);
    f->hour = nps_bytes_u8(f->all, 22);
    f->minute = nps_bytes_u8(f->all, 23);
    f->resolution = text_at(f->all, 24, 8);
    f->memo = text_at(f->all, 64, 130);
    if (f->flags & NPS_SPC_OWN_LABELS)
        take_labels(f, 194);
    f->sub_at = OLD_HEADER - SUB_HEADER;
    nps_status st = check_range(f, 8, 12, err);
    return st == NPS_OK ? count_old(f, err) : st;
}

nps_status nps_spc_open(nps_span all, nps_spc_file *ret_file, nps_err *err)
{
    nps_spc_file f = {.all = all};
    if (all.n < 2)
        return nps_fail_at(err, NPS_E_FORMAT, 0, all.n, "the file ends in the header of an SPC file");
    unsigned version = nps_bytes_u8(all, 1);
    if (version != 0x4B && version != 0x4C && version != 0x4D)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, 1, "version 0x%02X of the SPC format is not known", version);
    f.flags = nps_bytes_u8(all, 0);
    f.big = version == 0x4C;
    f.old = version == 0x4D;
    nps_status st = f.old ? open_old(&f, err) : open_new(&f, err);
    if (st != NPS_OK)
        return st;
    if (f.month > 12 || f.day > 31 || f.hour > 23 || f.minute > 59)
        f.year = 0;
    *ret_file = f;
    return NPS_OK;
}

nps_status nps_spc_find(const nps_spc_file *f, size_t i, size_t at, nps_spc_sub *ret_sub, nps_err *err)
{
    bool own = f->flags & NPS_SPC_OWN_X, multi = f->flags & NPS_SPC_MULTI;
    size_t blamed = at, y_size = f->flags & NPS_SPC_WORDS ? 2 : 4;
    if (f->directory) {
        blamed = f->directory + i * DIRECTORY_ENTRY;
        at = get32(f, blamed);
    }
    if (at < f->sub_at || !nps_bytes_has(f->all, at, SUB_HEADER))
        return nps_fail_at(err, NPS_E_FORMAT, 0, blamed < f->all.n ? blamed : f->all.n,
                           "subfile %zu of %zu at byte %zu is not in the file", i + 1, f->n_sub, at);
    nps_spc_sub s = {.at = at, .n = own ? get32(f, at + 16) : f->n_points};
    s.exponent = multi ? get_signed8(f, at + 1) : f->exponent;
    if (f->old && s.exponent == NPS_SPC_FLOAT)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, at + 1, "exponent %d is unknown to the old SPC format",
                           s.exponent);
    s.z = get_float(f, at + 4);
    s.z_next = get_float(f, at + 8);
    s.scans = get32(f, at + 20);
    s.w = get_float(f, at + 24);
    y_size = s.exponent == NPS_SPC_FLOAT ? 4 : y_size;
    size_t size = y_size + (own ? 4 : 0), room = f->all.n - at - SUB_HEADER;
    if (s.n > room / size)
        return nps_fail_at(err, NPS_E_FORMAT, 0, at, "the %zu points of subfile %zu of %zu do not fit into the file",
                           s.n, i + 1, f->n_sub);
    s.x_at = own ? at + SUB_HEADER : f->x_at;
    s.y_at = at + SUB_HEADER + (own ? 4 * s.n : 0);
    s.end = s.y_at + y_size * s.n;
    *ret_sub = s;
    return NPS_OK;
}

static double fraction(uint32_t bits, int exponent)
{
    double v = bits < 0x80000000U ? (double)bits : (double)bits - 4294967296.0;
    return ldexp(v, exponent - 32);
}

void nps_spc_points(const nps_spc_file *f, const nps_spc_sub *s, double *x, double *y)
{
    double step = s->n > 1 ? (f->last - f->first) / (double)(s->n - 1) : 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t at = s->y_at + 4 * i, at16 = s->y_at + 2 * i;
        if (x)
            x[i] = s->x_at ? get_float(f, s->x_at + 4 * i) : f->first + (double)i * step;
        if (s->exponent == NPS_SPC_FLOAT)
            y[i] = get_float(f, at);
        else if (f->flags & NPS_SPC_WORDS)
            y[i] = fraction(get16(f, at16) << 16, s->exponent);
        else if (f->old) /* the two words of a number stand in the order of the other machine */
            y[i] = fraction((uint32_t)get16(f, at) << 16 | get16(f, at + 2), s->exponent);
        else
            y[i] = fraction(get32(f, at), s->exponent);
    }
    if (x && !s->x_at && s->n > 1)
        x[s->n - 1] = f->last;
}
