/* OMNIC files made in tests, after the published layout (see spectra/read_omnic.c). */
#ifndef NPS_TESTS_SUPPORT_OMNIC_FILE_H
#define NPS_TESTS_SUPPORT_OMNIC_FILE_H

#include "tests/support/bytes_file.h"

enum { OMNIC_ENTRY_MAX = 16, OMNIC_DATA_AT = 304 + 16 * OMNIC_ENTRY_MAX };

typedef struct {
    unsigned points, x_unit, y_unit;
    float first_x, last_x;
    unsigned scans, background_scans;
} omnic_head;

static inline void omnic_begin(bytes_file *f, const char *title, uint32_t date)
{
    *f = (bytes_file){0};
    bytes_put_text(f, 0, "Spectral Data File\r\n");
    bytes_put_text(f, 30, title);
    bytes_put_u32(f, 296, date);
    bytes_put_u16(f, OMNIC_DATA_AT - 2, 0);
}

static inline size_t omnic_entries(const bytes_file *f)
{
    return (unsigned char)f->p[294];
}
/* Place of the directory entry. */
static inline size_t omnic_entry_at(size_t i)
{
    return 304 + 16 * i;
}

static inline void omnic_add_entry(bytes_file *f, unsigned key, size_t place, size_t size)
{
    size_t i = omnic_entries(f);
    NPS_ASSERT(i < OMNIC_ENTRY_MAX);
    bytes_put_uint(f, omnic_entry_at(i), key, 1);
    bytes_put_u32(f, omnic_entry_at(i) + 2, (uint32_t)place);
    bytes_put_u32(f, omnic_entry_at(i) + 6, (uint32_t)size);
    bytes_put_u16(f, 294, (unsigned)(i + 1));
}

/* Returns the place of the header. */
static inline size_t omnic_add_head(bytes_file *f, omnic_head h)
{
    size_t at = f->n;
    omnic_add_entry(f, 2, at, 140);
    bytes_put_uint(f, at, 3, 1);
    bytes_put_u32(f, at + 4, h.points);
    bytes_put_uint(f, at + 8, h.x_unit, 1);
    bytes_put_uint(f, at + 12, h.y_unit, 1);
    bytes_put_float(f, at + 16, h.first_x);
    bytes_put_float(f, at + 20, h.last_x);
    bytes_put_u32(f, at + 36, h.scans);
    bytes_put_u32(f, at + 52, h.background_scans);
    bytes_put_uint(f, at + 139, 0, 1);
    return at;
}

/* Returns the place of the first. */
static inline size_t omnic_add_floats(bytes_file *f, unsigned key, const float *v, size_t n)
{
    size_t at = f->n;
    omnic_add_entry(f, key, at, 4 * n);
    for (size_t i = 0; i < n; i++)
        bytes_put_float(f, at + 4 * i, v[i]);
    return at;
}

static inline size_t omnic_add_text(bytes_file *f, unsigned key, const char *text)
{
    size_t at = f->n;
    omnic_add_entry(f, key, at, strlen(text) + 1);
    bytes_put(f, at, text, strlen(text) + 1);
    return at;
}

/* Title of a spectrum of a group: 256 bytes and the date. */
static inline size_t omnic_add_title(bytes_file *f, const char *title, uint32_t date)
{
    size_t at = f->n;
    omnic_add_entry(f, 107, at, 260);
    bytes_put_text(f, at, title);
    bytes_put_u32(f, at + 256, date);
    return at;
}

#endif
