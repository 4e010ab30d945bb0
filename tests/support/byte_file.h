/* Builds small binary files byte by byte, in either byte order: for tests of binary readers. */
#ifndef NPS_TESTS_SUPPORT_BYTE_FILE_H
#define NPS_TESTS_SUPPORT_BYTE_FILE_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    unsigned char p[1 << 16]; /* zero where nothing is put */
    size_t n;
    bool big;
} byte_file;

static inline void put_bytes(byte_file *f, const void *p, size_t n)
{
    NPS_ASSERT(n <= sizeof f->p - f->n);
    memcpy(f->p + f->n, p, n);
    f->n += n;
}

static inline void put_int(byte_file *f, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)(v >> 8 * (f->big ? size - 1 - i : i));
        put_bytes(f, &c, 1);
    }
}

static inline void put_zeros(byte_file *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_int(f, 0, 1);
}

static inline void put_float(byte_file *f, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_int(f, bits, 4);
}

static inline void put_double(byte_file *f, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_int(f, bits, 8);
}

/* Text in a field of n bytes, filled up with NUL. */
static inline void put_field(byte_file *f, const char *text, size_t n)
{
    size_t len = strlen(text) < n ? strlen(text) : n;
    put_bytes(f, text, len);
    put_zeros(f, n - len);
}

/* Puts at a place, also behind the end. */
static inline void put_bytes_at(byte_file *f, size_t at, const void *p, size_t n)
{
    size_t end = f->n;
    f->n = at;
    put_bytes(f, p, n);
    f->n = f->n > end ? f->n : end;
}

static inline void put_int_at(byte_file *f, size_t at, uint64_t v, size_t size)
{
    size_t end = f->n;
    f->n = at;
    put_int(f, v, size);
    f->n = f->n > end ? f->n : end;
}

static inline void put_float_at(byte_file *f, size_t at, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_int_at(f, at, bits, 4);
}

static inline void put_double_at(byte_file *f, size_t at, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_int_at(f, at, bits, 8);
}

static inline void put_text_at(byte_file *f, size_t at, const char *text)
{
    put_bytes_at(f, at, text, strlen(text));
}

#endif
