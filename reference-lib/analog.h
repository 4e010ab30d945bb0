/* What a spectrum resembles: analogues with the mass that they are moved by, and the class that they agree on. */
#ifndef NPS_REFERENCE_LIB_ANALOG_H
#define NPS_REFERENCE_LIB_ANALOG_H

#include "reference-lib/lag.h"
#include "reference-lib/candidates.h"
#include "reference-lib/shift.h"

/* Da around a difference of whole masses, where mass defects of up to a tenth come on top; of accurate masses. */
#define NPS_NOMINAL_FORMULA_TOL 0.11
#define NPS_ACCURATE_FORMULA_TOL 0.005

/* Analogues of an EI spectrum. The NPS_LAG_HITS best entries of the all-lag search, each at its best shift, are weighed again:
 * their score becomes the mean of the combined scores by m/z * intensity^0.3 and by sqrt(intensity). Each proposes its own
 * nominal mass plus the shift as the query's; the mass with the largest support together with what the query's spectrum says
 * about its molecular ion wins. Entries that agree with it come first, each group by score, ties by entry.
 * The library must know its nominal masses; entries without one propose nothing.
 * @param ret  room for the larger of k and NPS_LAG_HITS; *ret_n of them, which may be more than k. Errors: NPS_E_NOMEM. */
enum { NPS_LAG_HITS = 128 };
typedef struct {
    nps_lag_hit hit;
    double score, plain; /* means of the two weightings */
    bool mass_agrees;
} nps_weighed_lag;
typedef struct {
    int32_t mass;     /* nominal, 0: none proposed */
    uint32_t support; /* substances that propose it */
} nps_mass_estimate;
NPS_MUST_CHECK nps_status nps_weigh_lags(const nps_library *lib, const nps_prepared *q, const nps_filter *f, size_t k,
                                         nps_workspace *w, nps_weighed_lag *ret, size_t *ret_n, nps_mass_estimate *ret_mass,
                                         nps_err *err);

/* Fills v->analogs, v->n_analogs: for ei as above, for msms with a precursor by its difference, for msms and dart without over
 * all shifts (shift.h). Others get none. At least as many as the classes' vote wants. Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_find_analogs(const nps_library *lib, const nps_prepared *q, const nps_match_options *o,
                                           const nps_filter *f, nps_workspace *w, nps_verdict *v, nps_err *err);

/* Fills v->classes: the nearest substances, direct and shifted, vote with a weight that rises steeply with their score; those
 * without a class vote for none. For ei the probability of the first class is calibrated (benchmarks/README.md), for others
 * it is its share of the votes. @param c [n_c] candidates, best first */
NPS_MUST_CHECK nps_status nps_vote_classes(const nps_library *lib, const nps_prepared *q, const nps_candidate *c, size_t n_c,
                                           nps_verdict *v, nps_err *err);

/* Formula changes and shifted pairs of one found analogue, for callers without a verdict. q as prepared for the search that
 * found it; pairs are left out where the entry is not open to all. */
void nps_describe_lag(const nps_library *lib, const nps_prepared *q, const nps_weighed_lag *lag, nps_workspace *w,
                      nps_analog *ret_analog);
/* @param entropy  what `score` is: entropy similarity, or a cosine, of which the plain score is not told (0). */
void nps_describe_precursor(const nps_library *lib, const nps_prepared *q, uint32_t entry, double score, double tol_mz,
                            bool entropy, nps_analog *ret_analog);
void nps_describe_shift(const nps_library *lib, const nps_shift_hit *hit, nps_analog *ret_analog);

#endif
