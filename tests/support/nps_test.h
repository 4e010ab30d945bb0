/* What every test program uses: cmocka with its needs, near-equality for doubles, shared data, seeded numbers. */
#ifndef NPS_TESTS_SUPPORT_NPS_TEST_H
#define NPS_TESTS_SUPPORT_NPS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/err.h"

#include <stdbool.h>

/* |got - want| <= atol + rtol |want|; says both and where (cmocka 1.1.5 compares floats only). */
#define assert_near(got, want, rtol, atol) nps_assert_near((got), (want), (rtol), (atol), #got, __FILE__, __LINE__)
void nps_assert_near(double got, double want, double rtol, double atol, const char *what, const char *file, int line);

/* NPS_OK expected; prints the message of `err` otherwise. */
#define assert_ok(status, err) nps_assert_ok((status), (err), #status, __FILE__, __LINE__)
void nps_assert_ok(nps_status st, const nps_err *err, const char *what, const char *file, int line);

/* Path of a file in the shared data folder beside the checkout ("data/ei/truth.tsv"), or NULL with a printed reason
 * when the folder is not there; then the test calls skip(). Valid until the next call from the same thread. */
const char *nps_shared_path(const char *relative);

/* Path below tests/ of the source tree. */
const char *nps_test_path(const char *relative);

/* A whole file, terminated; NULL when it cannot be read. free() it. */
char *nps_slurp(const char *path, size_t *ret_len);

/* A new empty folder below $TMPDIR, removed with all its content at exit. */
const char *nps_temp_dir(void);

/* Seed for the random input of a test: NPS_SEED, or 1. Printed once. */
uint64_t nps_test_seed(void);
/* xorshift64* (Vigna 2016): uniform 64 bits; *state must not be 0. */
uint64_t nps_test_random(uint64_t *state);
double nps_test_uniform(uint64_t *state); /* [0, 1) */

#endif
