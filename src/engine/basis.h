/* SPDX-License-Identifier: Apache-2.0 */
/* basis.h - the directions in which rows differ most. Private to bank.c.
 *
 * Layer:   engine (may use base/).
 * Threads: immutable once found.
 * Memory:  size * n f32, from as_basis_find to as_basis_done.
 *
 * Subspace iteration from random vectors (Halko, Martinsson and Tropp 2011, algorithm 4.4, on the rows themselves).
 * How close the axes are to the true principal ones decides how well they serve, never whether a bound holds: that
 * rests on `off` alone.
 */
#ifndef AS_ENGINE_BASIS_H
#define AS_ENGINE_BASIS_H

#include "base/err.h"

typedef struct as_basis {
    uint32_t size, n; /* of a row; of the axes */
    float   *axes;    /* n x size */
    /* There are n vectors exactly at right angles and of length 1 with: what single precision finds as the products of
     * a vector with all of them is off by at most `off` times the length of what was projected. */
    double off;
} as_basis;

/* rows: n_rows x size; each is looked at less the mean. n: at most size and n_rows. The same rows give the same
 * bits. */
AS_CHECK bool as_basis_find(as_basis *basis, const float *rows, size_t n_rows, uint32_t size, const float *mean,
                            uint32_t n, as_err *err);
void          as_basis_done(as_basis *basis);

/* ret[a] = axis a times v, of the first n axes. v: size numbers, less the mean. */
void as_basis_project(const as_basis *basis, const float *v, uint32_t n, float *ret);

#endif
