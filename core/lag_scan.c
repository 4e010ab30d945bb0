#include "core/lag_scan.h"

#include "core/fft.h"
#include "core/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Lags in whole vectors of 16: -304 .. 303. */
enum { LOW = -304, VECTORS = 38, LANES = 16, SLOTS = VECTORS * LANES, WINDOW = NPS_NOMINAL_BINS + SLOTS + 64 };
/* Four copies of the windows, each moved by one group, so that every read is aligned whatever the group. */
enum { COPIES = 4 };
/* Codes of seven bits: two products of them are the most that vpmaddubsw adds without saturating. */
enum { CODES = 127 };

struct nps_lag_query {
    nps_lag_method method;
    /* avx: */
    float scale;                     /* weight <= code * scale */
    uint8_t code[NPS_NOMINAL_BINS + 8];
    uint32_t *window;                /* [COPIES][WINDOW] aligned; copy c, slot x: codes of bins x + LOW + 4 c .. + 3 */
    /* fft: */
    nps_fft *fft;
    size_t n, base; /* transform size; what bin 0 of the transform is */
    float complex *transform;
};

struct nps_lag_scratch {
    float *line;
    float complex *row, *product;
};

bool nps_lag_method_works(nps_lag_method m)
{
    return m == NPS_LAG_FFT || nps_simd_runs(m == NPS_LAG_AVX2 ? NPS_SIMD_AVX2 : NPS_SIMD_AVX512);
}

nps_lag_method nps_lag_method_best(void)
{
    return nps_lag_method_works(NPS_LAG_AVX512) ? NPS_LAG_AVX512 : nps_lag_method_works(NPS_LAG_AVX2) ? NPS_LAG_AVX2 : NPS_LAG_FFT;
}

/* Largest weight over the codes, rounded so that no weight exceeds its code. */
static float scale_up(const nps_nominal_row *row)
{
    double top = 0;
    for (size_t i = 0; i < row->n; i++)
        top = fmax(top, nps_bin_weight(row, row->bin[i]));
    float scale = (float)(top / CODES);
    return (double)scale * CODES < top ? nextafterf(scale, INFINITY) : scale;
}

static unsigned code_up(double weight, float scale)
{
    unsigned c = (unsigned)ceil(weight / (double)scale);
    return c > CODES ? CODES : c < 1 ? 1 : c;
}

size_t nps_lag_groups(const nps_nominal_row *row, uint16_t *ret_group, uint32_t *ret_code, float *ret_scale)
{
    size_t n = 0;
    *ret_scale = scale_up(row);
    for (size_t i = 0; i < row->n; i++) {
        unsigned bin = row->bin[i];
        if (!n || ret_group[n - 1] != bin / 4) {
            ret_group[n] = (uint16_t)(bin / 4);
            ret_code[n++] = 0;
        }
        ret_code[n - 1] |= (uint32_t)code_up(nps_bin_weight(row, (int)bin), *ret_scale) << 8 * (bin % 4);
    }
    return n;
}

/* --- the query -------------------------------------------------------------------------------------------------------- */

static nps_status prepare_codes(const nps_nominal_row *q, nps_lag_query *x, nps_err *err)
{
    x->scale = scale_up(q);
    for (size_t i = 0; i < q->n; i++)
        x->code[q->bin[i]] = (uint8_t)code_up(nps_bin_weight(q, q->bin[i]), x->scale);
    /* A cache line each, as aligned reads of 64 bytes need. */
    x->window = aligned_alloc(64, (size_t)COPIES * WINDOW * sizeof *x->window);
    if (!x->window)
        return nps_fail_nomem(err);
    for (int c = 0; c < COPIES; c++)
        for (int s = 0; s < WINDOW; s++) {
            uint32_t four = 0;
            for (int j = 0; j < 4; j++) {
                int bin = s + LOW + 4 * c + j;
                if (bin >= 0 && bin < NPS_NOMINAL_BINS)
                    four |= (uint32_t)x->code[bin] << 8 * j;
            }
            x->window[c * WINDOW + s] = four;
        }
    return NPS_OK;
}

/* Rows reach to top_bin and lags to NPS_LAG_MAX: a query peak beyond their sum meets nothing, and room for the largest lag
 * once more keeps the circular correlation from wrapping into the lags that are looked at. */
static nps_status prepare_transform(const nps_nominal_row *q, nps_lag_query *x, unsigned top_bin, nps_err *err)
{
    x->n = nps_fft_good_size((size_t)top_bin + 2 * NPS_LAG_MAX + 1);
    nps_status st = nps_fft_new(x->n, &x->fft, err);
    if (st != NPS_OK)
        return st;
    float *line = nps_fft_alloc(x->n);
    x->transform = (float complex *)(void *)nps_fft_alloc(2 * nps_fft_bins(x->fft));
    if (line && x->transform) {
        for (size_t i = 0; i < q->n && q->bin[i] < x->n - NPS_LAG_MAX; i++)
            line[q->bin[i]] = (float)(nps_bin_weight(q, q->bin[i]) / (double)x->n);
        nps_fft_forward(x->fft, line, x->transform);
    } else {
        st = nps_fail_nomem(err);
    }
    nps_fft_release(line);
    return st;
}

nps_status nps_lag_query_new(const nps_nominal_row *q, nps_lag_method method, unsigned top_bin, nps_lag_query **ret_query,
                             nps_err *err)
{
    NPS_AUTO(nps_lag_query) x = nps_array(1, sizeof *x);
    if (!x)
        return nps_fail_nomem(err);
    x->method = method;
    nps_status st = method == NPS_LAG_FFT ? prepare_transform(q, x, top_bin, err) : prepare_codes(q, x, err);
    if (st == NPS_OK)
        *ret_query = nps_steal(x);
    return st;
}

void nps_lag_query_free(nps_lag_query *q)
{
    if (!q)
        return;
    free(q->window);
    nps_fft_release(q->transform);
    nps_fft_free(q->fft);
    free(q);
}

nps_status nps_lag_scratch_new(const nps_lag_query *q, nps_lag_scratch **ret_scratch, nps_err *err)
{
    *ret_scratch = NULL;
    if (q->method != NPS_LAG_FFT)
        return NPS_OK;
    NPS_AUTO(nps_lag_scratch) s = nps_array(1, sizeof *s);
    if (!s)
        return nps_fail_nomem(err);
    s->line = nps_fft_alloc(q->n);
    s->row = (float complex *)(void *)nps_fft_alloc(2 * nps_fft_bins(q->fft));
    s->product = (float complex *)(void *)nps_fft_alloc(2 * nps_fft_bins(q->fft));
    if (!s->line || !s->row || !s->product)
        return nps_fail_nomem(err);
    *ret_scratch = nps_steal(s);
    return NPS_OK;
}

void nps_lag_scratch_free(nps_lag_scratch *s)
{
    if (!s)
        return;
    nps_fft_release(s->line);
    nps_fft_release(s->row);
    nps_fft_release(s->product);
    free(s);
}

/* --- by FFT --------------------------------------------------------------------------------------------------------------- */

/* What single precision may lose: sums of unit-norm spectra over at most 2^12 points stay within some 1e-6. */
#define FFT_SLACK 1e-5F

static float bound_fft(const nps_lag_query *q, nps_lag_row row, nps_lag_scratch *s, float *opt_bound)
{
    memset(s->line, 0, q->n * sizeof *s->line);
    for (size_t g = 0; g < row.n; g++)
        for (unsigned j = 0; j < 4; j++)
            s->line[4 * row.group[g] + j] = row.scale * (float)(row.code[g] >> 8 * j & 0xFF);
    nps_fft_forward(q->fft, s->line, s->row);
    nps_fft_conj_multiply(s->row, q->transform, nps_fft_bins(q->fft), s->product);
    nps_fft_inverse(q->fft, s->product, s->line);
    const float *c = s->line;
    float direct = c[0] + FFT_SLACK, best = 0;
    for (size_t i = 1; i <= NPS_LAG_MAX; i++) {
        best = c[i] > best ? c[i] : best;
        best = c[q->n - i] > best ? c[q->n - i] : best;
    }
    if (opt_bound) {
        for (size_t i = 1; i <= NPS_LAG_MAX; i++) {
            opt_bound[NPS_LAG_MAX + i] = direct + c[i] + FFT_SLACK;
            opt_bound[NPS_LAG_MAX - i] = direct + c[q->n - i] + FFT_SLACK;
        }
        opt_bound[NPS_LAG_MAX] = direct;
    }
    return direct + best + FFT_SLACK;
}

/* --- by 8-bit products ------------------------------------------------------------------------------------------------------ */

#if defined(__x86_64__)

static uint32_t four_codes(const nps_lag_query *q, unsigned bin)
{
    uint32_t four;
    memcpy(&four, q->code + bin, sizeof four);
    return four;
}

static const uint32_t *windows(const nps_lag_query *q, unsigned group)
{
    unsigned copy = group % COPIES;
    return q->window + (size_t)copy * WINDOW + 4 * (group - copy);
}

/* Half of the lags at a time: as many sums as there are registers. */
enum { HALF = VECTORS / 2, ZERO_VECTOR = -LOW / LANES };
_Static_assert(WINDOW % LANES == 0, "every copy of the windows begins aligned");
_Static_assert(ZERO_VECTOR == HALF && LOW % LANES == 0, "lag 0 is the first lane of the second half");

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

AVX512 static inline void sum_half_512(const nps_lag_query *q, nps_lag_row row, size_t first, __m512i sum[static HALF])
{
    for (size_t i = 0; i < HALF; i++)
        sum[i] = _mm512_setzero_si512();
    for (size_t g = 0; g < row.n; g++) {
        __m512i r = _mm512_set1_epi32((int)row.code[g]);
        __m512i here = _mm512_set1_epi32((int)four_codes(q, 4U * row.group[g]));
        const uint32_t *w = windows(q, row.group[g]) + first;
#pragma GCC unroll 19
        for (size_t i = 0; i < HALF; i++)
            sum[i] = _mm512_dpbusd_epi32(sum[i], _mm512_max_epu8(here, _mm512_load_si512(w + LANES * i)), r);
    }
}

AVX512 static int32_t scan_512(const nps_lag_query *q, nps_lag_row row, int32_t *opt_sum)
{
    __m512i sum[HALF], best = _mm512_setzero_si512();
    for (size_t half = 0; half < 2; half++) {
        sum_half_512(q, row, half * HALF * LANES, sum);
        if (opt_sum)
            for (size_t i = 0; i < HALF; i++)
                _mm512_storeu_si512(opt_sum + (half * HALF + i) * LANES, sum[i]);
        /* Without lag 0 and the lags beyond NPS_LAG_MAX. */
        if (half == 0)
            sum[0] = _mm512_maskz_mov_epi32(0xFFF0, sum[0]);
        else {
            sum[0] = _mm512_maskz_mov_epi32(0xFFFE, sum[0]);
            sum[HALF - 1] = _mm512_maskz_mov_epi32(0x1FFF, sum[HALF - 1]);
        }
#pragma GCC unroll 19
        for (size_t i = 0; i < HALF; i++)
            best = _mm512_max_epi32(best, sum[i]);
    }
    return _mm512_reduce_max_epi32(best);
}

#define AVX2 __attribute__((target("avx2")))
enum { PART = 8, PARTS = 2 * VECTORS / PART + 1, LANES_256 = 8 };
_Static_assert(PARTS * PART * LANES_256 >= SLOTS && PARTS * PART * LANES_256 <= SLOTS + 64, "the windows reach so far");

AVX2 static int32_t scan_256(const nps_lag_query *q, nps_lag_row row, int32_t *sums)
{
    const __m256i ones = _mm256_set1_epi16(1);
    for (size_t part = 0; part < PARTS; part++) {
        __m256i sum[PART];
        for (size_t i = 0; i < PART; i++)
            sum[i] = _mm256_setzero_si256();
        for (size_t g = 0; g < row.n; g++) {
            __m256i r = _mm256_set1_epi32((int)row.code[g]);
            __m256i here = _mm256_set1_epi32((int)four_codes(q, 4U * row.group[g]));
            const uint32_t *w = windows(q, row.group[g]) + part * PART * LANES_256;
#pragma GCC unroll 8
            for (size_t i = 0; i < PART; i++) {
                __m256i larger = _mm256_max_epu8(here, _mm256_load_si256((const __m256i *)(const void *)(w + LANES_256 * i)));
                sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(_mm256_maddubs_epi16(larger, r), ones));
            }
        }
        for (size_t i = 0; i < PART; i++)
            _mm256_storeu_si256((__m256i *)(void *)(sums + (part * PART + i) * LANES_256), sum[i]);
    }
    int32_t best = 0;
    for (int lag = -NPS_LAG_MAX; lag <= NPS_LAG_MAX; lag++)
        if (lag && sums[lag - LOW] > best)
            best = sums[lag - LOW];
    return best;
}
#endif

float nps_lag_bound(const nps_lag_query *q, nps_lag_row row, nps_lag_scratch *s, float *opt_bound)
{
    if (q->method == NPS_LAG_FFT)
        return bound_fft(q, row, s, opt_bound);
#if defined(__x86_64__)
    int32_t sum[PARTS * PART * LANES_256];
    int32_t best = q->method == NPS_LAG_AVX512 ? scan_512(q, row, opt_bound ? sum : NULL) : scan_256(q, row, sum);
    /* Sums below 2^26 and the product of two floats: three roundings. */
    float unit = q->scale * row.scale * (1 + 4e-7F);
    if (opt_bound)
        for (int lag = -NPS_LAG_MAX; lag <= NPS_LAG_MAX; lag++)
            opt_bound[lag + NPS_LAG_MAX] = unit * (float)sum[lag - LOW];
    return unit * (float)best;
#else
    return INFINITY;
#endif
}
