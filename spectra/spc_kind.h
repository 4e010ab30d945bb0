/* What the unit and experiment codes of SPC files mean, and what of it is read here. */
#ifndef NPS_SPECTRA_SPC_KIND_H
#define NPS_SPECTRA_SPC_KIND_H

#include "spectra/spc_file.h"
#include "spectra/trace.h"

typedef enum { NPS_SPC_INFRARED, NPS_SPC_RAMAN, NPS_SPC_MASS } nps_spc_kind;

/* Names of the codes, as in SPC.H; NULL where a code has none. */
const char *nps_spc_experiment_name(unsigned code);
const char *nps_spc_axis_name(unsigned code); /* of x, z and w */
const char *nps_spc_ordinate_name(unsigned code);

/* What kind of spectra the file holds. `low` and `high` are the ends of the abscissa, in its unit: wavelengths in
 * nanometres are infrared when the experiment says so, or beyond 780 nm where it says nothing (CIE 17-21-004: the end of
 * the visible range). Errors: NPS_E_UNSUPPORTED at the byte of the code that rules the file out, with its name. */
NPS_MUST_CHECK nps_status nps_spc_kind_of(const nps_spc_file *f, double low, double high, nps_spc_kind *ret_kind,
                                          nps_err *err);

static inline nps_x_unit nps_spc_x_unit(const nps_spc_file *f)
{
    return f->x_type == 2 ? NPS_X_MICROMETRE : f->x_type == 3 ? NPS_X_NANOMETRE : NPS_X_CM1;
}

/* Unit of the ordinates of an infrared or Raman file. `largest` is the largest of all of them: SPC stores transmission
 * and reflectance as parts or as per cent without saying which, so between 1.5 and 5 neither can be told. Errors:
 * NPS_E_UNSUPPORTED. */
NPS_MUST_CHECK nps_status nps_spc_y_unit(const nps_spc_file *f, double largest, nps_y_unit *ret_unit, nps_err *err);
/* Whether nps_spc_y_unit asks for the largest ordinate. */
static inline bool nps_spc_needs_largest(const nps_spc_file *f) { return f->y_type == 128 || f->y_type == 129; }

#endif
