#include "reference-lib/candidates.h"
#include "reference-lib/workspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Preselection of MS/MS entries (msms_nearness). Constants of the ruleset: benchmarks/README.md. */
static const double other_precursor = 0.10, precursor_base = 0.15, near_precursor = 0.85, precursor_decay = 4;
/* Entries that are near enough to be looked at: the nearest, of few substances and few of each. A set can hold no more. */
enum { CANDIDATE_ENTRIES = 512, LOOKED_AT_SUBSTANCES = 128, LOOKED_AT_EACH = 8 };

/* How near an MS/MS entry is before its evidence is looked at: its similarity where the precursors agree, raised so that agreement
 * alone stands above any similarity without it; less with every further part of the tolerance; a small rest for another adduct, a
 * fragment of the source or a wrong header. */
static double msms_nearness(const nps_prepared *q, const nps_match_options *o, double other, double similarity)
{
    double tolerance = nps_precursor_tolerance(q, o->tol_precursor_ppm, other), away = fabs(other - q->precursor);
    double agreement = away <= tolerance ? 1 : near_precursor * exp(-(away - tolerance) / (precursor_decay * tolerance));
    return other_precursor * similarity + agreement * (precursor_base + (1 - precursor_base - other_precursor) * similarity);
}

/* Open search for all, and every entry within a unit mass of the precursor, similar or not. */
static nps_status find_msms(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                            const nps_filter *f, size_t k, nps_workspace *w, nps_err *err)
{
    const nps_search_options open = {.mode = NPS_MODE_OPEN, .score = NPS_SCORE_ENTROPY, .tol_mz = o->tol_mz, .k = k};
    const nps_search_options window = {.mode = NPS_MODE_WINDOW, .score = NPS_SCORE_ENTROPY, .tol_mz = o->tol_mz,
                                       .tol_precursor = NPS_UNIT_TOL, .k = lib->n_precursor};
    if (!(q->precursor > 0))
        return nps_search(lib, q, &open, f, w, err);
    nps_topk all = {0};
    nps_status st = nps_topk_init(&all, k, err);
    if (st == NPS_OK)
        st = nps_search(lib, q, &open, f, w, err);
    for (int pass = 0; pass < 2 && st == NPS_OK; pass++) {
        for (size_t i = 0; i < w->top.n; i++) {
            uint32_t e = w->top.item[i].index;
            double other = lib->entry_precursor[e];
            if ((fabs(other - q->precursor) <= NPS_UNIT_TOL) == (pass == 1))
                nps_topk_add(&all, msms_nearness(q, o, other, w->top.item[i].score), e);
        }
        if (pass == 0)
            st = nps_search(lib, q, &window, f, w, err);
    }
    if (st == NPS_OK) {
        nps_topk_sort(&all);
        nps_topk swap = w->top;
        w->top = all;
        all = swap;
    }
    nps_topk_done(&all);
    return st;
}

/* Both orders of entries that were looked at; where evidence is the same the nearer one comes first. */
static int best_first(const void *a, const void *b)
{
    const nps_candidate *x = a, *y = b;
    if (x->evidence != y->evidence)
        return x->evidence > y->evidence ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

const double *nps_candidate_features(const nps_workspace *w, const nps_candidate *c)
{
    return w->feature + (size_t)c->measured * NPS_FEATURE_MAX;
}

static nps_status measure(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_candidate *c,
                          nps_workspace *w, double ret[NPS_FEATURE_MAX], nps_err *err)
{
    nps_pair pair = {.correlation = c->score};
    nps_status st = NPS_OK;
    if (nps_technique_is_mass(q->technique))
        st = nps_pair_measure(lib, q, c->entry, o->tol_mz, o->tol_precursor_ppm, &w->agreement, &pair, err);
    if (st == NPS_OK)
        nps_evidence_measure(q->technique, &pair, ret);
    return st;
}

typedef struct {
    uint32_t substance, entries;
} looked_at;

/* Whether one more entry of the substance is to be looked at. */
static bool take_turn(looked_at *seen, size_t *n, uint32_t substance)
{
    size_t i = 0;
    while (i < *n && seen[i].substance != substance)
        i++;
    if (i == LOOKED_AT_SUBSTANCES)
        return false;
    if (i == *n)
        seen[(*n)++] = (looked_at){substance, 0};
    return seen[i].entries++ < LOOKED_AT_EACH;
}

/* Evidence of the nearest entries (w->top) into w->seen, best first. */
static nps_status look_at(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, nps_workspace *w, nps_err *err)
{
    const nps_evidence_model *model = nps_match_model(q->technique, o);
    looked_at turns[LOOKED_AT_SUBSTANCES];
    size_t n_turns = 0;
    w->n_seen = 0;
    nps_status st = nps_grow(&w->seen, &w->seen_cap, w->top.n + 1, sizeof *w->seen, SIZE_MAX / 256, err);
    if (st == NPS_OK)
        st = nps_grow(&w->feature, &w->feature_cap, w->top.n + 1, NPS_FEATURE_MAX * sizeof *w->feature, SIZE_MAX / 256, err);
    for (size_t i = 0; i < w->top.n && st == NPS_OK; i++) {
        uint32_t e = w->top.item[i].index;
        nps_candidate c = {.entry = e, .substance = lib->entry_substance[e], .score = w->top.item[i].score, .measured = (uint32_t)w->n_seen};
        double *feature = w->feature + w->n_seen * NPS_FEATURE_MAX;
        if (!take_turn(turns, &n_turns, c.substance))
            continue;
        st = measure(lib, q, o, &c, w, feature, err);
        if (st != NPS_OK)
            break;
        c.evidence = nps_evidence_sum(model, feature);
        w->seen[w->n_seen++] = c;
    }
    if (st == NPS_OK && w->n_seen)
        qsort(w->seen, w->n_seen, sizeof *w->seen, best_first);
    return st;
}

void nps_candidates_done(nps_candidates *c)
{
    free(c->item);
    *c = (nps_candidates){0};
}

/* The best entry of each substance. */
static nps_status join_substances(const nps_evidence_model *m, nps_workspace *w, nps_candidates *ret, nps_err *err)
{
    nps_candidates c = {.item = nps_array(w->n_seen, sizeof *c.item), .known = -INFINITY};
    if (!c.item)
        return nps_fail_nomem(err);
    double sum = 0, best = w->n_seen ? w->seen[0].evidence : 0;
    for (size_t i = 0; i < w->n_seen; i++) {
        size_t k = 0;
        while (k < c.n && c.item[k].substance != w->seen[i].substance)
            k++;
        if (k < c.n)
            continue;
        c.item[c.n++] = w->seen[i];
        sum += exp(w->seen[i].evidence - best);
    }
    if (c.n) {
        c.crowd = log(sum);
        c.known = nps_evidence_known(m, best, c.crowd);
    }
    for (size_t i = 0; i < w->n_seen; i++)
        w->seen[i].conformity = nps_evidence_conformity(m, c.known, best, w->seen[i].evidence);
    for (size_t i = 0; i < c.n; i++)
        c.item[i].conformity = nps_evidence_conformity(m, c.known, best, c.item[i].evidence);
    *ret = c;
    return NPS_OK;
}

nps_status nps_find_candidates(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                               const nps_filter *f, nps_workspace *w, nps_candidates *ret, nps_err *err)
{
    enum { K = CANDIDATE_ENTRIES };
    nps_status st = NPS_OK;
    const nps_search_options ei = {.mode = NPS_MODE_OPEN, .score = NPS_SCORE_WEIGHTED_COSINE, .k = K};
    const nps_ir_options ir = nps_match_ir_options(lib, q->technique, o);
    if (q->technique == NPS_TECH_EI)
        st = nps_search(lib, q, &ei, f, w, err);
    else if (nps_technique_is_mass(q->technique))
        st = find_msms(lib, q, o, f, K, w, err);
    else
        st = nps_search_ir(lib, q->grid, &ir, f, K, w, err);
    if (st == NPS_OK)
        st = look_at(lib, q, o, w, err);
    return st == NPS_OK ? join_substances(nps_match_model(q->technique, o), w, ret, err) : st;
}
