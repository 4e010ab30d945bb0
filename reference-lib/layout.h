/* The one table that says which dataset of a library file is which array of nps_library. Writing, reading, validating
 * and freeing walk it; FORMAT.md is its text form. */
#ifndef NPS_REFERENCE_LIB_LAYOUT_H
#define NPS_REFERENCE_LIB_LAYOUT_H

#include "reference-lib/library.h"

typedef enum { NPS_CELL_U8, NPS_CELL_I8, NPS_CELL_U16, NPS_CELL_U32, NPS_CELL_I32, NPS_CELL_U64, NPS_CELL_F32, NPS_CELL_F64 } nps_cell;
size_t nps_cell_size(nps_cell c);

/* What must hold for the values, beyond the shape. */
typedef enum {
    NPS_RULE_NONE,
    NPS_RULE_TEXT,     /* ids below n_text */
    NPS_RULE_OFFSETS,  /* ascending, from 0 to *limit_count */
    NPS_RULE_BELOW,    /* below *limit_count */
    NPS_RULE_FINITE,   /* every value finite */
    NPS_RULE_ASCENDING /* finite and never falling */
} nps_rule;

typedef struct {
    const char *path;
    nps_cell cell;
    nps_rule rule;
    size_t pointer; /* offset of the array pointer in nps_library */
    size_t count;   /* offset of its uint64_t count */
    size_t limit;   /* offset of the count that the rule needs, or 0 */
    unsigned plus;  /* elements beyond the count (1 for offsets) */
    unsigned width; /* values in one row: 1, or the grid of the infrared matrix */
} nps_array_row;

extern const nps_array_row nps_layout[];
extern const size_t nps_layout_n;

static inline uint64_t nps_layout_count(const nps_library *lib, const nps_array_row *row)
{
    return *(const uint64_t *)(const void *)((const char *)lib + row->count);
}
uint64_t nps_layout_cells(const nps_library *lib, const nps_array_row *row); /* (count + plus) * width */
const void *nps_layout_array(const nps_library *lib, const nps_array_row *row);
void nps_layout_set_array(nps_library *lib, const nps_array_row *row, const void *array);

/* Checks every rule over all values: NPS_E_CORRUPT names the dataset. */
NPS_MUST_CHECK nps_status nps_layout_check(const nps_library *lib, nps_err *err);

/* Fills the views that are not datasets (calibration[]). */
void nps_layout_settle(nps_library *lib);

#endif
