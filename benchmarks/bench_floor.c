/* What the machine itself can do: the least that a search can cost, whatever its code. usage: bench_floor
 *
 * With several threads the work is shared out and the figure is wall-clock time over the whole of it. */
#include "benchmarks/bench.h"

#include "core/err.h"
#include "core/fft.h"
#include "core/mem.h"

#include <stdint.h>

static void *need(void *p)
{
    if (p)
        return p;
    fputs("bench_floor: no memory\n", stderr);
    exit(1);
}

static uint64_t next(uint64_t *x) /* xorshift64* (Vigna 2016) */
{
    *x ^= *x >> 12;
    *x ^= *x << 25;
    *x ^= *x >> 27;
    return *x * 0x2545f4914f6cdd1du;
}

/* --- reading memory ----------------------------------------------------------------------------------------------------- */

/* Far larger than the caches of big servers. */
enum { READ_BYTES = 1 << 30 };

typedef struct {
    uint64_t *word;
    size_t n;
    unsigned threads;
    uint64_t sum[BENCH_THREADS_MAX][8]; /* a line each */
} reading;

static void read_part(void *arg, unsigned thread, unsigned threads)
{
    reading *r = arg;
    uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    const uint64_t *w = r->word;
    for (size_t i = bench_share(r->n / 8, thread, threads) * 8, end = bench_share(r->n / 8, thread + 1, threads) * 8; i < end;
         i += 8) {
        a += w[i];
        b += w[i + 1];
        c += w[i + 2];
        d += w[i + 3];
        e += w[i + 4];
        f += w[i + 5];
        g += w[i + 6];
        h += w[i + 7];
    }
    r->sum[thread][0] = a + b + c + d + e + f + g + h;
}

static void read_all(void *arg)
{
    reading *r = arg;
    bench_parallel(r->threads, read_part, r);
}

static void bench_read(void)
{
    reading r = {.n = READ_BYTES / sizeof *r.word};
    r.word = need(malloc(READ_BYTES));
    for (size_t i = 0; i < r.n; i++)
        r.word[i] = i;
    for (r.threads = 1; r.threads <= 2; r.threads++)
        bench_rate_at("floor: read memory in order", "GB/s", (bench_size){0, r.threads}, 1e-9, READ_BYTES,
                      &(bench_job){NULL, read_all, &r});
    free(r.word);
}

/* --- adding postings ------------------------------------------------------------------------------------------------------ */

enum { POSTINGS = 1 << 23, FLOAT_ROWS = 100000, SMALL_ROWS = 65536, DENSITY = 10 };

/* Rows of postings: drawn evenly, or lists in ascending order that hold one row in DENSITY. */
static uint32_t *draw_rows(size_t rows, int in_order)
{
    uint32_t *row = need(nps_array(POSTINGS, sizeof *row));
    uint64_t x = 1, at = 0;
    for (size_t i = 0; i < POSTINGS; i++) {
        at = in_order ? at + 1 + next(&x) % (2 * DENSITY - 1) : next(&x);
        row[i] = (uint32_t)(at % rows);
    }
    return row;
}

typedef struct {
    const uint32_t *row;
    const float *weight;
    float *score[2];
    const uint16_t *small_row;
    const uint8_t *small_weight;
    uint16_t *small_score[2];
    unsigned threads;
} adding;

static void add_float(void *arg, unsigned thread, unsigned threads)
{
    const adding *a = arg;
    float *score = a->score[thread];
    for (size_t i = bench_share(POSTINGS, thread, threads), end = bench_share(POSTINGS, thread + 1, threads); i < end; i++)
        score[a->row[i]] += 0.5F * a->weight[i];
}

static void add_small(void *arg, unsigned thread, unsigned threads)
{
    const adding *a = arg;
    uint16_t *score = a->small_score[thread];
    for (size_t i = bench_share(POSTINGS, thread, threads), end = bench_share(POSTINGS, thread + 1, threads); i < end; i++)
        score[a->small_row[i]] = (uint16_t)(score[a->small_row[i]] + a->small_weight[i]);
}

static void add_float_all(void *arg)
{
    adding *a = arg;
    bench_parallel(a->threads, add_float, a);
}

static void add_small_all(void *arg)
{
    adding *a = arg;
    bench_parallel(a->threads, add_small, a);
}

static void bench_add(int in_order)
{
    uint32_t *row = draw_rows(FLOAT_ROWS, in_order), *wide = draw_rows(SMALL_ROWS, in_order);
    float *weight = need(nps_array(POSTINGS, sizeof *weight));
    uint16_t *small_row = need(nps_array(POSTINGS, sizeof *small_row));
    uint8_t *small_weight = need(nps_array(POSTINGS, sizeof *small_weight));
    adding a = {.row = row, .weight = weight, .small_row = small_row, .small_weight = small_weight};
    uint64_t x = 2;
    for (size_t i = 0; i < POSTINGS; i++) {
        small_row[i] = (uint16_t)wide[i];
        small_weight[i] = (uint8_t)(next(&x) >> 56);
        weight[i] = (float)small_weight[i] / 256;
    }
    for (unsigned t = 0; t < 2; t++) {
        a.score[t] = need(nps_array(FLOAT_ROWS, sizeof(float)));
        a.small_score[t] = need(nps_array(SMALL_ROWS, sizeof(uint16_t)));
    }
    for (a.threads = 1; a.threads <= 2; a.threads++) {
        bench_run_at(in_order ? "floor: add a posting, rows ascending, float" : "floor: add a posting, rows at random, float",
                     "ns/posting", (bench_size){FLOAT_ROWS, a.threads}, 1e9, POSTINGS, &(bench_job){NULL, add_float_all, &a});
        bench_run_at(in_order ? "floor: add a posting, rows ascending, 16 bit" : "floor: add a posting, rows at random, 16 bit",
                     "ns/posting", (bench_size){SMALL_ROWS, a.threads}, 1e9, POSTINGS, &(bench_job){NULL, add_small_all, &a});
    }
    for (unsigned t = 0; t < 2; t++) {
        free(a.score[t]);
        free(a.small_score[t]);
    }
    free(row);
    free(wide);
    free(weight);
    free(small_row);
    free(small_weight);
}

/* --- transforms ----------------------------------------------------------------------------------------------------------- */

enum { LINE = 16, AT_ONCE = 256, LAG_SIZE = 1024, LAG_SPECTRA = 20000 }; /* LINE: floats in 64 bytes */

typedef struct {
    nps_fft *fft;
    size_t n, bins, stride, rows; /* stride in complex numbers: whole lines */
    float complex *row, *query;
    float *line[2];
    float complex *product[2];
    float *best; /* [rows] */
    unsigned threads;
} lags;

static lags lags_new(size_t n, size_t rows)
{
    lags l = {.n = n, .rows = rows};
    nps_err err;
    if (nps_fft_new(n, &l.fft, &err) != NPS_OK) {
        fprintf(stderr, "bench_floor: %s\n", err.msg);
        exit(1);
    }
    l.bins = nps_fft_bins(l.fft);
    l.stride = (l.bins + LINE / 2 - 1) / (LINE / 2) * (LINE / 2);
    l.row = need(nps_fft_alloc(2 * l.stride * rows));
    l.query = need(nps_fft_alloc(2 * l.stride));
    l.best = need(nps_array(rows, sizeof *l.best));
    for (unsigned t = 0; t < 2; t++) {
        l.line[t] = need(nps_fft_alloc(n));
        l.product[t] = need(nps_fft_alloc(2 * l.stride));
    }
    return l;
}

static void lags_done(lags *l)
{
    nps_fft_free(l->fft);
    nps_fft_release(l->row);
    nps_fft_release(l->query);
    free(l->best);
    for (unsigned t = 0; t < 2; t++) {
        nps_fft_release(l->line[t]);
        nps_fft_release(l->product[t]);
    }
}

/* Transforms of lines with a tenth of their points set, as nominal mass spectra have. */
static void fill_rows(void *arg)
{
    lags *l = arg;
    uint64_t x = 1;
    for (size_t i = 0; i <= l->rows; i++) {
        for (size_t k = 0; k < l->n; k++)
            l->line[0][k] = next(&x) % 10 == 0 ? (float)(next(&x) >> 40) * 0x1p-24F : 0;
        nps_fft_forward(l->fft, l->line[0], i < l->rows ? l->row + i * l->stride : l->query);
    }
}

static void invert_rows(void *arg)
{
    lags *l = arg;
    for (size_t i = 0; i < l->rows; i++)
        nps_fft_inverse(l->fft, l->row + i * l->stride, l->line[0]);
}

static float largest(const float *v, size_t n) /* n a multiple of 8 */
{
    float m[8];
    memcpy(m, v, sizeof m);
    for (size_t i = 8; i < n; i += 8)
        for (size_t k = 0; k < 8; k++)
            m[k] = v[i + k] > m[k] ? v[i + k] : m[k];
    for (size_t k = 1; k < 8; k++)
        m[0] = m[k] > m[0] ? m[k] : m[0];
    return m[0];
}

static void correlate_part(void *arg, unsigned thread, unsigned threads)
{
    const lags *l = arg;
    for (size_t i = bench_share(l->rows, thread, threads), end = bench_share(l->rows, thread + 1, threads); i < end; i++) {
        nps_fft_conj_multiply(l->query, l->row + i * l->stride, l->bins, l->product[thread]);
        nps_fft_inverse(l->fft, l->product[thread], l->line[thread]);
        l->best[i] = largest(l->line[thread], l->n);
    }
}

static void correlate(void *arg)
{
    lags *l = arg;
    bench_parallel(l->threads, correlate_part, l);
}

static void bench_transform(size_t n)
{
    lags l = lags_new(n, AT_ONCE);
    char name[80];
    snprintf(name, sizeof name, "floor: one inverse real transform of %zu", n);
    /* The inverse destroys its input, so the rows are made anew before each run. */
    bench_run_at(name, "us", (bench_size){0, 1}, 1e6, AT_ONCE, &(bench_job){fill_rows, invert_rows, &l});
    lags_done(&l);
}

static void bench_lags(void)
{
    lags l = lags_new(LAG_SIZE, LAG_SPECTRA);
    fill_rows(&l);
    for (l.threads = 1; l.threads <= 2; l.threads++)
        bench_rate_at("floor: all lags by transform of 1024, multiply and maximum", "million spectra/s",
                      (bench_size){LAG_SPECTRA, l.threads}, 1e-6, LAG_SPECTRA, &(bench_job){NULL, correlate, &l});
    lags_done(&l);
}

int main(void)
{
    nps_core_init();
    bench_read();
    bench_add(0);
    bench_add(1);
    bench_transform(864);
    bench_transform(1024);
    bench_transform(2048);
    bench_lags();
    return 0;
}
