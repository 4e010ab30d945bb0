#include "core/pearson.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Eight sums side by side, whatever the machine's vectors hold: the order of additions is part of the result. */
enum { LANES = 8 };

typedef struct {
    double a[LANES], b[LANES], aa[LANES], bb[LANES], ab[LANES];
    uint32_t n;
} sums;

/* Each of these adds n points, a multiple of LANES, to the sums: moments about (a0, b0), which keeps the variances from
 * drowning in the means. */
static void add_plain(const float *a, const float *b, size_t n, double a0, double b0, sums *s)
{
    for (size_t i = 0; i < n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            double x = (double)a[i + j] - a0, y = (double)b[i + j] - b0;
            bool counts = !isnan(x) && !isnan(y);
            x = counts ? x : 0;
            y = counts ? y : 0;
            s->a[j] += x;
            s->b[j] += y;
            s->aa[j] += x * x;
            s->bb[j] += y * y;
            s->ab[j] += x * y;
            s->n += counts;
        }
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static void add_avx2(const float *a, const float *b, size_t n, double a0, double b0, sums *s)
{
    for (size_t half = 0; half < LANES; half += 4) {
        __m256d sa = _mm256_loadu_pd(s->a + half), sb = _mm256_loadu_pd(s->b + half), saa = _mm256_loadu_pd(s->aa + half),
                sbb = _mm256_loadu_pd(s->bb + half), sab = _mm256_loadu_pd(s->ab + half);
        __m256d va = _mm256_set1_pd(a0), vb = _mm256_set1_pd(b0);
        __m256i count = _mm256_setzero_si256();
        for (size_t i = half; i < n; i += LANES) {
            __m256d x = _mm256_sub_pd(_mm256_cvtps_pd(_mm_loadu_ps(a + i)), va);
            __m256d y = _mm256_sub_pd(_mm256_cvtps_pd(_mm_loadu_ps(b + i)), vb);
            __m256d both = _mm256_cmp_pd(x, y, _CMP_ORD_Q);
            x = _mm256_and_pd(x, both);
            y = _mm256_and_pd(y, both);
            sa = _mm256_add_pd(sa, x);
            sb = _mm256_add_pd(sb, y);
            saa = _mm256_add_pd(saa, _mm256_mul_pd(x, x));
            sbb = _mm256_add_pd(sbb, _mm256_mul_pd(y, y));
            sab = _mm256_add_pd(sab, _mm256_mul_pd(x, y));
            count = _mm256_sub_epi64(count, _mm256_castpd_si256(both));
        }
        _mm256_storeu_pd(s->a + half, sa);
        _mm256_storeu_pd(s->b + half, sb);
        _mm256_storeu_pd(s->aa + half, saa);
        _mm256_storeu_pd(s->bb + half, sbb);
        _mm256_storeu_pd(s->ab + half, sab);
        int64_t lane[4];
        memcpy(lane, &count, sizeof lane);
        s->n += (uint32_t)(lane[0] + lane[1] + lane[2] + lane[3]);
    }
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))) static void
add_avx512(const float *a, const float *b, size_t n, double a0, double b0, sums *s)
{
    __m512d sa = _mm512_loadu_pd(s->a), sb = _mm512_loadu_pd(s->b), saa = _mm512_loadu_pd(s->aa),
            sbb = _mm512_loadu_pd(s->bb), sab = _mm512_loadu_pd(s->ab);
    __m512d va = _mm512_set1_pd(a0), vb = _mm512_set1_pd(b0);
    __m512i count = _mm512_setzero_si512(), one = _mm512_set1_epi64(1);
    for (size_t i = 0; i < n; i += LANES) {
        __m512d x = _mm512_sub_pd(_mm512_cvtps_pd(_mm256_loadu_ps(a + i)), va);
        __m512d y = _mm512_sub_pd(_mm512_cvtps_pd(_mm256_loadu_ps(b + i)), vb);
        __mmask8 both = _mm512_cmp_pd_mask(x, y, _CMP_ORD_Q);
        x = _mm512_maskz_mov_pd(both, x);
        y = _mm512_maskz_mov_pd(both, y);
        sa = _mm512_add_pd(sa, x);
        sb = _mm512_add_pd(sb, y);
        saa = _mm512_add_pd(saa, _mm512_mul_pd(x, x));
        sbb = _mm512_add_pd(sbb, _mm512_mul_pd(y, y));
        sab = _mm512_add_pd(sab, _mm512_mul_pd(x, y));
        count = _mm512_mask_add_epi64(count, both, count, one);
    }
    _mm512_storeu_pd(s->a, sa);
    _mm512_storeu_pd(s->b, sb);
    _mm512_storeu_pd(s->aa, saa);
    _mm512_storeu_pd(s->bb, sbb);
    _mm512_storeu_pd(s->ab, sab);
    s->n += (uint32_t)_mm512_reduce_add_epi64(count);
}
#endif

static void add(nps_simd level, const float *a, const float *b, size_t n, double a0, double b0, sums *s)
{
#if defined(__x86_64__)
    if (level == NPS_SIMD_AVX512) {
        add_avx512(a, b, n, a0, b0, s);
        return;
    }
    if (level == NPS_SIMD_AVX2) {
        add_avx2(a, b, n, a0, b0, s);
        return;
    }
#endif
    (void)level;
    add_plain(a, b, n, a0, b0, s);
}

static double total(const double *lane)
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* Moments of all n points about (a0, b0). */
static sums moments(nps_simd level, const float *a, const float *b, size_t n, double a0, double b0)
{
    sums s = {0};
    size_t whole = n - n % LANES;
    float rest_a[LANES], rest_b[LANES];
    for (size_t j = 0; j < LANES; j++) {
        rest_a[j] = whole + j < n ? a[whole + j] : NAN;
        rest_b[j] = whole + j < n ? b[whole + j] : NAN;
    }
    add(level, a, b, whole, a0, b0, &s);
    add(level, rest_a, rest_b, LANES, a0, b0, &s);
    return s;
}

static double within_one(double c)
{
    return c > 1 ? 1 : c < -1 ? -1 : c;
}

double nps_pearson(nps_simd level, const float *a, const float *b, size_t n, uint32_t *ret_common)
{
    size_t first = 0;
    while (first < n && (isnan(a[first]) || isnan(b[first])))
        first++;
    *ret_common = 0;
    if (first == n)
        return 0;
    sums s = moments(level, a, b, n, (double)a[first], (double)b[first]);
    double count = s.n, sa = total(s.a), sb = total(s.b), aa = total(s.aa), bb = total(s.bb);
    double va = aa - sa * sa / count, vb = bb - sb * sb / count;
    *ret_common = s.n;
    /* What is left of the squares below one part in 10^12 is rounding. */
    if (!(va > 1e-12 * aa && vb > 1e-12 * bb))
        return 0;
    return within_one((total(s.ab) - sa * sb / count) / sqrt(va) / sqrt(vb));
}

double nps_row_cosine(nps_simd level, const float *a, const float *b, size_t n, uint32_t *ret_common)
{
    sums s = moments(level, a, b, n, 0, 0);
    double aa = total(s.aa), bb = total(s.bb);
    *ret_common = s.n;
    return aa > 0 && bb > 0 ? within_one(total(s.ab) / sqrt(aa) / sqrt(bb)) : 0;
}
