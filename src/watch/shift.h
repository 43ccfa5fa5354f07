/* SPDX-License-Identifier: Apache-2.0 */
/* shift.h - do two samples come from one distribution, and how far apart are they?
 *
 * Layer:   watch (may use base/).
 * Threads: pure functions.
 * Memory:  none kept.
 */
#ifndef AS_WATCH_SHIFT_H
#define AS_WATCH_SHIFT_H

#include "base/def.h"

/* Kolmogorov and Smirnov's largest distance of two empirical distributions; a[n], b[m] ascending, n, m > 0. */
double as_shift_ks(const double *a, size_t n, const double *b, size_t m);

/* Its two-sided p-value: Kolmogorov's limit at (s + 0.12 + 0.11 / s) * distance, s = sqrt(n m / (n + m)) (Stephens, J. R.
 * Stat. Soc. B 32, 1970). With equal values among them it is no smaller than the true one. */
double as_shift_ks_p(double distance, size_t n, size_t m);

double as_shift_kolmogorov(double x); /* P(K > x) of Kolmogorov's limit; 1 for x <= 0 */

/* Pearson's chi-square of a 2 x k table of counts; columns without any count are left out. *ret_df: their number less one;
 * 0 where nothing can be compared, and then 0 is returned. */
double as_shift_chi2(const uint64_t *a, const uint64_t *b, size_t k, size_t *ret_df);

double as_shift_chi2_p(double chi2, size_t df); /* P(X > chi2); 1 for df 0 */

/* Population stability index: sum of (q - p) ln(q / p) over k cells, p and q the shares of a and b, half a count added to
 * each cell. 0.1 is seen as little, 0.25 as much (Siddiqi, Credit Risk Scorecards, 2006). */
double as_shift_psi(const uint64_t *a, const uint64_t *b, size_t k);

#define AS_SHIFT_CELLS 10

/* The same of values: cells between the tenths of a, as many as differ. Both ascending. */
double as_shift_psi_of(const double *a, size_t n, const double *b, size_t m);

/* p[k] made comparable by Holm's step-down method (Scand. J. Stat. 6, 1979): the chance that any of them is below alpha
 * without a cause is below alpha. k up to AS_SHIFT_MOST. */
#define AS_SHIFT_MOST 256
void as_shift_holm(double *p, size_t k);

#endif
