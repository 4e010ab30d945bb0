/* One data table of a JCAMP-DX block as numbers: raw abscissae and ordinates after their factors, in the units of the
 * file, whatever the DATA TYPE. Private to the JCAMP reader and its tests. */
#ifndef NPS_SPECTRA_JCAMP_TABLE_H
#define NPS_SPECTRA_JCAMP_TABLE_H

#include "spectra/jcamp_data.h"

/* What the header says about a table. Numbers that are not given are NAN. */
typedef struct {
    const nps_jcamp_ldr *data;  /* the record that holds the numbers */
    const nps_jcamp_ldr *page;  /* ##PAGE= of a table of ##NTUPLES=, otherwise NULL */
    size_t head_end;            /* records [0, head_end) describe it, */
    size_t page_from, page_end; /* and these of its own page */
    nps_span x_units, y_units;  /* "" where not given */
    nps_span page_units;        /* of the page variable */
    double first_x, last_x, delta_x, x_factor, y_factor; /* factors 1 where not given */
    size_t n_points;            /* as claimed; 0: not given */
    size_t commas;              /* decimal commas in these numbers */
    bool even;                  /* (X++(Y..Y)) */
    bool tuples;                /* one of several pages of ##NTUPLES= */
    bool peaks;                 /* a peak table */
    size_t width;               /* numbers a point otherwise */
} nps_jcamp_table;

/* The next table of the block at or after record *from, which is moved behind it; *ret_any false when there is none.
 * Errors: NPS_E_UNSUPPORTED for peak assignments and other variable lists; NPS_E_FORMAT for header numbers that are none. */
NPS_MUST_CHECK nps_status nps_jcamp_table_next(const nps_jcamp_block *b, size_t *from, nps_jcamp_table *ret_table,
                                               bool *ret_any, nps_err *err);

/* Data tables of the block at or after record `from`. */
size_t nps_jcamp_count_tables(const nps_jcamp_block *b, size_t from);

/* Numbers of the table into *p (empty before; nps_jcamp_points_done in any case). x is filled for every form, evenly from
 * FIRSTX, LASTX and the number of points where the lines' abscissae agree (within half a step, up to one step counted as
 * bad_checks). Decimal commas are tried where the numbers do not fit otherwise. */
NPS_MUST_CHECK nps_status nps_jcamp_table_read(const nps_jcamp_block *b, const nps_jcamp_table *t, size_t max_points,
                                               nps_jcamp_points *p, nps_err *err);

#endif
