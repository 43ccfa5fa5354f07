/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pool8.h"

#include <string.h>

#include "base/isa.h"

enum { POOL8_LANES = AS_POOL8_LANES };

size_t as_pool8_scratch_bytes(const as_pool8 *p)
{
    return (size_t)(p->in[1] * POOL8_LANES) * sizeof(float);
}

/* Which of k steps of `dilation` from `at` on fall inside 0 to n - 1: *first to the one before *end. */
static void pool8_inside(int64_t at, int64_t n, int64_t k, int64_t dilation, int64_t *first, int64_t *end)
{
    *first = at < 0 ? (-at + dilation - 1) / dilation : 0;
    *end = at >= n ? 0 : AS_MIN(k, (n - 1 - at) / dilation + 1);
    *end = AS_MAX(*first, *end);
}

bool as_pool8_can(const as_pool8 *p)
{
    for (int i = 0; i < 2; i++)
        for (int64_t o = 0; o < p->out[i]; o++) {
            int64_t first, end;
            pool8_inside(o * p->stride[i] - p->pad[i], p->in[i], p->kernel[i], p->dilation[i], &first, &end);
            if (first == end)
                return false;
        }
    return true;
}

AS_ISA_CLONES(void, pool8_max_rows, (float *restrict to, const float *restrict from, size_t n), (to, from, n))
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] > to[i] ? from[i] : to[i];
}

AS_ISA_CLONES(void, pool8_add_rows, (float *restrict to, const float *restrict from, size_t n), (to, from, n))
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* The first two rows in one pass. */
AS_ISA_CLONES(void, pool8_max_of_2, (float *restrict to, const float *restrict a, const float *restrict b, size_t n),
              (to, a, b, n))
{
    for (size_t i = 0; i < n; i++)
        to[i] = b[i] > a[i] ? b[i] : a[i];
}

static void pool8_down(const as_pool8 *p, const float *x, int64_t y0, int64_t first, int64_t end, float *row)
{
    const size_t  n = (size_t)(p->in[1] * POOL8_LANES);
    const float  *from = x + (y0 + first * p->dilation[0]) * p->in[1] * POOL8_LANES;
    const int64_t step = p->dilation[0] * p->in[1] * POOL8_LANES;
    int64_t       k = first + 1;
    if (p->kind == AS_POOL_MAX && k < end) {
        pool8_max_of_2(row, from, from + step, n);
        from += step;
        k++;
    } else {
        memcpy(row, from, n * sizeof *row);
    }
    for (; k < end; k++) {
        from += step;
        if (p->kind == AS_POOL_MAX)
            pool8_max_rows(row, from, n);
        else
            pool8_add_rows(row, from, n);
    }
}

/* How many pixels of the window from `at` on a mean counts in that dimension. */
static int64_t pool8_counted(const as_pool8 *p, int dim, int64_t at, int64_t inside)
{
    int64_t first, end;
    if (p->kind != AS_POOL_MEAN_PADDED)
        return inside;
    pool8_inside(at + p->pad[dim], p->padded[dim], p->kernel[dim], p->dilation[dim], &first, &end);
    return end - first;
}

/* Of n windows that lie wholly inside: kernel numbers a channel, `dilation` apart, windows `step` apart. counted: 0 for a
 * maximum, else what a sum is divided by. */
AS_ISA_CLONES(void, pool8_windows,
              (float *restrict y, const float *restrict row, int64_t n, int64_t kernel, int64_t step, int64_t dilation,
               float counted),
              (y, row, n, kernel, step, dilation, counted))
{
    for (int64_t i = 0; i < n; i++) {
        const float *from = row + i * step;
        float        m[POOL8_LANES];
        memcpy(m, from, sizeof m);
        if (counted > 0.0f) {
            for (int64_t k = 1; k < kernel; k++)
                for (int l = 0; l < POOL8_LANES; l++)
                    m[l] += from[k * dilation + l];
            for (int l = 0; l < POOL8_LANES; l++)
                m[l] /= counted;
        } else {
            for (int64_t k = 1; k < kernel; k++)
                for (int l = 0; l < POOL8_LANES; l++)
                    m[l] = from[k * dilation + l] > m[l] ? from[k * dilation + l] : m[l];
        }
        memcpy(y + i * POOL8_LANES, m, sizeof m);
    }
}

/* high: how many pixels of the height a mean counts. */
static void pool8_across(const as_pool8 *p, const float *row, int64_t high, float *y)
{
    const int64_t step = p->stride[1] * POOL8_LANES, dilation = p->dilation[1] * POOL8_LANES;
    for (int64_t x = 0; x < p->out[1];) {
        const int64_t x0 = x * p->stride[1] - p->pad[1], last = x0 + (p->kernel[1] - 1) * p->dilation[1];
        const bool    wholly = x0 >= 0 && last < p->in[1];
        int64_t       first, end, n = 1;
        if (wholly)
            n = AS_MIN(p->out[1] - x, (p->in[1] - 1 - last) / p->stride[1] + 1);
        pool8_inside(x0, p->in[1], p->kernel[1], p->dilation[1], &first, &end);
        const int64_t counted = p->kind == AS_POOL_MAX ? 0 : high * pool8_counted(p, 1, x0, end - first);
        pool8_windows(y + x * POOL8_LANES, row + (x0 + first * p->dilation[1]) * POOL8_LANES, n, end - first, step,
                      dilation, (float)counted);
        x += n;
    }
}

void as_pool8_run(const as_pool8 *p, const float *x, float *scratch, float *y)
{
    for (int64_t plane = 0; plane < p->planes; plane++)
        for (int64_t i = 0; i < p->out[0]; i++) {
            const int64_t y0 = i * p->stride[0] - p->pad[0];
            int64_t       first, end;
            float        *to = y + (plane * p->out[0] + i) * p->out[1] * POOL8_LANES;
            pool8_inside(y0, p->in[0], p->kernel[0], p->dilation[0], &first, &end);
            pool8_down(p, x + plane * p->in[0] * p->in[1] * POOL8_LANES, y0, first, end, scratch);
            pool8_across(p, scratch, pool8_counted(p, 0, y0, end - first), to);
        }
}
