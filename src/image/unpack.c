/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack.h"

#include "base/isa.h"

/* Of these many bits, four samples add up in 16. */
#define UNPACK_NARROW_BITS 14u

static uint16_t *unpack_alloc(uint32_t width)
{
    uint16_t *row = calloc((size_t)width + 2, sizeof *row); /* one more on either side */
    return row ? row + 1 : NULL;
}

static void unpack_free(uint16_t *row)
{
    if (row)
        free(row - 1);
}

bool as_unpack_init(as_unpack *unpack, as_pixel pixel, uint32_t width, bool colour, as_err *err)
{
    const as_pixel_facts *facts = as_pixel_facts_of(pixel);
    bool                  ok = true;
    *unpack = (as_unpack){.kernels = as_row_kernels_best(), .most = (1u << facts->bits) - 1};
    unpack->colour_most = facts->bits <= UNPACK_NARROW_BITS ? 4 * unpack->most : unpack->most;
    for (uint32_t i = 0; ok && i < AS_UNPACK_ROWS; i++)
        ok = (unpack->raw[i] = unpack_alloc(width)) != NULL;
    for (uint32_t i = 0; ok && colour && i < 6; i++)
        ok = (unpack->colour[i / 3][i % 3] = unpack_alloc(width)) != NULL;
    if (ok)
        return true;
    as_unpack_done(unpack);
    return AS_FAIL(err, AS_ENOMEM, "no memory for rows of %u pixels", width);
}

void as_unpack_done(as_unpack *unpack)
{
    for (uint32_t i = 0; i < AS_UNPACK_ROWS; i++)
        unpack_free(unpack->raw[i]);
    for (uint32_t i = 0; i < 6; i++)
        unpack_free(unpack->colour[i / 3][i % 3]);
    *unpack = (as_unpack){0};
}

void as_unpack_begin(as_unpack *unpack, const as_image *image)
{
    unpack->image = image;
    for (uint32_t i = 0; i < AS_UNPACK_ROWS; i++)
        unpack->raw_row[i] = -1;
    unpack->colour_row[0] = unpack->colour_row[1] = -1;
}

AS_ISA_CLONES(void, unpack_bytes, (uint16_t *restrict row, const uint8_t *restrict from, size_t n), (row, from, n))
{
    for (size_t i = 0; i < n; i++)
        row[i] = from[i];
}

/* Bits above those that count may hold anything. */
AS_ISA_CLONES(void, unpack_words, (uint16_t *restrict row, const uint8_t *restrict from, uint16_t mask, size_t n),
              (row, from, mask, n))
{
    for (size_t i = 0; i < n; i++)
        row[i] = (uint16_t)((from[2 * i] | from[2 * i + 1] << 8) & mask);
}

const uint16_t *as_unpack_row(as_unpack *unpack, uint32_t y)
{
    const as_image       *image = unpack->image;
    const as_pixel_facts *facts = as_pixel_facts_of(image->pixel);
    uint16_t             *row = unpack->raw[y % AS_UNPACK_ROWS];
    if (unpack->raw_row[y % AS_UNPACK_ROWS] == y)
        return row;
    const uint8_t *from = image->data + y * image->stride_bytes;
    uint32_t       n = image->width;
    if (facts->bits == 8)
        unpack_bytes(row, from, n);
    else if (!facts->packed)
        unpack_words(row, from, (uint16_t)unpack->most, n);
    else
        unpack->kernels->unpack(row, from, facts->bits, n);
    row[-1] = row[n > 1 ? 1 : 0];
    row[n] = row[n > 1 ? n - 2 : 0];
    unpack->raw_row[y % AS_UNPACK_ROWS] = y;
    return row;
}

/* Above and below: the row before and the row after. own: the colour whose filter stands in this row beside green, at the
 * columns that are even when `odd` is 0; other: the third. Sums of four, so that nothing is lost. */
AS_ISA_CLONES(void, unpack_demosaic,
              (const uint16_t *restrict above, const uint16_t *restrict at, const uint16_t *restrict below,
               uint16_t odd, uint16_t *restrict own, uint16_t *restrict green, uint16_t *restrict other, size_t n),
              (above, at, below, odd, own, green, other, n))
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)n; i++) {
        uint16_t mask = (uint16_t)(((uint16_t)i & 1) == odd ? 0xffff : 0); /* here is a filter of `own` */
        uint16_t across = (uint16_t)(at[i - 1] + at[i + 1]), down = (uint16_t)(above[i] + below[i]);
        uint16_t corners = (uint16_t)(above[i - 1] + above[i + 1] + below[i - 1] + below[i + 1]);
        uint16_t here = (uint16_t)(4 * at[i]);
        own[i] = (uint16_t)((here & mask) | (2 * across & ~mask));
        green[i] = (uint16_t)(((across + down) & mask) | (here & ~mask));
        other[i] = (uint16_t)((corners & mask) | (2 * down & ~mask));
    }
}

/* The same of 16 bits, rounded: half of 1/65535 is lost at most. */
AS_ISA_CLONES(void, unpack_demosaic_wide,
              (const uint16_t *restrict above, const uint16_t *restrict at, const uint16_t *restrict below,
               uint16_t odd, uint16_t *restrict own, uint16_t *restrict green, uint16_t *restrict other, size_t n),
              (above, at, below, odd, own, green, other, n))
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)n; i++) {
        bool     mine = ((uint16_t)i & 1) == odd;
        uint32_t across = (uint32_t)at[i - 1] + at[i + 1], down = (uint32_t)above[i] + below[i];
        uint32_t corners = (uint32_t)above[i - 1] + above[i + 1] + below[i - 1] + below[i + 1];
        own[i] = (uint16_t)(mine ? at[i] : (across + 1) / 2);
        green[i] = (uint16_t)(mine ? (across + down + 2) / 4 : at[i]);
        other[i] = (uint16_t)(mine ? (corners + 2) / 4 : (down + 1) / 2);
    }
}

void as_unpack_colour(as_unpack *unpack, uint32_t y, const uint16_t *ret[3])
{
    const as_image       *image = unpack->image;
    const as_pixel_facts *facts = as_pixel_facts_of(image->pixel);
    uint16_t *const      *to = unpack->colour[y % 2];
    for (int c = 0; c < 3; c++)
        ret[c] = to[c];
    if (unpack->colour_row[y % 2] == y)
        return;
    const uint16_t *above = as_unpack_row(unpack, y > 0 ? y - 1 : 1), *at = as_unpack_row(unpack, y);
    const uint16_t *below = as_unpack_row(unpack, y + 1 < image->height ? y + 1 : image->height - 2);
    bool            red = y % 2 == facts->first_y;
    uint16_t        odd = red ? facts->first_x : 1 - facts->first_x;
    if (facts->bits <= UNPACK_NARROW_BITS)
        unpack_demosaic(above, at, below, odd, to[red ? 0 : 2], to[1], to[red ? 2 : 0], image->width);
    else
        unpack_demosaic_wide(above, at, below, odd, to[red ? 0 : 2], to[1], to[red ? 2 : 0], image->width);
    unpack->colour_row[y % 2] = y;
}
