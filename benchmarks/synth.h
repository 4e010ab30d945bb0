/* Spectra for the benchmarks: made up, but with the sizes, popularities and families of real libraries, in any number.
 * Nothing here is, or imitates, a real substance.
 *
 * Every row has a random stream of its own, fixed by (seed, row): row i is the same in a library of any size >= i + 1, and
 * the whole the same on every run with one C library. m/z strictly ascending, intensity > 0, at least one peak a row.
 * Memory that is short ends the program: only benchmarks and their tests call this. A call uses one thread; calls from
 * several threads do not disturb each other. */
#ifndef NPS_BENCHMARKS_SYNTH_H
#define NPS_BENCHMARKS_SYNTH_H

#include <stddef.h>
#include <stdint.h>

/* Rows end to end. */
typedef struct {
    size_t n;
    uint64_t *off;     /* [n + 1] peaks of row i: off[i] .. off[i + 1) */
    double *mz;        /* [off[n]] Th */
    float *intensity;  /* [off[n]] */
    double *precursor; /* [n] Th; for EI the nominal molecular mass */
    int64_t *source;   /* [n] queries: row of the library it was made from. Library: earlier row that it varies, or -1 */
} bench_spectra;
void bench_spectra_done(bench_spectra *s);

/* EI: whole m/z 40 .. 600, median 49 peaks, at most 150, the strongest 999; 25 % are isomers of an earlier row. About 5 us
 * and 600 bytes a row. */
bench_spectra bench_synth_ei(size_t n, uint64_t seed);

/* MS/MS: 1 .. 60 peaks, median 20, the strongest 1e5, m/z from a pool of 30,000 fragments that is the same for every
 * seed, or the precursor less a common loss; 20 % belong to the family of an earlier row: replicates, and analogues of
 * which half the peaks move with the precursor. About 5 us and 300 bytes a row. */
bench_spectra bench_synth_msms(size_t n, uint64_t seed);

/* The rows of a library drawn evenly and measured again: intensities scattered, weak peaks lost, 2 .. 8 foreign peaks.
 * 30 % of the MS/MS queries are analogues: half the peaks and the precursor moved. `lib` must not be empty. */
bench_spectra bench_synth_ei_queries(const bench_spectra *lib, size_t n, uint64_t seed);
bench_spectra bench_synth_msms_queries(const bench_spectra *lib, size_t n, uint64_t seed);

enum { BENCH_IR_POINTS = 1801 }; /* 400, 402 .. 4000 1/cm */

typedef struct {
    size_t n;
    float *y;        /* [n][BENCH_IR_POINTS] absorbance */
    int64_t *source; /* [n] queries: row it was made from; library: -1 */
    int *shift;      /* [n] queries: points by which it was moved (rotated) to higher wavenumbers, -5 .. 5 */
} bench_traces;
void bench_traces_done(bench_traces *t);

/* Infrared: 6 .. 25 Lorentz bands, mostly at the usual groups, a sloping baseline, noise. About 25 us a row. */
bench_traces bench_synth_ir(size_t n, uint64_t seed);
bench_traces bench_synth_ir_queries(const bench_traces *lib, size_t n, uint64_t seed);

#endif
