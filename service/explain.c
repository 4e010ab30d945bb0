#include "service/explain.h"

#include "reference-lib/library.h"
#include "spectra/quality.h"

#include <math.h>
#include <string.h>

const char nps_explain_legend[] =
    "Evidence is the ln of the odds that query and reference are of one substance, from this pair alone. A number in brackets is "
    "what a measure adds to it, against a typical pair of one substance or, where it says so, against the best hit.";

const char *nps_explain_headline(nps_outcome outcome, bool minimum_scheme)
{
    if (outcome != NPS_IDENTIFIED)
        return nps_outcome_name(outcome);
    return minimum_scheme ? "identified" : "presumptive identification";
}

static const char *name_of(const nps_library *lib, const nps_hit *h)
{
    return nps_library_text(lib, lib->sub_name[h->substance]);
}

static bool is_told(const nps_library *lib, const nps_hit *h)
{
    return nps_library_entry_is_public(lib, h->entry);
}

/* --- hits ------------------------------------------------------------------------------------------------------------------- */

enum { NAMED = 3 };

/* Indices of the up to NAMED largest, largest first. */
static size_t pick_largest(const nps_feature *f, size_t n, const double *value, size_t pick[NAMED])
{
    size_t named = 0;
    for (size_t i = 0; i < n; i++) {
        if (f[i].of_query || fabs(value[i]) < NPS_EXPLAIN_LEAST)
            continue;
        size_t at = named < NAMED ? named++ : NAMED;
        for (; at > 0 && fabs(value[pick[at - 1]]) < fabs(value[i]); at--)
            if (at < NAMED)
                pick[at] = pick[at - 1];
        if (at < NAMED)
            pick[at] = i;
    }
    return named;
}

/* Two groups, for and against, that of the largest first. */
static void put_contributions(nps_buf *b, nps_technique t, const double *value, bool compared)
{
    size_t n, pick[NAMED];
    const nps_feature *f = nps_evidence_features(t, &n);
    size_t named = pick_largest(f, n, value, pick);
    bool positive = named && value[pick[0]] > 0;
    const char *lead = compared ? "next to the best, " : "";
    for (int group = 0; group < 2; group++, positive = !positive) {
        const char *before = positive ? "for it: " : "against it: ";
        for (size_t i = 0; i < named; i++) {
            if ((value[pick[i]] > 0) != positive)
                continue;
            if (*before)
                nps_buf_printf(b, "; %s%s", lead, before);
            nps_buf_printf(b, "%s%s (%+.1f)", *before ? "" : ", ", compared ? f[pick[i]].topic : positive ? f[pick[i]].pro : f[pick[i]].con,
                           value[pick[i]]);
            before = lead = "";
        }
    }
}

static void put_agreement(nps_buf *b, const nps_verdict *v, const nps_hit *h)
{
    if (nps_technique_is_mass(v->technique)) {
        nps_buf_printf(b, "it explains %.0f %% of the query's signal", 100 * h->explained);
        return;
    }
    nps_buf_printf(b, "correlation %.3f over %.0f to %.0f 1/cm", h->score, h->first_cm1, h->last_cm1);
    if (h->moved_cm1 != 0)
        nps_buf_printf(b, ", the query moved by %+.0f 1/cm", h->moved_cm1);
}

/* Of a trace the correlation is all there is, and is told already. */
static bool has_more_to_tell(const nps_library *lib, const nps_verdict *v, const nps_hit *h)
{
    return nps_technique_is_mass(v->technique) && is_told(lib, h);
}

static void put_behind(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_hit *h)
{
    const nps_hit *best = &v->hits[0];
    double distance = best->evidence - h->evidence, difference[NPS_FEATURE_MAX];
    nps_buf_puts(b, "Out: ");
    put_agreement(b, v, h);
    /* Its conformity is what is allowed less the distance: verdict.h. */
    nps_buf_printf(b, ", but its evidence, %+.2f, is %.2f below that of the best, %s, more than the %.2f that the %s allows",
                   h->evidence, distance, name_of(lib, best), h->conformity + distance - v->threshold,
                   v->calibration == NPS_CALIBRATION_NONE ? "rule" : "calibration");
    if (!has_more_to_tell(lib, v, h) || !is_told(lib, best))
        return;
    for (size_t i = 0; i < NPS_FEATURE_MAX; i++)
        difference[i] = h->contribution[i] - best->contribution[i];
    put_contributions(b, v->technique, difference, true);
}

static void put_unlike(nps_buf *b, const nps_library *lib, const nps_verdict *v, const nps_hit *h)
{
    const nps_hit *best = &v->hits[0];
    nps_buf_puts(b, "Out: ");
    put_agreement(b, v, h);
    if (h == best)
        nps_buf_printf(b, ", but even the best entry is too unlike: conformity %+.2f, asked for %+.2f; evidence %+.2f",
                       h->conformity, v->threshold, h->evidence);
    else
        nps_buf_printf(b, ", but even the best entry, %s, is too unlike; evidence %+.2f", name_of(lib, best), h->evidence);
}

void nps_explain_hit(nps_buf *b, const nps_library *lib, const nps_verdict *v, size_t i)
{
    const nps_hit *h = &v->hits[i];
    if (!h->in_set && v->n_set) {
        put_behind(b, lib, v, h);
    } else {
        if (h->in_set) {
            nps_buf_puts(b, h->conformity >= v->threshold               ? "In: "
                            : v->quality & NPS_QUALITY_NO_FRAGMENT ? "In, as hardly more than a mass could exclude it: "
                                                                   : "In, by a better spectrum of its substance: ");
            put_agreement(b, v, h);
            nps_buf_printf(b, "; evidence %+.2f", h->evidence);
        } else {
            put_unlike(b, lib, v, h);
        }
        if (has_more_to_tell(lib, v, h))
            put_contributions(b, v->technique, h->contribution, false);
    }
    nps_buf_putc(b, '.');
}

/* --- candidates of a sample ------------------------------------------------------------------------------------------------ */

static bool holds(const nps_member *set, size_t n, uint32_t substance)
{
    for (size_t i = 0; i < n; i++)
        if (set[i].substance == substance)
            return true;
    return false;
}

static size_t add_new(const nps_member *set, size_t n_set, uint32_t *substance, size_t n)
{
    for (size_t i = 0; i < n_set && n < NPS_EXPLAIN_CANDIDATES; i++) {
        size_t k = 0;
        while (k < n && substance[k] != set[i].substance)
            k++;
        if (k == n)
            substance[n++] = set[i].substance;
    }
    return n;
}

size_t nps_explain_candidates(const nps_sample_verdict *v, uint32_t ret_substance[NPS_EXPLAIN_CANDIDATES])
{
    if (v->n_spectra < 2)
        return 0;
    size_t n = add_new(v->set, v->n_set, ret_substance, 0);
    for (size_t i = 0; i < v->n_spectra; i++)
        n = add_new(v->spectra[i]->set, v->spectra[i]->n_set, ret_substance, n);
    return n;
}

/* Usable spectra whose set holds the substance, or does not. */
/* What a spectrum says of a substance; without a reference of its technique it cannot exclude it. */
typedef enum { HOLDS, EXCLUDES, SAYS_NOTHING } opinion;

static opinion opinion_of(const nps_library *lib, const nps_verdict *v, uint32_t substance)
{
    if (holds(v->set, v->n_set, substance))
        return HOLDS;
    return nps_library_has_technique(lib, substance, v->technique) ? EXCLUDES : SAYS_NOTHING;
}

static void put_spectra(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v, uint32_t substance, opinion o, const char *lead)
{
    size_t told = 0;
    for (size_t i = 0; i < v->n_spectra; i++) {
        const nps_verdict *one = v->spectra[i];
        if (one->outcome != NPS_UNUSABLE && opinion_of(lib, one, substance) == o)
            nps_buf_printf(b, "%sspectrum %zu (%s)", told++ ? ", " : lead, i + 1, nps_technique_name(one->technique));
    }
}

void nps_explain_candidate(nps_buf *b, const nps_library *lib, const nps_sample_verdict *v, uint32_t substance)
{
    bool in = holds(v->set, v->n_set, substance);
    nps_buf_puts(b, !in ? "Out: " : v->conflict ? "Listed, as the spectra contradict each other: " : "In: ");
    put_spectra(b, lib, v, substance, HOLDS, "it is in the set of ");
    put_spectra(b, lib, v, substance, EXCLUDES, ", but not in that of ");
    put_spectra(b, lib, v, substance, SAYS_NOTHING, "; for want of a reference nothing is said by ");
    nps_buf_putc(b, '.');
}

/* --- what is left ---------------------------------------------------------------------------------------------------------- */

static void put_lone_peaks(nps_buf *b, const nps_lone_peak *p, size_t n)
{
    static const double least = 5e-4; /* is 0.1 % by the digits shown */
    size_t told = 0;
    for (; told < n && p[told].share >= least; told++)
        nps_buf_printf(b, "%sm/z %.*f (%.1f %%)", told ? ", " : "", nps_explain_decimals(p[told].mz), p[told].mz,
                       100 * p[told].share);
    if (told < n)
        nps_buf_puts(b, told ? " and weaker ones" : "only ones below 0.1 %");
    else if (!n)
        nps_buf_puts(b, "none");
}

void nps_explain_unexplained(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    if (!v->n_hits) {
        if (v->outcome != NPS_UNUSABLE)
            nps_buf_puts(b, "No entry of the library explains any of the query's signal.");
        return;
    }
    const nps_hit *best = &v->hits[0];
    nps_buf_printf(b, "The best hit, %s, explains %.1f %% of the query's ", name_of(lib, best), 100 * best->explained);
    if (!nps_technique_is_mass(v->technique)) {
        nps_buf_printf(b, "bands (square of the correlation) over %.0f to %.0f 1/cm and leaves %.1f %%.", best->first_cm1,
                       best->last_cm1, 100 * (1 - best->explained));
        return;
    }
    if (!is_told(lib, best)) {
        nps_buf_puts(b, "signal. Which peaks it leaves unexplained is withheld: its spectrum is not open to all.");
        return;
    }
    nps_buf_puts(b, "signal. Unexplained peaks: ");
    put_lone_peaks(b, v->unexplained, v->n_unexplained);
    nps_buf_puts(b, ". Peaks of the reference that the query lacks: ");
    put_lone_peaks(b, v->missing, v->n_missing);
    nps_buf_putc(b, '.');
}

/* --- how blind the library is ---------------------------------------------------------------------------------------------- */

static const char *plural(uint32_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

static void put_class(nps_buf *b, const nps_library *lib, const nps_class_coverage *c, bool first)
{
    nps_buf_printf(b, "%s%u %s of class %s", first ? "" : ", ", c->substances, plural(c->substances, "substance", "substances"),
                   nps_library_text(lib, c->class_name));
    if (c->newest_year)
        nps_buf_printf(b, " (newest of %u)", (unsigned)c->newest_year);
    else
        nps_buf_puts(b, c->substances ? " (undated)" : "");
}

void nps_explain_blindness(nps_buf *b, const nps_library *lib, const nps_verdict *v)
{
    bool mass = nps_technique_is_mass(v->technique), nominal = v->technique == NPS_TECH_EI;
    if (v->outcome == NPS_UNUSABLE)
        return;
    if (v->n_covered)
        nps_buf_puts(b, "By this technique the library holds ");
    else
        nps_buf_puts(b, "How well the library covers the class of the query cannot be told: no class is near");
    for (size_t i = 0; i < v->n_covered; i++)
        put_class(b, lib, &v->covered[i], i == 0);
    nps_buf_putc(b, '.');
    if (!mass)
        return;
    if (v->mass <= 0)
        nps_buf_printf(b, " The %s of the query is not known.", nominal ? "molecular mass" : "precursor");
    else if (v->mass_entries)
        nps_buf_printf(b, " %u of its entries %s at %s %.*f.", v->mass_entries, plural(v->mass_entries, "is", "are"),
                       nominal ? "molecular mass" : "precursor m/z", nps_explain_decimals(v->mass), v->mass);
    else
        nps_buf_printf(b, " No entry of the library is near %s %.*f.", nominal ? "molecular mass" : "precursor m/z",
                       nps_explain_decimals(v->mass), v->mass);
}

/* --- what would help ------------------------------------------------------------------------------------------------------- */

static const char *technique_in_words(nps_technique t)
{
    static const char *const words[NPS_TECH_COUNT] = {
        [NPS_TECH_UNKNOWN] = "Mass spectrometry", [NPS_TECH_EI] = "GC-EI-MS", [NPS_TECH_MSMS] = "MS/MS",
        [NPS_TECH_DART] = "DART-MS",              [NPS_TECH_IR] = "Infrared", [NPS_TECH_RAMAN] = "Raman"};
    return words[t];
}

void nps_explain_advice(nps_buf *b, const nps_verdict *v, size_t i)
{
    const nps_advice *a = &v->advice[i];
    nps_buf_puts(b, technique_in_words(a->technique));
    if (a->energy_ev > 0)
        nps_buf_printf(b, " near %.0f eV", a->energy_ev);
    if (!a->substances) {
        nps_buf_puts(b, ": the minimum scheme asks for a second technique; the library has no references by it.");
        return;
    }
    bool novel = v->outcome == NPS_NOVEL;
    nps_buf_puts(b, novel ? " would tell more: " : v->outcome == NPS_AMBIGUOUS ? " would narrow the set down: " : " would confirm it: ");
    if (a->of == 1)
        nps_buf_printf(b, "the library has a reference of the %s.", novel ? "relative" : "substance");
    else
        nps_buf_printf(b, "the library has references of %u of the %u %s.", a->substances, a->of, novel ? "relatives" : "substances in question");
}

/* --- calibration ----------------------------------------------------------------------------------------------------------- */

static void put_kind(nps_buf *b, const nps_verdict *v, const char *lead)
{
    if (v->kind != NPS_KIND_ANY)
        nps_buf_printf(b, "%s%s spectra", lead, nps_kind_name(v->kind));
}

void nps_explain_basis(nps_buf *b, const nps_verdict *v)
{
    if (v->calibration == NPS_CALIBRATION_NONE) {
        nps_buf_puts(b, "on nothing: no error rate can be stated");
    } else if (v->calibration == NPS_CALIBRATION_GENERAL) {
        nps_buf_puts(b, "by the general table of the program");
        put_kind(b, v, " for ");
        nps_buf_puts(b, ", for lack of replicates in the library");
    } else {
        nps_buf_printf(b, "on %llu replicate pairs", (unsigned long long)v->calibration_n);
        put_kind(b, v, " of ");
        nps_buf_printf(b, " (%s)", nps_calibration_source_name(v->calibration));
    }
}

void nps_explain_model(nps_buf *b, const nps_verdict *v)
{
    const char *provenance = nps_evidence_model_of(v->technique)->provenance;
    nps_buf_printf(b, "Evidence by the model of ruleset %d, %s%s", NPS_RULESET, *provenance ? "fitted on " : "set by hand",
                   provenance);
    if (v->technique == NPS_TECH_DART)
        nps_buf_puts(b, ", none by DART");
    if (v->refitted)
        nps_buf_puts(b, ", its coefficients refitted on the laboratory's own replicates");
    nps_buf_putc(b, '.');
}

void nps_explain_doubts(nps_buf *b, unsigned doubts)
{
    for (unsigned bit = 1, told = 0; bit && bit <= doubts; bit <<= 1)
        if (doubts & bit)
            nps_buf_printf(b, "%s%s", told++ ? "; " : "Reservations about the error rate: ", nps_doubt_text(bit));
    nps_buf_puts(b, doubts ? "." : "");
}

int nps_explain_decimals(double mass)
{
    return mass == floor(mass) ? 0 : 3;
}
