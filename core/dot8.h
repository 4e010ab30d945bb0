/* Integer dot products of many rows of bytes with a few vectors of 14-bit integers: the inner loop of searches that bound
 * a similarity before they compute it. All sums are exact; every level (simd.h) gives the same integers.
 *
 * A vector is stored as two planes of small signed bytes, value = 128 high + low, both in [-64, 64), so that sums of
 * products with unsigned bytes in pairs fit 16 bits, which AVX2 needs. */
#ifndef NPS_CORE_DOT8_H
#define NPS_CORE_DOT8_H

#include "core/simd.h"

#include <stddef.h>
#include <stdint.h>

enum {
    NPS_DOT8_STEP = 64,       /* widths are multiples of this */
    NPS_DOT8_WIDTH_MAX = 1024, /* keeps every sum within 31 bits */
    NPS_DOT8_LIMIT = 8127      /* largest magnitude of a vector's value */
};

/* value [width], each in [-NPS_DOT8_LIMIT, NPS_DOT8_LIMIT] -> ret [2][width]: high plane, low plane. */
void nps_dot8_split(const int32_t *value, size_t width, int8_t *ret);

/* ret[v * ret_stride + r] = sum over i of row[r][i] * vector[v][i].
 * @param row  [n_row][width]; vector  [n_vector][2][width] as nps_dot8_split gives them. No alignment is asked for;
 * 64 bytes are faster. O(n_row n_vector width), one pass over the rows. */
void nps_dot8(nps_simd level, const uint8_t *row, size_t n_row, size_t width, const int8_t *vector, size_t n_vector,
              int32_t *ret, size_t ret_stride);

/* ret_sum[r] = sum of row[r][i] where in_sum[i] is 255, ret_squares[r] = sum of row[r][i]^2 where in_squares[i] is 255.
 * @param in_sum, in_squares  [width], every byte 0 or 255. Steps of 64 where both are 0 are not read. */
void nps_dot8_moments(nps_simd level, const uint8_t *row, size_t n_row, size_t width, const uint8_t *in_sum,
                      const uint8_t *in_squares, int32_t *ret_sum, int32_t *ret_squares);

#endif
