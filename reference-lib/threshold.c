#include "reference-lib/threshold.h"

#include "core/stats.h"

#include <math.h>

static bool counts(const nps_calibration *c, uint64_t pair, nps_kind kind)
{
    return kind == NPS_KIND_ANY || (c->kind && c->kind[pair] == kind);
}

/* By the pairs of this kind alone. */
static nps_threshold by_kind(const nps_calibration *c, nps_kind kind, double alpha)
{
    static const double within_confidence = 0.8;
    nps_threshold t = {.kind = kind, .conformity = -INFINITY};
    for (uint64_t i = 0; i < c->n; i++)
        t.n += counts(c, i, kind);
    t.rank = nps_conformal_rank(t.n, alpha, c->source == NPS_CALIBRATION_WITHIN ? within_confidence : 0);
    nps_conformal_coverage(t.n, t.rank, 0.9, &t.coverage_low, &t.coverage_high);
    size_t left = t.rank;
    for (uint64_t i = 0; i < c->n && left; i++) {
        left -= counts(c, i, kind);
        t.conformity = c->conformity[i];
    }
    return t;
}

nps_threshold nps_threshold_of(const nps_calibration *c, nps_kind kind, double alpha)
{
    nps_threshold all = by_kind(c, NPS_KIND_ANY, alpha);
    if (kind == NPS_KIND_ANY)
        kind = NPS_KIND_COUNT; /* not told: as a kind without pairs */
    nps_threshold own = by_kind(c, kind, alpha);
    if (own.rank && own.n >= NPS_KIND_PAIRS_MIN)
        return own;
    for (nps_kind k = NPS_KIND_ANY + 1; k < NPS_KIND_COUNT; k++) {
        nps_threshold other = by_kind(c, k, alpha);
        if (other.rank && (k == kind || !own.rank))
            all.conformity = fmin(all.conformity, other.conformity);
    }
    return all;
}
