/* Which vector instructions a kernel may use. Every kernel that takes a level gives the same bits at each, so the choice
 * never shows in an answer; it is a parameter so that tests can run them all. */
#ifndef NPS_CORE_SIMD_H
#define NPS_CORE_SIMD_H

#include <stdbool.h>

typedef enum {
    NPS_SIMD_PLAIN,  /* portable C */
    NPS_SIMD_AVX2,
    NPS_SIMD_AVX512, /* F, BW, DQ, VL and VNNI */
    NPS_SIMD_COUNT
} nps_simd;

/* Whether this machine can run the level. */
static inline bool nps_simd_runs(nps_simd level)
{
#if defined(__x86_64__)
    if (level == NPS_SIMD_AVX2)
        return __builtin_cpu_supports("avx2");
    if (level == NPS_SIMD_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
#endif
    return level == NPS_SIMD_PLAIN;
}

/* The fastest level of this machine. */
static inline nps_simd nps_simd_best(void)
{
    return nps_simd_runs(NPS_SIMD_AVX512) ? NPS_SIMD_AVX512 : nps_simd_runs(NPS_SIMD_AVX2) ? NPS_SIMD_AVX2 : NPS_SIMD_PLAIN;
}

#endif
