/* Blocks of PerkinElmer .sp files and what a data set holds in its members, without any judgement of its units.
 *
 * A block is a number (int16), a size (int32) and content, all least significant byte first; a member is a block inside a
 * data set whose content begins with the code of its type. Source: the numbers published in "spload" (PerkinElmer, Westlake
 * and Green 2007), and the readers specio, PerkinElmer2CSV and Bev.IO.PerkinElmerSP.
 */
#ifndef NPS_SPECTRA_SP_DATA_SET_H
#define NPS_SPECTRA_SP_DATA_SET_H

#include "core/err.h"
#include "core/scan.h"

enum { NPS_SP_TYPE_TEXT = 29987 };

typedef struct {
    int id;
    size_t at, from, end; /* header; content from, to */
} nps_sp_block;

typedef struct {
    nps_span all;
    size_t at;                          /* of its block */
    double first, last;                 /* abscissa */
    size_t data_at, n;                  /* first ordinate (double), and how many */
    nps_span x_label, y_label;          /* units as text */
    size_t x_label_at, y_label_at;      /* at the data set where there is none */
    nps_span alias, name, sampling, file_type;
    nps_span history;                   /* content of the last history record */
} nps_sp_data_set;

/* The block at `at` < end, inside what ends at `end`. NPS_E_FORMAT at its byte when it is longer than that. */
NPS_MUST_CHECK nps_status nps_sp_block_take(nps_span all, size_t at, size_t end, nps_sp_block *ret_block, nps_err *err);

/* Reads the members of a data set. Checked: the range is there and finite, the ordinates are there, the stated number of
 * points is theirs, the interval leads from one end to the other. Members of other kinds are passed over. Errors at their
 * byte: NPS_E_FORMAT, NPS_E_UNSUPPORTED for a member of an unknown type. */
NPS_MUST_CHECK nps_status nps_sp_data_set_read(nps_span all, const nps_sp_block *b, nps_sp_data_set *ret_set, nps_err *err);

#endif
