#include "reference-lib/calibrate.h"

#include "core/parallel.h"
#include "reference-lib/ir.h"
#include "reference-lib/match_impl.h"
#include "spectra/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATE_ENTRIES = 512 };

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

/* Whether the entry is to be asked: its technique, with a replicate, of another contributor where `cross` says so. */
static bool qualifies(const nps_library *lib, uint32_t e, nps_technique t, bool cross, bool *ret_elsewhere)
{
    return is_of(lib, e, t) && has_replicate(lib, e, ret_elsewhere) && (*ret_elsewhere || !cross);
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

static bool names_substance(const nps_library *lib, uint32_t s, const char *truth)
{
    const char *key = nps_library_text(lib, lib->sub_inchikey[s]);
    if (*key)
        return strncmp(key, truth, 14) == 0 && (truth[14] == '\0' || truth[14] == '-');
    return strcmp(nps_library_text(lib, lib->sub_name[s]), truth) == 0;
}

/* What a query truly is: a substance, or all that a key names (a labelled standard shares the block of its parent). */
typedef struct {
    uint32_t substance;
    const char *key; /* InChIKey block or name; NULL: the substance alone counts */
} truth;

static double conformity_of(const nps_library *lib, const nps_candidate *c, size_t n, truth t)
{
    for (size_t i = 0; i < n; i++) /* best first */
        if (t.key ? names_substance(lib, c[i].substance, t.key) : c[i].substance == t.substance)
            return c[i].conformity;
    /* Not among the candidates at all: below whatever these have. */
    return n ? fmin(0, c[n - 1].conformity) : 0;
}

/* Conformity of the truth for a prepared query. Takes *p. */
static nps_status measure(const nps_library *lib, nps_prepared *p, const nps_filter *f, truth t, nps_workspace *w,
                          double *ret, nps_err *err)
{
    nps_match_options o = nps_match_options_default();
    nps_candidate *c = NULL;
    size_t n = 0;
    nps_status st = nps_find_candidates(lib, p, &o, f, CANDIDATE_ENTRIES, w, &c, &n, err);
    if (st == NPS_OK)
        *ret = conformity_of(lib, c, n, t);
    free(c);
    nps_prepared_done(p);
    return st;
}

static nps_status ask(const nps_library *lib, const question *q, nps_workspace *w, double *ret, nps_err *err)
{
    nps_filter f = nps_filter_all();
    nps_prepared p;
    f.self = q->entry;
    f.polarity = lib->entry_polarity[q->entry];
    if (q->leave_contributor) {
        f.substance = lib->entry_substance[q->entry];
        f.contributor = lib->entry_contributor[q->entry];
    }
    nps_status st = nps_prepare_entry(lib, q->entry, &p, err);
    truth t = {.substance = lib->entry_substance[q->entry]};
    return st == NPS_OK ? measure(lib, &p, &f, t, w, ret, err) : st;
}

typedef struct {
    const nps_library *lib;
    const question *q;
    double *ret;
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

static nps_status ask_in_threads(const nps_library *lib, const question *q, size_t n, unsigned threads, double *ret,
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

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* --- a whole library --------------------------------------------------------------------------------------------------- */

static nps_status calibrate_technique(const nps_library *lib, nps_technique t, unsigned threads, double **ret,
                                      size_t *ret_n, bool *ret_cross, nps_err *err)
{
    NPS_AUTO_MEM(question *) q = NULL;
    size_t n = 0;
    nps_status st = choose(lib, t, &q, &n, ret_cross, err);
    if (st != NPS_OK)
        return st;
    NPS_AUTO_MEM(double *) conformity = nps_array(n, sizeof *conformity);
    if (!conformity)
        return nps_fail_nomem(err);
    if (n)
        st = ask_in_threads(lib, q, n, threads, conformity, err);
    if (st != NPS_OK)
        return st;
    if (n)
        qsort(conformity, n, sizeof *conformity, ascending);
    *ret = nps_steal(conformity);
    *ret_n = n;
    return NPS_OK;
}

nps_status nps_calibrate_library(nps_library *lib, unsigned threads, nps_err *err)
{
    uint64_t *at = nps_array(NPS_TECH_COUNT + 1, sizeof *at);
    uint8_t *source = nps_array(NPS_TECH_COUNT, sizeof *source);
    double *all = NULL;
    size_t n_all = 0, cap = 0;
    nps_status st = at && source ? NPS_OK : nps_fail_nomem(err);
    for (nps_technique t = NPS_TECH_UNKNOWN; t < NPS_TECH_COUNT && st == NPS_OK; t++) {
        double *own = NULL;
        size_t n = 0;
        bool cross = false;
        st = calibrate_technique(lib, t, threads, &own, &n, &cross, err);
        const double *use = own;
        nps_calibration general = nps_calibration_general(t);
        size_t needed = !general.n ? NPS_CALIBRATION_FEW : cross ? NPS_CALIBRATION_MIN : NPS_CALIBRATION_WITHIN_MIN;
        if (st == NPS_OK && n >= needed) {
            source[t] = cross ? NPS_CALIBRATION_LIBRARY : NPS_CALIBRATION_WITHIN;
        } else if (st == NPS_OK) {
            source[t] = (uint8_t)general.source;
            use = general.conformity;
            n = general.n;
        }
        if (st == NPS_OK)
            st = nps_grow(&all, &cap, n_all + n + 1, sizeof *all, SIZE_MAX / 8, err);
        if (st == NPS_OK && n) {
            memcpy(all + n_all, use, n * sizeof *all);
            n_all += n;
        }
        if (st == NPS_OK)
            at[t + 1] = n_all;
        free(own);
    }
    if (st != NPS_OK) {
        free(at);
        free(source);
        free(all);
        return st;
    }
    free((void *)(uintptr_t)lib->calibration_at);
    free((void *)(uintptr_t)lib->calibration_source);
    free((void *)(uintptr_t)lib->conformity);
    lib->calibration_at = at;
    lib->calibration_source = source;
    lib->conformity = all;
    lib->n_conformity = n_all;
    return NPS_OK;
}

/* --- a laboratory's own cases -------------------------------------------------------------------------------------------- */

/* *ret_asked is false where nothing of a trace is left to compare, so that it would not be judged either. */
static nps_status ask_case(const nps_library *lib, const nps_calibration_case *k, nps_workspace *w, bool *ret_asked,
                           double *ret, nps_err *err)
{
    nps_technique t = k->query->technique;
    nps_filter f = nps_filter_all();
    nps_prepared p;
    f.polarity = k->query->polarity;
    nps_status st = nps_prepare(k->query, &lib->trace_prep[t], &p, err);
    bool is_trace = !nps_technique_is_mass(t);
    if (st != NPS_OK)
        return is_trace && (st == NPS_E_RANGE || st == NPS_E_NUMERIC) ? NPS_OK : st;
    nps_ir_options o = nps_ir_options_of(t, &lib->trace_prep[t]);
    if (is_trace && nps_ir_points(p.grid, &o) < NPS_IR_COMMON_MIN) {
        nps_prepared_done(&p);
        return NPS_OK;
    }
    *ret_asked = true;
    return measure(lib, &p, &f, (truth){.key = k->truth}, w, ret, err);
}

nps_status nps_calibrate_cases(const nps_library *lib, const nps_calibration_case *cases, size_t n,
                               nps_calibration ret[NPS_TECH_COUNT], size_t *ret_left_out, nps_err *err)
{
    NPS_AUTO(nps_workspace) w = NULL;
    double *conformity[NPS_TECH_COUNT] = {0};
    size_t count[NPS_TECH_COUNT] = {0}, cap[NPS_TECH_COUNT] = {0}, left_out = 0;
    nps_status st = nps_workspace_new(&w, err);
    for (size_t i = 0; i < n && st == NPS_OK; i++) {
        uint32_t s = 0;
        nps_technique t = cases[i].query->technique;
        while (s < lib->n_substance && !names_substance(lib, s, cases[i].truth))
            s++;
        if (s == lib->n_substance || !nps_quality_is_usable(nps_quality_check(cases[i].query))) {
            left_out++;
            continue;
        }
        st = nps_grow(&conformity[t], &cap[t], count[t] + 1, sizeof *conformity[t], SIZE_MAX / 8, err);
        bool asked = false;
        if (st == NPS_OK)
            st = ask_case(lib, &cases[i], w, &asked, &conformity[t][count[t]], err);
        count[t] += asked;
        left_out += st == NPS_OK && !asked;
    }
    for (size_t t = 0; t < NPS_TECH_COUNT; t++) {
        if (st != NPS_OK) {
            free(conformity[t]);
            continue;
        }
        if (count[t])
            qsort(conformity[t], count[t], sizeof *conformity[t], ascending);
        ret[t] = (nps_calibration){.source = count[t] ? NPS_CALIBRATION_OWN : NPS_CALIBRATION_NONE,
                                   .n = count[t],
                                   .conformity = conformity[t]};
    }
    if (st == NPS_OK)
        *ret_left_out = left_out;
    return st;
}
