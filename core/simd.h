/* Which instructions a kernel may use. Kernels that have versions take a level, so that tests run every version that the
 * machine has; all versions of one kernel give the same integers. */
#ifndef NPS_CORE_SIMD_H
#define NPS_CORE_SIMD_H

typedef enum {
    NPS_SIMD_NONE,  /* plain C */
    NPS_SIMD_AVX2,
    NPS_SIMD_AVX512 /* F, BW, VL, VNNI */
} nps_simd;

/* The best level of this machine. Cheap: asks once per call, keeps nothing. */
static inline nps_simd nps_simd_best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni"))
        return NPS_SIMD_AVX512;
    if (__builtin_cpu_supports("avx2"))
        return NPS_SIMD_AVX2;
#endif
    return NPS_SIMD_NONE;
}

#endif
