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

typedef struct as_rows {
    size_t rows, k, n, units; /* units: that share the columns; 0: 1 */
} as_rows;

/* A unit's columns of y[r][n] = bias[n] + sum over k of x[r][k] w[k][n], all row major; bias may be NULL. The same sums for any
 * number of units. */
void as_row_kernel(const as_rows *s, int unit, const float *x, const float *w, const float *bias, float *y);

#endif
