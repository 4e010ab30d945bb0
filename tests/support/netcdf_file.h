/* Builds small netCDF classic files: dimensions, attributes of the file, variables with attributes, data. Variables over
 * the record dimension (length 0) are interleaved as the format asks for. */
#ifndef NPS_TESTS_SUPPORT_NETCDF_FILE_H
#define NPS_TESTS_SUPPORT_NETCDF_FILE_H

#include "tests/support/byte_file.h"

#include <stdlib.h>

enum { CDF_MAX = 16, CDF_VALUES_MAX = 32 };
enum { CDF_BYTE = 1, CDF_CHAR, CDF_SHORT, CDF_INT, CDF_FLOAT, CDF_DOUBLE };

typedef struct {
    const char *name, *text; /* text NULL: the number */
    double number;
    int var; /* -1: of the file */
    int type;
} cdf_att;

typedef struct {
    const char *name;
    int type, dim[2], n_dim;
    const char *text; /* of CDF_CHAR */
    double value[CDF_VALUES_MAX];
    size_t n;
} cdf_var;

typedef struct {
    int version;
    uint32_t n_records;
    struct {
        const char *name;
        uint32_t length;
    } dim[CDF_MAX];
    cdf_att att[CDF_MAX];
    cdf_var var[CDF_MAX];
    int n_dim, n_att, n_var;
    size_t begin[CDF_MAX]; /* filled by cdf_build: where the variables' begins are stated */
} cdf;

static inline int cdf_dim(cdf *c, const char *name, uint32_t length)
{
    c->dim[c->n_dim].name = name;
    c->dim[c->n_dim].length = length;
    return c->n_dim++;
}

static inline void cdf_text(cdf *c, int var, const char *name, const char *text)
{
    c->att[c->n_att++] = (cdf_att){name, text, 0, var, CDF_CHAR};
}

static inline void cdf_number(cdf *c, int var, const char *name, int type, double number)
{
    c->att[c->n_att++] = (cdf_att){name, NULL, number, var, type};
}

static inline int cdf_numbers(cdf *c, const char *name, int type, int dim, const double *value, size_t n)
{
    cdf_var v = {.name = name, .type = type, .dim = {dim}, .n_dim = 1, .n = n};
    memcpy(v.value, value, n * sizeof *value);
    c->var[c->n_var] = v;
    return c->n_var++;
}

static inline void cdf_put_name(byte_file *f, const char *name)
{
    size_t n = strlen(name);
    put_int(f, n, 4);
    put_field(f, name, (n + 3) / 4 * 4);
}

static inline void cdf_put_value(byte_file *f, int type, double v)
{
    switch (type) {
    case CDF_BYTE: put_int(f, (uint64_t)(int64_t)v, 1); break;
    case CDF_SHORT: put_int(f, (uint64_t)(int64_t)v, 2); break;
    case CDF_INT: put_int(f, (uint64_t)(int64_t)v, 4); break;
    case CDF_FLOAT: put_float(f, (float)v); break;
    default: put_double(f, v); break;
    }
}

static inline size_t cdf_size(int type)
{
    static const size_t sizes[] = {0, 1, 1, 2, 4, 4, 8};
    return sizes[type];
}

static inline void cdf_pad(byte_file *f)
{
    while (f->n % 4)
        put_zeros(f, 1);
}

static inline void cdf_put_atts(byte_file *f, const cdf *c, int var)
{
    uint32_t n = 0;
    for (int i = 0; i < c->n_att; i++)
        n += c->att[i].var == var;
    put_int(f, n ? 12 : 0, 4);
    put_int(f, n, 4);
    for (int i = 0; i < c->n_att; i++) {
        const cdf_att *a = &c->att[i];
        if (a->var != var)
            continue;
        cdf_put_name(f, a->name);
        put_int(f, (uint64_t)a->type, 4);
        if (a->text) {
            put_int(f, strlen(a->text), 4);
            put_bytes(f, a->text, strlen(a->text));
        } else {
            put_int(f, 1, 4);
            cdf_put_value(f, a->type, a->number);
        }
        cdf_pad(f);
    }
}

static inline bool cdf_is_record(const cdf *c, const cdf_var *v)
{
    return v->n_dim && !c->dim[v->dim[0]].length;
}

static inline size_t cdf_slab(const cdf *c, const cdf_var *v)
{
    size_t n = 1;
    for (int d = 0; d < v->n_dim; d++)
        n *= c->dim[v->dim[d]].length ? c->dim[v->dim[d]].length : 1;
    return n;
}

static inline void cdf_put_data(byte_file *f, const cdf_var *v, size_t from, size_t n)
{
    if (v->type == CDF_CHAR)
        put_field(f, v->text + (strlen(v->text) < from ? strlen(v->text) : from), n);
    else
        for (size_t i = from; i < from + n; i++)
            cdf_put_value(f, v->type, v->value[i]);
}

static inline byte_file cdf_build(cdf *c)
{
    byte_file f = {.big = true};
    size_t width = c->version == 2 ? 8 : 4;
    put_bytes(&f, "CDF", 3);
    put_int(&f, (uint64_t)c->version, 1);
    put_int(&f, c->n_records, 4);
    put_int(&f, c->n_dim ? 10 : 0, 4);
    put_int(&f, (uint64_t)c->n_dim, 4);
    for (int i = 0; i < c->n_dim; i++) {
        cdf_put_name(&f, c->dim[i].name);
        put_int(&f, c->dim[i].length, 4);
    }
    cdf_put_atts(&f, c, -1);
    put_int(&f, c->n_var ? 11 : 0, 4);
    put_int(&f, (uint64_t)c->n_var, 4);
    for (int i = 0; i < c->n_var; i++) {
        const cdf_var *v = &c->var[i];
        cdf_put_name(&f, v->name);
        put_int(&f, (uint64_t)v->n_dim, 4);
        for (int d = 0; d < v->n_dim; d++)
            put_int(&f, (uint64_t)v->dim[d], 4);
        cdf_put_atts(&f, c, i);
        put_int(&f, (uint64_t)v->type, 4);
        put_int(&f, (cdf_slab(c, v) * cdf_size(v->type) + 3) / 4 * 4, 4);
        c->begin[i] = f.n;
        put_zeros(&f, width);
    }
    int n_record_vars = 0;
    for (int i = 0; i < c->n_var; i++) {
        const cdf_var *v = &c->var[i];
        n_record_vars += cdf_is_record(c, v);
        if (cdf_is_record(c, v))
            continue;
        put_int_at(&f, c->begin[i], f.n, width);
        cdf_put_data(&f, v, 0, cdf_slab(c, v));
        cdf_pad(&f);
    }
    for (uint32_t k = 0; k < c->n_records && c->n_records != 0xFFFFFFFF; k++)
        for (int i = 0; i < c->n_var; i++) {
            const cdf_var *v = &c->var[i];
            if (!cdf_is_record(c, v))
                continue;
            if (!k)
                put_int_at(&f, c->begin[i], f.n, width);
            cdf_put_data(&f, v, k * cdf_slab(c, v), cdf_slab(c, v));
            if (n_record_vars > 1)
                cdf_pad(&f);
        }
    return f;
}

#endif
