#include "spectra/numpress.h"

#include "core/bytes.h"

#include <math.h>

typedef struct {
    nps_span data;
    size_t at; /* half bytes taken */
} half_bytes;

static bool next_half(half_bytes *h, unsigned *ret_half)
{
    if (h->at / 2 >= h->data.n)
        return false;
    uint8_t byte = nps_bytes_u8(h->data, h->at / 2);
    *ret_half = h->at % 2 ? byte & 15u : byte >> 4;
    h->at++;
    return true;
}

/* Nothing more, or only the half byte that fills up the last byte: a head of 0 would need eight more. */
static bool at_end(const half_bytes *h)
{
    size_t left = 2 * h->data.n - h->at;
    return !left || (left == 1 && !(nps_bytes_u8(h->data, h->data.n - 1) & 15u));
}

static bool next_int(half_bytes *h, uint32_t *ret_v)
{
    unsigned head, half;
    if (!next_half(h, &head))
        return false;
    unsigned same = head <= 8 ? head : head - 8;
    uint32_t v = head > 8 ? ~(uint32_t)0 << (4 * (8 - same)) : 0;
    for (unsigned i = 0; i + same < 8; i++) {
        if (!next_half(h, &half))
            return false;
        v |= (uint32_t)half << (4 * i);
    }
    *ret_v = v;
    return true;
}

static nps_status too_many(size_t max, nps_err *err)
{
    return nps_fail(err, NPS_E_LIMIT, "more than %zu values in numpress data", max);
}

static nps_status cut(nps_err *err)
{
    return nps_fail(err, NPS_E_FORMAT, "the numpress data end in the middle of a value");
}

static nps_status take_scale(nps_span packed, double *ret_scale, nps_err *err)
{
    if (packed.n < 8)
        return nps_fail(err, NPS_E_FORMAT, "numpress data of %zu bytes are too short for their scale", packed.n);
    double scale = nps_bits_double(nps_bytes_u64be(packed, 0));
    if (!(scale > 0 && isfinite(scale)))
        return nps_fail(err, NPS_E_FORMAT, "numpress scale %g is not positive", scale);
    *ret_scale = scale;
    return NPS_OK;
}

static nps_status decode_linear(nps_span packed, double *out, size_t max, size_t *ret_n, nps_err *err)
{
    double scale;
    nps_status st = take_scale(packed, &scale, err);
    if (st != NPS_OK)
        return st;
    size_t n = 0;
    int64_t last[2] = {0, 0};
    for (size_t at = 8; at < packed.n && n < 2; at += 4) {
        if (!nps_bytes_has(packed, at, 4))
            return cut(err);
        if (n == max)
            return too_many(max, err);
        last[0] = last[1];
        last[1] = nps_bytes_u32(packed, at);
        out[n++] = (double)last[1] / scale;
    }
    half_bytes h = {packed, n == 2 ? 32 : 2 * packed.n};
    while (!at_end(&h)) {
        uint32_t bits;
        if (!next_int(&h, &bits))
            return cut(err);
        if (n == max)
            return too_many(max, err);
        /* Differences that grow without end would leave the integers. */
        int64_t v = 2 * last[1] - last[0] + (int32_t)bits;
        if (v > INT64_MAX / 8 || v < INT64_MIN / 8)
            return nps_fail(err, NPS_E_FORMAT, "the numpress values run out of range");
        last[0] = last[1];
        last[1] = v;
        out[n++] = (double)v / scale;
    }
    *ret_n = n;
    return NPS_OK;
}

static nps_status decode_pic(nps_span packed, double *out, size_t max, size_t *ret_n, nps_err *err)
{
    size_t n = 0;
    for (half_bytes h = {packed, 0}; !at_end(&h);) {
        uint32_t v;
        if (!next_int(&h, &v))
            return cut(err);
        if (n == max)
            return too_many(max, err);
        out[n++] = v;
    }
    *ret_n = n;
    return NPS_OK;
}

static nps_status decode_slof(nps_span packed, double *out, size_t max, size_t *ret_n, nps_err *err)
{
    double scale;
    nps_status st = take_scale(packed, &scale, err);
    if (st != NPS_OK)
        return st;
    if (packed.n % 2)
        return cut(err);
    if (packed.n / 2 - 4 > max)
        return too_many(max, err);
    for (size_t i = 0; i < packed.n / 2 - 4; i++)
        out[i] = exp(nps_bytes_u16(packed, 8 + 2 * i) / scale) - 1;
    *ret_n = packed.n / 2 - 4;
    return NPS_OK;
}

nps_status nps_numpress_decode(nps_numpress how, nps_span packed, double *out, size_t max, size_t *ret_n, nps_err *err)
{
    switch (how) {
    case NPS_NUMPRESS_LINEAR: return decode_linear(packed, out, max, ret_n, err);
    case NPS_NUMPRESS_PIC: return decode_pic(packed, out, max, ret_n, err);
    case NPS_NUMPRESS_SLOF: return decode_slof(packed, out, max, ret_n, err);
    }
    return nps_fail(err, NPS_E_UNSUPPORTED, "unknown kind of numpress");
}
