/* OMNIC files made in tests, after the published layout (see spectra/read_omnic.c). */
#ifndef NPS_TESTS_SUPPORT_OMNIC_FILE_H
#define NPS_TESTS_SUPPORT_OMNIC_FILE_H

#include "tests/support/byte_file.h"

enum { OMNIC_ENTRY_MAX = 16, OMNIC_DATA_AT = 304 + 16 * OMNIC_ENTRY_MAX };

typedef struct {
    unsigned points, x_unit, y_unit;
    float first_x, last_x;
    unsigned scans, background_scans;
} omnic_head;

static inline void omnic_begin(byte_file *f, const char *title, uint32_t date)
{
    *f = (byte_file){0};
    put_text_at(f, 0, "Spectral Data File\r\n");
    put_text_at(f, 30, title);
    put_int_at(f, 296, date, 4);
    put_int_at(f, OMNIC_DATA_AT - 2, 0, 2);
}

static inline size_t omnic_entries(const byte_file *f)
{
    return (unsigned char)f->p[294];
}
/* Place of the directory entry. */
static inline size_t omnic_entry_at(size_t i)
{
    return 304 + 16 * i;
}

static inline void omnic_add_entry(byte_file *f, unsigned key, size_t place, size_t size)
{
    size_t i = omnic_entries(f);
    NPS_ASSERT(i < OMNIC_ENTRY_MAX);
    put_int_at(f, omnic_entry_at(i), key, 1);
    put_int_at(f, omnic_entry_at(i) + 2, (uint32_t)place, 4);
    put_int_at(f, omnic_entry_at(i) + 6, (uint32_t)size, 4);
    put_int_at(f, 294, (unsigned)(i + 1), 2);
}

/* Returns the place of the header. */
static inline size_t omnic_add_head(byte_file *f, omnic_head h)
{
    size_t at = f->n;
    omnic_add_entry(f, 2, at, 140);
    put_int_at(f, at, 3, 1);
    put_int_at(f, at + 4, h.points, 4);
    put_int_at(f, at + 8, h.x_unit, 1);
    put_int_at(f, at + 12, h.y_unit, 1);
    put_float_at(f, at + 16, h.first_x);
    put_float_at(f, at + 20, h.last_x);
    put_int_at(f, at + 36, h.scans, 4);
    put_int_at(f, at + 52, h.background_scans, 4);
    put_int_at(f, at + 139, 0, 1);
    return at;
}

/* Returns the place of the first. */
static inline size_t omnic_add_floats(byte_file *f, unsigned key, const float *v, size_t n)
{
    size_t at = f->n;
    omnic_add_entry(f, key, at, 4 * n);
    for (size_t i = 0; i < n; i++)
        put_float_at(f, at + 4 * i, v[i]);
    return at;
}

static inline size_t omnic_add_text(byte_file *f, unsigned key, const char *text)
{
    size_t at = f->n;
    omnic_add_entry(f, key, at, strlen(text) + 1);
    put_bytes_at(f, at, text, strlen(text) + 1);
    return at;
}

/* Title of a spectrum of a group: 256 bytes and the date. */
static inline size_t omnic_add_title(byte_file *f, const char *title, uint32_t date)
{
    size_t at = f->n;
    omnic_add_entry(f, 107, at, 260);
    put_text_at(f, at, title);
    put_int_at(f, at + 256, date, 4);
    return at;
}

#endif
