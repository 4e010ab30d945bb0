/* Non-negative least squares from normal equations (Lawson and Hanson 1974, algorithm 23.10; Bro and de Jong 1997 for the
 * form that needs only A'A and A'b). */
#ifndef NPS_CORE_NNLS_H
#define NPS_CORE_NNLS_H

#include "core/err.h"

enum { NPS_NNLS_MAX = 16 };

/* Minimises |A x - b|^2 over x >= 0.
 * @param g      [n][n] A'A, symmetric; n <= NPS_NNLS_MAX
 * @param h      [n] A'b
 * @param ret_x  [n]; components that are linear combinations of others get 0
 * @return h'x, by which the fit lowers the sum of squares below b'b */
double nps_nnls(const double *g, const double *h, size_t n, double *ret_x);

#endif
