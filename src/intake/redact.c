/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/redact.h"

#include <math.h>
#include <string.h>

#define REDACT_GREY  128
#define REDACT_CELLS 4  /* along each side of a face */
#define REDACT_STEP  32 /* of levels */

static void redact_fill(const as_image *image, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    size_t bytes = as_pixel_bytes(image->pixel);
    for (uint32_t r = 0; r < height; r++)
        memset(image->data + (y + r) * image->stride_bytes + x * bytes, REDACT_GREY, width * bytes);
}

/* Rows [y0, y1) and columns [x0, x1) become their mean, rounded to a step. */
static void redact_cell(const as_image *image, const uint32_t x[2], const uint32_t y[2], size_t channel)
{
    size_t   bytes = as_pixel_bytes(image->pixel);
    uint64_t sum = 0, n = (uint64_t)(x[1] - x[0]) * (y[1] - y[0]);
    for (uint32_t r = y[0]; r < y[1]; r++)
        for (uint32_t c = x[0]; c < x[1]; c++)
            sum += image->data[r * image->stride_bytes + c * bytes + channel];
    uint8_t level = (uint8_t)(sum / n / REDACT_STEP * REDACT_STEP + REDACT_STEP / 2);
    for (uint32_t r = y[0]; r < y[1]; r++)
        for (uint32_t c = x[0]; c < x[1]; c++)
            image->data[r * image->stride_bytes + c * bytes + channel] = level;
}

static void redact_pixelate(const as_image *image, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    for (uint32_t i = 0; i < REDACT_CELLS; i++)
        for (uint32_t k = 0; k < REDACT_CELLS; k++) {
            uint32_t xs[2] = {x + width * k / REDACT_CELLS, x + width * (k + 1) / REDACT_CELLS};
            uint32_t ys[2] = {y + height * i / REDACT_CELLS, y + height * (i + 1) / REDACT_CELLS};
            for (size_t c = 0; xs[1] > xs[0] && ys[1] > ys[0] && c < as_pixel_bytes(image->pixel); c++)
                redact_cell(image, xs, ys, c);
        }
}

static const as_redactor redactors[] = {
    {"fill", "one grey over the face and its margin", redact_fill},
    {"pixelate", "4 x 4 cells of 8 levels over the face and its margin", redact_pixelate},
};

const as_redactor *as_redactor_at(size_t i)
{
    return i < AS_COUNT(redactors) ? &redactors[i] : NULL;
}

static uint32_t redact_clip(double v, uint32_t most)
{
    return v <= 0 ? 0 : v >= most ? most : (uint32_t)v;
}

void as_redact(const as_image *image, const as_faces *faces, const as_redactor *redactor, double margin)
{
    for (size_t i = 0; i < faces->n; i++) {
        const as_face *f = &faces->at[i];
        double         mx = f->width * margin, my = f->height * margin;
        uint32_t       x0 = redact_clip(floor(f->x - mx), image->width);
        uint32_t       y0 = redact_clip(floor(f->y - my), image->height);
        uint32_t       x1 = redact_clip(ceil(f->x + f->width + mx), image->width);
        uint32_t       y1 = redact_clip(ceil(f->y + f->height + my), image->height);
        if (x1 > x0 && y1 > y0)
            redactor->cover(image, x0, y0, x1 - x0, y1 - y0);
    }
}
