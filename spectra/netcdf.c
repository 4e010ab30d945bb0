#include "spectra/netcdf.h"

#include "core/bytes.h"
#include "core/mem.h"

#include <stdlib.h>

enum { DIM_MAX = 1024, VAR_MAX = 8192, ATT_MAX = 65536, TAG_DIM = 10, TAG_VAR = 11, TAG_ATT = 12 };

static const uint32_t STREAMING = 0xFFFFFFFF;

typedef struct {
    nps_nc *nc;
    size_t at;
    bool wide; /* offsets of 64 bits */
} header;

static size_t size_of(nps_nc_type t)
{
    static const unsigned char sizes[] = {0, 1, 1, 2, 4, 4, 8};
    return sizes[t];
}

static nps_status fail_short(const header *h, nps_err *err)
{
    return nps_fail_at(err, NPS_E_FORMAT, 0, h->nc->all.n, "the file ends in the header of a netCDF file");
}

static nps_status take_u32(header *h, uint32_t *ret_v, nps_err *err)
{
    if (!nps_bytes_has(h->nc->all, h->at, 4))
        return fail_short(h, err);
    *ret_v = nps_bytes_u32be(h->nc->all, h->at);
    h->at += 4;
    return NPS_OK;
}

/* n bytes, padded to a multiple of four; the padding of the last ones may be missing. */
static nps_status take_bytes(header *h, size_t n, size_t *ret_at, nps_err *err)
{
    if (!nps_bytes_has(h->nc->all, h->at, n))
        return fail_short(h, err);
    *ret_at = h->at;
    h->at += n;
    size_t padding = (4 - n % 4) % 4, room = h->nc->all.n - h->at;
    h->at += padding < room ? padding : room;
    return NPS_OK;
}

static nps_status take_name(header *h, nps_span *ret_name, nps_err *err)
{
    uint32_t n = 0;
    size_t at = 0;
    nps_status st = take_u32(h, &n, err);
    if (st == NPS_OK)
        st = take_bytes(h, n, &at, err);
    if (st == NPS_OK)
        *ret_name = (nps_span){h->nc->all.p + at, n};
    return st;
}

static nps_status take_type(header *h, nps_nc_type *ret_type, nps_err *err)
{
    uint32_t v = 0;
    nps_status st = take_u32(h, &v, err);
    if (st == NPS_OK && (v < NPS_NC_BYTE || v > NPS_NC_DOUBLE))
        return nps_fail_at(err, NPS_E_FORMAT, 0, h->at - 4, "%u is no type of netCDF", v);
    *ret_type = (nps_nc_type)v;
    return st;
}

/* Beginning of a list: its tag, or nothing at all, and how many follow. */
static nps_status take_list(header *h, uint32_t tag, uint32_t *ret_n, nps_err *err)
{
    uint32_t found = 0, n = 0;
    nps_status st = take_u32(h, &found, err);
    if (st == NPS_OK)
        st = take_u32(h, &n, err);
    if (st == NPS_OK && (found || n) && found != tag)
        return nps_fail_at(err, NPS_E_FORMAT, 0, h->at - 8, "tag %u instead of %u in the header of a netCDF file",
                           found, tag);
    *ret_n = n;
    return st;
}

static nps_status grow(const header *h, void *items, size_t *cap, size_t n, size_t size, size_t max, const char *what,
                       nps_err *err)
{
    nps_status st = nps_grow(items, cap, n + 1, size, max, NULL);
    if (st == NPS_E_LIMIT)
        return nps_fail_at(err, st, 0, h->at, "more than %zu %s in a netCDF file", max, what);
    return st == NPS_OK ? st : nps_fail_nomem(err);
}

static nps_status take_dims(header *h, nps_err *err)
{
    nps_nc *nc = h->nc;
    uint32_t n = 0, length = 0;
    nps_status st = take_list(h, TAG_DIM, &n, err);
    for (uint32_t i = 0; i < n && st == NPS_OK; i++) {
        nps_span name;
        st = take_name(h, &name, err);
        if (st == NPS_OK)
            st = take_u32(h, &length, err);
        if (st == NPS_OK)
            st = grow(h, &nc->dim, &nc->cap_dim, nc->n_dim, sizeof *nc->dim, DIM_MAX, "dimensions", err);
        if (st == NPS_OK)
            nc->dim[nc->n_dim++] = length;
    }
    return st;
}

static nps_status take_atts(header *h, nps_err *err)
{
    nps_nc *nc = h->nc;
    uint32_t n = 0;
    nps_status st = take_list(h, TAG_ATT, &n, err);
    for (uint32_t i = 0; i < n && st == NPS_OK; i++) {
        nps_nc_att a = {0};
        uint32_t count = 0;
        st = take_name(h, &a.name, err);
        if (st == NPS_OK)
            st = take_type(h, &a.type, err);
        if (st == NPS_OK)
            st = take_u32(h, &count, err);
        if (st == NPS_OK)
            st = take_bytes(h, (size_t)count * size_of(a.type), &a.at, err);
        a.n = count;
        if (st == NPS_OK)
            st = grow(h, &nc->att, &nc->cap_att, nc->n_att, sizeof *nc->att, ATT_MAX, "attributes", err);
        if (st == NPS_OK)
            nc->att[nc->n_att++] = a;
    }
    return st;
}

/* Lengths of a variable's dimensions multiplied; no variable has more values than the file has bytes. */
static nps_status take_shape(header *h, nps_nc_var *v, bool *ret_record, nps_err *err)
{
    const nps_nc *nc = h->nc;
    uint32_t n_dims = 0, id = 0;
    nps_status st = take_u32(h, &n_dims, err);
    if (st == NPS_OK && n_dims > DIM_MAX)
        return nps_fail_at(err, NPS_E_FORMAT, 0, h->at - 4, "a variable of %u dimensions", n_dims);
    v->n = v->n_last = 1;
    *ret_record = false;
    for (uint32_t i = 0; i < n_dims && st == NPS_OK; i++) {
        st = take_u32(h, &id, err);
        if (st != NPS_OK)
            break;
        if (id >= nc->n_dim || (!nc->dim[id] && i))
            return nps_fail_at(err, NPS_E_FORMAT, 0, h->at - 4, "%u is not a dimension of variable '%s'", id,
                               nps_quote(v->name.p, v->name.n).s);
        v->n_last = nc->dim[id];
        if (!nc->dim[id]) {
            *ret_record = true;
            v->n_last = 1;
        } else if (v->n > nc->all.n / nc->dim[id]) {
            return nps_fail_at(err, NPS_E_FORMAT, 0, v->at, "variable '%s' is larger than the file",
                               nps_quote(v->name.p, v->name.n).s);
        } else {
            v->n *= nc->dim[id];
        }
    }
    return st;
}

static nps_status take_begin(header *h, size_t *ret_begin, nps_err *err)
{
    uint32_t high = 0, low = 0;
    nps_status st = h->wide ? take_u32(h, &high, err) : NPS_OK;
    if (st == NPS_OK)
        st = take_u32(h, &low, err);
    *ret_begin = (size_t)high << 32 | low;
    return st;
}

static nps_status take_var(header *h, nps_err *err)
{
    nps_nc *nc = h->nc;
    nps_nc_var v = {.at = h->at};
    bool record = false;
    uint32_t stated_size = 0;
    nps_status st = take_name(h, &v.name, err);
    if (st == NPS_OK)
        st = take_shape(h, &v, &record, err);
    v.first_att = nc->n_att;
    if (st == NPS_OK)
        st = take_atts(h, err);
    v.n_att = nc->n_att - v.first_att;
    if (st == NPS_OK)
        st = take_type(h, &v.type, err);
    if (st == NPS_OK)
        st = take_u32(h, &stated_size, err); /* redundant, and wrong for large variables: not used */
    if (st == NPS_OK)
        st = take_begin(h, &v.begin, err);
    v.n_per_record = record ? v.n : 0;
    if (st == NPS_OK)
        st = grow(h, &nc->var, &nc->cap_var, nc->n_var, sizeof *nc->var, VAR_MAX, "variables", err);
    if (st == NPS_OK)
        nc->var[nc->n_var++] = v;
    return st;
}

/* Records hold one slab of each of their variables, padded unless there is only one such variable. */
static nps_status lay_out_records(nps_nc *nc, uint32_t n_records, nps_err *err)
{
    size_t first = nc->all.n, last_slab = 0, n = 0;
    for (size_t i = 0; i < nc->n_var; i++) {
        const nps_nc_var *v = &nc->var[i];
        if (!v->n_per_record)
            continue;
        last_slab = v->n_per_record * size_of(v->type);
        nc->record_size += (last_slab + 3) / 4 * 4;
        first = v->begin < first ? v->begin : first;
        n++;
    }
    if (n == 1)
        nc->record_size = last_slab;
    size_t fit = n ? (nc->all.n - first) / nc->record_size : 0;
    nc->n_records = n_records == STREAMING ? fit : n_records;
    for (size_t i = 0; i < nc->n_var; i++) {
        nps_nc_var *v = &nc->var[i];
        if (v->n_per_record && nc->n_records > nc->all.n / v->n_per_record)
            return nps_fail_at(err, NPS_E_FORMAT, 0, 4, "%zu records do not fit into %zu bytes", nc->n_records,
                               nc->all.n);
        if (v->n_per_record)
            v->n = v->n_per_record * nc->n_records;
    }
    return NPS_OK;
}

static nps_status read_header(header *h, nps_err *err)
{
    nps_nc *nc = h->nc;
    uint32_t n_records = 0, n_vars = 0;
    nps_status st = take_u32(h, &n_records, err);
    if (st == NPS_OK)
        st = take_dims(h, err);
    if (st == NPS_OK)
        st = take_atts(h, err);
    nc->n_file_att = nc->n_att;
    if (st == NPS_OK)
        st = take_list(h, TAG_VAR, &n_vars, err);
    for (uint32_t i = 0; i < n_vars && st == NPS_OK; i++)
        st = take_var(h, err);
    return st == NPS_OK ? lay_out_records(nc, n_records, err) : st;
}

nps_status nps_nc_open(nps_span all, nps_nc *ret_nc, nps_err *err)
{
    nps_nc nc = {.all = all};
    header h = {.nc = &nc, .at = 4};
    if (all.n < 4)
        return fail_short(&h, err);
    unsigned version = nps_bytes_u8(all, 3);
    if (memcmp(all.p, "CDF", 3) != 0)
        return nps_fail_at(err, NPS_E_FORMAT, 0, 0, "no netCDF signature");
    if (version != 1 && version != 2)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, 3, "version %u of netCDF is not read here", version);
    h.wide = version == 2;
    nps_status st = read_header(&h, err);
    if (st == NPS_OK)
        *ret_nc = nc;
    else
        nps_nc_done(&nc);
    return st;
}

void nps_nc_done(nps_nc *nc)
{
    free(nc->att);
    free(nc->var);
    free(nc->dim);
    *nc = (nps_nc){0};
}

static bool is_name(nps_span name, const char *text)
{
    size_t n = strlen(text);
    return name.n == n && memcmp(name.p, text, n) == 0;
}

const nps_nc_var *nps_nc_find_var(const nps_nc *nc, const char *name)
{
    for (size_t i = 0; i < nc->n_var; i++)
        if (is_name(nc->var[i].name, name))
            return &nc->var[i];
    return NULL;
}

const nps_nc_att *nps_nc_find_att(const nps_nc *nc, const nps_nc_var *var, const char *name)
{
    size_t from = var ? var->first_att : 0, end = from + (var ? var->n_att : nc->n_file_att);
    for (size_t i = from; i < end; i++)
        if (is_name(nc->att[i].name, name))
            return &nc->att[i];
    return NULL;
}

nps_status nps_nc_check(const nps_nc *nc, const nps_nc_var *v, nps_err *err)
{
    size_t before = 0, n = v->n_per_record ? v->n_per_record : v->n;
    bool none = !v->n;
    bool fits = nps_bytes_has(nc->all, v->begin, none ? 0 : n * size_of(v->type));
    if (fits && !none && v->n_per_record) {
        fits = nc->n_records - 1 <= (nc->all.n - v->begin) / nc->record_size;
        before = fits ? (nc->n_records - 1) * nc->record_size : 0;
        fits = fits && nps_bytes_has(nc->all, v->begin + before, n * size_of(v->type));
    }
    if (fits)
        return NPS_OK;
    return nps_fail_at(err, NPS_E_FORMAT, 0, v->at, "the %zu values of variable '%s' do not lie inside the file", v->n,
                       nps_quote(v->name.p, v->name.n).s);
}

size_t nps_nc_value_at(const nps_nc *nc, const nps_nc_var *v, size_t i)
{
    size_t size = size_of(v->type);
    if (!v->n_per_record)
        return v->begin + i * size;
    return v->begin + i / v->n_per_record * nc->record_size + i % v->n_per_record * size;
}

static double number_at(nps_span all, nps_nc_type type, size_t at)
{
    switch (type) {
    case NPS_NC_BYTE: return (double)(int8_t)nps_bytes_u8(all, at);
    case NPS_NC_CHAR: return (double)nps_bytes_u8(all, at);
    case NPS_NC_SHORT: return (double)(int16_t)nps_bytes_u16be(all, at);
    case NPS_NC_INT: return (double)(int32_t)nps_bytes_u32be(all, at);
    case NPS_NC_FLOAT: return (double)nps_bits_float(nps_bytes_u32be(all, at));
    case NPS_NC_DOUBLE: break;
    }
    return nps_bits_double(nps_bytes_u64be(all, at));
}

double nps_nc_value(const nps_nc *nc, const nps_nc_var *v, size_t i)
{
    return number_at(nc->all, v->type, nps_nc_value_at(nc, v, i));
}

nps_span nps_nc_att_text(const nps_nc *nc, const nps_nc_att *a)
{
    nps_span text = {nc->all.p + a->at, a->type == NPS_NC_CHAR ? a->n : 0};
    while (text.n && text.p[text.n - 1] == '\0')
        text.n--;
    return nps_span_trim(text);
}

bool nps_nc_att_number(const nps_nc *nc, const nps_nc_att *a, double *ret_v)
{
    if (!a->n || a->type == NPS_NC_CHAR)
        return false;
    *ret_v = number_at(nc->all, a->type, a->at);
    return true;
}
