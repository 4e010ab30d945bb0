/* Seeded spectra that are random but valid, and small libraries of them, for tests. Nothing here is, or imitates, a real
 * substance. Every function fails the running test instead of returning an error. */
#ifndef NPS_TESTS_SUPPORT_SYNTH_H
#define NPS_TESTS_SUPPORT_SYNTH_H

#include "reference-lib/build.h"
#include "reference-lib/match.h"
#include "tests/support/nps_test.h"

/* 12 .. 60 peaks at whole m/z from 30 on. */
nps_spectrum *synth_ei(uint64_t *r);
/* 6 .. 40 peaks more than 0.11 Th apart, below the precursor (150 .. 650 Th) by more than 2; positive. */
nps_spectrum *synth_msms(uint64_t *r);
/* A sum of bands on 500 .. 3900 1/cm, every 4. */
nps_spectrum *synth_ir(uint64_t *r);
nps_spectrum *synth_of(nps_technique t, uint64_t *r);

/* A spectrum from parts. mz ascending; peaks are copied. */
nps_spectrum *synth_peaks(nps_technique t, double precursor, const double *mz, const float *intensity, size_t n);

/* The same substance measured again: intensities (or absorbances) scattered by `noise` (standard deviation of their
 * logarithm; of the value for traces), a few weak foreign peaks. Texts are copied. */
nps_spectrum *synth_replicate(const nps_spectrum *s, double noise, uint64_t *r);

/* Name "substance N", InChIKey made of N, contributor "lab K", id "sN-lab K". */
void synth_label(nps_spectrum *s, unsigned substance, unsigned lab);
void synth_text(nps_spectrum *s, nps_text_field f, const char *text); /* replaces; NULL unsets */
const char *synth_inchikey(unsigned n); /* valid until the next call from the thread */

/* A builder with fixed attributes; `note` may be NULL. */
nps_builder *synth_builder(nps_note_fn *note, void *arg);
void synth_add(nps_builder *b, const nps_spectrum *s); /* as from file "synth.msp", public */
nps_library *synth_finish(nps_builder *b);             /* frees the builder */

/* The verdict by default options. */
nps_verdict *synth_verdict(const nps_library *lib, const nps_spectrum *s);

typedef struct {
    uint64_t seed;
    unsigned substances, labs; /* each substance once a lab */
    double noise;              /* between labs */
    bool ei, msms, ir;
} synth_plan;

/* The library of a plan, and its spectra in the order of the entries for the caller to use as queries. */
typedef struct {
    nps_library *lib;
    nps_spectrum **s; /* [n] owned */
    size_t n;
} synth_set;
synth_set synth_library(const synth_plan *p);
void synth_set_done(synth_set *s);
#define AUTO_SYNTH_SET __attribute__((cleanup(synth_set_done))) synth_set

#endif
