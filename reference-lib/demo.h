/* The demonstration library: spectra made by a generator, from invented substances with invented names, so that the
 * whole way can be seen without anybody's data. Seeded: always the same. Nothing here is, or imitates, a real substance;
 * every entry carries NPS_ENTRY_GENERATED and says "generated, not measured". */
#ifndef NPS_REFERENCE_LIB_DEMO_H
#define NPS_REFERENCE_LIB_DEMO_H

#include "reference-lib/library.h"

typedef struct nps_demo nps_demo;
NPS_MUST_CHECK nps_status nps_demo_new(nps_demo **ret_demo, nps_err *err);
void nps_demo_free(nps_demo *d);
NPS_DEFINE_FREEP(nps_demo)

/* The library: EI, MS/MS and IR spectra, several replicates of each substance as by different laboratories. */
NPS_MUST_CHECK nps_status nps_demo_library(const nps_demo *d, const char *builder, const char *created,
                                           unsigned threads, nps_library **ret_library, nps_err *err);

/* Spectra to try it with: further replicates of substances in the library ("known-..."), of two look-alike isomers
 * ("isomers-..."), of substances that are not in it ("novel-...": an analogue of a family; "novel-unrelated-...") and of two
 * substances of the library together ("mixture-...": 60:40 by signal; EI and IR). */
typedef struct {
    const char *file; /* name without ending */
    const nps_spectrum *spectrum;
} nps_demo_sample;
size_t nps_demo_n_samples(const nps_demo *d);
const nps_demo_sample *nps_demo_sample_get(const nps_demo *d, size_t i); /* owned by the demo */

#endif
