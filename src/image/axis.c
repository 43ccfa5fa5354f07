/* SPDX-License-Identifier: Apache-2.0 */
#include "image/axis.h"

#include <math.h>
#include <stdlib.h>

/* The largest factor of two that keeps a share of 3/2 (of the last cell of an odd row) within 16 bits. */
#define AXIS_MOST_FULL 16384.0f

void as_axis_done(as_axis *axis)
{
    free(axis->start);
    free(axis->count);
    free(axis->first);
    free(axis->last);
    free(axis->weight);
    *axis = (as_axis){0};
}

static uint32_t axis_cell(const as_span *span, uint32_t pixel)
{
    uint32_t cell = (span->from + pixel) / span->cell_pixels;
    return AS_MIN(cell, span->cells - 1);
}

/* Adds to an output what one pixel (of the span, in order) has in it. */
static void axis_add(as_axis *axis, const as_span *span, uint32_t i, uint32_t pixel, double share)
{
    uint32_t cell = axis_cell(span, pixel) - axis->first_cell;
    float    part = (float)(share / span->cell_pixels);
    if (axis->count[i] == 0)
        axis->start[i] = cell;
    uint32_t k = cell - axis->start[i];
    if (k == 0)
        axis->first[i] += part;
    else if (k + 1 == axis->count[i])
        axis->last[i] += part;
    else
        axis->last[i] = part;
    axis->count[i] = k + 1;
}

/* Shrinking: output i covers the pixels [i * s, (i + 1) * s), each by the share of it that lies inside. The borders are
 * multiples of 1 / n_out, so whole numbers hold them exactly. Pixels between them need not be gone through. */
static void axis_fill_box(as_axis *axis, const as_span *span, uint32_t i)
{
    uint64_t n_in = span->length, n_out = axis->n_out, from = i * n_in, to = from + n_in;
    uint32_t first = (uint32_t)(from / n_out), end = (uint32_t)((to + n_out - 1) / n_out);
    for (uint32_t k = first; k < end; k++) {
        uint64_t low = AS_MAX(from, k * n_out), high = AS_MIN(to, (k + 1) * n_out);
        axis_add(axis, span, i, k, (double)(high - low) / (double)n_out);
    }
}

/* Between the two pixels whose centres lie around (i + 0.5) * s. */
static void axis_fill_linear(as_axis *axis, const as_span *span, uint32_t i)
{
    double   at = (i + 0.5) * span->length / axis->n_out - 0.5, limit = span->length - 1;
    double   clamped = fmin(fmax(at, 0), limit);
    uint32_t first = (uint32_t)clamped;
    double   part = clamped - first;
    axis_add(axis, span, i, first, 1 - part);
    if (part > 0)
        axis_add(axis, span, i, first + 1, part);
}

static bool axis_weigh(as_axis *axis)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < axis->n_out; i++)
        most = AS_MAX(most, axis->count[i]);
    axis->taps = (most + AS_AXIS_GROUP - 1) / AS_AXIS_GROUP * AS_AXIS_GROUP;
    axis->full = AXIS_MOST_FULL;
    while (axis->full * axis->total >= 65536.0f)
        axis->full /= 2;
    axis->weight = calloc((size_t)axis->n_out * axis->taps, sizeof *axis->weight);
    for (uint32_t i = 0; axis->weight && i < axis->n_out; i++) {
        int16_t *weight = axis->weight + (size_t)i * axis->taps;
        for (uint32_t k = 0; k < axis->count[i]; k++) {
            float share = k == 0 ? axis->first[i] : k + 1 == axis->count[i] ? axis->last[i] : 1;
            weight[k] = (int16_t)lrintf(share * axis->full);
        }
    }
    return axis->weight != NULL;
}

bool as_axis_init(as_axis *axis, as_span span, uint32_t n_out, as_filter filter, as_err *err)
{
    bool box = filter == AS_FILTER_AREA && n_out <= span.length;
    *axis = (as_axis){.n_out = n_out};
    axis->first_cell = axis_cell(&span, 0);
    axis->n_cells = axis_cell(&span, span.length - 1) - axis->first_cell + 1;
    axis->total = (float)((box ? (double)span.length / n_out : 1.0) / span.cell_pixels);
    axis->start = calloc(n_out, sizeof *axis->start);
    axis->count = calloc(n_out, sizeof *axis->count);
    axis->first = calloc(n_out, sizeof *axis->first);
    axis->last = calloc(n_out, sizeof *axis->last);
    bool ok = axis->start && axis->count && axis->first && axis->last;
    for (uint32_t i = 0; ok && i < n_out; i++) {
        if (box)
            axis_fill_box(axis, &span, i);
        else
            axis_fill_linear(axis, &span, i);
    }
    axis->copy = n_out == span.length && span.cell_pixels == 1;
    if (ok && axis_weigh(axis))
        return true;
    as_axis_done(axis);
    return AS_FAIL(err, AS_ENOMEM, "no memory for resizing %u pixels to %u", span.length, n_out);
}
