#include "core/pearson.h"

#include <math.h>
#include <string.h>

/* Eight sums side by side, whatever the machine's vectors hold: the order of additions is part of the result. */
enum { LANES = 8 };
typedef double doubles __attribute__((vector_size(LANES * sizeof(double))));
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int64_t masks __attribute__((vector_size(LANES * sizeof(int64_t))));

typedef struct {
    double a, b, aa, bb, ab;
    int64_t n;
} moments;

static inline double total(const double *lane)
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

#define INLINE __attribute__((always_inline)) static inline

/* Moments about (a0, b0), which keeps the variances from drowning in the means. */
INLINE void add_all(const float *a, const float *b, size_t n, double a0, double b0, moments *ret)
{
    doubles sa = {0}, sb = {0}, saa = {0}, sbb = {0}, sab = {0};
    masks count = {0};
    float tail_a[LANES], tail_b[LANES];
    for (size_t i = 0; i < n; i += LANES) {
        floats fa, fb;
        if (n - i >= LANES) {
            memcpy(&fa, a + i, sizeof fa);
            memcpy(&fb, b + i, sizeof fb);
        } else {
            for (size_t j = 0; j < LANES; j++)
                tail_a[j] = tail_b[j] = NAN;
            memcpy(tail_a, a + i, (n - i) * sizeof *a);
            memcpy(tail_b, b + i, (n - i) * sizeof *b);
            memcpy(&fa, tail_a, sizeof fa);
            memcpy(&fb, tail_b, sizeof fb);
        }
        doubles x = __builtin_convertvector(fa, doubles) - a0, y = __builtin_convertvector(fb, doubles) - b0;
        masks both = (x == x) & (y == y);
        x = (doubles)((masks)x & both);
        y = (doubles)((masks)y & both);
        sa += x;
        sb += y;
        saa += x * x;
        sbb += y * y;
        sab += x * y;
        count -= both;
    }
    double lane[LANES];
    int64_t lane_n[LANES];
#define TOTAL(v) (memcpy(lane, &(v), sizeof lane), total(lane))
    *ret = (moments){TOTAL(sa), TOTAL(sb), TOTAL(saa), TOTAL(sbb), TOTAL(sab), 0};
    memcpy(lane_n, &count, sizeof lane_n);
    for (size_t j = 0; j < LANES; j++)
        ret->n += lane_n[j];
}

static void add_plain(const float *a, const float *b, size_t n, double a0, double b0, moments *ret)
{
    add_all(a, b, n, a0, b0, ret);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void add_avx2(const float *a, const float *b, size_t n, double a0, double b0,
                                                     moments *ret)
{
    add_all(a, b, n, a0, b0, ret);
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))) static void
add_avx512(const float *a, const float *b, size_t n, double a0, double b0, moments *ret)
{
    add_all(a, b, n, a0, b0, ret);
}
#endif

double nps_pearson(nps_simd level, const float *a, const float *b, size_t n, uint32_t *ret_common)
{
    size_t first = 0;
    while (first < n && (isnan(a[first]) || isnan(b[first])))
        first++;
    *ret_common = 0;
    if (first == n)
        return 0;
    moments m;
    double a0 = (double)a[first], b0 = (double)b[first];
#if defined(__x86_64__)
    if (level == NPS_SIMD_AVX512)
        add_avx512(a, b, n, a0, b0, &m);
    else if (level == NPS_SIMD_AVX2)
        add_avx2(a, b, n, a0, b0, &m);
    else
#endif
        add_plain(a, b, n, a0, b0, &m);
    (void)level;
    *ret_common = (uint32_t)m.n;
    double count = (double)m.n, va = m.aa - m.a * m.a / count, vb = m.bb - m.b * m.b / count;
    /* What is left of the squares below one part in 10^12 is rounding. */
    if (!(va > 1e-12 * m.aa && vb > 1e-12 * m.bb))
        return 0;
    double c = (m.ab - m.a * m.b / count) / sqrt(va) / sqrt(vb);
    return c > 1 ? 1 : c < -1 ? -1 : c;
}
