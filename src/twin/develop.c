/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/develop.h"

#include "twin/curve.h"

bool as_develop_init(as_develop *develop, uint32_t bits, double black, double white, bool linear, as_err *err)
{
    size_t n = (size_t)1 << bits;
    develop->bits = bits;
    develop->curve = malloc(n);
    if (!develop->curve)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a curve of %u bits", bits);
    if (linear) /* a camera's Mono8: the upper bits, with the black level */
        for (size_t code = 0; code < n; code++)
            develop->curve[code] = (uint8_t)(code >> (bits - 8));
    else
        as_curve_make(develop->curve, n, black, white, false);
    return true;
}

void as_develop_done(as_develop *develop)
{
    free(develop->curve);
    develop->curve = NULL;
}

/* Rows above and below, cut back to the same colours at the edges. */
typedef struct develop_rows {
    const uint16_t *up, *here, *down;
    size_t          width;
    bool            odd; /* the row of green and blue */
} develop_rows;

/* The three colours at x, as sums of four numbers. l, r: the columns beside. */
static inline void develop_pixel(const develop_rows *rows, size_t l, size_t x, size_t r, const uint8_t *curve,
                                 uint8_t *out)
{
    uint32_t cross = (uint32_t)rows->here[l] + rows->here[r] + rows->up[x] + rows->down[x];
    uint32_t corners = (uint32_t)rows->up[l] + rows->up[r] + rows->down[l] + rows->down[r];
    uint32_t beside = (uint32_t)rows->here[l] + rows->here[r], above = (uint32_t)rows->up[x] + rows->down[x];
    uint32_t own = rows->here[x];
    if ((x % 2 == 1) != rows->odd) { /* green */
        uint32_t red = rows->odd ? above : beside, blue = rows->odd ? beside : above;
        out[0] = curve[(red + 1) / 2];
        out[1] = curve[own];
        out[2] = curve[(blue + 1) / 2];
        return;
    }
    out[0] = curve[rows->odd ? (corners + 2) / 4 : own];
    out[1] = curve[(cross + 2) / 4];
    out[2] = curve[rows->odd ? own : (corners + 2) / 4];
}

static void develop_mosaic(const develop_rows *rows, const uint8_t *restrict curve, uint8_t *restrict out)
{
    size_t w = rows->width;
    develop_pixel(rows, w > 1 ? 1 : 0, 0, w > 1 ? 1 : 0, curve, out);
    for (size_t x = 1; x + 1 < w; x++)
        develop_pixel(rows, x - 1, x, x + 1, curve, out + 3 * x);
    if (w > 1)
        develop_pixel(rows, w - 2, w - 1, w - 2, curve, out + 3 * (w - 1));
}

bool as_develop_can(as_pixel pixel)
{
    const as_pixel_facts *facts = as_pixel_facts_of(pixel);
    return facts->kind == AS_PIXEL_KIND_MONO || pixel == AS_PIXEL_RGB8 ||
           (facts->kind == AS_PIXEL_KIND_BAYER && facts->first_x == 0 && facts->first_y == 0);
}

bool as_develop_is_colour(as_pixel pixel)
{
    return as_pixel_facts_of(pixel)->kind != AS_PIXEL_KIND_MONO;
}

/* A row of the numbers themselves: one or two bytes each, the lower first, or packed, lowest bits first. */
static void develop_numbers(const as_develop *develop, const uint16_t *raw, size_t w, const as_pixel_facts *facts,
                            uint8_t *out)
{
    uint32_t bits = facts->bits, kept = 0, n_kept = 0;
    for (size_t x = 0; x < w; x++) {
        uint32_t v = raw[x];
        v = bits < develop->bits ? v >> (develop->bits - bits) : v << (bits - develop->bits);
        kept |= v << n_kept;
        n_kept += facts->packed ? bits : (bits > 8 ? 16u : 8u);
        for (; n_kept >= 8; n_kept -= 8, kept >>= 8)
            *out++ = (uint8_t)kept;
    }
    if (n_kept > 0)
        *out = (uint8_t)kept;
}

void as_develop_image(const as_develop *develop, const uint16_t *raw, as_image *image)
{
    size_t w = image->width, last = image->height - 1;
    for (size_t y = 0; y <= last; y++) {
        const uint16_t *here = raw + y * w;
        uint8_t        *out = image->data + y * image->stride_bytes;
        if (image->pixel == AS_PIXEL_MONO8) {
            for (size_t x = 0; x < w; x++)
                out[x] = develop->curve[here[x]];
            continue;
        }
        if (image->pixel != AS_PIXEL_RGB8) {
            develop_numbers(develop, here, w, as_pixel_facts_of(image->pixel), out);
            continue;
        }
        size_t       up = y > 0 ? y - 1 : AS_MIN(last, (size_t)1), down = y < last ? y + 1 : (last > 0 ? last - 1 : 0);
        develop_rows rows = {raw + up * w, here, raw + down * w, w, y % 2 == 1};
        develop_mosaic(&rows, develop->curve, out);
    }
}
