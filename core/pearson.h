/* Pearson correlation of two rows of floats, skipping gaps. */
#ifndef NPS_CORE_PEARSON_H
#define NPS_CORE_PEARSON_H

#include "core/simd.h"

#include <stddef.h>
#include <stdint.h>

/* Correlation over the points where neither row is NaN; sums in double, in one fixed order at every level.
 * @param a, b  [n]; ret_common  number of those points
 * @return [-1, 1]; 0 where fewer than two points are common or one row is flat there (to within rounding) */
double nps_pearson(nps_simd level, const float *a, const float *b, size_t n, uint32_t *ret_common);

/* The same without taking the means off: cosine of the angle between the two rows. 0 where one of them is all zero. */
double nps_row_cosine(nps_simd level, const float *a, const float *b, size_t n, uint32_t *ret_common);

#endif
