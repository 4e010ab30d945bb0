/* Likely formula changes behind a mass difference. */
#ifndef NPS_SPECTRA_FORMULA_H
#define NPS_SPECTRA_FORMULA_H

#include <stdbool.h>
#include <stddef.h>

enum { NPS_FORMULA_MAX = 48, NPS_FORMULA_LIST = 4 };

typedef struct {
    char text[NPS_FORMULA_MAX]; /* "+CH2", "+F -H", "-C2H4", "+CH2, +F -H" */
    double mass;                /* monoisotopic, Da, with its sign */
} nps_formula_change;

/* The most plausible changes of substituents for a mass difference (query minus reference, Da): the common ones of
 * designer-drug chemistry and of derivatisation (homologation, halogen for hydrogen, methoxy, hydroxy, acyl, silyl ...) and
 * sums of two of them, within tol_da, most plausible first. Plausibility is the order of the table; one change comes before
 * a sum of two; only what the reference has can be lost.
 * @param reference  molecular formula of the reference ("C15H22ClNO"); NULL or "" when not known: then anything can
 * @param ret  the first *ret_n <= NPS_FORMULA_LIST of them; none for a difference within tol_da of 0
 * Monoisotopic masses: IUPAC 2021 atomic masses. O(table squared). */
void nps_formula_changes(double delta_da, double tol_da, const char *reference,
                         nps_formula_change ret[static NPS_FORMULA_LIST], size_t *ret_n);

#endif
