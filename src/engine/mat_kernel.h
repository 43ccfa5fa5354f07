/* SPDX-License-Identifier: Apache-2.0 */
/* mat_kernel.h - products of matrices of f32. Private to engine.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  the caller's.
 *
 * The second matrix is put in panels a few registers wide, once where it is constant, else on the way; a block of rows by a panel stands in
 * registers (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication"). oneDNN's general product takes a
 * lock of its own in each call, and memory for what it packs, and its sums differ with the number of threads. Here each number is
 * summed in the same order whoever does it.
 */
#ifndef AS_ENGINE_MAT_KERNEL_H
#define AS_ENGINE_MAT_KERNEL_H

#include "base/def.h"

enum { AS_MAT_BATCH_RANK = 6 };

typedef struct as_mat {
    int64_t m, n, k;
    int64_t a_row, a_col, b_row, b_col; /* steps of a [m][k] and b [k][n], in numbers */
    bool    packed;                     /* b is what as_mat_pack made */
    float   factor;                     /* of the product */
    /* How many products, over some dimensions, and the steps from one to the next in each of those. */
    int     rank;
    int64_t batch[AS_MAT_BATCH_RANK], a_step[AS_MAT_BATCH_RANK], b_step[AS_MAT_BATCH_RANK];
    int64_t parts, units; /* of as_mat_divide: of the rows, and of the work; 0: 1 */
} as_mat;

/* False: so few results that b is best read where it stands. */
bool   as_mat_wants_packing(const as_mat *m);
size_t as_mat_packed_bytes(const as_mat *m); /* of all b that are not the same */
void   as_mat_pack(const as_mat *m, const float *b, float *to);
void   as_mat_divide(as_mat *m, size_t threads); /* into units; one where more are not worth it */
/* A unit's share of y [batch][m][n] = factor * a b + bias; bias [n], or NULL. */
void as_mat_run(const as_mat *m, int unit, const float *a, const float *b, const float *bias, float *y);

#endif
