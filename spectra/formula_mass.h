/* Monoisotopic masses of molecular formulae and adducts. */
#ifndef NPS_SPECTRA_FORMULA_MASS_H
#define NPS_SPECTRA_FORMULA_MASS_H

#include "core/scan.h"

#include <stdbool.h>

/* Mass in Da of "C17H21NO4" (atomic masses: IUPAC 2021). False for what is no formula, or holds an element that no drug has.
 * A charge at the end ("+", "-") is passed over: the mass is that of the neutral composition. */
bool nps_formula_mass(nps_span formula, double *ret_mass);

/* What an adduct of one molecule, "[M+H]+", adds to its mass to make the m/z of the ion. False for one that is not known. */
bool nps_adduct_shift(nps_span adduct, double *ret_shift);

#endif
