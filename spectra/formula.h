/* Likely formula changes behind a mass difference. */
#ifndef NPS_SPECTRA_FORMULA_H
#define NPS_SPECTRA_FORMULA_H

#include <stdbool.h>
#include <stddef.h>

enum { NPS_FORMULA_MAX = 48 };

/* The most plausible change of substituents for a mass difference (query minus reference, Da) among the common ones of
 * designer-drug chemistry (homologation, halogen for hydrogen, methoxy, hydroxy ... and sums of two of them), as
 * "+CH2", "+F -H", "-C2H4". Plausibility is the order of the table; only what the reference has can be lost.
 * @param reference  molecular formula of the reference ("C15H22ClNO"); NULL or "" when not known: then anything can
 * Monoisotopic masses: IUPAC 2021 atomic masses. @return false, and "" in `out`, when none fits. */
bool nps_formula_change(double delta_da, double tol_da, const char *reference, char out[static NPS_FORMULA_MAX]);

#endif
