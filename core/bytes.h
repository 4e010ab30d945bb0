/* Numbers in binary input, by offset, whatever the machine's own byte order and alignment. Callers check first that the
 * bytes are there (nps_bytes_has). */
#ifndef NPS_CORE_BYTES_H
#define NPS_CORE_BYTES_H

#include "core/scan.h"

#include <string.h>

/* Whether bytes [at, at + n) lie inside. */
static inline bool nps_bytes_has(nps_span s, size_t at, size_t n) { return at <= s.n && n <= s.n - at; }

static inline uint8_t nps_bytes_u8(nps_span s, size_t at) { return (uint8_t)s.p[at]; }

/* Little-endian. */
static inline uint16_t nps_bytes_u16(nps_span s, size_t at)
{
    return (uint16_t)(nps_bytes_u8(s, at) | nps_bytes_u8(s, at + 1) << 8);
}
static inline uint32_t nps_bytes_u32(nps_span s, size_t at)
{
    return nps_bytes_u16(s, at) | (uint32_t)nps_bytes_u16(s, at + 2) << 16;
}
static inline uint64_t nps_bytes_u64(nps_span s, size_t at)
{
    return nps_bytes_u32(s, at) | (uint64_t)nps_bytes_u32(s, at + 4) << 32;
}

/* Big-endian. */
static inline uint16_t nps_bytes_u16be(nps_span s, size_t at)
{
    return (uint16_t)(nps_bytes_u8(s, at) << 8 | nps_bytes_u8(s, at + 1));
}
static inline uint32_t nps_bytes_u32be(nps_span s, size_t at)
{
    return (uint32_t)nps_bytes_u16be(s, at) << 16 | nps_bytes_u16be(s, at + 2);
}
static inline uint64_t nps_bytes_u64be(nps_span s, size_t at)
{
    return (uint64_t)nps_bytes_u32be(s, at) << 32 | nps_bytes_u32be(s, at + 4);
}

/* IEEE 754 numbers from their bits. */
static inline float nps_bits_float(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
static inline double nps_bits_double(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
static inline float nps_bytes_float(nps_span s, size_t at) { return nps_bits_float(nps_bytes_u32(s, at)); }
static inline double nps_bytes_double(nps_span s, size_t at) { return nps_bits_double(nps_bytes_u64(s, at)); }

#endif
