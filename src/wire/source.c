/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/source.h"

#include <stdlib.h>
#include <string.h>

void as_source_room_done(as_source_room *room)
{
    free(room->scratch);
    as_image_done(&room->whole);
    *room = (as_source_room){0};
}

static void source_colour(const uint8_t *grey, size_t n, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++, rgb += 3)
        rgb[0] = rgb[1] = rgb[2] = grey[i];
}

void as_source_window(const as_image *from, uint32_t x, uint32_t y, as_image *to)
{
    const bool   convert = from->pixel == AS_PIXEL_MONO8 && to->pixel == AS_PIXEL_RGB8;
    const size_t columns = from->width > x ? AS_MIN(from->width - x, to->width) : 0,
                 skip = as_pixel_row_bytes(from->pixel, x);
    const size_t n = as_pixel_row_bytes(to->pixel, (uint32_t)columns), row = as_pixel_row_bytes(to->pixel, to->width);
    for (uint32_t i = 0; i < to->height; i++) {
        uint8_t *out = to->data + i * to->stride_bytes;
        bool     inside = y + i < from->height && columns > 0 && (convert || from->pixel == to->pixel);
        if (!inside) {
            memset(out, 0, row);
            continue;
        }
        const uint8_t *in = from->data + (size_t)(y + i) * from->stride_bytes + skip;
        if (convert)
            source_colour(in, columns, out);
        else
            memcpy(out, in, n);
        memset(out + n, 0, row - n);
    }
}
