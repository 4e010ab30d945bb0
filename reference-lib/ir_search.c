/* Full-library search of traces: bounds for all, exact correlations for those whose bound reaches the k-th best. */
#include "core/parallel.h"
#include "core/pearson.h"
#include "reference-lib/ir_bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Queries that share one pass over the codes: more would push their bounds out of the cache. */
enum { GROUP = 16 };

typedef struct {
    const nps_library *lib;
    const nps_ir_options *o;
    nps_simd level;
    unsigned threads;
    size_t n, k;
    nps_ir_plan *plan[GROUP];
    size_t side[GROUP]; /* the first query with the same core */
    const nps_filter *filter;
    float *bound;       /* [n][lib->n_ir]; minus infinity once a row is dealt with, infinity where no bound is known */
} search;

/* Bounds are known for plain correlations only. */
static bool is_bounded(const search *s)
{
    return s->o->score == NPS_IR_CORRELATION && !s->o->derivative;
}

static bool passes(const search *s, size_t q, uint64_t row)
{
    uint32_t e = s->lib->ir_entry[row];
    return s->lib->entry_technique[e] == s->o->technique && nps_filter_passes(s->lib, &s->filter[q], e);
}

/* --- bounds ----------------------------------------------------------------------------------------------------------- */

static void raise_to(float *restrict v, const float *restrict least, size_t n)
{
    enum { STEP = 16 }; /* of constant length for the compiler's vectors; rows end at a multiple of it */
    for (size_t i = 0; i < n; i += STEP)
        for (size_t j = i; j < i + STEP; j++)
            v[j] = v[j] > least[j] ? v[j] : least[j];
}

/* Rows that a thread takes at a time. */
enum { CHUNK = NPS_IR_BLOCK };

static size_t end_of(const search *s, size_t item)
{
    size_t end = (item + 1) * CHUNK;
    return end < s->lib->n_ir ? end : s->lib->n_ir;
}

static size_t chunks(const search *s)
{
    return (s->lib->n_ir + CHUNK - 1) / CHUNK;
}

static void bound_rows(void *arg, unsigned thread, size_t item)
{
    const search *s = arg;
    size_t from = item * CHUNK, to = end_of(s, item);
    nps_ir_side side;
    float bound[NPS_IR_LAGS_MAX][NPS_IR_BLOCK];
    (void)thread;
    for (size_t row = from; row < to; row += NPS_IR_BLOCK) {
        size_t n = to - row < NPS_IR_BLOCK ? to - row : NPS_IR_BLOCK;
        for (size_t first = 0; first < s->n; first++) {
            if (s->side[first] != first)
                continue;
            nps_ir_side_of(s->level, s->lib, &s->plan[first]->core, row, n, &side);
            for (size_t q = first; q < s->n; q++) {
                if (s->side[q] != first)
                    continue;
                nps_ir_bounds(s->level, s->lib, s->plan[q], &side, row, n, bound);
                for (size_t l = 1; l < s->plan[q]->n_lag; l++)
                    raise_to(bound[0], bound[l], n);
                memcpy(s->bound + q * s->lib->n_ir + row, bound[0], n * sizeof *bound[0]);
            }
        }
    }
}

/* --- exact scores ------------------------------------------------------------------------------------------------------ */

/* A row of the library as it is compared; `room` [NPS_IR_GRID_N] holds it where it is made. */
static const float *values_of(const search *s, uint64_t row, float *room)
{
    const float *y = s->lib->ir_y + row * NPS_IR_GRID_N;
    if (!s->o->derivative)
        return y;
    /* The query went the same way without an error. */
    NPS_ASSERT(nps_ir_derivative(y, s->o->derivative, s->o->window, room, NULL) == NPS_OK);
    return room;
}

static double score_at(const search *s, const nps_ir_lag *l, const float *y, uint32_t *ret_common)
{
    double c = s->o->score == NPS_IR_CORRELATION ? nps_pearson(s->level, l->moved, y, NPS_IR_GRID_N, ret_common)
                                                 : nps_row_cosine(s->level, l->moved, y, NPS_IR_GRID_N, ret_common);
    if (*ret_common < NPS_IR_COMMON_MIN)
        return 0;
    if (s->o->score == NPS_IR_ANGLE)
        return 1 - 2 * acos(c) / M_PI;
    return s->o->score == NPS_IR_EUCLID ? fmax(0, 1 - sqrt(1 - c)) : c;
}

/* Upper bounds of the scores of one row at each lag. */
static void bound_lags(const search *s, const nps_ir_plan *p, uint64_t row, float (*bound)[NPS_IR_BLOCK])
{
    nps_ir_side side;
    if (is_bounded(s)) {
        nps_ir_side_of(s->level, s->lib, &p->core, row, 1, &side);
        nps_ir_bounds(s->level, s->lib, p, &side, row, 1, bound);
    } else {
        for (size_t l = 0; l < p->n_lag; l++)
            bound[l][0] = INFINITY;
    }
}

/* The best lag of a row whose score may reach `at_least`; below that the score may come out too small. */
static double score_row(const search *s, const nps_ir_plan *p, uint64_t row, double at_least, size_t *ret_lag,
                        uint32_t *ret_common)
{
    float room[NPS_IR_GRID_N];
    const float *y = values_of(s, row, room);
    *ret_lag = 0;
    if (p->n_lag == 1)
        return score_at(s, &p->lag[0], y, ret_common);
    float bound[NPS_IR_LAGS_MAX][NPS_IR_BLOCK];
    bound_lags(s, p, row, bound);
    /* The most promising lag first, so that its score rules out others. */
    size_t top = 0;
    for (size_t l = 1; l < p->n_lag; l++)
        if (bound[l][0] > bound[top][0])
            top = l;
    *ret_lag = top;
    double best = score_at(s, &p->lag[top], y, ret_common);
    for (size_t l = 0; l < p->n_lag; l++) {
        uint32_t common;
        if (l == top || p->lag[l].dead || (double)bound[l][0] < fmax(best, at_least))
            continue;
        double c = score_at(s, &p->lag[l], y, &common);
        if (c > best || (c == best && l < *ret_lag)) {
            best = c;
            *ret_lag = l;
            *ret_common = common;
        }
    }
    return best;
}

typedef struct {
    const search *s;
    size_t query;
    double floor;   /* what a score must reach */
    nps_topk *top;  /* one a thread */
} finish;

static void score_rows(void *arg, unsigned thread, size_t item)
{
    const finish *f = arg;
    const search *s = f->s;
    size_t to = end_of(s, item);
    const float *bound = s->bound + f->query * s->lib->n_ir;
    nps_topk *top = &f->top[thread];
    double floor = fmax(f->floor, nps_topk_floor(top));
    for (size_t row = item * CHUNK; row < to; row++) {
        if (!((double)bound[row] >= floor) || !passes(s, f->query, row))
            continue;
        size_t lag;
        uint32_t common;
        double c = score_row(s, s->plan[f->query], row, floor, &lag, &common);
        if (c > 0 && c >= floor) {
            nps_topk_add(top, c, (uint32_t)row);
            floor = fmax(f->floor, nps_topk_floor(top));
        }
    }
}

/* The k rows of the largest bounds are scored first: their worst score is what the others must reach. */
static nps_status score_likeliest(search *s, size_t q, nps_topk *likely, nps_topk *top, nps_err *err)
{
    float *bound = s->bound + q * s->lib->n_ir;
    nps_status st = nps_topk_reset(likely, s->k, err);
    if (st == NPS_OK)
        st = nps_topk_reset(top, s->k, err);
    if (st != NPS_OK)
        return st;
    double floor = 0;
    for (uint64_t r = 0; r < s->lib->n_ir; r++)
        if ((double)bound[r] > floor && passes(s, q, r)) {
            nps_topk_add(likely, (double)bound[r], (uint32_t)r);
            floor = fmax(0, nps_topk_floor(likely));
        }
    nps_topk_sort(likely);
    for (size_t i = 0; i < likely->n; i++) {
        uint32_t row = likely->item[i].index, common;
        size_t lag;
        double c = score_row(s, s->plan[q], row, fmax(0, nps_topk_floor(top)), &lag, &common);
        bound[row] = -INFINITY;
        if (c > 0)
            nps_topk_add(top, c, row);
    }
    return NPS_OK;
}

static nps_ir_hit describe(const search *s, const nps_ir_plan *p, uint32_t row)
{
    float room[NPS_IR_GRID_N];
    size_t at, first = 0, last = NPS_IR_GRID_N;
    uint32_t common;
    double score = score_row(s, p, row, 0, &at, &common);
    const float *q = p->lag[at].moved, *y = values_of(s, row, room);
    while (first < last && (isnan(q[first]) || isnan(y[first])))
        first++;
    while (last > first && (isnan(q[last - 1]) || isnan(y[last - 1])))
        last--;
    return (nps_ir_hit){.score = score,
                        .entry = s->lib->ir_entry[row],
                        .lag = p->lag[at].lag,
                        .common = common,
                        .first_cm1 = common ? NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)first : 0,
                        .last_cm1 = common ? NPS_IR_GRID_X0 + NPS_IR_GRID_DX * (double)(last - 1) : 0};
}

/* top[0] gathers, top[1] lists the likeliest and then serves the first thread, top[2 ..] the others. */
static nps_status finish_query(search *s, size_t q, nps_topk *top, nps_ir_hit *ret_hits, size_t *ret_n, nps_err *err)
{
    nps_status st = score_likeliest(s, q, &top[1], &top[0], err);
    for (unsigned i = 1; i <= s->threads && st == NPS_OK; i++)
        st = nps_topk_reset(&top[i], s->k, err);
    if (st != NPS_OK)
        return st;
    finish f = {s, q, fmax(0, nps_topk_floor(&top[0])), top + 1};
    nps_parallel(s->threads, chunks(s), score_rows, &f);
    for (unsigned i = 1; i <= s->threads; i++)
        for (size_t j = 0; j < top[i].n; j++)
            nps_topk_add(&top[0], top[i].item[j].score, top[i].item[j].index);
    nps_topk_sort(&top[0]);
    for (size_t i = 0; i < top[0].n; i++)
        ret_hits[i] = describe(s, s->plan[q], top[0].item[i].index);
    *ret_n = top[0].n;
    return NPS_OK;
}

/* --- entry ------------------------------------------------------------------------------------------------------------- */

static nps_status check(const nps_ir_options *o, nps_err *err)
{
    if (o->max_lag > NPS_IR_LAG_MAX)
        return nps_fail(err, NPS_E_RANGE, "lag of %u points is outside 0..%d", o->max_lag, NPS_IR_LAG_MAX);
    if (o->mask.n > NPS_IR_REGIONS_MAX)
        return nps_fail(err, NPS_E_RANGE, "number of masked regions %zu is outside 0..%d", o->mask.n, NPS_IR_REGIONS_MAX);
    if (o->score > NPS_IR_EUCLID || o->derivative > 2)
        return nps_fail(err, NPS_E_RANGE, "hit quality %d of derivative %u is unknown", (int)o->score, o->derivative);
    for (size_t i = 0; i < o->mask.n; i++)
        if (o->mask.region[i].from >= o->mask.region[i].to || o->mask.region[i].to > NPS_IR_GRID_N)
            return nps_fail(err, NPS_E_RANGE, "masked region %u to %u is not within the %d grid points",
                            o->mask.region[i].from, o->mask.region[i].to, NPS_IR_GRID_N);
    return NPS_OK;
}

static size_t first_with_core(const search *s, const nps_ir_core *core)
{
    size_t i = 0;
    while (i < s->n && memcmp(&s->plan[i]->core, core, sizeof *core) != 0)
        i++;
    return i;
}

/* Adds the plan of one more query. */
static nps_status add_plan(search *s, const float *query, nps_err *err)
{
    float room[NPS_IR_GRID_N];
    nps_status st = NPS_OK;
    if (s->o->derivative) {
        st = nps_ir_derivative(query, s->o->derivative, s->o->window, room, err);
        query = room;
    }
    if (st == NPS_OK)
        st = nps_ir_plan_new(query, s->o->max_lag, &s->o->mask, &s->plan[s->n], err);
    if (st != NPS_OK)
        return st;
    s->side[s->n] = first_with_core(s, &s->plan[s->n]->core);
    s->n++;
    return NPS_OK;
}

static void drop_plans(search *s)
{
    for (size_t q = 0; q < s->n; q++)
        nps_ir_plan_free(s->plan[q]);
    s->n = 0;
}

static nps_status search_group(search *s, const float *query, nps_topk *top, nps_ir_hit *ret_hits, size_t *ret_n,
                               size_t n, nps_err *err)
{
    nps_status st = NPS_OK;
    for (size_t q = 0; q < n && st == NPS_OK; q++)
        st = add_plan(s, query + q * NPS_IR_GRID_N, err);
    if (st == NPS_OK && is_bounded(s))
        nps_parallel(s->threads, chunks(s), bound_rows, s);
    for (size_t i = 0; st == NPS_OK && !is_bounded(s) && i < n * s->lib->n_ir; i++)
        s->bound[i] = INFINITY;
    for (size_t q = 0; q < n && st == NPS_OK; q++)
        st = finish_query(s, q, top, ret_hits + q * s->k, ret_n + q, err);
    drop_plans(s);
    return st;
}

nps_status nps_search_ir_many(const nps_library *lib, const float *query, size_t n_query, const nps_ir_options *o,
                              const nps_filter *f, size_t k, nps_workspace *w, nps_ir_hit *ret_hits, size_t *ret_n,
                              nps_err *err)
{
    nps_status st = check(o, err);
    size_t group = n_query < GROUP ? n_query : GROUP;
    if (st == NPS_OK && group * lib->n_ir > w->ir_bound_cap) {
        free(w->ir_bound);
        w->ir_bound_cap = 0;
        w->ir_bound = nps_array(group * lib->n_ir, sizeof *w->ir_bound);
        if (!w->ir_bound)
            st = nps_fail_nomem(err);
        else
            w->ir_bound_cap = group * lib->n_ir;
    }
    if (st != NPS_OK)
        return st;
    nps_topk top[NPS_THREADS_MAX + 1] = {0};
    search s = {.lib = lib, .o = o, .level = nps_simd_best(), .threads = w->threads, .k = k, .bound = w->ir_bound};
    for (size_t q = 0; q < n_query && st == NPS_OK; q += GROUP) {
        s.filter = f + q;
        st = search_group(&s, query + q * NPS_IR_GRID_N, top, ret_hits + q * k, ret_n + q,
                          n_query - q < GROUP ? n_query - q : GROUP, err);
    }
    for (size_t i = 0; i <= NPS_THREADS_MAX; i++)
        nps_topk_done(&top[i]);
    return st;
}

nps_status nps_search_ir(const nps_library *lib, const float *query, const nps_ir_options *o, const nps_filter *f,
                         size_t k, nps_workspace *w, nps_err *err)
{
    NPS_AUTO_MEM(nps_ir_hit *) hits = nps_array(k, sizeof *hits);
    size_t n = 0;
    nps_status st = hits ? nps_topk_reset(&w->top, k, err) : nps_fail_nomem(err);
    if (st == NPS_OK)
        st = nps_search_ir_many(lib, query, 1, o, f, k, w, hits, &n, err);
    for (size_t i = 0; i < n && st == NPS_OK; i++)
        nps_topk_add(&w->top, hits[i].score, hits[i].entry);
    if (st == NPS_OK)
        nps_topk_sort(&w->top);
    return st;
}

nps_status nps_ir_compare(const nps_library *lib, const float *query, const nps_ir_options *o, uint32_t entry,
                          nps_ir_hit *ret_hit, nps_err *err)
{
    search s = {.lib = lib, .o = o, .level = nps_simd_best(), .threads = 1};
    const float *y = nps_ir_row(lib, entry);
    NPS_ASSERT(y);
    nps_status st = check(o, err);
    if (st == NPS_OK)
        st = add_plan(&s, query, err);
    if (st == NPS_OK)
        *ret_hit = describe(&s, s.plan[0], (uint32_t)((size_t)(y - lib->ir_y) / NPS_IR_GRID_N));
    drop_plans(&s);
    return st;
}
