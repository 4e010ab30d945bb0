#include "core/dot8.h"

#include "core/err.h"

#include <stdbool.h>
#include <string.h>

void nps_dot8_split(const int32_t *value, size_t width, int8_t *ret)
{
    for (size_t i = 0; i < width; i++) {
        NPS_ASSERT(value[i] >= -NPS_DOT8_LIMIT && value[i] <= NPS_DOT8_LIMIT);
        int32_t high = (value[i] + 64 + 128 * 64) / 128 - 64; /* floor((value + 64) / 128) */
        ret[i] = (int8_t)high;
        ret[width + i] = (int8_t)(value[i] - 128 * high);
    }
}

static bool is_blank(const uint8_t *a, const uint8_t *b)
{
    uint8_t any = 0;
    for (size_t i = 0; i < NPS_DOT8_STEP; i++)
        any |= a[i] | b[i];
    return !any;
}

/* --- portable C ------------------------------------------------------------------------------------------------------- */

static void dot_plain(const uint8_t *row, size_t n_row, size_t width, const int8_t *vector, size_t n_vector, int32_t *ret,
                      size_t ret_stride)
{
    for (size_t r = 0; r < n_row; r++)
        for (size_t v = 0; v < n_vector; v++) {
            const uint8_t *c = row + r * width;
            const int8_t *high = vector + v * 2 * width, *low = high + width;
            int32_t h = 0, l = 0;
            for (size_t i = 0; i < width; i++) {
                h += c[i] * high[i];
                l += c[i] * low[i];
            }
            ret[v * ret_stride + r] = 128 * h + l;
        }
}

static void moments_plain(const uint8_t *row, const uint8_t *in_sum, const uint8_t *in_squares,
                          const uint16_t *at, size_t n_at, int32_t *ret_sum, int32_t *ret_squares)
{
    int32_t sum = 0, squares = 0;
    for (size_t s = 0; s < n_at; s++)
        for (size_t i = at[s]; i < (size_t)at[s] + NPS_DOT8_STEP; i++) {
            int32_t x = row[i] & in_squares[i];
            sum += row[i] & in_sum[i];
            squares += x * x;
        }
    *ret_sum = sum;
    *ret_squares = squares;
}

/* --- x86-64 ------------------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2")))
#define INLINE __attribute__((always_inline)) static inline

AVX2 INLINE __m256i load32(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

AVX2 INLINE int32_t add_up8(__m256i v)
{
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
    return _mm_cvtsi128_si32(x);
}

AVX2 INLINE __m256i products2(__m256i sum, __m256i c, __m256i v)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(c, v), _mm256_set1_epi16(1)));
}

AVX2 INLINE int32_t join2(__m256i high, __m256i low)
{
    return add_up8(_mm256_add_epi32(_mm256_slli_epi32(high, 7), low));
}

AVX2 static void dot_avx2(const uint8_t *row, size_t n_row, size_t width, const int8_t *vector, size_t n_vector,
                          int32_t *ret, size_t ret_stride)
{
    size_t r = 0;
    for (; r + 2 <= n_row; r += 2)
        for (size_t v = 0; v < n_vector; v++) {
            const uint8_t *a = row + r * width, *b = a + width;
            const int8_t *high = vector + v * 2 * width, *low = high + width;
            __m256i ah = _mm256_setzero_si256(), al = ah, bh = ah, bl = ah;
            for (size_t i = 0; i < width; i += 32) {
                __m256i h = load32(high + i), l = load32(low + i), x = load32(a + i), y = load32(b + i);
                ah = products2(ah, x, h);
                al = products2(al, x, l);
                bh = products2(bh, y, h);
                bl = products2(bl, y, l);
            }
            ret[v * ret_stride + r] = join2(ah, al);
            ret[v * ret_stride + r + 1] = join2(bh, bl);
        }
    for (; r < n_row; r++)
        for (size_t v = 0; v < n_vector; v++) {
            const int8_t *high = vector + v * 2 * width, *low = high + width;
            __m256i h = _mm256_setzero_si256(), l = h;
            for (size_t i = 0; i < width; i += 32) {
                __m256i x = load32(row + r * width + i);
                h = products2(h, x, load32(high + i));
                l = products2(l, x, load32(low + i));
            }
            ret[v * ret_stride + r] = join2(h, l);
        }
}

AVX2 static void moments_avx2(const uint8_t *row, const uint8_t *in_sum, const uint8_t *in_squares, const uint16_t *at,
                              size_t n_at, int32_t *ret_sum, int32_t *ret_squares)
{
    __m256i zero = _mm256_setzero_si256(), sum = zero, squares = zero;
    for (size_t s = 0; s < n_at; s++)
        for (size_t i = at[s]; i < (size_t)at[s] + NPS_DOT8_STEP; i += 32) {
            __m256i c = load32(row + i), x = _mm256_and_si256(c, load32(in_squares + i));
            sum = _mm256_add_epi32(sum, _mm256_sad_epu8(_mm256_and_si256(c, load32(in_sum + i)), zero));
            __m256i a = _mm256_unpacklo_epi8(x, zero), b = _mm256_unpackhi_epi8(x, zero);
            squares = _mm256_add_epi32(squares, _mm256_add_epi32(_mm256_madd_epi16(a, a), _mm256_madd_epi16(b, b)));
        }
    *ret_sum = add_up8(sum);
    *ret_squares = add_up8(squares);
}

AVX512 INLINE __m512i load64(const void *p)
{
    return _mm512_loadu_si512(p);
}

AVX512 INLINE __m128i fold(__m512i v)
{
    __m256i x = _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
}

AVX512 INLINE __m512i join(__m512i high, __m512i low)
{
    return _mm512_add_epi32(_mm512_slli_epi32(high, 7), low);
}

/* Sums of four accumulators, in order. */
AVX512 INLINE __m128i add_up(__m512i a, __m512i b, __m512i c, __m512i d)
{
    return _mm_hadd_epi32(_mm_hadd_epi32(fold(a), fold(b)), _mm_hadd_epi32(fold(c), fold(d)));
}

/* Four rows by one or two vectors: rows and vectors are loaded once for eight or sixteen accumulators. */
AVX512 INLINE void dot_tile(const uint8_t *row, size_t width, const int8_t *vector, const int n_vector, int32_t *ret,
                            size_t ret_stride)
{
    __m512i high[2][4], low[2][4];
    for (int v = 0; v < n_vector; v++)
        for (int r = 0; r < 4; r++)
            high[v][r] = low[v][r] = _mm512_setzero_si512();
    for (size_t i = 0; i < width; i += 64) {
        __m512i c[4] = {load64(row + i), load64(row + width + i), load64(row + 2 * width + i), load64(row + 3 * width + i)};
#pragma GCC unroll 2
        for (int v = 0; v < n_vector; v++) {
            const int8_t *p = vector + (size_t)v * 2 * width + i;
            __m512i h = load64(p), l = load64(p + width);
#pragma GCC unroll 4
            for (int r = 0; r < 4; r++) {
                high[v][r] = _mm512_dpbusd_epi32(high[v][r], c[r], h);
                low[v][r] = _mm512_dpbusd_epi32(low[v][r], c[r], l);
            }
        }
    }
#pragma GCC unroll 2
    for (int v = 0; v < n_vector; v++)
        _mm_storeu_si128((__m128i *)(void *)(ret + (size_t)v * ret_stride),
                         add_up(join(high[v][0], low[v][0]), join(high[v][1], low[v][1]), join(high[v][2], low[v][2]),
                                join(high[v][3], low[v][3])));
}

AVX512 static void dot_avx512(const uint8_t *row, size_t n_row, size_t width, const int8_t *vector, size_t n_vector,
                              int32_t *ret, size_t ret_stride)
{
    size_t r = 0;
    for (; r + 4 <= n_row; r += 4) {
        size_t v = 0;
        for (; v + 2 <= n_vector; v += 2)
            dot_tile(row + r * width, width, vector + v * 2 * width, 2, ret + v * ret_stride + r, ret_stride);
        if (v < n_vector)
            dot_tile(row + r * width, width, vector + v * 2 * width, 1, ret + v * ret_stride + r, ret_stride);
    }
    for (; r < n_row; r++)
        for (size_t v = 0; v < n_vector; v++) {
            const int8_t *p = vector + v * 2 * width;
            __m512i high = _mm512_setzero_si512(), low = high;
            for (size_t i = 0; i < width; i += 64) {
                __m512i c = load64(row + r * width + i);
                high = _mm512_dpbusd_epi32(high, c, load64(p + i));
                low = _mm512_dpbusd_epi32(low, c, load64(p + width + i));
            }
            ret[v * ret_stride + r] = _mm512_reduce_add_epi32(join(high, low));
        }
}

AVX512 static void moments_avx512(const uint8_t *row, const uint8_t *in_sum, const uint8_t *in_squares,
                                  const uint16_t *at, size_t n_at, int32_t *ret_sum, int32_t *ret_squares)
{
    /* vpdpbusd takes one signed side: x^2 = x (x - 128) + 128 x. */
    __m512i zero = _mm512_setzero_si512(), sum = zero, part = zero, rest = zero, one = _mm512_set1_epi8(1),
            top = _mm512_set1_epi8((char)-128);
    for (size_t s = 0; s < n_at; s++) {
        __m512i c = load64(row + at[s]), x = _mm512_and_si512(c, load64(in_squares + at[s]));
        sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(c, load64(in_sum + at[s])), one);
        part = _mm512_dpbusd_epi32(part, x, _mm512_xor_si512(x, top));
        rest = _mm512_dpbusd_epi32(rest, x, one);
    }
    __m128i both = _mm_hadd_epi32(fold(sum), fold(join(rest, part)));
    both = _mm_hadd_epi32(both, both);
    *ret_sum = _mm_cvtsi128_si32(both);
    *ret_squares = _mm_extract_epi32(both, 1);
}
#endif

/* --- choice ------------------------------------------------------------------------------------------------------------- */

void nps_dot8(nps_simd level, const uint8_t *row, size_t n_row, size_t width, const int8_t *vector, size_t n_vector,
              int32_t *ret, size_t ret_stride)
{
    NPS_ASSERT(width % NPS_DOT8_STEP == 0 && width <= NPS_DOT8_WIDTH_MAX);
#if defined(__x86_64__)
    if (level == NPS_SIMD_AVX512) {
        dot_avx512(row, n_row, width, vector, n_vector, ret, ret_stride);
        return;
    }
    if (level == NPS_SIMD_AVX2) {
        dot_avx2(row, n_row, width, vector, n_vector, ret, ret_stride);
        return;
    }
#endif
    dot_plain(row, n_row, width, vector, n_vector, ret, ret_stride);
}

void nps_dot8_moments(nps_simd level, const uint8_t *row, size_t n_row, size_t width, const uint8_t *in_sum,
                      const uint8_t *in_squares, int32_t *ret_sum, int32_t *ret_squares)
{
    NPS_ASSERT(width % NPS_DOT8_STEP == 0 && width <= NPS_DOT8_WIDTH_MAX);
    uint16_t at[NPS_DOT8_WIDTH_MAX / NPS_DOT8_STEP];
    size_t n_at = 0;
    for (size_t i = 0; i < width; i += NPS_DOT8_STEP)
        if (!is_blank(in_sum + i, in_squares + i))
            at[n_at++] = (uint16_t)i;
    for (size_t r = 0; r < n_row; r++) {
        const uint8_t *c = row + r * width;
#if defined(__x86_64__)
        if (level == NPS_SIMD_AVX512) {
            moments_avx512(c, in_sum, in_squares, at, n_at, ret_sum + r, ret_squares + r);
            continue;
        }
        if (level == NPS_SIMD_AVX2) {
            moments_avx2(c, in_sum, in_squares, at, n_at, ret_sum + r, ret_squares + r);
            continue;
        }
#endif
        moments_plain(c, in_sum, in_squares, at, n_at, ret_sum + r, ret_squares + r);
    }
}
