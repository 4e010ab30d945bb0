/* Unpacking of JCAMP-DX data tables: AFFN, PAC, SQZ, DIF and DUP (McDonald and Wilks 1988, section 5; 5.01). Knows
 * nothing of what the numbers mean. Private to the JCAMP reader. */
#ifndef NPS_SPECTRA_JCAMP_DATA_H
#define NPS_SPECTRA_JCAMP_DATA_H

#include "core/scan.h"
#include "spectra/jcamp_block.h"

/* Where a line of the table stands and which point it begins with. */
typedef struct {
    const char *at;
    size_t line, first;
    double x, unit; /* of (X++(Y..Y)) lines: abscissa as written, and one unit of its last digit */
} nps_jcamp_mark;

typedef struct {
    size_t n, cap_x, cap_y;
    double *x; /* [n] of pairs; of (X++(Y..Y)) tables filled by jcamp_table */
    double *y; /* [n]; NAN: written as '?' */
    nps_jcamp_mark *mark; /* [n_mark] one a line with data, ascending in `first` */
    size_t n_mark, cap_mark;
    size_t missing;    /* '?' ordinates */
    size_t commas;     /* decimal commas read as points */
    size_t bare_commas;/* commas between two digits that were taken as separators */
    size_t bad_checks; /* check values that disagree within the tolerance */
} nps_jcamp_points;

void nps_jcamp_points_done(nps_jcamp_points *p);

typedef struct {
    size_t max_points;
    bool decimal_comma; /* a comma between two digits is a decimal sign, not a separator */
} nps_jcamp_number_rules;

/* (X++(Y..Y)): per line one abscissa and any number of packed ordinates. After a line that ends in a difference the
 * first ordinate of the next one repeats the last (the ordinate check): it makes no point of its own; a disagreement by
 * at most one unit is counted, a larger one refused. Leaves p->x alone.
 * Errors: NPS_E_FORMAT, NPS_E_LIMIT (points, a repeat count above the limit) with line and byte; NPS_E_NOMEM.
 * Time and memory are linear in the value and in the points. */
NPS_MUST_CHECK nps_status nps_jcamp_unpack_ordinates(const nps_jcamp_block *b, const nps_jcamp_ldr *table,
                                                     nps_jcamp_number_rules rules, nps_jcamp_points *p, nps_err *err);

/* (XY..XY), (XYW..XYW) ...: `width` numbers a point, the first two are kept; separated by blanks, commas, semicolons. */
NPS_MUST_CHECK nps_status nps_jcamp_unpack_tuples(const nps_jcamp_block *b, const nps_jcamp_ldr *table, size_t width,
                                                  nps_jcamp_number_rules rules, nps_jcamp_points *p, nps_err *err);

/* The mark of the line that holds point i; NULL when there is none. */
const nps_jcamp_mark *nps_jcamp_mark_of(const nps_jcamp_points *p, size_t i);

/* One number at the front of [p, end): sign, digits, '.', an exponent that has a sign (or any in plain numbers, where no
 * letter means a packed digit); with decimal_comma also ','. Returns the byte after it, NULL when there is none. */
const char *nps_jcamp_number(const char *p, const char *end, bool packed, bool decimal_comma, bool *ret_comma,
                             double *ret_v);

#endif
