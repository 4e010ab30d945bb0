#include "reference-lib/index.h"

#include "core/lag_scan.h"
#include "core/parallel.h"
#include "core/posting.h"
#include "reference-lib/ir_code.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

nps_status nps_index_clean(nps_peak_view p, double precursor_mz, nps_peaks *ret_clean, float **ret_weight, nps_err *err)
{
    nps_clean_options o = nps_clean_options_default(precursor_mz);
    nps_peaks c;
    nps_status st = nps_clean(p, &o, &c, err);
    if (st == NPS_OK && !c.n && p.n) {
        nps_peaks_done(&c);
        o.precursor_mz = 0;
        st = nps_clean(p, &o, &c, err);
    }
    if (st != NPS_OK)
        return st;
    float *weight = nps_array(c.n, sizeof *weight);
    if (!weight) {
        nps_peaks_done(&c);
        return nps_fail_nomem(err);
    }
    nps_entropy_weight(c.intensity, c.n, weight);
    *ret_clean = c;
    *ret_weight = weight;
    return NPS_OK;
}

/* --- what one shard gives ------------------------------------------------------------------------------------------- */

/* Growing columns of one kind of posting. */
typedef struct {
    uint32_t *key; /* nominal bin, or key of core/posting.h */
    uint16_t *row;
    uint8_t *code[3]; /* weighted, cosine, entropy */
    size_t n;
} columns;

typedef struct {
    columns ei, fragment, loss;
    uint16_t *lag_group; /* [n_lag] of the shard's entries, end to end */
    uint32_t *lag_code;
    size_t n_lag;
    double *clean_mz;
    float *clean_intensity, *clean_weight;
    size_t n_clean;
    nps_status st;
    nps_err err;
} shard;

typedef struct {
    nps_library *lib;
    shard *shards; /* [lib->n_shard] */
    nps_codes codes;
    uint64_t *clean_at, *lag_at; /* [n_entry + 1], first the counts of the entries at + 1 */
    float *lag_scale;
} build;

static void columns_done(columns *c)
{
    free(c->key);
    free(c->row);
    for (int i = 0; i < 3; i++)
        free(c->code[i]);
}

static nps_status columns_init(columns *c, size_t n, nps_err *err)
{
    c->key = nps_array(n, sizeof *c->key);
    c->row = nps_array(n, sizeof *c->row);
    bool good = c->key && c->row;
    for (int i = 0; i < 3; i++) {
        c->code[i] = nps_array(n, 1);
        good = good && c->code[i];
    }
    return good ? NPS_OK : nps_fail_nomem(err);
}

static void shard_done(shard *s)
{
    columns_done(&s->ei);
    columns_done(&s->fragment);
    columns_done(&s->loss);
    free(s->lag_group);
    free(s->lag_code);
    free(s->clean_mz);
    free(s->clean_intensity);
    free(s->clean_weight);
}

static void push(columns *c, uint32_t key, uint16_t row, const uint8_t code[static 3])
{
    c->key[c->n] = key;
    c->row[c->n] = row;
    for (int i = 0; i < 3; i++)
        c->code[i][c->n] = code[i];
    c->n++;
}

static nps_status add_ei(build *b, shard *s, uint64_t e, nps_nominal_row *row, nps_err *err)
{
    nps_peak_view p = nps_library_peak_row(b->lib, (uint32_t)e);
    nps_peaks nominal;
    nps_status st = nps_clean_nominal(p, &nominal, err);
    if (st != NPS_OK)
        return st;
    size_t first = s->ei.n;
    nps_nominal_row_set(row, p.mz, p.intensity, p.n, NPS_WEIGHTED_MZ_POWER, NPS_COSINE_INTENSITY_POWER, 1);
    for (size_t i = 0; i < row->n; i++)
        push(&s->ei, row->bin[i], (uint16_t)(e % NPS_SHARD_ROWS),
             (uint8_t[3]){nps_code(&b->codes, nps_bin_weight(row, row->bin[i])), 0, 0});
    nps_nominal_row_set(row, p.mz, p.intensity, p.n, 0, NPS_COSINE_INTENSITY_POWER, 1);
    nps_entropy_weight(nominal.intensity, nominal.n, nominal.intensity);
    for (size_t i = 0; i < row->n; i++) {
        s->ei.code[1][first + i] = nps_code(&b->codes, nps_bin_weight(row, row->bin[i]));
        /* Both lists hold the same bins in the same order. */
        s->ei.code[2][first + i] = nps_code(&b->codes, (double)nominal.intensity[i]);
    }
    nps_peaks_done(&nominal);
    nps_nominal_row_set(row, p.mz, p.intensity, p.n, NPS_LAG_MZ_POWER, NPS_LAG_INTENSITY_POWER, NPS_LAG_LOWEST_BIN);
    size_t n = nps_lag_groups(row, s->lag_group + s->n_lag, s->lag_code + s->n_lag, &b->lag_scale[e]);
    s->n_lag += n;
    b->lag_at[e + 1] = n;
    return NPS_OK;
}

/* Weights of one cosine over the cleaned peaks, unit norm, as codes. */
static void cosine_codes(const nps_codes *k, const nps_peaks *c, double mz_power, uint8_t *ret_code)
{
    double squares = 0;
    for (size_t i = 0; i < c->n; i++) {
        double m = mz_power > 0 ? c->mz[i] : 1;
        squares += m * m * (double)c->intensity[i];
    }
    for (size_t i = 0; i < c->n; i++) {
        double m = mz_power > 0 ? c->mz[i] : 1;
        ret_code[i] = nps_code(k, m * sqrt((double)c->intensity[i] / squares));
    }
}

static nps_status add_msms(build *b, shard *s, uint64_t e, nps_err *err)
{
    double precursor = b->lib->entry_precursor[e];
    nps_peaks c;
    NPS_AUTO_MEM(float *) weight = NULL;
    nps_status st = nps_index_clean(nps_library_peak_row(b->lib, (uint32_t)e), precursor, &c, &weight, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO_MEM(uint8_t *) code = nps_array(c.n, 2);
    if (!code) {
        nps_peaks_done(&c);
        return nps_fail_nomem(err);
    }
    cosine_codes(&b->codes, &c, NPS_WEIGHTED_MZ_POWER, code);
    cosine_codes(&b->codes, &c, 0, code + c.n);
    for (size_t i = 0; i < c.n; i++) {
        const uint8_t three[3] = {code[i], code[c.n + i], nps_code(&b->codes, (double)weight[i])};
        uint16_t row = (uint16_t)(e % NPS_SHARD_ROWS);
        push(&s->fragment, nps_mz_key(c.mz[i], 0), row, three);
        if (precursor > 0)
            push(&s->loss, nps_mz_key(precursor - c.mz[i], NPS_LOSS_OFFSET), row, three);
        s->clean_mz[s->n_clean] = c.mz[i];
        s->clean_intensity[s->n_clean] = c.intensity[i];
        s->clean_weight[s->n_clean++] = weight[i];
    }
    b->clean_at[e + 1] = c.n;
    nps_peaks_done(&c);
    return NPS_OK;
}

/* Most peaks that the shard's EI and MS/MS entries can give. */
static void count_peaks(const nps_library *lib, uint64_t from, uint64_t to, size_t *ret_ei, size_t *ret_msms)
{
    size_t ei = 0, msms = 0;
    for (uint64_t e = from; e < to; e++) {
        size_t n = lib->peak_at[e + 1] - lib->peak_at[e];
        ei += lib->entry_technique[e] == NPS_TECH_EI ? n : 0;
        msms += nps_technique_is_fragment(lib->entry_technique[e]) ? n : 0;
    }
    *ret_ei = ei;
    *ret_msms = msms;
}

static nps_status collect(build *b, size_t item, nps_nominal_row *row)
{
    shard *s = &b->shards[item];
    uint64_t from = item * (uint64_t)NPS_SHARD_ROWS, to = from + NPS_SHARD_ROWS;
    size_t n_ei, n_msms;
    if (to > b->lib->n_entry)
        to = b->lib->n_entry;
    count_peaks(b->lib, from, to, &n_ei, &n_msms);
    nps_status st = columns_init(&s->ei, n_ei, &s->err);
    if (st == NPS_OK)
        st = columns_init(&s->fragment, n_msms, &s->err);
    if (st == NPS_OK)
        st = columns_init(&s->loss, n_msms, &s->err);
    s->lag_group = nps_array(n_ei, sizeof *s->lag_group);
    s->lag_code = nps_array(n_ei, sizeof *s->lag_code);
    s->clean_mz = nps_array(n_msms, sizeof *s->clean_mz);
    s->clean_intensity = nps_array(n_msms, sizeof *s->clean_intensity);
    s->clean_weight = nps_array(n_msms, sizeof *s->clean_weight);
    if (st == NPS_OK && (!s->lag_group || !s->lag_code || !s->clean_mz || !s->clean_intensity || !s->clean_weight))
        st = nps_fail_nomem(&s->err);
    for (uint64_t e = from; e < to && st == NPS_OK; e++) {
        if (b->lib->entry_technique[e] == NPS_TECH_EI)
            st = add_ei(b, s, e, row, &s->err);
        else if (nps_technique_is_fragment(b->lib->entry_technique[e]))
            st = add_msms(b, s, e, &s->err);
    }
    return st;
}

static void collect_shard(void *arg, unsigned thread, size_t item)
{
    (void)thread;
    build *b = arg;
    NPS_AUTO_MEM(nps_nominal_row *) row = nps_array(1, sizeof *row);
    b->shards[item].st = row ? collect(b, item, row) : nps_fail_nomem(&b->shards[item].err);
}

/* --- the finished arrays ---------------------------------------------------------------------------------------------- */

/* Where a shard's postings go: the arrays of the library, writable. */
typedef struct {
    uint32_t *key; /* NULL for cells */
    uint16_t *row;
    uint8_t *code[3];
} target;

static nps_status make_target(nps_posting_codes *p, size_t n, const uint32_t **opt_key, target *ret, nps_err *err)
{
    target t = {.key = opt_key ? nps_array(n, sizeof *t.key) : NULL, .row = nps_array(n, sizeof *t.row)};
    for (int i = 0; i < 3; i++)
        t.code[i] = nps_array(n, 1);
    *p = (nps_posting_codes){n, t.row, t.code[0], t.code[1], t.code[2]};
    if (opt_key)
        *opt_key = t.key;
    *ret = t;
    return (opt_key && !t.key) || !t.row || !t.code[0] || !t.code[1] || !t.code[2] ? nps_fail_nomem(err) : NPS_OK;
}

static void place(const columns *c, size_t from, const target *t, uint64_t to)
{
    if (t->key)
        t->key[to] = c->key[from];
    t->row[to] = c->row[from];
    for (int i = 0; i < 3; i++)
        t->code[i][to] = c->code[i][from];
}

/* Counting sort by nominal bin keeps rows ascending within each cell. */
static void place_cells(const columns *c, const target *t, uint64_t base, uint64_t *cell_at)
{
    for (size_t i = 0; i < c->n; i++)
        cell_at[c->key[i] + 1]++;
    uint64_t at = base;
    for (size_t bin = 0; bin < NPS_NOMINAL_BINS; bin++) {
        uint64_t n = cell_at[bin + 1];
        cell_at[bin + 1] = at;
        at += n;
    }
    /* Now cell_at[bin + 1] is where the bin begins; it moves to where it ends. */
    for (size_t i = 0; i < c->n; i++)
        place(c, i, t, cell_at[c->key[i] + 1]++);
}

/* Radix sort of key << 32 | index by key, stable. `spare` is as long. */
static uint64_t *sort_keys(uint64_t *item, uint64_t *spare, size_t n)
{
    for (unsigned shift = 32; shift < 64; shift += 11) {
        size_t count[2048] = {0};
        for (size_t i = 0; i < n; i++)
            count[item[i] >> shift & 2047]++;
        for (size_t d = 0, at = 0; d < 2048; d++) {
            size_t here = count[d];
            count[d] = at;
            at += here;
        }
        for (size_t i = 0; i < n; i++)
            spare[count[item[i] >> shift & 2047]++] = item[i];
        uint64_t *swap = item;
        item = spare;
        spare = swap;
    }
    return item;
}

static nps_status place_sorted(const columns *c, const target *t, uint64_t base, nps_err *err)
{
    NPS_AUTO_MEM(uint64_t *) item = nps_array(c->n, sizeof *item);
    NPS_AUTO_MEM(uint64_t *) spare = nps_array(c->n, sizeof *spare);
    if (!item || !spare)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < c->n; i++)
        item[i] = (uint64_t)c->key[i] << 32 | i;
    const uint64_t *sorted = sort_keys(item, spare, c->n);
    for (size_t i = 0; i < c->n; i++)
        place(c, sorted[i] & UINT32_MAX, t, base + i);
    return NPS_OK;
}

typedef struct {
    build *b;
    target ei, fragment, loss;
    uint64_t *ei_cell_at, *fragment_at, *loss_at;
    uint16_t *lag_group;
    uint32_t *lag_code;
    double *clean_mz;
    float *clean_intensity, *clean_weight;
} layout;

static void copy(void *to, const void *from, size_t n, size_t size)
{
    if (n)
        memcpy(to, from, n * size);
}

static void place_shard(void *arg, unsigned thread, size_t item)
{
    (void)thread;
    layout *l = arg;
    shard *s = &l->b->shards[item];
    uint64_t first = item * (uint64_t)NPS_SHARD_ROWS, lag = l->b->lag_at[first], clean = l->b->clean_at[first];
    copy(l->lag_group + lag, s->lag_group, s->n_lag, sizeof *s->lag_group);
    copy(l->lag_code + lag, s->lag_code, s->n_lag, sizeof *s->lag_code);
    copy(l->clean_mz + clean, s->clean_mz, s->n_clean, sizeof *s->clean_mz);
    copy(l->clean_intensity + clean, s->clean_intensity, s->n_clean, sizeof *s->clean_intensity);
    copy(l->clean_weight + clean, s->clean_weight, s->n_clean, sizeof *s->clean_weight);
    uint64_t ei_base = 0;
    for (size_t i = 0; i < item; i++)
        ei_base += l->b->shards[i].ei.n;
    place_cells(&s->ei, &l->ei, ei_base, l->ei_cell_at + item * NPS_NOMINAL_BINS);
    s->st = place_sorted(&s->fragment, &l->fragment, l->fragment_at[item], &s->err);
    if (s->st == NPS_OK)
        s->st = place_sorted(&s->loss, &l->loss, l->loss_at[item], &s->err);
}

static nps_status shards_status(const build *b, nps_err *err)
{
    for (uint64_t s = 0; s < b->lib->n_shard; s++)
        if (b->shards[s].st != NPS_OK)
            return nps_fail(err, b->shards[s].st, "%s", b->shards[s].err.msg);
    return NPS_OK;
}

static void sum_up(uint64_t *at, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        at[i + 1] += at[i];
}

/* A zeroed array, known to the library (const) and to the code that fills it. */
#define MAKE(lib, field, n, var)                              \
    do {                                                      \
        (var) = nps_array((n), sizeof *(var));                \
        (lib)->field = (var);                                 \
        if (!(var))                                           \
            return nps_fail_nomem(err);                       \
    } while (0)

static nps_status lay_out(build *b, unsigned threads, nps_err *err)
{
    nps_library *lib = b->lib;
    layout l = {.b = b};
    size_t n_ei = 0;
    sum_up(b->clean_at, lib->n_entry);
    sum_up(b->lag_at, lib->n_entry);
    lib->n_clean = b->clean_at[lib->n_entry];
    lib->n_lag_group = b->lag_at[lib->n_entry];
    MAKE(lib, ei_cell_at, lib->n_ei_cell + 1, l.ei_cell_at);
    MAKE(lib, fragment_at, lib->n_shard + 1, l.fragment_at);
    MAKE(lib, loss_at, lib->n_shard + 1, l.loss_at);
    MAKE(lib, lag_group, lib->n_lag_group, l.lag_group);
    MAKE(lib, lag_code, lib->n_lag_group, l.lag_code);
    MAKE(lib, clean_mz, lib->n_clean, l.clean_mz);
    MAKE(lib, clean_intensity, lib->n_clean, l.clean_intensity);
    MAKE(lib, clean_weight, lib->n_clean, l.clean_weight);
    for (uint64_t s = 0; s < lib->n_shard; s++) {
        n_ei += b->shards[s].ei.n;
        l.fragment_at[s + 1] = l.fragment_at[s] + b->shards[s].fragment.n;
        l.loss_at[s + 1] = l.loss_at[s] + b->shards[s].loss.n;
    }
    nps_status st = make_target(&lib->ei, n_ei, NULL, &l.ei, err);
    if (st == NPS_OK)
        st = make_target(&lib->fragment, l.fragment_at[lib->n_shard], &lib->fragment_key, &l.fragment, err);
    if (st == NPS_OK)
        st = make_target(&lib->loss, l.loss_at[lib->n_shard], &lib->loss_key, &l.loss, err);
    if (st != NPS_OK)
        return st;
    nps_parallel(threads, lib->n_shard, place_shard, &l);
    return shards_status(b, err);
}

static nps_status index_peaks(nps_library *lib, unsigned threads, build *b, nps_err *err)
{
    lib->n_shard = (lib->n_entry + NPS_SHARD_ROWS - 1) / NPS_SHARD_ROWS;
    lib->n_ei_cell = lib->n_shard * NPS_NOMINAL_BINS;
    b->lib = lib;
    nps_codes_init(&b->codes);
    MAKE(lib, clean_at, lib->n_entry + 1, b->clean_at);
    MAKE(lib, lag_at, lib->n_entry + 1, b->lag_at);
    MAKE(lib, lag_scale, lib->n_entry, b->lag_scale);
    b->shards = nps_array(lib->n_shard, sizeof *b->shards);
    if (!b->shards)
        return nps_fail_nomem(err);
    nps_parallel(threads, lib->n_shard, collect_shard, b);
    nps_status st = shards_status(b, err);
    if (st == NPS_OK)
        st = lay_out(b, threads, err);
    for (uint64_t s = 0; s < lib->n_shard; s++)
        shard_done(&b->shards[s]);
    free(b->shards);
    return st;
}

/* --- precursors ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    double mz;
    uint32_t entry;
} precursor;

static int by_mz_then_entry(const void *a, const void *b)
{
    const precursor *x = a, *y = b;
    if (x->mz != y->mz)
        return x->mz < y->mz ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static nps_status index_precursors(nps_library *lib, nps_err *err)
{
    size_t n = 0;
    NPS_AUTO_MEM(precursor *) items = nps_array(lib->n_entry, sizeof *items);
    if (!items)
        return nps_fail_nomem(err);
    for (uint64_t e = 0; e < lib->n_entry; e++)
        if (nps_technique_is_fragment(lib->entry_technique[e]) && lib->entry_precursor[e] > 0)
            items[n++] = (precursor){lib->entry_precursor[e], (uint32_t)e};
    if (n)
        qsort(items, n, sizeof *items, by_mz_then_entry);
    double *mz;
    uint32_t *entry;
    MAKE(lib, precursor_mz, n, mz);
    MAKE(lib, precursor_entry, n, entry);
    for (size_t i = 0; i < n; i++) {
        mz[i] = items[i].mz;
        entry[i] = items[i].entry;
    }
    lib->n_precursor = n;
    return NPS_OK;
}

nps_status nps_index_build(nps_library *lib, unsigned threads, nps_err *err)
{
    NPS_AUTO_MEM(build *) b = nps_array(1, sizeof *b);
    if (!b)
        return nps_fail_nomem(err);
    nps_status st = index_peaks(lib, threads, b, err);
    if (st == NPS_OK)
        st = index_precursors(lib, err);
    return st == NPS_OK ? nps_ir_code_build(lib, threads, err) : st;
}
