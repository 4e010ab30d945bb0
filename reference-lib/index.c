#include "reference-lib/index.h"

#include "reference-lib/ir_code.h"
#include "spectra/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t nps_index_ei_weights(const nps_peaks *p, uint32_t *ret_bin, float *ret_weight)
{
    double squares = 0;
    size_t n = 0;
    for (size_t i = 0; i < p->n && p->mz[i] < NPS_EI_BINS; i++) {
        double w = p->mz[i] * sqrt((double)p->intensity[i]);
        ret_bin[n] = (uint32_t)p->mz[i];
        ret_weight[n++] = (float)w;
        squares += w * w;
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (size_t i = 0; i < n; i++)
        ret_weight[i] = (float)((double)ret_weight[i] * scale);
    return n;
}

nps_status nps_index_clean(nps_peak_view p, double precursor_mz, nps_peaks *ret_clean, nps_err *err)
{
    nps_clean_options o = nps_clean_options_default(precursor_mz);
    nps_peaks c;
    nps_status st = nps_clean(p, &o, &c, err);
    if (st == NPS_OK && !c.n && p.n) {
        nps_peaks_done(&c);
        o.precursor_mz = 0;
        st = nps_clean(p, &o, &c, err);
    }
    if (st != NPS_OK)
        return st;
    nps_entropy_weight(c.intensity, c.n, c.intensity);
    *ret_clean = c;
    return NPS_OK;
}

static nps_peak_view row_view(const nps_library *lib, uint64_t e)
{
    uint64_t at = lib->peak_at[e];
    return (nps_peak_view){lib->peak_mz + at, lib->peak_intensity + at, lib->peak_at[e + 1] - at};
}

/* --- EI ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t *bin, *row_n;
    float *weight;
    size_t n, cap_bin, cap_weight;
} ei_rows;

static nps_status collect_ei(const nps_library *lib, ei_rows *rows, nps_err *err)
{
    for (uint64_t e = 0; e < lib->n_entry; e++) {
        if (lib->entry_technique[e] != NPS_TECH_EI)
            continue;
        nps_peaks nominal;
        nps_status st = nps_clean_nominal(row_view(lib, e), &nominal, err);
        if (st != NPS_OK)
            return st;
        st = nps_grow(&rows->bin, &rows->cap_bin, rows->n + nominal.n, sizeof *rows->bin, SIZE_MAX / 8, err);
        if (st == NPS_OK)
            st = nps_grow(&rows->weight, &rows->cap_weight, rows->n + nominal.n, sizeof *rows->weight, SIZE_MAX / 8,
                          err);
        if (st == NPS_OK) {
            rows->row_n[e] = nominal.n ? (uint32_t)nps_index_ei_weights(&nominal, rows->bin + rows->n, rows->weight + rows->n) : 0;
            rows->n += rows->row_n[e];
        }
        nps_peaks_done(&nominal);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}

static nps_status index_ei(nps_library *lib, nps_err *err)
{
    ei_rows rows = {.row_n = nps_array(lib->n_entry, sizeof *rows.row_n)};
    nps_status st = rows.row_n ? collect_ei(lib, &rows, err) : nps_fail_nomem(err);
    uint64_t *at = nps_array(NPS_EI_BINS + 1, sizeof *at);
    uint32_t *entry = nps_array(rows.n, sizeof *entry);
    float *weight = nps_array(rows.n, sizeof *weight);
    lib->n_ei_bin = NPS_EI_BINS;
    lib->n_ei_posting = rows.n;
    lib->ei_bin_at = at;
    lib->ei_entry = entry;
    lib->ei_weight = weight;
    if (st == NPS_OK && (!at || !entry || !weight))
        st = nps_fail_nomem(err);
    if (st == NPS_OK) {
        /* Counting sort by bin keeps entries ascending within each. */
        for (size_t i = 0; i < rows.n; i++)
            at[rows.bin[i] + 1]++;
        for (size_t b = 0; b < NPS_EI_BINS; b++)
            at[b + 1] += at[b];
        size_t i = 0;
        for (uint64_t e = 0; e < lib->n_entry; e++)
            for (uint32_t k = 0; k < rows.row_n[e]; k++, i++) {
                uint64_t to = at[rows.bin[i]]++;
                entry[to] = (uint32_t)e;
                weight[to] = rows.weight[i];
            }
        memmove(at + 1, at, NPS_EI_BINS * sizeof *at);
        at[0] = 0;
    }
    free(rows.bin);
    free(rows.weight);
    free(rows.row_n);
    return st;
}

/* --- MS/MS ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    double mz;
    uint32_t entry;
    float weight;
} fragment;

static int by_mz_then_entry(const void *a, const void *b)
{
    const fragment *x = a, *y = b;
    if (x->mz != y->mz)
        return x->mz < y->mz ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static bool is_fragment_technique(uint8_t t)
{
    return t == NPS_TECH_MSMS || t == NPS_TECH_DART;
}

static nps_status collect_clean(nps_library *lib, fragment **items, size_t *ret_n, nps_err *err)
{
    size_t n = 0, cap = 0;
    uint64_t *at = nps_array(lib->n_entry + 1, sizeof *at);
    lib->clean_at = at;
    if (!at)
        return nps_fail_nomem(err);
    for (uint64_t e = 0; e < lib->n_entry; e++) {
        at[e] = n;
        if (!is_fragment_technique(lib->entry_technique[e]))
            continue;
        nps_peaks c;
        nps_status st = nps_index_clean(row_view(lib, e), lib->entry_precursor[e], &c, err);
        if (st != NPS_OK)
            return st;
        st = nps_grow(items, &cap, n + c.n, sizeof **items, SIZE_MAX / sizeof **items, err);
        for (size_t i = 0; i < c.n && st == NPS_OK; i++)
            (*items)[n++] = (fragment){c.mz[i], (uint32_t)e, c.intensity[i]};
        nps_peaks_done(&c);
        if (st != NPS_OK)
            return st;
    }
    at[lib->n_entry] = n;
    *ret_n = n;
    return NPS_OK;
}

static nps_status split_fragments(const fragment *items, size_t n, const double **ret_mz, const float **ret_weight,
                                  const uint32_t **opt_entry, nps_err *err)
{
    double *mz = nps_array(n, sizeof *mz);
    float *weight = nps_array(n, sizeof *weight);
    uint32_t *entry = opt_entry ? nps_array(n, sizeof *entry) : NULL;
    *ret_mz = mz;
    *ret_weight = weight;
    if (opt_entry)
        *opt_entry = entry;
    if (!mz || !weight || (opt_entry && !entry))
        return nps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        mz[i] = items[i].mz;
        weight[i] = items[i].weight;
        if (entry)
            entry[i] = items[i].entry;
    }
    return NPS_OK;
}

static nps_status index_fragments(nps_library *lib, nps_err *err)
{
    fragment *items = NULL;
    size_t n = 0;
    nps_status st = collect_clean(lib, &items, &n, err);
    lib->n_clean = n;
    if (st == NPS_OK)
        st = split_fragments(items, n, &lib->clean_mz, &lib->clean_weight, NULL, err);
    if (st == NPS_OK) {
        if (n)
            qsort(items, n, sizeof *items, by_mz_then_entry);
        st = split_fragments(items, n, &lib->fragment_mz, &lib->fragment_weight, &lib->fragment_entry, err);
    }
    free(items);
    return st;
}

static nps_status index_precursors(nps_library *lib, nps_err *err)
{
    size_t n = 0;
    NPS_AUTO_MEM(fragment *) items = nps_array(lib->n_entry, sizeof *items);
    if (!items)
        return nps_fail_nomem(err);
    for (uint64_t e = 0; e < lib->n_entry; e++)
        if (is_fragment_technique(lib->entry_technique[e]) && lib->entry_precursor[e] > 0)
            items[n++] = (fragment){lib->entry_precursor[e], (uint32_t)e, 0};
    if (n)
        qsort(items, n, sizeof *items, by_mz_then_entry);
    const float *unused = NULL;
    nps_status st = split_fragments(items, n, &lib->precursor_mz, &unused, &lib->precursor_entry, err);
    free((void *)(uintptr_t)unused);
    lib->n_precursor = n;
    return st;
}

nps_status nps_index_build(nps_library *lib, nps_err *err)
{
    nps_status st = index_ei(lib, err);
    if (st == NPS_OK)
        st = index_fragments(lib, err);
    if (st == NPS_OK)
        st = index_precursors(lib, err);
    if (st == NPS_OK)
        st = nps_ir_code_build(lib, err);
    return st;
}
