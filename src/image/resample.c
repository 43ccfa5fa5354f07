/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resample.h"

#include "base/isa.h"

/* Values summed at once: the sums and six input rows of them stay in a 32 KiB first-level cache. */
#define RESAMPLE_BLOCK 2048u

/* Inputs of one output value that are taken together, across a row of one channel. */
#define RESAMPLE_GROUP 4u

typedef float resample_x4 __attribute__((vector_size(16)));

static void axis_done(as_axis *axis)
{
    free(axis->start);
    free(axis->count);
    free(axis->weight);
    *axis = (as_axis){0};
}

/* Shrinking: output i covers the inputs [i * s, (i + 1) * s), each by the share of it that lies inside. The borders are
 * multiples of 1 / n_out, so whole numbers hold them exactly. */
static void axis_fill_box(as_axis *axis, uint32_t i)
{
    uint64_t from = (uint64_t)i * axis->n_in, to = from + axis->n_in;
    uint32_t first = (uint32_t)(from / axis->n_out), end = (uint32_t)((to + axis->n_out - 1) / axis->n_out);
    axis->start[i] = first;
    axis->count[i] = end - first;
    for (uint32_t k = first; k < end; k++) {
        uint64_t low = AS_MAX(from, (uint64_t)k * axis->n_out), high = AS_MIN(to, (uint64_t)(k + 1) * axis->n_out);
        axis->weight[(size_t)i * axis->taps + (k - first)] = (float)((double)(high - low) / axis->n_in);
    }
}

/* Enlarging: between the two inputs whose centres lie around (i + 0.5) * s. */
static void axis_fill_linear(as_axis *axis, uint32_t i)
{
    double   at = (i + 0.5) * axis->n_in / axis->n_out - 0.5;
    double   limit = axis->n_in - 1;
    double   clamped = at < 0 ? 0 : at > limit ? limit : at;
    uint32_t count = AS_MIN(axis->n_in, 2u), first = AS_MIN((uint32_t)clamped, axis->n_in - count);
    double   part = clamped - first;
    float   *weight = axis->weight + (size_t)i * axis->taps;
    axis->start[i] = first;
    axis->count[i] = count;
    weight[0] = (float)(1 - part);
    if (count > 1)
        weight[1] = (float)part;
}

/* Weights come in whole groups of `group`, unless one is enough. */
static bool axis_init(as_axis *axis, uint32_t n_in, uint32_t n_out, uint32_t group)
{
    bool     shrink = n_out <= n_in;
    uint32_t taps = n_out == n_in ? 1 : shrink ? (n_in + n_out - 1) / n_out + 1 : 2;
    if (taps > 1)
        taps = (taps + group - 1) / group * group;
    *axis = (as_axis){.n_in = n_in, .n_out = n_out, .taps = taps};
    axis->start = calloc(n_out, sizeof *axis->start);
    axis->count = calloc(n_out, sizeof *axis->count);
    axis->weight = calloc((size_t)n_out * taps, sizeof *axis->weight);
    if (!axis->start || !axis->count || !axis->weight)
        return false;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < n_out; i++) {
        if (shrink)
            axis_fill_box(axis, i);
        else
            axis_fill_linear(axis, i);
        least = AS_MIN(least, axis->count[i]);
    }
    axis->same = least > 3 ? (least - 2) / 2 * 2 : 0;
    return true;
}

bool as_resample_init(as_resample *resample, uint32_t channels, uint32_t in_width, uint32_t in_height,
                      uint32_t out_width, uint32_t out_height, as_err *err)
{
    *resample = (as_resample){.channels = channels, .lanes = channels == 1 ? 1 : 4};
    bool ok = axis_init(&resample->x, in_width, out_width, channels == 1 ? RESAMPLE_GROUP : 1) &&
              axis_init(&resample->y, in_height, out_height, 1);
    /* Behind the row stand zeros, for the weights of 0 at the end; and a pixel is loaded as four floats. */
    resample->sums = calloc(((size_t)in_width + resample->x.taps) * channels + 4, sizeof(float));
    resample->row = calloc((size_t)out_width * resample->lanes, sizeof(float));
    if (ok && resample->sums && resample->row)
        return true;
    as_resample_done(resample);
    return AS_FAIL(err, AS_ENOMEM, "no memory for resizing %u x %u to %u x %u pixels", in_width, in_height, out_width,
                   out_height);
}

void as_resample_done(as_resample *resample)
{
    axis_done(&resample->x);
    axis_done(&resample->y);
    free(resample->sums);
    free(resample->row);
    *resample = (as_resample){0};
}

AS_ISA_CLONES(void, resample_set_1, (float *restrict sums, const uint8_t *restrict a, float wa, size_t n),
              (sums, a, wa, n))
{
    for (size_t i = 0; i < n; i++)
        sums[i] = wa * (float)a[i];
}

AS_ISA_CLONES(void, resample_set_2,
              (float *restrict sums, const uint8_t *restrict a, const uint8_t *restrict b, float wa, float wb,
               size_t n),
              (sums, a, b, wa, wb, n))
{
    for (size_t i = 0; i < n; i++)
        sums[i] = wa * (float)a[i] + wb * (float)b[i];
}

AS_ISA_CLONES(void, resample_add_1, (float *restrict sums, const uint8_t *restrict a, float wa, size_t n),
              (sums, a, wa, n))
{
    for (size_t i = 0; i < n; i++)
        sums[i] += wa * (float)a[i];
}

/* Rows of one weight: whole numbers add faster than floats. */
AS_ISA_CLONES(void, resample_add_4_equal,
              (float *restrict sums, const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c,
               const uint8_t *restrict d, float w, size_t n),
              (sums, a, b, c, d, w, n))
{
    for (size_t i = 0; i < n; i++)
        sums[i] += w * (float)(uint16_t)(a[i] + b[i] + c[i] + d[i]);
}

AS_ISA_CLONES(void, resample_add_2_equal,
              (float *restrict sums, const uint8_t *restrict a, const uint8_t *restrict b, float w, size_t n),
              (sums, a, b, w, n))
{
    for (size_t i = 0; i < n; i++)
        sums[i] += w * (float)(uint16_t)(a[i] + b[i]);
}

/* The weighted sum of `count` rows of n values. All weights but the first and the last are one number: a box. */
static void resample_rows(float *sums, const uint8_t *pixels, size_t stride, const float *weight, uint32_t count,
                          size_t n)
{
    if (count == 1) {
        resample_set_1(sums, pixels, weight[0], n);
        return;
    }
    resample_set_2(sums, pixels, pixels + (count - 1) * stride, weight[0], weight[count - 1], n);
    uint32_t k = 1;
    for (; k + 4 < count; k += 4) {
        const uint8_t *row = pixels + k * stride;
        resample_add_4_equal(sums, row, row + stride, row + 2 * stride, row + 3 * stride, weight[1], n);
    }
    for (; k + 2 < count; k += 2)
        resample_add_2_equal(sums, pixels + k * stride, pixels + (k + 1) * stride, weight[1], n);
    if (k + 1 < count)
        resample_add_1(sums, pixels + k * stride, weight[1], n);
}

static resample_x4 resample_load(const float *from)
{
    resample_x4 x;
    memcpy(&x, from, sizeof x);
    return x;
}

/* One multiplication serves a pixel's three channels; what the fourth lane holds is the next pixel's. */
AS_ISA_CLONES(void, resample_across_rgb, (float *restrict row, const float *restrict sums, const as_axis *axis),
              (row, sums, axis))
{
    size_t taps = axis->taps, same = axis->same;
    for (uint32_t i = 0; taps == 1 && i < axis->n_out; i++)
        memcpy(row + (size_t)i * 4, sums + (size_t)i * 3, 4 * sizeof *row);
    for (uint32_t i = 0; taps > 1 && i < axis->n_out; i++) {
        const float *from = sums + (size_t)axis->start[i] * 3, *weight = axis->weight + (size_t)i * taps;
        resample_x4  sum = resample_load(from) * weight[0], even = {0, 0, 0, 0}, odd = even;
        for (size_t k = 0; k < same; k += 2) {
            even += resample_load(from + 3 * k + 3);
            odd += resample_load(from + 3 * k + 6);
        }
        sum += (even + odd) * weight[1];
        for (size_t k = same + 1; k < taps; k++)
            sum += resample_load(from + 3 * k) * weight[k];
        memcpy(row + (size_t)i * 4, &sum, sizeof sum);
    }
}

AS_ISA_CLONES(void, resample_across_mono, (float *restrict row, const float *restrict sums, const as_axis *axis),
              (row, sums, axis))
{
    uint32_t taps = axis->taps;
    if (taps == 1) {
        memcpy(row, sums, axis->n_out * sizeof *row);
        return;
    }
    for (uint32_t i = 0; i < axis->n_out; i++) {
        const float *from = sums + axis->start[i], *weight = axis->weight + (size_t)i * taps;
        resample_x4  part = {0, 0, 0, 0};
        for (uint32_t k = 0; k < taps; k += RESAMPLE_GROUP)
            part += resample_load(from + k) * resample_load(weight + k);
        row[i] = (part[0] + part[2]) + (part[1] + part[3]);
    }
}

const float *as_resample_row(as_resample *resample, const uint8_t *pixels, size_t stride_bytes, uint32_t y)
{
    const as_axis *down = &resample->y;
    const float   *weight = down->weight + (size_t)y * down->taps;
    const uint8_t *first = pixels + down->start[y] * stride_bytes;
    uint32_t       count = down->count[y];
    size_t         n = (size_t)resample->x.n_in * resample->channels;
    for (size_t at = 0; at < n; at += RESAMPLE_BLOCK)
        resample_rows(resample->sums + at, first + at, stride_bytes, weight, count, AS_MIN(RESAMPLE_BLOCK, n - at));
    if (resample->channels == 1)
        resample_across_mono(resample->row, resample->sums, &resample->x);
    else
        resample_across_rgb(resample->row, resample->sums, &resample->x);
    return resample->row;
}

/* a * b / c to the nearest whole number, at least 1 and at most `most`. */
static uint32_t placement_scale(uint32_t a, uint32_t b, uint32_t c, uint32_t most)
{
    uint64_t scaled = ((uint64_t)a * b + c / 2) / c;
    return (uint32_t)AS_MIN(AS_MAX(scaled, 1u), most);
}

as_placement as_placement_of(as_fit fit, uint32_t in_width, uint32_t in_height, uint32_t out_width, uint32_t out_height)
{
    as_placement p = {0, 0, in_width, in_height, 0, 0, out_width, out_height};
    bool         wider = (uint64_t)in_width * out_height > (uint64_t)in_height * out_width;
    if (fit == AS_FIT_INSIDE && wider)
        p.to_height = placement_scale(in_height, out_width, in_width, out_height);
    else if (fit == AS_FIT_INSIDE)
        p.to_width = placement_scale(in_width, out_height, in_height, out_width);
    else if (fit == AS_FIT_COVER && wider)
        p.from_width = placement_scale(in_height, out_width, out_height, in_width);
    else if (fit == AS_FIT_COVER)
        p.from_height = placement_scale(in_width, out_height, out_width, in_height);
    p.from_x = (in_width - p.from_width) / 2;
    p.from_y = (in_height - p.from_height) / 2;
    p.to_x = (out_width - p.to_width) / 2;
    p.to_y = (out_height - p.to_height) / 2;
    return p;
}
