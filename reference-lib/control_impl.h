/* The control tables as an object, for those who fill it. Private to reference-lib/control*.c. */
#ifndef NPS_REFERENCE_LIB_CONTROL_IMPL_H
#define NPS_REFERENCE_LIB_CONTROL_IMPL_H

#include "reference-lib/control.h"
#include "reference-lib/digest.h"

#include <stdatomic.h>

/* Rows sorted for one way of looking them up. */
typedef struct {
    const nps_control_row **row; /* [n], owned */
    size_t n;
} nps_control_index;

struct nps_control {
    atomic_uint owners;
    char *name;                       /* owned */
    char digest[NPS_DIGEST_HEX];
    char *text[NPS_CONTROL_TABLES];   /* owned copies, cells terminated; NULL: not given */
    nps_control_row *row;             /* [n_row], owned; does not move any more once there is an index */
    size_t n_row, cap_row;
    nps_control_index all, by_key, by_formula, by_class;
};

/* Appends the rows of a table of kind i (nps_control_table_name). Errors: those of nps_control_new, without the table's name. */
NPS_MUST_CHECK nps_status nps_control_read_table(nps_control *c, size_t i, const nps_control_table *t, nps_err *err);

#endif
