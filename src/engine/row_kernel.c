/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/row_kernel.h"

#include <string.h>

#include "base/isa.h"

/* ROW_AT_ONCE rows of w: y is read and written less often. ROW_BLOCK columns are shared whole. */
enum { ROW_AT_ONCE = 4, ROW_BLOCK = 64 };

/* y[n] += x[0] w[0][n] + ... + x[3] w[3][n], rows of w `next` apart */
AS_ISA_CLONES(void, row_add4,
              (const float *restrict x, size_t n, const float *restrict w, size_t next, float *restrict y),
              (x, n, w, next, y))
{
    const float *w1 = w + next, *w2 = w1 + next, *w3 = w2 + next;
    for (size_t i = 0; i < n; i++)
        y[i] += (x[0] * w[i] + x[1] * w1[i]) + (x[2] * w2[i] + x[3] * w3[i]);
}

AS_ISA_CLONES(void, row_add, (float x, size_t n, const float *restrict w, float *restrict y), (x, n, w, y))
{
    for (size_t i = 0; i < n; i++)
        y[i] += x * w[i];
}

void as_row_kernel(const as_rows *s, int unit, const float *x, const float *w, const float *bias, float *y)
{
    const size_t blocks = (s->n + ROW_BLOCK - 1) / ROW_BLOCK, units = AS_MAX(s->units, 1u), k = s->k, n = s->n;
    const size_t first = blocks * (size_t)unit / units * ROW_BLOCK;
    const size_t wide = AS_MIN(n, blocks * ((size_t)unit + 1) / units * ROW_BLOCK) - first;
    size_t       at = 0;
    y += first;
    w += first;
    for (size_t r = 0; r < s->rows; r++) {
        if (bias)
            memcpy(y + r * n, bias + first, wide * sizeof *y);
        else
            memset(y + r * n, 0, wide * sizeof *y);
    }
    for (; at + ROW_AT_ONCE <= k; at += ROW_AT_ONCE)
        for (size_t r = 0; r < s->rows; r++)
            row_add4(x + r * k + at, wide, w + at * n, n, y + r * n);
    for (; at < k; at++)
        for (size_t r = 0; r < s->rows; r++)
            row_add(x[r * k + at], wide, w + at * n, y + r * n);
}
