/* Evidence that a query and an entry are of one substance: measures of the pair, weighed by a logistic model whose
 * coefficients stand in one table of the ruleset. Nothing but the pair enters, and for ei the nominal mass of the entry's substance,
 * so that its evidence stays the same when the library grows, shrinks or is split, and with any number of threads. (A record without
 * InChIKey and mass takes the mass of a later one of the same name.) */
#ifndef NPS_REFERENCE_LIB_EVIDENCE_H
#define NPS_REFERENCE_LIB_EVIDENCE_H

#include "core/agreement.h"
#include "reference-lib/prepare.h"

/* What a pair shows, apart from its peaks. */
typedef struct {
    nps_agreement peaks;
    double precursor;   /* >= 0: difference of the precursors in tolerances; -1: not both known */
    bool unit;          /* one of the precursors is only known to a unit mass */
    double energy;      /* >= 0: |ln| of the ratio of the collision energies; -1: not both known */
    double retention;   /* >= 0: difference of the retention indices; -1: not both known */
    double correlation; /* traces: hit quality; their only measure */
} nps_pair;

/* @param tol_mz, ppm  as in nps_match_options. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_pair_measure(const nps_library *lib, const nps_prepared *q, uint32_t entry, double tol_mz,
                                           double ppm, nps_agreement_scratch *s, nps_pair *ret, nps_err *err);

/* The model: evidence = intercept + sum of weight * feature, over features that are transformed measures of the pair, each with a
 * sign that it must have. Fitted as a choice among the candidates and "none of them" (conditional logit: McFadden 1974), so that
 * for candidates of evidence z the probability of one is proportional to exp(z), of none to 1. */
enum { NPS_FEATURE_MAX = 20 };
typedef struct {
    const char *name;    /* "upper entropy": in JSON and tables */
    const char *topic;     /* "isotope patterns": for comparisons of two candidates */
    const char *pro, *con; /* "like isotope patterns", "unlike isotope patterns": continue "for it: " and "against it: " */
    int sign;            /* of its weight: +1, -1, 0 where both make sense */
    bool of_query;       /* says nothing about the candidate, only how much a spectrum like this can tell */
} nps_feature;
typedef struct nps_evidence_model {
    double intercept, weight[NPS_FEATURE_MAX];
    double typical[NPS_FEATURE_MAX]; /* mean of each over true pairs */
    double known[3]; /* ln odds that the substance is in the library: [0] + [1] * best evidence + [2] * crowd, where crowd =
                      * ln(sum of exp(evidence)) - best evidence, over substances */
    /* Conformity of a candidate, which the threshold is compared with: min(novelty * those ln odds, room - (best evidence - its
     * evidence)). The first part empties the set, the second shapes it; together they spend one error rate. */
    double novelty, room;
    double uncalibrated; /* conformity asked for when there is nothing to calibrate on */
    const char *provenance;     /* what it was fitted on; "" where it is not fitted */
} nps_evidence_model;
/* Of the ruleset. Never NULL. */
const nps_evidence_model *nps_evidence_model_of(nps_technique t);
/* Features of a technique, *ret_n of them. */
const nps_feature *nps_evidence_features(nps_technique t, size_t *ret_n);
/* @param ret  [NPS_FEATURE_MAX], unused ones 0 */
void nps_evidence_measure(nps_technique t, const nps_pair *p, double ret[NPS_FEATURE_MAX]);
double nps_evidence_sum(const nps_evidence_model *m, const double feature[NPS_FEATURE_MAX]);
double nps_evidence_known(const nps_evidence_model *m, double best, double crowd); /* ln odds */
double nps_evidence_conformity(const nps_evidence_model *m, double known, double best, double evidence);
/* Which kind of spectrum a query is (calibration.h). */
nps_kind nps_kind_of(const nps_prepared *q);

#endif
