/* Real single-precision FFT (the only user of FFTW) and correlation over lags.
 *
 * Plans are made with FFTW_ESTIMATE: measured plans give other last digits from run to run. Making and freeing plans
 * is serialised inside; using one is free of locks, from any thread, with arrays from nps_fft_alloc. */
#ifndef NPS_CORE_FFT_H
#define NPS_CORE_FFT_H

#include "core/err.h"
#include "core/mem.h"

#include <complex.h>
#include <stddef.h>

typedef struct nps_fft nps_fft;

/* @param n  points, 2 .. 2^24. Errors: NPS_E_RANGE, NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_fft_new(size_t n, nps_fft **ret_fft, nps_err *err);
void nps_fft_free(nps_fft *f);
NPS_DEFINE_FREEP(nps_fft)

size_t nps_fft_bins(const nps_fft *f);  /* n / 2 + 1 */

/* Smallest size >= n that FFTW does fast: 2^a 3^b 5^c with a >= 5. */
size_t nps_fft_good_size(size_t n);

/* Aligned memory of n floats, zeroed; freed by nps_fft_release. NULL when memory is short. */
float *nps_fft_alloc(size_t n);
void nps_fft_release(void *p);

/* in [n] real -> out [n / 2 + 1] complex, not normalised. `in` keeps its values. */
void nps_fft_forward(const nps_fft *f, float *in, float complex *out);
/* in [n / 2 + 1] complex -> out [n] real, times n. Destroys `in`. */
void nps_fft_inverse(const nps_fft *f, float complex *in, float *out);

/* out[k] = conj(a[k]) b[k], [bins]: the transform of the cross-correlation of a and b. */
void nps_fft_conj_multiply(const float complex *a, const float complex *b, size_t bins, float complex *out);

#endif
