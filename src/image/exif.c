/* SPDX-License-Identifier: Apache-2.0 */
#include "image/exif.h"

#define EXIF_TAG_ORIENTATION 0x0112u
#define EXIF_TYPE_SHORT      3u

typedef struct exif_reader {
    const uint8_t *at;
    size_t         n;
    bool           big_endian;
} exif_reader;

static bool exif_u16(const exif_reader *r, size_t offset, uint32_t *ret)
{
    if (r->n < 2 || offset > r->n - 2)
        return false;
    const uint8_t *p = r->at + offset;
    *ret = r->big_endian ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
    return true;
}

static bool exif_u32(const exif_reader *r, size_t offset, uint32_t *ret)
{
    uint32_t a, b;
    if (!exif_u16(r, offset, &a) || !exif_u16(r, offset + 2, &b))
        return false;
    *ret = r->big_endian ? a << 16 | b : b << 16 | a;
    return true;
}

uint32_t as_exif_orientation(const uint8_t *tiff, size_t n)
{
    exif_reader r = {tiff, n, false};
    if (n < 8 || !((tiff[0] == 'I' && tiff[1] == 'I') || (tiff[0] == 'M' && tiff[1] == 'M')))
        return 1;
    r.big_endian = tiff[0] == 'M';
    uint32_t magic, folder, n_entries;
    if (!exif_u16(&r, 2, &magic) || magic != 42 || !exif_u32(&r, 4, &folder) || !exif_u16(&r, folder, &n_entries))
        return 1;
    for (uint32_t i = 0; i < n_entries; i++) {
        size_t   entry = (size_t)folder + 2 + 12 * (size_t)i;
        uint32_t tag, type, count, value;
        if (!exif_u16(&r, entry, &tag) || !exif_u16(&r, entry + 2, &type) || !exif_u32(&r, entry + 4, &count) ||
            !exif_u16(&r, entry + 8, &value))
            return 1;
        if (tag == EXIF_TAG_ORIENTATION)
            return type == EXIF_TYPE_SHORT && count == 1 && value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

bool as_exif_swaps(uint32_t orientation)
{
    return orientation >= 5 && orientation <= 8;
}

/* Where stored pixel (0, 0) goes, and how far one stored column and one stored row move it, in bytes. */
typedef struct exif_walk {
    ptrdiff_t origin, column, row;
} exif_walk;

static exif_walk exif_walk_of(const as_image *out, uint32_t orientation)
{
    ptrdiff_t bytes = (ptrdiff_t)as_pixel_bytes(out->pixel), stride = (ptrdiff_t)out->stride_bytes;
    ptrdiff_t right = (ptrdiff_t)(out->width - 1) * bytes, bottom = (ptrdiff_t)(out->height - 1) * stride;
    switch (orientation) {
    case 2: return (exif_walk){right, -bytes, stride};
    case 3: return (exif_walk){right + bottom, -bytes, -stride};
    case 4: return (exif_walk){bottom, bytes, -stride};
    case 5: return (exif_walk){0, stride, bytes};
    case 6: return (exif_walk){right, stride, -bytes};
    case 7: return (exif_walk){right + bottom, -stride, -bytes};
    case 8: return (exif_walk){bottom, -stride, bytes};
    default: return (exif_walk){0, bytes, stride};
    }
}

void as_exif_put(const as_image *out, uint32_t orientation, uint32_t x, uint32_t step, uint32_t y,
                 const uint8_t *pixels, uint32_t count)
{
    exif_walk walk = exif_walk_of(out, orientation);
    size_t    bytes = as_pixel_bytes(out->pixel);
    ptrdiff_t at = walk.origin + (ptrdiff_t)y * walk.row + (ptrdiff_t)x * walk.column;
    if (walk.column == (ptrdiff_t)bytes && step == 1) {
        memcpy(out->data + at, pixels, count * bytes);
        return;
    }
    for (uint32_t i = 0; i < count; i++, at += walk.column * (ptrdiff_t)step)
        for (size_t c = 0; c < bytes; c++)
            out->data[at + (ptrdiff_t)c] = pixels[i * bytes + c];
}
