#include "spectra/ms_array.h"

#include "core/base64.h"
#include "core/bytes.h"
#include "spectra/gunzip.h"
#include "spectra/numpress.h"

#include <stdlib.h>

#define FAIL_HERE(a, err, code, ...) nps_fail_at((err), (code), (a)->line, (a)->offset, __VA_ARGS__)

void nps_ms_values_done(nps_ms_values *v)
{
    free(v->v);
    *v = (nps_ms_values){0};
}

void nps_ms_scratch_done(nps_ms_scratch *s)
{
    free(s->raw);
    nps_buf_done(&s->inflated);
    s->raw = NULL;
    s->n_raw = s->cap_raw = 0;
}

static nps_status place(const nps_ms_array *a, nps_err *err, nps_status st)
{
    if (st != NPS_OK && err && !err->line) {
        err->line = a->line;
        err->offset = a->offset;
    }
    return st;
}

static nps_status not_base64(const nps_ms_array *a, const char *what, size_t fault, nps_err *err)
{
    size_t line = a->line;
    for (size_t i = 0; i < fault; i++)
        line += a->text.p[i] == '\n';
    if (fault == a->text.n)
        return nps_fail_at(err, NPS_E_FORMAT, line, a->offset + fault, "the base64 text of the %s array ends early", what);
    return nps_fail_at(err, NPS_E_FORMAT, line, a->offset + fault, "'%s' is no base64 text of the %s array",
                       nps_quote(a->text.p + fault, a->text.n - fault < 12 ? a->text.n - fault : 12).s, what);
}

static nps_status undo_base64(const nps_ms_array *a, const char *what, nps_ms_scratch *s, nps_err *err)
{
    size_t room = nps_base64_room(a->text.n), fault = 0;
    nps_status st = nps_grow(&s->raw, &s->cap_raw, room, 1, SIZE_MAX, err);
    if (st != NPS_OK)
        return place(a, err, st);
    return nps_base64_unpack(a->text, s->raw, &s->n_raw, &fault) ? NPS_OK : not_base64(a, what, fault, err);
}

static size_t width_of(nps_number_type type)
{
    return type == NPS_NUMBER_F32 || type == NPS_NUMBER_I32 ? 4 : 8;
}

static nps_status wrong_count(const nps_ms_array *a, const char *what, size_t n, nps_err *err)
{
    return FAIL_HERE(a, err, NPS_E_FORMAT, "the %s array holds %zu values instead of the stated %zu", what, n, a->claim);
}

static void convert_32(const nps_ms_array *a, nps_span raw, double *v)
{
    bool real = a->type == NPS_NUMBER_F32;
    for (size_t i = 0; i < a->claim; i++) {
        uint32_t bits = a->big_endian ? nps_bytes_u32be(raw, 4 * i) : nps_bytes_u32(raw, 4 * i);
        v[i] = real ? (double)nps_bits_float(bits) : (double)(int32_t)bits;
    }
}

static void convert_64(const nps_ms_array *a, nps_span raw, double *v)
{
    bool real = a->type == NPS_NUMBER_F64;
    for (size_t i = 0; i < a->claim; i++) {
        uint64_t bits = a->big_endian ? nps_bytes_u64be(raw, 8 * i) : nps_bytes_u64(raw, 8 * i);
        v[i] = real ? nps_bits_double(bits) : (double)(int64_t)bits;
    }
}

static nps_status convert(const nps_ms_array *a, const char *what, nps_span raw, nps_ms_values *values, nps_err *err)
{
    size_t width = width_of(a->type);
    if (raw.n % width)
        return FAIL_HERE(a, err, NPS_E_FORMAT, "the %s array has %zu bytes, which are no whole number of %zu-byte values",
                         what, raw.n, width);
    if (raw.n / width != a->claim)
        return wrong_count(a, what, raw.n / width, err);
    if (width == 4)
        convert_32(a, raw, values->v);
    else
        convert_64(a, raw, values->v);
    values->n = a->claim;
    return NPS_OK;
}

static nps_status unpack(const nps_ms_array *a, const char *what, nps_span raw, nps_ms_values *values, nps_err *err)
{
    nps_numpress how = a->packing == NPS_PACKED_LINEAR ? NPS_NUMPRESS_LINEAR
                       : a->packing == NPS_PACKED_PIC  ? NPS_NUMPRESS_PIC
                                                       : NPS_NUMPRESS_SLOF;
    size_t n = 0;
    /* An empty array may lack even the scale. */
    nps_status st = raw.n ? nps_numpress_decode(how, raw, values->v, a->claim, &n, err) : NPS_OK;
    if (st == NPS_E_LIMIT)
        return FAIL_HERE(a, err, NPS_E_FORMAT, "the %s array holds more than the stated %zu values", what, a->claim);
    if (st == NPS_OK && n != a->claim)
        return wrong_count(a, what, n, err);
    values->n = n;
    return place(a, err, st);
}

nps_status nps_ms_array_decode(const nps_ms_array *a, const char *what, size_t per_point, const nps_read_limits *limits,
                               nps_ms_scratch *scratch, nps_ms_values *values, nps_err *err)
{
    if (a->packing == NPS_PACKED_NOT && a->type == NPS_NUMBER_UNSAID)
        return FAIL_HERE(a, err, NPS_E_UNSUPPORTED, "the %s array does not say its kind of numbers", what);
    if (a->claim / per_point > limits->max_points)
        return FAIL_HERE(a, err, NPS_E_LIMIT, "%zu points are more than the limit of %zu", a->claim / per_point,
                         limits->max_points);
    nps_status st = undo_base64(a, what, scratch, err);
    if (st != NPS_OK)
        return st;
    nps_span raw = {scratch->raw, scratch->n_raw};
    if (a->zlib && raw.n) {
        /* Nothing takes more than 8 bytes a value but numpress, which may have a scale before. */
        st = nps_inflate(raw, a->claim * 8 + 64, limits->max_gzip_ratio, &scratch->inflated, err);
        if (st != NPS_OK)
            return place(a, err, st);
        raw = (nps_span){scratch->inflated.len ? scratch->inflated.data : "", scratch->inflated.len};
    }
    /* A claim above what the bytes can hold is wrong, whatever the packing. */
    size_t most = a->packing == NPS_PACKED_NOT ? raw.n / 4 : nps_numpress_room(raw.n);
    if (a->claim > most)
        return FAIL_HERE(a, err, NPS_E_FORMAT, "the %s array holds %zu bytes, too few for the stated %zu values", what,
                         raw.n, a->claim);
    st = nps_grow(&values->v, &values->cap, a->claim, sizeof *values->v, SIZE_MAX / sizeof *values->v, err);
    if (st != NPS_OK)
        return place(a, err, st);
    return a->packing == NPS_PACKED_NOT ? convert(a, what, raw, values, err) : unpack(a, what, raw, values, err);
}
