#include "core/posting.h"

#include "core/similarity.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { STEPS_PER_OCTAVE = 24, BLOCK = 64, N_BLOCK = NPS_SHARD_ROWS / BLOCK };

/* The gain of matching a with b is b h(a / b), h(t) = ((1 + t) log2(1 + t) - t log2 t) / 2, rising in t; kept for ratios in
 * steps of 1 / (FINE * STEPS_PER_OCTAVE) octaves. */
enum { FINE = 8, N_STEP = sizeof((nps_codes *)0)->entropy_gain / sizeof(double), STEP_OF_ONE = 6000 };

void nps_codes_init(nps_codes *ret_codes)
{
    for (int c = 0; c < NPS_CODES; c++)
        ret_codes->weight[c] = exp2((c - (NPS_CODES - 1.0)) / STEPS_PER_OCTAVE);
    for (int i = 0; i < N_STEP; i++) {
        double t = exp2((double)(i - STEP_OF_ONE) / (FINE * STEPS_PER_OCTAVE));
        ret_codes->entropy_gain[i] = 0.5 * (nps_xlog2x(1 + t) - nps_xlog2x(t)) * (1 + 1e-12);
    }
}

uint8_t nps_code(const nps_codes *k, double w)
{
    if (!(w > k->weight[0]))
        return 0;
    int c = (int)(NPS_CODES - 1 + STEPS_PER_OCTAVE * log2f((float)w));
    c = c < 0 ? 0 : c > NPS_CODES - 1 ? NPS_CODES - 1 : c;
    /* The logarithm only says where to begin: the weights decide, on every machine alike. */
    while (c < NPS_CODES - 1 && k->weight[c] < w)
        c++;
    while (c > 0 && k->weight[c - 1] >= w)
        c--;
    return (uint8_t)c;
}

uint32_t nps_mz_key(double mz, double offset)
{
    double k = floor((mz + offset) * 1e6);
    return k <= 0 ? 0 : k >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)k;
}

/* Not ceil, which is a call where the compiler may not use SSE4.1. */
static inline uint16_t units_up(double score)
{
    double u = score * NPS_BOUND_ONE;
    if (u >= UINT16_MAX)
        return UINT16_MAX;
    int whole = (int)u;
    return (uint16_t)(whole + (u > whole));
}

void nps_gain_product(const nps_codes *k, double q, nps_gain_table *ret_table)
{
    for (unsigned c = 0; c < NPS_CODES; c++)
        ret_table->unit[c] = units_up(q * k->weight[c]);
}

void nps_gain_entropy(const nps_codes *k, double q, nps_gain_table *ret_table)
{
    if (!(q > 0)) { /* a weight that underflowed matches nothing */
        memset(ret_table, 0, sizeof *ret_table);
        return;
    }
    /* The ratio of q to the weight of code c is 2^(log2 q + (255 - c) / 24). */
    int at = (int)ceil(FINE * STEPS_PER_OCTAVE * log2(q) + 1e-9) + STEP_OF_ONE + FINE * (NPS_CODES - 1);
    for (int c = 0; c < NPS_CODES; c++) {
        int step = at - FINE * c;
        step = step < 0 ? 0 : step >= N_STEP ? N_STEP - 1 : step;
        ret_table->unit[c] = units_up(k->weight[c] * k->entropy_gain[step]);
    }
}

void nps_postings_add(const uint16_t *row, const uint8_t *code, uint64_t from, uint64_t to, const nps_gain_table *table,
                      uint16_t *sum)
{
    for (uint64_t p = from; p < to; p++)
        sum[row[p]] = (uint16_t)(sum[row[p]] + table->unit[code[p]]);
}

uint64_t nps_key_find(const uint32_t *ascending, uint64_t from, uint64_t to, uint32_t key)
{
    while (from < to) {
        uint64_t mid = from + (to - from) / 2;
        if (ascending[mid] < key)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* --- harvest ------------------------------------------------------------------------------------------------------- */

static void block_maxima_plain(const uint16_t *sum, size_t n_block, uint16_t *ret_max)
{
    for (size_t b = 0; b < n_block; b++) {
        uint16_t m = 0;
        for (size_t i = 0; i < BLOCK; i++)
            m = sum[b * BLOCK + i] > m ? sum[b * BLOCK + i] : m;
        ret_max[b] = m;
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void block_maxima_avx2(const uint16_t *sum, size_t n_block, uint16_t *ret_max)
{
    for (size_t b = 0; b < n_block; b++) {
        const __m256i *p = (const __m256i *)(const void *)(sum + b * BLOCK);
        __m256i m = _mm256_max_epu16(_mm256_max_epu16(_mm256_loadu_si256(p), _mm256_loadu_si256(p + 1)),
                                     _mm256_max_epu16(_mm256_loadu_si256(p + 2), _mm256_loadu_si256(p + 3)));
        __m128i h = _mm_max_epu16(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
        /* minpos finds the smallest of eight: the complement of the largest. */
        __m128i inverted = _mm_minpos_epu16(_mm_xor_si128(h, _mm_set1_epi16(-1)));
        ret_max[b] = (uint16_t)~_mm_extract_epi16(inverted, 0);
    }
}
#endif

static void block_maxima(const uint16_t *sum, size_t n_block, uint16_t *ret_max, nps_simd level)
{
#if defined(__x86_64__)
    if (level >= NPS_SIMD_AVX2) {
        block_maxima_avx2(sum, n_block, ret_max);
        return;
    }
#endif
    (void)level;
    block_maxima_plain(sum, n_block, ret_max);
}

/* Smallest sum that can belong to a score of at least the floor of `top`. */
static uint16_t least_sum(const nps_topk *top)
{
    double floor_score = nps_topk_floor(top);
    if (!(floor_score > 0))
        return 1;
    /* Sums are rounded up, and the exact score may itself be rounded up by some last digits. */
    double u = floor(floor_score * NPS_BOUND_ONE - 1e-6);
    return u < 1 ? 1 : u >= UINT16_MAX ? UINT16_MAX : (uint16_t)u;
}

static void score_row(uint16_t *sum, size_t i, uint32_t first_row, nps_row_score score, void *arg, nps_topk *top)
{
    double s = score(arg, first_row + (uint32_t)i);
    sum[i] = 0;
    if (s > 0)
        nps_topk_add(top, s, first_row + (uint32_t)i);
}

size_t nps_postings_harvest(uint16_t *sum, size_t n, uint32_t first_row, nps_row_score score, void *arg, nps_simd level,
                            nps_topk *top)
{
    size_t n_block = (n + BLOCK - 1) / BLOCK, scored = 0;
    uint16_t max[N_BLOCK];
    block_maxima(sum, n_block, max, level);
    /* First the best row of each of the most promising blocks, so that the floor is high before the many are looked at:
     * a threshold that about k blocks reach, found on a histogram of the maxima. */
    uint32_t count[256] = {0};
    for (size_t b = 0; b < n_block; b++)
        count[max[b] >> 8]++;
    size_t reached = 0, high = 256;
    while (high > 0 && reached < top->k)
        reached += count[--high];
    for (size_t b = 0; b < n_block && reached; b++) {
        uint16_t floor_sum = least_sum(top);
        if (max[b] < (high << 8) || max[b] < floor_sum)
            continue;
        size_t i = b * BLOCK;
        while (sum[i] != max[b])
            i++;
        score_row(sum, i, first_row, score, arg, top);
        scored++;
    }
    uint16_t floor_sum = least_sum(top);
    for (size_t b = 0; b < n_block; b++) {
        if (max[b] < floor_sum)
            continue;
        for (size_t i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
            if (sum[i] < floor_sum)
                continue;
            score_row(sum, i, first_row, score, arg, top);
            floor_sum = least_sum(top);
            scored++;
        }
    }
    memset(sum, 0, n_block * BLOCK * sizeof *sum);
    return scored;
}
