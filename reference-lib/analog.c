#include "reference-lib/analog.h"

#include "reference-lib/index.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Voters of each kind. */
enum { VOTERS = 25 };

/* --- what carries the shift ------------------------------------------------------------------------------------------- */

/* Keeps the pairs with the largest shares. */
static void keep_pair(nps_analog *a, nps_analog_pair p)
{
    size_t at = a->n_pair;
    while (at > 0 && p.share > a->pair[at - 1].share)
        at--;
    if (at == NPS_ANALOG_PAIRS)
        return;
    if (a->n_pair < NPS_ANALOG_PAIRS)
        a->n_pair++;
    memmove(&a->pair[at + 1], &a->pair[at], (a->n_pair - 1 - at) * sizeof *a->pair);
    a->pair[at] = p;
}

/* The strongest of the peaks that were added up in a bin, as measured; the bin itself when there is none. */
static double measured_mz(nps_peak_view p, uint32_t bin)
{
    double mz = bin;
    float most = 0;
    for (size_t i = 0; i < p.n; i++)
        if (nps_nominal_bin(p.mz[i]) == bin && p.intensity[i] > most) {
            most = p.intensity[i];
            mz = p.mz[i];
        }
    return mz;
}

/* Whether m/z carry decimals that mean something. */
static bool is_accurate(nps_peak_view p)
{
    size_t n = 0;
    for (size_t i = 0; i < p.n; i++)
        n += !nps_is_unit_mass(p.mz[i]);
    return 2 * n > p.n;
}

void nps_describe_lag(const nps_library *lib, const nps_prepared *q, const nps_weighed_lag *lag, nps_workspace *w,
                      nps_analog *ret_analog)
{
    nps_shift_pair pairs[NPS_NOMINAL_BINS];
    const nps_lag_hit *hit = &lag->hit;
    nps_peak_view query = q->measured, row = nps_library_peak_row(lib, hit->entry);
    bool accurate = is_accurate(query) && is_accurate(row);
    double sum = 0, moment = 0;
    nps_analog a = {.entry = hit->entry, .substance = lib->entry_substance[hit->entry], .score = lag->score,
                    .plain = lag->plain, .mass_agrees = lag->mass_agrees, .delta_mass = hit->lag};
    size_t n = nps_lag_pairs(lib, &q->nominal, hit, w, pairs);
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].q == pairs[i].r) {
            a.direct++;
            continue;
        }
        a.shifted++;
        nps_analog_pair p = {pairs[i].q, pairs[i].r, pairs[i].product / hit->score};
        if (accurate) {
            p.query_mz = measured_mz(query, pairs[i].q);
            p.reference_mz = measured_mz(row, pairs[i].r);
            sum += pairs[i].product;
            moment += pairs[i].product * (p.query_mz - p.reference_mz);
        }
        if (nps_library_entry_is_public(lib, hit->entry))
            keep_pair(&a, p);
    }
    if (sum > 0)
        a.delta_mass = moment / sum;
    nps_formula_changes(a.delta_mass, accurate ? NPS_ACCURATE_FORMULA_TOL : NPS_NOMINAL_FORMULA_TOL,
                        nps_library_formula(lib, hit->entry), a.formula, &a.n_formula);
    *ret_analog = a;
}

/* Whether a query peak has a direct partner, which wins over a shifted one in the hybrid search. */
static bool is_direct(nps_peak_view row, double mz, double tol_mz)
{
    for (size_t k = 0; k < row.n; k++)
        if (fabs(mz - row.mz[k]) <= tol_mz)
            return true;
    return false;
}

/* What a pair adds: by entropy weights, or by the product of square roots of shares, whose squares sum to 1. */
static double added(double x, double y, bool entropy)
{
    return entropy ? 0.5 * (nps_xlog2x(x + y) - nps_xlog2x(x) - nps_xlog2x(y)) : sqrt(x * y);
}

/* The shifted pairs of a precursor's difference, whose score is there. */
static void keep_pairs_at_difference(const nps_library *lib, const nps_prepared *q, double tol_mz, bool entropy, nps_analog *a)
{
    nps_peak_view query = entropy ? nps_prepared_weighted(q) : nps_peaks_view(&q->clean);
    nps_peak_view row = entropy ? nps_library_clean_row(lib, a->entry) : nps_library_share_row(lib, a->entry);
    for (size_t i = 0; i < query.n && nps_library_entry_is_public(lib, a->entry); i++)
        for (size_t k = entropy && is_direct(row, query.mz[i], tol_mz) ? row.n : 0; k < row.n; k++)
            if (fabs(query.mz[i] - row.mz[k] - a->delta_mass) <= tol_mz)
                keep_pair(a, (nps_analog_pair){query.mz[i], row.mz[k],
                                               added((double)query.intensity[i], (double)row.intensity[k], entropy) / a->score});
}

static void explain_accurate_difference(const nps_library *lib, nps_analog *a)
{
    nps_formula_changes(a->delta_mass, NPS_ACCURATE_FORMULA_TOL, nps_library_formula(lib, a->entry), a->formula, &a->n_formula);
}

void nps_describe_precursor(const nps_library *lib, const nps_prepared *q, uint32_t entry, double score, double tol_mz,
                            bool entropy, nps_analog *ret_analog)
{
    nps_peak_view query = nps_prepared_weighted(q), row = nps_library_clean_row(lib, entry);
    nps_analog a = {.entry = entry, .substance = lib->entry_substance[entry], .score = score,
                    .delta_mass = q->precursor - lib->entry_precursor[entry]};
    a.plain = entropy ? nps_hybrid_similarity(query, row, 0, tol_mz, NULL, NULL) : 0;
    nps_hybrid_similarity(query, row, a.delta_mass, tol_mz, &a.direct, &a.shifted);
    keep_pairs_at_difference(lib, q, tol_mz, entropy, &a);
    explain_accurate_difference(lib, &a);
    *ret_analog = a;
}

void nps_describe_shift(const nps_library *lib, const nps_shift_hit *hit, nps_analog *ret_analog)
{
    nps_analog a = {.entry = hit->entry, .substance = lib->entry_substance[hit->entry], .score = hit->score, .plain = hit->plain,
                    .delta_mass = hit->shift, .direct = hit->direct, .shifted = hit->shifted};
    for (size_t i = 0; i < hit->shifted && i < NPS_ANALOG_PAIRS && nps_library_entry_is_public(lib, hit->entry); i++)
        keep_pair(&a, hit->pair[i]);
    explain_accurate_difference(lib, &a);
    *ret_analog = a;
}

/* --- weighing the lags of ei -------------------------------------------------------------------------------------------- */

/* How fast a substance's say falls with its distance to the best, for the mass and for the class. */
static const double steepness = 40;

/* The second weighting: strong peaks count, wherever they are. */
static void set_plain_row(nps_nominal_row *row, nps_peak_view p)
{
    nps_nominal_row_set(row, p.mz, p.intensity, p.n, 0, NPS_COSINE_INTENSITY_POWER, NPS_LAG_LOWEST_BIN);
}

static void weigh(const nps_library *lib, const nps_nominal_row *query, nps_thread_scratch *s, nps_weighed_lag *x)
{
    set_plain_row(&s->row, nps_library_peak_row(lib, x->hit.entry));
    x->score = (x->hit.score + nps_shift_match(query, &s->row, x->hit.lag, &s->walk)) / 2;
    x->plain = (x->hit.plain + nps_nominal_dot(query, &s->row)) / 2;
}

static int by_score(const void *a, const void *b)
{
    const nps_weighed_lag *x = a, *y = b;
    if (x->mass_agrees != y->mass_agrees)
        return x->mass_agrees ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->hit.entry < y->hit.entry ? -1 : x->hit.entry > y->hit.entry;
}

/* Molecular mass that an entry proposes for the query; 0: none. */
static int32_t proposal(const nps_library *lib, const nps_weighed_lag *x)
{
    int32_t own = lib->sub_nominal[lib->entry_substance[x->hit.entry]];
    int32_t mass = own > 0 && own < 2 * NPS_NOMINAL_BINS ? own + x->hit.lag : 0;
    return mass > 0 && mass < NPS_NOMINAL_BINS ? mass : 0;
}

/* What the query's own spectrum says for M as its molecular mass, as a sum of decimal logarithms: a peak there, little above
 * its isotopes, nothing at losses that no molecule has (3 to 13, 21 to 25 Da), and no peak one below, which would make M its
 * isotope. Coefficients: benchmarks/README.md. */
static double ion_evidence(const float *share, const double *above, int32_t m)
{
    const double none = 0.001; /* of the base peak: what counts as no peak */
    double forbidden = 0;
    for (int32_t loss = 3; loss <= 25 && loss <= m; loss++)
        if ((loss <= 13 || loss >= 21) && (double)share[m - loss] > forbidden)
            forbidden = (double)share[m - loss];
    double below = m > 0 ? (double)share[m - 1] : 0, beyond = m + 3 < NPS_NOMINAL_BINS ? above[m + 3] : 0;
    return log10((double)share[m] + none) - 2.5 * log10(beyond + none) - 0.5 * log10(forbidden + none) - log10(below + none);
}

/* Support by mass: each substance once for each mass, with the best of its entries. `x` by falling score. */
static nps_mass_estimate estimate_mass(const nps_library *lib, const nps_peaks *nominal, const nps_weighed_lag *x, size_t n)
{
    double support[NPS_NOMINAL_BINS] = {0}, above[NPS_NOMINAL_BINS + 1] = {0};
    uint32_t voters[NPS_NOMINAL_BINS] = {0};
    float share[NPS_NOMINAL_BINS] = {0}, base = 0;
    nps_mass_estimate best = {0, 0};
    double most = -INFINITY;
    for (size_t i = 0; i < nominal->n; i++)
        base = nominal->intensity[i] > base ? nominal->intensity[i] : base;
    for (size_t i = 0; i < nominal->n; i++)
        share[(size_t)nominal->mz[i]] = nominal->intensity[i] / base;
    for (size_t m = NPS_NOMINAL_BINS; m-- > 0;)
        above[m] = above[m + 1] + (double)share[m];
    for (size_t i = 0; i < n; i++) {
        int32_t m = proposal(lib, &x[i]);
        bool counted = !m;
        for (size_t k = 0; k < i && !counted; k++)
            counted = lib->entry_substance[x[k].hit.entry] == lib->entry_substance[x[i].hit.entry] && proposal(lib, &x[k]) == m;
        if (counted)
            continue;
        support[m] += exp(steepness * (x[i].score - x[0].score));
        voters[m]++;
    }
    for (int32_t m = 1; m < NPS_NOMINAL_BINS; m++) {
        double z = voters[m] ? 2 * log(support[m]) + ion_evidence(share, above, m) : -INFINITY;
        if (z > most) {
            most = z;
            best = (nps_mass_estimate){m, voters[m]};
        }
    }
    return best;
}

nps_status nps_weigh_lags(const nps_library *lib, const nps_prepared *q, const nps_filter *f, size_t k, nps_workspace *w,
                          nps_weighed_lag *ret, size_t *ret_n, nps_mass_estimate *ret_mass, nps_err *err)
{
    size_t most = k > NPS_LAG_HITS ? k : NPS_LAG_HITS, n = 0;
    NPS_AUTO_MEM(nps_lag_hit *) hits = nps_array(most, sizeof *hits);
    NPS_AUTO_MEM(nps_nominal_row *) query = nps_array(1, sizeof *query);
    if (!hits || !query)
        return nps_fail_nomem(err);
    nps_status st = nps_search_lag(lib, &q->nominal, f, most, w, hits, &n, err);
    if (st != NPS_OK)
        return st;
    set_plain_row(query, nps_peaks_view(&q->nominal));
    for (size_t i = 0; i < n; i++) {
        ret[i] = (nps_weighed_lag){.hit = hits[i]};
        weigh(lib, query, w->scratch[0], &ret[i]);
    }
    if (n)
        qsort(ret, n, sizeof *ret, by_score);
    *ret_mass = estimate_mass(lib, &q->nominal, ret, n);
    for (size_t i = 0; i < n; i++)
        ret[i].mass_agrees = ret_mass->mass && proposal(lib, &ret[i]) == ret_mass->mass;
    if (n)
        qsort(ret, n, sizeof *ret, by_score);
    *ret_n = n;
    return NPS_OK;
}

/* --- finding them --------------------------------------------------------------------------------------------------------- */

/* Only the first `described` are for people: the others vote. */
static nps_status analogs_ei(const nps_library *lib, const nps_prepared *q, const nps_filter *f, size_t k, size_t described,
                             nps_workspace *w, nps_verdict *v, nps_err *err)
{
    NPS_AUTO_MEM(nps_weighed_lag *) lags = nps_array(k, sizeof *lags);
    nps_mass_estimate mass = {0, 0};
    size_t n = 0;
    if (!lags)
        return nps_fail_nomem(err);
    nps_status st = nps_weigh_lags(lib, q, f, k, w, lags, &n, &mass, err);
    for (size_t i = 0; st == NPS_OK && i < n; i++) {
        nps_analog *a = &v->analogs[v->n_analogs++];
        if (i < described)
            nps_describe_lag(lib, q, &lags[i], w, a);
        else
            *a = (nps_analog){.entry = lags[i].hit.entry, .substance = lib->entry_substance[lags[i].hit.entry],
                              .score = lags[i].score};
    }
    v->molecular_mass = mass.mass;
    v->mass_support = mass.support;
    return st;
}

static nps_status analogs_by_precursor(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                       const nps_filter *f, size_t k, nps_workspace *w, nps_verdict *v, nps_err *err)
{
    const nps_search_options analog = {.mode = NPS_MODE_ANALOG, .score = NPS_SCORE_ENTROPY, .tol_mz = o->tol_mz, .k = k};
    nps_status st = nps_search(lib, q, &analog, f, w, err);
    for (size_t i = 0; st == NPS_OK && i < w->top.n; i++) {
        uint32_t e = w->top.item[i].index;
        double delta = q->precursor - lib->entry_precursor[e];
        if (fabs(delta) > nps_precursor_tolerance(q, o->tol_precursor_ppm, lib->entry_precursor[e]))
            nps_describe_precursor(lib, q, e, w->top.item[i].score, o->tol_mz, true, &v->analogs[v->n_analogs++]);
    }
    return st;
}

static nps_status analogs_by_shift(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                   const nps_filter *f, size_t k, nps_workspace *w, nps_verdict *v, nps_err *err)
{
    NPS_AUTO_MEM(nps_shift_hit *) hits = nps_array(k, sizeof *hits);
    size_t n;
    if (!hits)
        return nps_fail_nomem(err);
    nps_status st = nps_search_shift(lib, q, o->tol_mz, f, k, w, hits, &n, err);
    for (size_t i = 0; st == NPS_OK && i < n; i++)
        nps_describe_shift(lib, &hits[i], &v->analogs[v->n_analogs++]);
    return st;
}

nps_status nps_find_analogs(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_filter *f,
                            nps_workspace *w, nps_verdict *v, nps_err *err)
{
    size_t least = q->technique == NPS_TECH_EI ? NPS_LAG_HITS : VOTERS;
    size_t k = o->top > least ? o->top : least;
    v->analogs = nps_array(k, sizeof *v->analogs);
    if (!v->analogs)
        return nps_fail_nomem(err);
    if (q->technique == NPS_TECH_EI)
        return analogs_ei(lib, q, f, k, o->top, w, v, err);
    if (q->technique == NPS_TECH_MSMS && q->precursor > 0)
        return analogs_by_precursor(lib, q, o, f, k, w, v, err);
    if (nps_technique_is_fragment(q->technique))
        return analogs_by_shift(lib, q, o, f, k, w, v, err);
    return NPS_OK;
}

/* --- classes ------------------------------------------------------------------------------------------------------------------ */

static int likeliest_class_first(const void *a, const void *b)
{
    const nps_class *x = a, *y = b;
    if (x->p != y->p)
        return x->p > y->p ? -1 : 1;
    return x->class_name < y->class_name ? -1 : x->class_name > y->class_name;
}

/* One substance with its score. */
typedef struct {
    uint32_t substance;
    double score;
} voter;

static int best_voter_first(const void *a, const void *b)
{
    const voter *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->substance < y->substance ? -1 : x->substance > y->substance;
}

/* Adds the substance or raises its score. */
static void enroll(voter *voters, size_t *n, uint32_t substance, double score)
{
    size_t i = 0;
    while (i < *n && voters[i].substance != substance)
        i++;
    if (i == *n)
        voters[(*n)++] = (voter){substance, score};
    else if (score > voters[i].score)
        voters[i].score = score;
}

/* Direct hits on the scale of the analogues' scores. */
static nps_status enroll_direct_ei(const nps_library *lib, const nps_prepared *q, const nps_candidate *c, size_t n_c,
                                   voter *voters, size_t *n, nps_err *err)
{
    NPS_AUTO_MEM(nps_nominal_row *) rows = nps_array(4, sizeof *rows);
    if (!rows)
        return nps_fail_nomem(err);
    nps_peak_view query = nps_peaks_view(&q->nominal);
    nps_lag_row_set(&rows[0], query);
    set_plain_row(&rows[1], query);
    for (size_t i = 0; i < n_c && i < VOTERS; i++) {
        nps_peak_view row = nps_library_peak_row(lib, c[i].entry);
        nps_lag_row_set(&rows[2], row);
        set_plain_row(&rows[3], row);
        enroll(voters, n, c[i].substance, (nps_nominal_dot(&rows[0], &rows[2]) + nps_nominal_dot(&rows[1], &rows[3])) / 2);
    }
    return NPS_OK;
}

static double vote_weight(nps_technique t, double score, double best)
{
    const double power = 8; /* of scores whose scale differs from kind to kind */
    return t == NPS_TECH_EI ? exp(steepness * (score - best)) : pow(score, power);
}

static void vote(const nps_library *lib, nps_verdict *v, uint32_t substance, double weight, double *none)
{
    uint32_t name = lib->sub_class[substance];
    if (!name) {
        *none += weight;
        return;
    }
    size_t i = 0;
    while (i < v->n_classes && v->classes[i].class_name != name)
        i++;
    if (i == v->n_classes)
        v->classes[v->n_classes++] = (nps_class){name, 0};
    v->classes[i].p += weight;
}

/* Shares of the votes as probabilities: the first class wins more often than its share says. The others, with what voted for
 * none, keep their proportions. */
static void calibrate(nps_verdict *v, double none)
{
    if (!v->n_classes)
        return;
    double p = 1 / (1 + exp(1 - 5 * v->classes[0].p)), rest = none;
    for (size_t i = 1; i < v->n_classes; i++)
        rest += v->classes[i].p;
    for (size_t i = 1; i < v->n_classes && rest > 0; i++)
        v->classes[i].p *= (1 - p) / rest;
    v->classes[0].p = p;
}

nps_status nps_vote_classes(const nps_library *lib, const nps_prepared *q, const nps_candidate *c, size_t n_c, nps_verdict *v,
                            nps_err *err)
{
    bool ei = q->technique == NPS_TECH_EI;
    size_t n = 0;
    NPS_AUTO_MEM(voter *) voters = nps_array(v->n_analogs + VOTERS, sizeof *voters);
    v->classes = nps_array(VOTERS, sizeof *v->classes);
    if (!voters || !v->classes)
        return nps_fail_nomem(err);
    for (size_t i = 0; i < v->n_analogs; i++)
        enroll(voters, &n, v->analogs[i].substance, v->analogs[i].score);
    if (ei) {
        nps_status st = enroll_direct_ei(lib, q, c, n_c, voters, &n, err);
        if (st != NPS_OK)
            return st;
    }
    for (size_t i = 0; i < n_c && i < VOTERS && !ei; i++)
        enroll(voters, &n, c[i].substance, c[i].score);
    if (n)
        qsort(voters, n, sizeof *voters, best_voter_first);
    double none = 0, total = 0;
    for (size_t i = 0; i < n && i < VOTERS; i++)
        vote(lib, v, voters[i].substance, vote_weight(q->technique, voters[i].score, voters[0].score), &none);
    for (size_t i = 0; i < v->n_classes; i++)
        total += v->classes[i].p;
    total += none;
    for (size_t i = 0; i < v->n_classes; i++)
        v->classes[i].p /= total;
    if (v->n_classes)
        qsort(v->classes, v->n_classes, sizeof *v->classes, likeliest_class_first);
    if (ei)
        calibrate(v, none / total);
    return NPS_OK;
}
