/* Packs number arrays as mzML and mzXML hold them: for tests of their readers. */
#ifndef NPS_TESTS_SUPPORT_MS_XML_H
#define NPS_TESTS_SUPPORT_MS_XML_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

static inline void ms_put_base64(nps_buf *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        nps_buf_putc(out, digits[v >> 18]);
        nps_buf_putc(out, digits[v >> 12 & 63]);
        nps_buf_putc(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
        nps_buf_putc(out, i + 2 < n ? digits[v & 63] : '=');
    }
}

/* kind: 'f' float, 'd' double, 'i' and 'l' integers of 4 and 8 bytes. */
static inline void ms_put_number(nps_buf *raw, double v, char kind, bool big_endian)
{
    uint64_t bits = 0;
    float f = (float)v;
    int32_t i = (int32_t)v;
    int64_t l = (int64_t)v;
    size_t width = kind == 'f' || kind == 'i' ? 4 : 8;
    memcpy(&bits, kind == 'f' ? (void *)&f : kind == 'd' ? (void *)&v : kind == 'i' ? (void *)&i : (void *)&l, width);
    for (size_t k = 0; k < width; k++)
        nps_buf_putc(raw, (char)(bits >> (8 * (big_endian ? width - 1 - k : k))));
}

/* Base64 of the bytes, after zlib where wanted. */
static inline void ms_put_bytes(nps_buf *out, const void *p, size_t n, bool zlib)
{
    static uint8_t packed[1 << 16];
    uLongf packed_n = sizeof packed;
    if (zlib && compress(packed, &packed_n, p, (uLong)n) == Z_OK)
        ms_put_base64(out, packed, packed_n);
    else
        ms_put_base64(out, p, n);
}

static inline void ms_put_values(nps_buf *out, const double *v, size_t n, char kind, bool big_endian, bool zlib)
{
    NPS_AUTO_BUF raw = NPS_BUF_INIT((size_t)1 << 20);
    for (size_t i = 0; i < n; i++)
        ms_put_number(&raw, v[i], kind, big_endian);
    ms_put_bytes(out, raw.data ? raw.data : "", raw.len, zlib);
}

#endif
