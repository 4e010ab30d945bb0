/* Postings with rounded-up weights: how a search finds, without computing every score, the few rows whose score can still
 * be among the best.
 *
 * Rows (spectra) are dealt into shards of NPS_SHARD_ROWS, so that one accumulator of 16-bit sums per row stays in the
 * cache of a core and a posting needs two bytes for its row. A posting carries its weight as a code of one byte, rounded
 * up. For each query peak a table turns a code into what a match adds to the score, rounded up; adding up gives an upper
 * bound of the score, and only rows whose bound reaches the k-th best exact score are scored exactly. So rounding decides
 * how much work is done, never what is found.
 */
#ifndef NPS_CORE_POSTING_H
#define NPS_CORE_POSTING_H

#include "core/simd.h"
#include "core/topk.h"

#include <stddef.h>
#include <stdint.h>

enum { NPS_SHARD_ROWS = 32768, NPS_CODES = 256 };
/* Accumulator units of a score of 1. Sums up to almost 8 fit: a direct and a shifted match for each query peak, each with two
 * peaks of a row where tolerances touch, rounded up over at most NPS_TERMS_MAX terms, stay below 6. */
#define NPS_BOUND_ONE 8192.0
enum { NPS_TERMS_MAX = 4096 };

/* The scale of the codes: code c stands for weights up to 2^((c - 255) / 24), c = 0 for all below 2^-10.6. With it the
 * entropy gain at ratios in fine steps, so that tables are made without logarithms. Constant after nps_codes_init. */
typedef struct {
    double weight[NPS_CODES];
    double entropy_gain[8192];
} nps_codes;
void nps_codes_init(nps_codes *ret_codes);

/* The smallest code whose weight is >= w, w in [0, 1]. */
uint8_t nps_code(const nps_codes *k, double w);

/* m/z (or neutral loss) as an ascending integer key: steps of 1e-6 Da from -offset, clamped at both ends. */
uint32_t nps_mz_key(double mz, double offset);

/* What a query peak adds when it matches a posting of each code, in accumulator units, rounded up. */
typedef struct {
    uint16_t unit[NPS_CODES];
} nps_gain_table;
/* Product: a weight q in [0, 1] against the posting's. */
void nps_gain_product(const nps_codes *k, double q, nps_gain_table *ret_table);
/* Spectral entropy similarity: (f(q + w) - f(q) - f(w)) / 2, f(x) = x log2 x (similarity.h). */
void nps_gain_entropy(const nps_codes *k, double q, nps_gain_table *ret_table);

/* sum[row[p]] += table->unit[code[p]] for p in [from, to). Sums wrap silently: the caller sees to it
 * that they fit, by at most NPS_TERMS_MAX calls for one query and keys that are not clamped. */
void nps_postings_add(const uint16_t *row, const uint8_t *code, uint64_t from, uint64_t to, const nps_gain_table *table,
                      uint16_t *sum);

/* First index in [from, to) whose key is >= `key`; `to` when there is none. */
uint64_t nps_key_find(const uint32_t *ascending, uint64_t from, uint64_t to, uint32_t key);

/* Exact score of a row; negative: the row does not count. */
typedef double (*nps_row_score)(void *arg, uint32_t row);

/* Scores exactly every row of one shard that can still enter `top`, adds it, and leaves all sums at zero. Rows whose sum
 * is 0 are not looked at. Rows with an exact score of 0 are not added.
 * @param sum  [NPS_SHARD_ROWS] upper bounds in accumulator units; row i of it is library row first_row + i
 * @param n    rows in this shard
 * @return     number of rows scored exactly */
size_t nps_postings_harvest(uint16_t *sum, size_t n, uint32_t first_row, nps_row_score score, void *arg, nps_simd level,
                            nps_topk *top);

#endif
