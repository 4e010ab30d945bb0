/* OPUS files made in tests, after the published layout (see spectra/opus_block.h). */
#ifndef NPS_TESTS_SUPPORT_OPUS_FILE_H
#define NPS_TESTS_SUPPORT_OPUS_FILE_H

#include "tests/support/byte_file.h"

enum { OPUS_ENTRY_MAX = 16, OPUS_DIRECTORY_AT = 24, OPUS_DATA_AT = OPUS_DIRECTORY_AT + 12 * OPUS_ENTRY_MAX };

/* Types of blocks: amplitude of the sample, the reference or their ratio; the kind of data; "of the original". */
enum { OPUS_SAMPLE = 0x7, OPUS_REFERENCE = 0xb, OPUS_RATIO = 0xf, OPUS_STATUS = 0x10, OPUS_ORIGINAL = 0x40000000 };
#define OPUS_KIND(kind) ((uint32_t)(kind) << 10)

static inline void opus_begin(byte_file *f)
{
    static const char magic[4] = {0x0a, 0x0a, (char)0xfe, (char)0xfe};
    *f = (byte_file){0};
    put_bytes_at(f, 0, magic, 4);
    put_double_at(f, 4, 920622);
    put_int_at(f, 12, OPUS_DIRECTORY_AT, 4);
    put_int_at(f, 16, OPUS_ENTRY_MAX, 4);
    put_int_at(f, OPUS_DATA_AT - 4, 0, 4);
}

static inline size_t opus_entries(const byte_file *f)
{
    return (unsigned char)f->p[20];
}
/* Place of the directory entry: type, size and place of its block. */
static inline size_t opus_entry_at(size_t i)
{
    return OPUS_DIRECTORY_AT + 12 * i;
}

/* Enters a block that lies from `at` to the end of the file. */
static inline void opus_enter(byte_file *f, uint32_t type, size_t at)
{
    size_t i = opus_entries(f);
    NPS_ASSERT(i < OPUS_ENTRY_MAX);
    put_int_at(f, opus_entry_at(i), type, 4);
    put_int_at(f, opus_entry_at(i) + 4, (uint32_t)((f->n - at) / 4), 4);
    put_int_at(f, opus_entry_at(i) + 8, (uint32_t)at, 4);
    put_int_at(f, 20, (uint32_t)(i + 1), 4);
}

static inline size_t opus_put_head(byte_file *f, const char *name, unsigned type, unsigned words)
{
    size_t at = f->n;
    put_bytes_at(f, at, name, 4);
    put_int_at(f, at + 4, type, 2);
    put_int_at(f, at + 6, words, 2);
    return at + 8;
}

/* Each returns the place of the value. */
static inline size_t opus_put_int(byte_file *f, const char *name, int32_t v)
{
    size_t at = opus_put_head(f, name, 0, 2);
    put_int_at(f, at, (uint32_t)v, 4);
    return at;
}

static inline size_t opus_put_double(byte_file *f, const char *name, double v)
{
    size_t at = opus_put_head(f, name, 1, 4);
    put_double_at(f, at, v);
    return at;
}

/* type: 2 text, 3 enum, 4 of the sender. */
static inline size_t opus_put_text(byte_file *f, const char *name, unsigned type, const char *text)
{
    unsigned words = (unsigned)(strlen(text) / 4 + 1) * 2;
    size_t at = opus_put_head(f, name, type, words);
    put_int_at(f, at + 2 * words - 1, 0, 1);
    put_text_at(f, at, text);
    return at;
}

static inline void opus_put_end(byte_file *f)
{
    opus_put_head(f, "END", 0, 0);
}

typedef struct {
    int32_t points;
    double first_x, last_x, scale;
    const char *unit; /* NULL: not stated */
    int32_t format;
} opus_status;

/* Where the values of a status block lie. */
typedef struct {
    size_t block, format, points, first_x, last_x, scale, unit;
} opus_places;

static inline opus_places opus_add_status(byte_file *f, uint32_t data_type, opus_status s)
{
    opus_places at = {.block = f->n};
    at.format = opus_put_int(f, "DPF", s.format);
    at.points = opus_put_int(f, "NPT", s.points);
    at.first_x = opus_put_double(f, "FXV", s.first_x);
    at.last_x = opus_put_double(f, "LXV", s.last_x);
    at.scale = opus_put_double(f, "CSF", s.scale);
    if (s.unit)
        at.unit = opus_put_text(f, "DXU", 3, s.unit);
    opus_put_text(f, "DAT", 2, "06/11/2015");
    opus_put_end(f);
    opus_enter(f, data_type | OPUS_STATUS, at.block);
    return at;
}

static inline size_t opus_add_data(byte_file *f, uint32_t type, const float *v, size_t n)
{
    size_t at = f->n;
    for (size_t i = 0; i < n; i++)
        put_float_at(f, at + 4 * i, v[i]);
    opus_enter(f, type, at);
    return at;
}

#endif
