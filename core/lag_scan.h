/* All-lag correlation of one nominal-mass spectrum with every row of a library: for each row an upper bound of the combined
 * score (shift_match.h) at every lag, in one go.
 *
 * Three methods give it; which one is fastest depends on the machine (benchmarks/README.md):
 * - fft: cross-correlation of query and row over all lags by FFT; direct plus shifted correlation bounds the score.
 * - avx2, avx512: sums of 8-bit products over the row's occupied groups of four bins, where each library peak takes the
 *   larger of the query's weights at its own and at the shifted mass. That bound is tighter, since it counts no library
 *   peak twice, and works on a fraction of the memory that stored transforms need.
 * All weights are rounded up, so every bound holds; how tight it is decides the time, never the answer.
 */
#ifndef NPS_CORE_LAG_SCAN_H
#define NPS_CORE_LAG_SCAN_H

#include "core/err.h"
#include "core/mem.h"
#include "core/shift_match.h"

#include <stdbool.h>

typedef enum { NPS_LAG_FFT, NPS_LAG_AVX2, NPS_LAG_AVX512 } nps_lag_method;
bool nps_lag_method_works(nps_lag_method m); /* on this machine */
nps_lag_method nps_lag_method_best(void);

/* A row as it is stored: its bins in groups of four, those without a peak left out. */
typedef struct {
    const uint16_t *group; /* [n] ascending; bins 4 group .. 4 group + 3 */
    const uint32_t *code;  /* [n] four weights, the lowest bin in the lowest byte: 0 .. 127 */
    size_t n;
    float scale;           /* weight of bin <= code * scale */
} nps_lag_row;

/* Groups of a spectrum. @param ret_group, ret_code  [row->n]; returns their number. */
size_t nps_lag_groups(const nps_nominal_row *row, uint16_t *ret_group, uint32_t *ret_code, float *ret_scale);

enum { NPS_LAGS = 2 * NPS_LAG_MAX + 1 };

typedef struct nps_lag_query nps_lag_query;

/* Prepares a query; it may be used by many threads at once, each with its own scratch.
 * @param top_bin  one above the highest bin of any row (sizes the transforms). Errors: NPS_E_NOMEM. */
NPS_MUST_CHECK nps_status nps_lag_query_new(const nps_nominal_row *q, nps_lag_method method, unsigned top_bin,
                                            nps_lag_query **ret_query, nps_err *err);
void nps_lag_query_free(nps_lag_query *q);
NPS_DEFINE_FREEP(nps_lag_query)

/* Scratch of one thread for one method; only fft needs any, and gives NULL otherwise. */
typedef struct nps_lag_scratch nps_lag_scratch;
NPS_MUST_CHECK nps_status nps_lag_scratch_new(const nps_lag_query *q, nps_lag_scratch **ret_scratch, nps_err *err);
void nps_lag_scratch_free(nps_lag_scratch *s);
NPS_DEFINE_FREEP(nps_lag_scratch)

/* Upper bound of the row's combined score over all lags but 0.
 * @param opt_bound  [NPS_LAGS] gets the bound at each lag (index lag + NPS_LAG_MAX; at 0: of the plain cosine) */
float nps_lag_bound(const nps_lag_query *q, nps_lag_row row, nps_lag_scratch *s, float *opt_bound);

#endif
