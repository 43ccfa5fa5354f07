/* SPDX-License-Identifier: Apache-2.0 */
/* row_kernel.h - a few rows times a matrix: what ends a classifier. Private to engine.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  the caller's.
 *
 * The matrix is read once, at the speed of memory; nothing is set up for it. oneDNN's general product takes a lock of its own
 * in each call.
 */
#ifndef AS_ENGINE_ROW_KERNEL_H
#define AS_ENGINE_ROW_KERNEL_H

#include "base/def.h"

#define AS_ROW_MOST 4 /* rows; more are worth a blocked product */

/* y[r][n] = bias[n] + sum over k of x[r][k] w[k][n], all row major; bias may be NULL. */
void as_row_kernel(const float *x, size_t rows, size_t k, size_t n, const float *w, const float *bias, float *y);

#endif
