#include "reference-lib/calibrate_impl.h"

#include "core/parallel.h"
#include "reference-lib/ir.h"
#include "reference-lib/candidates.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- which entries are asked ---------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t entry;
    bool leave_contributor; /* another contributor has the substance as well */
} question;

/* Traces that leave nothing to compare (near infrared, ends of the range) are never judged, nor found. */
static bool is_of(const nps_library *lib, uint32_t e, nps_technique t)
{
    if (lib->entry_technique[e] != t || t == NPS_TECH_UNKNOWN || nps_technique_is_mass(t))
        return lib->entry_technique[e] == t;
    nps_ir_options o = nps_ir_options_of(t, &lib->trace_prep[t]);
    return nps_ir_points(nps_ir_row(lib, e), &o) >= NPS_IR_COMMON_MIN;
}

/* Entries of a substance by technique, and whether any of another contributor, of the same polarity, exists. */
static bool has_replicate(const nps_library *lib, uint32_t e, bool *ret_elsewhere)
{
    uint32_t s = lib->entry_substance[e];
    bool any = false, elsewhere = false;
    for (uint64_t i = lib->sub_entry_at[s]; i < lib->sub_entry_at[s + 1]; i++) {
        uint32_t o = lib->sub_entry[i];
        if (o == e || lib->entry_polarity[o] != lib->entry_polarity[e] ||
            !is_of(lib, o, (nps_technique)lib->entry_technique[e]))
            continue;
        any = true;
        elsewhere = elsewhere || lib->entry_contributor[o] != lib->entry_contributor[e];
    }
    *ret_elsewhere = elsewhere;
    return any;
}

/* Whether a query like the entry would get a verdict. */
static bool is_usable(const nps_library *lib, uint32_t e)
{
    nps_technique t = (nps_technique)lib->entry_technique[e];
    return !nps_technique_is_mass(t) ||
           nps_quality_is_usable(nps_quality_check_peaks(t, lib->entry_precursor[e], nps_library_peak_row(lib, e)));
}

/* Whether the entry is to be asked: its technique, with a replicate, of another contributor where `cross` says so. */
static bool qualifies(const nps_library *lib, uint32_t e, nps_technique t, bool cross, bool *ret_elsewhere)
{
    return is_of(lib, e, t) && is_usable(lib, e) && has_replicate(lib, e, ret_elsewhere) && (*ret_elsewhere || !cross);
}

static size_t count_substances(const nps_library *lib, nps_technique t, bool cross)
{
    size_t n = 0;
    for (uint64_t s = 0; s < lib->n_substance; s++) {
        bool elsewhere, found = false;
        for (uint64_t i = lib->sub_entry_at[s]; i < lib->sub_entry_at[s + 1] && !found; i++)
            found = qualifies(lib, lib->sub_entry[i], t, cross, &elsewhere);
        n += found;
    }
    return n;
}

/* One question a substance, as samples come; with more substances than questions every step-th. *ret_cross says whether the
 * replicates cross contributors. */
static nps_status choose(const nps_library *lib, nps_technique t, question **ret_q, size_t *ret_n, bool *ret_cross,
                         nps_err *err)
{
    question *q = nps_array(NPS_CALIBRATION_MAX, sizeof *q);
    if (!q)
        return nps_fail_nomem(err);
    size_t substances = count_substances(lib, t, true);
    bool cross = substances >= NPS_CALIBRATION_MIN;
    if (!cross)
        substances = count_substances(lib, t, false);
    double step = substances > NPS_CALIBRATION_MAX ? (double)substances / NPS_CALIBRATION_MAX : 1;
    size_t n = 0, seen = 0;
    for (uint64_t s = 0; s < lib->n_substance && n < NPS_CALIBRATION_MAX; s++) {
        bool elsewhere;
        size_t have = 0;
        for (uint64_t i = lib->sub_entry_at[s]; i < lib->sub_entry_at[s + 1]; i++)
            have += qualifies(lib, lib->sub_entry[i], t, cross, &elsewhere);
        if (!have)
            continue;
        bool chosen = floor((double)seen / step) != floor((double)(seen + 1) / step);
        seen++;
        /* The last of them: entries come in the order of laboratories and energies. */
        for (uint64_t i = lib->sub_entry_at[s]; i < lib->sub_entry_at[s + 1] && chosen; i++) {
            uint32_t e = lib->sub_entry[i];
            if (qualifies(lib, e, t, cross, &elsewhere) && !--have)
                q[n++] = (question){e, elsewhere};
        }
    }
    *ret_q = q;
    *ret_n = n;
    *ret_cross = cross;
    return NPS_OK;
}

/* --- asking ----------------------------------------------------------------------------------------------------------- */

nps_status nps_grade(const nps_library *lib, const nps_prepared *q, const nps_match_options *o, const nps_filter *f,
                     nps_is_truth *is_truth, const void *arg, nps_workspace *w, nps_graded *ret, nps_err *err)
{
    static const double never_found = -1000; /* below whatever a candidate has */
    nps_candidates c;
    size_t i = 0;
    nps_status st = nps_find_candidates(lib, q, o, f, w, &c, err);
    if (st != NPS_OK)
        return st;
    while (i < c.n && !is_truth(arg, c.item[i].substance)) /* best first */
        i++;
    *ret = (nps_graded){i < c.n ? c.item[i].conformity : never_found, (uint8_t)nps_kind_of(q)};
    nps_candidates_done(&c);
    return NPS_OK;
}

static nps_status ask(const nps_library *lib, const question *q, nps_workspace *w, nps_graded *ret, nps_err *err)
{
    const nps_match_options o = nps_match_options_default();
    nps_filter f = nps_filter_all();
    nps_prepared p;
    f.self = q->entry;
    f.polarity = lib->entry_polarity[q->entry];
    if (q->leave_contributor) {
        f.substance = lib->entry_substance[q->entry];
        f.contributor = lib->entry_contributor[q->entry];
    }
    nps_status st = nps_prepare_entry(lib, q->entry, &p, err);
    if (st != NPS_OK)
        return st;
    st = nps_grade(lib, &p, &o, &f, nps_is_substance, &lib->entry_substance[q->entry], w, ret, err);
    nps_prepared_done(&p);
    return st;
}

typedef struct {
    const nps_library *lib;
    const question *q;
    nps_graded *ret;
    /* One of each a thread, made when it asks for the first time. */
    nps_workspace *w[NPS_THREADS_MAX];
    nps_status st[NPS_THREADS_MAX];
    nps_err err[NPS_THREADS_MAX];
} ask_job;

static void ask_one(void *arg, unsigned thread, size_t i)
{
    ask_job *j = arg;
    nps_status *st = &j->st[thread];
    nps_err *err = &j->err[thread];
    if (*st == NPS_OK && !j->w[thread])
        *st = nps_workspace_new(&j->w[thread], err);
    if (*st == NPS_OK)
        *st = ask(j->lib, &j->q[i], j->w[thread], &j->ret[i], err);
}

static nps_status ask_in_threads(const nps_library *lib, const question *q, size_t n, unsigned threads, nps_graded *ret,
                                 nps_err *err)
{
    NPS_AUTO_MEM(ask_job *) j = nps_array(1, sizeof *j);
    if (!j)
        return nps_fail_nomem(err);
    j->lib = lib;
    j->q = q;
    j->ret = ret;
    nps_parallel(threads, n, ask_one, j);
    nps_status st = NPS_OK;
    for (unsigned t = 0; t < NPS_THREADS_MAX; t++) {
        nps_workspace_free(j->w[t]);
        if (st == NPS_OK && j->st[t] != NPS_OK)
            st = nps_fail(err, j->st[t], "%s", j->err[t].msg);
    }
    return st;
}

int nps_graded_ascending(const void *a, const void *b)
{
    const nps_graded *x = a, *y = b;
    if (x->conformity != y->conformity)
        return x->conformity < y->conformity ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

/* --- a whole library --------------------------------------------------------------------------------------------------- */

/* *ret is ascending. */
static nps_status calibrate_technique(const nps_library *lib, nps_technique t, unsigned threads, nps_graded **ret,
                                      size_t *ret_n, bool *ret_cross, nps_err *err)
{
    NPS_AUTO_MEM(question *) q = NULL;
    size_t n = 0;
    nps_status st = choose(lib, t, &q, &n, ret_cross, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO_MEM(nps_graded *) graded = nps_array(n, sizeof *graded);
    if (!graded)
        return nps_fail_nomem(err);
    if (n)
        st = ask_in_threads(lib, q, n, threads, graded, err);
    if (st != NPS_OK)
        return st;
    if (n)
        qsort(graded, n, sizeof *graded, nps_graded_ascending);
    *ret = nps_steal(graded);
    *ret_n = n;
    return NPS_OK;
}

typedef struct {
    uint64_t *at;
    uint8_t *source, *kind;
    double *conformity;
    size_t n, cap_conformity, cap_kind;
} tables;

static nps_status add_pair(tables *all, double conformity, uint8_t kind, nps_err *err)
{
    nps_status st = nps_grow(&all->conformity, &all->cap_conformity, all->n + 1, sizeof *all->conformity, SIZE_MAX / 8, err);
    if (st == NPS_OK)
        st = nps_grow(&all->kind, &all->cap_kind, all->n + 1, sizeof *all->kind, SIZE_MAX / 8, err);
    if (st != NPS_OK)
        return st;
    all->conformity[all->n] = conformity;
    all->kind[all->n++] = kind;
    return NPS_OK;
}

/* Pairs of one technique: the library's own, or for lack of them the general ones. */
static nps_status add_technique(const nps_library *lib, nps_technique t, unsigned threads, tables *all, nps_err *err)
{
    NPS_AUTO_MEM(nps_graded *) own = NULL;
    size_t n = 0;
    bool cross = false;
    nps_status st = calibrate_technique(lib, t, threads, &own, &n, &cross, err);
    nps_calibration general = nps_calibration_general(t);
    size_t needed = !general.n ? NPS_CALIBRATION_FEW : cross ? NPS_CALIBRATION_MIN : NPS_CALIBRATION_WITHIN_MIN;
    if (st != NPS_OK)
        return st;
    if (n >= needed) {
        all->source[t] = cross ? NPS_CALIBRATION_LIBRARY : NPS_CALIBRATION_WITHIN;
        for (size_t i = 0; i < n && st == NPS_OK; i++)
            st = add_pair(all, own[i].conformity, own[i].kind, err);
    } else {
        all->source[t] = (uint8_t)general.source;
        for (size_t i = 0; i < general.n && st == NPS_OK; i++)
            st = add_pair(all, general.conformity[i], NPS_KIND_ANY, err);
    }
    all->at[t + 1] = all->n;
    return st;
}

nps_status nps_calibrate_library(nps_library *lib, unsigned threads, nps_err *err)
{
    tables all = {nps_array(NPS_TECH_COUNT + 1, sizeof *all.at), nps_array(NPS_TECH_COUNT, 1), nps_array(1, 1),
                  nps_array(1, sizeof *all.conformity), 0, 1, 1};
    nps_status st = all.at && all.source && all.kind && all.conformity ? NPS_OK : nps_fail_nomem(err);
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT && st == NPS_OK; t++)
        st = add_technique(lib, t, threads, &all, err);
    if (st != NPS_OK) {
        free(all.at);
        free(all.source);
        free(all.kind);
        free(all.conformity);
        return st;
    }
    free((void *)(uintptr_t)lib->calibration_at);
    free((void *)(uintptr_t)lib->calibration_source);
    free((void *)(uintptr_t)lib->conformity_kind);
    free((void *)(uintptr_t)lib->conformity);
    lib->calibration_at = all.at;
    lib->calibration_source = all.source;
    lib->conformity_kind = all.kind;
    lib->conformity = all.conformity;
    lib->n_conformity = all.n;
    return NPS_OK;
}
