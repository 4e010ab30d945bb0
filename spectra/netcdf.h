/* Reading netCDF classic files (CDF-1 and CDF-2) from memory: dimensions, attributes and variables by name.
 *
 * Source: "The NetCDF Classic Format Specification" (Unidata, NetCDF Users Guide, appendix). All numbers are big-endian.
 * Names and texts point into the input, which must outlive the nps_nc. Survives any input; the header may hold at most
 * 1,024 dimensions, 8,192 variables and 65,536 attributes.
 */
#ifndef NPS_SPECTRA_NETCDF_H
#define NPS_SPECTRA_NETCDF_H

#include "core/err.h"
#include "core/scan.h"

typedef enum { NPS_NC_BYTE = 1, NPS_NC_CHAR, NPS_NC_SHORT, NPS_NC_INT, NPS_NC_FLOAT, NPS_NC_DOUBLE } nps_nc_type;

typedef struct {
    nps_span name;
    nps_nc_type type;
    size_t n;  /* values */
    size_t at; /* byte of the first, inside the input */
} nps_nc_att;

typedef struct {
    nps_span name;
    nps_nc_type type;
    size_t n;            /* values in all, with every record */
    size_t n_per_record; /* values in one record; 0 for a variable without the record dimension */
    size_t n_last;       /* length of the last dimension: of a text in an array of texts; 1 for a single value */
    size_t at;           /* where its header begins */
    size_t begin;        /* byte of its first value, as stated */
    size_t first_att, n_att;
} nps_nc_var;

typedef struct {
    nps_span all;
    size_t n_records, record_size; /* bytes from one record to the next */
    nps_nc_att *att;               /* [n_att] owned; those of the file first */
    size_t n_att, cap_att, n_file_att;
    nps_nc_var *var; /* [n_var] owned */
    size_t n_var, cap_var;
    size_t *dim; /* [n_dim] owned lengths; 0: the record dimension */
    size_t n_dim, cap_dim;
} nps_nc;

/* Reads the header. Errors at their byte: NPS_E_FORMAT, NPS_E_UNSUPPORTED (a version), NPS_E_LIMIT, NPS_E_NOMEM; *ret_nc
 * is then left empty. */
NPS_MUST_CHECK nps_status nps_nc_open(nps_span all, nps_nc *ret_nc, nps_err *err);
void nps_nc_done(nps_nc *nc);

/* NULL when there is none of that name. */
const nps_nc_var *nps_nc_find_var(const nps_nc *nc, const char *name);
/* Of a variable, or of the file for var = NULL. */
const nps_nc_att *nps_nc_find_att(const nps_nc *nc, const nps_nc_var *var, const char *name);

/* Whether all values of a variable lie inside the input: to be asked once before any of them is read. */
NPS_MUST_CHECK nps_status nps_nc_check(const nps_nc *nc, const nps_nc_var *var, nps_err *err);
/* Value i of var->n. */
double nps_nc_value(const nps_nc *nc, const nps_nc_var *var, size_t i);
/* Byte of value i. */
size_t nps_nc_value_at(const nps_nc *nc, const nps_nc_var *var, size_t i);

/* Text of an attribute without NUL at its end; no bytes unless it is of characters. */
nps_span nps_nc_att_text(const nps_nc *nc, const nps_nc_att *att);
/* First value of an attribute of numbers; false, and nothing changed, for any other. */
bool nps_nc_att_number(const nps_nc *nc, const nps_nc_att *att, double *ret_v);

#endif
