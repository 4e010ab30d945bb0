/* Collision energies as files write them. */
#ifndef NPS_SPECTRA_ENERGY_H
#define NPS_SPECTRA_ENERGY_H

/* eV of a collision energy as files write it; 0 where it is not one number. Normalised energies ("%", "NCE", "nominal") are
 * taken at charge 1: eV = NCE * m/z / 500 (Thermo Fisher Product Support Bulletin 104). */
double nps_energy_ev(const char *text, double precursor);

#endif
