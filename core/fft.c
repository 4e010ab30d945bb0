#include "core/fft.h"

#include <fftw3.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct nps_fft {
    size_t n;
    fftwf_plan forward, inverse;
};

/* FFTW's planner is not thread-safe. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

nps_status nps_fft_new(size_t n, nps_fft **ret_fft, nps_err *err)
{
    if (n < 2 || n > (size_t)1 << 24)
        return nps_fail(err, NPS_E_RANGE, "transform of %zu points is outside 2..2^24", n);
    NPS_AUTO(nps_fft) f = nps_array(1, sizeof *f);
    float *real = nps_fft_alloc(n);
    float *complex_part = nps_fft_alloc(2 * (n / 2 + 1));
    if (f && real && complex_part) {
        f->n = n;
        pthread_mutex_lock(&planner);
        f->forward = fftwf_plan_dft_r2c_1d((int)n, real, (fftwf_complex *)(void *)complex_part,
                                           FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
        f->inverse = fftwf_plan_dft_c2r_1d((int)n, (fftwf_complex *)(void *)complex_part, real, FFTW_ESTIMATE);
        pthread_mutex_unlock(&planner);
    }
    nps_fft_release(real);
    nps_fft_release(complex_part);
    if (!f || !f->forward || !f->inverse)
        return nps_fail_nomem(err);
    *ret_fft = nps_steal(f);
    return NPS_OK;
}

void nps_fft_free(nps_fft *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&planner);
    if (f->forward)
        fftwf_destroy_plan(f->forward);
    if (f->inverse)
        fftwf_destroy_plan(f->inverse);
    pthread_mutex_unlock(&planner);
    free(f);
}

size_t nps_fft_bins(const nps_fft *f)
{
    return f->n / 2 + 1;
}

size_t nps_fft_good_size(size_t n)
{
    for (n = (n + 31) / 32 * 32;; n += 32) {
        size_t m = n;
        while (m % 2 == 0)
            m /= 2;
        while (m % 3 == 0)
            m /= 3;
        while (m % 5 == 0)
            m /= 5;
        if (m == 1)
            return n;
    }
}

float *nps_fft_alloc(size_t n)
{
    float *p = n <= SIZE_MAX / sizeof *p ? fftwf_alloc_real(n) : NULL;
    if (p)
        memset(p, 0, n * sizeof *p);
    return p;
}

void nps_fft_release(void *p)
{
    fftwf_free(p);
}

void nps_fft_forward(const nps_fft *f, float *in, float complex *out)
{
    fftwf_execute_dft_r2c(f->forward, in, (fftwf_complex *)out);
}

void nps_fft_inverse(const nps_fft *f, float complex *in, float *out)
{
    fftwf_execute_dft_c2r(f->inverse, (fftwf_complex *)in, out);
}

void nps_fft_conj_multiply(const float complex *a, const float complex *b, size_t bins, float complex *out)
{
    const float *x = (const float *)a, *y = (const float *)b;
    float *z = (float *)out;
    for (size_t k = 0; k < 2 * bins; k += 2) {
        float re = x[k] * y[k] + x[k + 1] * y[k + 1];
        float im = x[k] * y[k + 1] - x[k + 1] * y[k];
        z[k] = re;
        z[k + 1] = im;
    }
}
