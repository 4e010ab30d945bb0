/* Several spectra of one sample: one joint verdict from what each leaves over. */
#include "reference-lib/candidates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLE_MAX = 64 };
/* Ruleset: what a spectrum says of a substance that its technique has no reference of, and, where spectra conflict, of one
 * that it excludes. */
static const double silent_share = 0.5, excluded_share = 0.05;

/* Share of the substance by one verdict; -1 when that verdict excludes it: without a reference of its technique it cannot. */
static double share_of(const nps_library *lib, const nps_verdict *v, uint32_t substance)
{
    for (size_t i = 0; i < v->n_set; i++)
        if (v->set[i].substance == substance)
            return v->set[i].p;
    return nps_library_has_technique(lib, substance, v->technique) ? -1 : silent_share;
}

static bool is_listed(const nps_sample_verdict *s, uint32_t substance)
{
    for (size_t m = 0; m < s->n_set; m++)
        if (s->set[m].substance == substance)
            return true;
    return false;
}

/* The substances of any set that no usable spectrum excludes, or all of them; p is the product of their shares. */
static void collect_members(const nps_library *lib, nps_sample_verdict *s, bool all)
{
    for (size_t i = 0; i < s->n_spectra; i++)
        for (size_t m = 0; m < s->spectra[i]->n_set; m++) {
            nps_member member = {s->spectra[i]->set[m].substance, 1};
            bool excluded = false;
            for (size_t k = 0; k < s->n_spectra; k++) {
                if (s->spectra[k]->outcome == NPS_UNUSABLE)
                    continue;
                double share = share_of(lib, s->spectra[k], member.substance);
                excluded = excluded || share < 0;
                member.p *= share < 0 ? excluded_share : share;
            }
            if ((all || !excluded) && !is_listed(s, member.substance))
                s->set[s->n_set++] = member;
        }
}

static int likeliest_first(const void *a, const void *b)
{
    const nps_member *x = a, *y = b;
    if (x->p != y->p)
        return x->p > y->p ? -1 : 1;
    return x->substance < y->substance ? -1 : x->substance > y->substance;
}

/* What all usable spectra leave over. Where each fits something but no substance fits them all (a mixture, or spectra of
 * different samples) nothing is excluded: all that any of them leaves is listed, and the conflict is told. */
static nps_status intersect(const nps_library *lib, nps_sample_verdict *s, size_t usable, size_t novel, nps_err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < s->n_spectra; i++)
        most += s->spectra[i]->n_set;
    s->set = nps_array(most, sizeof *s->set);
    if (!s->set)
        return nps_fail_nomem(err);
    collect_members(lib, s, false);
    s->conflict = usable > 1 && !novel && !s->n_set;
    if (s->conflict)
        collect_members(lib, s, true);
    double sum = 0;
    for (size_t m = 0; m < s->n_set; m++)
        sum += s->set[m].p;
    if (usable > 1)
        for (size_t m = 0; m < s->n_set; m++)
            s->set[m].p = sum > 0 ? s->p_known * s->set[m].p / sum : 0;
    if (s->n_set)
        qsort(s->set, s->n_set, sizeof *s->set, likeliest_first);
    return NPS_OK;
}

static bool holds(const nps_verdict *v, uint32_t substance)
{
    for (size_t i = 0; i < v->n_set; i++)
        if (v->set[i].substance == substance)
            return true;
    return false;
}

/* Whether a reference of the substance was measured at the query's retention index. */
static bool is_retained_alike(const nps_library *lib, const nps_spectrum *q, uint32_t substance)
{
    for (uint64_t i = lib->sub_entry_at[substance]; i < lib->sub_entry_at[substance + 1]; i++) {
        uint32_t e = lib->sub_entry[i];
        if (q->retention_index > 0 && lib->entry_ri[e] > 0 &&
            fabs(lib->entry_ri[e] - q->retention_index) <= NPS_RETENTION_TOL)
            return true;
    }
    return false;
}

/* SWGDRUG recommendations part III B (and ASTM E2329): a technique of category A - here mass spectrometry, infrared and Raman
 * spectroscopy - and a second one. The chromatography of a hyphenated technique counts by itself, category B, where its own
 * result is used. Only what supports the one substance that is left counts, not what merely does not exclude it. */
static void check_scheme(const nps_library *lib, nps_sample_verdict *s, const nps_spectrum *const *queries)
{
    if (s->outcome != NPS_IDENTIFIED) {
        snprintf(s->missing, sizeof s->missing, "no single substance is left");
        return;
    }
    uint32_t substance = s->set[0].substance;
    for (size_t i = 0; i < s->n_spectra; i++) {
        nps_technique t = s->spectra[i]->technique;
        if (!holds(s->spectra[i], substance))
            continue;
        s->support |= nps_technique_is_mass(t) ? NPS_SUPPORT_MASS : t == NPS_TECH_IR ? NPS_SUPPORT_INFRARED : NPS_SUPPORT_RAMAN;
        if (t == NPS_TECH_EI && is_retained_alike(lib, queries[i], substance))
            s->support |= NPS_SUPPORT_RETENTION;
    }
    unsigned supports = 0;
    for (unsigned bit = 1; bit <= NPS_SUPPORT_RETENTION; bit <<= 1)
        supports += (s->support & bit) != 0;
    s->minimum_scheme = supports >= 2;
    if (!s->minimum_scheme)
        snprintf(s->missing, sizeof s->missing, "a second technique on another principle, for example %s",
                 s->support & NPS_SUPPORT_MASS ? "infrared or Raman, or the retention index of a reference"
                                               : "mass spectrometry");
}

static nps_status combine(const nps_library *lib, const nps_spectrum *const *queries, nps_sample_verdict *s, nps_err *err)
{
    size_t usable = 0, novel = 0;
    for (size_t i = 0; i < s->n_spectra; i++) {
        const nps_verdict *v = s->spectra[i];
        if (v->outcome == NPS_UNUSABLE)
            continue;
        s->p_known = usable ? fmin(s->p_known, v->p_known) : v->p_known;
        usable++;
        novel += v->outcome == NPS_NOVEL;
    }
    nps_status st = intersect(lib, s, usable, novel, err);
    if (st != NPS_OK)
        return st;
    s->outcome = !usable       ? NPS_UNUSABLE
                 : !s->n_set   ? NPS_NOVEL
                 : s->n_set == 1 && !s->conflict ? NPS_IDENTIFIED
                                 : NPS_AMBIGUOUS;
    check_scheme(lib, s, queries);
    return NPS_OK;
}

nps_status nps_match_sample(const nps_library *lib, const nps_spectrum *const *queries, size_t n,
                            const nps_match_options *options, nps_workspace *w, nps_sample_verdict **ret_verdict,
                            nps_err *err)
{
    if (n < 1 || n > SAMPLE_MAX)
        return nps_fail(err, NPS_E_LIMIT, "a sample of %zu spectra; 1 to %d are taken", n, SAMPLE_MAX);
    nps_status good = nps_match_check_options(options, err); /* before alpha is divided */
    if (good != NPS_OK)
        return good;
    NPS_AUTO(nps_sample_verdict) s = nps_array(1, sizeof *s);
    if (!s || !(s->spectra = nps_array(n, sizeof *s->spectra)))
        return nps_fail_nomem(err);
    s->alpha = options->alpha;
    nps_match_options each = *options;
    each.alpha = options->alpha / (double)n;
    for (size_t i = 0; i < n; i++) {
        nps_status st = nps_match(lib, queries[i], &each, w, &s->spectra[i], err);
        if (st != NPS_OK)
            return st;
        s->n_spectra = i + 1;
    }
    nps_status st = combine(lib, queries, s, err);
    if (st == NPS_OK)
        *ret_verdict = nps_steal(s);
    return st;
}
