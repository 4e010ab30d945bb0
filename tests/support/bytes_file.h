/* A binary file made in a test, byte by byte, little-endian. */
#ifndef NPS_TESTS_SUPPORT_BYTES_FILE_H
#define NPS_TESTS_SUPPORT_BYTES_FILE_H

#include "core/err.h"
#include "core/scan.h"

#include <stdint.h>
#include <string.h>

typedef struct {
    char p[1 << 16]; /* zero where nothing is put */
    size_t n;
} bytes_file;

static inline void bytes_put(bytes_file *f, size_t at, const void *data, size_t n)
{
    NPS_ASSERT(at + n <= sizeof f->p);
    memcpy(f->p + at, data, n);
    f->n = at + n > f->n ? at + n : f->n;
}

static inline void bytes_put_uint(bytes_file *f, size_t at, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++, v >>= 8) {
        char byte = (char)(v & 0xff);
        bytes_put(f, at + i, &byte, 1);
    }
}

static inline void bytes_put_u16(bytes_file *f, size_t at, unsigned v)
{
    bytes_put_uint(f, at, v, 2);
}
static inline void bytes_put_u32(bytes_file *f, size_t at, uint32_t v)
{
    bytes_put_uint(f, at, v, 4);
}

static inline void bytes_put_float(bytes_file *f, size_t at, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bytes_put_u32(f, at, bits);
}

static inline void bytes_put_double(bytes_file *f, size_t at, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    bytes_put_uint(f, at, bits, 8);
}

static inline void bytes_put_text(bytes_file *f, size_t at, const char *text)
{
    bytes_put(f, at, text, strlen(text));
}

#endif
