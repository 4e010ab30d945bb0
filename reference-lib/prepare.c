#include "reference-lib/prepare.h"

#include "reference-lib/index.h"
#include "reference-lib/ir.h"
#include "spectra/clean.h"
#include "spectra/energy.h"

#include <stdlib.h>
#include <string.h>

void nps_prepared_done(nps_prepared *p)
{
    nps_peaks_done(&p->nominal);
    nps_peaks_done(&p->clean);
    free(p->weight);
    free(p->grid);
    *p = (nps_prepared){0};
}

nps_status nps_prepare_peaks(nps_peak_view peaks, nps_prepared *p, nps_err *err)
{
    p->measured = peaks;
    return p->technique == NPS_TECH_EI ? nps_clean_nominal(peaks, &p->nominal, err)
                                       : nps_index_clean(peaks, p->precursor, &p->clean, &p->weight, err);
}

nps_status nps_prepare_trace(const nps_trace *t, const nps_trace_prep *prep, float *ret_y, nps_err *err)
{
    NPS_AUTO_MEM(float *) y = nps_array(t->n, sizeof *y);
    if (!y)
        return nps_fail_nomem(err);
    memcpy(y, t->y, t->n * sizeof *y);
    nps_trace copy = {.n = t->n, .x0_cm1 = t->x0_cm1, .dx_cm1 = t->dx_cm1, .y = y};
    nps_status st = NPS_OK;
    if (prep) {
        nps_trace_prep steps = *prep;
        if (steps.derivative)
            steps.derivative = steps.window = 0;
        st = nps_trace_prepare(&copy, &steps, err);
    }
    return st == NPS_OK ? nps_ir_grid(&copy, ret_y, err) : st;
}

nps_status nps_prepare(const nps_spectrum *s, const nps_trace_prep *prep, nps_prepared *ret, nps_err *err)
{
    const char *energy = s->text[NPS_TEXT_ENERGY];
    nps_prepared p = {.technique = s->technique,
                      .precursor = s->precursor_mz,
                      .polarity = s->polarity,
                      .energy_ev = energy ? nps_energy_ev(energy, s->precursor_mz) : 0,
                      .retention_index = s->retention_index};
    nps_status st = NPS_OK;
    if (nps_technique_is_mass(s->technique)) {
        st = nps_prepare_peaks(nps_peaks_view(&s->peaks), &p, err);
    } else {
        p.grid = nps_array(NPS_IR_GRID_N, sizeof *p.grid);
        st = p.grid ? nps_prepare_trace(&s->trace, prep, p.grid, err) : nps_fail_nomem(err);
    }
    if (st == NPS_OK)
        *ret = p;
    else
        nps_prepared_done(&p);
    return st;
}

nps_status nps_prepare_entry(const nps_library *lib, uint32_t entry, nps_prepared *ret, nps_err *err)
{
    nps_prepared p = {.technique = (nps_technique)lib->entry_technique[entry],
                      .precursor = lib->entry_precursor[entry],
                      .polarity = lib->entry_polarity[entry],
                      .energy_ev = nps_energy_ev(nps_library_text(lib, lib->entry_energy[entry]), lib->entry_precursor[entry]),
                      .retention_index = lib->entry_ri[entry]};
    nps_status st = NPS_OK;
    if (nps_technique_is_mass(p.technique)) {
        st = nps_prepare_peaks(nps_library_peak_row(lib, entry), &p, err);
    } else {
        p.grid = nps_array(NPS_IR_GRID_N, sizeof *p.grid);
        if (!p.grid)
            return nps_fail_nomem(err);
        memcpy(p.grid, nps_ir_row(lib, entry), NPS_IR_GRID_N * sizeof *p.grid);
    }
    if (st == NPS_OK)
        *ret = p;
    else
        nps_prepared_done(&p);
    return st;
}
