/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/row_kernel.h"

#include <string.h>

#include "base/isa.h"

enum { AT_ONCE = 4 }; /* rows of w: y is read and written less often */

/* y[n] += x[0] w[0][n] + ... + x[3] w[3][n] */
AS_ISA_CLONES(void, row_add4, (const float *restrict x, size_t n, const float *restrict w, float *restrict y),
              (x, n, w, y))
{
    const float *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n;
    for (size_t i = 0; i < n; i++)
        y[i] += (x[0] * w[i] + x[1] * w1[i]) + (x[2] * w2[i] + x[3] * w3[i]);
}

AS_ISA_CLONES(void, row_add, (float x, size_t n, const float *restrict w, float *restrict y), (x, n, w, y))
{
    for (size_t i = 0; i < n; i++)
        y[i] += x * w[i];
}

void as_row_kernel(const float *x, size_t rows, size_t k, size_t n, const float *w, const float *bias, float *y)
{
    size_t at = 0;
    for (size_t r = 0; r < rows; r++) {
        if (bias)
            memcpy(y + r * n, bias, n * sizeof *y);
        else
            memset(y + r * n, 0, n * sizeof *y);
    }
    for (; at + AT_ONCE <= k; at += AT_ONCE)
        for (size_t r = 0; r < rows; r++)
            row_add4(x + r * k + at, n, w + at * n, y + r * n);
    for (; at < k; at++)
        for (size_t r = 0; r < rows; r++)
            row_add(x[r * k + at], n, w + at * n, y + r * n);
}
