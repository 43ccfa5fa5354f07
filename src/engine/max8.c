/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/max8.h"

#include <string.h>

#include "base/isa.h"

/* Which of k rows or columns from `at` on fall inside 0 to n - 1: *first to the one before *end. */
static void max8_inside(int64_t at, int64_t n, int64_t k, int64_t *first, int64_t *end)
{
    *first = AS_MAX(at, (int64_t)0);
    *end = AS_MAX(*first, AS_MIN(at + k, n));
}

bool as_max8_can(const as_max8 *m)
{
    for (int i = 0; i < 2; i++)
        for (int64_t o = 0; o < m->out[i]; o++) {
            int64_t first, end;
            max8_inside(o * m->stride[i] - m->pad[i], m->in[i], m->kernel[i], &first, &end);
            if (first == end)
                return false;
        }
    return true;
}

size_t as_max8_scratch_bytes(const as_max8 *m)
{
    return (size_t)(m->in[1] * m->channels * AS_MAX(m->units, 1));
}

AS_ISA_CLONES(void, max8_of_3,
              (uint8_t *restrict to, const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c,
               size_t n),
              (to, a, b, c, n))
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t most = a[i] > b[i] ? a[i] : b[i];
        to[i] = most > c[i] ? most : c[i];
    }
}

AS_ISA_CLONES(void, max8_more, (uint8_t *restrict to, const uint8_t *restrict from, size_t n), (to, from, n))
{
    for (size_t i = 0; i < n; i++)
        to[i] = to[i] > from[i] ? to[i] : from[i];
}

static void max8_down(const uint8_t *from, int64_t rows, size_t bytes, uint8_t *row)
{
    int64_t at = 1;
    if (rows >= 3) {
        max8_of_3(row, from, from + bytes, from + 2 * bytes, bytes);
        at = 3;
    } else {
        memcpy(row, from, bytes);
    }
    for (; at < rows; at++)
        max8_more(row, from + (size_t)at * bytes, bytes);
}

/* `inner` columns from `first` on: one result of each channel, `step` bytes after the last; n of them that lie wholly inside. */
AS_ISA_CLONES(void, max8_across,
              (uint8_t *restrict y, const uint8_t *restrict row, int64_t n, int64_t columns, int64_t step,
               int64_t channels),
              (y, row, n, columns, step, channels))
{
    for (int64_t i = 0; i < n; i++, row += step, y += channels) {
        if (columns == 3) {
            for (int64_t c = 0; c < channels; c++) {
                const uint8_t most = row[c] > row[channels + c] ? row[c] : row[channels + c];
                y[c] = most > row[2 * channels + c] ? most : row[2 * channels + c];
            }
            continue;
        }
        memcpy(y, row, (size_t)channels);
        for (int64_t k = 1; k < columns; k++)
            for (int64_t c = 0; c < channels; c++)
                y[c] = y[c] > row[k * channels + c] ? y[c] : row[k * channels + c];
    }
}

static void max8_line(const as_max8 *m, const uint8_t *image, int64_t line, uint8_t *row, uint8_t *y)
{
    const size_t bytes = (size_t)(m->in[1] * m->channels);
    int64_t      first, end;
    max8_inside(line * m->stride[0] - m->pad[0], m->in[0], m->kernel[0], &first, &end);
    max8_down(image + (size_t)first * bytes, end - first, bytes, row);
    for (int64_t x = 0, n; x < m->out[1]; x += n) {
        const int64_t at = x * m->stride[1] - m->pad[1];
        max8_inside(at, m->in[1], m->kernel[1], &first, &end);
        n = 1;
        if (end - first == m->kernel[1]) /* and those behind it */
            n = AS_MIN(m->out[1] - x, (m->in[1] - m->kernel[1] - at) / m->stride[1] + 1);
        max8_across(y + x * m->channels, row + first * m->channels, n, end - first, m->stride[1] * m->channels,
                    m->channels);
    }
}

void as_max8_run(const as_max8 *m, int unit, const uint8_t *x, uint8_t *scratch, uint8_t *y)
{
    const int64_t rows = m->images * m->out[0], units = AS_MAX(m->units, 1), line = m->in[1] * m->channels;
    for (int64_t i = rows * unit / units; i < rows * (unit + 1) / units; i++)
        max8_line(m, x + i / m->out[0] * m->in[0] * line, i % m->out[0], scratch + unit * line,
                  y + i * m->out[1] * m->channels);
}
