#include "reference-lib/match_options.h"

#include <math.h>

nps_match_options nps_match_options_default(void)
{
    return (nps_match_options){
        .alpha = 0.05, .top = 10, .tol_mz = 0.02, .tol_precursor_ppm = 10, .with_analogs = true, .with_mixture = true};
}

nps_status nps_match_check_options(const nps_match_options *o, nps_err *err)
{
    if (!(o->alpha > 0 && o->alpha <= 0.5))
        return nps_fail(err, NPS_E_RANGE, "alpha %g is outside (0, 0.5]", o->alpha);
    if (o->top < 1 || o->top > 1000)
        return nps_fail(err, NPS_E_RANGE, "number of hits %zu is outside 1..1000", o->top);
    nps_status st = nps_check_tol_mz(o->tol_mz, err);
    if (st != NPS_OK)
        return st;
    if (!(o->max_lag_cm1 >= 0 && o->max_lag_cm1 <= NPS_IR_LAG_MAX * NPS_IR_GRID_DX))
        return nps_fail(err, NPS_E_RANGE, "largest move %g 1/cm is outside [0, %g]", o->max_lag_cm1,
                        NPS_IR_LAG_MAX * NPS_IR_GRID_DX);
    if (!(o->tol_precursor_ppm > 0 && o->tol_precursor_ppm <= 1000))
        return nps_fail(err, NPS_E_RANGE, "precursor tolerance %g ppm is outside (0, 1000]", o->tol_precursor_ppm);
    return NPS_OK;
}

const nps_trace_prep *nps_match_prep(const nps_library *lib, nps_technique technique, const nps_match_options *o)
{
    return o->trace_prep ? o->trace_prep : &lib->trace_prep[technique];
}

nps_ir_options nps_match_ir_options(const nps_library *lib, nps_technique technique, const nps_match_options *o)
{
    nps_ir_options ir = nps_ir_options_of(technique, nps_match_prep(lib, technique, o));
    ir.max_lag = (unsigned)(o->max_lag_cm1 / NPS_IR_GRID_DX);
    return ir;
}

const nps_evidence_model *nps_match_model(nps_technique t, const nps_match_options *o)
{
    const nps_calibration *own = o->own_calibration ? &o->own_calibration[t] : NULL;
    return own && own->n && own->model ? own->model : nps_evidence_model_of(t);
}
