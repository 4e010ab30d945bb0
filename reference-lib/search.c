#include "reference-lib/search.h"

#include "core/mem.h"
#include "reference-lib/index.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool nps_filter_passes(const nps_library *lib, const nps_filter *f, uint32_t e)
{
    if (e == f->self)
        return false;
    if (f->polarity && lib->entry_polarity[e] && lib->entry_polarity[e] != f->polarity)
        return false;
    return lib->entry_substance[e] != f->substance ||
           (f->contributor != UINT32_MAX && lib->entry_contributor[e] != f->contributor);
}

const char *nps_score_name(nps_score s)
{
    static const char *const names[] = {"weighted-cosine", "cosine", "entropy", "composite"};
    return names[s];
}

bool nps_is_unit_mass(double mz)
{
    return fabs(mz * 10 - round(mz * 10)) < 1e-5;
}

bool nps_is_unit_resolution(nps_peak_view p)
{
    for (size_t i = 0; i < p.n; i++)
        if (!nps_is_unit_mass(p.mz[i]))
            return false;
    return true;
}

bool nps_is_coarse_pair(const nps_prepared *q, double other_precursor, nps_peak_view a, nps_peak_view b)
{
    return q->precursor > 0 && fabs(other_precursor - q->precursor) <= NPS_UNIT_TOL &&
           (nps_is_unit_resolution(a) || nps_is_unit_resolution(b));
}

nps_status nps_check_tol_mz(double tol_mz, nps_err *err)
{
    if (tol_mz > 0 && tol_mz <= NPS_TOL_MZ_MAX)
        return NPS_OK;
    return nps_fail(err, NPS_E_RANGE, "m/z tolerance %g Da is outside (0, %g]", tol_mz, NPS_TOL_MZ_MAX);
}

double nps_precursor_tolerance(const nps_prepared *q, double ppm, double other)
{
    return nps_is_unit_mass(q->precursor) || nps_is_unit_mass(other) ? NPS_UNIT_TOL : q->precursor * ppm * 1e-6;
}

/* --- the plan of a query ---------------------------------------------------------------------------------------------- */

/* Postings with keys low .. high gain by one table. */
typedef struct {
    uint32_t low, high;
    bool by_loss;
    size_t table;
} term;

typedef struct {
    const nps_prepared *q;
    bool all; /* compare with every entry, without bounds */
    term *terms;
    nps_gain_table *tables;
    nps_gain_table *common; /* ei, reverse cosines: what a match adds to the query's own squares, rounded down */
    size_t n_term, n_table;
    nps_nominal_row *row; /* ei cosines */
    float *weight;        /* ei entropy: [q->nominal.n]; msms cosines: [q->clean.n] unit norm */
    bool unit;            /* msms in a window: the query is of unit resolution */
} plan;

static void plan_done(plan *p)
{
    free(p->terms);
    free(p->tables);
    free(p->common);
    free(p->row);
    free(p->weight);
}

static bool is_ei(const nps_prepared *q)
{
    return q->technique == NPS_TECH_EI;
}

static double mz_power(nps_score s)
{
    return s == NPS_SCORE_WEIGHTED_COSINE ? NPS_WEIGHTED_MZ_POWER : 0;
}

static void gain_of(const nps_codes *k, nps_score s, double weight, nps_gain_table *ret_table)
{
    if (s == NPS_SCORE_ENTROPY)
        nps_gain_entropy(k, weight, ret_table);
    else
        nps_gain_product(k, weight, ret_table);
}

/* The reverse cosine is the dot product over the root of the query's squares where the entry has peaks too. These squares, in
 * units of 1 / COMMON_ONE and rounded down, with the dot product rounded up, bound it. */
#define COMMON_ONE 32768.0

static nps_status plan_common(plan *p, nps_err *err)
{
    p->common = nps_array(p->row->n, sizeof *p->common);
    if (!p->common)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < p->row->n; i++) {
        double q = nps_bin_weight(p->row, p->row->bin[i]);
        for (size_t code = 0; code < NPS_CODES; code++)
            p->common[i].unit[code] = (uint16_t)(q * q * (1 - 1e-9) * COMMON_ONE);
    }
    return NPS_OK;
}

static nps_status plan_ei(const nps_search_options *o, const nps_codes *k, plan *p, nps_err *err)
{
    const nps_peaks *q = &p->q->nominal;
    p->row = nps_array(1, sizeof *p->row);
    p->weight = nps_array(q->n, sizeof *p->weight);
    p->terms = nps_array(q->n, sizeof *p->terms);
    p->tables = nps_array(q->n, sizeof *p->tables);
    if (!p->row || !p->weight || !p->terms || !p->tables)
        return nps_fail_nomem(err);
    nps_nominal_row_set(p->row, q->mz, q->intensity, q->n, mz_power(o->score), NPS_COSINE_INTENSITY_POWER, 1);
    nps_entropy_weight(q->intensity, q->n, p->weight);
    /* The row holds the same bins in the same order as the list. */
    for (size_t i = 0; i < p->row->n; i++) {
        double weight = o->score == NPS_SCORE_ENTROPY ? (double)p->weight[i] : nps_bin_weight(p->row, p->row->bin[i]);
        gain_of(k, o->score, weight, &p->tables[i]);
        p->terms[p->n_term++] = (term){p->row->bin[i], p->row->bin[i], false, i};
    }
    bool cosine = o->score == NPS_SCORE_WEIGHTED_COSINE || o->score == NPS_SCORE_COSINE;
    return o->reverse && cosine ? plan_common(p, err) : NPS_OK;
}

/* Keys are cut to millionths: one more at each side holds every pair that the exact comparison takes. */
static term term_around(double centre, double offset, double tol, bool by_loss, size_t table)
{
    uint32_t low = nps_mz_key(centre - tol, offset), high = nps_mz_key(centre + tol, offset);
    return (term){low ? low - 1 : 0, high < UINT32_MAX ? high + 1 : high, by_loss, table};
}

static nps_status plan_msms(const nps_search_options *o, const nps_codes *k, plan *p, nps_err *err)
{
    const nps_peaks *q = &p->q->clean;
    p->terms = nps_array(2 * q->n, sizeof *p->terms);
    p->tables = nps_array(q->n, sizeof *p->tables);
    p->weight = nps_array(q->n, sizeof *p->weight);
    if (!p->terms || !p->tables || !p->weight)
        return nps_fail_nomem(err);
    double squares = 0;
    for (size_t i = 0; i < q->n; i++)
        squares += (mz_power(o->score) > 0 ? q->mz[i] * q->mz[i] : 1) * (double)q->intensity[i];
    for (size_t i = 0; i < q->n; i++) {
        double m = mz_power(o->score) > 0 ? q->mz[i] : 1;
        double cosine = m * sqrt((double)q->intensity[i] / squares);
        p->weight[i] = (float)cosine;
        gain_of(k, o->score, o->score == NPS_SCORE_ENTROPY ? (double)p->q->weight[i] : cosine, &p->tables[i]);
        if (o->mode != NPS_MODE_LOSS)
            p->terms[p->n_term++] = term_around(q->mz[i], 0, o->tol_mz, false, i);
        if (o->mode != NPS_MODE_OPEN)
            p->terms[p->n_term++] = term_around(p->q->precursor - q->mz[i], NPS_LOSS_OFFSET, o->tol_mz, true, i);
    }
    return NPS_OK;
}

static nps_status check(const nps_prepared *q, const nps_search_options *o, nps_err *err)
{
    if (!nps_technique_is_mass(q->technique))
        return nps_fail(err, NPS_E_UNSUPPORTED, "%s spectra have no peaks to search by", nps_technique_name(q->technique));
    if (is_ei(q) && o->mode != NPS_MODE_OPEN)
        return nps_fail(err, NPS_E_UNSUPPORTED, "ei spectra have no precursor to search by");
    if (!is_ei(q) && o->score == NPS_SCORE_COMPOSITE)
        return nps_fail(err, NPS_E_UNSUPPORTED, "the composite score is for ei spectra");
    if (o->reverse && (o->mode == NPS_MODE_ANALOG || o->mode == NPS_MODE_LOSS))
        return nps_fail(err, NPS_E_UNSUPPORTED, "a reverse search goes with direct matches only");
    if (o->mode != NPS_MODE_OPEN && !(q->precursor > 0))
        return nps_fail(err, NPS_E_RANGE, "this search needs a precursor m/z and the file gives none");
    return is_ei(q) ? NPS_OK : nps_check_tol_mz(o->tol_mz, err);
}

/* Whether the sums of the bound cannot overflow (posting.h): not too many terms, and none among the clamped keys, where any
 * peaks meet. */
static bool sums_fit(const plan *p)
{
    for (size_t i = 0; i < p->n_term && !is_ei(p->q); i++)
        if (p->terms[i].low == 0 || p->terms[i].high == UINT32_MAX)
            return false;
    return p->n_term <= NPS_TERMS_MAX;
}

static nps_status make_plan(const nps_search_options *o, const nps_codes *k, plan *p, nps_err *err)
{
    nps_status st = check(p->q, o, err);
    if (st != NPS_OK)
        return st;
    st = is_ei(p->q) ? plan_ei(o, k, p, err) : o->mode == NPS_MODE_WINDOW ? NPS_OK : plan_msms(o, k, p, err);
    p->all = (o->reverse && !p->common) || o->score == NPS_SCORE_COMPOSITE || !sums_fit(p);
    p->unit = nps_is_unit_resolution(nps_peaks_view(&p->q->clean));
    return st;
}

/* --- comparing in full -------------------------------------------------------------------------------------------------- */

/* Entropy gain of matching x with y. */
static double gain(float x, float y)
{
    double a = (double)x, b = (double)y;
    return 0.5 * (nps_xlog2x(a + b) - nps_xlog2x(a) - nps_xlog2x(b));
}

double nps_hybrid_similarity(nps_peak_view q, nps_peak_view r, double shift, double tol_mz, uint32_t *opt_direct,
                             uint32_t *opt_shifted)
{
    double sum = 0;
    uint32_t direct = 0, shifted = 0;
    size_t j = 0, k = 0;
    bool with_shift = shift > tol_mz || shift < -tol_mz;
    for (size_t i = 0; i < q.n; i++) {
        while (j < r.n && r.mz[j] < q.mz[i] - tol_mz)
            j++;
        while (k < r.n && r.mz[k] + shift < q.mz[i] - tol_mz)
            k++;
        if (j < r.n && r.mz[j] <= q.mz[i] + tol_mz) {
            sum += gain(q.intensity[i], r.intensity[j]);
            direct++;
        } else if (with_shift && k < r.n && r.mz[k] + shift <= q.mz[i] + tol_mz) {
            sum += gain(q.intensity[i], r.intensity[k]);
            shifted++;
        }
    }
    if (opt_direct)
        *opt_direct = direct;
    if (opt_shifted)
        *opt_shifted = shifted;
    return sum > 1 ? 1 : sum < 0 ? 0 : sum;
}

typedef struct {
    const nps_library *lib;
    const nps_search_options *o;
    const nps_filter *f;
    const plan *plan;
    nps_thread_scratch *s;
} comparison;

/* The query's peaks that pair with one of `r` within `tol`, in the scratch. */
static nps_peak_view common_part(nps_thread_scratch *s, nps_peak_view q, nps_peak_view r, double tol)
{
    size_t n = 0;
    s->st = nps_scratch_fit(s, q.n, &s->err);
    for (size_t i = 0, j = 0; i < q.n && s->st == NPS_OK; i++) {
        while (j < r.n && r.mz[j] < q.mz[i] - tol)
            j++;
        if (j == r.n || r.mz[j] > q.mz[i] + tol)
            continue;
        s->mz[n] = q.mz[i];
        s->intensity[n++] = q.intensity[i];
    }
    return (nps_peak_view){s->mz, s->intensity, n};
}

/* Entropy weights of the common part are shares of it again. */
static nps_peak_view common_shares(nps_thread_scratch *s, nps_peak_view q, nps_peak_view r, double tol)
{
    nps_peak_view part = common_part(s, q, r, tol);
    double sum = 0;
    for (size_t i = 0; i < part.n; i++)
        sum += (double)part.intensity[i];
    for (size_t i = 0; i < part.n; i++)
        s->intensity[i] = (float)((double)part.intensity[i] / sum);
    return part;
}

static nps_peak_view moved(nps_thread_scratch *s, nps_peak_view r, double shift)
{
    s->st = nps_scratch_fit(s, r.n, &s->err);
    if (s->st != NPS_OK)
        return (nps_peak_view){NULL, NULL, 0};
    for (size_t i = 0; i < r.n; i++)
        s->mz[i] = r.mz[i] + shift;
    return (nps_peak_view){s->mz, r.intensity, r.n};
}

static double compare_ei(const comparison *c, uint32_t e)
{
    nps_peak_view raw = nps_library_peak_row(c->lib, e), q = nps_peaks_view(&c->plan->q->nominal);
    nps_nominal_row *row = &c->s->row;
    if (c->o->score == NPS_SCORE_WEIGHTED_COSINE || c->o->score == NPS_SCORE_COSINE) {
        const nps_nominal_row *query = c->plan->row;
        nps_nominal_row_set(row, raw.mz, raw.intensity, raw.n, mz_power(c->o->score), NPS_COSINE_INTENSITY_POWER, 1);
        double dot = nps_nominal_dot(query, row);
        if (!c->o->reverse || !(dot > 0))
            return dot;
        double common = 0;
        for (size_t i = 0; i < query->n; i++)
            if (nps_bin_weight(row, query->bin[i]) > 0)
                common += nps_bin_weight(query, query->bin[i]) * nps_bin_weight(query, query->bin[i]);
        return dot / sqrt(common);
    }
    nps_peaks nominal;
    c->s->st = nps_clean_nominal(raw, &nominal, &c->s->err);
    if (c->s->st != NPS_OK)
        return -1;
    double score;
    if (c->o->score == NPS_SCORE_COMPOSITE) {
        nps_nominal_similarity s =
            nps_nominal_compare(q, nps_peaks_view(&nominal), NPS_WEIGHTED_MZ_POWER, NPS_COSINE_INTENSITY_POWER);
        score = c->o->reverse ? s.reverse : s.composite;
    } else {
        const double same_bin = 0.1;
        nps_entropy_weight(nominal.intensity, nominal.n, nominal.intensity);
        nps_peak_view weighted = {q.mz, c->plan->weight, q.n}, r = nps_peaks_view(&nominal);
        score = nps_entropy_similarity(c->o->reverse ? common_shares(c->s, weighted, r, same_bin) : weighted, r, same_bin, NULL);
    }
    nps_peaks_done(&nominal);
    return score;
}

static double compare_cosine(const comparison *c, uint32_t e, double shift, double tol)
{
    nps_peak_view r = nps_library_share_row(c->lib, e), q = nps_peaks_view(&c->plan->q->clean);
    nps_cosine_options o = {.tol_mz = tol, .mz_power = mz_power(c->o->score), .intensity_power = NPS_COSINE_INTENSITY_POWER};
    double score = 0;
    uint32_t matched;
    if (c->o->mode == NPS_MODE_LOSS) {
        /* Weights come from the masses as measured, so they are made before the row is moved. */
        nps_peak_view at_own_mass = r;
        r = moved(c->s, r, shift);
        for (size_t i = 0; i < r.n; i++)
            c->s->intensity[i] = (float)((o.mz_power > 0 ? at_own_mass.mz[i] : 1) * sqrt((double)at_own_mass.intensity[i]));
        r.intensity = c->s->intensity;
        q.intensity = c->plan->weight;
        o.mz_power = 0;
        o.intensity_power = 1;
    } else {
        o.shift = shift;
    }
    if (c->o->reverse)
        q = common_part(c->s, q, r, tol);
    if (c->s->st == NPS_OK)
        c->s->st = nps_cosine_greedy(q, r, &o, &c->s->pairs, &score, &matched, &c->s->err);
    return score;
}

static double compare_entropy(const comparison *c, uint32_t e, double shift, double tol)
{
    nps_peak_view q = nps_prepared_weighted(c->plan->q), r = nps_library_clean_row(c->lib, e);
    if (c->o->mode == NPS_MODE_ANALOG)
        return nps_hybrid_similarity(q, r, shift, tol, NULL, NULL);
    if (c->o->mode == NPS_MODE_LOSS)
        r = moved(c->s, r, shift);
    if (c->o->reverse)
        q = common_shares(c->s, q, r, tol);
    return nps_entropy_similarity(q, r, tol, NULL);
}

static double compare_msms(const comparison *c, uint32_t e)
{
    double tol = c->o->tol_mz;
    if (c->o->mode == NPS_MODE_WINDOW && (c->plan->unit || nps_is_unit_resolution(nps_library_clean_row(c->lib, e))))
        tol = NPS_UNIT_TOL;
    bool shifts = c->o->mode == NPS_MODE_ANALOG || c->o->mode == NPS_MODE_LOSS;
    double other = c->lib->entry_precursor[e];
    if (shifts && !(other > 0))
        return -1;
    double shift = shifts ? c->plan->q->precursor - other : 0;
    return c->o->score == NPS_SCORE_ENTROPY ? compare_entropy(c, e, shift, tol) : compare_cosine(c, e, shift, tol);
}

/* nps_row_score */
static double compare(void *arg, uint32_t e)
{
    const comparison *c = arg;
    if (c->s->st != NPS_OK || !nps_filter_passes(c->lib, c->f, e))
        return -1;
    double score = is_ei(c->plan->q) ? compare_ei(c, e) : compare_msms(c, e);
    return c->s->st != NPS_OK ? -1 : score > 1 ? 1 : score;
}

/* --- walking the library ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const nps_library *lib;
    const nps_search_options *o;
    const nps_filter *f;
    const plan *plans;
    size_t n;
    nps_workspace *w;
    nps_simd level;
} job;

static const uint8_t *codes_of(const nps_posting_codes *p, nps_score s)
{
    return s == NPS_SCORE_ENTROPY ? p->entropy : s == NPS_SCORE_COSINE ? p->cosine : p->weighted;
}

static void add_term(const job *j, const plan *p, const term *t, size_t shard, const nps_gain_table *tables, uint16_t *sum)
{
    const nps_library *lib = j->lib;
    const nps_posting_codes *postings = is_ei(p->q) ? &lib->ei : t->by_loss ? &lib->loss : &lib->fragment;
    uint64_t from, to;
    if (is_ei(p->q)) {
        from = lib->ei_cell_at[shard * NPS_NOMINAL_BINS + t->low];
        to = lib->ei_cell_at[shard * NPS_NOMINAL_BINS + t->low + 1];
    } else {
        const uint32_t *key = t->by_loss ? lib->loss_key : lib->fragment_key;
        const uint64_t *at = t->by_loss ? lib->loss_at : lib->fragment_at;
        from = nps_key_find(key, at[shard], at[shard + 1], t->low);
        to = t->high == UINT32_MAX ? at[shard + 1] : nps_key_find(key, from, at[shard + 1], t->high + 1);
    }
    nps_postings_add(postings->row, codes_of(postings, j->o->score), from, to, &tables[t->table], sum);
}

static void compare_all(comparison *c, uint64_t first, uint64_t end, nps_topk *top)
{
    for (uint64_t e = first; e < end; e++) {
        nps_technique t = (nps_technique)c->lib->entry_technique[e];
        if (nps_technique_is_mass(t) && (t == NPS_TECH_EI) == is_ei(c->plan->q)) {
            double score = compare(c, (uint32_t)e);
            if (score > 0)
                nps_topk_add(top, score, (uint32_t)e);
        }
    }
}

/* Turns the sums of dot products of n rows into sums that bound reverse cosines, and the common squares into zeros. */
static void bound_reverse(uint16_t *sum, uint16_t *common, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!sum[i])
            continue;
        double most = NPS_BOUND_ONE + 1, bound = common[i] ? ceil(sum[i] / sqrt(common[i] / COMMON_ONE) * (1 + 1e-9)) : most;
        sum[i] = (uint16_t)(bound < most ? bound : most);
        common[i] = 0;
    }
}

/* One query in one shard; queries of a batch take turns within a shard, so that its postings stay in the cache. */
static void search_part(void *arg, unsigned thread, size_t item)
{
    job *j = arg;
    size_t shard = item / j->n, query = item % j->n;
    nps_thread_scratch *s = j->w->scratch[thread];
    const plan *p = &j->plans[query];
    comparison c = {j->lib, j->o, j->f, p, s};
    uint64_t first = (uint64_t)shard * NPS_SHARD_ROWS, end = first + NPS_SHARD_ROWS;
    if (end > j->lib->n_entry)
        end = j->lib->n_entry;
    if (p->all) {
        compare_all(&c, first, end, &s->top[query]);
        return;
    }
    for (size_t i = 0; i < p->n_term; i++)
        add_term(j, p, &p->terms[i], shard, p->tables, s->sum);
    for (size_t i = 0; p->common && i < p->n_term; i++)
        add_term(j, p, &p->terms[i], shard, p->common, s->common);
    if (p->common)
        bound_reverse(s->sum, s->common, end - first);
    s->scored += nps_postings_harvest(s->sum, end - first, (uint32_t)first, compare, &c, j->level, &s->top[query]);
}

static uint64_t first_at_least(const double *ascending, uint64_t n, double v)
{
    uint64_t low = 0;
    while (low < n) {
        uint64_t mid = low + (n - low) / 2;
        if (ascending[mid] < v)
            low = mid + 1;
        else
            n = mid;
    }
    return low;
}

/* Entries whose precursor lies in the window of the query. */
static void find_window(const nps_library *lib, double centre, double tol, uint64_t *ret_from, uint64_t *ret_to)
{
    uint64_t to = *ret_from = first_at_least(lib->precursor_mz, lib->n_precursor, centre - tol);
    while (to < lib->n_precursor && lib->precursor_mz[to] <= centre + tol)
        to++;
    *ret_to = to;
}

static void search_window(const job *j, size_t query)
{
    const nps_library *lib = j->lib;
    nps_thread_scratch *s = j->w->scratch[0];
    comparison c = {lib, j->o, j->f, &j->plans[query], s};
    uint64_t p, to;
    for (find_window(lib, c.plan->q->precursor, j->o->tol_precursor, &p, &to); p < to; p++) {
        double score = compare(&c, lib->precursor_entry[p]);
        if (score >= 0)
            nps_topk_add(&s->top[query], score, lib->precursor_entry[p]);
    }
}

/* Hits that there can be: callers who want a whole window ask for as many as the library has entries. */
static size_t most_hits(const nps_library *lib, const nps_prepared *q, size_t n, const nps_search_options *o)
{
    uint64_t most = 0;
    if (o->mode != NPS_MODE_WINDOW)
        return o->k;
    for (size_t i = 0; i < n; i++) {
        uint64_t from, to;
        find_window(lib, q[i].precursor, o->tol_precursor, &from, &to);
        most = to - from > most ? to - from : most;
    }
    return most < o->k ? most : o->k;
}

/* Threads worth starting: beginning one takes as long as a shard of MS/MS postings. */
static unsigned helpers(const job *j)
{
    enum { MSMS_PARTS = 16 };
    bool worth = is_ei(j->plans[0].q) || j->plans[0].all || j->lib->n_shard * j->n >= MSMS_PARTS;
    return worth ? j->w->threads : 1;
}

static nps_status run(job *j, nps_topk *ret_top, nps_err *err)
{
    nps_workspace *w = j->w;
    w->scored = 0;
    if (j->o->mode == NPS_MODE_WINDOW)
        for (size_t i = 0; i < j->n; i++)
            search_window(j, i);
    else
        nps_parallel(helpers(j), j->lib->n_shard * j->n, search_part, j);
    nps_status st = nps_workspace_status(w, err);
    if (st != NPS_OK)
        return st;
    for (unsigned t = 0; t < w->threads; t++) {
        nps_thread_scratch *s = w->scratch[t];
        w->scored += s->scored;
        for (size_t i = 0; i < j->n; i++)
            for (size_t h = 0; h < s->top[i].n; h++)
                nps_topk_add(&ret_top[i], s->top[i].item[h].score, s->top[i].item[h].index);
    }
    for (size_t i = 0; i < j->n; i++)
        nps_topk_sort(&ret_top[i]);
    return NPS_OK;
}

nps_status nps_search_batch(const nps_library *lib, const nps_prepared *q, size_t n, const nps_search_options *o,
                            const nps_filter *f, nps_workspace *w, nps_topk *ret_top, nps_err *err)
{
    if (!n)
        return NPS_OK;
    plan *plans = nps_array(n, sizeof *plans);
    job j = {lib, o, f, plans, n, w, nps_simd_best()};
    size_t k = most_hits(lib, q, n, o);
    nps_status st = plans ? nps_workspace_ready(w, n, k, err) : nps_fail_nomem(err);
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        plans[i].q = &q[i];
        st = nps_topk_reset(&ret_top[i], k, err);
        if (st == NPS_OK)
            st = make_plan(o, &w->codes, &plans[i], err);
    }
    if (st == NPS_OK)
        st = run(&j, ret_top, err);
    for (size_t i = 0; plans && i < n; i++)
        plan_done(&plans[i]);
    free(plans);
    return st;
}

nps_status nps_search(const nps_library *lib, const nps_prepared *q, const nps_search_options *o, const nps_filter *f,
                      nps_workspace *w, nps_err *err)
{
    return nps_search_batch(lib, q, 1, o, f, w, &w->top, err);
}
