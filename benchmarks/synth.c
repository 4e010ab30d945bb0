#include "benchmarks/synth.h"

#include "core/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* --- random numbers ------------------------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t s[4];
    double spare; /* second normal of a pair */
    bool has_spare;
} rng;

/* What a stream is for: the streams of one row must not meet. */
typedef enum { FOR_POOL = 1, FOR_EI, FOR_EI_VARIANT, FOR_MSMS, FOR_MSMS_VARIANT, FOR_IR, FOR_QUERY, FOR_IR_QUERY } purpose;

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static rng stream(uint64_t seed, purpose p, uint64_t row)
{
    rng r = {.has_spare = false};
    uint64_t x = seed;
    x = splitmix(&x) ^ (uint64_t)p;
    x = splitmix(&x) ^ row;
    for (size_t i = 0; i < LENGTH(r.s); i++)
        r.s[i] = splitmix(&x);
    return r;
}

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

/* xoshiro256++ (Blackman and Vigna 2019). */
static uint64_t bits(rng *r)
{
    uint64_t *s = r->s, out = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return out;
}

static double uniform(rng *r) /* [0, 1) */
{
    return (double)(bits(r) >> 11) * 0x1p-53;
}

static double uniform_in(rng *r, double low, double high)
{
    return low + (high - low) * uniform(r);
}

static size_t below(rng *r, size_t n) /* 0 .. n - 1; the bias of the rounding is below 2^-20 for n < 2^33 */
{
    return (size_t)(uniform(r) * (double)n);
}

/* Polar method (Marsaglia and Bray 1964): two at a time. */
static double normal(rng *r, double mean, double sd)
{
    if (r->has_spare) {
        r->has_spare = false;
        return mean + sd * r->spare;
    }
    double u, v, q;
    do {
        u = 2 * uniform(r) - 1;
        v = 2 * uniform(r) - 1;
        q = u * u + v * v;
    } while (q >= 1 || q <= 0);
    double f = sqrt(-2 * log(q) / q);
    r->spare = v * f;
    r->has_spare = true;
    return mean + sd * u * f;
}

static double lognormal(rng *r, double mu, double sigma)
{
    return exp(normal(r, mu, sigma));
}

/* Marsaglia and Tsang 2000; shape > 1. */
static double gamma_of(rng *r, double shape, double scale)
{
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = normal(r, 0, 1), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(1 - uniform(r)) < 0.5 * x * x + d - d * v + d * log(v))
            return scale * d * v;
    }
}

static double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* --- rows ------------------------------------------------------------------------------------------------------------------ */

static void *need(size_t n, size_t size)
{
    void *p = nps_array(n, size);
    if (!p) {
        fprintf(stderr, "synth: no memory for %zu x %zu bytes\n", n, size);
        exit(1);
    }
    return p;
}

void bench_spectra_done(bench_spectra *s)
{
    free(s->off);
    free(s->mz);
    free(s->intensity);
    free(s->precursor);
    free(s->source);
    *s = (bench_spectra){0};
}

typedef struct {
    double mz, intensity;
} peak;

enum { ROW_MAX = 1024 }; /* peaks of a row while it is made */

/* Rows are appended without knowing how many peaks all of them will have. */
typedef struct {
    bench_spectra out;
    size_t mz_cap, intensity_cap;
} appender;

static appender append_begin(size_t n)
{
    appender a = {.out = {.n = n}};
    a.out.off = need(n + 1, sizeof *a.out.off);
    a.out.precursor = need(n, sizeof *a.out.precursor);
    a.out.source = need(n, sizeof *a.out.source);
    return a;
}

static void append_row(appender *a, size_t row, const peak *p, size_t n, double precursor, int64_t source)
{
    bench_spectra *o = &a->out;
    size_t at = o->off[row], all = at + n;
    nps_err err;
    if (nps_grow(&o->mz, &a->mz_cap, all, sizeof *o->mz, SIZE_MAX / 16, &err) != NPS_OK ||
        nps_grow(&o->intensity, &a->intensity_cap, all, sizeof *o->intensity, SIZE_MAX / 16, &err) != NPS_OK) {
        fprintf(stderr, "synth: %s\n", err.msg);
        exit(1);
    }
    for (size_t i = 0; i < n; i++) {
        o->mz[at + i] = p[i].mz;
        o->intensity[at + i] = (float)p[i].intensity;
    }
    o->off[row + 1] = all;
    o->precursor[row] = precursor;
    o->source[row] = source;
}

/* The earlier row that row i varies, with the given probability. */
static int64_t earlier_row(rng *r, size_t i, double probability)
{
    bool varies = uniform(r) < probability;
    size_t source = below(r, i ? i : 1);
    return varies && i > 0 ? (int64_t)source : -1;
}

/* --- EI --------------------------------------------------------------------------------------------------------------------- */

enum { EI_LOW = 40, EI_HIGH = 600, EI_PEAKS_MAX = 150, EI_DENSE = 640 }; /* dense: room for foreign peaks of queries */

/* How often and how strongly a whole m/z turns up: cumulated from EI_LOW on. */
typedef struct {
    double popularity[EI_HIGH + 1], cumulated[EI_HIGH + 1];
} ei_model;

static ei_model ei_popularity(void)
{
    static const struct {
        int mz, weight;
    } common[] = {{41, 9},  {42, 4},  {43, 12}, {44, 3},  {45, 3},  {50, 3},  {51, 6},  {53, 4},  {55, 11}, {56, 5},
                  {57, 12}, {58, 3},  {63, 4},  {65, 5},  {67, 6},  {69, 8},  {71, 7},  {73, 9},  {75, 5},  {76, 3},
                  {77, 10}, {78, 4},  {79, 6},  {81, 7},  {83, 6},  {85, 5},  {89, 3},  {91, 10}, {93, 4},  {95, 5},
                  {97, 4},  {103, 4}, {105, 9}, {107, 4}, {109, 3}, {115, 5}, {117, 3}, {119, 4}, {121, 4}, {127, 3},
                  {128, 3}, {131, 3}, {133, 3}, {135, 3}, {141, 2}, {147, 5}, {149, 4}, {152, 2}, {161, 2}, {165, 3},
                  {178, 2}, {207, 2}};
    ei_model m = {{0}, {0}};
    for (size_t i = 0; i < LENGTH(common); i++)
        m.popularity[common[i].mz] += common[i].weight;
    for (int z = EI_LOW; z <= EI_HIGH; z++) {
        m.popularity[z] += 3.0 * exp(-(z - EI_LOW) / 140.0) + 0.12;
        m.cumulated[z] = m.cumulated[z - 1] + m.popularity[z];
    }
    return m;
}

/* First index of the ascending c[low .. high) that is above x; high when none is. */
static size_t first_above(const double *c, size_t low, size_t high, double x)
{
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void ei_add(double *dense, int mz, double v)
{
    if (mz >= EI_LOW && mz <= EI_HIGH)
        dense[mz] += v;
}

static void ei_scale_to_999(double *dense)
{
    double top = 0;
    for (size_t z = EI_LOW; z < EI_DENSE; z++)
        top = dense[z] > top ? dense[z] : top;
    for (size_t z = EI_LOW; z < EI_DENSE; z++)
        if (dense[z] > 0)
            dense[z] = floor(dense[z] / top * 999 + 0.5);
}

/* A spectrum before it is varied: clusters around popular fragments, their isotopes and hydrogens, molecular ion.
 * Returns the molecular mass, which is drawn first. */
static int ei_mass(rng *r)
{
    return (int)clip(rint(lognormal(r, log(230), 0.42)), 70, EI_HIGH - 1);
}

static void ei_draw(const ei_model *m, rng *r, double *dense)
{
    static const struct {
        int distance;
        double probability, low, high;
    } beside[] = {{1, 0.75, 0.03, 0.25}, {-1, 0.5, 0.05, 0.6}, {-2, 0.35, 0.03, 0.6}, {2, 0.3, 0.01, 0.12}};
    memset(dense, 0, EI_DENSE * sizeof *dense);
    int mass = ei_mass(r);
    int clusters = (int)clip(rint(lognormal(r, log(22), 0.42)), 6, 60);
    for (int k = 0; k < clusters; k++) {
        double u = uniform(r) * m->cumulated[mass - 1];
        int centre = (int)first_above(m->cumulated, EI_LOW, (size_t)mass - 1, u);
        double v = lognormal(r, 0, 1.55) * (0.35 + m->popularity[centre] / 6);
        ei_add(dense, centre, v);
        for (size_t b = 0; b < LENGTH(beside); b++)
            if (uniform(r) < beside[b].probability)
                ei_add(dense, centre + beside[b].distance, v * uniform_in(r, beside[b].low, beside[b].high));
    }
    double molecular = lognormal(r, 0, 1.6);
    ei_add(dense, mass, molecular);
    ei_add(dense, mass + 1, molecular * mass * 0.0007);
    ei_add(dense, mass - 15, molecular * lognormal(r, 0, 1));
    ei_scale_to_999(dense);
}

static int by_falling_intensity(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x > y ? -1 : x < y;
}

/* Bins of at least 1; the strongest EI_PEAKS_MAX of them when `cap`. Of equal ones the lower m/z stays. */
static size_t ei_peaks(const double *dense, bool cap, peak *ret)
{
    double strongest[EI_DENSE], least = 1;
    size_t n = 0, above = 0, kept = 0, ties;
    for (size_t z = EI_LOW; z < EI_DENSE; z++)
        if (dense[z] >= 1)
            strongest[n++] = dense[z];
    if (cap && n > EI_PEAKS_MAX) {
        qsort(strongest, n, sizeof *strongest, by_falling_intensity);
        least = strongest[EI_PEAKS_MAX - 1];
        while (above < EI_PEAKS_MAX && strongest[above] > least)
            above++;
        ties = EI_PEAKS_MAX - above;
    } else {
        ties = n;
    }
    for (size_t z = EI_LOW; z < EI_DENSE; z++) {
        bool tie = dense[z] <= least;
        if (dense[z] < least || (tie && ties == 0))
            continue;
        ties -= tie;
        ret[kept++] = (peak){(double)z, dense[z]};
    }
    return kept;
}

bench_spectra bench_synth_ei(size_t n, uint64_t seed)
{
    ei_model m = ei_popularity();
    appender a = append_begin(n);
    double dense[EI_DENSE];
    peak row[EI_DENSE];
    for (size_t i = 0; i < n; i++) {
        rng v = stream(seed, FOR_EI_VARIANT, i), own = stream(seed, FOR_EI, i), drawn = own;
        int64_t source = earlier_row(&v, i, 0.25);
        if (source >= 0)
            drawn = stream(seed, FOR_EI, (uint64_t)source);
        ei_draw(&m, &drawn, dense);
        if (source >= 0) {
            for (size_t z = EI_LOW; z <= EI_HIGH; z++)
                if (dense[z] > 0)
                    dense[z] *= lognormal(&v, 0, 0.35);
            ei_scale_to_999(dense);
        }
        size_t k = ei_peaks(dense, true, row);
        append_row(&a, i, row, k, ei_mass(&own), source);
    }
    return a.out;
}

/* --- MS/MS ------------------------------------------------------------------------------------------------------------------ */

static const double losses[] = {1.00783,  2.01565,   15.02348,  17.00274,  17.02655,  18.01056,  27.01090,  27.99491,
                                28.0313,  29.00274,  30.01056,  31.01839,  31.98983,  35.97668,  42.01056,  43.00581,
                                43.98983, 44.02621,  45.99290,  46.00548,  46.04186,  57.02146,  58.04186,  60.02113,
                                63.96190, 72.02113,  79.95682,  88.01604,  97.97690,  120.04226, 132.04226, 146.05791,
                                162.05282, 176.03209, 180.06339, 194.04265, 203.07937, 308.11073};
/* What tells an analogue from its parent. */
static const double changes[] = {14.01565, 15.99491,  2.01565,   28.0313,  12.0,      18.01056, 27.99491, 42.01056,
                                 30.01056, 43.98983,  162.05282, 132.04226, 79.95682, 176.03209, 17.02655, 56.0626};

/* The few most popular fragments depend much on the draw. This one has as popular ones as the reference of the tests. */
enum { POOL = 30000, POOL_SEED = 33, MSMS_PEAKS_MAX = 60 };

typedef struct {
    double mz[POOL], cumulated[POOL]; /* ascending; popularity cumulated */
} fragment_pool;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Fragment m/z with usual mass defects; popularity falls as rank^-0.75. */
static fragment_pool *pool_new(void)
{
    fragment_pool *p = need(1, sizeof *p);
    uint32_t *rank = need(POOL, sizeof *rank);
    rng r = stream(POOL_SEED, FOR_POOL, 0);
    for (size_t i = 0; i < POOL; i++) {
        double whole = clip(rint(gamma_of(&r, 2.2, 75) + 45), 50, 1100);
        p->mz[i] = whole + whole * 0.00052 + normal(&r, 0, 0.03);
        if (uniform(&r) < 0.25)
            p->mz[i] -= uniform_in(&r, 0, 0.12);
        rank[i] = (uint32_t)i;
    }
    qsort(p->mz, POOL, sizeof *p->mz, ascending);
    for (size_t i = POOL - 1; i > 0; i--) {
        size_t j = below(&r, i + 1);
        uint32_t t = rank[i];
        rank[i] = rank[j];
        rank[j] = t;
    }
    double sum = 0;
    for (size_t i = 0; i < POOL; i++)
        p->cumulated[i] = sum += 1 / pow(1.0 + rank[i], 0.75);
    free(rank);
    return p;
}

/* Drawn first from the stream of a row, so that it can be had without the peaks. */
static double msms_precursor(rng *r)
{
    double p = clip(lognormal(r, log(340), 0.42), 105, 1400);
    return rint(p) + p * 0.00045 + normal(r, 0, 0.03);
}

/* A spectrum before it is varied; peaks in no order. */
static size_t msms_draw(const fragment_pool *pool, rng *r, double *ret_precursor, peak *ret)
{
    double precursor = *ret_precursor = msms_precursor(r);
    size_t n = (size_t)clip(rint(lognormal(r, log(20), 0.62)), 5, MSMS_PEAKS_MAX);
    size_t limit = first_above(pool->mz, 0, POOL, precursor - 2);
    limit = limit < 50 ? 50 : limit;
    for (size_t i = 0; i < n; i++) {
        double loss = 0;
        if (uniform(r) < 0.25) {
            loss = precursor - losses[below(r, LENGTH(losses))];
            if (uniform(r) < 0.3)
                loss -= 18.01056;
        }
        if (loss > 50)
            ret[i].mz = loss;
        else
            ret[i].mz = pool->mz[first_above(pool->cumulated, 0, POOL - 1, uniform(r) * pool->cumulated[limit - 1])];
        ret[i].intensity = lognormal(r, 0, 1.7);
    }
    return n;
}

static double round_to(double x, double per_unit)
{
    return rint(x * per_unit) / per_unit;
}

/* m/z to 5 places in ascending order, of equal ones the strongest. Few peaks: insertion is fastest. */
static size_t msms_order(peak *p, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        peak x = {round_to(p[i].mz, 1e5), p[i].intensity};
        size_t k = kept;
        while (k > 0 && p[k - 1].mz > x.mz)
            k--;
        if (k > 0 && p[k - 1].mz >= x.mz) {
            p[k - 1].intensity = fmax(p[k - 1].intensity, x.intensity);
            continue;
        }
        memmove(p + k + 1, p + k, (kept - k) * sizeof *p);
        p[k] = x;
        kept++;
    }
    return kept;
}

/* What the second measurement and the other substance change. Returns the number of peaks. */
static size_t msms_vary(rng *v, bool member, double change, double precursor, peak *p, size_t n)
{
    size_t kept = 0;
    double top = 0;
    for (size_t i = 0; i < n; i++) {
        peak x = p[i];
        if (member) {
            if (uniform(v) < 0.5)
                x.mz += change;
            x.intensity *= lognormal(v, 0, 0.4);
        }
        x.mz *= 1 + normal(v, 0, 3e-6);
        if (x.mz <= 40 || x.mz >= precursor + 0.5)
            continue;
        top = fmax(top, x.intensity);
        p[kept++] = x;
    }
    if (kept == 0) {
        p[kept++] = (peak){60.0, 1e5};
        top = 1e5;
    }
    for (size_t i = 0; i < kept; i++)
        p[i].intensity = fmax(round_to(p[i].intensity / top * 1e5, 100), 0.01);
    return msms_order(p, kept);
}

bench_spectra bench_synth_msms(size_t n, uint64_t seed)
{
    fragment_pool *pool = pool_new();
    appender a = append_begin(n);
    peak row[MSMS_PEAKS_MAX];
    for (size_t i = 0; i < n; i++) {
        rng v = stream(seed, FOR_MSMS_VARIANT, i);
        int64_t source = earlier_row(&v, i, 0.2);
        rng drawn = stream(seed, FOR_MSMS, source >= 0 ? (uint64_t)source : i);
        double precursor, change = 0;
        size_t k = msms_draw(pool, &drawn, &precursor, row);
        if (source >= 0) {
            change = changes[below(&v, LENGTH(changes))] * (uniform(&v) < 0.5 ? 1 : -1);
            if (uniform(&v) < 0.3 || precursor + change < 100)
                change = 0; /* the same substance again */
        }
        precursor += change;
        k = msms_vary(&v, source >= 0, change, precursor, row, k);
        append_row(&a, i, row, k, round_to(precursor * (1 + normal(&v, 0, 2e-6)), 1e5), source);
    }
    free(pool);
    return a.out;
}

/* --- queries ---------------------------------------------------------------------------------------------------------------- */

/* Row `i` with scattered intensities, without some of its weak peaks. Returns their number; the strongest in *ret_top. */
static size_t measure_again(const bench_spectra *lib, size_t i, rng *r, peak *ret, double *ret_top)
{
    size_t n = 0, kept = 0;
    double top = 0;
    for (uint64_t k = lib->off[i]; k < lib->off[i + 1] && n < ROW_MAX / 2; k++) {
        ret[n] = (peak){lib->mz[k], (double)lib->intensity[k] * lognormal(r, 0, 0.3)};
        top = fmax(top, ret[n++].intensity);
    }
    for (size_t k = 0; k < n; k++)
        if (ret[k].intensity > 0.02 * top || uniform(r) > 0.25)
            ret[kept++] = ret[k];
    *ret_top = top;
    return kept;
}

bench_spectra bench_synth_ei_queries(const bench_spectra *lib, size_t n, uint64_t seed)
{
    appender a = append_begin(n);
    peak row[ROW_MAX];
    double dense[EI_DENSE], top;
    for (size_t i = 0; i < n; i++) {
        rng r = stream(seed, FOR_QUERY, i);
        size_t source = below(&r, lib->n);
        size_t k = measure_again(lib, source, &r, row, &top), foreign = 2 + below(&r, 7);
        memset(dense, 0, sizeof dense);
        for (size_t p = 0; p < k; p++)
            dense[(size_t)row[p].mz] += row[p].intensity;
        int high = (int)lib->precursor[source] + 30;
        for (size_t p = 0; p < foreign; p++) {
            size_t z = EI_LOW + below(&r, (size_t)(high < 60 ? 60 : high) - EI_LOW);
            dense[z] += uniform_in(&r, 1, 25);
        }
        ei_scale_to_999(dense);
        append_row(&a, i, row, ei_peaks(dense, false, row), lib->precursor[source], (int64_t)source);
    }
    return a.out;
}

bench_spectra bench_synth_msms_queries(const bench_spectra *lib, size_t n, uint64_t seed)
{
    appender a = append_begin(n);
    peak row[ROW_MAX];
    double top;
    for (size_t i = 0; i < n; i++) {
        rng r = stream(seed, FOR_QUERY, i);
        size_t source = below(&r, lib->n), k = measure_again(lib, source, &r, row, &top), foreign = 2 + below(&r, 7);
        double precursor = lib->precursor[source], change = 0;
        if (uniform(&r) < 0.3)
            change = changes[below(&r, LENGTH(changes))];
        for (size_t p = 0; p < k; p++) {
            row[p].mz *= 1 + normal(&r, 0, 4e-6);
            if (change > 0 && uniform(&r) < 0.5)
                row[p].mz += change;
        }
        precursor += change;
        for (size_t p = 0; p < foreign; p++)
            row[k++] = (peak){uniform_in(&r, 50, fmax(60, precursor)), lognormal(&r, 0, 1) * top * 0.01};
        for (size_t p = 0; p < k; p++)
            row[p].intensity = fmax(round_to(row[p].intensity, 100), 0.01);
        k = msms_order(row, k);
        append_row(&a, i, row, k, round_to(precursor * (1 + normal(&r, 0, 2e-6)), 1e5), (int64_t)source);
    }
    return a.out;
}

/* --- infrared --------------------------------------------------------------------------------------------------------------- */

void bench_traces_done(bench_traces *t)
{
    free(t->y);
    free(t->source);
    free(t->shift);
    *t = (bench_traces){0};
}

static bench_traces traces_new(size_t n)
{
    bench_traces t = {.n = n};
    t.y = need(n ? n : 1, BENCH_IR_POINTS * sizeof *t.y);
    t.source = need(n, sizeof *t.source);
    t.shift = need(n, sizeof *t.shift);
    return t;
}

#define IR_LOW 400.0
#define IR_STEP 2.0

/* First point of the grid at or above x, 0 .. BENCH_IR_POINTS. */
static size_t ir_point(double x)
{
    return (size_t)clip(ceil((x - IR_LOW) / IR_STEP), 0, BENCH_IR_POINTS);
}

static void ir_band(rng *r, float *y)
{
    static const double groups[] = {2920, 2850, 1735, 1715, 1650, 1600, 1510, 1450, 1375, 1260, 1160, 1100, 1030,
                                    970,  880,  830,  760,  720,  700,  3300, 3400, 3060, 2230, 560,  480};
    double centre = uniform(r) < 0.75 ? groups[below(r, LENGTH(groups))] + normal(r, 0, 12) : uniform_in(r, 450, 1800);
    double width = centre > 3150 ? uniform_in(r, 40, 180) : lognormal(r, log(11), 0.45);
    double height = lognormal(r, 0, 0.9);
    for (size_t i = ir_point(centre - 8 * width), end = ir_point(centre + 8 * width); i < end; i++) {
        double d = (IR_LOW + IR_STEP * (double)i - centre) / width;
        y[i] += (float)(height / (1 + d * d));
    }
}

static void ir_noise(rng *r, float share, float *y)
{
    float top = y[0];
    for (size_t i = 1; i < BENCH_IR_POINTS; i++)
        top = y[i] > top ? y[i] : top;
    double sd = (double)share * (double)top;
    for (size_t i = 0; i < BENCH_IR_POINTS; i++)
        y[i] += (float)normal(r, 0, sd);
}

bench_traces bench_synth_ir(size_t n, uint64_t seed)
{
    bench_traces t = traces_new(n);
    for (size_t i = 0; i < n; i++) {
        rng r = stream(seed, FOR_IR, i);
        float *y = t.y + i * BENCH_IR_POINTS;
        for (size_t bands = 6 + below(&r, 20); bands > 0; bands--)
            ir_band(&r, y);
        double base = uniform_in(&r, 0, 0.3), slope = uniform_in(&r, -0.2, 0.2) / (BENCH_IR_POINTS - 1);
        for (size_t k = 0; k < BENCH_IR_POINTS; k++)
            y[k] += (float)(base + slope * (double)k);
        ir_noise(&r, 0.004F, y);
        t.source[i] = -1;
    }
    return t;
}

bench_traces bench_synth_ir_queries(const bench_traces *lib, size_t n, uint64_t seed)
{
    bench_traces t = traces_new(n);
    for (size_t i = 0; i < n; i++) {
        rng r = stream(seed, FOR_IR_QUERY, i);
        size_t source = below(&r, lib->n), shift = below(&r, 11);
        const float *from = lib->y + source * BENCH_IR_POINTS;
        float *y = t.y + i * BENCH_IR_POINTS;
        for (size_t k = 0; k < BENCH_IR_POINTS; k++)
            y[(k + BENCH_IR_POINTS + shift - 5) % BENCH_IR_POINTS] = from[k];
        ir_noise(&r, 0.02F, y);
        t.source[i] = (int64_t)source;
        t.shift[i] = (int)shift - 5;
    }
    return t;
}
