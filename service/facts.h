/* What a file says of how its spectrum was measured, as pairs of words for a report. */
#ifndef NPS_SERVICE_FACTS_H
#define NPS_SERVICE_FACTS_H

#include "spectra/spectrum.h"

enum { NPS_FACTS_META = 40 }; /* pairs of metadata that are told; of more the number */

/* Calls `fact` for each: the fields that have a meaning, numbers with their units, then the metadata as in the file. Texts are
 * the file's own: to be escaped; valid during the call only. */
void nps_spectrum_facts(const nps_spectrum *s, void (*fact)(void *arg, const char *name, const char *value), void *arg);

#endif
