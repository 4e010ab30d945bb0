#include "reference-lib/evidence.h"

#include "reference-lib/search.h"
#include "spectra/clean.h"
#include "spectra/energy.h"

#include <math.h>
#include <string.h>

/* --- features ------------------------------------------------------------------------------------------------------------- */

static const nps_feature ei_features[] = {
    {"upper_entropy", "heavier peaks", "like heavier peaks", "unlike heavier peaks", 1, false},
    {"linear_cosine", "strong, heavy peaks", "like strong, heavy peaks", "unlike strong, heavy peaks", 1, false},
    {"heavy_cosine", "heaviest peaks", "like heaviest peaks", "unlike heaviest peaks", 1, false},
    {"unexplained_heavy", "heavy signal that the reference lacks", "hardly any heavy signal that the reference lacks",
     "heavy signal that the reference lacks", -1, false},
    {"missing_heavy", "heavy signal of the reference that is missing", "hardly any heavy signal of the reference is missing",
     "heavy signal of the reference that is missing", -1, false},
    {"ratio_difference", "intensity ratios", "no disagreement of intensity ratios", "unlike intensity ratios", -1, false},
    {"strongest_5", "the 5 strongest peaks", "most of the 5 strongest peaks in common", "too few of the 5 strongest peaks in common", 1, false},
    {"strongest_10", "the 10 strongest peaks", "most of the 10 strongest peaks in common", "too few of the 10 strongest peaks in common", 1, false},
    {"strongest_20", "the 20 strongest peaks", "most of the 20 strongest peaks in common", "too few of the 20 strongest peaks in common", 1, false},
    {"base_peaks", "base peaks", "like base peaks", "unlike base peaks", 1, false},
    {"end_difference", "masses at which the spectra end", "spectra that end at like masses", "spectra that end at different masses", -1, false},
    {"above_molecular_mass", "signal above the reference's molecular mass", "no signal above the reference's molecular mass",
     "signal above the reference's molecular mass", -1, false},
    {"molecular_ion_difference", "molecular ion", "no disagreement of the molecular ion", "an unlike molecular ion", -1, false},
    {"isotope_difference", "isotope patterns", "no disagreement of isotope patterns", "unlike isotope patterns (chlorine, bromine, sulfur)", -1, false},
    {"shift_one", "likeness when moved by one mass", "little likeness when moved by one mass", "much likeness when moved by one mass", -1, false},
    {"shift_background", "likeness at any shift (background)", "likeness at any shift (background)", "likeness at any shift (background)", 0, false},
    {"query_highest_mz", "range of masses", "the query's range of masses", "the query's range of masses", 0, true},
    {"query_peaks", "number of peaks", "the query's number of peaks", "the query's number of peaks", 0, true},
    {"retention_misfit", "retention index", "a retention index that fits", "a retention index that does not fit", -1, false},
};

static const nps_feature msms_features[] = {
    {"entropy", "all fragments together", "like fragments", "unlike fragments", 1, false},
    {"linear_cosine", "strong, heavy fragments", "like strong, heavy fragments", "unlike strong, heavy fragments", 1, false},
    {"unexplained_heavy", "heavy signal that the reference lacks", "hardly any heavy signal that the reference lacks",
     "heavy signal that the reference lacks", -1, false},
    {"ratio_difference", "intensity ratios", "no disagreement of intensity ratios", "unlike intensity ratios", -1, false},
    {"strongest_5", "the 5 strongest fragments", "most of the 5 strongest fragments in common", "too few of the 5 strongest fragments in common",
     1, false},
    {"base_peaks", "base peaks", "like base peaks", "unlike base peaks", 1, false},
    {"precursor_within", "agreement of the precursors", "precursors that agree", "precursors that do not agree", 1, false},
    {"precursor_error", "error of the precursor", "a small error of the precursor", "an error of the precursor", -1, false},
    {"precursor_beyond", "error of the precursor beyond the tolerance", "no error of the precursor beyond the tolerance",
     "an error of the precursor beyond the tolerance", -1, false},
    {"precursor_far", "precursors far apart", "precursors not far apart", "precursors far apart", -1, false},
    {"precursor_unit", "precursors of unit mass", "precursors not matched by unit mass", "a precursor known to a unit mass only", -1, false},
    {"energy_difference", "collision energies", "the collision energies", "the collision energies", 0, false},
    {"energy_unknown", "whether the collision energies are told", "a collision energy that is not told", "collision energies that are told", 0,
     false},
    {"query_highest_mz", "range of masses", "the query's range of masses", "the query's range of masses", 0, true},
    {"query_peaks", "number of fragments", "the query's number of fragments", "the query's number of fragments", 0, true},
    {"retention_misfit", "retention index", "a retention index that fits", "a retention index that does not fit", -1, false},
};

static const nps_feature trace_features[] = {{"correlation", "correlation", "a high correlation", "a low correlation", 1, false}};

#define COUNT(a) (sizeof(a) / sizeof *(a))

const nps_feature *nps_evidence_features(nps_technique t, size_t *ret_n)
{
    if (t == NPS_TECH_EI) {
        *ret_n = COUNT(ei_features);
        return ei_features;
    }
    if (nps_technique_is_mass(t)) {
        *ret_n = COUNT(msms_features);
        return msms_features;
    }
    *ret_n = COUNT(trace_features);
    return trace_features;
}

static double logit(double p)
{
    static const double least = 2e-3; /* agreement beyond this says no more */
    p = fmin(1 - least, fmax(least, p));
    return log(p / (1 - p));
}

/* Logarithm of how much likelier the difference of two retention indices makes two substances: nothing below what laboratories
 * differ by on columns of one phase, bounded, as an index on record can be wrong. Set by hand, not fitted: the public
 * spectra tell no indices. An index that is not given says nothing. */
static double retention_misfit(double difference)
{
    static const double spread = 10, most = 2.5;
    double away = difference / (2 * spread);
    return difference < 0 || away <= 1 ? 0 : fmin(most, away - 1);
}

static void measure_ei(const nps_pair *p, double *ret)
{
    const nps_agreement *g = &p->peaks;
    const double v[] = {logit(g->upper_entropy),
                        logit(g->linear_cosine),
                        logit(g->heavy_cosine),
                        sqrt(g->unexplained),
                        sqrt(g->missing),
                        g->ratio_difference,
                        g->top[0],
                        g->top[1],
                        g->top[2],
                        g->base_peaks,
                        g->end_difference,
                        sqrt(g->above_mass),
                        g->molecular_difference * g->molecular_difference,
                        g->isotope_difference,
                        g->lag_one,
                        g->lag_mean,
                        log10(fmax(20, g->highest)),
                        log10(fmax(1, g->peaks)),
                        retention_misfit(p->retention)};
    _Static_assert(COUNT(v) == COUNT(ei_features) && COUNT(v) <= NPS_FEATURE_MAX, "one value a feature");
    memcpy(ret, v, sizeof v);
}

static void measure_msms(const nps_pair *p, double *ret)
{
    static const double away_most = 3, far = 20, energy_most = 2;
    const nps_agreement *g = &p->peaks;
    bool known = p->precursor >= 0, within = known && p->precursor <= 1;
    const double v[] = {g->entropy,
                        logit(g->linear_cosine),
                        sqrt(g->unexplained),
                        g->ratio_difference,
                        g->top[0],
                        g->base_peaks,
                        within ? 1 : 0,
                        known ? fmin(1, p->precursor) : 0,
                        known && !within ? fmin(away_most, log(p->precursor)) : 0,
                        known && p->precursor > far ? 1 : 0,
                        within && p->unit ? 1 : 0,
                        p->energy >= 0 ? fmin(energy_most, p->energy) : 0,
                        p->energy >= 0 ? 0 : 1,
                        log10(fmax(20, g->highest)),
                        log10(fmax(1, g->peaks)),
                        retention_misfit(p->retention)};
    _Static_assert(COUNT(v) == COUNT(msms_features) && COUNT(v) <= NPS_FEATURE_MAX, "one value a feature");
    memcpy(ret, v, sizeof v);
}

void nps_evidence_measure(nps_technique t, const nps_pair *p, double ret[NPS_FEATURE_MAX])
{
    memset(ret, 0, NPS_FEATURE_MAX * sizeof *ret);
    if (t == NPS_TECH_EI)
        measure_ei(p, ret);
    else if (nps_technique_is_mass(t))
        measure_msms(p, ret);
    else
        ret[0] = p->correlation;
}

double nps_evidence_sum(const nps_evidence_model *m, const double feature[NPS_FEATURE_MAX])
{
    double z = m->intercept;
    for (size_t i = 0; i < NPS_FEATURE_MAX; i++)
        z += m->weight[i] * feature[i];
    return z;
}

double nps_evidence_known(const nps_evidence_model *m, double best, double crowd)
{
    return m->known[0] + m->known[1] * best + m->known[2] * crowd;
}

double nps_evidence_conformity(const nps_evidence_model *m, double known, double best, double evidence)
{
    return fmin(m->novelty * known, m->room - (best - evidence));
}

nps_kind nps_kind_of(const nps_prepared *q)
{
    enum { RICH = 20 };
    if (q->technique == NPS_TECH_EI)
        return q->nominal.n >= RICH ? NPS_KIND_RICH : NPS_KIND_SPARSE;
    if (!nps_technique_is_fragment(q->technique))
        return NPS_KIND_ANY;
    if (q->precursor > 0 && nps_is_unit_mass(q->precursor))
        return NPS_KIND_UNIT;
    if (!q->polarity)
        return NPS_KIND_ANY;
    return q->polarity > 0 ? NPS_KIND_POSITIVE : NPS_KIND_NEGATIVE;
}

/* --- pairs ------------------------------------------------------------------------------------------------------------------ */

nps_status nps_pair_measure(const nps_library *lib, const nps_prepared *q, uint32_t e, double tol_mz, double ppm,
                            nps_agreement_scratch *s, nps_pair *ret, nps_err *err)
{
    nps_pair p = {.precursor = -1, .energy = -1, .retention = -1};
    nps_status st;
    if (q->technique == NPS_TECH_EI) {
        nps_peaks r;
        st = nps_clean_nominal(nps_library_peak_row(lib, e), &r, err);
        if (st != NPS_OK)
            return st;
        st = nps_nominal_agreement(nps_peaks_view(&q->nominal), nps_peaks_view(&r), lib->sub_nominal[lib->entry_substance[e]], s, &p.peaks, err);
        nps_peaks_done(&r);
    } else {
        double other = lib->entry_precursor[e];
        nps_peak_view a = nps_peaks_view(&q->clean), b = nps_library_share_row(lib, e);
        st = nps_fragment_agreement(a, b, nps_is_coarse_pair(q, other, a, b) ? NPS_UNIT_TOL : tol_mz, s, &p.peaks, err);
        if (q->precursor > 0 && other > 0) {
            p.precursor = fabs(other - q->precursor) / nps_precursor_tolerance(q, ppm, other);
            p.unit = nps_is_unit_mass(q->precursor) || nps_is_unit_mass(other);
        }
        double energy = nps_energy_ev(nps_library_text(lib, lib->entry_energy[e]), other);
        if (q->energy_ev > 0 && energy > 0)
            p.energy = fabs(log(q->energy_ev / energy));
    }
    if (q->retention_index > 0 && lib->entry_ri[e] > 0)
        p.retention = fabs(q->retention_index - lib->entry_ri[e]);
    if (st == NPS_OK)
        *ret = p;
    return st;
}

/* --- the table of the ruleset ------------------------------------------------------------------------------------------- */

static const nps_evidence_model ei_model = {
    .intercept = -10.2893,
    .weight = {0.3352, 0.2107, 0.2392, -2.5437, -3.9902, -0.5411, 1.2082, 1.3544,
               0.6919, 0.8171, -0.0507, -7.7772, -0.0456, -6.3750, -1.4436, 5.0699,
               4.0131, -1.1872, -1},
    .typical = {2.8966, 3.6393, 3.2743, 0.1423, 0.1429, 0.5630, 0.7884, 0.8001,
               0.8241, 0.8885, 2.7813, 0.0013, 0.1356, 0.0290, 0.5003, 0.1102,
               2.1527, 1.4735, 0.0000},
    .known = {0.8696, 0.4243, -0.7539},
    .novelty = 0.8,
    .room = 2,
    .uncalibrated = -2,
    .provenance = "replicates of 638 compounds in public EI spectra of MassBank, and 1,313 single ones as novel",
};
static const nps_evidence_model msms_model = {
    .intercept = -2.3214,
    .weight = {2.9264, 0.0600, -0.4204, -0.0291, 0.2052, 0.6520, 0.4267, -1.7819,
               -1.8004, -1.7587, -1.8292, 0.3544, 0.7342, 0.2474, 0.2706, -1},
    .typical = {0.7648, 2.0368, 0.2618, 1.3340, 0.7097, 0.7059, 0.9832, 0.0698,
               0.0307, 0.0079, 0.1113, 0.5504, 0.1900, 2.2776, 0.9541, 0.0000},
    .known = {0.5687, 0.7304, -0.3051},
    .novelty = 0.8,
    .room = 2,
    .uncalibrated = -1,
    .provenance = "replicates of 939 compounds in public ESI MS/MS spectra of MassBank, each across laboratories",
};

/* Not fitted: there are no replicates of traces to fit on. The odds that a substance is in the library rise slowly with the
 * correlation, as novel traces correlate nearly as well as known ones (benchmarks/README.md). */
static const nps_evidence_model trace_model = {
    .intercept = -22.5,
    .weight = {25},
    .typical = {0.97},
    .known = {0, 0.3, 0},
    .novelty = 1 / 0.3, /* so that it is the evidence that is compared */
    .room = -1.17,
    .uncalibrated = -3,
    .provenance = "",
};

const nps_evidence_model *nps_evidence_model_of(nps_technique t)
{
    return t == NPS_TECH_EI ? &ei_model : nps_technique_is_mass(t) ? &msms_model : &trace_model;
}
