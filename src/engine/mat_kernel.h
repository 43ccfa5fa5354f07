/* SPDX-License-Identifier: Apache-2.0 */
/* mat_kernel.h - products of matrices of f32 on one thread. Private to engine.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  the caller's.
 *
 * The second matrix is put in panels a few registers wide, once where it is constant; a block of rows by a panel stands in
 * registers (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication"). oneDNN's general product takes a
 * lock of its own in each call, and memory for what it packs.
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
} as_mat;

size_t as_mat_packed_bytes(const as_mat *m); /* of one b */
void   as_mat_pack(const as_mat *m, const float *b, float *to);
/* y [batch][m][n] = factor * a b + bias; bias [n], or NULL. scratch: as_mat_packed_bytes, where b is not packed; all that is
 * packed is 64-byte aligned. */
void as_mat_run(const as_mat *m, const float *a, const float *b, const float *bias, float *scratch, float *y);

#endif
