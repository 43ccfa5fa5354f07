/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pixel.h"

#include <string.h>

static const as_pixel_facts pixel_rows[AS_PIXEL_COUNT] = {
    {.name = "none"},
#define X(id, name, code, kind, bits, packed, first_x, first_y, yuv) \
    {name, code, AS_PIXEL_KIND_##kind, bits, packed, first_x, first_y, AS_YUV_##yuv},
#include "image/pixel.def"
#undef X
};

const as_pixel_facts *as_pixel_facts_of(as_pixel pixel)
{
    return &pixel_rows[(unsigned)pixel < AS_PIXEL_COUNT ? pixel : AS_PIXEL_NONE];
}

const char *as_pixel_name(as_pixel pixel)
{
    return as_pixel_facts_of(pixel)->name;
}

as_pixel as_pixel_parse(const char *name)
{
    for (int i = AS_PIXEL_NONE + 1; i < AS_PIXEL_COUNT; i++)
        if (strcmp(name, pixel_rows[i].name) == 0)
            return (as_pixel)i;
    return AS_PIXEL_NONE;
}

as_pixel as_pixel_of_code(uint32_t code)
{
    for (int i = AS_PIXEL_NONE + 1; code != 0 && i < AS_PIXEL_COUNT; i++)
        if (pixel_rows[i].code == code)
            return (as_pixel)i;
    return AS_PIXEL_NONE;
}

bool as_pixel_plain(as_pixel pixel)
{
    return pixel == AS_PIXEL_MONO8 || pixel == AS_PIXEL_RGB8;
}

uint32_t as_pixel_bytes(as_pixel pixel)
{
    switch (pixel) {
    case AS_PIXEL_MONO8: return 1;
    case AS_PIXEL_RGB8:
    case AS_PIXEL_BGR8: return 3;
    default: return 0;
    }
}

size_t as_pixel_row_bytes(as_pixel pixel, uint32_t width)
{
    const as_pixel_facts *f = as_pixel_facts_of(pixel);
    size_t                n = width, even = n + (n & 1);
    switch (f->kind) {
    case AS_PIXEL_KIND_RGB: return 3 * n;
    case AS_PIXEL_KIND_YUV422: return 2 * even;
    case AS_PIXEL_KIND_NV12: return even;
    case AS_PIXEL_KIND_MONO:
    case AS_PIXEL_KIND_BAYER: return f->packed ? (n * f->bits + 7) / 8 : n * (f->bits > 8 ? 2 : 1);
    default: return 0;
    }
}

uint32_t as_pixel_rows(as_pixel pixel, uint32_t height)
{
    return as_pixel_facts_of(pixel)->kind == AS_PIXEL_KIND_NV12 ? height + (height + 1) / 2 : height;
}

/* Y = kr R + kg G + kb B, U = (B - Y) / (2 - 2 kb), V = (R - Y) / (2 - 2 kr), solved for R, G and B; then the ranges. */
as_yuv_matrix as_yuv_matrix_of(as_yuv yuv)
{
    bool   hd = yuv == AS_YUV_BT709 || yuv == AS_YUV_BT709_FULL;
    bool   full = yuv == AS_YUV_BT601_FULL || yuv == AS_YUV_BT709_FULL;
    double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114, kg = 1 - kr - kb;
    double luma = full ? 1 : 255.0 / 219, chroma = full ? 1 : 255.0 / 224, black = full ? 0 : 16;
    double rows[3][3] = {
        {luma, 0, 2 * (1 - kr) * chroma},
        {luma, -2 * kb * (1 - kb) / kg * chroma, -2 * kr * (1 - kr) / kg * chroma},
        {luma, 2 * (1 - kb) * chroma, 0},
    };
    as_yuv_matrix ret;
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            ret.m[i][k] = (float)rows[i][k];
        ret.m[i][3] = (float)(-black * rows[i][0] - 128 * (rows[i][1] + rows[i][2]));
    }
    return ret;
}
