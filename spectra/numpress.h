/* Undoing MS-Numpress, the compression of mass spectra: Teleman et al., Mol. Cell. Proteomics 13 (2014) 1537.
 *
 * Linear (m/z): a scale as a big-endian double, the first two scaled values as little-endian 32-bit integers, then the
 * differences from straight continuation. Pic (counts): whole numbers. Both pack integers into half bytes, high half first:
 * a head 0..8 says how many leading half bytes are 0, 9..15 that head - 8 of them are 0xf; the others follow, lowest
 * first. Slof (intensities): a scale, then 16-bit little-endian logarithms, v = exp(x / scale) - 1. */
#ifndef NPS_SPECTRA_NUMPRESS_H
#define NPS_SPECTRA_NUMPRESS_H

#include "core/err.h"
#include "core/scan.h"

typedef enum { NPS_NUMPRESS_LINEAR, NPS_NUMPRESS_PIC, NPS_NUMPRESS_SLOF } nps_numpress;

/* Most values that `n` packed bytes can hold. */
static inline size_t nps_numpress_room(size_t n) { return 2 * n + 2; }

/* Decodes into out [max]. Errors: NPS_E_FORMAT for damage, NPS_E_LIMIT for more than `max` values; without a place. */
NPS_MUST_CHECK nps_status nps_numpress_decode(nps_numpress how, nps_span packed, double *out, size_t max, size_t *ret_n,
                                              nps_err *err);

#endif
